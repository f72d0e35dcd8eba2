"""What is asked, in the shapes of the GenAI conventions: messages, system instructions and tools."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain.agents import create_agent
from langchain_core.messages import (
    AIMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from pydantic import BaseModel

from taskroute import Router
from taskroute.types import Asking
from taskroute_langchain import RoutingMiddleware
from taskroute_langchain.genai_parts import json_value, parts_of
from tests.langchain.fake_provider import FakeProvider
from tests.langchain.speaking import saying
from tests.langchain.telling import Heard, heard_by

PIXEL = "iVBORw0KGgo="


@tool
def look_up(what: str) -> str:
    """Look something up."""
    return what


def asked(model_input: Any, **kwargs: Any) -> Asking:
    llm, heard = heard_by()
    llm.invoke(model_input, **kwargs)
    return heard.asking


def part(block: Any) -> Any:
    """Return the only part that a block of a user's message becomes."""
    (message,) = asked([HumanMessage([block])]).messages()
    (found,) = message["parts"]
    return found


# Messages


def test_a_conversation_keeps_its_order_and_its_calls_of_tools() -> None:
    thread = [
        SystemMessage("Be brief."),
        HumanMessage("weather?", name="ann"),
        AIMessage("looking", tool_calls=[{"name": "look_up", "args": {"what": "weather"}, "id": "c1"}]),
        ToolMessage("rain", tool_call_id="c1"),
        AIMessage("It rains."),
    ]
    assert asked(thread).messages() == [
        {"role": "user", "parts": [{"type": "text", "content": "weather?"}], "name": "ann"},
        {
            "role": "assistant",
            "parts": [
                {"type": "text", "content": "looking"},
                {"type": "tool_call", "id": "c1", "name": "look_up", "arguments": {"what": "weather"}},
            ],
        },
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "rain"}]},
        {"role": "assistant", "parts": [{"type": "text", "content": "It rains."}]},
    ]


def test_system_messages_are_instructions_and_nothing_else() -> None:
    thread = [
        SystemMessage("Be brief."),
        HumanMessage("hi"),
        ChatMessage(content="And kind.", role="developer"),
        SystemMessage([{"type": "text", "text": "x"}]),
    ]
    asking = asked(thread)
    assert asking.instructions() == [{"type": "text", "content": text} for text in ("Be brief.", "And kind.", "x")]
    assert [message["role"] for message in asking.messages()] == ["user"]


@pytest.mark.parametrize(
    "model_input",
    [
        "hi",
        [("human", "hi")],
        [{"role": "user", "content": "hi"}],
        ChatPromptTemplate.from_messages([("human", "{x}")]).invoke({"x": "hi"}),
    ],
)
def test_whatever_a_chat_model_takes_is_told(model_input: Any) -> None:
    assert asked(model_input).messages() == [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]


def test_other_roles_keep_their_names() -> None:
    asking = asked([ChatMessage(content="psst", role="prompter"), FunctionMessage(content="42", name="sum")])
    assert [(message["role"], message.get("name")) for message in asking.messages()] == [("prompter", None), ("tool", "sum")]


def test_the_result_of_a_tool_may_have_parts() -> None:
    result = ToolMessage([{"type": "text", "text": "see"}, {"type": "image", "url": "https://x.test/a.png"}], tool_call_id="c1")
    (message,) = asked([result]).messages()
    assert message["parts"][0]["response"] == [
        {"type": "text", "content": "see"},
        {"type": "uri", "modality": "image", "uri": "https://x.test/a.png"},
    ]


# Parts


@pytest.mark.parametrize(
    ("block", "wanted"),
    [
        ({"type": "text", "text": "hi"}, {"type": "text", "content": "hi"}),
        (
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": PIXEL},
        ),
        ({"type": "image_url", "image_url": {"url": "https://x.test/a"}}, {"type": "uri", "modality": "image", "uri": "https://x.test/a"}),
        (
            {"type": "image", "source_type": "base64", "mime_type": "image/png", "data": PIXEL},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": PIXEL},
        ),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": PIXEL},
        ),
        (
            {"type": "image", "base64": PIXEL, "mime_type": "image/png"},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": PIXEL},
        ),
        ({"type": "image", "file_id": "f1"}, {"type": "file", "modality": "image", "file_id": "f1"}),
        (
            {"type": "input_audio", "input_audio": {"data": PIXEL, "format": "wav"}},
            {"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": PIXEL},
        ),
        (
            {"type": "video", "url": "https://x.test/v", "mime_type": "video/mp4"},
            {"type": "uri", "modality": "video", "mime_type": "video/mp4", "uri": "https://x.test/v"},
        ),
        ({"type": "file", "file": {"file_id": "f1"}}, {"type": "file", "modality": "document", "file_id": "f1"}),
        (
            {"type": "file", "base64": PIXEL, "mime_type": "application/pdf"},
            {"type": "blob", "modality": "document", "mime_type": "application/pdf", "content": PIXEL},
        ),
        (
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "all of it"}},
            {"type": "text", "content": "all of it"},
        ),
        (
            {"type": "media", "mime_type": "audio/ogg", "data": b"abc"},
            {"type": "blob", "modality": "audio", "mime_type": "audio/ogg", "content": "YWJj"},
        ),
        (
            {"type": "media", "mime_type": "video/mp4", "file_uri": "gs://x/y"},
            {"type": "uri", "modality": "video", "mime_type": "video/mp4", "uri": "gs://x/y"},
        ),
        ({"type": "thinking", "thinking": "hm", "signature": "s"}, {"type": "reasoning", "content": "hm"}),
        ({"type": "reasoning", "reasoning": "hm"}, {"type": "reasoning", "content": "hm"}),
        ({"type": "tool_result", "tool_use_id": "c1", "content": "x"}, {"type": "tool_call_response", "id": "c1", "response": "x"}),
        ({"type": "refusal", "refusal": "no"}, {"type": "refusal", "refusal": "no"}),
        ({"type": "compaction", "content": "so far"}, {"type": "compaction", "content": "so far"}),
        ({"type": "of_their_own", "data": [1, b"abc"]}, {"type": "of_their_own", "data": [1, "YWJj"]}),
    ],
)
def test_every_kind_of_block_becomes_a_part(block: Any, wanted: Any) -> None:
    assert part(block) == wanted


def test_what_the_provider_runs_itself_is_told_as_its_own_kind_of_call() -> None:
    content: list[Any] = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "q"}},
        {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
        {"type": "text", "text": "so"},
        {"type": "tool_use", "id": "c1", "name": "look_up", "input": {"what": "x"}},
    ]
    message = AIMessage(
        content, tool_calls=[{"name": "look_up", "args": {"what": "x"}, "id": "c1"}], response_metadata={"model_provider": "anthropic"}
    )
    (told,) = asked([message]).messages()
    thought, searched, found, text, called = told["parts"]
    assert (thought, text) == ({"type": "reasoning", "content": "hm"}, {"type": "text", "content": "so"})
    assert searched == {
        "type": "server_tool_call",
        "id": "s1",
        "name": "web_search",
        "server_tool_call": {"type": "web_search", "arguments": {"query": "q"}},
    }
    assert (found["type"], found["id"]) == ("server_tool_call_response", "s1")
    assert found["server_tool_call_response"]["type"]
    assert called == {"type": "tool_call", "id": "c1", "name": "look_up", "arguments": {"what": "x"}}


def test_a_call_that_the_content_has_too_is_told_once_and_one_that_cannot_be_read_as_it_came() -> None:
    message = AIMessage(
        [{"type": "tool_use", "id": "c1", "name": "look_up", "input": {"what": "x"}}],
        tool_calls=[{"name": "look_up", "args": {"what": "x"}, "id": "c1"}],
        invalid_tool_calls=[{"name": "look_up", "args": '{"what', "id": "c2", "error": None, "type": "invalid_tool_call"}],
    )
    (told,) = asked([message]).messages()
    assert [(one["id"], one["arguments"]) for one in told["parts"]] == [("c1", {"what": "x"}), ("c2", '{"what')]


def test_audio_beside_the_content_is_told() -> None:
    message = AIMessage("", additional_kwargs={"audio": {"id": "a1", "data": PIXEL, "transcript": "hey"}})
    (told,) = asked([message]).messages()
    assert told["parts"] == [{"type": "blob", "modality": "audio", "content": PIXEL, "transcript": "hey"}]


def test_thoughts_that_the_provider_keeps_to_itself_leave_no_part() -> None:
    (told,) = asked([AIMessage([{"type": "reasoning", "encrypted_content": "xyz"}, {"type": "text", "text": "so"}])]).messages()
    assert told["parts"] == [{"type": "text", "content": "so"}]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.lists(st.text() | st.dictionaries(st.sampled_from(["type", "text", "id", "data", "url", "source", "name"]), values), max_size=4))
def test_whatever_the_content_is_every_part_has_a_kind_and_is_json(content: list[Any]) -> None:
    parts = parts_of(HumanMessage(content))
    json.dumps(parts)
    assert all(isinstance(one["type"], str) for one in parts)


@given(values)
def test_a_value_without_bytes_comes_back_as_it_was(value: Any) -> None:
    found = json_value(value)
    json.dumps(found)
    if "b'" not in repr(value) and 'b"' not in repr(value):
        assert found == value


def test_an_object_and_what_goes_round_in_a_circle_are_json_too() -> None:
    class Own(BaseModel):
        x: int = 1

    circle: list[Any] = [Own()]
    circle.append(circle)
    assert json_value(circle)[0] == {"x": 1}
    json.dumps(json_value(circle))


# Tools

LOOK_UP = {
    "type": "function",
    "name": "look_up",
    "description": "Look something up.",
    "parameters": {"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]},
}


def tools_of(llm_and_heard: Any, tools: list[Any]) -> Any:
    llm, heard = llm_and_heard
    llm.bind_tools(tools).invoke("hi")
    return heard.asking.tools()


def test_tools_are_told_as_functions_with_their_schema() -> None:
    assert tools_of(heard_by(FakeProvider()), [look_up]) == [LOOK_UP]


def test_tools_that_are_given_as_arguments_are_told_in_whatever_format_they_are() -> None:
    openai = {
        "type": "function",
        "function": {"name": "look_up", "description": LOOK_UP["description"], "parameters": LOOK_UP["parameters"]},
    }
    anthropic = {"name": "look_up", "description": LOOK_UP["description"], "input_schema": LOOK_UP["parameters"]}
    llm, heard = heard_by(saying("ok"))
    llm.invoke("hi", tools=[openai, anthropic])
    assert heard.asking.tools() == [LOOK_UP, LOOK_UP]


def test_a_tool_of_the_provider_s_own_is_told_by_its_kind_and_name_alone() -> None:
    server = {"type": "mcp", "server_label": "files", "server_url": "https://x.test", "authorization": "secret-token"}
    search = {"type": "web_search_20260101", "name": "web_search", "max_uses": 3}
    llm, heard = heard_by(saying("ok"))
    llm.invoke("hi", tools=[server, search])
    assert heard.asking.tools() == [{"type": "mcp", "name": "files"}, {"type": "web_search_20260101", "name": "web_search"}]


def test_a_call_without_tools_and_without_instructions_has_none() -> None:
    asking = asked("hi")
    assert (list(asking.tools()), list(asking.instructions())) == ([], [])


# Agents


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
async def test_each_turn_of_an_agent_tells_what_it_asks(way: str) -> None:
    heard = Heard()
    router = Router({"models": {"a": {}}, "default": ["a"]}, observers=[heard], environ={})
    middleware = RoutingMiddleware(router, models={"a": FakeProvider(answer="done")})
    agent: Any = create_agent(FakeProvider(), [look_up], middleware=[middleware], system_prompt="Be brief.")
    asked, config = {"messages": [HumanMessage("what is 'x'?")]}, {"configurable": {"thread_id": "t1"}}
    _ = agent.invoke(asked, config) if way == "invoke" else await agent.ainvoke(asked, config)
    first, second = (call.asking for call in heard.calls)
    assert first is not None
    assert second is not None
    assert first.instructions() == [{"type": "text", "content": "Be brief."}]
    assert first.tools() == [LOOK_UP]
    assert [message["role"] for message in first.messages()] == ["user"]
    assert [message["role"] for message in second.messages()] == ["user", "assistant", "tool"]
    assert [call.conversation for call in heard.calls] == ["t1", "t1"]
    assert [call.streams for call in heard.calls] == [False, False]


def test_an_agent_without_a_thread_has_no_conversation() -> None:
    heard = Heard()
    router = Router({"models": {"a": {}}, "default": ["a"]}, observers=[heard], environ={})
    agent: Any = create_agent(FakeProvider(), [], middleware=[RoutingMiddleware(router, models={"a": saying("done")})])
    agent.invoke({"messages": "hi"})
    assert heard.call.conversation is None


def test_the_settings_of_an_agent_s_request_count_and_its_schema_asks_for_json() -> None:
    from langchain.agents.middleware import ModelRequest, ModelResponse, wrap_model_call

    @wrap_model_call
    def warmer(request: ModelRequest, handler: Callable[[ModelRequest], ModelResponse]) -> ModelResponse:
        return handler(request.override(model_settings={"temperature": 0.9}))

    class Answer(BaseModel):
        """An answer."""

        text: str

    heard = Heard()
    router = Router({"models": {"a": {}}, "default": ["a"]}, observers=[heard], environ={})
    middleware = [warmer, RoutingMiddleware(router, models={"a": FakeProvider()})]
    agent: Any = create_agent(FakeProvider(), [], middleware=middleware, response_format=Answer)
    agent.invoke({"messages": "'yes'"})
    found = heard.asking.sent("a")
    assert (found.temperature, found.output_type, found.provider) == (0.9, "json", "fakery")
