"""Many models: what quality a router has at what cost. RouterBench's figures, and what it reaches at a price chosen without the answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.quality.contenders import Contender, Floats, Who, expected_costs
from benchmarks.quality.packs import Pack
from benchmarks.quality.pairs import Setting, folds_of
from taskroute.learning import curves
from taskroute.learning.bootstrap import Interval, draws_of, interval
from taskroute.learning.curves import Points
from taskroute.learning.folds import Fold, by_prompt, by_task, grouped

INNER_FOLDS = 3


class Settled(NamedTuple):
    """What is reached where the price of cost was chosen inside the training rows, in parts of the strongest single model's."""

    quality: float
    cost: float


class Run(NamedTuple):
    """One repeat: each row's score and cost at each price of the grid, shape (prices, n)."""

    scores: Floats
    costs: Floats


class Reached(NamedTuple):
    """What one contender reached, each a mean over the repeats. Costs and qualities are parts of the strongest single model's."""

    who: Who
    aiq: float | None
    """None for a router of one setting: there is no hull of a point."""
    by_repeat: tuple[float, ...]
    """The AIQ of each repeat."""
    best_quality: float
    """Of the hull, at any cost."""
    cost_at_par: float | None
    """The least cost on the hull at which the strongest model's quality is reached; None where that is never so."""
    quality_at_quarter: float | None
    """On the hull, at 24.18 % of the strongest model's cost."""
    settled_best: Settled | None
    """Aimed at the best quality."""
    settled_par: Settled | None
    """Aimed at the strongest model's quality at the least cost."""
    runs: tuple[Run, ...]


class Ends(NamedTuple):
    """Means of the single models that all figures are compared with."""

    low: float
    """Cost of the cheapest."""
    high: float
    """Cost of the dearest."""
    quality: float
    """Of the strongest."""
    cost: float
    """Of the strongest."""


def ends_of(pack: Pack) -> Ends:
    """Return the means that the pack's single models have."""
    costs, qualities = pack.labels.costs.mean(axis=0), pack.labels.scores.mean(axis=0)
    best = int(qualities.argmax())
    return Ends(float(costs.min()), float(costs.max()), float(qualities[best]), float(costs[best]))


def measure(pack: Pack, setting: Setting, contender: Contender, *, seed: int = 0, settle: bool = True) -> Reached:
    """Return what a contender reaches in a setting; without `settle`, only what the hull says."""
    ends = ends_of(pack)
    grid = curves.price_grid(ends.cost)
    runs: list[Run] = []
    settled: list[tuple[Settled, Settled]] = []
    for repeat, folds in enumerate(folds_of(pack, setting, seed=seed)):
        run = Run(np.empty((grid.size, pack.labels.size)), np.empty((grid.size, pack.labels.size)))
        held: list[tuple[Floats, Floats]] = []
        for fold in folds:
            told = _run(pack, fold, contender, grid, seed=seed + repeat)
            run.scores[:, fold.test], run.costs[:, fold.test] = told
            if settle:
                held.append(_settled(_inner(pack, fold, setting, contender, grid, seed=seed + repeat), told))
        runs.append(run)
        if settle:
            best, par = np.sum([each[0] for each in held], axis=0), np.sum([each[1] for each in held], axis=0)
            scale = pack.labels.size * np.array([ends.quality, ends.cost])
            settled.append((Settled(*(best / scale)), Settled(*(par / scale))))
    return _summed(contender.who, ends, runs, settled)


def fixed(pack: Pack, who: Who, model: Floats) -> Reached:
    """Return what is reached when each row gets the models with these probabilities, shape (n, m) or (m,)."""
    ends, table = ends_of(pack), pack.labels
    shares = np.broadcast_to(model, table.scores.shape)
    run = Run((shares * table.scores).sum(axis=1)[None], (shares * table.costs).sum(axis=1)[None])
    there = Settled(float(run.scores.mean() / ends.quality), float(run.costs.mean() / ends.cost))
    return _summed(who, ends, [run], [(there, there)])


def best_fixed(pack: Pack, setting: Setting, who: Who) -> Reached:
    """Return what is reached when each fold's held-back rows get the model that is best on its training rows."""
    shares = np.zeros(pack.labels.scores.shape)
    for fold in folds_of(pack, setting)[0]:
        shares[fold.test, int(pack.labels.scores[fold.train].mean(axis=0).argmax())] = 1
    return fixed(pack, who, shares)


def zero(pack: Pack, who: Who) -> Reached:
    """Return what the zero router reaches: the hull of the single models, at their true means."""
    ends, table = ends_of(pack), pack.labels
    return _summed(who, ends, [Run(np.ascontiguousarray(table.scores.T), np.ascontiguousarray(table.costs.T))], [])


def drawn(pack: Pack, found: Sequence[Reached], *, draws: int, seed: int = 0) -> tuple[Floats, ...]:
    """Return the AIQ of each contender in each draw of the prompts, the same draws for all; a mean over the repeats."""
    parts: list[list[float]] = [[] for _ in found]
    for shares in _shares(pack, draws, seed):
        single = shares @ pack.labels.costs
        low, high = single.min(axis=1), single.max(axis=1)
        for at, one in enumerate(found):
            hulls = _points(one, shares)
            parts[at] += [float(np.mean([curves.aiq(p, low=low[i], high=high[i]) for p in each])) for i, each in enumerate(hulls)]
    return tuple(np.array(some) for some in parts)


def over_fixed(pack: Pack, ours: Reached, point: Reached, *, draws: int, seed: int = 0) -> Interval:
    """Return by how much the quality of ours is higher, at no more than the mean cost of a router of one setting, with its interval.

    In parts of the strongest single model's. Where ours cannot spend as little, it counts with its cheapest.
    """
    scale = ends_of(pack).quality
    gaps = [
        np.mean([_at_cost(p, float(fixed.costs[0])) for p in each]) - fixed.qualities[0]
        for shares in ([np.full((1, pack.labels.size), 1 / pack.labels.size)], _shares(pack, draws, seed))
        for part in shares
        for each, (fixed,) in zip(_points(ours, part), _points(point, part), strict=True)
    ]
    return interval(float(gaps[0]) / scale, np.array(gaps[1:]) / scale)


def _at_cost(points: Points, cost: float) -> float:
    """Return the hull's quality at this cost, or that of its cheapest point."""
    outer = curves.hull(points)
    return float(np.interp(cost, outer.costs, outer.qualities))


def _shares(pack: Pack, draws: int, seed: int) -> Iterator[Floats]:
    """Yield the part that each prompt has in each draw."""
    for weights in draws_of(pack.labels.size, draws=draws, seed=seed):
        yield weights / weights.sum(axis=1, keepdims=True)


def _points(one: Reached, shares: Floats) -> list[tuple[Points, ...]]:
    """Return the points of each repeat, for each draw."""
    means = [(shares @ run.costs.T, shares @ run.scores.T) for run in one.runs]
    return [tuple(Points(costs[draw], scores[draw]) for costs, scores in means) for draw in range(len(shares))]


def _run(pack: Pack, fold: Fold, contender: Contender, grid: Floats, *, seed: int) -> tuple[Floats, Floats]:
    """Return the score and the cost that each held-back row has at each price."""
    qualities = contender.predict(pack.labels, fold, seed=seed)
    chosen = curves.choices(qualities, expected_costs(pack, fold), grid)
    return curves.of_choices(chosen, pack.labels.scores[fold.test]), curves.of_choices(chosen, pack.labels.costs[fold.test])


def _inner(pack: Pack, fold: Fold, setting: Setting, contender: Contender, grid: Floats, *, seed: int) -> tuple[Points, Settled]:
    """Return what the contender reaches inside the training rows, and the strongest model's quality and cost there."""
    train = pack.labels.take(fold.train)
    groups = by_prompt(train.prompts) if setting.held == "prompts" else by_task(train.tasks)
    scores, costs = np.zeros(grid.size), np.zeros(grid.size)
    for inner in grouped(groups, folds=INNER_FOLDS, seed=seed):
        here = Fold(fold.train[inner.train], fold.train[inner.test])
        told = _run(pack, here, contender, grid, seed=seed)
        scores += told[0].sum(axis=1)
        costs += told[1].sum(axis=1)
    best = int(train.scores.mean(axis=0).argmax())
    return Points(costs / train.size, scores / train.size), Settled(float(train.scores[:, best].mean()), float(train.costs[:, best].mean()))


def _settled(inside: tuple[Points, Settled], told: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Return the summed score and cost of the held-back rows at two settings that were chosen inside the training rows: the best, and
    the cheapest that equals the strongest model, as a mixture of two prices where that lies between them."""
    points, strongest = inside
    totals = np.column_stack([told[0].sum(axis=1), told[1].sum(axis=1)])
    best = np.lexsort((points.costs, -points.qualities))[0]
    outer = curves.hull(points)
    above = np.flatnonzero(outer.qualities >= strongest.quality)
    if not above.size:
        return totals[best], totals[best]
    right = int(above[0])
    at = [
        int(np.flatnonzero((points.costs == outer.costs[i]) & (points.qualities == outer.qualities[i]))[0])
        for i in (max(right - 1, 0), right)
    ]
    gap = points.qualities[at[1]] - points.qualities[at[0]]
    share = 1.0 if gap <= 0 else float((strongest.quality - points.qualities[at[0]]) / gap)
    return totals[best], (1 - share) * totals[at[0]] + share * totals[at[1]]


def _summed(who: Who, ends: Ends, runs: Sequence[Run], settled: Sequence[tuple[Settled, Settled]]) -> Reached:
    """Return the means over the repeats."""
    hulls = [Points(run.costs.mean(axis=1), run.scores.mean(axis=1)) for run in runs]
    areas = tuple(curves.aiq(points, low=ends.low, high=ends.high) for points in hulls)
    par = [curves.cost_at(points, ends.quality) for points in hulls]
    quarter = [curves.quality_at(points, 0.2418 * ends.cost) for points in hulls]
    return Reached(
        who=who,
        aiq=float(np.mean(areas)) if runs[0].scores.shape[0] > 1 else None,
        by_repeat=areas,
        best_quality=float(np.mean([points.qualities.max() for points in hulls])) / ends.quality,
        cost_at_par=_mean(par, ends.cost),
        quality_at_quarter=_mean(quarter, ends.quality),
        settled_best=_middle([each[0] for each in settled]),
        settled_par=_middle([each[1] for each in settled]),
        runs=tuple(runs),
    )


def _mean(values: Sequence[float | None], scale: float) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) / scale if len(known) == len(values) else None


def _middle(values: Sequence[Settled]) -> Settled | None:
    return Settled(float(np.mean([v.quality for v in values])), float(np.mean([v.cost for v in values]))) if values else None
