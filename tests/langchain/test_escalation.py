"""An answer that is not good enough goes to the next model, where the policy asks for that: the same in all six ways to call."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.tools import tool
from pydantic import BaseModel

from tests.langchain.speaking import calling, saying
from tests.langchain.ways import STREAMS, WAYS, Stage, ask, pieces

PRICE = {"price": {"input": 1, "output": 2}}
SCHEMA = {
    "title": "City",
    "type": "object",
    "properties": {"name": {"type": "string"}, "people": {"type": "integer", "minimum": 1}, "size": {"enum": ["small", "big"]}},
    "required": ["name", "people"],
}
AS_JSON = {"type": "json_schema", "json_schema": {"name": "City", "schema": SCHEMA}}
FITS = '{"name": "Rome", "people": 3}'


class City(BaseModel):
    """A city."""

    name: str
    people: int


@tool
def look_up(what: str, times: int = 1) -> str:
    """Look something up."""
    return f"{what} {times}"


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def escalating(first: Any, *kinds: str, second: Any = "better", **policy: Any) -> Stage:
    """Return a stage whose first model's answers are examined."""
    given: dict[str, Any] = {"small": first} if not isinstance(first, str | AIMessage | tuple) else {}
    script = {"large": second} if given else {"small": first, "large": second}
    policy.setdefault("models", {"small": PRICE, "large": PRICE})
    return Stage(script, given=given, fallback={"on": list(kinds)}, **policy)


def failures(stage: Stage) -> list[tuple[str, str | None]]:
    return [(model, failure) for model, _, failure in stage.outcomes.tries]


CUT_OFF: dict[str, dict[str, Any]] = {
    "openai": {"finish_reason": "length", "model_provider": "openai"},
    "anthropic": {"stop_reason": "max_tokens", "model_provider": "anthropic"},
    "google": {"finish_reason": "MAX_TOKENS", "model_provider": "google_genai"},
    "responses": {"object": "response", "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
    "window": {"stop_reason": "model_context_window_exceeded", "model_provider": "anthropic"},
}


@pytest.mark.parametrize("provider", CUT_OFF)
def test_an_answer_that_stopped_at_its_limit_goes_to_the_next_model(way: str, provider: str) -> None:
    stage = escalating(saying("half an", " answ", finish=None, **CUT_OFF[provider]), "truncated")
    answer = ask(way, stage.llm)
    assert answer.text == "better"
    assert failures(stage) == [("small", "truncated"), ("large", None)]
    record = answer.response_metadata["taskroute"]
    assert (record["fallback_from"], record["fallback_reason"], record["attempts"]) == ("small", "truncated", 2)
    assert record["cost"] == pytest.approx(((2 + 3 * 2) + (1 + 1 * 2)) / 1e6)


def test_nothing_of_a_rejected_answer_reaches_the_caller() -> None:
    for way in STREAMS:
        stage = escalating(saying("secret", " half", finish="length"), "truncated", second="two words")
        got = list(pieces(way, stage.llm))
        assert "secret" not in repr(got), way
        if way in ("stream", "astream"):
            assert "".join(chunk.text for chunk in got) == "two words"
        else:
            assert [event["event"] for event in got].count("message-start") == 1


def test_without_opt_in_an_answer_is_the_caller_s_whatever_it_is_like(way: str) -> None:
    for first in (saying("half", finish="length"), saying("no", finish="content_filter"), saying(" ")):
        stage = Stage({"large": "no"}, given={"small": first}, default=["small", "large"])
        ask(way, stage.llm)
        assert (stage.called, stage.outcomes.last.model) == ([], "small")


def test_of_several_answers_that_are_no_good_the_last_model_s_stands(way: str) -> None:
    stage = Stage({}, given={"small": saying("a", finish="length"), "large": saying("b", finish="length")}, fallback={"on": ["truncated"]})
    answer = ask(way, stage.llm)
    assert answer.text == "b"
    assert failures(stage) == [("small", "truncated"), ("large", "truncated")]
    assert (stage.outcomes.last.status, stage.outcomes.last.model) == ("answered", "large")


def test_a_cut_answer_is_better_than_a_refusal_and_than_none(way: str) -> None:
    for worse in (saying("", finish="stop"), saying("no", finish="content_filter")):
        stage = escalating(saying("half", finish="length"), "truncated", "refusal", second=worse)
        answer = ask(way, stage.llm)
        assert answer.text == "half"
        assert stage.outcomes.last.model == "small"


def test_a_better_model_that_breaks_on_the_way_loses_no_answer(way: str) -> None:
    stage = escalating(saying("half", finish="length"), "truncated", second=("more ", ConnectionError("cut")))
    assert ask(way, stage.llm).text == "half"


def test_a_last_model_that_was_asked_for_no_better_answer_is_not_examined(way: str) -> None:
    on = {"on": ["truncated", "connection"]}
    stage = Stage({"small": ConnectionError("down")}, given={"large": saying("b", finish="length")}, fallback=on)
    assert ask(way, stage.llm).text == "b"
    assert failures(stage) == [("small", "connection"), ("large", None)]


def test_where_nothing_better_comes_the_rejected_answer_is_given_after_all(way: str) -> None:
    stage = escalating(saying("half", finish="length"), "truncated", "connection", second=ConnectionError("down"))
    answer = ask(way, stage.llm)
    assert answer.text == "half"
    assert stage.outcomes.last.status == "answered"
    assert stage.outcomes.last.model == "small"
    assert answer.response_metadata["taskroute"]["model"] == "small"


REFUSED: dict[str, Any] = {
    "a filter": saying("I am", finish="content_filter"),
    "anthropic": saying("", finish=None, stop_reason="refusal", model_provider="anthropic"),
    "google": saying("", finish="SAFETY", model_provider="google_genai"),
    "google, blocked": saying("", finish=None, prompt_feedback={"block_reason": "PROHIBITED_CONTENT"}),
    "openai's field": saying(AIMessageChunk(content="", additional_kwargs={"refusal": "I cannot."})),
    "openai's block": saying([{"type": "refusal", "refusal": "I cannot.", "index": 0}]),
    "whitespace": saying(" \n", "\t"),
    "reasoning alone": saying([{"type": "thinking", "thinking": "hm", "index": 0}]),
    "reasoning alone, v1": saying([{"type": "reasoning", "reasoning": "hm", "index": 0}]),
    "nothing": saying(""),
}


@pytest.mark.parametrize("refused", REFUSED)
def test_a_refusal_and_an_empty_answer_go_to_the_next_model(way: str, refused: str) -> None:
    stage = escalating(REFUSED[refused], "refusal", "server_error")
    assert ask(way, stage.llm).text == "better"
    # A stream that had nothing at all for the caller is known before it is examined.
    assert failures(stage)[0] in (("small", "refusal"), ("small", "server_error"))
    if way not in STREAMS or refused in ("a filter", "whitespace", "openai's field"):
        assert failures(stage)[0] == ("small", "refusal") or (refused == "openai's field" and "events" in way)


MORE_THAN_TEXT: dict[str, Any] = {
    "a tool call": saying(calling("look_up", '{"what": "x"}')),
    "audio": saying(AIMessageChunk(content="", additional_kwargs={"audio": {"id": "a1", "data": "AAAA"}})),
    "an image": saying([{"type": "image", "base64": "AAAA", "mime_type": "image/png", "index": 0}]),
    "an image by address": saying([{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}, "index": 0}]),
}


@pytest.mark.parametrize("what", MORE_THAN_TEXT)
def test_an_answer_of_a_tool_call_or_of_media_alone_is_not_empty(way: str, what: str) -> None:
    stage = escalating(MORE_THAN_TEXT[what], "refusal", "server_error")
    ask(way, stage.llm)
    assert failures(stage) == [("small", None)]


UNFIT = {
    "no JSON": "Sure! It is Rome.",
    "half of it": '{"name": "Rome", "peo',
    "a field that is missing": '{"name": "Rome"}',
    "below the minimum": '{"name": "Rome", "people": 0}',
    "none of the words": '{"name": "Rome", "people": 3, "size": "huge"}',
    "another type": '["Rome", 3]',
}


@pytest.mark.parametrize("what", UNFIT)
def test_an_answer_that_does_not_fit_its_json_schema_goes_to_the_next_model(way: str, what: str) -> None:
    stage = escalating(UNFIT[what], "invalid_output", second=FITS)
    assert ask(way, stage.llm.bind(response_format=AS_JSON)).text == FITS
    assert failures(stage) == [("small", "invalid_output"), ("large", None)]


def test_an_answer_that_fits_stands_and_json_of_any_kind_needs_only_be_json(way: str) -> None:
    for text, wanted in ((FITS, AS_JSON), ("[1]", {"type": "json_object"}), (FITS, City), ("no JSON", {"type": "text"}), ("none", None)):
        stage = escalating(text, "invalid_output")
        assert ask(way, stage.llm, response_format=wanted).text == text
        assert failures(stage) == [("small", None)]


def test_a_schema_that_is_bound_with_tools_is_known_too(way: str) -> None:
    stage = escalating("no JSON", "invalid_output", second=FITS)
    assert ask(way, stage.llm.bind_tools([look_up], response_format=AS_JSON)).text == FITS
    called = escalating(saying(calling("look_up", '{"what": "x"}')), "invalid_output")
    assert ask(way, called.llm.bind_tools([look_up], response_format=AS_JSON)).tool_calls
    assert failures(called) == [("small", None)]


BAD_CALLS = {
    "a wrong type": calling("look_up", '{"what": 7}'),
    "an argument that is missing": calling("look_up", "{}"),
    "a tool that was not offered": calling("launch", '{"what": "x"}'),
    "no JSON": calling("look_up", '{"what": "x'),
    "no object": calling("look_up", '"x"'),
}


@pytest.mark.parametrize("what", BAD_CALLS)
def test_a_tool_call_that_does_not_fit_its_tool_goes_to_the_next_model(way: str, what: str) -> None:
    stage = escalating(saying(BAD_CALLS[what]), "invalid_output")
    assert ask(way, stage.llm.bind_tools([look_up])).text == "better"
    assert failures(stage) == [("small", "invalid_output"), ("large", None)]


def test_a_tool_call_that_fits_stands_whatever_form_the_tools_have(way: str) -> None:
    def plain(what: str) -> str:
        """Look up."""
        return what

    plain.__name__ = "look_up"
    weather = {"name": "look_up", "description": "Look up.", "input_schema": {"type": "object", "properties": {"what": {"type": "string"}}}}
    for tools in ([look_up], [plain], [weather]):
        stage = escalating(saying(calling("look_up", '{"what": "x"}')), "invalid_output")
        assert ask(way, stage.llm.bind_tools(tools)).tool_calls[0]["args"] == {"what": "x"}
        assert failures(stage) == [("small", None)]


def test_a_call_of_a_provider_s_own_tool_is_not_held_against_the_tools_that_were_given(way: str) -> None:
    stage = escalating(saying(calling("web_search", '{"query": "x"}')), "invalid_output")
    assert ask(way, stage.llm, tools=[{"type": "web_search_20250305", "name": "web_search"}]).tool_calls
    assert failures(stage) == [("small", None)]


def test_the_error_where_every_answer_was_poor_is_none_and_the_record_says_what_was_tried(way: str) -> None:
    stage = Stage(
        {},
        given={name: saying(name, finish="length") for name in ("one", "two", "three")},
        fallback={"on": ["truncated"]},
    )
    assert ask(way, stage.llm).response_metadata["taskroute"]["attempts"] == 3
    assert failures(stage) == [("one", "truncated"), ("two", "truncated"), ("three", "truncated")]
