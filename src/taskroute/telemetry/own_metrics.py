"""taskroute's own metrics: what was decided, how calls ended, what they cost and saved, and what routing took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from taskroute.telemetry import attributes as names
from taskroute.telemetry import describe
from taskroute.telemetry import metric_names as metrics
from taskroute.telemetry.bounded import Value
from taskroute.telemetry.instruments import Meters
from taskroute.types import Call, Cost, Decision, Outcome


class Fell(NamedTuple):
    """A model that took over from another."""

    whence: str
    reason: str | None
    to: str


class Told(NamedTuple):
    """All that is recorded of one call."""

    call: Call
    decision: Decision
    """As it was when the first model was asked."""
    outcome: Outcome
    fell: tuple[Fell, ...]
    unfit: tuple[tuple[str, str], ...]
    """Each model whose answer was not good enough, and what was wrong with it."""
    routing: float
    """Seconds that routing added."""
    baseline: str | None
    """The model that savings are worked out against."""


class OwnMetrics:
    """Records a call that is over."""

    __slots__ = ("_meters", "_most", "_told", "_where")

    def __init__(self, meters: Meters, told: Told, *, most: int) -> None:
        self._meters = meters
        self._most = most
        self._told = told
        call, signals = told.call, told.outcome.decision.signals
        # What the call itself says is known, also where no condition asked for it.
        self._where = {names.STAGE: signals.stage.value or call.stage, names.TASK: signals.task.value or call.task}

    def record(self) -> None:
        self._decision()
        self._end()
        self._attempts()
        self._cache()
        self._spent()
        self._saved()

    def _add(self, name: str, attributes: Mapping[str, Value | None], amount: float = 1) -> None:
        self._meters.add(name, amount, self._meters.bounded.attributes(self._most, attributes))

    def _decision(self) -> None:
        decision, signals = self._told.decision, self._told.decision.signals
        if self._told.outcome.status == "cancelled" and not decision.candidates:
            # It was given up before there was one.
            return
        about: dict[str, Value | None] = {
            names.ROUTE: decision.route,
            **self._where,
            names.MODEL: decision.candidates[0] if decision.candidates else None,
            names.CAUSE: "pinned" if decision.pinned else "default" if decision.route is None else "route",
            names.STAGE_SOURCE: None if signals.stage.value is None else signals.stage.source,
            names.TASK_SOURCE: None if signals.task.value is None else signals.task.source,
            names.MODE: decision.mode,
        }
        self._add(metrics.DECISIONS, about)

    def _end(self) -> None:
        told, outcome = self._told, self._told.outcome
        error = (describe.error_type(outcome.error) or names.OTHER_ERROR) if outcome.status == "failed" else None
        about = {names.STATUS: outcome.status, names.ROUTE: told.decision.route, names.MODEL: outcome.model, names.ERROR_TYPE: error}
        self._add(metrics.CALLS, about)
        spent_on = {
            names.STAGE: self._where[names.STAGE],
            names.CLASSIFIER_KIND: describe.classifier_of(told.decision.signals),
            names.CACHE_STATUS: None if outcome.cache is None else outcome.cache.status,
        }
        self._meters.record(metrics.ROUTING_DURATION, told.routing, self._meters.bounded.attributes(self._most, spent_on))

    def _attempts(self) -> None:
        before: str | None = None
        for one in self._told.outcome.tries:
            self._add(metrics.ATTEMPTS, {names.MODEL: one.model, names.FAILURE: one.failure})
            if one.retry:
                self._add(metrics.RETRIES, {names.MODEL: one.model, names.FAILURE: before})
            before = one.failure
        for fell in self._told.fell:
            about = {names.FALLBACK_FROM: fell.whence, names.MODEL: fell.to, names.FALLBACK_REASON: fell.reason}
            self._add(metrics.FALLBACKS, about)
        for model, what in self._told.unfit:
            self._add(metrics.VALIDATION_FAILURES, {names.MODEL: model, names.VALIDATION_FAILURE: what})

    def _cache(self) -> None:
        note = self._told.outcome.cache
        if note is not None:
            self._add(metrics.CACHE_REQUESTS, {names.CACHE_STATUS: note.status, names.STAGE: self._where[names.STAGE]})

    def _spent(self) -> None:
        whose = {**self._where, names.TENANT: self._told.call.tenant}
        for one in self._told.outcome.tries:
            if not one.paid:
                continue
            if one.cost is None:
                self._add(metrics.COST_UNKNOWN, {names.MODEL: one.model, names.STAGE: self._where[names.STAGE]})
            else:
                self._money(metrics.COST, one.cost, {**whose, names.MODEL: one.model})
        for cost in self._told.outcome.aside:
            if cost is None:
                self._add(metrics.COST_UNKNOWN, {names.STAGE: self._where[names.STAGE]})
            else:
                self._money(metrics.COST, cost, whose)
                self._money(metrics.COST_ASIDE, cost, whose)

    def _saved(self) -> None:
        outcome = self._told.outcome
        about = {**self._where, names.TENANT: self._told.call.tenant, names.MODEL: outcome.model}
        if outcome.baseline is not None:
            self._money(metrics.COST_BASELINE, outcome.baseline, {**about, names.COST_BASELINE_MODEL: self._told.baseline})
        saved = outcome.saved
        if saved is None:
            return
        basis = {names.COST_SAVED_BASIS: "cache" if outcome.baseline is None else "estimate"}
        if saved.amount < 0:
            self._money(metrics.COST_EXTRA, saved._replace(amount=saved.amount.copy_negate()), {**about, **basis})
        else:
            self._money(metrics.COST_SAVED, saved, {**about, **basis})

    def _money(self, name: str, cost: Cost, attributes: Mapping[str, Value | None]) -> None:
        self._add(name, {**attributes, names.COST_CURRENCY: cost.currency}, float(cost.amount))
