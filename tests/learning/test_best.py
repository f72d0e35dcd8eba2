"""The best one model is the one that does best on the prompts that it shares with others."""

from __future__ import annotations

import numpy as np
import pytest

from taskroute.learning.best import best_model, is_connected
from taskroute.learning.rows import labels

NAN = float("nan")


def best(*scores: tuple[float, ...]) -> int:
    return best_model(labels(tuple("abc"[: len(scores[0])]), np.array(scores)))


def test_on_the_same_prompts_the_mean_counts() -> None:
    assert best((1.0, 0.0, 0.5), (0.0, 0.9, 0.6)) == 2
    assert best((0.1, 0.2), (0.2, 0.1)) == 0


def test_to_be_asked_easy_prompts_alone_makes_no_model_the_best() -> None:
    easy, hard = (0.9, 1.0), (NAN, 0.2)
    assert best(easy, easy, hard, hard, hard) == 1


def test_models_are_compared_by_way_of_others() -> None:
    assert best((0.9, 0.8, NAN), (NAN, 0.3, 0.1), (NAN, 0.3, 0.1)) == 0
    assert best((0.4, 0.8, NAN), (NAN, 0.3, 0.35), (NAN, 0.3, 0.35)) == 2


def test_where_no_prompts_connect_models_their_means_count() -> None:
    assert best((0.4, NAN), (NAN, 0.6)) == 1


def test_a_model_without_scores_is_never_the_best() -> None:
    assert best((NAN, 0.0, 0.0), (NAN, 0.0, 0.0)) == 1


@pytest.mark.parametrize(
    ("scores", "connected"),
    [
        (((1.0, 1.0, NAN), (NAN, 1.0, 1.0)), True),
        (((1.0, 1.0, NAN), (NAN, NAN, 1.0)), False),
        (((1.0, 1.0, NAN),), True),
        (((NAN, 1.0, 1.0),), True),
    ],
)
def test_models_are_connected_by_prompts_that_both_were_scored_on(scores: tuple[tuple[float, ...], ...], connected: bool) -> None:
    assert is_connected(labels(("a", "b", "c"), np.array(scores))) is connected
