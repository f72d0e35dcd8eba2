"""How long a call waits for a store that is slow, however often it asks it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from taskroute.cache.access import Access, Budget, Op
from taskroute.cache.responses import ResponseCache
from taskroute.steps import Found, Missed
from taskroute.stored import Entry, StoredAnswer, Terms
from taskroute.stores.memory import MemoryStore
from taskroute.testing import FakeClock

TERMS = Terms("default", admit_after=2, window=3600.0, wait=5.0)


def slow(clock: FakeClock, seconds: float) -> Any:
    """Return a store each access to which takes so long."""

    class Slow(MemoryStore):
        def __getattribute__(self, name: str) -> Any:
            if name in ("get", "put", "delete", "increment", "lease"):
                clock.advance(seconds)
            return super().__getattribute__(name)

    return Slow(clock)


def entry(clock: FakeClock) -> Entry:
    return Entry(StoredAnswer("hi"), "small", clock.time(), clock.time() + 3600)


@pytest.mark.parametrize("seconds", [0.3, 0.45, 0.6])
def test_looking_up_takes_no_longer_than_a_second_and_then_the_store_is_left_alone(seconds: float) -> None:
    clock = FakeClock()
    store = slow(clock, seconds)
    cache = ResponseCache(lambda partition: store, clock, owns=False)
    began = clock.now()
    with pytest.warns(RuntimeWarning, match="the cache's Slow is slow"):
        missed = cache.look_up("k", TERMS)
    assert clock.now() - began <= 1.0
    assert isinstance(missed, Missed)
    began = clock.now()
    cache.save(missed.lead, entry(clock))
    cache.look_up("other", TERMS)
    assert clock.now() == began
    clock.advance(5)
    cache.close()


def test_storing_has_a_second_of_its_own() -> None:
    clock = FakeClock()
    store = slow(clock, 0.8)
    cache = ResponseCache(lambda partition: store, clock, owns=False)
    terms = Terms("default")
    missed = cache.look_up("k", terms)
    assert isinstance(missed, Missed)
    cache.save(missed.lead, entry(clock))
    assert isinstance(cache.look_up("k", terms), Found)
    assert clock.now() - FakeClock().now() == pytest.approx(2.4)
    cache.close()


def test_a_store_that_takes_its_time_within_the_second_is_used() -> None:
    clock = FakeClock()
    store = slow(clock, 0.2)
    cache = ResponseCache(lambda partition: store, clock, owns=False)
    for _ in range(2):
        missed = cache.look_up("k", TERMS)
        assert isinstance(missed, Missed)
        cache.save(missed.lead, entry(clock))
    assert isinstance(cache.look_up("k", TERMS), Found)
    cache.close()


async def test_an_async_access_is_broken_off_at_the_end_of_what_is_left() -> None:
    class Hanging(MemoryStore):
        async def aget(self, key: str) -> bytes | None:
            await asyncio.sleep(60)
            raise AssertionError("nobody waited")

    clock = FakeClock()
    access, budget = Access(Hanging(), clock), Budget(60.0)
    budget.spend(59.99)
    with pytest.warns(RuntimeWarning, match="the cache's Hanging is slow"):
        assert await access.aperform(Op("get", ("a",), b"otherwise"), budget) == b"otherwise"
    assert not access.is_usable


async def test_async_accesses_have_one_budget_too() -> None:
    class Ticking(MemoryStore):
        async def aget(self, key: str) -> bytes | None:
            clock.advance(0.6)
            await asyncio.sleep(0)
            return None

    clock = FakeClock()
    access, budget = Access(Ticking(), clock), Budget()
    assert await access.aperform(Op("get", ("a",), b"otherwise"), budget) is None
    assert budget.left == pytest.approx(0.4)
    await access.aperform(Op("get", ("a",)), budget)
    with pytest.warns(RuntimeWarning, match="the cache's Ticking is slow"):
        assert await access.aperform(Op("get", ("a",), b"otherwise"), budget) == b"otherwise"


async def test_an_async_look_up_has_one_budget_for_all_that_it_asks() -> None:
    class Ticking(MemoryStore):
        async def aget(self, key: str) -> bytes | None:
            clock.advance(0.6)
            await asyncio.sleep(0)
            return None

        async def alease(self, key: str, ttl: float) -> bool:
            clock.advance(0.6)
            await asyncio.sleep(0)
            return True

    clock = FakeClock()
    store = Ticking(clock)
    cache = ResponseCache(lambda partition: store, clock, owns=False)
    with pytest.warns(RuntimeWarning, match="the cache's Ticking is slow"):
        missed = await cache.alook_up("k", Terms("default", wait=5.0))
    assert isinstance(missed, Missed)
    cache.forgo(missed.lead, failed=True)
    cache.close()


def test_waiting_for_another_process_is_not_held_against_the_store() -> None:
    clock = FakeClock()
    store = MemoryStore(clock)
    first = ResponseCache(lambda partition: store, clock, owns=False)
    held = first.look_up("k", Terms("default", wait=60.0))
    assert isinstance(held, Missed)
    lead = held.lead
    polls: list[float] = []

    class Polled(MemoryStore):
        def get(self, key: str) -> bytes | None:
            clock.advance(0.1)
            polls.append(clock.now())
            if len(polls) == 20:
                first.save(lead, entry(clock))
            return store.get(key)

        def lease(self, key: str, ttl: float) -> bool:
            return store.lease(key, ttl)

    waiting = Polled(clock)
    second = ResponseCache(lambda partition: waiting, clock, owns=False)
    assert isinstance(second.look_up("k", Terms("default", wait=60.0)), Found)
    assert len(polls) >= 20
    first.close()
    second.close()


def test_counts_are_given_up_at_the_end_when_the_store_is_slow() -> None:
    class Slower(MemoryStore):
        def increment(self, key: str, by: int = 1, ttl: float | None = None) -> int:
            clock.advance(0.45)
            return super().increment(key, by, ttl)

    clock = FakeClock()
    store = Slower(clock)
    cache = ResponseCache(lambda partition: store, clock, owns=False)
    for n in range(50):
        cache.look_up("k", Terms("default", stage=f"stage {n}"))
    began = clock.now()
    cache.close()
    assert 0 < len([*store.scan("")]) < 50
    assert clock.now() - began <= 2.0
