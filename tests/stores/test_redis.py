"""What a Redis store does besides the contract: addresses and secrets, TLS, names and numbers."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
import redis.exceptions
import trustme

from taskroute.errors import ConfigurationError
from taskroute.stores.redis import RedisStore
from tests.stores.redis_server import RedisServer, Start, eventually


@pytest.fixture
def server(redis_server: RedisServer) -> RedisServer:
    redis_server.command("FLUSHALL")
    return redis_server


def works(store: RedisStore) -> bool:
    """Put and get a value, sync and async, and close the store."""

    async def there_and_back() -> bytes | None:
        await store.aput("async", b"value")
        return await store.aget("async")

    store.put("sync", b"value")
    answers = store.get("sync"), asyncio.run(there_and_back())
    store.close()
    return answers == (b"value", b"value")


# Addresses


def test_opening_waits_for_the_first_use() -> None:
    RedisStore("redis://127.0.0.1:1").close()


@pytest.mark.parametrize("url", ["", "localhost:6379", "http://localhost", "redis:/localhost", "secret@localhost"])
def test_an_url_of_something_else_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="begins with one of redis://, rediss://, unix://, redis\\+cluster://") as caught:
        RedisStore(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://user:se/cret@host:6379/0",
        "redis://user:se#cret@host:6379/0",
        "redis://user:12?cret@host:6379/0",
        "redis://user:12/34@host:6379/0",
        "redis://:secret@host:port/0",
        "redis://:secret@host:6379/zero",
        "redis://",
        "rediss+cluster://user:se/cret@host",
        "redis://:secret@host:6379?socket_timeout=soon",
    ],
)
def test_an_url_that_cannot_be_read_is_refused_and_nothing_of_it_shown(url: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read; write .*percent-encode") as caught:
        RedisStore(url)
    message = str(caught.value)
    assert not any(part in message for part in ("cret", "se/", "se#", "12", "34"))
    assert caught.value.__context__ is None


@pytest.mark.parametrize("option", ["decode_responses=true", "protocol=3", "retry_on_timeout=true"])
def test_what_would_change_the_replies_is_refused(option: str) -> None:
    with pytest.raises(ConfigurationError, match=f"redis://host: the store decides on '{option.partition('=')[0]}' itself"):
        RedisStore(f"redis://:secret@host?{option}")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://user:secret@host:6379/2?password=secret", "redis://host:6379/2"),
        ("rediss://:secret@host", "rediss://host"),
        ("redis://[::1]:6379", "redis://[::1]:6379"),
        ("redis+cluster://user:secret@host:7000", "redis+cluster://host:7000"),
        ("unix://user:secret@/run/redis.sock?db=1", "unix:///run/redis.sock"),
    ],
)
def test_secrets_of_the_url_are_not_shown(url: str, shown: str) -> None:
    store = RedisStore(url)
    assert repr(store) == f"RedisStore('{shown}', size=None, prefix='taskroute', timeout=0.5)"
    assert "secret" not in repr(vars(store)["_clients"])


@pytest.mark.parametrize("prefix", ["", "a::b", ":a", "a:", "a{b}", "a*", "a b"])
def test_a_prefix_that_could_meet_another_is_refused(prefix: str) -> None:
    with pytest.raises(ValueError, match=r"the prefix .* is not possible; write letters"):
        RedisStore("redis://host", prefix=prefix)


def test_a_size_or_timeout_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="a size of 15 bytes leaves nothing"):
        RedisStore("redis://host", size=15)
    with pytest.raises(ValueError, match="a timeout of 0 is not possible"):
        RedisStore("redis://host", timeout=0)


def test_without_the_package_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['redis'] = None\n"
        "from taskroute.stores.redis import RedisStore\n"
        "try: RedisStore('redis://host')\n"
        "except ValueError as error: print(type(error).__name__, error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "ConfigurationError a store in Redis or Valkey needs the redis package: pip install 'taskroute[redis]'\n"


def test_importing_it_does_not_load_the_package() -> None:
    code = "import sys, taskroute.stores.redis; sys.exit('redis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Ways to a server


def test_databases_of_one_server_are_apart(server: RedisServer) -> None:
    first, second = RedisStore(f"{server.url}/0", timeout=30), RedisStore(f"{server.url}/1", timeout=30)
    first.put("key", b"first")
    assert second.get("key") is None
    first.close()
    second.close()


@pytest.mark.block_network(allowed_hosts=[r"127\.0\.0\.1", "/.*/socket"])
def test_a_unix_socket_will_do(start_redis: Start, tmp_path: Path) -> None:
    start_redis("--unixsocket", f"{tmp_path}/socket")
    assert works(RedisStore(f"unix://{tmp_path}/socket", timeout=30))


def test_a_password_lets_in(start_redis: Start) -> None:
    password = "p@ss/word:?#%"
    server = start_redis("--requirepass", password)
    assert works(RedisStore(f"redis://:{quote(password, safe='')}@127.0.0.1:{server.port}", timeout=30))
    for url in (server.url, f"redis://:wrong-secret@127.0.0.1:{server.port}"):
        store = RedisStore(url, timeout=30)
        with pytest.raises(redis.exceptions.AuthenticationError) as caught:
            store.get("key")
        assert "wrong-secret" not in str(caught.value)
        with pytest.raises(redis.exceptions.AuthenticationError):
            asyncio.run(store.aget("key"))
        store.close()


@pytest.mark.parametrize("size", [None, 1_000_000])
def test_a_user_needs_no_more_than_the_prefix_and_some_commands(start_redis: Start, size: int | None) -> None:
    server = start_redis()
    server.command("ACL", "SETUSER", "router", "on", ">secret", "~taskroute:*", "+@read", "+@write", "+@scripting", "+@connection", "+time")
    assert works(RedisStore(f"redis://router:secret@127.0.0.1:{server.port}", size=size, timeout=30))
    store = RedisStore(f"redis://router:secret@127.0.0.1:{server.port}", size=size, prefix="other", timeout=30)
    with pytest.raises(redis.exceptions.NoPermissionError):
        store.put("key", b"value")
    store.close()


def test_tls_needs_the_servers_authority(start_redis: Start, tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    files = ("--tls-cert-file", f"{tmp_path}/cert.pem", "--tls-key-file", f"{tmp_path}/key.pem", "--tls-ca-cert-file", f"{tmp_path}/ca.pem")
    server = start_redis(*files, "--tls-auth-clients", "no", tls=True)
    url = f"rediss://127.0.0.1:{server.port}"
    assert works(RedisStore(f"{url}?ssl_ca_certs={tmp_path}/ca.pem", timeout=30))
    for wrong in (url, server.url):
        store = RedisStore(wrong, timeout=30)
        with pytest.raises(redis.exceptions.ConnectionError):
            store.get("key")
        with pytest.raises(redis.exceptions.ConnectionError):
            asyncio.run(store.aget("key"))
        store.close()


# Names


def test_stores_of_other_prefixes_hold_other_values(server: RedisServer) -> None:
    stores = [RedisStore(server.url, prefix=prefix, size=size, timeout=30) for prefix in ("a", "a:b", "ab") for size in (None, 1_000_000)]
    for number, store in enumerate(stores):
        store.put("b::key", b"%d" % number)
    assert [store.get("b::key") for store in stores] == [b"0", b"1", b"2", b"3", b"4", b"5"]
    assert [list(store.scan("")) for store in stores] == [["b::key"]] * 6
    for store in stores:
        store.close()


@pytest.mark.parametrize("size", [None, 1_000_000])
def test_names_come_back_from_a_scan_as_they_were(server: RedisServer, size: int | None) -> None:
    store = RedisStore(server.url, size=size, timeout=30)
    names = {"", "{a}", "}:e:", "\udcff", "\0", "é", *(f"{number}:{{x}}:e:" for number in range(2000))}
    for name in names:
        store.put(name, b"")
    found = list(store.scan(""))
    assert (len(found), set(found)) == (len(names), names)
    store.close()


# Numbers


def test_times_may_be_parts_of_a_millisecond_or_longer_than_the_server_knows(server: RedisServer) -> None:
    store = RedisStore(server.url, timeout=30)
    store.put("short", b"", 1e-9)
    store.put("long", b"", 1e300)
    assert eventually(lambda: store.get("short") is None)
    assert store.get("long") == b""
    store.close()


@pytest.mark.parametrize("size", [None, 1_000_000])
def test_a_counter_is_exact_up_to_64_bits_and_refuses_more(server: RedisServer, size: int | None) -> None:
    store = RedisStore(server.url, size=size, timeout=30)
    assert store.increment("n", 2**63 - 2, 60) == 2**63 - 2
    assert store.increment("n", 1, 60) == 2**63 - 1
    with pytest.raises(redis.exceptions.ResponseError, match="overflow"):
        store.increment("n", 1, 60)
    with pytest.raises(ValueError, match="a number of 64 bits"):
        store.increment("n", 2**63)
    assert store.get("n") == b"9223372036854775807"
    assert store.verify() == []
    store.close()
