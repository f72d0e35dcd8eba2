"""Is a call one that can be decided? A slip in what was given is said before anything is read of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, SupportsIndex, cast

from taskroute.types import NOTHING, Call, Message

_CURE: Final = "give its text as 'prompt', or a conversation as 'messages', each a taskroute.Message(role, text)"
_TEXT: Final = frozenset({str})
_TEXT_OR_NONE: Final = frozenset({str, type(None)})
_NAMES: Final = {"tags": "('task:billing',)", "ancestors": "('retrieval',)", "tools": "('search',)", "parameters": "('{\"stop\": …}',)"}
"""Fields that hold several texts, each with an example."""
_at: Final = Call._fields.index
# Most calls say nothing of it, and slices tell that faster than one field after the other.
_TEXTS: Final = slice(_at("stage"), _at("tags"))
_TOLD: Final = slice(_at("stage"), _at("metadata"))
_ASKED: Final = slice(_at("ancestors"), _at("operation"))
_NOT_TOLD: Final = Call()[_TOLD]
_NOT_ASKED: Final = Call()[_ASKED]


def check_call(call: Call) -> None:
    """Raise TypeError for a field of another type than it is to have, and ValueError for a count below 0."""
    if type(call) is not Call and not isinstance(call, Call):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"a call is a taskroute.Call, not of type {_type(call)}; write Call(…) around the prompt")
    if type(call.prompt) is not str and not isinstance(call.prompt, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"the prompt of a call is a str, not of type {_type(call.prompt)}; {_CURE}")
    if call.messages != ():
        _check_messages(call.messages)
    if call[_TOLD] != _NOT_TOLD:
        if not _TEXT_OR_NONE.issuperset(map(type, cast("Any", call[_TEXTS]))):
            _check_texts(call)
        if call.tags != ():
            _check_names("tags", call.tags)
    if call[_ASKED] != _NOT_ASKED:
        _check_asked(call)
    if call.conversation is not None and type(call.conversation) is not str:
        _check_texts(call)
    if call.metadata is not NOTHING:
        _check_mapping("metadata", call.metadata)
    if call.scope is not NOTHING:
        _check_mapping("scope", call.scope)


def _check_messages(messages: Any) -> None:
    if not isinstance(messages, tuple | list):
        raise TypeError(f"the messages of a call are a tuple, not of type {_type(messages)}; {_CURE}")
    for at, message in enumerate(cast("tuple[Any, ...]", messages)):
        if not isinstance(message, Message):
            raise TypeError(f"messages[{at}] of a call is of type {_type(message)}; {_CURE}")
        if not isinstance(message.text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"the text of messages[{at}] of a call is a str, not of type {_type(message.text)}; {_CURE}")


def _check_asked(call: Call) -> None:
    for field in ("ancestors", "tools", "parameters"):
        given = getattr(call, field)
        if given != ():
            _check_names(field, given)
    _check_count("tokens", call.tokens)
    _check_count("max_tokens", call.max_tokens)


def _check_texts(call: Call) -> None:
    for field in (*Call._fields[_TEXTS], "conversation"):
        value = getattr(call, field)
        if value is not None and not isinstance(value, str):
            raise TypeError(f"the {field} of a call is a str, not of type {_type(value)}; give one name, or leave {field!r} out")


def _check_names(field: str, given: Any) -> None:
    if not isinstance(given, tuple | list):
        raise TypeError(f"the {field} of a call are a tuple, not of type {_type(given)}; {_several(field)}")
    names = cast("tuple[Any, ...]", given)
    if _TEXT.issuperset(map(type, names)):
        return
    for at, name in enumerate(names):
        if not isinstance(name, str):
            raise TypeError(f"{field}[{at}] of a call is of type {_type(name)}; {_several(field)}")


def _several(field: str) -> str:
    return f"give several texts, such as {field}={_NAMES[field]}"


def _check_mapping(field: str, given: Any) -> None:
    if type(given) is not dict and not isinstance(given, Mapping):
        raise TypeError(f"the {field} of a call is a mapping, not of type {_type(given)}; give a dict, such as {{'plan': 'pro'}}")


def _check_count(field: str, given: Any) -> None:
    if given is None:
        return
    if type(given) is not int and (isinstance(given, bool) or not isinstance(given, SupportsIndex)):
        raise TypeError(f"the {field} of a call are an int, not of type {_type(given)}; give their number, or leave {field!r} out")
    if given.__index__() < 0:
        raise ValueError(f"the {field} of a call are {given!r}, below 0; give their number, or leave {field!r} out")


def _type(value: object) -> str:
    return type(value).__name__
