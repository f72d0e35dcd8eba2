"""What the quality table tells: shrunk means, intervals, and what an answer takes."""

from __future__ import annotations

import pickle
import random
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskroute.quality.prior import MEAN, Prior
from taskroute.quality.table import Cell, QualityTable


def cell(model: str, task: str | None, labels: int, mean: float, *, stage: str | None = None, cost: float | None = None) -> Cell:
    return Cell(model=model, task=task, stage=stage, labels=labels, mean=mean, variance=mean * (1 - mean), cost=cost)


def mean(table: QualityTable, model: str, *tasks: str, stage: str | None = None) -> float:
    found = table.estimate(model, tasks=dict.fromkeys(tasks, 1 / len(tasks)) if tasks else {}, stage=stage)
    assert found is not None
    return found.mean


TWO = (
    *(cell("small", task, 200, score) for task, score in (("math", 0.4), ("debugging", 0.5), ("translation", 0.8), ("extraction", 0.85))),
    *(cell("large", task, 200, score) for task, score in (("math", 0.9), ("debugging", 0.85), ("translation", 0.8), ("extraction", 0.86))),
)


def test_a_task_with_many_scores_keeps_its_own_mean() -> None:
    assert mean(QualityTable(TWO), "small", "math") == pytest.approx(0.4, abs=0.02)


def test_a_task_with_few_scores_is_drawn_towards_what_else_is_known_of_the_model() -> None:
    table = QualityTable([*TWO, cell("small", "poems", 2, 0.0), cell("large", "poems", 2, 0.0)])
    assert 0.1 < mean(table, "small", "poems") < mean(table, "small", "translation")


def test_an_unseen_task_has_the_mean_of_the_usual_mixture_and_a_wider_interval() -> None:
    table = QualityTable(TWO)
    unseen, seen = table.estimate("small", tasks={"law": 1.0}), table.estimate("small", tasks={"math": 1.0})
    assert unseen is not None
    assert seen is not None
    assert unseen.mean == pytest.approx((0.4 + 0.5 + 0.8 + 0.85) / 4, abs=0.02)
    assert unseen.high - unseen.low > seen.high - seen.low
    assert (unseen.labels, unseen.source) == (0, "model")
    assert (seen.labels, seen.source) == (200, "task")


@pytest.mark.parametrize("tasks", [1, 4])
@pytest.mark.parametrize("labels", [120, 1_000, 100_000])
def test_many_scores_of_a_task_give_the_interval_of_their_mean(labels: int, tasks: int) -> None:
    places = [("math", 0.4, 0.9), ("debugging", 0.5, 0.85), ("translation", 0.8, 0.8), ("extraction", 0.85, 0.86)][:tasks]
    table = QualityTable(cell(*one) for task, low, high in places for one in (("small", task, labels, low), ("large", task, labels, high)))
    found = table.estimate("small", tasks={"math": 1.0})
    assert found is not None
    assert found.high - found.low == pytest.approx(2 * 1.645 * sqrt(0.4 * 0.6 / labels), rel=0.3)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    chance = random.Random(3)
    held: list[bool] = []
    for _ in range(40):
        true = {("small", str(place)): chance.uniform(0.3, 0.8) for place in range(4)}
        true |= {("large", place): min(0.95, quality + chance.gauss(0.1, 0.06)) for (_, place), quality in true.items()}
        counts = {pair: sum(chance.random() < quality for _ in range(100)) for pair, quality in true.items()}
        table = QualityTable(cell(model, place, 100, count / 100) for (model, place), count in counts.items())
        for (model, place), quality in true.items():
            found = table.estimate(model, tasks={place: 1.0})
            assert found is not None
            held.append(found.low <= quality <= found.high)
    assert 0.85 < sum(held) / len(held) < 0.95


def test_an_unseen_task_learns_from_its_group() -> None:
    table = QualityTable([*TWO, cell("small", "data_analysis", 200, 0.42), cell("large", "data_analysis", 200, 0.9)])
    found = table.estimate("small", tasks={"multi_step": 1.0})
    assert found is not None
    assert (found.source, found.labels) == ("group", 0)
    assert found.mean < mean(table, "small", "law")


def test_the_user_s_own_tasks_may_have_a_group() -> None:
    cells = [*TWO, cell("small", "tax", 200, 0.2), cell("large", "tax", 200, 0.9)]
    alone, grouped = QualityTable(cells), QualityTable(cells, groups={"tax": "law", "wills": "law"})
    assert mean(grouped, "small", "wills") < mean(alone, "small", "wills")


def test_a_group_may_be_asked_for_by_its_name() -> None:
    table = QualityTable(TWO)
    assert mean(table, "small", "transform") > mean(table, "small", "reasoning")


def test_a_model_that_was_scored_on_hard_tasks_alone_is_not_taken_for_a_bad_one() -> None:
    both = [cell(model, task, 300, score) for model in ("a", "b") for task, score in (("hard", 0.3), ("easy", 0.9))]
    table = QualityTable([*both, cell("new", "hard", 300, 0.35)])
    assert mean(table, "new", "easy") > 0.75


def test_scores_without_any_task_are_of_whatever_task_is_told() -> None:
    table = QualityTable([cell("small", None, 450, 0.57), cell("large", None, 450, 0.68)])
    for tasks in ({"math": 0.55}, {"math": 1.0}, {"math": 0.3, "law": 0.3}):
        assert table.estimate("small", tasks=tasks) == table.estimate("small")


def test_likely_tasks_are_mixed_and_the_rest_counts_as_unknown() -> None:
    table = QualityTable(TWO)
    halves = table.estimate("small", tasks={"math": 0.5, "translation": 0.5})
    half = table.estimate("small", tasks={"math": 0.5})
    assert halves is not None
    assert half is not None
    assert halves.mean == pytest.approx((mean(table, "small", "math") + mean(table, "small", "translation")) / 2)
    assert half.mean == pytest.approx((mean(table, "small", "math") + mean(table, "small")) / 2)
    assert half.labels == 100


def test_scores_of_tasks_that_come_to_more_than_1_are_shares() -> None:
    table = QualityTable(TWO)
    assert table.estimate("small", tasks={"math": 0.9, "translation": 0.9}) == table.estimate(
        "small", tasks={"math": 0.5, "translation": 0.5}
    )


def test_a_stage_counts_where_no_task_is_told() -> None:
    cells = [cell("small", None, 100, score, stage=stage) for stage, score in (("rerank", 0.9), ("generate", 0.4))]
    table = QualityTable([*cells, *(cell("large", None, 100, 0.9, stage=stage) for stage in ("rerank", "generate"))])
    found = table.estimate("small", stage="generate")
    assert found is not None
    assert (found.source, found.labels) == ("stage", 100)
    assert found.mean == pytest.approx(0.4, abs=0.06)


def test_a_task_and_a_stage_lie_between_the_two_and_are_not_counted_twice() -> None:
    cells = [cell("small", "math", 100, 0.4, stage="generate"), cell("small", "translation", 100, 0.8, stage="rerank")]
    table = QualityTable([*cells, *(one._replace(model="large", mean=0.9) for one in cells)])
    task, stage = mean(table, "small", "math"), mean(table, "small", stage="generate")
    found = table.estimate("small", tasks={"math": 1.0}, stage="generate")
    assert found is not None
    assert min(task, stage) <= found.mean <= max(task, stage)
    assert found.labels == 100


def test_a_stage_that_was_never_scored_leaves_the_task_alone() -> None:
    table = QualityTable(TWO)
    assert table.estimate("small", tasks={"math": 1.0}, stage="plan") == table.estimate("small", tasks={"math": 1.0})


def test_a_model_of_which_nothing_is_known_has_no_estimate() -> None:
    assert QualityTable(TWO).estimate("other", tasks={"math": 1.0}) is None


def test_a_model_without_scores_has_its_prior_beside_the_level_of_the_others() -> None:
    poor = QualityTable([cell("a", "math", 100, 0.2), cell("b", "math", 100, 0.3)], priors={"new": Prior(strengths=frozenset({"math"}))})
    good = QualityTable([cell("a", "math", 100, 0.9), cell("b", "math", 100, 0.8)], priors={"new": Prior()})
    found = poor.estimate("new", tasks={"math": 1.0})
    assert found is not None
    assert (found.labels, found.source) == (0, "prior")
    assert found.mean < mean(good, "new", "math")
    assert mean(poor, "new", "math") > mean(poor, "new")


def test_without_any_score_only_priors_tell_models_apart() -> None:
    table = QualityTable((), priors={"small": Prior(mean=0.55), "large": Prior(mean=0.65)})
    assert mean(table, "small") == pytest.approx(0.55)
    assert mean(table, "large") == pytest.approx(0.65)
    assert QualityTable(()).estimate("small") is None
    assert mean(QualityTable((), priors={"x": Prior()}), "x") == pytest.approx(MEAN)


def test_scores_outweigh_a_strength_that_was_only_claimed() -> None:
    claimed = Prior(strengths=frozenset({"math"}))
    table = QualityTable(TWO).given(priors={"small": claimed})
    assert mean(table, "small", "math") == pytest.approx(mean(QualityTable(TWO), "small", "math"), abs=0.002)


def test_a_higher_confidence_gives_a_wider_interval_around_the_same_mean() -> None:
    narrow, wide = (QualityTable(TWO, confidence=confidence).estimate("small", tasks={"math": 1.0}) for confidence in (0.6, 0.99))
    assert narrow is not None
    assert wide is not None
    assert wide.low < narrow.low < narrow.mean == wide.mean < narrow.high < wide.high


def test_tokens_cost_and_latency_are_means_that_few_calls_change_little() -> None:
    many = Cell("small", "math", None, 1000, 0.5, 0.25, cost=0.01, input_tokens=100, output_tokens=400, latency=2.0)
    few = Cell("small", "poems", None, 1, 0.5, 0.25, cost=1.0, input_tokens=900, output_tokens=9000, latency=90.0)
    table = QualityTable([many, few])
    told = table.tokens("small", tasks={"math": 1.0})
    assert told.output == pytest.approx(400, rel=0.02)
    assert told.input == pytest.approx(100, rel=0.02)
    rare = table.tokens("small", tasks={"poems": 1.0})
    assert rare.output is not None
    assert 400 < rare.output < 2000
    assert table.cost("small", tasks={"math": 1.0}) == pytest.approx(0.01, rel=0.05)
    assert table.latency("small") == pytest.approx((2000 + 90) / 1001)


def test_what_nobody_measured_is_unknown() -> None:
    table = QualityTable(TWO)
    assert table.tokens("small", tasks={"math": 1.0}) == (None, None)
    assert table.cost("small") is None
    assert table.latency("other") is None


def test_the_version_is_that_of_the_scores_whatever_their_order() -> None:
    assert QualityTable(TWO).version == QualityTable(reversed(TWO), trained_at="today").version
    assert QualityTable(TWO).version != QualityTable(TWO[1:]).version


def test_a_table_can_be_pickled() -> None:
    table = QualityTable(TWO)
    again = pickle.loads(pickle.dumps(table))
    assert again.estimate("small", tasks={"law": 1.0}) == table.estimate("small", tasks={"law": 1.0})


CELLS = st.lists(
    st.builds(
        cell,
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from([None, "math", "debugging", "own"]),
        st.integers(1, 1000),
        st.floats(0, 1),
        stage=st.sampled_from([None, "generate"]),
    ),
    unique_by=lambda one: (one.model, one.task, one.stage),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(cells=CELLS, task=st.sampled_from(["math", "own", "never", "code"]), stage=st.sampled_from([None, "generate", "plan"]))
def test_every_estimate_is_from_0_to_1_with_the_mean_inside_its_interval(cells: list[Cell], task: str, stage: str | None) -> None:
    table = QualityTable(cells)
    for model in table.models:
        found = table.estimate(model, tasks={task: 1.0}, stage=stage)
        assert found is not None
        assert 0 <= found.low <= found.mean <= found.high <= 1


@settings(max_examples=40, deadline=None)
@given(cells=CELLS, better=st.floats(0, 1))
def test_better_scores_never_make_a_model_s_own_task_look_worse(cells: list[Cell], better: float) -> None:
    first = cells[0]
    if first.task is None or first.stage is not None:
        return
    raised = first._replace(mean=max(first.mean, better))
    before, after = QualityTable(cells), QualityTable([raised, *cells[1:]])
    assert mean(after, first.model, first.task) >= mean(before, first.model, first.task) - 0.02


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.floats(0.05, 0.95), min_size=3, max_size=3), min_size=2, max_size=8))
def test_on_an_unseen_task_models_stand_as_their_means_over_all_scores_do(rows: list[list[float]]) -> None:
    """So there, choosing by the table is the zero router of its scores: no task is told apart, and none is taken for another."""
    cells = [cell(model, f"task{at}", 500, score) for at, row in enumerate(rows) for model, score in zip("abc", row, strict=True)]
    table = QualityTable(cells)
    for model, scores in zip("abc", zip(*rows, strict=True), strict=True):
        assert mean(table, model, "unseen") == pytest.approx(sum(scores) / len(scores), abs=0.03)
