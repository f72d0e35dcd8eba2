"""Warnings about a policy: what is surely not meant is found, and a route called unreachable never answers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskroute.decision.decide import decide
from taskroute.decision.snapshot import compile_policy
from taskroute.policy.lint import Path, warnings
from taskroute.policy.parse import load_policy
from taskroute.types import Call, Decision, Message

MODELS = {"small": {"model": "openai:gpt-5-mini"}, "large": {"model": "anthropic:claude-opus-5-5"}}


def policy_with(*whens: dict[str, Any], **more: Any) -> Any:
    routes = [{"name": f"r{index}", "when": when, "use": "small"} for index, when in enumerate(whens)]
    return load_policy({"models": MODELS, "default": ["small", "large"], "routes": routes, **more})


def unreachable(*whens: dict[str, Any], **more: Any) -> list[Path]:
    return [warning.path for warning in warnings(policy_with(*whens, **more)) if "never reached" in warning.text]


HIDDEN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"stage": "generate"}),
    ({}, {}),
    ({"stage": ["generate", "judge"]}, {"stage": "judge", "task": "math"}),
    ({"stage": "tool:*"}, {"stage": ["tool:search", "tool:sql:*"]}),
    ({"task": "code"}, {"task": ["debugging", "code_editing"]}),
    ({"task": ["code", "math"]}, {"task": ["code_generation", "math"]}),
    ({"tokens": {"over": 100}}, {"tokens": {"over": 100, "under": 200}}),
    ({"tokens": {"under": 10}}, {"tokens": {"under": 5}}),
    ({"complexity": ["medium", "high"]}, {"complexity": "high"}),
    ({"sensitive": True}, {"sensitive": ["email"]}),
    ({"sensitive": ["email", "card"]}, {"sensitive": "card"}),
    ({"tags": ["a", "b"]}, {"tags": "a"}),
    ({"needs": ["tools", "vision"]}, {"needs": "vision"}),
    ({"metadata": {"plan": ["pro", "team"]}}, {"metadata": {"plan": "pro", "seats": {"over": 3}}}),
    ({"metadata": {"plan": {"exists": True}}}, {"metadata": {"plan": "pro"}}),
    ({"metadata": {"plan": {"not": "free"}}}, {"metadata": {"plan": {"not": ["free", "trial"]}}}),
    ({"metadata": {"plan": {"not": "free"}}}, {"metadata": {"plan": {"exists": False}}}),
    ({"metadata": {"seats": {"over": 3}}}, {"metadata": {"seats": {"over": 3, "under": 9}}}),
    ({"prompt": {"contains": ["pay", "bill"]}}, {"prompt": {"contains": ["Payment", "BILLING"]}}),
    ({"any": [{"stage": "judge"}, {"task": "code"}]}, {"task": "debugging", "stage": "generate"}),
    ({"any": [{"stage": "judge"}, {"task": "code", "stage": "generate"}]}, {"task": "debugging", "stage": "generate"}),
    ({"any": [{"stage": "judge"}, {"task": "code"}]}, {"any": [{"task": "debugging"}, {"stage": "judge"}]}),
    ({"stage": ["judge", "generate"]}, {"any": [{"stage": "judge", "task": "math"}, {"stage": "generate"}]}),
    ({"all": [{"stage": "judge"}, {"task": "code"}]}, {"stage": "judge", "task": "code"}),
    ({"stage": "judge"}, {"all": [{"stage": "judge"}, {"task": "code"}]}),
    ({"not": {"stage": "judge"}}, {"not": {"stage": ["judge", "generate"]}}),
]


@pytest.mark.parametrize(("first", "second"), HIDDEN)
def test_a_route_behind_a_wider_one_is_unreachable(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert unreachable(first, second) == [("routes", 1)]


OPEN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"stage": "judge"}, {}),
    ({"stage": "judge"}, {"stage": ["judge", "generate"]}),
    ({"stage": "tool:sql"}, {"stage": "tool:*"}),
    ({"stage": "tool"}, {"stage": "tool:*"}),
    ({"task": "debugging"}, {"task": "code"}),
    ({"tokens": {"over": 100}}, {"tokens": {"over": 99}}),
    ({"tokens": {"under": 100}}, {"tokens": {"over": 10}}),
    ({"tokens": {"under": 5}}, {"tokens": {"under": 10}}),
    ({"sensitive": ["email"]}, {"sensitive": True}),
    ({"sensitive": False}, {"sensitive": ["email"]}),
    ({"sensitive": True}, {"sensitive": False}),
    ({"metadata": {"plan": None}}, {"metadata": {"plan": {"exists": True}}}),
    ({"metadata": {"n": 1}}, {"metadata": {"n": True}}),
    ({"metadata": {"plan": {"exists": True}}}, {"metadata": {"plan": {"not": "free"}}}),
    ({"metadata": {"plan": "pro"}}, {"metadata": {"tier": "pro"}}),
    ({"metadata": {"a": {"not": None}}}, {"metadata": {"a": {"exists": None, "over": 1}}}),
    ({"any": [{"stage": "judge"}, {"task": "code"}]}, {"task": "math"}),
    ({"not": {"stage": ["judge", "generate"]}}, {"not": {"stage": "judge"}}),
    ({"stage": "judge", "task": "code"}, {"stage": "judge"}),
    ({"prompt": {"contains": "payment"}}, {"prompt": {"contains": "pay"}}),
]


@pytest.mark.parametrize(("first", "second"), OPEN)
def test_a_route_that_some_call_reaches_is_not_called_unreachable(first: dict[str, Any], second: dict[str, Any]) -> None:
    assert unreachable(first, second) == []


def lists(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique_by=lambda value: (type(value), value))


numbers = st.sampled_from([0, 5, 10, 20])
ranges = st.one_of(
    st.builds(lambda n: {"over": n}, numbers),
    st.builds(lambda n: {"under": n + 1}, numbers),
    st.builds(lambda n: {"over": n, "under": n + 12}, numbers),
)
values = ["pro", "free", 1, True, 12, None]
metadata_tests = st.one_of(
    st.sampled_from(values),
    lists(values),
    ranges,
    st.builds(lambda v: {"not": v}, st.one_of(st.sampled_from(values), lists(values))),
    st.sampled_from([{"exists": True}, {"exists": False}, {"exists": True, "not": "free"}]),
)
simple = st.fixed_dictionaries(
    {},
    optional={
        "stage": lists(["judge", "generate", "tool:*", "tool:sql", "tool:s:*", "tool"]),
        "task": lists(["code", "debugging", "math", "reasoning"]),
        "urgency": lists(["interactive", "batch"]),
        "sensitive": st.one_of(st.booleans(), lists(["email", "card"])),
        "needs": lists(["tools", "json_schema", "vision"]),
        "tags": lists(["a", "b"]),
        "tokens": ranges,
        "metadata": st.dictionaries(st.sampled_from(["plan", "seats"]), metadata_tests, min_size=1, max_size=2),
        "prompt": st.builds(lambda texts: {"contains": texts}, lists(["pay", "Payment", "mail"])),
    },
)
conditions = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.builds(lambda base, options: {**base, "any": options}, simple, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda base, options: {**base, "all": options}, simple, st.lists(inner, min_size=1, max_size=2)),
        st.builds(lambda base, option: {**base, "not": option}, simple, inner.filter(bool)),
    ),
    max_leaves=4,
)


class EqualToAll:
    """A value that a host may put into metadata, and that is equal to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


calls = st.builds(
    Call,
    prompt=st.sampled_from(["", "hello", "my payment", "mail me at ann@example.com", "pay with 4111 1111 1111 1111"]),
    messages=st.sampled_from([(), (Message("user", "look", ("image",)),)]),
    stage=st.sampled_from([None, "judge", "generate", "tool", "tool:sql", "tool:s:x", "tool:*", "other"]),
    task=st.sampled_from([None, "debugging", "code_generation", "math", "other"]),
    urgency=st.sampled_from([None, "interactive", "batch"]),
    tags=st.sampled_from([(), ("a",), ("b",), ("a", "b")]),
    tools=st.sampled_from([(), ("search",)]),
    output_schema=st.booleans(),
    tokens=st.sampled_from([None, 0, 1, 6, 11, 13, 21]),
    metadata=st.dictionaries(st.sampled_from(["plan", "seats"]), st.sampled_from([*values, 1.0, 6, "7", EqualToAll()]), max_size=2),
)


def narrowed(when: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return a condition that the given one covers, by making lists shorter and adding keys."""
    shorter = {key: value[:1] if isinstance(value, list) and key not in ("any", "all") else value for key, value in when.items()}
    return {**more, **shorter}


@settings(max_examples=80, deadline=None)
@given(first=conditions, second=conditions, third=conditions, narrow=st.booleans(), made=st.lists(calls, min_size=10, max_size=15))
def test_an_unreachable_route_is_never_chosen(
    first: dict[str, Any], second: dict[str, Any], third: dict[str, Any], narrow: bool, made: list[Call]
) -> None:
    policy = policy_with(first, second, narrowed(first, third) if narrow else third, classifier={"kind": "none"})
    hidden = {policy.routes[warning.path[1]].name for warning in warnings(policy) if "never reached" in warning.text}
    snapshot = compile_policy(policy)
    for call in made:
        decision = decide(snapshot, call)
        assert isinstance(decision, Decision)
        assert decision.route not in hidden, f"{call} takes {decision.route}"


@given(when=conditions)
def test_a_route_behind_its_own_copy_is_unreachable(when: dict[str, Any]) -> None:
    assert unreachable(when, when) == [("routes", 1)]


def texts(**policy: Any) -> list[tuple[Path, str]]:
    return [(w.path, w.text) for w in warnings(load_policy({"models": MODELS, "default": ["small", "large"], **policy}))]


def test_a_sensible_policy_has_no_warnings() -> None:
    models = {**MODELS, "private": {"model": "ollama:llama3.3", "labels": "private"}}
    assert not texts(
        models=models,
        default=["small", "large", "private"],
        require=[{"when": {"sensitive": True}, "labels": "private"}],
        routes=[
            {"name": "a", "when": {"stage": ["judge", "my step"]}, "use": "small"},
            {"name": "b", "when": {"task": "code"}, "use": "large"},
        ],
        stages={"nodes": {"answer_node": "generate"}},
    )


@pytest.mark.parametrize(
    ("stage", "meant"), [("generation", "generate"), ("query-rewrite", "query_rewrite"), ("summarise", "summarize"), ("reranker", "rerank")]
)
def test_a_stage_that_is_nearly_a_built_in_one_is_pointed_out(stage: str, meant: str) -> None:
    [(path, text)] = texts(routes=[{"name": "a", "when": {"any": [{"stage": ["judge", stage]}]}, "use": "small"}])
    assert path == ("routes", 0, "when", "any", 0, "stage", 1)
    assert repr(stage) in text
    assert f"did you mean {meant!r}?" in text


def test_a_stage_of_your_own_that_a_node_is_mapped_to_is_meant() -> None:
    found = texts(stages={"nodes": {"n": "generation"}}, routes=[{"name": "a", "when": {"stage": "generation"}, "use": "small"}])
    assert [path for path, _ in found] == [("stages", "nodes", "n")]


def test_a_rule_whose_label_no_model_carries_is_pointed_out_with_the_label_that_was_meant() -> None:
    models = {**MODELS, "own": {"model": "ollama:llama3.3", "labels": ["private"]}}
    rule = {"when": {"sensitive": True}, "labels": ["privat"]}
    [(path, text)] = texts(models=models, default=["small", "large", "own"], require=[rule])
    assert path == ("require", 0, "labels")
    assert "no model carries the label 'privat'" in text
    assert "did you mean 'private'?" in text


def test_a_rule_whose_labels_no_single_model_carries_is_pointed_out() -> None:
    models = {"a": {"model": "openai:x", "labels": "eu"}, "b": {"model": "openai:y", "labels": "private"}}
    [(path, text)] = texts(models=models, default=["a", "b"], require=[{"when": {"sensitive": True}, "labels": ["eu", "private"]}])
    assert path == ("require", 0, "labels")
    assert "no model carries all of 'eu', 'private'" in text


def test_default_and_routes_that_a_rule_leaves_without_a_model_are_pointed_out() -> None:
    models = {**MODELS, "own": {"model": "ollama:llama3.3", "labels": "private"}}
    routes = [
        {"name": "private", "when": {"stage": "judge"}, "use": ["small", "own"]},
        {"name": "public", "when": {"stage": "grade"}, "use": "small"},
        {"name": "harmless", "when": {"sensitive": False, "stage": "plan"}, "use": "small"},
    ]
    found = texts(models=models, require=[{"when": {"sensitive": True}, "labels": "private"}], routes=routes)
    assert [path for path, _ in found] == [("default",), ("routes", 1)]
    assert all("'own'" in text for _, text in found)


def test_what_is_said_of_use_is_said_of_choose_too() -> None:
    models = {
        **MODELS,
        "own": {"model": "ollama:llama3.3", "labels": "private"},
        "blind": {"model": "openai:x", "capabilities": {"tools": False}},
    }
    routes = [
        {"name": "public", "when": {"stage": "grade"}, "choose": {"among": ["small", "large"], "objective": "cheapest"}},
        {"name": "tools", "when": {"needs": "tools", "sensitive": False}, "choose": {"among": "blind", "objective": "fastest"}},
    ]
    found = texts(models=models, require=[{"when": {"sensitive": True}, "labels": "private"}], routes=routes)
    assert [path for path, _ in found] == [("models", "own"), ("default",), ("routes", 0), ("routes", 1, "choose", "among")]
    assert "add 'own' at the end of 'choose.among', or to 'default'" in found[2][1]


def test_a_model_that_nothing_uses_is_pointed_out() -> None:
    [(path, text)] = texts(default="small", routes=[{"name": "a", "use": "small"}])
    assert path == ("models", "large")
    assert "only a pin reaches it" in text


def test_a_condition_on_complexity_without_a_classifier_is_pointed_out() -> None:
    routes = [{"name": "a", "when": {"complexity": "high"}, "use": "large"}]
    assert [path for path, _ in texts(classifier={"kind": "none"}, routes=routes)] == [("routes", 0, "when", "complexity")]
    assert not texts(routes=routes)


def test_a_rule_on_the_task_without_a_classifier_is_pointed_out_and_a_route_is_not() -> None:
    models = {**MODELS, "own": {"model": "ollama:llama3.3", "labels": "private"}}
    more: dict[str, Any] = {
        "models": models,
        "default": ["small", "large", "own"],
        "require": [{"when": {"all": [{"task": "code"}]}, "labels": "private"}],
        "routes": [{"name": "a", "when": {"task": "math"}, "use": "large"}],
    }
    [(path, text)] = texts(classifier={"kind": "none"}, **more)
    assert path == ("require", 0, "when", "all", 0, "task")
    assert "is not held to this rule" in text
    assert not texts(**more)


@pytest.mark.parametrize(
    ("policy", "path"),
    [
        ({"timeout": {"attempt": "60s", "call": "30s"}}, ("timeout", "attempt")),
        ({"timeout": {"call": "30s"}, "routes": [{"name": "a", "use": "small", "timeout": "31s"}]}, ("routes", 0, "timeout")),
        ({"timeout": {"attempt": "30s"}, "routes": [{"name": "a", "use": "small", "timeout": {"call": "1s"}}]}, ("routes", 0, "timeout")),
    ],
)
def test_a_try_that_may_take_longer_than_its_call_is_pointed_out(policy: dict[str, Any], path: Path) -> None:
    [(found, text)] = texts(**policy)
    assert found == path
    assert "no other model is asked" in text


@pytest.mark.parametrize(
    ("policy", "path"),
    [
        ({"timeout": {"attempt": "10s", "first_chunk": "11s"}}, ("timeout", "attempt")),
        ({"timeout": {"call": "10s", "between_chunks": "11s"}}, ("timeout", "attempt")),
        ({"timeout": {"first_chunk": "11s"}, "routes": [{"name": "a", "use": "small", "timeout": "10s"}]}, ("routes", 0, "timeout")),
    ],
)
def test_a_limit_of_a_chunk_that_a_whole_try_never_comes_to_is_pointed_out(policy: dict[str, Any], path: Path) -> None:
    [(found, text)] = texts(**policy)
    assert found == path
    assert "never comes to it" in text


def test_limits_that_fit_are_not_pointed_out() -> None:
    routes = [{"name": "a", "use": "small", "timeout": "30s", "retry": {"backoff": "1m", "extra": 0}}]
    assert not texts(timeout={"attempt": "30s", "call": "30s"}, retry={"backoff": "8s", "max_wait": "8s"}, routes=routes)


@pytest.mark.parametrize(("backoff", "often"), [("9s", "not always asked again"), ("20s", "never asked again")])
def test_a_wait_that_is_over_its_limit_from_the_start_is_pointed_out(backoff: str, often: str) -> None:
    routes = [{"name": "a", "use": "small", "retry": {"backoff": backoff}}]
    found = texts(retry={"backoff": backoff}, routes=routes)
    assert [path for path, _ in found] == [("retry",), ("routes", 0, "retry")]
    assert all(often in text for _, text in found)


@pytest.mark.parametrize(("params", "warned"), [({"max_retries": 2}, True), ({"max_retries": 0}, False), ({"temperature": 1}, False)])
def test_retries_of_the_client_are_pointed_out_because_they_multiply(params: dict[str, Any], warned: bool) -> None:
    found = texts(models={"small": {"model": "openai:x", "params": params}}, default="small")
    assert [path for path, _ in found] == ([("models", "small", "params", "max_retries")] if warned else [])


WEAK = {
    "blind": {"model": "openai:x", "capabilities": {"vision": False, "tools": False}},
    "short": {"model": "openai:y", "context_window": 8000},
}


@pytest.mark.parametrize(
    ("when", "use", "warned"),
    [
        ({"needs": "tools"}, "blind", True),
        ({"needs": ["tools", "vision"]}, "blind", True),
        ({"all": [{"needs": "tools"}]}, "blind", True),
        ({"tokens": {"over": 8000}}, "short", True),
        ({"tokens": {"over": 8000}, "needs": "tools"}, ["blind", "short"], True),
        ({"needs": ["tools", "audio"]}, "blind", False),
        ({"any": [{"needs": "tools"}, {"stage": "judge"}]}, "blind", False),
        ({"not": {"needs": "tools"}}, "blind", False),
        ({"needs": "tools"}, ["blind", "short"], False),
        ({"tokens": {"over": 7999}}, "short", False),
        ({"tokens": {"under": 9000}}, "short", False),
    ],
)
def test_a_route_whose_models_all_cannot_answer_it_is_pointed_out(when: dict[str, Any], use: Any, warned: bool) -> None:
    found = texts(models=WEAK, default=["blind", "short"], routes=[{"name": "a", "when": when, "use": use}])
    assert [path for path, _ in found] == ([("routes", 0, "use")] if warned else [])
