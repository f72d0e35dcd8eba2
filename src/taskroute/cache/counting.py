"""What the cache counts, by namespace, and writing it down. Nothing that goes wrong here costs a call."""

from __future__ import annotations

import functools
from typing import Final

from taskroute.cache import names
from taskroute.cache.access import Access, Budget, Op
from taskroute.cache.tally import Tally
from taskroute.types import Cost
from taskroute.warn import warn_once

_DIGITS: Final = 30
"""No number that is counted has more."""


def number_of(data: bytes) -> int | None:
    """Return what was counted; None when the bytes are no such number."""
    return int(data) if data.isdigit() and len(data) <= _DIGITS else None


class Counting:
    """Counts that wait to be written to the store."""

    def __init__(self) -> None:
        self._tallies: dict[str, Tally] = {}

    def note(self, what: str, namespace: str, stage: str | None, saved: Cost | None = None) -> bool:
        """Count one `hits`, `misses`, `stale` or `stored`; return whether it is time to write down what there is. Never raises."""
        try:
            tally = self._tallies.get(namespace) or self._tallies.setdefault(namespace, Tally())
            return tally.note(what, stage, saved)
        except Exception as error:  # noqa: BLE001 - whatever a label or a cost holds, the call goes on
            name = type(error).__name__
            warn_once("cache", f"note {name}", f"what the cache was good for could not be counted ({name})")
            return False

    def __bool__(self) -> bool:
        return bool(self._tallies)

    def write(self, access: Access, budget: Budget | None = None) -> None:
        """Add what was counted here to the counts in the store, as far as the budget goes; the rest stays here."""
        for namespace, tally in [*self._tallies.items()]:
            tally.write(functools.partial(_add, access=access, budget=budget, namespace=namespace))


def _add(what: str, stage: str, count: int, *, access: Access, budget: Budget | None, namespace: str) -> bool:
    if budget is not None and not budget.suffices:
        return False
    return access.perform(Op("increment", (names.count(namespace, what, stage), count)), budget) is not None
