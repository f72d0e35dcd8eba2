"""The store on disk: the contract of all stores, and what is its own."""

from __future__ import annotations

import asyncio
import os
import pickle
import sqlite3
import stat
import sys
import threading
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


def test_a_value_that_cannot_fit_costs_no_other_its_place(tmp_path: Path) -> None:
    with closing(DiskStore(tmp_path, size=1_000_000)) as store:
        for number in range(10):
            store.put(f"key:{number}", bytes(50_000))
        for large in (2_000_000, 1_000_000, 990_000, 950_000):
            store.put("large", b"")
            store.put("large", bytes(large))
            assert (store.get("large"), store.count()) == (None, 10)
        store.put("large", bytes(880_000))
        assert store.get("large") == bytes(880_000)
        assert store.bytes() <= 1_000_000


def test_a_long_name_counts_too(tmp_path: Path) -> None:
    with closing(DiskStore(tmp_path, size=1_000_000)) as store:
        store.put("key", b"value")
        store.put("é" * 240_000, b"value")
        assert names(store) == ["key"]


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
@pytest.mark.parametrize(
    ("mode", "cure"), [(0o777, "run chmod o-w on it"), (0o1777, "name a directory inside it, such as .*taskroute', or run chmod")]
)
def test_a_directory_that_everybody_may_write_to_is_refused(tmp_path: Path, mode: int, cure: str) -> None:
    shared = tmp_path / "shared"
    late = DiskStore(shared)
    shared.mkdir()
    shared.chmod(mode)
    for use in (lambda: DiskStore(shared), lambda: late.get("key")):
        with pytest.raises(ConfigurationError, match=f"everybody may write to .*shared', and so put answers into the store; {cure}"):
            use()
    assert list(shared.iterdir()) == []
    late.close()


@pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
@pytest.mark.parametrize("below", ["cache", "above/cache"])
def test_of_one_that_everybody_may_replace_it_warns(tmp_path: Path, below: str) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    link = tmp_path / "link"
    link.symlink_to(shared / below)
    with pytest.warns(RuntimeWarning, match="everybody may write to .*shared', and so replace .*, which is below it; run chmod o-w"):
        DiskStore(link).close()
    # Once: what is usual in a container is not said with every store.
    with closing(DiskStore(shared / below)) as store:
        store.put("key", b"value")
        assert store.get("key") == b"value"


@pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
def test_the_sticky_bit_keeps_others_from_replacing_it(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    with closing(DiskStore(shared / "cache")) as store:
        store.put("key", b"value")
        assert store.get("key") == b"value"


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root gives a directory away")
def test_one_of_another_user_is_refused_but_for_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, 12345, 12345)
    DiskStore(theirs).close()
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    with pytest.raises(ConfigurationError, match="theirs' belongs to the user 12345, who may change what the store keeps"):
        DiskStore(theirs)


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
    for name in [name for name in [*sys.modules] if name.startswith(("diskcache", "taskroute.stores.entries", "taskroute.stores.layout"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "diskcache", None)
    with pytest.raises(ConfigurationError, match=r"needs the diskcache package: pip install 'taskroute\[disk\]'"):
        DiskStore(tmp_path)


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
