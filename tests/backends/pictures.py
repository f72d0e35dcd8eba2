"""Makes the pictures in docs/pictures: a question to the demonstration's chain, as Phoenix, MLflow and our report show it.

`python -m tests.backends.pictures FOLDER`, with both servers and Chromium; `make pictures` has the first.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, NamedTuple

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from taskroute import load_policy
from taskroute.cli import main as command_line
from taskroute.cli.demo import command as demo
from taskroute.cli.policies import demo_policy
from taskroute.policy.load import read_file

from .browser import shown
from .reading import phoenix_trace
from .servers import VARIABLE, Servers, running

_TELEMETRY: Final = {"content": "span", "compat": ["openinference", "mlflow"], "baseline": "large"}
_PROJECT: Final = "taskroute-demo"
_WEEK_NS: Final = 7 * 24 * 3_600_000_000_000
_SPANS: Final = 16
"""Of the first question: it, its seven calls, and the models of each, of which one failed."""


class Played(NamedTuple):
    """The demonstration as it was sent."""

    trace_id: str
    """Of the first question."""
    page: str
    """Path of Phoenix's page of its trace, with the span of the model that answered."""


def play(servers: Servers, spans: Path) -> Played:
    """Ask the demonstration's questions, each in a span of its own, and send what they leave to both servers."""
    provider = TracerProvider(resource=Resource({"service.name": _PROJECT, "openinference.project.name": _PROJECT}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{servers.phoenix.url}/v1/traces")))
    headers = {"x-mlflow-experiment-id": "0"}
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{servers.mlflow.url}/v1/traces", headers=headers, timeout=60))
    )
    trace.set_tracer_provider(provider)
    data: Any = read_file(demo_policy()).data
    policy = load_policy({**data, "telemetry": {**_TELEMETRY, "file": str(spans)}})
    ids: list[str] = []
    for turn in (demo._FOLLOW_UP, demo._PRIVATE):
        first = turn is demo._FOLLOW_UP
        with provider.get_tracer("demo").start_as_current_span("answer a question") as span:
            span.set_attributes({"openinference.span.kind": "CHAIN", "input.value": turn.question, "session.id": "demo"})
            demo._play(policy, [turn], live=False, staged=first)
            ids.append(f"{span.get_span_context().trace_id:032x}")
    provider.shutdown()
    found = phoenix_trace(servers.phoenix.url, ids[0], spans=_SPANS)
    (answer,) = (read for read in found.spans.values() if read.parent and found.spans[read.parent].name == "route answer")
    return Played(ids[0], f"{found.project}/{ids[0]}?selectedSpanNodeId={answer.place}")


def spread(spans: Path) -> None:
    """Have the same calls made again and again over a week, more of them on some days: a report of one second shows little."""
    lines = spans.read_text(encoding="utf-8").splitlines()
    with spans.open("w", encoding="utf-8") as file:
        for number, hours in enumerate(hours for day in range(7) for hours in range(24 * day, 24 * day + 24, (5, 3, 4, 2, 3, 8, 12)[day])):
            for line in lines:
                file.write(json.dumps(_moved(json.loads(line), hours * 3_600_000_000_000, f"{number:08x}")) + "\n")


def _moved(value: Any, by: int, trace_id: str) -> Any:
    if isinstance(value, list):
        return [_moved(each, by, trace_id) for each in value]
    if not isinstance(value, dict):
        return value
    found = {key: _moved(each, by, trace_id) for key, each in value.items()}
    found.update((key, str(int(each) - _WEEK_NS + by)) for key, each in value.items() if key.lower().endswith("timeunixnano"))
    found.update((key, trace_id + each[8:]) for key, each in value.items() if key == "traceId")
    return found


def crop(picture: Path, *, left: int = 0, width: int, height: int) -> None:
    """Keep only a part of a picture."""
    with tempfile.TemporaryDirectory() as kept:
        page = Path(kept) / "page.html"
        page.write_text(
            f'<body style="margin:0;overflow:hidden"><img style="margin-left:-{left}px" src="{picture.resolve().as_uri()}">',
            encoding="utf-8",
        )
        shown(page.as_uri(), has="img", picture=picture, width=width, height=height, ms=1_000)


def main(folder: Path) -> None:
    """Write the pictures into a folder."""
    with tempfile.TemporaryDirectory() as kept, running(Path(os.environ[VARIABLE]), Path(kept)) as servers:
        spans, page = Path(kept) / "spans.jsonl", Path(kept) / "report.html"
        take(servers, play(servers, spans), folder)
        spread(spans)
        command_line(["report", str(spans), "-o", str(page)])
        shown(page.as_uri(), has="Over time", picture=folder / "report.png", width=1000, height=1000, ms=3_000)


def take(servers: Servers, played: Played, folder: Path) -> None:
    """Take the pictures of both servers' pages of the first question."""
    phoenix = f"{servers.phoenix.url}{played.page}"
    # The first visitor waits for the server, and the drawer with the trace is still on its way when the picture is taken.
    shown(phoenix, has="View Session", ms=30_000)
    shown(phoenix, has="View Session", picture=folder / "phoenix.png", width=1400, height=860, ms=60_000)
    mlflow = f"{servers.mlflow.url}/#/experiments/0/traces?selectedEvaluationId=tr-{played.trace_id}"
    shown(mlflow, has="route answer", picture=folder / "mlflow.png", width=1700, height=900, ms=30_000)
    # What is beside it is the list of traces, behind it.
    crop(folder / "phoenix.png", left=352, width=1048, height=760)
    crop(folder / "mlflow.png", width=1190, height=900)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
