"""Where every value of a policy stands, so that a problem can be told with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, cast

from taskroute.errors import PolicyError

KeyPath = tuple[str | int, ...]

MAX_DEPTH: Final = 50
"""How deep a policy may be nested."""


def problem(name: str, line: int | None, what: str, cure: str) -> str:
    """Return one line for a `PolicyError`: where, what is wrong, what to do."""
    where = name if line is None else f"{name}:{line}"
    return f"{where}: {what}; {cure}"


def refused(name: str, line: int | None, what: str, cure: str) -> PolicyError:
    """Return a `PolicyError` with this one problem."""
    return PolicyError([problem(name, line, what, cure)])


def too_deep(name: str, line: int) -> PolicyError:
    """Return the `PolicyError` of a text that is nested deeper than `MAX_DEPTH`."""
    return refused(name, line, f"nested deeper than {MAX_DEPTH}", "a policy needs fewer than ten levels: close a bracket or outdent")


class Document(NamedTuple):
    """A policy as plain data, with the line of each value."""

    data: dict[str, Any]
    places: Mapping[KeyPath, int]
    """Path of a value to the line (from 1) of its key, or of the item in a list."""
    name: str
    """What messages call the file."""

    def line(self, path: KeyPath) -> int | None:
        """Return the line of the nearest enclosing value whose place is known, or None when there is none."""
        for end in range(len(path), -1, -1):
            line = self.places.get(path[:end])
            if line is not None:
                return line
        return None

    def problem(self, path: KeyPath, what: str, cure: str) -> str:
        """Return one line for a `PolicyError` about the value at this path."""
        return problem(self.name, self.line(path), what, cure)


def paths(data: Any) -> Iterator[tuple[KeyPath, Any]]:
    """Yield every value inside plain data with its path, without recursion."""
    waiting: list[tuple[KeyPath, Any]] = [((), data)]
    while waiting:
        path, value = waiting.pop()
        yield path, value
        if isinstance(value, dict):
            mapping = cast("dict[str, object]", value)
            waiting.extend(((*path, key), item) for key, item in mapping.items())
        elif isinstance(value, list):
            items = cast("list[object]", value)
            waiting.extend(((*path, index), item) for index, item in enumerate(items))
