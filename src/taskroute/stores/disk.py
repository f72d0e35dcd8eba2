"""Values kept in a directory, for all processes of this machine that name it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, ParamSpec, TypeVar
from weakref import WeakSet

from taskroute.clock import SystemClock
from taskroute.errors import ConfigurationError
from taskroute.ports import Clock
from taskroute.stores.checks import check_key, check_step, check_value, ttl_seconds
from taskroute.stores.database import Database
from taskroute.stores.directory import check_private

T = TypeVar("T")
P = ParamSpec("P")

_SMALLEST: Final = 200_000
"""Of which an empty database takes about a twentieth."""

_THREADS: Final = 4

_stores: Final[WeakSet[DiskStore]] = WeakSet()


def _after_fork() -> None:
    """Locks, threads and connections are the parent's; the child takes new ones."""
    for store in list(_stores):
        store.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class DiskStore:
    """Keeps values in a directory, for every thread, task and process that names it, and after they have ended.

    `size` is how many bytes the database may take (its write-ahead log, some megabytes at most, comes on top); None is no limit. At the
    limit what has expired goes first, then the value used least often of late. A value that would not fit even alone, with about 80 kB
    for the tables, is not kept, nor is the one that it was to replace, and no other goes for it. `timeout` is how many seconds a write
    waits for others that write, before it raises TimeoutError.

    Values and names are never pickled or unpickled: a row that this store did not write, or that was damaged, is no value, is dropped, and
    costs one warning. A database that cannot be read any more is moved to `cache.db.broken`, with one warning, and the store begins empty;
    a directory that vanished is made again, and so are tables. Other faults raise OSError or sqlite3.Error, such as a disk that is full.

    The directory is made at the first use, with those above it that are missing, for this user alone. Raises ConfigurationError when
    everybody may write to it or could replace it, when it belongs to another user than this one or root, and when diskcache is not
    installed. The async methods work in up to four threads of the store's own.

    A pickled store opens the same directory again. A fork waits, for a second at most, for threads that use a store, and parent and child
    go on with connections of their own. Where a thread takes longer, or is itself the one that forks, the child's stores raise OSError.
    """

    def __init__(self, path: str | os.PathLike[str], *, size: int | None = None, clock: Clock | None = None, timeout: float = 0.5) -> None:
        try:
            from taskroute.stores.entries import Entries
        except ModuleNotFoundError as error:
            if error.name != "diskcache":
                raise
            raise ConfigurationError("a store on disk needs the diskcache package: pip install 'taskroute[disk]'") from None
        if size is not None and size < _SMALLEST:
            raise ValueError(f"size is {size}; a store on disk needs room for at least {_SMALLEST} bytes, or None for no limit")
        if not 0 < timeout < threading.TIMEOUT_MAX:
            raise ValueError(f"timeout is {timeout!r}; give a number of seconds above 0")
        directory = _directory(path)
        check_private(directory)
        self._given = directory, size, clock, timeout
        self._database = Database(directory, timeout)
        self._entries = Entries(self._database, directory, SystemClock() if clock is None else clock, size)
        self._threads: ThreadPoolExecutor | None = None
        self._threads_lock = threading.Lock()
        self._closed = False
        _stores.add(self)

    def get(self, key: str) -> bytes | None:
        """Return the value, or None when there is none or its time is over."""
        check_key(key)
        return self._do(self._entries.get, key)

    def put(self, key: str, value: bytes, ttl: float | None = None) -> None:
        """Keep a value for `ttl` seconds. One that was there is forgotten, and its time with it."""
        check_key(key)
        check_value("value", value)
        self._do(self._entries.put, key, value, ttl_seconds(ttl))

    def delete(self, key: str) -> None:
        """Remove the value, if there is one."""
        check_key(key)
        self._do(self._entries.delete, key)

    def increment(self, key: str, by: int = 1, ttl: float | None = None) -> int:
        """Add to a counter and return what it came to. A new one begins at 0; `ttl` counts from its beginning."""
        check_key(key)
        check_step(by)
        return self._do(self._entries.increment, key, by, ttl_seconds(ttl))

    def compare_and_set(self, key: str, expected: bytes | None, value: bytes, ttl: float | None = None) -> bool:
        """Put the value if the present one is `expected` (None: if there is none); return whether it was."""
        check_key(key)
        check_value("value", value)
        if expected is not None:
            check_value("expected value", expected)
        return self._do(self._entries.compare_and_set, key, expected, value, ttl_seconds(ttl))

    def lease(self, key: str, ttl: float) -> bool:
        """Return True to one asker for `ttl` seconds, or until the key is deleted; False to every other."""
        return self.compare_and_set(key, None, b"1", ttl)

    def scan(self, prefix: str) -> Iterator[str]:
        """Yield the names that begin with `prefix`, some hundreds at a time. One put or deleted meanwhile may be found or not."""
        check_key(prefix)
        self._check_open()
        return self._scan(prefix)

    def count(self) -> int:
        """Return how many values have time left."""
        return self._do(self._entries.count)

    def verify(self, repair: bool = False) -> list[str]:
        """Return one sentence for each fault of the database or of an entry; with `repair`, remove what is at fault.

        Reads every value, and with `repair` nobody else can write meanwhile. Of the files beside the database it looks at
        `cache.db.broken` alone.
        """
        from taskroute.stores.verify import verify

        self._check_open()
        return verify(self._database, repair=repair)

    def clear(self) -> None:
        """Remove every value, and what an earlier database left behind; on a full disk too, where nothing can be written."""
        self._do(self._entries.clear)

    def close(self) -> None:
        """Close the database; its values stay. A closed store cannot be used again; closing it twice is no fault."""
        if self._closed:
            return
        with self._threads_lock:
            self._closed = True
            threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown()
        try:
            self._entries.write_hits()
        except (OSError, sqlite3.Error):
            self._entries.forget_hits()
        with suppress(OSError):
            self._database.close()

    async def aget(self, key: str) -> bytes | None:
        return await self._in_thread(self.get, key)

    async def aput(self, key: str, value: bytes, ttl: float | None = None) -> None:
        await self._in_thread(self.put, key, value, ttl)

    async def adelete(self, key: str) -> None:
        await self._in_thread(self.delete, key)

    async def aincrement(self, key: str, by: int = 1, ttl: float | None = None) -> int:
        return await self._in_thread(self.increment, key, by, ttl)

    async def acompare_and_set(self, key: str, expected: bytes | None, value: bytes, ttl: float | None = None) -> bool:
        return await self._in_thread(self.compare_and_set, key, expected, value, ttl)

    async def alease(self, key: str, ttl: float) -> bool:
        return await self._in_thread(self.lease, key, ttl)

    async def ascan(self, prefix: str) -> AsyncIterator[str]:
        check_key(prefix)
        after: str | None = None
        while True:
            page = await self._in_thread(self._do, self._entries.names, prefix, after)
            for name in page.names:
                yield name
            if page.last is None:
                return
            after = page.last

    async def aclose(self) -> None:
        # Not in a thread of the store's own, which closing waits for.
        await asyncio.to_thread(self.close)

    def after_fork(self) -> None:
        """Take new locks. Only for the child of a fork, in which no other thread runs."""
        self._threads_lock = threading.Lock()
        self._threads = None
        self._entries.forget_hits()
        self._database.after_fork()

    def __getstate__(self) -> tuple[Path, int | None, Clock | None, float]:
        return self._given

    def __setstate__(self, state: tuple[Path, int | None, Clock | None, float]) -> None:
        path, size, clock, timeout = state
        DiskStore.__init__(self, path, size=size, clock=clock, timeout=timeout)

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("this store was closed; build a new DiskStore")

    def _do(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Work on the database; when that fails of something that can be mended, once more."""
        self._check_open()
        try:
            return work(*args, **kwargs)
        except sqlite3.DatabaseError as error:
            if not self._database.mend(error):
                raise
            return work(*args, **kwargs)

    def _scan(self, prefix: str) -> Iterator[str]:
        after: str | None = None
        while True:
            page = self._do(self._entries.names, prefix, after)
            yield from page.names
            if page.last is None:
                return
            after = page.last

    async def _in_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        with self._threads_lock:
            self._check_open()
            if self._threads is None:
                self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="taskroute disk")
            future = self._threads.submit(work, *args, **kwargs)
        return await asyncio.wrap_future(future)

    # Last, since from here on the class has another meaning for the name.
    def bytes(self) -> int:
        """Return how many bytes of the database are in use, indexes and all."""
        return self._do(self._entries.used)


def _directory(path: str | os.PathLike[str]) -> Path:
    directory = Path(path).expanduser().absolute()
    if os.path.expandvars(directory) != str(directory):
        raise ConfigurationError(f"the path of a store on disk, {str(directory)!r}, names a variable; write out what it stands for")
    return directory
