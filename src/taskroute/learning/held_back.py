"""What is expected of each model on rows that were held back, by what a table learned from the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from taskroute.learning.cells import cells
from taskroute.learning.folds import by_prompt, grouped
from taskroute.learning.rows import Floats, Labels
from taskroute.quality.table import QualityTable
from taskroute.types import NOTHING

FOLDS: Final = 5
_BINS: Final = 10


class Expectations(NamedTuple):
    """What is expected of each model on each prompt; both of shape (n, m)."""

    qualities: Floats
    costs: Floats


def by_place(labels: Labels, costs: Floats, *, seed: int = 0) -> Expectations | None:
    """Return what a table by task and stage expects, cross-validated; None where no row names either, or there is one prompt."""
    if not any(labels.tasks) and not any(labels.stages):
        return None
    return _expected(labels, costs, seed=seed)


def by_length(labels: Labels, costs: Floats, *, seed: int = 0) -> Expectations | None:
    """Return what the length of the prompt alone makes one expect, cross-validated; None where no row has a prompt.

    Lengths fall into ten bins of as many prompts each.
    """
    if not any(labels.prompts):
        return None
    lengths = np.array([len(prompt or "") for prompt in labels.prompts], dtype=np.float64)
    edges = np.quantile(lengths, np.linspace(0, 1, _BINS + 1)[1:-1])
    bins = tuple(f"length {number}" for number in np.searchsorted(edges, lengths))
    return _expected(labels._replace(tasks=bins, stages=(None,) * labels.size), costs, seed=seed)


def _expected(labels: Labels, costs: Floats, *, seed: int) -> Expectations | None:
    folds = grouped(by_prompt(labels.prompts), folds=FOLDS, seed=seed)
    if not folds:
        return None
    priced = labels._replace(costs=costs)
    found = Expectations(np.empty(labels.scores.shape), np.empty(labels.scores.shape))
    for fold in folds:
        table = QualityTable(cells(priced.take(fold.train)))
        usual = np.nanmean(costs[fold.train], axis=0)
        places: dict[tuple[str | None, str | None], tuple[Sequence[float], Sequence[float]]] = {}
        for row in map(int, fold.test):
            place = labels.tasks[row], labels.stages[row]
            if place not in places:
                places[place] = _at(table, labels.models, usual, *place)
            found.qualities[row], found.costs[row] = places[place]
    return found


def _at(
    table: QualityTable, models: Sequence[str], usual: Floats, task: str | None, stage: str | None
) -> tuple[Sequence[float], Sequence[float]]:
    tasks = NOTHING if task is None else {task: 1.0}
    estimates = [table.estimate(model, tasks=tasks, stage=stage) for model in models]
    costs = [table.cost(model, tasks=tasks, stage=stage) for model in models]
    qualities = [0.5 if estimate is None else estimate.mean for estimate in estimates]
    return qualities, [float(mean) if cost is None else cost for cost, mean in zip(costs, usual, strict=True)]
