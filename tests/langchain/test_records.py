"""The record that an answer carries, its tokens, and the decisions behind it."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from langchain_core.load import dumpd, load
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableParallel

from tests.langchain.fake_provider import FakeProvider
from tests.langchain.ways import WAYS, Stage, ask, pieces

PRICE = {"price": {"input": 1, "output": 2}}
RAG = [
    {"name": "first", "when": {"stage": "query_rewrite"}, "use": "small"},
    {"name": "second", "when": {"stage": "generate"}, "use": "large"},
]


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def priced(script: dict[str, Any]) -> Stage:
    return Stage(script, models=dict.fromkeys(script, PRICE))


def test_the_record_has_the_cost_and_where_the_price_is_from(way: str) -> None:
    entry = ask(way, priced({"small": "three whole words"}).llm, "two words").response_metadata["taskroute"]
    assert entry["cost"] == pytest.approx((2 * 1 + 3 * 2) / 1e6)
    assert (entry["currency"], entry["cost_source"]) == ("USD", "user")


def test_an_unknown_cost_is_absent_not_zero(way: str) -> None:
    entry = ask(way, Stage({"small": "hi"}).llm).response_metadata["taskroute"]
    assert (entry["cost"], entry["currency"], entry["cost_source"]) == (None, None, None)


def test_the_record_is_json_and_survives_serialisation(way: str) -> None:
    answer = ask(way, priced({"small": "hi there"}).llm)
    entry = answer.response_metadata["taskroute"]
    assert json.loads(json.dumps(entry)) == entry
    again = load(dumpd(AIMessage(content=answer.content, response_metadata=answer.response_metadata)), allowed_objects="core")
    assert again.response_metadata["taskroute"] == entry


@pytest.mark.parametrize("how", ["stream", "astream"])
def test_a_stream_has_its_record_on_one_chunk_and_adds_up(how: str) -> None:
    chunks = list(pieces(how, priced({"small": "three whole words"}).llm, "two words"))
    assert sum("taskroute" in chunk.response_metadata for chunk in chunks) == 1
    assert chunks[-1].chunk_position == "last"
    whole: Any = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    assert isinstance(whole, AIMessageChunk)
    assert whole.response_metadata["model_name"] == "small"
    assert whole.response_metadata["taskroute"]["model"] == "small"
    assert whole.usage_metadata == {"input_tokens": 2, "output_tokens": 3, "total_tokens": 5}


def test_tokens_are_whole_numbers_everywhere(way: str) -> None:
    usage = ask(way, priced({"small": "three whole words"}).llm, "two words").usage_metadata
    assert usage is not None
    assert all(type(count) is int for count in usage.values() if not isinstance(count, dict))


def test_a_streamed_call_is_measured_like_one_that_is_not(way: str) -> None:
    stage = priced({"small": "three whole words"})
    ask(way, stage.llm, "two words")
    reply = stage.outcomes.last.reply
    assert reply is not None
    assert reply.usage is not None
    assert reply.cost is not None
    assert (reply.usage.input, reply.usage.output, reply.model, reply.finish_reason) == (2, 3, "small", "stop")
    assert float(reply.cost.amount) == pytest.approx(8e-6)


def test_the_answer_of_a_model_is_not_changed_in_place(way: str) -> None:
    line = AIMessage(
        "mine", response_metadata={"model_name": "small"}, usage_metadata={"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    )
    assert "taskroute" in ask(way, Stage({"small": line}).llm).response_metadata
    assert line.response_metadata == {"model_name": "small"}


def chain_of(stage: Stage) -> Any:
    prompt = ChatPromptTemplate.from_messages([("human", "{x}")])
    rewrite = prompt | stage.llm.for_stage("query_rewrite") | StrOutputParser() | (lambda text: {"x": text})
    return rewrite | prompt | stage.llm.for_stage("generate") | StrOutputParser()


@pytest.mark.parametrize("how", ["invoke", "ainvoke", "stream", "astream"])
def test_every_decision_of_a_chain_is_captured_in_order(how: str) -> None:
    stage = Stage({"small": "better question", "large": "answer"}, routes=RAG)
    with stage.router.capture_decisions() as decisions:
        assert ask(how, chain_of(stage), {"x": "hi"}) == "answer"
        last = stage.router.last_decision()
    assert [decision.route for decision in decisions] == ["first", "second"]
    assert last == decisions[-1]


async def test_the_last_decision_of_an_async_call_is_known_after_it() -> None:
    stage = Stage({"small": "hi", "large": "ho"}, routes=RAG)
    await stage.llm.for_stage("generate").ainvoke("x")
    last = stage.router.last_decision()
    assert last is not None
    assert last.route == "second"


def test_parallel_steps_are_captured_too() -> None:
    stage = Stage({"small": "a", "large": "b"}, routes=RAG)
    with stage.router.capture_decisions() as decisions:
        RunnableParallel(one=stage.llm.for_stage("query_rewrite"), two=stage.llm.for_stage("generate")).invoke("x")
    assert {decision.route for decision in decisions} == {"first", "second"}


def concurrent_stage() -> Stage:
    return Stage({}, given={"small": FakeProvider(model_name="small"), "large": FakeProvider(model_name="large")}, routes=RAG)


def test_decisions_of_threads_that_share_a_model_do_not_mix() -> None:
    stage = concurrent_stage()

    def work(number: int) -> bool:
        name, expected = ("query_rewrite", "small") if number % 2 else ("generate", "large")
        answer = stage.llm.for_stage(name).invoke(f"call {number}")
        last = stage.router.last_decision()
        entry = answer.response_metadata["taskroute"]
        return (
            last is not None
            and entry["decision_id"] == last.id
            and entry["stage"] == name
            and answer.response_metadata["model_name"] == expected
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(80)))
    assert len({outcome.decision.id for outcome in stage.outcomes.all}) == 80


async def test_decisions_of_tasks_that_share_a_model_do_not_mix() -> None:
    stage = concurrent_stage()

    async def work(number: int) -> bool:
        name, expected = ("query_rewrite", "small") if number % 2 else ("generate", "large")
        answer = await stage.llm.for_stage(name).ainvoke(f"call {number}")
        last = stage.router.last_decision()
        entry = answer.response_metadata["taskroute"]
        return last is not None and entry["decision_id"] == last.id and answer.response_metadata["model_name"] == expected

    assert all(await asyncio.gather(*[work(number) for number in range(40)]))
