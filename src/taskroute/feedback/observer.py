"""Remembers the answer of every call, so that it may be scored."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, cast

from taskroute.clock import SystemClock
from taskroute.feedback.record import of_decision, of_outcome
from taskroute.feedback.scores import Scores
from taskroute.ports import Clock
from taskroute.signals.collect import CallReader, Sources
from taskroute.signals.size import cap
from taskroute.steps import Event, Step
from taskroute.telemetry.settings import Redact
from taskroute.types import Call, Decision, Outcome

_LONGEST: Final = 20_000
"""Characters of a question that are kept, head and tail."""
_NOTHING_TO_HOLD: Final[AbstractContextManager[object]] = contextlib.nullcontext()


class FeedbackObserver:
    """Remembers answers where the policy in force keeps scores."""

    def __init__(
        self,
        scores: Callable[[], Scores | None],
        sources: Callable[[], Sources],
        redact: Callable[[], Redact | None],
        clock: Clock | None = None,
    ) -> None:
        self._scores = scores
        self._sources = sources
        self._redact = redact
        self._clock: Clock = clock or SystemClock()

    def begin(self, call: Call, at: float) -> _FeedbackWatch | None:
        scores = self._scores()
        return None if scores is None else _FeedbackWatch(scores, call, self._sources(), self._redact(), self._clock)

    def decided(self, decision: Decision, call: Call, scores: Scores) -> None:
        """Remember a decision that the application carries out by itself."""
        sources = self._sources()
        prompt = _kept(scores, decision, call, sources, self._redact())
        scores.remember(of_decision(decision, call, sources, self._clock.time(), prompt))


class _FeedbackWatch:
    __slots__ = ("_call", "_clock", "_redact", "_scores", "_sources")

    def __init__(self, scores: Scores, call: Call, sources: Sources, redact: Redact | None, clock: Clock) -> None:
        self._scores = scores
        self._call = call
        self._sources = sources
        self._redact = redact
        self._clock = clock

    def decided(self, decision: Decision) -> None:
        pass

    def step(self, step: Step, at: float) -> None:
        pass

    def event(self, event: Event, failure: str | None, at: float) -> None:
        pass

    def active(self) -> AbstractContextManager[object]:
        return _NOTHING_TO_HOLD

    def finished(self, outcome: Outcome, at: float) -> None:
        prompt = _kept(self._scores, outcome.decision, self._call, self._sources, self._redact)
        self._scores.remember(of_outcome(outcome, self._call, self._sources, self._clock.time(), prompt))


def _kept(scores: Scores, decision: Decision, call: Call, sources: Sources, redact: Redact | None) -> str | None:
    """Return the question of a call, if the policy has questions kept; never one in which sensitive data is found.

    It is looked for here where no rule and no route of the policy has asked for it.
    """
    if not scores.section.prompts or CallReader(call, sources, decision.signals).sensitive():
        return None
    return question(call, redact)


def question(call: Call, redact: Redact | None) -> str | None:
    """Return the text of the question as it may be kept: capped, and as the redaction hook leaves it; None where that withholds it."""
    text = cap(call.question(), _LONGEST)
    if not text or redact is None:
        return text or None
    # It loads what else is needed only where content is written.
    from taskroute.telemetry.redaction import redacted

    message = {"role": "user", "parts": [{"type": "text", "content": text}]}
    left = redacted("input", [message], redact).value
    return "\n".join(_texts(left)) or None


def _texts(messages: object) -> Sequence[str]:
    if not isinstance(messages, list):
        return ()
    parts: list[Any] = []
    for message in cast("list[object]", messages):
        if isinstance(message, dict):
            held = cast("Mapping[str, object]", message).get("parts")
            parts += cast("list[object]", held) if isinstance(held, list) else []
    contents = [cast("Mapping[str, object]", part).get("content") for part in parts if isinstance(part, dict)]
    return [content for content in contents if isinstance(content, str)]
