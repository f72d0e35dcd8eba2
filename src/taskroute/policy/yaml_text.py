"""A policy in YAML, as plain data with its lines.

The data is built from the parser's events, not by PyYAML's own constructors: those turn `on` into True, `1:30` into 90 and a date into
an object, keep the last of two equal keys, and recurse as deep as the text asks them to.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final, Literal, NamedTuple

import yaml

from taskroute.errors import PolicyError
from taskroute.policy.places import MAX_DEPTH, Document, KeyPath, problem, refused, too_deep

MAX_VALUES: Final = 100_000
"""How many values a policy may hold, each alias counted in full."""

_MAX_DIGITS: Final = 400


class _Node(NamedTuple):
    """A parsed value before aliases and merge keys are resolved."""

    kind: Literal["scalar", "list", "mapping"]
    value: Any
    """The scalar, a list of nodes, or a list of pairs of nodes."""
    line: int
    size: int = 1
    """Values inside and itself, each alias counted in full."""
    depth: int = 1
    merge: bool = False
    """Whether this is a merge key, an unquoted `<<`."""


class _Open:
    """A list or mapping whose end has not been read."""

    __slots__ = ("anchor", "children", "kind", "line")

    def __init__(self, kind: Literal["list", "mapping"], line: int, anchor: str | None) -> None:
        self.kind: Literal["list", "mapping"] = kind
        self.line = line
        self.anchor = anchor
        self.children: list[_Node] = []


class _Builder:
    """Makes nodes of a parser's events, on a stack of its own, and keeps what is wrong with them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Node | None] = {}  # None: not closed yet
        self.root: _Node | None = None
        self.problems: list[str] = []

    def feed(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            raise refused(self._name, line, "a second document begins here", "keep one policy in a file: remove '---' and what follows")
        if isinstance(event, yaml.AliasEvent):
            self._add(self._aliased(event.anchor or "", line))
        elif isinstance(event, yaml.NodeEvent):
            self._begin(event, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()

    def _complain(self, line: int, what: str, cure: str) -> None:
        self.problems.append(problem(self._name, line, what, cure))

    def _begin(self, event: Any, line: int) -> None:
        if event.tag is not None:
            self._complain(line, f"the tag {event.tag!r} is not allowed", "remove it, and quote the value where it must be text")
        if isinstance(event, yaml.ScalarEvent):
            plain = bool(event.implicit[0]) and not event.style
            node = _Node("scalar", self._scalar(event.value, line, plain), line, merge=plain and event.value == "<<")
            self._add(node, event.anchor)
            return
        if len(self._stack) >= MAX_DEPTH:
            raise too_deep(self._name, line)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._stack.append(_Open("list" if isinstance(event, yaml.SequenceStartEvent) else "mapping", line, event.anchor))

    def _scalar(self, text: str, line: int, plain: bool) -> Any:
        try:
            return _plain(text) if plain else _whole(text)
        except ValueError as error:
            self._complain(line, str(error), "correct it, or quote it where it must be text")
            return text

    def _aliased(self, anchor: str, line: int) -> _Node:
        if anchor not in self._anchors:
            raise refused(self._name, line, f"no anchor named {anchor!r} stands above", f"write '&{anchor}' there, or quote the '*'")
        node = self._anchors[anchor]
        if node is None:
            raise refused(self._name, line, f"the alias {anchor!r} stands inside what it names", "write the value out")
        return node._replace(line=line)

    def _add(self, node: _Node, anchor: str | None = None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node
        if self._stack:
            self._stack[-1].children.append(node)
        else:
            self.root = node

    def _end(self) -> None:
        open_ = self._stack.pop()
        size = 1 + sum(child.size for child in open_.children)
        depth = 1 + max((child.depth for child in open_.children), default=0)
        if size > MAX_VALUES:
            raise refused(self._name, open_.line, f"more than {MAX_VALUES} values, aliases counted in full", "use fewer aliases")
        if depth > MAX_DEPTH + 1:
            raise too_deep(self._name, open_.line)
        value: Any = open_.children
        if open_.kind == "mapping":
            value = list(zip(open_.children[::2], open_.children[1::2], strict=True))
            self._check_keys(value)
        self._add(_Node(open_.kind, value, open_.line, size, depth), open_.anchor)

    def _check_keys(self, pairs: list[tuple[_Node, _Node]]) -> None:
        seen: dict[str, int] = {}
        for key, value in pairs:
            if not isinstance(key.value, str):
                shown = f"the key {_shown(key.value)}" if key.kind == "scalar" else f"a {key.kind} as key"
                self._complain(key.line, f"{shown} is not text", "put the key in quotes")
            elif key.value in seen:
                first = f"the first time on line {seen[key.value]}"
                self._complain(key.line, f"the key {key.value!r} stands twice, {first}", "keep one of them")
            elif key.merge and not _mergeable(value):
                self._complain(key.line, "'<<' takes a mapping or a list of mappings", "give it an alias of a mapping, like '*common'")
            else:
                seen[key.value] = key.line


def _shown(value: Any) -> str:
    return {None: "null", True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool | None) else str(value)


def _mergeable(node: _Node) -> bool:
    return node.kind == "mapping" or (node.kind == "list" and all(item.kind == "mapping" for item in node.value))


_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
_NUMBER: Final = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", re.ASCII)


def _plain(text: str) -> Any:
    """Return what an unquoted scalar means: null, true, false and decimal numbers are not text, all else is."""
    if text in _WORDS:
        return _WORDS[text]
    if not _NUMBER.fullmatch(text):
        return _whole(text)
    if len(text) > _MAX_DIGITS:
        raise ValueError("the number is too long")
    if _INTEGER.fullmatch(text):
        return int(text)
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text} is too large")
    return number


def _whole(text: str) -> str:
    """Return the text with pairs of surrogates joined, which is how JSON escapes what lies beyond the first 65,536 characters."""
    if text.isascii():
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise ValueError("half of an escaped pair of characters is missing") from None


_CURES: Final = (
    ("'\\t'", "indent with spaces, not tabs"),
    ("mapping values are not allowed", "check the indentation, and quote a value that holds ': '"),
    ("could not find expected ':'", "write 'key: value', and close the quotes above"),
    ("unknown escape", "use single quotes, or double the backslash"),
    ("cannot start any token", "quote the value"),
    ("expected ',' or", "close the bracket, and quote a value that holds any of {}[],"),
    ("quoted scalar", "close the quotes"),
    ("expected <block end>", "give all keys of a mapping, and all items of a list, the same indentation"),
)


def _syntax(name: str, text: str, error: Exception) -> PolicyError:
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        what = f"the character U+{ord(text[error.position]):04X} is not allowed"
        return refused(name, line, what, "remove it, or write it as an escape")
    what, line = str(error), 1
    if isinstance(error, yaml.MarkedYAMLError):
        what = error.problem or what
        # At the end of the text, the place to mend is where the quote or bracket was opened.
        at_end = "end of stream" in what or "stream end" in what
        mark = (at_end and error.context_mark) or error.problem_mark or error.context_mark
        line = min(mark.line if mark else 0, text.count("\n")) + 1
        what = f"{what} {error.context}" if at_end and error.context else what
    cure = next((cure for sign, cure in _CURES if sign in what), "check the indentation, the brackets and the quotes here and above")
    return refused(name, line, what, cure)


def read_yaml(text: str, name: str) -> Document:
    """Return the data of a YAML text with the line of every value; an empty text gives no data."""
    builder = _Builder(name)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            builder.feed(event)
    except PolicyError:
        raise
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # PyYAML lets chr() and int() fail on absurd escapes and versions
        raise _syntax(name, text, error) from None
    root = builder.root
    if root is not None and root.kind != "mapping" and root.value is not None:
        builder.problems.append(
            problem(
                name, root.line, f"the policy is a {root.kind}, not a mapping", "write 'key: value' lines, at least 'models' and 'default'"
            )
        )
    if builder.problems:
        raise PolicyError(builder.problems)
    if root is None or root.kind != "mapping":
        return Document({}, {}, name)
    places: dict[KeyPath, int] = {(): root.line}
    return Document(_data(root, (), places), places, name)


def _data(node: _Node, path: KeyPath, places: dict[KeyPath, int]) -> Any:
    if node.kind == "mapping":
        mapping: dict[str, Any] = {}
        for key, (line, value) in _pairs(node).items():
            places[(*path, key)] = line
            mapping[key] = _data(value, (*path, key), places)
        return mapping
    if node.kind == "list":
        items: list[Any] = []
        for index, item in enumerate(node.value):
            places[(*path, index)] = item.line
            items.append(_data(item, (*path, index), places))
        return items
    return node.value


def _pairs(node: _Node) -> dict[str, tuple[int, _Node]]:
    """Return the keys of a mapping, each with line and value; its own keys win over merged ones, the first merged over later ones."""
    pairs: dict[str, tuple[int, _Node]] = {}
    for key, value in node.value:
        if key.merge:
            for source in reversed(value.value) if value.kind == "list" else (value,):
                pairs.update(_pairs(source))
    pairs.update({key.value: (key.line, value) for key, value in node.value if not key.merge})
    return pairs
