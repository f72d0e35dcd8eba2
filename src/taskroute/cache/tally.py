"""Counts of what the cache was good for, by stage. They are collected here, and added to the store's from time to time."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from taskroute.types import Cost

Counts = dict[tuple[str, str], int]
"""What is counted and the stage, '' for none, to how much came since."""

_EVERY: Final = 5.0
_MANY: Final = 64
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
            if saved is not None and saved.amount:
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

    def write(self, add: Callable[[str, str, int], object]) -> None:
        """Have every count added to what is written down."""
        for (what, stage), count in self.take().items():
            add(what, stage, count)
