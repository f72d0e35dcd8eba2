"""Answers that are kept and served by a routed `litellm.Router`: by every endpoint, sync, async and streaming."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from taskroute.stores.memory import MemoryStore
from taskroute.testing import FakeClock
from taskroute_litellm.message_stream import MessageSource
from taskroute_litellm.replies import StreamSource, reply_of
from tests.emulator import Emulator, Say
from tests.emulator.script import ToolCall
from tests.litellm_host.provided import Ends
from tests.litellm_host.routers import ANSWER, CHAT, POLICY, QUESTION, WAYS, Routed, Way, routed, told
from tests.litellm_host.routers import call as call_plainly
from tests.litellm_host.test_calls import needs_proxys_packages, record_of

litellm: Any = pytest.importorskip("litellm")

LOOK = {"name": "look", "description": "Look.", "parameters": {"type": "object", "properties": {"at": {"type": "string"}}}}
TOOLS: Mapping[str, list[dict[str, Any]]] = {
    "completion": [{"type": "function", "function": LOOK}],
    "responses": [{"type": "function", **LOOK}],
    "anthropic_messages": [{"name": "look", "description": "Look.", "input_schema": LOOK["parameters"]}],
}
MODEL = "gpt-5-mini"
KEPT = tuple(way for way in WAYS if way.endpoint in CHAT)
OF = {endpoint: [way for way in KEPT if way.endpoint == endpoint] for endpoint in CHAT}
PAIRS = tuple((one, ways[(place + 1) % len(ways)]) for ways in OF.values() for place, one in enumerate(ways))
"""Each way once as the one that stores, and once as the one that is served."""
CALLING = tuple(pair for pair in PAIRS if pair[0].endpoint in TOOLS)


@pytest.fixture(autouse=True)
def providers_of_one_test() -> Iterator[None]:
    """Take out of LiteLLM what gives out stored answers, which stays there once it was used."""
    before = [*litellm.custom_provider_map]
    yield
    litellm.custom_provider_map = before


@contextmanager
def keeping(emulator: Emulator, ends: Ends | None = None, *, options: Mapping[str, Any] | None = None, **cache: Any) -> Iterator[Routed]:
    clock = FakeClock()
    policy = {**POLICY, "cache": {"store": "memory", **cache}}
    given = {"clock": clock, "cache": MemoryStore(clock), "observers": [] if ends is None else [ends], **(options or {})}
    with routed(emulator, policy=policy, options=given) as found:
        yield found


def call(found: Routed, way: Way, **given: Any) -> Any:
    """Make a call of which nothing is left with the provider."""
    return call_plainly(found, way, **{**({"store": False} if way.endpoint == "responses" else {}), **given})


def read(way: Way, answer: Any) -> tuple[str, list[tuple[str, Any]]]:
    """Return text and calls of an answer."""
    if not way.streams:
        reply = reply_of(answer, examined=True)
    else:
        source = MessageSource(examined=True) if way.endpoint == "anthropic_messages" else StreamSource(examined=True)
        for chunk in answer:
            source.take(chunk)
        reply = source.reply()
    return reply.text, list(zip(reply.tool_calls, reply.arguments, strict=True))


def outcomes(ends: Ends) -> list[tuple[str, int]]:
    return [(outcome.cache.status if outcome.cache else "", len(outcome.tries)) for outcome in ends.outcomes]


@pytest.mark.parametrize(("first", "second"), PAIRS, ids=str)
def test_what_one_call_stored_another_is_served(emulator: Emulator, first: Way, second: Way) -> None:
    needs_proxys_packages(first)
    ends = Ends()
    emulator.by(MODEL, lambda asked: Say(ANSWER))
    with keeping(emulator, ends) as found:
        assert read(first, call(found, first))[0] == ANSWER
        assert read(second, call(found, second))[0] == ANSWER
    assert len(emulator.requests) == 1
    assert outcomes(ends) == [("miss", 1), ("hit", 0)]


@pytest.mark.parametrize(("first", "second"), CALLING, ids=str)
def test_calls_of_tools_are_served_where_the_policy_keeps_them(emulator: Emulator, first: Way, second: Way) -> None:
    needs_proxys_packages(first)
    emulator.by(MODEL, lambda asked: Say("", tools=(ToolCall("look", {"at": "Paris"}),)))
    with keeping(emulator, tool_calls=True) as found:
        for way in (first, second):
            assert read(way, call(found, way, tools=TOOLS[way.endpoint])) == ("", [("look", {"at": "Paris"})])
    assert len(emulator.requests) == 1


@pytest.mark.parametrize("way", tuple(way for way in KEPT if not way.streams), ids=str)
def test_a_served_answer_says_so_and_costs_nothing(emulator: Emulator, way: Way) -> None:
    emulator.by(MODEL, lambda asked: Say(ANSWER))
    ends = Ends()
    with keeping(emulator, ends) as found:
        first = call(found, way)
        clock: Any = found.router.clock
        clock.advance(5)
        second = call(found, way)
    paid, served = record_of(first), record_of(second)
    assert "cache_hit" not in paid
    assert (served["cache_hit"], served["cache_age_s"], served["cost"], served["attempts"]) == (True, 5.0, 0.0, 0)
    assert served["cost_saved"] == paid["cost"]
    hidden: Any = second["_hidden_params"] if isinstance(second, dict) else second._hidden_params
    assert (hidden["cache_hit"], hidden["response_cost"]) == (True, 0.0)
    assert ends.outcomes[1].cost is not None
    assert ends.outcomes[1].cost.amount == 0
    ids = [answer["id"] if isinstance(answer, dict) else answer.id for answer in (first, second)]
    assert ids[0] != ids[1]
    usage: Any = second["usage"] if isinstance(second, dict) else second.usage.model_dump()
    assert not any(count for name, count in usage.items() if name.endswith("_tokens"))


@pytest.mark.parametrize("way", tuple(way for way in KEPT if way.endpoint == "completion" and way.streams), ids=str)
def test_a_served_stream_reports_no_tokens(emulator: Emulator, way: Way) -> None:
    emulator.by(MODEL, lambda asked: Say(ANSWER))
    with keeping(emulator) as found:
        call(found, way)
        chunks = call(found, way, stream_options={"include_usage": True})
    assert len(emulator.requests) == 1
    assert [chunk.usage.total_tokens for chunk in chunks if getattr(chunk, "usage", None) is not None] == [0]


async def test_litellms_router_and_its_callbacks_hear_of_no_deployment_for_a_served_answer(emulator: Emulator) -> None:
    emulator.by(MODEL, lambda asked: Say(ANSWER))
    heard: list[tuple[Any, bool, Any]] = []
    all_heard = asyncio.Event()

    async def note(kwargs: dict[str, Any], response: Any, start: Any, end: Any) -> None:
        metadata = kwargs["litellm_params"]["metadata"] or {}
        heard.append((metadata.get("model_group"), "deployment" in metadata, kwargs["response_cost"] == 0))
        if len(heard) == 3:
            all_heard.set()

    litellm._async_success_callback.append(note)
    given: dict[str, Any] = {"model": "auto", "messages": [{"role": "user", "content": QUESTION}]}
    with keeping(emulator) as found:
        await found.litellm.acompletion(**given)
        await found.litellm.acompletion(**given)
        assert [chunk async for chunk in await found.litellm.acompletion(**given, stream=True)]
        async with asyncio.timeout(60):
            await all_heard.wait()
    assert len(emulator.requests) == 1
    assert heard == [("small", True, False), ("small", False, True), ("small", False, True)]


# What the caller says


@pytest.mark.parametrize(
    ("said", "asked", "then"),
    [
        pytest.param({}, 1, "first", id="nothing"),
        pytest.param({"cache": {"no-cache": True}}, 2, "second", id="no-cache"),
        pytest.param({"cache": {"no-store": True}}, 2, "first", id="no-store"),
        pytest.param({"cache": {"no-cache": True, "no-store": True}}, 2, "first", id="both"),
        pytest.param({"caching": False}, 2, "first", id="caching"),
        pytest.param({"metadata": {"taskroute_cache": "refresh"}}, 2, "second", id="metadata refresh"),
        pytest.param({"metadata": {"taskroute_cache": "bypass"}}, 2, "first", id="metadata bypass"),
        pytest.param({"extra_headers": {"X-Taskroute-Cache": "refresh"}}, 2, "second", id="header refresh"),
        pytest.param({"extra_headers": {"x-taskroute-cache": "Bypass"}}, 2, "first", id="header bypass"),
    ],
)
def test_a_caller_may_pass_over_what_is_stored(emulator: Emulator, said: dict[str, Any], asked: int, then: str) -> None:
    emulator.then(Say("first"), Say("second"), Say("third"))
    way = Way("completion")
    with keeping(emulator) as found:
        call(found, way)
        call(found, way, **said)
        assert len(emulator.requests) == asked
        assert read(way, call(found, way))[0] == then


def test_an_unknown_word_costs_a_warning_and_not_the_call(emulator: Emulator) -> None:
    emulator.by(MODEL, lambda asked: Say(ANSWER))
    with keeping(emulator) as found:
        with pytest.warns(RuntimeWarning, match="unknown word"):
            call(found, Way("completion"), metadata={"taskroute_cache": "sometimes"})
        call(found, Way("completion"))
    assert len(emulator.requests) == 1


def test_tenants_share_no_answers(emulator: Emulator) -> None:
    emulator.by(MODEL, lambda asked: Say(ANSWER))
    way = Way("completion")
    with keeping(emulator, scope="tenant") as found:
        for tenant in ("a", "b", "a"):
            call(found, way, **told(found, way, tenant_id=tenant))
        assert len(emulator.requests) == 2
        call(found, way)
        call(found, way)
    assert len(emulator.requests) == 4


# What is not kept


@pytest.mark.parametrize("way", tuple(way for way in KEPT if way.endpoint in TOOLS), ids=str)
def test_calls_of_tools_are_not_kept_unless_the_policy_says_so(emulator: Emulator, way: Way) -> None:
    needs_proxys_packages(way)
    emulator.by(MODEL, lambda asked: Say("", tools=(ToolCall("look", {"at": "Paris"}),)))
    with keeping(emulator) as found:
        for _ in range(2):
            call(found, way, tools=TOOLS[way.endpoint])
    assert len(emulator.requests) == 2


@pytest.mark.parametrize("way", KEPT, ids=str)
def test_a_truncated_answer_is_not_kept(emulator: Emulator, way: Way) -> None:
    needs_proxys_packages(way)
    emulator.by(MODEL, lambda asked: Say(ANSWER, finish="length"))
    with keeping(emulator) as found:
        for _ in range(2):
            call(found, way)
    assert len(emulator.requests) == 2


@pytest.mark.parametrize("way", tuple(way for way in KEPT if way.endpoint == "completion"), ids=str)
def test_thoughts_are_served_with_the_answer(emulator: Emulator, way: Way) -> None:
    emulator.by("claude-opus-5-5", lambda asked: Say(ANSWER, reasoning="Let me think."))
    with keeping(emulator) as found:
        given = {**told(found, way, stage="grade"), "thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2000}
        answers = [call(found, way, **given) for _ in range(2)]
    assert len(emulator.requests) == 1
    thoughts = [thoughts_of(way, answer) for answer in answers]
    assert thoughts[0] == thoughts[1]
    assert thoughts[0][0] == "Let me think."
    assert read(way, answers[1])[0] == ANSWER


def thoughts_of(way: Way, answer: Any) -> tuple[str, str]:
    said = [chunk.choices[0].delta for chunk in answer if chunk.choices] if way.streams else [answer.choices[0].message]
    blocks = [block for one in said for block in getattr(one, "thinking_blocks", None) or ()]
    thought = "".join(getattr(one, "reasoning_content", None) or "" for one in said)
    return thought, "".join(block.get("signature") or "" for block in blocks)


def test_several_choices_are_not_kept(emulator: Emulator) -> None:
    way = Way("text_completion")
    with keeping(emulator) as found:
        for _ in range(2):
            call(found, way, prompt=[QUESTION, QUESTION])
    assert len(emulator.requests) > 1


# What goes wrong


def test_an_entry_of_another_hosts_own_is_a_miss(emulator: Emulator) -> None:
    emulator.by(MODEL, lambda asked: Say(ANSWER))
    way = Way("completion")
    ends = Ends()
    with keeping(emulator, ends) as found:
        call(found, way)
        as_other_host(found)
        assert read(way, call(found, way))[0] == ANSWER
    assert len(emulator.requests) == 2


def as_other_host(found: Routed) -> None:
    """Have what is stored be in a form of LangChain's own."""
    from taskroute.cache.entry import UnreadableError, dumps, loads

    cache = found.router.cache
    assert cache is not None
    store = cache.store()
    assert store is not None
    for name in [*store.scan("")]:
        data = store.get(name)
        try:
            entry = loads(data or b"")
        except UnreadableError:
            continue
        store.put(name, dumps(entry._replace(answer=entry.answer._replace(host="langchain", native={"content": []}))), 3600)


def test_equal_calls_at_once_ask_the_model_once(emulator: Emulator) -> None:
    emulator.by(MODEL, lambda asked: Say(ANSWER))

    async def ask(found: Routed) -> list[Any]:
        given: dict[str, Any] = {"model": "auto", "messages": [{"role": "user", "content": QUESTION}]}
        return await asyncio.gather(*(found.litellm.acompletion(**given) for _ in range(5)))

    with keeping(emulator) as found:
        answers = asyncio.run(ask(found))
    assert {answer.choices[0].message.content for answer in answers} == {ANSWER}
    assert len({answer.id for answer in answers}) == 5
    assert len(emulator.requests) == 1


def test_a_json_answer_is_served_with_the_call_that_asked_for_its_schema(emulator: Emulator) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "city", "schema": schema, "strict": True}}
    emulator.by(MODEL, lambda asked: Say(json.dumps({"city": "Paris"})))
    way = Way("completion")
    with keeping(emulator) as found:
        texts = [read(way, call(found, way, response_format=wanted))[0] for _ in range(2)]
        call(found, way)
    assert texts == ['{"city": "Paris"}'] * 2
    assert len(emulator.requests) == 2
