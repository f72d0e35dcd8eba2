"""What has happened in a call so far, and what it comes to. Pure."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from taskroute.decision.snapshot import least
from taskroute.errors import AllModelsFailedError, NoEligibleModelError, StreamInterruptedError, account
from taskroute.execution.failures import Failure
from taskroute.execution.request import Request, soonest
from taskroute.steps import Acquired, Attempt, Deliver, Ended, Event
from taskroute.types import Cost, Decision, Outcome, Reply, Try

_MERCY: Final = 0.1
"""The share of a call's time that its next try gets at least: a slow classifier or store is no reason to ask no model at all."""
_WORTH: Final = {"low_confidence": 3, "truncated": 2, "invalid_output": 1, "refusal": 0}
"""Which of two answers that are not good enough the caller is better served with."""


class Kept(NamedTuple):
    """An answer that was not good enough, kept in case that nothing better comes."""

    reply: Reply
    model: str
    deliver: Deliver | None
    """How a stream is given out; None for a whole answer."""
    worth: tuple[int, float]


class Ledger:
    """The tries of one call, its time, and the best answer so far."""

    def __init__(self, request: Request, decision: Decision, limit: float | None, at: float, aside: tuple[Cost | None, ...] = ()) -> None:
        self.request = request
        self.decision = decision
        self.limit = limit
        """Seconds for the whole call."""
        self.tries: list[Try] = []
        self.at = at
        self.kept: Kept | None = None
        self.aside = aside
        """What the classifier's and the checks' own calls to models have cost."""
        self._failed: tuple[Failure, BaseException, str] | None = None
        self._soonest: float | None = None
        """Seconds until the first of the models that were refused may be called again."""

    # Time

    def left(self) -> float | None:
        """Return the seconds that are left of the call's time; None without a limit."""
        return None if self.limit is None else self.limit - (self.at - self.request.started)

    def for_a_try(self) -> float | None:
        """Return the seconds that a try may take for the call's sake."""
        left = self.left()
        return None if left is None or self.limit is None else max(left, self.limit * _MERCY)

    def in_time(self, at: float) -> bool:
        """Return whether the call's time was not over then."""
        return self.limit is None or at - self.request.started < self.limit

    # What happened

    def note(
        self,
        event: Event,
        attempt: Attempt,
        *,
        reply: Reply | None = None,
        failure: str | None = None,
        error: BaseException | None = None,
        score: float | None = None,
        untold: Ended | None = None,
    ) -> None:
        """Write down a try. `untold` is the answer that nobody who keeps account of the models has been told of."""
        seconds, self.at = event.at - self.at, event.at
        usage, cost = (None, None) if reply is None else (reply.usage, reply.cost)
        waited = None if untold is None else seconds if untold.waited is None else untold.waited
        first_chunk = None if untold is None else untold.first_chunk
        came = reply is not None
        self.tries.append(Try(attempt.model, attempt.retry, seconds, failure, error, usage, cost, score, waited, first_chunk, came))

    def refused(self, model: str, event: Acquired) -> None:
        """Write down that a model must not be called now."""
        self._soonest = least(self._soonest, event.wait)
        candidates = tuple(name for name in self.decision.candidates if name != model)
        self.decision = self.decision._replace(candidates=candidates, rejected={**self.decision.rejected, model: event.refused or ""})

    def failed(self, failure: Failure, error: BaseException, *, late: bool = False) -> None:
        """Write down the failure that the call ends with if nothing better comes."""
        self._failed = failure, error, f" in {self.limit:g}s, the limit of the call" if late else ""

    def out_of_time(self) -> None:
        """Write down that no time was left after the last failure."""
        if self._failed is not None:
            self.failed(*self._failed[:2], late=True)

    def failure(self) -> str | None:
        """Return the class of the last failure; None when nothing has failed."""
        return None if self._failed is None else self._failed[0].kind

    def keep(self, attempt: Attempt, event: Ended, kind: str, score: float | None) -> None:
        """Keep an answer that is not good enough, unless there is a better one; of two alike the later, which is the stronger model's."""
        nothing = not event.useful or event.reply.empty
        worth = (-1, 0.0) if nothing else (_WORTH.get(kind, 0), score or 0.0)
        if self.kept is None or worth >= self.kept.worth:
            deliver = Deliver(attempt.model, attempt.tries) if event.held else None
            self.kept = Kept(event.reply, attempt.model, deliver, worth)

    def paid(self) -> tuple[Cost | None, ...]:
        """Return what each answer so far cost that was not good enough."""
        return tuple(t.cost for t in self.tries if t.paid)

    # How it ends

    def outcome(
        self,
        status: Literal["answered", "failed", "cancelled"],
        *,
        reply: Reply | None = None,
        error: BaseException | None = None,
        answered_by: str | None = None,
    ) -> Outcome:
        """Return how the call ended."""
        return Outcome(self.decision, tuple(self.tries), status, reply, error, answered_by, aside=self.aside)

    def interrupted(self, model: str, delivered: int, cause: BaseException) -> Outcome:
        """Return the end of a call whose stream broke after part of it had been given out."""
        return self._stopped(StreamInterruptedError(model, delivered, cause), cause)

    def without_answer(self) -> Outcome:
        """Return the end of a call that nobody answered.

        One model keeps its own exception, so that code which catches it still does; several become one error that lists the tries.
        """
        if self._failed is None:
            wait = least(self._soonest, soonest(self.decision, self.request.state))
            reason = f"{self.decision.reason}; every model was rejected"
            return self.outcome("failed", error=NoEligibleModelError(reason, rejected=self.decision.rejected, retry_after=wait))
        failure, error, note = self._failed
        several = len({t.model for t in self.tries}) > 1
        if several and failure.kind not in ("bad_request", "unknown"):
            return self._stopped(AllModelsFailedError(self.tries, note=note), error)
        error.add_note(f"taskroute: {self.decision.reason}; tried{note}:{account(self.tries)}")
        return self.outcome("failed", error=error)

    def _stopped(self, error: Exception, cause: BaseException) -> Outcome:
        error.__cause__ = cause
        return self.outcome("failed", error=error)
