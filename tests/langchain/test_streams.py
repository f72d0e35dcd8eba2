"""Streams: a model may be changed until something has been given out, and never after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk

from taskroute.errors import AllModelsFailedError, StreamInterruptedError
from tests.langchain.fake_provider import FakeProvider
from tests.langchain.ways import STREAMS, Stage, ask, pieces


@pytest.fixture(params=STREAMS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_stream_that_breaks_before_its_first_word_goes_to_the_next_model(way: str) -> None:
    stage = Stage({"small": ("", "", ConnectionError("cut")), "large": "whole answer"})
    assert ask(way, stage.llm).text == "whole answer"
    assert stage.outcomes.tries == [("small", 0, "connection"), ("large", 0, None)]


def test_a_stream_that_breaks_after_its_first_word_says_how_much_was_given_out(way: str) -> None:
    cut = ConnectionError("cut")
    stage = Stage({"small": ("Hel", "lo", cut), "large": "no"})
    got: list[Any] = []
    with pytest.raises(StreamInterruptedError) as raised:
        got.extend(iter_into(got, pieces(way, stage.llm)))
    assert raised.value.delivered == len(got) > 0
    assert (raised.value.model, raised.value.__cause__) == ("small", cut)
    assert stage.called == ["small"]
    assert stage.outcomes.tries == [("small", 0, "connection")]
    assert stage.outcomes.last.status == "failed"


def iter_into(got: list[Any], source: Iterator[Any]) -> list[Any]:
    """Read a source into a list that keeps what came before an error."""
    for piece in source:
        got.append(piece)
    return []


def test_empty_leading_chunks_are_given_out_with_the_first_word() -> None:
    stage = Stage({"small": ("", "", "Hello")})
    contents = [chunk.content for chunk in stage.llm.stream("hi")]
    assert contents[:3] == ["", "", "Hello"]


def test_a_stream_without_a_word_goes_to_the_next_model(way: str) -> None:
    stage = Stage({"small": ("", ""), "large": "hello"})
    assert ask(way, stage.llm).text == "hello"
    assert stage.outcomes.tries == [("small", 0, "server_error"), ("large", 0, None)]


def test_a_stream_without_a_word_is_still_an_answer_where_nobody_gives_a_better_one(way: str) -> None:
    for script in ({"small": ("", "")}, {"small": ("", ""), "large": ("",)}, {"small": ("", ""), "large": ConnectionError("down")}):
        stage = Stage(script)
        assert ask(way, stage.llm).text == ""
        assert stage.called == list(script)
        assert (stage.outcomes.last.status, stage.outcomes.last.model) == ("answered", "large" if script.get("large") == ("",) else "small")


def test_no_piece_of_a_model_that_was_given_up_reaches_the_caller(way: str) -> None:
    stage = Stage({"small": ("", ConnectionError("cut")), "large": ("a", "b")})
    if way in ("stream", "astream"):
        assert [chunk.content for chunk in pieces(way, stage.llm) if chunk.content] == ["a", "b"]
    else:
        kinds = [event["event"] for event in pieces(way, stage.llm)]
        assert kinds.count("message-start") == 1
        assert kinds.count("message-finish") == 1


parts = st.lists(st.sampled_from(["", "a", "b", " c", "dé"]), max_size=4)
lines = st.builds(lambda words, cut: (*words, *([ConnectionError("cut")] if cut else [])), parts, st.booleans())


@pytest.mark.parametrize("way", ["stream", "astream"])
@settings(max_examples=40, deadline=None)
@given(scripts=st.lists(lines, min_size=1, max_size=3))
def test_whatever_breaks_the_caller_gets_one_models_words_in_order_and_once(way: str, scripts: list[tuple[Any, ...]]) -> None:
    names = ["one", "two", "three"][: len(scripts)]
    stage = Stage(dict(zip(names, scripts, strict=True)))
    got: list[str] = []
    error: Exception | None = None
    try:
        for chunk in pieces(way, stage.llm):
            got.append(str(chunk.content))
    except Exception as raised:
        error = raised
    expected, broke = _expected(scripts)
    assert [word for word in got if word] == expected
    if broke == "before" and len(scripts) == 1:
        assert isinstance(error, ConnectionError)
    else:
        wanted = {"no": type(None), "before": AllModelsFailedError, "after": StreamInterruptedError}[broke]
        assert type(error) is wanted


def _expected(scripts: list[tuple[Any, ...]]) -> tuple[list[str], str]:
    """Return the words that the caller gets, and whether the stream breaks: no, before the first word, or after it.

    A stream without a word is the answer where no other one has any.
    """
    whole = False
    for line in scripts:
        words = [part for part in line if isinstance(part, str) and part]
        cut = bool(line) and isinstance(line[-1], Exception)
        if words:
            return words, "after" if cut else "no"
        whole = whole or not cut
    return [], "no" if whole else "before"


class Watched(FakeProvider):
    """Notes when its stream is closed."""

    closed: list[str] = []

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        try:
            for word in ("a", "b", "c"):
                yield ChatGenerationChunk(message=AIMessageChunk(content=word))
        finally:
            self.closed.append("sync")

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        try:
            for word in ("a", "b", "c"):
                yield ChatGenerationChunk(message=AIMessageChunk(content=word))
        finally:
            self.closed.append("async")


def test_closing_a_stream_early_closes_the_models_and_tells_observers() -> None:
    watched = Watched(closed=[])
    stage = Stage({}, given={"small": watched})
    stream = stage.llm.stream("hi")
    assert next(stream).content == "a"
    stream.close()  # type: ignore[attr-defined]
    assert watched.closed == ["sync"]
    assert stage.outcomes.last.status == "cancelled"
    assert stage.outcomes.tries == [("small", 0, "control")]


async def test_closing_an_async_stream_early_closes_the_models_and_tells_observers() -> None:
    watched = Watched(closed=[])
    stage = Stage({}, given={"small": watched})
    stream = stage.llm.astream("hi")
    assert (await anext(stream)).content == "a"
    await stream.aclose()  # type: ignore[attr-defined]
    # LangChain's own stream leaves the model's to the event loop's clean-up, which takes a turn or two.
    for _ in range(3):
        await asyncio.sleep(0)
    assert watched.closed == ["async"]
    assert stage.outcomes.last.status == "cancelled"


async def test_closing_an_event_stream_early_closes_the_models_and_tells_observers() -> None:
    watched = Watched(closed=[])
    stage = Stage({}, given={"small": watched})
    stream = await stage.llm.astream_events("hi", version="v3")
    assert [await anext(aiter(stream.text)) for _ in range(1)] == ["a"]
    await stream.aclose()
    for _ in range(3):
        await asyncio.sleep(0)
    assert watched.closed == ["async"]
    assert stage.outcomes.last.status == "cancelled"


def test_an_event_stream_that_is_never_read_calls_nothing() -> None:
    stage = Stage({"small": "no"})
    stage.llm.stream_events("hi", version="v3")
    assert stage.called == []
    assert stage.outcomes.all == []


async def test_two_readers_of_one_event_stream_share_one_call() -> None:
    stage = Stage({"small": "one two three"})
    stream = await stage.llm.astream_events("hi", version="v3")
    text, message = await asyncio.gather(_joined(stream.text), _message(stream))
    assert text == message.text == "one two three"
    assert stage.called == ["small"]


async def _joined(words: Any) -> str:
    return "".join([word async for word in words])


async def _message(stream: Any) -> Any:
    return await stream
