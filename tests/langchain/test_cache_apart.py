"""Models that have a cache setting of their own: those that say no, and LangChain's own cache beside the policy's."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.globals import get_llm_cache, set_llm_cache
from langchain_core.messages import AIMessage
from pydantic import BaseModel

from taskroute import Router
from taskroute.warn import _said
from taskroute_langchain import RoutedChatModel
from taskroute_langchain.testing import chat_models
from tests.emulator import Emulator
from tests.langchain.cached import bypass, caching, record_of
from tests.langchain.ways import WAYS, ask


class Point(BaseModel):
    """A point on a line."""

    x: int


@pytest.fixture
def langchains() -> Iterator[InMemoryCache]:
    """Set LangChain's own cache, in a process that has not warned of it yet."""
    _said.pop(("langchain cache", "two caches"), None)
    before, cache = get_llm_cache(), InMemoryCache()
    set_llm_cache(cache)
    yield cache
    set_llm_cache(before)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator().running() as running:
        yield running


def said(call: Callable[[], object]) -> list[str]:
    """Return what a call warns of."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call()
    return [str(one.message) for one in found]


def without_cache(stage: Any, **cache: Any) -> RoutedChatModel:
    """Return a routed model of which `small` says cache=False, and `large` nothing."""
    models = {name: model.model_copy(update={"cache": False if name == "small" else None}) for name, model in stage.llm.models.items()}
    return RoutedChatModel(router=stage.router, models=models, **cache)


@pytest.mark.parametrize("way", WAYS)
def test_answers_of_a_model_that_says_no_are_neither_kept_nor_served(way: str) -> None:
    stage = caching({"small": ["one", "two", "three"], "large": ["four", "five"]})
    stage.llm.invoke("why?")
    llm = without_cache(stage)

    assert [ask(way, llm, "why?").text for _ in range(2)] == ["two", "three"]
    assert stage.llm.invoke("why?").text == "one"


def test_a_model_that_the_policy_builds_may_say_so_too(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "none")
    entry = {"model": "openai:gpt-5-mini", "base_url": f"{emulator.url}/v1", "api_key_env": "KEY"}
    models = {"kept": entry, "not": {**entry, "params": {"cache": False}}}
    llm = RoutedChatModel(router=Router({"models": models, "default": ["kept", "not"], "cache": {"store": "memory"}}))

    hits = {name: [_is_hit(llm, name) for _ in range(2)] for name in models}

    assert hits == {"kept": [False, True], "not": [False, False]}


def _is_hit(llm: RoutedChatModel, name: str) -> bool:
    return "cache_hit" in record_of(llm.invoke("why?", {"configurable": {"model": name}}))


def test_other_models_behind_the_same_router_keep_theirs() -> None:
    stage = caching({"small": "-", "large": ["one", "two"]})
    llm = without_cache(stage)

    answers = [llm.invoke("why?", {"configurable": {"model": "large"}}) for _ in range(2)]

    assert [answer.text for answer in answers] == ["one"] * 2
    assert record_of(answers[1])["cache_hit"] is True


def test_structured_answers_of_a_model_that_says_no_are_not_kept_either() -> None:
    points: list[Any] = [AIMessage("", tool_calls=[{"name": "Point", "args": {"x": x}, "id": "call_1"}]) for x in (1, 2)]
    stage = caching({"small": points, "large": "-"})
    runnable = without_cache(stage).with_structured_output(Point)

    assert [runnable.invoke("where?") for _ in range(2)] == [Point(x=1), Point(x=2)]


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream"])
def test_two_caches_are_told_once_with_the_cure(langchains: InMemoryCache, way: str) -> None:
    stage = caching({"small": ["one", "two"]})

    with pytest.warns(RuntimeWarning, match=r"set_llm_cache\(None\)"):
        ask(way, stage.llm, "why?", bypass())
    assert said(lambda: ask(way, stage.llm, "what?", bypass())) == []


def test_nothing_is_told_where_the_models_have_no_part_in_langchains(langchains: InMemoryCache) -> None:
    llm = without_cache(caching({"small": "one"}))

    assert said(lambda: llm.invoke("why?")) == []


def test_nothing_is_told_where_the_policy_has_no_cache(langchains: InMemoryCache) -> None:
    stage = caching({"small": "one"})
    router = Router({"models": {"small": {}}, "default": "small"})

    llm = RoutedChatModel(router=router, models=chat_models(stage.script))

    assert said(lambda: llm.invoke("why?")) == []
