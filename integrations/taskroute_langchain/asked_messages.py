"""From LangChain's messages to OpenAI's chat format, with everything that a provider may be sent of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolCall,
    ToolMessage,
    convert_to_messages,
)
from langchain_core.prompt_values import PromptValue

from taskroute.reading import as_list, as_mapping, json_object

_PLAIN_ROLES: Final = frozenset({"user", "assistant", "system", "developer"})
_ROLES: Final[Mapping[str, str]] = {"human": "user", "ai": "assistant", "AIMessageChunk": "assistant"}
_ROLE: Final = "__openai_role__"
_SIGNATURES: Final = "__gemini_function_call_thought_signatures__"
_REPEATED_BESIDE: Final = frozenset({_ROLE, "parsed", "__openai_function_call_ids__"})
"""What goes with a message and is in it already, or says only under which id a provider has a call."""
_REPEATED: Final = frozenset({"tool_use", "function_call", "tool_call"})
_OF_AN_IMAGE: Final = frozenset({"type", "source_type", "url", "data", "base64", "mime_type"})


def messages_asked(model_input: LanguageModelInput) -> list[Mapping[str, Any]]:
    """Return the messages of anything that a chat model takes. Ids and what a provider said of an answer are left out.

    Raises ValueError for what is no input of a chat model.
    """
    if isinstance(model_input, str):
        return [{"role": "user", "content": model_input}]
    given = model_input.to_messages() if isinstance(model_input, PromptValue) else model_input
    if not isinstance(given, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(f"a {type(given).__name__} is no input of a chat model; give a text, a prompt or a list of messages")
    return [_message(message) for message in given]


def _message(given: Any) -> Mapping[str, Any]:
    if type(given) is dict:
        fields = cast("dict[str, Any]", given)
        if len(fields) == 2 and isinstance(fields.get("content"), str) and fields.get("role") in _PLAIN_ROLES:
            return fields
    one: list[Any] = [given]
    message: BaseMessage = given if isinstance(given, BaseMessage) else convert_to_messages(one)[0]
    kind, content, more = type(message), message.content, message.additional_kwargs
    if kind is HumanMessage and type(content) is str and not more and not message.name:
        return {"role": "user", "content": content}
    found: dict[str, Any] = {"role": _role(message), "content": content if isinstance(content, str) else _blocks(message)}
    if message.name:
        found["name"] = message.name
    if isinstance(message, AIMessage):
        if message.tool_calls or message.invalid_tool_calls:
            found["tool_calls"] = _called(message)
    elif isinstance(message, ToolMessage):
        found["tool_call_id"] = message.tool_call_id
        if message.status != "success":
            found["status"] = message.status
    if more:
        _add(found, message)
    return found


def _role(message: BaseMessage) -> str:
    if isinstance(message, ChatMessage):
        return message.role
    if isinstance(message, SystemMessage):
        return str(message.additional_kwargs.get(_ROLE, "system"))
    kind = message.type
    return _ROLES.get(kind) or kind.removesuffix("MessageChunk").lower()


def _called(message: AIMessage) -> list[Mapping[str, Any]]:
    calls = [_call(call["id"], call["name"], call["args"]) for call in message.tool_calls]
    # As OpenAI is sent them: the same, with the text that was no JSON.
    return calls + [_call(broken["id"], broken["name"], broken["args"]) for broken in message.invalid_tool_calls]


def _call(call_id: str | None, name: str | None, arguments: Any) -> Mapping[str, Any]:
    return {"id": call_id, "function": {"name": name, "arguments": arguments}}


def _add(found: dict[str, Any], message: BaseMessage) -> None:
    """Put what goes with a message into it; what only repeats its calls of tools, and objects made of its text, stay out."""
    for key, value in message.additional_kwargs.items():
        if value is None or key in _REPEATED_BESIDE or (key == "tool_calls" and _repeats(message, value)):
            continue
        if key == _SIGNATURES and isinstance(message, AIMessage):
            value = _by_call(message, as_mapping(value))  # noqa: PLW2901
        if key in found:
            found.setdefault("additional_kwargs", {})[key] = value
        else:
            found[key] = value


def _by_call(message: AIMessage, signatures: Mapping[str, Any]) -> list[Any]:
    """Return signatures with the place of each call in the message instead of its id."""
    places = {call["id"]: place for place, call in enumerate(message.tool_calls)}
    return sorted(([places.get(call_id, call_id), text] for call_id, text in signatures.items()), key=str)


def _repeats(message: BaseMessage, value: Any) -> bool:
    """Return whether a provider's own form of the calls of a message says what the message says."""
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    said = [as_mapping(as_mapping(raw).get("function")) for raw in as_list(value)]
    return len(said) == len(calls) and all(
        function.get("name") == call["name"] and json_object(function.get("arguments")) == call["args"]
        for function, call in zip(said, calls, strict=True)
    )


# Content


def _blocks(message: BaseMessage) -> list[Any]:
    """Return the blocks of a content; those at its end that repeat a call of a tool are left out."""
    blocks: list[Any] = [_block(block) for block in cast("list[Any]", message.content)]
    if isinstance(message, AIMessage) and message.tool_calls:
        calls = {call["id"]: call for call in message.tool_calls}
        while blocks and _repeats_call(blocks[-1], calls):
            blocks.pop()
    return blocks


def _repeats_call(block: Any, calls: Mapping[str | None, ToolCall]) -> bool:
    fields = as_mapping(block)
    call = calls.get(fields.get("call_id") or fields.get("id"))
    if fields.get("type") not in _REPEATED or call is None or fields.get("name") != call["name"]:
        return False
    if fields.keys() - {"type", "id", "call_id", "name", "input", "args", "arguments", "index", "status", "caller"}:
        return False
    given = next((fields[key] for key in ("input", "args", "arguments") if key in fields), None)
    return bool(json_object(given) == call["args"])


def _block(block: Any) -> Any:
    """Return an image in OpenAI's format where nothing is lost by it, and every other block as it is."""
    if not isinstance(block, dict):
        return block
    fields = cast("dict[str, Any]", block)
    if fields.get("type") != "image" or fields.keys() - _OF_AN_IMAGE:
        return fields
    data = fields.get("base64") or fields.get("data")
    if isinstance(data, str) and isinstance(fields.get("mime_type"), str):
        return {"type": "image_url", "image_url": {"url": f"data:{fields['mime_type']};base64,{data}"}}
    if isinstance(fields.get("url"), str) and "mime_type" not in fields:
        return {"type": "image_url", "image_url": {"url": fields["url"]}}
    return fields
