"""A decision with what became of every route."""

from __future__ import annotations

from typing import Literal, NamedTuple

from taskroute.cache.terms import terms_of
from taskroute.decision.eligible import required_labels
from taskroute.errors import NoEligibleModelError
from taskroute.policy.choosing import Choose
from taskroute.policy.conditions import compile_when
from taskroute.policy.schema import Route
from taskroute.policy.when import When
from taskroute.router import Router
from taskroute.signals.collect import CallReader
from taskroute.stored import Terms
from taskroute.types import CacheNote, Call, Decision, Signals

Status = Literal["matched", "not_matched", "not_reached"]


class RouteSeen(NamedTuple):
    """What became of a route in one decision."""

    name: str
    status: Status
    failed: tuple[str, ...]
    """Keys of its `when` that did not hold, of those that the decision looked at."""
    models: tuple[str, ...]
    when: When
    choose: Choose | None = None
    """How its own models, the first of `models`, are put in order; None when they are in order."""


class Explained(NamedTuple):
    """A decision, the labels that were required, and every route in order."""

    decision: Decision
    labels: tuple[str, ...]
    routes: tuple[RouteSeen, ...]
    default: tuple[str, ...]
    cache: Terms | CacheNote | None = None
    """On which terms the call may use the cache, or why not; None where the policy has none."""


def explained(router: Router, call: Call) -> Explained:
    """Return the decision for a call, also when no model may answer it."""
    with router.capture_decisions() as taken:
        try:
            decision = router.decide(call)
        except NoEligibleModelError:
            decision = taken[-1]
    snapshot = router.snapshot
    # Knows what the decision found, so that nothing is classified twice.
    reader = CallReader(call, snapshot.sources, decision.signals)
    labels = tuple(sorted(required_labels(snapshot, reader))) if snapshot.rules else ()
    routes: list[RouteSeen] = []
    over = decision.pinned or decision.mode == "disabled"
    for compiled, route in zip(snapshot.routes, snapshot.policy.routes, strict=True):
        status: Status = "not_reached" if over else "matched" if route.name == decision.route else "not_matched"
        over = over or status == "matched"
        failed = _failed(route, reader, decision.signals) if status == "not_matched" else ()
        routes.append(RouteSeen(route.name, status, failed, compiled.models, route.when, route.choose))
    return Explained(decision, labels, tuple(routes), snapshot.default, terms_of(snapshot, decision, call))


def _failed(route: Route, reader: CallReader, signals: Signals) -> tuple[str, ...]:
    """Return the keys that did not hold. One whose signals the decision did not need is left out, so that none is computed for show."""
    known = {name for name, signal in signals.items() if signal.source != "not_asked"} | {"tags", "metadata", "prompt"}
    failed: list[str] = []
    for field, info in When.model_fields.items():
        value = getattr(route.when, field)
        if value is None:
            continue
        part = compile_when(When().model_copy(update={field: value}))
        if known.issuperset(part.asks) and not part.test(reader):
            failed.append(info.alias or field)
    return tuple(failed)
