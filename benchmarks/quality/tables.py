"""What was measured, as figures with names, and as tables to read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from benchmarks.quality.contenders import Who
from taskroute.learning.bootstrap import Interval


class Figure(NamedTuple):
    """One number of one router in one setting. None where it never gets there."""

    setting: str
    who: Who
    name: str
    value: float | None


class Table(NamedTuple):
    """Words in columns, under a title, with what one has to know to read them."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


class Section(NamedTuple):
    """The tables of one setting, and the figures behind them."""

    tables: tuple[Table, ...]
    figures: tuple[Figure, ...]


def as_text(table: Table) -> str:
    """Return a table with columns of one width each."""
    every = (table.header, *table.rows)
    widths = [max(len(row[at]) for row in every) for at in range(len(table.header))]
    body = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in every]
    return "\n".join([table.title, *body, *([table.note] if table.note else [])])


def as_markdown(table: Table) -> str:
    """Return a table as Markdown has it."""
    rows = [_row(table.header), _row(["---"] * len(table.header)), *map(_row, table.rows)]
    return "\n".join([f"**{table.title}**", "", *rows, *(["", table.note] if table.note else [])])


def as_data(section: Section) -> dict[str, Any]:
    """Return what a JSON file keeps of a section."""
    return {
        "tables": [table._asdict() for table in section.tables],
        "figures": [
            {"setting": f.setting, "router": f.who.name, "tags": f.who.tags, "ours": f.who.ours, "figure": f.name, "value": f.value}
            for f in section.figures
        ],
    }


def number(value: float | None, *, digits: int = 3) -> str:
    """Return a number, or a dash for none."""
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    """Return a part as a percentage with one decimal, or a dash for none."""
    return "-" if value is None or math.isnan(value) else f"{100 * value:.1f} %"


def lead(found: Interval) -> str:
    """Return a difference with its interval; a star says that all of the interval is above zero."""
    return f"{found.value:+.4f} [{found.low:+.4f}, {found.high:+.4f}]{' *' if found.above_zero else ''}"


def leads(title: str, ours: Sequence[Who], baselines: Sequence[Who], gaps: Sequence[Sequence[Interval]]) -> Table:
    """Return the differences of each of ours (columns) to each baseline (rows)."""
    return Table(
        title,
        ("ours minus", *(f"{who.name} (tag {who.tags})" if who.tags != "none" else who.name for who in ours)),
        tuple((who.name, *map(lead, row)) for who, row in zip(baselines, gaps, strict=True)),
        "Paired bootstrap over prompts, 95 % interval; * all of it is above zero.",
    )


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
