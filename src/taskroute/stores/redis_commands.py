"""What a Redis store says to its server: each method of a store as one command, with how its reply is read."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final, Generic, NamedTuple, TypeVar

from taskroute.stores.redis_scripts import (
    CHECK,
    COMPARE_AND_SET,
    INCREMENT,
    SIZED_COMPARE_AND_SET,
    SIZED_DELETE,
    SIZED_GET,
    SIZED_INCREMENT,
    SIZED_PUT,
    TALLY,
    TOTAL,
)

T = TypeVar("T")
Word = str | bytes | int

SHARDS: Final = "0123456789abcdef"
"""A sized store is divided into these, each with 1/16 of the size and in one slot of a cluster."""

_FOREVER_MS: Final = 2**52
"""Longer times than this, some 140,000 years, are cut to it: the server's clock and its scripts know no larger numbers."""


class Ask(NamedTuple, Generic[T]):
    """One command, and how its reply is read."""

    words: tuple[Word, ...]
    read: Callable[[Any], T]
    script: str | None = None

    def in_full(self) -> tuple[Word, ...]:
        """Return the command for a server that does not know the script yet."""
        return ("EVAL", self.script or "", *self.words[2:])


class Tally(NamedTuple):
    """What is on the books of a shard. `more` says that other entries have expired and are still counted."""

    more: bool
    entries: int
    size: int


class Page(NamedTuple):
    """Some names, and where the next ones begin; 0 when there are none."""

    next: int
    names: list[str]


class Plain:
    """A store without a size: each name is a key of its own, and nothing is kept about it."""

    def __init__(self, prefix: str) -> None:
        self._base = f"{prefix}::".encode()

    def pattern(self, prefix: str) -> bytes:
        """Return a pattern for SCAN that fits the keys of the names that begin so."""
        return _escaped(self._base + _encoded(prefix)) + b"*"

    def name(self, key: bytes) -> str:
        """Return the name whose key it is."""
        return _decoded(key[len(self._base) :])

    def get(self, key: str) -> Ask[bytes | None]:
        return Ask(("GET", self._key(key)), _value)

    def put(self, key: str, value: bytes, ttl: float | None) -> Ask[None]:
        return Ask(("SET", self._key(key), value, *_px(ttl)), _nothing)

    def delete(self, key: str) -> Ask[None]:
        return Ask(("DEL", self._key(key)), _nothing)

    def increment(self, key: str, by: int, ttl: float | None) -> Ask[int]:
        if ttl is None:
            return Ask(("INCRBY", self._key(key), by), int)
        return _ask(INCREMENT, [self._key(key)], [by, _ms(ttl)], int)

    def compare_and_set(self, key: str, expected: bytes | None, value: bytes, ttl: float | None) -> Ask[bool]:
        if expected is None:
            return Ask(("SET", self._key(key), value, *_px(ttl), "NX"), bool)
        return _ask(COMPARE_AND_SET, [self._key(key)], [expected, value, _ms(ttl)], bool)

    def length(self, key: str) -> Ask[int]:
        """Ask for the bytes of a name and its value."""
        name = len(_encoded(key))

        def read(reply: int) -> int:
            return name + reply

        return Ask(("STRLEN", self._key(key)), read)

    def _key(self, key: str) -> bytes:
        return self._base + _encoded(key)


class Sized:
    """A store of a size in bytes, with books of what it holds beside the entries; all keys of a shard are in one slot of a cluster."""

    def __init__(self, prefix: str, size: int) -> None:
        self._prefix = prefix.encode()
        self._share = size // len(SHARDS)
        self._bases = {shard: b"%b:{%b}:e:" % (self._prefix, shard.encode()) for shard in SHARDS}
        self._books = {
            shard: [b"%b:{%b}:%b" % (self._prefix, shard.encode(), book) for book in (b"f", b"t", b"s", b"c")] for shard in SHARDS
        }

    def pattern(self, prefix: str) -> bytes:
        """Return a pattern for SCAN that fits the keys of the names that begin so, in any shard."""
        return b"%b:{?}:e:%b*" % (_escaped(self._prefix), _escaped(_encoded(prefix)))

    def name(self, key: bytes) -> str:
        """Return the name whose key it is."""
        return _decoded(key[len(self._prefix) + len(":{0}:e:") :])

    def get(self, key: str) -> Ask[bytes | None]:
        return self._ask(SIZED_GET, key, (), _value)

    def put(self, key: str, value: bytes, ttl: float | None) -> Ask[None]:
        return self._ask(SIZED_PUT, key, (value, _ms(ttl)), _nothing)

    def delete(self, key: str) -> Ask[None]:
        return self._ask(SIZED_DELETE, key, (), _nothing)

    def increment(self, key: str, by: int, ttl: float | None) -> Ask[int]:
        return self._ask(SIZED_INCREMENT, key, (by, _ms(ttl)), int)

    def compare_and_set(self, key: str, expected: bytes | None, value: bytes, ttl: float | None) -> Ask[bool]:
        given = (0, b"") if expected is None else (1, expected)
        return self._ask(SIZED_COMPARE_AND_SET, key, (value, _ms(ttl), *given), bool)

    def tally(self, shard: str) -> Ask[Tally]:
        """Ask what is on the books of a shard, after dropping some of what has expired."""
        return self._of_shard(TALLY, shard, (), lambda reply: Tally(bool(reply[0]), int(reply[1]), int(reply[2])))

    def pages(self, shard: str) -> list[Callable[[int], Ask[Page]]]:
        """Return for each book of a shard how to ask for a page of its names, from where the last one ended; 0 begins."""
        frequencies, times, sizes, _ = self._books[shard]
        return [partial(_page, "ZSCAN", frequencies), partial(_page, "ZSCAN", times), partial(_page, "HSCAN", sizes)]

    def check(self, shard: str, names: Iterable[str], *, repair: bool) -> Ask[list[str]]:
        """Ask which names of a shard are not on its books as they should be, and mend that if asked to."""
        return self._of_shard(CHECK, shard, (int(repair), *map(_encoded, names)), _findings)

    def total(self, shard: str, *, repair: bool) -> Ask[list[str]]:
        """Ask whether a shard's sum is right, and mend it if asked to."""

        def read(reply: list[int]) -> list[str]:
            recorded, summed = reply
            return [] if recorded == summed else [f"shard {shard}: the books say {recorded} bytes, its entries come to {summed}"]

        return self._of_shard(TOTAL, shard, (int(repair),), read)

    def shard(self, name: str) -> str:
        """Return the shard that a name belongs to."""
        return hashlib.sha256(_encoded(name)).hexdigest()[0]

    def _ask(self, script: str, key: str, given: tuple[Word, ...], read: Callable[[Any], T]) -> Ask[T]:
        shard, name = self.shard(key), _encoded(key)
        base = self._bases[shard]
        return _ask(script, [base + name, *self._books[shard]], [base, self._share, name, *given], read)

    def _of_shard(self, script: str, shard: str, given: tuple[Word, ...], read: Callable[[Any], T]) -> Ask[T]:
        base = self._bases[shard]
        return _ask(script, [base, *self._books[shard]], [base, self._share, *given], read)


def check_prefix(prefix: str) -> None:
    """Raise ValueError unless a prefix keeps its keys apart from those of every other prefix."""
    if not re.fullmatch(r"[\w.-]+(:[\w.-]+)*", prefix):
        raise ValueError(f"the prefix {prefix!r} is not possible; write letters, digits, '_', '-' and '.', with single ':' between them")


_digests: Final[dict[str, str]] = {}


def _ask(script: str, keys: list[bytes], given: list[Word], read: Callable[[Any], T]) -> Ask[T]:
    digest = _digests.get(script)
    if digest is None:
        # The server names its scripts so; nothing depends on that being hard to forge.
        digest = _digests[script] = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
    return Ask(("EVALSHA", digest, len(keys), *keys, *given), read, script)


def _page(command: str, book: bytes, cursor: int) -> Ask[Page]:
    def read(reply: tuple[int, Any]) -> Page:
        following, names = reply
        return Page(int(following), [_decoded(name) for name in dict(names)])

    return Ask((command, book, cursor, "COUNT", 500), read)


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


def _decoded(name: bytes) -> str:
    return name.decode("utf-8", "surrogatepass")


def _escaped(text: bytes) -> bytes:
    return re.sub(rb"([\\*?\[\]])", rb"\\\1", text)


def _ms(ttl: float | None) -> int:
    """Return a time to live in milliseconds; 0 is for ever."""
    return 0 if ttl is None else max(1, math.ceil(min(ttl * 1000, _FOREVER_MS)))


def _px(ttl: float | None) -> tuple[Word, ...]:
    return () if ttl is None else ("PX", _ms(ttl))


def _value(reply: bytes | None) -> bytes | None:
    return reply


def _nothing(_: object) -> None:
    return None


def _findings(reply: list[bytes]) -> list[str]:
    return [f"{_decoded(name)!r} {problem.decode()}" for name, problem in zip(reply[::2], reply[1::2], strict=True)]
