"""Choosing: what is chosen, in which order, and what it says for itself."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskroute import Call, Message, NoEligibleModelError, Signals
from taskroute.decision.decide import decide, with_classification
from taskroute.decision.snapshot import Snapshot, compile_policy
from taskroute.policy.parse import load_policy
from taskroute.types import Classification, Decision, Kept, NeedSignal, StateView
from tests.policies import policy, snapshot, when

MODELS: dict[str, Any] = {
    "small": {"model": "test:small", "context_window": 1000, "capabilities": {"tools": False, "vision": False}},
    "large": {"model": "test:large", "context_window": 100_000, "capabilities": {"tools": True}},
    "onprem": {"model": "test:onprem", "labels": ["private", "eu"], "context_window": 8000},
}
PRIVATE = [{"when": {"sensitive": True}, "labels": "private"}]


def decided(compiled: Snapshot, call: Call, **options: Any) -> Decision:
    decision = decide(compiled, call, **options)
    assert isinstance(decision, Decision)
    return decision


def test_takes_the_first_route_that_holds_then_default_without_duplicates() -> None:
    routes = [{"name": "a", "when": {"stage": "x"}, "use": ["large"]}, {"name": "b", "use": "small"}]
    decision = decided(snapshot(routes=routes), Call("q", stage="x"))
    assert (decision.route, decision.candidates) == ("a", ("large", "small"))
    assert decision.reason == "route 'a' matched: stage 'x' (explicit)"


def test_falls_to_default_where_nothing_holds() -> None:
    decision = decided(snapshot(routes=when(stage="x")), Call("q"))
    assert (decision.route, decision.candidates, decision.reason) == (None, ("small", "large"), "no route matched: default")


def test_stops_at_its_own_models_with_fallback_none() -> None:
    routes = [{"name": "a", "use": "large", "fallback": "none"}]
    assert decided(snapshot(routes=routes), Call("q")).candidates == ("large",)


@pytest.mark.parametrize(
    ("call", "reasons"),
    [
        (Call("q", tools=("search",)), {"small": "cannot do tools"}),
        (Call(messages=(Message("user", "q", media=("image",)),)), {"small": "cannot do vision"}),
        (Call("q", tokens=2000), {"small": "context window 1000 < 2000 tokens"}),
        (Call("q", tokens=900, max_tokens=200), {"small": "context window 1000 < 1100 tokens"}),
        (Call("mail joe@example.com"), {"small": "lacks the required label private", "large": "lacks the required label private"}),
    ],
)  # fmt: skip
def test_rejects_with_one_reason_each(call: Call, reasons: dict[str, str]) -> None:
    compiled = snapshot(models=MODELS, default=["small", "large", "onprem"], require=PRIVATE)
    decision = decided(compiled, call)
    assert decision.rejected == reasons
    assert decision.candidates == tuple(name for name in MODELS if name not in reasons)


def test_holds_an_estimate_to_the_window_with_a_margin() -> None:
    compiled = snapshot(models=MODELS)
    assert decided(compiled, Call("word " * 100)).candidates == ("small", "large")
    assert decided(compiled, Call("word " * 700)).rejected == {
        "small": "context window 1000 < 1450 tokens (estimated, with a margin of 65%)"
    }


def test_an_estimate_alone_does_not_refuse_a_call_that_no_other_model_can_take() -> None:
    compiled = snapshot(models=MODELS, default=["small"])
    assert decided(compiled, Call("word " * 700)).candidates == ("small",)
    assert decided(compiled, Call("x", tokens=1001)).candidates == ()
    assert decided(compiled, Call("word " * 2000)).candidates == ()


def test_unknown_capabilities_and_windows_are_not_held_against_a_model() -> None:
    assert decided(snapshot(), Call("q " * 100_000, tools=("search",))).candidates == ("small", "large")


OPEN = StateView(unavailable={"small": "circuit open"}, opened_by={"small": "rate_limit"})


def test_an_open_circuit_moves_the_call_only_where_its_failure_may_go_to_another_model() -> None:
    decision = decided(snapshot(fallback={"on": ["rate_limit"]}), Call("q"), state=OPEN)
    assert (decision.candidates, decision.rejected) == (("large",), {"small": "circuit open"})
    assert decision.reason == "no routes: default; 'small' is left alone, its circuit is open"
    decision = decided(snapshot(fallback={"on": ["timeout", "auth"]}), Call("q"), state=OPEN)
    instead = "not asked in the place of 'small': 'fallback.on' leaves rate_limit out"
    assert (decision.candidates, decision.rejected) == ((), {"small": "circuit open", "large": instead})
    assert decision.reason == "no routes: default; every model was rejected"


def test_of_several_open_circuits_each_must_let_the_call_go_on() -> None:
    both = StateView(unavailable={"small": "open", "large": "open"}, opened_by={"small": "timeout", "large": "auth"})
    three = {"models": MODELS, "default": ["small", "large", "onprem"]}
    decision = decided(snapshot(**three, fallback={"on": ["timeout", "auth"]}), Call("q"), state=both)
    assert decision.candidates == ("onprem",)
    assert decision.reason.endswith("; 'small' is left alone, its circuit is open; 'large' is left alone, its circuit is open")
    assert decided(snapshot(**three, fallback={"on": ["timeout"]}), Call("q"), state=both).candidates == ()


def test_a_circuit_of_a_model_that_could_not_answer_anyway_holds_nobody_back() -> None:
    compiled = snapshot(models=MODELS, fallback={"on": ["timeout"]})
    decision = decided(compiled, Call("q", tools=("search",)), state=OPEN)
    assert (decision.candidates, decision.rejected) == (("large",), {"small": "cannot do tools"})
    assert "left alone" not in decision.reason


def test_a_turn_goes_on_beside_a_circuit_as_its_route_lets_it() -> None:
    routes = [{"name": "turn", "when": {"stage": "x"}, "use": "small", "fallback": {"on": ["timeout"]}}]
    kept = Kept("turn", ("small", "large"))
    # The turn may not go on with another model, so that the call is decided anew.
    decision = decided(snapshot(routes=routes), Call("q", kept=kept), state=OPEN)
    assert (decision.candidates, decision.route) == (("large",), None)
    decision = decided(snapshot(routes=[{**routes[0], "fallback": {"on": ["rate_limit"]}}]), Call("q", kept=kept), state=OPEN)
    assert (decision.candidates, decision.route) == (("large",), "turn")
    assert decision.reason == "kept for this turn: route 'turn'; 'small' is left alone, its circuit is open"


def test_a_pin_of_the_environment_is_the_last_word_and_one_of_a_call_is_not() -> None:
    compiled = snapshot()
    barred = decided(compiled, Call("q", pin="small"), state=OPEN)
    assert (barred.candidates, barred.reason) == ((), "the call pins 'small', which may not answer: circuit open")
    assert decided(compiled._replace(pin="small"), Call("q"), state=OPEN).candidates == ("small",)


def test_while_observing_the_baseline_knows_no_circuits_also_inside_a_turn() -> None:
    compiled = snapshot(mode="observe")
    for kept in (None, Kept(None, ("large",))):
        decision = decided(compiled, Call("q", kept=kept), state=OPEN)
        assert (decision.candidates, decision.baseline) == (("large",), ("small", "large"))


def test_a_model_that_is_unavailable_now_is_rejected_with_the_reason_given() -> None:
    decision = decided(snapshot(), Call("q"), state=StateView(unavailable={"small": "breaker open"}))
    assert (decision.candidates, decision.rejected) == (("large",), {"small": "breaker open"})


def test_every_model_rejected_is_a_decision_without_candidates_and_an_error_when_its_model_is_asked_for() -> None:
    decision = decided(snapshot(require=PRIVATE), Call("mail joe@example.com"))
    assert decision.candidates == ()
    with pytest.raises(NoEligibleModelError, match="small: lacks the required label private") as caught:
        _ = decision.model
    assert pickle.loads(pickle.dumps(caught.value)).rejected == decision.rejected


def test_a_pin_calls_that_model_and_no_other() -> None:
    decision = decided(snapshot(routes=when(stage="x")), Call("q", stage="x", pin="small"))
    assert (decision.candidates, decision.pinned, decision.reason) == (("small",), True, "the call pins 'small'")


def test_a_pin_never_passes_a_requirement() -> None:
    decision = decided(snapshot(models=MODELS, require=PRIVATE), Call("mail joe@example.com", pin="large"))
    assert (decision.candidates, decision.rejected) == ((), {"large": "lacks the required label private"})
    assert decision.reason == "the call pins 'large', which may not answer: lacks the required label private"


def test_a_pin_that_names_no_model_is_passed_over_and_told() -> None:
    decision = decided(snapshot(), Call("q", pin="larg"))
    assert decision.candidates == ("small", "large")
    assert "the pin 'larg' names no model (did you mean 'large'?" in decision.reason


def test_requirements_add_up() -> None:
    rules = [*PRIVATE, {"when": {"metadata": {"region": "eu"}}, "labels": ["eu", "iso"]}]
    compiled = snapshot(models=MODELS, default=["small", "large", "onprem"], require=rules)
    decision = decided(compiled, Call("mail joe@example.com", metadata={"region": "eu"}))
    assert decision.rejected["onprem"] == "lacks the required label iso"
    assert decision.rejected["small"] == "lacks the required label eu, iso, private"


def test_disabled_takes_no_route_but_keeps_requirements() -> None:
    compiled = compile_policy(
        load_policy(policy(models=MODELS, default=["small", "onprem"], routes=when(stage="x"), require=PRIVATE)), disabled=True
    )
    assert decided(compiled, Call("q", stage="x")).candidates == ("small", "onprem")
    decision = decided(compiled, Call("mail joe@example.com"))
    assert (decision.candidates, decision.mode) == (("onprem",), "disabled")


class Remote:
    """A classifier that needs I/O."""

    name, local = "remote", False

    def __init__(self, labels: tuple[str, ...] = ()) -> None:
        self.labels = labels

    def classify(self, text: str, tasks: Any) -> Classification:
        raise AssertionError("a decision performs no I/O")

    aclassify: Any = classify


def remote(labels: tuple[str, ...] = (), **changes: Any) -> Snapshot:
    return compile_policy(load_policy(policy(routes=when(task="code"), **changes)), classifier=Remote(labels))


def test_asks_for_a_signal_that_needs_io_and_decides_once_it_is_known() -> None:
    compiled, call = remote(), Call("fix it")
    assert decide(compiled, call) == NeedSignal("task", "fix it")
    known = with_classification(compiled, call, Signals(), Classification({"debugging": 0.9}, "low", 0.8))
    decision = decided(compiled, call, known=known)
    assert decision.route == "hit"
    assert (decision.signals.task.value, decision.signals.task.source, decision.signals.task.confidence) == ("debugging", "remote", 0.9)


def test_a_classifier_below_the_threshold_abstains_and_says_how_near_it_was() -> None:
    compiled, call = remote(), Call("fix it")
    known = with_classification(compiled, call, Signals(), Classification({"debugging": 0.5}))
    decision = decided(compiled, call, known=known)
    assert decision.route is None
    assert decision.signals.task.detail == "abstains: 'debugging' at 0.50 is below 0.6"


def test_a_classifier_that_is_sure_of_the_group_alone_matches_the_group_and_no_single_task() -> None:
    torn = Classification({"debugging": 0.5, "code_editing": 0.4})
    for task, route in (("code", "hit"), (["code_generation", "code_editing", "debugging"], "hit"), ("debugging", None)):
        compiled = compile_policy(load_policy(policy(routes=when(task=task))), classifier=Remote())
        known = with_classification(compiled, Call("fix it"), Signals(), torn)
        decision = decided(compiled, Call("fix it"), known=known)
        assert (decision.route, decision.signals.task.value) == (route, "code")


def test_a_task_that_the_caller_named_is_never_classified() -> None:
    assert decided(remote(), Call("fix it", task="math")).route is None


def test_a_classifier_outside_may_not_see_what_a_rule_protects() -> None:
    call = Call("fix the bug of joe@example.com")
    barred = decided(remote(require=PRIVATE, models=MODELS, default=["onprem"]), call)
    assert barred.signals.task.detail == "abstains: it may not see this call, because it lacks the required label private"
    assert isinstance(decide(remote(("private",), require=PRIVATE, models=MODELS, default=["onprem"]), call), NeedSignal)


def test_a_rule_that_asks_for_the_task_itself_bars_a_classifier_without_its_labels() -> None:
    rules = [{"when": {"task": "extraction"}, "labels": "private"}]
    decision = decided(remote(require=rules, models=MODELS), Call("take the names from this"))
    assert "may not see this call" in decision.signals.task.detail


class Nosy:
    def __call__(self, text: str) -> tuple[str, ...]:
        if "boom" in text:
            raise ValueError("a detector that breaks")
        return ("employee",) if "E-12345" in text else ()


def test_users_add_patterns_and_detectors_and_a_broken_detector_lets_nothing_through() -> None:
    data = policy(models=MODELS, default=["small", "onprem"], require=PRIVATE, sensitive={"patterns": {"ticket": "T-[0-9]{5}"}})
    compiled = compile_policy(load_policy(data), detectors=(Nosy(),))
    assert decided(compiled, Call("see T-12345")).signals.sensitive.detail == "ticket"
    assert decided(compiled, Call("ask E-12345")).signals.sensitive.detail == "employee"
    assert decided(compiled, Call("boom")).candidates == ("onprem",)
    assert decided(compiled, Call("nothing")).candidates == ("small", "onprem")


def test_sensitive_text_is_found_in_every_message_and_at_any_depth() -> None:
    compiled = snapshot(models=MODELS, default=["small", "onprem"], require=PRIVATE)
    far = "prose without names. " * 5000 + "joe@example.com" + " and more prose." * 5000
    for messages in ((Message("system", far), Message("user", "q")), (Message("tool", far), Message("user", "q")), (Message("user", far),)):
        assert "onprem" in decided(compiled, Call(messages=messages, tokens=10)).candidates
        assert "small" in decided(compiled, Call(messages=messages, tokens=10)).rejected


# Properties

names = st.sampled_from(["small", "large", "onprem"])
texts = st.one_of(
    st.text(max_size=200), st.sampled_from(["mail joe@example.com", "Write a Python function", "4111 1111 1111 1111", "\ud800"])
)
stages = st.one_of(st.none(), st.sampled_from(["rerank", "grade", "generate", "tool:x"]), st.text(max_size=5))
metadata = st.dictionaries(st.sampled_from(["plan", "n", "llm_stage", "llm_task", "lc_source", "langgraph_node", "ls_retriever_name"]), st.one_of(st.none(), st.integers(), st.text(max_size=5), st.lists(st.integers(), max_size=2)))  # fmt: skip
messages = st.builds(Message, st.sampled_from(["user", "assistant", "system", "tool", "other"]), texts, st.lists(st.sampled_from(["image", "audio", "weird"]), max_size=2).map(tuple))  # fmt: skip
calls = st.builds(
    Call, texts, messages=st.lists(messages, max_size=3).map(tuple), stage=stages, task=stages, urgency=stages, pin=st.one_of(st.none(), names, st.text(max_size=3)),
    tags=st.lists(st.text(max_size=8), max_size=2).map(tuple), metadata=metadata, tools=st.lists(st.text(max_size=3), max_size=2).map(tuple),
    output_schema=st.booleans(), max_tokens=st.one_of(st.none(), st.integers(0, 10**6)), tokens=st.one_of(st.none(), st.integers(0, 10**6)),
)  # fmt: skip
conditions = st.fixed_dictionaries(
    {},
    optional={
        "stage": st.sampled_from(["rerank", ["grade", "tool:*"]]), "task": st.sampled_from(["code", ["math", "creative"]]), "complexity": st.sampled_from(["low", ["high"]]),
        "language": st.just("en"), "sensitive": st.sampled_from([True, False, ["email"]]), "modality": st.just("image"), "tokens": st.just({"over": 5}),
        "needs": st.just("tools"), "tags": st.just("a"), "metadata": st.just({"plan": {"over": 1}}), "prompt": st.just({"contains": "e", "regex": "[a-z]"}),
    },
)  # fmt: skip
policies = st.builds(
    lambda routes, rules, default: policy(
        models=MODELS,
        default=default,
        routes=[{"name": str(n), "when": condition, "use": use} for n, (condition, use) in enumerate(routes)],
        require=[{"when": condition, "labels": label} for condition, label in rules],
    ),
    st.lists(st.tuples(conditions, st.lists(names, min_size=1, max_size=3, unique=True)), max_size=3),
    st.lists(st.tuples(conditions, st.sampled_from(["private", "eu", "none"])), max_size=2),
    st.lists(names, min_size=1, max_size=3, unique=True),
)


def may_answer(compiled: Snapshot, name: str, call: Call) -> bool:
    """Say again, apart from the code under test, whether a model may answer."""
    spec = compiled.registry[name]
    needed = {"tools"} if call.tools else set()
    needed |= {"vision"} if any("image" in message.media for message in call.messages) else set()
    if any(spec.capabilities.get(need) is False for need in needed):
        return False
    if call.tokens is not None and spec.context_window is not None and call.tokens + (call.max_tokens or 0) > spec.context_window:
        return False
    for rule in compiled.policy.require:
        alone = decide(compile_policy(load_policy(policy(routes=[{"name": "r", "when": rule.when.model_dump(by_alias=True, exclude_none=True), "use": "small"}]))), call._replace(pin=None))  # fmt: skip
        if isinstance(alone, Decision) and alone.route == "r" and not set(rule.labels) <= spec.labels:
            return False
    return True


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(policies, calls)
def test_never_picks_an_ineligible_model_is_deterministic_and_never_raises(data: dict[str, Any], call: Call) -> None:
    compiled = compile_policy(load_policy(data))
    decision = decided(compiled, call)
    assert decision == decided(compile_policy(load_policy(data)), call)
    assert all(may_answer(compiled, name, call) for name in decision.candidates)
    assert set(decision.candidates).isdisjoint(decision.rejected)
    assert len(set(decision.candidates)) == len(decision.candidates)
    if not decision.pinned:
        assert {*decision.candidates, *decision.rejected} >= set(compiled.policy.default)
