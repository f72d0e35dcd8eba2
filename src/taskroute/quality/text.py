"""`quality.json`: the quality table as text, one cell a line and in a fixed order, so that two of them can be compared line by line."""

from __future__ import annotations

import json
import math
from typing import Any, Final, cast

from taskroute.errors import QualityError
from taskroute.quality.table import Cell, QualityTable

FORMAT: Final = "taskroute-quality"
VERSION: Final = 1
_CURE: Final = "write it anew with 'taskroute train'"
_MOST_CELLS: Final = 1_000_000
_FIELDS: Final = frozenset(Cell._fields)


def dump(table: QualityTable) -> str:
    """Return the table as text that `load` reads; the same scores give the same text."""
    head = [f'  "format": "{FORMAT}"', f'  "version": {VERSION}']
    if table.trained_at is not None:
        head.append(f'  "trained_at": {json.dumps(table.trained_at)}')
    if table.words:
        head.append('  "words": true')
    rows = ",\n".join("    " + _line(cell) for cell in table.cells)
    head.append(f'  "cells": [\n{rows}\n  ]' if rows else '  "cells": []')
    return "{\n" + ",\n".join(head) + "\n}\n"


def load(text: str, *, file: str = "quality.json") -> QualityTable:
    """Return the table that `dump` wrote. Raises QualityError, with `file` and what to do, for whatever else."""
    try:
        raw: Any = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise QualityError(f"{file}: this is not JSON ({error}); {_CURE}") from None
    if not isinstance(raw, dict) or cast("dict[str, Any]", raw).get("format") != FORMAT:
        raise QualityError(f"{file}: this is not a quality table: it says no 'format': {FORMAT!r}; {_CURE}")
    content = cast("dict[str, Any]", raw)
    version = content.get("version")
    if isinstance(version, bool) or version != VERSION:
        raise QualityError(f"{file}: version {version!r} is not known here, only {VERSION}; {_CURE}, or install a newer taskroute")
    unknown = sorted(set(content) - {"format", "version", "trained_at", "words", "cells"})
    if unknown:
        raise QualityError(f"{file}: no key named {unknown[0]!r} is known here; {_CURE}")
    trained_at = content.get("trained_at")
    if trained_at is not None and not isinstance(trained_at, str):
        raise QualityError(f"{file}: trained_at: {trained_at!r} is not text; {_CURE}")
    words = content.get("words", False)
    if not isinstance(words, bool):
        raise QualityError(f"{file}: words: {words!r} is neither true nor false; {_CURE}")
    return QualityTable(_cells(content.get("cells"), file), trained_at=trained_at, words=words)


def _line(cell: Cell) -> str:
    """Return one cell as one line; what is not known is left out."""
    return json.dumps({name: value for name, value in cell._asdict().items() if value is not None}, ensure_ascii=False)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _cells(given: Any, file: str) -> list[Cell]:
    if not isinstance(given, list):
        raise QualityError(f"{file}: cells: this is not a list; {_CURE}")
    rows = cast("list[object]", given)
    if len(rows) > _MOST_CELLS:
        raise QualityError(f"{file}: cells: {len(rows):,} are more than {_MOST_CELLS:,}; {_CURE}")
    seen: set[tuple[str, str | None, str | None]] = set()
    cells: list[Cell] = []
    for at, row in enumerate(rows):
        place = f"{file}: cells[{at}]"
        cell = _cell(row, place)
        key = (cell.model, cell.task, cell.stage)
        if key in seen:
            raise QualityError(f"{place}: a second cell of model {cell.model!r}, task {cell.task!r}, stage {cell.stage!r}; {_CURE}")
        seen.add(key)
        cells.append(cell)
    return cells


def _cell(row: Any, place: str) -> Cell:
    if not isinstance(row, dict):
        raise QualityError(f"{place}: {row!r} is not a cell; {_CURE}")
    given = cast("dict[str, Any]", row)
    unknown = sorted(set(given) - _FIELDS)
    if unknown:
        raise QualityError(f"{place}: no key named {unknown[0]!r} is known here; {_CURE}")
    labels = given.get("labels")
    if isinstance(labels, bool) or not isinstance(labels, int) or labels < 1:
        raise QualityError(f"{place}.labels: {labels!r} is not a whole number from 1; {_CURE}")
    return Cell(
        model=_name(given, "model", place),
        task=_name(given, "task", place) if given.get("task") is not None else None,
        stage=_name(given, "stage", place) if given.get("stage") is not None else None,
        labels=labels,
        mean=_number(given.get("mean"), f"{place}.mean", most=1.0),
        # No scores from 0 to 1 differ by more.
        variance=_number(given.get("variance"), f"{place}.variance", most=0.25),
        cost=_measured(given, "cost", place),
        input_tokens=_measured(given, "input_tokens", place),
        output_tokens=_measured(given, "output_tokens", place),
        latency=_measured(given, "latency", place),
    )


def _name(given: dict[str, Any], key: str, place: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or not value:
        raise QualityError(f"{place}.{key}: {value!r} is not a name; {_CURE}")
    return value


def _measured(given: dict[str, Any], key: str, place: str) -> float | None:
    value = given.get(key)
    return None if value is None else _number(value, f"{place}.{key}", most=math.inf)


def _number(value: Any, place: str, *, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise QualityError(f"{place}: {value!r} is not a number; {_CURE}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not 0 <= number <= most or not math.isfinite(number):
        limits = "0 or more" if most == math.inf else f"from 0 to {most:g}"
        raise QualityError(f"{place}: {number!r} is not {limits}; {_CURE}")
    return number
