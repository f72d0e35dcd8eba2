"""How much of a conversation there is room for. What is cut stays JSON, and stays in the shape of the GenAI conventions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from operator import is_not
from typing import Any, Final, Literal, NamedTuple, cast

Item = dict[str, Any]
"""A message, a part of the instructions, or a tool."""

Kept = Literal["latest", "foremost"]
"""Which end of a list matters most: a conversation's latest messages, the foremost of instructions and tools."""

_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False, allow_nan=False).encode
_BRACKETS: Final = 2
_LEAST_TEXT: Final = 48
"""Bytes below which a text is not cut: the mark would be most of it."""
_LEAST_ITEM: Final = 200
"""Bytes below which an older message is left out, rather than cut to next to nothing."""
_LEAST_DATA: Final = 1_000
"""Bytes below which an item is not searched for binary data."""
_SHAPE: Final = frozenset({"type", "role", "id", "name", "modality", "mime_type", "finish_reason"})
"""Names whose values are words of the shape, and stay whole."""
_LEFT_OUT: Final = "[left out]"
_INLINE: Final = "data:"


class Fitted(NamedTuple):
    """What there is room for."""

    items: list[Item]
    text: str
    """The same as JSON."""
    is_cut: bool


NO_ITEMS: Final = Fitted([], "", is_cut=False)


class Encoded(NamedTuple):
    """A plain value as JSON."""

    value: Any
    size: int
    """Bytes; where those are more than was asked about, any number that is more, too."""
    text: str = ""
    """Nothing where it is too long in any case."""


def encoded(value: Any, *, within: int) -> Encoded:
    """Return a plain value as JSON in as few characters as there are, if that may be of so many bytes."""
    least = least_size(value)
    if least > within:
        return Encoded(value, least)
    text = _ENCODE(value)
    return Encoded(value, _bytes_of(text), text)


def least_size(value: Any) -> int:
    """Return how many bytes of JSON a plain value takes at the least, in a fraction of the time that it takes to tell how many it does."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(map(least_size, cast("dict[str, Any]", value).values()))
    return sum(map(least_size, cast("Sequence[Any]", value))) if isinstance(value, list) else 1


def size_of(value: Any) -> int:
    """Return the bytes that a plain value takes as JSON."""
    return _bytes_of(_ENCODE(value))


def _bytes_of(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def fitted(items: list[Item], room: int, *, kept: Kept) -> Fitted:
    """Return what there is room for of too many items: first binary data goes, then texts are cut and the less important items left out."""
    held = [lighter(item, within=room) for item in items]
    total = sum(one.size for one in held) + len(held) - 1 + _BRACKETS
    chosen = held if total <= room else _chosen(held, room, kept)
    return Fitted([one.value for one in chosen], f"[{','.join([one.text for one in chosen])}]", is_cut=True)


def lighter(item: Item, *, within: int) -> Encoded:
    """Return an item as JSON, if that may be of so many bytes: without binary data of any weight, of which only the length stays."""
    whole = encoded(item, within=max(within, _LEAST_DATA))
    light = _without_data(item) if whole.size >= _LEAST_DATA else item
    return whole if light is item else encoded(light, within=within)


def _chosen(items: Sequence[Encoded], room: int, kept: Kept) -> list[Encoded]:
    """Return the items that fit, from the end that matters most on; the last of them is cut. A conversation keeps its beginning, too."""
    order = list(range(len(items)))
    if kept == "latest":
        order.reverse()
    begins = kept == "latest" and len(items) > 1
    left = room - _BRACKETS
    reserve = min(items[0].size + 1, left // 4) if begins else 0
    chosen: dict[int, Encoded] = {}
    for index in order[:-1] if begins else order:
        item, space = items[index], left - reserve - bool(chosen)
        if item.size <= space:
            chosen[index] = item
            left -= item.size + (len(chosen) > 1)
            continue
        shorter = _shorter(item, space) if not chosen or space >= _LEAST_ITEM else None
        if shorter is not None:
            left -= shorter.size + bool(chosen)
            chosen[index] = shorter
        break
    if begins:
        space = left - bool(chosen)
        first = items[0] if items[0].size <= space else _shorter(items[0], space)
        if first is not None:
            chosen[0] = first
    return [chosen[index] for index in sorted(chosen)]


def _shorter(item: Encoded, room: int) -> Encoded | None:
    cut = shrunk(item.value, room)
    return None if cut is None else encoded(cut, within=room)


def shrunk(item: Item, room: int) -> Item | None:
    """Return an item cut to a number of bytes: its texts, else its structured values, else parts in the middle; None if nothing helps."""
    for candidate in (item, _without_structure(item)):
        level = _level(candidate, room)
        if level is not None:
            return cast("Item", _cut(candidate, level))
    parts = item.get("parts")
    if not isinstance(parts, list):
        return None
    space = room - size_of({**item, "parts": ""})
    if space < _BRACKETS:
        return None
    held = cast("list[Item]", parts)
    chosen = _chosen([encoded(part, within=space) for part in held], space, "latest") if held else []
    return {**item, "parts": [part.value for part in chosen]}


def _level(item: Item, room: int) -> int | None:
    """Return how long each text may be for the whole to fit; None where that would be next to nothing."""
    # A text of more characters than there is room for is cut in any case, however many bytes it is.
    lengths = sorted(len(text) if len(text) > room else _length(text) for text in _texts(item))
    left = room - size_of(_without_texts(item))
    if left < 0:
        return None
    count = len(lengths)
    for index, length in enumerate(lengths):
        if length * (count - index) > left:
            level = left // (count - index)
            return level if level >= _LEAST_TEXT else None
        left -= length
    return lengths[-1] if lengths else 0


def _without_texts(value: Any) -> Any:
    """Return the same with nothing in the place of each text that may be cut."""
    if isinstance(value, str):
        return ""
    if isinstance(value, dict):
        return {
            name: inner if name in _SHAPE and isinstance(inner, str) else _without_texts(inner)
            for name, inner in cast("dict[str, Any]", value).items()
        }
    return [_without_texts(inner) for inner in cast("Sequence[Any]", value)] if isinstance(value, list) else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in cast("dict[str, Any]", value).items():
            if name not in _SHAPE or not isinstance(inner, str):
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in cast("Sequence[Any]", value):
            yield from _texts(inner)


def _cut(value: Any, level: int) -> Any:
    """Return the same with each text of at most `level` bytes."""
    if isinstance(value, str):
        return _shortened(value, level)
    if isinstance(value, dict):
        return {
            name: inner if name in _SHAPE and isinstance(inner, str) else _cut(inner, level)
            for name, inner in cast("dict[str, Any]", value).items()
        }
    return [_cut(inner, level) for inner in cast("Sequence[Any]", value)] if isinstance(value, list) else value


def _shortened(text: str, level: int) -> str:
    """Return the beginning and the end of a text: a prompt often has the question last."""
    if len(text) <= level and _length(text) <= level:
        return text
    mark = "[… {} characters cut …]"
    budget = max(level - _length(mark.format(len(text))), 0)
    head = _fitting(text, budget * 2 // 3)
    tail = _fitting(text[head:], budget - budget * 2 // 3, from_end=True)
    gone = len(text) - head - tail
    return f"{text[:head]}{mark.format(gone)}{text[len(text) - tail :]}"


def _fitting(text: str, room: int, *, from_end: bool = False) -> int:
    """Return how many characters fit into a number of bytes."""
    high = min(room, len(text))
    near = text[len(text) - high :][::-1] if from_end else text[:high]
    over = _length(near) - room
    if over <= 0:
        return high
    # Each character takes a byte or more: without as many of them as there are bytes too much, it fits.
    low = max(high - over, 0)
    # What those take is what all take, without the rest.
    begin, left = low, _length(near[low:]) - over
    while low < high:
        middle = (low + high + 1) // 2
        if _length(near[begin:middle]) <= left:
            low = middle
        else:
            high = middle - 1
    return low


def _length(text: str) -> int:
    return size_of(text) - _BRACKETS


def _without_data(value: Any) -> Any:
    """Return the very same where there is no binary data."""
    if isinstance(value, list):
        lighter = [_without_data(inner) for inner in cast("Sequence[Any]", value)]
        return lighter if any(map(is_not, lighter, cast("Sequence[Any]", value))) else cast("Any", value)
    if not isinstance(value, dict):
        return value
    held = cast("dict[str, Any]", value)
    name = _data_in(held)
    if name is not None:
        return {**held, name: "", "left_out": len(held[name])}
    new = {key: _without_data(inner) for key, inner in held.items()}
    return new if any(new[key] is not held[key] for key in held) else held


def _data_in(part: Mapping[str, Any]) -> str | None:
    kind, content, uri = part.get("type"), part.get("content"), part.get("uri")
    if kind == "blob" and isinstance(content, str) and content:
        return "content"
    return "uri" if kind == "uri" and isinstance(uri, str) and uri.startswith(_INLINE) else None


def _without_structure(item: Item) -> Item:
    """Return the same with a word in the place of each argument, result and schema."""
    parts = item.get("parts")
    if isinstance(parts, list):
        return {**_flat(item), "parts": [_flat(part) for part in cast("list[Item]", parts)]}
    return _flat(item)


def _flat(item: Item) -> Item:
    return {name: _LEFT_OUT if isinstance(inner, dict | list) and inner and name != "parts" else inner for name, inner in item.items()}
