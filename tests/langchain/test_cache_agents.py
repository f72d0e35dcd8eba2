"""Agents whose model's answers are kept: with tools, with answers in a schema by each strategy, sync and async."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import AutoStrategy, ProviderStrategy, ToolStrategy
from langchain_core.messages import AIMessage, HumanMessage
from pydantic import BaseModel

from taskroute_langchain import RoutingMiddleware
from taskroute_langchain.testing import ScriptedChatModel
from tests.langchain.cached import bypass, caching, record_of
from tests.langchain.listening import Listener
from tests.langchain.ways import Stage


class Point(BaseModel):
    """A point on a line."""

    x: int


def look(at: str) -> str:
    """Look at something."""
    return f"seen {at}"


_LOOKS = AIMessage(
    "", tool_calls=[{"name": "look", "args": {"at": "a"}, "id": "call_1"}], response_metadata={"finish_reason": "tool_calls"}
)
_POINTS = AIMessage("", tool_calls=[{"name": "Point", "args": {"x": 3}, "id": "call_2"}], response_metadata={"finish_reason": "tool_calls"})


def agent_of(stage: Stage, **options: Any) -> Any:
    middleware: Any = [RoutingMiddleware(stage.router, models=stage.llm.models)]
    return create_agent(stage.llm.models["small"], middleware=middleware, **options)


def run(agent: Any, *, is_async: bool, config: Any = None, prompt: str = "why?") -> dict[str, Any]:
    given = {"messages": [HumanMessage(prompt)]}
    answer: dict[str, Any] = asyncio.run(agent.ainvoke(given, config)) if is_async else agent.invoke(given, config)
    return answer


both = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


@both
def test_an_agents_answer_is_served(is_async: bool) -> None:
    stage = caching({"small": ["one", "two"]})
    agent, listener = agent_of(stage), Listener()
    run(agent, is_async=is_async)

    served = run(agent, is_async=is_async, config={"callbacks": [listener]})["messages"][-1]

    assert served.text == "one"
    assert record_of(served)["cache_hit"] is True
    assert stage.called == ["small"]
    assert [run.metadata["taskroute_cache"] for run in listener.all] == ["hit"]


@both
def test_steps_that_call_tools_are_kept_where_the_policy_asks_for_it(is_async: bool) -> None:
    stage = caching({"small": [_LOOKS, "done"]}, cache={"tool_calls": True})
    agent = agent_of(stage, tools=[look])
    first = run(agent, is_async=is_async)["messages"]

    again = run(agent, is_async=is_async)["messages"]

    assert stage.called == ["small", "small"]
    assert [message.type for message in again] == ["human", "ai", "tool", "ai"]
    assert [message.text for message in again] == [message.text for message in first] == ["why?", "", "seen a", "done"]
    assert again[1].tool_calls[0]["id"] == again[2].tool_call_id != first[2].tool_call_id


@both
def test_otherwise_only_the_answer_at_the_end_is(is_async: bool) -> None:
    stage = caching({"small": [_LOOKS, "done", _LOOKS]})
    agent = agent_of(stage, tools=[look])
    run(agent, is_async=is_async)

    again = run(agent, is_async=is_async)["messages"]

    assert stage.called == ["small"] * 3
    assert ["cache_hit" in record_of(message) for message in again if message.type == "ai"] == [False, True]


@both
@pytest.mark.parametrize("wanted", [ToolStrategy(Point), AutoStrategy(Point), Point], ids=["tool", "auto", "schema"])
def test_an_answer_in_a_schema_that_came_by_a_tool_is_served(wanted: Any, is_async: bool) -> None:
    stage = caching({"small": [_POINTS]})
    agent = agent_of(stage, response_format=wanted)
    run(agent, is_async=is_async)

    served = run(agent, is_async=is_async)

    assert served["structured_response"] == Point(x=3)
    assert stage.called == ["small"]


@both
@pytest.mark.parametrize("wanted", [ProviderStrategy(Point), AutoStrategy(Point)], ids=["provider", "auto"])
def test_an_answer_in_a_schema_that_came_by_the_providers_own_way_is_served(wanted: Any, is_async: bool) -> None:
    stage = caching({"small": ['{"x": 3}']})
    able = ScriptedChatModel(script=stage.script, model_name="small", profile={"structured_output": True})
    agent: Any = create_agent(able, middleware=[RoutingMiddleware(stage.router, models={"small": able})], response_format=wanted)
    run(agent, is_async=is_async)

    served = run(agent, is_async=is_async)

    assert served["structured_response"] == Point(x=3)
    assert stage.called == ["small"]


@both
def test_an_answer_that_does_not_fit_is_asked_for_again_and_not_kept(is_async: bool) -> None:
    wrong = AIMessage("", tool_calls=[{"name": "Point", "args": {"x": "far"}, "id": "call_1"}])
    stage = caching({"small": [wrong, _POINTS, wrong]})
    agent = agent_of(stage, response_format=ToolStrategy(Point))
    first = run(agent, is_async=is_async)

    again = run(agent, is_async=is_async)

    assert first["structured_response"] == again["structured_response"] == Point(x=3)
    assert stage.called == ["small"] * 3


def test_strategies_settings_and_system_prompts_are_in_the_key() -> None:
    stage = caching({"small": [_POINTS, _POINTS, "text", "texts"]})

    run(agent_of(stage, response_format=ToolStrategy(Point)), is_async=False)
    run(agent_of(stage, response_format=AutoStrategy(Point)), is_async=False)
    run(agent_of(stage), is_async=False)
    run(agent_of(stage, system_prompt="be brief"), is_async=False)

    assert stage.called == ["small"] * 4


def test_a_run_of_an_agent_may_pass_the_cache_by() -> None:
    stage = caching({"small": ["one", "two"]})
    agent = agent_of(stage)
    run(agent, is_async=False)

    assert run(agent, is_async=False, config=bypass())["messages"][-1].text == "two"


def test_an_agent_on_a_routed_model_is_served_too() -> None:
    stage = caching({"small": [_POINTS, "one"]})
    structured: Any = create_agent(stage.llm, response_format=ToolStrategy(Point))
    plain: Any = create_agent(stage.llm)
    for agent in (structured, plain):
        run(agent, is_async=False)

    assert run(plain, is_async=False)["messages"][-1].text == "one"
    assert stage.called == ["small", "small"]


@both
def test_tokens_of_a_served_answer_are_streamed_in_a_graph(is_async: bool) -> None:
    stage = caching({"small": "one two three four five six seven"})
    agent = agent_of(stage)
    run(agent, is_async=is_async)

    async def told() -> list[Any]:
        return [each async for each in agent.astream({"messages": [HumanMessage("why?")]}, stream_mode="messages")]

    pieces = asyncio.run(told()) if is_async else list(agent.stream({"messages": [HumanMessage("why?")]}, stream_mode="messages"))

    assert "".join(chunk.text for chunk, _ in pieces) == "one two three four five six seven"
    assert stage.called == ["small"]
