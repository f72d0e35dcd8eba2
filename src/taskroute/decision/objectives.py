"""What the objectives of `choose` mean: where each model stands for one call. Pure.

Models that keep the limits of the route come first, the best by the objective before the others. Behind them come those whose price or
speed nobody knows where the objective needs it, then those of too little quality, the best of them first, then those that cost or take too
much, the nearest to the limit first. Each of them stays a fallback.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from taskroute.decision.hysteresis import Settled, Standing, holds, settled

if TYPE_CHECKING:
    from taskroute.policy.choosing import Choose

__all__ = ["BALANCED_COST", "BALANCED_LATENCY", "NO_DIFFERENCE", "Considered", "Ranking", "in_line", "rank"]

BALANCED_COST: Final = 0.1
"""What `balanced` gives in quality for not paying the price of the dearest of the models."""
BALANCED_LATENCY: Final = 0.05
"""What `balanced` gives in quality for not waiting as long as for the slowest of them."""
NO_DIFFERENCE: Final = 0.01
"""Less of a difference in quality is none for `within`: a share of almost nothing would let one model through, whatever it costs."""

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
    good = None if choose.min_quality is None and choose.within is None else _good_enough(choose, models, last)
    limited = choose.max_cost is not None or choose.max_latency is not None
    weigh = _Weights.of(choose, models)
    may_lack = weigh.prices or weigh.quality == 0
    standings: list[Standing] = []
    unmet = True
    for one in models:
        if limited and _is_too_much(choose, one):
            tier = _TOO_MUCH
            told = read = -_excess(choose, one)
        elif good is not None and one.name not in good:
            tier, told, read = _TOO_LOW, one.told, one.read
        elif may_lack and weigh.lacks(one):
            tier, told, read, unmet = _UNKNOWN, 0.0, 0.0, False
        else:
            tier, unmet = 0, False
            told, read = weigh.worth(one)
        standings.append(Standing(one.name, tier + _FAILS if one.fails else tier, told, read))
    found = settled(standings, margin=choose.margin, last=last, relative=choose.objective in ("cheapest", "fastest"))
    # One that fails too often may be good enough all the same.
    return Ranking(found, unmet)


def in_line(names: Sequence[str], numbers: Mapping[str, float], failing: Collection[str]) -> Ranking:
    """Return models that one number each tells apart, the least first, those that fail too often last; infinite where it is not known.

    It is what `rank` finds for `cheapest` and `fastest` without limits, where the conversation has no model yet.
    """
    order = sorted(names, key=numbers.__getitem__)
    if failing:
        order.sort(key=lambda name: name in failing)
    return Ranking(Settled(tuple(order)), unmet=False)


def _good_enough(choose: Choose, models: Sequence[Considered], last: str | None) -> set[str]:
    """Return the models of enough quality."""
    told, read = [one.told for one in models], [one.read for one in models]
    by_words = _over(choose, read)
    by_task = by_words if told == read else _over(choose, told)
    floor, margin, found = choose.min_quality, choose.margin, set[str]()
    for one, task, words in zip(models, by_task, by_words, strict=True):
        # Most are far from the limit, on one side or the other.
        if words >= margin or (words >= -margin and holds(task, words, margin=margin, at_hand=one.name == last)):
            found.add(one.name)
    if found or choose.within is None:
        return found
    # The best is never too far from the best, even where two of them lie within the margin.
    near = [one for one, at in zip(models, by_words, strict=True) if at >= 0]
    kept = (one for one in near if floor is None or holds(one.told - floor, one.read - floor, margin=margin, at_hand=one.name == last))
    return {one.name for one in kept}


def _over(choose: Choose, qualities: Sequence[float]) -> list[float]:
    """Return by how much each is over the quality that it must have, negative where it is under it.

    It is held against the best of the others: the best of all is over it by as much as it is better.
    """
    floor, within = choose.min_quality, choose.within
    if within is None or len(qualities) == 1:
        return [own - (own if floor is None else floor) for own in qualities]
    best = max(range(len(qualities)), key=qualities.__getitem__)
    # The best of the others, for the best itself and for each other one.
    second = max([own for index, own in enumerate(qualities) if index != best])
    least, most = _near(second, within), _near(qualities[best], within)
    if floor is not None:
        least, most = max(least, floor), max(most, floor)
    return [own - (least if index == best else most) for index, own in enumerate(qualities)]


def _near(quality: float, within: float) -> float:
    """Return the least quality that is near enough to this one."""
    return min((1 - within) * quality, quality - NO_DIFFERENCE)


def _is_too_much(choose: Choose, one: Considered) -> bool:
    if choose.max_cost is not None and (one.cost is None or one.cost > choose.max_cost):
        return True
    return choose.max_latency is not None and (not one.untried if one.seconds is None else one.seconds > choose.max_latency)


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
        objective = choose.objective
        if objective == "best":
            return _Weights(1.0, 0.0, 0.0, prices=False, slowest=0.0)
        if objective == "fastest":
            return _Weights(0.0, 0.0, 1.0, prices=False, slowest=0.0)
        dearest = max([-1.0 if one.cost is None else one.cost for one in models])
        if objective == "cheapest":
            return _Weights(0.0, 1.0, 0.0, prices=dearest >= 0, slowest=0.0)
        slowest = max([0.0 if one.seconds is None else one.seconds for one in models])
        if objective == "utility":
            return _Weights(1.0, choose.cost_weight or 0.0, choose.latency_weight or 0.0, prices=dearest >= 0, slowest=slowest)
        cost = BALANCED_COST / dearest if dearest > 0 else 0.0
        return _Weights(1.0, cost, BALANCED_LATENCY / slowest if slowest > 0 else 0.0, prices=dearest >= 0, slowest=slowest)

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
