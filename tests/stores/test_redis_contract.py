"""The contract of stores, by real servers: one, and a cluster of three; with a size, and without."""

from __future__ import annotations

import itertools

import pytest

from taskroute.stores.redis import RedisStore
from taskroute.testing import FakeClock
from tests.stores.contract import LimitedStoreContract, StoreContract
from tests.stores.redis_cluster import RedisCluster
from tests.stores.redis_server import RedisServer

prefixes = itertools.count()

SHIFT = """
for _, key in ipairs(redis.call('KEYS', '*')) do
    if redis.call('TYPE', key).ok == 'string' then
        local left = redis.call('PTTL', key)
        if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
    elseif key:sub(-3) == '}:t' then
        for _, name in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZINCRBY', key, -ARGV[1], name) end
    end
end
"""
"""Lets the time of all keys pass, and that on the books with it."""


class OnOneServer:
    """Stores in the server that all tests share, which is emptied before each."""

    size: int | None = None
    server: RedisServer | RedisCluster

    @pytest.fixture(autouse=True)
    def emptied(self, redis_server: RedisServer) -> None:
        self.server = redis_server
        self.url = redis_server.url
        redis_server.command("FLUSHALL")

    def make(self, clock: FakeClock) -> RedisStore:
        return self.make_limited(clock, self.size)

    def make_limited(self, clock: FakeClock, size: int | None) -> RedisStore:
        return RedisStore(self.url, size=size, prefix=f"test:{next(prefixes)}", timeout=30)

    def pass_time(self, clock: FakeClock, seconds: float) -> None:
        self.server.command("EVAL", SHIFT, 0, int(seconds * 1000))


class InCluster(OnOneServer):
    """Stores in the cluster that all tests share."""

    @pytest.fixture(autouse=True)
    def emptied(self, redis_cluster: RedisCluster) -> None:
        self.server = redis_cluster
        self.url = redis_cluster.url
        redis_cluster.command("FLUSHALL")


class TestRedisStore(OnOneServer, StoreContract):
    examples = 10


class TestSizedRedisStore(OnOneServer, LimitedStoreContract):
    examples = 10
    size = 1_000_000_000
    room = 2_400_000
    weight = 10_000


class TestClusteredRedisStore(InCluster, StoreContract):
    examples = 3

    # Many tests, of what names are turned into; the store with a size has them in the cluster, and the one without in one server.
    test_a_name_is_taken_to_the_letter = None  # pyright: ignore[reportAssignmentType]
    test_a_prefix_is_taken_to_the_letter = None  # pyright: ignore[reportAssignmentType]


class TestClusteredSizedRedisStore(InCluster, StoreContract):
    """Here operations need more than one key. What goes when there is no room is decided in one shard, so that one server shows it."""

    examples = 3
    size = 1_000_000_000
