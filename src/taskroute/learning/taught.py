"""What some scored prompts teach of others: by the likeness of prompts, with and without their task."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.learned.predictor import seen
from taskroute.learning.folds import Rows, by_task
from taskroute.learning.landmarks import Basis, basis, solve
from taskroute.learning.residual import HeldBack
from taskroute.learning.rows import Floats, Labels

_DRAWN: Final = 10.0
"""A task's mean score is drawn towards the model's as if by so many scores."""
OTHER: Final = 0.3
"""What the likeness of two prompts is multiplied by where they are told to be of two tasks."""


class Bases(NamedTuple):
    """The same prompts by their likeness to the landmarks."""

    read: Basis
    told: Basis | None
    """Where prompts of two tasks are told apart; None where no task is known."""


class Taught(NamedTuple):
    """What some rows teach: weights in each basis, the mean of each model, and the table of tasks. `k` tasks, `m` models."""

    read: Floats
    """Shape (landmarks, k + m)."""
    told: Floats
    """Shape (landmarks, m); 0 where no task is known."""
    means: Floats
    table: Floats
    """Shape (k, m)."""


def bases(points: NDArray[Any], chosen: Rows, labels: Labels, tasks: tuple[str, ...]) -> Bases:
    """Return the bases of the chosen rows, for all rows."""
    told = basis(points, chosen, groups=numbers_of(labels, tasks), other=OTHER) if tasks else None
    return Bases(basis(points, chosen), told)


def tasks_of(labels: Labels) -> tuple[str, ...]:
    """Return the tasks that are told, in order."""
    return tuple(sorted({task for task in labels.tasks if task is not None}))


def numbers_of(labels: Labels, tasks: tuple[str, ...]) -> Rows:
    """Return the place of each row's task among these; -1 for none of them."""
    place = {task: at for at, task in enumerate(tasks)}
    return np.array([-1 if task is None else place.get(task, -1) for task in labels.tasks], dtype=np.intp)


def teach(found: Bases, rows: Rows, labels: Labels, tasks: tuple[str, ...], *, noise: float) -> Taught:
    """Return what these rows of the labels teach of these tasks."""
    scores, numbers = labels.scores[rows], numbers_of(labels, tasks)[rows]
    known = ~np.isnan(scores)
    filled = np.where(known, scores, 0.0)
    count = known.sum(axis=0)
    overall = filled.sum() / max(int(count.sum()), 1)
    means = (filled.sum(axis=0) + overall) / (count + 1)
    of_task = (numbers[:, None] == np.arange(len(tasks))).astype(np.float64)
    table = (of_task.T @ filled + _DRAWN * means) / (of_task.T @ known + _DRAWN)
    of_task[numbers < 0] = np.nan
    targets = np.column_stack((of_task, scores - means))
    read = solve(found.read.rows[rows], targets, noise=noise)
    told = np.zeros((len(read), len(means)))
    if found.told is not None:
        told = solve(found.told.rows[rows], scores - means, noise=noise)
    return Taught(read, told, means, table)


def shares_of(found: Bases, taught: Taught, rows: Rows, tasks: tuple[str, ...]) -> Floats:
    """Return the shares of the tasks that are read from these rows, a column for each task; as likeness tells them, not sharpened."""
    return np.asarray(seen(found.read.rows[rows] @ taught.read, taught.means, len(tasks)).tasks, dtype=np.float64)


def held_back(
    found: Bases, taught: Taught, rows: Rows, labels: Labels, tasks: tuple[str, ...], *, likeness: Floats, sharpness: float
) -> HeldBack:
    """Return what is foretold of these rows, with their true scores; `likeness` has a number for each of them."""
    sight = seen(found.read.rows[rows] @ taught.read, taught.means, len(tasks), sharpness)
    numbers = numbers_of(labels, tasks)[rows]
    of_tasks = np.vstack((taught.table, taught.means))
    beside = taught.means if found.told is None else taught.means + found.told.rows[rows] @ taught.told
    scores = labels.scores[rows]
    return HeldBack(
        likeness=likeness,
        scores=scores,
        means=np.broadcast_to(taught.means, scores.shape),
        read=taught.means + sight.tasks @ (taught.table - taught.means),
        told=of_tasks[numbers],
        foretold=sight.scores,
        beside=np.broadcast_to(beside, scores.shape),
        is_told=numbers >= 0,
        of=by_task(labels.tasks)[rows],
    )
