"""Leases, sightings and counts stay however full the cache is, and are looked after with it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from taskroute.cache import names
from taskroute.cache.manage import ALL, clear, verify
from taskroute.cache.opening import open_cache
from taskroute.cache.places import Place, places_of
from taskroute.cache.responses import ResponseCache
from taskroute.cache.stats import stats
from taskroute.policy.caching import Cache
from taskroute.ports import Store
from taskroute.steps import Found, Missed
from taskroute.stored import Entry, StoredAnswer, Terms
from taskroute.stores.memory import MemoryStore
from taskroute.testing import FakeClock
from tests.stores.redis_server import RedisServer

CLOCK = FakeClock()
TWICE = Terms("default", admit_after=2, window=3600.0)
TOGETHER = Terms("default", wait=0.05)


def answer(text: str = "hi") -> Entry:
    return Entry(StoredAnswer(text), "small", CLOCK.time(), CLOCK.time() + 3600)


def lead_of(found: Found | Missed) -> Any:
    assert isinstance(found, Missed)
    assert found.lead is not None
    return found.lead


def fill(cache: ResponseCache, size: int) -> None:
    """Fill the store of answers with some that are asked for often, and then some more with others."""
    store = cache.store()
    assert store is not None
    for n in range(size // 1000):
        store.put(f"often/{n}", bytes(900))
    for _ in range(8):
        for n in range(size // 1000):
            store.get(f"often/{n}")
    for n in range(60):
        store.put(f"once/{n}", bytes(900))


Opened = Callable[[], ResponseCache]


@pytest.fixture(params=["memory", "disk", "redis"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    """Return what opens a cache of 300 kB; each one stands for a process."""
    section: dict[str, Any] = {"store": request.param, "size": "300kB", "path": str(tmp_path)}
    environ = {}
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        server.command("FLUSHALL")
        section |= {"url": "${REDIS_URL}"}
        environ = {"REDIS_URL": server.url}
    if request.param != "disk":
        del section["path"]
    return lambda: open_cache(Cache.model_validate(section), CLOCK, environ)


def test_a_full_cache_knows_a_request_again(opened: Opened) -> None:
    cache = opened()
    fill(cache, 300_000)
    cache.save(lead_of(cache.look_up("k", TWICE)), answer())
    fill(cache, 300_000)
    lead = lead_of(cache.look_up("k", TWICE))
    assert lead.is_admitted
    cache.save(lead, answer())
    assert isinstance(cache.look_up("k", TWICE), Found)
    cache.close()


# No other process can look into a memory.
@pytest.mark.parametrize("opened", ["disk", "redis"], indirect=True)
def test_a_full_cache_keeps_other_processes_from_asking_too(opened: Opened) -> None:
    first, second = opened(), opened()
    lead = lead_of(first.look_up("k", TOGETHER._replace(wait=60.0)))
    fill(first, 300_000)
    assert lead.has_lease
    assert not lead_of(second.look_up("k", TOGETHER)).has_lease
    first.forgo(lead, failed=True)
    first.close()
    second.close()


def test_a_full_cache_counts_on(opened: Opened) -> None:
    cache = opened()
    cache.save(lead_of(cache.look_up("k", Terms("default"))), answer())
    cache.look_up("k", Terms("default", stage="generate"))
    for _ in range(2):
        cache.write_counts()
        fill(cache, 300_000)
    place = Place(names.MARKS, store_of(cache, names.MARKS))
    found = stats([place], "default", now=CLOCK.time())
    assert (found.total.hits, found.total.misses, found.held) == (1, 1, ())
    cache.close()


def store_of(cache: ResponseCache, partition: str) -> Store:
    store = cache.store(partition)
    assert store is not None
    return store


def test_a_marks_store_holds_no_answer_and_that_of_the_answers_nothing_else(tmp_path: Path) -> None:
    section = Cache(path=str(tmp_path))
    cache = open_cache(section, CLOCK, {})
    cache.save(lead_of(cache.look_up("k", TWICE._replace(wait=5.0))), answer())
    cache.save(lead_of(cache.look_up("k", TWICE._replace(wait=5.0))), answer())
    held = lead_of(cache.look_up("other", TWICE._replace(wait=5.0)))
    cache.write_counts()
    kinds = {partition: {name.split("/")[3] for name in store_of(cache, partition).scan("")} for partition in ("", names.MARKS)}
    assert kinds == {"": {"e"}, names.MARKS: {"c", "l", "n"}}
    cache.forgo(held, failed=True)
    cache.close()


def test_the_commands_find_marks_and_clearing_all_takes_sightings_and_leaves_counts(tmp_path: Path) -> None:
    section = Cache(path=str(tmp_path))
    cache = open_cache(section, CLOCK, {})
    for _ in range(3):
        found = cache.look_up("k", TWICE)
        if isinstance(found, Missed):
            cache.save(found.lead, answer()._replace(cost=None))
    cache.close()
    with places_of(section, CLOCK, {}) as places:
        marks = next(place for place in places if place.partition == names.MARKS)
        assert [held.partition for held in stats(places, "default", now=CLOCK.time()).held] == [""]
        assert clear(places, "default", ALL, now=CLOCK.time()).answers == 1
        assert {name.split("/")[3] for name in marks.store.scan("")} == {"c"}
        assert stats(places, "default", now=CLOCK.time()).total[:2] == (1, 2)
        assert list(verify(places)) == []


def test_where_no_store_can_be_opened_for_marks_those_of_the_answers_has_them() -> None:
    store = MemoryStore(CLOCK)

    def opens(partition: str) -> MemoryStore:
        if partition:
            raise PermissionError("/secret/path")
        return store

    cache = ResponseCache(opens, CLOCK, marks=names.MARKS)
    with pytest.warns(RuntimeWarning, match=r"a store of the cache could not be opened \(PermissionError\)"):
        lead = lead_of(cache.look_up("k", TWICE._replace(wait=5.0)))
    assert {name.split("/")[3] for name in store.scan("")} == {"n", "l"}
    cache.forgo(lead, failed=True)
    cache.close()


def test_where_answers_cannot_be_kept_nobody_is_told_of_them() -> None:
    class Gone(MemoryStore):
        def get(self, key: str) -> bytes | None:
            raise OSError

    class Untouched(MemoryStore):
        def __getattribute__(self, name: str) -> Any:
            assert name not in {"get", "put", "delete", "increment", "lease"}
            return super().__getattribute__(name)

    stores = {"": Gone(CLOCK), names.MARKS: Untouched(CLOCK)}
    cache = ResponseCache(lambda partition: stores[partition], CLOCK, marks=names.MARKS)
    with pytest.warns(RuntimeWarning, match="the cache's Gone failed with OSError"):
        lead = lead_of(cache.look_up("k", TWICE._replace(wait=5.0)))
    cache.save(lead, answer())
    assert not lead.has_lease


def test_a_number_that_none_can_be_added_to_costs_one_warning_and_is_found_and_removed() -> None:
    store = MemoryStore(CLOCK)
    cache = ResponseCache(lambda partition: store, CLOCK, owns=False)
    store.put(names.sightings("default", "k"), b"9" * 5000)
    store.put(names.count("default", "misses", "generate"), b"none")
    with pytest.warns(RuntimeWarning, match="holds something else where a number should be; `taskroute cache verify --repair`"):
        missed = cache.look_up("k", TWICE._replace(stage="generate"))
    cache.save(lead_of(missed), answer())
    cache.write_counts()
    # The store itself is in no trouble.
    cache.save(lead_of(cache.look_up("other", Terms("default"))), answer())
    assert isinstance(cache.look_up("other", Terms("default")), Found)
    place = Place("", store)
    assert stats([place], "default", now=CLOCK.time()).total.misses == 0
    assert [fault.split(" is no number")[0] for fault in verify([place], repair=True)] == [
        "answers: the count 'k' in the namespace 'default'",
        "answers: the count 'misses/generate' in the namespace 'default'",
    ]
    assert list(verify([place])) == []
    cache.write_counts()
    assert stats([place], "default", now=CLOCK.time()).total.misses == 2
    assert stats([place], "default", now=CLOCK.time()).total.saved == dict[str, Decimal]()
    cache.close()
