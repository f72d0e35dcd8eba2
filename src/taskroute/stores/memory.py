"""Values kept in this process's memory."""

from __future__ import annotations

import heapq
import math
import os
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from typing import Final, NamedTuple
from weakref import WeakSet

from taskroute.clock import SystemClock
from taskroute.ports import Clock


class _Entry(NamedTuple):
    value: bytes
    until: float
    """A reading of the clock; infinity when it is kept until it is deleted."""


_stores: Final[WeakSet[MemoryStore]] = WeakSet()


def _after_fork() -> None:
    """A lock that another thread held during the fork would never be released in the child."""
    for store in _stores:
        store.renew_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class MemoryStore:
    """Keeps at most `max_entries` values, for this process alone; when there are more, the one least recently used goes.

    Safe to share between threads and tasks. A pickled one comes back empty; a forked child goes on with a copy of its own.
    """

    def __init__(self, clock: Clock | None = None, *, max_entries: int = 10_000) -> None:
        if max_entries < 1:
            raise ValueError(f"max_entries is {max_entries}; a store needs room for at least 1")
        self._clock: Clock = SystemClock() if clock is None else clock
        self._max_entries = max_entries
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        """The least recently used comes first."""
        self._ends: list[tuple[float, str]] = []
        """A heap of when entries end. One that was overwritten or deleted leaves its end behind until that comes up."""
        self._closed = False
        # Reentrant, since the collector may close a forgotten stream, and with it a call, while this thread holds it.
        self._lock = threading.RLock()
        _stores.add(self)

    def get(self, key: str) -> bytes | None:
        """Return the value, or None when there is none or its time is over."""
        _check_key(key)
        now = self._clock.now()
        with self._lock:
            entry = self._live(key, now)
            return None if entry is None else entry.value

    def put(self, key: str, value: bytes, ttl: float | None = None) -> None:
        """Keep a value for `ttl` seconds. One that was there is forgotten, and its time with it."""
        _check_key(key)
        _check_value("value", value)
        now = self._clock.now()
        entry = _Entry(value, _end(now, ttl))
        with self._lock:
            self._check_open()
            self._keep(key, entry, now)

    def delete(self, key: str) -> None:
        """Remove the value, if there is one."""
        _check_key(key)
        with self._lock:
            self._check_open()
            self._entries.pop(key, None)

    def increment(self, key: str, by: int = 1, ttl: float | None = None) -> int:
        """Add to a counter and return what it came to. A new one begins at 0; `ttl` counts from its beginning."""
        _check_key(key)
        if not isinstance(by, int) or isinstance(by, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"a counter goes up by an int, not by {by!r}; count in smaller units, such as cents")
        now = self._clock.now()
        until = _end(now, ttl)
        with self._lock:
            entry = self._live(key, now)
            total = by + (0 if entry is None else _number(key, entry.value))
            self._keep(key, _Entry(b"%d" % total, until if entry is None else entry.until), now)
            return total

    def compare_and_set(self, key: str, expected: bytes | None, value: bytes, ttl: float | None = None) -> bool:
        """Put the value if the present one is `expected` (None: if there is none); return whether it was."""
        _check_key(key)
        _check_value("value", value)
        if expected is not None:
            _check_value("expected value", expected)
        now = self._clock.now()
        put = _Entry(value, _end(now, ttl))
        with self._lock:
            entry = self._live(key, now)
            if (None if entry is None else entry.value) != expected:
                return False
            self._keep(key, put, now)
            return True

    def lease(self, key: str, ttl: float) -> bool:
        """Return True to one asker for `ttl` seconds, or until the key is deleted; False to every other."""
        return self.compare_and_set(key, None, b"1", ttl)

    def scan(self, prefix: str) -> Iterator[str]:
        """Return the names that begin with `prefix` now, in no order; what happens meanwhile does not disturb them."""
        _check_key(prefix)
        now = self._clock.now()
        with self._lock:
            self._check_open()
            entries = list(self._entries.items())
        return iter([key for key, entry in entries if now < entry.until and key.startswith(prefix)])

    def close(self) -> None:
        """Forget everything. A closed store cannot be used again; closing it twice is no fault."""
        with self._lock:
            self._closed = True
            self._entries.clear()
            self._ends.clear()

    async def aget(self, key: str) -> bytes | None:
        return self.get(key)

    async def aput(self, key: str, value: bytes, ttl: float | None = None) -> None:
        self.put(key, value, ttl)

    async def adelete(self, key: str) -> None:
        self.delete(key)

    async def aincrement(self, key: str, by: int = 1, ttl: float | None = None) -> int:
        return self.increment(key, by, ttl)

    async def acompare_and_set(self, key: str, expected: bytes | None, value: bytes, ttl: float | None = None) -> bool:
        return self.compare_and_set(key, expected, value, ttl)

    async def alease(self, key: str, ttl: float) -> bool:
        return self.lease(key, ttl)

    async def ascan(self, prefix: str) -> AsyncIterator[str]:
        for key in self.scan(prefix):
            yield key

    async def aclose(self) -> None:
        self.close()

    def renew_lock(self) -> None:
        """Take a new lock. Only for the child of a fork, in which no other thread runs."""
        self._lock = threading.RLock()

    def __getstate__(self) -> tuple[Clock, int]:
        return self._clock, self._max_entries

    def __setstate__(self, state: tuple[Clock, int]) -> None:
        clock, max_entries = state
        MemoryStore.__init__(self, clock, max_entries=max_entries)

    # The rest is called with the lock held.

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("this store was closed; build a new MemoryStore")

    def _live(self, key: str, now: float) -> _Entry | None:
        """Return what is kept under a name, as the most recently used, or None when there is nothing or its time is over."""
        self._check_open()
        entry = self._entries.get(key)
        if entry is None:
            return None
        if now >= entry.until:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry

    def _keep(self, key: str, entry: _Entry, now: float) -> None:
        old = self._entries.get(key)
        if old is None and len(self._entries) >= self._max_entries:
            self._make_room(now)
        if entry.until < math.inf and (old is None or old.until != entry.until):
            heapq.heappush(self._ends, (entry.until, key))
        self._entries[key] = entry
        self._entries.move_to_end(key)
        if len(self._ends) > 2 * len(self._entries) + 64:
            ends = [(kept.until, name) for name, kept in self._entries.items() if kept.until < math.inf]
            heapq.heapify(ends)
            self._ends = ends

    def _make_room(self, now: float) -> None:
        """Drop what has expired, or else the entry that was used least recently."""
        while self._ends and self._ends[0][0] <= now:
            until, key = heapq.heappop(self._ends)
            entry = self._entries.get(key)
            if entry is not None and entry.until == until:
                del self._entries[key]
        while len(self._entries) >= self._max_entries:
            self._entries.popitem(last=False)


def _check_key(key: str) -> None:
    if not isinstance(key, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        cure = "decode it" if isinstance(key, bytes) else f"write it as text, such as {str(key)!r}"
        raise TypeError(f"a name in a store is a str, not {type(key).__name__}; {cure}")


def _check_value(what: str, value: bytes) -> None:
    if not isinstance(value, bytes):  # pyright: ignore[reportUnnecessaryIsInstance]
        cure = (
            "encode it, such as by .encode()" if isinstance(value, str) else "turn it into bytes first, such as by json.dumps(…).encode()"
        )
        raise TypeError(f"a store keeps bytes, and this {what} is {type(value).__name__}; {cure}")


def _end(now: float, ttl: float | None) -> float:
    if ttl is None:
        return math.inf
    if not isinstance(ttl, int | float) or isinstance(ttl, bool):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"a ttl is a number of seconds, not {ttl!r}; give seconds, or None to keep the value until it is deleted")
    if not 0 < ttl < math.inf:
        raise ValueError(
            f"a ttl of {ttl!r} is not possible; give a number of seconds above 0, or None to keep the value until it is deleted"
        )
    return now + ttl


def _number(key: str, value: bytes) -> int:
    if value.removeprefix(b"-").isdigit():
        return int(value)
    raise ValueError(f"{key!r} holds no number, so that nothing can be added to it; count under another name, or delete it first")
