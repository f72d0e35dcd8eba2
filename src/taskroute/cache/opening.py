"""The cache that a policy names. What it needs is loaded here, and nothing is opened before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from taskroute.cache.names import MARKS, quoted, unquoted
from taskroute.cache.responses import ResponseCache
from taskroute.cache.terms import partitions
from taskroute.policy.caching import Cache
from taskroute.ports import Clock, Store
from taskroute.stores.memory import MemoryStore
from taskroute.variables import from_environment

_SHARED: Final = "answers"
_MANY: Final = 2**31
"""Entries of a memory store, whose limit is its size."""
_MANY_MARKS: Final = 200_000
_TIMEOUT: Final = 0.5


def open_cache(
    cache: Cache, clock: Clock, environ: Mapping[str, str], given: Store | None = None, *, timeout: float = _TIMEOUT
) -> ResponseCache:
    """Return the cache of a policy; `given` is a store of the caller's that takes the place of the policy's, and is not closed.

    `timeout` is how many seconds a store on disk or in Redis is waited for. Raises ConfigurationError for a store whose package or
    address is missing.
    """
    if given is not None:
        return ResponseCache(lambda partition: given, clock, shared=not isinstance(given, MemoryStore), owns=False)
    rooms = partitions(cache)
    if cache.store == "memory":
        return ResponseCache(lambda name: _in_memory(clock, rooms.get(name)), clock, shared=False, marks=MARKS)
    if cache.store == "redis":
        from taskroute.stores.redis import RedisStore

        url = from_environment(cache.url or "", environ, key="cache.url", instead="the address")
        return ResponseCache(lambda name: RedisStore(url, size=rooms.get(name), prefix=_prefix(name), timeout=timeout), clock, marks=MARKS)
    from taskroute.stores.disk import DiskStore

    path = Path(cache.path)
    return ResponseCache(
        lambda name: DiskStore(path / folder_of(name), size=rooms.get(name), clock=clock, timeout=timeout), clock, marks=MARKS
    )


def _in_memory(clock: Clock, room: int | None) -> MemoryStore:
    return MemoryStore(clock, max_entries=_MANY_MARKS if room is None else _MANY, size=room)


def folder_of(partition: str) -> str:
    """Return the folder of a partition, `answers` for that of all answers without a size of their own."""
    return quoted(partition.replace(" ", "-", 1), safe="-") if partition else _SHARED


def partition_of(folder: str) -> str:
    """Return the partition of a folder."""
    return "" if folder == _SHARED else unquoted(folder).replace("-", " ", 1)


def _prefix(partition: str) -> str:
    # A prefix may not hold all that a name may.
    return f"taskroute:{sha256(partition.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}" if partition else "taskroute"
