"""How far a difference may be chance: the paired percentile bootstrap over prompts (Efron and Tibshirani 1993, chapters 13 and 16)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from taskroute.learning.rows import Floats

_CELLS_AT_ONCE = 2_000_000


class Interval(NamedTuple):
    """A figure, and the ends of the interval that it lies in at the confidence that was asked for."""

    value: float
    low: float
    high: float

    @property
    def above_zero(self) -> bool:
        """Whether all of it is above 0: a gain that counts."""
        return self.low > 0


def draws_of(n: int, *, draws: int, seed: int = 0) -> Iterator[Floats]:
    """Yield how often each of `n` prompts is drawn, as arrays of shape (some draws, n) with `draws` rows in all.

    The same seed gives the same draws, so that two routers are compared on the same prompts.
    """
    rng = np.random.default_rng(seed)
    at_once = max(1, min(draws, _CELLS_AT_ONCE // max(n, 1)))
    for start in range(0, draws, at_once):
        some = min(at_once, draws - start)
        drawn = rng.integers(0, n, size=(some, n)) + np.arange(some)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=some * n).reshape(some, n).astype(np.float64)


def drawn(statistic: Callable[[Floats], Floats], n: int, *, draws: int, seed: int = 0) -> Floats:
    """Return the statistic of each draw. It is given weights of shape (some draws, n) and returns one figure for each."""
    return np.concatenate([statistic(weights) for weights in draws_of(n, draws=draws, seed=seed)])


def interval(value: float, resampled: Floats, *, confidence: float = 0.95) -> Interval:
    """Return the percentile interval of what was drawn, around the figure of the whole."""
    tail = 100 * (1 - confidence) / 2
    low, high = np.nanpercentile(resampled, [tail, 100 - tail])
    return Interval(value, float(low), float(high))


def difference(ours: Floats, theirs: Floats, *, draws: int = 1000, seed: int = 0, confidence: float = 0.95) -> Interval:
    """Return the mean difference of two scores of the same prompts, with its interval."""
    gap = ours - theirs
    resampled = drawn(lambda weights: weights @ gap / weights.sum(axis=1), gap.size, draws=draws, seed=seed)
    return interval(float(gap.mean()), resampled, confidence=confidence)
