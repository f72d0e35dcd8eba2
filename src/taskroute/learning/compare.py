"""How a policy does on scored prompts: what its choices cost and how good they are, beside what simpler ways of choosing reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.learning.bootstrap import Interval, draws_of, interval
from taskroute.learning.curves import Points, aiq, choices, hull, of_choices, price_grid
from taskroute.learning.held_back import Expectations, by_length, by_place
from taskroute.learning.rows import Floats, Labels

Choice = NDArray[np.intp]
_ROUNDING: Final = 1e-9
_FEWEST: Final = 30
"""Prompts below which no interval is given: the bootstrap sees only what is among them, and fewer show too little of what there is."""


class Standing(NamedTuple):
    """One way of choosing, on the same prompts as all others."""

    name: str
    model: str | None
    """The one that always answers; None where several do. `best fixed` is the best of those that cost no more than the policy."""
    cost: float
    """Of a call, on average. Of a curve, that of the policy, at which it is read, or where the curve ends before, of its nearest end."""
    quality: Interval
    """Mean score. Of a curve, what its hull has at the policy's cost; NaN where all of it costs more, and the ends of few prompts."""
    gain: Interval | None
    """What the policy has above it, paired by prompt; None for the policy itself."""
    aiq: float | None = None
    """Of a curve: its average quality between the costs of the cheapest and the dearest model."""
    curve: Points | None = None


class Comparison(NamedTuple):
    """A policy beside everything that it is compared with."""

    prompts: int
    standings: tuple[Standing, ...]
    """The policy first."""
    singles: Points
    """Mean cost and score of each model, in the order of `models`."""
    models: tuple[str, ...]
    shares: tuple[float, ...]
    """How large a share of the prompts the policy gives to each of `models`."""
    notes: tuple[str, ...]


class _Way(NamedTuple):
    """A way of choosing: what each of its settings costs on each prompt, and its score there; both (settings, n)."""

    name: str
    model: str | None
    cost: float
    """Of a call."""
    costs: Floats | None
    """None where only the mean is needed."""
    scores: Floats
    is_curve: bool = False

    @property
    def whole(self) -> Points:
        """The mean cost and score of each setting."""
        costs = np.array([self.cost]) if self.costs is None else self.costs.mean(axis=1)
        return Points(costs, self.scores.mean(axis=1))


def compare(labels: Labels, costs: Floats, chosen: Choice, *, draws: int = 1000, seed: int = 0) -> Comparison:
    """Return how the choices of a policy stand; `chosen` is the model of each prompt, by its place in `labels.models`.

    Every prompt has a score and a cost of every model. What is learned from scores is cross-validated in five folds by prompt; where a
    curve is read, its best settings are known on these very prompts, which flatters it against the policy, never the other way.
    """
    rows = np.arange(labels.size)
    spent = costs[rows, chosen]
    singles = Points(costs.mean(axis=0), labels.scores.mean(axis=0))
    policy = _Way("policy", None, float(spent.mean()), spent[None], labels.scores[rows, chosen][None])
    curves, notes = _curves(labels, costs, float(spent.mean()), seed=seed)
    is_told = labels.size >= _FEWEST
    if not is_told:
        few = f"{labels.size} prompts are too few to say how much is chance, so no intervals are given; they are from {_FEWEST} on"
        notes = (few, *notes)
    ways = [policy, *_fixed(labels, singles, float(spent.mean())), *curves]
    reached = _resampled(ways, labels.size, draws=draws, seed=seed)
    of_policy = float(policy.scores.mean())
    ends = float(singles.costs.min()), float(singles.costs.max())
    standings: list[Standing] = []
    for way, sampled in zip(ways, reached, strict=True):
        value = _read(way.whole, way.cost, is_curve=way.is_curve)
        gain = None if way is policy else _interval(of_policy - value, reached[0] - sampled, is_told=is_told)
        standing = Standing(way.name, way.model, way.cost, _interval(value, sampled, is_told=is_told), gain)
        if way.is_curve:
            outer = hull(way.whole)
            cost = float(np.clip(way.cost, outer.costs[0], outer.costs[-1]))
            standing = standing._replace(cost=cost, aiq=aiq(way.whole, low=ends[0], high=ends[1]), curve=outer)
        standings.append(standing)
    shares = np.bincount(chosen, minlength=len(labels.models)) / labels.size
    return Comparison(labels.size, tuple(standings), singles, labels.models, tuple(shares.tolist()), notes)


def _resampled(ways: Sequence[_Way], size: int, *, draws: int, seed: int) -> Sequence[Floats]:
    """Return the quality of each way of choosing in each draw of the same prompts; the first is the policy."""
    found: list[list[Floats]] = [[] for _ in ways]
    for weights in draws_of(size, draws=draws, seed=seed):
        spent = _means(ways[0].costs, weights)[:, 0].tolist()
        for way, sampled in zip(ways, found, strict=True):
            scores = _means(way.scores, weights)
            if way.is_curve:
                points = map(Points, _means(way.costs, weights), scores)
                scores = np.array([[_at(each, cost)] for each, cost in zip(points, spent, strict=True)])
            sampled.append(scores[:, 0])
    return [np.concatenate(sampled) for sampled in found]


def _interval(value: float, sampled: Floats, *, is_told: bool) -> Interval:
    # A curve that costs more than the policy in every draw has no quality at its cost.
    return interval(value, sampled) if np.isfinite(sampled).any() and is_told else Interval(value, float("nan"), float("nan"))


def _fixed(labels: Labels, singles: Points, spent: float) -> Iterator[_Way]:
    """Yield the ways of choosing that do not look at the prompt."""
    yield _Way("random", None, float(singles.costs.mean()), None, labels.scores.mean(axis=1)[None])
    cheapest, strongest = int(singles.costs.argmin()), int(singles.qualities.argmax())
    affordable = np.flatnonzero(singles.costs <= spent * (1 + _ROUNDING))
    named = [("cheapest", cheapest), ("strongest", strongest)]
    if affordable.size:
        named.append(("best fixed", int(affordable[singles.qualities[affordable].argmax()])))
    for name, model in named:
        yield _Way(name, labels.models[model], float(singles.costs[model]), None, labels.scores[:, model][None])


def _curves(labels: Labels, costs: Floats, spent: float, *, seed: int) -> tuple[list[_Way], tuple[str, ...]]:
    notes: list[str] = []
    found = [_Way("zero router", None, spent, costs.T, labels.scores.T, is_curve=True)]
    told = Expectations(labels.scores, costs)
    for name, expected, lacking in (
        ("prompt length", by_length(labels, costs, seed=seed), "no row has a prompt"),
        ("tag", by_place(labels, costs, seed=seed), "no row has a task or a stage"),
        ("oracle", told, ""),
    ):
        if expected is None:
            notes.append(f"{name}: left out, because {lacking}, or all have the same prompt")
            continue
        chosen = choices(expected.qualities, expected.costs, price_grid(float(costs.mean(axis=0).max()) or 1.0))
        found.append(_Way(name, None, spent, of_choices(chosen, costs), of_choices(chosen, labels.scores), is_curve=True))
    return found, tuple(notes)


def _means(values: Floats | None, weights: Floats) -> Floats:
    """Return the mean of each row of `values` in each draw; shape (draws, rows)."""
    if values is None:
        return np.full((len(weights), 1), np.nan)
    means: Floats = weights @ values.T / weights.sum(axis=1, keepdims=True)
    return means


def _read(points: Points, cost: float, *, is_curve: bool) -> float:
    return _at(points, cost) if is_curve else float(points.qualities[0])


def _at(points: Points, cost: float) -> float:
    """Return the quality of the hull at a cost; NaN where all of it costs more."""
    outer = hull(points)
    # A mean that is the same but for the order of its sum is no dearer.
    if cost < outer.costs[0] * (1 - _ROUNDING):
        return float("nan")
    return float(np.interp(cost, outer.costs, outer.qualities))
