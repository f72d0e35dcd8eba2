"""How one call is carried out: a generator of steps that performs none of them.

Sync, async and streaming drivers perform the steps and send back what happened, so the order of classify, attempt, examine, retry and
fallback is written once. The generator's return value is the `Outcome`.
"""

from __future__ import annotations

from collections.abc import Generator

from taskroute.decision.decide import decide, with_classification
from taskroute.errors import NoEligibleModelError
from taskroute.execution.aside import told
from taskroute.execution.request import ORIGINAL, Plan, Request, soonest
from taskroute.execution.tries import Tries
from taskroute.steps import Cancelled, Classified, Classify, Event, Step
from taskroute.types import NO_SIGNALS, Cost, Decision, NeedSignal, Outcome

__all__ = ["ORIGINAL", "Plan", "Request", "plan", "soonest"]


def plan(request: Request) -> Plan:
    """Yield the steps that carry out one call; return how it ended."""
    found = yield from _decide(request)
    if isinstance(found, Outcome):
        return found
    decided, at, aside = found
    models = _models(request, decided)
    if not models:
        cache = Tries(request, decided, (), at, aside).cache
        ended = yield from cache.instead_of(_left_alone(request, decided))
        if ended is None:
            error = NoEligibleModelError(decided.reason, rejected=decided.rejected, retry_after=soonest(decided, request.state))
            ended = Outcome(decision=decided, tries=(), status="failed", error=error, aside=aside)
        return cache.noted(ended)
    return (yield from Tries(request, decided, models, at, aside).steps())


def _left_alone(request: Request, decision: Decision) -> tuple[str, ...]:
    """Return the models that would answer, were their circuits not open."""
    why = request.state.unavailable
    return tuple(model for model, reason in decision.rejected.items() if reason == why.get(model))


_Decided = tuple[Decision, float, tuple[Cost | None, ...]]
"""The decision, when it stood, and what it cost."""


def _decide(request: Request) -> Generator[Step, Event, _Decided | Outcome]:
    known, at = NO_SIGNALS, request.started
    aside: tuple[Cost | None, ...] = ()
    while True:
        decision = decide(request.snapshot, request.call, known, request.state, request.started)
        if not isinstance(decision, NeedSignal):
            return decision.numbered(request.decision_id), at, aside
        event = yield Classify(decision, request.snapshot.settings.timeout.call)
        if isinstance(event, Cancelled):
            undecided = Decision(candidates=(), route=None, reason="cancelled before a model was chosen", id=request.decision_id)
            return Outcome(decision=undecided, tries=(), status="cancelled", error=event.error, aside=aside)
        result = event.result if isinstance(event, Classified) else None
        if result is not None and (result.cost is not None or result.asked):
            aside += (told(result.cost, "classifier"),)
        known = with_classification(request.snapshot, request.call, known, result)
        at = event.at


def _models(request: Request, decision: Decision) -> tuple[str, ...]:
    """Return the models to try. Observing and disabled, that is only the one that was there before."""
    if decision.mode == "enforce" or decision.pinned:
        return decision.candidates
    if request.has_original:
        return (ORIGINAL,)
    return decision.baseline[:1]
