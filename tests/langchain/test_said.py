"""What a model answered, in the shape of the GenAI conventions, for observers that want to hear it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.messages.tool import ToolCallChunk
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import tool
from pydantic import BaseModel

from taskroute import Router, StreamInterruptedError
from taskroute.testing import ScriptedModel
from taskroute_langchain import RoutedChatModel, RoutingMiddleware
from taskroute_langchain.testing import chat_models
from tests.langchain.fake_provider import FakeProvider
from tests.langchain.speaking import Speaker, calling, saying
from tests.langchain.telling import TOLD, Heard, heard_by
from tests.langchain.ways import STREAMS, WAYS, ask, pieces

TEXT = [{"type": "text", "content": "Good day"}]

REST = AIMessageChunk(content="", tool_call_chunks=[ToolCallChunk(name=None, args=' "x"}', id=None, index=0)])
"""The second part of a call of a tool."""


@tool
def look_up(what: str) -> str:
    """Look something up."""
    return what


class Word(BaseModel):
    """One word."""

    word: str


def scripted(script: dict[str, Any], **policy: Any) -> tuple[RoutedChatModel, Heard]:
    heard = Heard()
    given = {"models": {name: {} for name in script}, "default": list(script), "retry": {"extra": 0}, **TOLD, **policy}
    return RoutedChatModel(router=Router(given, observers=[heard], environ={}), models=chat_models(ScriptedModel(script))), heard


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_is_told_whole_whichever_way_it_came(way: str) -> None:
    llm, heard = heard_by(saying("Good ", "day"), **TOLD)
    ask(way, llm)
    assert heard.said() == [{"role": "assistant", "parts": TEXT, "finish_reason": "stop"}]


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_told_where_nobody_wants_to_hear_it(way: str) -> None:
    llm, heard = heard_by(saying("Good ", "day"))
    ask(way, llm)
    assert heard.said() is None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("more", [{}, {"fallback": {"on": ["truncated"]}}], ids=["as it comes", "held back"])
def test_calls_of_tools_are_told_with_their_arguments(way: str, more: dict[str, Any]) -> None:
    llm, heard = heard_by(saying("so: ", calling("look_up", '{"what":'), REST), **TOLD, **more)
    ask(way, llm)
    text, call = heard.parts
    assert text == {"type": "text", "content": "so: "}
    assert call == {"type": "tool_call", "id": "call_0", "name": "look_up", "arguments": {"what": "x"}}


@pytest.mark.parametrize("way", ["invoke", "stream", "astream"])
def test_thoughts_are_told_apart_from_the_answer(way: str) -> None:
    chunks = ([{"type": "thinking", "thinking": "hm", "index": 0}], [{"type": "text", "text": "Good day", "index": 1}])
    llm, heard = heard_by(saying(*chunks, model_provider="anthropic", stop_reason="end_turn"), **TOLD)
    ask(way, llm)
    assert heard.parts == [{"type": "reasoning", "content": "hm"}, *TEXT]


# Streams that do not come to their end


@pytest.mark.parametrize("way", STREAMS)
def test_of_a_stream_that_breaks_off_the_part_that_came_is_told(way: str) -> None:
    llm, heard = scripted({"a": ("Good ", "day", ConnectionError("gone"))})
    with pytest.raises(StreamInterruptedError):
        list(pieces(way, llm))
    assert heard.parts == TEXT


def test_of_a_stream_that_is_dropped_the_part_that_came_is_told() -> None:
    llm, heard = scripted({"a": "Good day to you"})
    stream = iter(llm.stream("hi"))
    next(stream)
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert heard.parts == TEXT


async def test_of_an_async_stream_that_is_dropped_the_part_that_came_is_told() -> None:
    llm, heard = scripted({"a": "Good day to you"})
    stream: Any = llm.astream("hi")
    await anext(stream)
    await anext(stream)
    await stream.aclose()
    assert heard.parts == TEXT


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_arguments_that_were_cut_off_are_told_as_they_came(way: str) -> None:
    llm, heard = heard_by(Cut(chunks=(calling("look_up", '{"what": "x'),), given=[]), **TOLD)
    with pytest.raises(StreamInterruptedError):
        list(pieces(way, llm))
    assert heard.parts == [{"type": "tool_call", "id": "call_0", "name": "look_up", "arguments": '{"what": "x'}]


class Cut(Speaker):
    """Says what it has, and loses the connection."""

    def _stream(self, *args: Any, **kwargs: Any) -> Any:
        yield from super()._stream(*args, **kwargs)
        raise ConnectionError("gone")


# More than one answer


def test_each_attempt_tells_its_own_answer() -> None:
    llm, heard = scripted({"a": ("Good ", "day", ConnectionError("gone")), "b": "bye"}, fallback={"on": ["truncated", "connection"]})
    ask("stream", llm)
    assert [heard.said(index) is None for index in range(2)] == [False, False]
    assert heard.parts == [{"type": "text", "content": "bye"}]


class Twice(FakeProvider):
    """Gives two answers."""

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text)) for text in ("one", "two")])


@pytest.mark.parametrize("way", ["generate", "agenerate"])
def test_every_choice_is_told(way: str) -> None:
    llm, heard = heard_by(Twice(), **TOLD)
    _ = llm.generate([[HumanMessage("hi")]]) if way == "generate" else asyncio.run(llm.agenerate([[HumanMessage("hi")]]))
    assert [message["parts"][0]["content"] for message in heard.said()] == ["one", "two"]


# Answers in a schema, from the cache, of an agent


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
@pytest.mark.parametrize("raw", [False, True], ids=["parsed", "with the raw message"])
def test_an_answer_in_a_schema_is_told_as_the_model_gave_it(way: str, raw: bool) -> None:
    llm, heard = heard_by(FakeProvider(), **TOLD)
    bound = llm.with_structured_output(Word, include_raw=raw)
    if way in ("invoke", "ainvoke"):
        ask(way, bound, "'yes'")
    else:
        list(pieces(way, bound, "'yes'"))
    (call,) = heard.parts
    assert (call["type"], call["name"], call["arguments"]) == ("tool_call", "Word", {"word": "yes"})


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_an_answer_that_does_not_fit_its_schema_is_told(way: str) -> None:
    llm, heard = heard_by(saying(calling("Word", '{"words": 1}')), **TOLD)
    with pytest.raises(Exception, match="word"):
        ask(way, llm.with_structured_output(Word))
    assert heard.parts[0]["arguments"] == {"words": 1}


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_of_a_stream_in_a_schema_that_breaks_off_the_part_that_came_is_told(way: str) -> None:
    llm, heard = heard_by(Cut(chunks=(calling("Word", '{"word": "ye'),), given=[]), **TOLD)
    with pytest.raises(StreamInterruptedError):
        list(pieces(way, llm.with_structured_output({"title": "Word", "description": "d", **Word.model_json_schema()})))
    assert heard.parts[0]["arguments"] == '{"word": "ye'


@pytest.mark.parametrize("way", WAYS)
def test_what_the_cache_serves_is_told_as_what_a_model_says(way: str) -> None:
    llm, heard = scripted({"a": ["Good day"]}, cache={})
    ask(way, llm)
    ask(way, llm)
    assert heard.said(0) == heard.said(1)
    assert heard.parts == TEXT


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
async def test_each_turn_of_an_agent_tells_what_its_model_says(way: str) -> None:
    heard = Heard()
    router = Router({"models": {"a": {}}, "default": ["a"], **TOLD}, observers=[heard], environ={})
    agent: Any = create_agent(
        FakeProvider(), [look_up], middleware=[RoutingMiddleware(router, models={"a": FakeProvider(answer="Good day")})]
    )
    asked = {"messages": [HumanMessage("what is 'x'?")]}
    _ = agent.invoke(asked) if way == "invoke" else await agent.ainvoke(asked)
    assert [message["parts"][0]["type"] for index in range(2) for message in heard.said(index)] == ["tool_call", "text"]
    assert heard.parts == TEXT
