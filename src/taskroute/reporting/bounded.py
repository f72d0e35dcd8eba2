"""Collections that stay small however much is put into them."""

from __future__ import annotations

import heapq
import itertools
import math
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final, Generic, TypeVar

T = TypeVar("T")
Rank = tuple[Decimal, float, int]

_SLOTS: Final = 1 << 19
_GROWTH: Final = math.log(1.02)
_SHORTEST: Final = 1e-6
_LONGEST: Final = 1e7


class Remembered:
    """Remembers ids of spans: about the last half million of them, in four megabytes.

    It may forget one, and never takes a new one for one that it knows, but by a chance of one to 2⁶⁴.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * _SLOTS))

    def add(self, key: int) -> bool:
        """Remember an id; return whether it was new."""
        own, slot = self._place(key)
        is_new = self._slots[slot] != own
        self._slots[slot] = own
        return is_new

    def __contains__(self, key: int) -> bool:
        own, slot = self._place(key)
        return self._slots[slot] == own

    @staticmethod
    def _place(key: int) -> tuple[int, int]:
        # Ids that count up, as a test or a poor generator makes them, spread like any other.
        folded = key ^ (key >> 64) * 0xC2B2AE3D27D4EB4F ^ (key >> 128) * 0x165667B19E3779F9
        own = (folded * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        return own or 1, own >> 45


class Groups(Generic[T]):
    """A value for each name; what comes after `most` names shares one."""

    def __init__(self, make: Callable[[], T], *, most: int) -> None:
        self._make = make
        self._most = most
        self._named: dict[str | None, T] = {}
        self.rest: T | None = None
        """What all further names share; None where there are none."""

    def __getitem__(self, name: str | None) -> T:
        found = self._named.get(name)
        if found is not None:
            return found
        if len(self._named) < self._most:
            return self._named.setdefault(name, self._make())
        if self.rest is None:
            self.rest = self._make()
        return self.rest

    def items(self) -> Iterator[tuple[str | None, T]]:
        """Yield the names that have a value of their own."""
        yield from self._named.items()


class Latest(Generic[T]):
    """The values put in last, by key."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._values: OrderedDict[int, T] = OrderedDict()

    def put(self, key: int, value: T) -> T | None:
        """Put a value in; return the oldest one, which has to make room for it, if there is none left."""
        self._values[key] = value
        return self._values.popitem(last=False)[1] if len(self._values) > self._most else None

    def get(self, key: int) -> T | None:
        return self._values.get(key)

    def take(self, key: int) -> T | None:
        """Return a value, and forget it."""
        return self._values.pop(key, None)

    def take_all(self) -> list[T]:
        values, self._values = [*self._values.values()], OrderedDict()
        return values


class Greatest(Generic[T]):
    """The values of the greatest rank, whatever the order they come in."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._numbers = itertools.count()
        self._heap: list[tuple[Rank, int, T]] = []

    def offer(self, rank: Rank, value: T) -> T | None:
        """Keep a value if its rank is among the greatest; return the one that is not, any more or at all."""
        # The number keeps two of one rank from being compared by themselves.
        entry = (rank, next(self._numbers), value)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, entry)
            return None
        return heapq.heappushpop(self._heap, entry)[2]

    def in_order(self) -> list[T]:
        """Return the values, the greatest first."""
        return [value for _, _, value in sorted(self._heap, key=lambda entry: entry[:2], reverse=True)]


class Sketch:
    """Percentiles of durations, right to one part in a hundred."""

    __slots__ = ("_counts", "_greatest", "_least", "count")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._least = math.inf
        self._greatest = 0.0
        self.count = 0

    def add(self, seconds: float) -> None:
        kept = min(max(seconds, _SHORTEST), _LONGEST)
        step = math.ceil(math.log(kept) / _GROWTH)
        self._counts[step] = self._counts.get(step, 0) + 1
        self._least, self._greatest = min(self._least, seconds), max(self._greatest, seconds)
        self.count += 1

    def merge(self, other: Sketch) -> None:
        for step, count in other._counts.items():
            self._counts[step] = self._counts.get(step, 0) + count
        self._least, self._greatest = min(self._least, other._least), max(self._greatest, other._greatest)
        self.count += other.count

    def percentile(self, share: float) -> float | None:
        """Return the duration that this share of them does not exceed; None where there are none."""
        wanted, passed = max(1, math.ceil(share * self.count)), 0
        for step in sorted(self._counts):
            passed += self._counts[step]
            if passed >= wanted:
                # The middle of a step, which is at most a hundredth away from all in it.
                middle = 2 * math.exp(step * _GROWTH) / (1 + math.exp(_GROWTH))
                return min(max(middle, self._least), self._greatest)
        return None
