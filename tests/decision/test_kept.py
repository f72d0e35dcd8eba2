"""Inside a turn that has been decided, its models stay while any of them may answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute import Call, Message
from taskroute.decision.decide import decide
from taskroute.decision.snapshot import Snapshot, compile_policy
from taskroute.policy.parse import load_policy
from taskroute.types import Classification, Decision, Kept, NeedSignal, Signal, StateView
from tests.policies import snapshot

MODELS: dict[str, Any] = {
    "small": {"model": "test:small", "context_window": 4000},
    "large": {"model": "test:large", "capabilities": {"vision": False}},
    "onprem": {"model": "test:onprem", "labels": ["private"]},
}
ROUTES = [
    {"name": "asked", "when": {"stage": "generate"}, "use": ["small"]},
    {"name": "code", "when": {"task": "debugging"}, "use": ["large"]},
]
PRIVATE = [{"when": {"sensitive": True}, "labels": ["private"]}]


def decided(compiled: Snapshot, call: Call, **options: Any) -> Decision:
    decision = decide(compiled, call, **options)
    assert isinstance(decision, Decision)
    return decision


def compiled(**changes: Any) -> Snapshot:
    return snapshot(**{"models": MODELS, "routes": ROUTES, "default": ["small", "large", "onprem"], **changes})


def test_the_kept_models_stand_in_their_order_whatever_route_would_match() -> None:
    decision = decided(compiled(), Call("q", stage="generate", kept=Kept("code", ("onprem", "large"))))
    assert (decision.route, decision.candidates) == ("code", ("onprem", "large"))
    assert decision.reason == "kept for this turn: route 'code'"


@pytest.mark.parametrize("route", [None, "a route of another policy"])
def test_a_turn_without_a_route_was_decided_by_default(route: str | None) -> None:
    decision = decided(compiled(), Call("q", stage="generate", kept=Kept(route, ("large",))))
    assert (decision.route, decision.reason) == (None, "kept for this turn: default")


def test_a_kept_model_that_may_not_answer_is_rejected_with_its_reason() -> None:
    decision = decided(compiled(), Call("q", tokens=5000, kept=Kept("asked", ("small", "large"))))
    assert decision.candidates == ("large",)
    assert decision.rejected == {"small": "context window 4000 < 5000 tokens"}


def test_labels_hold_for_kept_models_too_and_when_none_is_left_the_call_is_decided_anew() -> None:
    decision = decided(compiled(require=PRIVATE), Call("mail joe@example.com", stage="generate", kept=Kept("code", ("small", "large"))))
    assert (decision.route, decision.candidates) == ("asked", ("onprem",))


def test_models_that_the_policy_does_not_name_are_passed_over() -> None:
    assert decided(compiled(), Call("q", kept=Kept(None, ("gone", "large")))).candidates == ("large",)
    assert decided(compiled(), Call("q", stage="generate", kept=Kept(None, ("gone",)))).route == "asked"


def test_a_model_that_is_not_available_now_is_left_out() -> None:
    state = StateView(unavailable={"small": "cooling down"})
    assert decided(compiled(), Call("q", kept=Kept(None, ("small", "large"))), state=state).candidates == ("large",)


def test_a_pin_wins_over_what_was_kept() -> None:
    decision = decided(compiled(), Call("q", pin="onprem", kept=Kept(None, ("small",))))
    assert (decision.candidates, decision.pinned) == (("onprem",), True)


def test_nothing_is_classified_again() -> None:
    class Remote:
        name = "remote"
        local = False
        labels = ("private",)

        def classify(self, text: str, tasks: Any) -> Classification:
            raise AssertionError("not asked")

        async def aclassify(self, text: str, tasks: Any) -> Classification:
            raise AssertionError("not asked")

    rule = [{"when": {"task": "debugging"}, "labels": ["private"]}]
    policy = load_policy({"models": MODELS, "default": ["small", "onprem"], "routes": ROUTES, "require": rule})
    with_remote = compile_policy(policy, classifier=Remote())
    assert isinstance(decide(with_remote, Call("q")), NeedSignal)
    decision = decided(with_remote, Call("q", kept=Kept(None, ("small", "onprem"), task="debugging", stage="agent")))
    assert decision.candidates == ("onprem",)
    assert (decision.signals.task, decision.signals.stage) == (Signal("debugging", "turn"), Signal("agent", "turn"))


@given(st.lists(st.sampled_from(["small", "large", "onprem", "gone"]), unique=True), st.booleans())
def test_a_decision_inside_a_turn_never_reorders_and_never_adds_while_one_is_left(kept: list[str], image: bool) -> None:
    message = Message("user", "q", media=("image",) if image else ())
    decision = decided(compiled(), Call(messages=(message,), kept=Kept(None, tuple(kept))))
    may = [name for name in kept if name != "gone" and not (image and name == "large")]
    if may:
        assert decision.candidates == tuple(may)
    else:
        assert decision.candidates
