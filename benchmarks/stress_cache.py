"""`python -m benchmarks.stress_cache`: many processes on one directory, killed at random, and a Redis server that goes away under load.

Ends with status 1, and says what, where anybody saw a wrong answer, an entry is damaged, or two models were asked at once.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from benchmarks import stress_evidence
from benchmarks.stress_evidence import Verdict
from benchmarks.stress_worker import NARROW, ROOM, TIMEOUT, Task, run
from taskroute.cache.names import MARKS
from taskroute.stores.disk import DiskStore

_PATIENCE: Final = 900.0
"""Seconds for everything."""


def disk(directory: Path, *, processes: int, operations: int, seed: int) -> Verdict:
    """Return what came of so many processes with so many operations each; in one of 60 operations the process is killed."""
    evidence = directory / "evidence"
    evidence.mkdir()
    store = directory / "store"
    tasks = [Task(store, evidence, worker, 0, seed, 0, operations, None) for worker in range(processes)]
    deaths = _live([_mortal(task) for task in tasks])
    noted = stress_evidence.lines(evidence)
    verdict = stress_evidence.seen(noted)
    verdict.counts["killed"] = deaths
    done = len({(line["who"].split(".")[0], line["number"]) for line in noted if line["what"] == "began"})
    if done != processes * operations:
        verdict.faults.append(f"{done} operations of {processes * operations} were begun")
    # Before a repair, which would remove it.
    verdict.faults += [f"a database was given up: {file}" for file in store.rglob("*.broken")]
    with contextlib.closing(DiskStore(store / "wide", size=ROOM, timeout=TIMEOUT)) as wide:
        verdict.repaired += _repaired(wide, verdict)
        verdict.faults += stress_evidence.left(wide, noted)
    with contextlib.closing(DiskStore(store / "narrow", size=NARROW, timeout=TIMEOUT)) as narrow:
        verdict.repaired += _repaired(narrow, verdict)
        verdict.faults += stress_evidence.left_answers(narrow)
        if narrow.bytes() > NARROW:
            verdict.faults.append(f"{narrow.bytes()} bytes are kept where there is room for {NARROW}")
    with contextlib.closing(DiskStore(store / MARKS, timeout=TIMEOUT)) as marks:
        verdict.repaired += _repaired(marks, verdict)
    return verdict


def _repaired(store: DiskStore, verdict: Verdict) -> list[str]:
    """Return what had to be repaired; what is wrong after that is a fault."""
    found = store.verify()
    if found:
        store.verify(repair=True)
        verdict.faults += [f"after a repair: {sentence}" for sentence in store.verify()]
    return found


def _live(tasks: list[Task]) -> int:
    """Have all workers do all of their operations, in as many lives as it takes; return how many were killed."""
    context: Any = multiprocessing.get_context("forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn")
    context.set_forkserver_preload(["benchmarks.stress_worker"])
    alive: dict[int, tuple[BaseProcess, Task]] = {}
    deaths, until = 0, time.monotonic() + _PATIENCE
    try:
        while tasks or alive:
            for task in tasks:
                process = context.Process(target=run, args=(task,))
                process.start()
                alive[task.worker] = process, task
            tasks = []
            for worker, (process, task) in list(alive.items()):
                process.join(0.005)
                if process.exitcode is None:
                    continue
                del alive[worker]
                if process.exitcode < 0 and task.die_at is not None:
                    deaths += 1
                    tasks.append(_reborn(task))
                elif process.exitcode:
                    raise AssertionError(f"worker {worker} ended with {process.exitcode}")
            if time.monotonic() > until:
                raise AssertionError(f"after {_PATIENCE:g} s these are not done: {sorted(alive)}")
    finally:
        for process, _ in alive.values():
            process.kill()
            process.join()
    return deaths


def _reborn(task: Task) -> Task:
    """Return what is left to do after a death."""
    file = task.evidence / f"{task.worker}.jsonl"
    begun = [line["number"] for line in stress_evidence.lines_of(file) if line["what"] == "began"]
    # What is written next must not stand behind half a line.
    with file.open("ab") as whole:
        whole.write(b"\n")
    return _mortal(task._replace(life=task.life + 1, first=max(begun, default=-1) + 1))


def _mortal(task: Task) -> Task:
    """Return a task with the operation in which this life ends, if it does not reach its end; the same for the same seed."""
    at = task.first + int(random.Random(f"death {task.seed} {task.worker} {task.life}").expovariate(1 / 60))
    return task._replace(die_at=at if at < task.operations else None)


def as_text(verdict: Verdict) -> str:
    """Return what came of it, for people."""
    counts = [f"  {count:7} {name}" for name, count in verdict.counts.items()]
    repaired = [f"  to repair: {sentence}" for sentence in verdict.repaired] or ["  nothing to repair"]
    return "\n".join([*counts, *repaired, *(f"  FAULT: {fault}" for fault in verdict.faults)])


def _disk_of_its_own(processes: int, operations: int, seed: int) -> Verdict:
    with tempfile.TemporaryDirectory() as directory:
        return disk(Path(directory), processes=processes, operations=operations, seed=seed)


def _runs(options: argparse.Namespace) -> Iterator[tuple[str, Verdict]]:
    from benchmarks.stress_redis import redis

    if options.only != "redis":
        title = f"{options.processes} processes, {options.operations} operations each, on one directory"
        yield title, _disk_of_its_own(options.processes, options.operations, options.seed)
    if options.only != "disk":
        verdict = redis(threads=16, calls=2_000, kills=5, seed=options.seed)
        title = "a Redis server, killed and started again under load"
        yield (title, verdict) if verdict is not None else (f"{title}: left out, there is none on the PATH", Verdict())


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, run, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stress_cache", description="Try to make the cache give a wrong answer.")
    parser.add_argument("--processes", type=int, default=50)
    parser.add_argument("--operations", type=int, default=200, help="for each process")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=("disk", "redis"))
    options = parser.parse_args(arguments)
    faults = 0
    for title, verdict in _runs(options):
        print(f"{title} (seed {options.seed})\n{as_text(verdict)}\n")
        faults += len(verdict.faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
