"""From LangChain's messages to what routing looks at. What is read of an answer is in `answers.py`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, ChatMessage, ToolMessage, convert_to_messages
from langchain_core.prompt_values import PromptValue
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from taskroute.content import Reader, plain, schema_of
from taskroute.types import Message

_ROLES: Final[Mapping[str, str]] = {
    "human": "user",
    "ai": "assistant",
    "system": "system",
    "tool": "tool",
    "function": "tool",
    "developer": "system",
}

_SCHEMAS: Final[WeakKeyDictionary[type[Any], Any]] = WeakKeyDictionary()

_HOLD_MORE: Final = (AIMessage, ToolMessage, ChatMessage)
"""Messages that a provider is always sent more of than their content."""


def to_messages(model_input: LanguageModelInput) -> tuple[Message, ...]:
    """Return the messages of anything that a chat model takes."""
    if isinstance(model_input, str):
        return (Message("user", model_input),)
    messages = model_input.to_messages() if isinstance(model_input, PromptValue) else model_input
    if not isinstance(messages, Sequence):  # pyright: ignore[reportUnnecessaryIsInstance]
        # As LangChain's own chat models say it.
        raise ValueError(f"Invalid input type {type(model_input)}. Must be a PromptValue, str, or list of BaseMessages.")
    return tuple([_message(message) for message in messages])


def role_of(message: BaseMessage) -> str:
    """Return the role of a message in OpenAI's words; that of a user where there is no word for it."""
    return _ROLES.get(message.type.removesuffix("MessageChunk").lower(), None) or _ROLES.get(message.type, "user")


def _message(given: Any) -> Message:
    message: BaseMessage = given if isinstance(given, BaseMessage) else convert_to_messages([given])[0]
    role = role_of(message)
    content = message.content
    if isinstance(content, str):
        if not (message.additional_kwargs or message.name or isinstance(message, _HOLD_MORE)):
            return Message(role, content)
        texts: list[str] = [content] if content else []
        media: tuple[str, ...] = ()
    else:
        texts, media = _READER.parts(content)
    texts.extend(_besides(message, texts))
    return Message(role, texts[0] if len(texts) == 1 else "\n".join(texts), media)


def _besides(message: BaseMessage, content: Sequence[str]) -> list[str]:
    """Return what a provider may be sent of a message besides its content. What the content holds already is left out."""
    found: list[str] = []
    known = set(content)
    if isinstance(message, AIMessage):
        if message.tool_calls or message.invalid_tool_calls:
            found.extend(_called(message, known))
        # OpenAI can be sent the ids of earlier answers in place of the answers.
        if message.id and message.id.startswith("msg_"):
            found.append(message.id)
        if "id" in message.response_metadata:
            found.append(str(message.response_metadata["id"]))
    elif isinstance(message, ToolMessage):
        found.append(message.tool_call_id)
    elif isinstance(message, ChatMessage):
        found.append(message.role)
    if message.additional_kwargs:
        known.update(found)
        found.extend(text for text in strings_in(message.additional_kwargs) if text not in known)
    if message.name:
        found.append(message.name)
    return found


def _called(message: AIMessage, known: set[str]) -> Iterator[str]:
    """Yield names, ids and arguments of the tool calls; `known` also gets the forms in which a provider repeats the arguments."""
    for call in message.tool_calls:
        args = call["args"]
        yield from (text for text in (call["name"], call["id"]) if text and text not in known)
        if not known.issuperset(strings_in(args)):
            yield json_text(args)
        if message.additional_kwargs:
            known.update(json_text(args, separators=marks) for marks in ((", ", ": "), (",", ":")))
    for broken in message.invalid_tool_calls:
        fields = (broken["name"], broken["id"], broken["args"], broken["error"])
        yield from (text for text in strings_in(fields) if text not in known)


def _plain(value: Any) -> Any:
    """Return what stands for an object where JSON is wanted: a schema for a type or a tool."""
    if isinstance(value, BaseTool) or inspect.isroutine(value):
        return _tool(value)
    if isinstance(value, type):
        return schema_of(cast("type[Any]", value), _converted)
    return plain(value)


def _tool(value: Any) -> Any:
    try:
        return convert_to_openai_tool(value)
    except Exception:  # noqa: BLE001 - whether it can be a tool is for the chosen model to say
        return str(value)


def _converted(kind: type[Any]) -> Any:
    found = _SCHEMAS.get(kind)
    if found is None:
        try:
            found = convert_to_openai_tool(kind)
        except Exception:  # noqa: BLE001 - whether a type can be a schema is for the chosen model to say
            found = {}
        _SCHEMAS[kind] = found
    return found


_READER: Final = Reader(_plain)
strings_in: Final = _READER.strings_in
json_text: Final = _READER.json_text
