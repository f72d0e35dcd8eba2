"""Choosing by quality, cost and speed: the order, its limits, what it stands on, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from taskroute import Call
from taskroute.decision.snapshot import Snapshot, compile_policy
from taskroute.policy.parse import load_policy
from taskroute.ports import PromptQuality
from taskroute.quality.table import Cell, QualityTable
from taskroute.registry.prices import Prices
from taskroute.types import Classification, Expected, StateView
from tests.decision.test_choose import Unpriced, decided, failed, model, took
from tests.policies import policy

MODELS = {
    "large": model("large", price=(4, 20), latency="8s"),
    "middle": model("middle", price=(1, 5), latency="3s"),
    "small": model("small", price=(0.25, 2), latency="1s"),
}
MATHS = {"large": 0.9, "middle": 0.85, "small": 0.5}
CHAT = {"large": 0.9, "middle": 0.89, "small": 0.88}


def cells(task: str | None, means: Mapping[str, float], *, count: int = 500, **more: Any) -> list[Cell]:
    return [
        Cell(name, task, more.get("stage"), count, mean, mean * (1 - mean), output_tokens=more.get("output"))
        for name, mean in means.items()
    ]


TABLE = QualityTable([*cells("math", MATHS), *cells("conversation", CHAT)])
SUM, CHATTER = Call("2 + 2?", task="math", tokens=1000), Call("hello", task="conversation", tokens=1000)


def chooser(
    objective: str,
    *,
    table: QualityTable | None = TABLE,
    prompts: PromptQuality | None = None,
    models: Mapping[str, Any] = MODELS,
    **choose: Any,
) -> Snapshot:
    changes = choose.pop("policy", {})
    route = {"name": "any", "choose": {"among": list(models), "objective": objective, **choose}}
    data = policy(**{"models": dict(models), "default": [next(iter(models))], "routes": [route], **changes})
    return compile_policy(load_policy(data), rates=Prices(library=Unpriced()).rates, quality=table, prompts=prompts)


# Objectives


def test_the_cheapest_must_be_good_enough_for_the_task() -> None:
    snapshot = chooser("cheapest", min_quality=0.8)
    assert decided(snapshot, SUM).candidates == ("middle", "large", "small")
    assert decided(snapshot, CHATTER).candidates == ("small", "middle", "large")


def test_the_cheapest_within_a_share_of_the_best() -> None:
    assert decided(chooser("cheapest", within="8%"), SUM).model == "middle"
    assert decided(chooser("cheapest", within="3%"), SUM).model == "large"
    assert decided(chooser("cheapest", within="0%"), SUM).model == "large"


@pytest.mark.parametrize("labels", [30, 100, 300, 1000])
def test_where_every_model_fails_the_cheapest_is_within_a_share_of_the_best(labels: int) -> None:
    others = {"conversation": {"large": 0.9, "middle": 0.8, "small": 0.7}, "math": {"large": 0.0, "middle": 0.0, "small": 0.0}}
    table = QualityTable([cell for task, means in others.items() for cell in cells(task, means, count=labels)])
    assert decided(chooser("cheapest", table=table, within="3%"), SUM).model == "small"
    assert decided(chooser("fastest", table=table, within="0%"), SUM).model == "small"


def test_less_than_a_point_of_quality_is_no_difference_for_a_share_of_the_best() -> None:
    def model_at(less: float) -> str | None:
        means = {"large": 0.1, "middle": 0.1 - less, "small": 0.0}
        return decided(chooser("cheapest", table=QualityTable(cells("math", means, count=100_000)), within="3%"), SUM).model

    assert [model_at(less) for less in (0.0, 0.008, 0.012, 0.05)] == ["middle", "middle", "large", "large"]


def test_a_share_of_the_best_keeps_poor_models_out_of_utility_too() -> None:
    assert decided(chooser("utility", cost_weight=1000, margin=0), SUM).model == "small"
    assert decided(chooser("utility", cost_weight=1000, margin=0, within="8%"), SUM).candidates == ("middle", "large", "small")
    assert decided(chooser("balanced", within="1%"), SUM).model == "large"


def test_a_limit_on_what_is_looked_for_holds_beside_a_floor() -> None:
    held = decided(chooser("cheapest", min_quality=0.8, max_cost=0.005), SUM)
    assert held.candidates == ("middle", "small", "large")
    assert held.reason.endswith(
        "; cheapest of large, middle, small by quality of at least 0.8 and cost up to 0.005 USD: middle with quality 0.85, cost 0.0025 USD"
    )
    fast = decided(chooser("fastest", min_quality=0.8, max_latency="4s"), SUM)
    assert fast.candidates == ("middle", "small", "large")
    assert "fastest of large, middle, small by quality of at least 0.8 and an answer in 4s: middle" in fast.reason


def test_where_no_model_keeps_both_the_limit_comes_before_the_floor() -> None:
    limits: dict[str, dict[str, Any]] = {"cheapest": {"max_cost": 0.005}, "fastest": {"max_latency": "4s"}, "best": {"max_cost": 0.005}}
    for objective, limit in limits.items():
        decision = decided(chooser(objective, min_quality=0.88, **limit), SUM)
        assert decision.candidates == ("middle", "small", "large"), objective
        assert "none keeps to that, so the nearest comes first" in decision.reason
    none = decided(chooser("cheapest", min_quality=0.88, max_cost=0.0001, max_latency="500ms"), SUM)
    assert none.candidates == ("small", "middle", "large")
    assert "by quality of at least 0.88, cost up to 0.0001 USD and an answer in 0.5s: small" in none.reason


def test_the_best_is_the_best_of_those_that_may_cost_and_take_as_much() -> None:
    assert decided(chooser("best"), SUM).candidates == ("large", "middle", "small")
    assert decided(chooser("best", max_cost=0.005), SUM).candidates == ("middle", "small", "large")
    assert decided(chooser("best", max_latency="2s"), SUM).candidates == ("small", "middle", "large")


def test_the_fastest_must_be_good_enough_too() -> None:
    assert decided(chooser("fastest", min_quality=0.8), SUM).candidates == ("middle", "large", "small")
    assert decided(chooser("fastest", within="5%"), CHATTER).model == "small"
    slow = StateView(health={"middle": took(20.0)})
    assert decided(chooser("fastest", min_quality=0.8), SUM, slow).model == "large"


def test_utility_gives_quality_for_cost_and_time_as_the_weights_say() -> None:
    assert decided(chooser("utility", cost_weight=1, margin=0), SUM).model == "large"
    assert decided(chooser("utility", cost_weight=20, margin=0), SUM).model == "middle"
    assert decided(chooser("utility", cost_weight=1000, margin=0), SUM).model == "small"
    assert decided(chooser("utility", latency_weight=0.1, margin=0), SUM).model == "middle"


def test_balanced_takes_a_cheaper_model_that_is_nearly_as_good_and_no_poor_one() -> None:
    assert decided(chooser("balanced"), SUM).model == "middle"
    assert decided(chooser("balanced"), CHATTER).model == "small"


# What is not met, and what is not known


def test_where_none_is_good_enough_the_best_comes_first_and_the_reason_says_so() -> None:
    decision = decided(chooser("cheapest", min_quality=0.99), SUM)
    assert decision.candidates == ("large", "middle", "small")
    assert "cheapest of large, middle, small by quality of at least 0.99: large with quality 0.9" in decision.reason
    assert "none keeps to that, so the nearest comes first" in decision.reason


def test_without_scores_price_and_strengths_speak_and_the_reason_says_so() -> None:
    decision = decided(chooser("best", table=None), SUM)
    assert decision.candidates == ("large", "middle", "small")
    assert "nobody has scored them: by price and strengths" in decision.reason
    assert {one.source for one in decision.expected.values()} == {"prior"}
    strong = {**MODELS, "small": {**MODELS["small"], "strengths": "math", "price": MODELS["large"]["price"]}}
    assert decided(chooser("best", table=None, models=strong), SUM).model == "small"
    assert decided(chooser("best", table=None, models=strong), CHATTER).model == "large"


def test_an_unknown_price_is_never_free() -> None:
    models = {"odd": model("odd"), **MODELS}
    table = QualityTable(cells("math", {"odd": 0.9, **MATHS}))
    assert decided(chooser("cheapest", table=table, models=models, min_quality=0.8), SUM).candidates == ("middle", "large", "odd", "small")
    assert decided(chooser("best", table=table, models=models, max_cost=1), SUM).candidates == ("large", "middle", "small", "odd")
    assert decided(chooser("utility", table=table, models=models, cost_weight=1), SUM).candidates[-1] == "odd"
    assert decided(chooser("balanced", table=table, models=models), SUM).expected["odd"].cost is None


def test_a_model_that_nobody_has_tried_of_late_is_not_taken_for_slow() -> None:
    models = {"new": model("new", price=(1, 1)), **MODELS}
    table = QualityTable(cells("math", {"new": 0.95, **MATHS}))
    snapshot = chooser("best", table=table, models=models, max_latency="4s")
    assert decided(snapshot, SUM).model == "new"
    assert decided(snapshot, SUM, StateView(health={"new": failed(1.0)})).candidates[-1] == "new"


def test_a_model_that_fails_too_often_comes_after_the_others_however_good() -> None:
    state = StateView(health={"large": failed(0.9)})
    assert decided(chooser("best", max_error_rate=0.2), SUM, state).candidates == ("middle", "small", "large")


def test_a_thinly_tried_model_does_not_win_by_luck() -> None:
    few = QualityTable([*cells("math", MATHS), *cells("math", {"new": 1.0}, count=3)])
    models = {**MODELS, "new": model("new", price=(0.1, 0.1))}
    assert decided(chooser("best", table=few, models=models), SUM).model == "large"
    enough = QualityTable([*cells("math", MATHS), *cells("math", {"new": 0.97}, count=500)])
    assert decided(chooser("best", table=enough, models=models), SUM).model == "new"


def test_a_floor_is_that_of_models_that_could_answer() -> None:
    narrow = {**MODELS, "large": {**MODELS["large"], "context_window": 100}}
    decision = decided(chooser("cheapest", models=narrow, within="3%"), SUM)
    assert (decision.candidates, list(decision.rejected)) == (("middle", "small"), ["large"])
    assert "none keeps to that" not in decision.reason


def test_a_model_whose_circuit_is_open_keeps_its_place() -> None:
    state = StateView(unavailable={"large": "its circuit is open"}, opened_by={"large": "timeout"})
    decision = decided(chooser("cheapest", within="3%"), SUM, state)
    assert decision.candidates == ("middle", "small")
    assert "'large' is left alone, its circuit is open" in decision.reason


# Tokens and caches


def test_answers_are_taken_to_be_as_long_as_they_were() -> None:
    long = QualityTable([*cells("math", {"large": 0.9}, output=10), *cells("math", {"middle": 0.9, "small": 0.9}, output=2000)])
    costs = {name: one.cost for name, one in decided(chooser("cheapest", table=long, within="5%"), SUM).expected.items()}
    assert costs == {"large": Decimal("0.0042"), "middle": Decimal("0.011"), "small": Decimal("0.00425")}
    limited = decided(chooser("cheapest", table=long, within="5%"), SUM._replace(max_tokens=100)).expected
    assert limited["middle"].cost == Decimal("0.0015")


def test_what_a_provider_holds_of_the_conversation_is_priced_as_that() -> None:
    cached = {**MODELS, "middle": {**MODELS["middle"], "price": {"input": 1, "output": 5, "cache_read": 0.1}}}
    snapshot = chooser("cheapest", models=cached, table=None)
    call = SUM._replace(tokens=10_000, max_tokens=10)
    assert decided(snapshot, call).model == "small"
    warm = decided(snapshot, call, StateView(warm={"middle": 9_500}))
    assert (warm.model, warm.expected["middle"].cost) == ("middle", Decimal("0.0015"))
    # More is held than the call has.
    assert decided(snapshot, call, StateView(warm={"middle": 99_999})).expected["middle"].cost == Decimal("0.00105")


# Tasks that nobody told, and words


class Reads:
    """Tells of a prompt what it is given."""

    version = "1"

    def __init__(self, tasks: Mapping[str, float] | None = None, shifts: Mapping[str, float] | None = None) -> None:
        self._tasks, self._shifts = tasks or {}, shifts or {}

    def tasks(self, text: str) -> Mapping[str, float]:
        return self._tasks

    def shifts(self, text: str, tasks: Mapping[str, float]) -> Mapping[str, float]:
        return self._shifts


class Sure:
    name, local, labels = "sure", True, ()

    def __init__(self, **scores: float) -> None:
        self._scores = scores

    def classify(self, text: str, tasks: Any) -> Classification:
        return Classification(self._scores)

    async def aclassify(self, text: str, tasks: Any) -> Classification:
        return Classification(self._scores)


def classified(scores: Mapping[str, float], **choose: Any) -> Snapshot:
    snapshot = chooser("cheapest", min_quality=0.8, **choose)
    return compile_policy(snapshot.policy, classifier=Sure(**scores), rates=Prices(library=Unpriced()).rates, quality=TABLE)


def test_a_task_that_nobody_told_is_taken_from_the_classifier_with_all_its_doubts() -> None:
    assert decided(classified({"conversation": 0.97}), Call("hello")).model == "small"
    assert decided(classified({"conversation": 0.7, "math": 0.3}), Call("hello")).model == "middle"
    assert decided(classified({"math": 0.95}), Call("hello")).signals.task.value == "math"


def test_what_was_trained_with_the_table_tells_the_task_before_the_classifier() -> None:
    snapshot = chooser("cheapest", min_quality=0.8, prompts=Reads({"conversation": 0.99}))
    decision = decided(snapshot, Call("hello"))
    assert (decision.model, decision.signals.task.source) == ("small", "not_asked")
    assert decided(snapshot, SUM).model == "middle"


def test_the_words_of_a_prompt_count_where_they_say_enough() -> None:
    assert decided(chooser("best", prompts=Reads(shifts={"middle": 0.06})), SUM).model == "large"
    told = decided(chooser("best", prompts=Reads(shifts={"middle": 0.06})), SUM).reason
    assert "large stays, for middle is not better by 0.02" in told
    assert decided(chooser("best", prompts=Reads(shifts={"middle": 0.09})), SUM).model == "middle"
    off = {"quality": {"prompts": False}}
    assert decided(chooser("best", prompts=Reads(shifts={"middle": 0.09}), policy=off), SUM).model == "large"


def test_who_answered_last_in_the_conversation_answers_again_when_it_is_nearly_as_good() -> None:
    last = StateView(last="middle")
    assert decided(chooser("best"), CHATTER, last).model == "middle"
    assert "middle answered last, and large is not better by 0.02" in decided(chooser("best"), CHATTER, last).reason
    assert decided(chooser("best"), SUM, last).model == "large"


# What is said


def test_the_decision_says_what_was_expected_of_each() -> None:
    decision = decided(chooser("cheapest", min_quality=0.8), SUM)
    middle = decision.expected["middle"]
    assert (middle.labels, middle.source, middle.cost, middle.latency) == (500, "task", Decimal("0.0025"), 3.0)
    assert middle.quality == pytest.approx(0.85, abs=0.02)
    assert middle.low is not None
    assert middle.low < 0.85
    assert decision.reason.endswith(
        "; cheapest of large, middle, small by quality of at least 0.8: middle with quality 0.85, cost 0.0025 USD"
    )


def test_a_model_that_few_scores_speak_for_is_named_with_what_it_is_counted_as() -> None:
    few = QualityTable([*cells("math", {"large": 0.9, "middle": 0.7}), *cells("math", {"small": 1.0}, count=7)])
    decision = decided(chooser("best", table=few), SUM)
    assert decision.model == "large"
    lucky = decision.expected["small"]
    assert lucky.quality is not None
    assert lucky.counted is not None
    assert lucky.quality > 0.92
    assert lucky.counted < 0.88
    said = f"large with quality 0.90, cost 0.01 USD (small has {lucky.quality:.2f}, counted as {lucky.counted:.2f}: 7 scores)"
    assert decision.reason.endswith(said)
    decision = decided(chooser("best", table=few, models={"middle": MODELS["middle"], "small": MODELS["small"]}), SUM)
    assert decision.model == "small"
    assert decision.reason.endswith("; best of middle, small: small with quality 0.94, cost 0.00085 USD (counted as 0.81: 7 scores)")


def test_a_model_that_would_not_be_first_with_more_scores_is_no_part_of_the_reason() -> None:
    few = QualityTable([*cells("math", {"large": 0.95, "middle": 0.85}), *cells("math", {"small": 0.4}, count=7)])
    assert "counted" not in decided(chooser("best", table=few), SUM).reason


def test_what_a_model_is_counted_as_is_what_it_is_compared_by() -> None:
    few = QualityTable([*cells("math", {"large": 0.9, "small": 0.6}), *cells("math", {"middle": 0.9}, count=10)])
    counted = decided(chooser("cheapest", table=few, within=0.05), SUM).expected
    floor = counted["middle"].counted
    assert floor is not None
    assert decided(chooser("cheapest", table=few, min_quality=floor - 0.001, margin=0), SUM).model == "middle"
    assert decided(chooser("cheapest", table=few, min_quality=floor + 0.001, margin=0), SUM).model == "large"


def test_what_nobody_compares_is_not_expected() -> None:
    assert decided(chooser("fastest", table=None), SUM).expected["small"] == Expected(latency=1.0)
    assert decided(chooser("cheapest", table=None), SUM).expected["small"] == Expected(cost=Decimal("0.00085"))
