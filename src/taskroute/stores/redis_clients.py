"""Connections to a Redis or Valkey server: one pool for all threads, and one for each event loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator
from typing import Any, Final, NamedTuple, Protocol, cast
from urllib.parse import parse_qs, urlsplit

from taskroute.errors import ConfigurationError

CLOSED: Final = "this store was closed; build a new RedisStore"
MAX_CONNECTIONS: Final = 64
"""Of one pool, unless the URL says `max_connections`. Who finds none free waits for one, at most for the timeout."""

_PLAIN: Final = ("redis", "rediss", "unix")
_CLUSTER: Final = {"redis+cluster": "redis", "rediss+cluster": "rediss"}
_OURS: Final = ("decode_responses", "encoding", "encoding_errors", "protocol", "retry_on_error", "retry_on_timeout")
"""Options of redis-py that decide what replies look like or how often a command is sent."""


class Client(Protocol):
    """What is used of a client of redis-py."""

    def execute_command(self, *words: Any) -> Any: ...
    def scan_iter(self, match: bytes, count: int) -> Iterator[bytes]: ...
    def close(self) -> None: ...


class AsyncClient(Protocol):
    """What is used of an asyncio client of redis-py."""

    async def execute_command(self, *words: Any) -> Any: ...
    def scan_iter(self, match: bytes, count: int) -> AsyncIterator[bytes]: ...
    async def aclose(self) -> None: ...


class Address(NamedTuple):
    """Where a server is, as redis-py takes it."""

    url: str
    cluster: bool
    shown: str
    """The URL without user, password and options, so that it may be shown."""


class _Held(NamedTuple):
    client: AsyncClient
    guard: AsyncGenerator[None]


_left: Final[list[tuple[asyncio.AbstractEventLoop, _Held]]] = []
"""Clients whose store is gone, while the loop that they belong to stands still and will close them at its end."""

_all: Final[weakref.WeakSet[Clients]] = weakref.WeakSet()


def _after_fork() -> None:
    """A child may not talk on its parent's connections, nor wait for a lock that another thread held."""
    for clients in _all:
        clients.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class Clients:
    """Clients of one server or cluster, opened when they are first asked for and safe to share between threads and event loops.

    The connections of an event loop are closed when the loop shuts its async generators down, as `asyncio.run` does at its end.
    """

    def __init__(self, address: Address, timeout: float) -> None:
        self._address = address
        self._timeout = timeout
        self._lock = threading.Lock()
        self._sync: Client | None = None
        self._held: dict[asyncio.AbstractEventLoop, _Held] = {}
        self._closed = False
        _all.add(self)
        # Without `self`, which it would keep alive; at exit no loop runs any more.
        weakref.finalize(self, _let_go, self._held).atexit = False

    def check_open(self) -> None:
        """Raise RuntimeError when they were closed."""
        if self._closed:
            raise RuntimeError(CLOSED)

    def sync(self) -> Client:
        """Return the client of all threads. That of a cluster asks for the nodes here, and raises what that raises."""
        self.check_open()
        client = self._sync
        if client is None:
            with self._lock:
                if self._sync is None:
                    self._sync = _open(self._address, self._timeout)
                client = self._sync
        return client

    async def of_loop(self) -> AsyncClient:
        """Return the client of the running event loop."""
        self.check_open()
        loop = asyncio.get_running_loop()
        held = self._held.get(loop)
        if held is None:
            client = _open_async(self._address, self._timeout)
            held = _Held(client, _until_the_loop_ends(client))
            with self._lock:
                for other in [other for other in self._held if other.is_closed()]:
                    del self._held[other]
                self._held[loop] = held
            await anext(held.guard)
        return held.client

    def close(self) -> None:
        """Close what can be closed from here: a loop that runs closes its own soon, one that stands still when it ends."""
        self._closed = True
        with self._lock:
            client, self._sync = self._sync, None
        if client is not None:
            client.close()
        _let_go(self._held)

    async def aclose(self) -> None:
        """Close all, and wait for the connections of the running loop."""
        held = self._held.pop(asyncio.get_running_loop(), None)
        self.close()
        if held is not None:
            await held.guard.aclose()

    def forget(self) -> None:
        """Open anew at the next use. Only for the child of a fork; the connections of its parent's loops belong to those."""
        self._lock = threading.Lock()
        self._sync = None


def _let_go(held: dict[asyncio.AbstractEventLoop, _Held]) -> None:
    """Close the clients of loops that run, and hold on to those of loops that stand still: only a loop itself can close its own."""
    _left[:] = [(loop, one) for loop, one in _left if not loop.is_closed()]
    for loop in list(held):
        one = held.pop(loop)
        if loop.is_running():
            asyncio.run_coroutine_threadsafe(one.guard.aclose(), loop)
        elif not loop.is_closed():
            _left.append((loop, one))


def parse(url: str) -> Address:
    """Return where a URL points to. Raises ConfigurationError for one that redis-py would not take, or a lack of redis-py."""
    try:
        from redis import connection
    except ImportError:
        raise ConfigurationError("a store in Redis or Valkey needs the redis package: pip install 'taskroute[redis]'") from None
    parse_url: Any = getattr(connection, "parse_url")  # noqa: B009 - it has no types
    scheme, colon, rest = url.partition("://")
    plain = _CLUSTER.get(scheme, scheme)
    shown = _shown(scheme, url)
    if not colon or plain not in _PLAIN:
        known = ", ".join(f"{known}://" for known in (*_PLAIN, *_CLUSTER))
        raise ConfigurationError(f"the URL of a Redis store begins with one of {known}; the password and all else comes after that")
    options = _asked_for(url)
    wrong = next((name for name in _OURS if name in options), None)
    if wrong is not None:
        raise ConfigurationError(f"{shown}: the store decides on {wrong!r} itself; take it out of the URL")
    sound = shown != _hidden(scheme)
    with contextlib.suppress(ValueError, TypeError):
        parse_url(f"{plain}://{rest}")
        if sound:
            return Address(f"{plain}://{rest}", scheme in _CLUSTER, shown)
    # Raised from here and not from what was wrong, since that may quote a part of the password.
    raise ConfigurationError(
        f"{shown}: this URL cannot be read; write {scheme}://user:password@host:port/db, unix:///path, and percent-encode "
        "what is not a letter or digit in user and password (urllib.parse.quote(password, safe=''))"
    )


def _asked_for(url: str) -> Collection[str]:
    """Return the names of the options in a URL; none when it cannot be read."""
    with contextlib.suppress(ValueError):
        return parse_qs(urlsplit(url).query).keys()
    return ()


def _hidden(scheme: str) -> str:
    return f"{scheme}://…"


def _shown(scheme: str, url: str) -> str:
    """Return a URL's host, port and database; nothing of it where a special character may have moved its password there."""
    if scheme not in _PLAIN and scheme not in _CLUSTER:
        return "…"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return _hidden(scheme)
    if scheme == "unix":
        return f"unix://{parts.path}" if parts.path and "@" not in parts.path + parts.fragment else _hidden(scheme)
    if not host or not (parts.path.removeprefix("/") or "0").isdigit() or "@" in parts.query + parts.fragment:
        return _hidden(scheme)
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}{'' if port is None else f':{port}'}{parts.path}"


def _options(timeout: float) -> dict[str, Any]:
    # The same replies from every redis-py and server; the newer protocol has other ones.
    return {"socket_timeout": timeout, "socket_connect_timeout": timeout, "protocol": 2}


def _open(address: Address, timeout: float) -> Client:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    options = _options(timeout)
    if address.cluster:
        # Once more after the nodes were asked for anew, since one of them may have taken another's place.
        cluster: Any = redis.RedisCluster
        return cast("Client", cluster.from_url(address.url, retry=Retry(NoBackoff(), 1), **options))
    options = {"max_connections": MAX_CONNECTIONS, "timeout": timeout, "retry": Retry(NoBackoff(), 0), **options}
    pool: Any = redis.BlockingConnectionPool
    return cast("Client", redis.Redis.from_pool(pool.from_url(address.url, **options)))


def _open_async(address: Address, timeout: float) -> AsyncClient:
    import redis.asyncio
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    options = _options(timeout)
    if address.cluster:
        cluster: Any = redis.asyncio.RedisCluster
        # After so many commands that went to the wrong node it would close all connections, those in use among them; 0 is never. Slots
        # move, and tasks that begin before the nodes are known go to any of them.
        options = {"max_connections": 1024, "reinitialize_steps": 0, "retry": Retry(NoBackoff(), 1), **options}
        return cast("AsyncClient", cluster.from_url(address.url, **options))
    options = {"max_connections": MAX_CONNECTIONS, "timeout": timeout, "retry": Retry(NoBackoff(), 0), **options}
    pool: Any = redis.asyncio.BlockingConnectionPool
    return cast("AsyncClient", redis.asyncio.Redis.from_pool(pool.from_url(address.url, **options)))


async def _until_the_loop_ends(client: AsyncClient) -> AsyncGenerator[None]:
    """Close a client when it is closed itself, which an event loop does at its end with every generator that was begun in it."""
    try:
        yield
    finally:
        with contextlib.suppress(Exception):
            await client.aclose()
