"""A tag on a part of a pipeline reaches every routed call below it."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from langchain_classic.retrievers import MultiQueryRetriever
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableBranch, RunnableParallel, RunnablePassthrough
from langchain_core.runnables.base import RunnableBindingBase
from langchain_core.tools import tool

from taskroute import ConfigurationError, Decision, Router
from taskroute.testing import ScriptedModel
from taskroute_langchain import RoutedChatModel
from taskroute_langchain.stages import stage, task
from taskroute_langchain.testing import chat_models

POLICY: dict[str, Any] = {
    "models": {"small": {}, "large": {}, "coder": {}},
    "default": ["small"],
    "routes": [
        {"name": "ranking", "when": {"stage": "rerank"}, "use": ["large"]},
        {"name": "code", "when": {"task": "debugging"}, "use": ["coder"]},
    ],
}
SCRIPT = {"small": "from small", "large": "from large", "coder": "from coder"}


@pytest.fixture
def router() -> Router:
    return Router(POLICY)


@pytest.fixture
def llm(router: Router) -> RoutedChatModel:
    return RoutedChatModel(router=router, models=chat_models(ScriptedModel(SCRIPT)))


def pipeline(llm: Runnable[Any, Any]) -> Runnable[Any, str]:
    return ChatPromptTemplate.from_template("{question}") | llm | StrOutputParser()


def decided(router: Router, do: Callable[[], object]) -> list[Decision]:
    with router.capture_decisions() as decisions:
        do()
    return decisions


def stages_of(router: Router, do: Callable[[], object]) -> list[tuple[str | None, str]]:
    return [(decision.signals.stage.value, decision.signals.stage.source) for decision in decided(router, do)]


class Asks(BaseRetriever):
    """A retriever that asks a model, handing on its callbacks or not."""

    llm: Any
    hands_on: bool

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        config: Any = {"callbacks": run_manager.get_child()} if self.hands_on else None
        return [Document(self.llm.invoke(query, config).content)]


class Fixed(BaseRetriever):
    """A retriever that always finds the same."""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return [Document("found")]


def test_a_tagged_chain_is_routed_by_its_stage_however_it_is_called(llm: RoutedChatModel) -> None:
    chain = stage(pipeline(llm), "rerank")
    asked = {"question": "which one?"}
    assert chain.invoke(asked) == "from large"
    assert "".join(chain.stream(asked)) == "from large"
    assert chain.batch([asked, asked]) == ["from large", "from large"]
    assert "".join(chain.transform(iter([asked]))) == "from large"
    assert dict(chain.batch_as_completed([asked])) == {0: "from large"}
    assert pipeline(llm).invoke(asked) == "from small"


async def test_a_tagged_chain_is_routed_by_its_stage_when_called_async(llm: RoutedChatModel) -> None:
    chain = stage(pipeline(llm), "rerank")
    asked = {"question": "which one?"}
    assert await chain.ainvoke(asked) == "from large"
    assert "".join([chunk async for chunk in chain.astream(asked)]) == "from large"
    assert await chain.abatch([asked, asked]) == ["from large", "from large"]
    ended = [event async for event in chain.astream_events(asked, version="v2") if event["event"] == "on_chat_model_end"]
    assert [event.get("metadata", {})["taskroute_model"] for event in ended] == ["large"]


def test_each_of_a_batch_may_have_its_own_config(llm: RoutedChatModel, router: Router) -> None:
    chain = stage(pipeline(llm), "rerank")
    configs: list[Any] = [{"metadata": {"user_id": "u1"}}, {"metadata": {"user_id": "u2"}}]
    decisions = decided(router, lambda: chain.batch([{"question": "a"}, {"question": "b"}], configs))
    assert [decision.route for decision in decisions] == ["ranking", "ranking"]


def test_a_task_tag_spares_the_classifier(llm: RoutedChatModel, router: Router) -> None:
    chain = task(pipeline(llm), "debugging")
    [decision] = decided(router, lambda: chain.invoke({"question": "write me a poem"}))
    assert decision.model == "coder"
    assert decision.signals.task.source == "metadata"


def test_functions_and_mappings_become_runnables(llm: RoutedChatModel, router: Router) -> None:
    asks = stage(lambda text: llm.invoke(text).content, "rerank")
    both = stage({"a": llm, "b": llm.invoke}, "rerank")
    assert asks.invoke("hi") == "from large"
    assert stages_of(router, lambda: both.invoke("hi")) == [("rerank", "metadata")] * 2
    assert (RunnablePassthrough() | stage(lambda text: text + "!", "rerank")).invoke("hi") == "hi!"


def test_a_tag_further_in_wins(llm: RoutedChatModel, router: Router) -> None:
    inner = stage(pipeline(llm), "grade")
    nested = stage({"question": RunnablePassthrough()} | inner, "rerank")
    for call in (lambda: nested.invoke("x"), lambda: list(nested.stream("x")), lambda: nested.batch(["x"])):
        assert stages_of(router, call) == [("grade", "metadata")]
    assert stages_of(router, lambda: stage(inner, "rerank").invoke({"question": "x"})) == [("grade", "metadata")]
    assert stages_of(router, lambda: stage(llm.for_stage("grade") | StrOutputParser(), "rerank").invoke("x")) == [("grade", "explicit")]


def test_a_tag_further_in_wins_inside_a_function_too(llm: RoutedChatModel, router: Router) -> None:
    inner = stage(pipeline(llm), "grade")
    outer = stage(lambda text: inner.invoke({"question": text}), "rerank")
    assert stages_of(router, lambda: outer.invoke("x")) == [("grade", "metadata")]


def test_the_caller_s_own_metadata_stays_but_cannot_replace_the_tag(router: Router) -> None:
    seen: list[dict[str, Any]] = []
    look = stage(lambda _, config: seen.append(dict(config["metadata"])), "rerank")
    look.invoke("x", {"metadata": {"user_id": "u1", "llm_stage": "grade"}})
    assert seen[0]["user_id"] == "u1"
    assert seen[0]["llm_stage"] == "rerank"


def test_metadata_around_a_tagged_step_is_kept_inside_a_function(llm: RoutedChatModel) -> None:
    seen: list[dict[str, Any]] = []
    look = stage(lambda _, config: seen.append(dict(config["metadata"])), "rerank")

    def asks(text: str) -> Any:
        return look.invoke(text)

    around = task(asks, "debugging")
    around.invoke("x", {"metadata": {"tenant_id": "t1"}})
    assert (seen[0]["tenant_id"], seen[0]["llm_task"], seen[0]["llm_stage"]) == ("t1", "debugging", "rerank")


def test_a_stage_and_a_task_hold_together(llm: RoutedChatModel, router: Router) -> None:
    chain = task(stage(pipeline(llm), "generate"), "debugging")
    [decision] = decided(router, lambda: chain.invoke({"question": "x"}))
    assert (decision.signals.stage.value, decision.signals.task.value) == ("generate", "debugging")


def test_on_a_routed_model_a_tag_gives_a_routed_model(llm: RoutedChatModel) -> None:
    ranked = stage(llm, "rerank")
    assert isinstance(ranked, RoutedChatModel)
    assert ranked.stage == "rerank"
    assert task(llm, "debugging").task == "debugging"
    assert llm.stage is None


def test_tags_reach_parallel_and_branching_steps(llm: RoutedChatModel, router: Router) -> None:
    steps = stage(RunnableParallel(a=llm, b=RunnableBranch((lambda _: True, llm), llm)), "rerank")
    assert stages_of(router, lambda: steps.invoke("x")) == [("rerank", "metadata")] * 2


def test_tags_reach_tools_that_call_a_model(llm: RoutedChatModel, router: Router) -> None:
    @tool
    def ask(question: str) -> str:
        """Ask a model."""
        return str(llm.invoke(question).content)

    assert stages_of(router, lambda: stage(ask, "rerank").invoke({"question": "x"})) == [("rerank", "metadata")]


def test_tags_reach_a_retriever_that_passes_callbacks_only(llm: RoutedChatModel, router: Router) -> None:
    retriever = MultiQueryRetriever.from_llm(retriever=Fixed(), llm=llm)
    assert stages_of(router, lambda: stage(retriever, "rerank").invoke("x")) == [("rerank", "metadata")]
    assert stages_of(router, lambda: retriever.invoke("x")) == [("query_rewrite", "retriever")]


def test_a_retriever_that_hands_nothing_on_hides_the_tag_so_its_model_is_tagged_itself(llm: RoutedChatModel, router: Router) -> None:
    assert stages_of(router, lambda: stage(Asks(llm=llm, hands_on=True), "rerank").invoke("x")) == [("rerank", "metadata")]
    assert stages_of(router, lambda: stage(Asks(llm=llm, hands_on=False), "rerank").invoke("x")) == [(None, "none")]
    tagged = Asks(llm=llm.for_stage("rerank"), hands_on=False)
    assert stages_of(router, lambda: tagged.invoke("x")) == [("rerank", "explicit")]


def test_metadata_passed_explicitly_inside_a_step_does_not_hide_the_tag(llm: RoutedChatModel, router: Router) -> None:
    summarise = stage(lambda text: llm.invoke(text, {"metadata": {"lc_source": "summarization"}}), "rerank")
    assert stages_of(router, lambda: summarise.invoke("x")) == [("rerank", "metadata")]


async def test_a_thread_with_the_context_keeps_the_tag_and_a_bare_executor_loses_it(llm: RoutedChatModel, router: Router) -> None:
    async def in_thread(text: str) -> Any:
        return await asyncio.to_thread(llm.invoke, text)

    async def in_executor(text: str) -> Any:
        return await asyncio.get_running_loop().run_in_executor(None, llm.invoke, text)

    assert (await stage(in_thread, "rerank").ainvoke("x")).content == "from large"
    assert (await stage(in_executor, "rerank").ainvoke("x")).content == "from small"


def test_tools_and_schemas_bound_to_a_tagged_model_keep_the_tag(router: Router) -> None:
    model = chat_models(ScriptedModel(SCRIPT))["small"]
    bound = stage(model, "rerank").bind_tools([{"type": "function", "function": {"name": "f", "parameters": {}}}])  # type: ignore[attr-defined]
    assert isinstance(bound, RunnableBindingBase)
    assert bound.config == {"metadata": {"llm_stage": "rerank"}}


def test_what_is_built_on_a_tagged_step_keeps_the_tag(llm: RoutedChatModel, router: Router) -> None:
    tagged = stage(pipeline(llm), "rerank")
    asked = {"question": "x"}
    built: list[Runnable[Any, Any]] = [
        tagged.with_config(metadata={"other": 1}),
        tagged.with_retry(),
        tagged.with_fallbacks([pipeline(llm)]),
        tagged.with_listeners(on_start=lambda _: None),
        tagged.with_types(output_type=str),
        tagged.bind(),
        tagged | RunnablePassthrough(),
    ]
    for runnable in built:
        assert stages_of(router, lambda runnable=runnable: runnable.invoke(asked)) == [("rerank", "metadata")]  # type: ignore[misc]


def test_a_tagged_step_shows_what_it_holds(llm: RoutedChatModel) -> None:
    prompt = ChatPromptTemplate.from_template("{question}")
    tagged = stage(prompt, "rerank")
    assert tagged.get_name() == "ChatPromptTemplate"
    assert tagged.input_variables == ["question"]  # type: ignore[attr-defined]
    assert [node.name for node in tagged.get_graph().nodes.values()][1] == "ChatPromptTemplate"
    again: Any = pickle.loads(pickle.dumps(tagged))
    assert again.config == {"metadata": {"llm_stage": "rerank"}}
    with pytest.raises(AttributeError):
        _ = tagged.no_such_thing  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["", "  ", None, 3])
def test_a_tag_needs_a_name(name: Any, llm: RoutedChatModel) -> None:
    with pytest.raises(ConfigurationError, match="give the name of a stage, such as 'rerank'"):
        stage(pipeline(llm), name)
    with pytest.raises(ConfigurationError, match="give the name of a task"):
        task(llm, name)


def test_what_cannot_be_a_step_is_refused() -> None:
    with pytest.raises(TypeError):
        stage(3, "rerank")  # type: ignore[call-overload]
