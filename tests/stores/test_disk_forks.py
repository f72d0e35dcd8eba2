"""A process that uses a store on disk forks: SQLite counts locks by process, and a child inherits the count without the locks."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from taskroute.stores.disk import DiskStore
from taskroute.testing import FakeClock

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def forked(work: Callable[[], int]) -> int:
    """Fork, and return the process id of a child that ends with what its work comes to: 0 if all went well."""
    with warnings.catch_warnings():
        # Newer Pythons warn of forks beside threads, which is what this is about.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        signal.alarm(60)
        try:
            os._exit(work())
        finally:
            os._exit(2)
    return child


def ended(child: int) -> int:
    """Return the exit status of a child."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


REFUSED = 3


def in_child(work: str, store: DiskStore) -> int:
    """Return the exit status of a forked child that does one thing with the store."""

    def child() -> int:
        store.put("child", b"value")
        right = store.get("parent") == b"value" and store.increment("n") == 2 and sorted(store.scan("")) == ["child", "n", "parent"]
        if work == "close":
            store.close()
        return 0 if right else 1

    return ended(forked(child))


def refused(store: DiskStore, directory: Path) -> int:
    """Return whether neither a store of the parent's nor a new one can be used."""
    for each in (store, DiskStore(directory)):
        try:
            each.put("child", b"value")
        except OSError as error:
            if "was forked while a store on disk was in use" not in str(error):
                return 1
        else:
            return 1
    return REFUSED


@pytest.mark.parametrize("work", ["close", "leave"])
def test_a_forked_child_goes_on_with_connections_of_its_own(tmp_path: Path, work: str) -> None:
    with closing(DiskStore(tmp_path, timeout=60)) as store:
        store.put("parent", b"value")
        store.increment("n")
        assert in_child(work, store) == 0
        assert (store.get("child"), store.increment("n"), store.verify()) == (b"value", 3, [])


def test_a_child_is_not_held_up_by_a_thread_of_its_parent_that_was_writing(tmp_path: Path) -> None:
    entered, go = threading.Event(), threading.Event()

    class SlowClock(FakeClock):
        """Holds one thread up in the middle of it."""

        def time(self) -> float:
            if threading.current_thread().name == "slow":
                entered.set()
                go.wait(30)
            return super().time()

    with closing(DiskStore(tmp_path, clock=SlowClock(), timeout=60)) as store:
        store.put("parent", b"value")
        store.increment("n")
        thread = threading.Thread(target=store.put, args=("slow", b""), name="slow")
        thread.start()
        assert entered.wait(30)
        assert in_child("close", store) == 0
        go.set()
        thread.join()
        assert store.get("slow") == b""


def test_uses_noted_before_a_fork_are_written_once(tmp_path: Path) -> None:
    store = DiskStore(tmp_path, size=1_000_000, timeout=60)
    store.put("key", b"value")
    for _ in range(2):
        store.get("key")
    child = os.fork()
    if child == 0:
        store.get("key")
        store.close()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    store.close()
    with closing(sqlite3.connect(tmp_path / "cache.db")) as plain:
        # Put once, read twice here and once in the child.
        assert plain.execute("SELECT access_count FROM Cache WHERE key = 'key'").fetchone() == (4,)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not list open files")
def test_no_connection_is_open_across_a_fork(tmp_path: Path) -> None:
    """A child that inherits one has its locks on SQLite's books, and holds none of them."""
    with closing(DiskStore(tmp_path)) as store:
        store.put("key", b"value")

        def opened() -> int:
            return sum(os.path.realpath(link).startswith(str(tmp_path.resolve())) for link in Path("/proc/self/fd").iterdir())

        assert opened() > 0
        assert ended(forked(opened)) == 0
        assert store.get("key") == b"value"


def test_parent_child_and_others_share_one_log_whoever_closes(tmp_path: Path) -> None:
    program = """
import sys
from taskroute.stores.disk import DiskStore
store = DiskStore(sys.argv[1], timeout=60)
store.put(sys.argv[2], b"value")
print(*sorted(store.scan("")))
store.close()
"""

    def other(name: str) -> list[str]:
        run = subprocess.run(
            [sys.executable, "-W", "error", "-c", program, str(tmp_path), name], stdout=subprocess.PIPE, text=True, check=True
        )
        return run.stdout.split()

    store = DiskStore(tmp_path, timeout=60)
    store.put("parent", b"value")
    closed, close = os.pipe()

    def child() -> int:
        os.close(close)
        store.put("child:1", b"value")
        os.read(closed, 1)
        if other("other:1") != ["child:1", "other:1", "parent"]:
            return 4
        store.put("child:2", bytes(100_000))
        if other("other:2") != ["child:1", "child:2", "other:1", "other:2", "parent"]:
            return 5
        return 0 if store.get("other:2") == b"value" and store.verify() == [] else 6

    running = forked(child)
    store.close()
    os.close(close)
    assert ended(running) == 0
    os.close(closed)
    with closing(DiskStore(tmp_path)) as store:
        assert (store.count(), store.verify()) == (5, [])


def test_a_fork_beside_threads_that_write_leaves_the_child_a_store(tmp_path: Path) -> None:
    done = threading.Event()

    def write() -> None:
        number = 0
        while not done.is_set():
            store.put(f"key:{number % 50}", bytes(20_000))
            number += 1

    def child() -> int:
        try:
            store.put("child", b"value")
        except OSError as error:
            # On a machine so slow that a put takes a second.
            return REFUSED if "was forked while" in str(error) else 1
        return 0 if store.get("child") == b"value" else 1

    with closing(DiskStore(tmp_path, size=3_000_000, timeout=60)) as store:
        threads = [threading.Thread(target=write) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            statuses = {ended(forked(child)) for _ in range(15)}
        finally:
            done.set()
            for thread in threads:
                thread.join()
        assert statuses <= {0, REFUSED}
        assert store.verify() == []


def test_a_child_that_was_forked_in_the_midst_of_a_write_refuses_and_the_parent_goes_on(tmp_path: Path) -> None:
    entered, go = threading.Event(), threading.Event()

    class SlowClock(FakeClock):
        """Holds a thread up when uses are written down, which is within a transaction."""

        asked = 0

        def time(self) -> float:
            if threading.current_thread().name == "slow":
                self.asked += 1
                if self.asked == 2:
                    entered.set()
                    go.wait(30)
            return super().time()

    with closing(DiskStore(tmp_path, size=1_000_000, clock=SlowClock(), timeout=60)) as store:
        store.put("parent", b"value")
        for _ in range(255):
            store.get("parent")
        thread = threading.Thread(target=store.get, args=("parent",), name="slow")
        thread.start()
        assert entered.wait(30)
        assert ended(forked(lambda: refused(store, tmp_path))) == REFUSED
        go.set()
        thread.join()
        store.put("later", b"value")
        assert (sorted(store.scan("")), store.verify()) == (["later", "parent"], [])


def test_who_forks_in_the_midst_of_a_call_of_its_own_does_not_wait_for_itself(tmp_path: Path) -> None:
    children: list[int] = []

    class Forking(FakeClock):
        """Forks where a signal handler might: in the middle of a transaction."""

        armed = False

        def time(self) -> float:
            if self.armed:
                self.armed = False
                children.append(os.fork())
            return super().time()

    clock = Forking()
    store = DiskStore(tmp_path, size=1_000_000, clock=clock, timeout=60)
    store.put("key", b"value")
    store.get("key")
    clock.armed = True
    # Writes down that it was used, by the clock.
    store.close()
    if children == [0]:
        signal.alarm(60)
        os._exit(refused(DiskStore(tmp_path), tmp_path))
    assert ended(children[0]) == REFUSED
    with closing(sqlite3.connect(tmp_path / "cache.db")) as plain:
        assert plain.execute("SELECT access_count FROM Cache WHERE key = 'key'").fetchone() == (2,)
    with closing(DiskStore(tmp_path)) as again:
        assert (again.get("key"), again.verify()) == (b"value", [])
