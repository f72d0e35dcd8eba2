"""LangChain's own cache over our stores: its two standard suites, and what they do not look at."""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from blockbuster import blockbuster_ctx
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.globals import get_llm_cache, set_llm_cache
from langchain_core.language_models import FakeListLLM
from langchain_core.load import dumps
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, Generation
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests.cache import AsyncCacheTestSuite, SyncCacheTestSuite
from pydantic import BaseModel, ConfigDict

from taskroute.stores.disk import DiskStore
from taskroute.stores.memory import MemoryStore
from taskroute.testing import FakeClock, ScriptedModel
from taskroute_langchain import TaskrouteCache
from taskroute_langchain.testing import ScriptedChatModel


class TestInMemory(SyncCacheTestSuite):
    @pytest.fixture
    def cache(self) -> TaskrouteCache:
        return TaskrouteCache()


class TestInMemoryAsync(AsyncCacheTestSuite):
    @pytest.fixture
    async def cache(self) -> TaskrouteCache:
        return TaskrouteCache(MemoryStore())


class TestOnDisk(SyncCacheTestSuite):
    @pytest.fixture
    def cache(self, tmp_path: Path) -> Iterator[TaskrouteCache]:
        cache = TaskrouteCache(tmp_path / "cache", size=10_000_000)
        yield cache
        cache.close()


class TestOnDiskAsync(AsyncCacheTestSuite):
    @pytest.fixture
    async def cache(self, tmp_path: Path) -> Any:
        cache = TaskrouteCache(str(tmp_path / "cache"))
        yield cache
        await cache.aclose()


@pytest.fixture
def cache() -> TaskrouteCache:
    return TaskrouteCache()


@pytest.fixture
def in_use(cache: TaskrouteCache) -> Iterator[TaskrouteCache]:
    """Make it the cache of every model of LangChain's in this process."""
    before = get_llm_cache()
    set_llm_cache(cache)
    yield cache
    set_llm_cache(before)


def chat(*lines: Any) -> ScriptedChatModel:
    return ScriptedChatModel(script=ScriptedModel({"small": list(lines)}), model_name="small")


# Through LangChain's models


def test_a_chat_models_answer_is_served_with_a_new_id_and_without_tokens(in_use: TaskrouteCache) -> None:
    model, counter = chat("forty two"), UsageMetadataCallbackHandler()
    first = model.invoke("why?", {"callbacks": [counter]})

    served, again = (model.invoke("why?", {"callbacks": [counter]}) for _ in range(2))

    assert (served.text, served.response_metadata) == (first.text, first.response_metadata)
    assert len({first.id, served.id, again.id}) == 3
    assert counter.usage_metadata["small"]["total_tokens"] == 3
    served_usage: Any = served.usage_metadata
    assert (served_usage["total_tokens"], served_usage["total_cost"]) == (0, 0)


async def test_its_async_methods_serve_the_same(in_use: TaskrouteCache) -> None:
    model = chat("forty two")
    await model.ainvoke("why?")

    assert (await model.ainvoke("why?")).text == model.invoke("why?").text == "forty two"


def test_a_plain_language_models_answer_is_served(in_use: TaskrouteCache) -> None:
    model = FakeListLLM(responses=["one", "two"])

    assert [model.invoke("why?"), model.invoke("why?"), model.invoke("why not?")] == ["one", "one", "two"]


def test_ids_of_messages_are_not_in_the_key(in_use: TaskrouteCache) -> None:
    model = chat("one", "two")
    model.invoke([HumanMessage("why?", id="a"), AIMessage("hm", id="b"), HumanMessage("why?", id="c")])

    assert model.invoke([HumanMessage("why?"), AIMessage("hm", id="d"), HumanMessage("why?")]).text == "one"
    assert model.invoke([HumanMessage("why not?"), AIMessage("hm"), HumanMessage("why?")]).text == "two"


def test_ids_that_langchain_leaves_in_a_prompt_are_not_in_the_key_either(cache: TaskrouteCache) -> None:
    cache.update(dumps([HumanMessage("why?", id="a")]), "model", [Generation(text="because")])

    assert cache.lookup(dumps([HumanMessage("why?", id="b")]), "model") is not None
    assert cache.lookup(dumps([HumanMessage("why not?", id="a")]), "model") is None
    assert cache.lookup('[{"id": "b"}]', "model") is None


def test_served_calls_of_tools_have_ids_of_their_own(in_use: TaskrouteCache) -> None:
    model = chat(AIMessage("", tool_calls=[{"name": "look", "args": {"at": "a"}, "id": "call_1"}]))
    model.invoke("why?")

    [first], [second] = (model.invoke("why?").tool_calls for _ in range(2))

    assert (first["name"], first["args"]) == ("look", {"at": "a"})
    assert len({"call_1", first["id"], second["id"]}) == 3


class Point(BaseModel):
    """A point on a line."""

    x: int


@pytest.mark.parametrize("include_raw", [False, True], ids=["parsed", "with raw"])
def test_structured_output_of_openais_is_served(in_use: TaskrouteCache, include_raw: bool) -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        message = {"role": "assistant", "content": '{"x": 3}', "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        usage = {"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 9}
        body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-5", "choices": [choice], "usage": usage}
        return httpx.Response(200, json=body)

    client = httpx.Client(transport=httpx.MockTransport(answer))
    model = ChatOpenAI(model="gpt-5", api_key="k", http_client=client)  # type: ignore[arg-type]
    runnable = model.with_structured_output(Point, method="json_schema", include_raw=include_raw)

    answers: list[Any] = [runnable.invoke("where?") for _ in range(2)]

    assert [each["parsed"] if include_raw else each for each in answers] == [Point(x=3)] * 2
    assert len(requests) == 1


class Strict(BaseModel):
    """A day, which only JSON may say as a text."""

    model_config = ConfigDict(strict=True)

    when: date


def test_an_object_that_openais_parser_would_not_make_again_is_not_kept(cache: TaskrouteCache) -> None:
    parsed = Strict(when=date(2026, 1, 2))
    message = AIMessage('{"when": "2026-01-02"}', additional_kwargs={"parsed": parsed})

    cache.update("when?", "model", [ChatGeneration(message=message)])

    assert cache.lookup("when?", "model") is None


@pytest.mark.parametrize(
    "message",
    [
        AIMessage("half an ans", response_metadata={"finish_reason": "length"}),
        AIMessage("half an ans", response_metadata={"stop_reason": "max_tokens"}),
        AIMessage("half an ans", response_metadata={"stopReason": "max_tokens"}),
        AIMessage(
            "half an ans",
            response_metadata={"object": "response", "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
        ),
        AIMessage("I", response_metadata={"finish_reason": "content_filter"}),
        AIMessage("I", response_metadata={"finish_reason": "SAFETY"}),
        AIMessage("I", response_metadata={"stopReason": "guardrail_intervened"}),
        AIMessage("", additional_kwargs={"refusal": "I will not."}, response_metadata={"finish_reason": "stop"}),
        AIMessage("", response_metadata={"finish_reason": "stop"}),
        AIMessage(" ", response_metadata={"finish_reason": "stop"}),
        AIMessage([]),
    ],
)
def test_answers_that_were_cut_off_or_withheld_or_say_nothing_are_not_kept(cache: TaskrouteCache, message: AIMessage) -> None:
    cache.update("why?", "model", [ChatGeneration(message=message)])

    assert cache.lookup("why?", "model") is None


@pytest.mark.parametrize(
    "answer",
    [
        Generation(text="half an ans", generation_info={"finish_reason": "length"}),
        Generation(text=" "),
        ChatGeneration(message=AIMessage("half an ans"), generation_info={"finish_reason": "length"}),
    ],
)
def test_what_stands_beside_an_answer_is_read_too(cache: TaskrouteCache, answer: Generation) -> None:
    cache.update("why?", "model", [Generation(text="whole"), answer])

    assert cache.lookup("why?", "model") is None


# By itself


def test_without_a_time_answers_are_kept_for_a_day_and_with_none_for_ever() -> None:
    clock = FakeClock()
    daily, always = TaskrouteCache(MemoryStore(clock)), TaskrouteCache(MemoryStore(clock), ttl=None)
    for cache in (daily, always):
        cache.update("why?", "model", [Generation(text="because")])
    clock.advance(86_399)
    assert daily.lookup("why?", "model") is not None

    clock.advance(1)

    assert daily.lookup("why?", "model") is None
    assert always.lookup("why?", "model") is not None


def test_it_is_there_in_the_next_process(tmp_path: Path) -> None:
    first, second = TaskrouteCache(tmp_path / "cache"), TaskrouteCache(tmp_path / "cache")
    first.update("why?", "model", [Generation(text="because")])

    assert second.lookup("why?", "model") == [Generation(text="because")]
    first.close()
    second.close()


def test_answers_are_kept_for_their_time() -> None:
    clock = FakeClock()
    cache = TaskrouteCache(MemoryStore(clock), ttl=60)
    cache.update("why?", "model", [Generation(text="because")])
    clock.advance(59)
    assert cache.lookup("why?", "model") is not None

    clock.advance(1)

    assert cache.lookup("why?", "model") is None


def test_clearing_leaves_alone_what_is_not_its_own() -> None:
    store = MemoryStore()
    store.put("taskroute/other", b"x")
    mine, others = TaskrouteCache(store, namespace="a"), TaskrouteCache(store, namespace="a/b")
    for cache in (mine, others):
        cache.update("why?", "model", [Generation(text="because")])

    mine.clear()

    assert mine.lookup("why?", "model") is None
    assert others.lookup("why?", "model") is not None
    assert store.get("taskroute/other") == b"x"


def test_a_store_that_was_given_is_not_closed() -> None:
    store = MemoryStore()
    TaskrouteCache(store).close()

    assert store.get("anything") is None


def test_what_is_kept_is_json_without_the_prompt() -> None:
    store = MemoryStore()
    message = AIMessage("because", id="lc_1", usage_metadata={"input_tokens": 1, "output_tokens": 1, "total_tokens": 2})
    TaskrouteCache(store).update("the secret question", "model", [ChatGeneration(message=message)])

    [name] = store.scan("")
    kept = json.loads(store.get(name) or b"")

    assert kept["version"] == 1
    assert "secret" not in name + json.dumps(kept)
    assert "lc_1" not in json.dumps(kept)
    assert "total_tokens" not in json.dumps(kept)


class _Own(AIMessage):
    pass


@pytest.mark.parametrize(
    "answer",
    [
        ChatGeneration(message=AIMessage("hi", additional_kwargs={"seen": object()})),
        ChatGeneration(message=AIMessage("hi", additional_kwargs={"parsed": Point(x=3)})),
        ChatGeneration(message=HumanMessage("hi")),
        ChatGeneration(message=_Own(content="hi")),
        Generation(text="hi", generation_info={"seen": {1, 2}}),
        Generation(text="hi", generation_info={"pair": (1, 2)}),
    ],
    ids=["object", "parsed from nothing", "human", "own class", "set", "tuple"],
)
def test_what_json_cannot_hold_is_not_kept(cache: TaskrouteCache, answer: Any) -> None:
    cache.update("why?", "model", [Generation(text="hi"), answer])

    assert cache.lookup("why?", "model") is None


class _Explodes:
    def __reduce__(self) -> Any:
        return pytest.fail, ("a pickle was loaded",)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b'{"version": 1}',
        b'{"version": 1, "answers": [{"message": {"content": 3}}]}',
        pickle.dumps(_Explodes()),
        json.dumps({"version": 1, "answers": [{"text": json.loads(dumps(HumanMessage("hi"))), "about": None}]}).encode(),
    ],
    ids=["empty", "cut off", "list", "no answers", "no message", "pickle", "constructor"],
)
def test_bytes_that_are_no_answer_are_a_miss(data: bytes) -> None:
    store = MemoryStore()
    cache = TaskrouteCache(store)
    cache.update("why?", "model", [Generation(text="because")])
    [name] = store.scan("")
    store.put(name, data)

    assert cache.lookup("why?", "model") is None


def test_an_answer_of_another_version_is_a_miss() -> None:
    store = MemoryStore()
    cache = TaskrouteCache(store)
    cache.update("why?", "model", [Generation(text="because")])
    [name] = store.scan("")
    store.put(name, b'{"version": 2, "answers": []}')

    assert cache.lookup("why?", "model") is None


class GoneUnderLangChainsCacheError(Exception):
    """Nothing else raises it, so that nobody has warned of it before."""


class _Broken(MemoryStore):
    """A store that cannot be reached."""

    def get(self, key: str) -> bytes | None:
        raise GoneUnderLangChainsCacheError

    def put(self, key: str, value: bytes, ttl: float | None = None) -> None:
        raise GoneUnderLangChainsCacheError


async def test_a_store_that_fails_costs_one_warning_and_no_call() -> None:
    cache = TaskrouteCache(_Broken())

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        cache.update("why?", "model", [Generation(text="because")])
        await cache.aupdate("why?", "model", [Generation(text="because")])
        found = [cache.lookup("why?", "model"), await cache.alookup("why?", "model")]

    assert found == [None, None]
    assert [str(one.message) for one in said] == [
        "the store of LangChain's cache failed (GoneUnderLangChainsCacheError); the model is asked"
    ]


async def test_the_async_methods_block_no_event_loop(tmp_path: Path) -> None:
    cache = TaskrouteCache(DiskStore(tmp_path / "cache"))
    with blockbuster_ctx():
        await cache.aupdate("why?", "model", [Generation(text="because")])
        found = await cache.alookup("why?", "model")
        await cache.aclear()
        left = await cache.alookup("why?", "model")

    assert (found, left) == ([Generation(text="because")], None)


@settings(deadline=None)
@given(st.text(), st.text(), st.text(), st.text())
def test_different_questions_have_different_answers(prompt: str, model: str, other_prompt: str, other_model: str) -> None:
    cache = TaskrouteCache()
    cache.update(prompt, model, [Generation(text="because")])

    assert (cache.lookup(other_prompt, other_model) is not None) == ((prompt, model) == (other_prompt, other_model))
