"""Every key of `when`, on calls that hold it and calls that do not."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute import Call, Message
from taskroute.decision.decide import decide
from taskroute.policy.conditions import in_range, same
from taskroute.types import Decision
from tests.policies import snapshot, when


def matches(condition: dict[str, Any], call: Call) -> bool:
    decision = decide(snapshot(routes=when(**condition), tasks={"billing": {"keywords": ["invoice"]}}), call)
    assert isinstance(decision, Decision)
    return decision.route == "hit"


IMAGE = Message("user", "look", media=("image",))


@pytest.mark.parametrize(
    ("condition", "holds", "fails"),
    [
        ({}, Call("x"), None),
        ({"stage": "rerank"}, Call("x", stage="rerank"), Call("x", stage="grade")),
        ({"stage": ["rerank", "grade"]}, Call("x", stage="grade"), Call("x")),
        ({"stage": "tool:*"}, Call("x", stage="tool:search"), Call("x", stage="toolbox")),
        ({"stage": "my_own"}, Call("x", metadata={"llm_stage": "my_own"}), Call("x", tags=("stage:other",))),
        ({"task": "math"}, Call("x", task="math"), Call("x", task="creative")),
        ({"task": "code"}, Call("x", task="debugging"), Call("x", task="translation")),
        ({"task": "billing"}, Call("x", tags=("task:billing",)), Call("x", task="math")),
        ({"task": "code"}, Call("Write a Python function that reverses a list"), Call("Hello there")),
        ({"complexity": "high"}, Call("Design a sharded multi-region payments ledger with trade-offs"), Call("Hi")),
        ({"urgency": "batch"}, Call("x", urgency="batch"), Call("x", urgency="interactive")),
        ({"urgency": ["batch", "interactive"]}, Call("x", metadata={"urgency": "interactive"}), Call("x")),
        ({"language": "de"}, Call("Bitte fasse den folgenden Text für mich kurz zusammen und nenne die Gründe"), Call("Please summarise this text for me")),
        ({"sensitive": True}, Call("write to joe@example.com"), Call("write to Joe")),
        ({"sensitive": False}, Call("write to Joe"), Call("write to joe@example.com")),
        ({"sensitive": ["card"]}, Call("pay with 4111 1111 1111 1111"), Call("write to joe@example.com")),
        ({"modality": "image"}, Call(messages=(IMAGE,)), Call("x")),
        ({"modality": "text"}, Call("x"), Call(messages=(Message("user", "", media=("audio",)),))),
        ({"tokens": {"over": 1000}}, Call("word " * 2000), Call("word")),
        ({"tokens": {"under": 1000}}, Call("word"), Call("word " * 2000)),
        ({"tokens": {"over": 10, "under": 20}}, Call("x", tokens=15), Call("x", tokens=20)),
        ({"needs": "tools"}, Call("x", tools=("search",)), Call("x")),
        ({"needs": ["vision", "json_schema"]}, Call("x", output_schema=True), Call("x", tools=("search",))),
        ({"tags": ["nightly", "bulk"]}, Call("x", tags=("bulk",)), Call("x", tags=("other",))),
        ({"metadata": {"plan": "pro"}}, Call("x", metadata={"plan": "pro"}), Call("x", metadata={"plan": "free"})),
        ({"metadata": {"plan": ["pro", "team"]}}, Call("x", metadata={"plan": "team"}), Call("x")),
        ({"metadata": {"plan": {"in": ["pro"]}}}, Call("x", metadata={"plan": "pro"}), Call("x", metadata={"plan": "team"})),
        ({"metadata": {"plan": {"not": "free"}}}, Call("x", metadata={"plan": "pro"}), Call("x", metadata={"plan": "free"})),
        ({"metadata": {"plan": {"not": ["free", "trial"]}}}, Call("x"), Call("x", metadata={"plan": "trial"})),
        ({"metadata": {"user": {"regex": "^eu-[0-9]+$"}}}, Call("x", metadata={"user": "eu-7"}), Call("x", metadata={"user": "us-7"})),
        ({"metadata": {"n": {"over": 3}}}, Call("x", metadata={"n": Decimal("3.5")}), Call("x", metadata={"n": 3})),
        ({"metadata": {"n": {"under": 3}}}, Call("x", metadata={"n": 2}), Call("x", metadata={"n": "2"})),
        ({"metadata": {"n": {"exists": True}}}, Call("x", metadata={"n": None}), Call("x")),
        ({"metadata": {"n": {"exists": False}}}, Call("x"), Call("x", metadata={"n": 0})),
        ({"metadata": {"beta": True}}, Call("x", metadata={"beta": True}), Call("x", metadata={"beta": 1})),
        ({"metadata": {"beta": None}}, Call("x", metadata={"beta": None}), Call("x")),
        ({"metadata": {"a": 1, "b": 2}}, Call("x", metadata={"a": 1, "b": 2}), Call("x", metadata={"a": 1})),
        ({"prompt": {"contains": "Invoice"}}, Call("where is my INVOICE?"), Call("where is my bill?")),
        ({"prompt": {"contains": ["refund", "invoice"]}}, Call("a refund, please"), Call("hello")),
        ({"prompt": {"regex": "ticket #[0-9]{4}"}}, Call("see ticket #1234"), Call("see ticket 1234")),
        ({"prompt": {"contains": "now", "regex": "^do"}}, Call("do it now"), Call("do it")),
        ({"prompt": {"contains": "system"}}, Call("the system"), Call(messages=(Message("system", "system"), Message("user", "x")))),
        ({"any": [{"stage": "a"}, {"urgency": "batch"}]}, Call("x", urgency="batch"), Call("x")),
        ({"all": [{"stage": "a"}, {"urgency": "batch"}]}, Call("x", stage="a", urgency="batch"), Call("x", stage="a")),
        ({"not": {"stage": "a"}}, Call("x", stage="b"), Call("x", stage="a")),
        ({"stage": "a", "not": {"any": [{"tags": "x"}, {"tags": "y"}]}}, Call("x", stage="a"), Call("x", stage="a", tags=("y",))),
    ],
)  # fmt: skip
def test_holds_for_what_it_says_and_for_nothing_else(condition: dict[str, Any], holds: Call, fails: Call | None) -> None:
    assert matches(condition, holds)
    assert fails is None or not matches(condition, fails)


class Spiteful:
    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    __hash__ = None  # type: ignore[assignment]


def test_a_value_that_cannot_be_compared_is_not_equal() -> None:
    assert not matches({"metadata": {"plan": "pro"}}, Call("x", metadata={"plan": Spiteful()}))
    assert matches({"metadata": {"plan": {"not": "pro"}}}, Call("x", metadata={"plan": Spiteful()}))


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers()), st.decimals()))
def test_value_tests_never_raise(value: object) -> None:
    assert same(value, "x") is (value == "x")
    assert in_range(value, over=1, under=3) in (True, False)


def test_a_hostile_prompt_does_not_make_an_expression_slow() -> None:
    compiled = snapshot(routes=when(prompt={"regex": "(a+)+$"}))
    began = time.process_time()
    decide(compiled, Call("a" * 200_000 + "b"))
    # A back-tracking engine would need longer than the universe has had; this only asks for less than a minute.
    assert time.process_time() - began < 60


def test_only_what_is_asked_for_is_computed() -> None:
    routes = [{"name": "staged", "when": {"stage": "a", "task": "code"}, "use": "large"}, *when(tokens={"over": 10**9})]
    decision = decide(snapshot(routes=routes), Call("Write a Python function", stage="b"))
    assert isinstance(decision, Decision)
    asked = {name for name, signal in decision.signals.items() if signal.source != "not_asked"}
    assert asked == {"stage", "tokens"}
