"""When a classifier that failed several times in a row is left alone for a while."""

from __future__ import annotations

from typing import Literal

from taskroute.policy.carrying import Breaker


class Rest:
    """Leaves what a classifier asks alone for a while after it failed several times in a row.

    A classifier has less time than a call, so that what it waits for in vain need not open the circuit of a model; it would be waited
    for with each call.
    """

    def __init__(self, settings: Breaker | None) -> None:
        self._settings = settings
        self._failed = 0
        self._until = 0.0

    def is_on(self, now: float) -> bool:
        return now < self._until

    def note(self, now: float, *, failed: bool) -> None:
        self._failed = self._failed + 1 if failed else 0
        if self._settings is not None and self._failed >= self._settings.failures:
            # The first that fails afterwards begins the next rest.
            self._failed = self._settings.failures - 1
            self._until = now + self._settings.cooldown


class Rests:
    """The rests of all that one classifier asks: models, and services of its parts."""

    def __init__(self, breaker: Breaker | Literal["none"]) -> None:
        self._settings = breaker if isinstance(breaker, Breaker) else None
        self._rests: dict[str, Rest] = {}

    def of(self, asked: str) -> Rest:
        """Return the rest of what is asked under this name."""
        return self._rests.setdefault(asked, Rest(self._settings))
