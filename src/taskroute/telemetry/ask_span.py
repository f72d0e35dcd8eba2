"""The span of the model that a classifier asks. It holds no messages, whatever else does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Tracer

from taskroute.policy.telling import Convention
from taskroute.steps import Ask, AskEnded, Ended, Failed
from taskroute.telemetry import attributes as names
from taskroute.telemetry import requested
from taskroute.telemetry.attempt_span import AttemptSpan
from taskroute.telemetry.describe import KnownModel, present
from taskroute.telemetry.noted import InferenceSpan
from taskroute.types import NOTHING_SENT

_OPERATION: Final = "chat"
_KIND: Final = "model"
"""What such a classifier is called in a policy."""


class AskSpan:
    """A model's work for a classifier: a span like that of an attempt, without being one."""

    __slots__ = ("_span", "current", "marks")

    def __init__(
        self,
        step: Ask,
        *,
        tracer: Tracer,
        below: Context,
        known: KnownModel | None,
        compat: tuple[Convention, ...],
        marks: Mapping[str, object],
        start: int,
    ) -> None:
        address, port = requested.address_of(known, NOTHING_SENT)
        model = (known.model_id if known is not None else None) or step.model
        provider = requested.provider_of(known, NOTHING_SENT)
        described = present(
            {
                names.OPERATION_NAME: _OPERATION,
                names.PROVIDER_NAME: provider,
                names.REQUEST_MODEL: model,
                names.SERVER_ADDRESS: address,
                names.SERVER_PORT: port if address else None,
                names.MODEL: step.model,
                names.CLASSIFIER_KIND: _KIND,
            }
        )
        span = tracer.start_span(
            f"{_OPERATION} {model}",
            context=below,
            kind=SpanKind.CLIENT,
            attributes=described,
            start_time=start,
            record_exception=False,
            set_status_on_exception=False,
        )
        writing = InferenceSpan(span, described, provider=provider, embeds=False, compat=compat, conversation=None)
        self.current: Span = span
        """The span that others hang below while the model works."""
        self.marks = marks
        self._span = AttemptSpan(writing, current=span, model=step.model, start=start)

    def ended(self, event: AskEnded, failure: str | None, at: int) -> None:
        """Write what became of it, and end the span."""
        if event.error is not None:
            self._span.failed(Failed(event.error, 0, event.at), failure, at)
            self._span.end(at)
        elif event.reply is not None:
            self._span.answered(Ended(event.reply, event.at), at)
            self._span.examined(None)
        else:
            self._span.end(at)

    def cancelled(self, at: int) -> None:
        """End the span of a call that was given up."""
        self._span.cancelled(at)
