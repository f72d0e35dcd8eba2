"""Whatever a provider would be sent is looked through, so sensitive text never reaches a model that may not have it."""

from __future__ import annotations

import base64
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, BaseMessage, ChatMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import StructuredTool, tool
from pydantic import BaseModel, Field

from taskroute import Router
from taskroute.testing import ScriptedModel
from taskroute_langchain import RoutedChatModel, RoutingMiddleware
from taskroute_langchain.messages import to_messages
from taskroute_langchain.testing import chat_models

MAIL = "bob@example.com"
MAIL_64 = base64.b64encode(MAIL.encode()).decode()
PICTURE_64 = base64.b64encode(bytes(range(256)) * 2).decode()
POLICY: dict[str, Any] = {
    "models": {"open": {}, "onprem": {"labels": ["private"]}},
    "default": ["open", "onprem"],
    "require": [{"when": {"sensitive": True}, "labels": "private"}],
}
ROUTER = Router(POLICY)


class Answered:
    """A routed model, and which of the policy's models it called."""

    def __init__(self, line: Any = "ok") -> None:
        self.script = ScriptedModel({"open": line, "onprem": line})
        self.llm = RoutedChatModel(router=ROUTER, models=chat_models(self.script))

    def by(self, *messages: BaseMessage, **arguments: Any) -> list[str]:
        self.llm.invoke([HumanMessage("hi"), *messages], **arguments)
        return self.script.called


HIDING = RoutedChatModel(router=ROUTER, models=chat_models(ScriptedModel({"open": "ok", "onprem": "ok"})))


def human(block: Any) -> BaseMessage:
    return HumanMessage([block])


def answer(block: Any) -> BaseMessage:
    return AIMessage(content=[block])


def result(block: Any) -> BaseMessage:
    return ToolMessage([block], tool_call_id="1")


def document(**fields: Any) -> dict[str, Any]:
    return {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "hello"}, **fields}


TEXT_DOCUMENT = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": MAIL}}
HELD: dict[str, BaseMessage] = {
    "text of a system message": SystemMessage(MAIL),
    "a name": HumanMessage("hi", name=MAIL),
    "a role": ChatMessage(content="hi", role=MAIL),
    "a broken tool call": AIMessage("", invalid_tool_calls=[{"name": "a", "args": f'{{"to":"{MAIL}', "id": "1", "error": None}]),
    "a function call": AIMessage("", additional_kwargs={"function_call": {"name": "a", "arguments": MAIL}}),
    "an escaped function call": AIMessage("", additional_kwargs={"function_call": {"arguments": '{"a":"bob\\u0040example.com"}'}}),
    "a raw tool call that differs": AIMessage(
        "",
        tool_calls=[{"name": "a", "args": {"a": "x"}, "id": "1"}],
        additional_kwargs={"tool_calls": [{"id": "1", "function": {"name": "a", "arguments": f'{{"a":"{MAIL}","a":"x"}}'}}]},
    ),
    "reasoning content": AIMessage("", additional_kwargs={"reasoning_content": MAIL}),
    "a tool call's arguments": AIMessage("", tool_calls=[{"name": "a", "args": {"to": [MAIL]}, "id": "1"}]),
    "a key of a tool call's arguments": AIMessage("", tool_calls=[{"name": "a", "args": {MAIL: 1}, "id": "1"}]),
    "a number in a tool call": AIMessage("", tool_calls=[{"name": "a", "args": {"card": 4111111111111111}, "id": "1"}]),
    "a phone number after a line break": AIMessage("", tool_calls=[{"name": "a", "args": {"n": "a\n415-555-0100"}, "id": "1"}]),
    "a tool call's name": AIMessage("", tool_calls=[{"name": MAIL, "args": {}, "id": "1"}]),
    "a tool call's id": AIMessage("", tool_calls=[{"name": "a", "args": {}, "id": MAIL}]),
    "the id that a tool answers to": ToolMessage("done", tool_call_id=MAIL),
    "the id of an earlier answer": AIMessage("x", response_metadata={"id": MAIL}),
    "a document": human(TEXT_DOCUMENT),
    "a tool's document": result(TEXT_DOCUMENT),
    "a document's title": human(document(title=MAIL)),
    "a document's context": human(document(context=MAIL)),
    "a document in parts": human({"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": MAIL}]}}),
    "a tool use": answer({"type": "tool_use", "id": "t1", "name": "m", "input": {"to": MAIL}}),
    "a server's tool use": answer({"type": "server_tool_use", "id": "s1", "name": "m", "input": {"query": MAIL}}),
    "an output of code": answer({"type": "code_execution_tool_result", "content": {"stdout": MAIL}}),
    "a title of a search": answer({"type": "web_search_tool_result", "content": [{"type": "web_search_result", "title": MAIL}]}),
    "a server's tool call": answer({"type": "server_tool_call", "id": "s1", "name": "m", "args": {"q": MAIL}}),
    "a server's tool result": answer({"type": "server_tool_result", "tool_call_id": "s1", "output": {"a": MAIL}}),
    "a block of no standard": answer({"type": "non_standard", "value": {"a": [MAIL]}}),
    "an annotation": answer({"type": "text", "text": "x", "annotations": [{"type": "citation", "cited_text": MAIL}]}),
    "a citation": answer({"type": "text", "text": "x", "citations": [{"cited_text": MAIL}]}),
    "a block of unknown type": human({"type": "hologram", "of": MAIL}),
    "a type": human({"type": MAIL}),
    "a refusal": answer({"type": "refusal", "refusal": MAIL}),
    "a URL": human({"type": "image_url", "image_url": {"url": f"https://x.test/?m={MAIL}"}}),
    "a quoted URL": human({"type": "image_url", "image_url": {"url": "https://x.test/?m=bob%40example.com"}}),
    "a file's name": human({"type": "file", "file": {"filename": MAIL, "file_data": "data:application/pdf;base64,AAAA"}}),
    "a text file": human({"type": "file", "mime_type": "text/plain", "base64": MAIL_64}),
    "a long text file": human({"type": "file", "mime_type": "text/csv", "base64": base64.b64encode((MAIL + " " * 999).encode()).decode()}),
    "a text file in a URL": human({"type": "file", "file": {"file_data": f"data:text/plain;base64,{MAIL_64}"}}),
    "a drawing in a URL": human({"type": "image_url", "image_url": {"url": f"data:image/svg+xml,<svg>{MAIL}</svg>"}}),
    "a name in a URL of data": human({"type": "image_url", "image_url": {"url": f"data:image/png;name={MAIL};base64,AAAA"}}),
    "a file of bytes": human({"document": {"format": "txt", "source": {"bytes": MAIL.encode()}}}),
    "text in the place of a picture": human({"type": "image", "mime_type": "image/png", "base64": f"{'A' * 200} {MAIL}"}),
}


@pytest.mark.parametrize("message", HELD.values(), ids=HELD.keys())
def test_a_message_that_holds_sensitive_text_goes_to_the_private_model(message: BaseMessage) -> None:
    assert Answered().by(message) == ["onprem"]


HARMLESS: dict[str, BaseMessage] = {
    "text": SystemMessage("be brief"),
    "a document": human(document(title="Minutes")),
    "a tool call": AIMessage("", tool_calls=[{"name": "send", "args": {"to": "bob"}, "id": "call_1"}]),
    "a picture": human({"type": "image", "mime_type": "image/png", "base64": PICTURE_64}),
    "an artifact, which is not sent": ToolMessage("done", tool_call_id="1", artifact=MAIL),
}


@pytest.mark.parametrize("message", HARMLESS.values(), ids=HARMLESS.keys())
def test_a_harmless_message_goes_to_the_first_model(message: BaseMessage) -> None:
    assert Answered().by(message) == ["open"]


def look_up(what: str) -> str:
    return what


class Titled(BaseModel):
    what: str = Field(title=MAIL)


class Person(BaseModel):
    name: str = Field(description=f"as in {MAIL}")


class Harmless(BaseModel):
    name: str


PARAMETERS: dict[str, dict[str, Any]] = {
    "stop": {"stop": [MAIL]},
    "response_format": {"response_format": {"type": "json_schema", "json_schema": {"schema": {"description": MAIL}}}},
    "a class as response_format": {"response_format": Person},
    "user": {"user": MAIL},
    "a number as user": {"user": 4111111111111111},
    "extra_body": {"extra_body": {"notes": [{"to": MAIL}]}},
    "prediction": {"prediction": {"type": "content", "content": MAIL}},
    "functions": {"functions": [{"name": "a", "description": MAIL}]},
    "tools as they are": {"tools": [{"type": "function", "function": {"name": "a", "description": MAIL}}]},
    "what JSON cannot hold": {"extra_body": {("a", "b"): {MAIL}}},
}


@pytest.mark.parametrize("arguments", PARAMETERS.values(), ids=PARAMETERS.keys())
def test_an_argument_that_holds_sensitive_text_takes_the_call_to_the_private_model(arguments: dict[str, Any]) -> None:
    called = Answered()
    called.llm.bind(**arguments).invoke("hi")
    assert called.script.called == ["onprem"]


def test_arguments_without_sensitive_text_change_nothing() -> None:
    assert Answered().by(stop=["END"], user="u1", temperature=0.5, response_format=Harmless) == ["open"]


def described(description: str) -> StructuredTool:
    return StructuredTool.from_function(look_up, name="look_up", description=description)


@tool
def annotated(what: Annotated[str, f"such as {MAIL}"]) -> str:
    """Look something up."""
    return what


TOOLS: dict[str, Any] = {
    "a description": described(f"Ask {MAIL}"),
    "a field's description": Person,
    "a field's title": StructuredTool.from_function(look_up, name="look_up", description="Look up.", args_schema=Titled),
    "extras": described("Look up.").model_copy(update={"extras": {"input_examples": [{"what": MAIL}]}}),
    "a provider's own tool": {"type": "web_search", "user_location": {"city": MAIL}},
}


@pytest.mark.parametrize("given_tool", TOOLS.values(), ids=TOOLS.keys())
def test_a_bound_tool_that_holds_sensitive_text_takes_the_call_to_the_private_model(given_tool: Any) -> None:
    bound: Any = HIDING.bind_tools([given_tool])
    call, _ = HIDING.call_for("hi", {}, bound.kwargs)
    assert ROUTER.decide(call).model == "onprem"


def test_a_bound_tool_reaches_only_the_private_model() -> None:
    called = Answered()
    called.llm.bind_tools([described(f"Ask {MAIL}")]).invoke("hi")
    called.llm.bind_tools([described("Ask somebody")]).invoke("hi")
    assert called.script.called == ["onprem", "open"]


@pytest.mark.parametrize(("schema", "model"), [(Person, "onprem"), (Person.model_json_schema(), "onprem"), (Harmless, "open")])
def test_the_schema_of_an_answer_decides_too(schema: Any, model: str) -> None:
    name = schema["title"] if isinstance(schema, dict) else schema.__name__
    called = Answered(AIMessage("", tool_calls=[{"name": name, "args": {"name": "Ann"}, "id": "1"}]))
    called.llm.with_structured_output(schema).invoke("hi")
    assert called.script.called == [model]


@pytest.mark.parametrize(("description", "model"), [(f"Ask {MAIL}", "onprem"), ("Ask somebody", "open")])
def test_an_agent_s_tools_decide_too(description: str, model: str) -> None:
    script = ScriptedModel({"open": "ok", "onprem": "ok", "own": "never"})
    models = chat_models(script)
    middleware = RoutingMiddleware(ROUTER, models={name: models[name] for name in ("open", "onprem")})
    agent: Any = create_agent(models["own"], [described(description)], middleware=[middleware])
    agent.invoke({"messages": "hi"})
    assert script.called == [model]


words = st.text('abc \n"\\{[', max_size=6)
leaves = st.one_of(words, st.none(), st.booleans(), st.integers(0, 9))
keys = st.sampled_from(["type", "text", "data", "base64", "source", "mime_type", "url", "image", "input", "a", "result"])


def around(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Put a value into a list or under a key, among others."""
    beside = st.dictionaries(keys, leaves, max_size=2)
    return st.one_of(
        st.tuples(st.lists(leaves, max_size=2), inner).map(lambda parts: [*parts[0], parts[1]]),
        st.tuples(beside, keys, inner).map(lambda parts: {**parts[0], parts[1]: parts[2]}),
    )


hidden = st.recursive(st.one_of(st.just(MAIL), st.just({MAIL: 1}), st.just(f"to <{MAIL}>\n")), around, max_leaves=8)


@settings(max_examples=200, deadline=None)
@given(hidden, st.sampled_from(["content", "additional_kwargs", "arguments", "kwargs"]), keys)
def test_an_address_is_found_wherever_it_is_hidden(value: Any, where: str, key: str) -> None:
    message: BaseMessage = HumanMessage("hi")
    arguments: dict[str, Any] = {}
    match where:
        case "content":
            message = HumanMessage([{"type": "image", key: value}])
        case "additional_kwargs":
            message = AIMessage("x", additional_kwargs={key: value})
        case "arguments":
            message = AIMessage("x", tool_calls=[{"name": "a", "args": {key: value}, "id": "1"}])
        case _:
            arguments = {"extra_body": {key: value}}
    call, _ = HIDING.call_for([message], {}, arguments)
    assert ROUTER.decide(call).model == "onprem"


def test_pictures_and_the_words_of_the_format_are_no_text() -> None:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PICTURE_64}}
    linked = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE_64}"}}
    (message,) = to_messages([HumanMessage([{"type": "text", "text": "look"}, picture, linked])])
    assert (message.text, message.media) == ("look", ("image", "image"))


def test_what_a_message_holds_twice_is_counted_once() -> None:
    args = {"place": "Rome and its surroundings"}
    raw = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"place":"Rome and its surroundings"}'}}
    block = {"type": "tool_use", "id": "c1", "name": "weather", "input": args}
    calls: Any = [{"name": "weather", "args": args, "id": "c1"}]
    messages = [AIMessage("", tool_calls=calls, additional_kwargs={"tool_calls": [raw]}), AIMessage([block], tool_calls=calls)]
    assert [message.text.count("Rome") for message in to_messages(messages)] == [1, 1]
