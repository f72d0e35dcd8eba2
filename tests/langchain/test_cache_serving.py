"""Answers that were kept are served in every form in which a model can be called, whatever form they came in."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from blockbuster import blockbuster_ctx
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langgraph.graph import START, MessagesState, StateGraph

from taskroute_langchain import RoutedChatModel
from tests.langchain.cached import caching, record_of
from tests.langchain.listening import Listener
from tests.langchain.speaking import calling, saying
from tests.langchain.ways import WAYS, ask, pieces

_TEXT = "The answer to the question is forty-two, and always was"


@pytest.mark.parametrize("then", WAYS)
@pytest.mark.parametrize("first", WAYS)
def test_an_answer_in_one_form_is_served_in_another(first: str, then: str) -> None:
    stage = caching({"small": _TEXT})
    asked = ask(first, stage.llm, "why?")

    served = ask(then, stage.llm, "why?")

    assert stage.called == ["small"]
    assert served.text == asked.text == _TEXT
    assert served.id != asked.id
    assert served.usage_metadata is not None
    assert [served.usage_metadata[name] for name in ("input_tokens", "output_tokens", "total_tokens")] == [0, 0, 0]
    assert record_of(served)["cache_hit"] is True


@pytest.mark.parametrize("way", WAYS)
def test_a_served_answer_says_that_it_is_one_and_costs_nothing(way: str) -> None:
    stage = caching({"small": _TEXT}, models={"small": {"price": {"input": 10, "output": 10}}})
    paid = record_of(ask(way, stage.llm, "why?"))
    stage.clock.advance(90)

    served = record_of(ask(way, stage.llm, "why?"))

    assert paid["cost"] > 0
    assert "cache_hit" not in paid
    assert (served["model"], served["cache_status"], served["cache_age_s"]) == ("small", "hit", 90.0)
    assert (served["cost"], served["cost_saved"]) == (0.0, paid["cost"])
    assert stage.outcomes.last.is_cached
    assert stage.outcomes.last.tries == ()
    assert stage.outcomes.last.cost is not None
    assert stage.outcomes.last.cost.amount == 0


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_a_served_stream_comes_in_chunks(way: str) -> None:
    stage = caching({"small": _TEXT})
    stage.llm.invoke("why?")

    chunks: list[AIMessageChunk] = list(pieces(way, stage.llm, "why?"))

    assert len([chunk for chunk in chunks if chunk.content]) > 2
    assert [bool(chunk.response_metadata) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert len({chunk.id for chunk in chunks}) == 1


def test_batches_are_served() -> None:
    stage = caching({"small": _TEXT})
    stage.llm.invoke("one")
    stage.llm.invoke("two")

    served = stage.llm.batch(["one", "two", "one"])
    aserved = asyncio.run(stage.llm.abatch(["one", "two"]))

    assert [each.text for each in (*served, *aserved)] == [_TEXT] * 5
    assert len({each.id for each in (*served, *aserved)}) == 5
    assert stage.called == ["small", "small"]


def test_legacy_generate_is_served_and_keeps_answers_too() -> None:
    stage = caching({"small": _TEXT})
    stage.llm.generate([[HumanMessage("why?")]])

    result = stage.llm.generate([[HumanMessage("why?")]])
    aresult = asyncio.run(stage.llm.agenerate([[HumanMessage("why?")]]))

    for each in (result, aresult):
        generation: Any = each.generations[0][0]
        assert generation.text == _TEXT
        assert record_of(generation.message)["cache_hit"] is True
    assert stage.llm.invoke("why?").text == _TEXT
    assert stage.called == ["small"]


@pytest.mark.filterwarnings("ignore:astream_events version='v1'")
@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_events_of_a_served_answer_are_those_of_a_model(version: Any) -> None:
    stage = caching({"small": _TEXT})
    await stage.llm.ainvoke("why?")

    events = [event async for event in stage.llm.astream_events("why?", version=version)]

    names = [event["event"] for event in events]
    assert (names.count("on_chat_model_start"), names.count("on_chat_model_end")) == (1, 1)
    streamed: list[Any] = [event["data"].get("chunk") for event in events if event["event"] == "on_chat_model_stream"]
    assert "".join(chunk.text for chunk in streamed) == _TEXT
    assert stage.called == ["small"]


def test_callbacks_see_one_run_that_counts_nothing() -> None:
    stage = caching({"small": _TEXT})
    listener, counter = Listener(), UsageMetadataCallbackHandler()
    stage.llm.invoke("why?", {"callbacks": [counter]})
    paid = {name: usage["total_tokens"] for name, usage in counter.usage_metadata.items()}

    stage.llm.invoke("why?", {"callbacks": [listener, counter], "tags": ["mine"], "metadata": {"of": "me"}, "run_name": "answer"})

    assert {name: usage["total_tokens"] for name, usage in counter.usage_metadata.items()} == paid
    [run] = listener.all
    assert (run.ended, run.starts, run.ends, run.tags) == ("answered", 1, 1, ["mine"])
    assert (run.metadata["taskroute_cache"], run.metadata["taskroute_model"], run.metadata["of"]) == ("hit", "small", "me")
    assert run.metadata["ls_model_name"] == "small"


def test_callbacks_and_tags_of_the_chosen_model_see_its_served_answers() -> None:
    listener = Listener()
    stage = caching({"small": _TEXT})
    model = stage.llm.models["small"].model_copy(update={"callbacks": [listener], "tags": ["of the model"]})
    llm = RoutedChatModel(router=stage.router, models={"small": model})
    llm.invoke("why?")

    llm.invoke("why?")

    assert [run.tags for run in listener.all] == [["of the model"]] * 2
    assert stage.called == ["small"]


def test_two_served_answers_are_two_messages_of_a_graph() -> None:
    stage = caching({"small": _TEXT})
    stage.llm.invoke([HumanMessage("why?", id="q")])

    def answer(state: MessagesState) -> dict[str, Any]:
        return {"messages": [stage.llm.invoke([HumanMessage("why?")])]}

    graph: Any = StateGraph(MessagesState)
    graph.add_node("first", answer)
    graph.add_node("second", answer)
    graph.add_edge(START, "first")
    graph.add_edge("first", "second")
    told = list(graph.compile().stream({"messages": [HumanMessage("why?")]}, stream_mode=["messages", "values"]))

    values = [value for mode, value in told if mode == "values"]
    assert [message.text for message in values[-1]["messages"]] == ["why?", _TEXT, _TEXT]
    tokens: dict[str, str] = {}
    for mode, piece in told:
        if mode == "messages":
            chunk, about = piece
            tokens[about["langgraph_node"]] = tokens.get(about["langgraph_node"], "") + chunk.text
    assert tokens == {"first": _TEXT, "second": _TEXT}
    assert stage.called == ["small"]


def test_served_calls_of_tools_have_ids_of_their_own() -> None:
    calls = AIMessage(
        "", tool_calls=[{"name": "look", "args": {"at": "a"}, "id": "call_1"}], response_metadata={"finish_reason": "tool_calls"}
    )
    stage = caching({"small": calls}, cache={"tool_calls": True})
    llm = stage.llm.bind_tools([{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}])
    llm.invoke("why?")

    served = [ask(way, llm, "why?") for way in ("invoke", "ainvoke", "stream", "astream")]

    assert stage.called == ["small"]
    assert [[(call["name"], call["args"]) for call in each.tool_calls] for each in served] == [[("look", {"at": "a"})]] * 4
    assert len({"call_1", *(each.tool_calls[0]["id"] for each in served)}) == 5


@pytest.mark.parametrize("way", WAYS)
def test_calls_of_tools_are_not_kept_unless_asked_for(way: str) -> None:
    stage = caching({}, given={"small": saying(calling("look", '{"at": "a"}'), finish="tool_calls")})

    asked = [ask(way, stage.llm, "why?"), ask(way, stage.llm, "why?")]

    assert ["cache_hit" in record_of(each) for each in asked] == [False, False]


@pytest.mark.parametrize("way", WAYS)
def test_what_a_provider_says_in_blocks_of_its_own_is_served_in_them(way: str) -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": "sig", "index": 0}
    about = {"model_provider": "anthropic"}
    parts = [
        AIMessageChunk(content=[thought], response_metadata=about),
        AIMessageChunk(content=[{"type": "text", "text": "yes", "index": 1}]),
    ]
    stage = caching({}, given={"small": saying(*parts, finish=None, stop_reason="end_turn")})
    ask(way, stage.llm, "why?")

    served = ask(way, stage.llm, "why?")

    assert record_of(served)["cache_hit"] is True
    assert [block["type"] for block in served.content_blocks] == ["reasoning", "text"]
    assert served.text == "yes"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_answers_that_were_cut_off_or_withheld_are_not_kept(way: str, finish: str) -> None:
    stage = caching({}, given={"small": saying("half an ans", finish=finish)})
    ask(way, stage.llm, "why?")

    assert "cache_hit" not in record_of(ask(way, stage.llm, "why?"))


@pytest.mark.parametrize("way", ["stream", "astream", "events", "aevents"])
def test_a_stream_that_its_reader_left_is_not_kept(way: str) -> None:
    stage = caching({"small": _TEXT})
    reading: Any = pieces(way, stage.llm, "why?")
    next(reading)
    reading.close()

    assert ask(way, stage.llm, "why?").text == _TEXT
    assert stage.called == ["small", "small"]


@pytest.mark.parametrize("way", WAYS)
def test_a_fallbacks_answer_is_its_own_and_served_after_another_failure_only(way: str) -> None:
    stage = caching({"small": [TimeoutError("slow"), TimeoutError("slow"), _TEXT], "large": "from large"})
    ask(way, stage.llm, "why?")

    fallen = ask(way, stage.llm, "why?")
    well = ask(way, stage.llm, "why?")

    assert (fallen.text, record_of(fallen)["cache_hit"], record_of(fallen)["fallback_from"]) == ("from large", True, "small")
    assert (well.text, "cache_hit" in record_of(well)) == (_TEXT, False)
    assert stage.called == ["small", "large", "small", "small"]


def test_several_answers_of_legacy_generate_are_all_given() -> None:
    stage = caching({"small": ["one", "two", "three"]})

    results = [stage.llm.generate([[HumanMessage("why?")], [HumanMessage("why not?")]]) for _ in range(2)]

    assert [[each[0].text for each in result.generations] for result in results] == [["one", "two"]] * 2
    assert stage.called == ["small", "small"]


async def test_neither_keeping_nor_serving_blocks_an_event_loop(tmp_path: Path) -> None:
    stage = caching({"small": _TEXT}, cache={"store": "disk", "path": str(tmp_path / "answers")})
    async with stage.router:
        with blockbuster_ctx():
            await stage.llm.ainvoke("why?")
            served = await stage.llm.ainvoke("why?")
            chunks = [chunk async for chunk in stage.llm.astream("why?")]
            told = await (await stage.llm.astream_events("why?", version="v3"))

    assert [served.text, "".join(chunk.text for chunk in chunks), told.text] == [_TEXT] * 3
    assert stage.called == ["small"]


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_with_nothing_in_it_for_the_caller_is_not_kept(way: str) -> None:
    stage = caching({}, given={"small": saying([{"type": "thinking", "thinking": "hm", "index": 0}])})
    ask(way, stage.llm, "why?")

    assert "cache_hit" not in record_of(ask(way, stage.llm, "why?"))
