"""Streams whose answer is examined are held back, no longer than is said; and no odd model can break that."""

from __future__ import annotations

import threading
import warnings
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph

from taskroute import Router
from taskroute.testing import FakeClock
from taskroute_langchain import RoutedChatModel, wrap
from tests.langchain.speaking import Speaker, saying
from tests.langchain.test_escalation import AS_JSON, FITS, escalating, failures
from tests.langchain.ways import STREAMS, WAYS, Stage, ask, pieces


@pytest.fixture(params=STREAMS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Gated(Speaker):
    """Makes its second piece only when it is told to."""

    gate: Any

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        for number, chunk in enumerate(super()._stream(*args, **kwargs)):
            assert number == 0 or self.gate.wait(5.0), "nobody has had the first piece"
            yield chunk


def gated(*contents: str) -> Gated:
    return Gated(chunks=tuple(AIMessageChunk(content=content) for content in contents), given=[], gate=threading.Event())


def read_in_turn(way: str, stage: Stage, model: Gated) -> list[str]:
    """Return the words of a stream; its model goes on when the first of them is there."""
    found: list[str] = []
    for word in words(way, pieces(way, stage.llm)):
        found.append(word)
        model.gate.set()
    return found


class Slow(Speaker):
    """Takes a second for each chunk."""

    clock: Any

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        for chunk in super()._stream(*args, **kwargs):
            self.clock.advance(1.0)
            yield chunk


def words(way: str, source: Iterator[Any]) -> Iterator[str]:
    """Yield the text of each piece that has any."""
    for piece in source:
        text = piece.text if way in ("stream", "astream") else piece.get("delta", {}).get("text", "")
        if text:
            yield text


def test_without_opt_in_the_first_piece_is_given_out_before_the_next_is_made(way: str) -> None:
    model = gated("one", " two", " three")
    stage = Stage({"large": "no"}, given={"small": model}, default=["small", "large"])
    assert read_in_turn(way, stage, model) == ["one", " two", " three"]


def test_a_held_stream_is_given_out_once_it_is_whole_and_good(way: str) -> None:
    model: Any = saying("one", " two", " three")
    stage = escalating(model, "truncated")
    source = words(way, pieces(way, stage.llm))
    assert next(source) == "one"
    assert len(model.given) == 4
    assert list(source) == [" two", " three"]
    assert failures(stage) == [("small", None)]


def test_the_last_model_s_stream_is_not_held_back(way: str) -> None:
    model = gated("one", " two", " three")
    stage = Stage({"small": ConnectionError("down")}, given={"large": model}, fallback={"on": ["connection", "truncated"]})
    assert read_in_turn(way, stage, model) == ["one", " two", " three"]


def test_what_is_held_for_too_long_is_given_out_as_it_comes_and_unexamined(way: str) -> None:
    clock = FakeClock()
    chunks = (*(AIMessageChunk(content=f" {number}") for number in range(6)), _cut_off())
    model = Slow(chunks=chunks, given=[], clock=clock)
    fallback = {"on": ["truncated"], "hold": "3s"}
    router = Router({"models": {"small": {}, "large": {}}, "default": ["small", "large"], "fallback": fallback}, clock=clock, environ={})
    source = words(way, pieces(way, RoutedChatModel(router=router, models={"small": model, "large": saying("no")})))
    assert next(source) == " 0"
    # LangChain reads ahead where events are async.
    assert 3 <= len(model.given) <= (4 if way != "aevents" else 7)
    assert list(source) == [" 1", " 2", " 3", " 4", " 5"]


def _cut_off() -> AIMessageChunk:
    return AIMessageChunk(content="", response_metadata={"finish_reason": "length"})


def test_the_time_that_the_caller_takes_does_not_count_against_the_hold() -> None:
    stage = escalating(saying("a", " b", " c", finish="length"), "truncated", second="fine")
    got = []
    for piece in stage.llm.stream("hi"):
        stage.clock.advance(60.0)
        got.append(piece.text)
    assert "".join(got) == "fine"


# Odd models


def test_a_fake_of_langchain_s_own_works_held_or_not() -> None:
    for each in WAYS:
        for on in ([], ["truncated", "refusal", "invalid_output"]):
            fake = GenericFakeChatModel(messages=iter([AIMessage("one two")]))
            stage = Stage({"large": "no"}, given={"small": fake}, default=["small", "large"], fallback={"on": [*on, "server_error"]})
            assert ask(each, stage.llm).text == "one two"


def test_a_model_whose_stream_is_of_plain_strings_is_given_out_as_it_is() -> None:
    class Texts(Speaker):
        def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
            return self | StrOutputParser()

    @tool
    def look_up(what: str) -> str:
        """Look up."""
        return what

    model = Texts(chunks=(AIMessageChunk(content="a"), AIMessageChunk(content="b")), given=[])
    for on in (["server_error"], ["truncated", "refusal", "invalid_output"]):
        stage = Stage({"large": "no"}, given={"small": model}, default=["small", "large"], fallback={"on": on})
        bound: Any = stage.llm.bind_tools([look_up])
        assert list(bound.stream("hi")) == ["a", "b", ""]
        assert bound.invoke("hi") == "ab"
        assert stage.called == []


MIXED: list[Any] = ["plain", {"type": "text", "text": " block"}, {"no": "type"}, {"type": 7}]
"""What content may be, and what it should not be."""


@pytest.mark.parametrize("each", WAYS)
def test_mixed_and_broken_content_is_an_answer(each: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stage = escalating(saying(MIXED, finish="stop"), "truncated", "refusal", "invalid_output", "low_confidence")
        try:
            direct = ask(each, saying(MIXED, finish="stop"))
        except Exception as error:
            # What LangChain's own events cannot carry, no more can ours.
            with pytest.raises(type(error)):
                ask(each, stage.llm)
            return
        assert ask(each, stage.llm).content == direct.content
    assert stage.called == []


class Unmergeable(Speaker):
    """Streams in its own way, and its chunks cannot be added up."""

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        for value in (1.5, "a", [2]):
            yield AIMessageChunk(content=str(value), response_metadata={"odd": value})

    async def astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        for chunk in self.stream():
            yield chunk


@pytest.mark.parametrize("each", ["stream", "astream"])
@pytest.mark.parametrize("on", ["truncated", "refusal", "invalid_output"])
def test_chunks_that_cannot_be_added_up_cost_a_warning_and_not_the_call(each: str, on: str) -> None:
    stage = escalating(Unmergeable(chunks=(), given=[]), on)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        got = [chunk.text for chunk in pieces(each, stage.llm.bind(response_format=AS_JSON))]
    assert got == ["1.5", "a", "[2]"]
    assert failures(stage) == [("small", None)]


@pytest.mark.parametrize("each", WAYS)
def test_a_function_of_old_in_additional_kwargs_is_an_answer(each: str) -> None:
    old = AIMessageChunk(content="", additional_kwargs={"function_call": {"name": "look_up", "arguments": "{}"}})
    stage = escalating(saying(old), "refusal")
    ask(each, stage.llm)
    assert failures(stage) == [("small", None)]


# What was there before


def test_a_batch_falls_back_for_each_that_needs_it() -> None:
    stage = escalating("no", "invalid_output", second=FITS)
    answers = stage.llm.bind(response_format=AS_JSON).batch(["a", "b", "c"])
    assert [answer.text for answer in answers] == [FITS] * 3
    assert [answer.response_metadata["taskroute"]["fallback_reason"] for answer in answers] == ["invalid_output"] * 3


def test_langchain_s_fallbacks_around_it_take_over_when_all_of_ours_failed() -> None:
    stage = Stage({"small": ConnectionError("a"), "large": ConnectionError("b")}, fallback={"on": ["connection", "truncated"]})
    around = stage.llm.with_fallbacks([saying("the spare one")])
    assert around.invoke("hi").text == "the spare one"
    assert "".join(chunk.text for chunk in around.stream("hi")) == "the spare one"


async def test_a_graph_streams_the_messages_of_the_model_that_was_good_enough_last() -> None:
    stage = escalating("half", "truncated")
    poor = escalating(saying("half", finish="length"), "truncated", second="whole answer")

    async def node(state: MessagesState) -> Any:
        return {"messages": [await poor.llm.ainvoke(state["messages"])]}

    graph = StateGraph(MessagesState).add_node("answer", node).add_edge(START, "answer").add_edge("answer", END).compile()
    state = await graph.ainvoke({"messages": [HumanMessage("hi")]})
    assert state["messages"][-1].text == "whole answer"
    assert stage.llm.invoke("hi").text == "half"


def test_a_wrapped_chain_escalates() -> None:
    poor = saying("half", finish="length")
    chain = poor | StrOutputParser()
    router = Router({"models": {"small": {}, "large": {}}, "default": ["small", "large"], "fallback": {"on": ["truncated"]}}, environ={})
    wrapped = wrap(chain, router, models={"small": poor, "large": saying("whole")})
    assert wrapped.invoke("hi") == "whole"
    assert "".join(wrapped.stream("hi")) == "whole"
    assert RunnableLambda(wrapped.invoke).invoke("hi") == "whole"
