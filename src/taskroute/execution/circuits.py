"""What one router knows of its models, and the circuits among it that many processes may share."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Callable, Generator
from typing import Any, Final, NamedTuple, TypeVar

from taskroute.execution import breaker
from taskroute.execution.account import Account
from taskroute.execution.breaker import Circuit
from taskroute.ports import Clock, Store
from taskroute.warn import warn_once

T = TypeVar("T")

PREFIX: Final = "taskroute/breaker/"
"""How the names of circuits begin in a store."""
_RACES: Final = 8
"""How often a circuit in a store is changed anew when somebody else was quicker."""
_PAUSE: Final = 5.0
"""Seconds for which a store that failed is left alone."""
_PATIENCE: Final = 1.0
"""Seconds that an async store may take: it stands before every call."""
_KEPT: Final = 3600.0
"""Seconds for which a store keeps a circuit at least."""

Change = Callable[[Circuit], tuple[Circuit, T]]


class _Op(NamedTuple):
    """One call of a store; its async twin has the same name with an `a` before it."""

    name: str
    arguments: tuple[Any, ...]


class Health:
    """What one router knows of its models; it outlives the policies that the router is given."""

    def __init__(self, clock: Clock, store: Store | None = None) -> None:
        self.clock = clock
        self.store = store
        # Reentrant, since the collector may close a forgotten stream, and with it a call, while this thread holds it.
        self.lock = threading.RLock()
        self._paused_until = float("-inf")
        self.troubled: set[str] = set()
        """The accounts whose circuit is not closed; with none, which is nearly always, there is nothing to look at."""
        self._accounts: dict[str, Account] = {}
        _alive.add(self)

    def account(self, key: str) -> Account:
        """Return the account under this name, opened when there is none."""
        return self._accounts.get(key) or self._accounts.setdefault(key, Account())

    def settle(self, key: str, account: Account, circuit: Circuit) -> None:
        """Keep a circuit as it is now. Whoever calls it holds the lock."""
        account.circuit = circuit
        if circuit.state == "closed":
            self.troubled.discard(key)
        else:
            self.troubled.add(key)

    def known(self, key: str) -> Account | None:
        """Return the account under this name, if there is one."""
        return self._accounts.get(key)

    def change(self, key: str, change: Change[T], kept: float) -> T:
        """Change a circuit, in the store where there is one. Whatever that raises costs one warning, and this process goes on by itself."""
        store = self.usable_store()
        if store is not None:
            try:
                return _perform(store, self._changing(key, change, kept))
            except Exception as error:  # noqa: BLE001 - whatever a store raises, the call goes on
                self._pause(store, error)
        return self._here(key, change)

    async def achange(self, key: str, change: Change[T], kept: float) -> T:
        """Change a circuit without blocking the event loop; otherwise like `change`."""
        store = self.usable_store()
        if store is not None:
            try:
                async with asyncio.timeout(_PATIENCE):
                    return await _aperform(store, self._changing(key, change, kept))
            except Exception as error:  # noqa: BLE001 - as above
                self._pause(store, error)
        return self._here(key, change)

    def _changing(self, key: str, change: Change[T], kept: float) -> Generator[_Op, Any, T]:
        """Change a circuit in the store, as often as it takes until nobody changes it meanwhile."""
        name = PREFIX + key
        for _ in range(_RACES):
            data: bytes | None = yield _Op("get", (name,))
            before = breaker.loads(data)
            after, result = change(before)
            if after == before or (yield _Op("compare_and_set", (name, data, breaker.dumps(after), max(_KEPT, kept)))):
                with self.lock:
                    self.settle(key, self.account(key), after)
                return result
        return self._here(key, change)

    def _here(self, key: str, change: Change[T]) -> T:
        """Change the circuit as this process knows it."""
        with self.lock:
            account = self.account(key)
            circuit, result = change(account.circuit)
            self.settle(key, account, circuit)
        return result

    def usable_store(self) -> Store | None:
        """Return the store, unless there is none, or it has failed a moment ago."""
        return None if self.store is None or self.clock.now() < self._paused_until else self.store

    def _pause(self, store: Store, error: Exception) -> None:
        self._paused_until = self.clock.now() + _PAUSE
        name = type(store).__name__
        warn_once(
            "store", name, f"the store {name} failed with {type(error).__name__}; circuits are this process's own until it works again"
        )


_alive: Final[weakref.WeakSet[Health]] = weakref.WeakSet()


def _after_fork() -> None:
    """A lock that another thread held at a fork would never be let go in the child."""
    for health in _alive:
        health.lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _perform(store: Store, ops: Generator[_Op, Any, T]) -> T:
    try:
        op = next(ops)
        while True:
            op = ops.send(getattr(store, op.name)(*op.arguments))
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]


async def _aperform(store: Store, ops: Generator[_Op, Any, T]) -> T:
    try:
        op = next(ops)
        while True:
            op = ops.send(await getattr(store, f"a{op.name}")(*op.arguments))
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
