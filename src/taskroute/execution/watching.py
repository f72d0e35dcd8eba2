"""Telling observers, in a way that they cannot fail the call."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from taskroute.execution.failures import classify
from taskroute.ports import Observer, Watch
from taskroute.steps import AskEnded, Attempt, Event, Failed, Step
from taskroute.types import Call, Decision, Outcome
from taskroute.warn import warn_once


def _say(observer: object, error: Exception) -> None:
    """Warn once for each class of observer that fails; the call goes on."""
    name = type(observer).__name__
    # Without its message, which may hold a prompt.
    warn_once("observer", name, f"the observer {name} failed with {type(error).__name__}; the call went on")


class Watches:
    """All that watch one call, as one. The decision is told with the first step that knows it."""

    __slots__ = ("_told", "_watches")

    def __init__(self, watches: Sequence[Watch]) -> None:
        self._watches = watches
        self._told = False

    def step(self, step: Step, at: float) -> None:
        if isinstance(step, Attempt):
            self._tell(step.decision)
        for watch in self._watches:
            try:
                watch.step(step, at)
            except Exception as error:  # noqa: BLE001 - whatever an observer raises, the call goes on
                _say(watch, error)

    def event(self, event: Event, at: float) -> None:
        failure = classify(event.error).kind if isinstance(event, Failed | AskEnded) and event.error is not None else None
        for watch in self._watches:
            try:
                watch.event(event, failure, at)
            except Exception as error:  # noqa: BLE001 - as above
                _say(watch, error)

    def active(self) -> AbstractContextManager[object]:
        return _Held(self._watches)

    def finished(self, outcome: Outcome, at: float) -> None:
        self._tell(outcome.decision)
        for watch in self._watches:
            try:
                watch.finished(outcome, at)
            except Exception as error:  # noqa: BLE001 - as above
                _say(watch, error)

    def _tell(self, decision: Decision) -> None:
        if self._told:
            return
        self._told = True
        for watch in self._watches:
            try:
                watch.decided(decision)
            except Exception as error:  # noqa: BLE001 - as above
                _say(watch, error)


class _Held:
    """Holds what the watches want held while the host works; neither entering nor leaving can fail."""

    __slots__ = ("_entered", "_watches")

    def __init__(self, watches: Sequence[Watch]) -> None:
        self._watches = watches
        self._entered: list[tuple[Watch, AbstractContextManager[object]]] = []

    def __enter__(self) -> None:
        for watch in self._watches:
            try:
                context = watch.active()
                context.__enter__()
            except Exception as error:  # noqa: BLE001 - as above
                _say(watch, error)
            else:
                self._entered.append((watch, context))

    def __exit__(self, *raised: object) -> None:
        for watch, context in reversed(self._entered):
            try:
                context.__exit__(None, None, None)
            except Exception as error:  # noqa: BLE001 - as above
                _say(watch, error)


def begin(observers: Sequence[Observer], call: Call, at: float) -> Watches | None:
    """Return what will be told of this call, or None when nobody cares for it."""
    watches: list[Watch] = []
    for observer in observers:
        try:
            watch = observer.begin(call, at)
        except Exception as error:  # noqa: BLE001 - as above
            _say(observer, error)
            continue
        if watch is not None:
            watches.append(watch)
    return Watches(watches) if watches else None
