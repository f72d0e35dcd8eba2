"""The same conversation is the same call, whether it comes through LangChain or through LiteLLM."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage, convert_to_messages
from pydantic import BaseModel, Field

from taskroute import Router
from taskroute.signals.size import estimate_tokens
from taskroute.testing import ScriptedModel
from taskroute.types import Call
from taskroute_langchain import RoutedChatModel
from taskroute_langchain.testing import chat_models
from taskroute_litellm.call import call_of

ROUTER = Router({"models": {"open": {}}, "default": ["open"]})
ROUTED = RoutedChatModel(router=ROUTER, models=chat_models(ScriptedModel({"open": "ok"})))

MAIL = "bob@example.com"
DATA_URL = "data:image/png;base64," + "QUJD" * 100
ARGS = {"city": 'Rome\nand "more"', "days": 3, "who": {"to": [MAIL]}}
IMAGE = {"type": "image_url", "image_url": {"url": DATA_URL}}
AUDIO = {"type": "input_audio", "input_audio": {"data": "QUJD" * 100, "format": "wav"}}
FILE = {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"}}
LINKED = {"type": "image_url", "image_url": {"url": "https://x.test/?m=bob%40example.com"}}
CACHED = {"type": "text", "text": "long", "cache_control": {"type": "ephemeral"}}


def calling(arguments: str, **more: Any) -> dict[str, Any]:
    return {
        "role": "assistant",
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": arguments}}],
        **more,
    }


CALLED = AIMessage("", tool_calls=[{"name": "look", "args": ARGS, "id": "c1"}])
CHATS: dict[str, tuple[list[BaseMessage], list[dict[str, Any]]]] = {
    "a question": ([HumanMessage("hi")], [{"role": "user", "content": "hi"}]),
    "a system message": (
        [SystemMessage("be brief"), HumanMessage("hi")],
        [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}],
    ),
    "an answer": ([AIMessage("hello")], [{"role": "assistant", "content": "hello"}]),
    "a name": ([HumanMessage("hi", name="ann")], [{"role": "user", "content": "hi", "name": "ann"}]),
    "parts": (
        [HumanMessage(["a", {"type": "text", "text": "b"}, CACHED])],
        [{"role": "user", "content": ["a", {"type": "text", "text": "b"}, CACHED]}],
    ),
    "media": ([HumanMessage([IMAGE, AUDIO, FILE, LINKED])], [{"role": "user", "content": [IMAGE, AUDIO, FILE, LINKED]}]),
    "a tool call": ([CALLED], [calling(json.dumps(ARGS), content=None)]),
    "a tool call without spaces": ([CALLED], [calling(json.dumps(ARGS, separators=(",", ":")), content="")]),
    "a tool call with spaces": ([CALLED], [calling(json.dumps(ARGS, indent=4))]),
    "a tool call without arguments": (
        [AIMessage("", tool_calls=[{"name": "look", "args": {}, "id": "c1"}])],
        [calling("{}", content=None)],
    ),
    "text and a tool call": ([CALLED.model_copy(update={"content": "wait"})], [calling(json.dumps(ARGS), content="wait")]),
    "a tool's answer": ([ToolMessage("done", tool_call_id="c1")], [{"role": "tool", "content": "done", "tool_call_id": "c1"}]),
    "a tool's answer in parts": ([ToolMessage([CACHED], tool_call_id="c1")], [{"role": "tool", "content": [CACHED], "tool_call_id": "c1"}]),
    "a failure of a tool": (
        [ToolMessage("done", tool_call_id="c1", status="error")],
        [{"role": "tool", "content": "done", "tool_call_id": "c1", "status": "error"}],
    ),
    "a refusal": ([AIMessage("", additional_kwargs={"refusal": "no"})], [{"role": "assistant", "content": None, "refusal": "no"}]),
    "a call of a function": (
        [AIMessage("", additional_kwargs={"function_call": {"name": "look", "arguments": "{}"}})],
        [{"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": "{}"}}],
    ),
    "reasoning": (
        [AIMessage("x", additional_kwargs={"reasoning_content": "why"})],
        [{"role": "assistant", "content": "x", "reasoning_content": "why"}],
    ),
}


def through_langchain(messages: Any, **arguments: Any) -> Call:
    # What observers may ask of a call is its host's own.
    return ROUTED.call_for(messages, {}, arguments)[0]._replace(asking=None)


@pytest.mark.parametrize(("theirs", "ours"), CHATS.values(), ids=CHATS.keys())
def test_a_chat_has_the_messages_that_it_has_through_langchain(theirs: list[BaseMessage], ours: list[dict[str, Any]]) -> None:
    assert call_of("completion", {"messages": ours}).messages == through_langchain(theirs).messages


USE = {"type": "tool_use", "id": "c1", "name": "look", "input": ARGS}
THINKING = {"type": "thinking", "thinking": "why", "signature": "c2ln"}
PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD" * 100}}
MESSAGES: dict[str, tuple[list[BaseMessage], dict[str, Any]]] = {
    "a system text": (
        [SystemMessage("be brief"), HumanMessage("hi")],
        {"system": "be brief", "messages": [{"role": "user", "content": "hi"}]},
    ),
    "system blocks": ([SystemMessage([CACHED])], {"system": [CACHED], "messages": []}),
    "a picture": ([HumanMessage([PICTURE])], {"messages": [{"role": "user", "content": [PICTURE]}]}),
    "a tool use": (
        [AIMessage([THINKING, USE], tool_calls=[{"name": "look", "args": ARGS, "id": "c1"}])],
        {"messages": [{"role": "assistant", "content": [THINKING, USE]}]},
    ),
    "nothing but a tool's result": (
        [ToolMessage("done", tool_call_id="c1")],
        {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "done"}]}]},
    ),
    "a tool's result": (
        [
            ToolMessage("done", tool_call_id="c1"),
            ToolMessage([PICTURE], tool_call_id="c2"),
            HumanMessage([{"type": "text", "text": "and?"}]),
        ],
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "c1", "content": "done"},
                        {"type": "tool_result", "tool_use_id": "c2", "content": [PICTURE], "is_error": True},
                        {"type": "text", "text": "and?"},
                    ],
                }
            ]
        },
    ),
}


@pytest.mark.parametrize(("theirs", "ours"), MESSAGES.values(), ids=MESSAGES.keys())
def test_an_anthropic_request_has_the_messages_that_it_has_through_langchain(theirs: list[BaseMessage], ours: dict[str, Any]) -> None:
    assert call_of("messages", ours).messages == through_langchain(theirs).messages


def say(role: str, kind: str, text: str) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


FUNCTION_CALL = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "c1",
    "name": "look",
    "arguments": json.dumps(ARGS),
    "status": "completed",
}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "done"}
RESPONSES: dict[str, tuple[list[BaseMessage], dict[str, Any]]] = {
    "a text": ([HumanMessage("hi")], {"input": "hi"}),
    "instructions": (
        [SystemMessage("be brief"), HumanMessage("hi")],
        {"instructions": "be brief", "input": [{"role": "user", "content": "hi"}]},
    ),
    "parts": ([HumanMessage([{"type": "text", "text": "hi"}])], {"input": [say("user", "input_text", "hi")]}),
    "a turn with a tool": (
        [HumanMessage("hi"), CALLED.model_copy(update={"content": "wait"}), ToolMessage("done", tool_call_id="c1"), AIMessage("so")],
        {
            "input": [
                say("user", "input_text", "hi"),
                say("assistant", "output_text", "wait"),
                FUNCTION_CALL,
                OUTPUT,
                say("assistant", "output_text", "so"),
            ]
        },
    ),
    "an answer with its id": ([AIMessage("a", id="msg_1")], {"input": [{**say("assistant", "output_text", "a"), "id": "msg_1"}]}),
    "a call without a word": ([CALLED], {"input": [FUNCTION_CALL]}),
    "two answers": (
        [AIMessage("a"), AIMessage("b")],
        {"input": [say("assistant", "output_text", "a"), say("assistant", "output_text", "b")]},
    ),
}


@pytest.mark.parametrize(("theirs", "ours"), RESPONSES.values(), ids=RESPONSES.keys())
def test_a_responses_request_has_the_messages_that_it_has_through_langchain(theirs: list[BaseMessage], ours: dict[str, Any]) -> None:
    assert call_of("responses", ours).messages == through_langchain(theirs).messages


class Person(BaseModel):
    name: str = Field(description=f"as in {MAIL}")


SCHEMA = {"type": "json_schema", "json_schema": {"name": "p", "schema": {"description": MAIL}}}
PARAMETERS: dict[str, dict[str, Any]] = {
    "none": {},
    "a limit": {"max_tokens": 5},
    "stop": {"stop": ["END\n"]},
    "numbers, switches and nothing": {"temperature": 0.5, "n": 2, "logprobs": True, "seed": None, "stop": []},
    "a text": {"reasoning_effort": 'low "or" so'},
    "a schema": {"response_format": SCHEMA},
    "a class as schema": {"response_format": Person},
    "something to go on": {"extra_body": {"notes": [{"to": MAIL}]}, "prediction": {"type": "content", "content": "x"}},
}


@pytest.mark.parametrize("arguments", PARAMETERS.values(), ids=PARAMETERS.keys())
def test_parameters_are_those_that_go_through_langchain(arguments: dict[str, Any]) -> None:
    ours = call_of("completion", {"model": "auto", "messages": [{"role": "user", "content": "hi"}], **arguments})
    assert ours._replace(asking=None) == through_langchain([HumanMessage("hi")], **arguments)


TOOL = {
    "type": "function",
    "function": {"name": "look", "description": f"Ask {MAIL}\n", "parameters": {"type": "object", "properties": {}}},
}


def test_tools_are_those_of_a_langchain_binding() -> None:
    bound: Any = ROUTED.bind_tools([TOOL, TOOL])
    theirs = through_langchain("hi", **bound.kwargs)
    ours = call_of("completion", {"messages": [{"role": "user", "content": "hi"}], "tools": [TOOL, TOOL]})
    assert ours._replace(asking=None) == theirs
    assert estimate_tokens(ours) > 2 * len(json.dumps(TOOL)) // 4


words = st.text('ab {"\\\n%é', max_size=8)
values = st.recursive(
    st.one_of(words, st.integers(0, 9), st.booleans(), st.none()),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
)
blocks = st.one_of(
    words,
    st.builds(lambda text: {"type": "text", "text": text}, words),
    st.builds(lambda rest: {**rest, "type": "image_url", "image_url": {"url": DATA_URL}}, st.dictionaries(words, values, max_size=2)),
)
contents = st.one_of(words, st.lists(blocks, max_size=3))
extras = st.fixed_dictionaries({}, optional={"name": words, "refusal": words, "audio": values})
calls = st.lists(
    st.builds(
        lambda name, args: {"id": "c1", "type": "function", "function": {"name": name, "arguments": json.dumps(args)}},
        words,
        st.dictionaries(words, values, max_size=2),
    ),
    min_size=1,
    max_size=2,
)
chat_messages = st.one_of(
    st.builds(
        lambda role, content, rest: {"role": role, "content": content, **rest},
        st.sampled_from(["user", "system", "assistant"]),
        contents,
        extras,
    ),
    st.builds(lambda content, made: {"role": "assistant", "content": content, "tool_calls": made}, contents, calls),
    st.builds(lambda content: {"role": "tool", "content": content, "tool_call_id": "c1"}, contents),
)


@given(st.lists(chat_messages, max_size=3))
def test_any_chat_is_read_as_langchain_reads_it(messages: list[dict[str, Any]]) -> None:
    assert call_of("completion", {"messages": messages}).messages == through_langchain(convert_to_messages(messages)).messages
