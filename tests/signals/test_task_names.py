"""A task that a caller names: blanks at its ends say nothing, and a name that nobody knows is told once."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from taskroute import Call, Router
from taskroute.quality.table import Cell, QualityTable
from taskroute.quality.text import dump
from tests.policies import router, when

MATH = when(task="math")


def decided(routed: Router, *calls: Call) -> tuple[list[str | None], list[str]]:
    """Return the tasks of these calls, and what was warned of."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = [routed.decide(call).signals.task.value for call in calls]
    return found, [str(each.message) for each in said]


@pytest.mark.parametrize(
    "call",
    [
        Call("hi", task=" math "),
        Call("hi", metadata={"llm_task": "math\n"}),
        Call("hi", tags=("task: math",)),
        Call("hi", task="\tmath", told_by="header"),
    ],
    ids=["explicit", "metadata", "tag", "header"],
)
def test_blanks_at_the_ends_of_a_name_say_nothing(call: Call) -> None:
    routed = router(routes=MATH)
    assert decided(routed, call) == (["math"], [])
    assert routed.decide(call).route == "hit"


@pytest.mark.parametrize("call", [Call("2+2", task=" "), Call("2+2", metadata={"llm_task": "\n"}), Call("2+2", tags=("task: ",))])
def test_a_name_of_blanks_is_none(call: Call) -> None:
    assert router(routes=MATH).decide(call).signals.task.source == "keywords"


def test_each_name_that_nobody_knows_is_told_once_with_what_was_meant() -> None:
    routed = router(routes=MATH)
    found, said = decided(routed, *[Call("hi", task=name) for name in ("Math", "maths", "Math", "xyzzy")])
    assert found == ["Math", "maths", "Math", "xyzzy"]
    assert said == [
        f"calls carry the task {name!r}, of which nothing is known, and so no classifier is asked for theirs; {meant}correct it where calls "
        "are tagged, or add it under 'tasks'"
        for name, meant in (("Math", "did you mean 'math'? "), ("maths", "did you mean 'math'? "), ("xyzzy", ""))
    ]


def test_names_of_the_policy_of_taskroute_and_of_the_table_are_known(tmp_path: Path) -> None:
    table = QualityTable([Cell("small", "triage", None, 40, 0.9, 0.09), Cell("large", "triage", None, 40, 0.9, 0.09)])
    (tmp_path / "quality.json").write_text(dump(table), encoding="utf-8")
    own: dict[str, Any] = {
        "tasks": {"billing": {"keywords": ["invoice"], "group": "money"}},
        "quality": {"file": str(tmp_path / "quality.json")},
    }
    routed = router(routes=MATH, **own)
    assert not decided(routed, *[Call("hi", task=name) for name in ("billing", "money", "code", "debugging", "triage")])[1]


def test_made_up_names_are_warned_of_up_to_a_limit_and_a_long_one_is_cut() -> None:
    routed = router(routes=MATH)
    _, said = decided(routed, Call("hi", task="x" * 100_000), *[Call("hi", task=f"made up {n}") for n in range(300)])
    assert len(said) == 100
    assert len(said[0]) < 300
