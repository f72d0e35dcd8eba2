"""The tries of one call, in order: ask for the model, attempt, examine, give back, and then retry, go on to the next model, or end."""

from __future__ import annotations

from collections.abc import Generator

from taskroute.decision.snapshot import CallSettings, least
from taskroute.execution.failures import Failure, classify
from taskroute.execution.finish import says_why
from taskroute.execution.from_cache import FromCache
from taskroute.execution.ledger import Ledger
from taskroute.execution.request import ORIGINAL, Plan, Request
from taskroute.execution.succession import Next, after_failure, stronger
from taskroute.execution.verdict import FREE, NOBODY, Ticket, verdict
from taskroute.steps import (
    Acquire,
    Acquired,
    Attempt,
    Cancelled,
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
from taskroute.types import Cost, Decision, Outcome, Reply


class Tries:
    """Carries one call through its models."""

    def __init__(
        self, request: Request, decision: Decision, models: tuple[str, ...], at: float, aside: tuple[Cost | None, ...] = ()
    ) -> None:
        self.request = request
        self.queue = list(models)
        self.settings: CallSettings = request.snapshot.settings_for(decision.route)
        self.ledger = Ledger(request, decision, self.settings.timeout.call, at, aside)
        self.checks = self.settings.checks
        if "low_confidence" in self.checks and not request.scored(decision.route):
            # Nothing would score it, so that no stream is held back for it.
            self.checks -= {"low_confidence"}
        # While observing, nothing of ours may stand in the way of a call; a pin of the environment is the last word.
        enforced = decision.mode == "enforce" or decision.pinned
        self.guarded = request.guarded and enforced and request.snapshot.pin is None
        self.number = 0
        self.before: str | None = None
        self.reason: str | None = None
        self.cache = FromCache(request, decision, self.ledger)

    def steps(self) -> Plan:
        """Yield the steps; return how the call ended."""
        ended: Outcome | None = None
        while self.queue and ended is None:
            self.cache.before = self.before, self.reason
            ended = yield from self._ask(self.queue.pop(0))
            yield from self.cache.forgo(cancelled=ended is not None and ended.status == "cancelled")
        return self.cache.noted((yield from self._nothing_left()) if ended is None else ended)

    def _ask(self, model: str) -> Generator[Step, Event, Outcome | None]:
        """Try one model, with its retries. Return how the call ended, or None to go on with the next model."""
        retry = 0
        stored = yield from self.cache.look_up(model, self.number)
        if stored is not None:
            return stored
        while True:
            ticket = self._unasked(model)
            if ticket is None:
                granted = yield from self._acquire(model, retry)
                if not isinstance(granted, Ticket):
                    return granted
                ticket = granted
            attempt = self._attempt(model, retry)
            event = yield attempt
            given_out = isinstance(event, Opened)
            if isinstance(event, Opened):
                opened = yield from self._opened(attempt, event, ticket)
                if isinstance(opened, Cancelled):
                    self.ledger.note(opened, attempt, failure="control", error=opened.error)
                    return self.ledger.outcome("cancelled", error=opened.error)
                ticket = opened
                event = yield Deliver(model, attempt.tries)
            if isinstance(event, Ended):
                if ticket is FREE and not attempt.checks and not event.held:
                    # Nearly every answer: there is nothing to examine, to tell or to hand over.
                    self.ledger.note(event, attempt, reply=event.reply, untold=None if event.reply.from_cache else event)
                    return (yield from self._end(attempt, event.reply))
                return (yield from self._answered(attempt, event, ticket, given_out=given_out))
            following = yield from self._broke(attempt, event, ticket)
            if isinstance(following, Outcome):
                return following
            if following.action != "retry":
                return None
            retry += 1
            waited = yield Wait(following.wait, model, self.ledger.tries[-1].failure or "")
            if isinstance(waited, Cancelled):
                return self.ledger.outcome("cancelled", error=waited.error)
            self.ledger.at = waited.at
            if not self.ledger.in_time(waited.at):
                self.ledger.out_of_time()
                self.queue.clear()
                return None

    # Before a try

    def _unasked(self, model: str) -> Ticket | None:
        """Return what needs no asking; None where the model must be asked for."""
        if model == ORIGINAL or not self.guarded:
            return NOBODY
        return FREE if self.request.state.settled and not self.ledger.tries else None

    def _acquire(self, model: str, retry: int) -> Generator[Step, Event, Ticket | Outcome | None]:
        """Return what was granted; None when the model must not be called now, or the outcome of a call that was cancelled."""
        event = yield Acquire(model)
        if isinstance(event, Cancelled):
            return self.ledger.outcome("cancelled", error=event.error)
        if not isinstance(event, Acquired):
            raise TypeError(f"a plan that has asked for a model cannot go on from {type(event).__name__}")
        if event.refused is None:
            # What a store took is no time of the model's.
            self.ledger.at = event.at
            return Ticket(counts=True, asked=True, probe=event.probe)
        self.ledger.refused(model, event)
        failure = self.ledger.failure() if retry else event.failure
        # What must not go to another model when it happens must not do so afterwards either.
        if failure is not None and failure not in self.settings.fallback_on:
            self.queue.clear()
        elif retry:
            self.before, self.reason = model, failure
        return None

    def _attempt(self, model: str, retry: int) -> Attempt:
        if retry == 0:
            self.number += 1
        ledger, settings = self.ledger, self.settings
        tries = len(ledger.tries) + 1
        if model == ORIGINAL:
            request = self.request
            return Attempt(
                model, self.number, retry, None, ledger.decision, tries, snapshot=request.snapshot, told=request.told, aside=ledger.aside
            )
        limits = settings.timeout
        limit = least(limits.attempt, ledger.for_a_try())
        timed = limit is not None or limits.first_chunk is not None or limits.between_chunks is not None
        return Attempt(
            model=model,
            number=self.number,
            retry=retry,
            timeout=limit,
            decision=ledger.decision,
            tries=tries,
            fallback_from=self.before,
            fallback_reason=self.reason,
            timeout_enforced=self._held_by(model) if timed else None,
            snapshot=self.request.snapshot,
            first_chunk=limits.first_chunk,
            between_chunks=limits.between_chunks,
            checks=self._worth_checking(model) if self.checks else self.checks,
            hold=settings.hold,
            client_retries=self.request.client_retries(model),
            given_up=ledger.paid() if ledger.tries else (),
            keeps=self.cache.lead is not None,
            lead=self.cache.lead,
            told=self.request.told,
            aside=ledger.aside,
        )

    def _held_by(self, model: str) -> str:
        if self.settings.timeout.threads and not self.request.is_async:
            return "thread"
        how = self.request.held_by(model)
        if how == "client" and self.settings.client_timeout is None and self.settings.stream_timeout is None:
            # A limit of the first chunk alone, or of the others alone, is none that a client could be given.
            return "async" if self.request.is_async else "none"
        return how

    def _worth_checking(self, model: str) -> frozenset[str]:
        """Return the classes that an answer is examined for: those for which a better model is left, or a kept answer may be better."""
        if self.ledger.kept is not None:
            return self.checks
        return frozenset(kind for kind in self.checks if self._stronger(model, kind))

    def _stronger(self, model: str, kind: str) -> list[str]:
        return stronger(kind, model, self.queue, self.request.snapshot)

    def _opened(self, attempt: Attempt, event: Opened, ticket: Ticket) -> Generator[Step, Event, Ticket | Cancelled]:
        """Tell at once that a model is well again which gave its first chunk as the one call let through: its reader may stop any time."""
        if not ticket.probe:
            return ticket
        released = yield Release(attempt.model, "answered", None, ticket.probe, first_chunk=event.first_chunk)
        return released if isinstance(released, Cancelled) else ticket._replace(probe=0.0, settled=True)

    # An answer

    def _answered(self, attempt: Attempt, event: Ended, ticket: Ticket, *, given_out: bool) -> Generator[Step, Event, Outcome | None]:
        """Give the answer to the caller, and return the outcome; None when another model may do better."""
        ledger = self.ledger
        found = None if given_out else (yield from self._examine(attempt, event))
        interrupt = yield from self._give_back_answer(attempt, event, ticket)
        untold = event if ticket is FREE and not (event.reply.from_cache or self._is_empty(event)) else None
        if isinstance(found, Cancelled) or interrupt is not None:
            error = found.error if isinstance(found, Cancelled) else interrupt.error if interrupt is not None else None
            ledger.note(event, attempt, reply=event.reply, failure="control", error=error, untold=untold)
            return ledger.outcome("cancelled", error=error)
        score = None if found is None else found.score
        # When the time is up, an answer stands as it is, unless there is another that may be better.
        if found is not None and found.failure is not None and (ledger.kept is not None or ledger.in_time(found.at)):
            ledger.note(event, attempt, reply=event.reply, failure=found.failure, score=score, untold=untold)
            ledger.at = max(ledger.at, found.at)
            self._look_for_better(attempt, event, found.failure, score)
            return None
        if event.held:
            given = yield Deliver(attempt.model, attempt.tries)
            if isinstance(given, Cancelled):
                ledger.note(event, attempt, reply=event.reply, failure="control", error=given.error, score=score, untold=untold)
                return ledger.outcome("cancelled", error=given.error)
        ledger.note(event, attempt, reply=event.reply, score=score, untold=untold)
        return (yield from self._end(attempt, event.reply, score, is_fine=found is None or found.failure is None))

    def _end(self, attempt: Attempt, reply: Reply, score: float | None = None, *, is_fine: bool = True) -> Plan:
        """Store the answer where it is for others, too, and return the end of the call."""
        if is_fine and ("low_confidence" not in self.checks or score is not None):
            interrupt = yield from self.cache.save(attempt, reply)
            if interrupt is not None:
                return self.ledger.outcome("cancelled", error=interrupt.error)
        return self.ledger.outcome("answered", reply=reply)

    def _examine(self, attempt: Attempt, event: Ended) -> Generator[Step, Event, Validated | Cancelled | None]:
        """Return what was found in an answer; None where nobody looked."""
        # A stream may end without an answer for no reason of the model's, so that going on from it is no opt-in.
        goes_on = bool(self.queue) and "server_error" in self.settings.fallback_on and self.ledger.in_time(event.at)
        nothing = self._is_empty(event)
        empty = nothing and "refusal" not in attempt.checks and (self.ledger.kept is not None or goes_on)
        if not attempt.checks and not empty:
            return None
        limit = self.settings.timeout.call
        left = None if limit is None else max(0.0, limit - (event.at - self.request.started))
        reply = event.reply._replace(empty=True) if nothing else event.reply
        found = yield Validate(attempt, reply, self.settings.min_score, left, empty)
        if isinstance(found, Validated):
            self.ledger.aside += found.aside
        return found if isinstance(found, Validated | Cancelled) else None

    def _look_for_better(self, attempt: Attempt, event: Ended, kind: str, score: float | None) -> None:
        self.ledger.keep(attempt, event, kind, score)
        if kind in self.settings.checks:
            self.queue = self._stronger(attempt.model, kind)
        elif kind not in self.settings.fallback_on:
            self.queue.clear()
        if not self.ledger.in_time(self.ledger.at):
            self.queue.clear()
        self.before, self.reason = attempt.model, kind

    @staticmethod
    def _is_empty(event: Ended) -> bool:
        """Return whether a stream ended without anything for the caller, and without a word on why."""
        return event.held and not event.useful and not says_why(event.reply)

    # Giving back

    def _give_back_answer(self, attempt: Attempt, event: Ended, ticket: Ticket) -> Generator[Step, Event, Cancelled | None]:
        """Account for an answer; return what interrupted that. Most answers are accounted for when the call is over, all at once."""
        empty = self._is_empty(event)
        if ticket.settled or not ticket.counts or (ticket is FREE and not empty):
            return None
        if event.reply.from_cache:
            released = yield Release(attempt.model, "void", None, ticket.probe)
            return released if isinstance(released, Cancelled) else None
        seconds = event.at - self.ledger.at if event.waited is None else event.waited
        if empty:
            released = yield Release(attempt.model, "failed", None, ticket.probe, "server_error")
        else:
            released = yield Release(attempt.model, "answered", seconds, ticket.probe, first_chunk=event.first_chunk)
        return released if isinstance(released, Cancelled) else None

    def _give_back_failure(
        self, attempt: Attempt, event: Failed, failure: Failure, ticket: Ticket
    ) -> Generator[Step, Event, Cancelled | bool]:
        """Account for a failure; return what interrupted that, or whether the model is to be left alone now."""
        # A route that is in more of a hurry than the policy says nothing of the model for the others.
        usual = self.request.snapshot.settings.client_timeout or self.settings.client_timeout
        said = verdict(attempt, event, failure, usual)
        if not ticket.counts or (said == "void" and not ticket.asked) or (ticket.settled and said != "failed"):
            return False
        released = yield Release(attempt.model, said, None, ticket.probe, failure.kind, event.error, failure.retry_after)
        return released if isinstance(released, Cancelled) else isinstance(released, Released) and released.is_open

    # A failure

    def _broke(self, attempt: Attempt, event: Event, ticket: Ticket) -> Generator[Step, Event, Outcome | Next]:
        """Account for a try without an answer. Return the outcome of the call, or what follows."""
        ledger, model = self.ledger, attempt.model
        if isinstance(event, Cancelled):
            if ticket.asked and not ticket.settled:
                yield Release(model, "void", None, ticket.probe)
            ledger.note(event, attempt, reply=event.reply, failure="control", error=event.error)
            return ledger.outcome("cancelled", error=event.error)
        if not isinstance(event, Failed):
            raise TypeError(f"a plan that has sent an attempt cannot go on from {type(event).__name__}")
        failure = classify(event.error)
        released = yield from self._give_back_failure(attempt, event, failure, ticket)
        if isinstance(released, Cancelled):
            ledger.note(event, attempt, reply=event.reply, failure="control", error=released.error)
            return ledger.outcome("cancelled", error=released.error)
        ledger.note(event, attempt, reply=event.reply, failure=failure.kind, error=event.error)
        if failure.kind == "control":
            return ledger.outcome("cancelled", error=event.error)
        if event.delivered:
            return ledger.interrupted(model, event.delivered, event.error)
        return self._follow(attempt, event.error, failure, is_open=released)

    def _follow(self, attempt: Attempt, error: BaseException, failure: Failure, *, is_open: bool) -> Next:
        """Return what follows a failure, with the queue set for it."""
        ledger = self.ledger
        took, left = ledger.tries[-1].seconds, ledger.left()
        following = after_failure(attempt, failure, self.queue, self.request, self.settings, took=took, left=left, is_open=is_open)
        ledger.failed(failure, error, late=left is not None and left <= 0)
        self.queue = following.queue
        if following.action == "fall_back":
            self.before, self.reason = attempt.model, failure.kind
        return following

    # The end

    def _nothing_left(self) -> Plan:
        """Give what there is: an answer that was not good enough, or one whose time is over, rather than none; else the error."""
        ledger, kept = self.ledger, self.ledger.kept
        if kept is None:
            stale = yield from self.cache.serve_stale(self.number)
            return ledger.without_answer() if stale is None else stale
        if kept.deliver is not None:
            given = yield kept.deliver
            if isinstance(given, Cancelled):
                return ledger.outcome("cancelled", error=given.error)
        return ledger.outcome("answered", reply=kept.reply)._replace(answered_by=kept.model)
