"""Equal calls at once: one asks the model, the others wait for it, never for long, never for themselves, and nothing is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from taskroute import Call
from taskroute.cache import names
from taskroute.cache.later import Later
from taskroute.cache.responses import ResponseCache
from taskroute.execution.streams import adrive_stream, drive_stream
from taskroute.steps import Attempt, Event, Found, Missed
from taskroute.stored import Entry, StoredAnswer, Terms
from taskroute.stores.memory import MemoryStore
from taskroute.testing import FakeClock
from tests.cache.keeping import PATIENCE, WAYS, Ends, Gate, KeepingHost, Kept, Way, aask, after_fork, aread, ask, ask_async, read, until
from tests.real_time import REAL_TIME

pytestmark = REAL_TIME

LONG: dict[str, Any] = {"cache": {"wait": "60s"}}
"""Longer than a test waits: whoever waits for it to end has failed."""


class Working:
    """Work in a thread of its own, and what came of it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.found: Any = None
        self.thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self.thread.start()

    def _run(self, work: Callable[[], Any]) -> None:
        try:
            self.found = work()
        except BaseException as error:
            self.found = error

    def result(self) -> Any:
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive(), "it waits for something that will not come"
        return self.found


def calling(kept: Kept, host: KeepingHost, *ways: Way) -> list[Working]:
    """Make calls at once, each in a thread, and return when all have begun to look for an answer."""
    before = kept.ends.told.count("Lookup")
    working = [Working(lambda way=way: way(kept.router, host)) for way in ways]  # type: ignore[misc]
    wait_for(lambda: kept.ends.told.count("Lookup") >= before + len(ways))
    return working


def wait_for(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.001)


# One call


@pytest.mark.parametrize("ways", [(ask,) * 8, (read,) * 8, (ask_async,) * 4, WAYS * 2, (*WAYS[::-1], *WAYS)], ids=len)
def test_equal_calls_in_threads_and_event_loops_make_one(ways: tuple[Way, ...]) -> None:
    kept, gate = Kept(**LONG), Gate()
    host = KeepingHost({"small": [[gate, "hi ", "there"]]})
    working = calling(kept, host, *ways)
    gate.wait_until_reached()
    gate.opened.set()
    assert [each.result() for each in working] == ["hi there"] * len(ways)
    assert host.called == ["small"]
    assert sorted(str(status) for status in kept.ends.statuses) == ["hit"] * (len(ways) - 1) + ["miss"]


async def test_equal_tasks_of_one_event_loop_make_one_call(no_task_is_left: None) -> None:
    kept, gate = Kept(**LONG), Gate()
    host = KeepingHost({"small": [[gate, "hi"]]})
    tasks = [asyncio.create_task(way(kept.router, host)) for way in (aask, aread) * 10]
    await until(lambda: kept.ends.told.count("Lookup") == 20)
    gate.opened.set()
    assert await asyncio.gather(*tasks) == ["hi"] * 20
    assert host.called == ["small"]


def test_threads_wait_for_a_task_and_tasks_for_a_thread() -> None:
    for leader, followers in ((ask_async, (ask, read)), (ask, WAYS[1::2])):
        kept, gate = Kept(**LONG), Gate()
        host = KeepingHost({"small": [[gate, "hi"]]})
        first = calling(kept, host, leader)
        gate.wait_until_reached()
        others = calling(kept, host, *followers)
        gate.opened.set()
        assert [each.result() for each in first + others] == ["hi"] * 3
        assert host.called == ["small"]


def test_calls_that_differ_do_not_wait_for_each_other() -> None:
    kept, gate = Kept(cache={"wait": "60s", "scope": "tenant"}), Gate()
    host = KeepingHost({"small": [[gate, "for a"], "for b"]})
    first = Working(lambda: ask(kept.router, host, Call("q", tenant="a")))
    gate.wait_until_reached()
    assert ask(kept.router, host, Call("q", tenant="b")) == "for b"
    gate.opened.set()
    assert first.result() == "for a"


@pytest.mark.parametrize("cache", [{"wait": "none"}, {"wait": "60s", "admit_after": 50}], ids=["no waiting", "not stored"])
def test_waiting_may_be_off_and_does_not_depend_on_storing(cache: dict[str, Any]) -> None:
    kept, gate = Kept(cache=cache), Gate()
    host = KeepingHost({"small": [[gate, "first"], "second"]})
    first = calling(kept, host, ask)
    gate.wait_until_reached()
    second = calling(kept, host, ask)
    if cache["wait"] == "none":
        assert second[0].result() == "second"
    gate.opened.set()
    assert first[0].result() == "first"
    assert second[0].result() in ("first", "second")
    assert len(host.called) == (2 if cache["wait"] == "none" else 1) or second[0].found == "second"


def test_equal_calls_at_once_are_each_a_sighting() -> None:
    kept, gate = Kept(cache={"wait": "60s", "admit_after": 3}), Gate()
    host = KeepingHost({"small": [[gate, "hi"]]})
    first = calling(kept, host, ask)
    gate.wait_until_reached()
    (sighted,) = kept.names("n")
    others = calling(kept, host, ask, ask_async)
    wait_for(lambda: kept.store.get(sighted) == b"3")
    gate.opened.set()
    assert [each.result() for each in first + others] == ["hi"] * 3
    assert len(kept.names()) == 1


# The leader fails


def test_when_the_leader_fails_each_of_the_others_has_a_try_of_its_own() -> None:
    kept, gate = Kept(default="small", **LONG), Gate()
    host = KeepingHost({"small": [[gate, ConnectionError("the leader's")], *["mine"] * 4]})
    first = calling(kept, host, ask)
    gate.wait_until_reached()
    others = calling(kept, host, *WAYS)
    gate.opened.set()
    assert isinstance(first[0].result(), ConnectionError)
    assert [each.result() for each in others] == ["mine"] * 4


def test_when_the_leaders_answer_is_none_for_others_they_ask_for_their_own() -> None:
    kept, gate = Kept(**LONG), Gate()
    host = KeepingHost({"small": [[gate, "cut"], *["cut too"] * 4]}, finish_reason="length")
    first = calling(kept, host, ask)
    gate.wait_until_reached()
    others = calling(kept, host, *WAYS)
    gate.opened.set()
    assert first[0].result() == "cut"
    assert [each.result() for each in others] == ["cut too"] * 4
    assert kept.names() == []


def test_when_the_leader_falls_back_the_others_try_the_first_model_themselves_and_share_the_second() -> None:
    kept, gate = Kept(**LONG), Gate()
    host = KeepingHost({"small": [[gate, ConnectionError()], ConnectionError(), ConnectionError()], "large": ["from the second"]})
    first = calling(kept, host, ask)
    gate.wait_until_reached()
    others = calling(kept, host, ask, ask_async)
    gate.opened.set()
    assert [each.result() for each in first + others] == ["from the second"] * 3
    assert host.called.count("large") == 1


async def test_when_the_leader_is_cancelled_exactly_one_takes_its_place(no_task_is_left: None) -> None:
    kept, gate = Kept(**LONG), Gate()
    host = KeepingHost({"small": [[gate, "never"], "taken over"]})
    leader = asyncio.create_task(aask(kept.router, host))
    await until(gate.reached.is_set)
    tasks = [asyncio.create_task(way(kept.router, host)) for way in (aask, aread) * 3]
    threads = [Working(lambda way=way: way(kept.router, host)) for way in WAYS]  # type: ignore[misc]
    await until(lambda: kept.ends.told.count("Lookup") == 11)
    leader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leader
    assert await asyncio.gather(*tasks) == ["taken over"] * 6
    assert [each.result() for each in threads] == ["taken over"] * 4
    assert host.called == ["small", "small"]


def test_when_the_leader_closes_its_stream_exactly_one_takes_its_place() -> None:
    kept = Kept(**LONG)
    host = KeepingHost({"small": [["a", "b"], "taken over"]})
    chunks = drive_stream(kept.router.run(Call("q")), host)
    assert next(chunks) == "a"
    others = calling(kept, host, *WAYS)
    chunks.close()
    assert [each.result() for each in others] == ["taken over"] * 4
    assert host.called == ["small", "small"]


async def test_when_the_leader_closes_its_async_stream_exactly_one_takes_its_place() -> None:
    kept = Kept(**LONG)
    host = KeepingHost({"small": [["a", "b"], "taken over"]})
    chunks = adrive_stream(kept.router.run(Call("q")), host)
    assert await anext(chunks) == "a"
    tasks = [asyncio.create_task(aask(kept.router, host)) for _ in range(3)]
    await until(lambda: kept.ends.told.count("Lookup") == 4)
    await chunks.aclose()
    assert await asyncio.gather(*tasks) == ["taken over"] * 3
    assert host.called == ["small", "small"]


async def test_one_of_the_others_that_is_cancelled_disturbs_nobody(no_task_is_left: None) -> None:
    kept, gate = Kept(**LONG), Gate()
    host = KeepingHost({"small": [[gate, "hi"]]})
    tasks = [asyncio.create_task(aask(kept.router, host)) for _ in range(3)]
    await until(lambda: gate.reached.is_set() and kept.ends.told.count("Lookup") == 3)
    tasks[1].cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[1]
    gate.opened.set()
    assert [await tasks[0], await tasks[2]] == ["hi", "hi"]


def test_one_of_the_others_whose_event_loop_is_gone_disturbs_nobody() -> None:
    clock = FakeClock()
    cache = ResponseCache(lambda partition: MemoryStore(clock), clock, shared=False)
    terms = Terms("default", wait=60)
    missed = cache.look_up("k", terms)
    loop = asyncio.new_event_loop()
    waiting = loop.create_task(cache.alook_up("k", terms))
    loop.run_until_complete(asyncio.sleep(0.01))
    assert not waiting.done()
    # Abandoned without being cancelled, as by a thread that dies.
    loop.close()
    cache.save(lead_of(missed), entry(clock))
    assert isinstance(cache.look_up("k", terms), Found)
    waiting.get_coro().close()
    waiting._log_destroy_pending = False  # type: ignore[attr-defined]
    cache.close()


# Nobody waits for long


def lead_of(found: Found | Missed) -> Any:
    assert isinstance(found, Missed)
    assert found.lead is not None
    return found.lead


def entry(clock: FakeClock, text: str = "hi") -> Entry:
    return Entry(StoredAnswer(text), "small", clock.time(), clock.time() + 600)


@pytest.mark.parametrize("way", WAYS)
def test_nobody_waits_for_the_slow_reader_of_a_stream(way: Way) -> None:
    kept = Kept(**LONG)
    host = KeepingHost({"small": [["a", "b"], "own"]})
    chunks = drive_stream(kept.router.run(Call("q")), host)
    assert next(chunks) == "a"
    # Of several, one asks for all.
    others = calling(kept, host, way, way, way)
    assert [each.result() for each in others] == ["own"] * 3
    assert list(chunks) == ["b"]
    assert host.called == ["small", "small"]


def test_who_reads_at_once_is_waited_for() -> None:
    kept, gate = Kept(**LONG), Gate()
    host = KeepingHost({"small": [["a", gate, "b"]]})
    reader = Working(lambda: read(kept.router, host))
    gate.wait_until_reached()
    others = calling(kept, host, ask, read)
    # Longer than a reader may take: the model may.
    time.sleep(0.3)
    gate.opened.set()
    assert [each.result() for each in (reader, *others)] == ["ab"] * 3
    assert host.called == ["small"]


@pytest.mark.parametrize("way", WAYS)
def test_whoever_has_waited_long_enough_goes_on_alone(way: Way) -> None:
    kept, gate = Kept(cache={"wait": "30ms"}), Gate()
    host = KeepingHost({"small": [[gate, "late"], "own"]})
    leader = calling(kept, host, ask)
    gate.wait_until_reached()
    assert way(kept.router, host) == "own"
    gate.opened.set()
    assert leader[0].result() == "late"


async def test_those_who_come_after_that_wait_for_the_one_that_went_on(no_task_is_left: None) -> None:
    clock = FakeClock()
    cache = ResponseCache(lambda partition: MemoryStore(clock), clock, shared=False)
    # A call that never ends.
    stuck = await cache.alook_up("k", Terms("default", wait=60))
    second = await cache.alook_up("k", Terms("default", wait=0.03))
    # Or does so late: that is not the end of the one that went on.
    cache.forgo(lead_of(stuck), failed=True)
    third = asyncio.create_task(cache.alook_up("k", Terms("default", wait=60)))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not third.done()
    cache.save(lead_of(second), entry(clock, "by the second"))
    found = await third
    assert isinstance(found, Found)
    assert found.entry.answer.text == "by the second"
    cache.close()


@pytest.mark.parametrize("way", WAYS)
def test_a_stream_that_must_give_something_out_soon_waits_no_longer(way: Way) -> None:
    kept, gate = Kept(cache={"wait": "60s"}, timeout={"first_chunk": "50ms"}), Gate()
    host = KeepingHost({"small": [[gate, "first"], "own"]})
    leader = Working(lambda: ask(kept.router, host))
    gate.wait_until_reached()
    (follower,) = calling(kept, host, way)
    if way in WAYS[2:]:
        assert follower.result() == "own"
    gate.opened.set()
    assert leader.result() == "first"
    assert follower.result() == ("own" if way in WAYS[2:] else "first")


def test_the_time_of_the_call_bounds_the_wait() -> None:
    kept, gate = Kept(cache={"wait": "60s"}, timeout={"call": "50ms"}), Gate()
    host = KeepingHost({"small": [[gate, "late"], "own"]})
    leader = calling(kept, host, ask)
    gate.wait_until_reached()
    assert ask(kept.router, host) == "own"
    gate.opened.set()
    leader[0].result()


# Nobody waits for itself


def test_a_thread_that_reads_a_stream_does_not_wait_for_itself() -> None:
    kept = Kept(**LONG)
    host = KeepingHost({"small": [["a", "b"], "own"]})
    chunks = drive_stream(kept.router.run(Call("q")), host)
    assert next(chunks) == "a"
    assert ask(kept.router, host) == "own"
    assert list(chunks) == ["b"]


def test_a_call_inside_of_an_equal_one_does_not_wait_for_that() -> None:
    class Nested(KeepingHost):
        def _parts(self, line: list[Any]) -> Iterator[str]:
            yield from super()._parts(line)
            if line == ["outer"]:
                yield f" {ask(kept.router, self)}"

    kept = Kept(**LONG)
    assert Working(lambda: ask(kept.router, Nested({"small": [["outer"], ["inner"]]}))).result() == "outer inner"


async def test_a_task_that_reads_a_stream_does_not_wait_for_itself() -> None:
    kept = Kept(**LONG)
    host = KeepingHost({"small": [["a", "b"], "own"]})
    async with asyncio.timeout(PATIENCE):
        async for _ in adrive_stream(kept.router.run(Call("q"), is_async=True), host):
            assert await aask(kept.router, host) == "own"
            assert await aread(kept.router, host) == "own"
    assert host.called == ["small", "small"]


@pytest.mark.parametrize("way", [ask, read])
async def test_a_sync_call_on_an_event_loop_never_waits(way: Way) -> None:
    kept, gate = Kept(**LONG), Gate()
    host = KeepingHost({"small": [[gate, "late"], "own"]})
    leader = asyncio.create_task(aask(kept.router, host))
    await until(gate.reached.is_set)
    # Waiting would hold up the very task that is waited for.
    assert way(kept.router, host) == "own"
    gate.opened.set()
    assert await leader == "late"


async def test_nor_does_anybody_wait_for_it() -> None:
    store = MemoryStore()
    cache = ResponseCache(lambda partition: store, FakeClock(), owns=False)
    missed = cache.look_up("k", Terms("default", wait=60))
    assert list(store.scan(names.root("default"))) == []
    assert isinstance(await cache.alook_up("k", Terms("default", wait=60)), Missed)
    cache.forgo(lead_of(missed), failed=True)
    cache.close()


# Nothing is left behind


class Interrupting(Ends):
    """Is interrupted once, between two steps of a call."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self.at = at

    def event(self, event: Event, failure: str | None, at: float) -> None:
        if type(event).__name__ == self.at:
            self.at = ""
            raise KeyboardInterrupt


@pytest.mark.parametrize("at", ["Missed", "Ended", "Saved"])
def test_a_call_that_is_interrupted_between_two_steps_keeps_nobody_waiting(at: str) -> None:
    kept = Kept(observers=(Interrupting(at),), **LONG)
    host = KeepingHost({"small": ["never", "own"] if at != "Missed" else ["own"]})
    with contextlib.suppress(KeyboardInterrupt):
        ask(kept.router, host)
    # The host of a call goes with it.
    host.attempts.clear()
    gc.collect()
    assert Working(lambda: ask(kept.router, host)).result() in ("never", "own")


class Endless(KeepingHost):
    """Streams for ever, and nothing of it may be kept."""

    def _line(self, attempt: Attempt) -> list[Any]:
        return ["a", "b"]


@pytest.fixture
def _collecting_all_the_time() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(7, 2, 2)
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("_collecting_all_the_time")
def test_streams_that_are_dropped_anywhere_and_collected_anywhere_lock_nothing_up() -> None:
    kept = Kept(cache={"wait": "20ms"})
    host = Endless({}, kept=None)

    def work() -> int:
        for _ in range(15):
            chunks = drive_stream(kept.router.run(Call("q")), host)
            next(chunks)
            dropped: list[Any] = [chunks]
            # Only the collector finds it, in whichever thread that runs.
            dropped.append(dropped)
            del chunks, dropped
            assert ask(kept.router, host) == "ab"
        return 15

    working = [Working(work) for _ in range(3)]
    assert [each.result() for each in working] == [15, 15, 15]
    gc.collect()
    assert {outcome.status for outcome in kept.ends.outcomes} == {"answered", "cancelled"}
    kept.router.close()


def test_a_stream_that_was_dropped_is_not_waited_for() -> None:
    kept = Kept(**LONG)
    host = KeepingHost({"small": [["a", "b"], "own"]})
    dropped: list[Any] = [drive_stream(kept.router.run(Call("q")), host)]
    next(dropped[0])
    dropped.append(dropped)
    del dropped
    gc.collect()
    assert Working(lambda: ask(kept.router, host)).result() == "own"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_the_child_of_a_fork_does_not_wait_for_what_its_parent_does() -> None:
    found = after_fork(
        """
from taskroute.cache.responses import ResponseCache
from taskroute.steps import Missed
from taskroute.stored import Terms
from taskroute.stores.memory import MemoryStore

cache = ResponseCache(lambda partition: MemoryStore(), MemoryStore()._clock, shared=False)
first = cache.look_up("k", Terms("default", wait=60))
""",
        child='assert isinstance(cache.look_up("k", Terms("default", wait=60)), Missed)',
        parent='cache.forgo(first.lead, failed=True); print(isinstance(cache.look_up("k", Terms("default", wait=60)), Missed))',
    )
    assert found == "True"


# Several processes: two caches over one store


class Watched(MemoryStore):
    """A store that says what was put and deleted."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.done: list[tuple[str, str]] = []

    def put(self, key: str, value: bytes, ttl: float | None = None) -> None:
        super().put(key, value, ttl)
        self.done.append(("put", key))

    def delete(self, key: str) -> None:
        super().delete(key)
        self.done.append(("delete", key))


class Two:
    """Two caches that stand for two processes."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = Watched(self.clock)
        self.first, self.second = (ResponseCache(lambda partition: self.store, self.clock, owns=False) for _ in range(2))

    def leases(self) -> list[str]:
        return [name for name in self.store.scan("") if "/l/" in name]


@pytest.fixture
def two() -> Iterator[Two]:
    both = Two()
    yield both
    both.first.close()
    both.second.close()


WAIT = Terms("default", wait=60)


def looking(cache: ResponseCache, terms: Terms = WAIT, *, is_async: bool = False) -> Working:
    return Working((lambda: asyncio.run(cache.alook_up("k", terms))) if is_async else (lambda: cache.look_up("k", terms)))


both_ways = pytest.mark.parametrize("is_async", [False, True])


@both_ways
def test_another_process_waits_for_the_answer_of_the_first(two: Two, is_async: bool) -> None:
    lead = lead_of(two.first.look_up("k", WAIT))
    assert len(two.leases()) == 1
    other = looking(two.second, is_async=is_async)
    two.first.save(lead, entry(two.clock))
    found = other.result()
    assert isinstance(found, Found)
    assert found.entry.answer.text == "hi"
    assert two.leases() == []


@both_ways
@pytest.mark.parametrize("failed", [True, False])
def test_another_process_goes_on_as_soon_as_the_first_has_none(two: Two, is_async: bool, failed: bool) -> None:
    lead = lead_of(two.first.look_up("k", WAIT))
    other = looking(two.second, is_async=is_async)
    two.first.forgo(lead, failed=failed)
    two.second.forgo(lead_of(other.result()), failed=True)
    wait_for(lambda: two.leases() == [])


@both_ways
def test_when_the_first_was_killed_another_goes_on_after_its_lease(two: Two, is_async: bool) -> None:
    killed = two.first.look_up("k", WAIT)
    other = looking(two.second, is_async=is_async)
    two.clock.advance(61)
    lead = lead_of(other.result())
    # And it has one of its own now, which the first would not take from it were it to come back.
    assert len(two.leases()) == 1
    assert killed is not None
    two.second.forgo(lead, failed=True)


def test_a_lease_that_was_overtaken_is_not_let_go_for_its_new_holder(two: Two) -> None:
    late = lead_of(two.first.look_up("k", WAIT._replace(wait=0.02)))
    two.clock.advance(0.03)
    time.sleep(0.03)
    new = lead_of(two.second.look_up("k", WAIT))
    two.first.save(late, entry(two.clock))
    two.first.forgo(late, failed=True)
    two.first.close()
    assert len(two.leases()) == 1
    two.second.forgo(new, failed=True)


@both_ways
def test_another_process_waits_for_no_longer_than_it_may(two: Two, is_async: bool) -> None:
    first = lead_of(two.first.look_up("k", WAIT))
    lead = lead_of(looking(two.second, WAIT._replace(wait=0.03), is_async=is_async).result())
    assert not lead.has_lease
    two.second.forgo(lead, failed=True)
    two.second.close()
    assert len(two.leases()) == 1
    two.first.forgo(first, failed=True)


def test_another_process_waits_three_seconds_at_most_for_the_reader_of_a_stream(two: Two) -> None:
    lead = lead_of(two.first.look_up("k", WAIT))
    lead.away()
    wait_for(lambda: two.store.done[-1:] == [("put", names.lease("default", "k"))])
    other = looking(two.second)
    two.clock.advance(3.1)
    two.second.forgo(lead_of(other.result()), failed=True)
    two.first.forgo(lead, failed=True)


def test_a_store_in_trouble_gives_no_lease_and_keeps_nobody_waiting() -> None:
    class Leaseless(MemoryStore):
        def lease(self, key: str, ttl: float) -> bool:
            raise OSError

    clock = FakeClock()
    cache = ResponseCache(lambda partition: Leaseless(clock), clock)
    with pytest.warns(RuntimeWarning, match="Leaseless failed with OSError"):
        lead = lead_of(cache.look_up("k", WAIT))
    assert not lead.has_lease
    cache.close()


def test_calls_of_each_process_wait_for_its_own_and_all_get_the_answer(two: Two) -> None:
    lead = lead_of(two.first.look_up("k", WAIT))
    others = [looking(cache, is_async=is_async) for cache in (two.first, two.second) for is_async in (False, True)]
    two.first.save(lead, entry(two.clock))
    assert all(isinstance(each.result(), Found) for each in others)


def test_a_forgotten_lead_is_let_go_of(two: Two) -> None:
    lead = two.first.look_up("k", WAIT)
    assert len(two.leases()) == 1
    del lead
    gc.collect()
    wait_for(lambda: two.leases() == [])
    two.second.forgo(lead_of(looking(two.second).result()), failed=True)


def test_what_is_let_go_twice_is_let_go_once(two: Two) -> None:
    lead = lead_of(two.first.look_up("k", WAIT))
    two.first.save(lead, entry(two.clock))
    two.store.done.clear()
    two.first.forgo(lead, failed=True)
    two.first.forgo(lead, failed=False)
    two.first.close()
    assert two.store.done == []


def test_the_lease_of_a_call_in_flight_is_left_to_its_end_when_the_cache_is_closed(two: Two) -> None:
    lead = lead_of(two.first.look_up("k", WAIT))
    two.first.close()
    two.first.forgo(lead, failed=False)
    assert [thread.name for thread in threading.enumerate() if thread.name == "taskroute cache"] == []


# The thread for what nobody waits for


def test_later_does_everything_in_order_and_survives_what_it_raises() -> None:
    done: list[int] = []

    def broken() -> None:
        raise OSError

    later = Later()
    for n in range(20):
        later.do(lambda n=n: done.append(n))  # type: ignore[misc]
        later.do(broken)
    later.close(PATIENCE)
    assert done == list(range(20))
    later.do(lambda: done.append(99))
    later.close(PATIENCE)
    assert 99 not in done


def test_closing_later_waits_for_so_long_at_most() -> None:
    held = threading.Event()
    later = Later()
    later.do(held.wait)
    later.close(0.02)
    held.set()


def test_the_thread_of_a_later_that_nobody_closed_ends_with_it() -> None:
    later = Later()
    done = threading.Event()
    later.do(done.set)
    assert done.wait(PATIENCE)
    del later
    gc.collect()
    wait_for(lambda: "taskroute cache" not in [thread.name for thread in threading.enumerate()])


def test_many_threads_begin_one_thread() -> None:
    later = Later()
    done: list[int] = []
    ready = threading.Barrier(8)

    def work() -> None:
        ready.wait(PATIENCE)
        later.do(lambda: done.append(threading.get_ident()))

    for each in [Working(work) for _ in range(8)]:
        each.result()
    later.close(PATIENCE)
    assert len(done) == 8
    assert len(set(done)) == 1
