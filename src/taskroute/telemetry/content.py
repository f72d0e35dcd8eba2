"""What was asked and answered, as it may be written: redacted, without keys, and no longer than there is room for.

Nothing here is called unless the policy or the environment turns content on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from opentelemetry.util.types import AttributeValue

from taskroute.telemetry import attributes as names
from taskroute.telemetry.content_parts import Plain, plain
from taskroute.telemetry.content_size import NO_ITEMS, Encoded, Fitted, Item, Kept, encoded, fitted, lighter
from taskroute.telemetry.masking import without_keys
from taskroute.telemetry.redaction import is_shaped, redacted, say_misshapen
from taskroute.telemetry.settings import Kind, Telling
from taskroute.types import NOTHING, Asking, Reply
from taskroute.warn import warn_once

_NAMES: Final[Mapping[Kind, str]] = {
    "instructions": names.SYSTEM_INSTRUCTIONS,
    "input": names.INPUT_MESSAGES,
    "tools": names.TOOL_DEFINITIONS,
    "output": names.OUTPUT_MESSAGES,
}
_KEPT: Final[Mapping[Kind, Kept]] = {"instructions": "foremost", "input": "latest", "tools": "foremost", "output": "foremost"}
_SHARES: Final[tuple[tuple[Kind, int], ...]] = (
    ("instructions", 4),
    ("tools", 4),
    ("input", 1),
    ("output", 1),
    ("instructions", 1),
    ("tools", 1),
)
"""Who takes of the room, in turn, and at most one part in how many of it: instructions and tools have a quarter before the messages have
theirs, and what those leave."""


class Written(NamedTuple):
    """What may be written of one direction of a call."""

    attributes: Mapping[str, AttributeValue] = NOTHING
    """For spans: JSON texts, by the names of the attributes."""
    structured: Mapping[str, Any] = NOTHING
    """For events: the same as lists and mappings."""


UNSAID: Final = Written()


class _Cleared(NamedTuple):
    """What passed the hook; None where that is nothing."""

    items: list[Item] | None
    is_cut: bool = False


def asked_content(asking: Asking | None, telling: Telling) -> Written:
    """Return what may be written of what a model is asked; nothing where content is off."""
    if telling.content == "none" or asking is None:
        return UNSAID
    sources: tuple[tuple[Kind, Callable[[], Sequence[Mapping[str, Any]]]], ...] = (
        ("instructions", asking.instructions),
        ("input", asking.messages),
        ("tools", asking.tools),
    )
    return _written({kind: _cleared(kind, said, telling) for kind, said in sources}, telling.max_content)


def answered_content(reply: Reply, telling: Telling) -> Written:
    """Return what may be written of an answer; nothing where content is off, or the answer does not tell it."""
    if telling.content == "none" or reply.said is None:
        return UNSAID
    return _written({"output": _cleared("output", reply.said, telling)}, telling.max_content)


def _cleared(kind: Kind, said: Callable[[], Sequence[Mapping[str, Any]]], telling: Telling) -> _Cleared:
    try:
        found = plain(said())
        if not is_shaped(kind, found.value):
            say_misshapen(kind, by_hook=False)
            return _Cleared(None)
        if telling.redact is not None and found.value:
            found = _passed(kind, found, telling)
        if found.value is None:
            return _Cleared(None)
        near = _near(found.value, telling.max_content) if kind == "input" else found.value
        return _Cleared(without_keys(near), found.is_cut or len(near) < len(found.value))
    except Exception as error:  # noqa: BLE001 - what cannot be read is not written, and the call goes on
        name = type(error).__name__
        warn_once("content", name, f"what was said ({kind}) could not be read ({name}) and was not written; the call went on")
        return _Cleared(None)


def _near(items: list[Item], room: int) -> list[Item]:
    """Return the messages without those for which there is no room in any case: a long conversation is not searched for keys in vain."""
    size = 0
    for index in range(len(items) - 1, 0, -1):
        size += lighter(items[index], within=2 * room).size
        if size > 2 * room:
            return [items[0], *items[index:]]
    return items


def _passed(kind: Kind, found: Plain, telling: Telling) -> Plain:
    if telling.redact is None:
        return found
    left = redacted(kind, found.value, telling.redact)
    if left.value is not None and not is_shaped(kind, left.value):
        say_misshapen(kind, by_hook=True)
        return Plain(None, is_cut=False)
    return Plain(left.value, found.is_cut or left.is_cut)


def _written(cleared: Mapping[Kind, _Cleared], room: int) -> Written:
    kept = _shared({kind: one.items for kind, one in cleared.items() if one.items}, room)
    structured: dict[str, Any] = {_NAMES[kind]: one.items for kind, one in kept.items() if one.items}
    attributes: dict[str, AttributeValue] = {_NAMES[kind]: one.text for kind, one in kept.items() if one.items}
    marks: dict[str, bool] = {}
    if any(one.is_cut for one in kept.values()) or any(one.is_cut for one in cleared.values()):
        marks[names.CONTENT_CUT] = True
    if any(one.items is None for one in cleared.values()):
        marks[names.CONTENT_WITHHELD] = True
    return Written({**attributes, **marks}, {**structured, **marks})


def _shared(items: Mapping[Kind, list[Item]], room: int) -> dict[Kind, Fitted]:
    """Return what of each kind there is room for. Together they take no more than the room."""
    whole = {kind: encoded(held, within=room) for kind, held in items.items()}
    given: dict[Kind, int] = dict.fromkeys(items, 0)
    left = room
    for kind, most in _SHARES:
        more = min(whole[kind].size - given[kind], left, room // most) if kind in items else 0
        if more:
            given[kind] += more
            left -= more
    return {kind: _fitted(kind, held, whole[kind], given[kind]) for kind, held in items.items()}


def _fitted(kind: Kind, items: list[Item], whole: Encoded, room: int) -> Fitted:
    if whole.size <= room:
        return Fitted(items, whole.text, is_cut=False)
    return fitted(items, room, kept=_KEPT[kind]) if room else NO_ITEMS
