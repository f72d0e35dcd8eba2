"""A policy in TOML, as plain data with its lines, which tomllib does not tell."""

from __future__ import annotations

import datetime
import math
import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from taskroute.errors import PolicyError
from taskroute.policy.places import MAX_DEPTH, Document, KeyPath, paths, problem, refused, too_deep


class Repeat(NamedTuple):
    """A key that stands twice."""

    path: KeyPath
    first: int
    again: int


class TomlPlaces(NamedTuple):
    """What a look over a TOML text tells. It says nothing of whether the text is valid."""

    places: dict[KeyPath, int]
    repeats: tuple[Repeat, ...]
    too_deep: int | None
    """Line on which the text is nested deeper than MAX_DEPTH, where the look stopped; None when it is not."""


_BLANK: Final = re.compile(r"(?:[ \t\n]++|#[^\n]*+)*+")
_KEY: Final = re.compile(r"""[ \t]*+(?:(?P<bare>[A-Za-z0-9_-]++)|(?P<basic>"(?:[^"\\\n]++|\\[^\n])*+")|'(?P<literal>[^'\n]*+)')[ \t]*+""")
_TOKEN: Final = re.compile(
    r"""
      (?P<string>
          \"{3}(?:[^"\\]++|\\.|"(?!""))*+\"{3,5}
        | '{3}(?:[^']++|'(?!''))*+'{3,5}
        | "(?!"")(?:[^"\\\n]++|\\[^\n])*+"
        | '(?!'')[^'\n]*+'
      )
    | (?P<newline>\n)
    | (?P<nothing>[ \t]++|\#[^\n]*+)
    | (?P<mark>[\[\]{},])
    | (?P<word>[^\s"'#\[\]{},]++)
    """,
    re.VERBOSE | re.DOTALL,
)


class _Array:
    """An open bracket of a value; `path` is None inside an inline table, where no places are kept."""

    __slots__ = ("index", "path", "waiting")

    def __init__(self, path: KeyPath | None) -> None:
        self.path = path
        self.index = 0
        self.waiting = True

    def next_item(self) -> None:
        self.index += 1
        self.waiting = True

    def take(self) -> KeyPath | None:
        """Return the path of the item that begins here, or None when this is not the beginning of one."""
        if self.path is None or not self.waiting:
            return None
        self.waiting = False
        return (*self.path, self.index)


class _TomlLook:
    """Walks over headers and keys, and skips values. Stops where it does not understand; tomllib then says why."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self._table: KeyPath = ()
        self._tables: dict[KeyPath, int] = {}  # array of tables: how many it has so far
        self._defined: dict[KeyPath, int] = {}
        self.places: dict[KeyPath, int] = {}
        self.repeats: list[Repeat] = []
        self.too_deep: int | None = None

    def run(self) -> None:
        position: int | None = 0
        while position is not None:
            position = self._blank(position)
            if position >= len(self._text):
                return
            position = self._header(position) if self._text[position] == "[" else self._assignment(position)

    def _line(self, position: int) -> int:
        return bisect_right(self._lines, position)

    def _blank(self, position: int) -> int:
        match = _BLANK.match(self._text, position)
        return match.end() if match else position

    def _define(self, path: KeyPath, line: int) -> None:
        if path in self._defined:
            self.repeats.append(Repeat(path, self._defined[path], line))
        self._defined.setdefault(path, line)
        self.places.setdefault(path, line)

    def _keys(self, position: int) -> tuple[list[str], int] | None:
        """Return the parts of a dotted key and the offset behind it, or None when there is no key."""
        keys: list[str] = []
        while match := _KEY.match(self._text, position):
            keys.append(_unquoted(match))
            position = match.end()
            if len(keys) + len(self._table) > MAX_DEPTH:
                self.too_deep = self._line(position)
                return None
            if not self._text.startswith(".", position):
                return keys, position
            position += 1
        return None

    def _header(self, position: int) -> int | None:
        self._table = ()
        brackets = 2 if self._text.startswith("[[", position) else 1
        found = self._keys(position + brackets)
        if found is None:
            return None
        keys, end = found
        if not self._text.startswith("]" * brackets, end):
            return None
        line = self._line(position)
        enclosing = self._enclosing(keys[:-1], line)
        path = (*enclosing, keys[-1])
        self._table = path if brackets == 1 else self._append(path, line)
        if brackets == 1:
            self._define(path, line)
        return end + brackets

    def _enclosing(self, keys: list[str], line: int) -> KeyPath:
        path: KeyPath = ()
        for key in keys:
            path = (*path, key)
            self.places.setdefault(path, line)
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
        return path

    def _append(self, path: KeyPath, line: int) -> KeyPath:
        index = self._tables.get(path, 0)
        self._tables[path] = index + 1
        self.places.setdefault(path, line)
        self.places[(*path, index)] = line
        return (*path, index)

    def _assignment(self, position: int) -> int | None:
        found = self._keys(position)
        if found is None:
            return None
        keys, end = found
        if not self._text.startswith("=", end):
            return None
        line = self._line(position)
        path = self._table
        for key in keys[:-1]:
            path = (*path, key)
            self.places.setdefault(path, line)
        path = (*path, keys[-1])
        self._define(path, line)
        return self._value(end + 1, path)

    def _value(self, position: int, path: KeyPath) -> int | None:
        """Note the items of arrays; return the offset behind the value."""
        open_: list[_Array] = []
        while match := _TOKEN.match(self._text, position):
            start, position = position, match.end()
            kind = match["mark"] or match.lastgroup
            if kind == "newline" and not open_:
                return position
            if kind in {"newline", "nothing"}:
                continue
            if kind in {",", "]", "}"}:
                if not open_:
                    return None
                if kind == ",":
                    open_[-1].next_item()
                else:
                    open_.pop()
                continue
            item = open_[-1].take() if open_ else path
            if item is not None and open_:
                self.places[item] = self._line(start)
            if kind in {"[", "{"}:
                open_.append(_Array(item if kind == "[" else None))
            if len(path) + len(open_) > MAX_DEPTH:
                self.too_deep = self._line(start)
                return None
        return None


def _unquoted(match: re.Match[str]) -> str:
    basic = match["basic"]
    if basic is None:
        return str(match["literal"] if match["bare"] is None else match["bare"])
    if "\\" not in basic:
        return str(basic[1:-1])
    try:
        return str(tomllib.loads(f"key = {basic}")["key"])
    except ValueError:
        return str(basic[1:-1])


def look_over(text: str) -> TomlPlaces:
    """Return the line of every header, key and array item of a TOML text; values in inline tables have the place of the table."""
    look = _TomlLook(text)
    look.run()
    return TomlPlaces(look.places, tuple(look.repeats), look.too_deep)


def read_toml(text: str, name: str) -> Document:
    """Return the data of a TOML text with the line of every value; an empty text gives no data."""
    text = text.replace("\r\n", "\n")
    look = look_over(text)
    if look.too_deep is not None:
        raise too_deep(name, look.too_deep)
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise too_deep(name, 1) from None
    except ValueError as error:
        if look.repeats:
            raise PolicyError([_twice(name, repeat) for repeat in look.repeats]) from None
        raise _toml_syntax(name, text, str(error)) from None
    document = Document(data, {(): 1, **look.places}, name)
    problems = [document.problem(path, what, cure) for path, value in paths(data) for what, cure in _foreign(path, value)]
    if problems:
        raise PolicyError(problems)
    return document


def _twice(name: str, repeat: Repeat) -> str:
    key = ".".join(str(part) for part in repeat.path)
    return problem(name, repeat.again, f"the key {key!r} stands twice, the first time on line {repeat.first}", "keep one of them")


def _toml_syntax(name: str, text: str, message: str) -> PolicyError:
    what, _, place = message.partition(" (at ")
    found = re.search(r"line (\d+)", place)
    line = int(found[1]) if found else text.rstrip().count("\n") + 1
    return refused(name, line, what, "put text in quotes, write one 'key = value' a line, and close brackets and quotes")


def _foreign(path: KeyPath, value: Any) -> Iterator[tuple[str, str]]:
    """Yield what TOML can hold and a policy cannot."""
    if len(path) > MAX_DEPTH:
        yield f"nested deeper than {MAX_DEPTH}", "a policy needs fewer than ten levels"
    if isinstance(value, datetime.date | datetime.time):
        yield f"{value} is a date or a time, which no key takes", "put it in quotes"
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{value} is not a number", "write a number"
    if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
        yield "half of a pair of characters is missing", "remove it"
