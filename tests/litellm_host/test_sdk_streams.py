"""Streams of a routed LiteLLM router, as LiteLLM's callers know them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from taskroute import Router
from taskroute.ports import Watch
from taskroute.types import Call, Outcome
from taskroute_litellm import install
from tests.emulator import Cut, Emulator, Fault, Stall
from tests.emulator import Say as Says
from tests.litellm_host.routers import ANSWER, IDS, MESSAGES, POLICY, QUESTION, STREAMS, Routed, Way, call, deployment, routed, told
from tests.litellm_host.test_calls import STREAMED_MESSAGES, needs_proxys_packages, record_of

litellm: Any = pytest.importorskip("litellm")

SMALL, LARGE = IDS["small"], IDS["large"]
LETS_GO = hasattr(litellm.CustomStreamWrapper, "close")
"""Whether this release of LiteLLM can close a sync stream; in older ones its connection stays until nobody holds it."""
ENDPOINTS = (*STREAMS, Way("responses", streams=True), Way("responses", is_async=True, streams=True), STREAMED_MESSAGES)


class Ends(Watch):
    """Keeps how each call ended."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def begin(self, call: Call, at: float) -> Watch:
        return self

    def decided(self, decision: Any) -> None: ...

    def step(self, step: Any, at: float) -> None: ...

    def event(self, event: Any, failure: str | None, at: float) -> None: ...

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        yield

    def finished(self, outcome: Outcome, at: float) -> None:
        self.outcomes.append(outcome)

    @property
    def statuses(self) -> list[str]:
        return [outcome.status for outcome in self.outcomes]


def text_of(chunks: Any) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def until(condition: Any) -> None:
    """Wait until something holds that another thread brings about."""
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


def connections(emulator: Emulator) -> int:
    """Return how many connections to the emulator are open at their beginning, which is in this process too."""
    table = Path("/proc/self/net/tcp")
    if not table.exists():
        pytest.skip("only Linux tells of its connections in this way")
    rows = [line.split() for line in table.read_text().splitlines()[1:]]
    return sum(row[2].endswith(f":{emulator.port:04X}") and row[3] == "01" for row in rows)


@contextlib.contextmanager
def watched(emulator: Emulator, **options: Any) -> Iterator[tuple[Routed, Ends]]:
    ends = Ends()
    with routed(emulator, options={"observers": [ends]}, **options) as found:
        yield found, ends


# What is given out


@pytest.mark.parametrize("way", STREAMS, ids=str)
def test_chunks_are_litellms_own_and_none_is_lost(emulator: Emulator, way: Way) -> None:
    with routed(emulator) as found:
        ours = call(found, way, stream_options={"include_usage": True})
        emulator.reset()
        theirs = call(found, way, "other", stream_options={"include_usage": True})
    assert [type(chunk) for chunk in ours] == [type(chunk) for chunk in theirs]
    assert [chunk.choices[0].delta.content for chunk in ours if chunk.choices] == [
        chunk.choices[0].delta.content for chunk in theirs if chunk.choices
    ]
    whole = litellm.stream_chunk_builder(ours, messages=MESSAGES)
    assert whole.choices[0].message.content == ANSWER
    assert (whole.choices[0].finish_reason, whole.usage.prompt_tokens > 0) == ("stop", True)


def test_what_litellm_keeps_beside_a_stream_can_be_read(emulator: Emulator) -> None:
    with routed(emulator) as found:
        stream = found.litellm.completion("auto", MESSAGES, stream=True, metadata={"stage": "generate"})
        assert stream._hidden_params["model_id"]
        assert stream.custom_llm_provider == "openai"
        assert list(stream)
    assert record_of(stream)["route"] == "answers"
    with pytest.raises(AttributeError):
        _ = stream.no_such_attribute


async def test_what_litellm_keeps_beside_an_async_stream_can_be_read(emulator: Emulator) -> None:
    with routed(emulator) as found:
        stream = await found.litellm.acompletion("auto", MESSAGES, stream=True, metadata={"stage": "generate"})
        assert stream._hidden_params["model_id"]
        assert [chunk async for chunk in stream]
    assert record_of(stream)["route"] == "answers"


def test_a_model_that_cannot_stream_gives_its_whole_answer(emulator: Emulator) -> None:
    plain = litellm.Router(model_list=[deployment(emulator, name) for name in IDS], model_group_alias={"auto": "small"})
    own = plain.completion

    def whole(**kwargs: Any) -> Any:
        return own(**{**kwargs, "stream": False})

    plain.completion = whole
    with install(plain, Router(POLICY, environ={})):
        (answer,) = plain.completion(model="auto", messages=MESSAGES, stream=True)
    assert answer.choices[0].message.content == ANSWER


# Failures


@pytest.mark.parametrize("way", ENDPOINTS, ids=str)
def test_an_error_comes_where_the_call_is_made(emulator: Emulator, way: Way) -> None:
    needs_proxys_packages(way)
    for model in (SMALL, LARGE):
        emulator.on(model, Fault("server_error"))
    given = {"input": QUESTION} if way.endpoint == "responses" else {"messages": MESSAGES, "max_tokens": 9}
    with routed(emulator) as found:
        method = getattr(found.litellm, way.method)
        with pytest.raises(litellm.InternalServerError):
            if way.is_async:
                asyncio.run(method(model="auto", stream=True, **given))
            else:
                method(model="auto", stream=True, **given)
    assert found.asked == ["small", "large"]


@pytest.mark.parametrize("way", ENDPOINTS, ids=str)
@pytest.mark.parametrize("breaks", [Cut(0), Cut(1), Cut(0, clean=True)], ids=["no event", "no text", "nothing, and a clean end"])
def test_a_stream_that_breaks_before_its_text_is_left_for_the_next_model(emulator: Emulator, way: Way, breaks: Cut) -> None:
    needs_proxys_packages(way)
    emulator.on(SMALL, breaks)
    with watched(emulator) as (found, ends):
        chunks = call(found, way)
    if LETS_GO or way != Way("completion", streams=True):
        assert found.asked == ["small", "large"]
    else:
        # LiteLLM itself may ask the same group anew.
        assert (found.asked[0], len(found.asked)) == ("small", 2)
    text = str([chunk.decode() if isinstance(chunk, bytes) else chunk for chunk in chunks])
    assert all(word in text for word in ANSWER.split())
    assert ends.statuses == ["answered"]


@pytest.mark.parametrize("way", STREAMS, ids=str)
@pytest.mark.parametrize("breaks", [Cut(4), Says(error_after=4)], ids=["cut", "an error in it"])
def test_a_stream_that_breaks_after_text_is_an_error_of_litellms(emulator: Emulator, way: Way, breaks: Any) -> None:
    emulator.on(SMALL, breaks)
    with watched(emulator) as (found, ends), pytest.raises(openai.OpenAIError) as caught:
        call(found, way)
    assert found.asked == ["small"]
    assert ends.statuses == ["failed"]
    assert any("the stream of 'small' broke after" in note for note in caught.value.__notes__)


# Leaving early


def _leave_sync(stream: Any, how: str) -> None:
    assert text_of([next(stream), next(stream), next(stream)])
    if how == "close":
        stream.close()
        stream.close()
    elif how == "with":
        with stream as same:
            assert same is stream


@pytest.mark.parametrize("how", ["close", "with", "collected"])
def test_leaving_a_stream_ends_the_call(emulator: Emulator, how: str) -> None:
    emulator.on(SMALL, Stall(4, 20))
    with watched(emulator) as (found, ends):
        stream = found.litellm.completion("auto", MESSAGES, stream=True)
        before = connections(emulator)
        _leave_sync(stream, how)
        del stream
        gc.collect()
        until(lambda: ends.statuses == ["cancelled"])
        assert not LETS_GO or connections(emulator) == before - 1
    assert ends.outcomes[0].tries[0].model == "small"


@pytest.mark.parametrize("how", ["aclose", "with", "collected"])
async def test_leaving_an_async_stream_ends_the_call(emulator: Emulator, how: str) -> None:
    emulator.on(SMALL, Stall(4, 20))
    with watched(emulator) as (found, ends):
        stream = await found.litellm.acompletion("auto", MESSAGES, stream=True)
        before = connections(emulator)
        got = [await anext(stream) for _ in range(3)]
        if how == "aclose":
            await stream.aclose()
            await stream.aclose()
        elif how == "with":
            async with stream as same:
                assert same is stream
        del stream
        gc.collect()
        async with asyncio.timeout(20):
            while ends.statuses != ["cancelled"]:
                await asyncio.sleep(0.01)
            # Of one that was collected, soon after the call has ended. In older releases connections of other tests are still there, and
            # may go at any time.
            while LETS_GO and connections(emulator) != before - 1:
                await asyncio.sleep(0.01)
    assert text_of(got)


async def test_a_closed_stream_has_no_more(emulator: Emulator) -> None:
    with routed(emulator) as found:
        sync = found.litellm.completion("auto", MESSAGES, stream=True)
        sync.close()
        assert list(sync) == []
        stream = await found.litellm.acompletion("auto", MESSAGES, stream=True)
        await stream.aclose()
        assert [chunk async for chunk in stream] == []


async def test_a_cancelled_reader_ends_the_call(emulator: Emulator) -> None:
    emulator.on(SMALL, Stall(4, 20))

    async def read(stream: AsyncIterator[Any], got: list[Any]) -> None:
        async for chunk in stream:
            got.append(chunk)

    with watched(emulator) as (found, ends):
        got: list[Any] = []
        stream = await found.litellm.acompletion("auto", MESSAGES, stream=True)
        task = asyncio.ensure_future(read(stream, got))
        while len(got) < 3:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ends.statuses == ["cancelled"]


async def test_many_streams_at_once_keep_apart(emulator: Emulator) -> None:
    with routed(emulator) as found:

        async def one(number: int) -> tuple[str, str]:
            stage = "generate" if number % 2 else "none"
            stream = await found.litellm.acompletion("auto", MESSAGES, stream=True, metadata={"stage": stage})
            text = text_of([chunk async for chunk in stream])
            return text, record_of(stream)["model"]

        answers = await asyncio.gather(*map(one, range(20)))
    assert answers == [(ANSWER, "large" if number % 2 else "small") for number in range(20)]


@pytest.mark.parametrize("way", [Way("text_completion", streams=True), Way("text_completion", is_async=True, streams=True)], ids=str)
def test_a_stream_of_text_may_be_left(emulator: Emulator, way: Way) -> None:
    async def leave(found: Routed) -> None:
        stream = await found.litellm.atext_completion(model="auto", prompt=QUESTION, stream=True)
        await anext(stream)
        await stream.aclose()

    emulator.on(SMALL, Stall(4, 20))
    with watched(emulator, policy=POLICY) as (found, ends):
        if way.is_async:
            asyncio.run(leave(found))
        else:
            stream = found.litellm.text_completion(model="auto", prompt=QUESTION, stream=True)
            next(stream)
            stream.close()
        assert ends.statuses == ["cancelled"]


def test_the_record_of_a_stream_of_responses_is_beside_it(emulator: Emulator) -> None:
    way = Way("responses", streams=True)
    with routed(emulator) as found:
        stream = found.litellm.responses(model="auto", input=QUESTION, stream=True, **told(found, way, stage="generate"))
        assert list(stream)
    assert record_of(stream)["model"] == "large"
