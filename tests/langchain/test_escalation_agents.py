"""Agents: what a model of the policy answers is examined before the agent acts on it."""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from taskroute import Router
from taskroute_langchain import RoutingMiddleware
from tests.langchain.fake_provider import FakeProvider
from tests.langchain.speaking import calling, saying
from tests.langchain.ways import Outcomes


class City(BaseModel):
    """A city."""

    name: str
    people: int


ran: list[dict[str, Any]] = []


@tool
def look_up(what: str, times: int = 1) -> str:
    """Look something up."""
    ran.append({"what": what, "times": times})
    return "facts"


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


def agent(small: Any, large: Any, *on: str, check: Any = None, **options: Any) -> tuple[Any, Outcomes]:
    outcomes = Outcomes()
    policy = {"models": {"small": {}, "large": {}}, "default": ["small", "large"], "retry": {"extra": 0}, "fallback": {"on": list(on)}}
    router = Router(policy, observers=[outcomes], check=check, environ={})
    middleware = RoutingMiddleware(router, models={"small": small, "large": large})
    return create_agent(saying("the agent's own"), [look_up], middleware=[middleware], **options), outcomes


def tries(outcomes: Outcomes) -> list[tuple[str, str | None]]:
    return [(one.model, one.failure) for outcome in outcomes.all for one in outcome.tries]


@pytest.mark.parametrize("arguments", ['{"what": "x", "times": "many"}', "{}", '{"what": "x'])
async def test_a_tool_is_not_run_with_arguments_that_do_not_fit_it(arguments: str) -> None:
    bad = saying(calling("look_up", arguments))
    for is_async in (False, True):
        runnable, outcomes = agent(bad, saying("no tool is needed"), "invalid_output")
        state = await runnable.ainvoke({"messages": "hi"}) if is_async else runnable.invoke({"messages": "hi"})
        assert state["messages"][-1].text == "no tool is needed"
        assert ran == []
        assert tries(outcomes) == [("small", "invalid_output"), ("large", None)]
        assert state["messages"][-1].response_metadata["taskroute"]["fallback_reason"] == "invalid_output"


def test_a_tool_that_the_agent_does_not_have_is_not_called() -> None:
    runnable, outcomes = agent(saying(calling("launch", "{}")), saying("no"), "invalid_output")
    assert runnable.invoke({"messages": "hi"})["messages"][-1].text == "no"
    assert tries(outcomes) == [("small", "invalid_output"), ("large", None)]


def test_arguments_that_fit_run_the_tool() -> None:
    runnable, outcomes = agent(FakeProvider(answer="done"), saying("no"), "invalid_output")
    assert runnable.invoke({"messages": "look up 'x' 2 times"})["messages"][-1].text == "done"
    assert ran == [{"what": "x", "times": 2}]
    assert tries(outcomes) == [("small", None)] * 2


@pytest.mark.parametrize("on", ["truncated", "refusal"])
def test_an_agent_s_answer_that_is_cut_off_or_refused_goes_to_the_next_model(on: str) -> None:
    first = saying("half", finish="length") if on == "truncated" else saying("no", finish="content_filter")
    runnable, outcomes = agent(first, saying("whole"), on)
    assert runnable.invoke({"messages": "hi"})["messages"][-1].text == "whole"
    assert tries(outcomes) == [("small", on), ("large", None)]


def test_the_check_of_an_agent_s_answer_gets_its_message() -> None:
    seen: list[Any] = []

    def check(answer: Any) -> bool:
        seen.append(answer)
        return bool(answer.text != "poor")

    runnable, outcomes = agent(saying("poor"), saying("fine"), "low_confidence", check=check)
    assert runnable.invoke({"messages": "hi"})["messages"][-1].text == "fine"
    assert [type(answer) for answer in seen] == [AIMessage, AIMessage]
    assert tries(outcomes) == [("small", "low_confidence"), ("large", None)]


GOOD = saying(calling("City", '{"name": "Rome", "people": 3}'))
BAD = saying(calling("City", '{"name": "Rome", "people": "many"}'))
EVERY = "truncated", "refusal", "invalid_output"


@pytest.mark.parametrize("wanted", [City, ToolStrategy(City)], ids=["a class", "by a tool"])
def test_an_agent_s_structured_answer_is_not_taken_for_a_call_of_an_unknown_tool(wanted: Any) -> None:
    runnable, outcomes = agent(GOOD, saying("no"), *EVERY, response_format=wanted)
    assert runnable.invoke({"messages": "hi"})["structured_response"] == City(name="Rome", people=3)
    assert tries(outcomes) == [("small", None)]


def test_one_that_does_not_fit_and_would_be_an_error_goes_to_the_next_model() -> None:
    runnable, outcomes = agent(BAD, GOOD, *EVERY, response_format=ToolStrategy(City, handle_errors=False))
    assert runnable.invoke({"messages": "hi"})["structured_response"] == City(name="Rome", people=3)
    assert tries(outcomes) == [("small", "invalid_output"), ("large", None)]


def test_so_does_one_in_the_provider_s_own_way() -> None:
    bad, good = saying('{"name": "Rome"}'), saying('{"name": "Rome", "people": 3}')
    runnable, outcomes = agent(bad, good, *EVERY, response_format=ProviderStrategy(City))
    assert runnable.invoke({"messages": "hi"})["structured_response"] == City(name="Rome", people=3)
    assert tries(outcomes) == [("small", "invalid_output"), ("large", None)]


def test_one_that_langchain_would_ask_for_again_goes_to_the_next_model_at_once() -> None:
    runnable, outcomes = agent(BAD, GOOD, *EVERY, response_format=ToolStrategy(City))
    assert runnable.invoke({"messages": "hi"})["structured_response"] == City(name="Rome", people=3)
    assert tries(outcomes) == [("small", "invalid_output"), ("large", None)]


@pytest.mark.parametrize("wanted", [City, ToolStrategy(City), ProviderStrategy(City)], ids=["a class", "by a tool", "the provider's way"])
def test_a_tool_beside_a_structured_answer_is_held_to_its_arguments_too(wanted: Any) -> None:
    good = saying('{"name": "Rome", "people": 3}') if isinstance(wanted, ProviderStrategy) else GOOD
    runnable, outcomes = agent(saying(calling("look_up", '{"times": 1}')), good, *EVERY, response_format=wanted)
    assert runnable.invoke({"messages": "hi"})["structured_response"] == City(name="Rome", people=3)
    assert tries(outcomes) == [("small", "invalid_output"), ("large", None)]
    assert ran == []
