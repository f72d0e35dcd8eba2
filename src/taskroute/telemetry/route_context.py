"""The ids of the route span of a call, for those who are told of the same call after the span was opened."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

from opentelemetry.trace import SpanContext

_OPENED: Final[ContextVar[SpanContext | None]] = ContextVar("taskroute_route_span", default=None)


def opened(context: SpanContext | None) -> None:
    """Hand over the ids of the route span of the call that begins, whether it is recorded or not; None where there are none."""
    _OPENED.set(context)


def taken() -> SpanContext | None:
    """Return the ids that were handed over last in this context, once."""
    context = _OPENED.get()
    if context is not None:
        # Another call must not find them, should its own span fail to open.
        _OPENED.set(None)
    return context
