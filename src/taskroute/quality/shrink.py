"""Empirical Bayes: means of few scores are drawn towards what is known of their group, of their model, and before any score.

A score of model m on task t is taken as

    level of m  +  how easy t is for all  +  shift of m in the group of t  +  shift of m on t  +  noise

with each shift normal around 0. How far the shifts spread is estimated from the scores themselves (expectation maximisation, bounded), so
that tasks on which models do not differ share what is known of them, and tasks on which they do keep their own means. That a task is easy
for all counts apart, so that a model that was scored on hard tasks alone is not taken for a bad one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, NamedTuple

from taskroute.quality.prior import LABELS, MEAN, NO_PRIOR, Prior

_ROUNDS: Final = 12
_STEADY: Final = 1e-4
_OF_ONE_SCORE: Final = 0.2
"""Variance of a score about its expectation, where there are too few scores to tell; `_FEW` scores count as much."""
_FEW: Final = 2.0
_TASK_SPREAD: Final = (2e-4, 0.04)
_GROUP_SPREAD: Final = (1e-4, 0.02)
_EASE_SPREAD: Final = (1e-4, 0.08)

GroupOf = Callable[[str | None], str | None]


class Observed(NamedTuple):
    """Scores of one model in one place: a task or a stage, None where neither was told."""

    model: str
    place: str | None
    labels: float
    mean: float
    variance: float
    """Of one score about the mean."""


class Shift(NamedTuple):
    """A quantity, and the variance of what is not known of it."""

    mean: float
    variance: float


class Spreads(NamedTuple):
    """Variances between places."""

    task: float
    """Of a model's shifts on the tasks of a group."""
    group: float
    """Of a model's shifts between groups."""
    ease: float
    """Of how easy tasks are for all models."""


class Fit(NamedTuple):
    """What was learned of models and places. A place or pair that is absent was never scored."""

    levels: Mapping[str, Shift]
    groups: Mapping[tuple[str, str], Shift]
    """Model and group."""
    places: Mapping[tuple[str, str | None], Shift]
    """Model and place; beyond level, ease and the shift in the group."""
    ease: Mapping[str | None, Shift]
    spreads: Spreads
    usual_noise: float
    """The variance of one score of a model that was never scored."""
    base: float
    """Expected of a model like the others, of which no score is known, less what its prior differs from `MEAN`."""


class _Models(NamedTuple):
    levels: dict[str, Shift]
    groups: dict[tuple[str, str], Shift]
    places: dict[tuple[str, str | None], Shift]


class _Places(NamedTuple):
    ease: Mapping[str | None, Shift]
    spreads: Spreads
    base: float


class _Scores(NamedTuple):
    """What does not change while the rest is learned."""

    cells: Sequence[Observed]
    group_of: GroupOf
    priors: Mapping[str, Prior]
    noise: Mapping[str, float]
    """Model to the variance of one score."""


def fit(cells: Sequence[Observed], *, group_of: GroupOf, priors: Mapping[str, Prior]) -> Fit:
    """Return what these scores tell of models and places; `group_of` tells the group of a place, None where it has none."""
    scores = _Scores(cells=cells, group_of=group_of, priors=priors, noise=_noise(cells))
    start = Spreads(task=0.01, group=0.005, ease=0.02)
    known = _Places(ease={cell.place: Shift(0.0, start.ease) for cell in cells}, spreads=start, base=MEAN)
    models = _of_models(scores, known)
    for _ in range(_ROUNDS):
        ease = _ease(scores, models, known.spreads)
        spreads = Spreads(
            task=_spread(models.places.values(), _TASK_SPREAD, start.task),
            group=_spread(models.groups.values(), _GROUP_SPREAD, start.group),
            ease=_spread(ease.values(), _EASE_SPREAD, start.ease),
        )
        change = max(abs(new - old) for new, old in zip(spreads, known.spreads, strict=True))
        known = _Places(ease=ease, spreads=spreads, base=_base(models.levels, priors))
        models = _of_models(scores, known)
        if change < _STEADY:
            break
    usual = max(scores.noise.values(), default=_OF_ONE_SCORE)
    return Fit(*models, ease=known.ease, spreads=known.spreads, usual_noise=usual, base=known.base)


def _noise(cells: Sequence[Observed]) -> dict[str, float]:
    within: dict[str, float] = {}
    free: dict[str, float] = {}
    for cell in cells:
        within[cell.model] = within.get(cell.model, 0.0) + cell.labels * cell.variance
        # The mean of a cell was itself taken from its scores.
        free[cell.model] = free.get(cell.model, 0.0) + max(0.0, cell.labels - 1)
    return {model: (within[model] + _FEW * _OF_ONE_SCORE) / (free[model] + _FEW) for model in within}


def _of_models(scores: _Scores, known: _Places) -> _Models:
    """Return levels, shifts in groups and shifts on tasks, given how easy each task is."""
    parts: dict[str, dict[str | tuple[str | None], list[Observed]]] = {}
    for cell in scores.cells:
        # A place without a group is a group of its own, of which no other place learns.
        group: str | tuple[str | None] = scores.group_of(cell.place) or (cell.place,)
        parts.setdefault(cell.model, {}).setdefault(group, []).append(cell)
    found = _Models({}, {}, {})
    for model, groups in parts.items():
        noise = scores.noise[model]
        told = {group: _pooled(cells, known, noise) for group, cells in groups.items()}
        prior = known.base + scores.priors.get(model, NO_PRIOR).mean - MEAN
        level = _level(told.values(), known.spreads.group, Shift(prior, noise / LABELS))
        found.levels[model] = level
        for group, cells in groups.items():
            mean, spread = level.mean, known.spreads.task + known.spreads.group
            if isinstance(group, str):
                shift = _drawn(told[group].mean - level.mean, told[group].variance, known.spreads.group)
                found.groups[model, group] = shift
                mean, spread = level.mean + shift.mean, known.spreads.task
            for cell in cells:
                rest = cell.mean - known.ease[cell.place].mean - mean
                found.places[model, cell.place] = _drawn(rest, noise / cell.labels, spread)
    return found


def _pooled(cells: Sequence[Observed], known: _Places, noise: float) -> Shift:
    """Return the mean of a model over the tasks of one group, as if all were equally easy."""
    weights = [1 / (noise / cell.labels + known.spreads.task) for cell in cells]
    total = sum(weight * (cell.mean - known.ease[cell.place].mean) for weight, cell in zip(weights, cells, strict=True))
    return Shift(total / sum(weights), 1 / sum(weights))


def _level(told: Collection[Shift], spread: float, prior: Shift) -> Shift:
    weights = [1 / (part.variance + spread) for part in told]
    known = 1 / prior.variance
    total = known * prior.mean + sum(weight * part.mean for weight, part in zip(weights, told, strict=True))
    precision = known + sum(weights)
    return Shift(total / precision, 1 / precision)


def _ease(scores: _Scores, models: _Models, spreads: Spreads) -> dict[str | None, Shift]:
    """Return how easy each place is for all models, given how good they are."""
    sums: dict[str | None, tuple[float, float]] = {}
    for cell in scores.cells:
        group = scores.group_of(cell.place)
        usual = models.levels[cell.model].mean + (0.0 if group is None else models.groups[cell.model, group].mean)
        weight = 1 / (scores.noise[cell.model] / cell.labels + spreads.task)
        total, precision = sums.get(cell.place, (0.0, 1 / spreads.ease))
        sums[cell.place] = (total + weight * (cell.mean - usual), precision + weight)
    return {place: Shift(total / precision, 1 / precision) for place, (total, precision) in sums.items()}


def _base(levels: Mapping[str, Shift], priors: Mapping[str, Prior]) -> float:
    """Return what the levels of the scored models say of a model that was never scored; `MEAN` counts as one model."""
    told = [level.mean - (priors.get(model, NO_PRIOR).mean - MEAN) for model, level in levels.items()]
    return (sum(told) + MEAN) / (len(told) + 1)


def _drawn(rest: float, variance: float, spread: float) -> Shift:
    """Return what remains of a difference that is known to this variance, where differences spread this far."""
    weight = spread / (spread + variance)
    return Shift(weight * rest, spread * (1 - weight))


def _spread(shifts: Collection[Shift], bounds: tuple[float, float], usual: float) -> float:
    # One more shift of the usual size, so that a few places cannot say that all are alike.
    total = usual + sum(shift.mean**2 + shift.variance for shift in shifts)
    return min(bounds[1], max(bounds[0], total / (len(shifts) + 1)))
