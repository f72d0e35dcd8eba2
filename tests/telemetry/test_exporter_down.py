"""Calls whose spans nobody takes: they are answered, what is kept of them is bounded, and hardly a word is said of it."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest
from benchmarks.exporter_down import main, measure
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter

from taskroute import Call, Router
from taskroute.execution.drivers import drive
from taskroute.telemetry.spans import SpanObserver
from tests.cache.keeping import KeepingHost
from tests.policies import policy

QUEUE = 64
CALLS = 300


def test_a_collector_that_is_down_costs_no_call_and_no_more_memory_than_its_queue() -> None:
    threads = set(threading.enumerate())
    figures = measure(CALLS, queue=QUEUE, looks=3)
    assert (figures.calls, figures.failed, figures.warnings) == (CALLS, 0, ())
    # The queue, a batch that is on its way, and the spans of the call at hand; 300 calls make more than 600.
    assert figures.held <= QUEUE + QUEUE // 4 + 10
    assert [thread for thread in threading.enumerate() if thread not in threads and thread.name.startswith("Otel")] == []


def test_the_figures_are_printed() -> None:
    lines: list[str] = []
    main(["2"], lines.append)
    assert lines[0] == "2 calls, 0 failed"
    assert lines[2] == "0 warnings"


class BrokenExporterError(Exception):
    pass


class BrokenExporter(SpanExporter):
    def export(self, spans: Any) -> Any:
        raise BrokenExporterError("hunter2")


class BrokenProcessor(SpanProcessor):
    """Raises wherever an SDK lets it."""

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        if span.name != "route":
            raise BrokenExporterError("hunter2")

    def on_end(self, span: ReadableSpan) -> None:
        raise BrokenExporterError("hunter2")


def asked(provider: TracerProvider, times: int) -> None:
    host: Any = KeepingHost({"small": ["hi"] * times})
    observer = SpanObserver(tracer_provider=provider, models=lambda name: None)
    router = Router(policy(), environ={}, observers=[observer])
    for _ in range(times):
        reply = drive(router.run(Call("q")), host).reply
        assert reply is not None
        assert reply.answer == "hi"


def test_an_exporter_that_raises_costs_no_call(caplog: pytest.LogCaptureFixture) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(BrokenExporter()))
    with caplog.at_level(logging.CRITICAL):
        asked(provider, 3)


def test_a_processor_that_raises_costs_one_warning_and_no_call() -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BrokenProcessor())
    with pytest.warns(RuntimeWarning, match="CallSpans failed with BrokenExporterError") as caught:
        asked(provider, 3)
    assert len(caught) == 1
    assert "hunter2" not in str(caught[0].message)
