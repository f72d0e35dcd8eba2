"""Sends the spans of the demonstration to an OTLP collector."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from taskroute.cli.policies import CommandError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

_PATH: Final = "/v1/traces"
_PATIENCE_S: Final = 5


class Exported:
    """How many spans went out, and how many did not."""

    def __init__(self) -> None:
        self.sent = 0
        self.lost = 0


def endpoint(url: str) -> str:
    """Return where traces are sent: the URL itself, with OTLP's path when it has none. Raises CommandError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise CommandError(f"--otlp {url!r} is not an HTTP address; write, for example, http://localhost:4318")
    return url if parts.path not in ("", "/") else parts._replace(path=_PATH).geturl()


@contextmanager
def exporting(url: str) -> Generator[Exported]:
    """Export the spans of what runs inside; all have been sent, or given up, at the end. Raises CommandError."""
    where = endpoint(url)
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise CommandError(f"--otlp needs the OpenTelemetry SDK ({error}); pip install 'taskroute[otlp]'") from None
    # What it logs is told once, at the end.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    exported = Exported()
    provider = TracerProvider(resource=Resource.create({"service.name": "taskroute-demo"}))
    provider.add_span_processor(BatchSpanProcessor(_counting(OTLPSpanExporter(endpoint=where, timeout=_patience()), exported)))
    trace.set_tracer_provider(provider)
    try:
        yield exported
    finally:
        provider.shutdown()


def _patience() -> float | None:
    """Return how long a request may take; None leaves it to the exporter, which reads the environment."""
    given = ("OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")
    return None if any(os.environ.get(variable) for variable in given) else _PATIENCE_S


def _counting(exporter: SpanExporter, exported: Exported) -> SpanExporter:
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    class Counting(SpanExporter):
        def export(self, spans: Any) -> SpanExportResult:
            result = exporter.export(spans)
            if result is SpanExportResult.SUCCESS:
                exported.sent += len(spans)
            else:
                exported.lost += len(spans)
            return result

        def shutdown(self) -> None:
            exporter.shutdown()

        def force_flush(self, timeout_millis: int = 30000) -> bool:
            return exporter.force_flush(timeout_millis)

    return Counting()
