"""How many values several processes read together from one directory."""

from __future__ import annotations

import multiprocessing
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.cache_figures import Figures
from taskroute.stores.disk import DiskStore

PROCESSES: Final = (1, 2, 4, 8)
QUICK_PROCESSES: Final = (1, 2)
_ENTRIES: Final = 10_000
_ROOM: Final = 10**9
_PATIENCE: Final = 60.0


class _Job(NamedTuple):
    """What one process is to do."""

    directory: Path
    number: int
    entries: int
    puts: float
    """The share of puts."""
    seconds: float


class _Done(NamedTuple):
    """What one process did in one run."""

    gets: int
    puts: int
    in_vain: int
    cpu: float
    """Seconds of processor time."""
    seconds: float


def figures(*, quick: bool = False) -> Figures:
    """Return gets a second for each number of processes, with reading alone and with one put to nine gets."""
    entries, seconds, rounds = (200, 0.1, 1) if quick else (_ENTRIES, 2.0, 5)
    numbers = QUICK_PROCESSES if quick else PROCESSES
    with tempfile.TemporaryDirectory() as directory:
        with_limit = Path(directory) / "store"
        store = DiskStore(with_limit, size=_ROOM, timeout=30)
        for number in range(entries):
            store.put(_name(number), _value(number))
        store.close()
        # All numbers of processes take turns, since what else the machine does comes and goes.
        runs = [
            (many, puts, _run(with_limit, many, entries, puts, seconds)) for _ in range(rounds) for many in numbers for puts in (0.0, 0.1)
        ]
    rows = tuple((f"{many} process{'es' if many > 1 else ''}", _row([run for run in runs if run[0] == many])) for many in numbers)
    return Figures(
        f"{entries:,} values of 1 kB in one directory, read at random by several processes".replace(",", " "),
        ("gets/s", "µs of CPU each", "with 10 % puts: gets/s", "puts/s", "µs of CPU each", "puts in vain"),
        rows,
        f"Medians of {rounds} runs of {seconds:g} s; all processes together. In vain: others wrote for 0.5 s.",
    )


def _row(runs: Sequence[tuple[int, float, list[_Done]]]) -> tuple[float, ...]:
    reading, mixed = [[run for _, share, run in runs if bool(share) is puts] for puts in (False, True)]
    return (
        round(statistics.median(_rate([one.gets for one in run], run) for run in reading)),
        statistics.median(map(_cpu, reading)),
        round(statistics.median(_rate([one.gets for one in run], run) for run in mixed)),
        round(statistics.median(_rate([one.puts for one in run], run) for run in mixed)),
        statistics.median(map(_cpu, mixed)),
        sum(one.in_vain for run in mixed for one in run),
    )


def _rate(counts: list[int], run: list[_Done]) -> float:
    return sum(count / done.seconds for count, done in zip(counts, run, strict=True))


def _cpu(run: list[_Done]) -> float:
    """Return the microseconds of processor time that each get or put took, whatever else the machine had to do."""
    return sum(one.cpu for one in run) / sum(one.gets + one.puts for one in run) * 1e6


def _run(directory: Path, many: int, entries: int, puts: float, seconds: float) -> list[_Done]:
    """Have so many processes work at once; they begin together, when all are ready."""
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe() for _ in range(many)]
    jobs = [_Job(directory, number, entries, puts, seconds) for number in range(many)]
    running = [context.Process(target=_work, args=(theirs, job)) for (_, theirs), job in zip(pipes, jobs, strict=True)]
    try:
        for process in running:
            process.start()
        for ours, _ in pipes:
            _hear(ours)
        for ours, _ in pipes:
            ours.send("go")
        return [_Done(*_hear(ours)) for ours, _ in pipes]
    finally:
        for process in running:
            process.join(_PATIENCE)
            if process.is_alive():
                process.kill()


def _hear(pipe: Connection) -> tuple[int, int, int, float, float]:
    if not pipe.poll(_PATIENCE):
        raise AssertionError("a process did not answer")
    heard: tuple[int, int, int, float, float] = pipe.recv()
    return heard


def _work(pipe: Connection, job: _Job) -> None:
    dice = random.Random(job.number)
    store = DiskStore(job.directory, size=_ROOM)
    value = _value(job.number)
    store.get(_name(0))
    pipe.send("ready")
    pipe.recv()
    gets = puts = in_vain = 0
    began, began_cpu = time.perf_counter(), time.process_time()
    while (spent := time.perf_counter() - began) < job.seconds:
        name = _name(dice.randrange(job.entries))
        if dice.random() >= job.puts:
            if store.get(name) is None:
                raise AssertionError(f"the store lost {name!r}")
            gets += 1
            continue
        try:
            store.put(name, value)
            puts += 1
        except TimeoutError:
            in_vain += 1
    pipe.send(_Done(gets, puts, in_vain, time.process_time() - began_cpu, spent))
    store.close()


def _value(number: int) -> bytes:
    return random.Random(number).randbytes(1_000)


def _name(number: int) -> str:
    return f"value {number}"
