"""What every store must do, sync and async alike. A store's own tests subclass `StoreContract` and say how to make one."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from taskroute.ports import Store
from taskroute.testing import FakeClock

T = TypeVar("T")

THREADS = 8
ODD_NAMES = ["a", "a*", "a?b", "a[bc]", "a\\b", "a%b", "a_b", "a:b", "a b", "a\nb", "äöü", "日本", "🙂", "A", "ab", "-1"]
"""Names with everything that some store's patterns or paths might take for more than a letter."""


def at_once(work: Callable[[int], T]) -> list[T]:
    """Return what the work comes to in each of the threads, which begin together."""
    barrier = Barrier(THREADS)

    def begin(number: int) -> T:
        barrier.wait()
        return work(number)

    interval = sys.getswitchinterval()
    # Threads then take turns in the middle of what must not be divided.
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(begin, range(THREADS)))
    finally:
        sys.setswitchinterval(interval)


class Plainly:
    """A store by its sync methods."""

    def __init__(self, store: Store) -> None:
        self.get = store.get
        self.put = store.put
        self.delete = store.delete
        self.increment = store.increment
        self.compare_and_set = store.compare_and_set
        self.lease = store.lease
        self.scan: Callable[[str], list[str]] = lambda prefix: sorted(store.scan(prefix))
        self.close = store.close


class Awaited:
    """A store by its async methods, each awaited in one and the same loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._runner = asyncio.Runner()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        twin = getattr(self._store, f"a{name}")
        return lambda *given: self._runner.run(twin(*given))

    def scan(self, prefix: str) -> list[str]:
        async def names() -> list[str]:
            return sorted([name async for name in self._store.ascan(prefix)])

        return self._runner.run(names())

    def close(self) -> None:
        self._runner.run(self._store.aclose())
        self._runner.close()


Way = Plainly | Awaited


class StoreContract:
    """Subclass it as `class TestMine(StoreContract)` and write `make`; where a store has a clock of its own, `pass_time` too."""

    def make(self, clock: FakeClock) -> Store:
        raise NotImplementedError

    def pass_time(self, clock: FakeClock, seconds: float) -> None:
        """Let the store's time pass."""
        clock.advance(seconds)

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def shared(self, clock: FakeClock) -> Iterator[Store]:
        """A store for threads and tasks."""
        store = self.make(clock)
        yield store
        store.close()

    @pytest.fixture(params=[Plainly, Awaited])
    def store(self, request: pytest.FixtureRequest, clock: FakeClock) -> Iterator[Way]:
        """A store by its sync methods, and again by its async ones."""
        store = request.param(self.make(clock))
        yield store
        store.close()

    # Values

    def test_it_is_a_store(self, shared: Store) -> None:
        methods = ("get", "put", "delete", "increment", "compare_and_set", "lease", "scan", "close")
        assert all(callable(getattr(shared, name)) for method in methods for name in (method, f"a{method}"))

    def test_a_name_without_a_value_has_none(self, store: Way) -> None:
        assert store.get("nothing") is None

    def test_a_value_comes_back_as_it_was_put(self, store: Way) -> None:
        store.put("key", bytes(range(256)))
        assert store.get("key") == bytes(range(256))

    def test_an_empty_value_is_not_none(self, store: Way) -> None:
        store.put("key", b"")
        assert store.get("key") == b""

    def test_a_new_value_takes_the_place_of_the_old(self, store: Way) -> None:
        store.put("key", b"old")
        store.put("key", b"new")
        assert store.get("key") == b"new"

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_a_name_is_taken_to_the_letter(self, store: Way, name: str) -> None:
        for other in ODD_NAMES:
            store.put(other, b"other")
        store.put(name, b"mine")
        assert [other for other in ODD_NAMES if store.get(other) == b"mine"] == [name]

    def test_a_deleted_value_is_gone(self, store: Way) -> None:
        store.put("key", b"value")
        store.put("other", b"stays")
        store.delete("key")
        assert (store.get("key"), store.get("other")) == (None, b"stays")

    def test_deleting_what_is_not_there_is_no_fault(self, store: Way) -> None:
        store.delete("nothing")
        store.delete("nothing")
        assert store.get("nothing") is None

    # Time

    def test_a_value_is_gone_when_its_time_is_over(self, store: Way, clock: FakeClock) -> None:
        store.put("key", b"value", 10.0)
        self.pass_time(clock, 9)
        assert store.get("key") == b"value"
        self.pass_time(clock, 1.5)
        assert store.get("key") is None

    def test_without_a_ttl_a_value_stays(self, store: Way, clock: FakeClock) -> None:
        store.put("key", b"value")
        self.pass_time(clock, 10 * 365 * 86400)
        assert store.get("key") == b"value"

    def test_each_value_has_its_own_time(self, store: Way, clock: FakeClock) -> None:
        store.put("short", b"value", 5)
        store.put("long", b"value", 20)
        self.pass_time(clock, 10)
        assert store.scan("") == ["long"]

    def test_a_new_value_has_a_new_time(self, store: Way, clock: FakeClock) -> None:
        store.put("key", b"old", 10)
        self.pass_time(clock, 8)
        store.put("key", b"new", 10)
        self.pass_time(clock, 8)
        assert store.get("key") == b"new"
        self.pass_time(clock, 3)
        assert store.get("key") is None

    def test_a_new_value_without_a_ttl_stays_where_the_old_one_would_have_gone(self, store: Way, clock: FakeClock) -> None:
        store.put("key", b"old", 10)
        store.put("key", b"new")
        self.pass_time(clock, 11)
        assert store.get("key") == b"new"

    def test_a_ttl_may_be_given_to_a_value_that_had_none(self, store: Way, clock: FakeClock) -> None:
        store.put("key", b"old")
        store.put("key", b"new", 10)
        self.pass_time(clock, 11)
        assert store.get("key") is None

    # Counters

    def test_a_counter_begins_at_0(self, store: Way) -> None:
        assert [store.increment("n"), store.increment("n"), store.increment("n", 40), store.increment("n", -50)] == [1, 2, 42, -8]

    def test_adding_nothing_reads_a_counter(self, store: Way) -> None:
        assert store.increment("n", 0) == 0
        assert store.get("n") == b"0"

    def test_a_counter_can_be_read_and_put(self, store: Way) -> None:
        store.increment("n", 12)
        assert store.get("n") == b"12"
        store.put("n", b"-7")
        assert store.increment("n") == -6

    def test_a_counters_time_counts_from_its_beginning(self, store: Way, clock: FakeClock) -> None:
        store.increment("n", 1, 10)
        self.pass_time(clock, 6)
        assert store.increment("n", 1, 10) == 2
        self.pass_time(clock, 6)
        assert store.get("n") is None
        assert store.increment("n", 1, 10) == 1

    def test_a_counter_without_a_ttl_gets_none_later(self, store: Way, clock: FakeClock) -> None:
        store.increment("n")
        store.increment("n", 1, 10)
        self.pass_time(clock, 11)
        assert store.increment("n") == 3

    @pytest.mark.parametrize("name", ["first", "second", "third"])
    def test_threads_that_count_lose_nothing(self, shared: Store, name: str) -> None:
        totals = at_once(lambda _: [shared.increment(name) for _ in range(50)])
        assert shared.get(name) == b"400"
        assert len({total for of_one in totals for total in of_one}) == 400

    # Compare and set

    def test_a_value_is_set_when_it_is_as_expected(self, store: Way) -> None:
        store.put("key", b"old")
        assert not store.compare_and_set("key", b"other", b"new")
        assert store.get("key") == b"old"
        assert store.compare_and_set("key", b"old", b"new")
        assert store.get("key") == b"new"

    def test_expecting_none_sets_only_what_is_not_there(self, store: Way) -> None:
        assert store.compare_and_set("key", None, b"first")
        assert not store.compare_and_set("key", None, b"second")
        assert store.get("key") == b"first"

    def test_an_empty_value_is_not_expected_by_none_nor_none_by_it(self, store: Way) -> None:
        assert not store.compare_and_set("key", b"", b"new")
        store.put("key", b"")
        assert not store.compare_and_set("key", None, b"new")
        assert store.compare_and_set("key", b"", b"new")

    def test_what_has_expired_is_not_there_to_be_expected(self, store: Way, clock: FakeClock) -> None:
        store.put("key", b"old", 10)
        self.pass_time(clock, 11)
        assert not store.compare_and_set("key", b"old", b"new")
        assert store.compare_and_set("key", None, b"new")

    def test_a_value_that_was_set_has_the_time_it_was_set_with(self, store: Way, clock: FakeClock) -> None:
        store.put("key", b"1", 10)
        assert store.compare_and_set("key", b"1", b"2")
        self.pass_time(clock, 11)
        assert store.compare_and_set("key", b"2", b"3", 10)
        self.pass_time(clock, 11)
        assert store.get("key") is None

    def test_a_value_that_was_not_set_keeps_its_time(self, store: Way, clock: FakeClock) -> None:
        store.put("key", b"1", 10)
        assert not store.compare_and_set("key", b"2", b"3")
        self.pass_time(clock, 11)
        assert store.get("key") is None

    def test_threads_that_compare_and_set_lose_nothing(self, shared: Store) -> None:
        def count(_: int) -> None:
            for _ in range(25):
                present = shared.get("n")
                while not shared.compare_and_set("n", present, str(int(present or 0) + 1).encode()):
                    present = shared.get("n")

        at_once(count)
        assert shared.get("n") == b"200"

    async def test_tasks_that_compare_and_set_lose_nothing(self, shared: Store) -> None:
        async def add_one() -> None:
            while True:
                present = await shared.aget("n")
                await asyncio.sleep(0)
                if await shared.acompare_and_set("n", present, str(int(present or 0) + 1).encode()):
                    return

        await asyncio.gather(*(add_one() for _ in range(THREADS)))
        assert await shared.aget("n") == b"8"

    # Leases

    def test_a_lease_goes_to_one_asker_until_its_time_is_over(self, store: Way, clock: FakeClock) -> None:
        assert store.lease("turn", 10)
        self.pass_time(clock, 9)
        assert not store.lease("turn", 10)
        self.pass_time(clock, 1.5)
        assert store.lease("turn", 10)

    def test_asking_in_vain_does_not_prolong_a_lease(self, store: Way, clock: FakeClock) -> None:
        store.lease("turn", 10)
        for _ in range(3):
            self.pass_time(clock, 3)
            assert not store.lease("turn", 100)
        self.pass_time(clock, 2)
        assert store.lease("turn", 10)

    def test_a_lease_is_given_back_by_deleting_it(self, store: Way) -> None:
        store.lease("turn", 10)
        store.delete("turn")
        assert store.lease("turn", 10)

    def test_leases_of_other_names_are_other_leases(self, store: Way) -> None:
        assert store.lease("turn:a", 10)
        assert store.lease("turn:b", 10)

    def test_of_many_threads_one_gets_the_lease(self, shared: Store, clock: FakeClock) -> None:
        for _ in range(20):
            assert at_once(lambda _: shared.lease("turn", 10)).count(True) == 1
            self.pass_time(clock, 11)

    async def test_of_many_tasks_one_gets_the_lease(self, shared: Store) -> None:
        given = await asyncio.gather(*(shared.alease("turn", 10) for _ in range(THREADS)))
        assert given.count(True) == 1

    # Scanning

    def test_scan_finds_the_names_that_begin_so(self, store: Way) -> None:
        for name in ("circuit:small", "circuit:large", "circuit", "spend:small", "my circuit:small"):
            store.put(name, b"")
        assert store.scan("circuit:") == ["circuit:large", "circuit:small"]
        assert store.scan("other:") == []

    @pytest.mark.parametrize("prefix", ["", *ODD_NAMES])
    def test_a_prefix_is_taken_to_the_letter(self, store: Way, prefix: str) -> None:
        for name in ODD_NAMES:
            store.put(name, b"")
        assert store.scan(prefix) == sorted(name for name in ODD_NAMES if name.startswith(prefix))

    def test_scan_passes_over_what_has_expired_or_was_deleted(self, store: Way, clock: FakeClock) -> None:
        store.put("a", b"", 10)
        store.put("b", b"")
        store.put("c", b"")
        store.increment("d")
        store.lease("e", 100)
        store.delete("c")
        self.pass_time(clock, 11)
        assert store.scan("") == ["b", "d", "e"]

    def test_what_a_scan_finds_may_be_deleted_on_the_way(self, shared: Store) -> None:
        for number in range(10):
            shared.put(f"key:{number}", b"")
        for name in shared.scan("key:"):
            shared.delete(name)
        assert list(shared.scan("")) == []

    async def test_what_an_async_scan_finds_may_be_deleted_on_the_way(self, shared: Store) -> None:
        for number in range(10):
            await shared.aput(f"key:{number}", b"")
        async for name in shared.ascan("key:"):
            await shared.adelete(name)
        assert [name async for name in shared.ascan("")] == []

    def test_a_scan_may_be_left_early(self, shared: Store) -> None:
        shared.put("key:1", b"")
        shared.put("key:2", b"")
        assert next(shared.scan("key:")).startswith("key:")
        assert shared.get("key:1") == b""

    # All of it

    def test_sync_and_async_see_the_same_values(self, shared: Store) -> None:
        runner = asyncio.Runner()
        shared.put("key", b"sync")
        assert runner.run(shared.aget("key")) == b"sync"
        runner.run(shared.aput("key", b"async"))
        assert shared.get("key") == b"async"
        runner.close()

    def test_it_does_what_a_dictionary_that_forgets_does(self) -> None:
        class Machine(StoreMachine):
            contract = self

        run_state_machine_as_test(Machine, settings=settings(max_examples=60, stateful_step_count=40))


names = st.sampled_from(["a", "ab", "a*", "b", "%"])
values = st.sampled_from([b"", b"x", b"0", b"17", b"-3"])
ttls = st.none() | st.integers(1, 5).map(lambda n: n + 0.25)
"""Time passes in whole seconds, so that nothing is looked at in the very moment that it expires."""


class StoreMachine(RuleBasedStateMachine):
    """A store beside a dictionary: whatever is done to both, they hold the same."""

    contract: StoreContract

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock(0.0)
        made = self.contract.make(self.clock)
        self.ways: dict[bool, Way] = {False: Plainly(made), True: Awaited(made)}
        self.time = 0
        self.model: dict[str, tuple[bytes, float]] = {}

    def ends(self, ttl: float | None) -> float:
        return float("inf") if ttl is None else self.time + ttl

    def present(self, name: str) -> bytes | None:
        return self.model[name][0] if name in self.model else None

    @rule(name=names, value=values, ttl=ttls, awaited=st.booleans())
    def put(self, name: str, value: bytes, ttl: float | None, awaited: bool) -> None:
        self.ways[awaited].put(name, value, ttl)
        self.model[name] = (value, self.ends(ttl))

    @rule(name=names, awaited=st.booleans())
    def delete(self, name: str, awaited: bool) -> None:
        self.ways[awaited].delete(name)
        self.model.pop(name, None)

    @rule(name=names, by=st.integers(-3, 3), ttl=ttls, awaited=st.booleans())
    def increment(self, name: str, by: int, ttl: float | None, awaited: bool) -> None:
        value, end = self.model.get(name, (b"0", self.ends(ttl)))
        if value in (b"", b"x"):
            return
        total = int(value) + by
        assert self.ways[awaited].increment(name, by, ttl) == total
        self.model[name] = (str(total).encode(), end)

    @rule(name=names, expected=st.none() | values, value=values, ttl=ttls, awaited=st.booleans())
    def compare_and_set(self, name: str, expected: bytes | None, value: bytes, ttl: float | None, awaited: bool) -> None:
        fits = self.present(name) == expected
        assert self.ways[awaited].compare_and_set(name, expected, value, ttl) is fits
        if fits:
            self.model[name] = (value, self.ends(ttl))

    @precondition(lambda self: self.model)
    @rule(data=st.data(), value=values, ttl=ttls, awaited=st.booleans())
    def compare_and_set_what_is_there(self, data: st.DataObject, value: bytes, ttl: float | None, awaited: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.model)))
        assert self.ways[awaited].compare_and_set(name, self.present(name), value, ttl) is True
        self.model[name] = (value, self.ends(ttl))

    @rule(name=names, ttl=ttls.filter(bool), awaited=st.booleans())
    def lease(self, name: str, ttl: float, awaited: bool) -> None:
        free = name not in self.model
        assert self.ways[awaited].lease(name, ttl) is free
        if free:
            # What a store keeps for a lease is its own affair.
            self.model[name] = (self.ways[False].get(name) or b"", self.ends(ttl))

    @rule(seconds=st.integers(1, 4))
    def pass_time(self, seconds: int) -> None:
        self.contract.pass_time(self.clock, seconds)
        self.time += seconds
        self.model = {name: kept for name, kept in self.model.items() if kept[1] > self.time}

    @rule(prefix=st.sampled_from(["", "a", "a*", "%", "c"]), awaited=st.booleans())
    def scan(self, prefix: str, awaited: bool) -> None:
        assert self.ways[awaited].scan(prefix) == sorted(name for name in self.model if name.startswith(prefix))

    @rule(name=names, awaited=st.booleans())
    def get(self, name: str, awaited: bool) -> None:
        assert self.ways[awaited].get(name) == self.present(name)

    @invariant()
    def they_hold_the_same(self) -> None:
        assert {name: self.ways[False].get(name) for name in self.ways[False].scan("")} == {
            name: kept[0] for name, kept in self.model.items()
        }

    def teardown(self) -> None:
        self.ways[True].close()
