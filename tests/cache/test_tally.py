"""What the cache was good for: counted here, written down from time to time, and never twice."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from taskroute import Call
from taskroute.cache import names
from taskroute.cache.places import places_of
from taskroute.cache.responses import ResponseCache
from taskroute.cache.stats import stats
from taskroute.cache.tally import Tally
from taskroute.policy.caching import Cache
from taskroute.stored import Asked, Terms
from taskroute.stores.memory import MemoryStore
from taskroute.testing import FakeClock
from taskroute.types import Cost
from tests.cache.keeping import PATIENCE, KeepingHost, Kept, after_fork, ask


def counts(kept: Kept) -> dict[tuple[str, str], int]:
    """Return what is written down in the store, once all is."""
    assert kept.router.cache is not None
    kept.router.cache.write_counts()
    return {names.counted("default", name): int(kept.store.get(name)) for name in kept.names("c")}


def test_hits_misses_and_what_was_saved_are_counted_by_stage() -> None:
    kept = Kept()
    host = KeepingHost({"small": ["hi"] * 3})
    for stage in ("generate", "generate", "generate", None):
        ask(kept.router, host, Call("q", stage=stage))
    host.asked_for = Asked(({"role": "user", "content": "another question"},))
    ask(kept.router, host)
    assert counts(kept) == {
        ("misses", "generate"): 1,
        ("stored", "generate"): 1,
        ("hits", "generate"): 2,
        ("saved/USD", "generate"): 500_000,
        ("hits", ""): 1,
        ("saved/USD", ""): 250_000,
        ("misses", ""): 1,
        ("stored", ""): 1,
    }


def test_a_stage_may_have_any_name() -> None:
    kept = Kept()
    ask(kept.router, KeepingHost({"small": ["hi"]}), Call("q", stage="tool:a/b c%"))
    assert counts(kept) == {("misses", "tool:a/b c%"): 1, ("stored", "tool:a/b c%"): 1}


def test_an_answer_whose_time_is_over_is_counted_when_it_is_served() -> None:
    kept = Kept(cache={"ttl": "1m", "stale_if_error": "1h"})
    host = KeepingHost({"small": ["hi", ConnectionError()], "large": [ConnectionError()]})
    ask(kept.router, host, Call("q", stage="generate"))
    kept.clock.advance(61)
    assert ask(kept.router, host, Call("q", stage="generate")) == "hi"
    found = counts(kept)
    assert found["stale", "generate"] == 1
    assert found["saved/USD", "generate"] == 250_000
    assert ("hits", "generate") not in found


def test_what_is_written_down_adds_up_over_several_caches_of_one_store() -> None:
    first = Kept()
    second = Kept(store=first.store)
    host = KeepingHost({"small": ["hi"]})
    for kept in (first, second, second):
        ask(kept.router, host)
    counts(first)
    assert counts(second)["hits", ""] == 2
    assert counts(second)["hits", ""] == 2


def test_closing_writes_down_what_is_left() -> None:
    kept = Kept()
    ask(kept.router, KeepingHost({"small": ["hi"]}))
    assert kept.names("c") == []
    kept.router.close()
    assert {names.counted("default", name) for name in kept.names("c")} == {("misses", ""), ("stored", "")}


class Telling(MemoryStore):
    """A store that says when something is counted in it."""

    def __init__(self) -> None:
        super().__init__()
        self.told = threading.Event()

    def increment(self, key: str, by: int = 1, ttl: float | None = None) -> int:
        found = super().increment(key, by, ttl)
        self.told.set()
        return found


def test_many_are_written_down_without_a_word() -> None:
    store = Telling()
    kept = Kept(store=store)
    host = KeepingHost({"small": ["hi"]})
    for _ in range(300):
        ask(kept.router, host)
    assert store.told.wait(PATIENCE)
    kept.router.close()
    assert counts(kept)["hits", ""] == 299


def test_what_is_less_than_a_millionth_adds_up() -> None:
    tally = Tally()
    for _ in range(3):
        tally.note("hits", None, Cost(Decimal("0.0000005"), "user"))
    assert tally.take() == {("hits", ""): 3, ("saved/USD", ""): 1}
    tally.note("hits", None, Cost(Decimal("0.0000005"), "user"))
    assert tally.take() == {("hits", ""): 1, ("saved/USD", ""): 1}


def test_currencies_are_kept_apart_and_a_price_that_is_not_known_is_not_counted() -> None:
    tally = Tally()
    for cost in (Cost(Decimal(1), "user", "EUR"), Cost(Decimal(2), "user"), None):
        tally.note("hits", None, cost)
    assert tally.take() == {("hits", ""): 3, ("saved/EUR", ""): 1_000_000, ("saved/USD", ""): 2_000_000}
    assert tally.take() == {}


def test_threads_lose_no_count() -> None:
    tally = Tally()
    taken: list[int] = []

    def work() -> None:
        for n in range(500):
            tally.note("hits", None)
            if n % 50 == 0:
                taken.append(tally.take().get(("hits", ""), 0))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) + tally.take().get(("hits", ""), 0) == 2000


HALF = "a\ud800"
"""Half a character, which a stage read from JSON may hold."""


def test_a_stage_that_no_utf_8_can_hold_is_counted_as_any_other() -> None:
    kept = Kept()
    host = KeepingHost({"small": ["hi"]})
    for stage in (HALF, "generate"):
        ask(kept.router, host, Call("q", stage=stage))
    kept.router.close()
    assert {names.counted("default", name): kept.store.get(name) for name in kept.names("c")} == {
        ("misses", HALF): b"1",
        ("stored", HALF): b"1",
        ("hits", "generate"): b"1",
        ("saved/USD", "generate"): b"250000",
    }


def test_what_cannot_be_written_down_waits_and_costs_one_warning_and_no_other_count() -> None:
    tally = Tally()
    written: dict[tuple[str, str], int] = {}

    def add(what: str, stage: str, count: int) -> bool:
        written[what, stage] = written.get((what, stage), 0) + count
        return True

    def add_some(what: str, stage: str, count: int) -> bool:
        if stage == "a":
            raise ValueError
        return stage != "b" and add(what, stage, count)

    def write(adding: Callable[[str, str, int], bool]) -> None:
        for stage in ("a", "b", "c"):
            tally.note("hits", stage)
        tally.write(adding)

    with pytest.warns(RuntimeWarning, match=r"a count of the cache could not be written down \(ValueError\)") as said:
        write(add_some)
    write(add_some)
    assert len(said) == 1
    assert written == {("hits", "c"): 2}
    write(add)
    assert written == {("hits", "a"): 3, ("hits", "b"): 3, ("hits", "c"): 3}
    assert tally.take() == {}


def test_counts_wait_for_a_store_that_is_in_trouble() -> None:
    class Failing(MemoryStore):
        fails = True

        def increment(self, key: str, by: int = 1, ttl: float | None = None) -> int:
            if self.fails:
                raise OSError
            return super().increment(key, by, ttl)

    store = Failing()
    kept = Kept(store=store)
    ask(kept.router, KeepingHost({"small": ["hi"]}))
    with pytest.warns(RuntimeWarning, match="the cache's Failing failed with OSError"):
        assert counts(kept) == {}
    store.fails = False
    kept.clock.advance(5)
    assert counts(kept) == {("misses", ""): 1, ("stored", ""): 1}


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-1", "1E+999999"])
def test_a_cost_that_cannot_be_fails_no_call_and_is_not_counted(amount: str) -> None:
    kept = Kept()
    host = KeepingHost({"small": ["hi"]}, cost=Cost(Decimal(amount), "user"))
    for _ in range(2):
        assert ask(kept.router, host) == "hi"
    assert kept.router.cache is not None
    kept.router.cache.stale_served("default", None, Cost(Decimal(amount), "user"))
    assert counts(kept) == {("misses", ""): 1, ("stored", ""): 1, ("hits", ""): 1, ("stale", ""): 1}
    kept.router.close()


def test_what_cannot_be_counted_fails_no_call() -> None:
    class Odd(Decimal):
        def is_finite(self) -> bool:
            raise ArithmeticError

    kept = Kept()
    assert kept.router.cache is not None
    with pytest.warns(RuntimeWarning, match=r"what the cache was good for could not be counted \(ArithmeticError\)"):
        kept.router.cache.stale_served("default", None, Cost(Odd(1), "user"))
    kept.router.close()


def test_stores_are_closed_whatever_counting_comes_to() -> None:
    class Closing(MemoryStore):
        closed = False

        def close(self) -> None:
            self.closed = True

    store = Closing()

    class Odd(str):
        """A namespace that nothing can be made of."""

        __slots__ = ()

        def encode(self, *arguments: object, **options: object) -> bytes:
            raise LookupError

    cache = ResponseCache(lambda partition: store, FakeClock())
    cache.look_up("k", Terms("default"))
    cache.stale_served(Odd("odd"), None, None)
    with pytest.warns(RuntimeWarning, match=r"could not be written down \(LookupError\)"):
        cache.close()
    assert store.closed


def test_a_script_that_closes_nothing_has_its_counts_written_down(tmp_path: Path) -> None:
    code = f"""
from taskroute.testing import FakeClock
from taskroute.cache.opening import open_cache
from taskroute.policy.caching import Cache
from taskroute.stored import Terms

cache = open_cache(Cache(path={str(tmp_path)!r}), FakeClock(), {{}})
cache.look_up("k", Terms("default", stage="generate"))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert (found.returncode, found.stderr) == (0, "")
    with places_of(Cache(path=str(tmp_path)), FakeClock(), {}) as places:
        assert stats(places, "default", now=0.0).stages["generate"].misses == 1


def test_a_script_ends_though_it_drops_a_call_that_others_may_wait_for() -> None:
    code = """
from taskroute.cache.responses import ResponseCache
from taskroute.stored import Terms
from taskroute.stores.memory import MemoryStore
from taskroute.testing import FakeClock

store = MemoryStore()
missed = ResponseCache(lambda partition: store, FakeClock()).look_up("k", Terms("default", wait=60))
assert missed.lead.has_lease
"""
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2], timeout=PATIENCE)
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_the_child_of_a_fork_does_not_write_down_what_its_parent_counted() -> None:
    found = after_fork(
        """
from tests.cache.keeping import KeepingHost, Kept, ask
from tests.cache.test_tally import counts

kept = Kept()
ask(kept.router, KeepingHost({"small": ["hi"]}))
""",
        child="assert counts(kept) == {}",
        parent="print(counts(kept) == {('misses', ''): 1, ('stored', ''): 1})",
    )
    assert found == "True"
