"""What is expected of a model before it was scored."""

from __future__ import annotations

import pytest

from taskroute.quality.prior import MEAN, MOST_FROM_PRICE, priors


def test_a_dearer_model_is_expected_to_be_a_little_better() -> None:
    found = priors({"small": (), "large": ()}, {"small": 0.1, "large": 1.0})
    assert found["small"].mean == pytest.approx(MEAN - 0.03)
    assert found["large"].mean == pytest.approx(MEAN + 0.03)


def test_no_price_however_high_counts_for_much() -> None:
    found = priors({"small": (), "large": ()}, {"small": 1e-12, "large": 1e12})
    assert found["large"].mean == pytest.approx(MEAN + MOST_FROM_PRICE)


@pytest.mark.parametrize("price", [None, 0.0, float("nan"), float("inf")])
def test_a_model_without_a_usable_price_is_one_of_the_middle(price: float | None) -> None:
    assert priors({"one": (), "other": ()}, {"one": price, "other": 3.0})["one"].mean == MEAN


def test_a_strength_counts_for_its_task_its_group_or_its_stage_alone() -> None:
    found = priors({"one": ("code", "rerank")}, {})["one"]
    assert found.bonus("debugging", "code") > 0
    assert found.bonus("rerank") > 0
    assert found.bonus("math", "reasoning") == 0
