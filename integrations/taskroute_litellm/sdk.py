"""An OpenTelemetry SDK in LiteLLM's proxy, where no application can set one up."""

from __future__ import annotations

from collections.abc import Mapping

from opentelemetry import metrics, trace

from taskroute.errors import ConfigurationError


def set_up_sdk(environ: Mapping[str, str]) -> None:
    """Send spans and metrics to where the standard variables say, such as OTEL_EXPORTER_OTLP_ENDPOINT.

    Each is left alone where the process has a provider of its own already, or its variable (OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER)
    is `none`. Raises ConfigurationError where the SDK or the exporter is not installed.
    """
    try:
        if _is_wanted(environ, "OTEL_TRACES_EXPORTER"):
            _set_up_traces()
        if _is_wanted(environ, "OTEL_METRICS_EXPORTER"):
            _set_up_metrics()
    except ImportError:
        raise ConfigurationError("TASKROUTE_OTEL is set, but nothing can be sent: pip install 'taskroute[otlp]'") from None


def _is_wanted(environ: Mapping[str, str], variable: str) -> bool:
    return environ.get(variable, "").strip().lower() != "none"


def _set_up_traces() -> None:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def _set_up_metrics() -> None:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    if isinstance(metrics.get_meter_provider(), MeterProvider):
        return
    metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())]))
