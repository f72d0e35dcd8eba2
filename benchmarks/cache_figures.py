"""Tables of figures that are no comparison by rounds: throughput, growth, hit rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figures:
    """One table: a name for each row, and a number or a word for each column."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float | str, ...]], ...]
    note: str = ""


def as_data(figures: Figures) -> dict[str, Any]:
    """Return the table as JSON values."""
    return asdict(figures)


def as_text(figures: Figures) -> str:
    """Return the table for people."""
    width = max(len(name) for name, _ in figures.rows)
    widths = [max(9, len(column)) for column in figures.columns]
    head = "  ".join(f"{column:>{size}}" for column, size in zip(figures.columns, widths, strict=True))
    lines = [figures.title, f"  {'':{width}}  {head}"]
    for name, values in figures.rows:
        shown = "  ".join(f"{_shown(value):>{size}}" for value, size in zip(values, widths, strict=True))
        lines.append(f"  {name:{width}}  {shown}")
    return "\n".join([*lines, f"  {figures.note}"] if figures.note else lines)


def as_markdown(figures: Figures) -> str:
    """Return the table for the documentation."""
    lines = [f"| | {' | '.join(figures.columns)} |", "|---" * (len(figures.columns) + 1) + "|"]
    lines += [f"| {name} | {' | '.join(map(_shown, values))} |" for name, values in figures.rows]
    return "\n".join(lines)


def _shown(value: float | str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def ratio(values: Sequence[float], peers: Sequence[float]) -> list[float]:
    """Return each value against its peer."""
    return [value / peer for value, peer in zip(values, peers, strict=True)]
