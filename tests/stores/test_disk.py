"""The store on disk: the contract of all stores, and what is its own."""

from __future__ import annotations

import asyncio
import os
import pickle
import shutil
import sqlite3
import stat
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from blockbuster import blockbuster_ctx

from taskroute.errors import ConfigurationError
from taskroute.ports import Store
from taskroute.stores.disk import DiskStore
from taskroute.testing import FakeClock

from .contract import LimitedStoreContract


class TestDiskStore(LimitedStoreContract):
    examples = 30

    @pytest.fixture(autouse=True)
    def places(self) -> Iterator[None]:
        with TemporaryDirectory() as directory:
            self.directory = Path(directory)
            self.made = 0
            yield

    def make(self, clock: FakeClock) -> Store:
        return self.make_limited(clock, None)

    def make_limited(self, clock: FakeClock, size: int | None) -> Store:
        self.made += 1
        return DiskStore(self.directory / str(self.made), clock=clock, size=size, timeout=60)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DiskStore]:
    with closing(DiskStore(tmp_path / "cache", timeout=60)) as made:
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "cache.db"


def names(store: DiskStore) -> list[str]:
    return sorted(store.scan(""))


# What is kept, and for how long


def test_values_outlive_the_store_and_its_clock_may_be_any(tmp_path: Path) -> None:
    clock = FakeClock()
    with closing(DiskStore(tmp_path, clock=clock)) as first:
        first.put("kept", b"value", 3600)
        first.put("short", b"value", 60)
    clock.advance(61)
    with closing(DiskStore(tmp_path, clock=clock)) as second:
        assert (second.get("kept"), second.get("short"), names(second), second.count()) == (b"value", None, ["kept"], 1)


def test_two_stores_of_one_directory_are_one(tmp_path: Path) -> None:
    with closing(DiskStore(tmp_path)) as one, closing(DiskStore(tmp_path)) as other:
        one.put("key", b"value")
        assert other.get("key") == b"value"
        assert other.compare_and_set("key", b"value", b"new")
        assert one.get("key") == b"new"


def test_what_has_expired_leaves_the_database_with_later_puts(tmp_path: Path) -> None:
    clock = FakeClock()
    with closing(DiskStore(tmp_path, clock=clock)) as store:
        for number in range(20):
            store.put(f"old:{number}", bytes(50_000), 60)
        before = store.bytes()
        clock.advance(61)
        store.put("new:1", b"")
        store.put("new:2", b"")
        assert store.bytes() < before / 5


def test_it_says_how_many_entries_and_bytes_it_has(store: DiskStore) -> None:
    store.put("key", bytes(300_000))
    store.put("other", b"")
    assert store.count() == 2
    assert 300_000 < store.bytes() < 500_000


def test_small_entries_fill_most_of_its_size(tmp_path: Path) -> None:
    with closing(DiskStore(tmp_path, size=1_000_000)) as store:
        for number in range(3000):
            store.put(f"key:{number}", bytes(1000))
            assert store.get(f"key:{number}") == bytes(1000)
        assert 600 < store.count() < 1000
        assert store.bytes() <= 1_000_000
    assert (tmp_path / "cache.db").stat().st_size <= 1_000_000


def test_uses_are_written_with_the_next_value_and_when_it_closes(tmp_path: Path) -> None:
    """So that what one process reads often is not dropped by another that only writes."""
    with closing(DiskStore(tmp_path, size=1_000_000)) as reader:
        for number in range(10):
            reader.put(f"often:{number}", bytes(20_000))
        for _ in range(3):
            for number in range(10):
                reader.get(f"often:{number}")
    with closing(DiskStore(tmp_path, size=1_000_000)) as writer:
        for number in range(100):
            writer.put(f"once:{number}", bytes(20_000))
        assert len(list(writer.scan("often:"))) == 10


def test_a_store_that_is_only_read_writes_its_uses_too(tmp_path: Path) -> None:
    with closing(DiskStore(tmp_path, size=1_000_000)) as store, closing(DiskStore(tmp_path, size=1_000_000)) as writer:
        for number in range(10):
            store.put(f"often:{number}", bytes(20_000))
        for round_ in range(60):
            for number in range(10):
                assert store.get(f"often:{number}") is not None, round_
        for number in range(100):
            writer.put(f"once:{number}", bytes(20_000))
        assert len(list(writer.scan("often:"))) == 10


@pytest.mark.parametrize("size", [0, -1, 1000])
def test_it_needs_room_for_its_own_tables(tmp_path: Path, size: int) -> None:
    with pytest.raises(ValueError, match=f"size is {size}; a store on disk needs room for at least 200000 bytes"):
        DiskStore(tmp_path, size=size)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf")])
def test_a_timeout_must_be_a_number_of_seconds(tmp_path: Path, timeout: float) -> None:
    with pytest.raises(ValueError, match="timeout is .*; give a number of seconds above 0"):
        DiskStore(tmp_path, timeout=timeout)


# Where it is kept


def test_nothing_is_made_before_the_first_use(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "above" / "cache")
    assert list(tmp_path.iterdir()) == []
    store.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
def test_what_it_makes_is_for_this_user_alone(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        with closing(DiskStore(tmp_path / "above" / "cache")) as store:
            store.put("key", bytes(2_000_000))
            made = list(tmp_path.rglob("*"))
            assert {path.name for path in made} >= {"above", "cache", "cache.db", "cache.db-wal", "cache.db-shm"}
            assert {stat.S_IMODE(path.stat().st_mode) for path in made if path.is_dir()} == {0o700}
            assert {stat.S_IMODE(path.stat().st_mode) for path in made if path.is_file()} == {0o600}
    finally:
        os.umask(umask)


@pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_a_directory_that_everybody_may_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    shared = tmp_path / "shared"
    late = DiskStore(shared)
    shared.mkdir()
    shared.chmod(mode)
    for use in (lambda: DiskStore(shared), lambda: late.get("key")):
        with pytest.raises(ConfigurationError, match="everybody may write to .*; name a directory inside it, such as .*taskroute"):
            use()
    assert list(shared.iterdir()) == []
    late.close()


@pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
def test_of_a_directory_that_a_group_may_write_to_it_warns(tmp_path: Path) -> None:
    tmp_path.chmod(0o770)
    with pytest.warns(RuntimeWarning, match="a group may write to"):
        DiskStore(tmp_path).close()


def test_a_path_that_names_a_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMEWHERE", "/there")
    with pytest.raises(ConfigurationError, match="names a variable; write out what it stands for"):
        DiskStore("$SOMEWHERE/cache")


def test_a_relative_path_stays_where_it_was_when_the_process_goes_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(DiskStore("cache")) as store:
        store.put("key", b"value")
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        assert store.get("key") == b"value"


def test_without_diskcache_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("diskcache", "taskroute.stores.entries", "taskroute.stores.layout"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "diskcache", None)
    with pytest.raises(ConfigurationError, match=r"needs the diskcache package: pip install 'taskroute\[disk\]'"):
        DiskStore(tmp_path)


# Faults


@pytest.mark.filterwarnings("ignore:the database in")
@pytest.mark.parametrize("garbage", [b"no database", b"SQLite format 3\0" + bytes(5000), os.urandom(20_000)])
def test_a_file_that_is_no_database_is_moved_away(store: DiskStore, file: Path, garbage: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(garbage)
    store.put("key", b"value")
    assert store.get("key") == b"value"
    assert (file.parent / "cache.db.broken").read_bytes() == garbage
    assert store.verify() == []


@pytest.mark.filterwarnings("ignore:the database in")
def test_a_database_that_is_overwritten_while_it_is_open_is_moved_away(store: DiskStore, file: Path, tmp_path: Path) -> None:
    store.put("key", b"value")
    replacement = tmp_path / "replacement"
    replacement.write_bytes(b"no database at all")
    replacement.replace(file)
    assert store.get("key") is None
    store.put("key", b"new")
    assert store.get("key") == b"new"


def test_a_broken_database_costs_one_warning(store: DiskStore, file: Path) -> None:
    file.parent.mkdir()
    for number in range(2):
        file.write_bytes(b"no database")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            store.put("key", b"value")
        assert len(caught) == (0 if number else 1)


def test_a_directory_that_vanished_is_made_again(store: DiskStore, file: Path) -> None:
    store.put("key", b"value")
    shutil.rmtree(file.parent)
    assert store.get("key") is None
    store.put("key", b"new")
    assert (store.get("key"), names(store), store.verify()) == (b"new", ["key"], [])


def test_a_database_that_was_deleted_alone_begins_anew(store: DiskStore, file: Path) -> None:
    store.put("key", bytes(100_000))
    file.unlink()
    assert store.get("key") is None
    store.put("other", b"value")
    assert (names(store), store.verify()) == (["other"], [])


def test_where_there_can_be_no_directory_it_raises(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with closing(DiskStore(tmp_path / "file" / "cache")) as store:
        for use in (lambda: store.get("key"), lambda: store.put("key", b""), lambda: list(store.scan(""))):
            with pytest.raises(OSError):
                use()


def test_when_others_write_for_too_long_a_put_gives_up_and_a_get_does_not(tmp_path: Path) -> None:
    with (
        closing(DiskStore(tmp_path, timeout=0.05)) as store,
        closing(sqlite3.connect(tmp_path / "cache.db", isolation_level=None)) as other,
    ):
        store.put("key", b"value")
        other.execute("BEGIN IMMEDIATE")
        for use in (lambda: store.put("key", b"new"), lambda: store.increment("n"), lambda: store.lease("turn", 60)):
            with pytest.raises(TimeoutError, match="others wrote to .* for longer than 0.05 s"):
                use()
        assert store.get("key") == b"value"
        other.execute("ROLLBACK")
        store.put("key", b"new")
        assert store.get("key") == b"new"


def test_a_thread_waits_no_longer_for_its_turn_either(tmp_path: Path) -> None:
    """What holds the database up holds up each of many threads for that long, not each after the other."""
    errors: list[Exception] = []

    def put() -> None:
        try:
            store.put("key", b"new")
        except TimeoutError as error:
            errors.append(error)

    with closing(DiskStore(tmp_path, timeout=0.1)) as store, closing(sqlite3.connect(tmp_path / "cache.db", isolation_level=None)) as other:
        store.put("key", b"value")
        other.execute("BEGIN IMMEDIATE")
        threads = [threading.Thread(target=put) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(errors) == 4


# Closing, threads and tasks


def test_a_closed_store_says_so_and_keeps_its_values(tmp_path: Path) -> None:
    store = DiskStore(tmp_path)
    store.put("key", b"value")
    store.close()
    store.close()
    uses: list[Callable[[], Any]] = [
        lambda: store.get("key"),
        lambda: store.put("key", b""),
        lambda: store.delete("key"),
        lambda: store.increment("key"),
        lambda: store.compare_and_set("key", None, b""),
        lambda: store.lease("key", 1),
        lambda: store.scan(""),
        store.count,
        store.bytes,
        store.verify,
    ]
    for use in uses:
        with pytest.raises(RuntimeError, match="this store was closed; build a new DiskStore"):
            use()
    with closing(DiskStore(tmp_path)) as again:
        assert again.get("key") == b"value"


async def test_it_can_be_closed_from_async_code_while_it_is_used(tmp_path: Path) -> None:
    store = DiskStore(tmp_path, timeout=60)
    work = [asyncio.ensure_future(store.aput(f"key:{number}", bytes(10_000))) for number in range(20)]
    await asyncio.sleep(0)
    await store.aclose()
    done = await asyncio.gather(*work, return_exceptions=True)
    assert all(one is None or isinstance(one, RuntimeError) for one in done)
    with pytest.raises(RuntimeError, match="this store was closed"):
        await store.aget("key:1")
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("taskroute disk")]


def test_threads_that_end_leave_no_connections_behind(store: DiskStore, file: Path) -> None:
    store.put("key", b"value")
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("this system does not list open files")

    def opened() -> int:
        return sum(os.path.realpath(link).startswith(str(file.resolve())) for link in descriptors.iterdir())

    for _ in range(50):
        thread = threading.Thread(target=store.get, args=("key",))
        thread.start()
        thread.join()
    assert opened() <= 6
    store.close()
    assert opened() == 0


async def test_no_async_method_blocks_the_event_loop(tmp_path: Path) -> None:
    store = DiskStore(tmp_path / "cache", size=2_000_000, timeout=60)
    with blockbuster_ctx():
        for number in range(30):
            await store.aput(f"key:{number}", bytes(100_000), 60)
        assert await store.aget("key:29") == bytes(100_000)
        assert await store.aincrement("n") == 1
        assert await store.acompare_and_set("n", b"1", b"2")
        assert await store.alease("turn", 60)
        assert "n" in [name async for name in store.ascan("")]
        await store.adelete("n")
        await store.aclose()


async def test_the_loop_runs_on_while_the_database_is_held_up(tmp_path: Path) -> None:
    with closing(DiskStore(tmp_path, timeout=60)) as store, closing(sqlite3.connect(tmp_path / "cache.db", isolation_level=None)) as other:
        store.put("key", b"old")
        other.execute("BEGIN IMMEDIATE")
        put = asyncio.create_task(store.aput("key", b"new"))
        for _ in range(3):
            await asyncio.sleep(0.01)
        assert not put.done()
        other.execute("ROLLBACK")
        await put
        assert await store.aget("key") == b"new"


async def test_giving_up_waiting_leaves_nothing_broken(tmp_path: Path) -> None:
    with closing(DiskStore(tmp_path, timeout=60)) as store, closing(sqlite3.connect(tmp_path / "cache.db", isolation_level=None)) as other:
        store.put("key", b"old")
        other.execute("BEGIN IMMEDIATE")
        tasks = [asyncio.create_task(store.aput("key", b"%d" % number)) for number in range(10)]
        await asyncio.sleep(0.02)
        for task in tasks:
            task.cancel()
        assert all(isinstance(one, asyncio.CancelledError) for one in await asyncio.gather(*tasks, return_exceptions=True))
        other.execute("ROLLBACK")
        await store.aput("key", b"new")
        assert await store.aget("other") is None
        assert (store.increment("n"), store.verify()) == (1, [])


async def test_an_async_scan_checks_its_prefix(store: DiskStore) -> None:
    prefix: Any = b"key"
    with pytest.raises(TypeError, match="a name in a store is a str"):
        _ = [name async for name in store.ascan(prefix)]


def test_a_pickled_store_opens_the_same_directory(tmp_path: Path) -> None:
    with closing(DiskStore(tmp_path, clock=FakeClock(), size=1_000_000, timeout=5)) as store:
        store.put("key", b"value", 60)
        with closing(pickle.loads(pickle.dumps(store))) as copy:
            assert copy.get("key") == b"value"
            copy.put("key", b"new")
        assert store.get("key") == b"new"


def test_a_store_that_is_forgotten_closes_its_connections(tmp_path: Path) -> None:
    """pytest fails when a connection is left to the collector, on Pythons that tell."""
    DiskStore(tmp_path).put("key", b"value")


def test_a_call_of_the_store_in_the_middle_of_another_does_not_lock_up(tmp_path: Path) -> None:
    class Clock(FakeClock):
        """Asks the store where the collector might close a forgotten stream, and with it a call: in the middle of anything."""

        inside = False

        def time(self) -> float:
            if not self.inside:
                self.inside = True
                store.put("other", b"1")
                self.inside = False
            return super().time()

    with closing(DiskStore(tmp_path, clock=Clock())) as store:
        store.put("key", b"2")
        assert (store.get("key"), store.get("other")) == (b"2", b"1")


# verify


def test_it_names_what_is_wrong_and_removes_it(store: DiskStore, file: Path) -> None:
    for name in ("good", "changed", "swapped", "until", "pickled"):
        store.put(name, name.encode(), 3600)
    with closing(sqlite3.connect(file, isolation_level=None)) as plain:
        (value,) = plain.execute("SELECT value FROM Cache WHERE key = 'changed'").fetchone()
        plain.execute("UPDATE Cache SET value = ? WHERE key = 'changed'", (value[:-1] + b"X",))
        plain.execute("UPDATE Cache SET value = (SELECT value FROM Cache WHERE key = 'good') WHERE key = 'swapped'")
        plain.execute("UPDATE Cache SET expire_time = expire_time + 1 WHERE key = 'until'")
        plain.execute("UPDATE Cache SET mode = 4 WHERE key = 'pickled'")
        plain.execute("INSERT INTO Cache(key, raw, mode, value) VALUES (?, 0, 1, ?)", (b"\x80\x04N.", b"value"))
        plain.execute("UPDATE Settings SET value = 99 WHERE key = 'count'")
    found = store.verify()
    assert len(found) == 6
    for name in ("changed", "swapped", "until", "pickled"):
        assert sum(f"the entry {name!r} is not usable" in sentence for sentence in found) == 1
    assert sum("its name is not text" in sentence for sentence in found) == 1
    assert found[-1] == "the count of all entries is noted as 99, and is 6"
    assert len(store.verify(repair=True)) >= 5
    assert store.verify(repair=True) == store.verify() == []
    assert names(store) == ["good"]


def test_a_damaged_value_is_no_value_and_costs_one_warning(store: DiskStore, file: Path) -> None:
    for name in ("one", "two", "good"):
        store.put(name, b"value")
    with closing(sqlite3.connect(file, isolation_level=None)) as plain:
        plain.execute("UPDATE Cache SET value = (SELECT value FROM Cache WHERE key = 'good') WHERE key != 'good'")
    with pytest.warns(RuntimeWarning, match="the entry 'one' in .* was dropped: its digest is wrong"):
        assert store.get("one") is None
    assert (store.get("two"), names(store), store.get("good")) == (None, ["good"], b"value")


def test_verify_tells_of_a_file_that_is_no_database_and_leaves_it(store: DiskStore, file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"no database at all")
    assert store.verify() == ["the database cannot be read: file is not a database"]
    assert file.read_bytes() == b"no database at all"
    assert store.verify(repair=True) == ["the database cannot be read: file is not a database"]
    assert store.verify() == []


def test_verify_leaves_other_files_in_the_directory_alone(store: DiskStore, file: Path) -> None:
    store.put("key", b"value")
    beside = file.parent / "notes.txt"
    beside.write_text("mine")
    (file.parent / "empty").mkdir()
    assert store.verify(repair=True) == []
    assert beside.read_text() == "mine"
    assert (file.parent / "empty").is_dir()
