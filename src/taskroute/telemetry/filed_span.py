"""A span of the application's tracer that is also kept for the file of the policy."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from opentelemetry.trace import INVALID_SPAN_CONTEXT, Link, NonRecordingSpan, Span, SpanContext, Status, StatusCode
from opentelemetry.util.types import Attributes, AttributeValue

from taskroute.telemetry import attributes as names
from taskroute.telemetry.guarded import end_span
from taskroute.telemetry.otlp_json import Ended, Happened, line_of
from taskroute.telemetry.span_file import SpanFile
from taskroute.warn import warn_once


class CallRecord:
    """The spans of one call, which are written together when the outermost of them ends."""

    __slots__ = ("_ended", "_file", "_is_written", "_resource", "_version")

    def __init__(self, file: SpanFile, *, version: str | None, resource: Mapping[str, AttributeValue]) -> None:
        self._file = file
        self._version = version
        self._resource = resource
        self._ended: list[Ended] = []
        self._is_written = False

    def add(self, span: Ended, *, is_outermost: bool) -> None:
        """Take a span that has ended. One that comes after the outermost is written alone."""
        self._ended.append(span)
        if is_outermost or self._is_written:
            self._is_written = True
            spans, self._ended = self._ended, []
            self._file.add(line_of(spans, scope=names.SCOPE, version=self._version, resource=self._resource))


class FiledSpan(Span):
    """Passes on what is written on it, and keeps the same for the file."""

    def __init__(self, seen: Span, *, begun: Ended, record: CallRecord, is_outermost: bool) -> None:
        self.seen: Final = seen
        """The one that the rest of the application may see."""
        self.record: Final = record
        self._begun = begun
        self._name = begun.name
        self._attributes: dict[str, AttributeValue] = dict(begun.attributes)
        self._events: list[Happened] = []
        self._links: list[Link] = [*begun.links]
        self._status = Status(StatusCode.UNSET)
        self._is_outermost = is_outermost
        self._is_ended = False

    @property
    def own(self) -> SpanContext:
        """The ids that the file has for it. Without an SDK there are no others."""
        return self._begun.context

    def get_span_context(self) -> SpanContext:
        return self.seen.get_span_context()

    def is_recording(self) -> bool:
        return not self._is_ended

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        self.seen.set_attributes(attributes)
        self._attributes.update(attributes)

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        self.seen.set_attribute(key, value)
        self._attributes[key] = value

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        at = time.time_ns() if timestamp is None else timestamp
        self.seen.add_event(name, attributes, at)
        self._events.append(Happened(name, at, dict(attributes or {})))

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        self.seen.add_link(context, attributes)
        self._links.append(Link(context, attributes))

    def update_name(self, name: str) -> None:
        self.seen.update_name(name)
        self._name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        self.seen.set_status(status, description)
        self._status = status if isinstance(status, Status) else Status(status, description)

    def record_exception(
        self, exception: BaseException, attributes: Attributes = None, timestamp: int | None = None, escaped: bool = False
    ) -> None:
        """Pass the exception on; the file gets its class, since a message may quote the prompt."""
        self.seen.record_exception(exception, attributes, timestamp, escaped)
        at = time.time_ns() if timestamp is None else timestamp
        self._events.append(Happened(names.EXCEPTION_EVENT, at, {names.EXCEPTION_TYPE: type(exception).__qualname__}))

    def end(self, end_time: int | None = None) -> None:
        at = time.time_ns() if end_time is None else end_time
        end_span(self.seen, at)
        if self._is_ended:
            return
        self._is_ended = True
        ended = self._begun._replace(
            name=self._name,
            end=at,
            attributes=self._attributes,
            events=self._events,
            links=self._links,
            status=self._status.status_code,
            description=self._status.description,
        )
        try:
            self.record.add(ended, is_outermost=self._is_outermost)
        except Exception as error:  # noqa: BLE001 - what cannot be written costs the line, never the call
            warn_once("span file", type(error).__name__, f"a span could not be written to the file: {type(error).__name__}")


class _Within(NonRecordingSpan):
    """Stands for a span that only the file has: says what the application's own says, and lets calls inside find their parent."""

    def __init__(self, span: FiledSpan) -> None:
        super().__init__(span.get_span_context())
        self.own: Final = span.own


def outward(span: Span) -> Span:
    """Return the span to make current, which others read, write on and hang theirs below: never one that writes to the file."""
    if not isinstance(span, FiledSpan):
        return span
    return span.seen if span.seen.is_recording() else _Within(span)


def context_in_file(span: Span) -> SpanContext | None:
    """Return the ids of a span in the file, where it is there, or else its own; None where it has none."""
    context = span.own if isinstance(span, FiledSpan | _Within) else span.get_span_context()
    return context if context is not INVALID_SPAN_CONTEXT and context.is_valid else None
