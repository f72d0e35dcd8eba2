"""A cluster that loses nodes: what the others have is still to be had, calls are answered, and nodes that come back are found again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis
import redis.exceptions

from taskroute import Call, Router
from taskroute.stores.redis import RedisStore
from taskroute.testing import FakeClock
from taskroute.warn import _said
from tests.cache.keeping import WAYS, KeepingHost
from tests.policies import policy
from tests.stores.redis_cluster import RedisCluster
from tests.stores.redis_server import RedisServer, Start, eventually
from tests.stores.ways import Awaited, Plainly, Way

NAMES = [f"key:{number}" for number in range(30)]

GONE = (redis.exceptions.RedisError, redis.exceptions.RedisClusterException)

# Before 7.4 an asyncio client begins anew by asking one certain node for its commands, though it is gone.
GOES_ON = tuple(map(int, redis.__version__.split(".")[:2])) >= (7, 4)

# None refuses what it has because another is gone, and a replica is begun with at once.
LENIENT = ("--cluster-require-full-coverage", "no", "--repl-diskless-sync-delay", "0")


@pytest.fixture
def cluster(start_cluster: Callable[..., RedisCluster]) -> RedisCluster:
    return start_cluster(*LENIENT)


@pytest.fixture
def stores(cluster: RedisCluster) -> Iterator[list[Way]]:
    """Stores that know all nodes."""
    stores: list[Way] = [Plainly(RedisStore(cluster.url, timeout=30)), Awaited(RedisStore(cluster.url, timeout=30))]
    for store in stores:
        for name in NAMES:
            store.put(name, b"value")
    yield stores
    for store in stores:
        store.close()


def names_on(node: RedisServer) -> set[str]:
    return {key.decode().removeprefix("taskroute::") for key in node.command("KEYS", "taskroute::*")}


def test_a_node_that_is_gone_takes_only_its_own_with_it_and_all_are_found_when_they_are_back(
    cluster: RedisCluster, stores: list[Way]
) -> None:
    lost = names_on(cluster.nodes[0])
    assert 0 < len(lost) < len(NAMES)
    cluster.nodes[0].kill()
    for store in stores:
        for name in sorted(lost)[:3]:
            with pytest.raises(GONE):
                store.get(name)
        if isinstance(store, Plainly) or GOES_ON:
            assert {store.get(name) for name in NAMES if name not in lost} == {b"value"}
        with pytest.raises(GONE):
            store.scan("")
    for node in cluster.nodes[1:]:
        node.kill()
    for store in stores:
        for name in NAMES:
            with pytest.raises(GONE):
                store.get(name)
    for node in cluster.nodes:
        node.start_again()
    cluster.wait()
    for store in stores:
        assert store.get(NAMES[0]) in (None, b"again")
        for name in NAMES:
            store.put(name, b"again")
        assert store.scan("") == sorted(NAMES)


@pytest.fixture
def warnings_are_new() -> None:
    """Forget what was said of the cache, which is said once a process."""
    for said in [said for said in _said if said[0] == "cache"]:
        del _said[said]


def answer(router: Router, way: Callable[..., str], number: int, clock: FakeClock) -> str:
    """Return what a call of its own is answered, so long after the last that a store in trouble is tried again."""
    clock.advance(10)
    return way(router, KeepingHost({"small": ["hi"]}), Call(f"{number}"))


@pytest.mark.usefixtures("warnings_are_new")
def test_every_call_is_answered_while_a_node_is_gone_and_one_warning_says_so(cluster: RedisCluster) -> None:
    clock = FakeClock()
    cache = RedisStore(cluster.url, size=1_000_000, timeout=30)
    with Router(policy(cache={}), clock=clock, environ={}, cache=cache) as router:
        cluster.nodes[0].kill()
        with pytest.warns(RuntimeWarning) as told:
            answers = [answer(router, way, number, clock) for number in range(12) for way in WAYS]
    assert answers == ["hi"] * len(answers)
    said = [str(warning.message) for warning in told]
    assert len(said) == 1
    assert "the cache's RedisStore failed with" in said[0]
    cache.close()


def test_a_replica_that_takes_the_place_of_a_node_is_found(cluster: RedisCluster, stores: list[Way], start_redis: Start) -> None:
    node, replica = cluster.nodes[0], start_redis(*LENIENT, cluster=True)
    cluster.replicate(node, replica)
    assert eventually(lambda: replica.command("DBSIZE") == node.command("DBSIZE"))
    node.kill()
    cluster.take_over(node, replica)
    for store in stores:
        assert {store.get(name) for name in NAMES} == {b"value"}
        assert store.increment("n", 1, 60) > 0
        assert len(store.scan("key:")) == len(NAMES)
