"""The user's redaction hook, called so that what it did not pass is never written."""

from __future__ import annotations

import inspect
from asyncio import CancelledError
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Final, cast

from taskroute.telemetry.content_parts import Plain, plain
from taskroute.telemetry.settings import Kind, Redact
from taskroute.warn import warn_once

_WITHHELD: Final = Plain(None, is_cut=False)
_AT_WORK: Final[ContextVar[bool]] = ContextVar("taskroute_redacting", default=False)
"""True inside a hook: one that asks a routed model itself would be asked about that call, too, without an end."""


def redacted(kind: Kind, items: list[Any], hook: Redact) -> Plain:
    """Return what the hook leaves of these; a value of None means that nothing of them may be written.

    `items` are given away: the hook may change them in place.
    """
    if _AT_WORK.get():
        return _WITHHELD
    token = _AT_WORK.set(True)
    try:
        left: object = hook(kind, items)
        if left is None:
            return _WITHHELD
        if not _is_sequence(left):
            _close(left)
            warn_once("redact", f"gave {type(left).__name__}", _wrong(f"it gave a {type(left).__name__} for {kind!r}"))
            return _WITHHELD
        return plain(left)
    except (KeyboardInterrupt, SystemExit, GeneratorExit, CancelledError):
        raise
    except BaseException as error:  # noqa: BLE001 - whatever else a hook raises, as a panic of Rust is, the call goes on
        name = type(error).__name__
        # Without its message, which may hold what was to be redacted.
        warn_once("redact", name, f"the redaction hook failed with {name}; what it was given was not written, and the call went on")
        return _WITHHELD
    finally:
        _AT_WORK.reset(token)


def is_shaped(kind: Kind, items: object) -> bool:
    """Return whether these are what the GenAI conventions have for this kind: messages with a role and parts, parts with a type, tools."""
    if not isinstance(items, list):
        return False
    held = cast("list[object]", items)
    if kind == "tools":
        return all(isinstance(item, dict) for item in held)
    return all(_is_part(item) if kind == "instructions" else _is_message(item) for item in held)


def say_misshapen(kind: Kind, *, by_hook: bool) -> None:
    """Warn once that something is not in the shape of the GenAI conventions."""
    if by_hook:
        warn_once("redact", f"shape {kind}", _wrong(f"what it gave for {kind!r} is not in the shape of the GenAI conventions"))
    else:
        warn_once("content", kind, f"what was said ({kind}) is not in the shape of the GenAI conventions, and was not written")


def _wrong(what: str) -> str:
    cure = "return messages in the shape in which they came, or None to withhold them"
    return f"the redaction hook did not say what may be written: {what}; nothing was. {cure[0].upper()}{cure[1:]}"


def _is_message(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    message = cast("Mapping[str, object]", value)
    role, parts = message.get("role"), message.get("parts")
    return isinstance(role, str) and isinstance(parts, list) and all(map(_is_part, cast("list[object]", parts)))


def _is_part(value: object) -> bool:
    return isinstance(value, dict) and isinstance(cast("Mapping[str, object]", value).get("type"), str)


def _is_sequence(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)


def _close(value: object) -> None:
    """Let go of what an `async def` gave, which is never awaited: Python would warn of that, too."""
    if inspect.iscoroutine(value):
        value.close()
