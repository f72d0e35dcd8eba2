"""What LiteLLM does with the deployments of a group stays as it is without a policy in front."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any

import httpx
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.errors import NoEligibleModelError
from taskroute_litellm.groups import groups_with_deployment
from taskroute_litellm.installation import uninstall
from taskroute_litellm.limits import limits_of
from taskroute_litellm.stream_errors import EventError
from taskroute_litellm.surfacing import surfaced
from taskroute_litellm.versions import installed
from tests.emulator import Emulator, Fault, Hang, Say
from tests.litellm_host.routers import COMPLETIONS, IDS, MESSAGES, POLICY, STREAMS, Routed, Way, call, deployment, routed
from tests.litellm_host.test_calls import STREAMED_MESSAGES, needs_proxys_packages

litellm: Any = pytest.importorskip("litellm")

LONG = Say("one two three four five six seven eight nine ten " * 20, error_after=9)
SPARE = "gpt-5-2025-08-07"
ORDERED = Way("responses", True)
# Before 1.106 LiteLLM would use them for streams that break, and such a router is refused.
ELSEWHERE: dict[str, Any] = {"fallbacks": [{"small": ["other"]}], "default_fallbacks": ["other"]} if installed() >= (1, 106) else {}
ONE: dict[str, Any] = {**POLICY, "default": "small", "routes": []}


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


# Time limits


@pytest.mark.parametrize("where", ["deployment", "router", "call"])
@pytest.mark.parametrize("way", [way for way in STREAMS if not way.is_async], ids=str)
def test_the_policys_limit_holds_where_litellm_has_a_longer_one_for_streams(emulator: Emulator, way: Way, where: str) -> None:
    emulator.by("gpt-5-mini", lambda asked: Hang(8))
    longer: dict[str, Any] = {"stream_timeout": 60}
    groups = [deployment(emulator, "small", **(longer if where == "deployment" else {}))]
    policy = {"models": {"small": {}}, "default": "small", "classifier": {"kind": "none"}, "timeout": "300ms"}
    settings = longer if where == "router" else {}
    with routed(emulator, policy=policy, groups=groups, **settings) as found, pytest.raises(litellm.Timeout):
        call(found, way, **(longer if where == "call" else {}))


@pytest.mark.parametrize("where", ["deployment", "router", "caller", "httpx", "request_timeout"])
@pytest.mark.parametrize("way", [way for way in COMPLETIONS if not way.is_async], ids=str)
def test_a_limit_that_is_shorter_than_the_policys_holds(emulator: Emulator, way: Way, where: str) -> None:
    emulator.by("gpt-5-mini", lambda asked: Hang(8))
    limit: dict[str, Any] = {"timeout": 0.3}
    groups = [deployment(emulator, "small", **(limit if where == "deployment" else {}))]
    policy = {"models": {"small": {}}, "default": "small", "classifier": {"kind": "none"}, "timeout": "60s"}
    asked = {"caller": {"timeout": 0.3}, "httpx": {"timeout": httpx.Timeout(0.3)}, "request_timeout": {"request_timeout": 0.3}}
    settings = limit if where == "router" else {}
    # The provider gives up after eight seconds, and the error is then another one.
    with routed(emulator, policy=policy, groups=groups, **settings) as found, pytest.raises(litellm.Timeout):
        call(found, way, **asked.get(where, {}))


class Settings:
    def __init__(self, timeout: Any = None, stream_timeout: Any = None) -> None:
        self.timeout = timeout
        self.stream_timeout = stream_timeout


@pytest.mark.parametrize(
    ("arguments", "deployments", "router", "limits"),
    [
        ({}, [{}], None, {"timeout": 5}),
        ({"stream_timeout": 60}, [{}], None, {"timeout": 5, "stream_timeout": 5}),
        ({"stream_timeout": 2}, [{}], None, {"timeout": 5, "stream_timeout": 2}),
        ({}, [{"stream_timeout": 60}], None, {"timeout": 5, "stream_timeout": 5}),
        ({}, [{"stream_timeout": 2, "timeout": 60}], None, {"timeout": 5}),
        ({}, [{"stream_timeout": 2}, {}], None, {"timeout": 5, "stream_timeout": 5}),
        ({}, [{}], 60, {"timeout": 5, "stream_timeout": 5}),
        ({}, [{}], 2, {"timeout": 5}),
    ],
)
def test_of_a_stream_litellm_heeds_another_limit_first(
    arguments: dict[str, Any], deployments: list[dict[str, Any]], router: Any, limits: dict[str, Any]
) -> None:
    settings = Settings(stream_timeout=router)
    assert limits_of(5, arguments, deployments, settings, streams=True) == limits
    assert "stream_timeout" not in limits_of(5, arguments, deployments, settings, streams=False)


@pytest.mark.parametrize(
    ("arguments", "deployments", "router", "timeout"),
    [
        ({}, [{}], None, 5),
        ({"timeout": 3}, [{}], None, 3),
        ({"timeout": "3"}, [{"timeout": 1}], None, 3),
        ({"timeout": 9}, [{}], None, 5),
        ({"timeout": "soon"}, [{}], None, 5),
        ({"request_timeout": 3}, [{}], 1, 3),
        ({}, [{"timeout": 3}], None, None),
        ({}, [{"timeout": 3}, {"timeout": 9}], None, 5),
        ({}, [{"timeout": 9}], 3, 5),
        ({}, [{}, {"timeout": "2"}], 3, None),
        ({}, [], 3, 5),
        ({"timeout": 0}, [{}], None, 5),
        ({}, [{"timeout": 0}], None, 5),
        ({}, [{"request_timeout": 3}], None, None),
    ],
)
def test_the_shortest_limit_is_taken(arguments: dict[str, Any], deployments: list[dict[str, Any]], router: Any, timeout: Any) -> None:
    assert limits_of(5, arguments, deployments, Settings(router), streams=False).get("timeout") == timeout


@given(st.lists(st.none() | st.floats(0.1, 100), min_size=4, max_size=4), st.floats(0.1, 100))
def test_no_part_of_httpxs_limits_is_longer(parts: list[float | None], limit: float) -> None:
    asked = httpx.Timeout(**dict(zip(("connect", "read", "write", "pool"), parts, strict=True)))
    found = limits_of(limit, {"timeout": asked}, [], Settings(), streams=False)["timeout"]
    assert list(found.as_dict().values()) == [limit if part is None else min(part, limit) for part in parts]


# Errors


@pytest.mark.parametrize("way", [Way("completion", True), Way("completion", True, True), Way("anthropic_messages", True)], ids=str)
def test_the_policys_time_limit_is_litellms_error_in_async_calls_too(emulator: Emulator, way: Way) -> None:
    emulator.by("gpt-5-mini", lambda asked: Hang(8))
    with routed(emulator, policy={**ONE, "timeout": "200ms"}) as found, pytest.raises(litellm.Timeout) as caught:
        call(found, way)
    assert caught.value.status_code == 408
    assert isinstance(caught.value.__cause__, TimeoutError)


def test_an_error_that_is_raised_again_and_again_has_the_note_of_the_last_call() -> None:
    from taskroute.errors import AllModelsFailedError

    cause = ValueError("no")
    cause.add_note("the caller's own")
    for number in range(3):
        error = AllModelsFailedError((), note=f" of {number}")
        error.__cause__ = cause
        assert surfaced(error) is cause
    own, ours = cause.__notes__
    assert own == "the caller's own"
    assert " of 2" in ours


# What an application puts over a router


def wrapped(method: Callable[..., Any], called: list[Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def mine(*args: Any, **kwargs: Any) -> Any:
        called.append(kwargs)
        return method(*args, **kwargs)

    return mine


def test_what_was_put_over_a_routed_router_stays_when_the_policy_goes(emulator: Emulator) -> None:
    called: list[Any] = []
    with routed(emulator, policy={**ONE, "default": "large"}) as found:
        mine = found.litellm.completion = wrapped(found.litellm.completion, called)
        call(found, Way("completion"))
        uninstall(found.litellm)
        call(found, Way("completion"))
        call(found, Way("completion", True))
        assert found.litellm.completion is mine
    assert found.asked == ["large", "small", "small"]
    assert len(called) == 2


def test_a_policy_that_something_was_put_over_is_still_found(emulator: Emulator) -> None:
    from taskroute import Router
    from taskroute.errors import ConfigurationError
    from taskroute_litellm import install

    with routed(emulator) as found:
        found.litellm.completion = lambda **given: None
        with pytest.raises(ConfigurationError, match="installed already"):
            install(found.litellm, Router(POLICY, environ={}))


# Streams that break


CUT_SHORT = Say("one two", error_after=0)


def test_a_stream_of_messages_ends_behind_an_error_that_was_given_out(emulator: Emulator) -> None:
    needs_proxys_packages(STREAMED_MESSAGES)
    emulator.by(IDS["claude"], lambda asked: LONG)
    with routed(emulator, policy={**ONE, "default": "claude"}) as found:
        chunks = b"".join(call(found, STREAMED_MESSAGES))
    assert b"text_delta" in chunks
    assert chunks.count(b"event: error") == 1


def test_one_that_had_nothing_to_give_out_goes_to_the_next_model(emulator: Emulator) -> None:
    needs_proxys_packages(STREAMED_MESSAGES)
    emulator.by(IDS["claude"], lambda asked: CUT_SHORT)
    with routed(emulator, policy={**POLICY, "default": ["claude", "small"], "routes": []}) as found:
        chunks = b"".join(call(found, STREAMED_MESSAGES))
    assert b"Paris" in chunks
    assert b"event: error" not in chunks


def test_and_where_none_is_left_raises_litellms_error(emulator: Emulator) -> None:
    needs_proxys_packages(STREAMED_MESSAGES)
    emulator.by(IDS["claude"], lambda asked: CUT_SHORT)
    with routed(emulator, policy={**ONE, "default": "claude"}) as found, pytest.raises(openai.APIError) as caught:
        call(found, STREAMED_MESSAGES)
    assert caught.value.status_code in (500, 503)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("code", "name", "status"),
    [
        ("invalid_request_error", "BadRequestError", 400),
        ("authentication_error", "AuthenticationError", 401),
        ("permission_error", "InternalServerError", 500),
        ("not_found_error", "NotFoundError", 404),
        ("rate_limit_error", "RateLimitError", 429),
        ("overloaded_error", "ServiceUnavailableError", 503),
        ("timeout_error", "Timeout", 408),
        ("api_error", "InternalServerError", 500),
        (None, "InternalServerError", 500),
    ],
)
def test_an_error_in_a_stream_is_of_litellms_class(code: str | None, name: str, status: int) -> None:
    error: Any = surfaced(EventError("it broke", code), "auto")
    assert type(error) is getattr(litellm, name)
    assert error.status_code == status
    assert "it broke" in str(error)
    assert error.model == "auto"
