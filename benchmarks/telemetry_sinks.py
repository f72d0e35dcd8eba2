"""Where telemetry goes while its cost is measured: it is taken in batches, counted and dropped."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, Final

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

_LOGGER: Final = "taskroute.calls"
_MESSAGES: Final = ("gen_ai.input.messages", "input.value", "llm.input_messages.0.message.content")
_OPENINFERENCE: Final = "openinference.span.kind"


class Sinks:
    """Takes what an application's SDK and log would; only what is asked for is set up."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._left: Counter[str] = Counter()
        self._provider: TracerProvider | None = None
        self._reader: InMemoryMetricReader | None = None

    def spans(self) -> TracerProvider:
        """Set the global tracer provider, which exports in batches, and return it."""
        self._provider = TracerProvider(shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(_Counted(self._left)))
        trace.set_tracer_provider(self._provider)
        self._stack.callback(self._provider.shutdown)
        return self._provider

    def metrics(self) -> None:
        """Set the global meter provider, whose reader collects at the end."""
        self._reader = InMemoryMetricReader()
        provider = MeterProvider([self._reader], shutdown_on_exit=False)
        metrics.set_meter_provider(provider)
        self._stack.callback(provider.shutdown)

    def log(self) -> None:
        """Have the log of calls formatted and written, to where nobody reads it."""
        handler = _Lines(self._left)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        self._stack.callback(handler.close)
        logger = logging.getLogger(_LOGGER)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False

    def settle(self) -> None:
        """Wait until the spans so far are exported."""
        if self._provider is not None:
            self._provider.force_flush()

    def left(self) -> dict[str, int]:
        """Return what came."""
        data = self._reader.get_metrics_data() if self._reader is not None else None
        points = [
            point
            for resource in (data.resource_metrics if data is not None else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in metric.data.data_points
        ]
        return {**self._left, **({"series": len(points)} if points else {})}


class _Counted(SpanExporter):
    def __init__(self, left: Counter[str]) -> None:
        self._left = left

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        for span in spans:
            said = span.attributes or {}
            self._left["spans"] += 1
            self._left["attributes"] += len(said)
            self._left["with messages"] += any(_is_told(said.get(name)) for name in _MESSAGES)
            self._left["OpenInference"] += _OPENINFERENCE in said
        return SpanExportResult.SUCCESS


def _is_told(value: Any) -> bool:
    return value is not None and value != "__REDACTED__"


class _Lines(logging.FileHandler):
    def __init__(self, left: Counter[str]) -> None:
        super().__init__(os.devnull)
        self._left = left

    def emit(self, record: logging.LogRecord) -> None:
        self._left["lines logged"] += 1
        super().emit(record)
