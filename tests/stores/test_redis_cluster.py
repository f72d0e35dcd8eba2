"""What a Redis store does in a cluster of several nodes: where its keys are, what is asked of all nodes, and slots that move."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import redis.exceptions

from taskroute.cache import names
from taskroute.cache.entry import dumps
from taskroute.cache.manage import ALL, clear, listed, verify
from taskroute.cache.places import places_of
from taskroute.cache.stats import stats
from taskroute.policy.caching import Cache
from taskroute.stored import Entry, StoredAnswer
from taskroute.stores.redis import RedisStore
from taskroute.testing import FakeClock
from tests.stores.redis_cluster import RedisCluster
from tests.stores.redis_server import RedisServer
from tests.stores.ways import Awaited, Plainly, Way

SIZE = 160_000
NAMES = [f"key:{number}" for number in range(100)]

ways = pytest.mark.parametrize("way", [Plainly, Awaited])
sizes = pytest.mark.parametrize("size", [None, SIZE])


@pytest.fixture
def cluster(redis_cluster: RedisCluster) -> RedisCluster:
    redis_cluster.command("FLUSHALL")
    return redis_cluster


@pytest.fixture
def open_store(cluster: RedisCluster) -> Callable[[int | None], RedisStore]:
    return lambda size: RedisStore(cluster.url, size=size, timeout=30)


Open = Callable[[int | None], RedisStore]


def filled(store: RedisStore) -> RedisStore:
    for name in NAMES:
        store.put(name, b"value", 600)
    return store


def slot_of(cluster: RedisCluster, name: str, size: int | None) -> int:
    """Return the slot of a name that is in the store."""
    key = next(key for node in cluster.nodes for key in node.command("KEYS", f"taskroute:*:{name}"))
    assert (b"{" in key) == (size is not None)
    return int(cluster.nodes[0].command("CLUSTER", "KEYSLOT", key))


def another(cluster: RedisCluster, slot: int) -> RedisServer:
    """Return a node that has not the slot."""
    return next(node for node in cluster.nodes if node is not cluster.owner(slot))


# Where keys are


@sizes
def test_every_node_has_a_part_of_the_keys(cluster: RedisCluster, open_store: Open, size: int | None) -> None:
    store = filled(open_store(size))
    assert min(cluster.command("DBSIZE")) > 0
    store.close()


def test_all_keys_of_a_shard_are_in_one_slot(cluster: RedisCluster, open_store: Open) -> None:
    store = open_store(SIZE)
    for number in range(100):
        store.put(f"{{{number}}}", b"value", 600)
    slots: dict[bytes, set[int]] = {}
    for node in cluster.nodes:
        for key in node.command("KEYS", "*"):
            slots.setdefault(key[: len("taskroute:{0}")], set()).add(node.command("CLUSTER", "KEYSLOT", key))
    assert (len(slots), {len(of_shard) for of_shard in slots.values()}) == (16, {1})
    store.close()


# What is asked of all nodes


@ways
@sizes
def test_a_scan_finds_the_names_of_all_nodes(open_store: Open, way: type[Way], size: int | None) -> None:
    filled(open_store(size)).close()
    store = way(open_store(size))
    assert store.scan("") == sorted(NAMES)
    assert store.scan("key:1") == sorted(name for name in NAMES if name.startswith("key:1"))
    store.close()


@sizes
def test_sums_are_those_of_all_nodes(open_store: Open, size: int | None) -> None:
    store = filled(open_store(size))
    assert (store.count(), store.bytes(), store.verify()) == (100, 90 * 6 + 10 * 5 + 100 * 5, [])
    store.close()


def test_books_are_compared_and_written_anew_on_all_nodes(cluster: RedisCluster, open_store: Open) -> None:
    store = filled(open_store(SIZE))
    for node in cluster.nodes:
        for key in node.command("KEYS", "taskroute:{*}:s"):
            node.command("DEL", key)
    assert len([fault for fault in store.verify(repair=True) if "not on the books" in fault]) == 100
    assert (store.verify(), store.count()) == ([], 100)
    store.close()


def test_answers_are_listed_counted_and_cleared_on_all_nodes(cluster: RedisCluster) -> None:
    now = FakeClock().time()
    entry = dumps(Entry(StoredAnswer(text="thirty days"), "small", now, now + 3600))
    section = Cache.model_validate({"store": "redis", "url": cluster.url, "size": "1GB"})
    with places_of(section, FakeClock(), {}) as places:
        for name in NAMES:
            places[0].store.put(names.entry("shop", name), entry)
            places[0].store.put(names.entry("other", name), entry)
        assert stats(places, "shop", now=now).held[0].answers == 100
        assert len(list(listed(places, None, now=now))) == 200
        assert list(verify(places)) == []
        assert clear(places, "shop", ALL, now=now).answers == 100
        assert len(list(listed(places, None, now=now))) == 100
        assert clear(places, None, ALL, now=now).answers == 100
        assert list(places[0].store.scan("")) == []


# Tasks that begin at once


@pytest.mark.parametrize("name", ["first", "second", "third"])
async def test_the_first_tasks_of_a_loop_go_to_the_right_node_at_once(open_store: Open, name: str) -> None:
    for turn in range(5):
        store = open_store(None)
        totals = await asyncio.gather(*(store.aincrement(f"{name}:{turn}") for _ in range(50)))
        assert sorted(totals) == list(range(1, 51))
        await store.aclose()


# Slots that move


@ways
@sizes
def test_a_slot_that_moved_is_followed(cluster: RedisCluster, open_store: Open, way: type[Way], size: int | None) -> None:
    store = way(filled(open_store(size)))
    for name in NAMES[:10]:
        slot = slot_of(cluster, name, size)
        to = another(cluster, slot)
        cluster.begin_to_move(slot, to)
        cluster.move_keys(slot, to)
        cluster.end_move(slot, to)
        assert store.get(name) == b"value"
        assert store.increment(f"n:{name}", 1, 60) == 1
    assert [name for name in NAMES if store.get(name) != b"value"] == []
    store.close()


@ways
def test_keys_of_a_slot_that_moves_are_asked_for_where_they_are(cluster: RedisCluster, open_store: Open, way: type[Way]) -> None:
    store = way(open_store(None))
    name = "{slot}"
    for number in range(4):
        store.put(f"{name}{number}", b"value")
    slot = slot_of(cluster, f"{name}0", SIZE)
    to = another(cluster, slot)
    cluster.begin_to_move(slot, to)
    cluster.move_keys(slot, to, lambda key: key[-1:] in b"01")
    assert [store.get(f"{name}{number}") for number in range(4)] == [b"value"] * 4
    assert store.get(f"{name}new") is None
    assert store.increment(f"{name}new", 1, 60) == 1
    cluster.move_keys(slot, to)
    cluster.end_move(slot, to)
    assert [store.get(f"{name}{number}") for number in range(4)] == [b"value"] * 4
    assert store.increment(f"{name}new", 1, 60) == 2
    store.close()


@ways
def test_a_shard_that_is_in_two_places_is_refused_until_it_has_moved(cluster: RedisCluster, open_store: Open, way: type[Way]) -> None:
    store = way(filled(open_store(SIZE)))
    slot = slot_of(cluster, NAMES[0], SIZE)
    to = another(cluster, slot)
    cluster.begin_to_move(slot, to)
    cluster.move_keys(slot, to, lambda key: key.endswith(b":s"))
    with pytest.raises(redis.exceptions.ClusterError):
        store.get(NAMES[0])
    cluster.move_keys(slot, to)
    cluster.end_move(slot, to)
    assert store.get(NAMES[0]) == b"value"
    store.close()


async def test_tasks_go_on_while_slots_move(cluster: RedisCluster, open_store: Open) -> None:
    store = open_store(None)
    await asyncio.gather(*(store.aput(name, b"0") for name in NAMES))
    moving = NAMES[:12]
    for name in moving:
        slot = slot_of(cluster, name, None)
        to = another(cluster, slot)
        cluster.begin_to_move(slot, to)
        cluster.move_keys(slot, to)
        cluster.end_move(slot, to)
    totals = await asyncio.gather(*(store.aincrement(name) for name in moving * 10))
    assert sorted(totals) == sorted(list(range(1, 11)) * 12)
    await store.aclose()
