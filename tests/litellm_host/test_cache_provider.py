"""Answers that are kept and served by `taskroute/auto`; and shared with LangChain."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

litellm: Any = pytest.importorskip("litellm")

from taskroute import Router  # noqa: E402
from taskroute.stores.memory import MemoryStore  # noqa: E402
from taskroute_litellm import register, unregister  # noqa: E402
from taskroute_litellm.replaying import PROVIDER  # noqa: E402
from taskroute_litellm.versions import installed  # noqa: E402
from tests.emulator import Emulator, Say  # noqa: E402
from tests.emulator.script import ToolCall  # noqa: E402
from tests.litellm_host.provided import MESSAGES, TOOLS, USAGE, Calls, Ends, ask, ends, policy, routed  # noqa: E402

__all__ = ["ask", "ends", "routed"]

QUESTION = MESSAGES[0]["content"]
COUNTS_ZERO = installed() >= (1, 108)
"""Older versions of LiteLLM count the tokens of a stream that says it used none."""
STORED = {"cache": {"store": "memory"}}


@pytest.fixture(autouse=True)
def providers_of_one_test() -> Iterator[None]:
    """Take out of LiteLLM what gives out stored answers, which stays there once it was used."""
    before = [*litellm.custom_provider_map]
    yield
    litellm.custom_provider_map = before


@pytest.fixture
def keeps(routed: Any) -> Router:
    found: Router = routed(cache={"store": "memory", "tool_calls": True})
    return found


@pytest.mark.usefixtures("keeps")
@pytest.mark.parametrize("streams", [False, True])
def test_the_second_call_is_served(emulator: Emulator, ends: Ends, ask: Calls, keeps: Router, streams: bool) -> None:
    register(keeps)
    emulator.by("gpt-4o-mini", lambda asked: Say("Paris."))
    first = ask()
    found = ask(stream=True) if streams else ask()
    text = "".join(chunk.choices[0].delta.content or "" for chunk in found) if streams else found.choices[0].message.content
    assert text == "Paris."
    assert len(emulator.requests) == 1
    assert [(outcome.cache.status, len(outcome.tries)) for outcome in ends.outcomes if outcome.cache] == [("miss", 1), ("hit", 0)]
    record = (found[0] if streams else found)._hidden_params["taskroute"]
    assert (record["cache_hit"], record["cost"]) == (True, 0.0)
    if not streams:
        assert found.id != first.id
        assert found.usage.total_tokens == 0
        assert found._hidden_params["response_cost"] == 0.0


@pytest.mark.parametrize("streams", [False, True])
def test_calls_of_tools_survive(emulator: Emulator, ask: Calls, keeps: Router, streams: bool) -> None:
    register(keeps)
    emulator.by("gpt-4o-mini", lambda asked: Say("", tools=(ToolCall("look", {"at": "Paris"}),)))
    first = ask(tools=TOOLS)
    found = ask(tools=TOOLS, stream=True) if streams else ask(tools=TOOLS)
    parts = [chunk.choices[0].delta for chunk in found] if streams else [found.choices[0].message]
    calls = [call for part in parts for call in part.tool_calls or ()]
    assert [(call.function.name, call.function.arguments.replace(" ", "")) for call in calls] == [("look", '{"at":"Paris"}')]
    reasons = {chunk.choices[0].finish_reason for chunk in found} if streams else {found.choices[0].finish_reason}
    assert "tool_calls" in reasons
    assert calls[0].id != first.choices[0].message.tool_calls[0].id
    assert len(emulator.requests) == 1


@pytest.mark.usefixtures("keeps")
@pytest.mark.parametrize("streams", [False, True])
def test_nothing_is_called_for_what_is_stored(emulator: Emulator, ask: Calls, keeps: Router, streams: bool) -> None:
    register(keeps)
    emulator.by("gpt-4o-mini", lambda asked: Say("Paris."))
    ask()
    ask(**({"stream": True} if streams else {}))
    assert len(emulator.requests) == 1
    assert PROVIDER not in [entry["provider"] for entry in litellm.custom_provider_map]


@pytest.mark.parametrize("streams", [False, True])
def test_an_answer_that_litellms_rules_forbid_by_now_is_asked_for_anew(
    emulator: Emulator, ask: Calls, keeps: Router, streams: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(keeps)
    emulator.by("gpt-4o-mini", lambda asked: Say("Lyon." if len(emulator.requests) < 2 else "Paris."))
    ask()
    monkeypatch.setattr(litellm, "post_call_rules", [lambda text: "Lyon" not in text])
    how: dict[str, Any] = {"stream": True} if streams else {}
    for _ in range(2):
        said = ask(**how)
        text = (
            "".join(chunk.choices[0].delta.content or "" for chunk in said if chunk.choices) if streams else said.choices[0].message.content
        )
        assert text == "Paris."
    assert len(emulator.requests) == 2


@pytest.mark.parametrize("said", [{}, USAGE], ids=["", "usage"])
def test_a_served_stream_is_one_of_litellms(emulator: Emulator, ask: Calls, keeps: Router, said: dict[str, Any]) -> None:
    register(keeps)
    emulator.by("gpt-4o-mini", lambda asked: Say("Paris is the capital of France."))
    ask()
    chunks = ask(stream=True, **said)
    assert len({chunk.id for chunk in chunks}) == 1
    counted = [chunk.usage.total_tokens for chunk in chunks if getattr(chunk, "usage", None) is not None]
    assert len(counted) == len(said)
    if COUNTS_ZERO:
        assert not any(counted)
    answered = [chunk for chunk in chunks if chunk.choices]
    assert [chunk.choices[0].finish_reason for chunk in answered if chunk.choices[0].finish_reason] == ["stop"]
    assert answered[0].choices[0].delta.role == "assistant"
    hidden = answered[0]._hidden_params
    assert (hidden["cache_hit"], hidden["response_cost"], hidden["custom_llm_provider"]) == (True, 0.0, PROVIDER)


async def test_callbacks_hear_once_of_what_is_served_and_at_no_cost(emulator: Emulator, keeps: Router) -> None:
    register(keeps)
    emulator.by("gpt-4o-mini", lambda asked: Say("Paris."))
    told: list[tuple[str, Any]] = []
    all_told = asyncio.Event()

    async def note(kwargs: dict[str, Any], response: Any, start: Any, end: Any) -> None:
        told.append((kwargs["call_type"], kwargs["response_cost"]))
        if len(told) == 5:
            all_told.set()

    litellm._async_success_callback.append(note)
    await litellm.acompletion(model="taskroute/auto", messages=MESSAGES)
    await litellm.acompletion(model="taskroute/auto", messages=MESSAGES)
    assert [chunk async for chunk in await litellm.acompletion(model="taskroute/auto", messages=MESSAGES, stream=True)]
    await litellm.atext_completion(model="taskroute/auto", prompt=QUESTION)
    await litellm.aresponses(model="taskroute/auto", input=QUESTION, store=False)
    async with asyncio.timeout(60):
        await all_told.wait()
    assert len(emulator.requests) == 1
    assert sorted(of for of, cost in told if cost == 0) == ["acompletion", "acompletion", "aresponses", "atext_completion"]
    assert sorted(of for of, cost in told if cost != 0) == ["acompletion"]


# With LangChain


@pytest.mark.parametrize("first", ["langchain", "litellm"])
@pytest.mark.parametrize("is_async", [False, True])
def test_langchain_and_litellm_share_what_is_stored(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, first: str, is_async: bool
) -> None:
    chat_models: Any = pytest.importorskip("taskroute_langchain")
    pytest.importorskip("langchain_openai")
    monkeypatch.setenv("KEY", "sk-emulated")
    emulator.by("gpt-4o-mini", lambda asked: Say("Paris."))
    router = Router(policy(emulator, **STORED), environ={"KEY": "sk-emulated"}, cache=MemoryStore())
    register(router)
    model = chat_models.RoutedChatModel(router=router)

    def by_langchain() -> str:
        return str(asyncio.run(model.ainvoke(QUESTION)).content if is_async else model.invoke(QUESTION).content)

    def by_litellm() -> str:
        given: dict[str, Any] = {"model": "taskroute/auto", "messages": MESSAGES}
        answer: Any = asyncio.run(litellm.acompletion(**given)) if is_async else litellm.completion(**given)
        return str(answer.choices[0].message.content)

    ways = [by_langchain, by_litellm] if first == "langchain" else [by_litellm, by_langchain]
    try:
        assert [way() for way in ways] == ["Paris.", "Paris."]
    finally:
        unregister()
    assert len(emulator.requests) == 1
