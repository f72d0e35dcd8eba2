"""What an answer must be like, by the arguments of a call of LiteLLM's, in the formats of each of its endpoints."""

from __future__ import annotations

from types import SimpleNamespace as Made
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from taskroute.execution.validate import examine
from taskroute.types import Reply
from taskroute_litellm.expected import expects
from taskroute_litellm.replies import reply_of
from tests.litellm_host.test_replies import completion
from tests.litellm_host.test_shapes import ANYTHING

pytest.importorskip("jsonschema")

CITY: Final = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
ANSWER: Final = Reply(answer="the answer")


class City(BaseModel):
    name: str


CITY_OF_CLASS: Final = City.model_json_schema()


@pytest.mark.parametrize(
    ("endpoint", "arguments", "schema"),
    [
        ("completion", {}, None),
        ("completion", {"response_format": None}, None),
        ("completion", {"response_format": {"type": "text"}}, None),
        ("completion", {"response_format": {"type": "json_object"}}, {}),
        ("completion", {"response_format": {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY}}}, CITY),
        ("completion", {"response_format": City}, CITY_OF_CLASS),
        ("completion", {"text": {"format": {"type": "json_schema", "schema": CITY}}}, None),
        ("responses", {"text": {"format": {"type": "json_schema", "name": "city", "schema": CITY}}}, CITY),
        ("responses", {"text": {"format": {"type": "json_object"}}}, {}),
        ("responses", {"text": {"verbosity": "low"}}, None),
        ("responses", {"text_format": City}, CITY_OF_CLASS),
        ("messages", {"output_config": {"format": {"type": "json_schema", "schema": CITY}}}, CITY),
        ("messages", {"output_format": {"type": "json_schema", "schema": CITY}}, CITY),
        ("messages", {"output_config": {"effort": "low"}}, None),
        ("embedding", {"response_format": City}, None),
        ("text_completion", {"response_format": City}, None),
    ],
    ids=str,
)
def test_the_schema_is_the_one_that_was_asked_for(endpoint: str, arguments: dict[str, Any], schema: Any) -> None:
    expected = expects(endpoint, arguments, ANSWER)
    assert (expected.answer, expected.schema) == ("the answer", schema)


@pytest.mark.parametrize(
    ("endpoint", "tool", "tools", "others"),
    [
        ("completion", {"type": "function", "function": {"name": "look", "parameters": CITY}}, {"look": CITY}, False),
        ("completion", {"type": "function", "function": {"name": "look"}}, {"look": None}, False),
        ("completion", {"type": "custom", "custom": {"name": "shell"}}, None, True),
        ("completion", {"type": "web_search_preview"}, None, True),
        ("responses", {"type": "function", "name": "look", "parameters": CITY}, {"look": CITY}, False),
        ("responses", {"type": "mcp", "server_label": "files"}, None, True),
        ("messages", {"name": "look", "input_schema": CITY}, {"look": CITY}, False),
        ("messages", {"type": "web_search_20250305", "name": "web_search"}, None, True),
        ("messages", "look", None, True),
    ],
    ids=str,
)
def test_the_tools_are_those_that_were_offered(endpoint: str, tool: Any, tools: Any, others: bool) -> None:
    expected = expects(endpoint, {"tools": [tool]}, ANSWER)
    assert (expected.tools, expected.others) == (tools, others)


def test_without_tools_none_is_known() -> None:
    for arguments in ({}, {"tools": None}, {"tools": []}, {"tools": "look"}):
        expected = expects("completion", arguments, ANSWER)
        assert (expected.tools, expected.others) == (None, False)


def test_a_class_without_a_json_schema_is_said_once_and_holds_answers_to_nothing() -> None:
    class Odd(BaseModel, arbitrary_types_allowed=True):
        where: Made

    with pytest.warns(RuntimeWarning, match="no JSON schema can be made of what was asked for"):
        assert expects("completion", {"response_format": Odd}, ANSWER).schema is None


@given(
    st.sampled_from(["completion", "responses", "messages", "embedding", "text_completion", "unheard of"]),
    st.dictionaries(st.sampled_from(["tools", "response_format", "text", "text_format", "output_format", "output_config"]), ANYTHING),
)
def test_arguments_of_any_shape_are_read(endpoint: str, arguments: dict[str, Any]) -> None:
    assert expects(endpoint, arguments, ANSWER).answer == "the answer"


CALLS: Final = {"tools": [{"type": "function", "function": {"name": "look", "parameters": CITY}}], "response_format": City}


@pytest.mark.parametrize(
    ("message", "detail"),
    [
        ({"content": '{"name": "Rome"}'}, ""),
        ({"content": '{"people": 7}'}, "does not fit its JSON schema"),
        ({"content": "Rome"}, "not JSON"),
        ({"content": None, "tool_calls": [Made(id="1", function=Made(name="look", arguments='{"name": "Rome"}'))]}, ""),
        ({"content": None, "tool_calls": [Made(id="1", function=Made(name="look", arguments="{"))]}, "are not a JSON object"),
        ({"content": None, "tool_calls": [Made(id="1", function=Made(name="look", arguments="{}"))]}, "do not fit"),
        ({"content": None, "tool_calls": [Made(id="1", function=Made(name="leap", arguments="{}"))]}, "was not offered"),
    ],
    ids=str,
)
def test_an_answer_is_held_to_what_was_asked_for(message: dict[str, Any], detail: str) -> None:
    reply = reply_of(completion(**message), examined=True)
    found = examine(reply, expects("completion", CALLS, reply), {"invalid_output"})
    assert (found.failure is None) == (detail == "")
    assert detail in found.detail
