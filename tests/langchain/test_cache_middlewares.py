"""Middleware behind ours that changes what is asked, who answers or what was said: nobody gets an answer that is not theirs."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware, ModelFallbackMiddleware, ModelRequest, ModelRetryMiddleware
from langchain.agents.structured_output import ToolStrategy
from langchain_anthropic import ChatAnthropic
from langchain_anthropic.middleware import AnthropicPromptCachingMiddleware
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import BaseModel

from taskroute.testing import ScriptedModel
from taskroute_langchain import RoutingMiddleware
from taskroute_langchain.testing import ScriptedChatModel
from tests.langchain.cached import caching, record_of
from tests.langchain.listening import Listener
from tests.langchain.ways import Stage

Request = ModelRequest[Any]
both = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


class Point(BaseModel):
    """A point on a line."""

    x: int


class Line(BaseModel):
    """A line."""

    y: int


class Behind(AgentMiddleware[Any, Any, Any]):
    """Changes the request on its way to the model."""

    def __init__(self, change: Callable[[Request], Request]) -> None:
        super().__init__()
        self.tools = []
        self._change = change

    def wrap_model_call(self, request: Request, handler: Callable[[Request], Any]) -> Any:
        return handler(self._change(request))

    async def awrap_model_call(self, request: Request, handler: Callable[[Request], Awaitable[Any]]) -> Any:
        return await handler(self._change(request))


class Editing(AgentMiddleware[Any, Any, Any]):
    """Changes the answer on its way back."""

    def __init__(self, edit: Callable[[AIMessage], AIMessage]) -> None:
        super().__init__()
        self.tools = []
        self._edit = edit

    def wrap_model_call(self, request: Request, handler: Callable[[Request], Any]) -> Any:
        return self._edit(handler(request).result[0])

    async def awrap_model_call(self, request: Request, handler: Callable[[Request], Awaitable[Any]]) -> Any:
        return self._edit((await handler(request)).result[0])


class Canned(AgentMiddleware[Any, Any, Any]):
    """Answers by itself."""

    def wrap_model_call(self, request: Request, handler: Callable[[Request], Any]) -> Any:
        return AIMessage("by the book", response_metadata={"finish_reason": "stop"})

    async def awrap_model_call(self, request: Request, handler: Callable[[Request], Awaitable[Any]]) -> Any:
        return AIMessage("by the book", response_metadata={"finish_reason": "stop"})


class Guarding(AgentMiddleware[Any, Any, Any]):
    """Asks the same model something of its own before each call."""

    def wrap_model_call(self, request: Request, handler: Callable[[Request], Any]) -> Any:
        request.model.invoke("is that all right?")
        return handler(request)

    async def awrap_model_call(self, request: Request, handler: Callable[[Request], Awaitable[Any]]) -> Any:
        await request.model.ainvoke("is that all right?")
        return await handler(request)


class Streaming(AgentMiddleware[Any, Any, Any]):
    """Answers with what the model streams to a question of its own."""

    def wrap_model_call(self, request: Request, handler: Callable[[Request], Any]) -> Any:
        return AIMessage("".join(chunk.text for chunk in request.model.stream("and how?")))

    async def awrap_model_call(self, request: Request, handler: Callable[[Request], Awaitable[Any]]) -> Any:
        return AIMessage("".join([chunk.text async for chunk in request.model.astream("and how?")]))


def look(at: str) -> str:
    """Look at something."""
    return f"seen {at}"


def scripted(name: str, *lines: Any) -> ScriptedChatModel:
    return ScriptedChatModel(script=ScriptedModel({name: list(lines)}), model_name=name)


def agent_of(stage: Stage, *after: Any, before: Any = (), **options: Any) -> Any:
    middleware: Any = [*before, RoutingMiddleware(stage.router, models=stage.llm.models), *after]
    return create_agent(stage.llm.models["small"], options.pop("tools", None), middleware=middleware, **options)


def run(agent: Any, *, is_async: bool, config: Any = None) -> AIMessage:
    given = {"messages": [HumanMessage("why?")]}
    state = asyncio.run(agent.ainvoke(given, config)) if is_async else agent.invoke(given, config)
    answer: AIMessage = next(message for message in reversed(state["messages"]) if message.type == "ai")
    return answer


def is_hit(answer: AIMessage) -> bool:
    return "cache_hit" in record_of(answer)


def telling(*users: str) -> Callable[[Request], Request]:
    """Return a change that tells the model of the next user each time, and at last of the same one."""
    names = itertools.chain(users, itertools.repeat(users[-1]))
    return lambda request: request.override(system_message=SystemMessage(f"You talk to {next(names)}."))


def in_place(what: Callable[[Request], Any]) -> Callable[[Request], Request]:
    def change(request: Request) -> Request:
        what(request)
        return request

    return change


CHANGES: dict[str, Callable[[Request], Request]] = {
    "system": lambda request: request.override(system_message=SystemMessage("Be brief.")),
    "messages": lambda request: request.override(messages=[*request.messages, HumanMessage("and how?")]),
    "no messages": lambda request: request.override(messages=[HumanMessage("how?")]),
    "tools": lambda request: request.override(tools=[]),
    "tool choice": lambda request: request.override(tool_choice="any"),
    "settings": lambda request: request.override(model_settings={"top_p": 0.1}),
    "schema": lambda request: request.override(response_format=ToolStrategy(Point)),
    "messages in place": in_place(lambda request: request.messages.append(HumanMessage("and how?"))),
    "settings in place": in_place(lambda request: request.model_settings.update(top_p=0.1)),
    "tools in place": in_place(lambda request: request.tools.clear()),
    "a request of its own": lambda request: ModelRequest(model=request.model, messages=[HumanMessage("how?")]),
}


@both
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_answer_to_a_request_that_was_changed_behind_ours_is_not_kept(change: Any, is_async: bool) -> None:
    stage = caching({"small": ["to another question", "to mine"]})
    options: Any = {"tools": [look], "response_format": ToolStrategy(Point | Line)} if change is CHANGES["schema"] else {"tools": [look]}
    run(agent_of(stage, Behind(change), **options), is_async=is_async)

    answer = run(agent_of(stage, **options), is_async=is_async)

    assert answer.text == "to mine"
    assert not is_hit(answer)


@both
def test_text_added_behind_ours_leaves_nobody_with_anothers_answer(is_async: bool) -> None:
    stage = caching({"small": ["for alice", "for bob"]})
    agent = agent_of(stage, Behind(telling("alice", "bob")))

    assert [run(agent, is_async=is_async).text for _ in range(2)] == ["for alice", "for bob"]


@both
def test_text_added_before_ours_has_answers_of_its_own(is_async: bool) -> None:
    stage = caching({"small": ["for alice", "for bob"]})
    agent = agent_of(stage, before=[Behind(telling("alice", "bob", "alice"))])

    assert [run(agent, is_async=is_async).text for _ in range(3)] == ["for alice", "for bob", "for alice"]
    assert stage.called == ["small"] * 2


@both
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_stored_answer_is_not_served_to_a_request_that_was_changed_behind_ours(change: Any, is_async: bool) -> None:
    stage = caching({"small": ["one", "two"]})
    options: Any = {"tools": [look], "response_format": ToolStrategy(Point | Line)} if change is CHANGES["schema"] else {"tools": [look]}
    run(agent_of(stage, **options), is_async=is_async)
    listener = Listener()

    answer = run(agent_of(stage, Behind(change), **options), is_async=is_async, config={"callbacks": [listener]})

    assert answer.text == "two"
    assert not is_hit(answer)
    assert [(run.ended, run.metadata.get("taskroute_cache")) for run in listener.all] == [("answered", None)]


@both
def test_no_word_of_an_answer_that_is_not_served_is_streamed(is_async: bool) -> None:
    stage = caching({"small": ["for alice", "for bob"]})
    run(agent_of(stage), is_async=is_async)
    agent, given = agent_of(stage, Behind(telling("bob"))), {"messages": [HumanMessage("why?")]}

    async def told() -> list[Any]:
        return [each async for each in agent.astream(given, stream_mode="messages")]

    pieces = asyncio.run(told()) if is_async else list(agent.stream(given, stream_mode="messages"))

    assert "".join(chunk.text for chunk, _ in pieces) == "for bob"


@both
def test_an_answer_that_was_streamed_is_kept_with_a_picture_in_the_question(is_async: bool) -> None:
    stage = caching({"small": ["one two", "three"]})
    picture = {"type": "image", "base64": "iVBORw0KGgo=", "mime_type": "image/png"}
    agent, given = agent_of(stage), {"messages": [HumanMessage(content=[{"type": "text", "text": "what is it?"}, picture])]}

    async def told() -> list[Any]:
        return [each async for each in agent.astream(given, stream_mode="messages")]

    streams = [asyncio.run(told()) if is_async else list(agent.stream(given, stream_mode="messages")) for _ in range(2)]

    assert ["".join(chunk.text for chunk, _ in pieces) for pieces in streams] == ["one two"] * 2
    assert stage.called == ["small"]


@both
def test_middleware_that_repeats_or_falls_back_hears_nothing_of_an_answer_that_is_not_served(is_async: bool) -> None:
    stage, other = caching({"small": ["one", "two"]}), scripted("other")
    run(agent_of(stage), is_async=is_async)
    agent = agent_of(stage, ModelRetryMiddleware(initial_delay=0), ModelFallbackMiddleware(other), Behind(telling("bob")))

    assert run(agent, is_async=is_async).text == "two"
    assert stage.called == ["small", "small"]
    assert other.script.called == []


@both
def test_the_answer_of_a_model_put_in_behind_ours_is_not_kept(is_async: bool) -> None:
    stage, other = caching({"small": ["mine"]}), scripted("other", "another's")
    run(agent_of(stage, Behind(lambda request: request.override(model=other))), is_async=is_async)

    assert run(agent_of(stage), is_async=is_async).text == "mine"


@both
def test_a_changed_copy_of_the_model_counts_as_another_model(is_async: bool) -> None:
    stage = caching({"small": ["one", "two"]})
    copied = Behind(lambda request: request.override(model=request.model.model_copy(update={"disable_streaming": True})))
    run(agent_of(stage), is_async=is_async)

    assert not is_hit(run(agent_of(stage, copied), is_async=is_async))

    fresh = caching({"small": ["one", "two"]})
    run(agent_of(fresh, copied), is_async=is_async)
    assert not is_hit(run(agent_of(fresh), is_async=is_async))


@both
def test_the_answer_of_a_fallback_behind_ours_is_not_kept(is_async: bool) -> None:
    stage = caching({"small": [ConnectionError("no route to host"), "mine"]})
    run(agent_of(stage, ModelFallbackMiddleware(scripted("other", "another's"))), is_async=is_async)

    assert run(agent_of(stage), is_async=is_async).text == "mine"


@both
def test_a_model_put_in_behind_ours_answers_although_an_answer_is_stored(is_async: bool) -> None:
    stage, other = caching({"small": ["mine"]}), scripted("other", "another's", "another's")
    run(agent_of(stage), is_async=is_async)

    answer = run(agent_of(stage, Behind(lambda request: request.override(model=other))), is_async=is_async)

    assert answer.text == "another's"
    assert not is_hit(answer)
    assert record_of(answer)["attempts"] == 1


@both
def test_what_a_middleware_says_itself_is_neither_kept_nor_taken_for_a_stored_answer(is_async: bool) -> None:
    stage = caching({"small": ["mine", "mine again"]})
    canned = agent_of(stage, Canned())
    assert not is_hit(run(canned, is_async=is_async))
    assert run(agent_of(stage), is_async=is_async).text == "mine"

    answer = run(canned, is_async=is_async)

    assert answer.text == "by the book"
    assert not is_hit(answer)


@both
def test_an_answer_that_a_middleware_replaced_is_not_kept(is_async: bool) -> None:
    stage = caching({"small": ["one", "two"]})
    run(agent_of(stage, Editing(lambda answer: answer.model_copy(update={"content": "edited"}))), is_async=is_async)

    assert run(agent_of(stage), is_async=is_async).text == "two"


@both
def test_an_answer_that_a_middleware_writes_into_is_kept_as_the_model_gave_it(is_async: bool) -> None:
    def sign(answer: AIMessage) -> AIMessage:
        answer.content = f"{answer.text}, yours"
        return answer

    stage = caching({"small": ["one", "two"]})
    signing = agent_of(stage, Editing(sign))
    run(signing, is_async=is_async)

    served = run(signing, is_async=is_async)

    assert served.text == "one, yours"
    assert is_hit(served)
    assert run(agent_of(stage), is_async=is_async).text == "one"


@both
def test_what_a_middleware_asks_the_model_for_itself_is_no_answer_of_the_agents(is_async: bool) -> None:
    stage = caching({"small": ["it is", "one", "it is", "two"]})
    agent = agent_of(stage, Guarding())
    run(agent, is_async=is_async)

    assert run(agent_of(stage), is_async=is_async).text == "one"
    assert run(agent, is_async=is_async).text == "two"


@both
def test_what_a_middleware_streams_itself_comes_from_the_model(is_async: bool) -> None:
    stage = caching({"small": ["one", "two"]})
    run(agent_of(stage), is_async=is_async)

    assert run(agent_of(stage, Streaming()), is_async=is_async).text == "two"


@both
def test_middleware_that_changes_nothing_leaves_answers_to_the_cache(is_async: bool) -> None:
    stage = caching({"small": [ConnectionError("no route to host"), "one"]})
    same = Behind(lambda request: request.override(messages=list(request.messages), tools=list(request.tools)))
    agent = agent_of(stage, ModelRetryMiddleware(initial_delay=0, on_failure="error"), same, tools=[look])
    run(agent, is_async=is_async)

    served = run(agent, is_async=is_async)

    assert served.text == "one"
    assert is_hit(served)
    assert stage.called == ["small", "small"]


def test_parallel_runs_of_one_agent_keep_their_answers_apart() -> None:
    stage = caching({"small": [f"answer {number}" for number in range(8)]}, cache={"wait": "none"})
    agent = agent_of(stage, Behind(telling(*"abcdefgh")))

    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*[agent.ainvoke({"messages": [HumanMessage("why?")]}) for _ in range(8)])

    answers = [state["messages"][-1] for state in asyncio.run(all_at_once())]

    assert sorted(answer.text for answer in answers) == [f"answer {number}" for number in range(8)]
    assert not any(is_hit(answer) for answer in answers)


@both
def test_the_name_of_an_agent_is_not_in_what_is_kept(is_async: bool) -> None:
    stage = caching({"small": ["one"]})
    run(agent_of(stage, name="helper"), is_async=is_async)

    served = run(agent_of(stage), is_async=is_async)

    assert (served.text, served.name) == ("one", None)
    assert is_hit(served)


class Claude(ChatAnthropic):
    """A model of Anthropic's class that answers without a network."""

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        assert kwargs["cache_control"] == {"type": "ephemeral", "ttl": "5m"}
        return ChatResult(generations=[ChatGeneration(message=AIMessage("one", response_metadata={"stop_reason": "end_turn"}))])

    async def _agenerate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        return self._generate(messages, **kwargs)


@both
@pytest.mark.parametrize("behaviour", ["warn", "raise"])
def test_middleware_for_one_providers_class_takes_a_stored_answer_for_that_providers(behaviour: Any, is_async: bool) -> None:
    claude: BaseChatModel = Claude(model_name="claude-haiku-4-5", api_key="none", timeout=None, stop=None)  # type: ignore[arg-type]
    stage = caching({"small": []}, given={"small": claude})
    marks = AnthropicPromptCachingMiddleware(unsupported_model_behavior=behaviour)
    middleware: Any = [RoutingMiddleware(stage.router, models={"small": claude}), marks]
    agent: Any = create_agent(claude, [look], middleware=middleware, system_prompt="Be brief.")
    run(agent, is_async=is_async)

    served = run(agent, is_async=is_async)

    assert served.text == "one"
    assert is_hit(served)
