"""Spans that remember what was written on them, so that the same can be said in other words before they end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from opentelemetry.trace import Span, Status
from opentelemetry.util.types import Attributes, AttributeValue

from taskroute.policy.telling import Convention
from taskroute.reading import total
from taskroute.telemetry import describe
from taskroute.telemetry.conversation import Conversation
from taskroute.telemetry.guarded import end_span, guarded
from taskroute.types import NOTHING, Cost, Reply, Usage, total_cost

if TYPE_CHECKING:
    from taskroute.telemetry.compat.written import SpanKind
    from taskroute.telemetry.content import Written


class Noted:
    """A span with all its attributes at hand."""

    __slots__ = ("attributes", "span")

    def __init__(self, span: Span, attributes: Mapping[str, AttributeValue]) -> None:
        self.span = span
        self.attributes: dict[str, AttributeValue] = dict(attributes)

    def set_attribute(self, key: str, value: AttributeValue, /) -> None:
        self.attributes[key] = value
        self.span.set_attribute(key, value)

    def set_attributes(self, attributes: Mapping[str, AttributeValue], /) -> None:
        if attributes:
            self.attributes.update(attributes)
            self.span.set_attributes(attributes)

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None, /) -> None:
        self.span.add_event(name, attributes, timestamp)

    def set_status(self, status: Status, /) -> None:
        self.span.set_status(status)

    def add_conventions(
        self,
        conventions: tuple[Convention, ...],
        *,
        span: SpanKind,
        cost: Cost | None,
        said: Mapping[str, Any] = NOTHING,
    ) -> None:
        """Say the same in the words of further conventions."""

        def added() -> dict[str, AttributeValue]:
            from taskroute.telemetry.compat import added

            return added(conventions, span=span, attributes=self.attributes, cost=cost, said=said)

        if conventions:
            self.set_attributes(guarded("what `compat` adds", added) or NOTHING)


class InferenceSpan(Noted):
    """The span of a model's work."""

    __slots__ = ("_answer", "_compat", "_conversation", "_embeds", "_provider", "_said")

    def __init__(
        self,
        span: Span,
        attributes: Mapping[str, AttributeValue],
        *,
        provider: str | None,
        embeds: bool,
        compat: tuple[Convention, ...],
        conversation: Conversation | None,
    ) -> None:
        super().__init__(span, attributes)
        self._provider = provider
        """None where only the answer may tell it."""
        self._embeds = embeds
        self._compat = compat
        self._conversation = conversation
        self._answer: Reply | None = None
        """The latest, with what all tries together took."""
        self._said: dict[str, Any] = {}
        """The messages on the span, as lists."""
        if conversation is not None:
            # Not at creation: samplers are shown the attributes of then, and may log them.
            self._write(conversation.on_span(conversation.asked()))

    def answer(self, reply: Reply, /) -> None:
        """Write what came, be it the whole answer or a part of one."""
        self._answer = reply if self._answer is None else _after(self._answer, reply)
        self.set_attributes(describe.of_reply(reply, provider=self._provider, embeds=self._embeds))
        if self._conversation is not None:
            self._write(self._conversation.on_span(self._conversation.answered(reply)))

    def end(self, end_time: int, /) -> None:
        """End the span, after what further conventions and the event with messages take from it."""
        try:
            if self._answer is not None:
                # Not before: what one try took is no longer known once another took nobody knows what.
                self.set_attributes(describe.of_use(self._answer.usage, self._answer.cost, embeds=self._embeds))
            # The event says what the conventions say, and not what `compat` adds.
            said = dict(self.attributes) if self._conversation is not None else NOTHING
            cost = None if self._answer is None else self._answer.cost
            self.add_conventions(self._compat, span="inference", cost=cost, said=self._said)
            if self._conversation is not None:
                self._conversation.on_event(self.span, said, self._answer, end_time)
        finally:
            end_span(self.span, end_time)

    def _write(self, written: Written | None) -> None:
        if written is not None:
            self.set_attributes(written.attributes)
            self._said.update(written.structured)


def _after(earlier: Reply, reply: Reply) -> Reply:
    """Return what a retry gave, with what both tries took; unknown as soon as it is of one."""
    counts = (earlier.usage, reply.usage)
    usage = None if None in counts else total(cast("tuple[Usage, ...]", counts))
    return reply._replace(usage=usage, cost=total_cost((earlier.cost, reply.cost)))
