"""What a LangChain request asks for, as far as the key of its answer is made of it."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, ChatMessage, FunctionMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import StructuredTool, tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, Field, SecretStr

from taskroute.cache.key import cache_key
from taskroute.errors import ConfigurationError
from taskroute.registry.models import ModelSpec, describe
from taskroute.stored import Asked, Terms
from taskroute_langchain.asking import asked_of
from taskroute_langchain.binding import LateTools

KEY: Any = SecretStr("a key")
SMALL = describe("small", model="openai:gpt-4o")
LARGE = describe("large")


def asks(model_input: Any = "hi", *, spec: ModelSpec = SMALL, model: Any = None, schema: Any = None, **kwargs: Any) -> Asked:
    asked = asked_of(model_input, kwargs, spec=spec, model=model, schema=schema)
    assert asked is not None
    return asked


def key(model_input: Any = "hi", **more: Any) -> str:
    return cache_key(asks(model_input, **more), Terms("default"))


def openai(**more: Any) -> ChatOpenAI:
    return ChatOpenAI(**{"model": "gpt-4o", "api_key": KEY, **more})


class Own(FakeListChatModel):
    """A class of a user's, with notes of its own."""

    style: str = "plain"
    secret: SecretStr = SecretStr("")
    notes: list[str] = Field(default_factory=list)


# Messages


def _signed(call_id: str, signature: str) -> AIMessage:
    """Return a message as a model of Google's gives it, with the signature of what it thought before a call."""
    calls: Any = [{"name": "f", "args": {}, "id": call_id}]
    return AIMessage("", tool_calls=calls, additional_kwargs={"__gemini_function_call_thought_signatures__": {call_id: signature}})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (AIMessage("a", id="1", response_metadata={"id": "r", "token_usage": {}}), AIMessage("a", id="2")),
        (AIMessage("a", usage_metadata={"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}), AIMessage("a")),
        (AIMessage("a", additional_kwargs={"refusal": None}), AIMessage("a")),
        (AIMessage("a", additional_kwargs={"parsed": object()}), AIMessage("a")),
        (ToolMessage("a", tool_call_id="1", artifact=object()), ToolMessage("a", tool_call_id="2")),
        (HumanMessage("a"), {"role": "user", "content": "a"}),
        (HumanMessage("a"), ("human", "a")),
        (HumanMessage("a"), HumanMessage("a", example=True)),
        (_signed("x", "S"), _signed("y", "S")),
        (
            AIMessage("a", additional_kwargs={"__openai_function_call_ids__": {"x": "fc_1"}}),
            AIMessage("a", additional_kwargs={"__openai_function_call_ids__": {"y": "fc_2"}}),
        ),
        (ChatMessage(content="a", role="user"), HumanMessage("a")),
        (SystemMessage("a", additional_kwargs={"__openai_role__": "developer"}), {"role": "developer", "content": "a"}),
        (
            AIMessage(
                "",
                tool_calls=[{"name": "f", "args": {"a": 1}, "id": "1"}],
                additional_kwargs={"tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}]},
            ),
            AIMessage("", tool_calls=[{"name": "f", "args": {"a": 1}, "id": "2"}]),
        ),
    ],
    ids=str,
)
def test_noise_of_a_message_is_out(one: Any, other: Any) -> None:
    assert key([one]) == key([other])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (AIMessage("a", additional_kwargs={"reasoning_content": "b"}), AIMessage("a")),
        (AIMessage("a", additional_kwargs={"audio": {"id": "b"}}), AIMessage("a")),
        (AIMessage("a", name="Ann"), AIMessage("a")),
        (_signed("x", "S"), _signed("x", "T")),
        (
            AIMessage([{"type": "thinking", "thinking": "a", "signature": "s"}]),
            AIMessage([{"type": "thinking", "thinking": "a", "signature": "t"}]),
        ),
        (AIMessage("", invalid_tool_calls=[{"name": "f", "args": "{", "id": "1", "error": None}]), AIMessage("")),
        (AIMessage("", additional_kwargs={"function_call": {"name": "f", "arguments": "{}"}}), AIMessage("")),
        (
            AIMessage(
                "",
                tool_calls=[{"name": "f", "args": {"a": 1}, "id": "1"}],
                additional_kwargs={"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": '{"a": 2}'}}]},
            ),
            AIMessage("", tool_calls=[{"name": "f", "args": {"a": 1}, "id": "1"}]),
        ),
        (
            AIMessage(
                [{"type": "tool_use", "id": "1", "name": "f", "input": {"a": 2}}], tool_calls=[{"name": "f", "args": {"a": 1}, "id": "1"}]
            ),
            AIMessage("", tool_calls=[{"name": "f", "args": {"a": 1}, "id": "1"}]),
        ),
        (FunctionMessage(content="a", name="f"), FunctionMessage(content="a", name="g")),
        (HumanMessage([{"type": "image", "id": "file-1"}]), HumanMessage([{"type": "image", "id": "file-2"}])),
        (HumanMessage("a", additional_kwargs={"content": "b"}), HumanMessage("a")),
    ],
    ids=str,
)
def test_what_a_provider_may_be_sent_of_a_message_is_in(one: Any, other: Any) -> None:
    assert key([one]) != key([other])


def test_what_is_no_input_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="a int is no input of a chat model"):
        asks(3)


# Models


def test_a_given_model_is_the_one_that_is_built_from_the_policy() -> None:
    assert asks(model=openai(timeout=3, max_retries=9)) == asks()
    assert asks(model=openai(temperature=0, max_tokens=5)) == asks(spec=SMALL._replace(params={"temperature": 0, "max_tokens": 5}))


def test_a_changed_model_has_another_key_at_once() -> None:
    model = openai(temperature=0)
    before = key(model=model)
    model.temperature = 1
    after = key(model=model)
    model.model_kwargs["logit_bias"] = {"1": 5}
    assert len({before, after, key(model=model)}) == 3
    model.temperature = 0
    del model.model_kwargs["logit_bias"]
    assert key(model=model) == before


def test_a_true_is_no_one_when_a_model_changes() -> None:
    model = Own(responses=["a"], style="1")
    keys = {key(model=model, spec=LARGE)}
    for style in (1, True, 1.5):
        object.__setattr__(model, "style", style)
        keys.add(key(model=model, spec=LARGE))
    assert len(keys) == 4


def test_a_model_is_let_go_of() -> None:
    model = openai()
    key(model=model)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_secrets_of_a_model_are_out() -> None:
    one, other = openai(), openai(api_key=SecretStr("another"), organization="o")
    assert asks(model=one) == asks(model=other)
    assert "a key" not in repr(asks(model=one))
    secrets = [Own(responses=["a"], secret=SecretStr(text)) for text in ("one", "two")]
    assert asks(model=secrets[0], spec=LARGE) == asks(model=secrets[1], spec=LARGE)


def test_a_class_that_is_not_the_providers_own_is_in() -> None:
    class Mine(ChatOpenAI):
        pass

    assert key(model=Mine(model="gpt-4o", api_key=KEY)) != key()
    assert "Mine" in asks(model=Mine(model="gpt-4o", api_key=KEY)).model


def test_fields_of_a_users_class_are_in() -> None:
    keys = {key(model=Own(responses=["a"], style=style), spec=LARGE) for style in ("plain", "curt")}
    keys.add(key(model=Own(responses=["b"]), spec=LARGE))
    assert len(keys) == 3


def test_a_fake_model_has_one_key_whatever_it_has_answered_by_then() -> None:
    model = FakeListChatModel(responses=["a", "b"])
    before = key(model=model, spec=LARGE)
    model.invoke("hi")
    assert key(model=model, spec=LARGE) == before


def test_a_limit_that_was_asked_for_is_in() -> None:
    def claude(**more: Any) -> ChatAnthropic:
        return ChatAnthropic(**{"model": "claude-haiku-4-5", "api_key": KEY, **more})

    spec = describe("small", model="anthropic:claude-haiku-4-5")
    assert key(model=claude()) == key(spec=spec)
    assert key(model=claude(max_tokens=9)) == key(spec=spec._replace(params={"max_tokens": 9})) != key(spec=spec)


def test_another_model_of_the_same_call_is_in() -> None:
    asked = asked_of("hi", {"model": "gpt-5"}, spec=SMALL, model=None)
    assert asked is not None
    assert cache_key(asked, Terms("default")) != key()


def test_variables_of_the_policy_are_in_by_what_they_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = SMALL._replace(base_url="http://${HOST_OF_TESTS}/v1", params={"top_p": "${TOP_OF_TESTS}"})
    monkeypatch.setenv("TOP_OF_TESTS", "1")
    keys: set[str] = set()
    for host in ("a", "b"):
        monkeypatch.setenv("HOST_OF_TESTS", host)
        keys.add(key(spec=spec))
    assert len(keys) == 2
    monkeypatch.delenv("TOP_OF_TESTS")
    with pytest.raises(ConfigurationError, match="TOP_OF_TESTS"):
        asks(spec=spec)


def test_a_model_that_nobody_knows_has_no_key() -> None:
    assert asked_of("hi", {}, spec=None, model=None) is None


@pytest.mark.parametrize("name", ["previous_response_id", "conversation", "background", "container"])
def test_what_depends_on_the_providers_memory_has_no_key(name: str) -> None:
    assert asked_of("hi", {name: "x"}, spec=SMALL, model=None) is None
    assert asked_of("hi", {"extra_body": {name: "x"}}, spec=SMALL, model=None) is None
    assert asked_of("hi", {}, spec=SMALL, model=openai(extra_body={name: "x"})) is None
    assert asked_of("hi", {}, spec=SMALL._replace(params={name: "x"}), model=None) is None


def test_a_model_that_sends_ids_in_the_place_of_answers_has_no_key() -> None:
    assert asked_of("hi", {}, spec=SMALL, model=openai(use_previous_response_id=True)) is None


# Tools and schemas


class Where(BaseModel):
    """A place."""

    city_name: str = Field(examples=["Paris"])


@tool
def look_up(what: str) -> str:
    """Look something up."""
    return what


@tool(args_schema=Where)
def locate(city_name: str) -> str:
    """Look something up."""
    return city_name


def test_titles_that_are_made_of_names_are_out() -> None:
    assert all("besides" not in each for each in asks(tools=LateTools([look_up], {})).tools)


def test_what_only_some_providers_are_sent_of_a_tool_is_in() -> None:
    marked, plain = look_up.model_copy(update={"extras": {"defer_loading": "always"}}), look_up.model_copy()
    assert key(tools=LateTools([marked], {})) != key(tools=LateTools([plain], {}))
    for_cache = look_up.model_copy(update={"extras": {"cache_control": {"type": "ephemeral"}}})
    assert key(tools=LateTools([for_cache], {})) == key(tools=LateTools([plain], {}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"defer_loading": True}, {"defer_loading": False}),
        ({"input_examples": [{"x": 1}]}, {"input_examples": [{"x": 2}]}),
        ({"input_examples": [{"x": "left", "y": "right"}]}, {"input_examples": [{"y": "left", "x": "right"}]}),
    ],
    ids=str,
)
def test_extras_of_a_tool_are_in_as_they_are(one: Any, other: Any) -> None:
    first, second = (look_up.model_copy(update={"extras": extras}) for extras in (one, other))
    assert key(tools=LateTools([first], {})) != key(tools=LateTools([second], {}))
    assert key(tools=[first]) == key(tools=LateTools([first], {}))


def test_examples_in_a_schema_are_told_by_their_places() -> None:
    class One(BaseModel):
        a: str = Field(json_schema_extra={"x-hint": "left"})
        b: str = Field(json_schema_extra={"x-hint": "right"})

    class Other(BaseModel):
        a: str = Field(json_schema_extra={"x-hint": "right"})
        b: str = Field(json_schema_extra={"x-hint": "left"})

    tools = [StructuredTool.from_function(lambda: "", name="f", description="d", args_schema=kind) for kind in (One, Other)]
    assert key(tools=tools[:1]) != key(tools=tools[1:])


def test_a_class_without_a_schema_has_no_key() -> None:
    class Thing:
        pass

    class Odd(BaseModel):
        model_config = {"arbitrary_types_allowed": True}
        thing: Thing

    with pytest.raises(TypeError, match="the class Odd has no JSON schema"):
        asks(schema=[Odd, {}])


def test_options_of_the_binding_are_in_and_those_of_the_call_win() -> None:
    bound = LateTools([look_up, locate], {"tool_choice": "look_up"})
    assert key(tools=bound) == key(tools=[look_up, locate], tool_choice="look_up") != key(tools=[look_up, locate])
    assert key(tools=bound, tool_choice="locate") == key(tools=[look_up, locate], tool_choice="locate")


def test_a_binding_is_let_go_of() -> None:
    bound = LateTools([look_up], {})
    key(tools=bound)
    gone = weakref.ref(bound)
    del bound
    gc.collect()
    assert gone() is None


def test_structured_output_is_in_and_is_no_response_format() -> None:
    class Other(BaseModel):
        """A place."""

        name: str

    assert (
        len({key(), key(schema=[Where, {}]), key(schema=[Other, {}]), key(schema=[Where, {"method": "x"}]), key(response_format=Where)})
        == 5
    )
    assert key(schema=[Where, {}]) == key(schema=[Where, {}])


def test_a_stop_or_a_choice_of_none_is_as_good_as_absent() -> None:
    model = openai(stop=["END"])
    assert key(model=model, stop=None, tool_choice=None) == key(model=model) != key()
    assert len({key(model=openai(seed=1), seed=None), key(model=openai(seed=1)), key(model=openai(seed=2), seed=None)}) == 3


def test_what_langchain_takes_for_its_traces_is_out() -> None:
    assert key(ls_structured_output_format={"schema": Where}) == key()
