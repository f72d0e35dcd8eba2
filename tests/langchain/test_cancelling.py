"""Whoever gives up a call takes everything with it: the connection, the task, the thread and the place of a probe."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Iterator
from typing import Any, Final

import pytest
from langchain_openai import ChatOpenAI

from taskroute import Router
from taskroute.testing import FakeClock
from taskroute_langchain import RoutedChatModel
from tests.langchain.fake_provider import FakeProvider
from tests.langchain.speaking import saying
from tests.langchain.waiting import Waiting
from tests.langchain.ways import STREAMS, Outcomes, Stage, ask
from tests.real_time import REAL_TIME

pytestmark = REAL_TIME

SOON: Final = 5.0
"""Seconds for what should come at once, on a machine that is shared."""


@pytest.fixture
def talking() -> Iterator[Waiting]:
    """A server that says one word and no more."""
    with Waiting(silent=False).running() as server:
        yield server


@pytest.fixture
def silent() -> Iterator[Waiting]:
    with Waiting(silent=True).running() as server:
        yield server


def routed(server: Waiting, **policy: Any) -> tuple[RoutedChatModel, Outcomes]:
    outcomes = Outcomes()
    models: Any = {"slow": {}, "next": {}}
    router = Router({"models": models, "default": ["slow", "next"], "retry": {"extra": 0}, **policy}, observers=[outcomes], environ={})
    slow: Any = ChatOpenAI(model="slow", base_url=server.url, api_key="none", max_retries=0)  # type: ignore[arg-type]
    return RoutedChatModel(router=router, models={"slow": slow, "next": saying("no")}), outcomes


async def soon(semaphore: threading.Semaphore) -> bool:
    """Return whether something happens at the server within a while."""
    return await asyncio.to_thread(semaphore.acquire, timeout=SOON)


async def left_over(before: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """Return the tasks that are left, after those had a turn that were about to end."""
    for _ in range(5):
        await asyncio.sleep(0)
    return asyncio.all_tasks() - before


async def _whole(way: str, llm: Any) -> Any:
    if way == "ainvoke":
        return await llm.ainvoke("hi")
    if way == "astream":
        return [chunk async for chunk in llm.astream("hi")]
    return await (await llm.astream_events("hi", version="v3"))


@pytest.mark.parametrize("way", ["ainvoke", "astream", "aevents"])
@pytest.mark.parametrize("on", [["connection"], ["connection", "truncated"]], ids=["as it comes", "held back"])
async def test_a_cancelled_call_closes_its_connection_and_leaves_no_task(way: str, on: list[str], silent: Waiting) -> None:
    llm, outcomes = routed(silent, fallback={"on": on}, timeout={"attempt": "60s"})
    before = asyncio.all_tasks()
    task = asyncio.create_task(_whole(way, llm))
    assert await soon(silent.asked)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await soon(silent.left)
    assert await left_over(before) == set()
    assert (outcomes.last.status, outcomes.tries) == ("cancelled", [("slow", 0, "control")])


@pytest.mark.parametrize("way", ["astream", "aevents"])
async def test_an_async_stream_that_is_cancelled_in_the_middle_closes_its_connection(way: str, talking: Waiting) -> None:
    llm, outcomes = routed(talking)
    before = asyncio.all_tasks()
    task = asyncio.create_task(_whole(way, llm))
    assert await soon(talking.asked)
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await soon(talking.left)
    assert await left_over(before) == set()
    assert outcomes.last.status == "cancelled"


@pytest.mark.parametrize("way", ["astream", "aevents"])
async def test_an_async_stream_that_is_closed_early_closes_its_connection(way: str, talking: Waiting) -> None:
    llm, outcomes = routed(talking)
    before = asyncio.all_tasks()
    stream: Any = llm.astream("hi") if way == "astream" else await llm.astream_events("hi", version="v3")
    assert await anext(aiter(stream))
    await stream.aclose()
    assert await soon(talking.left)
    assert await left_over(before) == set()
    assert outcomes.last.status == "cancelled"


async def test_a_call_that_its_own_limit_ends_closes_its_connection(silent: Waiting) -> None:
    llm, _ = routed(silent, timeout={"attempt": "100ms"})
    assert (await llm.ainvoke("hi")).text == "no"
    assert await soon(silent.left)


def test_a_sync_stream_that_is_closed_early_closes_its_connection(talking: Waiting) -> None:
    llm, outcomes = routed(talking)
    stream: Any = llm.stream("hi")
    assert next(stream).text == "Paris"
    stream.close()
    assert talking.left.acquire(timeout=SOON)
    assert outcomes.last.status == "cancelled"


def test_an_event_stream_that_is_dropped_closes_its_connection(talking: Waiting) -> None:
    llm, outcomes = routed(talking)
    stream: Any = llm.stream_events("hi", version="v3")
    assert next(iter(stream))["event"] == "message-start"
    del stream
    gc.collect()
    assert talking.left.acquire(timeout=SOON)
    assert outcomes.last.status == "cancelled"


class Interrupted(FakeProvider):
    """Ctrl-C is pressed while it thinks."""

    def _generate(self, *args: Any, **kwargs: Any) -> Any:
        raise KeyboardInterrupt

    def _stream(self, *args: Any, **kwargs: Any) -> Any:
        raise KeyboardInterrupt
        yield


@pytest.mark.parametrize("way", ["invoke", "stream", "events"])
@pytest.mark.parametrize("on", [["connection"], ["truncated"]])
def test_an_interrupt_in_a_model_passes_through_and_is_told(way: str, on: list[str]) -> None:
    before = threading.enumerate()
    stage = Stage({"large": "no"}, given={"small": Interrupted()}, default=["small", "large"], fallback={"on": on})
    with pytest.raises(KeyboardInterrupt):
        ask(way, stage.llm)
    assert stage.called == []
    assert (stage.outcomes.last.status, stage.outcomes.tries) == ("cancelled", [("small", 0, "control")])
    assert threading.enumerate() == before


def test_an_interrupt_in_the_user_s_check_passes_through_and_is_told() -> None:
    def check(answer: Any) -> float:
        raise KeyboardInterrupt

    outcomes = Outcomes()
    policy = {"models": {"a": {}, "b": {}}, "default": ["a", "b"], "fallback": {"on": ["low_confidence"]}}
    llm = RoutedChatModel(router=Router(policy, check=check, observers=[outcomes], environ={}), models={"a": saying("x"), "b": saying("y")})
    for way in ("invoke", "stream"):
        with pytest.raises(KeyboardInterrupt):
            ask(way, llm)
        assert outcomes.last.status == "cancelled"


def test_no_thread_is_left_after_any_way_to_call() -> None:
    before = set(threading.enumerate())
    for way in ("invoke", *STREAMS):
        stage = Stage({"small": ConnectionError("down"), "large": "yes"}, fallback={"on": ["connection", "truncated"]})
        ask(way, stage.llm)
    assert set(threading.enumerate()) <= before


class Waits(FakeProvider):
    """Fails until it is told to wait for ever."""

    fails: bool = True

    async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
        if self.fails:
            raise ConnectionError("down")
        await asyncio.sleep(3600)

    async def _astream(self, *args: Any, **kwargs: Any) -> Any:
        await self._agenerate()
        yield


@pytest.mark.parametrize("way", ["ainvoke", "astream", "aevents"])
async def test_a_probe_that_is_cancelled_gives_its_place_to_the_next_call(way: str) -> None:
    clock, model = FakeClock(), Waits()
    policy = {"models": {"m": {}}, "default": "m", "retry": {"extra": 0}, "breaker": {"failures": 1, "cooldown": "30s"}}
    llm = RoutedChatModel(router=Router(policy, clock=clock, environ={}), models={"m": model})
    with pytest.raises(ConnectionError):
        await _whole(way, llm)
    assert llm.router.health()["m"].state == "open"
    clock.advance(31.0)
    model.fails = False
    probe = asyncio.create_task(_whole(way, llm))
    for _ in range(20):
        await asyncio.sleep(0)
    with pytest.raises(Exception, match="no model may answer"):
        await llm.ainvoke("a second one, while the probe is out")
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    model.fails = True
    # It is let through, and fails by itself.
    with pytest.raises(ConnectionError):
        await _whole(way, llm)
