"""A tracer whose spans are also written to the file of the policy, with or without an OpenTelemetry SDK in the application.

What the application's tracer makes of a span is left as it is, and so is what others see of it. The file has every call, those too that
the SDK samples out, under the same ids.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, TraceFlags, Tracer, TracerProvider
from opentelemetry.util.types import Attributes, AttributeValue

from taskroute.telemetry.filed_span import CallRecord, FiledSpan, context_in_file, outward
from taskroute.telemetry.otlp_json import Ended
from taskroute.telemetry.span_file import SpanFile, resource_in


class FileTracerProvider(TracerProvider):
    """Gives tracers of another provider, by default the global one, whose spans also go to the file that `path` tells.

    None of `path` means no file.
    """

    def __init__(
        self,
        path: Callable[[], str | None],
        *,
        tracer_provider: TracerProvider | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._path = path
        self._provider = tracer_provider
        self._resource = resource_in(environ)

    def is_idle(self) -> bool:
        """Return whether nobody would have a span: there is no file, and the application has set no provider yet."""
        if self._provider is not None or not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
            return False
        return self._path() is None

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Any = None,
    ) -> Tracer:
        # The global provider's tracer is a proxy until a provider is set, and the real one from then on.
        tracer = trace.get_tracer(instrumenting_module_name, instrumenting_library_version, self._provider, schema_url, attributes)
        return FileTracer(tracer, path=self._path, version=instrumenting_library_version, resource=self._resource)


class FileTracer(Tracer):
    """Starts spans of another tracer, and keeps what is written on them for the file."""

    def __init__(
        self, tracer: Tracer, *, path: Callable[[], str | None], version: str | None, resource: Mapping[str, AttributeValue]
    ) -> None:
        self._tracer = tracer
        self._path = path
        self._version = version
        self._resource = resource
        self._at: tuple[str, SpanFile] | None = None

    def start_span(  # noqa: PLR0917 - as in the API
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> Span:
        rest = (kind, attributes, links, start_time, record_exception, set_status_on_exception)
        above = trace.get_current_span(context)
        if isinstance(above, FiledSpan):
            seen = self._tracer.start_span(name, trace.set_span_in_context(outward(above), context), *rest)
            record = above.record
        else:
            path = self._path()
            seen = self._tracer.start_span(name, context, *rest)
            if path is None:
                return seen
            record = CallRecord(self._file(path), version=self._version, resource=self._resource_of(seen))
        parent = context_in_file(above)
        start = time.time_ns() if start_time is None else start_time
        begun = Ended(name, kind, _context(seen, parent), parent, start, start, attributes or {}, (), links or ())
        return FiledSpan(seen, begun=begun, record=record, is_outermost=not isinstance(above, FiledSpan))

    def start_as_current_span(self, *args: Any, end_on_exit: bool = True, **options: Any) -> Any:
        """Return a context in which a new span is the current one."""
        return _as_current(self.start_span(*args, **options), end=end_on_exit)

    def _file(self, path: str) -> SpanFile:
        if self._at is None or self._at[0] != path:
            self._at = (path, SpanFile(path))
        return self._at[1]

    def _resource_of(self, seen: Span) -> Mapping[str, AttributeValue]:
        # An SDK's span knows what the application says of itself in code, too.
        told: Any = getattr(getattr(seen, "resource", None), "attributes", None)
        return cast("Mapping[str, AttributeValue]", told) if isinstance(told, Mapping) else self._resource


@contextmanager
def _as_current(span: Span, *, end: bool) -> Generator[Span]:
    token = otel_context.attach(trace.set_span_in_context(outward(span)))
    try:
        yield span
    finally:
        otel_context.detach(token)
        if end:
            span.end()


def _context(seen: Span, parent: SpanContext | None) -> SpanContext:
    """Return the ids of a span that was seen; new ones where the application's tracer made none."""
    context = seen.get_span_context()
    # Without an SDK, the API hands out the parent again.
    if context.is_valid and (parent is None or context.span_id != parent.span_id):
        return context
    # Not from `random`, which an application may have seeded: its processes would all count in the same way.
    trace_id = _fresh(16) if parent is None else parent.trace_id
    flags = TraceFlags(TraceFlags.DEFAULT) if parent is None else parent.trace_flags
    return SpanContext(trace_id, _fresh(8), is_remote=False, trace_flags=flags)


def _fresh(size: int) -> int:
    # Zero is no id.
    return int.from_bytes(os.urandom(size)) or 1
