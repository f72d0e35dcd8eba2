"""How a report writes numbers, for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

_MINUTE: Final = 60
_DAY: Final = 86_400
_LARGE: Final = ((1e12, "T"), (1e9, "B"), (1e6, "M"))
_UNNAMED: Final[Mapping[str, str]] = {"route": "(default)", "model": "(none answered)"}


def amount(value: Decimal, currency: str = "") -> str:
    """Return an amount to three digits that count, with at least two places."""
    places = 2 if not value or value.adjusted() >= 0 else 2 - value.adjusted()
    text = f"{value:,.{places}f}" if value else "0"
    return f"{text} {currency}".rstrip()


def count(value: int) -> str:
    return f"{value:,}"


def known(value: int | None) -> str:
    """Return how many there are, where that is known."""
    return "unknown" if value is None else count(value)


def tick(value: float) -> str:
    """Return a number to stand beside an axis, in few characters and without an exponent."""
    for size, sign in _LARGE:
        if abs(value) >= size:
            return f"{value / size:,.6g}{sign}"
    return format(Decimal(f"{value:.6g}"), ",f")


def counted(value: int, noun: str) -> str:
    """Return how many there are, with the noun as that needs it."""
    return f"{count(value)} {noun}{'' if value == 1 else 's'}"


def share(part: int | Decimal, whole: int | Decimal) -> str:
    """Return a part in percent; nothing of nothing is nothing to tell."""
    return f"{100 * Decimal(part) / Decimal(whole):.1f}%" if whole else "–"


def seconds(value: float) -> str:
    if value < 1:
        return f"{value * 1000:.3g} ms"
    return f"{value:.3g} s" if value < 1000 else f"{value:,.0f} s"


def length(width: int) -> str:
    """Return the length of a step of time in words."""
    for size, name in ((_DAY, "day"), (3600, "hour"), (_MINUTE, "minute")):
        if width % size == 0:
            return name if width == size else f"{width // size} {name}s"
    return "second" if width == 1 else f"{width} seconds"


def at(moment: float | None, width: int = 1) -> str:
    """Return a time in UTC, as exactly as steps of this length need it."""
    if moment is None:
        return "unknown"
    form = "%Y-%m-%d" if width % _DAY == 0 else "%Y-%m-%d %H:%M" if width % _MINUTE == 0 else "%Y-%m-%d %H:%M:%S"
    return datetime.fromtimestamp(moment, UTC).strftime(form)


def name(text: str | None, dimension: str = "") -> str:
    """Return a name; for one that is not there, what that means for what calls are told apart by."""
    return _UNNAMED.get(dimension, "(not told)") if text is None else text
