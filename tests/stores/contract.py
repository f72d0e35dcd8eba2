"""What every store must do, sync and async alike. A store's own tests subclass `StoreContract` and say how to make one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from taskroute.ports import Store
from taskroute.testing import FakeClock

from .machine import StoreMachine
from .ways import THREADS, Awaited, Plainly, Way, at_once

ODD_NAMES = ["a", "a*", "a?b", "a[bc]", "a\\b", "a%b", "a_b", "a:b", "a b", "a\nb", "äöü", "日本", "🙂", "A", "ab", "-1", "a\0b", "a" * 300]
"""Names with everything that some store's patterns or paths might take for more than a letter."""


class StoreContract:
    """What every store must do. Subclass it as `class TestMine(StoreContract)` and write `make`.

    Each test asks for stores of its own, so that what `make` gives must be empty (a directory or a key prefix that is new each time) and patient:
    eight threads write at once. It may be made in a fixture that the subclass defines; `make` is called several times in one test.

    No test waits for real time. A store that reads the clock it is given needs nothing more. One whose server keeps the time writes
    `pass_time` so that what the server holds ends sooner by that much, such as by shortening the time to live of each key; every time here is
    hundreds of seconds long and no answer depends on less than 50 of them, so that a slow machine changes nothing.

    A store with a limit of its own subclasses `LimitedStoreContract` instead.
    """

    examples = 60
    """How many random histories are compared with a dictionary's; fewer where making a store is slow."""

    def make(self, clock: FakeClock) -> Store:
        raise NotImplementedError

    def pass_time(self, clock: FakeClock, seconds: float) -> None:
        """Let the store's time pass, without waiting for it."""
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

    @pytest.mark.parametrize("length", [1_000, 100_000, 2_000_000])
    def test_a_big_value_comes_back_whole(self, store: Way, length: int) -> None:
        value = Random(length).randbytes(length)
        store.put("key", value)
        assert store.get("key") == value
        assert store.compare_and_set("key", value, value[::-1])
        assert store.get("key") == value[::-1]

    @pytest.mark.parametrize("value", [b"\0", b"\x80\x04N.", b"\xff\xfe", b"\r\n", b"null", b"1e3", "äöü".encode("utf-16")])
    def test_a_value_is_not_taken_for_anything_but_bytes(self, store: Way, value: bytes) -> None:
        store.put("key", value)
        assert store.get("key") == value

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
        store.put("key", b"value", 1000)
        self.pass_time(clock, 900)
        assert store.get("key") == b"value"
        self.pass_time(clock, 150)
        assert store.get("key") is None

    def test_without_a_ttl_a_value_stays(self, store: Way, clock: FakeClock) -> None:
        store.put("key", b"value")
        self.pass_time(clock, 10 * 365 * 86400)
        assert store.get("key") == b"value"

    def test_each_value_has_its_own_time(self, store: Way, clock: FakeClock) -> None:
        store.put("short", b"value", 500)
        store.put("long", b"value", 2000)
        self.pass_time(clock, 1000)
        assert store.scan("") == ["long"]

    def test_a_new_value_has_a_new_time(self, store: Way, clock: FakeClock) -> None:
        store.put("key", b"old", 1000)
        self.pass_time(clock, 800)
        store.put("key", b"new", 1000)
        self.pass_time(clock, 800)
        assert store.get("key") == b"new"
        self.pass_time(clock, 300)
        assert store.get("key") is None

    def test_a_new_value_without_a_ttl_stays_where_the_old_one_would_have_gone(self, store: Way, clock: FakeClock) -> None:
        store.put("key", b"old", 1000)
        store.put("key", b"new")
        self.pass_time(clock, 1100)
        assert store.get("key") == b"new"

    def test_a_ttl_may_be_given_to_a_value_that_had_none(self, store: Way, clock: FakeClock) -> None:
        store.put("key", b"old")
        store.put("key", b"new", 1000)
        self.pass_time(clock, 1100)
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
        store.increment("n", 1, 1000)
        self.pass_time(clock, 600)
        assert store.increment("n", 1, 1000) == 2
        self.pass_time(clock, 600)
        assert store.get("n") is None
        assert store.increment("n", 1, 1000) == 1

    def test_a_counter_without_a_ttl_gets_none_later(self, store: Way, clock: FakeClock) -> None:
        store.increment("n")
        store.increment("n", 1, 1000)
        self.pass_time(clock, 1100)
        assert store.increment("n") == 3

    @pytest.mark.parametrize("name", ["first", "second", "third"])
    def test_threads_that_count_lose_nothing(self, shared: Store, name: str) -> None:
        totals = at_once(lambda _: [shared.increment(name) for _ in range(50)])
        assert shared.get(name) == b"400"
        assert len({total for of_one in totals for total in of_one}) == 400

    def test_a_counter_goes_far_beyond_32_bits(self, store: Way) -> None:
        store.increment("n", 2**62)
        assert store.increment("n", 2**61) == 2**62 + 2**61

    def test_what_is_no_number_is_left_as_it_is(self, store: Way) -> None:
        store.put("n", b"many")
        with pytest.raises(ValueError, match="'n' holds no number"):
            store.increment("n")
        assert store.get("n") == b"many"

    def test_a_counter_that_was_put_keeps_the_time_it_was_put_with(self, store: Way, clock: FakeClock) -> None:
        store.put("n", b"5", 1000)
        assert store.increment("n", 1, 5000) == 6
        self.pass_time(clock, 1100)
        assert store.get("n") is None

    async def test_tasks_that_count_lose_nothing(self, shared: Store) -> None:
        totals = await asyncio.gather(*(shared.aincrement("n") for _ in range(50)))
        assert sorted(totals) == list(range(1, 51))

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
        store.put("key", b"old", 1000)
        self.pass_time(clock, 1100)
        assert not store.compare_and_set("key", b"old", b"new")
        assert store.compare_and_set("key", None, b"new")

    def test_a_value_that_was_set_has_the_time_it_was_set_with(self, store: Way, clock: FakeClock) -> None:
        store.put("key", b"1", 1000)
        assert store.compare_and_set("key", b"1", b"2")
        self.pass_time(clock, 1100)
        assert store.compare_and_set("key", b"2", b"3", 1000)
        self.pass_time(clock, 1100)
        assert store.get("key") is None

    def test_a_value_that_was_not_set_keeps_its_time(self, store: Way, clock: FakeClock) -> None:
        store.put("key", b"1", 1000)
        assert not store.compare_and_set("key", b"2", b"3")
        self.pass_time(clock, 1100)
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
        assert store.lease("turn", 1000)
        self.pass_time(clock, 900)
        assert not store.lease("turn", 1000)
        self.pass_time(clock, 150)
        assert store.lease("turn", 1000)

    def test_asking_in_vain_does_not_prolong_a_lease(self, store: Way, clock: FakeClock) -> None:
        store.lease("turn", 1000)
        for _ in range(3):
            self.pass_time(clock, 300)
            assert not store.lease("turn", 10000)
        self.pass_time(clock, 200)
        assert store.lease("turn", 1000)

    def test_a_lease_is_given_back_by_deleting_it(self, store: Way) -> None:
        store.lease("turn", 1000)
        store.delete("turn")
        assert store.lease("turn", 1000)

    def test_a_lease_is_a_name_like_others(self, store: Way) -> None:
        assert store.lease("turn", 1000)
        assert store.get("turn") is not None
        assert store.scan("tu") == ["turn"]
        store.put("taken", b"value")
        assert not store.lease("taken", 1000)
        assert store.get("taken") == b"value"

    def test_leases_of_other_names_are_other_leases(self, store: Way) -> None:
        assert store.lease("turn:a", 1000)
        assert store.lease("turn:b", 1000)

    def test_of_many_threads_one_gets_the_lease(self, shared: Store, clock: FakeClock) -> None:
        for _ in range(20):
            assert at_once(lambda _: shared.lease("turn", 1000)).count(True) == 1
            self.pass_time(clock, 1100)

    async def test_of_many_tasks_one_gets_the_lease(self, shared: Store) -> None:
        given = await asyncio.gather(*(shared.alease("turn", 1000) for _ in range(THREADS)))
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
        store.put("a", b"", 1000)
        store.put("b", b"")
        store.put("c", b"")
        store.increment("d")
        store.lease("e", 10000)
        store.delete("c")
        self.pass_time(clock, 1100)
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

    def test_scan_finds_many_names_once_each(self, shared: Store) -> None:
        many = sorted(f"key:{number}" for number in range(1234))
        for name in many:
            shared.put(name, b"")
        shared.put("other", b"")
        assert sorted(shared.scan("key:")) == many

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

        run_state_machine_as_test(Machine, settings=settings(max_examples=self.examples, stateful_step_count=40))


class LimitedStoreContract(StoreContract):
    """What a store must do besides, whose limit is its own affair: a store that leaves it to a server subclasses `StoreContract`."""

    room = 2_000_000
    """A size in bytes in which some dozens of values of `weight` bytes fit."""

    weight = 50_000

    def make_limited(self, clock: FakeClock, size: int) -> Store:
        """Return an empty store for names and values of `size` bytes together."""
        raise NotImplementedError

    @pytest.fixture
    def limited(self, clock: FakeClock) -> Iterator[Store]:
        store = self.make_limited(clock, self.room)
        yield store
        store.close()

    def kept(self, store: Store) -> int:
        """Return how many bytes the values come to."""
        return sum(len(store.get(name) or b"") for name in store.scan(""))

    def test_it_keeps_no_more_than_its_size_and_fills_it(self, limited: Store) -> None:
        for number in range(3 * self.room // self.weight):
            limited.put(f"key:{number}", bytes(self.weight))
            assert limited.get(f"key:{number}") == bytes(self.weight)
        assert self.room / 2 < self.kept(limited) <= self.room

    def test_what_is_used_often_outlives_what_is_not(self, limited: Store) -> None:
        for number in range(10):
            limited.put(f"often:{number}", bytes(self.weight))
        for number in range(5 * self.room // self.weight):
            for favourite in range(10):
                limited.get(f"often:{favourite}")
            limited.put(f"once:{number}", bytes(self.weight))
        assert len(list(limited.scan("often:"))) == 10
        assert self.kept(limited) <= self.room

    def test_old_favourites_make_room_in_the_end(self, limited: Store) -> None:
        count = self.room // self.weight // 2
        for number in range(count):
            limited.put(f"old:{number}", bytes(self.weight))
            for _ in range(200):
                limited.get(f"old:{number}")
        for _ in range(100):
            for number in range(count):
                if limited.get(f"new:{number}") is None:
                    limited.put(f"new:{number}", bytes(self.weight))
        assert len(list(limited.scan("new:"))) == count

    def test_what_has_expired_goes_first(self, limited: Store, clock: FakeClock) -> None:
        favourites = [f"favourite:{number}" for number in range(10)]
        for name in favourites:
            limited.put(name, bytes(self.weight))
        for number in range(self.room // self.weight // 2):
            limited.put(f"expired:{number}", bytes(self.weight), 1000)
            for _ in range(5):
                limited.get(f"expired:{number}")
        self.pass_time(clock, 1100)
        for number in range(self.room // self.weight // 2 - 5):
            limited.put(f"new:{number}", bytes(self.weight))
        assert sorted(name for name in limited.scan("favourite:")) == sorted(favourites)

    def test_what_is_larger_than_the_whole_is_not_kept_and_costs_nothing(self, limited: Store) -> None:
        limited.put("small", b"value")
        limited.put("large", bytes(self.room + 1))
        assert (limited.get("small"), limited.get("large")) == (b"value", None)

    def test_a_value_that_is_too_large_does_not_leave_the_old_one_behind(self, limited: Store) -> None:
        limited.put("key", b"old")
        limited.put("key", bytes(self.room + 1))
        assert limited.get("key") is None

    def test_a_new_value_takes_the_place_of_the_olds_bytes(self, limited: Store) -> None:
        for number in range(10):
            limited.put(f"other:{number}", bytes(self.weight))
        for number in range(5 * self.room // self.weight):
            limited.put("key", bytes([number % 256]) * self.weight)
        assert len(list(limited.scan("other:"))) == 10

    def test_threads_that_fill_it_keep_it_within_its_size(self, limited: Store) -> None:
        def fill(thread: int) -> None:
            for number in range(20):
                limited.put(f"{thread}:{number}", bytes(self.weight))

        at_once(fill)
        assert 0 < self.kept(limited) <= self.room
