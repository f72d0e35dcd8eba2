"""Values kept in a Redis or Valkey server, for many processes and machines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from taskroute.stores.checks import check_key, check_step, check_value, number_in, ttl_seconds
from taskroute.stores.redis_clients import Clients, parse
from taskroute.stores.redis_commands import SHARDS, Ask, Plain, Sized, Tally, check_prefix
from taskroute.stores.redis_nodes import reminding

T = TypeVar("T")
Bytes = bytes
"""The type, in a class whose method has its name."""

_PAGE: Final = 500
"""So many names are asked for, or checked, in one command."""


class RedisStore:
    """Keeps values in a Redis or Valkey server, which forgets each when its time is over. Safe to share between threads and event loops.

    The URL is one of `redis://user:password@host:port/db`, `rediss://…` (TLS), `unix:///path`, and for a cluster `redis+cluster://…` or
    `rediss+cluster://…`, which name any one of its nodes. Options of redis-py follow as a query, such as `?ssl_ca_certs=/path/ca.pem` or
    `?max_connections=200`. The URL is shown nowhere with its user, password or options; a pickle holds it whole.

    `size` is how many bytes of names and values are kept by all that use the server with the same `prefix` and `size`; what the server
    needs besides, some 500 bytes an entry and its name thrice, is not counted. The least frequently used go first. Names are spread over
    16 shards by a digest, each with a sixteenth of the size: a value larger than that is not kept, and puts an end to the one before it. Of
    each use, half is forgotten with every ten uses per entry of the shard (100 at least), so that favourites of long ago make room. Without
    `size` nothing is kept account of, and the server's own `maxmemory` is the limit. The same name with and without `size` is two values. A
    server that drops keys by itself (`maxmemory-policy allkeys-…`) may drop the books too; `verify(repair=True)` writes them anew.

    `timeout` is in seconds: for connecting, for each answer, and for a free connection. Nothing is sent twice: a command whose answer does
    not come raises redis-py's own errors (`redis.exceptions.RedisError`), and the next one connects anew. In a cluster one more try
    follows, so that a counter whose answer was lost may count twice, and one that cannot be reached raises `RedisClusterException`.
    """

    def __init__(self, url: str, *, size: int | None = None, prefix: str = "taskroute", timeout: float = 0.5) -> None:
        """Connects at the first use. Raises ConfigurationError when the URL cannot be read or the redis package is missing."""
        if size is not None and size < len(SHARDS):
            raise ValueError(f"a size of {size} bytes leaves nothing for any of the {len(SHARDS)} shards; give more, or None for no limit")
        if not timeout > 0:
            raise ValueError(f"a timeout of {timeout!r} is not possible; give a number of seconds above 0")
        check_prefix(prefix)
        address = parse(url)
        self._given = (url, size, prefix, timeout)
        self._shown = address.shown
        self._sized = None if size is None else Sized(prefix, size)
        self._plain = Plain(prefix)
        self._ask: Plain | Sized = self._sized or self._plain
        self._clients = Clients(address, timeout)

    def get(self, key: str) -> Bytes | None:
        """Return the value, or None when there is none or its time is over."""
        check_key(key)
        return self._do(self._ask.get(key))

    def put(self, key: str, value: Bytes, ttl: float | None = None) -> None:
        """Keep a value for `ttl` seconds, to the millisecond. One that was there is forgotten, and its time with it."""
        self._do(self._put(key, value, ttl))

    def delete(self, key: str) -> None:
        """Remove the value, if there is one."""
        check_key(key)
        self._do(self._ask.delete(key))

    def increment(self, key: str, by: int = 1, ttl: float | None = None) -> int:
        """Add to a counter and return what it came to. A new one begins at 0; `ttl` counts from its beginning.

        Raises ValueError when the value is no number, and redis-py's ResponseError beyond 64 bits.
        """
        ask = self._increment(key, by, ttl)
        with _counting(key):
            return self._do(ask)

    def compare_and_set(self, key: str, expected: Bytes | None, value: Bytes, ttl: float | None = None) -> bool:
        """Put the value if the present one is `expected` (None: if there is none); return whether it was."""
        return self._do(self._compare_and_set(key, expected, value, ttl))

    def lease(self, key: str, ttl: float) -> bool:
        """Return True to one asker for `ttl` seconds, or until the key is deleted; False to every other."""
        return self.compare_and_set(key, None, b"1", ttl)

    def scan(self, prefix: str) -> Iterator[str]:
        """Yield the names that begin with `prefix`, in no order, each once.

        Looks through all keys of the server, page by page. What comes or goes meanwhile may be among them or not.
        """
        check_key(prefix)
        self._clients.check_open()
        return self._scan(prefix)

    def close(self) -> None:
        """Close the connections. A closed store cannot be used again; closing it twice is no fault. What is kept in the server stays."""
        self._clients.close()

    async def aget(self, key: str) -> Bytes | None:
        check_key(key)
        return await self._ado(self._ask.get(key))

    async def aput(self, key: str, value: Bytes, ttl: float | None = None) -> None:
        await self._ado(self._put(key, value, ttl))

    async def adelete(self, key: str) -> None:
        check_key(key)
        await self._ado(self._ask.delete(key))

    async def aincrement(self, key: str, by: int = 1, ttl: float | None = None) -> int:
        ask = self._increment(key, by, ttl)
        with _counting(key):
            return await self._ado(ask)

    async def acompare_and_set(self, key: str, expected: Bytes | None, value: Bytes, ttl: float | None = None) -> bool:
        return await self._ado(self._compare_and_set(key, expected, value, ttl))

    async def alease(self, key: str, ttl: float) -> bool:
        return await self.acompare_and_set(key, None, b"1", ttl)

    async def ascan(self, prefix: str) -> AsyncIterator[str]:
        check_key(prefix)
        client = await self._clients.of_loop()
        seen: set[str] = set()
        with reminding(client):
            async for key in client.scan_iter(match=self._ask.pattern(prefix), count=_PAGE):
                name = self._ask.name(key)
                if name not in seen:
                    seen.add(name)
                    yield name

    async def aclose(self) -> None:
        await self._clients.aclose()

    def count(self) -> int:
        """Return how many values are kept. Without a size that takes a look through all keys of the server."""
        if self._sized is None:
            return sum(1 for _ in self.scan(""))
        return sum(self._tally(self._sized, shard).entries for shard in SHARDS)

    def bytes(self) -> int:
        """Return how many bytes the names and values come to. Without a size each of them is asked for."""
        if self._sized is None:
            return sum(self._do(self._plain.length(name)) for name in self.scan(""))
        return sum(self._tally(self._sized, shard).size for shard in SHARDS)

    def verify(self, repair: bool = False) -> list[str]:
        """Return what is wrong with the books of a sized store, in words, and mend it if asked to; without a size there are none.

        Others may go on meanwhile. The sums of a shard are compared in one step, which holds the server up for a moment.
        """
        sized = self._sized
        if sized is None:
            self._clients.check_open()
            return []
        found: list[str] = []
        for shard, names in self._names_by_shard(sized).items():
            for start in range(0, len(names), _PAGE):
                wrong = self._do(sized.check(shard, names[start : start + _PAGE], repair=repair))
                found += wrong
            wrong = self._do(sized.total(shard, repair=repair))
            found += wrong
        return found

    def __repr__(self) -> str:
        _, size, prefix, timeout = self._given
        return f"RedisStore({self._shown!r}, size={size!r}, prefix={prefix!r}, timeout={timeout!r})"

    def __getstate__(self) -> tuple[str, int | None, str, float]:
        return self._given

    def __setstate__(self, state: tuple[str, int | None, str, float]) -> None:
        url, size, prefix, timeout = state
        RedisStore.__init__(self, url, size=size, prefix=prefix, timeout=timeout)

    def _put(self, key: str, value: Bytes, ttl: float | None) -> Ask[None]:
        check_key(key)
        check_value("value", value)
        return self._ask.put(key, value, ttl_seconds(ttl))

    def _increment(self, key: str, by: int, ttl: float | None) -> Ask[int]:
        check_key(key)
        check_step(by)
        if not -(2**63) <= by < 2**63:
            raise ValueError(f"a counter in Redis goes up by a number of 64 bits, not by {by}; count in larger units")
        return self._ask.increment(key, by, ttl_seconds(ttl))

    def _compare_and_set(self, key: str, expected: Bytes | None, value: Bytes, ttl: float | None) -> Ask[bool]:
        check_key(key)
        check_value("value", value)
        if expected is not None:
            check_value("expected value", expected)
        return self._ask.compare_and_set(key, expected, value, ttl_seconds(ttl))

    def _do(self, ask: Ask[T]) -> T:
        client = self._clients.sync()
        with reminding(client):
            try:
                reply = client.execute_command(*ask.words)
            except Exception as error:
                if not _unknown_script(error):
                    raise
                reply = client.execute_command(*ask.in_full())
        return ask.read(reply)

    async def _ado(self, ask: Ask[T]) -> T:
        client = await self._clients.of_loop()
        with reminding(client):
            try:
                reply = await client.execute_command(*ask.words)
            except Exception as error:
                if not _unknown_script(error):
                    raise
                reply = await client.execute_command(*ask.in_full())
        return ask.read(reply)

    def _scan(self, prefix: str) -> Iterator[str]:
        client = self._clients.sync()
        seen: set[str] = set()
        with reminding(client):
            for key in client.scan_iter(match=self._ask.pattern(prefix), count=_PAGE):
                name = self._ask.name(key)
                if name not in seen:
                    seen.add(name)
                    yield name

    def _tally(self, sized: Sized, shard: str) -> Tally:
        tally = self._do(sized.tally(shard))
        while tally.more:
            tally = self._do(sized.tally(shard))
        return tally

    def _names_by_shard(self, sized: Sized) -> dict[str, list[str]]:
        """Return the names that are in the store or on the books of each shard."""
        names = {shard: set(self._on_the_books(sized, shard)) for shard in SHARDS}
        for name in self.scan(""):
            names[sized.shard(name)].add(name)
        return {shard: sorted(of_shard) for shard, of_shard in names.items()}

    def _on_the_books(self, sized: Sized, shard: str) -> Iterator[str]:
        for ask_from in sized.pages(shard):
            page = self._do(ask_from(0))
            yield from page.names
            while page.next:
                page = self._do(ask_from(page.next))
                yield from page.names


@contextmanager
def _counting(key: str) -> Generator[None]:
    """Say of a value that is no number what every store says."""
    try:
        yield
    except Exception as error:
        if "not an integer" in str(error):
            number_in(key, b"")
        raise


def _unknown_script(error: Exception) -> bool:
    from redis.exceptions import NoScriptError

    return isinstance(error, NoScriptError)
