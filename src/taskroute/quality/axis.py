"""What is believed of each model in each place, where places are either tasks or stages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from math import sqrt
from typing import Final, Literal, NamedTuple

from taskroute.quality.estimate import Source
from taskroute.quality.prior import LABELS, MEAN, NO_PRIOR, Prior
from taskroute.quality.shrink import Fit, GroupOf, Observed, Shift, fit
from taskroute.quality.strange import drawn
from taskroute.types import NOTHING

STRANGE: Final = ""
"""A place that is like none that was scored; None is one of which nothing is known, which may be any of them."""

_MOST: Final = 5_000
"""Pairs of a model and a place that are kept in mind: names of places come with calls."""


class Belief(NamedTuple):
    """The quality that is expected, how far off that may be, and what it stands on."""

    mean: float
    sd: float
    labels: int
    source: Source


class Axis:
    """Scores by task or by stage, and what follows from them for places with few scores and with none. Immutable."""

    __slots__ = ("_beliefs", "_counts", "_fit", "_groups", "_kind", "_members", "_mixtures", "_names", "_priors", "_strange", "models")

    def __init__(
        self,
        kind: Literal["task", "stage"],
        observed: Iterable[Observed],
        groups: Mapping[str, str],
        priors: Mapping[str, Prior],
        *,
        costs: Mapping[str, float] = NOTHING,
    ) -> None:
        """`costs` are mean costs of a call, where they are known."""
        cells = tuple(observed)
        self._kind: Literal["task", "stage"] = kind
        self._groups = groups
        self._names = frozenset(groups.values())
        self._priors = priors
        self._members = _members(cells, self._group)
        self._mixtures: dict[tuple[str, str | None], float] = {}
        self._beliefs: dict[tuple[str, str | None], Belief] = {}
        self._counts = {(cell.model, cell.place): int(cell.labels) for cell in cells}
        self._fit: Fit = fit(cells, group_of=self._group, priors=priors)
        self.models: Final[Collection[str]] = frozenset(self._fit.levels)
        """Those that were scored."""
        self._strange = drawn(cells, {model: self._usually(model, None) for model in self._fit.levels}, costs)

    def belief(self, model: str, place: str | None) -> Belief:
        """Return what to expect of a model in a place, whether it was scored there or not; None is a place that nothing is known of.

        A place without scores of any model is taken for the usual mixture of its group where there is one. Else it is strange: the usual
        mixture of all scores, drawn towards what the price says (`quality.strange`).
        """
        found = self._beliefs.get((model, place))
        if found is None:
            if len(self._beliefs) >= _MOST:
                self._beliefs.clear()
            found = self._beliefs[model, place] = self._belief(model, place)
        return found

    def _belief(self, model: str, place: str | None) -> Belief:
        prior, group = self._priors.get(model, NO_PRIOR), self._group(place)
        labels = self._counts.get((model, place), 0)
        found = self._seen(model, place, group) if place in self._fit.ease else self._unseen(model, place, group)
        bonus = prior.bonus(place, group) * LABELS / (LABELS + labels)
        return found._replace(mean=found.mean + bonus, labels=labels)

    def _seen(self, model: str, place: str | None, group: str | None) -> Belief:
        """Return what is believed where some model was scored."""
        learned = self._fit
        level, source = self._level(model)
        ease, own = learned.ease[place], learned.places.get((model, place))
        shift = None if group is None else learned.groups.get((model, group))
        mean, variance = level.mean + ease.mean, level.variance + ease.variance
        spread = learned.spreads.task + (learned.spreads.group if shift is None else 0.0)
        if shift is not None:
            mean, variance, source = mean + shift.mean, variance + shift.variance, "group"
        if own is not None:
            # Its own shift was taken from what the rest leaves, so that an error of the rest counts only as far as scores are drawn to it.
            mean, variance = mean + own.mean, own.variance + (own.variance / spread) ** 2 * variance
            source = "model" if place is None else self._kind
        else:
            variance += spread
        return Belief(mean=mean, sd=sqrt(variance), labels=0, source=source)

    def _unseen(self, model: str, place: str | None, group: str | None) -> Belief:
        """Return what is believed of a place that no model was scored in: the mean of those that were, as often as they were scored."""
        learned = self._fit
        level, source = self._level(model)
        among = group if group in self._members else None
        if among is not None:
            source = "group" if source == "model" else source
        usual = self._usually(model, among)
        mean = usual if among is not None or place is None else self._strange.get(model, usual)
        shift = learned.groups.get((model, group)) if group is not None else None
        variance = level.variance + learned.spreads.ease + learned.spreads.task
        variance += learned.spreads.group if shift is None else shift.variance
        return Belief(mean=mean, sd=sqrt(variance), labels=0, source=source)

    def _usually(self, model: str, group: str | None) -> float:
        """Return the mean over the places of a group, or of all, as often as they were scored."""
        mean = self._mixtures.get((model, group))
        if mean is None:
            mean = self._mixtures[model, group] = self._mixture(model, self._members.get(group, {}))
        return mean

    def _mixture(self, model: str, shares: Mapping[str | None, float]) -> float:
        if not shares:
            return self._level(model)[0].mean
        total = sum(shares.values())
        return sum(share * self._seen(model, place, self._group(place)).mean for place, share in shares.items()) / total

    def _level(self, model: str) -> tuple[Shift, Source]:
        level = self._fit.levels.get(model)
        if level is not None:
            return level, "model"
        prior = self._priors.get(model, NO_PRIOR)
        return Shift(self._fit.base + prior.mean - MEAN, self._fit.usual_noise / LABELS), "prior"

    def _group(self, place: str | None) -> str | None:
        if place is None:
            return None
        return self._groups.get(place) or (place if place in self._names else None)


def _members(cells: Iterable[Observed], group_of: GroupOf) -> dict[str | None, dict[str | None, float]]:
    """Return how many prompts were scored in each place, as far as the model with the most scores tells: for each group, and for all."""
    shares: dict[str | None, float] = {}
    for cell in cells:
        shares[cell.place] = max(shares.get(cell.place, 0.0), cell.labels)
    found: dict[str | None, dict[str | None, float]] = {None: shares} if shares else {}
    for place, share in shares.items():
        group = group_of(place)
        if group is not None:
            found.setdefault(group, {})[place] = share
    return found


def both(one: Belief, other: Belief) -> Belief:
    """Return what two beliefs about the same answer say together: the surer counts for more, and neither is taken for new evidence."""
    own = 1 / max(one.sd, 1e-6) ** 2
    weight = own / (own + 1 / max(other.sd, 1e-6) ** 2)
    surer = one if weight >= 0.5 else other
    return Belief(
        mean=weight * one.mean + (1 - weight) * other.mean,
        sd=min(one.sd, other.sd),
        labels=max(one.labels, other.labels),
        source=surer.source,
    )
