"""One directory, many processes: started at once, and killed in the middle of it."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from taskroute.stores.disk import DiskStore

PROCESSES = 4
HEAD = """
import hashlib, random, sys
from taskroute.stores.disk import DiskStore
store = DiskStore(sys.argv[1], size=3_000_000, timeout=60)
number = int(sys.argv[2])
sys.stdin.readline()
def value(name):
    return (name.encode() + b" ") * (1 + int(hashlib.sha256(name.encode()).hexdigest()[:3], 16))
"""


def start(program: str, directory: Path) -> list[subprocess.Popen[str]]:
    """Start processes that wait for a line before they begin, all of which then work at once."""
    return [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", HEAD + program, str(directory), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(PROCESSES)
    ]


def finish(processes: list[subprocess.Popen[str]]) -> list[str]:
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return said


def test_processes_that_count_lose_nothing_and_begin_at_once(tmp_path: Path) -> None:
    program = """
print(*[store.increment("n") for _ in range(100)])
store.close()
"""
    totals = [int(total) for said in finish(start(program, tmp_path / "cache")) for total in said.split()]
    assert sorted(totals) == list(range(1, 100 * PROCESSES + 1))
    with closing(DiskStore(tmp_path / "cache")) as store:
        assert (store.get("n"), store.verify()) == (b"400", [])


def test_of_many_processes_one_gets_each_lease(tmp_path: Path) -> None:
    program = """
print(*[turn for turn in range(50) if store.lease(f"turn:{turn}", 600)])
store.close()
"""
    turns = [int(turn) for said in finish(start(program, tmp_path)) for turn in said.split()]
    assert sorted(turns) == list(range(50))


def test_processes_that_compare_and_set_lose_nothing(tmp_path: Path) -> None:
    program = """
for _ in range(25):
    present = store.get("n")
    while not store.compare_and_set("n", present, str(int(present or 0) + 1).encode()):
        present = store.get("n")
store.close()
"""
    finish(start(program, tmp_path))
    with closing(DiskStore(tmp_path)) as store:
        assert store.get("n") == b"100"


def test_processes_that_fill_it_keep_it_within_its_size_and_read_what_was_put(tmp_path: Path) -> None:
    program = """
draw = random.Random(number)
for turn in range(150):
    name = f"key:{int(draw.paretovariate(0.4)) % 5000}"
    found = store.get(name)
    assert found is None or found == value(name), name
    store.put(name, value(name), 600)
    assert store.bytes() <= 3_000_000
store.close()
"""
    finish(start(program, tmp_path))
    with closing(DiskStore(tmp_path)) as store:
        assert store.verify() == []
        assert store.count() > 20


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize("after", [1, 60])
def test_a_process_that_is_killed_in_the_middle_leaves_whole_values(tmp_path: Path, after: int) -> None:
    program = """
turn = 0
while True:
    name = f"key:{number}:{turn % 40}"
    store.put(name, value(name), 600)
    turn += 1
    print(turn, flush=True)
"""
    processes = start(program, tmp_path)
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        assert process.stdout is not None
        while int(process.stdout.readline()) < after:
            pass
        process.send_signal(signal.SIGKILL)
    for process in processes:
        process.communicate(timeout=60)
    space: dict[str, object] = {}
    exec(HEAD[HEAD.index("def value") :], {"hashlib": __import__("hashlib")}, space)
    value = space["value"]
    assert callable(value)
    with closing(DiskStore(tmp_path, timeout=60)) as store:
        assert store.verify() == []
        found = list(store.scan(""))
        assert len(found) >= 1
        assert all(store.get(name) == value(name) for name in found)
        store.put("key", b"value")
        assert store.get("key") == b"value"
