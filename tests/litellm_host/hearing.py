"""An observer that asks a host for all that it may, as telemetry does: what a model is asked for, and what was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from taskroute.steps import Attempt, Cancelled, Ended, Failed
from taskroute.types import Call, Outcome, Sent

Messages = Sequence[Mapping[str, Any]]
TELLS: Mapping[str, Any] = {"telemetry": {"content": "span"}}
"""What a policy says that has messages written."""


class Hears:
    """Keeps the calls, and what was asked and said of each attempt."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.sent: list[Sent] = []
        self.asked: list[tuple[Messages, Messages, Messages]] = []
        """Messages, instructions and tools."""
        self.said: list[Messages | None] = []

    def begin(self, call: Call, at: float) -> Hears:
        self.calls.append(call)
        return self

    def decided(self, decision: Any) -> None: ...

    def step(self, step: Any, at: float) -> None:
        asking = self.calls[-1].asking
        if isinstance(step, Attempt) and asking is not None:
            self.sent.append(asking.sent(step.model))
            self.asked.append((asking.messages(), asking.instructions(), asking.tools()))

    def event(self, event: Any, failure: str | None, at: float) -> None:
        if isinstance(event, Ended | Failed | Cancelled) and event.reply is not None:
            said = event.reply.said
            self.said.append(None if said is None else said())

    def active(self) -> Any:
        return nullcontext()

    def finished(self, outcome: Outcome, at: float) -> None: ...


def words(text: str, role: str = "user") -> dict[str, Any]:
    """Return a message of one text."""
    return {"role": role, "parts": [{"type": "text", "content": text}]}
