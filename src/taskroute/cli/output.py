"""How the commands print: tables that fit the terminal, colour only where a person looks, JSON for programs."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import zip_longest
from typing import Any, Final, TextIO

_CODES: Final[Mapping[str, str]] = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_LEAST, _MOST = 60, 120
_GAP: Final = "  "
_NARROWEST: Final = 12
_C1: Final = {code: f"\\u{code:04x}" for code in range(127, 160)}
_CONTROLS: Final = {code: "\ufffd" for code in (*range(32), *range(127, 160)) if code not in (9, 10)}
"""Characters by which a text could steer the terminal it is shown on."""


def harmless(text: str) -> str:
    """Return a text, wherever it came from, so that no terminal takes it for commands. All that is printed here is made so."""
    return text.translate(_CONTROLS)


class Style:
    """Colours text for a terminal; leaves it alone for a file, a pipe, or when NO_COLOR is set."""

    def __init__(self, stream: TextIO | None = None) -> None:
        shown = sys.stdout if stream is None else stream
        self.coloured = shown.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def __call__(self, text: str, *looks: str) -> str:
        """Return the text with these looks: `bold`, `dim`, `red`, `green`, `yellow`, `cyan`."""
        if not self.coloured or not text or not looks:
            return text
        return f"\x1b[{';'.join(_CODES[look] for look in looks)}m{text}\x1b[0m"


def width() -> int:
    """Return how many columns to use."""
    return max(_LEAST, min(_MOST, shutil.get_terminal_size((100, 24)).columns))


def say_error(text: str) -> None:
    """Print an error to stderr."""
    print(Style(sys.stderr)("error:", "bold", "red"), harmless(text), file=sys.stderr)


def say_warning(text: str) -> None:
    """Print a warning to stderr."""
    print(Style(sys.stderr)("warning:", "yellow"), harmless(text), file=sys.stderr)


def print_json(value: Any) -> None:
    """Print a value as JSON; exact amounts become numbers."""
    # All other characters that steer a terminal are escaped in JSON anyway.
    print(json.dumps(value, indent=2, ensure_ascii=False, default=_plain).translate(_C1))


def _plain(value: object) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, frozenset | set):
        return sorted(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, Mapping):
        return dict(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return str(value)


def print_title(text: str) -> None:
    """Print the title of a section."""
    print(f"\n{Style()(harmless(text), 'bold')}")


def print_table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = (), looks: Mapping[int, Sequence[str]] | None = None
) -> None:
    """Print rows in columns that fit the terminal. `right` columns are aligned to the right; `looks` colours rows."""
    cells = [list(map(harmless, row)) for row in rows]
    widths = _fitting([max(map(_columns, column)) for column in zip(head, *cells, strict=True)])
    style = Style()
    for line in _lines(head, widths, right):
        print(style(line, "dim"))
    for index, row in enumerate(cells):
        for line in _lines(row, widths, right):
            print(style(line, *(looks or {}).get(index, ())))


def _fitting(widths: list[int]) -> list[int]:
    """Take from the widest column until the row fits."""
    left = width() - len(_GAP) * (len(widths) - 1)
    while sum(widths) > left and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    return widths


def _lines(row: Sequence[str], widths: list[int], right: Sequence[int]) -> list[str]:
    wrapped = [_wrapped(cell, max(1, size)) for cell, size in zip(row, widths, strict=True)]
    return [
        _GAP.join(
            _filled(cell, size, is_right=column in right) for column, (cell, size) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in zip_longest(*wrapped, fillvalue="")
    ]


def _wrapped(cell: str, size: int) -> list[str]:
    # Where a character takes two columns, half as many fit.
    most = max(1, size // 2) if _columns(cell) > max(size, len(cell)) else size
    return textwrap.wrap(cell, most, break_on_hyphens=False) or [""]


def _filled(cell: str, size: int, *, is_right: bool) -> str:
    blank = " " * (size - _columns(cell))
    return blank + cell if is_right else cell + blank


def _columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def print_wrapped(text: str, *, indent: str = "  ") -> None:
    """Print a text, wrapped and indented; its own line breaks stay."""
    for line in harmless(text).splitlines() or [""]:
        print(textwrap.fill(line, width(), initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False) or "")


def print_pairs(pairs: Iterable[tuple[str, str]]) -> None:
    """Print name and value, a pair a line, the values aligned and wrapped."""
    known = [(harmless(name), harmless(value)) for name, value in pairs]
    size = max((len(name) for name, _ in known), default=0)
    style = Style()
    for name, value in known:
        lines = textwrap.wrap(value, width() - size - len(_GAP), break_on_hyphens=False) or [""]
        print(f"{style(name.ljust(size), 'dim')}{_GAP}{lines[0]}")
        for line in lines[1:]:
            print(" " * (size + len(_GAP)) + line)


def money(amount: Decimal | float | None, currency: str = "USD") -> str:
    """Return an amount to read, to three digits that count; 'unknown' for None."""
    if amount is None:
        return "unknown"
    exact = Decimal(str(amount))
    if exact == 0:
        return f"0 {currency}"
    places = max(2, 2 - exact.adjusted())
    return f"{exact:.{places}f} {currency}"
