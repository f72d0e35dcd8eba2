"""Cost against quality: hulls, areas and shares, as they were defined where they were published.

* RouterBench (Hu and others 2024, arXiv 2403.12031): the non-decreasing convex hull, AIQ, the zero router.
* RouteLLM (Ong and others 2024, arXiv 2406.18665): the share of calls that the strong model gets, APGR, CPT.

Each works on scores from 0 to 1 and costs in one currency. `weights` has the shape (draws, n): how often each prompt counts, for one draw
of a bootstrap after another.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.learning.rows import Floats

BINS: Final = 10
"""Equal steps of the strong model's share between none and all, as in RouteLLM."""


class Points(NamedTuple):
    """What each setting of a router costs, and the quality that it has: two arrays of one length."""

    costs: Floats
    qualities: Floats


def hull(points: Points) -> Points:
    """Return the non-decreasing convex hull: the best that these settings reach, and mixtures of two of them, by rising cost.

    A mixture sends some calls by the one setting and some by the other, so all on the line between two points can be had. Points that cost
    more for no more quality are left out (RouterBench, section 3). Points with a NaN are, too.
    """
    known = ~(np.isnan(points.costs) | np.isnan(points.qualities))
    costs, qualities = points.costs[known], points.qualities[known]
    kept: list[tuple[float, float]] = []
    for at in np.lexsort((-qualities, costs)):
        cost, quality = float(costs[at]), float(qualities[at])
        if kept and (quality <= kept[-1][1] or cost <= kept[-1][0]):
            continue
        while len(kept) > 1 and _is_below(kept[-1], kept[-2], (cost, quality)):
            kept.pop()
        kept.append((cost, quality))
    found = np.array(kept, dtype=np.float64).reshape(-1, 2)
    return Points(found[:, 0], found[:, 1])


def hull_quality(costs: Floats, qualities: Floats, at: Floats | float) -> Floats:
    """Return the quality that the hull of these points has at each cost. NaN below the cheapest, the best quality above the dearest."""
    outer = hull(Points(costs, qualities))
    wanted = np.asarray(at, dtype=np.float64)
    if not outer.costs.size:
        return np.full(wanted.shape, np.nan)
    return np.interp(wanted, outer.costs, outer.qualities, left=np.nan)


def aiq(points: Points, *, low: float, high: float) -> float:
    """Return the average quality of the hull between two costs: those of the cheapest and of the dearest single model (RouterBench's AIQ).

    The area is exact, and the cost linear. Costs below the cheapest point count with its quality, so only routers that can spend as little
    as the cheapest model are compared fairly: a single dear model is not. NaN without points.
    """
    outer = hull(points)
    if not outer.costs.size:
        return float("nan")
    if high <= low:
        return float(np.interp(low, outer.costs, outer.qualities))
    inside = outer.costs[(outer.costs > low) & (outer.costs < high)]
    at = np.concatenate(([low], inside, [high]))
    return float(np.trapezoid(np.interp(at, outer.costs, outer.qualities), at) / (high - low))


def quality_at(points: Points, cost: float) -> float | None:
    """Return the best quality that the hull has at no more than this cost; None where all points cost more."""
    found = float(hull_quality(points.costs, points.qualities, cost))
    return None if np.isnan(found) else found


def cost_at(points: Points, quality: float) -> float | None:
    """Return the least cost at which the hull has this quality; None where it never does."""
    outer = hull(points)
    if not outer.costs.size or quality > outer.qualities[-1] + 1e-12:
        return None
    return float(np.interp(quality, outer.qualities, outer.costs))


def zero_router(scores: Floats, costs: Floats) -> Points:
    """Return the hull of the single models: what choosing at random between two of them reaches, whatever the prompt (RouterBench).

    Both have the shape (n, m).
    """
    return hull(Points(np.nanmean(costs, axis=0), np.nanmean(scores, axis=0)))


def mixed_gain(
    ranking: Floats, gains: Floats, shares: Floats, *, weights: Floats | None = None, parts: NDArray[np.intp] | None = None
) -> Floats:
    """Return what is gained, a prompt, by sending each share of the prompts to the strong model; shape (draws, shares).

    The prompts with the highest `ranking` come first. Where it does not tell two apart, they count as if drawn at random, so that no order
    of the rows matters. With `parts`, the number of each prompt's part, the share is taken of each part: what one router ranks is never
    compared with what another does, as where each of several folds has a router of its own.
    """
    times = np.ones((1, ranking.size)) if weights is None else weights
    if parts is None:
        return _gain_of_shares(ranking, gains, shares, times)
    found = np.zeros((times.shape[0], shares.size))
    for part in np.unique(parts):
        rows = np.flatnonzero(parts == part)
        drawn = times[:, rows].sum(axis=1, keepdims=True)
        found += drawn * _gain_of_shares(ranking[rows], gains[rows], shares, times[:, rows])
    return np.asarray(found / times.sum(axis=1, keepdims=True))


def apgr_draws(ranking: Floats, weak: Floats, strong: Floats, weights: Floats, *, parts: NDArray[np.intp] | None = None) -> Floats:
    """Return the APGR of each draw; see `apgr`."""
    shares = np.linspace(0.0, 1.0, BINS + 1)
    gained = mixed_gain(ranking, strong - weak, shares, weights=weights, parts=parts)
    return np.trapezoid(gained, shares, axis=1) / gained[:, -1]


def apgr(ranking: Floats, weak: Floats, strong: Floats, *, parts: NDArray[np.intp] | None = None) -> float:
    """Return the average performance gap recovered: 0 for always weak, 0.5 for a coin, more for a ranking that tells prompts apart.

    `ranking` says how much better the strong model is expected to do; `weak` and `strong` are the scores. It is the area between the router
    and the weak model over ten equal steps of the strong model's share, by trapezoids, against the strong model's lead (RouteLLM, section
    2.2). `parts` are those of `mixed_gain`.
    """
    return float(apgr_draws(ranking, weak, strong, np.ones((1, ranking.size)), parts=parts)[0])


def cpt(ranking: Floats, weak: Floats, strong: Floats, target: float, *, parts: NDArray[np.intp] | None = None) -> float:
    """Return the smallest share of calls to the strong model that recovers this part of its lead (RouteLLM's CPT; `target` 0.5: CPT50).

    It is read from the ten steps by linear interpolation. NaN where the strong model has no lead.
    """
    shares = np.linspace(0.0, 1.0, BINS + 1)
    gained = mixed_gain(ranking, strong - weak, shares, parts=parts)[0]
    return _first_reached(shares, gained / gained[-1], target) if gained[-1] > 0 else float("nan")


def share_for(ranking: Floats, weak: Floats, strong: Floats, part: float, *, parts: NDArray[np.intp] | None = None) -> float:
    """Return the smallest share of calls to the strong model that gives this part of its quality: 0.95 for 95 %."""
    shares = np.linspace(0.0, 1.0, BINS + 1)
    reached = weak.mean() + mixed_gain(ranking, strong - weak, shares, parts=parts)[0]
    return _first_reached(shares, reached, part * float(strong.mean()))


def choices(qualities: Floats, costs: Floats, prices: Floats) -> NDArray[np.intp]:
    """Return the model that each prompt gets at each price of a unit of cost: the highest `quality - price * cost`; shape (prices, n).

    Of two that are worth the same, the cheaper is taken, and of those the first.
    """
    found = np.empty((prices.size, qualities.shape[0]), dtype=np.intp)
    for at, price in enumerate(prices):
        worth = qualities - price * costs
        level = worth >= worth.max(axis=1, keepdims=True) - 1e-12
        found[at] = np.where(level, costs, np.inf).argmin(axis=1)
    return found


def of_choices(chosen: NDArray[np.intp], values: Floats) -> Floats:
    """Return the value that each prompt has with the model that it got; `chosen` (prices, n) and `values` (n, m) give (prices, n)."""
    return values[np.arange(values.shape[0])[None, :], chosen]


def points_of(chosen: NDArray[np.intp], scores: Floats, costs: Floats) -> Points:
    """Return the mean cost and score of each row of `chosen`."""
    return Points(of_choices(chosen, costs).mean(axis=1), of_choices(chosen, scores).mean(axis=1))


def price_grid(scale: float, *, steps: int = 40) -> Floats:
    """Return what a unit of cost may be worth in quality, from nothing to all: 0 and `steps` values over six orders of magnitude.

    `scale` is a typical cost, such as the mean of the strongest model's.
    """
    return np.concatenate(([0.0], np.geomspace(1e-3, 1e3, steps))) / scale


def _gain_of_shares(ranking: Floats, gains: Floats, shares: Floats, weights: Floats) -> Floats:
    """Return what is gained in each draw; 0 for one in which none of these prompts counts."""
    order = np.argsort(-ranking, kind="stable")
    ranked = ranking[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    times = weights[:, order]
    sent = np.cumsum(times, axis=1)[:, ends]
    gained = np.cumsum(times * gains[order], axis=1)[:, ends]
    found = np.zeros((times.shape[0], shares.size))
    for draw in range(times.shape[0]):
        total = sent[draw, -1]
        if total > 0:
            found[draw] = np.interp(shares * total, np.append(0.0, sent[draw]), np.append(0.0, gained[draw])) / total
    return found


def _is_below(middle: tuple[float, float], left: tuple[float, float], right: tuple[float, float]) -> bool:
    """Return whether a point lies on or below the line between its neighbours."""
    return (middle[1] - left[1]) * (right[0] - left[0]) <= (right[1] - left[1]) * (middle[0] - left[0])


def _first_reached(at: Floats, values: Floats, target: float) -> float:
    """Return where a line through these values first reaches the target; NaN where it never does."""
    above = np.flatnonzero(values >= target - 1e-12)
    if not above.size:
        return float("nan")
    first = int(above[0])
    if first == 0 or values[first] == values[first - 1]:
        return float(at[first])
    step = (target - values[first - 1]) / (values[first] - values[first - 1])
    return float(at[first - 1] + step * (at[first] - at[first - 1]))
