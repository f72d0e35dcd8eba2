"""A real cluster of several servers for tests, on free loopback ports."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tests.stores.redis_server import RedisServer, eventually, running

SLOTS = 16384


class RedisCluster:
    """Nodes that have a part of the slots each, in order."""

    def __init__(self, nodes: Sequence[RedisServer]) -> None:
        self.nodes = list(nodes)
        self.url = url_of(self.nodes[0])

    def form(self) -> None:
        """Have the nodes meet and share the slots, and wait until each takes commands."""
        count = len(self.nodes)
        for number, node in enumerate(self.nodes):
            node.command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            node.command("CLUSTER", "ADDSLOTSRANGE", SLOTS * number // count, SLOTS * (number + 1) // count - 1)
            node.command("CLUSTER", "MEET", "127.0.0.1", self.nodes[0].port, self.nodes[0].bus_port)
        self.wait()

    def wait(self) -> None:
        """Wait until each node takes commands and knows of all others."""
        for node in self.nodes:
            assert eventually(partial(self._is_ready, node)), links(node)

    def command(self, *words: Any) -> list[Any]:
        """Send a command to each node as its operator."""
        return [node.command(*words) for node in self.nodes]

    def _is_ready(self, node: RedisServer) -> bool:
        return is_well(node) and len(links(node)) == len(self.nodes)

    def replicate(self, node: RedisServer, replica: RedisServer) -> None:
        """Have a server join that keeps a copy of what a node has, and wait until it does."""
        replica.command("CLUSTER", "MEET", "127.0.0.1", node.port, node.bus_port)
        self.nodes.append(replica)
        assert eventually(lambda: all(len(links(known)) == len(self.nodes) for known in self.nodes)), links(replica)
        replica.command("CLUSTER", "REPLICATE", name_of(node))
        assert eventually(lambda: replica.command("INFO", "replication")["master_link_status"] == "up")

    def take_over(self, node: RedisServer, replica: RedisServer) -> None:
        """Have a replica take the place of a node that is gone, and wait until all others know it."""
        self.nodes.remove(node)
        replica.command("CLUSTER", "FAILOVER", "TAKEOVER")
        ports = [other.port for other in self.nodes]
        assert eventually(lambda: all(sorted(_owners(other)) == sorted(ports) for other in self.nodes))

    def owner(self, slot: int) -> RedisServer:
        """Return the node that has a slot."""
        return next(node for node in self.nodes if node.port == _port_of(self.nodes[0], slot))

    def begin_to_move(self, slot: int, to: RedisServer) -> None:
        """Have new keys of a slot go to another node, while those that are there stay for now."""
        source = self.owner(slot)
        to.command("CLUSTER", "SETSLOT", slot, "IMPORTING", name_of(source))
        source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", name_of(to))

    def move_keys(self, slot: int, to: RedisServer, which: Callable[[bytes], bool] = bool) -> None:
        """Take keys of a slot, all or some, to the other node."""
        source = self.owner(slot)
        keys = [key for key in source.command("CLUSTER", "GETKEYSINSLOT", slot, 1000) if which(key)]
        if keys:
            source.command("MIGRATE", "127.0.0.1", to.port, "", 0, 30_000, "KEYS", *keys)

    def end_move(self, slot: int, to: RedisServer) -> None:
        """Tell all nodes that the other one has the slot now."""
        for node in sorted(self.nodes, key=lambda node: node is not to):
            node.command("CLUSTER", "SETSLOT", slot, "NODE", name_of(to))


def url_of(node: RedisServer) -> str:
    """Return the URL of the cluster by one of its nodes."""
    return node.url.replace("redis://", "redis+cluster://")


def name_of(node: RedisServer) -> str:
    """Return the name that a node has in its cluster."""
    return str(node.command("CLUSTER", "MYID").decode())


def is_well(node: RedisServer) -> bool:
    """Return whether a node of a cluster takes commands."""
    return b"cluster_state:ok" in node.command("CLUSTER", "INFO")


def links(node: RedisServer) -> list[bytes]:
    """Return a line for each node that one knows, itself among them, and is in touch with."""
    lines: list[bytes] = node.command("CLUSTER", "NODES").splitlines()
    return [line for line in lines if b" connected" in line and b"handshake" not in line and b"fail" not in line]


@contextlib.contextmanager
def running_cluster(directory: Path, count: int, *options: str) -> Iterator[RedisCluster]:
    """Run a cluster of so many nodes in a directory."""
    with contextlib.ExitStack() as stack:
        nodes: list[RedisServer] = []
        for number in range(count):
            place = directory / f"node-{number}"
            place.mkdir()
            nodes.append(stack.enter_context(running(place, *options, cluster=True)))
        cluster = RedisCluster(nodes)
        cluster.form()
        yield cluster


def _owners(node: RedisServer) -> set[int]:
    return {int(place[2][1]) for place in node.command("CLUSTER", "SLOTS")}


def _port_of(node: RedisServer, slot: int) -> int:
    return next(int(place[2][1]) for place in node.command("CLUSTER", "SLOTS") if place[0] <= slot <= place[1])
