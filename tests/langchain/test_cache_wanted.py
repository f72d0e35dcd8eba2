"""What a call, a model object and its copies want of the cache."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.runnables import RunnableLambda

from taskroute import ConfigurationError, Router
from taskroute.cache.entry import dumps, loads
from taskroute.stored import StoredAnswer
from taskroute.stores.memory import MemoryStore
from taskroute.testing import FakeClock, ScriptedModel
from taskroute_langchain import RoutedChatModel, wrap
from taskroute_langchain.testing import ScriptedChatModel, chat_models
from tests.langchain.cached import bypass, caching, record_of
from tests.langchain.ways import WAYS, ask


@pytest.mark.parametrize("way", WAYS)
def test_a_call_may_pass_the_cache_by(way: str) -> None:
    stage = caching({"small": ["one", "two", "three"]})
    stage.llm.invoke("why?")

    assert ask(way, stage.llm, "why?", bypass()).text == "two"
    assert stage.llm.invoke("why?").text == "one"


@pytest.mark.parametrize("way", WAYS)
def test_a_call_may_have_a_new_answer_kept(way: str) -> None:
    stage = caching({"small": ["one", "two", "three"]})
    stage.llm.invoke("why?")

    assert ask(way, stage.llm, "why?", bypass("refresh")).text == "two"
    assert stage.llm.invoke("why?").text == "two"


def test_metadata_say_it_too_and_are_inherited() -> None:
    stage = caching({"small": ["one", "two"]})
    chain = RunnableLambda(lambda text: text) | stage.llm
    chain.invoke("why?")

    assert chain.invoke("why?", {"metadata": {"taskroute_cache": "bypass"}}).text == "two"
    assert chain.invoke("why?", {"metadata": {"taskroute_cache": "use"}}).text == "one"


@pytest.mark.parametrize("config", [bypass("off"), {"metadata": {"taskroute_cache": "no"}}], ids=["configurable", "metadata"])
def test_an_unknown_word_is_refused_with_those_that_are_known(config: Any) -> None:
    stage = caching({"small": "one"})

    with pytest.raises(ConfigurationError, match="'use', 'refresh' or 'bypass'"):
        stage.llm.invoke("why?", config)
    assert stage.called == []


def test_what_runs_below_a_served_answer_does_not_take_its_mark_for_a_wish() -> None:
    stage = caching({"small": ["one", "two"]})

    for served in ("hit", "stale"):
        assert stage.llm.invoke("why?", {"metadata": {"taskroute_cache": served}}).text == "one"
    assert stage.called == ["small"]


def uncached(stage: Any) -> RoutedChatModel:
    return RoutedChatModel(router=stage.router, models=stage.llm.models, cache=False)


@pytest.mark.parametrize("way", WAYS)
def test_a_model_without_a_cache_neither_reads_nor_keeps(way: str) -> None:
    stage = caching({"small": ["one", "two", "three"]})
    ask(way, uncached(stage), "why?")

    assert stage.llm.invoke("why?").text == "two"
    assert ask(way, uncached(stage), "why?").text == "three"


def test_copies_of_a_model_without_a_cache_have_none_either() -> None:
    stage = caching({"small": [str(number) for number in range(9)]})
    llm = uncached(stage)
    llm.invoke("why?")

    copies = [llm.for_stage("grade"), llm.for_task("code"), llm.model_copy(), llm.bind(stop=["x"])]

    for copied in copies:
        assert "cache_hit" not in record_of(copied.invoke("why?"))
        assert "cache_hit" not in record_of(copied.invoke("why?"))


@pytest.mark.parametrize("cache", [None, False])
def test_a_pickled_model_keeps_what_it_was_told(cache: bool | None) -> None:
    router = Router({"models": {"small": {}}, "default": "small", "cache": {"store": "memory"}}, clock=FakeClock(), environ={})
    script = ScriptedModel({"small": "one"})

    llm = pickle.loads(pickle.dumps(RoutedChatModel(router=router, models=chat_models(script), cache=cache)))

    assert ["cache_hit" in record_of(llm.invoke("why?")) for _ in range(2)] == [False, cache is None]


@pytest.mark.parametrize("cache", [None, True])
def test_otherwise_the_policy_says_it(cache: bool | None) -> None:
    stage = caching({"small": ["one"]})
    llm = RoutedChatModel(router=stage.router, models=stage.llm.models, cache=cache)
    llm.invoke("why?")

    assert record_of(llm.invoke("why?"))["cache_hit"] is True


def test_langchains_own_cache_is_refused_with_the_cure() -> None:
    stage = caching({"small": "one"})

    with pytest.raises(ConfigurationError, match=r"set_llm_cache\(TaskrouteCache"):
        RoutedChatModel(router=stage.router, models=stage.llm.models, cache=InMemoryCache())


def test_wrap_keeps_a_model_out_of_the_cache_that_was_out_of_one() -> None:
    stage = caching({"small": ["one", "two", "three"]})

    def chain(**options: Any) -> Any:
        return RunnableLambda(lambda text: text) | ScriptedChatModel(script=stage.script, model_name="small", **options)

    left_out = wrap(chain(cache=False), stage.router, models=stage.llm.models)
    cached = wrap(chain(), stage.router, models=stage.llm.models)

    assert [left_out.invoke("why?").text, left_out.invoke("why?").text] == ["one", "two"]
    assert [cached.invoke("why?").text, cached.invoke("why?").text] == ["three", "three"]


def test_answers_are_served_inside_of_their_scope_alone() -> None:
    stage = caching({"small": ["of a", "of b"]}, cache={"scope": ["tenant"]})
    of: Any = {name: {"metadata": {"tenant_id": name}} for name in "ab"}

    texts = [stage.llm.invoke("why?", of[name]).text for name in "abab"]

    assert texts == ["of a", "of b", "of a", "of b"]


def test_bound_tools_and_parameters_are_in_the_key() -> None:
    stage = caching({"small": [str(number) for number in range(9)]})
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    ways = [stage.llm, stage.llm.bind_tools([tool]), stage.llm.bind(stop=["x"]), stage.llm.bind_tools([tool], tool_choice="look")]

    first = [way.invoke("why?").text for way in ways]
    again = [way.invoke("why?").text for way in ways]

    assert first == again == ["0", "1", "2", "3"]


def test_a_model_that_the_call_names_for_its_provider_is_in_the_key() -> None:
    stage = caching({"small": [str(number) for number in range(9)]})

    texts = [stage.llm.invoke("why?", model=name).text for name in ("nano", "mini", "nano")]

    assert texts == ["0", "1", "0"]
    assert stage.llm.invoke("why?").text == "2"


def test_calls_for_several_answers_have_no_part_in_it() -> None:
    stage = caching({"small": [str(number) for number in range(9)]})

    assert [stage.llm.invoke("why?", n=2).text for _ in range(2)] == ["0", "1"]
    assert [stage.llm.invoke("why?", n=1).text for _ in range(2)] == ["2", "2"]


def _kept_by_litellm(answer: StoredAnswer) -> tuple[RoutedChatModel, ScriptedModel]:
    """Return a routed model whose cache has this answer to `why?`, and the script that was asked once to get there."""
    store, script = MemoryStore(), ScriptedModel({"small": ["one", "two"]})
    policy = {"models": {"small": {"model": "openai:gpt-5"}}, "default": "small", "cache": {}}
    llm = RoutedChatModel(router=Router(policy, cache=store, clock=FakeClock(), environ={}), models=chat_models(script))
    llm.invoke("why?")
    [name] = [name for name in store.scan("") if "/e/" in name]
    store.put(name, dumps(loads(store.get(name) or b"")._replace(answer=answer)))
    return llm, script


def test_an_answer_in_the_form_of_another_host_is_asked_for_again_and_replaced() -> None:
    llm, script = _kept_by_litellm(StoredAnswer("other", host="litellm", native={"message": {}}))

    assert [llm.invoke("why?").text for _ in range(2)] == ["two", "two"]
    assert script.called == ["small", "small"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("provider", "finish"), [("openai", "stop"), ("anthropic", None)])
def test_an_answer_that_another_host_kept_for_all_is_served(way: str, provider: str, finish: str | None) -> None:
    llm, script = _kept_by_litellm(StoredAnswer("other", finish_reason=finish, model="gpt-5-2025", provider=provider))

    served = ask(way, llm, "why?")

    assert served.text == "other"
    assert served.response_metadata["model_name"] == "gpt-5-2025"
    assert script.called == ["small"]
