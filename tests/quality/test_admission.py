"""By which number models are compared."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.quality.admission import usable
from taskroute.quality.estimate import Estimate


def estimate(labels: int) -> Estimate:
    return Estimate(mean=0.8, low=0.6, high=1.0, labels=labels, source="task")


@pytest.mark.parametrize("labels", [0, 5, 30])
def test_a_model_with_few_scores_is_judged_by_the_lower_end(labels: int) -> None:
    assert usable(estimate(labels), min_labels=30) == pytest.approx(0.6)


def test_with_more_scores_it_nears_the_mean() -> None:
    assert usable(estimate(120), min_labels=30) == pytest.approx(0.7)
    assert usable(estimate(10**9), min_labels=30) == pytest.approx(0.8, abs=1e-3)


def test_it_is_the_mean_where_no_scores_are_asked_for() -> None:
    assert usable(estimate(0), min_labels=0) == 0.8


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 500))
def test_more_scores_of_the_same_interval_never_count_for_less(one: int, more: int, min_labels: int) -> None:
    assert usable(estimate(one), min_labels=min_labels) <= usable(estimate(one + more), min_labels=min_labels)
