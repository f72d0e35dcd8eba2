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
"""Seconds that one access may take."""


_GIVES: Final[Mapping[str, tuple[type, ...]]] = {"get": (bytes, type(None)), "increment": (int,), "lease": (int,)}
"""What the accesses come to whose answer counts."""


class Op(NamedTuple):
    """One access to a store; the async twin of each method has the same name with an `a` before it."""

    name: Literal["get", "put", "delete", "increment", "lease"]
    arguments: tuple[Any, ...]
    otherwise: Any = None
    """What it comes to when the store is in trouble."""


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

    def perform(self, op: Op) -> Any:
        """Return what the store says."""
        if not self.is_usable:
            return op.otherwise
        began = self._clock.now()
        try:
            found = getattr(self.store, op.name)(*op.arguments)
        except Exception as error:  # noqa: BLE001 - whatever a store raises, the call goes on
            self._trouble(f"failed with {type(error).__name__}")
            return op.otherwise
        if self._clock.now() - began > self._patience:
            self._trouble("is slow")
        return self._given(op, found)

    async def aperform(self, op: Op) -> Any:
        """The same without blocking the event loop."""
        if not self.is_usable:
            return op.otherwise
        try:
            async with asyncio.timeout(self._patience):
                return self._given(op, await getattr(self.store, f"a{op.name}")(*op.arguments))
        except TimeoutError:
            self._trouble("is slow")
        except Exception as error:  # noqa: BLE001 - as above
            self._trouble(f"failed with {type(error).__name__}")
        return op.otherwise

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
