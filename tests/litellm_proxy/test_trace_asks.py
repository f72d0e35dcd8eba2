"""What observers are told of a request of the proxy: what is asked, what was said, and whether it is one conversation."""

from __future__ import annotations

from typing import Any

import pytest

from taskroute_litellm.call import call_of
from tests.litellm_host.hearing import TELLS, Hears, Messages, words
from tests.litellm_proxy.acting import Acting, chunk, chunks
from tests.policies import policy

KEY = {"user_api_key_hash": "h"}
HEADERS = {"x-litellm-session-id": "thread-1"}


class Hearing(Acting):
    """A proxy whose observer asks for all that it may."""

    def __init__(self, *, tells: bool = True) -> None:
        self.hears = Hears()
        super().__init__(policy(breaker="none", **(TELLS if tells else {})))
        self.router = type(self.router)(self.router.policy, clock=self.clock, observers=[self.hears], environ={})
        self.hook.router = self.router

    @property
    def said(self) -> list[Messages | None]:
        return self.hears.said


def answer(text: str) -> dict[str, Any]:
    return {"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}]}


async def test_an_attempt_tells_of_the_deployment_that_litellm_has_taken() -> None:
    acting = Hearing()
    request = await acting.comes(temperature=0.5)
    sent = {**request, "model": "azure/gpt-5-eu", "api_base": "https://eu.example:444/v1", "api_key": "sk-secret", "seed": 7}
    sent["metadata"] = {**request["metadata"], "model_group": "small"}
    await acting.hook.async_pre_call_deployment_hook(sent, None)
    [asked] = acting.hears.sent
    assert (asked.provider, asked.model) == ("azure", "gpt-5-eu")
    assert (asked.server_address, asked.server_port) == ("eu.example", 444)
    assert (asked.temperature, asked.seed) == (0.5, 7)
    assert "sk-secret" not in repr(acting.hears.sent) + repr(acting.hears.asked)


async def test_what_a_guardrail_has_left_of_the_text_is_what_is_told() -> None:
    acting = Hearing()
    request = await acting.comes(messages=[{"role": "user", "content": "I am anna@example.com"}])
    request["messages"] = [{"role": "user", "content": "I am <EMAIL>"}]
    await acting.asks(request, "small")
    assert acting.hears.asked[0][0] == [words("I am <EMAIL>")]


async def test_a_fallback_tells_of_its_own_deployment() -> None:
    acting = Hearing()
    request = await acting.comes()
    await acting.asks(request, "small")
    await acting.fails(request, TimeoutError())
    await acting.asks(request, "large", fallbacks=1)
    assert [asked.model for asked in acting.hears.sent] == ["small", "large"]


async def test_a_whole_answer_is_told() -> None:
    acting = Hearing()
    request = await acting.comes()
    await acting.asks(request, "small")
    await acting.answers(request, answer("ho"))
    [[message]] = acting.said  # type: ignore[misc]
    assert message["parts"] == [{"type": "text", "content": "ho"}]


async def test_a_stream_is_told() -> None:
    acting = Hearing()
    request = await acting.comes(stream=True)
    await acting.asks(request, "small")
    _ = [piece async for piece in acting.streams(request, chunks("one ", "two"))]
    assert acting.hears.calls[0].streams
    [[message]] = acting.said  # type: ignore[misc]
    assert message["parts"] == [{"type": "text", "content": "one two"}]


@pytest.mark.parametrize("ends", ["broken", "left"])
async def test_of_a_stream_that_does_not_end_the_part_that_came_is_told(ends: str) -> None:
    acting = Hearing()
    request = await acting.comes(stream=True)
    await acting.asks(request, "small")
    stream = acting.streams(request, chunks("one ", "two", then=ConnectionError() if ends == "broken" else None))
    assert await anext(stream) == chunk("one ")
    if ends == "left":
        await stream.aclose()
    else:
        with pytest.raises(ConnectionError):
            _ = [piece async for piece in stream]
    [[message]] = acting.said  # type: ignore[misc]
    assert message["parts"] == [{"type": "text", "content": "one " if ends == "left" else "one two"}]


async def test_nothing_is_told_where_no_content_is_wanted() -> None:
    acting = Hearing(tells=False)
    for request, streams in ((await acting.comes(), False), (await acting.comes(stream=True), True)):
        await acting.asks(request, "small")
        if streams:
            _ = [piece async for piece in acting.streams(request, chunks("one ", "two"))]
        else:
            await acting.answers(request, answer("ho"))
    assert acting.said == [None, None]


# What LiteLLM's own callback does beside


@pytest.mark.parametrize(
    ("callbacks", "metrics", "known"), [([], "true", (False, False)), (["otel"], "true", (True, True)), (["otel"], "", (True, False))]
)
async def test_it_is_known_whether_litellm_tells_the_same(
    monkeypatch: pytest.MonkeyPatch, callbacks: list[Any], metrics: str, known: tuple[bool, bool]
) -> None:
    monkeypatch.setattr("litellm.callbacks", callbacks)
    monkeypatch.setenv("LITELLM_OTEL_INTEGRATION_ENABLE_METRICS", metrics)
    acting = Hearing()
    await acting.comes()
    [call] = acting.hears.calls
    assert (call.traced, call.measured) == known


# Conversations


def conversation(endpoint: Any = "completion", **arguments: Any) -> str | None:
    return call_of(endpoint, {"model": "auto", "messages": [], **arguments}).conversation


@pytest.mark.parametrize(
    "arguments",
    [
        {"metadata": {"session_id": "thread-1"}},
        {"litellm_session_id": "thread-1"},
        {"litellm_metadata": {"session_id": "thread-1", **KEY}, "metadata": {"user_id": "u"}},
        {"metadata": {"session_id": "thread-1", "trace_id": "thread-1", "headers": HEADERS, **KEY}, "litellm_session_id": "thread-1"},
        {"metadata": {"session_id": "thread-1", "headers": {"baggage": "session.id=thread-1"}, **KEY}},
    ],
)
def test_a_session_that_the_caller_has_named_is_the_conversation(arguments: dict[str, Any]) -> None:
    assert conversation(**arguments) == "thread-1"


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"litellm_trace_id": "3f6a"},
        {"metadata": {"trace_id": "3f6a"}},
        # As a proxy with `missing_session_id: generate` leaves it.
        {"metadata": {"session_id": "3f6a", "litellm_session_id_generated": True, **KEY}, "litellm_session_id": "3f6a"},
        # As a proxy leaves it that was sent the id of a trace.
        {
            "metadata": {"session_id": "3f6a", "trace_id": "3f6a", "headers": {"X-LiteLLM-Trace-Id": "3f6a"}, **KEY},
            "litellm_session_id": "3f6a",
            "litellm_trace_id": "3f6a",
        },
    ],
)
def test_what_litellm_made_up_and_what_names_a_trace_is_no_conversation(arguments: dict[str, Any]) -> None:
    assert conversation(**arguments) is None
