"""Values kept in this process's memory."""

from __future__ import annotations

import heapq
import math
import os
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Final, NamedTuple
from weakref import WeakSet

from taskroute.clock import SystemClock
from taskroute.ports import Clock
from taskroute.stores.checks import check_key, check_step, check_value, number_in, ttl_seconds
from taskroute.stores.frequency import Frequencies


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
    """Keeps at most `max_entries` values, for this process alone, and no more than `size` bytes of names and values together.

    At either limit what has expired goes first, then the value that was used least often, of equals the one used longest ago. Every call
    that names a value uses it. Counts are halved from time to time, so that an old favourite that nobody asks for any more makes room
    too. A value that is larger than `size` is not kept, nor is the one it was to replace.

    Safe to share between threads and tasks. A pickled one comes back empty; a forked child goes on with a copy of its own.
    """

    def __init__(self, clock: Clock | None = None, *, max_entries: int = 10_000, size: int | None = None) -> None:
        if max_entries < 1:
            raise ValueError(f"max_entries is {max_entries}; a store needs room for at least 1")
        if size is not None and size < 1:
            raise ValueError(f"size is {size}; a store needs room for at least 1 byte, or None for no limit in bytes")
        self._clock: Clock = SystemClock() if clock is None else clock
        self._max_entries = max_entries
        self._size = size
        self._entries: dict[str, _Entry] = {}
        self._used = Frequencies()
        self._bytes = 0
        """What names and values take together."""
        self._ends: list[tuple[float, str]] = []
        """A heap of when entries end. One that was overwritten or deleted leaves its end behind until that comes up."""
        self._closed = False
        # Reentrant, since the collector may close a forgotten stream, and with it a call, while this thread holds it.
        self._lock = threading.RLock()
        _stores.add(self)

    def get(self, key: str) -> bytes | None:
        """Return the value, or None when there is none or its time is over."""
        check_key(key)
        now = self._clock.now()
        with self._lock:
            entry = self._live(key, now)
            if entry is None:
                return None
            self._used.use(key)
            return entry.value

    def put(self, key: str, value: bytes, ttl: float | None = None) -> None:
        """Keep a value for `ttl` seconds. One that was there is forgotten, and its time with it."""
        check_key(key)
        check_value("value", value)
        now = self._clock.now()
        entry = _Entry(value, _end(now, ttl))
        with self._lock:
            self._check_open()
            self._keep(key, entry, now)

    def delete(self, key: str) -> None:
        """Remove the value, if there is one."""
        check_key(key)
        with self._lock:
            self._check_open()
            self._drop(key)

    def increment(self, key: str, by: int = 1, ttl: float | None = None) -> int:
        """Add to a counter and return what it came to. A new one begins at 0; `ttl` counts from its beginning."""
        check_key(key)
        check_step(by)
        now = self._clock.now()
        until = _end(now, ttl)
        with self._lock:
            entry = self._live(key, now)
            total = by + (0 if entry is None else number_in(key, entry.value))
            self._keep(key, _Entry(b"%d" % total, until if entry is None else entry.until), now)
            return total

    def compare_and_set(self, key: str, expected: bytes | None, value: bytes, ttl: float | None = None) -> bool:
        """Put the value if the present one is `expected` (None: if there is none); return whether it was."""
        check_key(key)
        check_value("value", value)
        if expected is not None:
            check_value("expected value", expected)
        now = self._clock.now()
        put = _Entry(value, _end(now, ttl))
        with self._lock:
            entry = self._live(key, now)
            if (None if entry is None else entry.value) != expected:
                if entry is not None:
                    self._used.use(key)
                return False
            self._keep(key, put, now)
            return True

    def lease(self, key: str, ttl: float) -> bool:
        """Return True to one asker for `ttl` seconds, or until the key is deleted; False to every other."""
        return self.compare_and_set(key, None, b"1", ttl)

    def scan(self, prefix: str) -> Iterator[str]:
        """Return the names that begin with `prefix` now, in no order; what happens meanwhile does not disturb them."""
        check_key(prefix)
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
            self._used.clear()
            self._ends.clear()
            self._bytes = 0

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

    def __getstate__(self) -> tuple[Clock, int, int | None]:
        return self._clock, self._max_entries, self._size

    def __setstate__(self, state: tuple[Clock, int, int | None]) -> None:
        clock, max_entries, size = state
        MemoryStore.__init__(self, clock, max_entries=max_entries, size=size)

    # The rest is called with the lock held.

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("this store was closed; build a new MemoryStore")

    def _live(self, key: str, now: float) -> _Entry | None:
        """Return what is kept under a name, or None when there is nothing or its time is over."""
        self._check_open()
        entry = self._entries.get(key)
        if entry is not None and now >= entry.until:
            self._drop(key)
            return None
        return entry

    def _keep(self, key: str, entry: _Entry, now: float) -> None:
        old = self._live(key, now)
        weight = _weight(key, entry.value)
        if self._size is not None and weight > self._size:
            self._drop(key)
            return
        self._make_room(key, weight if old is None else weight - _weight(key, old.value), now)
        if entry.until < math.inf and (old is None or old.until != entry.until):
            heapq.heappush(self._ends, (entry.until, key))
        self._remove(key)
        self._entries[key] = entry
        self._bytes += _weight(key, entry.value)
        self._used.use(key)
        if len(self._ends) > 2 * len(self._entries) + 64:
            ends = [(kept.until, name) for name, kept in self._entries.items() if kept.until < math.inf]
            heapq.heapify(ends)
            self._ends = ends

    def _make_room(self, key: str, weight: int, now: float) -> None:
        """Drop what has expired when there is no room for so many more bytes under this name, then others, the least used first."""
        if self._fits(key, weight):
            return
        while self._ends and self._ends[0][0] <= now:
            until, name = heapq.heappop(self._ends)
            entry = self._entries.get(name)
            if entry is not None and entry.until == until:
                self._drop(name)
        while not self._fits(key, weight):
            least = self._used.least(other_than=key)
            if least is None:
                return
            self._drop(least)

    def _fits(self, key: str, weight: int) -> bool:
        entries = len(self._entries) + (key not in self._entries)
        return entries <= self._max_entries and (self._size is None or self._bytes + weight <= self._size)

    def _drop(self, key: str) -> None:
        self._remove(key)
        self._used.forget(key)

    def _remove(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= _weight(key, entry.value)


def _end(now: float, ttl: float | None) -> float:
    seconds = ttl_seconds(ttl)
    return math.inf if seconds is None else now + seconds


def _weight(key: str, value: bytes) -> int:
    return len(value) + (len(key) if key.isascii() else len(key.encode("utf-8", "surrogatepass")))
