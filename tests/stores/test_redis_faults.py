"""A Redis store whose server is gone, slow, full, or may only be read: each call ends with an error, and the store is not broken by it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator

import pytest
import redis.exceptions

from taskroute.stores.redis import RedisStore
from tests.ports import free_port
from tests.real_time import REAL_TIME
from tests.stores.redis_cluster import RedisCluster
from tests.stores.redis_server import RedisServer, Start
from tests.stores.ways import Awaited, Plainly, Way

pytestmark = REAL_TIME

ways = pytest.mark.parametrize("way", [Plainly, Awaited])
sizes = pytest.mark.parametrize("size", [None, 1_000_000])


@contextlib.contextmanager
def stopped(server: RedisServer) -> Iterator[None]:
    """Let a server do nothing for a while; its system goes on to take connections."""
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


def fails(way: Way, *errors: type[Exception]) -> None:
    """Each method raises one of the errors."""
    for use in (
        lambda: way.get("key"),
        lambda: way.put("key", b"value", 60),
        lambda: way.delete("key"),
        lambda: way.increment("n", 1, 60),
        lambda: way.increment("n"),
        lambda: way.compare_and_set("key", b"value", b"new"),
        lambda: way.lease("turn", 60),
        lambda: way.scan(""),
    ):
        with pytest.raises(errors):
            use()


@ways
@sizes
def test_after_a_crash_of_the_server_the_same_store_works_again(start_redis: Start, way: type[Way], size: int | None) -> None:
    server = start_redis()
    store = way(RedisStore(server.url, size=size, timeout=5))
    store.put("key", b"value")
    for _ in range(2):
        server.kill()
        fails(store, redis.exceptions.ConnectionError)
        server.start_again()
        # What the server forgot is gone; its scripts are among that.
        assert store.get("key") is None
        store.put("key", b"value")
        assert store.get("key") == b"value"
    store.close()


async def test_many_tasks_go_on_after_a_crash(start_redis: Start) -> None:
    server = start_redis()
    store = RedisStore(server.url, timeout=5)
    await asyncio.gather(*(store.aput(f"key:{number}", b"value") for number in range(50)))
    server.kill()
    lost = await asyncio.gather(*(store.aget(f"key:{number}") for number in range(50)), return_exceptions=True)
    assert {type(error) for error in lost} == {redis.exceptions.ConnectionError}
    server.start_again()
    assert await asyncio.gather(*(store.aget(f"key:{number}") for number in range(50))) == [None] * 50
    await store.aclose()


@ways
def test_where_no_server_is_each_call_says_so(way: type[Way]) -> None:
    store = way(RedisStore(f"redis://:secret@127.0.0.1:{free_port()}"))
    fails(store, redis.exceptions.ConnectionError)
    store.close()


@ways
def test_a_cluster_of_one_that_is_gone_and_comes_back_is_found_again(start_redis: Start, way: type[Way]) -> None:
    server = start_redis(cluster=True)
    cluster = RedisCluster([server])
    cluster.form()
    store = way(RedisStore(cluster.url, timeout=5))
    store.put("key", b"value")
    server.kill()
    for _ in range(2):
        with pytest.raises((redis.exceptions.ConnectionError, redis.exceptions.RedisClusterException)):
            store.get("key")
    server.start_again()
    cluster.wait()
    assert store.get("key") is None
    store.put("key", b"value")
    assert store.get("key") == b"value"
    store.close()


@ways
def test_a_server_that_does_not_answer_is_not_waited_for(start_redis: Start, way: type[Way]) -> None:
    server = start_redis()
    store = way(RedisStore(server.url, timeout=0.05))
    with stopped(server):
        fails(store, redis.exceptions.TimeoutError)
    patient = way(RedisStore(server.url, timeout=30))
    assert patient.get("key") in (None, b"value")
    patient.close()
    store.close()


@ways
@sizes
def test_a_late_answer_is_not_taken_for_the_next_ones(start_redis: Start, way: type[Way], size: int | None) -> None:
    server = start_redis()
    patient = way(RedisStore(server.url, size=size, timeout=30))
    store = way(RedisStore(f"{server.url}?max_connections=1", size=size, timeout=0.2))
    patient.put("late", b"late")
    patient.put("next", b"next")
    assert untimed(store, "next") == b"next"
    with stopped(server), pytest.raises(redis.exceptions.TimeoutError):
        store.get("late")
    assert patient.get("next") == b"next"
    for _ in range(3):
        assert untimed(store, "next") == b"next"
    patient.close()
    store.close()


def untimed(store: Way, name: str) -> bytes | None:
    """Return the value, however often a busy machine makes the store give up."""
    for _ in range(100):
        with contextlib.suppress(redis.exceptions.TimeoutError):
            return store.get(name)
    raise AssertionError("the server does not answer")


@ways
@sizes
def test_a_full_server_refuses_what_is_new_and_gives_what_it_has(start_redis: Start, way: type[Way], size: int | None) -> None:
    server = start_redis()
    kept = RedisStore(server.url, size=size, timeout=30)
    store = way(kept)
    store.put("key", b"value")
    server.command("CONFIG", "SET", "maxmemory", 1)
    for use in (lambda: store.put("other", b""), lambda: store.increment("n", 1, 60), lambda: store.lease("turn", 60)):
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            use()
    assert store.get("key") == b"value"
    server.command("CONFIG", "SET", "maxmemory", 0)
    assert kept.verify() == []
    assert store.scan("") == ["key"]
    store.put("other", b"")
    assert store.scan("") == ["key", "other"]
    kept.close()
    store.close()


@ways
@sizes
def test_a_replica_gives_what_it_has_and_refuses_to_write(start_redis: Start, way: type[Way], size: int | None) -> None:
    server = start_redis()
    store = way(RedisStore(server.url, size=size, timeout=30))
    store.put("key", b"value")
    server.command("REPLICAOF", "127.0.0.1", free_port())
    for use in (lambda: store.put("key", b""), lambda: store.increment("n", 1, 60), lambda: store.lease("turn", 60)):
        with pytest.raises(redis.exceptions.ReadOnlyError):
            use()
    assert (store.get("key"), store.get("nothing")) == (b"value", None)
    store.close()


@ways
@sizes
def test_scripts_that_the_server_forgot_are_sent_again(start_redis: Start, way: type[Way], size: int | None) -> None:
    server = start_redis()
    store = way(RedisStore(server.url, size=size, timeout=30))
    for number in range(3):
        server.command("SCRIPT", "FLUSH")
        assert store.increment("n", 1, 60) == number + 1
    store.close()
