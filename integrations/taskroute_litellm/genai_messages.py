"""What a LiteLLM request says to a model, as the GenAI conventions have it: the same messages as LangChain's host gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from taskroute.reading import as_list, as_text
from taskroute_litellm.conversation import Endpoint, fields_of
from taskroute_litellm.genai_parts import Part, item_parts, parts_of, result_part, spoken_parts, text_part

_SYSTEM: Final = ("system", "developer")
_TOOL: Final = ("tool", "function")


def input_messages(endpoint: Endpoint, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the conversation, without its system instructions, in the shape of `gen_ai.input.messages`."""
    match endpoint:
        case "completion":
            return [message for given in _each(arguments.get("messages")) for message in _chat(given)]
        case "messages":
            return [message for given in _each(arguments.get("messages")) for message in _blocks(given)]
        case "responses":
            return [*_items(arguments.get("input"))]
        case "text_completion":
            return _texts(arguments.get("prompt"))
        case "embedding":
            return _texts(arguments.get("input"))


def instructions(endpoint: Endpoint, arguments: Mapping[str, Any]) -> list[Part]:
    """Return the parts of the system instructions, in the shape of `gen_ai.system_instructions`."""
    place = {"messages": "system", "responses": "instructions"}.get(endpoint, "")
    given = arguments.get("input" if endpoint == "responses" else "messages") if endpoint not in ("text_completion", "embedding") else None
    among = [fields.get("content") for each in _each(given) if (fields := fields_of(each)).get("role") in _SYSTEM]
    return [part for content in (arguments.get(place), *among) for part in parts_of(content) if part["type"] == "text"]


def definitions(arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tools on offer, in the shape of `gen_ai.tool.definitions`."""
    given = [*as_list(arguments.get("tools")), *as_list(arguments.get("functions"))]
    return [_definition(fields) for each in given if (fields := fields_of(each))]


def _each(given: Any) -> Sequence[Any]:
    return (given,) if isinstance(given, str | Mapping) and given else as_list(given)  # pyright: ignore[reportUnknownVariableType]


def _message(role: str, parts: Sequence[Part], name: Any = None) -> dict[str, Any]:
    return {"role": role, "parts": [*parts], **({"name": name} if isinstance(name, str) and name else {})}


# Chat completions, and what the other formats have of them


def _chat(given: Any) -> Iterator[dict[str, Any]]:
    fields = fields_of(given)
    role = fields.get("role")
    if not fields:
        yield _message("user", parts_of(given))
    elif role in _TOOL:
        yield _message("tool", [result_part(fields.get("tool_call_id"), fields.get("content"))], fields.get("name"))
    elif role == "assistant":
        yield _message("assistant", spoken_parts(fields), fields.get("name"))
    elif role not in _SYSTEM:
        yield _message(str(role or "user"), parts_of(fields.get("content")), fields.get("name"))


def _blocks(given: Any) -> Iterator[dict[str, Any]]:
    """Yield a message of Anthropic's; a tool's result, which it takes from the user, is a message of the tool."""
    fields = fields_of(given)
    content = fields.get("content")
    if fields.get("role") in ("assistant", *_SYSTEM) or not isinstance(content, list | tuple):
        yield from _chat(given)
        return
    parts = parts_of(content)
    rest = [part for part in parts if part["type"] != "tool_call_response"]
    yield from (_message("tool", [part]) for part in parts if part["type"] == "tool_call_response")
    if rest or not parts:
        yield _message("user", rest)


# Responses


def _items(given: Any) -> Iterator[dict[str, Any]]:
    """Yield the messages of an input. What an answer was made of (reasoning, text, calls of tools) is one message, as it was one answer."""
    answer: list[Part] = []
    for each in _each(given):
        fields = fields_of(each)
        kind, role = str(fields.get("type") or ""), fields.get("role")
        is_said = bool(fields) and role in (None, "assistant") and not kind.endswith("_output") and not kind.startswith("input_")
        if is_said:
            if role is not None and any(part["type"] == "text" for part in answer):
                yield _message("assistant", answer)
                answer = []
            answer.extend(item_parts(each))
            continue
        if answer:
            yield _message("assistant", answer)
            answer = []
        if kind.endswith("_output"):
            yield _message("tool", [result_part(fields.get("call_id"), fields.get("output"))])
        elif role is None:
            yield _message("user", parts_of([each]))
        else:
            yield from _chat(each)
    if answer:
        yield _message("assistant", answer)


# Text completions and embeddings


def _texts(given: Any) -> list[dict[str, Any]]:
    """Return one message of the user with a part for each text; numbers in their place are tokens, and say nothing."""
    parts: list[Part] = []
    for each in _each(given):
        if isinstance(each, str):
            parts.append(text_part(each))
        elif not _is_tokens(each):
            parts.extend(parts_of(each if isinstance(each, list | tuple) else [each]))  # pyright: ignore[reportUnknownArgumentType]
    return [_message("user", parts)] if parts else []


def _is_tokens(value: Any) -> bool:
    return type(value) is int or bool(as_list(value) and all(type(token) is int for token in as_list(value)))


# Tools


def _definition(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Return a function with what the model is told of it; of any other tool only what it is, for it may hold secrets for the provider."""
    kind = as_text(tool.get("type"))
    inner = fields_of(tool.get("function")) or fields_of(tool.get("custom")) or tool
    name = as_text(inner.get("name"))
    schema = inner.get("parameters") if inner.get("parameters") is not None else inner.get("input_schema")
    if name is None or (schema is None and kind not in (None, "function")):
        kind = kind or "tool"
        return {"type": kind, "name": name or as_text(tool.get("server_label")) or kind}
    about = {"description": inner.get("description"), "parameters": schema}
    return {"type": "function", "name": name, **{key: value for key, value in about.items() if value is not None}}
