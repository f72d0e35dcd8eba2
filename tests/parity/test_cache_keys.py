"""Requests of equal meaning have equal keys in the cache, whichever host they are made in; those of another meaning have others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_mistralai import ChatMistralAI
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr

from taskroute.cache.key import cache_key
from taskroute.registry.models import ModelSpec, describe
from taskroute.stored import Asked, Terms
from taskroute_langchain.asking import asked_of as langchain_asks
from taskroute_langchain.binding import LateTools
from taskroute_litellm.asking import asked_of as litellm_asks
from tests.parity.table import PIXEL

TERMS = Terms("default")
KEY: Any = SecretStr("a key")
HI: Any = [{"role": "user", "content": "hi"}]
MODEL = describe("small", model="openai:gpt-4o")


@tool
def look_up(what: str) -> str:
    """Look something up."""
    return what


LOOK_UP: Mapping[str, Any] = {
    "type": "function",
    "function": {
        "name": "look_up",
        "description": "Look something up.",
        "parameters": {"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]},
    },
}


class City(BaseModel):
    """A city."""

    name: str


def langchain(model_input: Any = "hi", *, spec: ModelSpec = MODEL, model: Any = None, **kwargs: Any) -> Asked:
    asked = langchain_asks(model_input, kwargs, spec=spec, model=model)
    assert asked is not None
    return asked


def litellm(messages: Any = HI, *, spec: ModelSpec = MODEL, params: Any = None, **arguments: Any) -> Asked:
    asked = litellm_asks("completion", {"model": "auto", "messages": messages, **arguments}, spec=spec, params=params)
    assert asked is not None
    return asked


def loop(first: str, second: str, *, swapped: bool = False) -> Any:
    """Return a conversation in which two tools are called, as LiteLLM takes it."""
    results = [{"role": "tool", "tool_call_id": first, "content": "Rain."}, {"role": "tool", "tool_call_id": second, "content": "Sun."}]
    if swapped:
        results[0]["tool_call_id"], results[1]["tool_call_id"] = second, first
    return [
        {"role": "user", "content": "Weather in Paris and Rome?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": first, "type": "function", "function": {"name": "look_up", "arguments": '{ "what":"Paris" }'}},
                {"id": second, "type": "function", "function": {"name": "look_up", "arguments": '{"what": "Rome"}'}},
            ],
        },
        *results,
    ]


LOOP = [
    HumanMessage("Weather in Paris and Rome?", id="m1"),
    AIMessage(
        "",
        id="m2",
        tool_calls=[
            {"name": "look_up", "args": {"what": "Paris"}, "id": "x1"},
            {"name": "look_up", "args": {"what": "Rome"}, "id": "x2"},
        ],
        additional_kwargs={"refusal": None},
        response_metadata={"id": "r1", "model_name": "gpt-5-mini"},
    ),
    ToolMessage("Rain.", tool_call_id="x1", name="look_up", artifact={"kept": "here"}),
    ToolMessage("Sun.", tool_call_id="x2", name="look_up"),
]


class Pair(NamedTuple):
    name: str
    langchain: Callable[[], Asked]
    litellm: Callable[[], Asked]


def openai(**more: Any) -> ChatOpenAI:
    return ChatOpenAI(**{"model": "gpt-4o", "api_key": KEY, **more})


EQUAL = (
    Pair("a text", langchain, litellm),
    Pair("a message", lambda: langchain([HumanMessage("hi", id="1")]), litellm),
    Pair("a tuple", lambda: langchain([("human", "hi")]), litellm),
    Pair("a prompt", lambda: langchain(ChatPromptTemplate.from_messages([("human", "{x}")]).invoke({"x": "hi"})), litellm),
    Pair("one block of text", lambda: langchain([HumanMessage([{"type": "text", "text": "hi"}])]), litellm),
    Pair("a given model", lambda: langchain(model=openai(timeout=3, max_retries=5, tags=["a"], model_kwargs={"user": "u"})), litellm),
    Pair("a given model of LiteLLM's", langchain, lambda: litellm(params={"model": "openai/gpt-4o", "api_key": "other", "rpm": 5})),
    Pair(
        "a group",
        langchain,
        lambda: litellm(params=[{"model": "openai/gpt-4o", "api_key": key, "rpm": 3} for key in ("one", "other")]),
    ),
    Pair(
        "an address",
        lambda: langchain(model=openai(base_url="http://here/v1/")),
        lambda: litellm(spec=describe("small", model="openai:gpt-4o", base_url="http://here/v1")),
    ),
    Pair(
        "Anthropic, with the limit that its class writes into every model",
        lambda: langchain(model=ChatAnthropic(model="claude-haiku-4-5", api_key=KEY)),  # type: ignore[call-arg]
        lambda: litellm(params={"model": "anthropic/claude-haiku-4-5"}),
    ),
    Pair(
        "Google",
        lambda: langchain(model=ChatGoogleGenerativeAI(model="gemini-2.5-flash", api_key=KEY, temperature=0)),
        lambda: litellm(spec=describe("small", model="google_genai:gemini-2.5-flash"), temperature=0),
    ),
    Pair(
        "Mistral",
        lambda: langchain(model=ChatMistralAI(model="mistral-small-latest", api_key=KEY, max_tokens=9)),  # type: ignore[call-arg]
        lambda: litellm(spec=describe("small", model="mistralai:mistral-small-latest"), max_tokens=9),
    ),
    Pair(
        "parameters of the policy",
        lambda: langchain(model=openai(temperature=0.5)),
        lambda: litellm(spec=MODEL._replace(params={"temperature": 0.5})),
    ),
    Pair(
        "a parameter of the call in the place of the model's",
        lambda: langchain(model=openai(temperature=1), temperature=0),
        lambda: litellm(temperature=0.0),
    ),
    Pair("a limit under two names", lambda: langchain(model=openai(max_tokens=7), max_tokens=5), lambda: litellm(max_completion_tokens=5)),
    Pair("stop", lambda: langchain(stop=["END"]), lambda: litellm(stop="END")),
    Pair("a format", lambda: langchain(response_format={"type": "json_object"}), lambda: litellm(response_format={"type": "json_object"})),
    Pair("a class as the format", lambda: langchain(response_format=City), lambda: litellm(response_format=City)),
    Pair("text as the format", langchain, lambda: litellm(response_format={"type": "text"})),
    Pair("tools", lambda: langchain(tools=LateTools([look_up], {})), lambda: litellm(tools=[LOOK_UP])),
    Pair("tools that are not bound late", lambda: langchain(tools=[look_up]), lambda: litellm(tools=[LOOK_UP])),
    Pair(
        "any tool",
        lambda: langchain(tools=LateTools([look_up], {"tool_choice": "any"})),
        lambda: litellm(tools=[LOOK_UP], tool_choice="required"),
    ),
    Pair(
        "a tool by its name",
        lambda: langchain(tools=LateTools([look_up], {"tool_choice": "look_up"})),
        lambda: litellm(tools=[LOOK_UP], tool_choice={"type": "function", "function": {"name": "look_up"}}),
    ),
    Pair("a loop of tools with other ids", lambda: langchain(LOOP), lambda: litellm(loop("call_a", "call_b"))),
    Pair(
        "calls that the content repeats",
        lambda: langchain(
            [
                "a",
                AIMessage(
                    [{"type": "text", "text": "Well."}, {"type": "tool_use", "id": "t", "name": "look_up", "input": {"what": "it"}}],
                    tool_calls=[{"name": "look_up", "args": {"what": "it"}, "id": "t"}],
                ),
            ]
        ),
        lambda: litellm(
            [
                {"role": "user", "content": "a"},
                {
                    "role": "assistant",
                    "content": "Well.",
                    "tool_calls": [{"id": "o", "type": "function", "function": {"name": "look_up", "arguments": '{"what":"it"}'}}],
                },
            ]
        ),
    ),
    Pair(
        "a system message",
        lambda: langchain([SystemMessage("Be brief."), HumanMessage("hi")]),
        lambda: litellm([{"role": "system", "content": "Be brief."}, *HI]),
    ),
    Pair(
        "an image",
        lambda: langchain([HumanMessage([{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": PIXEL}}])]),
        lambda: litellm(
            [{"role": "user", "content": [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": PIXEL}}]}]
        ),
    ),
    Pair(
        "an image in LangChain's own form",
        lambda: langchain([HumanMessage([{"type": "image", "base64": PIXEL.split(",")[1], "mime_type": "image/png"}])]),
        lambda: litellm([{"role": "user", "content": [{"type": "image_url", "image_url": PIXEL}]}]),
    ),
    Pair(
        "noise",
        lambda: langchain(timeout=3, metadata={"a": 1}),
        lambda: litellm(num_retries=2, user="u", stream=True, metadata={"stage": "x"}),
    ),
)


def key(asked: Asked) -> str:
    return cache_key(asked, TERMS)


@pytest.mark.parametrize("pair", EQUAL, ids=lambda pair: pair.name)
def test_requests_of_equal_meaning_have_one_key_in_both_hosts(pair: Pair) -> None:
    one, other = pair.langchain(), pair.litellm()
    assert key(one) == key(other), (one, other)


DIFFERENT = (
    Pair("another text", langchain, lambda: litellm([{"role": "user", "content": "ho"}])),
    Pair("another model", langchain, lambda: litellm(params={"model": "openai/gpt-5"})),
    Pair("another provider", langchain, lambda: litellm(params={"model": "azure/gpt-4o"})),
    Pair("another address", langchain, lambda: litellm(params={"model": "openai/gpt-4o", "api_base": "http://other/v1"})),
    Pair("a group at another address", langchain, lambda: litellm(params=[{"model": "openai/gpt-4o", "api_base": "http://a"}])),
    Pair("another temperature", lambda: langchain(temperature=0), lambda: litellm(temperature=1)),
    Pair("the temperature of a changed model", lambda: langchain(model=openai(temperature=0)), litellm),
    Pair("a tool more", lambda: langchain(tools=LateTools([look_up], {})), litellm),
    Pair("another choice of tools", lambda: langchain(tools=[look_up], tool_choice="none"), lambda: litellm(tools=[LOOK_UP])),
    Pair("results of tools swapped", lambda: langchain(LOOP), lambda: litellm(loop("a", "b", swapped=True))),
    Pair("a message as another's", lambda: langchain([SystemMessage("hi")]), litellm),
    Pair("a developer's message", lambda: langchain([SystemMessage("hi")]), lambda: litellm([{"role": "developer", "content": "hi"}])),
    Pair(
        "a failed tool",
        lambda: langchain([*LOOP[:3], ToolMessage("Sun.", tool_call_id="x2", status="error")]),
        lambda: litellm(loop("a", "b")),
    ),
    Pair("a format", lambda: langchain(response_format=City), litellm),
    Pair("another limit", lambda: langchain(max_tokens=5), lambda: litellm(max_tokens=6)),
    Pair("another format of the same name", lambda: langchain(stop="END"), lambda: litellm(stop=["END", "STOP"])),
)


@pytest.mark.parametrize("pair", DIFFERENT, ids=lambda pair: pair.name)
def test_requests_of_another_meaning_have_another_key(pair: Pair) -> None:
    assert key(pair.langchain()) != key(pair.litellm())


def test_a_group_is_the_same_in_whatever_order_its_deployments_stand() -> None:
    one, other = {"model": "openai/gpt-5", "temperature": 0}, {"model": "azure/gpt-5", "temperature": 1}
    assert key(litellm(params=[one, other])) == key(litellm(params=[other, one]))
    assert key(litellm(params=[one, other])) != key(litellm(params=[one]))
    assert key(litellm(params=[one, other])) != key(litellm(params=[one, {**other, "temperature": 0}]))
