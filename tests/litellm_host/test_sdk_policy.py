"""A policy that changes, only observes or is switched off, while it is in front of a LiteLLM router."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from taskroute.errors import ConfigurationError
from tests.emulator import Emulator, Fault
from tests.litellm_host.routers import COMPLETIONS, IDS, POLICY, WHOLE, Way, call, decided, routed
from tests.litellm_host.test_calls import record_of

litellm: Any = pytest.importorskip("litellm")

SMALL, LARGE = IDS["small"], IDS["large"]
GENERATE: dict[str, Any] = {"metadata": {"stage": "generate"}}


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_a_reload_counts_from_the_next_call(emulator: Emulator, way: Way) -> None:
    with routed(emulator) as found:
        call(found, way, **GENERATE)
        found.router.reload({**POLICY, "routes": []})
        call(found, way, **GENERATE)
        found.router.reload(POLICY)
        call(found, way, **GENERATE)
    assert found.asked == ["large", "small", "large"]


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_after_a_reload_a_model_that_is_no_group_is_told_with_both_sides(emulator: Emulator, way: Way) -> None:
    with routed(emulator) as found:
        found.router.reload({"models": {"small": {}, "nobody": {}}, "default": ["small", "nobody"]})
        for _ in range(2):
            with pytest.raises(ConfigurationError) as caught:
                call(found, way)
            assert "named 'nobody'" in str(caught.value)
            assert "models of the policy:   small, nobody" in str(caught.value)
            assert "groups of the router:   claude, fine-vectors" in str(caught.value)
        assert found.asked == []
        found.router.reload(POLICY)
        call(found, way)
    assert found.asked == ["small"]


def test_a_model_that_comes_with_a_reload_may_be_pinned(emulator: Emulator) -> None:
    with routed(emulator) as found:
        found.router.reload({**POLICY, "models": {**POLICY["models"], "other": {}}})
        decisions, answer = decided(found, Way("completion"), "other")
    assert decisions[0].pinned
    assert record_of(answer)["model"] == "other"


def test_a_call_keeps_the_policy_that_it_began_with(emulator: Emulator) -> None:
    with routed(emulator) as found:
        stream = found.litellm.completion(model="auto", messages=[{"role": "user", "content": "hello"}], stream=True, **GENERATE)
        version = found.router.snapshot.version
        found.router.reload({**POLICY, "routes": []})
        assert list(stream)
    assert record_of(stream)["policy_version"] == version
    assert record_of(stream)["route"] == "answers"


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_observing_decides_and_calls_what_was_there_before(emulator: Emulator, way: Way) -> None:
    with routed(emulator, policy={**POLICY, "mode": "observe"}) as found:
        (decision,), answer = decided(found, way, **GENERATE)
    assert (decision.model, decision.mode) == ("large", "observe")
    assert found.asked == ["small"]
    if not way.streams:
        assert record_of(answer)["mode"] == "observe"
        assert record_of(answer)["route"] == "answers"


@pytest.mark.parametrize("way", WHOLE, ids=str)
def test_observing_leaves_litellm_its_fallbacks(emulator: Emulator, way: Way) -> None:
    emulator.on(SMALL, Fault("server_error"))
    with routed(emulator, policy={**POLICY, "mode": "observe"}) as found:
        call(found, way, fallbacks=["other"], **GENERATE)
    assert found.asked == ["small", "other"]


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_disabled_every_call_is_as_it_was_before(emulator: Emulator, way: Way) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "TASKROUTE_DISABLED is set", RuntimeWarning)
        with routed(emulator, options={"environ": {"TASKROUTE_DISABLED": "1"}}) as found:
            call(found, way, **GENERATE)
            call(found, way, "large")
    assert found.asked == ["small", "large"]


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_a_pin_of_the_environment_holds_for_every_call(emulator: Emulator, way: Way) -> None:
    with routed(emulator, options={"environ": {"TASKROUTE_PIN": "large"}}) as found:
        call(found, way)
        call(found, way, metadata={"stage": "grade"})
    assert found.asked == ["large", "large"]


def test_a_router_that_is_closed_says_so(emulator: Emulator) -> None:
    from taskroute.errors import RouterClosedError

    with routed(emulator) as found:
        found.router.close()
        with pytest.raises(RouterClosedError):
            call(found, Way("completion"))
        call(found, Way("completion"), "other")
    assert found.asked == ["other"]
