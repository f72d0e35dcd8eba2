"""A Redis store with a size: what it counts, what goes, and whether its books are right."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from taskroute.stores.redis import RedisStore
from tests.stores.redis_server import RedisServer, eventually

SIZE = 160_000


@pytest.fixture
def server(redis_server: RedisServer) -> RedisServer:
    redis_server.command("FLUSHALL")
    return redis_server


@pytest.fixture
def store(server: RedisServer) -> Iterator[RedisStore]:
    store = RedisStore(server.url, size=SIZE, timeout=30)
    yield store
    store.close()


def in_one_shard(server: RedisServer, store: RedisStore, number: int) -> tuple[str, list[str]]:
    """Return a shard, and names that belong to it."""
    for name in map(str, range(60 * number)):
        store.put(name, b"")
    shard = server.command("KEYS", "taskroute:{*}:e:0")[0].decode().partition("{")[2][0]
    names = [key.decode().rpartition(":")[2] for key in server.command("KEYS", f"taskroute:{{{shard}}}:e:*")]
    server.command("FLUSHALL")
    return shard, names[:number]


@pytest.mark.parametrize("size", [None, SIZE])
def test_it_counts_names_and_values(server: RedisServer, size: int | None) -> None:
    store = RedisStore(server.url, size=size, timeout=30)
    assert (store.count(), store.bytes()) == (0, 0)
    store.put("key", b"value")
    store.put("key", b"other value")
    store.put("ä", b"")
    store.increment("n", 10)
    store.compare_and_set("n", b"10", b"100")
    store.lease("turn", 60)
    assert (store.count(), store.bytes()) == (4, 3 + 11 + 2 + 1 + 3 + 4 + 1)
    store.delete("key")
    assert (store.count(), store.bytes(), store.verify()) == (3, 11, [])
    store.close()


def test_what_has_expired_is_not_counted(server: RedisServer, store: RedisStore) -> None:
    for number in range(300):
        store.put(f"short:{number}", b"value", 0.001)
    store.put("key", b"value")
    assert eventually(lambda: not server.command("KEYS", "taskroute:{*}:e:short:*"))
    assert (store.count(), store.bytes(), store.verify()) == (1, 8, [])


def test_a_value_larger_than_a_shards_share_is_not_kept_and_takes_nothing_with_it(store: RedisStore) -> None:
    store.put("key", bytes(SIZE // 16 - 3))
    store.put("other", b"value")
    assert len(store.get("key") or b"") == SIZE // 16 - 3
    store.put("key", bytes(SIZE // 16 - 2))
    assert (store.get("key"), store.get("other"), store.count()) == (None, b"value", 1)


def test_counters_and_leases_take_room_too(server: RedisServer, store: RedisStore) -> None:
    for number in range(10_000):
        store.increment(f"counter:{number}", 10**18)
    assert SIZE / 2 < store.bytes() <= SIZE
    assert store.verify() == []


def test_the_new_value_stays_and_the_least_used_goes(server: RedisServer, store: RedisStore) -> None:
    _, names = in_one_shard(server, store, 11)
    *kept, new = names
    for name in kept:
        store.put(name, bytes(950))
    for name in [*kept[:4], *kept[5:]]:
        store.get(name)
    store.put(new, bytes(1400))
    assert [name for name in kept if store.get(name) is None] == [kept[4]]
    assert len(store.get(new) or b"") == 1400


def test_weights_that_grow_too_large_are_made_small_again(server: RedisServer, store: RedisStore) -> None:
    shard, names = in_one_shard(server, store, 11)
    *kept, new = names
    server.command("HSET", f"taskroute:{{{shard}}}:c", "weight", "9.99e99")
    for name in kept:
        store.put(name, bytes(950))
    for name in kept[1:]:
        store.get(name)
    assert float(server.command("HGET", f"taskroute:{{{shard}}}:c", "weight")) < 10
    store.put(new, bytes(950))
    assert [store.get(name) is None for name in kept] == [True] + [False] * 9


def something(store: RedisStore, chance: Random) -> None:
    name = f"{chance.randrange(60)}"
    ttl = chance.choice([None, None, 0.002, 60])
    value = bytes(chance.randrange(4000))
    chance.choice(
        [
            lambda: store.get(name),
            lambda: store.put(name, value, ttl),
            lambda: store.delete(name),
            lambda: store.increment(f"counter:{name}", 1, ttl),
            lambda: store.compare_and_set(name, store.get(name), value, ttl),
            lambda: store.lease(f"lease:{name}", 0.001),
        ]
    )()


def test_books_are_right_after_all_that_may_happen(server: RedisServer, store: RedisStore) -> None:
    def work(seed: int) -> None:
        chance = Random(seed)
        for _ in range(300):
            something(store, chance)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert store.verify() == []
    assert 0 < store.bytes() <= SIZE


BREAKS = {
    "is on the books and not in the store": ("DEL", "e:key"),
    "is in the store and not on the books": ("HDEL", "s", "key"),
    "has another size than on the books": ("APPEND", "e:key", "more"),
    "has no frequency on the books": ("ZREM", "f", "key"),
    "has an end in the store or on the books, and not in both": ("ZREM", "t", "key"),
    "has another end than on the books": ("ZADD", "t", "17", "key"),
    "the books say 99 bytes, its entries come to 8": ("HSET", "c", "bytes", "99"),
}


@pytest.mark.parametrize("found", BREAKS)
def test_what_is_wrong_is_found_and_mended(server: RedisServer, store: RedisStore, found: str) -> None:
    store.put("key", b"value", 600)
    base = server.command("KEYS", "taskroute:{*}:e:key")[0].decode().removesuffix("e:key")
    command, book, *given = BREAKS[found]
    server.command(command, base + book, *given)
    assert [problem for problem in store.verify() if found in problem] != []
    assert store.verify() != []
    store.verify(repair=True)
    assert store.verify() == []
    assert (store.count(), store.bytes()) == ((0, 0) if command == "DEL" else (1, 12 if command == "APPEND" else 8))


def test_books_that_are_lost_are_written_anew(server: RedisServer, store: RedisStore) -> None:
    for number in range(100):
        store.put(f"key:{number}", b"value", 600)
    for key in server.command("KEYS", "taskroute:{?}:[ftsc]"):
        server.command("DEL", key)
    assert len([problem for problem in store.verify(repair=True) if "not on the books" in problem]) == 100
    assert (store.verify(), store.count(), store.bytes()) == ([], 100, 10 * 10 + 90 * 11)


def test_what_the_server_dropped_by_itself_is_taken_off_the_books_when_it_is_asked_for(server: RedisServer, store: RedisStore) -> None:
    store.put("key", b"value")
    server.command("DEL", *server.command("KEYS", "taskroute:{*}:e:key"))
    assert store.get("key") is None
    assert (store.count(), store.bytes(), store.verify()) == (0, 0, [])
