"""Calls whose spans nobody takes: they are answered, what is kept of them is bounded, and hardly a word is said of it."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from benchmarks.exporter_down import main, measure
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from taskroute import Call, Router
from taskroute.execution.drivers import drive
from taskroute.telemetry.file_tracer import FileTracerProvider
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


def asked(provider: Any, times: int) -> None:
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


def test_a_processor_that_raises_costs_a_warning_where_it_does_and_no_call() -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BrokenProcessor())
    with pytest.warns(RuntimeWarning) as caught:
        asked(provider, 3)
    assert [str(warning.message) for warning in caught] == [
        "the observer CallSpans failed with BrokenExporterError; the call went on",
        "a span processor failed with BrokenExporterError; the call went on",
    ]


class BrokenEndError(Exception):
    pass


class BrokenAtTheEnd(SpanProcessor):
    def on_end(self, span: ReadableSpan) -> None:
        raise BrokenEndError("hunter2")


def test_a_processor_that_raises_when_a_span_ends_costs_no_other_span() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    provider.add_span_processor(BrokenAtTheEnd())
    host: Any = KeepingHost({"small": [TimeoutError("30s")], "large": ["hi"]})
    observer = SpanObserver(tracer_provider=provider, models=lambda name: None)
    router = Router(policy(), environ={}, observers=[observer])
    with pytest.warns(RuntimeWarning, match="^a span processor failed with BrokenEndError; the call went on$"):
        drive(router.run(Call("q")), host)
    assert [span.name for span in exporter.get_finished_spans()] == ["chat small", "chat large", "route default"]
    assert exporter.get_finished_spans()[-1].attributes["taskroute.model"] == "large"  # type: ignore[index]


def test_a_processor_that_raises_when_a_span_ends_costs_no_line_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "spans.jsonl"
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BrokenAtTheEnd())
    asked(FileTracerProvider(lambda: str(file), tracer_provider=provider), 2)
    assert len(file.read_text().splitlines()) == 2
