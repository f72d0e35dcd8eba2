"""What a store on disk keeps when there is no room for all of it."""

from __future__ import annotations

import itertools
import sqlite3
from collections import OrderedDict
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from taskroute.stores.disk import DiskStore
from taskroute.testing import FakeClock

ROOM = 400_000
WEIGHT = 4_000


def ask(store: DiskStore, name: str, weight: int = WEIGHT) -> bool:
    """Return whether a value is there; put it if not."""
    if store.get(name) is not None:
        return True
    store.put(name, bytes(weight))
    return False


def test_a_favourite_of_yesterday_that_nobody_asks_for_gives_way(tmp_path: Path) -> None:
    with closing(DiskStore(tmp_path, size=ROOM)) as store:
        for _ in range(100):
            for number in range(40):
                ask(store, f"yesterday:{number}")
        for number in range(2_000):
            ask(store, f"today:{number % 40}")
            ask(store, f"once:{number}")
        assert len(list(store.scan("yesterday:"))) == 0
        assert len(list(store.scan("today:"))) == 40


def test_a_favourite_outlives_many_that_are_asked_for_once_though_it_is_not_asked_for_meanwhile(tmp_path: Path) -> None:
    with closing(DiskStore(tmp_path, size=ROOM)) as store:
        for _ in range(5):
            for number in range(40):
                ask(store, f"often:{number}")
        for number in range(100):
            ask(store, f"once:{number}")
        assert len(list(store.scan("often:"))) == 40


def test_one_that_is_in_use_all_the_time_outlives_others_that_were_used_as_often(tmp_path: Path) -> None:
    clock = FakeClock()
    with closing(DiskStore(tmp_path, size=ROOM, clock=clock)) as store:
        names = ["in use", *(f"other:{number}" for number in range(60))]
        for name in names:
            store.put(name, bytes(WEIGHT))
        for name in names * 20:
            assert store.get(name) is not None
        for _ in range(30):
            clock.advance(60)
            for _ in range(256):
                store.get("in use")
        store.put("large", bytes(45 * WEIGHT))
        assert len(list(store.scan("other:"))) < 60
        assert store.get("in use") is not None


def test_favourites_age_by_what_all_processes_put(tmp_path: Path) -> None:
    """Each store here puts less than one that is full drops before its own favourites would go."""
    with closing(DiskStore(tmp_path, size=ROOM)) as store:
        for _ in range(3):
            for number in range(40):
                ask(store, f"yesterday:{number}")
    for turn in range(20):
        with closing(DiskStore(tmp_path, size=ROOM)) as store:
            for number in range(20):
                ask(store, f"once:{turn}:{number}")
    with closing(DiskStore(tmp_path, size=ROOM)) as store:
        assert list(store.scan("yesterday:")) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("shifts", [False, True])
def test_it_has_more_hits_than_if_what_was_used_longest_ago_went_first(tmp_path: Path, seed: int, shifts: bool) -> None:
    dice = Random(seed)
    ranks = dice.choices(range(600), cum_weights=list(itertools.accumulate(1 / (rank + 1) for rank in range(600))), k=4_000)
    asked = [rank + 600 * (shifts and at >= 2_000) for at, rank in enumerate(ranks)]
    with closing(DiskStore(tmp_path, size=ROOM)) as store:
        hits = sum(ask(store, str(number)) for number in asked)
        kept = store.count()
    least_recently_used = OrderedDict[int, None]()
    hits_of_lru = 0
    for number in asked:
        if number in least_recently_used:
            hits_of_lru += 1
        least_recently_used[number] = None
        least_recently_used.move_to_end(number)
        if len(least_recently_used) > kept:
            least_recently_used.popitem(last=False)
    assert hits > hits_of_lru


def test_values_of_many_sizes_fill_most_of_it(tmp_path: Path) -> None:
    dice = Random(1)
    sizes = [min(int(dice.lognormvariate(7.3, 1.0)), 50_000) for _ in range(1_500)]
    with closing(DiskStore(tmp_path, size=1_000_000)) as store:
        for number, size in enumerate(sizes):
            store.put(f"key:{number}", bytes(size))
            # Some are used more often than others, so that those that go are scattered.
            for earlier in range(number, max(0, number - 200), -7):
                store.get(f"key:{earlier}")
        kept = sum(len(store.get(name) or b"") for name in store.scan(""))
        assert kept > 600_000
        assert store.bytes() <= 1_000_000
        assert store.verify() == []


def test_many_short_values_come_and_go_within_its_size(tmp_path: Path) -> None:
    clock = FakeClock()
    with closing(DiskStore(tmp_path, size=200_000, clock=clock)) as store:
        for number in range(3_000):
            assert store.lease(f"lease:{number}", 60)
            if number % 2:
                store.delete(f"lease:{number}")
            clock.advance(1)
            assert store.bytes() <= 200_000
        assert 29 <= store.count() <= 30


@pytest.mark.parametrize("rank", [None, "text", b"bytes", -1.5, 2**62, float("inf")])
def test_a_rank_that_it_did_not_write_costs_no_more_than_a_place(tmp_path: Path, rank: object) -> None:
    with closing(DiskStore(tmp_path, size=ROOM)) as store:
        for number in range(40):
            store.put(f"planted:{number}", bytes(WEIGHT))
        with closing(sqlite3.connect(tmp_path / "cache.db", isolation_level=None)) as plain:
            plain.execute("UPDATE Cache SET tag = ?", (rank,))
        for number in range(300):
            store.put(f"new:{number}", bytes(WEIGHT))
            assert store.get(f"new:{number}") == bytes(WEIGHT)
        for number in range(40):
            store.put(f"planted:{number}", bytes(WEIGHT))
            assert store.get(f"planted:{number}") == bytes(WEIGHT)
        assert (store.bytes() <= ROOM, store.verify()) == (True, [])
