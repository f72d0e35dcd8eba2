"""What is expected of models on a task that is like none that was scored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.quality.shrink import Observed
from taskroute.quality.strange import drawn
from taskroute.quality.table import Cell, QualityTable

TASKS = ("law", "math", "poems", "news", "code", "chess")


def observed(model: str, *means: float, labels: int = 200) -> list[Observed]:
    return [
        Observed(model=model, place=task, labels=labels, mean=mean, variance=mean * (1 - mean))
        for task, mean in zip(TASKS, means, strict=False)
    ]


STEADY = observed("steady", 0.6, 0.6, 0.6, 0.6, 0.6, 0.6)
ERRATIC = observed("erratic", 0.9, 0.3, 0.9, 0.3, 0.9, 0.36)
DEAR = observed("dear", 0.8, 0.8, 0.8, 0.8, 0.8, 0.8)
MEANS = {"steady": 0.6, "erratic": 0.61, "dear": 0.8}
COSTS = {"steady": 1.0, "erratic": 1.0, "dear": 10.0}


def test_one_that_does_alike_everywhere_is_preferred_to_one_that_is_good_at_this_and_bad_at_that() -> None:
    found = drawn([*STEADY, *ERRATIC, *DEAR], {**MEANS, "erratic": 0.65}, {**COSTS, "erratic": 0.1})
    assert found["steady"] > found["erratic"]


def test_of_two_that_are_as_good_the_dearer_is_expected_to_do_better_on_a_strange_task() -> None:
    alike = [*observed("cheap", 0.6, 0.7, 0.8, 0.7), *observed("dear", 0.8, 0.7, 0.6, 0.7)]
    found = drawn(alike, {"cheap": 0.7, "dear": 0.7}, {"cheap": 1.0, "dear": 10.0})
    assert found["dear"] > found["cheap"]


@pytest.mark.parametrize("costs", [{}, {"steady": 1.0}, {"steady": 2.0, "erratic": 2.0, "dear": 2.0}, {"steady": 0.0, "dear": 0.0}])
def test_where_no_price_tells_models_apart_their_means_stand(costs: dict[str, float]) -> None:
    assert drawn([*STEADY, *ERRATIC, *DEAR], MEANS, costs) == {}


def test_one_task_says_nothing_of_how_models_differ_between_tasks() -> None:
    assert drawn([*observed("steady", 0.6), *observed("dear", 0.8)], MEANS, COSTS) == {}


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=6), st.floats(1e-9, 1e9))
def test_no_model_is_drawn_past_what_its_price_says(scores: list[tuple[float, float, float]], unit: float) -> None:
    cells = [cell for model, own in zip(MEANS, zip(*scores, strict=True), strict=True) for cell in observed(model, *own)]
    means = {model: sum(own) / len(own) for model, own in zip(MEANS, zip(*scores, strict=True), strict=True)}
    found = drawn(cells, means, {model: unit * cost for model, cost in COSTS.items()})
    assert set(found) == set(means)
    assert max(found.values()) <= max(means.values()) + 0.13
    assert min(found.values()) >= min(means.values()) - 0.13
    again = drawn(cells, means, COSTS)
    assert found == {model: pytest.approx(mean, abs=1e-6) for model, mean in again.items()}


def table(costs: dict[str, float]) -> QualityTable:
    every = [*STEADY, *ERRATIC, *DEAR]
    return QualityTable([Cell(o.model, o.place, None, int(o.labels), o.mean, o.variance, cost=costs.get(o.model)) for o in every])


def expected(known: QualityTable, **tasks: float) -> float:
    found = known.estimate("erratic", tasks=tasks)
    assert found is not None
    return found.mean


def test_a_task_that_was_never_scored_is_strange_and_a_call_of_which_nothing_is_known_is_a_usual_one() -> None:
    priced, unpriced = table(COSTS), table({})
    assert expected(priced) == expected(unpriced)
    assert expected(priced, law=1.0) == expected(unpriced, law=1.0)
    assert expected(priced, knitting=1.0) != expected(unpriced, knitting=1.0)
    assert expected(unpriced, knitting=1.0) == expected(unpriced)


def test_what_is_missing_to_one_counts_as_a_strange_task() -> None:
    priced = table(COSTS)
    assert expected(priced, law=0.4) == pytest.approx(0.4 * expected(priced, law=1.0) + 0.6 * expected(priced, knitting=1.0))
