"""Spans as OTLP/JSON lines, written by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

BEGIN = 1_795_000_000
"""Seconds since the epoch at which calls begin."""


def value(given: Any) -> dict[str, Any]:
    match given:
        case bool():
            return {"boolValue": given}
        case int():
            return {"intValue": str(given)}
        case float():
            return {"doubleValue": given}
        case _:
            return {"stringValue": given}


def pairs(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value(given)} for key, given in attributes.items() if given is not None]


def span(
    name: str,
    attributes: Mapping[str, Any],
    *,
    trace: int,
    id_: int,
    parent: int = 0,
    at: float = 0.0,
    took: float = 1.0,
    failed: bool = False,
    events: Sequence[tuple[str, Mapping[str, Any]]] = (),
) -> dict[str, Any]:
    start = int((BEGIN + at) * 1e9)
    return {
        "traceId": f"{trace:032x}",
        "spanId": f"{id_:016x}",
        "parentSpanId": f"{parent:016x}" if parent else "",
        "name": name,
        "kind": 1,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + int(took * 1e9)),
        "attributes": pairs(attributes),
        "events": [{"name": event, "timeUnixNano": str(start), "attributes": pairs(said)} for event, said in events],
        "status": {"code": 2} if failed else {},
    }


def route(number: int, *, at: float = 0.0, took: float = 1.0, failed: bool = False, **said: Any) -> dict[str, Any]:
    """Return a route span; `cost__total` stands for `taskroute.cost.total`."""
    attributes = {f"taskroute.{name.replace('__', '.')}": given for name, given in said.items()}
    known = {"taskroute.decision.id": f"d{number}", "taskroute.attempts": 1, **attributes}
    if "taskroute.cost.total" in known:
        known.setdefault("taskroute.cost.currency", "USD")
    return span("route answers", known, trace=number, id_=number, at=at, took=took, failed=failed)


def attempt(number: int, of: int, *, model: str = "gpt-5-mini", took: float = 1.0, failed: bool = False, **said: Any) -> dict[str, Any]:
    """Return the span of a model's work under a route span."""
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": model,
        "taskroute.attempt": 1,
        "gen_ai.usage.input_tokens": said.pop("tokens_in", None),
        "gen_ai.usage.output_tokens": said.pop("tokens_out", None),
        **{name.replace("__", "."): given for name, given in said.items()},
    }
    return span(f"chat {model}", attributes, trace=of, id_=10_000 + number, parent=of, took=took, failed=failed)


def line(*spans: dict[str, Any]) -> str:
    """Return a line with these spans."""
    return json.dumps({"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {"name": "taskroute"}, "spans": list(spans)}]}]})
