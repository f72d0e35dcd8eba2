"""A cluster of Redis or Valkey servers for the tests of stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.stores.redis_cluster import RedisCluster, running_cluster
from tests.stores.redis_server import program

NODES = 3


@pytest.fixture(scope="session")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    """A cluster for all tests, which may hold what others left behind: keep to a prefix, or flush it. Slots may have moved."""
    program()
    with running_cluster(tmp_path_factory.mktemp("redis-cluster"), NODES) as cluster:
        yield cluster


@pytest.fixture
def start_cluster(tmp_path: Path) -> Iterator[Callable[..., RedisCluster]]:
    """Start a cluster of one's own, with options, whose nodes may be killed."""
    program()
    with ExitStack() as stack:

        def start(*options: str, count: int = NODES) -> RedisCluster:
            return stack.enter_context(running_cluster(tmp_path, count, *options))

        yield start
