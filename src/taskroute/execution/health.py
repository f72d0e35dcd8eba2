"""How the models are doing: an account of every try, and each model's circuit, shared with other processes where there is a store."""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
import weakref
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeVar

from taskroute.decision.snapshot import Snapshot
from taskroute.execution import breaker
from taskroute.execution.account import Account
from taskroute.execution.breaker import Circuit
from taskroute.policy.carrying import Breaker
from taskroute.ports import Clock, Store
from taskroute.registry.models import ModelSpec
from taskroute.steps import Acquired, Release, Released
from taskroute.types import NOTHING, LastError, ModelHealth, Outcome, StateView
from taskroute.warn import warn_once

T = TypeVar("T")

PREFIX: Final = "taskroute/breaker/"
"""How the names of circuits begin in a store."""
_WINDOW: Final = 60.0
"""Seconds over which failures are counted where there is no breaker to say so."""
_RACES: Final = 8
"""How often a circuit in a store is changed anew when somebody else was quicker."""
_PAUSE: Final = 5.0
"""Seconds for which a store that failed is left alone."""
_PATIENCE: Final = 1.0
"""Seconds that an async store may take: it stands before every call."""
_KEPT: Final = 3600.0

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
        self.paused_until = float("-inf")
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


_alive: Final[weakref.WeakSet[Health]] = weakref.WeakSet()


def _after_fork() -> None:
    """A lock that another thread held at a fork would never be let go in the child."""
    for health in _alive:
        health.lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class ModelGuard:
    """Keeps account of the models of one policy. A store that fails costs one warning; what this process knows goes on to count."""

    def __init__(self, health: Health, snapshot: Snapshot) -> None:
        self._health = health
        settings = snapshot.policy.breaker
        self._settings = settings if isinstance(settings, Breaker) else None
        self._window = _WINDOW if self._settings is None else self._settings.window
        self._keys = {name: _key(spec) for name, spec in snapshot.registry.items()}
        self._known = frozenset(self._keys.values())
        seen = _Seen(self)
        # Given out until somebody has looked at it: most calls never do.
        self._view = StateView(NOTHING, seen, settled=self._settings is None or health.store is None), seen

    # For the drivers

    def acquire(self, model: str) -> Acquired:
        """Return whether the model may be called now."""
        change = self._admission(model)
        return Acquired(self._health.clock.now()) if change is None else self._changed(self._keys[model], change)

    async def aacquire(self, model: str) -> Acquired:
        """Return whether the model may be called now."""
        change = self._admission(model)
        return Acquired(self._health.clock.now()) if change is None else await self._achanged(self._keys[model], change)

    def release(self, step: Release) -> Released:
        """Account for a try."""
        change = self._verdict(step)
        return Released(self._health.clock.now()) if change is None else self._changed(self._keys[step.model], change)

    async def arelease(self, step: Release) -> Released:
        """Account for a try."""
        change = self._verdict(step)
        return Released(self._health.clock.now()) if change is None else await self._achanged(self._keys[step.model], change)

    # For decisions

    def view(self) -> StateView:
        """Return how the models are doing, frozen; asks no store."""
        health = self._health
        if self._settings is None or health.troubled.isdisjoint(self._known):
            view, seen = self._view
            if seen.is_frozen:
                seen = _Seen(self)
                view = StateView(NOTHING, seen, settled=self._settings is None or health.store is None)
                self._view = view, seen
            return view
        refusals = self._refusals()
        reasons = {model: reason for model, (reason, _) in refusals.items()}
        return StateView(reasons or NOTHING, _Seen(self), {model: kind for model, (_, kind) in refusals.items()})

    def _refusals(self) -> dict[str, tuple[str, str]]:
        """Return of each model that must be left alone why, and the class of the failure that opened its circuit."""
        health, time, found = self._health, self._health.clock.time(), dict[str, tuple[str, str]]()
        with health.lock:
            for model, key in self._keys.items():
                account = health.known(key) if key in health.troubled else None
                refused = None if account is None else self._refused(account, time)
                if account is not None and refused is not None:
                    found[model] = refused, account.circuit.kind
        return found

    def seen(self) -> dict[str, ModelHealth]:
        """Return how those models are doing that were ever tried."""
        health, found = self._health, dict[str, ModelHealth]()
        now, time = health.clock.now(), health.clock.time()
        with health.lock:
            for model, key in self._keys.items():
                account = health.known(key)
                if account is not None:
                    found[model] = self._shown(account, now, time)
        return found

    def report(self) -> dict[str, ModelHealth]:
        """Return how every model of the policy is doing, worked out to this moment."""
        health = self._health
        now, time = health.clock.now(), health.clock.time()
        with health.lock:
            accounts = {model: health.known(key) for model, key in self._keys.items()}
            return {
                model: ModelHealth() if account is None else self._shown(account, now, time, exact=True)
                for model, account in accounts.items()
            }

    def _shown(self, account: Account, now: float, time: float, *, exact: bool = False) -> ModelHealth:
        summary, circuit, settings = account.summary(now, self._window, exact=exact), account.circuit, self._settings
        if settings is None or (circuit.state == "closed" and not circuit.cause):
            return ModelHealth("closed", *summary, account.last_error)
        state, wait = breaker.shows(circuit, settings, time), breaker.retry_after(circuit, settings, time)
        return ModelHealth(state, *summary, account.last_error, circuit.cause, wait)

    def _refused(self, account: Account, time: float) -> str | None:
        """Return why a model must be left alone, None when it need not be."""
        if self._settings is None or account.circuit.state == "closed":
            return None
        if account.circuit.state == "half_open" and self._store() is not None:
            # Another process's try may have closed it meanwhile; who asks to call the model is told.
            return None
        admission = breaker.admit(account.circuit, self._settings, time)
        if admission.refused is not None:
            # What came from a clock that is ahead has been set right in it.
            account.circuit = admission.circuit
        return admission.refused

    # What becomes of a circuit

    def _admission(self, model: str) -> Change[Acquired] | None:
        settings, clock = self._settings, self._health.clock
        if settings is None or (self._health.store is None and self._keys[model] not in self._health.troubled):
            return None

        def change(circuit: Circuit) -> tuple[Circuit, Acquired]:
            admission = breaker.admit(circuit, settings, clock.time())
            until = admission.circuit.probe_until if admission.probe else 0.0
            wait = None if admission.refused is None else breaker.retry_after(admission.circuit, settings, clock.time())
            failure = None if admission.refused is None else admission.circuit.kind
            return admission.circuit, Acquired(clock.now(), admission.refused, until, wait, failure)

        return change

    def _verdict(self, step: Release) -> Change[Released] | None:
        """Note the try; return what it does to the circuit, None when it does nothing."""
        settings, clock = self._settings, self._health.clock
        told = self._note(step)
        if settings is None or (step.verdict != "failed" and not step.probe):
            return None
        error_type = "" if step.error is None else type(step.error).__name__
        kind = step.failure or ""

        def change(circuit: Circuit) -> tuple[Circuit, Released]:
            time, probe = clock.time(), bool(step.probe)
            if step.verdict == "failed":
                after = breaker.failed(
                    circuit, settings, time, probe=probe, kind=kind, error_type=error_type, answered=told, wait=step.wait
                )
            elif step.verdict == "answered":
                after = breaker.answered(circuit, settings, time, probe=probe)
            else:
                # Another call may be the probe by now.
                after = breaker.void(circuit, settings, time, probe=circuit.probe_until == step.probe)
            return after, Released(clock.now(), after.state == "open")

        return change

    def _note(self, step: Release) -> Mapping[int, int] | None:
        """Write a try into the model's account; return the answers by slot that its circuit has not been told of."""
        health, failed, key = self._health, step.verdict == "failed", self._keys[step.model]
        if step.verdict == "void":
            return None
        now, time = health.clock.now(), health.clock.time()
        with health.lock:
            account = health.account(key)
            if step.error is not None or failed:
                error_type = "" if step.error is None else type(step.error).__name__
                account.last_error = LastError(step.failure or "", error_type, time)
            account.note(now, failed=failed, seconds=step.seconds, first_chunk=step.first_chunk)
            if failed:
                told, account.untold = account.untold, {}
                return told
            self._count(account, time)
        return None

    def note(self, outcome: Outcome) -> None:
        """Account for the answers of a call that is over, of which nothing was told before: those of healthy models, nearly all of them."""
        for one in outcome.tries:
            if one.untold is not None:
                health = self._health
                now, time = health.clock.now(), health.clock.time()
                with health.lock:
                    account = health.account(self._keys[one.model])
                    account.note(now, failed=False, seconds=one.untold, first_chunk=one.first_chunk)
                    self._count(account, time)

    def _count(self, account: Account, time: float) -> None:
        if self._settings is not None:
            account.count_answer(breaker.slot(self._settings, time), breaker.SLOTS)

    # Carrying it out

    def _changed(self, key: str, change: Change[T]) -> T:
        store = self._store()
        if store is not None:
            try:
                return _perform(store, self._changing(key, change))
            except Exception as error:  # noqa: BLE001 - whatever a store raises, the call goes on
                self._pause(store, error)
        return self._here(key, change)

    async def _achanged(self, key: str, change: Change[T]) -> T:
        store = self._store()
        if store is not None:
            try:
                async with asyncio.timeout(_PATIENCE):
                    return await _aperform(store, self._changing(key, change))
            except Exception as error:  # noqa: BLE001 - as above
                self._pause(store, error)
        return self._here(key, change)

    def _changing(self, key: str, change: Change[T]) -> Generator[_Op, Any, T]:
        """Change a circuit in the store, as often as it takes until nobody changes it meanwhile."""
        name = PREFIX + key
        for _ in range(_RACES):
            data: bytes | None = yield _Op("get", (name,))
            before = breaker.loads(data)
            after, result = change(before)
            if after == before or (yield _Op("compare_and_set", (name, data, breaker.dumps(after), self._ttl()))):
                with self._health.lock:
                    self._health.settle(key, self._health.account(key), after)
                return result
        return self._here(key, change)

    def _here(self, key: str, change: Change[T]) -> T:
        """Change the circuit as this process knows it."""
        with self._health.lock:
            account = self._health.account(key)
            circuit, result = change(account.circuit)
            self._health.settle(key, account, circuit)
        return result

    def _store(self) -> Store | None:
        health = self._health
        return None if health.store is None or health.clock.now() < health.paused_until else health.store

    def _pause(self, store: Store, error: Exception) -> None:
        self._health.paused_until = self._health.clock.now() + _PAUSE
        name = type(store).__name__
        warn_once(
            "store", name, f"the store {name} failed with {type(error).__name__}; circuits are this process's own until it works again"
        )

    def _ttl(self) -> float:
        settings = self._settings
        return _KEPT if settings is None else max(_KEPT, 2 * (settings.window + settings.cooldown))


class _Seen(Mapping[str, ModelHealth]):
    """How the models are doing: worked out when it is first looked at, which most calls never do, and the same from then on."""

    __slots__ = ("_found", "_guard")

    def __init__(self, guard: ModelGuard) -> None:
        self._guard = guard
        self._found: dict[str, ModelHealth] | None = None

    @property
    def is_frozen(self) -> bool:
        """Whether somebody has looked, so that it will not change any more."""
        return self._found is not None

    def _look(self) -> dict[str, ModelHealth]:
        if self._found is None:
            self._found = self._guard.seen()
        return self._found

    def __getitem__(self, model: str) -> ModelHealth:
        return self._look()[model]

    def __iter__(self) -> Iterator[str]:
        return iter(self._look())

    def __len__(self) -> int:
        return len(self._look())


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


def _key(spec: ModelSpec) -> str:
    """Return a name for the circuit: two policies that mean the same model by the same name share it."""
    what = "\n".join(part or "" for part in (spec.model, spec.base_url, spec.api_key_env))
    return f"{spec.name}/{hashlib.sha256(what.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
