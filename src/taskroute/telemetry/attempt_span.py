"""The OpenTelemetry span of one model's work within a call."""

from __future__ import annotations

from typing import Protocol

from opentelemetry.trace import Span, Status, StatusCode
from opentelemetry.util.types import Attributes, AttributeValue

from taskroute.steps import Attempt, Ended, Failed, Validated
from taskroute.telemetry import attributes as names
from taskroute.telemetry import describe
from taskroute.types import Reply


class Written(Protocol):
    """What is written of a model's work: a span, or what stands in for one."""

    def set_attribute(self, key: str, value: AttributeValue, /) -> None: ...
    def set_attributes(self, attributes: dict[str, AttributeValue], /) -> None: ...
    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None, /) -> None: ...
    def set_status(self, status: Status, /) -> None: ...
    def end(self, end_time: int | None = None, /) -> None: ...


class AttemptSpan:
    """The span around one model's work: the first try and its retries.

    A failure stays pending until the next step tells whether the same model is tried again, which keeps the span open. `current` is the
    span that others hang below while the model works.
    """

    __slots__ = (
        "_ended_at",
        "_failure",
        "_named_provider",
        "_pending",
        "_pending_at",
        "_retries",
        "_tried_at",
        "current",
        "model",
        "span",
    )

    def __init__(self, span: Written, *, current: Span, model: str, start: int, named_provider: bool) -> None:
        self.span = span
        self.current = current
        self.model = model
        self._ended_at = start
        self._tried_at = start
        self._named_provider = named_provider
        self._retries = 0
        self._pending: Failed | None = None
        self._pending_at = 0
        self._failure: str | None = None

    def retries_with(self, step: Attempt) -> bool:
        """Return whether the step tries this model again after a failure."""
        return self._pending is not None and step.retry > 0 and step.model == self.model

    def retry(self, at: int) -> None:
        error, failure = (self._pending.error if self._pending is not None else None), self._failure
        self._retries += 1
        self._tried_at = at
        self._pending = self._failure = None
        event = describe.present({names.FAILURE: failure, names.ERROR_TYPE: describe.error_type(error)})
        self.span.add_event(names.RETRY_EVENT, event, at)

    def opened(self, at: int) -> None:
        self.span.set_attributes({names.REQUEST_STREAM: True, names.RESPONSE_TIME_TO_FIRST_CHUNK: (at - self._tried_at) / 1e9})

    def failed(self, event: Failed, failure: str | None, at: int) -> None:
        self._pending, self._failure, self._pending_at = event, failure, at

    def paid_for(self, reply: Reply) -> None:
        """Write what came, be it the whole answer or a part of one."""
        provider = None if self._named_provider else describe.provider_name(reply.provider)
        self.span.set_attributes(describe.of_reply(reply) | describe.present({names.PROVIDER_NAME: provider}))

    def answered(self, event: Ended, at: int) -> None:
        """Write the answer; the span stays open for what an examination may find."""
        self._ended_at = at
        self.paid_for(event.reply)
        if event.held and event.first_chunk is not None:
            self.span.set_attributes({names.REQUEST_STREAM: True, names.RESPONSE_TIME_TO_FIRST_CHUNK: event.first_chunk})

    def examined(self, found: Validated | None) -> None:
        """End the span of an answer, at the time when that was there, with what its examination found."""
        try:
            if found is not None:
                self.span.set_attributes(describe.of_validation(found))
        finally:
            self.end(self._ended_at)

    def cancelled(self, at: int) -> None:
        self.span.set_attributes({names.CANCELLED: True, names.RETRY_COUNT: self._retries})
        if self._pending is not None:
            _add_exception(self.span, self._pending.error, self._failure, self._pending_at)
        self.span.end(at)

    def end(self, at: int, *, error: BaseException | None = None) -> None:
        """End the span: failed when a failure is pending, or else with `error`."""
        try:
            self.span.set_attribute(names.RETRY_COUNT, self._retries)
            if self._pending is not None:
                at = self._pending_at
                if self._pending.delivered:
                    self.span.set_attribute(names.RESPONSE_FINISH_REASONS, (names.FINISH_ERROR,))
                mark_failed(self.span, self._pending.error, self._failure, at)
            elif error is not None:
                mark_failed(self.span, error, None, at)
        finally:
            self.span.end(at)


def mark_failed(span: Written, error: BaseException | None, failure: str | None, at: int) -> None:
    span.set_attribute(names.ERROR_TYPE, describe.error_type(error) or failure or names.OTHER_ERROR)
    span.set_status(Status(StatusCode.ERROR, failure))
    if error is not None:
        _add_exception(span, error, failure, at)


def _add_exception(span: Written, error: BaseException, failure: str | None, at: int) -> None:
    # Not record_exception: it writes the message and the stack, and a provider's message may quote the prompt.
    span.add_event(names.EXCEPTION_EVENT, describe.present({names.EXCEPTION_TYPE: describe.class_name(error), names.FAILURE: failure}), at)
