"""OpenTelemetry in LiteLLM's proxy: which trace a request belongs to, and an SDK where no application can set one up."""

from __future__ import annotations

from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from opentelemetry.context import Context

from taskroute.errors import ConfigurationError
from taskroute.reading import as_mapping
from taskroute.warn import warn_once


def set_up_tracing() -> None:
    """Send spans to where the standard variables say, such as OTEL_EXPORTER_OTLP_ENDPOINT, unless the process has an SDK already."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise ConfigurationError("TASKROUTE_OTEL is set, but spans cannot be sent: pip install 'taskroute[otlp]'") from None
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


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
