"""What the objectives of `choose` mean: where each model stands for one call. Pure.

Models that keep the limits of the route come first, the best by the objective before the others. Behind them come those whose price or
speed nobody knows where the objective needs it, then those of too little quality, the best of them first, then those that cost or take too
much, the nearest to the limit first. Each of them stays a fallback.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from taskroute.decision.hysteresis import Settled, Standing, holds, settled

if TYPE_CHECKING:
    from taskroute.policy.choosing import Choose

__all__ = ["BALANCED_COST", "BALANCED_LATENCY", "Considered", "Ranking", "rank"]

BALANCED_COST: Final = 0.1
"""What `balanced` gives in quality for not paying the price of the dearest of the models."""
BALANCED_LATENCY: Final = 0.05
"""What `balanced` gives in quality for not waiting as long as for the slowest of them."""

_UNKNOWN, _TOO_LOW, _TOO_MUCH, _FAILS = 1, 2, 3, 4
"""Tiers behind the first. A model that fails too often comes behind all that do not."""


class Considered(NamedTuple):
    """What is known of one model for one call. None where it is not."""

    name: str
    told: float = 0.0
    """The quality to compare by where no word of the prompt counts."""
    read: float = 0.0
    """The same with what its words say."""
    cost: float | None = None
    seconds: float | None = None
    untried: bool = False
    """Whether nobody has tried it of late, so that nothing says that it is slow."""
    fails: bool = False
    """Whether it fails more often than the route lets it."""


class Ranking(NamedTuple):
    """Models in order, and how they came to it."""

    settled: Settled
    unmet: bool
    """Whether none of them keeps the limits of the route."""


def rank(choose: Choose, models: Sequence[Considered], *, last: str | None = None) -> Ranking:
    """Return the models in order, the best first. `models` must not be empty; `last` is the one that answered last in the conversation."""
    good = _good_enough(choose, models, last)
    weigh = _Weights.of(choose, models)
    standings: list[Standing] = []
    for one in models:
        tier = _tier(choose, one, weigh, is_good=one.name in good)
        if tier == _TOO_LOW:
            worth = (one.told, one.read)
        elif tier == _TOO_MUCH:
            worth = (-_excess(choose, one),) * 2
        else:
            worth = (0.0, 0.0) if tier == _UNKNOWN else weigh.worth(one)
        standings.append(Standing(one.name, tier + _FAILS if one.fails else tier, *worth))
    relative = choose.objective in ("cheapest", "fastest")
    found = settled(standings, margin=choose.margin, last=last, relative=relative)
    # One that fails too often may be good enough all the same.
    return Ranking(found, min(one.tier % _FAILS for one in standings) >= _TOO_LOW)


def _good_enough(choose: Choose, models: Sequence[Considered], last: str | None) -> set[str]:
    """Return the models of enough quality."""
    if choose.min_quality is None and choose.within is None:
        return {one.name for one in models}
    over = {one.name: (_over(choose, models, one, "told"), _over(choose, models, one, "read")) for one in models}
    found = {name for name, (told, read) in over.items() if holds(told, read, margin=choose.margin, at_hand=name == last)}
    # The best is never too far from the best, even where two of them lie within the margin.
    return found or {name for name, (_, read) in over.items() if read >= 0}


def _over(choose: Choose, models: Sequence[Considered], one: Considered, how: str) -> float:
    """Return by how much a model is over the quality that it must have, negative where it is under it.

    It is held against the best of the others: the best of all is over it by as much as it is better.
    """
    floors = [] if choose.min_quality is None else [choose.min_quality]
    if choose.within is not None:
        floors += [(1 - choose.within) * getattr(other, how) for other in models if other is not one]
    own: float = getattr(one, how)
    return own - max(floors, default=own)


def _tier(choose: Choose, one: Considered, weigh: _Weights, *, is_good: bool) -> int:
    if choose.max_cost is not None and (one.cost is None or one.cost > choose.max_cost):
        return _TOO_MUCH
    if choose.max_latency is not None and (not one.untried if one.seconds is None else one.seconds > choose.max_latency):
        return _TOO_MUCH
    if not is_good:
        return _TOO_LOW
    return _UNKNOWN if weigh.lacks(one) else 0


def _excess(choose: Choose, one: Considered) -> float:
    """Return how many times the limits a model is, the greater of the two; more than any other where that is not known."""
    times = [0.0]
    if choose.max_cost is not None:
        times.append(math.inf if one.cost is None else one.cost / max(choose.max_cost, 1e-12))
    if choose.max_latency is not None:
        unknown = 0.0 if one.untried else math.inf
        times.append(unknown if one.seconds is None else one.seconds / max(choose.max_latency, 1e-12))
    return min(max(times), 1e12)


class _Weights(NamedTuple):
    """What counts for an objective: worth is quality, less cost and latency by their weights."""

    quality: float
    cost: float
    latency: float
    prices: bool
    """Whether the price of any model is known: where none is, none is held against a model."""
    slowest: float
    """The seconds of the slowest model, which those are taken for that nobody knows."""

    @staticmethod
    def of(choose: Choose, models: Sequence[Considered]) -> _Weights:
        costs = [one.cost for one in models if one.cost is not None]
        times = [one.seconds for one in models if one.seconds is not None]
        dearest, slowest = max(costs, default=0.0), max(times, default=0.0)
        quality, cost, latency = 1.0, choose.cost_weight or 0.0, choose.latency_weight or 0.0
        match choose.objective:
            case "cheapest":
                quality, cost, latency = 0.0, 1.0, 0.0
            case "fastest":
                quality, cost, latency = 0.0, 0.0, 1.0
            case "best":
                cost, latency = 0.0, 0.0
            case "balanced":
                cost = BALANCED_COST / dearest if dearest else 0.0
                latency = BALANCED_LATENCY / slowest if slowest else 0.0
            case "utility":
                pass
        return _Weights(quality, cost, latency, prices=bool(costs), slowest=slowest)

    def lacks(self, one: Considered) -> bool:
        """Return whether a model cannot be compared for want of a price, or of an answer to measure."""
        if self.cost and one.cost is None and self.prices:
            return True
        return self.quality == 0 and self.latency > 0 and one.seconds is None and not one.untried

    def worth(self, one: Considered) -> tuple[float, float]:
        """Return what a model is worth by what the call is told to be, and with its words."""
        waits = self.slowest if self.quality else 0.0
        seconds = waits if one.seconds is None else one.seconds
        less = self.cost * (one.cost or 0.0) + self.latency * seconds
        return self.quality * one.told - less, self.quality * one.read - less
