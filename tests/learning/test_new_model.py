"""A model that joins with a few scores."""

from __future__ import annotations

import numpy as np
import pytest

from taskroute.learning.new_model import joining
from taskroute.learning.rows import Labels, labels

TASKS = ("law", "math", "poems", "news")


def pool(new: float, *, cost: float = 1.0, n: int = 1500) -> Labels:
    """Return scores of two models that know all about their tasks, and of one that is right as often as is said."""
    rng = np.random.default_rng(1)
    tasks = tuple(rng.choice(TASKS, n).tolist())
    right = np.array([[0.6, 0.5 if task == "math" else 0.75, new] for task in tasks])
    return labels(("a", "b", "new"), (rng.random((n, 3)) < right).astype(np.float64), tasks=tasks, costs=np.tile([0.2, 1.0, cost], (n, 1)))


@pytest.mark.parametrize("new", [0.1, 0.5, 0.65])
def test_a_model_that_is_no_better_does_no_harm_with_thirty_scores(new: float) -> None:
    (found,) = joining(pool(new), "new", sizes=(30,), seeds=8)
    assert found.mean >= -0.002


def test_a_model_that_is_much_better_is_taken_once_scores_say_so() -> None:
    few, many = joining(pool(0.97), "new", sizes=(3, 500), seeds=3)
    assert many.mean > 0.1
    assert many.mean > few.mean


def test_a_model_without_scores_changes_nothing() -> None:
    (found,) = joining(pool(0.97), "new", sizes=(0,), seeds=2)
    assert (found.mean, found.worst) == (0, 0)
