"""How the models of a policy are doing: what is written into their accounts, and what decisions and callers are told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from taskroute.decision.snapshot import Snapshot
from taskroute.execution import breaker
from taskroute.execution.account import Account
from taskroute.execution.breaker import Circuit
from taskroute.execution.circuits import Change, Health
from taskroute.policy.carrying import Breaker
from taskroute.steps import Acquired, Release, Released
from taskroute.types import NOTHING, LastError, ModelHealth, Outcome, StateView

_WINDOW: Final = 60.0
"""Seconds over which failures are counted where there is no breaker to say so."""


class ModelGuard:
    """Keeps account of the models of one policy. A store that fails costs one warning; what this process knows goes on to count."""

    def __init__(self, health: Health, snapshot: Snapshot) -> None:
        self._health = health
        settings = snapshot.policy.breaker
        self._settings = settings if isinstance(settings, Breaker) else None
        self._window = _WINDOW if self._settings is None else self._settings.window
        self._keys = {name: spec.identity for name, spec in snapshot.registry.items()}
        self._known = frozenset(self._keys.values())
        self._view = self._untroubled()
        """Given out until somebody has looked at it: most calls never do."""

    # For the drivers

    def acquire(self, model: str) -> Acquired:
        """Return whether the model may be called now."""
        change = self._admission(model)
        return Acquired(self._health.clock.now()) if change is None else self._health.change(self._keys[model], change, self._kept())

    async def aacquire(self, model: str) -> Acquired:
        """Return whether the model may be called now."""
        change = self._admission(model)
        return Acquired(self._health.clock.now()) if change is None else await self._health.achange(self._keys[model], change, self._kept())

    def release(self, step: Release) -> Released:
        """Account for a try."""
        change = self._verdict(step)
        return Released(self._health.clock.now()) if change is None else self._health.change(self._keys[step.model], change, self._kept())

    async def arelease(self, step: Release) -> Released:
        """Account for a try."""
        change = self._verdict(step)
        return (
            Released(self._health.clock.now())
            if change is None
            else await self._health.achange(self._keys[step.model], change, self._kept())
        )

    # For decisions

    def view(self) -> StateView:
        """Return how the models are doing, frozen; asks no store."""
        health = self._health
        if self._settings is None or health.troubled.isdisjoint(self._known):
            view, seen = self._view
            if seen.is_frozen:
                view, _ = self._view = self._untroubled()
            return view
        refusals = self._refusals()
        reasons = {model: reason for model, (reason, _) in refusals.items()}
        return StateView(reasons or NOTHING, _Seen(self), {model: kind for model, (_, kind) in refusals.items()})

    def _untroubled(self) -> tuple[StateView, _Seen]:
        seen = _Seen(self)
        return StateView(NOTHING, seen, settled=self._settings is None or self._health.store is None), seen

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
        if account.circuit.state == "half_open" and self._health.usable_store() is not None:
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

    def _kept(self) -> float:
        settings = self._settings
        return 0.0 if settings is None else 2 * (settings.window + settings.cooldown)


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
