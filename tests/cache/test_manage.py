"""Looking after kept answers: which there are, what they were good for, clearing them, and finding what is damaged."""

from __future__ import annotations

import zlib
from decimal import Decimal
from pathlib import Path

import pytest

from taskroute.cache import names
from taskroute.cache.entry import digest, dumps
from taskroute.cache.manage import ALL, Wanted, clear, listed, remains, shown, verify
from taskroute.cache.places import Place, places_of
from taskroute.cache.stats import stats
from taskroute.errors import ConfigurationError
from taskroute.policy.caching import Cache
from taskroute.stored import Entry, StoredAnswer
from taskroute.stores.disk import DiskStore
from taskroute.stores.memory import MemoryStore
from taskroute.testing import FakeClock
from taskroute.types import Cost
from tests.stores.redis_server import RedisServer

CLOCK = FakeClock()
NOW = CLOCK.time()
NAMESPACE = "shop"


def entry(*, age: float = 0.0, ttl: float = 3600.0, **about: str | None) -> Entry:
    values = {"model": "small", **about}
    return Entry(StoredAnswer(text="thirty days"), values.pop("model") or "", NOW - age, NOW - age + ttl, **values)  # type: ignore[arg-type]


def keep(store: MemoryStore | DiskStore, key: str, kept: Entry, namespace: str = NAMESPACE) -> None:
    store.put(names.entry(namespace, key), dumps(kept))


@pytest.fixture
def store() -> MemoryStore:
    """Two tenants, two stages, one answer past its time, and one of another namespace."""
    store = MemoryStore(FakeClock())
    keep(store, "aa11", entry(stage="generate", task="debugging", tenant=digest("tenant", "acme"), user=digest("user", "jo")))
    keep(store, "aa22", entry(stage="generate", model="large", tenant=digest("tenant", "other"), age=7200.0))
    keep(store, "bb33", entry(stage="rerank", age=600.0))
    keep(store, "aa44", entry(stage="generate"), namespace="another shop")
    return store


def keys(store: MemoryStore, wanted: Wanted = ALL, namespace: str | None = NAMESPACE) -> set[str]:
    return {kept.key for kept in listed([Place("", store)], namespace, wanted, now=NOW)}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (ALL, {"aa11", "aa22", "bb33"}),
        (Wanted(stage="generate"), {"aa11", "aa22"}),
        (Wanted(task="debugging"), {"aa11"}),
        (Wanted(task="code"), {"aa11"}),
        (Wanted(task="writing"), set()),
        (Wanted(model="large"), {"aa22"}),
        (Wanted(tenant=digest("tenant", "acme")), {"aa11"}),
        (Wanted(user=digest("user", "jo")), {"aa11"}),
        (Wanted(older_than=600.0), {"aa22"}),
        (Wanted(older_than=599.0), {"aa22", "bb33"}),
        (Wanted(stage="generate", model="small"), {"aa11"}),
    ],
)
def test_answers_are_found_by_what_is_known_of_them(store: MemoryStore, wanted: Wanted, found: set[str]) -> None:
    assert keys(store, wanted) == found


def test_other_namespaces_are_looked_at_only_when_asked(store: MemoryStore) -> None:
    assert keys(store, namespace="another shop") == {"aa44"}
    assert keys(store, namespace=None) == {"aa11", "aa22", "bb33", "aa44"}


def test_one_answer_is_past_its_time_and_still_listed(store: MemoryStore) -> None:
    found = {kept.key: kept.is_stale(NOW) for kept in listed([Place("", store)], NAMESPACE, now=NOW)}
    assert found == {"aa11": False, "aa22": True, "bb33": False}


def test_an_answer_is_shown_for_the_beginning_of_its_key(store: MemoryStore) -> None:
    assert [kept.key for kept in shown([Place("", store)], NAMESPACE, "b", now=NOW)] == ["bb33"]
    assert {kept.key for kept in shown([Place("", store)], NAMESPACE, "aa", now=NOW)} == {"aa11", "aa22"}
    assert shown([Place("", store)], NAMESPACE, "c", now=NOW) == []


def test_of_many_keys_with_the_same_beginning_some_are_enough(store: MemoryStore) -> None:
    for number in range(50):
        keep(store, f"cc{number:02}", entry())
    assert 2 <= len(shown([Place("", store)], NAMESPACE, "cc", now=NOW)) < 50


def test_one_key_in_two_stores_is_shown_from_both(store: MemoryStore) -> None:
    other = MemoryStore(FakeClock())
    keep(other, "bb33", entry(stage="generate"))
    found = shown([Place("", store), Place("stage generate", other)], NAMESPACE, "bb", now=NOW)
    assert [(kept.key, kept.partition) for kept in found] == [("bb33", ""), ("bb33", "stage generate")]


def test_clearing_removes_what_is_meant_and_nothing_else(store: MemoryStore) -> None:
    size = len(store.get(names.entry(NAMESPACE, "aa11")) or b"")
    assert clear([Place("", store)], NAMESPACE, Wanted(tenant=digest("tenant", "acme")), now=NOW) == (1, size)
    assert keys(store, namespace=None) == {"aa22", "bb33", "aa44"}


def test_a_dry_run_counts_and_removes_nothing(store: MemoryStore) -> None:
    assert clear([Place("", store)], NAMESPACE, Wanted(stage="generate"), now=NOW, dry_run=True).answers == 2
    assert clear([Place("", store)], NAMESPACE, ALL, now=NOW, dry_run=True).answers == 3
    assert keys(store) == {"aa11", "aa22", "bb33"}


def test_clearing_all_takes_what_cannot_be_read_and_sightings_and_leaves_counts(store: MemoryStore) -> None:
    store.put(names.entry(NAMESPACE, "dead"), b"not an entry")
    store.increment(names.sightings(NAMESPACE, "aa11"))
    store.increment(names.count(NAMESPACE, "hits", "generate"), 7)
    assert clear([Place("", store)], NAMESPACE, Wanted(model="small"), now=NOW).answers == 2
    assert clear([Place("", store)], NAMESPACE, ALL, now=NOW).answers == 2
    assert list(store.scan(names.root(NAMESPACE))) == [names.count(NAMESPACE, "hits", "generate")]
    assert keys(store, namespace=None) == {"aa44"}


def test_what_cannot_be_read_is_told_and_removed_only_with_repair(store: MemoryStore) -> None:
    place = Place("", store)
    store.put(names.entry(NAMESPACE, "dead"), dumps(entry())[:-9])
    assert list(verify([Place("", MemoryStore(FakeClock()))])) == []
    for repair in (False, True):
        [fault] = verify([place], repair=repair)
        assert fault.startswith("answers: the answer 'dead' in the namespace 'shop' is of no use: ")
    assert list(verify([place])) == []
    assert keys(store) == {"aa11", "aa22", "bb33"}


@pytest.mark.parametrize("times", [{"made": float("inf")}, {"made": -1.0}, {"until": float("nan")}, {"until": float("inf")}])
def test_times_that_cannot_be_are_damage(store: MemoryStore, times: dict[str, float]) -> None:
    written = dumps(entry())
    body = written[8:]
    for name, value in times.items():
        old = f'"{name}":{getattr(entry(), name)}'.encode()
        assert old in body
        body = body.replace(old, f'"{name}":{value}'.replace("inf", "Infinity").replace("nan", "NaN").encode())
    # Its checksum is right, so that nothing but the time is wrong.
    store.put(names.entry(NAMESPACE, "dead"), written[:4] + zlib.crc32(body).to_bytes(4) + body)
    assert keys(store) == {"aa11", "aa22", "bb33"}
    [fault] = verify([Place("", store)])
    assert "'dead'" in fault


def test_statistics_tell_stale_answers_apart_and_sum_by_stage(store: MemoryStore) -> None:
    for what, stage, count in [
        ("hits", "generate", 30),
        ("hits", "rerank", 1),
        ("misses", "generate", 9),
        ("stale", "generate", 2),
        ("stored", "", 4),
        ("saved/USD", "generate", 1_500_000),
        ("saved/EUR", "rerank", 1),
    ]:
        store.increment(names.count(NAMESPACE, what, stage), count)
    store.increment(names.count("another shop", "hits", "generate"), 100)
    found = stats([Place("", store, 1000)], NAMESPACE, now=NOW)
    [held] = found.held
    assert (held.answers, held.stale, held.room) == (3, 1, 1000)
    assert held.bytes == sum(kept.size for kept in listed([Place("", store)], NAMESPACE, now=NOW))
    assert (found.total.hits, found.total.misses, found.total.stale, found.total.stored) == (31, 9, 2, 4)
    assert found.total.hit_rate == 0.775
    assert found.total.saved == {"USD": Decimal("1.5"), "EUR": Decimal("0.000001")}
    assert found.stages["generate"].saved == {"USD": Decimal("1.5")}
    assert found.stages["rerank"].hit_rate == 1.0
    assert found.stages[""].stored == 4
    assert stats([Place("", store)], None, now=NOW).total.hits == 131


def test_nothing_looked_up_is_no_hit_rate() -> None:
    found = stats([Place("", MemoryStore(FakeClock()))], NAMESPACE, now=NOW)
    assert (found.total.hit_rate, found.total.saved, found.held[0].answers) == (None, {}, 0)


def test_stages_with_odd_names_are_told_as_they_are(store: MemoryStore) -> None:
    store.increment(names.count(NAMESPACE, "hits", "tool:a/b %"), 3)
    assert stats([Place("", store)], NAMESPACE, now=NOW).stages["tool:a/b %"].hits == 3


# Stores on disk


def test_a_directory_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    gone = tmp_path / "nowhere"
    with pytest.raises(ConfigurationError, match="there is no directory .*nowhere"), places_of(Cache(path=str(gone)), CLOCK, {}):
        pass
    assert not gone.exists()


def test_a_cache_in_memory_is_told_to_be_out_of_reach() -> None:
    with pytest.raises(ConfigurationError, match="each process has its own"), places_of(Cache(store="memory"), CLOCK, {}):
        pass


def test_every_store_of_a_directory_is_found_and_no_folder_is_made(tmp_path: Path) -> None:
    with_room = Cache.model_validate({"path": str(tmp_path), "stages": {"generate": {"size": "5MB"}, "rerank": {"size": "6MB"}}})
    for folder in ("answers", "stage-generate", "task-old"):
        store = DiskStore(tmp_path / folder, clock=CLOCK)
        keep(store, "aa11", entry())
        store.close()
    with places_of(with_room, CLOCK, {}) as places:
        assert {place.partition: place.room for place in places} == {"": 10**9, "stage generate": 5 * 10**6, "task old": None}
        assert [held.answers for held in stats(places, NAMESPACE, now=NOW).held] == [1, 1, 1]
        assert clear(places, NAMESPACE, ALL, now=NOW).answers == 3
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["answers", "stage-generate", "task-old"]


def test_the_answers_of_a_damaged_store_are_left_alone_until_it_is_repaired(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "answers", clock=CLOCK)
    keep(store, "aa11", entry())
    store.close()
    file = tmp_path / "answers" / "cache.db"
    file.write_bytes(b"no database at all" * 100)
    before = file.read_bytes()
    with places_of(Cache(path=str(tmp_path)), CLOCK, {}) as places:
        [fault] = verify(places)
        assert fault.startswith("answers: the database cannot be read")
        assert file.read_bytes() == before
        assert list(verify(places, repair=True)) == [fault]
        assert list(verify(places)) == []
    assert not file.with_name("cache.db.broken").exists()


def with_remains(path: Path) -> Path:
    """Fill a directory with two answers of one namespace, and with what an earlier database left behind; return where that is."""
    store = DiskStore(path / "answers", clock=CLOCK)
    keep(store, "aa11", entry())
    keep(store, "aa22", entry(model="large"))
    store.close()
    broken = path / "answers" / "cache.db.broken"
    broken.write_bytes(b"thirty days")
    return broken


def test_clearing_all_takes_what_an_earlier_database_left_behind(tmp_path: Path) -> None:
    broken = with_remains(tmp_path)
    with places_of(Cache(path=str(tmp_path)), CLOCK, {}) as places:
        assert clear(places, NAMESPACE, ALL, now=NOW, dry_run=True).answers == 2
        assert [remain.partition(" may hold")[0] for remain in remains(places)] == [f"answers: {broken}"]
        assert clear(places, NAMESPACE, ALL, now=NOW).answers == 2
        assert remains(places) == []
        assert not broken.exists()
        assert list(listed(places, None, now=NOW)) == []


@pytest.mark.parametrize("other", [names.entry("another shop", "aa44"), names.count(NAMESPACE, "hits", ""), "of another program"])
def test_a_store_with_something_else_in_it_is_not_emptied(tmp_path: Path, other: str) -> None:
    broken = with_remains(tmp_path)
    store = DiskStore(tmp_path / "answers", clock=CLOCK)
    store.put(other, b"1")
    store.close()
    with places_of(Cache(path=str(tmp_path)), CLOCK, {}) as places:
        assert clear(places, NAMESPACE, ALL, now=NOW).answers == 2
        assert list(places[0].store.scan("")) == [other]
        assert len(remains(places)) == 1
        assert len(list(verify(places, repair=True))) == 1 + other.startswith(names.entry("another shop", ""))
    assert not broken.exists()


def test_clearing_some_leaves_what_cannot_be_looked_into_and_that_is_told(tmp_path: Path) -> None:
    with_remains(tmp_path)
    with places_of(Cache(path=str(tmp_path)), CLOCK, {}) as places:
        assert clear(places, NAMESPACE, Wanted(model="large"), now=NOW).answers == 1
        assert len(remains(places)) == 1


def test_stores_are_closed_when_the_work_is_done(tmp_path: Path) -> None:
    DiskStore(tmp_path / "answers", clock=CLOCK).put("x", b"y")
    with places_of(Cache(path=str(tmp_path)), CLOCK, {}) as places:
        [place] = places
    with pytest.raises(RuntimeError, match="closed"):
        place.store.get("x")


def test_costs_are_kept_with_an_answer(store: MemoryStore) -> None:
    keep(store, "ee55", entry()._replace(cost=Cost(Decimal("0.25"), "user", "EUR")))
    [kept] = shown([Place("", store)], NAMESPACE, "ee", now=NOW)
    assert kept.entry.cost == Cost(Decimal("0.25"), "user", "EUR")


def test_stores_in_redis_are_looked_after_too(redis_server: RedisServer) -> None:
    redis_server.command("FLUSHALL")
    section = {"store": "redis", "url": "${REDIS_URL}", "stages": {"generate": {"size": "5MB"}}}
    cache, environ = Cache.model_validate(section), {"REDIS_URL": redis_server.url}
    with places_of(cache, CLOCK, environ) as places:
        assert {place.partition: place.room for place in places} == {"": 10**9, "stage generate": 5 * 10**6, names.MARKS: None}
        for place in places[:2]:
            for namespace in (NAMESPACE, "other"):
                place.store.put(names.entry(namespace, "aa11"), dumps(entry(tenant=digest("tenant", "acme"))), 60.0)
        places[2].store.increment(names.count(NAMESPACE, "hits", "generate"), 3)
        assert stats(places, NAMESPACE, now=NOW).total.hits == 3
        assert [kept.partition for kept in shown(places, NAMESPACE, "aa", now=NOW)] == ["", "stage generate"]
        assert list(verify(places)) == []
        places[1].store.put(names.entry(NAMESPACE, "dead"), b"?", 60.0)
        assert len(list(verify(places, repair=True))) == 1
        assert clear(places, NAMESPACE, Wanted(tenant=digest("tenant", "acme")), now=NOW).answers == 2
        assert clear(places, None, ALL, now=NOW).answers == 2
    redis_server.command("FLUSHALL")
