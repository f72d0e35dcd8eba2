"""A Redis store shared between threads, tasks, event loops and processes, and closed."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import signal
import warnings

import pytest

from taskroute.stores.redis import RedisStore
from tests.stores.redis_cluster import RedisCluster
from tests.stores.redis_server import RedisServer, Start, eventually


@pytest.fixture
def server(redis_server: RedisServer) -> RedisServer:
    redis_server.command("FLUSHALL")
    return redis_server


def test_a_closed_store_says_so(server: RedisServer) -> None:
    store = RedisStore(server.url, timeout=30)
    store.put("key", b"value")
    store.close()
    store.close()
    for use in (
        lambda: store.get("key"),
        lambda: store.put("key", b""),
        lambda: store.delete("key"),
        lambda: store.increment("key"),
        lambda: store.compare_and_set("key", None, b""),
        lambda: store.lease("key", 1),
        lambda: store.scan(""),
        store.count,
        store.bytes,
        store.verify,
        lambda: asyncio.run(store.aget("key")),
    ):
        with pytest.raises(RuntimeError, match="this store was closed; build a new RedisStore"):
            use()


def connections(server: RedisServer) -> int:
    """Return how many there are besides the one that asks."""
    return server.command("CLIENT", "LIST").count(b"\n") - 1


def connections_named(name: str, server: RedisServer | RedisCluster) -> int:
    """Return how many there are of a name, however many other tests have left."""
    nodes = [server] if isinstance(server, RedisServer) else server.nodes
    return sum(node.command("CLIENT", "LIST").count(f" name={name} ".encode()) for node in nodes)


@pytest.mark.parametrize("kind", ["redis_server", "redis_cluster"])
def test_every_event_loop_has_connections_that_end_with_it(request: pytest.FixtureRequest, kind: str) -> None:
    server: RedisServer | RedisCluster = request.getfixturevalue(kind)
    store = RedisStore(f"{server.url}?client_name={kind}", timeout=30)

    async def use() -> int:
        await asyncio.gather(*(store.aput(f"key:{number}", b"value") for number in range(5)))
        return connections_named(kind, server)

    for _ in range(3):
        assert asyncio.run(use()) > 0
        assert eventually(lambda: connections_named(kind, server) == 0)
    store.close()


def test_a_closed_store_leaves_no_connection(start_redis: Start) -> None:
    server = start_redis()
    store = RedisStore(server.url, timeout=30)

    async def use() -> None:
        await store.aput("key", b"value")
        await asyncio.to_thread(store.get, "key")
        assert connections(server) == 2
        await store.aclose()
        assert eventually(lambda: connections(server) == 0)

    asyncio.run(use())


async def test_closing_from_a_thread_closes_those_of_a_loop_that_runs(start_redis: Start) -> None:
    server = start_redis()
    store = RedisStore(server.url, timeout=30)
    await store.aput("key", b"value")
    await asyncio.to_thread(store.close)
    assert await asyncio.to_thread(eventually, lambda: connections(server) == 0)


@pytest.mark.parametrize("close", [True, False])
def test_a_store_that_goes_while_its_loop_stands_still_leaves_nothing(start_redis: Start, close: bool) -> None:
    server = start_redis()
    with asyncio.Runner() as runner:
        store = RedisStore(server.url, timeout=30)
        runner.run(store.aput("key", b"value"))
        if close:
            store.close()
        del store
        gc.collect()
    assert eventually(lambda: connections(server) == 0)


async def test_a_store_that_is_forgotten_closes_its_connections(start_redis: Start) -> None:
    server = start_redis()
    store = RedisStore(server.url, timeout=30)
    await store.aput("key", b"value")
    del store
    gc.collect()
    assert await asyncio.to_thread(eventually, lambda: connections(server) == 0)


async def test_many_tasks_share_few_connections(start_redis: Start) -> None:
    server = start_redis()
    store = RedisStore(server.url, timeout=30)
    await asyncio.gather(*(store.aincrement("n") for _ in range(500)))
    assert await store.aget("n") == b"500"
    assert connections(server) <= 64
    await store.aclose()


async def test_a_cancelled_command_does_not_give_its_answer_to_the_next(server: RedisServer) -> None:
    store = RedisStore(f"{server.url}?max_connections=1", timeout=30)
    await store.aput("large", b"l" * 3_000_000)
    await store.aput("small", b"s")
    for turns in range(20):
        task = asyncio.create_task(store.aget("large"))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await store.aget("small") == b"s"
    await store.aclose()


def test_a_pickled_store_opens_the_same(server: RedisServer) -> None:
    store = RedisStore(server.url, size=1_000_000, prefix="mine", timeout=30)
    store.put("key", b"value")
    copy: RedisStore = pickle.loads(pickle.dumps(store))
    assert (copy.get("key"), repr(copy)) == (b"value", repr(store))
    copy.close()
    assert store.get("key") == b"value"
    store.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_does_not_talk_on_its_parents_connection(server: RedisServer) -> None:
    store = RedisStore(server.url, timeout=30)
    store.put("key", b"parent")
    with warnings.catch_warnings():
        # Newer Pythons warn of forks beside threads, which other tests may have left.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        signal.alarm(60)
        try:
            ours = [store.increment("child") for _ in range(200)]
            os._exit(0 if ours == list(range(1, 201)) and asyncio.run(store.aget("key")) == b"parent" else 1)
        finally:
            os._exit(2)
    assert [store.increment("parent") for _ in range(200)] == list(range(1, 201))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.get("child") == b"200"
    store.close()
