"""`wrap` routes the models of a chain that is already built, and says which it could not reach."""

from __future__ import annotations

import dataclasses
import functools
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from langchain_classic.chains import ConversationalRetrievalChain, RetrievalQA, create_retrieval_chain
from langchain_classic.chains.combine_documents import create_stuff_documents_chain
from langchain_classic.retrievers import ContextualCompressionRetriever, MultiQueryRetriever
from langchain_classic.retrievers.document_compressors import LLMChainExtractor
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import (
    RouterRunnable,
    Runnable,
    RunnableBranch,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    RunnableSerializable,
)
from langchain_core.tools import tool
from pydantic import PrivateAttr

from taskroute import ConfigurationError, Router
from taskroute.testing import ScriptedModel
from taskroute_langchain import RoutedChatModel
from taskroute_langchain.stages import stage
from taskroute_langchain.testing import chat_models
from taskroute_langchain.wrap import wrap, wrap_report
from tests.langchain.wrapped import POLICY, PROMPT, Verdict, add, openai, scripted


@pytest.fixture
def router() -> Router:
    return Router(POLICY)


@pytest.fixture
def models() -> dict[str, BaseChatModel]:
    return chat_models(ScriptedModel({"small": "from small", "large": "from large"}))


class Fixed(BaseRetriever):
    """A retriever that always finds the same."""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return [Document("found")]


def text_of(answer: Any) -> Any:
    """Return the text in the answer of any chain of these tests."""
    if isinstance(answer, dict):
        for key in ("answer", "result", "a", "raw"):
            if key in answer:
                return text_of(answer[key])
    return getattr(answer, "content", answer)


def question_answering(llm: BaseChatModel) -> Runnable[Any, Any]:
    prompt = ChatPromptTemplate.from_template("{context} {input}")
    return create_retrieval_chain(Fixed(), create_stuff_documents_chain(llm, prompt))


BUILT: list[tuple[str, Callable[[BaseChatModel], Any], Any, tuple[str, ...]]] = [
    ("sequence", lambda llm: PROMPT | llm | StrOutputParser(), {"question": "x"}, ("steps[1]",)),
    ("bind", lambda llm: PROMPT | llm.bind(stop=["END"]), {"question": "x"}, ("steps[1].bound",)),
    ("with_config", lambda llm: PROMPT | llm.with_config(tags=["mine"]), {"question": "x"}, ("steps[1].bound",)),
    ("with_retry", lambda llm: PROMPT | llm.with_retry(), {"question": "x"}, ("steps[1].bound",)),
    (
        "with_fallbacks",
        lambda llm: PROMPT | llm.with_fallbacks([scripted("spare")]),
        {"question": "x"},
        ("steps[1].runnable", "steps[1].fallbacks[0]"),
    ),
    (
        "parallel",
        lambda llm: RunnableParallel(a=PROMPT | llm, b=PROMPT | llm),
        {"question": "x"},
        ("steps['a'].steps[1]", "steps['b'].steps[1]"),
    ),
    ("branch", lambda llm: RunnableBranch((lambda _: True, llm), llm), "x", ("branches[0][1]", "default")),
    ("assign", lambda llm: RunnablePassthrough.assign(a=PROMPT | llm), {"question": "x"}, ("mapper.steps['a'].steps[1]",)),
    ("router runnable", lambda llm: RouterRunnable({"a": llm}), {"key": "a", "input": "x"}, ("runnables['a']",)),
    ("stage", lambda llm: stage(PROMPT | llm, "generate"), {"question": "x"}, ("bound.steps[1]",)),
    ("map", lambda llm: (PROMPT | llm).map() | (lambda answers: answers[0]), [{"question": "x"}], ("steps[0].bound.steps[1]",)),
    ("retrieval chain", question_answering, {"input": "x"}, ("bound.steps[1].mapper.steps['answer'].bound.steps[2]",)),
    (
        "RetrievalQA",
        lambda llm: RetrievalQA.from_chain_type(llm, retriever=Fixed()),
        {"query": "x"},
        ("combine_documents_chain.llm_chain.llm",),
    ),
    (
        "ConversationalRetrievalChain",
        lambda llm: ConversationalRetrievalChain.from_llm(llm, retriever=Fixed()),
        {"question": "x", "chat_history": []},
        ("combine_docs_chain.llm_chain.llm", "question_generator.llm"),
    ),
]


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
@pytest.mark.parametrize(("build", "asked", "where"), [case[1:] for case in BUILT], ids=[case[0] for case in BUILT])
def test_the_models_of_a_built_chain_are_routed_and_the_given_chain_is_left_alone(
    build: Callable[[BaseChatModel], Any], asked: Any, where: tuple[str, ...], router: Router, models: dict[str, BaseChatModel]
) -> None:
    chain = build(scripted())
    result = wrap_report(chain, router, models=models)
    assert result.replaced == where
    assert result.opaque == ()
    assert type(result.chain) is type(chain)
    assert text_of(result.chain.invoke(asked)) == "from small"
    assert text_of(chain.invoke(asked)) == "from before"


async def test_a_wrapped_chain_streams_batches_and_runs_async(router: Router, models: dict[str, BaseChatModel]) -> None:
    chain = wrap(PROMPT | scripted() | StrOutputParser(), router, models=models)
    asked = {"question": "x"}
    assert list(chain.stream(asked))[:2] == ["from", " small"]
    assert chain.batch([asked, asked]) == ["from small"] * 2
    assert await chain.ainvoke(asked) == "from small"
    assert "".join([chunk async for chunk in chain.astream(asked)]) == "from small"


def test_stages_inside_a_wrapped_chain_choose_the_model(router: Router, models: dict[str, BaseChatModel]) -> None:
    chain = wrap({"ranked": stage(scripted(), "rerank"), "plain": scripted()} | RunnablePassthrough(), router, models=models)
    answers: Any = chain.invoke("x")
    assert {key: answer.content for key, answer in answers.items()} == {"ranked": "from large", "plain": "from small"}


def test_a_retriever_that_asks_a_model_is_routed_by_what_it_is(router: Router, models: dict[str, BaseChatModel]) -> None:
    retriever = MultiQueryRetriever.from_llm(retriever=Fixed(), llm=scripted())
    wrapped = wrap(retriever, router, models=models)
    with router.capture_decisions() as decisions:
        wrapped.invoke("x")
    assert [(decision.signals.stage.value, decision.model) for decision in decisions] == [("query_rewrite", "large")]


def test_a_compressor_inside_a_retriever_is_found(router: Router, models: dict[str, BaseChatModel]) -> None:
    retriever = ContextualCompressionRetriever(base_compressor=LLMChainExtractor.from_llm(scripted()), base_retriever=Fixed())
    result = wrap_report(retriever, router, models=models)
    assert result.replaced == ("base_compressor.llm_chain.steps[1]",)
    assert [document.page_content for document in result.chain.invoke("x")] == ["from small"]


def test_the_same_model_becomes_the_same_routed_model(router: Router, models: dict[str, BaseChatModel]) -> None:
    one, other = scripted(), scripted("other")
    wrapped = wrap([one, other, {"again": one}, (one,)], router, models=models)
    first, second, again, inner = wrapped[0], wrapped[1], wrapped[2]["again"], wrapped[3][0]  # type: ignore[index,call-overload]
    assert first is again is inner
    assert first is not second
    assert (first.original, second.original) == (one, other)  # type: ignore[attr-defined]


def test_observing_each_model_that_was_there_answers_its_own_calls(models: dict[str, BaseChatModel]) -> None:
    router = Router({**POLICY, "mode": "observe"})
    chain = RunnableParallel(a=scripted("one", "from one"), b=scripted("two", "from two").bind_tools([add]))
    wrapped = wrap(chain, router, models=models)
    with router.capture_decisions() as decisions:
        answers = wrapped.invoke("x")
    assert (answers["a"].content, answers["b"].content) == ("from one", "from two")
    assert [decision.model for decision in decisions] == ["small", "small"]


def test_observing_needs_no_warning_because_the_original_is_known(models: dict[str, BaseChatModel]) -> None:
    assert wrap(scripted(), Router({**POLICY, "mode": "observe"}), models=models).invoke("x").content == "from before"


@dataclasses.dataclass(frozen=True, slots=True)
class Parts:
    """A user's own record of steps."""

    llm: Any
    name: str = "parts"


class Holder(RunnableSerializable[Any, Any]):
    """A user's own runnable, with steps in a dataclass, a list and a mapping."""

    parts: Any
    steps: list[Any]
    table: dict[str, Any]

    def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        return [self.parts.llm.invoke(input).content, self.steps[0].invoke(input).content, self.table["a"][0].invoke(input).content]


def test_models_in_dataclasses_lists_and_mappings_of_a_user_s_own_runnable_are_found(
    router: Router, models: dict[str, BaseChatModel]
) -> None:
    llm = scripted()
    holder = Holder(parts=Parts(llm), steps=[llm], table={"a": (llm,)})
    result = wrap_report(holder, router, models=models)
    assert result.replaced == ("parts.llm", "steps[0]", "table['a'][0]")
    assert result.chain.invoke("x") == ["from small"] * 3
    assert holder.invoke("x") == ["from before"] * 3


class Remembering(RunnableSerializable[Any, Any]):
    """A user's own runnable that builds its pipeline from its fields when it is first used."""

    llm: Any

    @functools.cached_property
    def pipeline(self) -> Runnable[Any, Any]:
        return PROMPT | self.llm | StrOutputParser()

    def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        return self.pipeline.invoke(input, config)


def test_what_was_computed_from_the_model_before_is_computed_again(router: Router, models: dict[str, BaseChatModel]) -> None:
    remembering = Remembering(llm=scripted())
    assert remembering.invoke({"question": "x"}) == "from before"
    assert wrap(remembering, router, models=models).invoke({"question": "x"}) == "from small"


def test_a_chain_that_refers_to_itself_is_wrapped_once(router: Router, models: dict[str, BaseChatModel]) -> None:
    llm = scripted()
    holder = Holder(parts=Parts(llm), steps=[llm], table={"a": (llm,)})
    holder.steps.append(holder)
    assert wrap(holder, router, models=models).invoke("x") == ["from small"] * 3


def test_a_wrapped_chain_can_be_pickled(router: Router, models: dict[str, BaseChatModel]) -> None:
    chain = wrap(PROMPT | scripted().bind_tools([add]) | StrOutputParser(), router, models=models)
    again: Any = pickle.loads(pickle.dumps(chain))
    assert again.invoke({"question": "x"}) == "from small"


# What cannot be looked into


def graph_with(llm: BaseChatModel) -> Any:
    from langchain.agents import create_agent

    return create_agent(llm, [])


class Service:
    """A user's own object with a model in it."""

    def __init__(self, llm: BaseChatModel) -> None:
        self.llm = llm

    def answer(self, text: str) -> Any:
        return self.llm.invoke(text)


def asking(llm: BaseChatModel) -> Callable[[str], Any]:
    return lambda text: [llm.invoke(text)]


def by_default(llm: BaseChatModel) -> Callable[[str], Any]:
    def ask(text: str, *, model: BaseChatModel = llm) -> Any:
        return model.invoke(text)

    return ask


def in_generator(llm: BaseChatModel) -> Runnable[Any, Any]:
    def generate(texts: Any) -> Any:
        for text in texts:
            yield llm.invoke(text)

    return RunnableGenerator(generate)


def in_tool(llm: BaseChatModel) -> Runnable[Any, Any]:
    @tool
    def ask(question: str) -> Any:
        """Ask."""
        return llm.invoke(question)

    return ask


class Private(RunnableSerializable[Any, Any]):
    """A user's own runnable that keeps its model to itself."""

    _llm: Any = PrivateAttr()

    def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        return self._llm.invoke(input)


def in_private(llm: BaseChatModel) -> Runnable[Any, Any]:
    private = Private()
    private._llm = llm
    return private


OPAQUE: list[tuple[str, Callable[[BaseChatModel], Any]]] = [
    ("a function", lambda llm: RunnableLambda(asking(llm))),
    ("a method", lambda llm: RunnableLambda(Service(llm).answer)),
    ("a default argument", lambda llm: RunnableLambda(by_default(llm))),
    ("a generator", in_generator),
    ("a tool", in_tool),
    ("a private attribute", in_private),
    ("an agent", graph_with),
]


@pytest.mark.parametrize("build", [case[1] for case in OPAQUE], ids=[case[0] for case in OPAQUE])
def test_a_model_out_of_reach_is_named_in_a_warning(
    build: Callable[[BaseChatModel], Any], router: Router, models: dict[str, BaseChatModel]
) -> None:
    chain = RunnableParallel(a=scripted(), b=build(scripted("deep")))
    with pytest.warns(UserWarning, match=r"left parts of the chain as they were:\n  steps\['b'\]") as warned:
        wrap(chain, router, models=models)
    assert [warning.filename for warning in warned] == [__file__]


def test_functions_that_hold_no_model_are_nothing_to_warn_of(router: Router, models: dict[str, BaseChatModel]) -> None:
    suffix = "!"

    def add_suffix(text: str) -> str:
        return text + suffix

    chain = RunnableLambda(add_suffix) | scripted() | StrOutputParser() | str.upper
    assert wrap_report(chain, router, models=models).opaque == ()


def test_a_function_that_calls_a_routed_model_is_nothing_to_warn_of(router: Router, models: dict[str, BaseChatModel]) -> None:
    llm = RoutedChatModel(router=router, models=models)
    chain = RunnableParallel(a=scripted(), b=RunnableLambda(asking(llm)))
    assert wrap_report(chain, router, models=models).opaque == ()


@pytest.mark.parametrize(
    ("chain", "why"),
    [
        (PROMPT | RunnablePassthrough(), r"no chat model found in \d+ parts"),
        (RunnableLambda(scripted().invoke), "a model inside of RunnableLambda 'invoke' is out of reach"),
        (graph_with(scripted()), "an agent with RoutingMiddleware"),
        (openai().with_structured_output(Verdict), "call with_structured_output"),
    ],
    ids=["no model", "a function", "an agent", "one provider's structured output"],
)
def test_a_chain_in_which_nothing_was_replaced_is_refused_with_the_cure(
    chain: Any, why: str, router: Router, models: dict[str, BaseChatModel]
) -> None:
    with pytest.raises(ConfigurationError, match=why):
        wrap(chain, router, models=models)


def test_a_chain_that_is_routed_already_is_refused_as_such(router: Router, models: dict[str, BaseChatModel]) -> None:
    chain = PROMPT | RoutedChatModel(router=router, models=models).bind(stop=["x"])
    with pytest.raises(ConfigurationError, match=r"routed already: steps\[1\]\.bound"):
        wrap(chain, router, models=models)
