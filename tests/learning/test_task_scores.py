"""What hints at the task of a prompt: learned from other prompts, and never from its own."""

from __future__ import annotations

import numpy as np
import pytest

from taskroute.learned.prompt_space import hints_of
from taskroute.learning.folds import grouped
from taskroute.learning.landmarks import basis, solve
from taskroute.learning.task_scores import cross_fitted, fit_task_scores, scored, without

SIZE, TASKS = 120, 3


def material(*, signal: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    numbers = rng.integers(0, TASKS, SIZE)
    meaning = rng.normal(0, 0.3, (SIZE, 8)).astype(np.float32)
    meaning[:, :TASKS] += 2.0 * np.eye(TASKS)[numbers] if signal else 0.0
    return rng.normal(0, 1, (SIZE, 5)).astype(np.float32), meaning, np.eye(TASKS, dtype=np.float32)[numbers]


def test_the_task_is_hinted_at_where_words_tell_it() -> None:
    looks, meaning, of_task = material(signal=True)
    found = hints_of(scored(fit_task_scores(looks, meaning, of_task), looks, meaning))
    assert (found.argmax(axis=1) == of_task.argmax(axis=1)).mean() > 0.95
    assert found.min() >= 0
    assert found.sum(axis=1).max() <= 1 + 1e-5


def test_a_row_learns_nothing_from_itself() -> None:
    looks, meaning, of_task = material(signal=False)
    found = cross_fitted(looks, meaning, of_task, grouped(np.arange(SIZE), folds=4, seed=0))
    assert (found.argmax(axis=1) == of_task.argmax(axis=1)).mean() < 0.5


def test_a_task_that_is_not_known_is_not_hinted_at() -> None:
    found = hints_of(without(np.array([[0.5, 0.5, 0.0], [0.1, 0.0, 0.9]], dtype=np.float32), np.array([0])))
    assert (found[:, 0] == 0).all()
    assert found[0, 1] == pytest.approx(1.0)


def test_prompts_of_two_tasks_teach_each_other_less_where_the_tasks_are_told() -> None:
    points = np.zeros((40, 2), dtype=np.float32)
    groups = np.arange(40) % 2
    scores = np.where(groups == 0, 1.0, -1.0)[:, None]
    apart = basis(points, np.arange(2), groups=groups, other=0.1)
    alike = basis(points, np.arange(2))
    assert np.abs(apart.rows @ solve(apart.rows, scores, noise=1.0) - scores).max() < 0.2
    assert np.abs(alike.rows @ solve(alike.rows, scores, noise=1.0)).max() < 0.2
