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
    written: Mapping[str, float]
    """Tokens of an answer of each, where they were counted."""
    by_prior: bool
    """Whether none of these models was ever scored."""


class Scored:
    """Tells what to expect of models. A place that is told, not read from a prompt, is worked out once."""

    __slots__ = ("_kept", "_min_labels", "_totals", "counted", "table")

    def __init__(self, table: QualityTable, min_labels: int) -> None:
        self.table: Final = table
        self.counted: Final = frozenset(cell.model for cell in table.cells if cell.output_tokens is not None)
        """The models of which it is known how long their answers are."""
        self._min_labels = min_labels
        self._totals: dict[str, int] = {}
        for cell in table.cells:
            self._totals[cell.model] = self._totals.get(cell.model, 0) + cell.labels
        self._kept: dict[tuple[tuple[str, ...], str | None, str | None], Judged] = {}

    def of(self, names: tuple[str, ...], place: Place) -> Judged:
        """Return what to expect of each of these models."""
        tasks = place.tasks
        if not tasks:
            task = None
        elif len(tasks) == 1 and next(iter(tasks.values())) >= 1:
            task = next(iter(tasks))
        else:
            return self._judged(names, place)
        key = (names, task, place.stage)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= _MOST:
                self._kept.clear()
            found = self._kept[key] = self._judged(names, place)
        return found

    def _judged(self, names: tuple[str, ...], place: Place) -> Judged:
        tasks, stage, table = place.tasks, place.stage, self.table
        found = {name: table.estimate(name, tasks=tasks, stage=stage) or _UNKNOWN for name in names}
        lengths = {name: table.tokens(name, tasks=tasks, stage=stage).output for name in names if name in self.counted}
        written = {name: length for name, length in lengths.items() if length is not None}
        by_prior = self._totals.keys().isdisjoint(names)
        return Judged(found, self._values(found, by_prior=by_prior), written, by_prior)

    def _values(self, estimates: Mapping[str, Estimate], *, by_prior: bool) -> Mapping[str, float]:
        """Return the number to compare each model by.

        Where no model was scored on a task or stage, none is thinly tried beside the others for that: then all of its scores count.
        """
        if by_prior:
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
