"""What every adapter needs to read an answer, whose shape nobody warrants: access that trusts no type, sums that know the unknown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

from taskroute.types import NOTHING, Usage
from taskroute.warn import warn_once


def say_unread(answer: object, error: Exception) -> None:
    """Warn once for each class of answer that cannot be read; the caller gets the answer all the same."""
    name = type(answer).__name__
    # Without the error's message, which may hold a part of the answer.
    text = f"an answer of class {name} could not be read ({type(error).__name__}): its usage, finish reason and cost are unknown"
    warn_once("answer", name, text)


# Access


def as_mapping(value: Any) -> Mapping[str, Any]:
    """Return a mapping as it is, and an empty one in the place of anything else."""
    if type(value) is dict or isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value)
    return NOTHING


def as_list(value: Any) -> Sequence[Any]:
    """Return a list or tuple as it is, and an empty one in the place of anything else."""
    return cast("Sequence[Any]", value) if isinstance(value, list | tuple) else ()


def as_text(value: Any) -> str | None:
    """Return a text that says something; None in the place of anything else."""
    return value if isinstance(value, str) and value else None


def as_count(value: Any) -> int | None:
    """Return a whole number that is not below 0; None in the place of anything else."""
    return value if type(value) is int and value >= 0 else None


# Counts


def with_cache_beside(
    new: int | None, output: int | None, cache_read: int | None, cache_write: int | None, *, cache_write_1h: int | None = None
) -> Usage:
    """Return the tokens of an answer whose input leaves out what was cached, as Anthropic counts: what is cached is added to it."""
    whole = None if new is None else new + (cache_read or 0) + (cache_write or 0)
    return Usage(whole, output, cache_read, cache_write, cache_write_1h=cache_write_1h)


def total(usages: Iterable[Usage]) -> Usage:
    """Return the sum of usages; a count is unknown as soon as one of them does not have it."""
    return Usage(*[_sum(counts) for counts in zip(*usages, strict=True)])


def _sum(counts: tuple[int | None, ...]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def held_against_total(usage: Usage, whole: int | None) -> Usage:
    """Return a usage after a look at the total that came with it. Where that is greater than its parts, one of them is too small.

    Some hosts leave what was cached out of the input: then the difference is just that. Others leave what was thought out of the
    output, and nothing shows that it is that: the output is unknown.
    """
    if usage.input is None or usage.output is None or whole is None or whole <= usage.input + usage.output:
        return usage
    cached = (usage.cache_read or 0) + (usage.cache_write or 0)
    if cached and whole == usage.input + usage.output + cached:
        return usage._replace(input=usage.input + cached)
    return usage._replace(output=None)


# Tools


class Called:
    """The tools that a stream calls, in order."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._parts: list[list[str]] = []
        """What was given of the arguments of each call."""
        self._ids: dict[int | str, str | None] = {}
        """The id of each call, under its index where it has one."""
        self._places: dict[int | str, int] = {}

    def add(self, *, index: Any, id: Any, name: Any, arguments: Any = None) -> None:
        """Note a part of a call. Some hosts repeat the name with each part, some give each call the same index."""
        name, id = as_text(name), as_text(id)
        key = index if isinstance(index, int | str) else id
        if name is None or (key is not None and key in self._ids and id in (None, self._ids[key])):
            place = len(self._names) - 1 if key is None else self._places.get(key, len(self._names) - 1)
        else:
            place = len(self._names)
            self._names.append(name)
            self._parts.append([])
            if key is not None:
                self._ids[key] = id
                self._places[key] = place
        if place >= 0 and isinstance(arguments, str):
            self._parts[place].append(arguments)

    def arguments(self) -> tuple[Any, ...]:
        """Return the arguments of each call, as far as they were given to `add`; None for those that are no JSON object."""
        return tuple([json_object("".join(parts)) for parts in self._parts])

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)


def json_object(value: Any) -> Mapping[str, Any] | None:
    """Return the object that a text holds in JSON, or a mapping as it is; None for anything else. No text stands for no arguments."""
    if isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value)
    if value is None or value == "":
        return {}
    try:
        found = json.loads(value, strict=False)
    except (TypeError, ValueError, RecursionError):
        return None
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else None


# What an answer is made of

NOT_FOR_THE_CALLER: Final = frozenset({"text", "thinking", "redacted_thinking", "reasoning", "reasoning_content", "compaction", "refusal"})
"""Blocks that alone are no answer; text is looked at by itself."""
