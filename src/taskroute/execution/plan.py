"""How one call is carried out: a generator of steps that performs none of them.

Sync, async and streaming drivers perform the steps and send back what happened, so the order of classify, attempt, retry and
fallback is written once. The generator's return value is the `Outcome`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Final, Literal, NamedTuple

from taskroute.decision.decide import decide, with_classification
from taskroute.decision.snapshot import CallSettings, Snapshot
from taskroute.errors import AllModelsFailedError, NoEligibleModelError, StreamInterruptedError, account
from taskroute.execution.failures import RETRIED, Failure, classify
from taskroute.steps import Attempt, Cancelled, Classified, Classify, Deliver, Ended, Event, Failed, Opened, Step, Wait
from taskroute.types import NO_SIGNALS, NO_STATE, Call, Decision, NeedSignal, Outcome, Reply, StateView, Try

ORIGINAL: Final = "(original)"
"""Stands for the model that was there before taskroute, where only observing is asked for."""

Plan = Generator[Step, Event, Outcome]


class Request(NamedTuple):
    """What a plan needs to know before it starts."""

    snapshot: Snapshot
    call: Call
    started: float
    """The clock's reading when the call came in."""
    decision_id: str = ""
    state: StateView = NO_STATE
    has_original: bool = False
    held_by: Callable[[str], str] = lambda model: "none"
    """How a timeout is held for a model: `client`, `async` or `none`."""
    chance: Callable[[], float] = lambda: 0.5
    """A number from 0 to 1, for jitter."""


def plan(request: Request) -> Plan:
    """Yield the steps that carry out one call; return how it ended."""
    decided = yield from _decide(request)
    if isinstance(decided, Outcome):
        return decided
    models = _models(request, decided)
    if not models:
        error = NoEligibleModelError(decided.reason, rejected=decided.rejected)
        return Outcome(decision=decided, tries=(), status="failed", error=error)
    return (yield from _Run(request, decided, models).steps())


def _decide(request: Request) -> Generator[Step, Event, Decision | Outcome]:
    known = NO_SIGNALS
    while True:
        decision = decide(request.snapshot, request.call, known, request.state, request.started)
        if not isinstance(decision, NeedSignal):
            return decision.numbered(request.decision_id)
        event = yield Classify(decision, request.snapshot.settings.timeout.call)
        if isinstance(event, Cancelled):
            undecided = Decision(candidates=(), route=None, reason="cancelled before a model was chosen", id=request.decision_id)
            return Outcome(decision=undecided, tries=(), status="cancelled", error=event.error)
        known = with_classification(request.snapshot, request.call, known, event.result if isinstance(event, Classified) else None)


def _models(request: Request, decision: Decision) -> tuple[str, ...]:
    """Return the models to try. Observing and disabled, that is only the one that was there before."""
    if decision.mode == "enforce" or decision.pinned:
        return decision.candidates
    if request.has_original:
        return (ORIGINAL,)
    return decision.baseline[:1]


class _Next(NamedTuple):
    """What follows a failed try."""

    action: Literal["retry", "fall_back", "stop"]
    wait: float = 0.0
    note: str = ""


class _Run:
    """The tries of one call, in order."""

    def __init__(self, request: Request, decision: Decision, models: tuple[str, ...]) -> None:
        self.request = request
        self.decision = decision
        self.queue = list(models)
        self.settings: CallSettings = request.snapshot.settings_for(decision.route)
        self.tries: list[Try] = []
        self.at = request.started

    def steps(self) -> Plan:
        number, before, reason = 0, None, None
        while True:
            number += 1
            model = self.queue.pop(0)
            retry = 0
            while True:
                event = yield self._attempt(model, number, retry, before, reason)
                opened = isinstance(event, Opened)
                if opened:
                    event = yield Deliver(model)
                ended = self._over(event, model, retry)
                if ended is not None:
                    return ended
                error, delivered = _failed(event)
                failure = classify(error)
                self._note(event, model, retry, failure=failure.kind, error=error)
                if delivered:
                    return self._stop(StreamInterruptedError(model, delivered, error), error)
                following = self._next(model, retry, failure)
                if following.action == "stop":
                    return self._give_up(failure, error, following.note)
                if following.action == "fall_back":
                    before, reason = model, failure.kind
                    break
                retry += 1
                event = yield Wait(following.wait, model, failure.kind)
                if isinstance(event, Cancelled):
                    return self._outcome("cancelled", error=event.error)
                self.at = event.at

    def _attempt(self, model: str, number: int, retry: int, before: str | None, reason: str | None) -> Attempt:
        limit = None if model == ORIGINAL else _least(self.settings.timeout.attempt, self._left())
        held_by = None if limit is None else self.request.held_by(model)
        return Attempt(model, number, retry, limit, self.decision, len(self.tries) + 1, before, reason, held_by, self.request.snapshot)

    def _over(self, event: Event, model: str, retry: int) -> Outcome | None:
        """Return the outcome when the call is over, None when the try failed."""
        if isinstance(event, Ended):
            self._note(event, model, retry, reply=event.reply)
            return self._outcome("answered", reply=event.reply)
        if isinstance(event, Cancelled):
            self._note(event, model, retry, failure="control", error=event.error)
            return self._outcome("cancelled", error=event.error)
        if classify(_failed(event)[0]).kind == "control":
            error = _failed(event)[0]
            self._note(event, model, retry, failure="control", error=error)
            return self._outcome("cancelled", error=error)
        return None

    def _next(self, model: str, retry: int, failure: Failure) -> _Next:
        left = self._left()
        if left is not None and left <= 0:
            return _Next("stop", note=f" in {self.settings.timeout.call:g}s, the limit of the call")
        wait = self._wait(retry, failure)
        if model != ORIGINAL and wait is not None and (left is None or wait < left):
            return _Next("retry", wait)
        if failure.kind not in self.settings.fallback_on:
            return _Next("stop")
        if failure.kind == "context_overflow":
            self.queue = [other for other in self.queue if self._is_larger(other, model)]
        return _Next("fall_back") if self.queue else _Next("stop")

    def _wait(self, retry: int, failure: Failure) -> float | None:
        """Return the wait before the same model is tried again, or None when it should not be."""
        policy = self.settings.retry
        if not failure.passes or failure.kind not in RETRIED or retry >= policy.extra:
            return None
        # Another model answers sooner than the one that has just used up its time.
        if failure.kind == "timeout" and self.queue:
            return None
        wait = failure.retry_after
        if wait is None:
            wait = policy.backoff * 2**retry * (0.5 + self.request.chance() / 2)
        return wait if wait <= policy.max_wait else None

    def _is_larger(self, other: str, model: str) -> bool:
        registry = self.request.snapshot.registry
        window, than = registry[other].context_window, registry[model].context_window
        return window is None or than is None or window > than

    def _left(self) -> float | None:
        limit = self.settings.timeout.call
        return None if limit is None else limit - (self.at - self.request.started)

    def _note(
        self,
        event: Event,
        model: str,
        retry: int,
        *,
        reply: Reply | None = None,
        failure: str | None = None,
        error: BaseException | None = None,
    ) -> None:
        seconds, self.at = event.at - self.at, event.at
        usage, cost = (None, None) if reply is None else (reply.usage, reply.cost)
        self.tries.append(Try(model=model, retry=retry, seconds=seconds, failure=failure, error=error, usage=usage, cost=cost))

    def _give_up(self, failure: Failure, error: BaseException, note: str) -> Outcome:
        """One model keeps its own exception, so that code which catches it still does; several become one error that lists the tries."""
        several = len({t.model for t in self.tries}) > 1
        if several and failure.kind not in ("bad_request", "unknown"):
            return self._stop(AllModelsFailedError(self.tries, note=note), error)
        error.add_note(f"taskroute: {self.decision.reason}; tried{note}:{account(self.tries)}")
        return self._outcome("failed", error=error)

    def _stop(self, error: Exception, cause: BaseException) -> Outcome:
        error.__cause__ = cause
        return self._outcome("failed", error=error)

    def _outcome(
        self, status: Literal["answered", "failed", "cancelled"], *, reply: Reply | None = None, error: BaseException | None = None
    ) -> Outcome:
        return Outcome(decision=self.decision, tries=tuple(self.tries), status=status, reply=reply, error=error)


def _failed(event: Event) -> tuple[BaseException, int]:
    if not isinstance(event, Failed):
        raise TypeError(f"a plan that has sent an attempt cannot go on from {type(event).__name__}")
    return event.error, event.delivered


def _least(a: float | None, b: float | None) -> float | None:
    return b if a is None else a if b is None else min(a, b)
