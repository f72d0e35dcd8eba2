"""Traces as the backends hold them, read back by their own APIs into one shape."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from .calls import Made, Sent
from .servers import get, post

_PATIENCE_S: Final = 60
_PHOENIX: Final = """query ($id: String!) {getTraceByOtelId(traceId: $id) {
  id project {id name} session {sessionId} costSummary {total {tokens cost}} rootSpan {id cumulativeTokenCountTotal}
  spans(first: 100) {edges {node {
    id name spanId parentId spanKind statusCode statusMessage tokenCountPrompt tokenCountCompletion
    tokenPromptDetails {cacheRead cacheWrite} attributes costSummary {total {cost}}
    costDetailSummaryEntries {tokenType isPrompt value {tokens cost}} events {name}
  }}}
}}"""
_STATUSES: Final = {"STATUS_CODE_ERROR": "ERROR", "STATUS_CODE_OK": "OK"}


class Read(NamedTuple):
    """One span, as a backend holds it."""

    name: str
    parent: str | None
    """Id of the span above it, in hexadecimal."""
    kind: str
    error: bool
    input: int | None
    output: int | None
    cache_read: int | None
    cache_write: int | None
    cost: float | None
    attributes: Mapping[str, Any]
    """By their names on our spans."""
    reasoning: int | None = None
    """Where the backend counts it by itself."""
    place: str = ""
    """By which the backend's own pages name it."""


class Trace(NamedTuple):
    """One trace, as a backend holds it."""

    spans: Mapping[str, Read]
    """By span id, in hexadecimal."""
    session: str | None
    tokens: int | None
    """Of the whole trace."""
    cost: float | None
    text: str
    """All that the backend says of it."""
    project: str = ""


def named(sent: Sent, kind: str, name: str) -> Made:
    """Return a call by its name."""
    made: Made = getattr(sent, kind)[name]
    return made


def attempts(trace: Trace, made: Made) -> list[Read]:
    """Return the spans of a call's models, in order."""
    return [trace.spans[span] for span in made.sent]


def phoenix_trace(url: str, trace_id: str, *, spans: int) -> Trace:
    """Return a trace out of Phoenix, as soon as it has so many spans and has worked out what they cost."""

    def read() -> Trace | None:
        said = post(f"{url}/graphql", {"query": _PHOENIX, "variables": {"id": trace_id}})
        assert not said.get("errors"), said
        found = said["data"]["getTraceByOtelId"]
        nodes = [edge["node"] for edge in found["spans"]["edges"]] if found else []
        return _of_phoenix(found, nodes) if len(nodes) >= spans and all(map(_is_priced, nodes)) else None

    return _eventually(read, f"Phoenix has not {spans} spans of {trace_id}")


def _is_priced(node: Mapping[str, Any]) -> bool:
    """It works out the cost of a span with tokens after it has stored it; one without a price gets an entry as well."""
    return not node["tokenCountPrompt"] or bool(node["costDetailSummaryEntries"])


def _of_phoenix(found: Mapping[str, Any], nodes: list[Mapping[str, Any]]) -> Trace:
    session, root = found["session"], found["rootSpan"]
    return Trace(
        {node["spanId"]: _phoenix_span(node) for node in nodes},
        session and session["sessionId"],
        root and int(root["cumulativeTokenCountTotal"] or 0),
        found["costSummary"]["total"]["cost"],
        json.dumps(nodes),
        f"/projects/{found['project']['id']}/traces",
    )


def _phoenix_span(node: Mapping[str, Any]) -> Read:
    details = {(entry["isPrompt"], entry["tokenType"]): entry["value"]["tokens"] for entry in node["costDetailSummaryEntries"]}
    cost = node["costSummary"] and node["costSummary"]["total"]["cost"]
    prompt = node["tokenPromptDetails"]
    return Read(
        node["name"],
        node["parentId"],
        node["spanKind"],
        node["statusCode"] == "ERROR",
        node["tokenCountPrompt"],
        node["tokenCountCompletion"],
        prompt["cacheRead"],
        prompt["cacheWrite"],
        cost,
        dict(_flat(json.loads(node["attributes"]))),
        details.get((False, "reasoning")),
        node["id"],
    )


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", inner


def mlflow_trace(url: str, trace_id: str, *, spans: int) -> Trace:
    """Return a trace out of MLflow, as soon as it has so many spans."""

    def read() -> Trace | None:
        try:
            trace = get(f"{url}/api/3.0/mlflow/traces/get?trace_id=tr-{trace_id}")["trace"]
        except AssertionError:
            return None
        return _of_mlflow(trace) if len(trace.get("spans", ())) >= spans else None

    return _eventually(read, f"MLflow has not {spans} spans of {trace_id}")


def _of_mlflow(trace: Mapping[str, Any]) -> Trace:
    about = trace["trace_info"]["trace_metadata"]
    tokens, cost = (json.loads(about.get(f"mlflow.trace.{key}", "{}")) for key in ("tokenUsage", "cost"))
    return Trace(
        {_hexadecimal(span["span_id"]): _mlflow_span(span) for span in trace["spans"]},
        about.get("mlflow.trace.session"),
        tokens.get("total_tokens"),
        cost.get("total_cost"),
        json.dumps(trace),
    )


def _mlflow_span(span: Mapping[str, Any]) -> Read:
    said = {each["key"]: _plain(each["value"]) for each in span["attributes"]}
    tokens, cost = said.get("mlflow.chat.tokenUsage") or {}, said.get("mlflow.llm.cost") or {}
    parent = span.get("parent_span_id")
    return Read(
        span["name"],
        _hexadecimal(parent) if parent else None,
        str(said.get("mlflow.spanType")),
        _STATUSES.get(str(span["status"].get("code")), "") == "ERROR",
        tokens.get("input_tokens"),
        tokens.get("output_tokens"),
        tokens.get("cache_read_input_tokens"),
        tokens.get("cache_creation_input_tokens"),
        cost.get("total_cost"),
        said,
    )


def _plain(value: Mapping[str, Any]) -> Any:
    """Return a value of OTLP as it was."""
    ((kind, inner),) = value.items()
    if kind == "array_value":
        return [_plain(each) for each in inner.get("values", ())]
    if kind == "kvlist_value":
        return {each["key"]: _plain(each["value"]) for each in inner.get("values", ())}
    return int(inner) if kind == "int_value" else inner


def _hexadecimal(id_: str) -> str:
    return base64.b64decode(id_).hex()


def _eventually(read: Callable[[], Trace | None], otherwise: str) -> Trace:
    until = time.monotonic() + _PATIENCE_S
    while (found := read()) is None:
        assert time.monotonic() < until, otherwise
        time.sleep(0.1)
    return found
