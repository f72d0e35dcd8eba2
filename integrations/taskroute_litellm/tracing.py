"""OpenTelemetry in LiteLLM's proxy: which trace a request belongs to."""

from __future__ import annotations

from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from opentelemetry.context import Context

from taskroute.reading import as_mapping
from taskroute.warn import warn_once


def parent_of(span: object, headers: object) -> Context | None:
    """Return the trace that a request of the proxy's belongs to, where it is not the current one already.

    That is the span that LiteLLM's own callback opened for it, else the one that the client says in its headers. A propagator that fails at
    these costs one warning, and the request begins a trace of its own.
    """
    try:
        return _parent_of(span, headers)
    except Exception as error:  # noqa: BLE001 - a propagator may be anybody's, and telemetry never costs a request
        name = type(error).__name__
        warn_once("trace", name, f"the trace that a request belongs to could not be read ({name}); the request went on")
        return None


def _parent_of(span: object, headers: object) -> Context | None:
    if trace.get_current_span().get_span_context().is_valid:
        return None
    if isinstance(span, trace.Span) and span.get_span_context().is_valid:
        return trace.set_span_in_context(span)
    said = {name: value for name, value in as_mapping(headers).items() if isinstance(value, str)}
    context = propagate.extract(said, otel_context.get_current())
    return context if trace.get_current_span(context).get_span_context().is_valid else None
