"""What routing by a table would have brought: repeated cross-validation against the one best model, on the user's own scores.

Prompts that differ in case, spaces or marks alone are held back together. What a unit of cost is worth is chosen inside the rows that are
learned from, in folds of their own, never on those that are held back. Where a router takes a model that nobody scored on a prompt, that
prompt does not count for it. Costs count on the prompts where each model that was scored has one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.learning import curves
from taskroute.learning.best import best_model
from taskroute.learning.bootstrap import Interval, difference
from taskroute.learning.coin import over_coin
from taskroute.learning.folds import Fold, Rows, by_prompt, grouped, repeated
from taskroute.learning.priced import filled, priced, prices
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
    over: tuple[str, ...] = ()
    """Other methods of the same validation that it is set beside."""


class Apart(NamedTuple):
    """By how much one way to route is better than another on the same prompts, with paired 95 % intervals; None where that is not told.

    Savings are parts of the best model's cost.
    """

    gain: Interval | None
    """In quality, where both aim at the most of it for no more than the best model's cost."""
    spare: Interval | None
    """What it costs less there."""
    par_gain: Interval | None
    """In quality, where both aim at the best model's for the least cost."""
    saving: Interval | None
    """What it costs less there."""
    open_gain: Interval | None = None
    """In quality, where both aim at the most of it whatever it costs."""
    open_spare: Interval | None = None
    """What it costs less there."""


class Coins(NamedTuple):
    """The quality that a way to route has over the best mixture of two single models at its own cost, by what it aims at.

    Each has a paired 95 % interval; None where no cost is known.
    """

    most: Interval | None = None
    """The most quality for no more than the best model's cost."""
    par: Interval | None = None
    """The best model's quality for the least cost."""
    open: Interval | None = None
    """The most quality whatever it costs."""


class Held(NamedTuple):
    """What one method reached on prompts that it had not learned from. Costs are parts of the best model's; None where no cost is known.

    Where there are differences from the best model, the means are of the prompts that these are of.
    """

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
    spare: Interval | None = None
    """What it costs less than the best model where it aims at the most quality, as a part of that model's cost."""
    open_quality: float = float("nan")
    """Mean score where it aims at the most, whatever it costs."""
    open_gain: Interval | None = None
    """Difference of that quality from the best model's."""
    open_spare: Interval | None = None
    """What it costs less there."""
    coin: Interval | None = None
    """Difference of the quality from that of choosing between two single models at random for the same cost."""
    par_coin: Interval | None = None
    """The same where it aims at the best model's quality for the least cost."""
    open_coin: Interval | None = None
    """The same where it aims at the most, whatever it costs."""
    over: tuple[tuple[str, Apart], ...] = ()
    """Names of other ways to route, and what this one has over them."""

    @property
    def apart(self) -> Apart:
        """What it has over the best model."""
        return Apart(self.gain, self.spare, self.par_gain, self.saving, self.open_gain, self.open_spare)

    @property
    def coins(self) -> Coins:
        """What it has over choosing at random."""
        return Coins(self.coin, self.par_coin, self.open_coin)


class _Picked(NamedTuple):
    """The model of each row; -1 where it was not held back."""

    best: NDArray[np.intp]
    par: NDArray[np.intp]
    open: NDArray[np.intp]
    fixed: NDArray[np.intp]


def validate(
    labels: Labels,
    methods: Sequence[Method],
    *,
    folds: int = 5,
    repeats: int = 2,
    seed: int = 0,
    draws: int = 1000,
    fixed: int | None = None,
    progress: Callable[[], None] | None = None,
) -> tuple[Held, ...]:
    """Return what each method reached; `progress` is called after each of `folds * repeats * len(methods)` steps.

    It is set beside the model in the column `fixed`; None for the best of those rows that are learned from, fold by fold. There is nothing
    to return for fewer than two distinct prompts.
    """
    dealt = repeated(by_prompt(labels.prompts), folds=folds, repeats=repeats, seed=seed)
    if not dealt or not dealt[0]:
        return ()
    return validate_on(labels, methods, dealt, seed=seed, draws=draws, fixed=fixed, progress=progress)


def validate_on(
    labels: Labels,
    methods: Sequence[Method],
    dealt: Sequence[Sequence[Fold]],
    *,
    seed: int = 0,
    draws: int = 1000,
    fixed: int | None = None,
    progress: Callable[[], None] | None = None,
) -> tuple[Held, ...]:
    """Return what each method reached on these folds, those of one repeat after another; see `validate`."""
    labels = labels._replace(costs=priced(labels))
    runs: dict[str, list[_Picked]] = {method.name: [] for method in methods}
    for repeat, parts in enumerate(dealt):
        for picked in runs.values():
            picked.append(_Picked(*(np.full(labels.size, -1, dtype=np.intp) for _ in _Picked._fields)))
        for fold in parts:
            for method in methods:
                _pick(labels, method, fold, runs[method.name][-1], fixed=fixed, seed=seed + repeat)
                if progress is not None:
                    progress()
    reached = {name: _reached(labels, picked) for name, picked in runs.items()}
    return tuple(_held(method, reached, labels, draws=draws, seed=seed) for method in methods)


def _pick(labels: Labels, method: Method, fold: Fold, into: _Picked, *, fixed: int | None, seed: int) -> None:
    """Write down the models of the held-back rows, with what cost is worth chosen among the rows that are learned from."""
    known, test = labels.take(fold.train), fold.test
    if fixed is None:
        fixed = best_model(known)
    expected = method.fit(known)(labels.take(test))
    grid = prices(known, fixed)
    at_best, at_par = _settled(known, method, grid, fixed, seed=seed) if grid.size > 1 else (0, 0)
    chosen = curves.choices(expected.quality, filled(expected.cost), np.array([grid[at_best], grid[at_par], 0.0]))
    into.best[test], into.par[test], into.open[test] = chosen
    into.fixed[test] = fixed


def _settled(known: Labels, method: Method, grid: Floats, fixed: int, *, seed: int) -> tuple[int, int]:
    """Return two places of the grid: of the best quality for no more than the best model's cost, and of the least cost for its quality."""
    rows: list[Rows] = []
    chosen: list[NDArray[np.intp]] = []
    for fold in grouped(by_prompt(known.prompts), folds=max(2, method.inner, 3), seed=seed)[: method.inner]:
        expected = method.fit(known.take(fold.train))(known.take(fold.test))
        chosen.append(curves.choices(expected.quality, filled(expected.cost), grid))
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


class _Reached(NamedTuple):
    """Score and cost of each row by what was picked, the mean over the repeats; NaN where it is not known."""

    best: Floats
    best_costs: Floats
    par: Floats
    par_costs: Floats
    open: Floats
    open_costs: Floats
    fixed: Floats
    fixed_costs: Floats


def _reached(labels: Labels, runs: Sequence[_Picked]) -> _Reached:
    found: list[Floats] = []
    for picks in zip(*runs, strict=True):
        found += [_row_means(np.stack([_taken(values, pick) for pick in picks])) for values in (labels.scores, labels.costs)]
    return _Reached(*found)


def _held(method: Method, every: Mapping[str, _Reached], labels: Labels, *, draws: int, seed: int) -> Held:
    own = every[method.name]
    unit = _mean(own.fixed_costs)
    has_costs = bool(unit > 0)

    def more(ours: Floats, theirs: Floats) -> Interval | None:
        return _difference(ours, theirs, draws=draws, seed=seed)

    def less(ours: Floats, theirs: Floats) -> Interval | None:
        return more(theirs / unit, ours / unit) if has_costs else None

    def coin(ours: Floats, spent: Floats) -> Interval | None:
        if not has_costs:
            return None
        return over_coin(ours, spent, labels.scores, labels.costs, fewest=FEWEST_COMPARED, draws=draws, seed=seed)

    def mean(ours: Floats, gain: Interval | None) -> float:
        return _mean(ours if gain is None else ours[~np.isnan(ours) & ~np.isnan(own.fixed)])

    def beside(other: _Reached) -> Apart:
        return Apart(
            gain=more(own.best, other.best),
            spare=less(own.best_costs, other.best_costs),
            par_gain=more(own.par, other.par) if has_costs else None,
            saving=less(own.par_costs, other.par_costs),
            open_gain=more(own.open, other.open),
            open_spare=less(own.open_costs, other.open_costs),
        )

    alone = _Reached(*([own.fixed, own.fixed_costs] * len(_Picked._fields)))
    apart = beside(alone)
    return Held(
        name=method.name,
        quality=mean(own.best, apart.gain),
        cost=_mean(own.best_costs) / unit if has_costs else None,
        gain=apart.gain,
        par_quality=mean(own.par, apart.par_gain) if has_costs else None,
        par_cost=_mean(own.par_costs) / unit if has_costs else None,
        par_gain=apart.par_gain,
        saving=apart.saving,
        compared=int((~np.isnan(own.best) & ~np.isnan(own.fixed)).sum()),
        spare=apart.spare,
        open_quality=mean(own.open, apart.open_gain),
        open_gain=apart.open_gain,
        open_spare=apart.open_spare,
        coin=coin(own.best, own.best_costs),
        par_coin=coin(own.par, own.par_costs),
        open_coin=coin(own.open, own.open_costs),
        over=tuple((name, beside(every[name])) for name in method.over),
    )


def _difference(ours: Floats, theirs: Floats, *, draws: int, seed: int) -> Interval | None:
    both = ~np.isnan(ours) & ~np.isnan(theirs)
    return None if both.sum() < FEWEST_COMPARED else difference(ours[both], theirs[both], draws=draws, seed=seed)


def _taken(values: Floats, picks: NDArray[np.intp]) -> Floats:
    """Return the value of each row's model."""
    found: Floats = values[np.arange(picks.size), picks]
    return found


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def _row_means(values: Floats) -> Floats:
    """Return the mean over the repeats of each row, of those in which it is known."""
    known = ~np.isnan(values)
    counts = known.sum(axis=0)
    sums = np.where(known, values, 0.0).sum(axis=0)
    found = np.full(counts.shape, np.nan)
    np.divide(sums, counts, out=found, where=counts > 0)
    return found
