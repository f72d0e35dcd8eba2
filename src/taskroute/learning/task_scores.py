"""Linear scores of the tasks by the words and looks of a prompt: what hints at its task, so that prompts of a task lie closer together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from taskroute.learned.surface import Floats
from taskroute.learning.folds import Fold, Rows

_PENALTY: Final = 0.3
"""Of ridge regression, for rows of length about 1."""


class TaskScores(NamedTuple):
    """Weights for `k` tasks."""

    by_meaning: Floats
    by_looks: Floats
    start: Floats


def fit_task_scores(looks: Floats, meaning: Floats, of_task: Floats) -> TaskScores:
    """Return the weights of a ridge regression on the tasks of the rows; `of_task` has a row of 0 and 1 for each, of shape (n, k)."""
    size = np.float32(looks.shape[1] ** 0.5)
    rows = np.column_stack((meaning, looks / size))
    middle = rows.mean(axis=0)
    means = of_task.mean(axis=0)
    rows = rows - middle
    gram = (rows.T @ rows).astype(np.float64)
    gram[np.diag_indices_from(gram)] += _PENALTY
    weights: Floats = np.asarray(np.linalg.solve(gram, rows.T @ (of_task - means)), dtype=np.float32)
    split = meaning.shape[1]
    start: Floats = np.asarray(means - middle @ weights, dtype=np.float32)
    return TaskScores(weights[:split], weights[split:] / size, start)


def scored(scores: TaskScores, looks: Floats, meaning: Floats) -> Floats:
    """Return the linear scores of the tasks, of shape (n, k); `hints_of` makes shares of them."""
    return np.asarray(meaning @ scores.by_meaning + looks @ scores.by_looks + scores.start, dtype=np.float32)


def cross_fitted(looks: Floats, meaning: Floats, of_task: Floats, folds: Sequence[Fold]) -> Floats:
    """Return for each row what the rows of the other folds score it: as good as for a prompt that was never seen, and no better."""
    found = np.zeros(of_task.shape, dtype=np.float32)
    for fold in folds:
        scores = fit_task_scores(looks[fold.train], meaning[fold.train], of_task[fold.train])
        found[fold.test] = scored(scores, looks[fold.test], meaning[fold.test])
    return found


def without(found: Floats, tasks: Rows) -> Floats:
    """Return the same scores where nothing is known of these tasks."""
    left = found.copy()
    left[:, tasks] = 0
    return left
