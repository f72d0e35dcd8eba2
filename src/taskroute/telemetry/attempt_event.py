"""One model's work as an event on the route span, for calls whose inference spans are somebody else's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opentelemetry.trace import Span, Status
from opentelemetry.util.types import Attributes, AttributeValue

from taskroute.telemetry import attributes as names
from taskroute.telemetry import describe
from taskroute.types import Reply

# Tokens and costs stand on the other span, and backends add up what they find; the rest of it says nothing new either.
_ELSEWHERE: Final = ("gen_ai.", "openai.", "server.", "taskroute.cost.")


class AttemptEvent:
    """Takes what would be written on a span, and adds one event when that would end: how the model was tried and what became of it."""

    __slots__ = ("_attributes", "_model", "_route")

    def __init__(self, route: Span, *, model: str, attributes: Mapping[str, AttributeValue]) -> None:
        self._route = route
        self._model = model
        self._attributes: dict[str, AttributeValue] = {names.MODEL: model}
        self.set_attributes(attributes)

    def set_attribute(self, key: str, value: AttributeValue, /) -> None:
        self.set_attributes({key: value})

    def set_attributes(self, attributes: Mapping[str, AttributeValue], /) -> None:
        self._attributes.update({key: value for key, value in attributes.items() if not key.startswith(_ELSEWHERE)})

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None, /) -> None:
        """Take an exception for the attempt's own; any other event goes to the route span, with the name of the model."""
        told = dict(attributes or {})
        if name == names.EXCEPTION_EVENT:
            self._attributes.update(told)
        else:
            self._route.add_event(name, {names.MODEL: self._model, **told}, timestamp)

    def set_status(self, status: Status, /) -> None:
        """Take nothing: a try that failed does not make the call a failed one."""

    def answer(self, reply: Reply, /) -> None:
        """Take what no other span says of an answer."""
        self.set_attributes(describe.present({names.SERVICE_TIER: reply.service_tier}))

    def end(self, end_time: int, /) -> None:
        self._route.add_event(names.ATTEMPT_EVENT, self._attributes, end_time)
