"""Counts of what the cache was good for, by stage. They are collected here, and added to the store's from time to time."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from taskroute.cache.entry import is_sound
from taskroute.types import Cost
from taskroute.warn import warn_once

Counts = dict[tuple[str, str], int]
"""What is counted and the stage, '' for none, to how much came since."""

_EVERY: Final = 5.0
_MANY: Final = 256
MICRO: Final = 1_000_000
"""Costs are counted in millionths of their currency."""


class Tally:
    """Counts that wait to be written down. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._saved: dict[tuple[str, str], Decimal] = {}
        """Millionths by currency and stage; what is less than one waits for more."""
        self._events = 0
        self._written = time.monotonic()

    def note(self, what: str, stage: str | None, saved: Cost | None = None) -> bool:
        """Count one `hits`, `misses`, `stale` or `stored`; return whether it is time to write down what there is."""
        with self._lock:
            self._counts[what, stage or ""] += 1
            if saved is not None and is_sound(saved.amount):
                place = saved.currency, stage or ""
                self._saved[place] = self._saved.get(place, Decimal(0)) + saved.amount * MICRO
            self._events += 1
            return self._events >= _MANY or time.monotonic() - self._written >= _EVERY

    def take(self) -> Counts:
        """Return what came since the last time, which is then forgotten here."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
            self._events, self._written = 0, time.monotonic()
            for (currency, stage), amount in self._saved.items():
                whole = int(amount)
                self._saved[currency, stage] = amount - whole
                if whole:
                    counts[f"saved/{currency}", stage] += whole
            return dict(counts)

    def write(self, add: Callable[[str, str, int], bool]) -> None:
        """Have every count added to what is written down; `add` returns whether it was. What was not stays here, for the next time."""
        left = self.take()
        try:
            for (what, stage), count in [*left.items()]:
                if _added(add, what, stage, count):
                    del left[what, stage]
        finally:
            with self._lock:
                self._counts.update(left)


def _added(add: Callable[[str, str, int], bool], what: str, stage: str, count: int) -> bool:
    try:
        return add(what, stage, count)
    except Exception as error:  # noqa: BLE001 - one count that cannot be written costs no other
        name = type(error).__name__
        warn_once("cache", f"add {name}", f"a count of the cache could not be written down ({name})")
        return False
