"""What is known of the quality of a policy's models: scores, and what the policy itself says of models and tasks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from taskroute.policy.schema import Policy
from taskroute.quality.admission import usable
from taskroute.quality.estimate import Estimate
from taskroute.quality.prior import MEAN, Prior, priors
from taskroute.quality.table import QualityTable
from taskroute.registry.models import Registry
from taskroute.registry.rates import Priced
from taskroute.types import NOTHING

__all__ = ["Judged", "Place", "Scored", "known_of", "priors_of"]

_UNKNOWN: Final = Estimate(mean=MEAN, low=0.0, high=1.0, labels=0, source="prior")
_MOST: Final = 500
"""Places that are kept in mind: tasks and stages are few, but their names come with calls."""


class Place(NamedTuple):
    """Where a call belongs: its tasks, each with how likely it is, and its stage."""

    tasks: Mapping[str, float] = NOTHING
    stage: str | None = None


class Judged(NamedTuple):
    """What is expected of each model in one place."""

    estimates: Mapping[str, Estimate]
    values: Mapping[str, float]
    """The number to compare each by."""


class Scored:
    """Tells what to expect of models. A place that is told, not read from a prompt, is worked out once."""

    __slots__ = ("_kept", "_min_labels", "_totals", "table")

    def __init__(self, table: QualityTable, min_labels: int) -> None:
        self.table: Final = table
        self._min_labels = min_labels
        self._totals: dict[str, int] = {}
        for cell in table.cells:
            self._totals[cell.model] = self._totals.get(cell.model, 0) + cell.labels
        self._kept: dict[tuple[tuple[str, ...], str | None, str | None], Judged] = {}

    def knows_any(self, names: tuple[str, ...]) -> bool:
        """Return whether any of these models was ever scored."""
        return any(name in self._totals for name in names)

    def of(self, names: tuple[str, ...], place: Place) -> Judged:
        """Return what to expect of each of these models."""
        tasks = place.tasks
        if len(tasks) > 1 or (tasks and max(tasks.values()) < 1):
            return self._judged(names, place)
        key = (names, next(iter(tasks), None), place.stage)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= _MOST:
                self._kept.clear()
            found = self._kept[key] = self._judged(names, place)
        return found

    def _judged(self, names: tuple[str, ...], place: Place) -> Judged:
        found = {name: self.table.estimate(name, tasks=place.tasks, stage=place.stage) or _UNKNOWN for name in names}
        return Judged(found, self._values(found))

    def _values(self, estimates: Mapping[str, Estimate]) -> dict[str, float]:
        """Return the number to compare each model by.

        Where no model was scored on a task or stage, none is thinly tried beside the others for that: then all of its scores count.
        """
        if not self.knows_any(tuple(estimates)):
            return {name: found.mean for name, found in estimates.items()}
        if not any(found.labels for found in estimates.values()):
            estimates = {name: found._replace(labels=self._totals.get(name, 0)) for name, found in estimates.items()}
        return {name: usable(found, min_labels=self._min_labels) for name, found in estimates.items()}


def known_of(table: QualityTable | None, policy: Policy, registry: Registry, rates: Mapping[str, Priced]) -> QualityTable:
    """Return the scores, none where there is no table, with what to expect of the policy's models where those are few."""
    groups = {name: task.group for name, task in policy.tasks.items() if task.group is not None}
    known = table or QualityTable(())
    return known.given(priors=priors_of(registry, rates), groups=groups, confidence=policy.quality.confidence)


def priors_of(registry: Registry, rates: Mapping[str, Priced]) -> dict[str, Prior]:
    """Return what is expected of each model of a policy before any score."""
    return priors({name: spec.strengths for name, spec in registry.items()}, _prices(rates))


def _prices(rates: Mapping[str, Priced]) -> Mapping[str, float | None]:
    """Return a price of each model that tells cheap ones from dear ones: of a token in and one out, in one currency."""
    currency = next((priced.currency for priced in rates.values()), None)
    return {
        name: float(priced.rates.input.base + priced.rates.output.base)
        for name, priced in rates.items()
        if priced.currency == currency and priced.rates.input is not None and priced.rates.output is not None
    }
