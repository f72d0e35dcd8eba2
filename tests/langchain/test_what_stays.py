"""What a model had before it was routed, and keeps: its runs in traces, its own settings, its place in a graph."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.globals import set_llm_cache
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.rate_limiters import BaseRateLimiter
from langchain_core.runnables import Runnable, RunnableLambda
from langgraph.graph import END, START, MessagesState, StateGraph

from taskroute.errors import ConfigurationError
from taskroute_langchain import RoutedChatModel
from tests.langchain.fake_provider import FakeProvider
from tests.langchain.listening import Listener
from tests.langchain.provider_errors import RateLimitError
from tests.langchain.ways import WAYS, Stage, ask

CHAIN_WAYS = ("invoke", "ainvoke", "stream", "astream")


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def falling_back() -> Stage:
    return Stage({"small": RateLimitError("slow"), "large": "rescued by me"})


def test_each_attempt_is_one_run_that_starts_and_ends_once(way: str) -> None:
    stage, listener = falling_back(), Listener()
    ask(way, stage.llm, config={"callbacks": [listener]})
    assert [(run.ended, run.starts, run.ends) for run in listener.all] == [("failed", 1, 1), ("answered", 1, 1)]
    assert isinstance(listener.all[0].error, RateLimitError)


def test_each_run_names_the_model_that_was_really_called(way: str) -> None:
    stage, listener = falling_back(), Listener()
    ask(way, stage.llm, config={"callbacks": [listener]})
    assert [(run.metadata["ls_provider"], run.metadata["ls_model_name"]) for run in listener.all] == [
        ("scripted", "small"),
        ("scripted", "large"),
    ]
    assert [run.metadata["taskroute_model"] for run in listener.all] == ["small", "large"]
    assert [run.metadata["taskroute_attempt"] for run in listener.all] == [1, 2]
    assert {run.metadata["taskroute_decision_id"] for run in listener.all} == {stage.outcomes.last.decision.id}


def test_a_run_id_belongs_to_the_first_attempt_only(way: str) -> None:
    stage, listener, run_id = falling_back(), Listener(), uuid4()
    ask(way, stage.llm, config={"callbacks": [listener], "run_id": run_id})
    assert listener.all[0].id == run_id
    assert listener.all[1].id != run_id


@pytest.mark.parametrize("how", CHAIN_WAYS)
def test_in_a_chain_every_attempt_has_the_chain_as_its_parent(how: str) -> None:
    stage, listener = falling_back(), Listener()
    chain = ChatPromptTemplate.from_messages([("human", "{x}")]) | stage.llm
    ask(how, chain, {"x": "hi"}, config={"callbacks": [listener]})
    roots = [run_id for run_id, (_, parent) in listener.chains.items() if parent is None]
    assert len(roots) == 1
    assert [run.parent for run in listener.all] == [roots[0], roots[0]]


@pytest.mark.parametrize("how", CHAIN_WAYS)
def test_inside_a_function_every_attempt_has_the_function_as_its_parent(how: str) -> None:
    stage, listener = falling_back(), Listener()

    def step(x: str) -> AIMessage:
        return stage.llm.invoke(x)

    async def astep(x: str) -> AIMessage:
        return await stage.llm.ainvoke(x)

    ask(how, RunnableLambda(step, astep), "hi", config={"callbacks": [listener]})
    (parent,) = listener.chains
    assert [run.parent for run in listener.all] == [parent, parent]


def test_tags_and_metadata_of_the_caller_reach_the_model(way: str) -> None:
    stage, listener = Stage({"small": "hi"}), Listener()
    ask(way, stage.llm, config={"callbacks": [listener], "tags": ["mine"], "metadata": {"user_id": "u1"}})
    (run,) = listener.all
    assert "mine" in run.tags
    assert run.metadata["user_id"] == "u1"
    assert stage.outcomes.last.status == "answered"


def test_callbacks_tags_and_metadata_of_the_routed_model_itself_are_kept(way: str) -> None:
    listener = Listener()

    def make(**options: Any) -> RoutedChatModel:
        return RoutedChatModel(callbacks=[listener], tags=["ours"], metadata={"llm_stage": "rerank"}, **options)

    stage = Stage({"small": "no", "large": "hi"}, make=make, routes=[{"name": "work", "when": {"stage": "rerank"}, "use": "large"}])
    assert ask(way, stage.llm).response_metadata["taskroute"]["stage"] == "rerank"
    (run,) = listener.all
    assert "ours" in run.tags


@pytest.mark.parametrize("option", [{"disable_streaming": True}, {"custom_get_token_ids": len}])
def test_what_only_a_model_behind_can_honour_is_refused(option: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="set it on the models"):
        Stage({"small": "hi"}, make=lambda **options: RoutedChatModel(**options, **option))


def test_tags_and_callbacks_of_the_chosen_model_are_kept(way: str) -> None:
    listener = Listener()
    stage = Stage({}, given={"small": FakeProvider(tags=["of small"], callbacks=[listener], metadata={"tier": "cheap"})})
    ask(way, stage.llm)
    (run,) = listener.all
    assert "of small" in run.tags
    assert run.metadata["tier"] == "cheap"


@pytest.mark.parametrize("how", ["invoke", "ainvoke"])
def test_the_cache_of_the_chosen_model_is_used(how: str) -> None:
    fake = FakeProvider(cache=InMemoryCache())
    stage = Stage({}, given={"small": fake})
    first, second = ask(how, stage.llm), ask(how, stage.llm)
    assert first.text == second.text
    assert len(fake.asked) == 1
    assert first.response_metadata["taskroute"]["decision_id"] != second.response_metadata["taskroute"]["decision_id"]


class Turnstile(BaseRateLimiter):
    """Lets everybody through and counts them."""

    def __init__(self) -> None:
        self.passed = 0

    def acquire(self, *, blocking: bool = True) -> bool:
        self.passed += 1
        return True

    async def aacquire(self, *, blocking: bool = True) -> bool:
        return self.acquire()


def test_the_rate_limiter_of_the_chosen_model_is_asked(way: str) -> None:
    turnstile = Turnstile()
    stage = Stage({}, given={"small": FakeProvider(rate_limiter=turnstile)})
    ask(way, stage.llm)
    assert turnstile.passed == 1


@pytest.mark.parametrize("how", ["invoke", "ainvoke", "stream", "astream"])
def test_the_output_version_of_the_chosen_model_is_kept(how: str) -> None:
    stage = Stage({}, given={"small": FakeProvider(output_version="v1")})
    answer = ask(how, stage.llm)
    assert isinstance(answer.content, list)
    assert answer.response_metadata["output_version"] == "v1"


@pytest.mark.parametrize("how", ["invoke", "ainvoke"])
def test_a_global_cache_never_gives_one_models_answer_for_another(how: str) -> None:
    stage = Stage(
        {},
        given={
            "small": FakeProvider(model_name="small", answer="from small"),
            "large": FakeProvider(model_name="large", answer="from large"),
        },
    )
    set_llm_cache(InMemoryCache())
    try:
        answers = [ask(how, stage.llm, model=name).text for name in ("small", "large", "small")]
    finally:
        set_llm_cache(None)
    assert answers == ["from small", "from large", "from small"]


def test_usage_is_counted_once(way: str) -> None:
    counter = UsageMetadataCallbackHandler()
    stage = Stage({"small": "three whole words"})
    ask(way, stage.llm, "two words", config={"callbacks": [counter]})
    assert counter.usage_metadata["small"]["total_tokens"] == 5


def graph_of(llm: Runnable[Any, Any]) -> Any:
    def answer(state: MessagesState) -> dict[str, Any]:
        return {"messages": [llm.invoke(state["messages"])]}

    async def aanswer(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await llm.ainvoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("answer", RunnableLambda(answer, aanswer))
    graph.add_edge(START, "answer")
    graph.add_edge("answer", END)
    return graph.compile()


@pytest.mark.parametrize("is_async", [False, True])
def test_a_graph_streams_each_token_once_with_the_decision(is_async: bool) -> None:
    stage = falling_back()
    graph, question = graph_of(stage.llm), {"messages": [("human", "hi")]}

    async def astream() -> list[Any]:
        return [part async for part in graph.astream(question, stream_mode="messages")]

    parts = asyncio.run(astream()) if is_async else list(graph.stream(question, stream_mode="messages"))
    assert "".join(chunk.text for chunk, _ in parts) == "rescued by me"
    assert {metadata["taskroute_model"] for _, metadata in parts} == {"large"}
    assert {metadata["langgraph_node"] for _, metadata in parts} == {"answer"}


@pytest.mark.filterwarnings("ignore:astream_events version='v1' is deprecated")
@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_event_streams_of_old_versions_name_the_chosen_model(version: Any) -> None:
    stage = falling_back()
    chain = ChatPromptTemplate.from_messages([("human", "{x}")]) | stage.llm
    events = [event async for event in chain.astream_events({"x": "hi"}, version=version)]
    ended = [event for event in events if event["event"] == "on_chat_model_end"]
    streamed = [event for event in events if event["event"] == "on_chat_model_stream"]
    assert ended[-1]["metadata"]["ls_model_name"] == "large"
    assert "".join(event["data"]["chunk"].text for event in streamed) == "rescued by me"


@pytest.mark.filterwarnings("ignore:astream_events version='v1' is deprecated")
@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("make", [falling_back, lambda: Stage({"small": "rescued by me"})], ids=["with a fallback", "without"])
async def test_event_streams_of_old_versions_work_on_the_model_itself(version: Any, make: Callable[[], Stage]) -> None:
    stage = make()
    events = [event async for event in stage.llm.astream_events("hi", version=version)]
    streamed = [event for event in events if event["event"] == "on_chat_model_stream"]
    assert "".join(event["data"]["chunk"].text for event in streamed) == "rescued by me"


def test_it_is_a_chat_model_and_its_tagged_copies_are_too() -> None:
    stage = Stage({"small": "hi"})
    for llm in (stage.llm, stage.llm.for_stage("rerank"), stage.llm.for_task("code_generation")):
        assert isinstance(llm, BaseChatModel)
        assert llm._llm_type == "taskroute"
