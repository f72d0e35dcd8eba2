"""What the cache was good for: counted here, written down from time to time, and never twice."""

from __future__ import annotations

import os
import threading
from decimal import Decimal

import pytest

from taskroute import Call
from taskroute.cache import names
from taskroute.cache.tally import Tally
from taskroute.stored import Asked
from taskroute.stores.memory import MemoryStore
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
    for _ in range(70):
        ask(kept.router, host)
    assert store.told.wait(PATIENCE)
    kept.router.close()
    assert counts(kept)["hits", ""] == 69


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
