"""The cache that a policy names: where it is kept, with what room, and what is said when it cannot be."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import pytest

from taskroute import ConfigurationError
from taskroute.cache import names
from taskroute.cache.opening import open_cache
from taskroute.cache.places import places_of
from taskroute.policy.caching import Cache
from taskroute.policy.parse import load_policy
from taskroute.steps import Missed
from taskroute.stored import Entry, StoredAnswer, Terms
from taskroute.stores.memory import MemoryStore
from taskroute.testing import FakeClock
from tests.policies import policy


def section(**cache: Any) -> Cache:
    found = load_policy(policy(cache=cache)).cache
    assert found is not None
    return found


def test_a_store_in_memory_has_the_room_that_the_policy_gives() -> None:
    clock = FakeClock()
    cache = open_cache(section(store="memory", size="300kB", stages={"judge": {"size": "200kB"}}), clock, {})
    for partition, room in (("", 300_000), ("stage judge", 200_000)):
        store = cache.store(partition)
        assert isinstance(store, MemoryStore)
        store.put("fits", bytes(room - 100))
        assert store.get("fits") is not None
        store.put("does not", bytes(room + 1))
        assert store.get("does not") is None
    assert cache.store("") is cache.store("")
    cache.close()


def test_a_store_in_memory_holds_as_many_answers_as_fit() -> None:
    cache = open_cache(section(store="memory", size="10MB"), FakeClock(), {})
    store = cache.store()
    assert store is not None
    for n in range(10_500):
        store.put(str(n), b"1")
    assert store.get("0") == b"1"
    cache.close()


@pytest.mark.parametrize(
    "partition", ["", "stage judge", "stage my x", "stage my-x", "task code", "stage tool:a/../b", "stage ü%20", "stage ."]
)
def test_each_partition_has_a_folder_of_its_own_that_tells_whose_it_is(partition: str, tmp_path: Path) -> None:
    sizes = {name.removeprefix("stage "): {"size": "1MB"} for name in [partition] if name.startswith("stage ")}
    tasks = {"code": {"size": "1MB"}} if partition.startswith("task") else {}
    read = section(path=str(tmp_path / "cache"), stages=sizes, tasks=tasks)
    cache = open_cache(read, FakeClock(), {})
    store = cache.store(partition)
    assert store is not None
    store.put("name", b"value")
    cache.close()
    with places_of(read, FakeClock(), {}) as places:
        assert [(place.partition, [*place.store.scan("")]) for place in places] == [(partition, ["name"])]
    (folder,) = (tmp_path / "cache").iterdir()
    assert folder.parent == tmp_path / "cache"


def test_a_given_store_serves_every_partition_and_is_not_closed() -> None:
    store = MemoryStore()
    cache = open_cache(section(stages={"judge": {"size": "1MB"}}), FakeClock(), {}, store)
    assert cache.store() is cache.store("stage judge") is store
    cache.close()
    store.put("still", b"open")


def test_a_store_of_another_kind_may_be_shared_with_other_processes_so_that_leases_are_taken() -> None:
    class Leasing:
        def __init__(self) -> None:
            self.inner = MemoryStore()
            self.leased: list[str] = []

        def __getattr__(self, name: str) -> Any:
            return getattr(self.inner, name)

        def lease(self, key: str, ttl: float) -> bool:
            self.leased.append(key)
            return self.inner.lease(key, ttl)

    store: Any = Leasing()
    cache = open_cache(section(), FakeClock(), {}, store)
    missed = cache.look_up("k", Terms("default", wait=5))
    assert isinstance(missed, Missed)
    cache.save(missed.lead, Entry(StoredAnswer("hi"), "small", 0.0, 1.0))
    assert store.leased == [names.lease("default", "k")]
    cache.close()


@pytest.mark.parametrize("url", ["${REDIS_URL}", "rediss://${HOST}:6380/0", "redis://:${PASS_WORD}@cache.internal"])
def test_an_address_names_variables_that_must_be_set(url: str) -> None:
    read = section(store="redis", url=url)
    with pytest.raises(ConfigurationError, match="which is not set; set it, or write the address"):
        open_cache(read, FakeClock(), {})


def test_an_address_is_read_from_its_variables_and_nothing_is_connected_before_it_is_used() -> None:
    read = section(store="redis", url="redis://${HOST}:${PORT}/0")
    cache = open_cache(read, FakeClock(), {"HOST": "127.0.0.1", "PORT": "1"})
    assert cache.store() is not None
    cache.close()


@pytest.mark.parametrize("password", ["s3cret\u2100", "a[s3cret", "s3cret]"])
def test_a_password_that_no_address_can_hold_is_in_no_traceback(password: str) -> None:
    read = section(store="redis", url="${REDIS_URL}")
    with pytest.raises(ConfigurationError, match="percent-encode") as raised:
        cache = open_cache(read, FakeClock(), {"REDIS_URL": f"redis://:{password}@cache.internal:6379/0"})
        cache.store()
    assert "s3cret" not in "".join(traceback.format_exception(raised.value))
    assert raised.value.__context__ is None


def test_a_server_that_is_not_there_costs_one_warning_and_no_call() -> None:
    cache = open_cache(section(store="redis", url="redis://127.0.0.1:1/0"), FakeClock(), {})
    with pytest.warns(RuntimeWarning, match="the cache's RedisStore failed with"):
        assert isinstance(cache.look_up("k", Terms("default")), Missed)
    cache.close()


# Names


@pytest.mark.parametrize("namespace", ["default", "a/b", "a b", "ü", "a%2Fb", ".."])
def test_names_of_different_namespaces_never_meet(namespace: str) -> None:
    others = {"default", "a/b", "a b", "ü", "a%2Fb", "..", "a"} - {namespace}
    ours = [names.entry(namespace, "k"), names.lease(namespace, "k"), names.sightings(namespace, "k"), names.count(namespace, "hits", "k")]
    assert len({*ours}) == 4
    assert all(name.startswith(names.root(namespace)) for name in ours)
    assert not [name for name in ours for other in others if name.startswith(names.root(other))]


@pytest.mark.parametrize("stage", ["", "generate", "tool:a/b", "a b%", "ü/", "a\ud800"])
@pytest.mark.parametrize("what", ["hits", "saved/USD", "saved/\ud800"])
def test_the_name_of_a_count_says_what_it_counts(what: str, stage: str) -> None:
    assert names.counted("name/space", names.count("name/space", what, stage)) == (what, stage)


def test_a_name_that_the_cache_did_not_make_is_read_all_the_same() -> None:
    assert names.counted("default", f"{names.root('default')}c/hits/%FF%ED%A0%80") == ("hits", "\ufffd" * 4)
