"""What LiteLLM does with the deployments of a group stays as it is without a policy in front."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest

from taskroute.errors import NoEligibleModelError
from taskroute_litellm.groups import groups_with_deployment
from taskroute_litellm.versions import installed
from tests.emulator import Emulator, Fault
from tests.litellm_host.routers import COMPLETIONS, IDS, LONG, MESSAGES, ONE, POLICY, STREAMS, Routed, Way, call, deployment, routed

litellm: Any = pytest.importorskip("litellm")

SPARE = "gpt-5-2025-08-07"
ORDERED = Way("responses", True)
# Before 1.106 LiteLLM would use them for streams that break, and such a router is refused.
ELSEWHERE: dict[str, Any] = {"fallbacks": [{"small": ["other"]}], "default_fallbacks": ["other"]} if installed() >= (1, 106) else {}


def pair(emulator: Emulator, **second: Any) -> list[dict[str, Any]]:
    """Return groups of which `small` has two deployments."""
    first: dict[str, Any] = {"order": 1} if "order" in second else {"weight": 1000}
    others = [deployment(emulator, name) for name in IDS if name != "small"]
    return [deployment(emulator, "small", **first), deployment(emulator, "small", model=SPARE, **second), *others]


@pytest.mark.parametrize("way", [*COMPLETIONS, ORDERED], ids=str)
def test_deployments_are_asked_in_their_order(emulator: Emulator, way: Way) -> None:
    emulator.by("gpt-5-mini", lambda asked: Fault("server_error"))
    with routed(emulator, policy=ONE, groups=pair(emulator, order=2), **ELSEWHERE) as found:
        call(found, way)
    assert found.asked == ["small", SPARE]


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_when_all_in_the_order_have_failed_the_policy_goes_on_and_the_routers_own_fallbacks_are_not_used(
    emulator: Emulator, way: Way
) -> None:
    for model in ("gpt-5-mini", SPARE):
        emulator.by(model, lambda asked: Fault("server_error"))
    with routed(emulator, groups=pair(emulator, order=2), **ELSEWHERE) as found:
        call(found, way)
    assert found.asked == ["small", SPARE, "large"]


@pytest.mark.parametrize("way", [way for way in COMPLETIONS if way.is_async], ids=str)
def test_a_router_that_fails_over_by_weight_still_does(emulator: Emulator, way: Way) -> None:
    emulator.by("gpt-5-mini", lambda asked: Fault("server_error"))
    with routed(emulator, policy=ONE, groups=pair(emulator, weight=1), enable_weighted_failover=True, disable_cooldowns=True) as found:
        for _ in range(3):
            call(found, way)
    assert "small" in found.asked
    assert found.asked.count(SPARE) == 3


@pytest.mark.parametrize("way", [way for way in COMPLETIONS if way.is_async], ids=str)
def test_a_call_with_a_priority_is_one_decision(emulator: Emulator, way: Way) -> None:
    with routed(emulator) as found, found.router.capture_decisions() as decisions:
        call(found, way, priority=1)
    assert [decision.pinned for decision in decisions] == [False]
    assert found.asked == ["small"]


async def test_a_silent_model_is_no_decision_and_is_logged(emulator: Emulator) -> None:
    logged: list[str] = []

    async def heard(kwargs: Any, response: Any, start: Any, end: Any) -> None:
        logged.append(kwargs["model"])

    litellm.logging_callback_manager.add_litellm_async_success_callback(heard)
    groups = [deployment(emulator, "small", silent_model="large"), deployment(emulator, "large")]
    policy = {**POLICY, "models": {"small": {}, "large": {}}, "routes": []}
    with routed(emulator, policy=policy, groups=groups) as found, found.router.capture_decisions() as decisions:
        assert [chunk async for chunk in await found.litellm.acompletion("auto", MESSAGES, stream=True)]
        async with asyncio.timeout(30):
            while len(logged) < 2:
                await asyncio.sleep(0.01)
    assert sorted(logged) == ["gpt-5", "gpt-5-mini"]
    assert len(decisions) == 1


RULED: dict[str, Any] = {
    "models": {"small": {}, "large": {}, "house": {"labels": ["private"]}, "vault": {"labels": ["private"]}},
    "default": ["small", "house"],
    "require": [{"when": {"stage": "judge"}, "labels": ["private"]}],
    "classifier": {"kind": "none"},
}


def ruled_groups(emulator: Emulator, **of_house: Any) -> list[dict[str, Any]]:
    others = [deployment(emulator, name, model=f"gpt-{name}") for name in RULED["models"] if name != "house"]
    return [deployment(emulator, "house", model="gpt-house", **of_house), *others]


@pytest.mark.parametrize(("silent", "asked"), [("large", ["gpt-house"]), ("vault", ["gpt-house", "gpt-vault"])])
async def test_a_silent_model_is_held_to_require(emulator: Emulator, silent: str, asked: list[str]) -> None:
    groups = ruled_groups(emulator, silent_model=silent)
    with routed(emulator, policy=RULED, groups=groups) as found, found.router.capture_decisions() as decisions:
        await found.litellm.acompletion("auto", MESSAGES, metadata={"stage": "judge"})
        async with asyncio.timeout(30):
            while len(decisions) < 2 or len(found.asked) < len(asked):
                await asyncio.sleep(0.01)
    assert sorted(found.asked) == asked
    assert [decision.pinned for decision in decisions] == [False, True]


def test_metadata_of_an_earlier_call_is_no_way_around_require(emulator: Emulator) -> None:
    earlier = {"model": "small", "decision_id": "abc-1"}
    with routed(emulator, policy=RULED, groups=ruled_groups(emulator)) as found, pytest.raises(NoEligibleModelError):
        call(found, Way("completion"), "small", metadata={"stage": "judge", "taskroute": earlier})
    assert found.asked == []


def test_a_model_that_a_deployment_serves_is_not_meant_where_a_group_an_alias_or_a_wildcard_has_its_name(emulator: Emulator) -> None:
    def found(*more: dict[str, Any], **settings: Any) -> tuple[str, ...]:
        router = litellm.Router(model_list=[deployment(emulator, "small"), *more], **settings)
        return groups_with_deployment(router, "openai/gpt-5-mini")

    own = {"model_name": "openai/gpt-5-mini", "litellm_params": {"model": "openai/other", "api_key": "none"}}
    wildcard = {"model_name": "openai/*", "litellm_params": {"model": "openai/*", "api_key": "none"}}
    elsewhere = {"model_name": "azure/*", "litellm_params": {"model": "azure/*", "api_key": "none"}}
    assert found() == found(elsewhere) == ("small",)
    assert found(own) == found(wildcard) == ()
    assert found(deployment(emulator, "large"), model_group_alias={"openai/gpt-5-mini": "large"}) == ()


# Before 1.106 LiteLLM goes on from such a stream of responses whatever the call says.
@pytest.mark.parametrize("endpoint", ["completion", *(["responses"] if installed() >= (1, 106) else [])])
def test_two_answers_are_never_joined(emulator: Emulator, endpoint: str) -> None:
    emulator.by("gpt-5-mini", lambda asked: LONG)
    with routed(emulator, policy=ONE, groups=pair(emulator, order=2)) as found, pytest.raises(openai.APIError):
        call(found, Way(endpoint, True, True))
    assert found.asked == ["small"]


async def test_the_fastest_of_several_may_be_a_stream(emulator: Emulator) -> None:
    with routed(emulator) as found:
        stream = await found.litellm.abatch_completion_fastest_response(model="auto, large", messages=MESSAGES, stream=True)
        assert [chunk async for chunk in stream]


@pytest.mark.parametrize("way", STREAMS, ids=str)
def test_a_stream_is_of_litellms_class(emulator: Emulator, way: Way) -> None:
    async def opened(found: Routed) -> Any:
        stream = await found.litellm.acompletion("auto", MESSAGES, stream=True)
        await stream.aclose()
        return stream

    with routed(emulator) as found:
        stream = asyncio.run(opened(found)) if way.is_async else found.litellm.completion("auto", MESSAGES, stream=True)
        assert isinstance(stream, litellm.CustomStreamWrapper)
        if not way.is_async:
            stream.close()
