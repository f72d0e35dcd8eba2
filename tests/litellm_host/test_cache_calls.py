"""Calls of a routed `litellm.Router` that the cache has a part in, or none: by what they say, and by what else there is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from taskroute import Router
from taskroute.stores.memory import MemoryStore
from taskroute.testing import FakeClock
from taskroute_litellm import install, register, uninstall, unregister
from taskroute_litellm.replaying import PROVIDER
from tests.emulator import Emulator, Fault, Say
from tests.emulator.script import ToolCall
from tests.litellm_host.routers import ANSWER, ONE, POLICY, QUESTION, Way, call, routed
from tests.litellm_host.test_cache_sdk import KEPT, MODEL, TOOLS, keeping, providers_of_one_test
from tests.litellm_host.test_calls import needs_proxys_packages, record_of

__all__ = ["providers_of_one_test"]

litellm: Any = pytest.importorskip("litellm")
openai: Any = pytest.importorskip("openai")

WHOLE = Way("completion")
ASKED: dict[str, Any] = {"model": "auto", "messages": [{"role": "user", "content": QUESTION}]}


@pytest.fixture
def litellms_cache() -> Iterator[Any]:
    """Give LiteLLM a cache of its own."""
    from litellm.caching.caching import Cache
    from litellm.types.caching import LiteLLMCacheType

    before = litellm.cache
    litellm.cache = Cache(type=LiteLLMCacheType.LOCAL)
    yield litellm.cache
    litellm.cache = before


# What has no part in it


def test_a_call_with_a_client_of_its_own_is_no_call_for_others(emulator: Emulator) -> None:
    emulator.then(Say("mine"), Say("mine again"), Say("everybody's"))
    with keeping(emulator) as found, openai.OpenAI(base_url=f"{emulator.url}/v1", api_key="none", max_retries=0) as own:
        for _ in range(2):
            call(found, WHOLE, client=own)
        assert call(found, WHOLE).choices[0].message.content == "everybody's"


@pytest.mark.parametrize(("said", "asked"), [({}, 2), ({"store": True}, 2), ({"store": False}, 1)])
@pytest.mark.parametrize("way", [way for way in KEPT if way.endpoint == "responses"], ids=str)
def test_a_response_is_served_where_the_provider_keeps_none(emulator: Emulator, way: Way, said: dict[str, Any], asked: int) -> None:
    emulator.by(MODEL, lambda asked: Say(ANSWER))
    with keeping(emulator) as found:
        for _ in range(2):
            call(found, way, **said)
    assert len(emulator.requests) == asked


# Beside LiteLLM's own cache


@pytest.mark.usefixtures("litellms_cache")
@pytest.mark.parametrize("way", KEPT, ids=str)
def test_litellms_own_cache_has_no_part_in_a_call_that_ours_has_one_in(emulator: Emulator, way: Way) -> None:
    needs_proxys_packages(way)
    emulator.by(MODEL, lambda asked: Say(ANSWER))
    given: dict[str, Any] = {"store": False} if way.endpoint == "responses" else {}
    with routed(emulator, policy={**POLICY, "cache": {"store": "memory"}}, cache_responses=True) as found:
        call(found, way, **given)
        call(found, way, **given, extra_headers={"x-taskroute-cache": "refresh"})
    assert len(emulator.requests) == 2


@pytest.mark.usefixtures("litellms_cache")
def test_an_answer_from_litellms_own_cache_closes_no_circuit_and_counts_in_no_latency(emulator: Emulator) -> None:
    pytest.importorskip("fastapi", reason="a hit in LiteLLM's cache needs the packages of its proxy")
    clock = FakeClock()
    emulator.then(Say(ANSWER), Fault("server_error"), Say(ANSWER))
    policy = {**ONE, "breaker": {"failures": 1, "rate": 0.1, "cooldown": "10s"}}
    with routed(emulator, policy=policy, options={"clock": clock}, cache_responses=True) as found:
        call(found, WHOLE)
        before = found.router.health()["small"]
        with pytest.raises(litellm.InternalServerError):
            call(found, WHOLE, cache={"no-cache": True})
        clock.advance(20)
        assert call(found, WHOLE).choices[0].message.content == ANSWER
        after = found.router.health()["small"]
        assert after.latency == before.latency
        assert after.state != "closed"
        call(found, WHOLE, cache={"no-cache": True})
        assert found.router.health()["small"].state == "closed"


# What a call wishes


def test_a_namespace_of_a_call_keeps_its_answers_apart(emulator: Emulator) -> None:
    emulator.by(MODEL, lambda asked: Say(ANSWER))
    with keeping(emulator) as found:
        for name in ("a", "b", "a", "b"):
            call(found, WHOLE, cache={"namespace": name})
        assert len(emulator.requests) == 2
        call(found, WHOLE)
    assert len(emulator.requests) == 3


@pytest.mark.parametrize("word", ["s-maxage", "s-max-age", "ttl"])
def test_a_call_may_say_how_old_an_answer_may_be(emulator: Emulator, word: str) -> None:
    emulator.by(MODEL, lambda asked: Say(ANSWER))
    with keeping(emulator, ttl="1h") as found:
        call(found, WHOLE)
        clock: Any = found.router.clock
        clock.advance(30)
        call(found, WHOLE, cache={word: 60})
        assert len(emulator.requests) == 1
        call(found, WHOLE, cache={word: 20})
        assert len(emulator.requests) == 2


def test_an_answer_is_kept_no_longer_than_its_call_says(emulator: Emulator) -> None:
    emulator.by(MODEL, lambda asked: Say(ANSWER))
    with keeping(emulator, ttl="1h") as found:
        call(found, WHOLE, cache={"ttl": 60})
        clock: Any = found.router.clock
        clock.advance(61)
        call(found, WHOLE)
    assert len(emulator.requests) == 2


def test_a_wish_that_is_not_understood_costs_a_warning_and_the_cache(emulator: Emulator) -> None:
    emulator.by(MODEL, lambda asked: Say(ANSWER))
    with keeping(emulator) as found:
        call(found, WHOLE)
        with pytest.warns(RuntimeWarning, match="cache= of a call wishes"):
            call(found, WHOLE, cache={"ttl": "soon"})
        for wish in ({"ttl": True}, {"ttl": float("nan")}, {"namespace": 1}, {"stale-ok": True}):
            call(found, WHOLE, cache=wish)
    assert len(emulator.requests) == 6


@pytest.mark.parametrize("age", [0, -1])
def test_no_age_at_all_is_a_bypass(emulator: Emulator, age: int) -> None:
    emulator.by(MODEL, lambda asked: Say(ANSWER))
    with keeping(emulator) as found:
        for _ in range(2):
            call(found, WHOLE, cache={"ttl": age})
    assert len(emulator.requests) == 2


# Who hears of it


async def test_who_was_not_to_hear_of_a_call_hears_of_no_served_one(emulator: Emulator) -> None:
    emulator.by(MODEL, lambda asked: Say(ANSWER))
    heard: list[Any] = []
    last = asyncio.Event()

    async def note(kwargs: Mapping[str, Any], response: Any, start: Any, end: Any) -> None:
        heard.append(kwargs["messages"][0]["content"])
        if heard[-1] == "the last":
            last.set()

    litellm._async_success_callback.append(note)
    with keeping(emulator) as found:
        for _ in range(2):
            await found.litellm.acompletion(**ASKED, **{"no-log": True})
        # What is logged is logged in order.
        await found.litellm.acompletion(model="auto", messages=[{"role": "user", "content": "the last"}])
        async with asyncio.timeout(15):
            await last.wait()
    assert heard == ["the last"]
    assert len(emulator.requests) == 2


async def test_who_is_named_with_a_call_hears_of_a_served_one(emulator: Emulator) -> None:
    emulator.by(MODEL, lambda asked: Say(ANSWER))
    heard: asyncio.Queue[Any] = asyncio.Queue()

    async def note(kwargs: Mapping[str, Any], response: Any, start: Any, end: Any) -> None:
        await heard.put((response.choices[0].message.content, kwargs["standard_callback_dynamic_params"].get("langfuse_host")))

    with keeping(emulator) as found:
        async with asyncio.timeout(15):
            for _ in range(2):
                # LiteLLM empties the list that it is given.
                await found.litellm.acompletion(**ASKED, success_callback=[note], langfuse_host="http://127.0.0.1:1")
                assert await heard.get() == (ANSWER, "http://127.0.0.1:1")
    assert len(emulator.requests) == 1


# What is served


def test_a_text_that_was_streamed_is_served_under_the_name_of_its_model(emulator: Emulator) -> None:
    emulator.by(MODEL, lambda asked: Say(ANSWER))
    with keeping(emulator) as found:
        (named,) = {chunk.model for chunk in call(found, Way("text_completion", streams=True))}
        assert call(found, Way("text_completion")).model == named == MODEL


def test_a_served_call_of_a_tool_has_the_fields_of_one_of_a_model(emulator: Emulator) -> None:
    emulator.by(MODEL, lambda asked: Say("", tools=(ToolCall("look", {"at": "Paris"}), ToolCall("look", {}))))
    with keeping(emulator, tool_calls=True) as found:
        answers = [call(found, WHOLE, tools=TOOLS["completion"]) for _ in range(2)]
    paid, served = ([sorted(one.model_dump()) for one in answer.choices[0].message.tool_calls] for answer in answers)
    assert paid == served
    assert record_of(answers[1])["cache_hit"] is True


# What is left behind


def has_provider() -> bool:
    return any(entry["provider"] == PROVIDER for entry in litellm.custom_provider_map)


def test_what_gives_out_stored_answers_goes_with_its_last_user(emulator: Emulator) -> None:
    emulator.by(MODEL, lambda asked: Say(ANSWER))
    clock = FakeClock()
    with routed(emulator) as other:
        with keeping(emulator) as found:
            for _ in range(2):
                call(found, WHOLE)
            assert has_provider()
        assert has_provider()
        register(Router({"models": {"small": {"model": "openai:gpt-5-mini"}}, "default": "small"}))
        uninstall(other.litellm)
        # A policy behind `litellm.completion` gives out its own.
        assert not has_provider()
        unregister()
        policy = {**POLICY, "cache": {"store": "memory"}}
        with install(other.litellm, Router(policy, clock=clock, cache=MemoryStore(clock))):
            for _ in range(2):
                call(other, WHOLE)
            assert has_provider()
    assert not has_provider()
    assert len(emulator.requests) == 2
