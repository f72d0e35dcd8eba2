"""Which span is the current one while somebody works."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar, Token
from typing import Final

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import Span

from taskroute.telemetry.beside import marked
from taskroute.telemetry.filed_span import outward
from taskroute.types import NOTHING

_HELD: Final[ContextVar[object]] = ContextVar("taskroute_held_span")


class Active:
    """Holds a span as the current one between enter and exit, and beside it what `marks` tells instrumentation below."""

    __slots__ = ("_attached", "_held", "_marks", "_span")

    def __init__(self, span: Span, marks: Mapping[str, object] = NOTHING) -> None:
        self._span = span
        self._marks = marks

    def __enter__(self) -> Span:
        self._held: Token[object] = _HELD.set(self)
        self._attached = otel_context.attach(marked(trace.set_span_in_context(outward(self._span)), self._marks))
        return self._span

    def __exit__(self, *_: object) -> None:
        try:
            _HELD.reset(self._held)
        except ValueError:
            # A coroutine that is thrown away is unwound in whichever context is current then. What was attached is gone with
            # the task; detaching here would only log an error.
            return
        otel_context.detach(self._attached)
