"""The two ways to use a store, sync and async, for tests that must hold for both; and threads that begin at once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

from taskroute.ports import Store

T = TypeVar("T")

THREADS = 8


def at_once(work: Callable[[int], T]) -> list[T]:
    """Return what the work comes to in each of the threads, which begin together."""
    barrier = Barrier(THREADS)

    def begin(number: int) -> T:
        barrier.wait()
        return work(number)

    interval = sys.getswitchinterval()
    # Threads then take turns in the middle of what must not be divided.
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(begin, range(THREADS)))
    finally:
        sys.setswitchinterval(interval)


class Plainly:
    """A store by its sync methods."""

    def __init__(self, store: Store) -> None:
        self.get = store.get
        self.put = store.put
        self.delete = store.delete
        self.increment = store.increment
        self.compare_and_set = store.compare_and_set
        self.lease = store.lease
        self.scan: Callable[[str], list[str]] = lambda prefix: sorted(store.scan(prefix))
        self.close = store.close


class Awaited:
    """A store by its async methods, each awaited in one and the same loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._runner = asyncio.Runner()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        twin = getattr(self._store, f"a{name}")
        return lambda *given: self._runner.run(twin(*given))

    def scan(self, prefix: str) -> list[str]:
        async def names() -> list[str]:
            return sorted([name async for name in self._store.ascan(prefix)])

        return self._runner.run(names())

    def close(self) -> None:
        self._runner.run(self._store.aclose())
        self._runner.close()


Way = Plainly | Awaited
