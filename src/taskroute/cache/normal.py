"""The messages and the tools of a request without what does not change the answer: ids, marks for a provider's cache, spacing. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn, cast

_MARK: Final = "cache_control"
_TEXTS: Final = frozenset({"text", "input_text", "output_text"})
_THOUGHTS: Final = frozenset({"reasoning", "thinking", "redacted_thinking", "refusal", "message"})
_CALLS: Final = frozenset({"tool_use", "tool_call", "function_call", "custom_tool_call", "server_tool_use", "mcp_tool_use"})
_RESULTS: Final = frozenset({"tool_result", "function_call_output", "custom_tool_call_output"})
_OWN: Final = _TEXTS | _THOUGHTS | _CALLS | _RESULTS
"""Kinds of blocks whose id says which block it is, and not what is sent."""
_CALL_IDS: Final = frozenset({"tool_call_id", "tool_use_id", "call_id"})
"""Fields that say which call of a tool is meant, wherever they stand."""
_LISTS: Final = (list, tuple)
_HOLD_THOUGHTS: Final = ("encrypted_content", "content", "summary", "reasoning", "text", "extras")
_OF_AN_ITEM: Final = frozenset({"item_id", "status", "index"})
_MADE_HERE: Final = "lc_"
"""How ids begin that LangChain makes for blocks that have none."""
_EMPTY: Final[tuple[Any, ...]] = (None, "", (), [], {})


def normal_messages(messages: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return a conversation as far as an answer depends on it: two that differ in ids, marks or the spacing of arguments are equal.

    Raises TypeError for what is no message.
    """
    calls = _Calls()
    return [_message(message, calls) for message in messages]


def normal_tool(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a tool without marks for a provider's cache, and without what is None."""
    _need_mapping(tool, "a tool")
    found = {key: value for key, value in tool.items() if value is not None and key != _MARK}
    function = found.get("function")
    if isinstance(function, Mapping):
        fields = cast("Mapping[str, Any]", function)
        found["function"] = {key: value for key, value in fields.items() if value is not None and key != _MARK}
    return found


def tool_name(tool: Mapping[str, Any]) -> str | None:
    """Return the name by which a tool is called; None where it has none."""
    function = tool.get("function")
    name = cast("Mapping[str, Any]", function).get("name") if isinstance(function, Mapping) else tool.get("name")
    return name if isinstance(name, str) else None


class _Calls:
    """Numbers the calls of tools in a conversation as they appear, and knows the name of each."""

    __slots__ = ("_names", "_numbers")

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._names: dict[str, Any] = {}

    def number(self, call_id: Any) -> Any:
        """Return what stands for an id."""
        return self._numbers.setdefault(call_id, len(self._numbers)) if isinstance(call_id, str) else [call_id]

    def name(self, call_id: Any, name: Any) -> None:
        """Note the name of the tool that a call is for."""
        if isinstance(call_id, str):
            self._names[call_id] = name

    def is_for(self, call_id: Any, name: Any) -> bool:
        """Return whether a call is known to be for a tool of this name."""
        return isinstance(call_id, str) and call_id in self._names and self._names[call_id] == name


def _message(message: Mapping[str, Any], calls: _Calls) -> Mapping[str, Any]:
    _need_mapping(message, "a message")
    if len(message) == 2 and type(message.get("content")) is str and message["content"] and "role" in message:
        return message
    if "role" not in message:
        return cast("Mapping[str, Any]", _block(message, calls))
    found: dict[str, Any] = {}
    for key, value in message.items():
        if key in ("id", _MARK) or value in _EMPTY or _says_nothing(value):
            continue
        if key == "content":
            value = _content(value, calls)  # noqa: PLW2901
            if value in _EMPTY:
                continue
        elif key == "tool_calls" and isinstance(value, _LISTS):
            value = [_tool_call(call, calls) for call in cast("list[Any]", value)]  # noqa: PLW2901
        elif key == "function_call" and isinstance(value, Mapping):
            value = _function(cast("Mapping[str, Any]", value))  # noqa: PLW2901
        elif key in _CALL_IDS:
            value = calls.number(value)  # noqa: PLW2901
        found[key] = value
    if "name" in found and calls.is_for(message.get("tool_call_id"), message["name"]):
        del found["name"]
    if found.get("type") == "message":
        # As the Responses API has it, which takes messages without it, too.
        del found["type"]
        found.pop("status", None)
    return found


def _says_nothing(value: Any) -> bool:
    """Return whether a mapping holds nothing but fields that are empty."""
    return isinstance(value, Mapping) and all(inner in _EMPTY for inner in cast("Mapping[str, Any]", value).values())


# Content


def _content(content: Any, calls: _Calls) -> Any:
    """Return a content; one text in a list stands for itself."""
    if not isinstance(content, _LISTS):
        return content
    blocks = [_block(block, calls) for block in cast("list[Any]", content)]
    return blocks[0] if len(blocks) == 1 and isinstance(blocks[0], str) else blocks


def _block(block: Any, calls: _Calls) -> Any:
    """Return a block; one of nothing but text as that text."""
    if not isinstance(block, Mapping):
        return block
    fields = cast("Mapping[str, Any]", block)
    kind = fields.get("type")
    own = isinstance(kind, str) and kind in _OWN
    found = {key: value for key, value in fields.items() if not _is_noise(key, value, own=own)}
    if isinstance(found.get("extras"), Mapping):
        found["extras"] = _extras(found["extras"], own=own)
        if not found["extras"]:
            del found["extras"]
    if own:
        if kind == "reasoning" and _holds_nothing(fields) and fields.get("id"):
            found["id"] = fields["id"]
        if kind == "text" and len(found) == 2 and isinstance(found.get("text"), str):
            return found["text"]
        if kind in _CALLS:
            _call_block(fields, found, calls)
        if kind in _RESULTS:
            field = "content" if "content" in found else "output"
            found[field] = _content(found.get(field), calls)
    for key in _CALL_IDS & found.keys():
        found[key] = calls.number(found[key])
    if kind == "image_url" and isinstance(found.get("image_url"), str):
        found["image_url"] = {"url": found["image_url"]}
    return found


def _is_noise(key: str, value: Any, *, own: bool) -> bool:
    if value is None or key == _MARK:
        return True
    if key == "id" and isinstance(value, str) and value.startswith(_MADE_HERE):
        return True
    # The input of a tool is the user's own, also where it is empty.
    return own and (key in ("id", "index", "status") or (key in ("annotations", "citations", "logprobs") and value in _EMPTY))


def _holds_nothing(fields: Mapping[str, Any]) -> bool:
    """Return whether a thought is nothing but its id, by which the provider finds what it keeps of it."""
    return fields.get("type") == "reasoning" and all(fields.get(key) in _EMPTY for key in _HOLD_THOUGHTS)


def _extras(extras: Mapping[str, Any], *, own: bool) -> Mapping[str, Any]:
    """Return what LangChain adds to a block, without marks, and without which item of the provider's it was."""
    return {key: value for key, value in extras.items() if key != _MARK and not (own and key in _OF_AN_ITEM)}


def _call_block(fields: Mapping[str, Any], found: dict[str, Any], calls: _Calls) -> None:
    """Put into a block what it says of a call: which one, and its arguments."""
    call_id = fields.get("call_id") or fields.get("id")
    if call_id is not None:
        calls.name(call_id, fields.get("name"))
        found["call_id"] = call_id
    if isinstance(found.get("arguments"), str):
        found["arguments"] = _arguments(found["arguments"])


# Calls of tools


def _tool_call(call: Any, calls: _Calls) -> Any:
    if not isinstance(call, Mapping):
        return call
    fields = cast("Mapping[str, Any]", call)
    found = {key: value for key, value in fields.items() if value is not None and key not in ("index", _MARK)}
    function = fields.get("function")
    if isinstance(function, Mapping):
        found["function"] = _function(cast("Mapping[str, Any]", function))
        if found.get("type") == "function":
            del found["type"]
        calls.name(fields.get("id"), found["function"].get("name"))
    if "id" in found:
        found["id"] = calls.number(found["id"])
    return found


def _function(function: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in function.items() if value is not None}
    found["arguments"] = _arguments(found.get("arguments"))
    return found


def _arguments(given: Any) -> Mapping[str, Any]:
    """Return arguments as what they are: the values that a text of JSON says, or the text. Without any they are an empty mapping."""
    if given is None or given == "":
        return {"json": {}}
    if not isinstance(given, str):
        return {"json": given}
    try:
        return {"json": json.loads(given, object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite)}
    except (ValueError, RecursionError):
        return {"text": given}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large")
    return number


def _need_mapping(value: object, what: str) -> None:
    if not isinstance(value, Mapping):
        raise TypeError(f"{what} of type {type(value).__name__} cannot be in the key of a cache; give a mapping")
