"""What of scored data is not read though it may have been meant: columns under no known name, values of models without a score."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from taskroute.learning.columns import COLUMNS, WIDE, is_empty, values_by_model

_KNOWN: Final = frozenset(name for names in (*COLUMNS.values(), *WIDE.values()) for name in names)
_SPREAD: Final = tuple(f"{name}." for names in WIDE.values() for name in names)
_ALIKE: Final = 0.75
"""How alike two names are, from 0 to 1, where one may have been meant for the other."""
_MOST_NAMED: Final = 5


class _Shape(NamedTuple):
    """What the names of a row's columns tell."""

    unknown: tuple[str, ...]
    wide: tuple[str, ...]
    """Columns that may hold a value for each model, but for the scores."""


class LeftOut:
    """Sees every row that is read, and says once what was left out of them."""

    def __init__(self) -> None:
        self._columns: Counter[str] = Counter()
        self._values: Counter[tuple[str, str]] = Counter()
        """By column and model."""
        self._first: dict[object, str] = {}
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        """By the names in a row: nearly all rows have the same."""

    def see(self, values: Mapping[str, Any], path: str, line: int) -> None:
        """Look for what is not read of a row that was."""
        names = tuple(values)
        shape = self._shapes.get(names)
        if shape is None:
            shape = self._shapes[names] = _shape(names)
        for name in shape.unknown:
            self._columns[name] += 1
            self._first.setdefault(name, f"{path}, line {line}")
        scored = values_by_model(values, "score") if shape.wide else None
        if not scored:
            return
        for column in shape.wide:
            for model, value in values_by_model(values, column).items():
                if model not in scored and not is_empty(value):
                    self._values[column, model] += 1
                    self._first.setdefault((column, model), f"{path}, line {line}")

    def notes(self) -> tuple[str, ...]:
        """Return a sentence for each thing that was left out; columns that are like no other share one."""
        meant = {name: close[0] for name in self._columns if (close := difflib.get_close_matches(name.lower(), _KNOWN, 1, _ALIKE))}
        found = [
            f"column {name!r} was left out, {self._where(self._columns[name], name)}; did you mean {meant[name]!r}?"
            for name in sorted(meant)
        ]
        found += [
            f"{column!r} of {model!r} was left out, {self._where(count, (column, model))}, because no score of that model stands there"
            for (column, model), count in sorted(self._values.items())
        ]
        if len(found) > _MOST_NAMED:
            found[_MOST_NAMED:] = [f"{len(found) - _MOST_NAMED} more columns or values were left out"]
        others = sorted(self._columns.keys() - meant.keys())
        return (*found, f"columns that are not read: {_named(others)}") if others else tuple(found)

    def _where(self, count: int, what: object) -> str:
        return f"in {count} row{'s' * (count > 1)}, the first in {self._first[what]}"


def _shape(names: tuple[str, ...]) -> _Shape:
    unknown = tuple(name for name in names if name and name not in _KNOWN and not name.startswith(_SPREAD))
    wide = tuple(column for column in WIDE if column != "score" and any(name.partition(".")[0] in WIDE[column] for name in names))
    return _Shape(unknown, wide)


def _named(names: Iterable[str]) -> str:
    listed = list(map(repr, names))
    more = len(listed) - _MOST_NAMED
    return ", ".join([*listed[:_MOST_NAMED], f"{more} more"] if more > 0 else listed)
