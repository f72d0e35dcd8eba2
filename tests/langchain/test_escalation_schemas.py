"""Structured answers, and the user's own check: what does not fit, or scores too low, goes to the next model."""

from __future__ import annotations

import asyncio
import functools
import warnings
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, TypedDict

import pytest
from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.runnables import Runnable, RunnableGenerator
from pydantic import BaseModel

from tests.emulator import Emulator, Say, ToolCall
from tests.langchain.speaking import Speaker, calling, saying
from tests.langchain.test_escalation import SCHEMA, failures
from tests.langchain.ways import WAYS, Stage, ask

PLAIN_WAYS = ("invoke", "ainvoke", "stream", "astream")


class City(BaseModel):
    """A city."""

    name: str
    people: int


class CityDict(TypedDict):
    """A city."""

    name: str
    people: int


SHAPES: Mapping[str, Any] = {"pydantic": City, "typed dict": CityDict, "JSON schema": SCHEMA}
FITS = calling("City", '{"name": "Rome", "people": 3}'), calling("CityDict", '{"name": "Rome", "people": 3}')
UNFIT = {
    "no call at all": saying("It is Rome."),
    "a field that is missing": '{"name": "Rome"}',
    "a wrong type": '{"name": "Rome", "people": "many"}',
    "no JSON": '{"name": "Rome", "peo',
}


@pytest.fixture(params=PLAIN_WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def structured(way: str, runnable: Runnable[Any, Any]) -> Any:
    """Return the last thing that a structured call gives out."""
    if way == "invoke":
        return runnable.invoke("hi")
    if way == "ainvoke":
        return asyncio.run(runnable.ainvoke("hi"))
    return given(way, runnable)[-1]


def given(way: str, runnable: Runnable[Any, Any]) -> list[Any]:
    async def gather() -> list[Any]:
        return [piece async for piece in runnable.astream("hi")]

    return list(runnable.stream("hi")) if way == "stream" else asyncio.run(gather())


def named(shape: str) -> str:
    return "CityDict" if shape == "typed dict" else "City"


def plain(answer: Any) -> dict[str, Any]:
    return answer.model_dump() if isinstance(answer, BaseModel) else dict(answer)


@pytest.mark.parametrize("what", UNFIT)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_structured_answer_that_does_not_fit_goes_to_the_next_model(way: str, shape: str, what: str) -> None:
    first: Any = UNFIT[what]
    if isinstance(first, str):
        first = saying(calling(named(shape), first))
    stage = Stage(
        {},
        given={"small": first, "large": saying(calling(named(shape), '{"name": "Rome", "people": 3}'))},
        fallback={"on": ["invalid_output", "server_error"]},
    )
    assert plain(structured(way, stage.llm.with_structured_output(SHAPES[shape]))) == {"name": "Rome", "people": 3}
    assert failures(stage)[0][1] in ("invalid_output", "server_error")
    assert failures(stage)[1] == ("large", None)


@pytest.mark.parametrize("what", UNFIT)
@pytest.mark.parametrize("shape", SHAPES)
def test_so_does_one_that_comes_with_its_raw_message(shape: str, what: str) -> None:
    for way in PLAIN_WAYS:
        first: Any = UNFIT[what]
        if isinstance(first, str):
            first = saying(calling(named(shape), first))
        large = saying(calling(named(shape), '{"name": "Rome", "people": 3}'))
        stage = Stage({}, given={"small": first, "large": large}, fallback={"on": ["invalid_output"]})
        runnable = stage.llm.with_structured_output(SHAPES[shape], include_raw=True)
        if way in ("invoke", "ainvoke"):
            answer = structured(way, runnable)
        else:
            pieces = given(way, runnable)
            assert "It is Rome" not in repr(pieces)
            answer = {key: value for piece in pieces for key, value in piece.items()}
        assert plain(answer["parsed"]) == {"name": "Rome", "people": 3}, way
        assert answer["parsing_error"] is None
        assert failures(stage) == [("small", "invalid_output"), ("large", None)]


def test_a_value_below_the_minimum_or_not_in_the_list_does_not_fit(way: str) -> None:
    for arguments in ('{"name": "Rome", "people": 0}', '{"name": "Rome", "people": 3, "size": "huge"}'):
        large = saying(calling("City", '{"name": "Rome", "people": 3, "size": "big"}'))
        stage = Stage({}, given={"small": saying(calling("City", arguments)), "large": large}, fallback={"on": ["invalid_output"]})
        assert structured(way, stage.llm.with_structured_output(SCHEMA))["size"] == "big"


def test_nothing_of_an_object_that_ends_up_unfit_is_given_out() -> None:
    for way in ("stream", "astream"):
        small = saying(calling("City", '{"name": "wrong"'), AIMessageChunk(content="", tool_call_chunks=[_more(', "people": -5}')]))
        large = saying(calling("City", '{"name": "right", "people": 3}'))
        stage = Stage({}, given={"small": small, "large": large}, fallback={"on": ["invalid_output"]})
        pieces = given(way, stage.llm.with_structured_output(SCHEMA))
        assert pieces[-1] == {"name": "right", "people": 3}
        assert "wrong" not in repr(pieces)


def _more(arguments: str) -> Any:
    return {"name": None, "args": arguments, "id": None, "index": 0, "type": "tool_call_chunk"}


class Parsing(Speaker):
    """A model with a parser of its own, which gives out a part and then fails."""

    def with_structured_output(self, schema: Any, *, include_raw: bool = False, **kwargs: Any) -> Any:
        def parsed(chunks: Iterator[Any]) -> Iterator[Any]:
            for _ in chunks:
                yield {"name": "wrong"}
            raise OutputParserException("cannot be read")

        async def aparsed(chunks: AsyncIterator[Any]) -> AsyncIterator[Any]:
            async for _ in chunks:
                yield {"name": "wrong"}
            raise OutputParserException("cannot be read")

        return self | RunnableGenerator(parsed, aparsed)


def test_a_parser_that_fails_in_the_middle_of_a_held_stream_goes_to_the_next_model(way: str) -> None:
    small = Parsing(chunks=(AIMessageChunk(content="a"), AIMessageChunk(content="b")), given=[])
    large = saying(calling("City", '{"name": "right", "people": 3}'))
    stage = Stage({}, given={"small": small, "large": large}, fallback={"on": ["invalid_output"]})
    assert structured(way, stage.llm.with_structured_output(SCHEMA)) == {"name": "right", "people": 3}
    assert failures(stage) == [("small", "invalid_output"), ("large", None)]


def test_where_nothing_fits_the_last_answer_or_error_is_the_caller_s() -> None:
    stage = Stage(
        {}, given={"small": saying("It is Rome."), "large": saying(calling("City", '{"name": "x"}'))}, fallback={"on": ["invalid_output"]}
    )
    answer = stage.llm.with_structured_output(City, include_raw=True).invoke("hi")
    assert answer["parsed"] is None
    assert stage.outcomes.last.status == "answered"


# The same with a real client, in each of its ways


@pytest.fixture(scope="module")
def live() -> Iterator[Emulator]:
    with Emulator().running() as emulator:
        yield emulator


@functools.cache
def clients(url: str) -> dict[str, BaseChatModel]:
    """Return two real clients, made once: that takes longer than a call."""
    from langchain_openai import ChatOpenAI

    key: Any = "none"
    return {name: ChatOpenAI(model=name[0], api_key=key, base_url=f"{url}/v1", max_retries=0) for name in ("small", "large")}


BAD = '{"name": "Rome"}'
GOOD = '{"name": "Rome", "people": 3}'


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_real_client_s_structured_answers_are_examined_whatever_its_method(live: Emulator, shape: str, method: str) -> None:
    for way, include_raw in (("invoke", False), ("ainvoke", True), ("stream", True), ("astream", False), ("stream", False)):
        live.reset()
        if method == "function_calling":
            live.on("s", Say(tools=(ToolCall(named(shape), {"name": "Rome"}),)))
            live.on("l", Say(tools=(ToolCall(named(shape), {"name": "Rome", "people": 3}),)))
        else:
            live.on("s", Say(BAD))
            live.on("l", Say(GOOD))
        stage = Stage({}, given=clients(live.url), fallback={"on": ["invalid_output"]})
        runnable = stage.llm.with_structured_output(SHAPES[shape], method=method, include_raw=include_raw)
        if way in ("invoke", "ainvoke"):
            answer = structured(way, runnable)
        else:
            pieces = given(way, runnable)
            answer = {key: value for piece in pieces for key, value in piece.items()} if include_raw else pieces[-1]
        assert plain(answer["parsed"] if include_raw else answer) == {"name": "Rome", "people": 3}, way
        assert failures(stage) == [("small", "invalid_output"), ("large", None)], way
        assert live.left == 0


@pytest.mark.parametrize("include_raw", [False, True])
def test_a_real_client_s_refusal_of_a_structured_answer_goes_to_the_next_model(live: Emulator, include_raw: bool) -> None:
    for way in ("invoke", "ainvoke"):
        live.reset()
        live.on("s", Say(refusal="I cannot.")).on("l", Say(GOOD))
        stage = Stage({}, given=clients(live.url), fallback={"on": ["refusal"]})
        answer = structured(way, stage.llm.with_structured_output(City, method="json_schema", include_raw=include_raw))
        assert plain(answer["parsed"] if include_raw else answer)["people"] == 3
        assert failures(stage) == [("small", "refusal"), ("large", None)]


# The user's own check


def checked(script: Any, scores: Mapping[str, Any], *, is_async: bool = False, seen: list[Any] | None = None) -> Stage:
    """Return a stage whose check scores each text as is said."""

    def check(answer: Any) -> Any:
        if seen is not None:
            seen.append(answer)
        return scores[answer.text]

    async def acheck(answer: Any) -> Any:
        await asyncio.sleep(0)
        return check(answer)

    return Stage(script, check=acheck if is_async else check, fallback={"on": ["low_confidence"]})


@pytest.mark.parametrize("each", WAYS)
def test_an_answer_that_the_check_scores_too_low_goes_to_the_next_model(each: str) -> None:
    seen: list[Any] = []
    stage = checked({"small": "poor thing", "large": "fine"}, {"poor thing": 0.2}, seen=seen)
    answer = ask(each, stage.llm)
    assert answer.text == "fine"
    assert all(isinstance(one, AIMessage) for one in seen)
    assert failures(stage) == [("small", "low_confidence"), ("large", None)]
    assert stage.outcomes.last.tries[0].score == 0.2
    assert answer.response_metadata["taskroute"]["fallback_reason"] == "low_confidence"


@pytest.mark.parametrize("each", ["ainvoke", "astream", "aevents"])
def test_an_async_check_is_awaited(each: str) -> None:
    stage = checked({"small": "poor", "large": "fine"}, {"poor": False}, is_async=True)
    assert ask(each, stage.llm).text == "fine"


@pytest.mark.parametrize("each", ["invoke", "stream", "events"])
def test_an_async_check_of_a_sync_call_costs_a_warning_and_the_answer_stands(each: str) -> None:
    stage = checked({"small": "poor", "large": "fine"}, {"poor": False}, is_async=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        assert ask(each, stage.llm).text == "poor"


@pytest.mark.parametrize("each", WAYS)
def test_a_check_that_fails_costs_a_warning_and_the_answer_stands(each: str) -> None:
    stage = checked({"small": "unknown", "large": "fine"}, {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        assert ask(each, stage.llm).text == "unknown"


@pytest.mark.parametrize("include_raw", [False, True])
def test_the_check_of_a_structured_answer_gets_what_the_caller_would(way: str, include_raw: bool) -> None:
    poor, fine = (saying(calling("City", f'{{"name": "{name}", "people": 3}}')) for name in ("poor", "fine"))
    seen: list[Any] = []

    def check(answer: Any) -> float:
        seen.append(answer)
        return 0.9 if "fine" in repr(answer["parsed"] if include_raw else answer) else 0.1

    llm = Stage({}, given={"small": poor, "large": fine}, check=check, fallback={"on": ["low_confidence"]}).llm
    answer = (
        given(way, llm.with_structured_output(SCHEMA, include_raw=include_raw))
        if way.endswith("stream")
        else [structured(way, llm.with_structured_output(SCHEMA, include_raw=include_raw))]
    )
    assert "fine" in repr(answer)
    assert "poor" not in repr(answer)
    # The better one is looked at too: it might be worse.
    assert len(seen) == 2


def test_generate_and_batch_are_checked_each_for_itself() -> None:
    stage = checked({"small": ["poor", "good", "poor", "good"], "large": "fine"}, {"poor": 0, "good": 1})
    result = stage.llm.generate([[HumanMessage("a")], [HumanMessage("b")]])
    assert [generations[0].text for generations in result.generations] == ["fine", "good"]
    assert sorted(answer.text for answer in stage.llm.batch(["a", "b"])) == ["fine", "good"]


async def test_agenerate_is_checked_each_for_itself() -> None:
    stage = checked({"small": ["poor", "good"], "large": "fine"}, {"poor": 0, "good": 1}, is_async=True)
    result = await stage.llm.agenerate([[HumanMessage("a")], [HumanMessage("b")]])
    assert sorted(generations[0].text for generations in result.generations) == ["fine", "good"]


@pytest.mark.parametrize("include_raw", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_whichever_way_an_answer_does_not_fit_it_was_paid_for_and_a_stronger_model_is_next(way: str, shape: str, include_raw: bool) -> None:
    poor, good = (saying(calling(named(shape), text)) for text in ('{"name": "Rome", "people": "many"}', '{"name": "Rome", "people": 3}'))
    stage = Stage(
        {},
        given={"small": poor, "tiny": good, "large": good},
        models={name: {"price": {"input": price, "output": price}} for name, price in (("small", 100), ("tiny", 1), ("large", 1000))},
        default=["small", "tiny", "large"],
        fallback={"on": ["invalid_output"]},
    )
    structured(way, stage.llm.with_structured_output(SHAPES[shape], include_raw=include_raw))
    assert failures(stage) == [("small", "invalid_output"), ("large", None)]
    tries, cost = stage.outcomes.last.tries, stage.outcomes.last.cost
    assert cost is not None
    assert all(one.cost is not None and one.cost.amount > 0 for one in tries)
    assert cost.amount == sum(one.cost.amount for one in tries if one.cost is not None)


def test_what_the_model_itself_raises_has_no_answer_and_is_raised_as_it_is(way: str) -> None:
    stage = Stage({"small": KeyError("bug"), "large": "unused"}, fallback={"on": ["invalid_output"]})
    with pytest.raises(KeyError, match="bug"):
        structured(way, stage.llm.with_structured_output(SCHEMA))
    assert stage.outcomes.last.cost is None
