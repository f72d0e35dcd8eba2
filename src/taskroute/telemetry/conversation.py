"""What was said in a call, where telemetry is to write it: worked out once, and only then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import Span
from opentelemetry.util.types import AttributeValue

from taskroute.telemetry.guarded import guarded
from taskroute.telemetry.settings import Telling
from taskroute.types import Asking, Reply

if TYPE_CHECKING:
    from taskroute.telemetry.content import Written


class Conversation:
    """The messages of one call and the answers to it. There is none where content is off."""

    __slots__ = ("_answer", "_asked", "_asking", "_telling")

    def __init__(self, asking: Asking | None, telling: Telling) -> None:
        self._asking = asking
        self._telling = telling
        self._asked: Written | None = None
        self._answer: tuple[object, Written | None] | None = None
        """What tells the latest answer, and what may be written of it. The reply itself may be another by now, with a cost or a usage."""

    def asked(self) -> Written | None:
        """Return what was asked; the same for every model."""
        asking, self._asking = self._asking, None
        if asking is not None:
            self._asked = guarded("what was asked", lambda: self._write_asked(asking))
        return self._asked

    def answered(self, reply: Reply) -> Written | None:
        """Return what a model answered."""
        if self._answer is None or self._answer[0] is not reply.said:
            self._answer = reply.said, guarded("what was answered", lambda: self._write_answered(reply))
        return self._answer[1]

    def on_span(self, written: Written | None) -> Written | None:
        """Return what a span shows of it; None where messages are written on events alone."""
        return written if self._telling.on_spans else None

    def on_event(self, span: Span, attributes: Mapping[str, AttributeValue], reply: Reply | None, at: int) -> None:
        """Write it on an event, where it is to be there."""
        if self._telling.on_events:
            guarded("an event with messages", lambda: self._emit(span, attributes, reply, at))

    def whole(self, reply: Reply | None) -> dict[str, Any]:
        """Return all that spans may show of it, as lists."""
        asked, answered = self.on_span(self.asked()), None if reply is None else self.on_span(self.answered(reply))
        return {name: said for written in (asked, answered) if written is not None for name, said in written.structured.items()}

    def _emit(self, span: Span, attributes: Mapping[str, AttributeValue], reply: Reply | None, at: int) -> None:
        from taskroute.telemetry.content_event import emit

        answered = None if reply is None else self.answered(reply)
        emit(span=span, attributes=attributes, asked=self.asked(), answered=answered, at=at)

    def _write_asked(self, asking: Asking) -> Written:
        from taskroute.telemetry.content import asked_content

        return asked_content(asking, self._telling)

    def _write_answered(self, reply: Reply) -> Written:
        from taskroute.telemetry.content import answered_content

        return answered_content(reply, self._telling)
