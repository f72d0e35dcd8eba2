"""What goes through under load: numbered calls, a fifth of them into a fault, and the account of how they ended."""

from __future__ import annotations

import multiprocessing
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from typing import Final

from tests.emulator import Cut, Emulator, Fault, Garbled, Hang, Raw, Say
from tests.emulator.script import Asked, Reply

from benchmarks.faults import LARGE, SMALL
from taskroute import StreamInterruptedError

EVERY: Final = 5
"""One call of so many meets a fault."""
_PLAIN: Final[Sequence[Reply]] = (
    Fault("rate_limit", retry_after=20),
    Fault("server_error"),
    Fault("unavailable"),
    Hang(0),
    Cut(),
    Garbled(b"{"),
    Raw(b""),
)
_STREAM: Final[Sequence[Reply]] = (
    Fault("rate_limit", retry_after=20),
    Fault("server_error"),
    Cut(1),
    Cut(4),
    Garbled(b"data: {\n\n"),
    Raw(b"data: [DONE]\n\n", 200, "text/event-stream"),
    Fault("unavailable"),
)
"""Of these the second cut alone comes after something was given out."""
_NUMBER: Final = re.compile(r"call (\d+)")


def prompt(number: int) -> str:
    """Return a call's own prompt."""
    return f"This is call {number:05}."


def answer(model: str, number: int) -> str:
    """Return what a model says to it."""
    return f"{model} was asked for {number:05} and for nothing else."


def streams(number: int) -> bool:
    """Return whether the call is a stream: every second is."""
    return number % 2 == 1


def fault(number: int) -> Reply | None:
    """Return what the faulty model does with a call; None where it answers."""
    if number % EVERY:
        return None
    faults = _STREAM if streams(number) else _PLAIN
    return faults[number // (2 * EVERY) % len(faults)]


def _reply(asked: Asked, *, faulty: bool) -> Reply:
    number = int(_NUMBER.findall(asked.prompt)[-1])
    given = fault(number) if faulty else None
    own = Say(answer(asked.model, number))
    return own if given is None else given._replace(say=own) if isinstance(given, Cut) else given


# The upstream, in a process of its own: what it does must not be counted as the client's.


def _serve(pipe: Connection) -> None:
    with Emulator().running() as emulator:
        pipe.send(emulator.url)
        while (order := pipe.recv()) is not None:
            if order == "count":
                pipe.send(Counter(request.body["model"] for request in emulator.requests))
            else:
                emulator.reset()
                emulator.by(SMALL, partial(_reply, faulty=order == "faulty")).by(LARGE, partial(_reply, faulty=False))
                pipe.send(None)


class Upstream:
    """An emulator in another process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.url = f"{pipe.recv()}/v1"

    def begin(self, *, faulty: bool) -> None:
        """Forget what came, and answer so from now on."""
        self._pipe.send("faulty" if faulty else "healthy")
        self._pipe.recv()

    def requests(self) -> Counter[str]:
        """Return how many requests came, by model."""
        self._pipe.send("count")
        found: Counter[str] = self._pipe.recv()
        return found


@contextmanager
def upstream() -> Iterator[Upstream]:
    """Serve until the block ends."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    try:
        yield Upstream(ours)
    finally:
        ours.send(None)
        process.join(10)
        process.kill()


# The account


@dataclass(frozen=True, slots=True)
class Ended:
    """How one call ended."""

    number: int
    seconds: float
    text: str
    error: Exception | None


@dataclass(frozen=True, slots=True)
class Account:
    """How all calls of a load ended. Only the first two and the errors that were to come may be more than 0."""

    own: int = 0
    """Exactly its own answer, from the model that was asked first."""
    fallen_back: int = 0
    """Exactly its own answer, from the other."""
    interrupted: int = 0
    """One clear error, of a stream of which a part, its own, had been given out."""
    wrong: int = 0
    """Something else than one whole answer of its own: another call's, a part, or more than one."""
    failed: int = 0
    """Any other error."""
    lost: int = 0
    """Did not end, or ended more than once."""


def account(ended: Sequence[Ended], calls: int) -> Account:
    """Return how the calls ended."""
    kinds = Counter(_kind(one) for one in ended)
    numbers = Counter(one.number for one in ended)
    kinds["lost"] = sum(numbers[number] != 1 for number in range(calls))
    return Account(**kinds)


def _kind(ended: Ended) -> str:
    own, other = answer(SMALL, ended.number), answer(LARGE, ended.number)
    if isinstance(ended.error, StreamInterruptedError):
        begun = own.startswith(ended.text) and 0 < len(ended.text) < len(own)
        return "interrupted" if begun and "chunks were given out" in str(ended.error) else "wrong"
    if ended.error is not None:
        return "failed"
    return {own: "own", other: "fallen_back"}.get(ended.text, "wrong")


def expected(calls: int, *, faulty: bool) -> tuple[Account, dict[str, int]]:
    """Return how the calls must end, and how many requests each model must get: no more, and no fewer."""
    faults = [number for number in range(calls) if faulty and fault(number) is not None]
    late = sum(fault(number) == Cut(4) for number in faults)
    requests = {SMALL: calls, LARGE: len(faults) - late}
    return Account(calls - len(faults), len(faults) - late, late), {model: count for model, count in requests.items() if count}
