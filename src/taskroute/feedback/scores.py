"""Remembers answers for a while, and keeps what is said of them in a store."""

from __future__ import annotations

import asyncio
import math
import os
import threading
from collections import OrderedDict
from collections.abc import Collection, Generator, Iterator
from decimal import Decimal
from numbers import Real
from typing import Any, Final, NamedTuple
from weakref import WeakSet

from taskroute.cache.later import Later
from taskroute.errors import UnknownDecisionError
from taskroute.feedback.record import Answered, Scored, UnreadableError, dumps, load_answered, load_scored
from taskroute.policy.choosing import Feedback
from taskroute.policy.consistent import suggestion
from taskroute.ports import Clock, Store
from taskroute.warn import warn_once

_REMEMBERED: Final = 10_000
"""Answers that this process remembers by itself, the latest."""
_WAITING: Final = 2_000
"""Answers that wait to be written down: behind a store that is slow or down they must not fill the memory."""
_PATIENCE: Final = 2.0
"""Seconds that closing waits for answers to be written down."""
_UNSCORED: Final = "other processes cannot score it"
_ANSWERED: Final = "answered:"
_SCORED: Final = "scored:"

_all: Final[WeakSet[Scores]] = WeakSet()


def _after_fork() -> None:
    """The thread that writes is the parent's."""
    for scores in list(_all):
        scores.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


class _Ask(NamedTuple):
    """One question to a store."""

    store: Store
    method: str
    arguments: tuple[Any, ...]


_Steps = Generator[_Ask, Any, None]


class Scores:
    """The answers of late, and the scores of them. Safe to share between threads and tasks.

    `kept` keeps scores; `remembered` keeps answers beyond this process, so that another one may be told of them; None where `kept` is this
    process's own.
    """

    def __init__(self, section: Feedback, clock: Clock, *, kept: Store, remembered: Store | None) -> None:
        self.section = section
        self._clock = clock
        self._kept = kept
        self._remembered = remembered
        self._answers: OrderedDict[str, tuple[float, Answered]] = OrderedDict()
        """Each with the reading of the clock until which it may be scored."""
        self.after_fork()
        _all.add(self)

    def after_fork(self) -> None:
        """Take a lock and a thread of this process."""
        self._lock = threading.RLock()
        self._later = Later("taskroute feedback")
        self._waiting = 0

    def remember(self, answered: Answered) -> None:
        """Let this answer be scored. Nothing is waited for, and a store in trouble costs one warning."""
        with self._lock:
            self._answers[answered.decision_id] = (self._clock.now() + self.section.within, answered)
            self._answers.move_to_end(answered.decision_id)
            while len(self._answers) > _REMEMBERED:
                self._answers.popitem(last=False)
            waits = self._remembered is not None and self._waiting < _WAITING
            self._waiting += waits
        if waits:
            self._later.do(lambda: self._write(answered))
        elif self._remembered is not None:
            warn_once("feedback", "slow", f"decisions are not remembered: {_WAITING:,} wait for a store that is slow; {_UNSCORED}")

    def _write(self, answered: Answered) -> None:
        store = self._remembered
        try:
            if store is not None:
                store.put(_ANSWERED + answered.decision_id, dumps(answered), self.section.within)
        except Exception as error:  # noqa: BLE001 - whatever a store raises, nobody waits for this
            name = type(error).__name__
            warn_once("feedback", name, f"a decision was not remembered in the store of 'feedback' ({name}); {_UNSCORED}")
        finally:
            with self._lock:
                self._waiting -= 1

    def score(self, decision_id: str, score: float, model: str | None, models: Collection[str]) -> None:
        """Keep what is said of an answer. What the store raises is raised.

        Raises UnknownDecisionError, ValueError for a score that is not from 0 to 1 and for a model that is none of `models`.
        """
        steps = self._scoring(decision_id, score, model, models)
        try:
            ask = next(steps)
            while True:
                ask = steps.send(getattr(ask.store, ask.method)(*ask.arguments))
        except StopIteration:
            return

    async def ascore(self, decision_id: str, score: float, model: str | None, models: Collection[str]) -> None:
        """The same without blocking the event loop."""
        steps = self._scoring(decision_id, score, model, models)
        try:
            ask = next(steps)
            while True:
                ask = steps.send(await getattr(ask.store, f"a{ask.method}")(*ask.arguments))
        except StopIteration:
            return

    def _scoring(self, decision_id: str, score: float, model: str | None, models: Collection[str]) -> _Steps:
        number = _checked(score)
        if not isinstance(decision_id, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"the id of a decision is a str, not {type(decision_id).__name__}; take it from 'decision.id' or 'decision_id'")
        if model is not None and not isinstance(model, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"model= is the name of a model, not of type {type(model).__name__}")
        answered = self._recent(decision_id)
        if answered is None and self._remembered is not None and decision_id:
            answered = _read((yield _Ask(self._remembered, "get", (_ANSWERED + decision_id,))))
        if answered is None:
            raise UnknownDecisionError(decision_id, self._why_unknown())
        whose = answered.model if model is None else model
        if whose is None:
            raise ValueError(f"no model answered under decision {decision_id!r}; say whose answer this is with model=")
        if whose != answered.model and whose not in models:
            raise ValueError(f"no model named {whose!r}; {suggestion(whose, models)}")
        record = Scored(answered, whose, number, self._clock.time())
        yield _Ask(self._kept, "put", (f"{_SCORED}{decision_id}:{whose}", dumps(record), self.section.keep))

    def _recent(self, decision_id: str) -> Answered | None:
        with self._lock:
            until, answered = self._answers.get(decision_id, (0.0, None))
        return answered if self._clock.now() < until else None

    def _why_unknown(self) -> str:
        where = f"store {self.section.store!r}"
        if self._remembered is None:
            where += ", which other processes do not see; 'disk' or 'redis' they do"
        days = self.section.within / 86400
        return f"check the id; answers can be scored for {days:g} days ('feedback.within') by whoever has the same 'feedback' ({where})"

    def scored(self) -> Iterator[Scored]:
        """Yield every score that is kept, in no order. One that cannot be read is left out, with one warning."""
        return read_scores(self._kept)

    def close(self) -> None:
        """Write down what is remembered, and close the stores."""
        self._later.close(_PATIENCE)
        for store in (self._kept, self._remembered):
            if store is not None:
                store.close()

    async def aclose(self) -> None:
        """The same without blocking the event loop."""
        await asyncio.to_thread(self._later.close, _PATIENCE)
        for store in (self._kept, self._remembered):
            if store is not None:
                await store.aclose()


def read_scores(store: Store) -> Iterator[Scored]:
    """Yield every score in a store, in no order. One that cannot be read is left out, with one warning."""
    for name in store.scan(_SCORED):
        data = store.get(name)
        if data is None:
            continue
        try:
            yield load_scored(data)
        except UnreadableError as error:
            warn_once("feedback", "unreadable", f"scores were left out: {error}")


def _read(data: bytes | None) -> Answered | None:
    try:
        return None if data is None else load_answered(data)
    except UnreadableError:
        return None


def _checked(score: float) -> float:
    # Judges and tests reckon with NumPy's numbers and with decimals, too.
    if not isinstance(score, Real | Decimal):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"a score is a number from 0 to 1, not {type(score).__name__}")
    try:
        number = float(score)
    except OverflowError:
        score = number = math.inf
    if not 0 <= number <= 1:
        raise ValueError(f"the score is {score!r}; scores go from 0 to 1: divide by the best there can be")
    return number
