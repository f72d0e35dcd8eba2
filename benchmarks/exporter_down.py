"""Calls whose spans nobody takes: a batch processor, and an OTLP exporter whose collector refuses to answer.

`python -m benchmarks.exporter_down [CALLS]` says how many calls failed, how many spans were held at most, whether memory grew once the
queue was full, and which warnings there were.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import socket
import sys
import tracemalloc
import warnings
from collections.abc import Callable, Generator
from typing import Final, NamedTuple

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from taskroute import Call, Router
from taskroute.execution.drivers import drive
from taskroute.execution.validate import Expected
from taskroute.steps import Attempt
from taskroute.telemetry.spans import SpanObserver
from taskroute.types import Reply, Usage

POLICY: Final = {
    "models": {"small": {"model": "openai:gpt-5-mini", "price": {"input": 1, "output": 2}}, "large": "anthropic:claude-opus-4-5"},
    "default": ["small", "large"],
    "retry": {"extra": 0},
    "breaker": "none",
}


class Figures(NamedTuple):
    """What became of the calls."""

    calls: int
    failed: int
    held: int
    """Spans in memory, at most, wherever that was looked at."""
    grown: int
    """Bytes by which the most memory of the second half of the calls exceeds that of the first, in which the queue has filled."""
    warnings: tuple[str, ...]


class _Client:
    """Answers, but for each tenth call of the first model, which falls back."""

    def __init__(self) -> None:
        self.asked = 0

    def answer(self, attempt: Attempt) -> Reply:
        self.asked += 1
        if attempt.model == "small" and self.asked % 10 == 0:
            raise ConnectionError
        return Reply("three months", Usage(10, 3), "stop", "gpt-5-mini", "openai", "r1", text="three months")

    def expects(self, attempt: Attempt, reply: Reply) -> Expected:
        return Expected()


@contextlib.contextmanager
def refusing() -> Generator[int]:
    """Give a port of this machine that is taken and that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def measure(calls: int, *, looks: int = 8, queue: int = 2048) -> Figures:
    """Make so many calls, and return what became of them."""
    log = logging.getLogger("opentelemetry")
    said, log.disabled = log.disabled, True
    children = [logger for name, logger in logging.root.manager.loggerDict.items() if name.startswith("opentelemetry.")]
    silenced = [logger for logger in children if isinstance(logger, logging.Logger) and not logger.disabled]
    with refusing() as port, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{port}/v1/traces", timeout=10)
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=queue, max_export_batch_size=queue // 4))
        for logger in silenced:
            logger.disabled = True
        try:
            failed, held, grown = _calls(calls, looks, _router(provider))
        finally:
            # First, so that it does not wait for a collector that will not come.
            exporter.shutdown()
            provider.shutdown()
            for logger in silenced:
                logger.disabled = False
            log.disabled = said
    return Figures(calls, failed, held, grown, tuple(str(warning.message) for warning in caught))


def _router(provider: TracerProvider) -> Router:
    registry = Router(POLICY, environ={}).snapshot.registry
    return Router(POLICY, environ={}, observers=[SpanObserver(tracer_provider=provider, models=registry.get)])


def _calls(calls: int, looks: int, router: Router) -> tuple[int, int, int]:
    client = _Client()
    failed, before, spans, sizes = 0, _held(), [0], [0]
    tracemalloc.start()
    try:
        for number in range(calls):
            try:
                drive(router.run(Call("How long is the notice period?")), client)  # type: ignore[arg-type]
            except Exception:
                failed += 1
            if (number + 1) % max(1, calls // looks) == 0:
                spans.append(_held() - before)
                sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    half = len(sizes) // 2
    return failed, max(spans), max(sizes[half:]) - max(sizes[:half])


def _held() -> int:
    gc.collect()
    return sum(isinstance(each, ReadableSpan) for each in gc.get_objects())


def main(arguments: list[str], say: Callable[[str], object] = print) -> None:
    """Print what became of as many calls as the command line says, or ten thousand."""
    figures = measure(int(arguments[0]) if arguments else 10_000)
    say(f"{figures.calls} calls, {figures.failed} failed")
    say(f"{figures.held} spans held at most; the second half of the calls took {figures.grown / 1024:+.0f} KiB more memory")
    say(f"{len(figures.warnings)} warnings{''.join(f'; {text}' for text in figures.warnings)}")


if __name__ == "__main__":
    main(sys.argv[1:])
