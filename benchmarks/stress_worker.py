"""One process of the stress program: mixed operations on a store that others use, too, and are killed in. It notes what it saw."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from taskroute.cache.names import MARKS
from taskroute.cache.responses import ResponseCache
from taskroute.clock import SystemClock
from taskroute.ports import Store
from taskroute.steps import Found
from taskroute.stored import Entry, StoredAnswer, Terms
from taskroute.stores.disk import DiskStore

ROOM: Final = 10**9
NARROW: Final = 200_000
"""Bytes of the second store, in which there is never room for all."""
TIMEOUT: Final = 60.0
"""Seconds that a write waits, so that a machine with few cores is no fault."""
SHORT_LEASE: Final = 0.2
LONG_LEASE: Final = 20.0
"""Seconds; only a long one is given back, since after its time what is given back might be another's."""
WAIT: Final = 3.0
"""Seconds that an equal call waits, and that its leader's lease lasts."""
KEYS: Final = 12
_SLOW: Final = 0.9
"""Seconds after which the cache may leave a store alone for a while, and then no longer promises one call at a time."""


class Task(NamedTuple):
    """What one process is to do."""

    directory: Path
    evidence: Path
    worker: int
    life: int
    """Which life of the worker this is; 0 is the first."""
    seed: int
    first: int
    """The operation to begin with."""
    operations: int
    die_at: int | None
    """The operation in which it kills itself, as an operator's SIGKILL would."""


class Evidence:
    """What one process saw. Each line is written at once, so that it outlives the process."""

    def __init__(self, file: Path, who: str) -> None:
        self._file = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        self._who = who

    def note(self, what: str, **facts: Any) -> None:
        os.write(self._file, json.dumps({"what": what, "who": self._who, "at": time.time(), **facts}).encode() + b"\n")


class Watched:
    """A store that says when it fails or is slow; the cache would say so once, and go on."""

    def __init__(self, store: Store, evidence: Evidence) -> None:
        self._store = store
        self._evidence = evidence

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def call(*arguments: Any) -> Any:
            began = time.time()
            try:
                return method(*arguments)
            except Exception as error:
                self._trouble(name, began, f"{type(error).__name__}: {error}")
                raise
            finally:
                if time.time() - began > _SLOW:
                    self._trouble(name, began, "")

        return call

    def _trouble(self, name: str, began: float, error: str) -> None:
        self._evidence.note("trouble", op=name, seconds=time.time() - began, error=error)


def value(key: str, dice: random.Random) -> bytes:
    """Return a value that says which name it belongs to, of up to 30 kB, with a digest of all of it."""
    filling = f"{key}|{dice.random()}|".encode() * dice.choice((1, 10, 1_000))
    return hashlib.sha256(filling).hexdigest().encode() + filling


def belongs(key: str, found: bytes) -> bool:
    """Return whether a value is whole and was put under this name."""
    digest, filling = found[:64], found[64:]
    return filling.startswith(f"{key}|".encode()) and hashlib.sha256(filling).hexdigest().encode() == digest


def response_key(partition: str, number: int) -> str:
    """Return the key of a request."""
    return hashlib.sha256(f"request {partition}/{number}".encode()).hexdigest()


def terms(partition: str, number: int) -> Terms:
    """Return terms: half of the answers are fresh for a moment only, so that they must be fetched again."""
    return Terms("stress", partition=partition, ttl=0.5 if number % 2 else 600.0, wait=WAIT)


def answer(number: int, dice: random.Random) -> StoredAnswer:
    """Return the answer to a request, of up to 100 000 letters, which says whose it is, with a digest of all of it."""
    filling = dice.randbytes(dice.choice((10, 10_000, 50_000))).hex()
    return StoredAnswer(text=f"{number} {_digest(number, filling)} {filling}", finish_reason="stop")


def answers(number: int, found: StoredAnswer) -> bool:
    """Return whether an answer is the one to this request, and whole."""
    whose, _, rest = found.text.partition(" ")
    digest, _, filling = rest.partition(" ")
    return whose == str(number) and digest == _digest(number, filling)


def _digest(number: int, filling: str) -> str:
    return hashlib.sha256(f"{number} {filling}".encode()).hexdigest()


class Worker:
    """Does the operations of a task, and looks at whatever a store gives it."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._evidence = Evidence(task.evidence / f"{task.worker}.jsonl", f"{task.worker}.{task.life}")
        self._dice = random.Random(f"{task.seed} {task.worker} {task.life}")
        self._store = DiskStore(task.directory / "wide", size=ROOM, timeout=TIMEOUT)
        rooms = {"narrow": NARROW, MARKS: None}
        self._others = {name: DiskStore(task.directory / name, size=size, timeout=TIMEOUT) for name, size in rooms.items()}
        self._watched = {name: Watched(store, self._evidence) for name, store in {"": self._store, **self._others}.items()}
        stores: dict[str, Any] = dict(self._watched)
        self._cache = ResponseCache(lambda partition: stores[partition], SystemClock(), marks=MARKS)

    def work(self) -> None:
        """Do what is left to do, or die."""
        kinds: tuple[tuple[Callable[[], None], int], ...] = (
            (self._get, 20),
            (self._put, 12),
            (self._delete, 6),
            (self._increment, 10),
            (self._count_up, 10),
            (self._lease, 8),
            (self._scan, 2),
            (self._respond, 24),
            (self._respond_narrowly, 8),
        )
        operations, weights = zip(*kinds, strict=True)
        for number in range(self._task.first, self._task.operations):
            self._evidence.note("began", number=number)
            if number == self._task.die_at:
                # While the operations go on, so that it strikes in the middle of one.
                threading.Thread(target=_die, args=(self._dice.uniform(0, 0.01),), daemon=True).start()
            try:
                self._dice.choices(operations, weights)[0]()
            except Exception as error:
                self._evidence.note("error", error=f"{type(error).__name__}: {error}")
        if self._task.die_at is not None:
            time.sleep(60)
        self._cache.close()
        for store in (self._store, *self._others.values()):
            store.close()
        self._evidence.note("ended")

    def _name(self, kind: str) -> str:
        return f"{kind}/{self._dice.randrange(KEYS)}"

    def _get(self) -> None:
        name = self._name("value")
        self._look("get", name, self._store.get(name))

    def _look(self, where: str, name: str, found: bytes | None) -> None:
        if found is not None and not belongs(name, found):
            self._evidence.note("wrong", where=where, name=name, found=repr(found[:200]))

    def _put(self) -> None:
        name = self._name("value")
        self._store.put(name, value(name, self._dice), self._dice.choice((None, 0.2, 600.0)))

    def _delete(self) -> None:
        self._store.delete(self._name("value"))

    def _increment(self) -> None:
        name = self._name("counter")
        self._evidence.note("increments", name=name)
        self._evidence.note("incremented", name=name, to=self._store.increment(name))

    def _count_up(self) -> None:
        """Count by compare_and_set: of two that read the same number, one fails."""
        name = self._name("chain")
        before = self._store.get(name)
        number = 0 if before is None else int(before)
        self._evidence.note("links", name=name, to=number + 1)
        if self._store.compare_and_set(name, before, b"%d" % (number + 1)):
            self._evidence.note("linked", name=name, to=number + 1)

    def _lease(self) -> None:
        is_long, asked = self._dice.random() < 0.7, time.time()
        name, ttl = (self._name("long"), LONG_LEASE) if is_long else (self._name("short"), SHORT_LEASE)
        if not self._store.lease(name, ttl):
            return
        self._evidence.note("held", name=name, asked=asked, ttl=ttl)
        time.sleep(self._dice.uniform(0, 0.01))
        if is_long:
            self._evidence.note("released", name=name, asked=asked)
            self._store.delete(name)
            self._evidence.note("gone", name=name, asked=asked, ttl=ttl)

    def _scan(self) -> None:
        for name in self._store.scan("value/"):
            if not name.startswith("value/"):
                self._evidence.note("wrong", where="scan", name=name, found="")
            self._look("scan", name, self._store.get(name))

    def _respond(self) -> None:
        self._answer("")

    def _respond_narrowly(self) -> None:
        self._answer("narrow")

    def _answer(self, partition: str) -> None:
        """Make a call through the cache; its model takes a moment."""
        number, asked = self._dice.randrange(KEYS), time.time()
        on = terms(partition, number)
        found = self._cache.look_up(response_key(partition, number), on)
        if isinstance(found, Found):
            if not answers(number, found.entry.answer):
                self._evidence.note("wrong", where="cache", name=str(number), found=found.entry.answer.text[:200])
            self._evidence.note("hit", partition=partition)
            return
        lead: Any = found.lead
        # Who has waited for all of its time, or whose store is slow, asks the model without being the only one.
        name, alone = f"{partition}/{number}", lead.has_lease
        self._evidence.note("called", name=name, asked=asked, ttl=on.wait, alone=alone)
        time.sleep(self._dice.uniform(0.002, 0.02))
        self._evidence.note("released", name=name, asked=asked)
        now = time.time()
        if self._dice.random() < 0.1:
            self._cache.forgo(lead, failed=self._dice.random() < 0.5)
        else:
            self._cache.save(lead, Entry(answer(number, self._dice), "small", now, now + on.ttl))
        self._evidence.note("gone", name=name, asked=asked, ttl=on.wait)


def _die(seconds: float) -> None:
    time.sleep(seconds)
    os.kill(os.getpid(), signal.SIGKILL)


def run(task: Task) -> None:
    """Do a task in this process."""
    Worker(task).work()
