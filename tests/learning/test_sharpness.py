"""Shares of tasks are made as sharp as they prove right."""

from __future__ import annotations

import numpy as np
import pytest

from taskroute.learned.predictor import sharpened
from taskroute.learning.sharpness import sharpness_of


def told(share: float, right: float, *, prompts: int = 1000, tasks: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Return shares that give one task so much, which is the right one in that part of the prompts."""
    chance = np.random.default_rng(0)
    first = chance.integers(0, tasks, prompts)
    shares = np.full((prompts, tasks), (1 - share) / (tasks - 1))
    shares[np.arange(prompts), first] = share
    other = (first + chance.integers(1, tasks, prompts)) % tasks
    return shares, np.where(chance.random(prompts) < right, first, other)


@pytest.mark.parametrize("right", [0.6, 0.8, 0.9, 0.95])
def test_what_was_told_with_too_little_certainty_is_told_about_as_often_as_it_was_right(right: float) -> None:
    shares, numbers = told(0.6, right)
    sharp = sharpened(shares, sharpness_of(shares, numbers))
    assert float(sharp.max(axis=1).mean()) == pytest.approx(right, abs=0.06)


def test_what_was_told_too_surely_is_not_made_surer() -> None:
    assert sharpness_of(*told(0.8, 0.6)) == 1


def test_prompts_without_a_task_do_not_count_and_few_with_one_change_nothing() -> None:
    shares, numbers = told(0.6, 0.95)
    numbers[19:] = -1
    assert sharpness_of(shares, numbers) == 1
    assert sharpness_of(shares[:, :1], np.zeros(1000, dtype=np.intp)) == 1


def test_shares_come_to_as_much_together_as_before_and_keep_their_order() -> None:
    shares = np.array([[0.4, 0.3, 0.1], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.2, 0.2, 0.2]])
    sharp = sharpened(shares, 2.5)
    assert sharp.sum(axis=1) == pytest.approx(shares.sum(axis=1))
    assert (np.diff(sharp[0]) < 0).all()
    assert sharp[0, 0] > shares[0, 0]
    assert sharp[1:] == pytest.approx(shares[1:])
