"""What a host said, as plain JSON values: nothing in them is shared with the host, and each of them can be written anywhere."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

_DEEPEST: Final = 24
"""Levels of lists and mappings. Readers of OTLP take no more than a hundred levels of its own, three of which are a mapping."""
_MOST: Final = 20_000
"""Values that are read of one message: a few shared lists can stand for billions."""
_INT64: Final = 2**63
_LONGEST_INT: Final = 2**1024
_TOO_MUCH: Final = "[too much]"
_TOO_DEEP: Final = "[too deep]"
_UNWRITABLE: Final = "\ufffd"
# What these say is all that they hold. Any other object may have more in its text than it is meant to show.
_SAY_THEMSELVES: Final = (date, time, timedelta, Decimal, UUID)


_Holder = Mapping[Any, Any] | Sequence[Any] | AbstractSet[Any]


class Plain(NamedTuple):
    """Values of `dict`, `list`, `str`, `int`, `float`, `bool` and None alone."""

    value: Any
    is_cut: bool
    """Whether there was too much to read, or too deep."""


def plain(value: Any) -> Plain:
    """Return a copy of a value that JSON and OTLP can hold. Objects that are no values become their class's name; bytes become base64."""
    reader = _Reader()
    return Plain(reader.read(value, 0), reader.is_cut)


class _Reader:
    """Reads one value of a host's, and knows when it has read enough."""

    __slots__ = ("_left", "_path", "is_cut")

    def __init__(self) -> None:
        self._left = _MOST
        self._path: set[int] = set()
        """The lists and mappings that are being read now: one that is met again inside itself has no end."""
        self.is_cut = False

    def read(self, value: Any, depth: int) -> Any:
        if self._left <= 0:
            self.is_cut = True
            return _TOO_MUCH
        self._left -= 1
        if isinstance(value, str):
            return writable(value)
        if isinstance(value, dict | list):
            # Before the rest, which takes longer to tell apart.
            return self._inside(cast("Any", value), depth)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return _number(value)
        if isinstance(value, bytes | bytearray | memoryview):
            return b64encode(bytes(cast("bytes", value))).decode("ascii")
        if isinstance(value, Mapping | Sequence | AbstractSet):
            return self._inside(cast("Any", value), depth)
        return str(value) if isinstance(value, _SAY_THEMSELVES) else f"<{type(value).__name__}>"

    def _inside(self, value: _Holder, depth: int) -> Any:
        if depth >= _DEEPEST or id(value) in self._path:
            self.is_cut = True
            return _TOO_DEEP
        self._path.add(id(value))
        try:
            if isinstance(value, dict) or (not isinstance(value, list) and isinstance(value, Mapping)):
                return self._mapping(value, depth + 1)
            return self._list(value, depth + 1)
        finally:
            self._path.discard(id(value))

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        read: dict[str, Any] = {}
        for key, inner in value.items():
            if self._left <= 0:
                self.is_cut = True
                break
            read[writable(key) if isinstance(key, str) else _name(key)] = self.read(inner, depth)
        return read

    def _list(self, value: Sequence[Any] | AbstractSet[Any], depth: int) -> list[Any]:
        read: list[Any] = []
        for inner in value:
            if depth == 1:
                self._left = _MOST
            if self._left <= 0:
                self.is_cut = True
                break
            read.append(self.read(inner, depth))
        return read


def writable(text: str) -> str:
    """Return a text that UTF-8 can hold, without the null character, which databases refuse."""
    own = str.__str__(text)
    if not own.isascii():
        try:
            own.encode()
        except UnicodeEncodeError:
            # Halves of a pair that met after all are the character that they stand for.
            own = own.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return own.replace("\0", _UNWRITABLE) if "\0" in own else own


def _number(value: float) -> int | float | str:
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if -_INT64 <= value < _INT64:
        return int(value)
    return str(int(value)) if -_LONGEST_INT < value < _LONGEST_INT else "[a very long number]"


def _name(key: object) -> str:
    if isinstance(key, int | float) and not isinstance(key, bool):
        return str(_number(key))
    return str(key) if key is None or isinstance(key, bool) else f"<{type(key).__name__}>"
