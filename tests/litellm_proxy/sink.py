"""A receiver of OTLP spans and metrics on the loopback address."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

_PATIENCE = 30.0


class Span(NamedTuple):
    """What a test looks at."""

    name: str
    trace: str
    id: str
    parent: str
    scope: str
    attributes: dict[str, Any]
    events: tuple[str, ...]
    failed: bool


class Sink:
    """Keeps the spans that came in, and the names of the metrics."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.metrics: set[str] = set()
        self._server = _Server(self)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator[Sink]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def call(self, is_it: Callable[[Span], bool]) -> tuple[Span, list[Span]]:
        """Return the span of a routed call, once it is there, and those of its attempts in the order in which they began."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            spans = list(self.spans)
            route = next((span for span in spans if span.name.startswith("route ") and span.scope == "taskroute" and is_it(span)), None)
            if route is not None:
                attempts = [span for span in spans if span.parent == route.id and span.scope == "taskroute"]
                return route, sorted(attempts, key=lambda span: span.attributes["taskroute.attempt"])
            time.sleep(0.05)
        raise AssertionError(f"no such span; there are {[span.name for span in self.spans]}")

    def metric(self, name: str) -> None:
        """Wait until a metric of this name has come in."""
        until = time.monotonic() + _PATIENCE
        while name not in self.metrics:
            assert time.monotonic() < until, f"no such metric; there are {sorted(self.metrics)}"
            time.sleep(0.05)

    def decided(self, decision_id: str) -> tuple[Span, list[Span]]:
        """Return the same for a decision."""
        return self.call(lambda span: span.attributes.get("taskroute.decision.id") == decision_id)


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    return [_value(one) for one in value.array_value.values] if kind == "array_value" else getattr(value, kind)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, sink: Sink) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sink = sink


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None: ...

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        server: Any = self.server
        if self.path.endswith("/v1/metrics"):
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                server.sink.metrics.update(metric.name for scope in resource.scope_metrics for metric in scope.metrics)
        else:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                for scope in resource.scope_spans:
                    server.sink.spans.extend(_span(span, scope.scope.name) for span in scope.spans)
        # An answer without fields is the same for both.
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


def _span(span: Any, scope: str) -> Span:
    return Span(
        name=span.name,
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        scope=scope,
        attributes={pair.key: _value(pair.value) for pair in span.attributes},
        events=tuple(event.name for event in span.events),
        failed=span.status.code == 2,
    )
