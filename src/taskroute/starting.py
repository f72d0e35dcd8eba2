"""A call sets out: its plan, who watches it, and what its driver needs, under the policy in force."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from taskroute.execution.partly import Partly
from taskroute.execution.plan import Request, plan
from taskroute.execution.run import Run
from taskroute.execution.watching import begin
from taskroute.live import Live
from taskroute.ports import Clock, Observer
from taskroute.pricing import Pricing
from taskroute.steps import Attempt
from taskroute.types import Call, Cost, Decision, Reply


class Way(NamedTuple):
    """How a host carries out a call. See `Router.run`."""

    has_original: bool
    held_by: Callable[[str], str] | None
    client_retries: Callable[[str], int | None] | None
    retries: bool
    is_async: bool


class Around(NamedTuple):
    """What a router gives to every call, whatever the policy."""

    clock: Clock
    chance: Callable[[], float]
    pricing: Pricing
    observers: Sequence[Observer]
    record: Callable[[Decision], None]


def started(call: Call, live: Live, way: Way, around: Around, decision_id: str) -> Run:
    """Return a call on its way, for a driver."""
    snapshot, pricing = live.snapshot, around.pricing
    now = around.clock.now()
    request = Request(
        snapshot=snapshot,
        call=call,
        started=now,
        decision_id=decision_id,
        state=live.state(call),
        has_original=way.has_original,
        held_by=way.held_by or _not_held,
        chance=around.chance,
        guarded=not snapshot.disabled,
        client_retries=way.client_retries or _not_known,
        scored=live.is_scored,
        retries=way.retries,
        is_async=way.is_async,
        caches=live.cache is not None,
        told=live.telling.content != "none",
    )

    def price(attempt: Attempt, reply: Reply) -> Cost | None:
        return pricing.of_reply(attempt.snapshot or snapshot, attempt.model, reply)

    return Run(
        plan(request),
        begin(around.observers, call, now),
        around.clock,
        tuple(snapshot.sources.tasks),
        snapshot.sources.classifier,
        around.record,
        live.guard,
        live.checks,
        Partly(call, price),
        call=call,
        cache=live.cache,
        namespace="" if snapshot.policy.cache is None else snapshot.policy.cache.namespace,
        compared=pricing.compared(snapshot, call),
        asks=live.asks,
        conversations=live.conversations,
    )


def _not_held(model: str) -> str:
    return "none"


def _not_known(model: str) -> None:
    return None
