"""One call on its way: the plan, what it is told to, and what a driver asks of its host."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from taskroute.cache.responses import ResponseCache
from taskroute.execution.compared import Compared
from taskroute.execution.partly import Partly
from taskroute.execution.plan import Plan
from taskroute.execution.record import restate
from taskroute.execution.validate import Check, Expected
from taskroute.execution.warm import Conversations
from taskroute.execution.watching import Watches
from taskroute.ports import Classifier, Clock
from taskroute.steps import Acquired, Attempt, Event, Release, Released, Step
from taskroute.stored import Asked
from taskroute.types import NOTHING, Call, Decision, Outcome, Reply

if TYPE_CHECKING:
    from taskroute.decision.snapshot import Snapshot
    from taskroute.execution.classifying import ModelAsks

_under_way: Final[dict[int, Plan]] = {}
"""Keeps every plan until it has ended. Python may collect a stream that was dropped in any order, and a plan that went before its
driver could no longer say how the call ended, nor give back what it was granted."""
_NOTHING_TO_HOLD: Final[AbstractContextManager[object]] = contextlib.nullcontext()


class Source(Protocol):
    """Makes sense of a stream while it passes by."""

    def take(self, chunk: Any) -> bool:
        """Note a chunk; return whether it holds anything that the caller could use."""
        ...

    def reply(self) -> Reply:
        """Return what the whole stream came to."""
        ...


class UnusableAnswerError(Exception):
    """Raised by a host for an answer that came and was paid for, and that could not be used: it never leaves the driver."""

    def __init__(self, error: Exception, reply: Reply) -> None:
        super().__init__(str(error))
        self.error = error
        self.reply = reply


class Host(Protocol):
    """What a driver asks of its host, for one call. A host implements the half that it is driven by."""

    def answer(self, attempt: Attempt) -> Reply: ...
    def aanswer(self, attempt: Attempt) -> Awaitable[Reply]: ...
    def open(self, attempt: Attempt) -> tuple[Iterator[Any], Source]: ...
    def aopen(self, attempt: Attempt) -> tuple[AsyncIterator[Any], Source]: ...
    def expects(self, attempt: Attempt, reply: Reply) -> Expected:
        """Return what the answer must be like."""
        ...


class Asks(Protocol):
    """What a host has besides whose answers may be kept."""

    def asked(self, model: str, snapshot: Snapshot) -> Asked | None:
        """Return what is asked of a model, for the cache; None where an answer could not be told from another's."""
        ...


class Guard(Protocol):
    """Keeps account of how models are doing, and says which must be left alone. It never raises."""

    def acquire(self, model: str) -> Acquired: ...
    def release(self, step: Release) -> Released: ...
    def note(self, outcome: Outcome) -> None:
        """Account for the answers of a call that nothing was told of before."""
        ...

    async def aacquire(self, model: str) -> Acquired: ...
    async def arelease(self, step: Release) -> Released: ...


class Run(NamedTuple):
    """One call on its way."""

    plan: Plan
    watches: Watches | None
    """Is told of everything; None when nobody listens."""
    clock: Clock
    tasks: tuple[str, ...]
    """Every task that the classifier may name."""
    classifier: Classifier | None
    record: Callable[[Decision], None]
    """Is told the decision once it stands."""
    guard: Guard | None = None
    """None when nobody keeps account."""
    checks: Mapping[str | None, Check] = NOTHING  # type: ignore[assignment]
    """The user's checks of answers by route; None stands for every other route."""
    partly: Partly | None = None
    """Prices a stream that does not come to its end; None leaves that unknown."""
    call: Call = Call()
    cache: ResponseCache | None = None
    """None where no answers are kept."""
    namespace: str = ""
    """Of the cache."""
    compared: Compared | None = None
    """Prices the answer on the baseline model; None without one."""
    conversations: Conversations | None = None
    """Is told who answered; None where nobody asks for it."""
    asks: ModelAsks | None = None
    """How the classifier's questions reach a model; None where none may."""

    def advance(self, event: Event | None) -> Step | Outcome:
        """Send what happened, and return what to do next or how it ended."""
        watches = self.watches
        try:
            if watches is not None and event is not None:
                watches.event(event, event.at)
            step = self.plan.send(event) if event is not None else self._begin()
            if isinstance(step, Attempt) and step.tries == 1 and step.cached is None:
                self.record(step.decision)
            if watches is not None:
                watches.step(step, self.clock.now())
        except StopIteration as done:
            return self._ended(done.value)
        except BaseException:
            _under_way.pop(id(self.plan), None)
            raise
        return step

    def _ended(self, outcome: Outcome) -> Outcome:
        _under_way.pop(id(self.plan), None)
        if not outcome.tries:
            self.record(outcome.decision)
        if self.guard is not None:
            self.guard.note(outcome)
        if self.conversations is not None:
            self.conversations.note(self.call, outcome)
        outcome = self.weighed(outcome)
        restate(outcome)
        note = outcome.cache
        if note is not None and note.status == "stale" and self.cache is not None:
            self.cache.stale_served(self.namespace, outcome.decision.signals.stage.value, note.saved)
        if self.watches is not None:
            self.watches.finished(outcome, self.clock.now())
        return outcome

    def weighed(self, outcome: Outcome) -> Outcome:
        """Return the end of the call with what it would have cost on the baseline model, where there is one."""
        return outcome if self.compared is None else outcome._replace(baseline=self.compared.baseline(outcome))

    def _begin(self) -> Step:
        _under_way[id(self.plan)] = self.plan
        return next(self.plan)

    def active(self) -> AbstractContextManager[object]:
        """Return a context to hold while the host works on the current attempt, never across a yield.

        The sync drivers ask for it only when somebody watches: where there is nothing to wait for, it would be felt.
        """
        return _NOTHING_TO_HOLD if self.watches is None else self.watches.active()


def settle(outcome: Outcome) -> Outcome:
    """Return an outcome that has an answer; raise the error of any other."""
    if outcome.error is not None:
        raise outcome.error
    return outcome
