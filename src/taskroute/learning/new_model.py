"""What happens when a model joins with a few scores: whether routing is worse with it than without, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from taskroute.learning.cells import cells
from taskroute.learning.rows import Labels
from taskroute.quality.admission import usable
from taskroute.quality.table import QualityTable

COST_WEIGHT: Final = 0.1
"""What the mean cost of the best model is worth in quality, in a call's utility."""
_HELD_BACK: Final = 0.3


class Joined(NamedTuple):
    """Mean utility of the calls that were held back: quality, less `cost_weight` times the cost in parts of the best model's mean cost."""

    model: str
    labels: int
    """Scores that the model joined with."""
    without: float
    """Utility of routing among the others."""
    changes: tuple[float, ...]
    """For each seed, by how much the utility changed when the model joined."""

    @property
    def mean(self) -> float:
        """The mean change."""
        return float(np.mean(self.changes))

    @property
    def worst(self) -> float:
        """The change of the worst seed."""
        return min(self.changes)


def joining(
    labels: Labels, model: str, *, sizes: Sequence[int], seeds: int = 20, min_labels: int = 30, cost_weight: float = COST_WEIGHT
) -> tuple[Joined, ...]:
    """Return what the model's joining changes, for each number of scores that it joins with.

    The others have all scores of 70 % of the rows; the rest of the rows is held back. Each row needs a task, and scores and costs of every
    model.
    """
    new = labels.models.index(model)
    best = int(labels.scores.mean(axis=0).argmax())
    unit = float(labels.costs[:, best].mean())
    weigh = _Weigh(labels.models, cost=cost_weight / unit, min_labels=min_labels)
    changes: dict[int, list[float]] = {size: [] for size in sizes}
    without: list[float] = []
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(labels.size)
        cut = int(_HELD_BACK * labels.size)
        held, known = labels.take(order[:cut]), labels.take(order[cut:])
        others = list(cells(_with_scores(known, new, 0)))
        before = _reached(QualityTable(others), held, weigh)
        without.append(before)
        for size in sizes:
            own = [cell for cell in cells(_with_scores(known, new, size)) if cell.model == model]
            changes[size].append(_reached(QualityTable([*others, *own]), held, weigh) - before)
    mean = float(np.mean(without))
    return tuple(Joined(model=model, labels=size, without=mean, changes=tuple(changes[size])) for size in sizes)


class _Weigh(NamedTuple):
    models: tuple[str, ...]
    cost: float
    """What a unit of cost is worth in quality."""
    min_labels: int

    def choice(self, table: QualityTable, task: str | None) -> int:
        """Return the model that promises the most utility."""
        told = {} if task is None else {task: 1.0}
        worth: list[float] = []
        for model in self.models:
            estimate, cost = table.estimate(model, tasks=told), table.cost(model, tasks=told)
            if estimate is None or cost is None:
                worth.append(-np.inf)
            else:
                worth.append(usable(estimate, min_labels=self.min_labels) - self.cost * cost)
        return int(np.argmax(worth))


def _with_scores(known: Labels, column: int, size: int) -> Labels:
    """Return the table with only the first scores of one model."""
    scores = known.scores.copy()
    scores[size:, column] = np.nan
    return known._replace(scores=scores)


def _reached(table: QualityTable, held: Labels, weigh: _Weigh) -> float:
    """Return the mean utility on these rows of the model that promises the most for each task."""
    chosen = {task: weigh.choice(table, task) for task in set(held.tasks)}
    picks = np.array([chosen[task] for task in held.tasks], dtype=np.intp)
    rows = np.arange(held.size)
    return float((held.scores[rows, picks] - weigh.cost * held.costs[rows, picks]).mean())
