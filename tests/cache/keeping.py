"""A host whose answers may be kept, gates that order what happens at once, and the four ways to make a call."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from taskroute import Call, Router
from taskroute.decision.snapshot import Snapshot
from taskroute.execution.drivers import adrive, drive
from taskroute.execution.run import Source
from taskroute.execution.streams import adrive_stream, drive_stream
from taskroute.execution.validate import Expected
from taskroute.ports import Observer, Store
from taskroute.steps import Attempt
from taskroute.stored import Asked, StoredAnswer, StoredCall
from taskroute.stores.memory import MemoryStore
from taskroute.testing import FakeClock
from taskroute.types import Cost, Outcome, Reply, Usage
from tests.policies import policy

PATIENCE = 20.0
"""Seconds after which a test that waits for something has failed."""
PRICE = Cost(Decimal("0.25"), "user")
USAGE = Usage(10, 20)


class Gate:
    """A place in an answer at which a model stops until the test lets it go on."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def wait_until_reached(self) -> None:
        assert self.reached.wait(PATIENCE)

    def hold(self) -> None:
        self.reached.set()
        assert self.opened.wait(PATIENCE)

    async def ahold(self) -> None:
        self.reached.set()
        await until(self.opened.is_set)


async def until(holds: Callable[[], bool]) -> None:
    """Return when something holds, without blocking the event loop."""
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.001)


class KeptChunks:
    """Makes of the chunks of a stream an answer that may be kept. Every chunk but '' is useful."""

    def __init__(self, host: KeepingHost, attempt: Attempt) -> None:
        self.host = host
        self.attempt = attempt
        self.seen: list[str] = []

    def take(self, chunk: Any) -> bool:
        self.seen.append(chunk)
        return bool(chunk)

    def reply(self) -> Reply:
        return self.host.reply(self.attempt, "".join(self.seen))


class KeepingHost:
    """Plays lines, as the host of the drivers' tests does: a string is the answer, an exception is raised, a list is a stream of them.

    A gate in a list holds the answer up; a reply is the answer as it stands.
    """

    def __init__(self, lines: Mapping[str, list[Any]], *, asked: Asked | Exception | None = None, **about: Any) -> None:
        self.lines = {name: list(line) for name, line in lines.items()}
        self.asked_for = asked or Asked(({"role": "user", "content": "q"},))
        self.expected: Expected | Exception = about.pop("expected", Expected())
        self.unservable: BaseException | None = about.pop("unservable", None)
        """Raised when a stored answer is to be served."""
        self.about = about
        """What is said of each answer."""
        self.attempts: list[Attempt] = []
        self.closed = 0

    @property
    def called(self) -> list[str]:
        """The models that were asked, in order."""
        return [attempt.model for attempt in self.attempts if attempt.cached is None]

    @property
    def served(self) -> list[str]:
        """The models of which a stored answer was to be served."""
        return [attempt.model for attempt in self.attempts if attempt.cached is not None]

    def asked(self, model: str, snapshot: Snapshot) -> Asked | None:
        if isinstance(self.asked_for, Exception):
            raise self.asked_for
        return self.asked_for._replace(model=f"test:{model}")

    def expects(self, attempt: Attempt, reply: Reply) -> Expected:
        if isinstance(self.expected, Exception):
            raise self.expected
        return self.expected

    def reply(self, attempt: Attempt, text: str) -> Reply:
        """Return what is known of a text that a model, or the cache, answered with."""
        if attempt.cached is not None:
            return Reply(answer=text, text=text, usage=Usage(0, 0))
        calls = tuple(StoredCall(name, "{}") for name in self.about.get("tool_calls", ()))
        kept = StoredAnswer(text=text, calls=calls, finish_reason=self.about.get("finish_reason", "stop"))
        whole = Reply(answer=text, text=text, usage=USAGE, cost=PRICE, empty=not text and not calls, finish_reason=kept.finish_reason)
        return whole._replace(**{"kept": kept if attempt.keeps else None, **self.about})

    def _line(self, attempt: Attempt) -> list[Any]:
        self.attempts.append(attempt)
        if attempt.cached is not None:
            if self.unservable is not None:
                raise self.unservable
            text = attempt.cached.entry.answer.text
            return [text[:1], text[1:]]
        line = self.lines[attempt.model].pop(0)
        return line if isinstance(line, list) else [line]

    def answer(self, attempt: Attempt) -> Reply:
        line = self._line(attempt)
        return line[0] if isinstance(line[0], Reply) else self.reply(attempt, "".join(self._parts(line)))

    async def aanswer(self, attempt: Attempt) -> Reply:
        line = self._line(attempt)
        return line[0] if isinstance(line[0], Reply) else self.reply(attempt, "".join([part async for part in self._aparts(line)]))

    def open(self, attempt: Attempt) -> tuple[Iterator[Any], Source]:
        return self._parts(self._line(attempt)), KeptChunks(self, attempt)

    def aopen(self, attempt: Attempt) -> tuple[AsyncIterator[Any], Source]:
        return self._aparts(self._line(attempt)), KeptChunks(self, attempt)

    def _parts(self, line: list[Any]) -> Iterator[str]:
        try:
            for part in line:
                if isinstance(part, BaseException):
                    raise part
                if isinstance(part, Gate):
                    part.hold()
                else:
                    yield part
        finally:
            self.closed += 1

    async def _aparts(self, line: list[Any]) -> AsyncIterator[str]:
        try:
            for part in line:
                if isinstance(part, BaseException):
                    raise part
                if isinstance(part, Gate):
                    await part.ahold()
                else:
                    yield part
        finally:
            self.closed += 1


class Ends:
    """An observer that keeps how calls ended, and the names of the steps and events."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.told: list[str] = []

    def begin(self, call: Call, at: float) -> Any:
        return self

    def decided(self, decision: Any) -> None:
        return

    def step(self, step: Any, at: float) -> None:
        self.told.append(type(step).__name__)

    def event(self, event: Any, failure: str | None, at: float) -> None:
        self.told.append(type(event).__name__)

    def active(self) -> Any:
        return threading.Lock()

    def finished(self, outcome: Outcome, at: float) -> None:
        self.outcomes.append(outcome)

    @property
    def statuses(self) -> list[str | None]:
        """What the cache had for each call."""
        return [None if outcome.cache is None else outcome.cache.status for outcome in self.outcomes]

    @property
    def last(self) -> Outcome:
        return self.outcomes[-1]


class Kept:
    """A router with a cache over a store in memory, its clock, and how its calls ended."""

    def __init__(self, *, store: Store | None = None, observers: tuple[Observer, ...] = (), check: Any = None, **changes: Any) -> None:
        self.clock = FakeClock()
        self.ends = Ends()
        self.store: Any = store or MemoryStore(self.clock)
        changes = {"retry": {"extra": 0}, "cache": {}, **changes}
        self.router = Router(
            policy(**changes),
            clock=self.clock,
            environ={},
            chance=lambda: 1.0,
            cache=self.store,
            observers=(self.ends, *observers),
            check=check,
        )

    def names(self, kind: str = "e") -> list[str]:
        """Return the names in the store: `e` of answers, `l` of leases, `n` of sightings."""
        return [name for name in self.store.scan("") if f"/{kind}/" in name]


CALL = Call("q")


def ask(router: Router, host: Any, call: Call = CALL) -> str:
    reply = drive(router.run(call), host).reply
    assert reply is not None
    return str(reply.answer)


def ask_async(router: Router, host: Any, call: Call = CALL) -> str:
    return asyncio.run(aask(router, host, call))


async def aask(router: Router, host: Any, call: Call = CALL) -> str:
    reply = (await adrive(router.run(call, is_async=True), host)).reply
    assert reply is not None
    return str(reply.answer)


def read(router: Router, host: Any, call: Call = CALL) -> str:
    return "".join(drive_stream(router.run(call), host))


def read_async(router: Router, host: Any, call: Call = CALL) -> str:
    return asyncio.run(aread(router, host, call))


async def aread(router: Router, host: Any, call: Call = CALL) -> str:
    return "".join([chunk async for chunk in adrive_stream(router.run(call, is_async=True), host)])


Way = Callable[..., str]
WAYS = (ask, ask_async, read, read_async)


def after_fork(before: str, *, child: str, parent: str) -> str:
    """Run code in a program of its own, then more of it in a child and in the parent; return what that prints."""
    code = f"""
import os, signal, sys
{before}
if not (child := os.fork()):
    signal.alarm({PATIENCE:.0f})
    {child}
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
{parent}
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert found.stderr == ""
    return found.stdout.strip()
