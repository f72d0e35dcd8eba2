"""Equal calls at once: the first one asks the model, the others wait for its answer, in this process.

They wait a bounded time, and never for the reader of a stream who takes its time.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
import weakref
from typing import Final, Literal

from taskroute.stored import Entry

_GLANCE: Final = 0.05
"""Seconds after which a waiting call looks whether it is still worth it."""
_PATIENCE: Final = 0.25
"""Seconds that the reader of a stream may take, all in all, while others wait."""

End = Literal["", "stored", "nothing", "cancelled"]
"""`nothing`: the model failed, or gave nothing to store; `cancelled`: the call was given up, and another may take its place."""


class Flight:
    """A call under way that equal calls may wait for. Safe to use from any thread and any event loop."""

    def __init__(self) -> None:
        self.ended: End = ""
        self.entry: Entry | None = None
        """What it was worth, where that may be served to the others."""
        self._thread = threading.get_ident()
        # Locked until it has ended. An event would not do: the collector may close a forgotten stream, and with it end a flight, in the
        # midst of waiting for that very event.
        self._latch = threading.Lock()
        self._latch.acquire()
        self._lock = threading.RLock()
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []
        self._away_since: float | None = None
        self._away = 0.0

    def away(self) -> None:
        """Note that the reader has a chunk."""
        self._away_since = time.monotonic()

    def back(self) -> None:
        """Note that the reader wants the next one."""
        since, self._away_since = self._away_since, None
        if since is not None:
            self._away += time.monotonic() - since

    def is_here(self) -> bool:
        """Return whether it is a call of this very thread."""
        return self._thread == threading.get_ident()

    def is_slow(self) -> bool:
        """Return whether the reader of its stream has taken more time than anybody should wait for."""
        since = self._away_since
        return self._away + (0.0 if since is None else time.monotonic() - since) > _PATIENCE

    def end(self, how: End, entry: Entry | None = None) -> None:
        """Let go of everybody who waits. The first end counts."""
        with self._lock:
            if self.ended:
                return
            self.entry = entry
            self.ended = how
            waiters, self._waiters = self._waiters, []
        self._latch.release()
        for loop, waiter in waiters:
            try:
                loop.call_soon_threadsafe(_wake, waiter)
            except RuntimeError:
                # That loop is closed, and nobody waits there any longer.
                continue

    def wait(self, until: float) -> None:
        """Return when it has ended, when the reader is slow, or at a reading of the monotonic clock."""
        while not self._latch.acquire(timeout=_glance(until)):
            if time.monotonic() >= until or self.is_slow():
                return
        self._latch.release()

    async def await_(self, until: float) -> None:
        """The same without blocking the event loop."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        with self._lock:
            if self.ended:
                return
            self._waiters.append((loop, waiter))
        try:
            while not (await asyncio.wait({waiter}, timeout=_glance(until)))[0]:
                if time.monotonic() >= until or self.is_slow():
                    return
        finally:
            with self._lock:
                self._waiters = [each for each in self._waiters if each[1] is not waiter]
            waiter.cancel()


class Flights:
    """The calls of this process that are under way, by their keys."""

    def __init__(self) -> None:
        self._flights: dict[str, Flight] = {}
        self._lock = threading.RLock()
        _alive.add(self)

    def join(self, key: str) -> tuple[Flight, bool]:
        """Return the call under way, and whether it is the asker's own: then the asker must end it."""
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None:
                return flight, False
            flight = self._flights[key] = Flight()
            return flight, True

    def take_over(self, key: str, late: Flight) -> Flight | None:
        """Return a call of the asker's own, in the place of one that was waited for in vain; None where there is another by now."""
        with self._lock:
            if self._flights.get(key) is not late:
                return None
            flight = self._flights[key] = Flight()
            return flight

    def end(self, key: str, flight: Flight, how: End, entry: Entry | None = None) -> None:
        """End a call: those who come from now on find none under way."""
        with self._lock:
            if self._flights.get(key) is flight:
                del self._flights[key]
        flight.end(how, entry)

    def forget(self) -> None:
        """Begin anew. Only for the child of a fork, in which nobody flies and no other thread runs."""
        self._flights = {}
        self._lock = threading.RLock()


def _glance(until: float) -> float:
    return max(0.0, min(_GLANCE, until - time.monotonic()))


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


_alive: Final[weakref.WeakSet[Flights]] = weakref.WeakSet()


def _after_fork() -> None:
    for flights in _alive:
        flights.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
