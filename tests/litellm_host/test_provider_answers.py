"""A policy behind plain `litellm.completion`: what comes back, and what LiteLLM makes of it."""

from __future__ import annotations

import asyncio
import json
import queue
from typing import Any

import pytest

from taskroute import NoEligibleModelError
from tests.emulator import Cut, Emulator, Fault, Say, Stall, ToolCall

litellm: Any = pytest.importorskip("litellm")
openai: Any = pytest.importorskip("openai")

from litellm.integrations.custom_logger import CustomLogger  # noqa: E402

from taskroute_litellm.asked import own_metadata  # noqa: E402
from taskroute_litellm.closing import aclose, close  # noqa: E402
from tests.litellm_host.provided import MESSAGES, TOOLS, USAGE, Calls, Ends, ask, asked, ends, routed  # noqa: E402

__all__ = ["ask", "ends", "routed"]


# Answers


def test_a_stream_has_the_chunks_of_the_model_and_its_usage(ask: Calls, emulator: Emulator) -> None:
    emulator.on("gpt-4o-mini", Say("one two three", input=11, output=3))
    chunks = ask(stream=True, **USAGE)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "one two three"
    assert {chunk.model for chunk in chunks[:3]} == {"gpt-4o-mini"}
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason] == ["stop"]
    usage = next(chunk.usage for chunk in chunks if getattr(chunk, "usage", None))
    assert (usage.prompt_tokens, usage.completion_tokens) == (11, 3)


def test_a_stream_has_its_record_beside_the_first_chunk_once_it_has_ended(ask: Calls, emulator: Emulator) -> None:
    emulator.on("gpt-4o-mini", Say("one two", input=10, output=5))
    record = ask(stream=True, **USAGE)[0]._hidden_params["taskroute"]
    assert (record["model"], record["cost"]) == ("small", pytest.approx(20e-6))


def test_a_stream_keeps_tool_calls(ask: Calls, emulator: Emulator) -> None:
    emulator.on("gpt-4o-mini", Say(tools=(ToolCall("look", {"at": "Paris"}),)))
    chunks = ask(stream=True, tools=TOOLS)
    deltas = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    assert deltas[0].function.name == "look"
    assert json.loads("".join(call.function.arguments or "" for call in deltas)) == {"at": "Paris"}
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


def test_a_stream_keeps_what_was_thought(ask: Calls, emulator: Emulator) -> None:
    emulator.on("claude-sonnet-4-5", Say("hey", reasoning="hm"))
    chunks = ask("taskroute/claude", stream=True)
    assert "".join(getattr(chunk.choices[0].delta, "reasoning_content", None) or "" for chunk in chunks) == "hm"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "hey"


@pytest.mark.parametrize("is_async", [False, True])
def test_embeddings_are_routed_too(is_async: bool, routed: Any, emulator: Emulator) -> None:
    given: dict[str, Any] = {"model": "taskroute/auto", "input": ["a", "b"], "metadata": {"stage": "embed"}}
    answer = asyncio.run(litellm.aembedding(**given)) if is_async else litellm.embedding(**given)
    assert [len(each["embedding"]) > 0 for each in answer.data] == [True, True]
    assert emulator.requests[0].body["model"] == "text-embedding-3-small"
    assert answer._hidden_params["taskroute"]["route"] == "vectors"


# Failures


def test_the_last_models_own_error_is_raised_with_a_note_of_every_try(ask: Calls, emulator: Emulator) -> None:
    emulator.on("gpt-4o-mini", Fault("server_error")).on("gpt-4o", Fault("rate_limit"))
    with pytest.raises(litellm.RateLimitError) as caught:
        ask()
    assert caught.value.status_code == 429
    assert "1. small: server_error" in caught.value.__notes__[0]
    assert "2. large: rate_limit" in caught.value.__notes__[0]


def test_a_sync_stream_raises_the_models_error_where_the_call_is_made(routed: Any, emulator: Emulator) -> None:
    emulator.on("gpt-4o-mini", Fault("rate_limit")).on("gpt-4o", Fault("rate_limit"))
    with pytest.raises(litellm.RateLimitError):
        litellm.completion(model="taskroute/auto", messages=MESSAGES, stream=True)


async def test_an_async_stream_raises_at_its_first_chunk_with_the_models_error_inside(routed: Any, emulator: Emulator) -> None:
    emulator.on("gpt-4o-mini", Fault("rate_limit")).on("gpt-4o", Fault("rate_limit"))
    stream = await litellm.acompletion(model="taskroute/auto", messages=MESSAGES, stream=True)
    with pytest.raises(openai.APIError) as caught:
        await anext(stream)
    assert caught.value.status_code == 429
    assert isinstance(caught.value.original_exception, litellm.RateLimitError)


def test_a_bad_request_is_not_tried_elsewhere(ask: Calls, emulator: Emulator) -> None:
    emulator.on("gpt-4o-mini", Fault("bad_request"))
    with pytest.raises(litellm.BadRequestError):
        ask()
    assert asked(emulator) == ["gpt-4o-mini"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_that_no_model_may_answer_is_forbidden_with_the_reasons(stream: bool, routed: Any, ask: Calls, emulator: Emulator) -> None:
    routed(require=[{"when": {"sensitive": True}, "labels": ["private"]}])
    with pytest.raises(litellm.PermissionDeniedError, match="no model may answer this call") as caught:
        ask(messages=[{"role": "user", "content": "I am ann@example.com"}], stream=stream)
    assert caught.value.status_code == 403
    assert isinstance(caught.value.__cause__, NoEligibleModelError)
    assert "small" in str(caught.value)
    assert emulator.requests == []


def test_a_key_that_is_missing_is_named(routed: Any, ask: Calls, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KEY")
    with pytest.raises(litellm.BadRequestError, match=r"models\.small\.api_key_env: the environment variable 'KEY' is not set"):
        ask("taskroute/small")


def test_a_stream_that_breaks_says_so_and_no_other_model_goes_on(ask: Calls, emulator: Emulator) -> None:
    emulator.on("gpt-4o-mini", Cut(4, say=Say("one two three four five six")))
    with pytest.raises(openai.APIError):
        ask(stream=True)
    assert asked(emulator) == ["gpt-4o-mini"]


# What LiteLLM logs


class Events(queue.SimpleQueue[Any]):
    """What LiteLLM's callbacks are told, in the order in which they are."""

    def success(self, kwargs: Any, response: Any, start: Any, end: Any) -> None:
        self.put(("success", kwargs["model"], kwargs["response_cost"], response.usage.total_tokens))

    def failure(self, kwargs: Any, response: Any, start: Any, end: Any) -> None:
        self.put(("failure", kwargs["model"], type(kwargs["exception"]).__name__, None))


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Events:
    told = Events()
    monkeypatch.setattr(litellm, "success_callback", [told.success])
    monkeypatch.setattr(litellm, "failure_callback", [told.failure])
    return told


def test_litellm_logs_each_call_once_with_the_cost_of_the_answer(routed: Any, events: Events, emulator: Emulator) -> None:
    emulator.on("gpt-4o", *[Say("one", input=100, output=10)] * 2)
    given: dict[str, Any] = {"model": "taskroute/auto", "messages": MESSAGES, "metadata": {"stage": "generate"}}
    answers = [litellm.completion(**given), litellm.completion(**given)]
    told = [events.get(timeout=30) for _ in answers]
    cost = litellm.completion_cost(model="gpt-4o", completion_response=answers[0])
    assert cost > 0
    assert told == [("success", "auto", pytest.approx(cost), 110)] * 2
    assert [answer._hidden_params["response_cost"] for answer in answers] == [pytest.approx(cost)] * 2


async def test_litellm_logs_an_async_stream_once_with_the_cost_of_the_answer(
    routed: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: asyncio.Queue[Any] = asyncio.Queue()
    mark = object()

    class Logger(CustomLogger):
        async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
            # Of other loops that have ended, what was left to log is logged on this one.
            if kwargs["litellm_params"]["metadata"].get("mark") is mark:
                told.put_nowait((kwargs["model"], kwargs["response_cost"], response_obj.usage.total_tokens))

    for name in (
        "callbacks",
        "input_callback",
        "success_callback",
        "failure_callback",
        "_async_success_callback",
        "_async_failure_callback",
    ):
        # LiteLLM copies a callback from list to list.
        monkeypatch.setattr(litellm, name, [Logger()] if name == "callbacks" else [])
    emulator.on("gpt-4o-mini", Say("one", input=100, output=10))
    stream = await litellm.acompletion(model="taskroute/auto", messages=MESSAGES, stream=True, metadata={"mark": mark}, **USAGE)
    assert [chunk async for chunk in stream]
    answer = await litellm.acompletion(model="taskroute/large", messages=MESSAGES, metadata={"mark": mark})
    events = {model: rest for model, *rest in [await told.get(), await told.get()]}
    assert events["auto"] == [pytest.approx(100 * 0.15e-6 + 10 * 0.6e-6), 110]
    assert events["large"][0] == pytest.approx(litellm.completion_cost(model="gpt-4o", completion_response=answer))


def test_litellm_logs_a_failed_call_once_and_a_failed_attempt_never(routed: Any, events: Events, emulator: Emulator) -> None:
    emulator.on("gpt-4o-mini", *[Fault("server_error")] * 2).on("gpt-4o", Fault("rate_limit"))
    with pytest.raises(litellm.RateLimitError):
        litellm.completion(model="taskroute/auto", messages=MESSAGES)
    litellm.completion(model="taskroute/auto", messages=MESSAGES)
    assert sorted(str(events.get(timeout=30)[:2]) for _ in range(2)) == ["('failure', 'auto')", "('success', 'auto')"]
    assert events.empty()


def test_an_attempt_is_no_call_of_the_router_or_proxy_around_it(routed: Any, emulator: Emulator) -> None:
    """Else its tokens would count twice against the deployment and the key."""
    deployment = {"model_name": "any", "litellm_params": {"model": "taskroute/auto"}}
    answer = litellm.Router(model_list=[deployment]).completion(
        model="any", messages=MESSAGES, metadata={"stage": "generate", "user_api_key_hash": "h"}
    )
    assert answer._hidden_params["taskroute"]["stage"] == "generate"
    written = {"stage": "x", "user_api_key_hash": "h", "user_api_key_team_id": "t", "model_group": "g", "deployment": "d", "tags": ["a"]}
    assert own_metadata(written) == {"stage": "x", "tags": ["a"]}


# Dropped calls


def test_a_sync_stream_that_is_closed_early_ends_the_call(routed: Any, emulator: Emulator, ends: Ends) -> None:
    emulator.on("gpt-4o-mini", Stall(4))
    stream = litellm.completion(model="taskroute/auto", messages=MESSAGES, stream=True)
    next(stream)
    close(stream)
    assert [outcome.status for outcome in ends.outcomes] == ["cancelled"]


async def test_an_async_stream_that_is_closed_early_ends_the_call(routed: Any, emulator: Emulator, ends: Ends) -> None:
    emulator.on("gpt-4o-mini", Stall(4))
    stream = await litellm.acompletion(model="taskroute/auto", messages=MESSAGES, stream=True)
    await anext(stream)
    await aclose(stream)
    assert [outcome.status for outcome in ends.outcomes] == ["cancelled"]


async def test_a_call_that_is_cancelled_ends_as_cancelled(routed: Any, emulator: Emulator, ends: Ends) -> None:
    came = asyncio.Event()
    loop = asyncio.get_running_loop()

    def rule(asked: Any) -> Any:
        loop.call_soon_threadsafe(came.set)
        return Stall(0)

    emulator.by("gpt-4o-mini", rule)
    task = asyncio.create_task(litellm.acompletion(model="taskroute/auto", messages=MESSAGES))
    await came.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [outcome.status for outcome in ends.outcomes] == ["cancelled"]
