"""How one call is carried out: a generator of steps that performs none of them.

Sync, async and streaming drivers perform the steps and send back what happened, so the order of classify, attempt, examine, retry and
fallback is written once. The generator's return value is the `Outcome`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Final, Literal, NamedTuple

from taskroute.decision.decide import decide, with_classification
from taskroute.decision.snapshot import CallSettings, Snapshot
from taskroute.errors import AllModelsFailedError, NoEligibleModelError, StreamInterruptedError, account
from taskroute.execution.failures import RETRIED, SAYS_NOTHING, TELLS_OF_THE_MODEL, Failure, classify
from taskroute.execution.finish import says_why
from taskroute.execution.succession import after_failure, stronger
from taskroute.steps import (
    Acquire,
    Acquired,
    Attempt,
    Cancelled,
    Classified,
    Classify,
    Deliver,
    Ended,
    Event,
    Failed,
    Opened,
    Release,
    Released,
    Step,
    Validate,
    Validated,
    Wait,
)
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
    guarded: bool = False
    """Whether somebody keeps account of the models, so that each try is asked for and given back."""
    is_free: Callable[[str], bool] = lambda model: False
    """Whether a model may be called without asking, because nothing speaks against it."""
    client_retries: Callable[[str], int | None] = lambda model: None
    """How often a model's own client tries again unseen."""
    scored: Callable[[str | None], bool] = lambda route: True
    """Whether the user has a check for the answers of a route."""
    is_async: bool = False
    """Whether the driver may cancel an attempt whose time is up, whoever else holds its limits."""


def plan(request: Request) -> Plan:
    """Yield the steps that carry out one call; return how it ended."""
    found = yield from _decide(request)
    if isinstance(found, Outcome):
        return found
    decided, at = found
    models = _models(request, decided)
    if not models:
        error = NoEligibleModelError(decided.reason, rejected=decided.rejected, retry_after=soonest(decided, request.state))
        return Outcome(decision=decided, tries=(), status="failed", error=error)
    return (yield from _Run(request, decided, models, at).steps())


def _decide(request: Request) -> Generator[Step, Event, tuple[Decision, float] | Outcome]:
    known, at = NO_SIGNALS, request.started
    while True:
        decision = decide(request.snapshot, request.call, known, request.state, request.started)
        if not isinstance(decision, NeedSignal):
            return decision.numbered(request.decision_id), at
        event = yield Classify(decision, request.snapshot.settings.timeout.call)
        if isinstance(event, Cancelled):
            undecided = Decision(candidates=(), route=None, reason="cancelled before a model was chosen", id=request.decision_id)
            return Outcome(decision=undecided, tries=(), status="cancelled", error=event.error)
        known = with_classification(request.snapshot, request.call, known, event.result if isinstance(event, Classified) else None)
        at = event.at


def _models(request: Request, decision: Decision) -> tuple[str, ...]:
    """Return the models to try. Observing and disabled, that is only the one that was there before."""
    if decision.mode == "enforce" or decision.pinned:
        return decision.candidates
    if request.has_original:
        return (ORIGINAL,)
    return decision.baseline[:1]


def soonest(decision: Decision, state: StateView) -> float | None:
    """Return the seconds until the first of the rejected models may be called again; None when no wait would help."""
    waits = [
        health.retry_after
        for model, reason in decision.rejected.items()
        if reason == state.unavailable.get(model) and (health := state.health.get(model)) is not None
    ]
    return min((wait for wait in waits if wait is not None), default=None)


class _Next(NamedTuple):
    """What follows a failed try."""

    action: Literal["retry", "fall_back", "stop"]
    wait: float = 0.0
    note: str = ""


class _Kept(NamedTuple):
    """An answer that was not good enough, kept in case that nothing better comes."""

    reply: Reply
    model: str
    deliver: Deliver | None
    """How a stream is given out; None for a whole answer."""
    useful: bool
    """False for a stream without anything that the caller could use."""


class _Failure(NamedTuple):
    """The last failure of the call, for its error."""

    failure: Failure
    error: BaseException
    note: str = ""


class _Run:
    """The tries of one call, in order."""

    def __init__(self, request: Request, decision: Decision, models: tuple[str, ...], at: float) -> None:
        self.request = request
        self.decision = decision
        self.queue = list(models)
        self.settings: CallSettings = request.snapshot.settings_for(decision.route)
        self.checks = self.settings.checks
        if "low_confidence" in self.checks and not request.scored(decision.route):
            # Nothing would score it, so that no stream is held back for it.
            self.checks -= {"low_confidence"}
        self.tries: list[Try] = []
        self.at = at if self._in_time(at) else request.started
        self.number = 0
        self.before: str | None = None
        self.reason: str | None = None
        self.score: float | None = None
        self.kept: _Kept | None = None
        self.failed: _Failure | None = None
        self.soonest: float | None = None
        """Seconds until the first of the models that were refused may be called again."""

    def steps(self) -> Plan:
        while self.queue:
            ended = yield from self._ask(self.queue.pop(0))
            if ended is not None:
                return ended
        return (yield from self._nothing_left())

    def _ask(self, model: str) -> Generator[Step, Event, Outcome | None]:
        """Try one model, with its retries. Return how the call ended, or None to go on with the next model."""
        retry = 0
        while True:
            granted = yield from self._acquire(model)
            if isinstance(granted, Outcome):
                return granted
            if granted is None:
                self._leave(model, retried=retry > 0)
                return None
            attempt = self._attempt(model, retry)
            event = yield attempt
            opened = event.at if isinstance(event, Opened) else None
            if opened is not None:
                event = yield Deliver(model, attempt.tries)
            elif isinstance(event, Ended) and (attempt.checks or not event.useful):
                finding = yield from self._examine(attempt, event)
                if isinstance(finding, Cancelled):
                    event = finding
                elif finding is not None:
                    given, _ = yield from self._give_back(attempt, event, granted, opened)
                    self._not_good_enough(attempt, event, finding)
                    return self._outcome("cancelled", error=given.error) if isinstance(given, Cancelled) else None
            if isinstance(event, Ended) and event.held:
                event = yield from self._hand_over(attempt, event)
            event, is_open = yield from self._give_back(attempt, event, granted, opened)
            following = self._judge(attempt, event, is_open=is_open)
            if isinstance(following, Outcome):
                return following
            if following.action != "retry":
                return None
            retry += 1
            waited = yield Wait(following.wait, model, self.tries[-1].failure or "")
            if isinstance(waited, Cancelled):
                return self._outcome("cancelled", error=waited.error)
            self.at = waited.at
            if not self._in_time(waited.at):
                self._out_of_time()
                return None

    # Before a try

    def _acquire(self, model: str) -> Generator[Step, Event, Acquired | Outcome | None]:
        """Return what was granted; None when the model must not be called now, or the outcome of a call that was cancelled."""
        if model == ORIGINAL or not self.request.guarded:
            return _FREE
        if self.request.is_free(model):
            return _GRANTED
        event = yield Acquire(model)
        if isinstance(event, Cancelled):
            return self._outcome("cancelled", error=event.error)
        if not isinstance(event, Acquired):
            return _FREE
        if event.refused is None:
            # What a classifier, a check or a store took is no time of the model's.
            if self._in_time(event.at):
                self.at = event.at
            return event
        self.soonest = _least(self.soonest, event.wait)
        candidates = tuple(name for name in self.decision.candidates if name != model)
        self.decision = self.decision._replace(candidates=candidates, rejected={**self.decision.rejected, model: event.refused})
        return None

    def _leave(self, model: str, *, retried: bool) -> None:
        """Go on without a model whose circuit is open; one that had failed before is left as its failure lets it."""
        if not retried or self.failed is None:
            return
        if self.failed.failure.kind in self.settings.fallback_on:
            self.before, self.reason = model, self.failed.failure.kind
        else:
            self.queue.clear()

    def _attempt(self, model: str, retry: int) -> Attempt:
        if retry == 0:
            self.number += 1
        self.score = None
        settings, tries = self.settings, len(self.tries) + 1
        if model == ORIGINAL:
            return Attempt(model, self.number, retry, None, self.decision, tries, snapshot=self.request.snapshot)
        limits = settings.timeout
        limit = _least(limits.attempt, self._left())
        timed = limit is not None or limits.first_chunk is not None or limits.between_chunks is not None
        return Attempt(
            model,
            self.number,
            retry,
            limit,
            self.decision,
            tries,
            self.before,
            self.reason,
            self._held_by(model) if timed else None,
            self.request.snapshot,
            limits.first_chunk,
            limits.between_chunks,
            self._worth_checking(model) if self.checks else self.checks,
            settings.hold,
            self.request.client_retries(model),
            tuple(t.cost for t in self.tries if t.answered) if self.kept is not None else (),
        )

    def _held_by(self, model: str) -> str:
        how = self.request.held_by(model)
        if how == "client" and self.settings.client_timeout is None and self.settings.stream_timeout is None:
            # A limit of the first chunk alone, or of the others alone, is none that a client could be given.
            how = "async" if self.request.is_async else "none"
        return "thread" if how == "none" and self.settings.timeout.threads else how

    def _worth_checking(self, model: str) -> frozenset[str]:
        """Return the classes for which a better model is left: without one, the answer is the caller's as it is."""
        return frozenset(kind for kind in self.checks if self._stronger(model, kind))

    def _stronger(self, model: str, kind: str) -> list[str]:
        return stronger(kind, model, self.queue, self.request.snapshot)

    # An answer

    def _examine(self, attempt: Attempt, event: Ended) -> Generator[Step, Event, Validated | Cancelled | None]:
        """Return what is wrong with an answer, None when it is the caller's."""
        empty = not event.useful and event.held and not says_why(event.reply)
        # A stream may end without an answer for no reason of the model's, so that this is no opt-in.
        goes_on = self.queue and "server_error" in self.settings.fallback_on and self._in_time(event.at)
        if empty and (self._has_kept() or goes_on):
            return Validated(event.at, "server_error", "the stream ended without an answer")
        if not attempt.checks:
            return None
        limit = self.settings.timeout.call
        left = None if limit is None else max(0.0, limit - (event.at - self.request.started))
        found = yield Validate(attempt, event.reply, self.settings.min_score, left)
        if isinstance(found, Cancelled):
            return found
        if not isinstance(found, Validated):
            return None
        self.score = found.score
        return found if found.failure is not None and self._in_time(found.at) else None

    def _has_kept(self) -> bool:
        """Return whether an earlier answer is worth more than none."""
        return self.kept is not None and self.kept.useful

    def _not_good_enough(self, attempt: Attempt, event: Ended, finding: Validated) -> None:
        kind = finding.failure or ""
        self._note(event, attempt.model, attempt.retry, reply=event.reply, failure=kind)
        self.at = max(self.at, finding.at)
        if event.useful or not self._has_kept():
            deliver = Deliver(attempt.model, attempt.tries) if event.held else None
            self.kept = _Kept(event.reply, attempt.model, deliver, event.useful)
        if kind in self.settings.checks:
            self.queue = self._stronger(attempt.model, kind)
        elif kind not in self.settings.fallback_on or not self._in_time(self.at):
            self.queue.clear()
        self.before, self.reason = attempt.model, kind

    def _hand_over(self, attempt: Attempt, event: Ended) -> Generator[Step, Event, Event]:
        """Give out a stream that was held back; its time is that of the model, not of whoever reads it."""
        given = yield Deliver(attempt.model, attempt.tries)
        return event if isinstance(given, Ended) else given

    # After a try

    def _give_back(
        self, attempt: Attempt, event: Event, granted: Acquired, opened: float | None
    ) -> Generator[Step, Event, tuple[Event, bool]]:
        """Account for a try; return what it is judged by, and whether the model is to be left alone now."""
        if granted is _FREE:
            return event, False
        seconds = event.at - self.at
        if isinstance(event, Ended) and event.waited is not None:
            seconds = event.waited
        failure = classify(event.error) if isinstance(event, Failed) else None
        released = yield Release(
            attempt.model,
            self._verdict(attempt, event, failure),
            seconds,
            granted.probe,
            None if failure is None else failure.kind,
            event.error if isinstance(event, Failed) else None,
            None if failure is None else failure.retry_after,
            None if opened is None else opened - self.at,
        )
        if isinstance(released, Cancelled):
            return released, False
        return event, isinstance(released, Released) and released.is_open

    def _verdict(self, attempt: Attempt, event: Event, failure: Failure | None) -> Literal["answered", "failed", "void"]:
        if isinstance(event, Ended):
            return "answered"
        if failure is None or failure.kind in SAYS_NOTHING:
            return "void"
        if failure.kind == "timeout" and self._was_cut_short(attempt):
            return "void"
        return "failed" if failure.kind in TELLS_OF_THE_MODEL else "answered"

    def _was_cut_short(self, attempt: Attempt) -> bool:
        """Return whether so little of the call's time was left that running out of it says nothing of the model."""
        usual = self.settings.client_timeout
        return usual is not None and attempt.timeout is not None and attempt.timeout < usual / 2

    def _judge(self, attempt: Attempt, event: Event, *, is_open: bool) -> Outcome | _Next:
        """Note how a try ended. Return the outcome of the call, or what follows."""
        model, retry = attempt.model, attempt.retry
        if isinstance(event, Ended):
            self._note(event, model, retry, reply=event.reply)
            return self._outcome("answered", reply=event.reply)
        if isinstance(event, Cancelled):
            self._note(event, model, retry, failure="control", error=event.error)
            return self._outcome("cancelled", error=event.error)
        error, delivered = _failed(event)
        failure = classify(error)
        self._note(event, model, retry, failure=failure.kind, error=error)
        if failure.kind == "control":
            return self._outcome("cancelled", error=error)
        if delivered:
            return self._stop(StreamInterruptedError(model, delivered, error), error)
        following = self._next(model, retry, failure, is_open=is_open)
        self.failed = _Failure(failure, error, following.note)
        if following.action == "fall_back":
            self.before, self.reason = model, failure.kind
        elif following.action == "stop":
            self.queue.clear()
        return following

    def _next(self, model: str, retry: int, failure: Failure, *, is_open: bool) -> _Next:
        left = self._left()
        if left is not None and left <= 0:
            return _Next("stop", note=self._limit())
        wait = None if is_open else self._wait(retry, failure)
        if model != ORIGINAL and wait is not None and (left is None or wait < left):
            return _Next("retry", wait)
        if failure.kind not in self.settings.fallback_on:
            return _Next("stop")
        took = self.tries[-1].seconds
        self.queue = after_failure(failure.kind, model, self.queue, self.request.snapshot, state=self.request.state, took=took)
        return _Next("fall_back") if self.queue else _Next("stop")

    def _out_of_time(self) -> None:
        """End the call with the failure that it has; a wait took longer than was asked for."""
        if self.failed is not None:
            self.failed = self.failed._replace(note=self._limit())
        self.queue.clear()

    def _limit(self) -> str:
        return f" in {self.settings.timeout.call:g}s, the limit of the call"

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

    def _left(self) -> float | None:
        limit = self.settings.timeout.call
        return None if limit is None else limit - (self.at - self.request.started)

    def _in_time(self, at: float) -> bool:
        limit = self.settings.timeout.call
        return limit is None or at - self.request.started < limit

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
        self.tries.append(Try(model, retry, seconds, failure, error, usage, cost, self.score))

    # The end

    def _nothing_left(self) -> Plan:
        """Give what there is: an answer that was not good enough rather than none, else the error."""
        kept = self.kept
        if kept is not None:
            if kept.deliver is not None:
                given = yield kept.deliver
                if isinstance(given, Cancelled):
                    return self._outcome("cancelled", error=given.error)
            return self._outcome("answered", reply=kept.reply)._replace(answered_by=kept.model)
        if self.failed is None:
            rejected = self.decision.rejected
            reason = f"{self.decision.reason}; every model was rejected"
            return self._outcome("failed", error=NoEligibleModelError(reason, rejected=rejected, retry_after=self._soonest()))
        return self._give_up(*self.failed)

    def _soonest(self) -> float | None:
        return _least(self.soonest, soonest(self.decision, self.request.state))

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


_FREE: Final = Acquired(0.0)
"""Stands for what nobody keeps account of."""
_GRANTED: Final = Acquired(0.0)
"""Stands for what need not be asked for."""


def _failed(event: Event) -> tuple[BaseException, int]:
    if not isinstance(event, Failed):
        raise TypeError(f"a plan that has sent an attempt cannot go on from {type(event).__name__}")
    return event.error, event.delivered


def _least(a: float | None, b: float | None) -> float | None:
    return b if a is None else a if b is None else min(a, b)
