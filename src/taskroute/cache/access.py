"""Stores as the cache uses them: whatever one raises, and whatever takes it long, is a miss and one warning."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from taskroute.ports import Clock, Store
from taskroute.warn import warn_once

_PAUSE: Final = 5.0
"""Seconds for which a store in trouble is left alone."""
_PATIENCE: Final = 1.0
"""Seconds that one access may take, and all accesses of one look-up, or of one save, together."""

_GIVES: Final[Mapping[str, tuple[type, ...]]] = {"get": (bytes, type(None)), "increment": (int,), "lease": (int,)}
"""What the accesses come to whose answer counts."""


class Op(NamedTuple):
    """One access to a store; the async twin of each method has the same name with an `a` before it."""

    name: Literal["get", "put", "delete", "increment", "lease"]
    arguments: tuple[Any, ...]
    otherwise: Any = None
    """What it comes to when the store is in trouble."""


class Budget:
    """What is left of the time, in seconds, that several accesses may take together."""

    def __init__(self, seconds: float = _PATIENCE) -> None:
        self.left = seconds
        self._longest = 0.0

    @property
    def suffices(self) -> bool:
        """Whether there is time for one more access, if that takes no longer than those before it."""
        return self.left > 0 and self.left >= self._longest

    def spend(self, seconds: float) -> None:
        """Note how long an access took."""
        self.left -= seconds
        self._longest = max(self._longest, seconds)


class Access:
    """One store, and whether it is to be left alone for now."""

    def __init__(self, store: Store, clock: Clock, *, patience: float = _PATIENCE) -> None:
        self.store = store
        self._clock = clock
        self._patience = patience
        self._paused_until = -math.inf

    @property
    def is_usable(self) -> bool:
        """Whether the store is asked at all."""
        return self._clock.now() >= self._paused_until

    def retire(self) -> None:
        """Have the store left alone from now on: it is about to be closed."""
        self._paused_until = math.inf

    def perform(self, op: Op, budget: Budget | None = None) -> Any:
        """Return what the store says. Without a budget the access has one of its own."""
        budget = budget or Budget(self._patience)
        if not self.is_usable:
            return op.otherwise
        if not budget.suffices:
            # Here an access cannot be broken off, so one that would take too long is not begun.
            self._trouble("is slow")
            return op.otherwise
        began = self._clock.now()
        try:
            found = getattr(self.store, op.name)(*op.arguments)
        except Exception as error:  # noqa: BLE001 - whatever a store raises, the call goes on
            self._failed(op, error)
            return op.otherwise
        budget.spend(self._clock.now() - began)
        if budget.left < 0:
            self._trouble("is slow")
        return self._given(op, found)

    async def aperform(self, op: Op, budget: Budget | None = None) -> Any:
        """The same without blocking the event loop."""
        budget = budget or Budget(self._patience)
        if not self.is_usable:
            return op.otherwise
        began = self._clock.now()
        try:
            async with asyncio.timeout(budget.left):
                found = await getattr(self.store, f"a{op.name}")(*op.arguments)
        except TimeoutError:
            self._trouble("is slow")
            return op.otherwise
        except Exception as error:  # noqa: BLE001 - as above
            self._failed(op, error)
            return op.otherwise
        budget.spend(self._clock.now() - began)
        return self._given(op, found)

    def _failed(self, op: Op, error: Exception) -> None:
        if op.name == "increment" and isinstance(error, ValueError):
            # One value is at fault, and not the store.
            name = type(self.store).__name__
            cure = "`taskroute cache verify --repair` removes it"
            warn_once("cache", f"{name} counter", f"the cache's {name} holds something else where a number should be; {cure}")
        else:
            self._trouble(f"failed with {type(error).__name__}")

    def _given(self, op: Op, found: Any) -> Any:
        if op.name in _GIVES and not isinstance(found, _GIVES[op.name]):
            self._trouble(f"gave a {type(found).__name__} for {op.name!r}")
            return op.otherwise
        return found

    def _trouble(self, what: str) -> None:
        if self._paused_until == math.inf:
            # It was closed under a call, which is no trouble of the store's.
            return
        self._paused_until = self._clock.now() + _PAUSE
        name = type(self.store).__name__
        # Without its message, which may hold an address or a path.
        warn_once("cache", name, f"the cache's {name} {what}; calls go on without it, and it is tried again every {_PAUSE:g}s")
