"""Telling observers, in a way that they cannot fail the call."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Final

from taskroute.execution.failures import classify
from taskroute.ports import Observer, Watch
from taskroute.steps import Attempt, Event, Failed, Step
from taskroute.types import Call, Outcome

NOTHING_TO_HOLD: Final[AbstractContextManager[object]] = contextlib.nullcontext()

_warned: set[str] = set()


def guarded(observer: object, tell: Callable[[], object]) -> object:
    """Return what `tell` returns; when it raises, warn once for each class of observer and return None."""
    try:
        return tell()
    except Exception as error:  # noqa: BLE001 - whatever an observer raises, the call goes on
        name = type(observer).__name__
        if name not in _warned:
            _warned.add(name)
            text = f"the observer {name} failed with {type(error).__name__}: {error}; the call went on"
            warnings.warn(text, RuntimeWarning, stacklevel=2)
        return None


class Watches:
    """All that watch one call, as one. The decision is told with the first step that knows it."""

    __slots__ = ("_told", "_watches")

    def __init__(self, watches: Sequence[Watch]) -> None:
        self._watches = watches
        self._told = False

    def step(self, step: Step, at: float) -> None:
        for watch in self._watches:
            if not self._told and isinstance(step, Attempt):
                guarded(watch, lambda watch=watch: watch.decided(step.decision))  # type: ignore[misc]
            guarded(watch, lambda watch=watch: watch.step(step, at))  # type: ignore[misc]
        self._told = self._told or isinstance(step, Attempt)

    def event(self, event: Event, at: float) -> None:
        failure = classify(event.error).kind if isinstance(event, Failed) else None
        for watch in self._watches:
            guarded(watch, lambda watch=watch: watch.event(event, failure, at))  # type: ignore[misc]

    def active(self) -> AbstractContextManager[object]:
        if not self._watches:
            return NOTHING_TO_HOLD
        return _Held(self._watches)

    def finished(self, outcome: Outcome, at: float) -> None:
        for watch in self._watches:
            if not self._told:
                guarded(watch, lambda watch=watch: watch.decided(outcome.decision))  # type: ignore[misc]
            guarded(watch, lambda watch=watch: watch.finished(outcome, at))  # type: ignore[misc]


class _Held:
    """Holds what the watches want held while the host works; neither entering nor leaving can fail."""

    __slots__ = ("_entered", "_watches")

    def __init__(self, watches: Sequence[Watch]) -> None:
        self._watches = watches
        self._entered: list[tuple[Watch, AbstractContextManager[object]]] = []

    def __enter__(self) -> None:
        for watch in self._watches:
            guarded(watch, lambda watch=watch: self._enter(watch))  # type: ignore[misc]

    def _enter(self, watch: Watch) -> None:
        context = watch.active()
        context.__enter__()
        self._entered.append((watch, context))

    def __exit__(self, *raised: object) -> None:
        for watch, context in reversed(self._entered):
            guarded(watch, lambda context=context: context.__exit__(None, None, None))  # type: ignore[misc]


UNWATCHED: Final = Watches(())


def begin(observers: Sequence[Observer], call: Call, at: float) -> Watches:
    """Return what will be told of this call."""
    watches: list[Watch] = []
    for observer in observers:
        watch = guarded(observer, lambda observer=observer: observer.begin(call, at))  # type: ignore[misc]
        if watch is not None:
            watches.append(watch)  # type: ignore[arg-type]
    return Watches(watches) if watches else UNWATCHED
