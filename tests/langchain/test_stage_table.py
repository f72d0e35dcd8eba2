"""Which stage the standard components of LangChain let a model know: a table that LangChain may change at any time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import LLMToolEmulator, LLMToolSelectorMiddleware, SummarizationMiddleware
from langchain_classic.chains import ConversationalRetrievalChain, RetrievalQA, create_history_aware_retriever, create_retrieval_chain
from langchain_classic.chains.combine_documents import create_stuff_documents_chain
from langchain_classic.evaluation import EvaluatorType, load_evaluator
from langchain_classic.retrievers import ContextualCompressionRetriever, MultiQueryRetriever, RePhraseQueryRetriever
from langchain_classic.retrievers.document_compressors import LLMChainExtractor, LLMChainFilter, LLMListwiseRerank
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import StructuredTool
from langgraph.graph import END, START, MessagesState, StateGraph

from taskroute_langchain import RoutedChatModel
from tests.langchain.fake_provider import FakeProvider
from tests.langchain.ways import Stage

pytestmark = [
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The a?apply_and_parse method is deprecated"),
]

Told = tuple[str | None, str]
NOBODY: Told = (None, "none")


class Shelf(BaseRetriever):
    """Gives the same two documents for every query."""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return [Document(page_content="the sky is blue"), Document(page_content="grass is green")]


class ThinkingRetriever(Shelf):
    """Asks a model before it looks, as a careful author writes it."""

    llm: RoutedChatModel

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        self.llm.invoke(query, {"callbacks": run_manager.get_child()})
        return super()._get_relevant_documents(query, run_manager=run_manager)


class Row(NamedTuple):
    """A component, and which stage each of its first calls is known to have."""

    component: str
    make: Callable[[RoutedChatModel], tuple[Any, Any]]
    """From a model to what to invoke, and with what."""
    told: tuple[Told, ...]
    told_without_ancestors: tuple[Told, ...] | None = None
    """None when following ancestors makes no difference."""
    answer: str = "fine"
    sync_only: bool = False


def _history_aware(llm: RoutedChatModel) -> Any:
    prompt = ChatPromptTemplate.from_messages([MessagesPlaceholder("chat_history"), ("human", "{input}")])
    return create_history_aware_retriever(llm, Shelf(), prompt)


def _stuff(llm: RoutedChatModel) -> Any:
    return create_stuff_documents_chain(llm, ChatPromptTemplate.from_messages([("human", "{context} {input}")]))


HISTORY: dict[str, Any] = {"input": "and then?", "chat_history": [HumanMessage("what is it?"), AIMessage("the sky")]}


def _compressed(compressor: Any) -> Any:
    return ContextualCompressionRetriever(base_compressor=compressor, base_retriever=Shelf()), "q"


def _qa(kind: str) -> Callable[[RoutedChatModel], tuple[Any, Any]]:
    return lambda llm: (RetrievalQA.from_chain_type(llm, chain_type=kind, retriever=Shelf()), {"query": "q"})


def _conversation(llm: RoutedChatModel) -> tuple[Any, Any]:
    chain = ConversationalRetrievalChain.from_llm(llm, retriever=Shelf())
    return chain, {"question": "and then?", "chat_history": [("what is it?", "the sky")]}


def _node(name: str) -> Callable[[RoutedChatModel], tuple[Any, Any]]:
    def make(llm: RoutedChatModel) -> tuple[Any, Any]:
        graph = StateGraph(MessagesState)
        graph.add_node(name, RunnableLambda(lambda state: {"messages": [llm.invoke(state["messages"])]}, _async_node(llm)))
        graph.add_edge(START, name)
        graph.add_edge(name, END)
        return graph.compile(), {"messages": [("human", "hi")]}

    return make


def _async_node(llm: RoutedChatModel) -> Any:
    async def node(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await llm.ainvoke(state["messages"])]}

    return node


def _tool(llm: RoutedChatModel) -> StructuredTool:
    def ask(question: str) -> str:
        """Ask somebody."""
        return llm.invoke(question).text

    async def aask(question: str) -> str:
        return (await llm.ainvoke(question)).text

    return StructuredTool.from_function(ask, aask, name="oracle")


def _agent(llm: RoutedChatModel, **options: Any) -> tuple[Any, Any]:
    return create_agent(model=llm, **options), {"messages": [("human", "hi")]}


def _long_agent(llm: RoutedChatModel) -> tuple[Any, Any]:
    summarise = SummarizationMiddleware(model=llm, trigger=("messages", 3), keep=("messages", 1))
    agent, _ = _agent(llm, middleware=[summarise])
    return agent, {"messages": [("human", "a"), ("ai", "b"), ("human", "c"), ("ai", "d"), ("human", "e")]}


def _selecting_agent(llm: RoutedChatModel) -> tuple[Any, Any]:
    return _agent(llm, tools=[_tool(llm)], middleware=[LLMToolSelectorMiddleware(model=llm)])


def _emulating_agent(llm: RoutedChatModel) -> tuple[Any, Any]:
    return _agent(llm, tools=[_tool(llm)], middleware=[LLMToolEmulator(model=llm)])


ROWS = [
    Row("multi-query retriever", lambda llm: (MultiQueryRetriever.from_llm(Shelf(), llm), "q"), (("query_rewrite", "retriever"),)),
    Row(
        "rephrasing retriever",
        lambda llm: (RePhraseQueryRetriever.from_llm(Shelf(), llm), "q"),
        (("query_rewrite", "retriever"),),
        sync_only=True,
    ),
    Row("extracting compressor", lambda llm: _compressed(LLMChainExtractor.from_llm(llm)), (("compress", "retriever"),) * 2),
    Row("filtering compressor", lambda llm: _compressed(LLMChainFilter.from_llm(llm)), (("compress", "retriever"),) * 2, answer="YES"),
    Row(
        "listwise reranker",
        lambda llm: _compressed(LLMListwiseRerank.from_llm(llm, top_n=1)),
        (("rerank", "ancestor"),),
        (("compress", "retriever"),),
    ),
    Row("retriever of one's own", lambda llm: (ThinkingRetriever(llm=llm), "q"), (("retrieve", "retriever"),)),
    Row("history-aware retriever", lambda llm: (_history_aware(llm), HISTORY), (("query_rewrite", "ancestor"),), (NOBODY,)),
    Row("stuff documents chain", lambda llm: (_stuff(llm), {"context": [], "input": "q"}), (("generate", "ancestor"),), (NOBODY,)),
    Row(
        "retrieval chain with history",
        lambda llm: (create_retrieval_chain(_history_aware(llm), _stuff(llm)), HISTORY),
        (("query_rewrite", "ancestor"), ("generate", "ancestor")),
        (NOBODY, NOBODY),
    ),
    Row("retrieval QA, stuff", _qa("stuff"), (("generate", "ancestor"),), (NOBODY,)),
    Row("retrieval QA, map-reduce", _qa("map_reduce"), (("generate", "ancestor"),) * 3, (NOBODY,) * 3),
    Row("retrieval QA, refine", _qa("refine"), (("generate", "ancestor"),) * 2, (NOBODY,) * 2),
    Row("retrieval QA, map-rerank", _qa("map_rerank"), (("rerank", "ancestor"),) * 2, (NOBODY,) * 2, answer="yes\nScore: 90"),
    Row("conversational retrieval", _conversation, (("query_rewrite", "ancestor"), ("generate", "ancestor")), (NOBODY, NOBODY)),
    Row("graph node with a mapped name", _node("answer_node"), (("generate", "node"),)),
    Row("graph node named as a stage", _node("rerank"), (("rerank", "node"),)),
    Row("graph node of any other name", _node("somewhere"), (NOBODY,)),
    Row("agent", _agent, (("agent", "node"),)),
    Row("summarising agent", _long_agent, (("summarize", "lc_source"), ("agent", "node"))),
    Row("agent that selects tools", _selecting_agent, (("tool_selection", "lc_source"), ("agent", "node"))),
    Row("agent whose tools are emulated", _emulating_agent, (("agent", "node"), ("tool_emulation", "lc_source"), ("agent", "node"))),
    Row("tool that asks a model", lambda llm: (_tool(llm), {"question": "why?"}), (("tool:oracle", "ancestor"),), (NOBODY,)),
    Row(
        "plain chain",
        lambda llm: (ChatPromptTemplate.from_messages([("human", "{x}")]) | llm | StrOutputParser(), {"x": "hi"}),
        (NOBODY,),
    ),
]


class Selecting(FakeProvider):
    """Selects the tool that there is, and counts words as tokens."""

    def get_token_ids(self, text: str) -> list[int]:
        return [0] * len(text.split())

    def _reply(self, messages: list[Any], stop: list[str] | None, kwargs: dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
        text, call = super()._reply(messages, stop, kwargs)
        if call is not None and "tools" in call["args"]:
            call["args"]["tools"] = ["oracle"]
        return text, call


def stage_for(row: Row, *, ancestors: bool) -> Stage:
    return Stage(
        {},
        given={"small": Selecting(answer=row.answer)},
        routes=[{"name": "asks for the stage", "when": {"stage": "no such stage"}, "use": "small"}],
        stages={"ancestors": ancestors, "nodes": {"answer_node": "generate"}},
    )


def told(stage: Stage) -> tuple[Told, ...]:
    return tuple((decision.signals.stage.value, decision.signals.stage.source) for decision in stage.outcomes.decisions)


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("ancestors", [True, False], ids=["ancestors", "metadata only"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.component.replace(" ", "-"))
def test_the_stage_of_a_standard_component(row: Row, ancestors: bool, is_async: bool) -> None:
    if is_async and row.sync_only:
        pytest.skip("LangChain has no async version of it")
    stage = stage_for(row, ancestors=ancestors)
    runnable, given = row.make(stage.llm)
    if is_async:
        asyncio.run(runnable.ainvoke(given))
    else:
        runnable.invoke(given)
    expected = row.told if ancestors or row.told_without_ancestors is None else row.told_without_ancestors
    assert told(stage)[: len(expected)] == expected


@pytest.mark.parametrize("ancestors", [True, False])
def test_the_stage_of_a_criteria_evaluation(ancestors: bool) -> None:
    stage = stage_for(Row("criteria", lambda llm: (None, None), (), answer="It is.\nY"), ancestors=ancestors)
    evaluator: Any = load_evaluator(EvaluatorType.CRITERIA, llm=stage.llm, criteria="conciseness")
    evaluator.evaluate_strings(prediction="blue", input="what colour is the sky?")
    assert told(stage) == ((("judge", "ancestor"),) if ancestors else (NOBODY,))


def test_a_tag_of_the_callers_own_comes_before_anything_detected() -> None:
    stage = stage_for(ROWS[0], ancestors=True)
    MultiQueryRetriever.from_llm(Shelf(), stage.llm).invoke("q", {"tags": ["stage:generate"]})
    assert told(stage) == (("generate", "tag"),)


def test_a_tool_in_an_agent_is_its_own_stage_and_the_agent_goes_on_as_agent() -> None:
    stage = stage_for(ROWS[0], ancestors=True)
    agent, given = _agent(stage.llm, tools=[_tool(stage.llm)])
    messages = agent.invoke(given)["messages"]
    assert any(isinstance(message, ToolMessage) for message in messages)
    assert told(stage) == (("agent", "node"), ("tool:oracle", "ancestor"), ("agent", "node"))
