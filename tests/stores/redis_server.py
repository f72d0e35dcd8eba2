"""Real Redis or Valkey servers for tests, each on a free loopback port, with nothing kept on disk."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.ports import free_port

Start = Callable[..., "RedisServer"]

_directories = itertools.count()


def program() -> str:
    """Return the path of a server's program; skip the test where there is none."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        pytest.skip("no redis-server or valkey-server on the PATH; Debian: apt-get install redis-server")
    return found


def eventually(true: Callable[[], bool]) -> bool:
    """Wait until it is true, but not for ever."""
    for _ in range(3000):
        if true():
            return True
        time.sleep(0.01)
    return False


class RedisServer:
    """A server that can be killed and started again on its port. With `tls` it speaks nothing else; options are those of its command line.

    With `cluster` it is a node of one, and other nodes talk to it on its `bus_port`.
    """

    def __init__(self, directory: Path, *options: str, tls: bool = False, cluster: bool = False) -> None:
        self.directory = directory
        self.port = free_port()
        # Redis would take another 10,000 above the port, where often none is.
        self.bus_port = free_port() if cluster else 0
        self._options = options
        self._tls = tls
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers; on another port if somebody else was quicker to take this one."""
        for _ in range(5):
            if self._launch():
                return
            self.port = free_port()
            self.bus_port = free_port() if self.bus_port else 0
        raise RuntimeError(f"the server does not start:\n{self._said()}")

    def start_again(self) -> None:
        """Start it on the port it had."""
        if not self._launch():
            raise RuntimeError(f"the server does not start again:\n{self._said()}")

    def kill(self) -> None:
        """End it at once, as a crash does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def command(self, *words: Any) -> Any:
        """Send a command as its operator."""
        with redis.Redis(port=self.port, socket_timeout=30, protocol=2) as client:
            return client.execute_command(*words)

    def _command(self) -> list[str]:
        ports = ("--port", "0", "--tls-port", str(self.port)) if self._tls else ("--port", str(self.port))
        # No node gives up another because the machine is busy.
        member = ("--cluster-enabled", "yes", "--cluster-port", str(self.bus_port), "--cluster-node-timeout", "600000")
        cluster = member if self.bus_port else ()
        fixed = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self.directory))
        return [program(), *ports, *cluster, *fixed, *self._options]

    def _launch(self) -> bool:
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(self._command(), stdout=log, stderr=subprocess.STDOUT)
        for _ in range(3000):
            if self.process.poll() is not None:
                break
            if self._answers():
                return True
            time.sleep(0.01)
        self.kill()
        return False

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            if self._tls:
                return True
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith((b"+PONG", b"-NOAUTH", b"-NOPERM"))
        return False

    def _said(self) -> str:
        return (self.directory / "log").read_text(errors="replace")


@contextlib.contextmanager
def running(directory: Path, *options: str, tls: bool = False, cluster: bool = False) -> Iterator[RedisServer]:
    """Run a server in a directory."""
    server = RedisServer(directory, *options, tls=tls, cluster=cluster)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server for all tests, which may hold what others left behind: keep to a prefix, or flush it."""
    program()
    with running(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def start_redis(tmp_path: Path) -> Iterator[Start]:
    """Start servers of one's own, with options, that may be killed."""
    program()
    with contextlib.ExitStack() as stack:

        def start(*options: str, tls: bool = False, cluster: bool = False) -> RedisServer:
            directory = tmp_path / f"redis-{next(_directories)}"
            directory.mkdir()
            return stack.enter_context(running(directory, *options, tls=tls, cluster=cluster))

        yield start
