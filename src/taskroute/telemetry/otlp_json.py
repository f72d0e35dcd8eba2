"""Spans as OTLP/JSON, the form that collectors read and write: one request with a call's spans makes one line."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from opentelemetry.trace import Link, SpanContext, SpanKind
from opentelemetry.trace.status import StatusCode
from opentelemetry.util.types import AttributeValue

Attributes = Mapping[str, AttributeValue]

# The API counts kinds from 0; on the wire 0 is the kind that was not told.
_KINDS: Final[Mapping[SpanKind, int]] = {kind: kind.value + 1 for kind in SpanKind}
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False)
_NOT_JSON: Final = {math.inf: "Infinity", -math.inf: "-Infinity"}


class Happened(NamedTuple):
    """An event of a span."""

    name: str
    at: int
    attributes: Attributes


class Ended(NamedTuple):
    """A span that has ended. Times are nanoseconds since the epoch."""

    name: str
    kind: SpanKind
    context: SpanContext
    parent: SpanContext | None
    start: int
    end: int
    attributes: Attributes
    events: Sequence[Happened] = ()
    links: Sequence[Link] = ()
    status: StatusCode = StatusCode.UNSET
    description: str | None = None


def line_of(spans: Iterable[Ended], *, scope: str, version: str | None, resource: Attributes) -> bytes:
    """Return an `ExportTraceServiceRequest` in one line, with its line break."""
    own: dict[str, Any] = {"name": scope} if version is None else {"name": scope, "version": version}
    request = {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(resource)},
                "scopeSpans": [{"scope": own, "spans": [_span(span) for span in spans]}],
            }
        ]
    }
    # Half a surrogate pair, as a cut text may hold, has no place in UTF-8.
    return _ENCODER.encode(request).encode("utf-8", errors="replace") + b"\n"


def _span(span: Ended) -> dict[str, Any]:
    said: dict[str, Any] = {
        "traceId": f"{span.context.trace_id:032x}",
        "spanId": f"{span.context.span_id:016x}",
        "flags": int(span.context.trace_flags),
        "name": span.name,
        "kind": _KINDS[span.kind],
        "startTimeUnixNano": str(span.start),
        "endTimeUnixNano": str(span.end),
        "attributes": _attributes(span.attributes),
    }
    if span.parent is not None:
        said["parentSpanId"] = f"{span.parent.span_id:016x}"
    if span.context.trace_state:
        said["traceState"] = span.context.trace_state.to_header()
    if span.events:
        said["events"] = [
            {"timeUnixNano": str(event.at), "name": event.name, "attributes": _attributes(event.attributes)} for event in span.events
        ]
    if span.links:
        said["links"] = [_link(link) for link in span.links]
    status: dict[str, Any] = {} if span.status is StatusCode.UNSET else {"code": span.status.value}
    said["status"] = status if span.description is None else {**status, "message": span.description}
    return said


def _link(link: Link) -> dict[str, Any]:
    return {
        "traceId": f"{link.context.trace_id:032x}",
        "spanId": f"{link.context.span_id:016x}",
        "attributes": _attributes(link.attributes or {}),
    }


def _attributes(attributes: Attributes) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in attributes.items()]


def _value(value: Any) -> dict[str, Any]:
    match value:
        case str():
            return {"stringValue": value}
        case bool():
            return {"boolValue": value}
        case int() if -(1 << 63) <= value < 1 << 63:
            # As text, because a number in JSON is a double to many readers.
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value if math.isfinite(value) else _NOT_JSON.get(value, "NaN")}
        case bytes():
            return {"bytesValue": base64.b64encode(value).decode("ascii")}
        case Mapping():
            return {"kvlistValue": {"values": _attributes(cast("Attributes", value))}}
        case list() | tuple():
            value = cast("Sequence[Any]", value)
            return {"arrayValue": {"values": [_value(each) for each in value]}}
        case None:
            return {}
        case _:
            return {"stringValue": str(value)}
