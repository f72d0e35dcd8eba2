"""`taskroute demo --otlp`, as somebody runs it: both backends say what the calls said of themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from taskroute.reporting.otlp import spans_in
from taskroute.telemetry import attributes as names
from tests.cli.running import in_own_process

from .reading import Trace, mlflow_trace, phoenix_trace
from .servers import Server

CALLS = 14
FALLBACKS = 1


class Told(NamedTuple):
    """What one call of the demonstration says of itself."""

    spans: int
    tokens: int
    cost: float
    models: tuple[str, ...]
    fallbacks: int


@pytest.fixture(scope="module")
def sent(phoenix: Server, mlflow: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Told]]:
    """What was sent to each server, by trace id, as the file says that was written beside."""
    return {
        name: _run(server.url, headers, tmp_path_factory.mktemp(name))
        for name, server, headers in (("phoenix", phoenix, ""), ("mlflow", mlflow, "x-mlflow-experiment-id=0"))
    }


def _run(url: str, headers: str, folder: Path) -> dict[str, Told]:
    environ = {"OTEL_EXPORTER_OTLP_TIMEOUT": "60", **({"OTEL_EXPORTER_OTLP_HEADERS": headers} if headers else {})}
    ran = in_own_process("demo", "--otlp", url, "--file", "spans.jsonl", cwd=folder, environ=environ)
    assert ran.status == 0, ran.err
    assert f"spans sent to {url}" in ran.out
    spans = [span for line in (folder / "spans.jsonl").read_text(encoding="utf-8").splitlines() for span in spans_in(line) if span]
    found: dict[str, Told] = {}
    for span in spans:
        before = found.get(f"{span.trace:032x}", Told(0, 0, 0.0, (), 0))
        said = span.said
        tokens = int(said.get(names.USAGE_INPUT_TOKENS) or 0) + int(said.get(names.USAGE_OUTPUT_TOKENS) or 0)  # type: ignore[arg-type]
        if not span.parent:
            cost = float(said.get(names.COST_TOTAL) or 0)  # type: ignore[arg-type]
            before = before._replace(cost=cost, fallbacks=int(said[names.FALLBACK_COUNT]))  # type: ignore[arg-type]
        else:
            before = before._replace(models=(*before.models, str(said[names.REQUEST_MODEL])))
        found[f"{span.trace:032x}"] = before._replace(spans=before.spans + 1, tokens=before.tokens + tokens)
    return found


READERS: Mapping[str, Callable[..., Trace]] = {"phoenix": phoenix_trace, "mlflow": mlflow_trace}


@pytest.mark.parametrize("name", READERS)
def test_each_call_of_the_demo_is_there_as_it_was_sent(
    sent: dict[str, dict[str, Told]], phoenix: Server, mlflow: Server, name: str
) -> None:
    server = {"phoenix": phoenix, "mlflow": mlflow}[name]
    calls = sent[name]
    assert len(calls) == CALLS
    assert sum(told.fallbacks for told in calls.values()) == FALLBACKS
    for trace_id, told in calls.items():
        trace = READERS[name](server.url, trace_id, spans=told.spans)
        (route,) = (read for read in trace.spans.values() if read.parent is None)
        models = [read for read in trace.spans.values() if read.parent is not None]
        assert trace.tokens == told.tokens
        assert sorted(read.attributes[names.REQUEST_MODEL] for read in models) == sorted(told.models)
        assert route.attributes[names.FALLBACK_COUNT] == told.fallbacks
        assert route.attributes[names.COST_TOTAL] == pytest.approx(told.cost)
        assert sum(read.error for read in models) == told.fallbacks
