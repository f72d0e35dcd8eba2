"""What a LiteLLM request sends to a model besides its messages: all of it is counted and looked through, and no secret is."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from taskroute.signals.collect import needs_of
from taskroute_litellm.call import Endpoint, call_of


def asked(**more: Any) -> dict[str, Any]:
    return {"model": "auto", "messages": [{"role": "user", "content": "hi"}], **more}


class Person(BaseModel):
    name: str


@pytest.mark.parametrize(
    ("endpoint", "arguments", "wanted"),
    [
        ("completion", {"response_format": {"type": "json_schema", "json_schema": {}}}, True),
        ("completion", {"response_format": {"type": "json_object"}}, True),
        ("completion", {"response_format": Person}, True),
        ("completion", {"response_format": {"type": "text"}}, False),
        ("completion", {"response_format": None}, False),
        ("responses", {"text": {"format": {"type": "json_schema", "schema": {}}}}, True),
        ("responses", {"text": {"format": {"type": "text"}}}, False),
        ("responses", {"text": {"verbosity": "low"}}, False),
        ("responses", {"text_format": Person}, True),
        ("messages", {"output_format": {"type": "json_schema", "schema": {}}}, True),
        ("messages", {"output_config": {"format": {"type": "json_schema", "schema": {}}}}, True),
        ("messages", {"output_config": {"effort": "low"}}, False),
    ],
)
def test_an_answer_that_must_fit_a_schema_needs_a_model_that_can(endpoint: Endpoint, arguments: dict[str, Any], wanted: bool) -> None:
    assert ("json_schema" in needs_of(call_of(endpoint, arguments))) is wanted


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        ({"type": "function", "function": {"name": "look"}}, "look"),
        ({"type": "function", "name": "look", "parameters": {}}, "look"),
        ({"name": "look", "input_schema": {}}, "look"),
        ({"type": "web_search"}, "web_search"),
        ({}, "tool"),
        (3, "tool"),
    ],
)
def test_a_tool_has_a_name(tool: Any, name: str) -> None:
    call = call_of("completion", asked(tools=[tool]))
    assert (call.tools, len(call.parameters)) == ((name,), 1)


@pytest.mark.parametrize(
    ("arguments", "limit"),
    [
        ({"max_tokens": 5}, 5),
        ({"max_completion_tokens": 5}, 5),
        ({"max_output_tokens": 5}, 5),
        ({"max_tokens": 5, "max_completion_tokens": 7}, 7),
        ({"max_tokens": 7, "max_completion_tokens": 5}, 7),
        ({"max_tokens": "5"}, None),
        ({"max_tokens": True}, None),
    ],
)
def test_the_answer_s_limit_is_found_under_each_name(arguments: dict[str, Any], limit: int | None) -> None:
    assert call_of("completion", asked(**arguments)).max_tokens == limit


SETTINGS: dict[str, Any] = {
    "api_key": "sk-1",
    "api_base": "https://sk-1.test",
    "timeout": 5,
    "num_retries": 2,
    "fallbacks": ["sk-1"],
    "cache": {"a": "sk-1"},
    "metadata": {"a": "sk-1"},
    "headers": {"a": "sk-1"},
    "extra_headers": {"a": "sk-1"},
    "mock_response": "sk-1",
    "stream": True,
    "litellm_call_id": "sk-1",
    "stream_options": {"a": "sk-1"},
    "aws_secret_access_key": "sk-1",
    "vertex_credentials": "sk-1",
    "langfuse_secret": "sk-1",
    "client": object(),
    "azure_ad_token": "sk-1",
    "input_cost_per_token": 0.1,
    "some_api_key": "sk-1",
    "proxy_server_request": {"body": "sk-1"},
    "secret_fields": "sk-1",
    "user_password": "sk-1",
    "bearer_token": "sk-1",
    "_own": "sk-1",
}


@pytest.mark.parametrize("name", SETTINGS)
def test_what_is_litellm_s_own_is_no_parameter(name: str) -> None:
    assert call_of("completion", asked(**{name: SETTINGS[name]})).parameters == ()


@pytest.mark.parametrize(
    "arguments",
    [
        {"tools": [{"type": "mcp", "server_label": "sent", "headers": {"X-Own": "sk-1"}, "authorization": "sk-1"}]},
        {"mcp_servers": [{"name": "sent", "authorization_token": "sk-1"}]},
        {"extra_body": {"a": "sent", "api_key": "sk-1", "deep": [{"access_token": "sk-1"}]}},
    ],
)
def test_a_secret_inside_a_parameter_is_left_out(arguments: dict[str, Any]) -> None:
    (text,) = call_of("messages", arguments).parameters
    assert "sent" in text
    assert "sk-1" not in text


def test_a_schema_may_have_fields_of_any_name() -> None:
    schema = {"properties": {"token": {"description": "kept"}, "headers": {"description": "kept"}, "api_key": {"description": "kept"}}}
    tool = {"type": "function", "function": {"name": "a", "parameters": schema}}
    call = call_of("completion", asked(tools=[tool], response_format={"type": "json_schema", "json_schema": {"schema": schema}}))
    assert "".join(call.parameters).count("kept") == 6


@pytest.mark.parametrize("name", ["top_k", "stop_sequences", "guided_json", "keywords", "suffix", "prompt_variables", "web_search_options"])
def test_an_argument_that_nobody_knows_goes_to_the_model(name: str) -> None:
    assert call_of("completion", asked(**{name: ["bob@example.com"]})).parameters == (f'{name}: ["bob@example.com"]',)
