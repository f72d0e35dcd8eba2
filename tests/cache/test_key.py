"""What is in the key of an answer, and what is not: a case for each line of docs/cache-key.md."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from taskroute.cache import noise
from taskroute.cache.called import address_said, called
from taskroute.cache.key import cache_key, temperature_of
from taskroute.cache.noise import overlaid
from taskroute.cache.state import STATE, depends_on_state
from taskroute.stored import Asked, Terms
from tests.cache.conversations import TERMS, call, of, result, said, user

DOCUMENT = Path(__file__).parents[2] / "docs" / "cache-key.md"
SCHEMA: Mapping[str, Any] = {"type": "object", "properties": {"id": {"type": "string"}, "cache_control": {"type": "string"}}}
TOOL: Mapping[str, Any] = {"type": "function", "function": {"name": "look_up", "description": "Look.", "parameters": SCHEMA}}
OTHER: Mapping[str, Any] = {"type": "function", "function": {"name": "write", "description": "Write."}}


def tool_with(**function: Any) -> Mapping[str, Any]:
    return {"type": "function", "function": {**TOOL["function"], **function}}


ASKED = Asked([user("hi")], [TOOL], SCHEMA, {"temperature": 0, "stop": ["END"], "max_tokens": 5}, "openai:gpt-5-mini")


def key(asked: Asked = ASKED, terms: Terms = TERMS) -> str:
    return cache_key(asked, terms)


def with_parameters(**parameters: Any) -> str:
    return key(ASKED._replace(parameters=parameters))


def test_a_key_is_64_hexadecimal_digits_and_the_same_each_time() -> None:
    assert re.fullmatch("[0-9a-f]{64}", key())
    assert key() == key(
        ASKED._replace(
            messages=[{"content": "hi", "role": "user"}],
            parameters={name: ASKED.parameters[name] for name in reversed([*ASKED.parameters])},
        )
    )


def test_the_form_of_the_key_has_not_changed() -> None:
    # Where this fails on purpose, KEY_VERSION must change, too: entries of before would be looked for under keys that mean something else.
    assert key() == "b4ee68dff55c2a9f0d6ec809050571e03b42271f8a84cccf786cb48a04432324"


@pytest.mark.parametrize(
    "terms",
    [
        TERMS._replace(namespace="other"),
        TERMS._replace(scope={"tenant": "b"}),
        TERMS._replace(scope={"user": "a"}),
        TERMS._replace(scope={}),
        TERMS._replace(scope={"tenant": "a", "user": "a"}),
    ],
)
def test_the_namespace_and_the_scope_are_in(terms: Terms) -> None:
    assert key(terms=terms) != key()


@pytest.mark.parametrize(
    "terms", [TERMS._replace(ttl=1), TERMS._replace(stage="x", partition="stage x"), TERMS._replace(refresh=True, wait=3)]
)
def test_the_other_terms_are_out(terms: Terms) -> None:
    assert key(terms=terms) == key()


@pytest.mark.parametrize(
    "change",
    [
        {"operation": "responses"},
        {"model": "openai:gpt-5"},
        {"messages": [user("ho")]},
        {"messages": [user("hi"), user("hi")]},
        {"messages": [{"role": "system", "content": "hi"}]},
        {"tools": []},
        {"tools": [TOOL, TOOL]},
        {"tools": [TOOL, OTHER]},
        {"tools": [tool_with(description="Seek.")]},
        {"tools": [tool_with(strict=True)]},
        {"tools": [tool_with(parameters={**SCHEMA, "required": ["id"]})]},
        {"schema": None},
        {"schema": {**SCHEMA, "title": "A"}},
        {"parameters": {**ASKED.parameters, "temperature": 1}},
        {"parameters": {**ASKED.parameters, "temperature": False}},
        {"parameters": {**ASKED.parameters, "never_heard_of": 1}},
        {"parameters": {**ASKED.parameters, "seed": 1}},
        {"parameters": {"temperature": 0, "max_tokens": 5}},
    ],
    ids=str,
)
def test_what_changes_the_answer_is_in(change: dict[str, Any]) -> None:
    assert key(ASKED._replace(**change)) != key()


def test_the_order_of_messages_and_tools_is_in() -> None:
    assert of(user("a"), user("b")) != of(user("b"), user("a"))
    assert key(ASKED._replace(tools=[TOOL, OTHER])) != key(ASKED._replace(tools=[OTHER, TOOL]))


def test_the_order_of_properties_is_in_and_that_of_other_mappings_is_not() -> None:
    turned = {"properties": dict(reversed(SCHEMA["properties"].items())), "type": "object"}
    straight = {"properties": dict(SCHEMA["properties"]), "type": "object"}
    assert key(ASKED._replace(schema=straight)) == key()
    assert key(ASKED._replace(schema=turned)) != key()
    assert key(ASKED._replace(tools=[tool_with(parameters=turned)])) != key()


@pytest.mark.parametrize(
    "within",
    [
        lambda schema: {"text": {"format": {"schema": schema}}},
        lambda schema: {"functions": [{"name": "f", "parameters": schema}]},
        lambda schema: {"format": schema},
        lambda schema: {"extra_body": {"guided_json": schema}},
    ],
    ids=["text", "functions", "format", "extra_body"],
)
def test_the_order_of_properties_is_in_wherever_a_schema_stands(within: Callable[[Any], Any]) -> None:
    turned = {**SCHEMA, "properties": dict(reversed([*SCHEMA["properties"].items()]))}
    assert with_parameters(**within(SCHEMA)) == with_parameters(**within(dict(reversed([*SCHEMA.items()]))))
    assert with_parameters(**within(SCHEMA)) != with_parameters(**within(turned))


def test_a_scope_that_is_no_text_is_told_from_the_text_of_it() -> None:
    values: list[Any] = ["True", True, "1", 1]
    assert len({key(terms=TERMS._replace(scope={"tenant": value})) for value in values}) == 4


def test_properties_of_a_users_schema_may_have_the_name_of_something_that_is_left_out() -> None:
    without = {"type": "object", "properties": {"id": {"type": "string"}}}
    assert key(ASKED._replace(schema=without)) != key()
    assert key(ASKED._replace(tools=[tool_with(parameters=without)])) != key()


# Tools and parameters


def test_a_mark_on_a_tool_is_out() -> None:
    marked = {**TOOL, "cache_control": {"type": "ephemeral"}, "function": {**TOOL["function"], "cache_control": {"type": "ephemeral"}}}
    assert key(ASKED._replace(tools=[marked])) == key()


def test_secrets_inside_a_tool_are_in_since_they_say_whose_data_the_answer_is_about() -> None:
    servers = [{"type": "mcp", "server_url": "http://a", "authorization": token} for token in ("one", "two")]
    assert key(ASKED._replace(tools=servers[:1])) != key(ASKED._replace(tools=servers[1:]))


def table(heading: str) -> list[list[str]]:
    """Return what stands in backticks in each row of a table below a line of the document."""
    text = DOCUMENT.read_text().split(heading, 1)[1].split("|---|---|\n", 1)[1]
    rows = text[: text.index("\n\n")].splitlines()
    return [re.findall("`([^`]+)`", row) for row in rows]


def test_the_document_names_every_parameter_that_is_out_and_no_other() -> None:
    named = [name for row in table("A parameter of this table is out") for name in row]
    assert sorted(named) == sorted(noise.NOISE)


def test_the_document_names_how_names_begin_that_are_out_and_what_is_in_them() -> None:
    line = DOCUMENT.read_text().split("So is one whose name begins with", 1)[1].split("\n", 1)[0]
    assert tuple(re.findall("`([^`]+)`", line)) == (*noise.NOISE_PREFIXES, *noise.NOISE_PARTS)


@pytest.mark.parametrize("name", [*(f"{prefix}x" for prefix in noise.NOISE_PREFIXES), *(f"input_{part}x" for part in noise.NOISE_PARTS)])
def test_what_a_host_notes_for_itself_is_out(name: str) -> None:
    assert with_parameters(**{name: 1}) == with_parameters()


def test_the_document_names_every_header_that_is_out_and_no_other() -> None:
    heading = "So is a header of this list"
    assert sorted(name for row in table(heading) for name in row) == sorted(noise.HEADERS)
    line = DOCUMENT.read_text().split(heading, 1)[1].split(":", 1)[0]
    assert tuple(re.findall("`([^`]+)`", line)) == noise.HEADER_PREFIXES


def test_the_document_names_what_is_out_of_a_body_and_nothing_else() -> None:
    line = DOCUMENT.read_text().split("In `extra_body` and `model_kwargs`", 1)[1].split("are out", 1)[0]
    assert sorted(re.findall("`([^`]+)`", line)) == sorted(noise.BODY)


def test_the_document_names_what_has_no_key_for_its_state_and_nothing_else() -> None:
    text = DOCUMENT.read_text().split("whose answer depends on what the provider keeps:", 1)[1].split(";", 1)[0]
    assert sorted(re.findall("`([^`]+)`", text)) == sorted(STATE)


def test_the_document_names_every_alias_and_no_other() -> None:
    rows = [(row[0], row[1]) for row in table("## What is the same")]
    assert dict(rows) == noise.ALIASES


@pytest.mark.parametrize("name", sorted(noise.NOISE))
def test_a_parameter_of_the_table_is_out(name: str) -> None:
    assert with_parameters(**{name: "anything"}) == with_parameters()


@pytest.mark.parametrize(
    "name",
    [
        *(
            "openai_api_key",
            "aws_secret_access_key",
            "aws_access_key_id",
            "password",
            "vertex_credentials",
            "azure_ad_token",
            "Authorization",
        ),
        *("token", "client_secret", "hf_token", "bearer", "cookie", "x-api-key", "private_key_id", "azure_ad_token_provider"),
    ],
)
def test_a_secret_is_out_whatever_its_name(name: str) -> None:
    assert with_parameters(**{name: "s3cret"}) == with_parameters()


@pytest.mark.parametrize(
    "name",
    [
        *("mock_response", "eos_token", "guardrails", "max_tokens", "logprobs", "reasoning_effort", "prompt_id", "tokenizer"),
        *("secretary_prompt", "cookie_text", "credentials_policy", "passwordless_tone", "auth_mode", "x_auth_user", "bad_token", "keys"),
    ],
)
def test_a_parameter_that_is_not_known_to_be_noise_is_in(name: str) -> None:
    assert with_parameters(**{name: 1}) != with_parameters(**{name: 2})


@pytest.mark.parametrize("name", sorted(noise.ALIASES))
def test_a_parameter_under_another_name_is_the_same(name: str) -> None:
    assert with_parameters(**{name: 7}) == with_parameters(**{noise.ALIASES[name]: 7})
    assert with_parameters(**{name: 7}) == with_parameters(**{name: 7, noise.ALIASES[name]: 7})


def test_one_that_is_said_twice_and_differently_is_in_as_it_is_said() -> None:
    both = [with_parameters(max_tokens=5, max_completion_tokens=7), with_parameters(max_tokens=7, max_completion_tokens=5)]
    assert len({*both, with_parameters(max_tokens=5), with_parameters(max_tokens=7)}) == 4


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"stop": "x"}, {"stop": ["x"]}),
        ({"stop": []}, {}),
        ({"n": 1}, {}),
        ({"temperature": 0}, {"temperature": 0.0}),
        ({"temperature": -0.0}, {"temperature": 0.0}),
        ({"top_k": 3}, {"top_k": 3.0}),
        ({"seed": None}, {}),
        ({"tool_choice": "any"}, {"tool_choice": "required"}),
        ({"tool_choice": "auto"}, {}),
        ({"tool_choice": "look_up"}, {"tool_choice": {"type": "function", "function": {"name": "look_up"}}}),
        ({"extra_body": {}}, {}),
        ({"extra_body": {"metadata": {"trace": "1"}, "user": "u", "api_key": "k"}}, {}),
        ({"extra_headers": dict.fromkeys(("x-client-request-id", "X-Trace-Id", "uber-trace-id", "x-langfuse-trace-id"), "1")}, {}),
        ({"logit_bias": {50256: -100}}, {"logit_bias": {"50256": -100}}),
        ({"extra_headers": {"TraceParent": "00-1", "X-Taskroute-Stage": "x", "authorization": "Bearer a", "X-Api-Key": "b"}}, {}),
        ({"extra_headers": {"X-Mode": "a"}}, {"extra_headers": {"x-mode": "a"}}),
    ],
    ids=str,
)
def test_parameters_that_say_the_same_have_one_key(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert with_parameters(**one) == with_parameters(**other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"stop": ["x", "y"]}, {"stop": ["y", "x"]}),
        ({"n": 2}, {}),
        ({"n": True}, {}),
        ({"logprobs": True}, {"logprobs": 1}),
        ({"logprobs": False}, {"logprobs": 0}),
        ({"seed": "1"}, {"seed": 1}),
        ({"tool_choice": "none"}, {}),
        ({"tool_choice": "required"}, {"tool_choice": "look_up"}),
        ({"extra_body": {"top_k": 1}}, {"extra_body": {"top_k": 2}}),
        ({"extra_body": {"order": 1}}, {"extra_body": {"order": 2}}),
        ({f"seed{noise.UNSET}": 1}, {}),
        *[
            ({"extra_headers": {name: "a"}}, {"extra_headers": {name: "b"}})
            for name in ("x-auth-user", "x-forwarded-user", "x-secret-mode")
        ],
        ({"extra_headers": {"anthropic-beta": "a"}}, {"extra_headers": {"anthropic-beta": "b"}}),
        ({"extra_headers": {"x-mode": "a"}}, {"default_headers": {"x-mode": "a"}}),
    ],
    ids=str,
)
def test_parameters_that_say_something_else_have_another_key(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert with_parameters(**one) != with_parameters(**other)


def test_a_word_that_is_the_name_of_a_tool_too_is_neither() -> None:
    named = [tool_with(name="any")]
    keys = {key(ASKED._replace(tools=named, parameters={"tool_choice": choice})) for choice in ("any", "required", None)}
    assert len(keys) == 3


def test_parameters_of_a_call_win_under_any_of_their_names() -> None:
    assert overlaid({"max_tokens": 5, "seed": 1}, {"max_completion_tokens": 7}) == {"seed": 1, "max_completion_tokens": 7}
    assert overlaid({"seed": 1, "stop": "x"}, {"seed": None}) == {f"seed{noise.UNSET}": 1, "stop": "x"}
    assert overlaid({"max_tokens": 1}, {"max_tokens": None, "max_completion_tokens": 7}) == {"max_completion_tokens": 7}
    assert overlaid({}, {"seed": 2}) == {"seed": 2}
    assert overlaid({"seed": 2}, {}) == {"seed": 2}


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, -math.inf, b"bytes", {1, 2}, {1: "a"}, {None: "a"}, object(), [object()], {"a": {"b": math.nan}}],
    ids=str,
)
def test_what_json_cannot_tell_has_no_key(value: Any) -> None:
    with pytest.raises(TypeError):
        with_parameters(unknown=value)
    with pytest.raises(TypeError):
        of(user([{"type": "x", "data": value}]))
    with pytest.raises(TypeError):
        key(ASKED._replace(schema={"default": value}))


def test_what_holds_itself_has_no_key() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(TypeError):
        with_parameters(unknown=endless)


@pytest.mark.parametrize("message", ["hi", None, 3])
def test_what_is_no_message_has_no_key(message: Any) -> None:
    with pytest.raises(TypeError, match="a message of type"):
        of(message)


def test_half_of_a_surrogate_pair_has_a_key_of_its_own() -> None:
    assert len({of(user("\ud83d\ude00")), of(user("\U0001f600")), of(user("\ud83d")), of(user("?"))}) == 4


def test_a_key_leaves_the_request_as_it_is() -> None:
    conversation = [user([{"type": "text", "text": "a", "cache_control": {}}], id="1"), said(call()), result(name="look_up")]
    before = repr(conversation)
    of(*conversation)
    assert repr(conversation) == before


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, None),
        ({"temperature": None}, None),
        ({"temperature": 1}, 1.0),
        ({"temperature": "1.5"}, 1.5),
        ({"temperature": True}, math.inf),
        ({"temperature": "hot"}, math.inf),
        ({"temperature": "os.environ/HEAT"}, math.inf),
        ({"temperature": math.nan}, math.inf),
        ({f"temperature{noise.UNSET}": 1.2}, 1.2),
        ({"temperature": 0.2, "extra_body": {"temperature": 0.9}}, 0.9),
        ({"temperature": 0.9, "extra_body": {"temperature": "0.2"}}, 0.2),
        ({"generation_config": {"temperature": 0.7}}, 0.7),
        ({"temperature": 0.1, "extra_body": {"options": {"temperature": 0.8}}}, 0.8),
        ({"text": {"format": {"schema": {"properties": {"temperature": {"type": "number"}}}}}}, None),
    ],
)
def test_the_temperature_is_the_one_that_the_provider_is_sent(parameters: dict[str, Any], expected: float | None) -> None:
    assert temperature_of(ASKED._replace(parameters=parameters)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (called("google_genai", "gemini-2.5-flash"), "google:gemini-2.5-flash"),
        (called("gemini", "gemini-2.5-flash"), "google:gemini-2.5-flash"),
        (called("google_vertexai", "gemini-2.5-flash"), "vertex:gemini-2.5-flash"),
        (called(None, "gpt-5-mini"), "openai:gpt-5-mini"),
        (called(None, "claude-haiku-4-5"), "anthropic:claude-haiku-4-5"),
        (called(None, "qwen3"), "qwen3"),
        (called("mine", "m"), "mine:m"),
        (called("openai", "m", address="http://here/v1/"), "openai:m at http://here/v1"),
        (called("openai", "m", address="https://api.openai.com/v1/"), "openai:m"),
        (called("openai", "m", besides="a.B"), "openai:m as a.B"),
    ],
)
def test_a_model_has_one_name_whoever_spells_it(name: str, expected: str) -> None:
    assert name == expected


@pytest.mark.parametrize(
    ("provider", "variables", "expected"),
    [
        ("openai", {}, None),
        ("openai", {"OPENAI_BASE_URL": "http://a/v1/"}, "http://a/v1"),
        (None, {"OPENAI_API_BASE": "http://a/v1"}, "http://a/v1"),
        ("openai", {"OPENAI_API_BASE": "http://b", "OPENAI_BASE_URL": "http://a"}, "http://a or http://b"),
        ("openai", {"OPENAI_API_BASE": "http://a", "OPENAI_BASE_URL": "http://a/"}, "http://a"),
        ("anthropic", {"OPENAI_BASE_URL": "http://a", "ANTHROPIC_BASE_URL": "http://c"}, "http://c"),
        ("groq", {"GROQ_API_BASE": "http://d"}, "http://d"),
    ],
)
def test_an_address_that_the_environment_gives_is_known(provider: str | None, variables: dict[str, str], expected: str | None) -> None:
    assert address_said(provider, "gpt-5-mini", variables) == expected


@pytest.mark.parametrize("name", sorted(STATE - {"prompt"}))
@pytest.mark.parametrize("place", ["", "extra_body", "model_kwargs"])
def test_state_of_the_provider_is_seen_wherever_it_is_given(name: str, place: str) -> None:
    assert depends_on_state({place: {name: "x"}} if place else {name: "x"})
    assert not depends_on_state({place: {name: None}} if place else {name: None})


def test_a_container_is_state_by_its_id_and_a_prompt_of_the_providers_without_its_version() -> None:
    tool = {"type": "code_interpreter", "container": {"type": "auto"}}
    assert not depends_on_state({"container": {"skills": []}}, [tool])
    assert depends_on_state({"container": {"id": "c"}})
    assert depends_on_state({}, [{**tool, "container": "c"}])
    assert depends_on_state({"prompt": {"id": "p"}})
    assert not depends_on_state({"prompt": {"id": "p", "version": "2"}})
    assert not depends_on_state({"prompt": "a text"})
