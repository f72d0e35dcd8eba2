"""What is planted in the database of a store on disk is never executed (CVE-2025-69872), and the store goes on working."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import diskcache
import pytest

from taskroute.stores.disk import DiskStore
from taskroute.stores.entries import PAGE
from taskroute.stores.layout import BytesDisk, Refused

pytestmark = pytest.mark.filterwarnings("ignore:the entry")


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.marker,)


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "marker"


@pytest.fixture
def payload(marker: Path) -> bytes:
    return pickle.dumps(Payload(marker))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def planted(directory: Path, tmp_path: Path, payload: bytes) -> None:
    """Every row that diskcache would unpickle, or follow to a file, beside one that is good."""
    with closing(DiskStore(directory)) as store:
        store.put("good", b"value")
    (directory / "payload.val").write_bytes(payload)
    (tmp_path / "victim").write_text("mine")
    rows: list[tuple[Any, int, int, str | None, Any]] = [
        ("pickled value", 1, 4, None, payload),
        ("pickled file", 1, 4, "payload.val", None),
        ("text file", 1, 3, "payload.val", None),
        ("file elsewhere", 1, 2, "../victim", None),
        ("text", 1, 1, None, "text"),
        ("number", 1, 1, None, 7),
        ("nothing", 1, 0, None, None),
        (payload, 0, 1, None, b"pickled name"),
        (payload + b" ", 0, 4, None, payload),
        (b"name of bytes", 1, 1, None, b"value"),
        (17, 1, 1, None, b"value"),
        (None, 1, 1, None, b"value"),
    ]
    with closing(sqlite3.connect(directory / "cache.db", isolation_level=None)) as plain:
        plain.executemany(
            "INSERT INTO Cache(key, raw, mode, filename, value, access_count, expire_time) VALUES (?, ?, ?, ?, ?, 0, NULL)", rows
        )
        plain.execute("INSERT INTO Cache(key, raw, mode, value) VALUES (CAST(x'ff' AS TEXT), 1, 1, x'00')")


@pytest.fixture
def store(directory: Path, planted: None) -> Iterator[DiskStore]:
    with closing(DiskStore(directory, size=1_000_000)) as made:
        yield made


NAMES = ["pickled value", "pickled file", "text file", "file elsewhere", "text", "number", "nothing"]


def test_plain_diskcache_does_execute_it(directory: Path, planted: None, marker: Path) -> None:
    with diskcache.Cache(str(directory)) as cache:
        cache.get("pickled value")
    assert marker.exists()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_planted_under_a_name_is_no_value(store: DiskStore, marker: Path, name: str) -> None:
    assert store.get(name) is None
    assert name not in list(store.scan(""))
    store.put(name, b"new")
    assert store.get(name) == b"new"
    assert not marker.exists()


@pytest.mark.parametrize("name", NAMES)
def test_nor_is_it_for_what_reads_and_writes_at_once(store: DiskStore, marker: Path, name: str) -> None:
    assert store.increment(name) == 1
    store.delete(name)
    assert store.lease(name, 60)
    assert not marker.exists()


@pytest.mark.parametrize("name", NAMES)
def test_nor_does_comparing_or_deleting_execute_it(store: DiskStore, marker: Path, name: str) -> None:
    assert not store.compare_and_set(name, b"7", b"new")
    assert store.compare_and_set(name, None, b"new")
    store.delete(name)
    assert store.get(name) is None
    assert not marker.exists()


def test_a_scan_passes_over_names_that_are_no_text(store: DiskStore, marker: Path, payload: bytes) -> None:
    found = list(store.scan(""))
    assert "good" in found
    assert all(isinstance(name, str) for name in found)
    assert [name for name in found if payload.decode("latin-1") in name] == []
    assert list(store.scan("goo")) == ["good"]
    assert not marker.exists()


async def test_names_that_are_not_utf8_are_passed_over_wherever_they_are(directory: Path) -> None:
    with closing(DiskStore(directory)) as store:
        for name in ("a", "b", "n:first", "n:last", "o"):
            store.put(name, b"value")
        with closing(sqlite3.connect(directory / "cache.db", isolation_level=None)) as plain:
            rows = [(b"n:k\xff%04d" % number,) for number in range(PAGE)]
            sealed = "SELECT CAST(? AS TEXT), 1, 1, value FROM Cache WHERE key = 'a'"
            plain.execute("BEGIN")
            plain.executemany(f"INSERT INTO Cache(key, raw, mode, value) {sealed}", rows)
            plain.execute("COMMIT")
        assert list(store.scan("")) == [name async for name in store.ascan("")] == ["a", "b", "n:first", "n:last", "o"]
        assert list(store.scan("n:")) == ["n:first", "n:last"]
        found = store.verify()
        assert len(found) == PAGE
        assert all("its name is not text" in sentence for sentence in found)
        store.verify(repair=True)
        assert (store.verify(), store.count()) == ([], 5)


def test_planted_triggers_are_dropped(directory: Path) -> None:
    with closing(DiskStore(directory)) as store:
        store.put("good", b"value")
    with closing(sqlite3.connect(directory / "cache.db", isolation_level=None)) as plain:
        plain.execute('CREATE TRIGGER "a ""quoted"" one" AFTER INSERT ON Cache BEGIN DELETE FROM Cache; END')
    with closing(DiskStore(directory)) as store:
        store.put("new", b"value")
        assert sorted(store.scan("")) == ["good", "new"]


async def test_nor_does_an_async_scan_execute_them(store: DiskStore, marker: Path) -> None:
    assert "good" in [name async for name in store.ascan("")]
    assert not marker.exists()


def test_making_room_drops_them_unread_and_follows_no_file_name(store: DiskStore, marker: Path, tmp_path: Path) -> None:
    for number in range(60):
        store.put(f"new:{number}", bytes(50_000))
    assert (tmp_path / "victim").read_text() == "mine"
    assert (store.bytes() <= 1_000_000, marker.exists()) == (True, False)


def test_verify_finds_and_removes_them_unread(store: DiskStore, marker: Path, tmp_path: Path) -> None:
    assert len(store.verify()) == 13
    store.verify(repair=True)
    assert store.verify() == []
    assert list(store.scan("")) == ["good"]
    assert (tmp_path / "victim").read_text() == "mine"
    assert not marker.exists()


def test_diskcaches_own_methods_do_not_execute_them_through_our_disk(directory: Path, planted: None, marker: Path) -> None:
    with closing(sqlite3.connect(directory / "cache.db", isolation_level=None)) as plain:
        # This one alone stops diskcache before it reads any other.
        plain.execute("DELETE FROM Cache WHERE key = CAST(x'ff' AS TEXT)")
    with diskcache.Cache(str(directory), disk=BytesDisk) as cache:
        for name in NAMES[:-1]:
            with pytest.raises(Refused):
                cache.get(name)
            with pytest.raises(Refused):
                cache.pop(name)
        for iterate in (cache.iterkeys, cache.__iter__, cache.__reversed__, cache.peekitem):
            with pytest.raises(Refused):
                list(iterate())
        with pytest.raises(Refused):
            cache.set("key", Payload(marker), read=True)
        with pytest.raises(TypeError):
            cache.set("key", Payload(marker))
        with pytest.raises(TypeError):
            cache.set(Payload(marker), b"value")
        cache.clear()
    assert not marker.exists()


def test_settings_are_not_taken_from_the_database(directory: Path, tmp_path: Path, planted: None) -> None:
    evil = {
        "get": 1,
        "_sql": 1,
        "disk_pickle": 1,
        "sqlite_journal_mode": "off",
        "sqlite_user_version": 77,
        "disk_min_file_size": 0,
        "eviction_policy": "none such",
        "directory": str(tmp_path),
    }
    with closing(sqlite3.connect(directory / "cache.db", isolation_level=None)) as plain:
        plain.executemany("INSERT OR REPLACE INTO Settings VALUES (?, ?)", list(evil.items()))
    with closing(DiskStore(directory)) as store:
        store.put("key", bytes(100_000))
        assert (store.get("key"), store.get("good")) == (bytes(100_000), b"value")
    with closing(sqlite3.connect(directory / "cache.db")) as plain:
        settings = dict(plain.execute("SELECT key, value FROM Settings"))
        assert plain.execute("PRAGMA user_version").fetchone() == (0,)
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert settings["eviction_policy"] == "none"
    assert not {"get", "_sql", "disk_pickle", "sqlite_user_version", "directory"} & set(settings)
