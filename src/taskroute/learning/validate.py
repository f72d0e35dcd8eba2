"""What routing by a table would have brought: repeated cross-validation against the one best model, on the user's own scores.

Prompts that differ in case, spaces or marks alone are held back together. What a unit of cost is worth is chosen inside the rows that are
learned from, in folds of their own, never on those that are held back. Where a router takes a model that nobody scored on a prompt, that
prompt does not count for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.learning import curves
from taskroute.learning.bootstrap import Interval, difference
from taskroute.learning.folds import Fold, Rows, by_prompt, grouped, repeated
from taskroute.learning.rows import Floats, Labels

FEWEST_COMPARED: Final = 50
"""Prompts on which both a router's model and the best one must have been scored; with fewer, nothing is told."""


class Expected(NamedTuple):
    """What is expected of each model on each prompt; two arrays of shape (n, m). A cost that nobody knows is NaN."""

    quality: Floats
    cost: Floats


Predict = Callable[[Labels], Expected]


class Method(NamedTuple):
    """A way to tell models apart, learned from scores."""

    name: str
    fit: Callable[[Labels], Predict]
    """Learns from these rows, and then tells what to expect on others."""
    inner: int = 3
    """In how many folds of the rows that are learned from the price of a unit of cost is chosen."""


class Held(NamedTuple):
    """What one method reached on prompts that it had not learned from. Costs are parts of the best model's; None where no cost is known."""

    name: str
    quality: float
    """Mean score at no more than the best model's cost."""
    cost: float | None
    gain: Interval | None
    """Difference of that quality from the best model's, with a paired 95 % interval; None where too few prompts can be compared."""
    par_quality: float | None
    """Mean score where it aims at the best model's quality for the least cost."""
    par_cost: float | None
    par_gain: Interval | None
    """Difference of that quality from the best model's."""
    saving: Interval | None
    """What it costs less there, as a part of the best model's cost."""
    compared: int
    """Prompts on which it and the best model were both scored."""


class _Picked(NamedTuple):
    """The model of each row; -1 where it was not held back."""

    best: NDArray[np.intp]
    par: NDArray[np.intp]
    fixed: NDArray[np.intp]


def validate(
    labels: Labels,
    methods: Sequence[Method],
    *,
    folds: int = 5,
    repeats: int = 2,
    seed: int = 0,
    draws: int = 1000,
    progress: Callable[[], None] | None = None,
) -> tuple[Held, ...]:
    """Return what each method reached; `progress` is called after each of `folds * repeats * len(methods)` steps.

    There is nothing to return for fewer than two distinct prompts.
    """
    dealt = repeated(by_prompt(labels.prompts), folds=folds, repeats=repeats, seed=seed)
    if not dealt or not dealt[0]:
        return ()
    return validate_on(labels, methods, dealt, seed=seed, draws=draws, progress=progress)


def validate_on(
    labels: Labels,
    methods: Sequence[Method],
    dealt: Sequence[Sequence[Fold]],
    *,
    seed: int = 0,
    draws: int = 1000,
    progress: Callable[[], None] | None = None,
) -> tuple[Held, ...]:
    """Return what each method reached on these folds, those of one repeat after another; see `validate`."""
    runs: dict[str, list[_Picked]] = {method.name: [] for method in methods}
    for repeat, parts in enumerate(dealt):
        for picked in runs.values():
            picked.append(_Picked(*(np.full(labels.size, -1, dtype=np.intp) for _ in range(3))))
        for fold in parts:
            for method in methods:
                _pick(labels, method, fold.train, fold.test, runs[method.name][-1], seed=seed + repeat)
                if progress is not None:
                    progress()
    return tuple(_held(labels, name, picked, draws=draws, seed=seed) for name, picked in runs.items())


def best_model(labels: Labels) -> int:
    """Return the column of the model with the best mean score; of those that are scored on the same prompts it is the best, too."""
    return int(np.argmax(np.nan_to_num(_column_means(labels.scores), nan=-1.0)))


def _pick(labels: Labels, method: Method, train: Rows, test: Rows, into: _Picked, *, seed: int) -> None:
    """Write down the models of the held-back rows, with what cost is worth chosen among the rows that are learned from."""
    known = labels.take(train)
    fixed = best_model(known)
    expected = method.fit(known)(labels.take(test))
    grid = _grid(known, fixed)
    at_best, at_par = _settled(known, method, grid, fixed, seed=seed) if grid.size > 1 else (0, 0)
    chosen = curves.choices(expected.quality, _costs(expected.cost), grid[[at_best, at_par]])
    into.best[test], into.par[test], into.fixed[test] = chosen[0], chosen[1], fixed


def _settled(known: Labels, method: Method, grid: Floats, fixed: int, *, seed: int) -> tuple[int, int]:
    """Return two places of the grid: of the best quality for no more than the best model's cost, and of the least cost for its quality."""
    rows: list[Rows] = []
    chosen: list[NDArray[np.intp]] = []
    for fold in grouped(by_prompt(known.prompts), folds=max(2, method.inner, 3), seed=seed)[: method.inner]:
        expected = method.fit(known.take(fold.train))(known.take(fold.test))
        chosen.append(curves.choices(expected.quality, _costs(expected.cost), grid))
        rows.append(fold.test)
    if not rows:
        return 0, 0
    held, picks = known.take(np.concatenate(rows)), np.concatenate(chosen, axis=1)
    costs, qualities = np.full(grid.size, np.inf), np.full(grid.size, -np.inf)
    for at in range(grid.size):
        costs[at], qualities[at] = (_mean(_taken(values, picks[at])) for values in (held.costs, held.scores))
    own_cost, own_quality = _mean(held.costs[:, fixed]), _mean(held.scores[:, fixed])
    affordable = costs <= own_cost * (1 + 1e-9)
    good = qualities >= own_quality - 1e-9
    best = int(np.argmax(np.where(affordable, qualities, -np.inf))) if affordable.any() else int(np.argmin(costs))
    par = int(np.argmin(np.where(good, costs, np.inf))) if good.any() else int(np.argmax(qualities))
    return best, par


def _held(labels: Labels, name: str, runs: Sequence[_Picked], *, draws: int, seed: int) -> Held:
    def mean_of(values: Floats, which: Callable[[_Picked], NDArray[np.intp]]) -> Floats:
        return _row_means(np.stack([_taken(values, which(run)) for run in runs]))

    fixed, fixed_costs = mean_of(labels.scores, lambda run: run.fixed), mean_of(labels.costs, lambda run: run.fixed)
    best, best_costs = mean_of(labels.scores, lambda run: run.best), mean_of(labels.costs, lambda run: run.best)
    par, par_costs = mean_of(labels.scores, lambda run: run.par), mean_of(labels.costs, lambda run: run.par)
    unit = _mean(fixed_costs)
    priced = bool(unit > 0)

    def compared(ours: Floats, theirs: Floats, scale: float = 1.0) -> Interval | None:
        both = ~np.isnan(ours) & ~np.isnan(theirs)
        if both.sum() < FEWEST_COMPARED:
            return None
        return difference(ours[both] / scale, theirs[both] / scale, draws=draws, seed=seed)

    return Held(
        name=name,
        quality=_mean(best),
        cost=_mean(best_costs) / unit if priced else None,
        gain=compared(best, fixed),
        par_quality=_mean(par) if priced else None,
        par_cost=_mean(par_costs) / unit if priced else None,
        par_gain=compared(par, fixed) if priced else None,
        saving=compared(fixed_costs, par_costs, unit) if priced else None,
        compared=int((~np.isnan(best) & ~np.isnan(fixed)).sum()),
    )


def _grid(known: Labels, fixed: int) -> Floats:
    """Return what a unit of cost may be worth; 0 alone where the costs are not known of every model."""
    means = _column_means(known.costs)
    scale = means[fixed]
    if np.isnan(means[~np.isnan(_column_means(known.scores))]).any() or not scale > 0:
        return np.zeros(1)
    return curves.price_grid(float(scale))


def _costs(costs: Floats) -> Floats:
    """Return the costs with the dearest of a row where one is unknown, so that it never wins by being unknown."""
    filled = np.nan_to_num(costs, nan=-np.inf).max(axis=1, keepdims=True)
    return np.where(np.isnan(costs), np.where(np.isfinite(filled), filled, 0.0), costs)


def _taken(values: Floats, picks: NDArray[np.intp]) -> Floats:
    """Return the value of each row's model."""
    found: Floats = values[np.arange(picks.size), picks]
    return found


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def _column_means(values: Floats) -> Floats:
    return np.array([_mean(column) for column in values.T])


def _row_means(values: Floats) -> Floats:
    """Return the mean over the repeats of each row, of those in which it is known."""
    known = ~np.isnan(values)
    counts = known.sum(axis=0)
    sums = np.where(known, values, 0.0).sum(axis=0)
    found = np.full(counts.shape, np.nan)
    np.divide(sums, counts, out=found, where=counts > 0)
    return found
