"""Structured output from kept answers: by the chosen provider's own way, from the message that it once gave."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from datetime import date
from typing import Any, ClassVar

import httpx
import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ToolStrategy
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator
from typing_extensions import TypedDict

from taskroute_langchain.testing import ScriptedChatModel
from tests.langchain.cached import caching, record_of
from tests.langchain.listening import Listener
from tests.langchain.speaking import calling, saying

WAYS = ("invoke", "ainvoke", "stream", "astream")


class Point(BaseModel):
    """A point on a line."""

    x: int


class Place(TypedDict):
    """A place on a line."""

    x: int


_SCHEMAS: dict[str, Any] = {"pydantic": Point, "typed dict": Place, "json": {**Point.model_json_schema(), "title": "Point"}}


def ask(way: str, runnable: Any, prompt: str = "where?") -> Any:
    """Return what a structured runnable gives: of a stream the last, with the raw message in one mapping."""

    async def streamed() -> list[Any]:
        return [part async for part in runnable.astream(prompt)]

    if way == "invoke":
        return runnable.invoke(prompt)
    if way == "ainvoke":
        return asyncio.run(runnable.ainvoke(prompt))
    parts: list[Any] = list(runnable.stream(prompt)) if way == "stream" else asyncio.run(streamed())
    if any(isinstance(part, dict) and "raw" in part for part in parts):
        return {key: part[key] for part in parts for key in part}
    return parts[-1] if parts else None


def plain(answer: Any) -> Any:
    return answer.model_dump() if isinstance(answer, BaseModel) else answer


class Wire:
    """A provider behind an HTTP client of its package's, which counts its requests."""

    def __init__(self, body: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self.requests: list[dict[str, Any]] = []
        self._body = body

    def answer(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        self.requests.append(asked)
        return httpx.Response(200, json=self._body(asked))


def _said_by_openai(asked: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": '{"x": 3}', "refusal": None}
    if asked.get("tools"):
        call = {"id": "call_1", "type": "function", "function": {"name": asked["tools"][0]["function"]["name"], "arguments": '{"x": 3}'}}
        message = {"role": "assistant", "content": None, "refusal": None, "tool_calls": [call]}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-5-2025",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if asked.get("tools") else "stop", "logprobs": None}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 9},
    }


def openai(wire: Wire) -> BaseChatModel:
    transport: Any = httpx.MockTransport(wire.answer)
    return ChatOpenAI(model="gpt-5", api_key="k", http_client=httpx.Client(transport=transport), max_retries=0)  # type: ignore[arg-type]


@pytest.mark.parametrize("include_raw", [False, True], ids=["parsed", "with raw"])
@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
@pytest.mark.parametrize("kind", _SCHEMAS)
def test_openais_structured_output_is_served_as_it_was_given(kind: str, method: str, include_raw: bool) -> None:
    wire = Wire(_said_by_openai)
    stage = caching({}, given={"gpt": openai(wire)})
    runnable = stage.llm.with_structured_output(_SCHEMAS[kind], method=method, include_raw=include_raw)

    given, served = runnable.invoke("where? in JSON"), runnable.invoke("where? in JSON")
    in_a_stream = ask("stream", runnable, "where? in JSON")

    assert len(wire.requests) == 1
    if include_raw:
        assert (served["parsing_error"], in_a_stream["parsing_error"]) == (None, None)
        assert record_of(served["raw"])["cache_hit"] is True
        assert served["raw"].id != given["raw"].id
        given, served, in_a_stream = given["parsed"], served["parsed"], in_a_stream["parsed"]
    assert type(served) is type(given)
    assert plain(served) == plain(given) == plain(in_a_stream) == {"x": 3}


@pytest.mark.parametrize("include_raw", [False, True], ids=["parsed", "with raw"])
@pytest.mark.parametrize("then", WAYS)
@pytest.mark.parametrize("first", WAYS)
def test_an_answer_in_one_form_is_served_in_another(first: str, then: str, include_raw: bool) -> None:
    said = AIMessage(
        "", tool_calls=[{"name": "Point", "args": {"x": 3}, "id": "call_1"}], response_metadata={"finish_reason": "tool_calls"}
    )
    stage = caching({"small": said})
    runnable = stage.llm.with_structured_output(Point, include_raw=include_raw)
    ask(first, runnable)

    served = ask(then, runnable)

    assert stage.called == ["small"]
    assert (served["parsed"] if include_raw else served) == Point(x=3)
    assert stage.outcomes.last.is_cached


def test_the_raw_message_is_kept_so_that_either_form_is_served() -> None:
    said = AIMessage("", tool_calls=[{"name": "Point", "args": {"x": 3}, "id": "call_1"}])
    stage = caching({"small": said})
    stage.llm.with_structured_output(Point).invoke("where?")

    served: Any = stage.llm.with_structured_output(Point, include_raw=True).invoke("where?")

    assert stage.called == ["small"]
    assert (served["parsed"], served["parsing_error"]) == (Point(x=3), None)


def test_a_schema_and_its_options_are_in_the_key() -> None:
    class Other(BaseModel):
        """Another one."""

        x: int

    said = [AIMessage("", tool_calls=[{"name": name, "args": {"x": 3}, "id": "call_1"}]) for name in ("Point", "Other", "Point")]
    stage = caching({"small": said})

    stage.llm.with_structured_output(Point).invoke("where?")
    stage.llm.with_structured_output(Other).invoke("where?")

    assert stage.called == ["small"] * 2
    assert stage.llm.with_structured_output(Point, method="function_calling").invoke("where?") == Point(x=3)
    assert stage.called == ["small"] * 3


@pytest.mark.parametrize("include_raw", [False, True], ids=["parsed", "with raw"])
@pytest.mark.parametrize("way", WAYS)
def test_an_answer_that_does_not_fit_is_not_kept(way: str, include_raw: bool) -> None:
    wrong = AIMessage("", tool_calls=[{"name": "Point", "args": {"x": "far"}, "id": "call_1"}])
    right = AIMessage("", tool_calls=[{"name": "Point", "args": {"x": 3}, "id": "call_2"}])
    stage = caching({"small": [wrong, right]})
    runnable = stage.llm.with_structured_output(Point, include_raw=include_raw)

    with contextlib.suppress(ValidationError):
        ask(way, runnable)
    served = ask(way, runnable)

    assert (served["parsed"] if include_raw else served) == Point(x=3)
    assert stage.called == ["small", "small"]


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_half_a_stream_that_can_be_parsed_is_not_kept(way: str) -> None:
    half = saying(calling("Point", '{"x": 3}'), finish=None, model_provider="anthropic")
    stage = caching({}, given={"small": half})
    runnable = stage.llm.with_structured_output(Point)

    assert [ask(way, runnable), ask(way, runnable)] == [Point(x=3)] * 2
    assert not stage.outcomes.last.is_cached


def test_the_run_of_a_served_answer_counts_nothing() -> None:
    said = AIMessage(
        "",
        tool_calls=[{"name": "Point", "args": {"x": 3}, "id": "call_1"}],
        usage_metadata={"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
        response_metadata={"model_name": "scripted-1"},
    )
    stage = caching({"small": said})
    listener, counter = Listener(), UsageMetadataCallbackHandler()
    runnable = stage.llm.with_structured_output(Point)
    runnable.invoke("where?", {"callbacks": [counter]})

    runnable.invoke("where?", {"callbacks": [counter, listener]})

    assert counter.usage_metadata["scripted-1"]["total_tokens"] == 7
    assert [run.metadata["taskroute_cache"] for run in listener.all] == ["hit"]


class _Closed(ScriptedChatModel):
    """A model whose structured output hides it in a function."""

    def with_structured_output(self, schema: Any, *, include_raw: bool = False, **kwargs: Any) -> Any:
        def parsed(given: Any) -> Point:
            return Point(x=int(self.invoke(given).text))

        return RunnableLambda(parsed)


def test_a_chain_that_cannot_be_looked_into_asks_its_model() -> None:
    stage = caching({"small": "3"})
    llm = stage.llm.model_copy(update={"models": {"small": _Closed(script=stage.script, model_name="small")}})
    llm = type(llm)(router=stage.router, models=llm.models)
    runnable = llm.with_structured_output(Point)

    assert [runnable.invoke("where?"), runnable.invoke("where?")] == [Point(x=3)] * 2
    assert stage.called == ["small", "small"]


class Strict(BaseModel):
    """A day, which only JSON may say as a text."""

    model_config = ConfigDict(strict=True)

    when: date


def _says_a_day(asked: dict[str, Any]) -> dict[str, Any]:
    body = _said_by_openai(asked)
    body["choices"][0]["message"]["content"] = '{"when": "2026-01-02"}'
    return body


@pytest.mark.parametrize("way", WAYS)
def test_what_openais_package_parsed_on_the_way_is_parsed_from_a_served_answer_too(way: str) -> None:
    wire = Wire(_says_a_day)
    stage = caching({}, given={"gpt": openai(wire)})
    runnable = stage.llm.with_structured_output(Strict, method="json_schema", include_raw=True)

    given, served = runnable.invoke("when?"), ask(way, runnable, "when?")

    assert len(wire.requests) == 1
    assert given["parsed"] == served["parsed"] == Strict(when=date(2026, 1, 2))
    assert served["parsing_error"] is None
    assert given["raw"].additional_kwargs["parsed"] == served["raw"].additional_kwargs["parsed"] == given["parsed"]


@pytest.mark.parametrize("method", ["json_schema", "json_mode"])
def test_a_schema_that_is_no_class_has_no_parsed_object_beside_its_raw_message(method: str) -> None:
    stage = caching({}, given={"gpt": openai(Wire(_said_by_openai))})
    runnable = stage.llm.with_structured_output(Place, method=method, include_raw=True)

    given, served = (runnable.invoke("where? in JSON") for _ in range(2))

    assert record_of(served["raw"])["cache_hit"] is True
    assert served["raw"].additional_kwargs.get("parsed") is given["raw"].additional_kwargs.get("parsed") is None


class Picky(BaseModel):
    """A point, of which the program may come to refuse some."""

    x: int

    refused: ClassVar[set[int]] = set()

    @field_validator("x")
    @classmethod
    def _is_wanted(cls, x: int) -> int:
        if x in cls.refused:
            raise ValueError("no longer wanted")
        return x


@pytest.mark.parametrize("include_raw", [False, True], ids=["parsed", "with raw"])
@pytest.mark.parametrize("way", WAYS)
def test_a_served_answer_that_does_not_fit_is_asked_for_again_and_replaced(way: str, include_raw: bool) -> None:
    Picky.refused = set()
    points: list[Any] = [AIMessage("", tool_calls=[{"name": "Picky", "args": {"x": x}, "id": "call_1"}]) for x in (1, 2, 3)]
    stage = caching({"small": points})
    runnable = stage.llm.with_structured_output(Picky, include_raw=include_raw)
    ask(way, runnable)
    Picky.refused = {1}

    answers = [ask(way, runnable) for _ in range(2)]

    assert [each["parsed"] if include_raw else each for each in answers] == [Picky(x=2)] * 2
    assert len(stage.called) == 2


@pytest.mark.parametrize(("tool_calls", "asked"), [(False, 2), (True, 1)])
def test_an_agent_over_a_routed_model_answers_in_a_schema_by_a_call_of_a_tool(tool_calls: bool, asked: int) -> None:
    point: Any = AIMessage(
        "", tool_calls=[{"name": "Point", "args": {"x": 3}, "id": "call_1"}], response_metadata={"finish_reason": "stop"}
    )
    stage = caching({"small": point}, cache={"tool_calls": tool_calls})
    agent: Any = create_agent(model=stage.llm, tools=[], response_format=ToolStrategy(Point))

    answers = [agent.invoke({"messages": [("user", "where?")]})["structured_response"] for _ in range(2)]

    assert answers == [Point(x=3)] * 2
    assert len(stage.called) == asked
