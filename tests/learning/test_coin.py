"""What a router has over choosing between two single models at random, at what it costs itself."""

from __future__ import annotations

import numpy as np
import pytest

from taskroute.learning.coin import over_coin
from taskroute.learning.rows import Floats

COSTS = (0.1, 0.5, 1.0)


def pool(n: int = 400, *, right: tuple[float, ...] = (0.6, 0.7, 0.9)) -> tuple[Floats, Floats]:
    """Return scores and costs of three models, the dearer the better."""
    scores = (np.random.default_rng(0).random((n, 3)) < np.array(right)).astype(np.float64)
    return scores, np.tile(COSTS, (n, 1))


def gap(ours: Floats, spent: Floats, scores: Floats, costs: Floats) -> tuple[float, float, float]:
    found = over_coin(ours, spent, scores, costs, fewest=50, draws=500, seed=0)
    assert found is not None
    return found


def test_a_coin_has_nothing_over_a_coin() -> None:
    scores, costs = pool()
    heads = np.random.default_rng(1).random(400) < 0.4
    value, low, high = gap(np.where(heads, scores[:, 2], scores[:, 0]), np.where(heads, 1.0, 0.1), scores, costs)
    assert low < 0 < high
    assert value == pytest.approx(0, abs=0.05)


def test_who_takes_the_model_that_is_right_is_surely_better_than_a_coin() -> None:
    scores, costs = pool()
    cheap = scores[:, 0] >= scores[:, 2]
    _, low, _ = gap(np.where(cheap, scores[:, 0], scores[:, 2]), np.where(cheap, 0.1, 1.0), scores, costs)
    assert low > 0


def test_one_model_throughout_has_nothing_over_itself() -> None:
    scores, costs = pool()
    assert gap(scores[:, 2], costs[:, 2], scores, costs) == (0.0, 0.0, 0.0)


def test_of_all_mixtures_the_best_counts() -> None:
    scores, costs = pool(right=(0.6, 0.9, 0.9))
    heads = np.arange(400) % 2 == 0
    value, _, high = gap(np.where(heads, scores[:, 2], scores[:, 0]), np.where(heads, 1.0, 0.1), scores, costs)
    means = scores.mean(axis=0)
    assert value == pytest.approx(np.where(heads, scores[:, 2], scores[:, 0]).mean() - means[1], abs=0.01)
    assert high < 0


def test_models_are_compared_on_the_prompts_that_they_share() -> None:
    scores, costs = pool()
    easy = scores.copy()
    easy[:, 0], easy[100:, 0] = 1.0, np.nan
    value, *_ = gap(np.where(np.arange(400) < 100, easy[:, 0], scores[:, 2]), np.full(400, 0.1), easy, costs)
    assert value == 0.0


def test_what_costs_less_than_each_model_is_set_beside_the_cheapest() -> None:
    scores, costs = pool()
    ours = np.ones(400)
    assert gap(ours, np.full(400, 0.01), scores, costs)[0] == pytest.approx(1 - scores[:, 0].mean())


def test_too_few_prompts_or_no_costs_tell_nothing() -> None:
    scores, costs = pool()
    for unknown in (np.full_like(costs, np.nan), np.where(np.arange(400)[:, None] < 49, costs, np.nan)):
        assert over_coin(scores[:, 0], costs[:, 0], scores, unknown, fewest=50, draws=100, seed=0) is None
