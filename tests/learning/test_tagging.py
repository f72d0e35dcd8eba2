"""Prompts without a task are tagged with what a router would tell of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from taskroute import Call, Router
from taskroute.learning.rows import Labels, labels
from taskroute.learning.tagging import tagged, untagged

PROMPTS = (
    "Write a Python function that returns the third element of a list",
    "Translate into French: the train leaves at ten",
    "zzz qqq",
    "Where is my refund?",
)


def router(**options: Any) -> Router:
    policy = {
        "models": {"small": "test:small", "large": "test:large"},
        "default": "small",
        "classifier": {"kind": "builtin"},
        "tasks": {"billing": {"keywords": ["refund"]}},
        "routes": [{"name": "code", "when": {"task": "code"}, "use": "large"}],
    }
    return Router(policy, environ={}, **options)


def of(prompts: tuple[str | None, ...], tasks: tuple[str | None, ...] | None = None) -> Labels:
    return labels(("small", "large"), np.ones((len(prompts), 2)), prompts=prompts, tasks=tasks)


def test_a_prompt_has_the_task_that_a_decision_goes_by() -> None:
    deciding = router()
    found = tagged(of(PROMPTS), deciding.snapshot.sources)
    assert found.labels.tasks == tuple(deciding.decide(Call(prompt)).signals.task.value for prompt in PROMPTS)
    assert found.labels.tasks == ("code_generation", "translation", None, "billing")
    assert (found.by, found.left) == ({"builtin": 2, "keywords": 1}, 1)


def test_the_threshold_and_the_groups_are_those_of_a_decision() -> None:
    def says(text: str) -> Mapping[str, float]:
        return {"code_generation": 0.4, "debugging": 0.35} if "Python" in text else {"translation": 0.4}

    found = tagged(of(PROMPTS[:2]), router(classifier=says).snapshot.sources)
    assert (found.labels.tasks, found.left) == (("code", None), 1)


def test_a_task_that_is_told_stays_and_a_row_without_a_prompt_has_none() -> None:
    data = of((PROMPTS[0], None, PROMPTS[0]), ("creative", None, None))
    assert untagged(data) == 1
    found = tagged(data, router().snapshot.sources)
    assert found.labels.tasks == ("creative", None, "code_generation")
    assert np.array_equal(found.labels.scores, data.scores)


def test_without_a_classifier_nothing_is_told() -> None:
    policy = {"models": {"small": "test:small"}, "default": "small", "classifier": {"kind": "none"}}
    found = tagged(of(PROMPTS), Router(policy, environ={}).snapshot.sources)
    assert (set(found.labels.tasks), found.left) == ({None}, 4)
