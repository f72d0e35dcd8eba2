"""What a LiteLLM request asks for, as far as the key of its answer is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import BaseModel

from taskroute.cache.key import cache_key
from taskroute.registry.models import describe
from taskroute.stored import Asked, Terms
from taskroute_litellm.asking import Params, asked_of
from taskroute_litellm.conversation import Endpoint

SMALL = describe("small", model="openai:gpt-5-mini")
HI = [{"role": "user", "content": "hi"}]
WHOLE: Mapping[Endpoint, dict[str, Any]] = {
    "completion": {"messages": HI},
    "text_completion": {"prompt": "hi"},
    "responses": {"input": "hi"},
    "messages": {"messages": HI, "max_tokens": 9},
}


class City(BaseModel):
    """A city."""

    name: str


class Spoken(BaseModel):
    """A message as LiteLLM gives it."""

    role: str = "assistant"
    content: str | None = None
    tool_calls: list[Any] | None = None


class Called(BaseModel):
    """A call as LiteLLM gives it."""

    id: str = "c1"
    type: str = "function"
    function: dict[str, str] = {"name": "f", "arguments": "{}"}


def asks(endpoint: Endpoint = "completion", *, params: Params | None = None, spec: Any = SMALL, **arguments: Any) -> Asked:
    asked = asked_of(endpoint, {**WHOLE[endpoint], **arguments}, spec=spec, params=params)
    assert asked is not None
    return asked


def key(endpoint: Endpoint = "completion", **more: Any) -> str:
    return cache_key(asks(endpoint, **more), Terms("default"))


def test_each_endpoint_has_keys_of_its_own() -> None:
    assert len({key(endpoint) for endpoint in WHOLE}) == 4
    assert [asks(endpoint).operation for endpoint in WHOLE] == ["chat", "text_completion", "responses", "messages"]


def test_embeddings_have_no_key() -> None:
    assert asked_of("embedding", {"input": "hi"}, spec=SMALL) is None


@pytest.mark.parametrize("messages", [None, [], "hi", [3], [{}]])
def test_what_is_no_conversation_has_no_key(messages: Any) -> None:
    assert asked_of("completion", {"messages": messages}, spec=SMALL) is None


@pytest.mark.parametrize("prompt", [["a", "b"], [1, 2], [[1, 2]], None])
def test_several_prompts_have_no_key(prompt: Any) -> None:
    assert asked_of("text_completion", {"prompt": prompt}, spec=SMALL) is None


@pytest.mark.parametrize("name", ["previous_response_id", "conversation", "background", "container"])
def test_what_depends_on_the_providers_memory_has_no_key(name: str) -> None:
    assert asked_of("responses", {"input": "hi", name: "x"}, spec=SMALL) is None
    assert asked_of("responses", {"input": "hi", "extra_body": {name: "x"}}, spec=SMALL) is None
    assert asked_of("responses", {"input": "hi"}, spec=SMALL, params=[{"model": "openai/gpt-5", "extra_body": {name: "x"}}]) is None
    assert asked_of("responses", {"input": "hi"}, spec=SMALL, params={"model": "openai/gpt-5", name: "x"}) is None


def test_a_model_that_nobody_knows_has_no_key() -> None:
    assert asked_of("completion", {"messages": HI}, spec=None) is None


# The model


@pytest.mark.parametrize(
    ("written", "litellms"),
    [
        ("openai:gpt-5-mini", "openai/gpt-5-mini"),
        ("gpt-5-mini", "openai/gpt-5-mini"),
        ("google_genai:gemini-2.5-flash", "gemini/gemini-2.5-flash"),
        ("mistralai:mistral-small-latest", "mistral/mistral-small-latest"),
        ("ibm:granite", "watsonx/granite"),
        ("together:meta/llama", "together_ai/meta/llama"),
    ],
)
def test_a_model_of_the_policy_is_the_same_in_litellms_words(written: str, litellms: str) -> None:
    assert key(spec=describe("m", model=written)) == key(params={"model": litellms})


def test_a_provider_that_is_told_apart_counts() -> None:
    assert key(params={"model": "gpt-5-mini", "custom_llm_provider": "openai"}) == key()
    assert key(params={"model": "gpt-5-mini", "custom_llm_provider": "azure"}) != key()


def test_a_whole_id_with_a_stroke_in_it_names_no_provider() -> None:
    assert asks(params={"model": "mistralai/Mixtral-8x7B"}).model == "mistralai/Mixtral-8x7B"


def test_an_address_counts() -> None:
    one, other = ({"model": "openai/gpt-5-mini", "api_base": base, "api_key": base} for base in ("http://a", "http://b"))
    assert len({key(params=one), key(params=other), key()}) == 3
    assert key(params=one) == key(params={"model": "openai/gpt-5-mini", "base_url": "http://a/"})


def test_arguments_of_the_call_win_over_those_of_the_model() -> None:
    spec = SMALL._replace(params={"temperature": 1, "max_tokens": 5})
    assert key(spec=spec, temperature=0, max_completion_tokens=7) == key(temperature=0, max_tokens=7)
    assert key(spec=spec) == key(temperature=1, max_tokens=5)


def test_a_key_of_the_policy_is_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_OF_TESTS", "a secret")
    assert key(spec=SMALL._replace(api_key_env="KEY_OF_TESTS")) == key()


# Messages, tools, formats


def test_messages_that_are_objects_are_as_good_as_mappings() -> None:
    call = {"id": "x", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    plain = [*HI, {"role": "assistant", "content": None, "tool_calls": [call]}]
    assert key(messages=[*HI, Spoken(tool_calls=[Called()])]) == key(messages=plain)
    assert key(messages=[*HI, {"role": "assistant", "tool_calls": [Called()]}]) == key(messages=plain)


def test_a_class_as_the_format_counts_by_its_schema() -> None:
    assert key(response_format=City) == key(response_format=City) != key()
    assert key(response_format={"type": "text"}) == key()


def test_a_class_without_a_schema_has_no_key() -> None:
    class Plain:
        """No schema."""

    with pytest.raises(TypeError, match="the class Plain has no JSON schema"):
        asks(response_format=Plain)


def test_none_of_the_call_takes_the_place_of_what_the_model_has() -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    params = {"model": "openai/gpt-5-mini", "tools": tools, "response_format": {"type": "json_object"}}
    assert key(params=params) == key(tools=tools, response_format={"type": "json_object"})
    assert key(params=params, tools=None, response_format=None) == key()
    assert key(params={"model": "openai/gpt-5-mini", "temperature": 1}, temperature=None) != key(
        params={"model": "openai/gpt-5-mini", "temperature": 1}
    )


def test_an_address_of_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key()
    monkeypatch.setenv("OPENAI_BASE_URL", "http://a/v1")
    assert key() == key(params={"model": "openai/gpt-5-mini", "api_base": "http://a/v1"}) != before


def test_a_format_of_the_model_counts_where_the_call_has_none() -> None:
    wanted = {"type": "json_object"}
    assert key(params={"model": "openai/gpt-5-mini", "response_format": wanted}) == key(response_format=wanted)


@pytest.mark.parametrize("endpoint", ["responses", "messages"])
def test_instructions_are_in(endpoint: Endpoint) -> None:
    name = "instructions" if endpoint == "responses" else "system"
    assert len({key(endpoint), key(endpoint, **{name: "Be brief."}), key(endpoint, **{name: "Be long."})}) == 3


def test_a_system_of_blocks_is_the_text_of_its_block() -> None:
    assert key("messages", system=[{"type": "text", "text": "Be.", "cache_control": {"type": "ephemeral"}}]) == key(
        "messages", system="Be."
    )


def test_an_input_of_items_is_as_good_as_a_text() -> None:
    items = [{"type": "message", "id": "m1", "role": "user", "content": [{"type": "text", "text": "hi"}]}]
    assert key("responses", input=items) == key("responses")


def test_ids_of_reasoning_items_are_out_and_what_they_hold_is_in() -> None:
    def reasoned(item_id: str, content: str) -> list[Any]:
        return [{"role": "user", "content": "hi"}, {"type": "reasoning", "id": item_id, "summary": [], "encrypted_content": content}]

    assert key("responses", input=reasoned("r1", "a")) == key("responses", input=reasoned("r2", "a"))
    assert key("responses", input=reasoned("r1", "a")) != key("responses", input=reasoned("r1", "b"))


def test_tools_of_other_formats_are_in() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    assert len({key("messages"), key("messages", tools=[search]), key("messages", tools=[{**search, "max_uses": 1}])}) == 3


def test_settings_of_litellms_are_out() -> None:
    noise: dict[str, Any] = {
        "metadata": {"stage": "x"},
        "litellm_metadata": {},
        "num_retries": 3,
        "stream": True,
        "no-log": True,
        "drop_params": True,
        "ssl_verify": False,
    }
    assert key(**noise, timeout=3, user="u", cache={"no-store": True}) == key()


def test_an_answer_that_is_made_up_is_in() -> None:
    assert key(mock_response="a") != key()
