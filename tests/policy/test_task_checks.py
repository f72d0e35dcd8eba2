"""Warnings of names of tasks that do nothing where they stand."""

from __future__ import annotations

from typing import Any

import pytest

from taskroute.policy.lint import Path, warnings
from taskroute.policy.parse import load_policy
from tests.policies import policy, when

SAID = "only calls that say it are of the task 'billing', because classifier.kind is "


def said(**changes: Any) -> list[tuple[Path, str]]:
    return [(warning.path, warning.text) for warning in warnings(load_policy(policy(**changes)))]


@pytest.mark.parametrize(
    ("kind", "task", "why"),
    [
        ("builtin", {"description": "About bills."}, "'builtin', which does not read its 'description'; give it 'keywords' or 'examples' under"),
        ("keywords", {"description": "About bills."}, "'keywords', which does not read its 'description'; give it 'keywords' under 'tasks'"),
        ("none", {"keywords": "bill"}, "'none', which does not read its 'keywords'; write another kind, such as builtin, or pass"),
        ("none", {"keywords": "bill", "examples": "My bill?"}, "'none', which does not read its 'keywords' and 'examples'; write"),
    ],
)  # fmt: skip
def test_a_condition_on_a_task_that_only_calls_can_tell_is_pointed_out(kind: str, task: dict[str, Any], why: str) -> None:
    first = {"any": [{"stage": "judge"}, {"task": ["code", "billing"], "stage": "plan"}]}
    conditions = [{"name": "first", "when": first, "use": "small"}, *when(task="billing")]
    [(path, text)] = said(routes=conditions, tasks={"billing": task}, classifier={"kind": kind})
    assert path == ("routes", 0, "when", "any", 1, "task")
    assert text.startswith(SAID + why)


@pytest.mark.parametrize(
    ("classifier", "task"),
    [
        ({"kind": "builtin"}, {"keywords": "bill"}),
        ({"kind": "builtin"}, {"examples": "My bill?"}),
        ({"kind": "builtin"}, {}),
        ({"kind": "none"}, {"group": "chat"}),
        ({"kind": "keywords"}, {"keywords": "bill", "description": "About bills."}),
        ({"kind": "model", "model": "small"}, {"description": "About bills."}),
    ],
)
def test_a_task_that_is_told_or_left_to_the_calls_is_not(classifier: dict[str, Any], task: dict[str, Any]) -> None:
    assert said(routes=when(task="billing"), tasks={"billing": task}, classifier=classifier) == []


def test_a_description_counts_beside_examples_of_others_and_for_built_in_tasks_none_is_needed() -> None:
    tasks = {"billing": {"description": "About bills."}, "travel": {"examples": "Book a flight"}, "math": {"description": "Sums."}}
    assert said(routes=when(task=["billing", "math"]), tasks=tasks, classifier={"kind": "builtin"}) == []


def test_a_rule_without_a_classifier_is_pointed_out_once() -> None:
    rule = {"when": {"task": "billing"}, "labels": "private"}
    models = {"small": {"model": "test:small", "labels": "private"}}
    tasks = {"billing": {"keywords": "bill"}}
    found = said(models=models, default="small", require=[rule], tasks=tasks, classifier={"kind": "none"})
    assert [path for path, _ in found] == [("require", 0, "when", "task")]


def test_a_strength_that_is_no_task_is_pointed_out_with_what_was_meant() -> None:
    known = ["math", "code", "rerank", "billing", "money", "triage", "check facts"]
    models = {"small": {"model": "test:small", "strengths": [*known, "mathh", "Xyzzy"]}, "large": "test:large"}
    found = said(
        models=models,
        tasks={"billing": {"group": "money"}},
        stages={"nodes": {"first": "triage"}},
        routes=when(stage="check facts"),
    )
    assert [path for path, _ in found] == [("models", "small", "strengths", 7), ("models", "small", "strengths", 8)]
    assert found[0][1] == (
        "'mathh' is no task, group of tasks or stage that taskroute or this policy knows, so that it adds nothing, unless calls say a stage of "
        "that name; did you mean 'math'? correct it, or add it under 'tasks'"
    )
    assert "did you mean" not in found[1][1]


def test_a_quality_that_nothing_reaches_is_pointed_out() -> None:
    quality = {"file": "quality.json"}

    def floor(share: object) -> list[tuple[Path, str]]:
        choose = {"among": ["small", "large"], "objective": "cheapest", "min_quality": share}
        return said(routes=[{"name": "r", "choose": choose}], quality=quality)

    [(path, text)] = floor("100%")
    assert path == ("routes", 0, "choose", "min_quality")
    assert text.startswith(
        "no model is expected to be right every time, so that none is good enough and the best always comes first; write less"
    )
    assert floor("99%") == []
