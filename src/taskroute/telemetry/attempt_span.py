"""The OpenTelemetry span of one model's work within a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from opentelemetry.trace import Span, Status, StatusCode
from opentelemetry.util.types import Attributes, AttributeValue

from taskroute.steps import Attempt, Cancelled, Ended, Failed, Opened, Validated
from taskroute.telemetry import attributes as names
from taskroute.telemetry import describe
from taskroute.types import Reply


class Marked(Protocol):
    """What can be marked as failed."""

    def set_attribute(self, key: str, value: AttributeValue, /) -> None: ...
    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None, /) -> None: ...
    def set_status(self, status: Status, /) -> None: ...


class Writing(Marked, Protocol):
    """What a model's work is written to: a span, or what stands in for one."""

    def set_attributes(self, attributes: Mapping[str, AttributeValue], /) -> None: ...
    def answer(self, reply: Reply, /) -> None:
        """Take what came, be it the whole answer or a part of one."""
        ...

    def end(self, end_time: int, /) -> None: ...


class AttemptSpan:
    """The span around one model's work: the first try and its retries.

    A failure stays pending until the next step tells whether the same model is tried again, which keeps the span open. `current` is the
    span that others hang below while the model works.
    """

    __slots__ = (
        "_began",
        "_ended_at",
        "_failure",
        "_pending",
        "_pending_at",
        "_retries",
        "_tried_at",
        "current",
        "model",
        "span",
    )

    def __init__(self, span: Writing, *, current: Span, model: str, start: int) -> None:
        self.span = span
        self.current = current
        self.model = model
        self._ended_at = start
        self._tried_at = start
        self._retries = 0
        self._pending: Failed | None = None
        self._pending_at = 0
        self._failure: str | None = None
        self._began = False
        """Whether a part of an answer has come, whose finish reason is still to come."""

    def retries_with(self, step: Attempt) -> bool:
        """Return whether the step tries this model again after a failure."""
        return self._pending is not None and step.retry > 0 and step.model == self.model

    def retry(self, at: int) -> None:
        error, failure = (self._pending.error if self._pending is not None else None), self._failure
        self._retries += 1
        self._tried_at = at
        self._pending = self._failure = None
        self._began = False
        event = describe.present({names.FAILURE: failure, names.ERROR_TYPE: describe.error_type(error)})
        self.span.add_event(names.RETRY_EVENT, event, at)

    def opened(self, event: Opened, at: int) -> None:
        self._began = True
        self._streamed(event.first_chunk if event.first_chunk is not None else (at - self._tried_at) / 1e9)

    def failed(self, event: Failed, failure: str | None, at: int) -> None:
        self._pending, self._failure, self._pending_at = event, failure, at
        self._part(event.reply)
        self._began = self._began or event.delivered > 0

    def answered(self, event: Ended, at: int) -> None:
        """Write the answer; the span stays open for what an examination may find."""
        self._ended_at = at
        self.span.answer(event.reply)
        if event.held and event.first_chunk is not None:
            self._streamed(event.first_chunk)

    def examined(self, found: Validated | None) -> None:
        """End the span of an answer, at the time when that was there, with what its examination found."""
        try:
            if found is not None:
                self.span.set_attributes(describe.of_validation(found))
        finally:
            self.end(self._ended_at)

    def cancelled(self, at: int, event: Cancelled | None = None) -> None:
        try:
            self._part(None if event is None else event.reply)
            self.span.set_attributes({names.CANCELLED: True, names.RETRY_COUNT: self._retries})
            if self._began:
                self._broke_off()
            if self._pending is not None:
                _add_exception(self.span, self._pending.error, self._failure, self._pending_at)
        finally:
            self.span.end(at)

    def end(self, at: int, *, error: BaseException | None = None) -> None:
        """End the span: failed when a failure is pending, or else with `error`."""
        try:
            self.span.set_attribute(names.RETRY_COUNT, self._retries)
            if self._pending is not None:
                at = self._pending_at
                if self._began:
                    self._broke_off()
                mark_failed(self.span, self._pending.error, self._failure, at)
            elif error is not None:
                mark_failed(self.span, error, None, at)
        finally:
            self.span.end(at)

    def _part(self, reply: Reply | None) -> None:
        if reply is not None:
            self.span.answer(reply)
            # An answer that came whole and could not be used has ended as its provider says.
            self._began = reply.finish_reason is None

    def _broke_off(self) -> None:
        self.span.set_attribute(names.RESPONSE_FINISH_REASONS, (names.FINISH_ERROR,))

    def _streamed(self, first_chunk: float) -> None:
        self.span.set_attributes({names.REQUEST_STREAM: True, names.RESPONSE_TIME_TO_FIRST_CHUNK: first_chunk})


def mark_failed(span: Marked, error: BaseException | None, failure: str | None, at: int) -> None:
    span.set_attribute(names.ERROR_TYPE, describe.error_type(error) or failure or names.OTHER_ERROR)
    span.set_status(Status(StatusCode.ERROR, failure))
    if error is not None:
        _add_exception(span, error, failure, at)


def _add_exception(span: Marked, error: BaseException, failure: str | None, at: int) -> None:
    # Not record_exception: it writes the message and the stack, and a provider's message may quote the prompt.
    span.add_event(names.EXCEPTION_EVENT, describe.present({names.EXCEPTION_TYPE: describe.class_name(error), names.FAILURE: failure}), at)
