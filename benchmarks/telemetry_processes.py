"""Contenders that cannot live in one process, timed in turns: providers of telemetry, instrumentations and callbacks are global."""

from __future__ import annotations

import gc
import multiprocessing
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from typing import Any, Final, NamedTuple

from benchmarks.measure import Batch

_PATIENCE: Final = 180.0
_ENTERED: Final = "ready"


class Contender(NamedTuple):
    """What one process does when it is its turn."""

    batches: Mapping[str, Batch]
    """By the name of the case."""
    settle: Callable[[], object]
    """Waits until all is done that the calls have left to other threads: it is part of what they cost."""
    left: Callable[[], Mapping[str, int]]
    """Returns what the calls have left, so that one who is measured doing nothing is seen."""


Build = Callable[[ExitStack], Contender]
"""Sets a process up, as an application would that has nothing else."""


class Timed(NamedTuple):
    """Microseconds of processor time for one call, by contender, in the order of the rounds; and what all calls left."""

    cpu: Mapping[str, Mapping[str, Sequence[float]]]
    """By case, and by contender."""
    left: Mapping[str, Mapping[str, int]]


class Plan(NamedTuple):
    """What is to be timed."""

    builds: Mapping[str, Build]
    cases: Sequence[str]
    rounds: int
    calls: int
    """In one round of one contender."""
    prepare: Callable[[], object] = gc.collect
    """Imports what all of them need, once."""


def in_turns(plan: Plan) -> Timed:
    """Give each contender a process of its own, time them in turns, and return the times."""
    ours, theirs = multiprocessing.Pipe()
    # In a fresh process, where nothing was begun that a fork could take along.
    process = multiprocessing.get_context("spawn").Process(target=_measure, args=(theirs, plan))
    process.start()
    theirs.close()
    try:
        return Timed(*ours.recv())
    finally:
        process.join(_PATIENCE)
        process.kill()


def _measure(pipe: Connection, plan: Plan) -> None:
    builds, cases, rounds, calls, prepare = plan
    prepare()
    cpu: dict[str, dict[str, list[float]]] = {case: {name: [] for name in builds} for case in cases}
    with _processes(builds) as pipes:
        for case in cases:
            for each in pipes.values():
                _ask(each, (case, max(5, calls // 2)))
            for turn in range(rounds):
                # Whoever goes first goes last another time.
                for name in list(pipes) if turn % 2 == 0 else reversed(pipes):
                    cpu[case][name].append(_ask(pipes[name], (case, calls)))
        pipe.send((cpu, {name: _ask(each, None) for name, each in pipes.items()}))


@contextmanager
def _processes(builds: Mapping[str, Build]) -> Iterator[Mapping[str, Connection]]:
    context = multiprocessing.get_context("fork")
    pipes: dict[str, Connection] = {}
    running: list[multiprocessing.process.BaseProcess] = []
    try:
        for name, build in builds.items():
            pipes[name], theirs = context.Pipe()
            running.append(context.Process(target=_work, args=(theirs, build)))
            running[-1].start()
            theirs.close()
        for pipe in pipes.values():
            _hear(pipe)
        yield pipes
        for process in running:
            process.join(_PATIENCE)
    finally:
        for process in running:
            process.kill()


def _ask(pipe: Connection, what: tuple[str, int] | None) -> Any:
    pipe.send(what)
    return _hear(pipe)


def _hear(pipe: Connection) -> Any:
    if not pipe.poll(_PATIENCE):
        raise AssertionError("a process did not answer")
    return pipe.recv()


def _work(pipe: Connection, build: Build) -> None:
    with ExitStack() as stack:
        contender = build(stack)
        for batch in contender.batches.values():
            batch(5)
        contender.settle()
        gc.collect()
        pipe.send(_ENTERED)
        while (asked := _hear(pipe)) is not None:
            case, calls = asked
            batch = contender.batches[case]
            began = time.process_time()
            batch(calls)
            contender.settle()
            pipe.send((time.process_time() - began) / calls * 1e6)
        pipe.send(dict(contender.left()))
