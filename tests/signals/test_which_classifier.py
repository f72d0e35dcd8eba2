"""Which classifier a policy names, and what is loaded for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from taskroute import Call, Router
from taskroute.classifying import classifier_of
from taskroute.policy.parse import load_policy
from tests.policies import policy, when

TASKS = {
    "billing": {"keywords": ["invoice"], "examples": ["Why was I charged twice?", "I want my money back"]},
    "travel": {"examples": ["Book me a flight to Rome", "Where is my hotel?"]},
}


def named(kind: str, **entry: Any) -> str | None:
    found = classifier_of(load_policy(policy(tasks=TASKS, classifier={"kind": kind, **entry})), environ={})
    return None if found is None else found.name


def test_each_kind_has_its_own_and_keywords_of_the_policy_come_first() -> None:
    assert [named("none"), named("keywords"), named("builtin"), named("examples"), named("model", model="small")] == [
        None,
        "keywords",
        "keywords+examples+builtin",
        "examples",
        "keywords+model",
    ]


def test_without_keywords_and_examples_of_the_policy_it_stands_alone() -> None:
    found = classifier_of(load_policy(policy(classifier={"kind": "model", "model": "small"})))
    assert found is not None
    assert (found.name, found.local) == ("model", False)
    described = {"legal": {"description": "contracts and the law"}}
    builtin = classifier_of(load_policy(policy(tasks=described, classifier={"kind": "builtin"})))
    assert builtin is not None
    assert builtin.name == "builtin"


def test_what_is_learned_from_examples_is_kept_in_the_folder_that_the_policy_names(tmp_path: Path) -> None:
    entry = {"kind": "examples", "cache": "${KEPT}/classifiers"}
    data = policy(tasks=TASKS, classifier=entry, routes=when(task="travel"))
    router = Router(data, environ={"KEPT": str(tmp_path)})
    assert router.decide(Call("Book me a flight to Rome")).signals.task.source == "examples"
    assert list((tmp_path / "classifiers").iterdir())


def test_the_labels_of_the_model_are_those_of_its_classifier() -> None:
    models = {"small": {"model": "test:small", "labels": ["private"]}, "large": {"model": "test:large"}}
    found = classifier_of(load_policy(policy(models=models, classifier={"kind": "model", "model": "small"})))
    assert found is not None
    assert set(found.labels) == {"private"}


@pytest.mark.parametrize("kind", ["examples", "builtin"])
def test_complexity_is_told_by_what_reads_keywords_only_where_a_condition_asks_for_it(kind: str) -> None:
    text = "Prove step by step that my invoice is right"

    def told(routes: Any) -> str | None:
        tasks = {**TASKS, "travel": {**TASKS["travel"], "keywords": ["invoice"]}} if kind == "builtin" else TASKS
        found = classifier_of(load_policy(policy(tasks=tasks, classifier={"kind": kind}, routes=routes)), environ={})
        assert found is not None
        return found.classify(text, ("billing", "travel")).complexity

    asking = when(any=[{"not": {"complexity": "low"}}, {"task": "travel"}])
    if kind == "examples":
        assert told(when(task="travel")) is None
    assert told(asking) is not None
    required = classifier_of(
        load_policy(
            policy(
                models={"small": {"model": "test:small", "labels": ["private"]}},
                default="small",
                tasks=TASKS,
                classifier={"kind": kind},
                require=[{"when": {"complexity": "high"}, "labels": ["private"]}],
            )
        ),
        environ={},
    )
    assert required is not None
    assert required.classify(text, ()).complexity is not None


@pytest.mark.parametrize("kind", ["keywords", "model"])
def test_numpy_is_not_loaded_for_what_has_not_learned(kind: str) -> None:
    entry = {"kind": kind, **({"model": "small"} if kind == "model" else {})}
    code = f"import sys\nfrom taskroute import Router\nRouter({policy(classifier=entry)!r}, environ={{}})\nsys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
