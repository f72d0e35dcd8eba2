"""Whether telling prompts apart does better than sending as many calls to a cheaper model at random."""

from __future__ import annotations

from itertools import product
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.learning.bootstrap import Interval, drawn, interval
from taskroute.learning.rows import Floats

_ALIKE: Final = 1e-9


class _Coin(NamedTuple):
    """Two models, the cheaper first, and the prompts on which both they and the router have a score and a cost."""

    first: int
    second: int
    rows: NDArray[np.intp]


def over_coin(ours: Floats, spent: Floats, scores: Floats, costs: Floats, *, fewest: int, draws: int, seed: int) -> Interval | None:
    """Return the quality that a router has over the best mixture of two single models at its own cost, with a paired 95 % interval.

    `ours` and `spent` are its scores and costs, shape (n,); those of the models have the shape (n, m). What is not known is NaN. A router
    that costs less than each model is set beside the cheapest. None where no model has so many prompts in common with it as `fewest`.
    """
    columns = [at for at in range(scores.shape[1]) if not np.isnan(costs[:, at]).all()]
    reached: list[tuple[float, _Coin]] = []
    beyond: list[tuple[float, _Coin]] = []
    for first, second in product(columns, columns):
        known = ~np.isnan(ours + spent + scores[:, first] + costs[:, first] + scores[:, second] + costs[:, second])
        if known.sum() < fewest:
            continue
        coin = _Coin(first, second, np.flatnonzero(known))
        means = _values(coin, ours, spent, scores, costs).mean(axis=0)
        if means[3] < means[1] < means[5] or (first == second and means[3] <= means[1] * (1 + _ALIKE)):
            reached.append((float(_over(means[None, :])[0]), coin))
        elif first == second:
            beyond.append((float(means[3]), coin))
    if not reached and not beyond:
        return None
    coin = min(reached or beyond, key=lambda one: one[0])[1]
    values = _values(coin, ours, spent, scores, costs)
    gap = float(_over(values.mean(axis=0)[None, :])[0])
    resampled = drawn(lambda weights: _over(weights @ values / weights.sum(axis=1, keepdims=True)), len(values), draws=draws, seed=seed)
    return interval(gap, resampled)


def _values(coin: _Coin, ours: Floats, spent: Floats, scores: Floats, costs: Floats) -> Floats:
    """Return the quality and the cost of the router, of the cheaper and of the dearer model, a row a prompt."""
    columns = (ours, spent, scores[:, coin.first], costs[:, coin.first], scores[:, coin.second], costs[:, coin.second])
    return np.column_stack([column[coin.rows] for column in columns])


def _over(means: Floats) -> Floats:
    """Return how much better the router is than the mixture that costs as much; of each row of means."""
    quality, cost, low, low_cost, high, high_cost = means.T
    apart = high_cost - low_cost
    share = np.divide(cost - low_cost, apart, out=np.zeros_like(cost), where=apart > 0)
    found: Floats = quality - low - np.clip(share, 0.0, 1.0) * (high - low)
    return found
