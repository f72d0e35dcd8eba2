"""One line a call through `logging`, where the policy asks for it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from opentelemetry.trace import SpanContext

from taskroute.policy.telling import Telemetry
from taskroute.steps import Attempt, Event, Step
from taskroute.telemetry.log_line import Sending, fields, line
from taskroute.telemetry.route_context import taken
from taskroute.types import Call, Decision, Outcome

LOGGER: Final = "taskroute.calls"
_LEVELS: Final[Mapping[str, int]] = {"debug": logging.DEBUG, "info": logging.INFO}
_FAILED: Final = logging.WARNING
_logger: Final = logging.getLogger(LOGGER)


class LogObserver:
    """Logs each call when it has ended, at the level of the policy; one that failed as a warning.

    It has the ids of the route span, so it must be told of a call after the observer that opens that. `section` is the policy's.
    """

    def __init__(self, section: Callable[[], Telemetry]) -> None:
        self._section = section

    def begin(self, call: Call, at: float) -> LogWatch | None:
        """Return what follows the call, or None when nothing of it would be logged."""
        level = _LEVELS.get(self._section().log)
        if level is None or not _logger.isEnabledFor(_FAILED):
            return None
        return LogWatch(call, at, level=level, span=taken())


class LogWatch:
    """Counts what is sent for one call, and logs it at its end."""

    __slots__ = ("_attempts", "_call", "_fell", "_level", "_served", "_span", "_started")

    def __init__(self, call: Call, at: float, *, level: int, span: SpanContext | None) -> None:
        self._call = call
        self._started = at
        self._level = level
        self._span = span
        self._attempts = 0
        self._fell: list[tuple[str, str | None]] = []
        self._served: list[tuple[str, str | None]] = []
        """What a stored answer came in the place of."""

    def decided(self, decision: Decision) -> None:
        """Do nothing: the outcome has it, too."""

    def step(self, step: Step, at: float) -> None:
        """Count what is sent, and what falls back."""
        if not isinstance(step, Attempt):
            return
        fell = [] if step.fallback_from is None else [(step.fallback_from, step.fallback_reason)]
        if step.cached is not None:
            self._served = fell
            return
        self._attempts += 1
        if step.retry == 0:
            self._fell += fell

    def event(self, event: Event, failure: str | None, at: float) -> None:
        """Do nothing: the outcome has it, too."""

    def active(self) -> AbstractContextManager[object]:
        return nullcontext()

    def finished(self, outcome: Outcome, at: float) -> None:
        """Log the call."""
        level = max(self._level, _FAILED) if outcome.status == "failed" else self._level
        if not _logger.isEnabledFor(level):
            return
        fell = (*self._fell, *(self._served if outcome.is_cached else ()))
        said = fields(self._call, outcome, seconds=at - self._started, sending=Sending(self._attempts, fell), span=self._span)
        # One name of ours on the record: any other may be one that `logging` or a formatter has for itself.
        _logger.log(level, "call %s", line(said), extra={"taskroute": said})
