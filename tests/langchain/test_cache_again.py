"""Calls that are made again because their first answer was no good: a stored answer would be as bad as before."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, TypedDict

import pytest
from langchain_core.output_parsers import JsonOutputParser, StrOutputParser
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import END, START, StateGraph
from langgraph.types import RetryPolicy

from tests.langchain.cached import bypass, caching


def _invoke(runnable: Any, config: Any = None) -> Any:
    return runnable.invoke("why?", config)


def _ainvoke(runnable: Any, config: Any = None) -> Any:
    return asyncio.run(runnable.ainvoke("why?", config))


def _batch(runnable: Any, config: Any = None) -> Any:
    return runnable.batch(["why?"], config)[0]


def _abatch(runnable: Any, config: Any = None) -> Any:
    return asyncio.run(runnable.abatch(["why?"], config))[0]


_LINES = ["no JSON", '{"a": 1}', '{"a": 2}']


@pytest.mark.parametrize("call", [_invoke, _ainvoke, _batch, _abatch])
def test_a_chain_whose_parser_failed_recovers(call: Callable[..., Any]) -> None:
    stage = caching({"small": _LINES})
    chain = (stage.llm | JsonOutputParser()).with_retry(stop_after_attempt=3, wait_exponential_jitter=False)

    assert call(chain) == {"a": 1}
    assert len(stage.called) == 2
    assert call(chain) == {"a": 1}
    assert len(stage.called) == 2


def test_a_model_deep_inside_of_what_is_made_again_is_asked_again() -> None:
    stage = caching({"small": _LINES})
    inner: Any = RunnableLambda(stage.llm.invoke) | RunnableLambda(lambda message: message)
    chain = (RunnableLambda(lambda text: text) | inner | JsonOutputParser()).with_retry(stop_after_attempt=2, wait_exponential_jitter=False)

    assert chain.invoke("why?") == {"a": 1}


def test_a_model_inside_of_a_tool_that_is_made_again_is_asked_again() -> None:
    stage = caching({"small": _LINES})

    @tool
    def look(city: str) -> Any:
        """Return the weather in a city."""
        return json.loads(stage.llm.invoke(city).text)

    again = look.with_retry(stop_after_attempt=2, wait_exponential_jitter=False)

    assert again.invoke({"city": "Rome"}) == {"a": 1}


def test_a_first_attempt_and_calls_after_it_are_served() -> None:
    stage = caching({"small": ["one", "two"]})
    stage.llm.invoke("why?")
    chain = (stage.llm | StrOutputParser()).with_retry(stop_after_attempt=3)

    assert chain.invoke("why?") == "one"
    assert stage.llm.invoke("why?").text == "one"


def test_a_chain_beside_one_that_is_made_again_is_served() -> None:
    stage = caching({"small": ["one", "two"]})
    seen: list[str] = []

    def fail_once(text: str) -> str:
        seen.append(text)
        if len(seen) == 1:
            raise ValueError("once")
        return text

    RunnableLambda(fail_once).with_retry(stop_after_attempt=2, wait_exponential_jitter=False).invoke("x")
    stage.llm.invoke("why?")

    assert (RunnableLambda(lambda text: text) | stage.llm).invoke("why?").text == "one"


@pytest.mark.parametrize(("tag", "calls"), [("retry:attempt:2", 2), ("retry:attempt:10", 2), ("retry:attempt:1", 1), ("retry", 1)])
def test_the_tag_of_a_second_attempt_asks_for_a_new_answer(tag: str, calls: int) -> None:
    stage = caching({"small": ["one", "two"]})
    stage.llm.invoke("why?")

    stage.llm.invoke("why?", {"tags": [tag]})

    assert len(stage.called) == calls


@pytest.mark.parametrize("word", ["use", "bypass"])
def test_what_the_call_says_comes_first(word: str) -> None:
    stage = caching({"small": ["one", "two", "three"]})
    stage.llm.invoke("why?")

    said: Any = {**bypass(word), "tags": ["retry:attempt:2"]}
    stage.llm.invoke("why?", said)

    assert stage.llm.invoke("why?").text == "one"


class _State(TypedDict):
    question: str
    answer: Any
    tries: int


def test_a_node_that_langgraph_tries_again_recovers() -> None:
    stage = caching({"small": _LINES})
    graph = StateGraph(_State)

    def generate(state: _State) -> dict[str, Any]:
        return {"answer": json.loads(stage.llm.invoke(state["question"]).text)}

    policy = RetryPolicy(max_attempts=2, initial_interval=0.0, jitter=False, retry_on=ValueError)
    graph.add_node("generate", generate, retry_policy=policy)
    graph.add_edge(START, "generate")

    answers = [graph.compile().invoke({"question": "why?", "answer": None, "tries": 0})["answer"] for _ in range(2)]

    assert answers == [{"a": 1}] * 2
    assert len(stage.called) == 2


def test_a_loop_of_a_graph_that_asks_for_a_new_answer_after_the_first_recovers() -> None:
    stage = caching({"small": ["bad", "good", "never"]})
    graph = StateGraph(_State)

    def generate(state: _State) -> dict[str, Any]:
        answer = stage.llm.invoke(state["question"], bypass("refresh" if state["tries"] else "use"))
        return {"answer": answer.text, "tries": state["tries"] + 1}

    graph.add_node("generate", generate)
    graph.add_edge(START, "generate")
    graph.add_conditional_edges("generate", lambda state: END if state["answer"] == "good" else "generate")

    asked = [graph.compile().invoke({"question": "why?", "answer": None, "tries": 0})["tries"] for _ in range(2)]

    assert asked == [2, 1]
