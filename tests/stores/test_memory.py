"""The store in memory: the contract of all stores, and what is its own."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.ports import Store
from taskroute.stores.memory import MemoryStore
from taskroute.testing import FakeClock

from .contract import LimitedStoreContract


class TestMemoryStore(LimitedStoreContract):
    def make(self, clock: FakeClock) -> Store:
        return MemoryStore(clock)

    def make_limited(self, clock: FakeClock, size: int) -> Store:
        return MemoryStore(clock, size=size)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def names(store: MemoryStore) -> list[str]:
    return sorted(store.scan(""))


# Time


def test_a_value_lives_for_exactly_its_ttl(clock: FakeClock) -> None:
    store = MemoryStore(clock)
    store.put("key", b"value", 8)
    clock.advance(7.875)
    assert store.get("key") == b"value"
    clock.advance(0.125)
    assert store.get("key") is None


def test_without_a_clock_it_reads_the_real_one() -> None:
    store = MemoryStore()
    store.put("key", b"value", 0.02)
    store.put("kept", b"value", 60)
    time.sleep(0.03)
    assert names(store) == ["kept"]


# Room


def test_of_what_was_used_equally_often_the_least_recently_used_goes(clock: FakeClock) -> None:
    store = MemoryStore(clock, max_entries=3)
    for name in ("a", "b", "c"):
        store.put(name, b"")
    for name in ("b", "c", "a"):
        store.get(name)
    store.put("d", b"")
    assert names(store) == ["a", "c", "d"]


def test_when_it_is_full_the_least_used_goes_however_recent_it_is(clock: FakeClock) -> None:
    store = MemoryStore(clock, max_entries=3)
    for name in ("a", "b", "c"):
        store.put(name, b"")
    for name in ("a", "a", "b", "b", "c"):
        store.get(name)
    store.put("d", b"")
    assert names(store) == ["a", "b", "d"]
    store.put("e", b"")
    assert names(store) == ["a", "b", "e"]


def test_popularity_wears_off(clock: FakeClock) -> None:
    store = MemoryStore(clock, max_entries=2)
    store.put("old", b"")
    for _ in range(1000):
        store.get("old")
    store.put("new", b"")
    for _ in range(1000):
        store.get("new")
    store.put("newest", b"")
    assert names(store) == ["new", "newest"]


def test_each_of_these_uses_a_value_once(clock: FakeClock) -> None:
    store = MemoryStore(clock, max_entries=2)
    store.increment("a")
    store.increment("a")
    store.put("b", b"")
    store.get("b")
    store.get("b")
    store.put("c", b"")
    assert names(store) == ["b", "c"]


def test_names_count_by_their_bytes_and_so_do_values(clock: FakeClock) -> None:
    store = MemoryStore(clock, size=20)
    store.put("äöü", b"1234")
    store.put("abcdef", b"1234")
    assert names(store) == ["abcdef", "äöü"]
    store.put("abcdef", b"12345")
    assert names(store) == ["abcdef"]
    store.put("key", b"123456789")
    assert names(store) == ["key"]
    store.delete("key")
    for name in ("1", "2"):
        store.put(name, b"123456789")
    assert names(store) == ["1", "2"]


def test_a_counter_that_grows_makes_room_too(clock: FakeClock) -> None:
    store = MemoryStore(clock, size=10)
    store.put("other", b"12")
    store.increment("n", 9)
    assert names(store) == ["n", "other"]
    store.increment("n", 91)
    assert (names(store), store.get("n")) == (["n"], b"100")


@pytest.mark.parametrize("size", [0, -1])
def test_a_size_must_be_above_zero(size: int) -> None:
    with pytest.raises(ValueError, match=f"size is {size}; a store needs room for at least 1 byte"):
        MemoryStore(size=size)


def test_when_it_is_full_the_one_used_least_goes(clock: FakeClock) -> None:
    store = MemoryStore(clock, max_entries=3)
    for name in ("a", "b", "c"):
        store.put(name, b"")
    store.get("a")
    store.put("d", b"")
    assert names(store) == ["a", "c", "d"]


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.get("a"),
        lambda store: store.put("a", b"1"),
        lambda store: store.increment("a"),
        lambda store: store.compare_and_set("a", b"0", b"1"),
        lambda store: store.compare_and_set("a", b"other", b"1"),
        lambda store: store.lease("a", 10),
    ],
)
def test_each_of_these_uses_a_value(clock: FakeClock, use: Callable[[MemoryStore], Any]) -> None:
    store = MemoryStore(clock, max_entries=2)
    store.put("a", b"0")
    store.put("b", b"0")
    use(store)
    store.put("c", b"0")
    assert names(store) == ["a", "c"]


def test_what_has_expired_goes_before_what_was_used_least(clock: FakeClock) -> None:
    store = MemoryStore(clock, max_entries=3)
    store.put("old", b"")
    store.put("older", b"")
    store.put("expired", b"", 5)
    clock.advance(6)
    store.put("new", b"")
    assert names(store) == ["new", "old", "older"]


def test_a_value_that_was_given_a_longer_time_is_not_dropped_at_the_end_of_its_first(clock: FakeClock) -> None:
    store = MemoryStore(clock, max_entries=2)
    store.put("longer", b"", 5)
    store.put("longer", b"", 50)
    store.put("kept", b"", 5)
    store.put("kept", b"")
    clock.advance(6)
    store.get("longer")
    store.put("new", b"")
    assert names(store) == ["longer", "new"]


def test_a_full_store_takes_a_new_value_of_a_name_it_has(clock: FakeClock) -> None:
    store = MemoryStore(clock, max_entries=2)
    store.put("a", b"1")
    store.put("b", b"1")
    store.put("b", b"2")
    assert names(store) == ["a", "b"]


class Expected:
    """What a store of so much room holds, written as plainly as can be."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.kept: dict[str, tuple[int, int, float]] = {}
        """Count, turn of the last use, end."""
        self.turn = 0

    def forget_expired(self, now: float) -> None:
        self.kept = {name: it for name, it in self.kept.items() if it[2] > now}

    def use(self, name: str, now: float) -> None:
        if name in self.kept and self.kept[name][2] > now:
            count, _, end = self.kept[name]
            self.turn += 1
            self.kept[name] = (count + 1, self.turn, end)

    def put(self, name: str, now: float, end: float) -> None:
        count = self.kept[name][0] if name in self.kept and self.kept[name][2] > now else 0
        if name not in self.kept and len(self.kept) >= self.room:
            self.forget_expired(now)
            while len(self.kept) >= self.room:
                del self.kept[min(self.kept, key=lambda other: self.kept[other][:2])]
        self.turn += 1
        self.kept[name] = (count + 1, self.turn, end)


@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from("abcdefgh"), st.none() | st.integers(1, 4), st.integers(0, 2)),
        max_size=60,
    ),
    st.integers(1, 4),
)
def test_it_keeps_what_is_used_most_and_has_time_left(uses: list[tuple[bool, str, int | None, int]], room: int) -> None:
    clock = FakeClock(0.0)
    store = MemoryStore(clock, max_entries=room)
    expected = Expected(room)
    for is_put, name, ttl, pause in uses:
        clock.advance(pause)
        now = clock.now()
        if is_put:
            store.put(name, b"", ttl)
            expected.put(name, now, float("inf") if ttl is None else now + ttl)
        else:
            store.get(name)
            if name in expected.kept and expected.kept[name][2] <= now:
                del expected.kept[name]
            expected.use(name, now)
        assert names(store) == sorted(other for other, it in expected.kept.items() if it[2] > now)


def test_overwriting_for_ever_takes_no_more_room(clock: FakeClock) -> None:
    store = MemoryStore(clock, max_entries=10)
    for _ in range(10_000):
        clock.advance(0.001)
        store.put("key", b"", 1000)
    # Nothing that can be seen from outside would show it.
    assert len(store._ends) <= 100


def test_it_needs_room_for_one() -> None:
    with pytest.raises(ValueError, match="max_entries is 0; a store needs room for at least 1"):
        MemoryStore(max_entries=0)


# What it refuses


@pytest.mark.parametrize(
    "use",
    [
        lambda store, key: store.get(key),
        lambda store, key: store.put(key, b""),
        lambda store, key: store.delete(key),
        lambda store, key: store.increment(key),
        lambda store, key: store.compare_and_set(key, None, b""),
        lambda store, key: store.lease(key, 1),
        lambda store, key: store.scan(key),
    ],
)
@pytest.mark.parametrize(("key", "cure"), [(b"key", "decode it"), (7, "write it as text, such as '7'"), (None, "write it as text")])
def test_a_name_must_be_text(use: Callable[[MemoryStore, Any], Any], key: Any, cure: str) -> None:
    with pytest.raises(TypeError, match=f"a name in a store is a str, not {type(key).__name__}; {cure}"):
        use(MemoryStore(), key)


@pytest.mark.parametrize(("value", "cure"), [("text", "encode it"), (7, "turn it into bytes"), (None, "bytes"), (bytearray(b"x"), "bytes")])
def test_a_value_must_be_bytes(value: Any, cure: str) -> None:
    store = MemoryStore()
    with pytest.raises(TypeError, match=f"a store keeps bytes, and this value is {type(value).__name__}; .*{cure}"):
        store.put("key", value)
    with pytest.raises(TypeError, match="this value is"):
        store.compare_and_set("key", None, value)
    assert names(store) == []


def test_an_expected_value_must_be_bytes() -> None:
    expected: Any = "old"
    with pytest.raises(TypeError, match="this expected value is str; encode it"):
        MemoryStore().compare_and_set("key", expected, b"new")


@pytest.mark.parametrize("by", [0.5, "1", True, None])
def test_a_counter_goes_up_by_whole_numbers(by: Any) -> None:
    with pytest.raises(TypeError, match="a counter goes up by an int"):
        MemoryStore().increment("n", by)


@pytest.mark.parametrize("ttl", [0, -1, 0.0, float("nan"), float("inf")])
def test_a_ttl_must_be_longer_than_zero(ttl: float) -> None:
    store = MemoryStore()
    for use in (
        lambda: store.put("key", b"", ttl),
        lambda: store.increment("key", 1, ttl),
        lambda: store.compare_and_set("key", None, b"", ttl),
        lambda: store.lease("key", ttl),
    ):
        with pytest.raises(ValueError, match="a ttl of .* is not possible; give a number of seconds above 0, or None"):
            use()
    assert names(store) == []


@pytest.mark.parametrize("ttl", ["60s", True])
def test_a_ttl_must_be_a_number(ttl: Any) -> None:
    with pytest.raises(TypeError, match="a ttl is a number of seconds, not"):
        MemoryStore().put("key", b"", ttl)


@pytest.mark.parametrize("value", [b"", b"many", b"1.5", b" 1", b"1_0", b"+1", b"--1", "١".encode()])
def test_what_is_no_number_cannot_be_added_to(value: bytes) -> None:
    store = MemoryStore()
    store.put("spend:small", value)
    with pytest.raises(ValueError, match="'spend:small' holds no number"):
        store.increment("spend:small")
    assert store.get("spend:small") == value


# Closing


def test_a_closed_store_says_so() -> None:
    store = MemoryStore()
    store.put("key", b"value")
    store.close()
    store.close()
    for use in (
        lambda: store.get("key"),
        lambda: store.put("key", b""),
        lambda: store.delete("key"),
        lambda: store.increment("key"),
        lambda: store.compare_and_set("key", None, b""),
        lambda: store.lease("key", 1),
        lambda: store.scan(""),
    ):
        with pytest.raises(RuntimeError, match="this store was closed; build a new MemoryStore"):
            use()


async def test_it_can_be_closed_from_async_code_too() -> None:
    store = MemoryStore()
    await store.aclose()
    with pytest.raises(RuntimeError, match="this store was closed"):
        await store.aget("key")


# Pickle and fork


def test_a_pickled_store_comes_back_empty_with_its_clock_and_room() -> None:
    store = MemoryStore(FakeClock(5.0), max_entries=2)
    store.put("key", b"value")
    copy: MemoryStore = pickle.loads(pickle.dumps(store))
    assert names(copy) == []
    for name in ("a", "b", "c"):
        copy.put(name, b"", 10)
    assert names(copy) == ["b", "c"]
    sized: MemoryStore = pickle.loads(pickle.dumps(MemoryStore(FakeClock(), size=3)))
    sized.put("key", b"value")
    assert names(sized) == []
    assert names(store) == ["key"]


def test_one_with_the_real_clock_can_be_pickled_too() -> None:
    copy: MemoryStore = pickle.loads(pickle.dumps(MemoryStore()))
    assert copy.lease("turn", 60)


class SlowName(str):
    """A name that takes its time while the store looks it up, with the lock held."""

    __slots__ = ("entered", "go")

    def __init__(self, _: str) -> None:
        self.entered = threading.Event()
        self.go = threading.Event()

    def __hash__(self) -> int:
        self.entered.set()
        self.go.wait(30)
        return super().__hash__()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_is_not_held_up_by_a_lock_that_a_thread_of_its_parent_held() -> None:
    store = MemoryStore()
    store.put("key", b"value")
    slow = SlowName("slow")
    thread = threading.Thread(target=store.get, args=(slow,))
    thread.start()
    assert slow.entered.wait(30)
    with warnings.catch_warnings():
        # Newer Pythons warn of forks beside threads, which is what this is about.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            store.put("mine", b"value")
            os._exit(0 if names(store) == ["key", "mine"] else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    slow.go.set()
    thread.join()
    assert names(store) == ["key"]


def test_a_call_of_the_store_in_the_middle_of_another_does_not_lock_up() -> None:
    store = MemoryStore()
    found: list[bytes | None] = []

    class Key(str):
        """Asks the store where the collector might close a forgotten stream, and with it a call: in the middle of anything."""

        __slots__ = ()

        def __hash__(self) -> int:
            if not found:
                found.append(None)
                found[0] = store.get("other")
            return str.__hash__(self)

        def __eq__(self, other: object) -> bool:
            return str.__eq__(self, other)

    def work() -> None:
        store.put("other", b"1")
        store.put(Key("key"), b"2")

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert (found, store.get("key")) == ([b"1"], b"2")
