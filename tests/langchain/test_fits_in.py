"""A routed model wherever LangChain lets a chat model go: batches, old chains, wrappers, pickles."""

from __future__ import annotations

import asyncio
import copy
import pickle
from typing import Any

import pytest
from langchain_classic.chains import LLMChain
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, trim_messages
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import ConfigurableField

from taskroute import Router
from taskroute.errors import ConfigurationError, RouterClosedError
from taskroute.testing import ScriptedModel
from taskroute_langchain import RoutedChatModel
from taskroute_langchain.testing import chat_models
from tests.langchain.fake_provider import FakeProvider
from tests.langchain.listening import Listener
from tests.langchain.provider_errors import BadRequestError, RateLimitError
from tests.langchain.ways import Stage, ask

ROUTES = [{"name": "work", "when": {"stage": "rerank"}, "use": "large"}]


def batch(llm: Any, inputs: list[Any], is_async: bool, **options: Any) -> list[Any]:
    return asyncio.run(llm.abatch(inputs, **options)) if is_async else llm.batch(inputs, **options)


@pytest.mark.parametrize("is_async", [False, True])
def test_a_batch_keeps_its_order(is_async: bool) -> None:
    stage = Stage({}, given={"small": FakeProvider(answer="s"), "large": FakeProvider(answer="l")})
    configs: list[Any] = [{"configurable": {"model": name}} for name in ("small", "large", "small")]
    inputs: list[Any] = ["1", "2", "3"]
    answers = asyncio.run(stage.llm.abatch(inputs, configs)) if is_async else stage.llm.batch(inputs, configs)
    assert [answer.text for answer in answers] == ["s", "l", "s"]


@pytest.mark.parametrize("is_async", [False, True])
def test_a_batch_gives_errors_in_their_place(is_async: bool) -> None:
    stage = Stage({"small": ["one", BadRequestError("bad"), "three"]})
    answers = batch(stage.llm, ["1", "2", "3"], is_async, config={"max_concurrency": 1}, return_exceptions=True)
    assert [type(answer).__name__ for answer in answers] == ["AIMessage", "BadRequestError", "AIMessage"]
    assert len({answer.response_metadata["taskroute"]["decision_id"] for answer in answers if isinstance(answer, AIMessage)}) == 2


def test_a_batch_as_completed_gives_every_answer_with_its_index() -> None:
    stage = Stage({}, given={"small": FakeProvider()})
    assert sorted(index for index, _ in stage.llm.batch_as_completed(["a", "b", "c"])) == [0, 1, 2]


@pytest.mark.parametrize("is_async", [False, True])
def test_generate_answers_several_lists_each_by_its_own_decision(is_async: bool) -> None:
    stage, listener = Stage({"small": ["one", RateLimitError("slow"), "three"], "large": "two"}), Listener()
    threads: list[Any] = [[HumanMessage("a")], [HumanMessage("b")], [HumanMessage("c")]]
    options: dict[str, Any] = {"callbacks": [listener], "tags": ["t"], "metadata": {"user_id": "u"}}
    result = asyncio.run(stage.llm.agenerate(threads, **options)) if is_async else stage.llm.generate(threads, **options)
    assert [generations[0].text for generations in result.generations] == ["one", "two", "three"]
    assert [run.ended for run in listener.all].count("failed") == 1
    assert len(listener.all) == 4
    assert all("t" in run.tags and run.metadata["user_id"] == "u" for run in listener.all)
    assert len({outcome.decision.id for outcome in stage.outcomes.all}) == 3
    assert result.run is not None
    assert len(result.run) == 3


@pytest.mark.parametrize("is_async", [False, True])
def test_generate_raises_the_first_error(is_async: bool) -> None:
    stage = Stage({"small": ["one", BadRequestError("two"), BadRequestError("three")]})
    threads: list[Any] = [[HumanMessage("a")], [HumanMessage("b")], [HumanMessage("c")]]
    with pytest.raises(BadRequestError, match="two"):
        if is_async:
            asyncio.run(stage.llm.agenerate(threads))
        else:
            stage.llm.generate(threads)


def test_generate_gives_tools_to_the_model() -> None:
    fake = FakeProvider()
    stage = Stage({}, given={"small": fake})
    bound: Any = stage.llm.bind_tools(
        [{"type": "function", "function": {"name": "look", "description": "", "parameters": {"type": "object", "properties": {}}}}]
    )
    result = stage.llm.generate([[HumanMessage("x")]], **bound.kwargs)
    message: Any = result.generations[0][0]
    assert message.message.tool_calls[0]["name"] == "look"


@pytest.mark.filterwarnings("ignore:.*LLMChain.*:langchain_core._api.deprecation.LangChainDeprecationWarning")
@pytest.mark.parametrize("how", ["invoke", "ainvoke"])
def test_a_legacy_chain_runs_over_it(how: str) -> None:
    stage, listener = Stage({"small": RateLimitError("slow"), "large": "from the chain"}), Listener()
    chain = LLMChain(llm=stage.llm.for_stage("rerank"), prompt=ChatPromptTemplate.from_messages([("human", "{x}")]))
    answer: Any = ask(how, chain, {"x": "hi"}, config={"callbacks": [listener]})
    assert answer["text"] == "from the chain"
    (parent,) = listener.chains
    assert [run.parent for run in listener.all] == [parent, parent]


@pytest.mark.parametrize("how", ["invoke", "ainvoke"])
def test_langchains_own_retry_works_around_it(how: str) -> None:
    stage = Stage({"small": [BadRequestError("a"), BadRequestError("b"), "third"]})
    patient = stage.llm.with_retry(retry_if_exception_type=(BadRequestError,), stop_after_attempt=3, wait_exponential_jitter=False)
    assert ask(how, patient).text == "third"


@pytest.mark.parametrize("how", ["invoke", "ainvoke", "stream", "astream"])
def test_langchains_own_fallbacks_and_configurations_work_around_it(how: str) -> None:
    rescued = Stage({"small": BadRequestError("a")}).llm.with_fallbacks([FakeProvider(answer="outside")])
    assert ask(how, rescued).text == "outside"
    tagged = Stage({"small": "no", "large": "tagged"}, routes=ROUTES).llm.with_config(tags=["stage:rerank"], run_name="mine")
    assert ask(how, tagged).text == "tagged"


def test_its_fields_can_be_configured() -> None:
    stage = Stage({"small": "plain", "large": "configured"}, routes=ROUTES)
    llm = stage.llm.configurable_fields(stage=ConfigurableField(id="stage"))
    assert llm.invoke("x").text == "plain"
    assert llm.invoke("x", {"configurable": {"stage": "rerank"}}).text == "configured"


def test_it_can_be_an_alternative_of_another_model() -> None:
    stage = Stage({"small": "routed"})
    llm = FakeProvider(answer="before").configurable_alternatives(ConfigurableField(id="which"), default_key="old", new=stage.llm)
    assert llm.invoke("x").text == "before"
    assert llm.invoke("x", {"configurable": {"which": "new"}}).text == "routed"


def test_a_routed_model_can_be_a_model_of_another() -> None:
    inner, listener = Stage({"small": "from inside"}), Listener()
    outer = Stage({}, given={"nested": inner.llm})
    answer = outer.llm.invoke("x", {"callbacks": [listener]})
    assert (answer.text, answer.response_metadata["taskroute"]["model"]) == ("from inside", "nested")
    assert len(listener.all) == 1


def test_it_can_be_pickled_and_called_afterwards() -> None:
    policy = {"models": {"small": {}, "large": {}}, "default": ["small", "large"], "retry": {"extra": 0}, "routes": ROUTES}
    script = ScriptedModel({"small": RateLimitError("slow"), "large": "after the pickle"})
    llm = RoutedChatModel(router=Router(policy), models=chat_models(script), stage="judge")
    again: RoutedChatModel = pickle.loads(pickle.dumps(llm))
    answer = again.invoke("x")
    assert (answer.text, answer.response_metadata["taskroute"]["stage"], again.stage) == ("after the pickle", "judge", "judge")
    assert again.router.policy == llm.router.policy
    assert again.for_stage("rerank").invoke("x").response_metadata["taskroute"]["route"] == "work"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda llm: llm.model_copy(deep=True)])
def test_a_copy_answers_with_the_same_models(copied: Any) -> None:
    stage = Stage({"small": "hi"})
    assert copied(stage.llm).invoke("x").text == "hi"
    assert stage.called == ["small"]


def test_tagged_copies_call_the_same_models_and_leave_the_first_untouched() -> None:
    stage = Stage({"small": "plain", "large": "tagged"}, routes=ROUTES)
    tagged = stage.llm.for_stage("rerank").for_task("code_generation")
    assert (tagged.stage, tagged.task, stage.llm.stage, stage.llm.task) == ("rerank", "code_generation", None, None)
    assert tagged.invoke("x").text == "tagged"
    assert stage.llm.invoke("x").text == "plain"


def test_a_tag_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"for_stage\(''\)"):
        Stage({"small": "hi"}).llm.for_stage("")


class Counting(FakeProvider):
    def get_token_ids(self, text: str) -> list[int]:
        return [7] * len(text)


def test_tokens_are_counted_by_the_first_default_model() -> None:
    stage = Stage({"large": "no"}, given={"small": Counting()}, default=["small", "large"])
    assert stage.llm.get_num_tokens("four") == 4
    kept = trim_messages([SystemMessage("s" * 50), HumanMessage("x" * 10)], max_tokens=40, token_counter=stage.llm, strategy="last")
    assert [message.content for message in kept] == ["x" * 10]


def test_the_profile_is_what_all_models_can_do() -> None:
    small = FakeProvider(profile={"tool_calling": True, "structured_output": True, "max_input_tokens": 1000, "name": "small"})
    large = FakeProvider(
        profile={"tool_calling": True, "structured_output": False, "max_input_tokens": 9000, "image_inputs": True, "name": "large"}
    )
    stage = Stage({}, given={"small": small, "large": large})
    assert stage.llm.profile == {"tool_calling": True, "structured_output": False, "max_input_tokens": 1000}


def test_a_closed_router_refuses_calls() -> None:
    stage = Stage({"small": "no"})
    stage.router.close()
    with pytest.raises(RouterClosedError):
        stage.llm.invoke("x")


def test_a_reload_changes_the_next_call() -> None:
    stage = Stage({"small": "old", "large": "new"})
    assert stage.llm.invoke("x").text == "old"
    stage.router.reload({"models": {"small": {}, "large": {}}, "default": ["large"], "retry": {"extra": 0}})
    assert stage.llm.invoke("x").text == "new"


def test_private_callers_get_a_routed_answer_too() -> None:
    stage = Stage({"small": RateLimitError("slow"), "large": "rescued"})
    assert stage.llm._generate([HumanMessage("x")]).generations[0].text == "rescued"
    assert asyncio.run(stage.llm._agenerate([HumanMessage("x")])).generations[0].text == "rescued"


def test_it_passes_where_only_a_chat_model_may() -> None:
    def takes(model: BaseChatModel) -> BaseChatModel:
        return model

    assert takes(Stage({"small": "hi"}).llm).invoke("x").text == "hi"


@pytest.mark.parametrize("wrong", [None, 5])
def test_an_input_that_is_none_is_refused_as_langchain_refuses_it(wrong: Any) -> None:
    llm = RoutedChatModel(router=Router({"models": {"small": {}}, "default": "small"}), models=chat_models(ScriptedModel({"small": "hi"})))
    with pytest.raises(ValueError, match="Invalid input type"):
        llm.invoke(wrong)
