"""The nodes of a cluster as its client knows them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any


@contextmanager
def reminding(client: object) -> Generator[None]:
    """Give a cluster's client the nodes back that it crosses out when something fails.

    Releases of redis-py before 7.2 cross out each node that does not answer. After a moment without any they would ask nobody any more,
    and a scan would pass over those that are back.
    """
    try:
        yield
    except Exception as error:
        nodes: Any = getattr(client, "nodes_manager", None)
        if nodes is not None and _is_of_nodes(error):
            _remind(nodes)
        raise


def _is_of_nodes(error: Exception) -> bool:
    from redis.exceptions import ClusterError, ConnectionError, RedisClusterException, TimeoutError

    return isinstance(error, ConnectionError | TimeoutError | ClusterError | RedisClusterException | OSError)


def _remind(nodes: Any) -> None:
    # Thousands of slots have the same few lists of nodes.
    lists = {id(of_slot): of_slot for of_slot in list(nodes.slots_cache.values())}
    for node in {id(node): node for of_slot in lists.values() for node in of_slot}.values():
        nodes.nodes_cache.setdefault(node.name, node)
        nodes.startup_nodes.setdefault(node.name, node)
