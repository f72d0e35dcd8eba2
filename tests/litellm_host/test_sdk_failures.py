"""What a routed LiteLLM router does when models fail: whose retries, whose order, and whose errors."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import warnings
from typing import Any

import openai
import pytest

from taskroute.errors import NoEligibleModelError
from taskroute.testing import FakeClock
from tests.emulator import Emulator, Fault, Hang, Raw, Stall
from tests.emulator import Say as Says
from tests.litellm_host.routers import ANSWER, COMPLETIONS, IDS, MESSAGES, POLICY, WAYS, Way, call, decided, deployment, routed, told
from tests.litellm_host.test_calls import needs_proxys_packages, record_of
from tests.real_time import REAL_TIME

pytestmark = REAL_TIME

litellm: Any = pytest.importorskip("litellm")

SMALL, LARGE, OTHER = IDS["small"], IDS["large"], IDS["other"]
SECRET: list[Any] = [{"role": "user", "content": "My card is 4111 1111 1111 1111, is it valid?"}]
PRIVATE: dict[str, Any] = {
    "models": {"small": {"labels": ["private"]}, "large": {"labels": ["private"]}, "other": {}},
    "default": ["small", "large", "other"],
    "require": [{"when": {"sensitive": True}, "labels": ["private"]}],
    "classifier": {"kind": "none"},
}
FALLS_BACK = tuple(way for way in WAYS if way.endpoint != "embedding")


def text_of(way: Way, answer: Any) -> str:
    if way.streams:
        return "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)
    return str(answer.choices[0].message.content)


# The order


@pytest.mark.parametrize("way", FALLS_BACK, ids=str)
@pytest.mark.parametrize("fault", ["server_error", "rate_limit", "unauthorized", "not_found"])
def test_the_next_model_of_the_decision_answers(emulator: Emulator, way: Way, fault: Any) -> None:
    needs_proxys_packages(way)
    emulator.on(LARGE, Fault(fault))
    with routed(emulator) as found:
        (decision,), answer = decided(found, way, **told(found, way, stage="generate"))
    assert decision.candidates == ("large", "small")
    assert found.asked == ["large", "small"]
    if not way.streams:
        record = record_of(answer)
        assert (record["model"], record["attempts"], record["fallback_from"], record["fallback_reason"] is not None) == (
            "small",
            2,
            "large",
            True,
        )


def test_embeddings_fall_back_only_where_the_vectors_are_of_the_same_model(emulator: Emulator) -> None:
    models = {"vectors": {"model": "openai:text-embedding-3-small"}, "twin": {"model": "openai:text-embedding-3-small"}, "fine-vectors": {}}
    groups = [deployment(emulator, name) for name in IDS]
    groups.append(deployment(emulator, "twin", model="text-embedding-3-small"))
    emulator.then(Fault("unauthorized"))
    policy = {"models": models, "default": ["vectors", "fine-vectors", "twin"]}
    with routed(emulator, policy=policy, groups=groups) as found:
        (decision,), answer = decided(found, Way("embedding"))
    assert decision.candidates == ("vectors", "twin")
    assert record_of(answer)["fallback_from"] == "vectors"
    assert record_of(answer)["model"] == "twin"
    assert "fine-vectors" not in found.asked


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_a_bad_request_is_no_reason_to_ask_another_model(emulator: Emulator, way: Way) -> None:
    emulator.on(SMALL, Fault("bad_request"))
    with routed(emulator) as found, pytest.raises(litellm.BadRequestError):
        call(found, way)
    assert found.asked == ["small"]


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_litellms_own_fallbacks_never_reach_what_the_policy_rules_out(emulator: Emulator, way: Way) -> None:
    for model in (SMALL, LARGE):
        emulator.on(model, *[Fault("server_error")] * 3)
    settings: dict[str, Any] = {}
    if not way.streams or _keeps_streams():
        settings = {"fallbacks": [{"small": ["other"]}, {"large": ["other"]}, {"auto": ["other"]}], "default_fallbacks": ["other"]}
    with _routed_or_skipped(emulator, settings) as found, pytest.raises(litellm.InternalServerError):
        call(found, way, messages=SECRET)
    assert found.asked == ["small", "large"]


@pytest.mark.parametrize("way", [way for way in COMPLETIONS if way.streams], ids=str)
@pytest.mark.parametrize("pieces", [0, 3])
def test_not_even_when_a_stream_breaks(emulator: Emulator, way: Way, pieces: int) -> None:
    for model in (SMALL, LARGE):
        emulator.on(model, Says(error_after=pieces))
    settings = {"fallbacks": [{"small": ["other"]}, {"large": ["other"]}], "default_fallbacks": ["other"]}
    with _routed_or_skipped(emulator, settings) as found, pytest.raises(openai.APIError):
        call(found, way, messages=SECRET)
    assert "other" not in found.asked


def _keeps_streams() -> bool:
    from taskroute_litellm.versions import installed

    return installed() >= (1, 106)


def _routed_or_skipped(emulator: Emulator, settings: dict[str, Any]) -> Any:
    if settings and not _keeps_streams():
        pytest.skip("such a router is refused before 1.106")
    return routed(emulator, policy=PRIVATE, **settings)


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_fallbacks_of_the_caller_are_not_used(emulator: Emulator, way: Way) -> None:
    for model in (SMALL, LARGE):
        emulator.on(model, Fault("server_error"))
    with routed(emulator) as found, warnings.catch_warnings(record=True), pytest.raises(litellm.InternalServerError):
        warnings.simplefilter("always")
        call(found, way, fallbacks=["other"])
    assert found.asked == ["small", "large"]


WARNS = """
import warnings
import litellm
from taskroute import Router
from taskroute_litellm import install
groups = [
    {"model_name": name, "litellm_params": {"model": "openai/gpt-5-mini", "api_key": "k", "mock_response": name}} for name in ("small", "other")
]
made = litellm.Router(model_list=groups, model_group_alias={"auto": "small"})
install(made, Router({"models": {"small": {}}, "default": "small"}, environ={}))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for _ in range(3):
        made.completion("auto", [{"role": "user", "content": "hi"}], fallbacks=["other"])
ours = [str(each.message) for each in caught if "routed call" in str(each.message)]
assert len(ours) == 1, ours
assert ours[0].startswith("fallbacks= of a routed call is not used"), ours
"""


def test_fallbacks_of_the_caller_cost_one_warning() -> None:
    found = subprocess.run([sys.executable, "-c", WARNS], capture_output=True, text=True, check=False, timeout=120)
    assert found.returncode == 0, found.stderr


def test_a_group_whose_deployments_are_gone_falls_back(emulator: Emulator) -> None:
    with routed(emulator) as found:
        groups = [deployment(emulator, name) for name in IDS if name != "large"]
        found.litellm.set_model_list(groups)
        answer = call(found, Way("completion"), metadata={"stage": "generate"})
        also = call(found, Way("completion", is_async=True), metadata={"stage": "generate"})
    assert found.asked == ["small", "small"]
    assert [record_of(each)["fallback_from"] for each in (answer, also)] == ["large", "large"]


# Retries, cooldowns and deployments are LiteLLM's


@pytest.mark.parametrize("way", [way for way in COMPLETIONS if not way.streams], ids=str)
def test_litellm_retries_within_a_group_and_one_decision_is_taken(emulator: Emulator, way: Way) -> None:
    emulator.on(LARGE, *[Fault("server_error", retry_after=0.01)] * 3)
    with routed(emulator, num_retries=2, retry_after=0) as found:
        decisions, answer = decided(found, way, metadata={"stage": "generate"})
    assert found.asked == ["large", "large", "large", "small"]
    assert len(decisions) == 1
    assert record_of(answer)["attempts"] == 2


@pytest.mark.parametrize("way", [way for way in COMPLETIONS if not way.streams], ids=str)
def test_the_retries_of_the_policy_do_not_come_on_top(emulator: Emulator, way: Way) -> None:
    for model in (SMALL, LARGE):
        emulator.on(model, Fault("server_error"))
    with routed(emulator, policy={**POLICY, "retry": {"extra": 3, "backoff": "1ms"}}) as found, pytest.raises(litellm.InternalServerError):
        call(found, way)
    assert found.asked == ["small", "large"]


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_a_rate_limit_of_one_deployment_is_answered_by_the_other_of_its_group(emulator: Emulator, way: Way) -> None:
    emulator.by(LARGE, lambda asked: Fault("rate_limit"))
    often: dict[str, Any] = {"weight": 1000}
    groups = [deployment(emulator, name, **(often if name == "large" else {})) for name in IDS]
    groups.append(deployment(emulator, "large", model="gpt-5-2025-08-07", weight=1))
    with routed(emulator, groups=groups, num_retries=6, retry_after=0) as found:
        # LiteLLM takes either at random, by weight, until one is cooling down.
        calls = [decided(found, way, metadata={"stage": "generate"}) for _ in range(8)]
    assert [len(decisions) for decisions, _ in calls] == [1] * 8
    assert [text_of(way, answer) for _, answer in calls] == [ANSWER] * 8
    assert found.asked.count("gpt-5-2025-08-07") == 8
    assert 1 <= found.asked.count("large") < 8
    assert "small" not in found.asked


# Errors


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_when_all_fail_the_error_is_litellms_with_a_note_of_each_try(emulator: Emulator, way: Way) -> None:
    emulator.on(SMALL, Fault("server_error"))
    emulator.on(LARGE, Fault("rate_limit"))
    with routed(emulator) as found, pytest.raises(openai.RateLimitError) as caught:
        call(found, way)
    assert isinstance(caught.value, litellm.RateLimitError)
    assert caught.value.status_code == 429
    (note,) = [note for note in caught.value.__notes__ if note.startswith("taskroute: ")]
    assert "1. small: server_error" in note
    assert "2. large: rate_limit" in note
    assert caught.value.__cause__ is None or "taskroute" not in type(caught.value.__cause__).__module__


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_where_no_model_may_answer_the_error_says_why(emulator: Emulator, way: Way) -> None:
    policy = {**PRIVATE, "models": {"small": {}, "large": {}}, "default": ["small", "large"]}
    with routed(emulator, policy=policy) as found, pytest.raises(NoEligibleModelError, match="private"):
        call(found, way, messages=SECRET)
    assert found.asked == []


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_a_model_that_keeps_failing_is_left_alone(emulator: Emulator, way: Way) -> None:
    clock = FakeClock()
    emulator.on(SMALL, *[Fault("server_error")] * 2)
    policy = {**POLICY, "breaker": {"failures": 2, "window": "60s", "cooldown": "30s"}}
    with routed(emulator, policy=policy, options={"clock": clock}) as found:
        for _ in range(2):
            call(found, way)
        emulator.requests.clear()
        (decision,), _ = decided(found, way)
        left_alone = found.asked
        clock.advance(31)
        call(found, way)
    assert (decision.candidates, left_alone) == (("large",), ["large"])
    assert found.asked == ["large", "small"]


# Time


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
@pytest.mark.parametrize("fault", [Hang(20), Stall(0, 20)], ids=["hangs", "stalls"])
def test_a_model_that_takes_too_long_is_left_for_the_next(emulator: Emulator, way: Way, fault: Any) -> None:
    emulator.on(SMALL, fault)
    limits = {"attempt": "700ms", "first_chunk": "700ms", "between_chunks": "700ms"}
    with routed(emulator, policy={**POLICY, "timeout": limits}) as found:
        answer = call(found, way)
    again = isinstance(fault, Stall) and way == Way("completion", streams=True) and not _keeps_streams()
    # Before 1.106 LiteLLM asks the same group anew for a sync stream that stalls.
    assert (list(dict.fromkeys(found.asked)) if again else found.asked) == ["small", "large"]
    assert text_of(way, answer) == ANSWER


@pytest.mark.parametrize("way", [Way("completion"), Way("completion", is_async=True)], ids=str)
def test_a_shorter_timeout_of_the_caller_holds(emulator: Emulator, way: Way) -> None:
    emulator.on(SMALL, Hang(20))
    with routed(emulator, policy={**POLICY, "timeout": {"attempt": "15s"}}) as found:
        answer = call(found, way, timeout=0.7)
    assert record_of(answer)["fallback_reason"] == "timeout"


async def test_a_cancelled_call_is_cancelled(emulator: Emulator) -> None:
    emulator.on(SMALL, Hang(20))
    with routed(emulator) as found:
        task = asyncio.ensure_future(found.litellm.acompletion("auto", MESSAGES))
        while not emulator.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert found.asked == ["small"]


def test_an_answer_that_is_none_falls_back(emulator: Emulator) -> None:
    emulator.on(SMALL, Raw(b"<html>busy</html>", 503, "text/html"))
    with routed(emulator) as found:
        assert text_of(Way("completion"), call(found, Way("completion"))) == ANSWER
    assert found.asked == ["small", "large"]
