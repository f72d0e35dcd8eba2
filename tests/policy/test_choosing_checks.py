"""What `choose`, `classifier`, `tasks`, `quality` and `feedback` may not say together, and what they probably do not mean."""

from __future__ import annotations

from typing import Any

import pytest

from taskroute import PolicyError, load_policy
from taskroute.policy.lint import warnings
from tests.policies import policy


def choose(**keys: Any) -> dict[str, Any]:
    return {"routes": [{"name": "a", "choose": {"among": ["small", "large"], **keys}}]}


REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        choose(objective="best", min_quality=0.8),
        "routes[0].choose.min_quality: 'min_quality' changes nothing for 'best' by itself: what is less good comes later anyway; remove it, or "
        "set one of 'max_cost', 'max_latency' as well",
    ),
    (choose(objective="best", within="3%"), "routes[0].choose.within: 'within' changes nothing for 'best' by itself: the best is always"),
    (
        choose(objective="cheapest", max_cost=1),
        "routes[0].choose.max_cost: 'max_cost' changes nothing for 'cheapest' by itself: what costs more comes later anyway; remove it, or set "
        "one of 'min_quality', 'within', 'max_latency' as well",
    ),
    (
        choose(objective="fastest", max_latency="1s"),
        "routes[0].choose.max_latency: 'max_latency' changes nothing for 'fastest' by itself: what is slower comes later anyway",
    ),
    (choose(objective="best", cost_weight=1), "routes[0].choose.cost_weight: 'cost_weight' is for the objective 'utility'"),
    (choose(objective="balanced", latency_weight=1), "routes[0].choose.latency_weight: 'latency_weight' is for the objective"),
    (choose(objective="utility"), "routes[0].choose.objective: 'utility' weighs quality against nothing; give 'cost_weight'"),
    (choose(objective="utility", cost_weight=0), "routes[0].choose.objective: 'utility' weighs quality against nothing"),
    ({"tasks": {"refunds": {"group": "math"}}}, "tasks.refunds.group: 'math' is a task, not a group"),
    ({"tasks": {"refunds": {"group": "refunds"}}}, "tasks.refunds.group: 'refunds' is a task, not a group"),
    ({"classifier": {"kind": "model"}}, "classifier.kind: 'model' needs the name of the model that is asked, such as model: small"),
    ({"classifier": {"kind": "model", "model": "smal"}}, "classifier.model: no model named 'smal'; did you mean 'small'?"),
    ({"classifier": {"model": "small"}}, "classifier.model: 'model' is for the kind 'model', and this one is 'keywords'"),
    (
        {"classifier": {"cache": "x"}},
        "classifier.cache: 'cache' keeps what was learned from examples, and the kind 'keywords' learns from none",
    ),
    (
        {"classifier": {"kind": "builtin", "cache": "x"}},
        "classifier.cache: 'cache' keeps what was learned from examples, and no task has any",
    ),
    ({"classifier": {"kind": "examples"}}, "classifier.kind: 'examples' has nothing to learn from"),
    ({"feedback": {"store": "redis"}}, "feedback.store: 'redis' needs 'url'"),
    ({"feedback": {"url": "redis://x"}}, "feedback.url: 'url' is for the store 'redis'"),
    ({"feedback": {"store": "memory", "path": "x"}}, "feedback.path: 'path' is for the store 'disk'"),
]
TAKEN: list[dict[str, Any]] = [
    choose(objective="cheapest", min_quality="80%", within=0.1, max_latency="3s"),
    choose(objective="fastest", min_quality=0.8, max_cost=0.01),
    choose(objective="cheapest", min_quality=0.8, max_cost=0.01),
    choose(objective="cheapest", within="3%", max_cost=0.01),
    choose(objective="cheapest", max_cost=0.01, max_latency="3s"),
    choose(objective="fastest", min_quality=0.8, max_latency="3s"),
    choose(objective="fastest", max_cost=0.01, max_latency="3s"),
    choose(objective="best", max_cost=0.01, max_latency="3s"),
    choose(objective="best", max_cost=0.01, min_quality=0.8),
    choose(objective="best", max_latency="3s", within="3%"),
    choose(objective="utility", cost_weight=10, within="3%"),
    choose(objective="balanced", within="3%"),
    choose(objective="utility", latency_weight=0.1, min_quality=0.5),
    choose(objective="balanced", min_quality=0.5, max_cost=1, margin="0%"),
    {"tasks": {"refunds": {"group": "money"}, "math": {"group": "reasoning"}}},
    {"classifier": {"kind": "examples", "cache": "x"}, "tasks": {"refunds": {"examples": ["my money back"]}}},
    {"classifier": {"kind": "builtin", "cache": "x"}, "tasks": {"refunds": {"examples": ["my money back"]}}},
]


@pytest.mark.parametrize(("changes", "expected"), REFUSED)
def test_what_has_no_meaning_together_is_refused_with_the_cure(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load_policy(policy(**changes))
    assert [problem for problem in caught.value.problems if expected in problem], caught.value.problems


@pytest.mark.parametrize("changes", TAKEN)
def test_what_has_a_meaning_together_is_taken(changes: dict[str, Any]) -> None:
    load_policy(policy(**changes))


def said(**changes: Any) -> list[tuple[tuple[str | int, ...], str]]:
    found = warnings(load_policy(policy(**changes)))
    return [(warning.path, warning.text) for warning in found if warning.path[0] in ("quality", "routes", "tasks")]


def test_a_floor_without_scores_and_scores_without_use_are_pointed_out() -> None:
    [(path, text)] = said(**choose(objective="cheapest", min_quality=0.8))
    assert path == ("routes", 0, "choose", "min_quality")
    assert "no model has scores" in text
    assert said(**choose(objective="cheapest", min_quality=0.8), quality={"file": "quality.json"}) == []
    [(path, text)] = said(**choose(objective="cheapest"), quality={"file": "quality.json"})
    assert path == ("quality", "file")
    assert "read for nothing" in text


@pytest.mark.parametrize("classifier", [{}, {"kind": "keywords"}])
def test_examples_that_nothing_learns_from_are_pointed_out(classifier: dict[str, Any]) -> None:
    tasks = {"plain": {"keywords": ["x"]}, "refunds": {"examples": ["my money back"]}, "ships": {"examples": ["where is it"]}}
    [(path, text)] = said(tasks=tasks, classifier=classifier)
    assert path == ("tasks", "refunds", "examples")
    assert text.startswith("nothing learns from the examples of 'refunds', 'ships', because classifier.kind is")
    assert "write kind: examples, or kind: builtin for the built-in tasks as well" in text


@pytest.mark.parametrize("classifier", [{"kind": "examples"}, {"kind": "builtin"}, {"kind": "model", "model": "small"}, {"kind": "none"}])
def test_examples_that_are_read_or_left_to_the_code_are_not_pointed_out(classifier: dict[str, Any]) -> None:
    assert said(tasks={"refunds": {"examples": ["my money back"]}, "ships": {"examples": ["where is it"]}}, classifier=classifier) == []


def test_a_group_that_is_nearly_a_built_in_one_is_pointed_out() -> None:
    [(path, text)] = said(tasks={"refunds": {"group": "reasonning"}, "other": {"group": "money"}})
    assert path == ("tasks", "refunds", "group")
    assert "did you mean the built-in 'reasoning'?" in text


def test_a_keyword_of_two_tasks_is_pointed_out() -> None:
    tasks = {"billing": {"keywords": ["refund", "my invoice"]}, "shipping": {"keywords": ["parcel", "My  invoice!", "Refund"]}}
    found = said(tasks=tasks)
    assert [path for path, _ in found] == [("tasks", "shipping", "keywords", 1), ("tasks", "shipping", "keywords", 2)]
    assert found[1][1] == ("the keyword 'Refund' stands under 'billing', too, so that it tells neither for sure; keep it under one of them")


@pytest.mark.parametrize(
    ("tasks", "kind"),
    [
        ({"billing": {"keywords": ["refund", "refund"]}, "shipping": {"keywords": ["parcel"]}}, "keywords"),
        ({"billing": {"keywords": ["a refund"]}, "shipping": {"keywords": ["refund"]}}, "builtin"),
        ({"billing": {"keywords": ["?"]}, "shipping": {"keywords": ["?"]}}, "keywords"),
        ({"billing": {"keywords": ["refund"]}, "shipping": {"keywords": ["refund"]}}, "none"),
    ],
)
def test_keywords_that_differ_or_that_nothing_reads_are_not_pointed_out(tasks: dict[str, Any], kind: str) -> None:
    assert said(tasks=tasks, classifier={"kind": kind}) == []
