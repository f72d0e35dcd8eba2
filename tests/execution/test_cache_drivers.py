"""The cache through the drivers: what a hit leaves undone, what an interrupt leaves behind, and what the caller is told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from taskroute import Call, StreamInterruptedError
from taskroute.execution.drivers import drive
from taskroute.execution.record import record
from taskroute.execution.streams import adrive_stream, drive_stream
from taskroute.steps import Attempt, Found
from taskroute.stored import Entry, StoredAnswer
from taskroute.stores.memory import MemoryStore
from taskroute.types import Cost, Decision, Usage
from tests.cache.keeping import PATIENCE, PRICE, WAYS, Gate, KeepingHost, Kept, Way, aask, aread, ask, ask_async, read, read_async, until
from tests.real_time import REAL_TIME

pytestmark = REAL_TIME

ways = pytest.mark.parametrize("way", WAYS)
streams = pytest.mark.parametrize("way", WAYS[2:])


def is_free(work: Callable[[], Any]) -> Any:
    """Return what work comes to in another thread, which must not have to wait for anything."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert found, "it waits for something that will not come"
    return found[0]


# A hit


@ways
def test_on_a_hit_no_model_is_asked_for_nor_accounted_for(way: Way) -> None:
    kept = Kept()
    host = KeepingHost({"small": ["hi there"]})
    way(kept.router, host)
    health = kept.router.health()
    kept.ends.told.clear()
    assert way(kept.router, host) == "hi there"
    told = kept.ends.told
    assert [word for word in told if word not in ("Opened", "Deliver")] == ["Lookup", "Found", "Attempt", "Ended"]
    assert kept.router.health() == health
    outcome = kept.ends.last
    assert (outcome.tries, outcome.model, outcome.is_cached) == ((), "small", True)
    assert outcome.cost == Cost(Decimal(0), "cache")
    assert outcome.cache is not None
    assert outcome.cache.saved == PRICE
    assert outcome.reply is not None
    assert outcome.reply.usage == Usage(0, 0)


@streams
def test_a_stored_stream_comes_in_chunks_again(way: Way) -> None:
    kept = Kept()
    host = KeepingHost({"small": ["hi there"]})
    ask(kept.router, host)
    chunks: list[str] = []
    if way is read:
        chunks = list(drive_stream(kept.router.run(Call("q")), host))
    else:

        async def go() -> None:
            chunks.extend([chunk async for chunk in adrive_stream(kept.router.run(Call("q")), host)])

        asyncio.run(go())
    assert chunks == ["h", "i there"]


@ways
def test_a_decision_is_remembered_once_whatever_the_cache_has(way: Way) -> None:
    kept = Kept(cache={"ttl": "1m", "stale_if_error": "1h"})
    fails = [ConnectionError(), ConnectionError()]
    host = KeepingHost({"small": ["hi", "again", *fails], "large": [ConnectionError(), "by the second"]})

    def decisions() -> list[Decision]:
        with kept.router.capture_decisions() as captured:
            way(kept.router, host)
        return captured

    def only() -> None:
        (decision,) = decisions()
        assert decision == kept.ends.last.decision
        assert kept.router.last_decision() is not None

    only()
    only()
    host.unservable = ValueError()
    only()
    host.unservable = None
    kept.clock.advance(61)
    only()
    assert kept.ends.statuses == ["miss", "hit", "miss", "stale"]
    only()
    assert kept.ends.last.model == "large"


@ways
def test_a_hit_is_served_before_the_limits_of_a_try_begin(way: Way) -> None:
    kept = Kept(timeout={"attempt": "2s", "call": "3s", "threads": True})
    host = KeepingHost({"small": ["hi"]})
    way(kept.router, host)
    way(kept.router, host)
    asked, served = host.attempts
    assert (asked.timeout, asked.timeout_enforced is None) == (2.0, False)
    assert (served.timeout, served.timeout_enforced) == (None, None)


@ways
def test_a_slow_store_takes_no_time_of_a_try(way: Way) -> None:
    class Slow(MemoryStore):
        def get(self, key: str) -> bytes | None:
            kept.clock.advance(0.9)
            return super().get(key)

    kept = Kept(store=Slow(), timeout={"attempt": "500ms"})
    host = KeepingHost({"small": ["hi"]})
    assert way(kept.router, host) == "hi"
    (attempt,) = host.attempts
    assert attempt.timeout == 0.5
    assert [t.seconds for t in kept.ends.last.tries] == [0.0]


# Serving that fails


@ways
def test_what_cannot_be_served_costs_no_call(way: Way) -> None:
    kept = Kept()
    host = KeepingHost({"small": ["old", "new"]})
    way(kept.router, host)
    host.unservable = ValueError("of another host")
    kept.ends.told.clear()
    assert way(kept.router, host) == "new"
    assert host.called == ["small", "small"]
    assert kept.ends.told.count("Lookup") == 2
    assert kept.router.health()["small"].error_rate == 0
    assert kept.ends.last.cost == PRICE


@pytest.mark.parametrize("way", [ask, read])
def test_an_interrupt_while_serving_passes(way: Way) -> None:
    kept = Kept()
    host = KeepingHost({"small": ["hi"]})
    way(kept.router, host)
    host.unservable = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        way(kept.router, host)
    assert kept.ends.last.status == "cancelled"


class BreakingServer(KeepingHost):
    """Serves half of what is stored."""

    def _line(self, attempt: Attempt) -> list[Any]:
        line = super()._line(attempt)
        return line if attempt.cached is None else [line[0], OSError("half served")]


@streams
def test_serving_that_breaks_in_the_middle_says_so_and_asks_no_model(way: Way) -> None:
    kept = Kept()
    host = BreakingServer({"small": ["hi"]})
    way(kept.router, host)
    with pytest.raises(StreamInterruptedError, match="after 1 chunk"):
        way(kept.router, host)
    assert host.called == ["small"]


def test_a_reader_that_drops_what_is_served_pays_nothing() -> None:
    kept = Kept()
    host = KeepingHost({"small": ["hi there"]})
    ask(kept.router, host)
    chunks = drive_stream(kept.router.run(Call("q")), host)
    assert next(chunks) == "h"
    chunks.close()
    outcome = kept.ends.last
    assert (outcome.status, outcome.tries, outcome.cost) == ("cancelled", (), None)
    assert kept.ends.statuses[-1] == "hit"
    assert host.closed == 2


# Storing


@streams
def test_a_stream_is_stored_when_it_has_come_to_its_end(way: Way) -> None:
    kept = Kept()
    host = KeepingHost({"small": [["hi ", "", "there"]]})
    assert way(kept.router, host) == "hi there"
    assert len(kept.names()) == 1
    assert ask(kept.router, host) == "hi there"


def test_a_stream_is_not_stored_before_its_end() -> None:
    kept = Kept()
    chunks = drive_stream(kept.router.run(Call("q")), KeepingHost({"small": [["hi ", "there"]]}))
    assert [next(chunks), next(chunks)] == ["hi ", "there"]
    assert kept.names() == []
    assert list(chunks) == []
    assert len(kept.names()) == 1


def test_a_stream_that_is_held_back_to_be_examined_is_stored_and_served_like_others() -> None:
    kept = Kept(fallback={"on": ["connection", "truncated"], "hold": "60s"})
    host = KeepingHost({"small": [["hi ", "there"]]})
    assert read(kept.router, host) == read_async(kept.router, host) == "hi there"
    assert host.called == ["small"]


# Interrupts


def interrupting(kind: str, error: type[BaseException], *, after: int = 0) -> Any:
    """Return a store that is interrupted once, at an access of one kind."""

    class Interrupted(MemoryStore):
        left = after

        def _count(self, name: str) -> None:
            if name == kind:
                Interrupted.left -= 1
                if Interrupted.left == -1:
                    raise error

        def get(self, key: str) -> bytes | None:
            self._count("get")
            return super().get(key)

        def put(self, key: str, value: bytes, ttl: float | None = None) -> None:
            self._count("put")
            super().put(key, value, ttl)

    return Interrupted()


@pytest.mark.parametrize(("kind", "after"), [("get", 0), ("get", 1), ("put", 0)])
@pytest.mark.parametrize("way", WAYS)
def test_an_interrupt_at_the_store_ends_the_call_and_keeps_nobody_waiting(way: Way, kind: str, after: int) -> None:
    error = KeyboardInterrupt if way in (ask, read) else asyncio.CancelledError
    kept = Kept(store=interrupting(kind, error, after=after), cache={"wait": "60s"})
    host = KeepingHost({"small": ["hi", "hi"]})
    with pytest.raises(error):
        way(kept.router, host)
    assert kept.ends.last.status == "cancelled"
    assert is_free(lambda: ask(kept.router, host)) == "hi"
    assert is_free(lambda: ask_async(kept.router, host)) == "hi"


async def test_a_task_that_is_cancelled_while_it_waits_for_another_ends_as_cancelled(no_task_is_left: None) -> None:
    kept, gate = Kept(cache={"wait": "60s"}), Gate()
    host = KeepingHost({"small": [[gate, "hi"]]})
    leader = asyncio.create_task(aask(kept.router, host))
    await until(gate.reached.is_set)
    for way in (aask, aread):
        follower = asyncio.create_task(way(kept.router, host))
        looked = kept.ends.told.count("Lookup")
        await until(lambda looked=looked: kept.ends.told.count("Lookup") > looked)  # type: ignore[misc]
        follower.cancel()
        with pytest.raises(asyncio.CancelledError):
            await follower
        assert (kept.ends.last.status, kept.ends.last.tries) == ("cancelled", ())
    gate.opened.set()
    assert await leader == "hi"


async def test_a_task_that_is_cancelled_while_its_answer_is_stored_has_given_it_to_those_who_wait(no_task_is_left: None) -> None:
    class Held(MemoryStore):
        async def aput(self, key: str, value: bytes, ttl: float | None = None) -> None:
            storing.set()
            await asyncio.sleep(60)

    storing, gate = asyncio.Event(), Gate()
    kept = Kept(store=Held(), cache={"wait": "60s"})
    host = KeepingHost({"small": [[gate, "hi"]]})
    leader = asyncio.create_task(aask(kept.router, host))
    await until(gate.reached.is_set)
    follower = asyncio.create_task(aask(kept.router, host))
    await until(lambda: kept.ends.told.count("Lookup") == 2)
    gate.opened.set()
    await storing.wait()
    leader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leader
    assert await follower == "hi"
    assert host.called == ["small"]


# The record


def attempt_of(found: Found | None, *, given_up: tuple[Cost | None, ...] = ()) -> Attempt:
    decision = Decision(("small",), None, "no routes: default", id="d1")
    return Attempt("small", 1, 0, None, decision, len(given_up) + 1, given_up=given_up, cached=found)


def test_the_record_of_a_hit_says_so_and_of_a_miss_does_not() -> None:
    entry = Entry(StoredAnswer("hi"), "small", 0.0, 1.0, cost=Cost(Decimal("0.5"), "user", "EUR"))
    hit = record(attempt_of(Found(0.0, entry, 12.3456)), None)
    assert (hit["cache_hit"], hit["cache_status"], hit["cache_age_s"], hit["cost_saved"]) == (True, "hit", 12.346, 0.5)
    assert (hit["cost"], hit["currency"], hit["cost_source"], hit["attempts"]) == (0.0, "EUR", "cache", 0)
    stale = record(attempt_of(Found(0.0, entry._replace(cost=None), 1.0, stale=True)), None)
    assert (stale["cache_status"], stale["cost_saved"], stale["currency"]) == ("stale", None, "USD")
    assert not [name for name in record(attempt_of(None), None) if name.startswith("cache")]


def test_the_cost_of_a_call_has_what_was_given_up_before_a_hit() -> None:
    entry = Entry(StoredAnswer("hi"), "small", 0.0, 1.0)
    paid = (Cost(Decimal(2), "user"),)
    assert record(attempt_of(Found(0.0, entry, 1.0), given_up=paid), None)["cost"] == 2.0
    assert record(attempt_of(Found(0.0, entry, 1.0), given_up=(None,)), None)["cost"] is None


def test_a_run_without_a_cache_asks_for_nothing_of_it() -> None:
    kept = Kept()
    host = KeepingHost({"small": ["hi", "hi"]})
    for _ in range(2):
        drive(kept.router.run(Call("q"))._replace(cache=None), host)
    assert host.called == ["small", "small"]
    assert kept.names() == []
