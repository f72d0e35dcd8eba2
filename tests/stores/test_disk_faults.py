"""What goes wrong with a store on disk: damage, a full disk, and how it is found, mended and cleared."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from taskroute.stores.database import Broken, Database
from taskroute.stores.disk import DiskStore
from tests.real_time import REAL_TIME

pytestmark = REAL_TIME


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DiskStore]:
    with closing(DiskStore(tmp_path / "cache", timeout=60)) as made:
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "cache.db"


def names(store: DiskStore) -> list[str]:
    return sorted(store.scan(""))


# Damage and loss


@pytest.mark.filterwarnings("ignore:the database in")
@pytest.mark.parametrize("garbage", [b"no database", b"SQLite format 3\0" + bytes(5000), os.urandom(20_000)])
def test_a_file_that_is_no_database_is_moved_away(store: DiskStore, file: Path, garbage: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(garbage)
    store.put("key", b"value")
    assert store.get("key") == b"value"
    broken = file.parent / "cache.db.broken"
    assert broken.read_bytes() == garbage
    (found,) = store.verify()
    assert found.startswith(f"a database that could not be read any more was moved to {str(broken)!r}")
    assert broken.exists()
    assert store.verify(repair=True) == [found]
    assert (broken.exists(), store.verify(), store.get("key")) == (False, [], b"value")


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


@pytest.mark.filterwarnings("ignore:the database in")
def test_of_those_who_find_it_damaged_only_the_first_moves_it_away(tmp_path: Path) -> None:
    """The others were slower, in this process or in another, and the store has begun anew meanwhile."""
    databases = Database(tmp_path, 5), Database(tmp_path, 5)
    found: list[Broken] = []
    for database in databases:
        with database.reading():
            pass
    (tmp_path / "cache.db").write_bytes(b"damaged" * 10_000)
    for database in databases:
        with pytest.raises(Broken) as caught, database.reading() as connection:
            connection.execute("SELECT * FROM Cache").fetchall()
        found.append(caught.value)
    databases[0].set_aside(found[0].identity)
    with closing(DiskStore(tmp_path)) as store:
        store.put("key", b"value")
        for database, error in [*zip(databases, found, strict=True)] * 2:
            database.set_aside(error.identity)
        assert store.get("key") == b"value"
    assert (tmp_path / "cache.db.broken").read_bytes() == b"damaged" * 10_000
    for database in databases:
        database.close()


@pytest.mark.skipif(os.name == "nt", reason="this system has no flock")
def test_nobody_makes_moves_or_removes_a_database_while_another_does(tmp_path: Path) -> None:
    import fcntl

    with closing(DiskStore(tmp_path, timeout=0.05)) as store:
        other = os.open(tmp_path, os.O_RDONLY)
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(TimeoutError, match="others make or remove files in .* for longer than 0.05 s"):
            store.put("key", b"value")
        os.close(other)
        store.put("key", b"value")
    (tmp_path / "cache.db").write_bytes(b"no database" * 1000)
    with closing(DiskStore(tmp_path, timeout=0.05)) as store:
        other = os.open(tmp_path, os.O_RDONLY)
        fcntl.flock(other, fcntl.LOCK_EX)
        for use in (store.clear, lambda: store.verify(repair=True), lambda: list(store.scan(""))):
            with pytest.raises(TimeoutError):
                use()
        assert (tmp_path / "cache.db").read_bytes() == b"no database" * 1000
        os.close(other)


@pytest.mark.parametrize("table", ["Settings", "Cache"])
@pytest.mark.parametrize("is_open", [True, False])
def test_a_table_that_is_missing_is_made_again(tmp_path: Path, table: str, is_open: bool) -> None:
    first = DiskStore(tmp_path)
    first.put("old", b"value")
    with closing(sqlite3.connect(tmp_path / "cache.db", isolation_level=None)) as plain:
        plain.execute(f"DROP TABLE {table}")
    with closing(first), closing(first if is_open else DiskStore(tmp_path)) as store:
        store.put("key", b"value")
        assert (store.get("key"), store.get("old")) == (b"value", b"value" if table == "Settings" else None)
        assert (store.increment("n"), store.verify()) == (1, [])


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


# clear


@pytest.mark.filterwarnings("ignore:the database in")
def test_clear_leaves_no_value_and_no_earlier_database(store: DiskStore, file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"secret" * 1000)
    store.put("key", b"secret" * 10_000)
    store.get("key")
    with closing(DiskStore(file.parent)) as other:
        assert other.get("key") == b"secret" * 10_000
        store.clear()
        assert (names(store), store.count(), other.get("key"), store.verify()) == ([], 0, None, [])
        assert [path for path in file.parent.iterdir() if b"secret" in path.read_bytes()] == []
        other.put("key", b"new")
        assert store.get("key") == b"new"


def test_where_no_value_can_be_deleted_clear_removes_the_database(store: DiskStore, file: Path) -> None:
    store.put("key", b"secret" * 10_000)
    with closing(DiskStore(file.parent)) as other:
        assert other.get("key") is not None
        with closing(sqlite3.connect(file, isolation_level=None)) as plain:
            plain.execute("CREATE TRIGGER t BEFORE DELETE ON Cache BEGIN SELECT RAISE(FAIL, 'no'); END")
        with pytest.raises(sqlite3.Error, match="no"):
            store.delete("key")
        store.clear()
        assert (other.get("key"), names(store)) == (None, [])
        other.put("key", b"new")
        assert (store.get("key"), store.verify()) == (b"new", [])
    assert [path for path in file.parent.iterdir() if b"secret" in path.read_bytes()] == []


def test_clear_removes_a_database_that_cannot_be_read(store: DiskStore, file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"no database" * 1000)
    store.clear()
    store.put("key", b"value")
    assert (store.get("key"), store.verify()) == (b"value", [])


# A full disk

FULL = """
import os, sqlite3, subprocess, sys
from taskroute.stores.disk import DiskStore
if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={sys.argv[2]}", "tmpfs", sys.argv[1]]).returncode:
    sys.exit(77)
store = DiskStore(sys.argv[1] + "/cache", size=int(sys.argv[3]))
"""


def on_a_small_disk(program: str, directory: Path, room: str, size: int) -> None:
    """Run a program with a store on a file system of its own, or skip the test where none can be made."""
    if shutil.which("unshare") is None:
        pytest.skip("this system has no unshare")
    command = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-W", "error", "-c", FULL + program]
    done = subprocess.run([*command, str(directory), room, str(size)], capture_output=True, text=True, check=False, timeout=120)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip(f"no file system can be mounted here: {done.stderr}")
    assert (done.returncode, done.stderr) == (0, "")


def test_when_the_log_fills_the_disk_it_is_written_back_and_puts_go_on(tmp_path: Path) -> None:
    program = """
for number in range(40):
    store.put(f"key:{number}", bytes(20_000))
    if number % 8 == 7:
        # Writes the log back: the database has its size by the end.
        store.close()
        store = DiskStore(sys.argv[1] + "/cache", size=int(sys.argv[3]))
for number in range(100):
    store.put(f"key:{number}", bytes(20_000))
    assert store.get(f"key:{number}") == bytes(20_000)
assert store.verify() == []
store.close()
"""
    on_a_small_disk(program, tmp_path, "1500k", 500_000)


def test_a_disk_that_is_full_can_be_read_and_cleared(tmp_path: Path) -> None:
    program = """
store.put("first", b"value")
other = os.open(sys.argv[1] + "/other", os.O_CREAT | os.O_WRONLY)
try:
    while os.write(other, bytes(1000)):
        pass
except OSError:
    os.close(other)
try:
    for number in range(1000):
        store.put(f"key:{number}", bytes(20_000))
except sqlite3.OperationalError as error:
    assert error.sqlite_errorcode == sqlite3.SQLITE_FULL
else:
    raise AssertionError("the disk was not full")
assert store.get("first") == b"value"
store.clear()
assert store.get("first") is None
store.put("key", b"value")
assert (store.get("key"), list(store.scan("")), store.verify()) == (b"value", ["key"], [])
store.close()
"""
    on_a_small_disk(program, tmp_path, "2m", 100_000_000)


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
    found = store.verify()
    assert len(found) == 5
    for name in ("changed", "swapped", "until", "pickled"):
        assert sum(f"the entry {name!r} is not usable" in sentence for sentence in found) == 1
    assert sum("its name is not text" in sentence for sentence in found) == 1
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
