"""The decision on a call that LiteLLM is about to carry out, and what is stored for it."""

from __future__ import annotations

from typing import cast

from taskroute.execution.chores import achore
from taskroute.execution.run import Run, settle
from taskroute.router import Router
from taskroute.steps import Acquire, Acquired, Attempt, Classify, Event, Failed, Forgo, Lookup, Step
from taskroute.types import Call, Outcome
from taskroute_litellm.observed import ObservedCall
from taskroute_litellm.proxy_kept import KeptCall, ProxyRequest


async def start(router: Router, call: Call, request: ProxyRequest, *, name: str, limited: bool = False) -> ObservedCall:
    """Decide a call, and return it as LiteLLM is about to carry it out. Raises NoEligibleModelError when no model may answer.

    `name` is the model that the client asked for. `limited` says that the client set a time limit, which no model may be able to keep.

    The plan goes as far as its first attempt, so that models whose circuits have opened are passed over as they are everywhere else, and
    what is stored is served as everywhere else.
    """
    run = router.run(call, has_original=True, retries=False, is_async=True)
    kept = KeptCall(run, request)
    granted: dict[str, float] = {}
    try:
        first = await _first(run, request, kept, granted)
    except BaseException:
        kept.let_go(failed=False)
        raise
    if isinstance(first, Outcome):
        run.record(first.decision)
        if run.watches is not None:
            run.watches.finished(first, run.clock.now())
        settle(first)
        raise TypeError("a plan without an attempt cannot have an answer")
    run.plan.close()
    run.record(first.decision)
    return ObservedCall(run, first, kept, granted, price=router.cost, endpoint=request.endpoint, name=name, limited=limited)


async def _first(run: Run, request: ProxyRequest, kept: KeptCall, granted: dict[str, float]) -> Attempt | Outcome:
    """Perform a plan as far as the attempt that LiteLLM is to carry out, and return that; how the call ended where there is none."""
    step = _advance(run, None)
    while not isinstance(step, Outcome):
        _tell(run, step)
        event: Event
        if not isinstance(step, Attempt):
            event = await achore(run, request, step)
            kept.noted(step, event)
            if isinstance(step, Acquire) and isinstance(event, Acquired) and event.refused is None:
                granted[step.model] = event.probe
        else:
            refused = None if step.cached is None else kept.serve(step, step.cached)
            if refused is None:
                return step
            event = Failed(refused, 0, run.clock.now())
        _tell(run, event)
        step = _advance(run, event)
    return step


def _advance(run: Run, event: Event | None) -> Step | Outcome:
    try:
        return next(run.plan) if event is None else run.plan.send(event)
    except StopIteration as done:
        outcome: Outcome = done.value
        return outcome


def _tell(run: Run, what: Step | Event) -> None:
    """Tell the observers. Of an attempt that LiteLLM makes they are told when it does."""
    if run.watches is None:
        return
    if isinstance(what, Classify | Acquire | Lookup | Forgo | Attempt):
        if not isinstance(what, Attempt) or what.cached is not None:
            run.watches.step(what, run.clock.now())
    else:
        run.watches.event(cast("Event", what), run.clock.now())
