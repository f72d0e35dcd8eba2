"""Instrumentations of LangChain beside a routed chat model: one trace, every token, cost and metric once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from openinference.instrumentation.langchain import LangChainInstrumentor as OpenInference
from opentelemetry import trace
from pydantic import BaseModel

from taskroute.testing import ScriptedModel
from taskroute_langchain import RoutingMiddleware
from taskroute_langchain.testing import chat_models

from .watched import EVERY, MEASURING, OTHERS, QUESTION, Beside, Watched, costs, watched, whose

pytestmark = [
    # Of OpenInference, and of LangChain by OpenLLMetry.
    pytest.mark.filterwarnings("ignore:Calling .text.. as a method is deprecated"),
    pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning"),
]
ANSWER = "three whole months"
ONCE, TWICE = (6, 3), (12, 6)
"""Tokens of QUESTION and ANSWER: one a word."""
PROMPT = ChatPromptTemplate.from_template("{q}")


class Word(BaseModel):
    """One word."""

    word: str


async def _astream(llm: Any, question: Any) -> list[Any]:
    return [chunk async for chunk in llm.astream(question)]


async def _events(llm: Any) -> Any:
    stream = await llm.astream_events(QUESTION, version="v3")
    return await stream.output


WAYS: dict[str, Callable[[Any], Any]] = {
    "invoke": lambda llm: llm.invoke(QUESTION),
    "stream": lambda llm: list(llm.stream(QUESTION)),
    "batch": lambda llm: llm.batch([QUESTION]),
    "generate": lambda llm: llm.generate([llm._convert_input(QUESTION).to_messages()]),
    "ainvoke": lambda llm: asyncio.run(llm.ainvoke(QUESTION)),
    "astream": lambda llm: asyncio.run(_astream(llm, QUESTION)),
    "astream_events": lambda llm: asyncio.run(_events(llm)),
    "chain": lambda llm: (PROMPT | llm).invoke({"q": QUESTION}),
    "streamed chain": lambda llm: list((PROMPT | llm).stream({"q": QUESTION})),
    "async chain": lambda llm: asyncio.run((PROMPT | llm).ainvoke({"q": QUESTION})),
    "async streamed chain": lambda llm: asyncio.run(_astream(PROMPT | llm, {"q": QUESTION})),
}


def no_word_of_the_prompt_is_ours(found: Watched) -> None:
    for span in found.spans():
        if whose(span) == "taskroute":
            assert "notice period" not in span.to_json()
            assert "whole months" not in span.to_json()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("beside", EVERY)
def test_tokens_and_cost_are_counted_once(beside: Beside, way: str) -> None:
    with watched(beside) as found:
        WAYS[way](found.llm(small=ANSWER))
    assert found.tokens() == ONCE
    assert found.route()["taskroute.cost.total"] == 12
    assert costs(found) == ([("chat small", 12)] if beside == "none" else []) + [("route default", 12)]
    assert found.traces() == 1
    no_word_of_the_prompt_is_ours(found)


@pytest.mark.parametrize("beside", OTHERS)
def test_route_only_is_the_same(beside: Beside) -> None:
    with watched(beside, "route_only") as found:
        found.llm(small=ANSWER).invoke(QUESTION)
    assert (found.tokens(), costs(found)) == (ONCE, [("route default", 12)])


@pytest.mark.parametrize("beside", OTHERS)
def test_with_full_spans_the_tokens_stand_twice_which_is_why_auto_leaves_them_out(beside: Beside) -> None:
    with watched(beside, "full") as found:
        found.llm(small=ANSWER).invoke(QUESTION)
    assert found.tokens() == TWICE
    assert found.ours() == ["chat small", "route default"]
    assert "taskroute.spans" not in found.route()


@pytest.mark.parametrize("beside", OTHERS)
def test_the_route_says_that_its_models_have_no_spans_of_their_own(beside: Beside) -> None:
    with watched(beside) as found:
        found.llm(small=ANSWER).invoke(QUESTION)
    assert found.ours() == ["route default"]
    assert found.route()["taskroute.spans"] == "route_only"


@pytest.mark.parametrize("beside", OTHERS)
def test_once_it_is_no_longer_at_work_the_spans_are_ours_again(beside: Beside) -> None:
    with watched(beside):
        pass
    with watched("none") as found:
        found.llm(small=ANSWER).invoke(QUESTION)
    assert found.ours() == ["chat small", "route default"]


@pytest.mark.parametrize("beside", OTHERS)
def test_a_fallback_is_told_by_events_and_the_answer_is_counted_once(beside: Beside) -> None:
    with watched(beside) as found:
        found.llm(small=TimeoutError("30s"), large=ANSWER).invoke(QUESTION)
    (route,) = found.named("route default")
    tried = [(event.attributes or {})["taskroute.model"] for event in route.events if event.name == "attempt"]
    assert tried == ["small", "large"]
    assert found.tokens() == ONCE
    assert found.route()["taskroute.fallback.reason"] == "timeout"


@pytest.mark.parametrize("beside", OTHERS)
def test_a_stream_that_is_dropped_is_told_by_the_route(beside: Beside) -> None:
    with watched(beside) as found:
        stream: Any = found.llm(small=ANSWER).stream(QUESTION)
        next(stream)
        stream.close()
    (route,) = found.named("route default")
    assert [(event.attributes or {}).get("taskroute.cancelled") for event in route.events if event.name == "attempt"] == [True]
    assert found.ours() == ["route default"]


@pytest.mark.parametrize("beside", OTHERS)
def test_structured_output_counts_once(beside: Beside) -> None:
    call = {"name": "Word", "args": {"word": "yes"}, "id": "1", "type": "tool_call"}
    usage: Any = {"input_tokens": 6, "output_tokens": 3, "total_tokens": 9}
    with watched(beside) as found:
        llm = found.llm(small=AIMessage(content="", tool_calls=[call], usage_metadata=usage, response_metadata={"model_name": "small"}))
        assert llm.with_structured_output(Word).invoke(QUESTION) == Word(word="yes")
    assert (found.tokens(), found.traces()) == (ONCE, 1)
    assert costs(found) == [("route default", 12)]


# The tree


def test_in_a_chain_the_route_hangs_below_openinferences_span_of_the_chain() -> None:
    with watched("openinference") as found:
        (PROMPT | found.llm(small=ANSWER)).invoke({"q": QUESTION})
    assert found.tree() == {
        "openinference: RunnableSequence": {
            "openinference: ChatPromptTemplate": {},
            "openinference: ScriptedChatModel": {},
            "taskroute: route default": {},
        }
    }


def test_alone_openinferences_span_of_the_model_hangs_below_the_route() -> None:
    with watched("openinference") as found:
        found.llm(small=ANSWER).invoke(QUESTION)
    assert found.tree() == {"taskroute: route default": {"openinference: ScriptedChatModel": {}}}


@pytest.mark.parametrize("beside", OTHERS)
def test_the_applications_own_span_holds_all_of_them(beside: Beside) -> None:
    with watched(beside) as found:
        with found.provider.get_tracer("app").start_as_current_span("request"):
            (PROMPT | found.llm(small=ANSWER)).invoke({"q": QUESTION})
        assert list(found.tree()) == ["app: request"]
    assert found.traces() == 1


def test_a_span_that_the_application_opens_inside_a_chain_stays_the_one_above_the_route() -> None:
    with watched("openinference") as found:
        llm, tracer = found.llm(small=ANSWER), found.provider.get_tracer("app")

        def step(question: str) -> Any:
            with tracer.start_as_current_span("by hand"):
                return llm.invoke(question)

        RunnableLambda(step).invoke(QUESTION)
    (route,), (own,) = found.named("route default"), found.named("by hand")
    assert route.parent is not None
    assert own.context is not None
    assert route.parent.span_id == own.context.span_id


def test_nothing_stays_the_current_span_after_the_call() -> None:
    with watched("openinference") as found:
        (PROMPT | found.llm(small=ANSWER)).invoke({"q": QUESTION})
        assert not trace.get_current_span().get_span_context().is_valid


def test_openinference_that_cannot_tell_its_spans_costs_no_call(recwarn: pytest.WarningsRecorder) -> None:
    with watched("openinference") as found:
        instrumentor: Any = OpenInference()
        instrumentor.get_span = lambda _: (_ for _ in ()).throw(KeyError(QUESTION))
        try:
            (PROMPT | found.llm(small=ANSWER)).invoke({"q": QUESTION})
        finally:
            del instrumentor.get_span
    assert (found.tokens(), found.route()["taskroute.cost.total"]) == (ONCE, 12)
    assert all(QUESTION not in str(warning.message) for warning in recwarn)


# Agents


@tool
def look_up(what: str) -> str:
    """Look something up."""
    return "in the contract"


def agent_script() -> dict[str, Any]:
    call: Any = {"name": "look_up", "args": {"what": "it"}, "id": "1", "type": "tool_call"}
    usage: Any = {"input_tokens": 10, "output_tokens": 2, "total_tokens": 12}
    about = {"model_name": "small"}
    return {
        "small": [
            AIMessage(content="", tool_calls=[call], usage_metadata=usage, response_metadata=about),
            AIMessage(content=ANSWER, usage_metadata=usage, response_metadata=about),
        ],
        "large": "",
    }


@pytest.mark.parametrize("kind", ["model", "middleware"])
@pytest.mark.parametrize("beside", OTHERS)
@pytest.mark.parametrize("is_async", [False, True])
def test_each_turn_of_an_agent_counts_once(beside: Beside, kind: str, is_async: bool) -> None:
    asked: Any = {"messages": [("user", QUESTION)]}
    with watched(beside) as found:
        script = agent_script()
        if kind == "model":
            agent: Any = create_agent(found.llm(**script), [look_up])
        else:
            models = chat_models(ScriptedModel(script))
            agent = create_agent(models["large"], [look_up], middleware=[RoutingMiddleware(found.router, models=models)])
        said = asyncio.run(agent.ainvoke(asked)) if is_async else agent.invoke(asked)
        assert said["messages"][-1].content == ANSWER
    assert found.tokens() == (20, 4)
    assert costs(found) == [("route default", 14), ("route default", 14)]
    assert found.traces() == 1
    no_word_of_the_prompt_is_ours(found)


# Served answers


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("beside", EVERY)
def test_a_served_answer_has_no_tokens_and_no_cost_of_ours(beside: Beside, way: str) -> None:
    with watched(beside, cache={"store": "memory"}) as found:
        llm = found.llm(small=ANSWER)
        WAYS[way](llm)
        WAYS[way](llm)
    first, second = found.named("route default")
    assert (second.attributes or {})["taskroute.cache.status"] == "hit"
    assert [(span.attributes or {})["taskroute.cost.total"] for span in (first, second)] == [12, 0]
    assert found.tokens() == ONCE


# Metrics


@pytest.mark.parametrize("way", ["invoke", "stream", "ainvoke", "chain", "async streamed chain"])
@pytest.mark.parametrize("beside", EVERY)
def test_metrics_are_recorded_once(beside: Beside, way: str) -> None:
    with watched(beside) as found:
        WAYS[way](found.llm(small=ANSWER))
    measured = found.measured()
    assert measured["gen_ai.client.operation.duration"] == 1
    assert (measured["gen_ai.client.token.usage input"], measured["gen_ai.client.token.usage output"]) == ONCE


@pytest.mark.parametrize("beside", MEASURING)
@pytest.mark.parametrize("mode", ["full", "route_only"])
def test_so_they_are_whatever_the_spans_are(beside: Beside, mode: str) -> None:
    with watched(beside, mode) as found:
        found.llm(small=ANSWER).invoke(QUESTION)
    assert found.measured()["gen_ai.client.token.usage input"] == 6
