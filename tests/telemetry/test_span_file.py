"""`telemetry.file`: what a call leaves in the file, beside an SDK or without one, and what may go wrong with it."""

from __future__ import annotations

import asyncio
import base64
import json
import multiprocessing
import os
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

from taskroute import Router
from taskroute.errors import ConfigurationError
from taskroute.execution.drivers import adrive, drive
from taskroute.steps import Attempt
from taskroute.telemetry.file_tracer import FileTracerProvider
from taskroute.telemetry.otlp_json import Ended, line_of
from taskroute.telemetry.span_file import SpanFile, resource_in
from taskroute.telemetry.spans import SpanObserver
from taskroute.testing import FakeClock
from taskroute.types import Call, Reply, Usage

PROMPT = "my password is hunter2"
POLICY: dict[str, Any] = {
    "models": {
        "small": {"model": "openai:gpt-5-mini", "price": {"input": 1, "output": 1}},
        "large": {"model": "anthropic:claude-opus-4-5", "price": {"input": 1, "output": 1}},
    },
    "default": ["small", "large"],
    "retry": {"extra": 0},
    "breaker": "none",
}


class Client:
    """Fails for `small`, answers for `large`; notes which span is the current one meanwhile."""

    def __init__(self, inside: Callable[[], object] = lambda: None) -> None:
        self.current: list[trace.Span] = []
        self._inside = inside

    def answer(self, attempt: Attempt) -> Reply:
        self.current.append(trace.get_current_span())
        self._inside()
        if attempt.model == "small":
            raise TimeoutError(PROMPT)
        return Reply("hunter2", usage=Usage(input=10, output=3), finish_reason="stop")

    async def aanswer(self, attempt: Attempt) -> Reply:
        return self.answer(attempt)

    def expects(self, attempt: Attempt, reply: Reply) -> Any:
        raise AssertionError("nothing is examined here")


def router(path: Path | str, **telemetry: Any) -> Router:
    return Router({**POLICY, "telemetry": {"file": str(path), **telemetry}}, clock=FakeClock())


def call(through: Router, client: Any = None, **said: Any) -> None:
    host: Any = client or Client()
    drive(through.run(Call(PROMPT, **said)), host)


def twice(through: Router) -> None:
    call(through)
    call(through)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def spans_of(line: dict[str, Any]) -> list[dict[str, Any]]:
    return [span for about in line["resourceSpans"] for scope in about["scopeSpans"] for span in scope["spans"]]


def said(span: dict[str, Any]) -> dict[str, Any]:
    return {pair["key"]: next(iter(pair["value"].values())) for pair in span["attributes"]}


def test_a_call_is_one_line_with_its_whole_tree(tmp_path: Path) -> None:
    file = tmp_path / "made" / "for it" / "spans.jsonl"
    call(router(file), stage="generate", tenant="acme")
    (line,) = lines(file)
    small, large, route = spans_of(line)
    assert [span["name"] for span in (small, large, route)] == ["chat gpt-5-mini", "chat claude-opus-4-5", "route default"]
    assert {span["traceId"] for span in (small, large, route)} == {route["traceId"]}
    assert [small["parentSpanId"], large["parentSpanId"]] == [route["spanId"]] * 2
    assert "parentSpanId" not in route
    assert [span["kind"] for span in (small, large, route)] == [3, 3, 1]
    assert small["status"] == {"code": 2, "message": "timeout"}
    assert said(route)["taskroute.tenant"] == "acme"
    assert said(large)["gen_ai.usage.input_tokens"] == "10"
    assert line["resourceSpans"][0]["scopeSpans"][0]["scope"]["name"] == "taskroute"


def test_the_path_may_name_variables_of_the_environment(tmp_path: Path) -> None:
    policy = {**POLICY, "telemetry": {"file": "${SPANS_GO_TO}/spans.jsonl"}}
    call(Router(policy, environ={"SPANS_GO_TO": str(tmp_path)}))
    assert len(lines(tmp_path / "spans.jsonl")) == 1
    with pytest.raises(ConfigurationError, match="telemetry.file names the environment variable SPANS_GO_TO, which is not set"):
        Router(policy, environ={})


def test_nothing_of_a_prompt_or_an_answer_is_written(tmp_path: Path) -> None:
    call(router(tmp_path / "spans.jsonl"))
    assert "hunter2" not in (tmp_path / "spans.jsonl").read_text()


def test_nothing_is_written_where_the_policy_names_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    call(Router(POLICY))
    assert not [*tmp_path.iterdir()]


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    call(router(tmp_path / "new" / "spans.jsonl"))
    assert (tmp_path / "new" / "spans.jsonl").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


class Beside:
    """Calls whose spans go to an SDK and to the file."""

    def __init__(self, path: Path, sampler: Sampler = ALWAYS_ON) -> None:
        self.path = path
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(sampler=sampler, resource=Resource({"service.name": "shop"}), shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        registry = Router(POLICY).snapshot.registry
        tracers = FileTracerProvider(lambda: str(path), tracer_provider=self.provider, environ={})
        observer = SpanObserver(tracer_provider=tracers, models=registry.get)
        self.router = Router(POLICY, observers=[observer], clock=FakeClock())

    def in_file(self) -> dict[str, dict[str, Any]]:
        return {span["name"]: span for line in lines(self.path) for span in spans_of(line)}

    def in_sdk(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self.exporter.get_finished_spans()}


def test_the_file_has_what_the_sdk_has_under_the_same_ids(tmp_path: Path) -> None:
    beside = Beside(tmp_path / "spans.jsonl")
    call(beside.router, stage="generate")
    sdk, file = beside.in_sdk(), beside.in_file()
    assert sdk.keys() == file.keys()
    assert len(sdk) == 3
    for name, span in sdk.items():
        assert span.context is not None
        written = file[name]
        assert written["spanId"] == f"{span.context.span_id:016x}"
        assert written["traceId"] == f"{span.context.trace_id:032x}"
        assert written.get("parentSpanId") == (f"{span.parent.span_id:016x}" if span.parent else None)
        assert (written["startTimeUnixNano"], written["endTimeUnixNano"]) == (str(span.start_time), str(span.end_time))
        assert said(written).keys() == dict(span.attributes or {}).keys()
        assert [event["name"] for event in written.get("events", [])] == [event.name for event in span.events]
        assert written["status"].get("code", 0) == span.status.status_code.value
    resource = lines(beside.path)[0]["resourceSpans"][0]["resource"]
    assert said(resource) == {"service.name": "shop"}


def test_a_call_that_the_sdk_samples_out_is_in_the_file_under_its_ids(tmp_path: Path) -> None:
    beside = Beside(tmp_path / "spans.jsonl", sampler=ALWAYS_OFF)
    client = Client()
    call(beside.router, client)
    assert not beside.in_sdk()
    file = beside.in_file()
    assert len(file) == 3
    seen = [f"{span.get_span_context().span_id:016x}" for span in client.current]
    assert seen == [file["chat gpt-5-mini"]["spanId"], file["chat claude-opus-4-5"]["spanId"]]


def test_what_others_write_on_the_current_span_is_not_in_the_file(tmp_path: Path) -> None:
    beside = Beside(tmp_path / "spans.jsonl")
    for through in (beside.router, router(beside.path)):
        call(through, Client(lambda: trace.get_current_span().set_attribute("prompt", PROMPT)))
    assert beside.in_sdk()["chat gpt-5-mini"].attributes is not None
    assert (beside.in_sdk()["chat gpt-5-mini"].attributes or {})["prompt"] == PROMPT
    assert "hunter2" not in beside.path.read_text()


def test_the_current_span_is_the_sdks_own(tmp_path: Path) -> None:
    client = Client()
    call(Beside(tmp_path / "spans.jsonl").router, client)
    assert all(isinstance(span, ReadableSpan) for span in client.current)


def test_without_an_sdk_nothing_new_is_told_to_other_services(tmp_path: Path) -> None:
    client = Client()
    call(router(tmp_path / "spans.jsonl"), client)
    assert not any(span.get_span_context().is_valid or span.is_recording() for span in client.current)


def test_without_an_sdk_the_trace_of_the_caller_goes_on(tmp_path: Path) -> None:
    above = SpanContext(0xABC, 0xDEF, is_remote=True, trace_flags=TraceFlags(1))
    client = Client()
    with trace.use_span(NonRecordingSpan(above)):
        call(router(tmp_path / "spans.jsonl"), client)
    *_, route = spans_of(lines(tmp_path / "spans.jsonl")[0])
    assert (route["traceId"], route["parentSpanId"]) == (f"{0xABC:032x}", f"{0xDEF:016x}")
    assert route["spanId"] != f"{0xDEF:016x}"
    assert {span.get_span_context().span_id for span in client.current} == {0xDEF}


def test_a_call_made_inside_of_another_hangs_below_it_without_an_sdk(tmp_path: Path) -> None:
    inner = router(tmp_path / "spans.jsonl")
    call(router(tmp_path / "spans.jsonl"), Client(lambda: call(inner)))
    *inner_lines, outer = [spans_of(line) for line in lines(tmp_path / "spans.jsonl")]
    assert [spans[-1]["parentSpanId"] for spans in inner_lines] == [span["spanId"] for span in outer[:-1]]
    assert {span["traceId"] for spans in inner_lines for span in spans} == {outer[0]["traceId"]}


async def test_calls_at_once_are_a_line_each(tmp_path: Path) -> None:
    through = router(tmp_path / "spans.jsonl")
    client: Any = Client()
    await asyncio.gather(*(adrive(through.run(Call(PROMPT), is_async=True), client) for _ in range(20)))
    written = [spans_of(line) for line in lines(tmp_path / "spans.jsonl")]
    assert [len(spans) for spans in written] == [3] * 20
    assert len({spans[0]["traceId"] for spans in written}) == 20


def test_threads_share_the_file(tmp_path: Path) -> None:
    through = router(tmp_path / "spans.jsonl")
    threads = [threading.Thread(target=lambda: [call(through) for _ in range(25)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(spans_of(line)) for line in lines(tmp_path / "spans.jsonl")] == [3] * 200


def _add(path: str, word: str) -> None:
    file = SpanFile(path)
    for _ in range(200):
        file.add(json.dumps(word * 3000).encode() + b"\n")


def test_processes_share_the_file(tmp_path: Path) -> None:
    file = tmp_path / "spans.jsonl"
    start = multiprocessing.get_context("spawn")
    processes = [start.Process(target=_add, args=(str(file), word)) for word in "abc"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    words = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(words) == 600
    assert set(words) == {"a" * 3000, "b" * 3000, "c" * 3000}


def test_a_file_that_was_moved_away_is_begun_anew(tmp_path: Path) -> None:
    through, file = router(tmp_path / "spans.jsonl"), tmp_path / "spans.jsonl"
    call(through)
    file.rename(tmp_path / "spans.jsonl.1")
    call(through)
    assert [len(lines(each)) for each in (file, tmp_path / "spans.jsonl.1")] == [1, 1]


def test_a_reload_writes_to_the_file_that_the_new_policy_names(tmp_path: Path) -> None:
    through = router(tmp_path / "a.jsonl")
    call(through)
    through.reload({**POLICY, "telemetry": {"file": str(tmp_path / "b.jsonl")}})
    call(through)
    through.reload(POLICY)
    call(through)
    assert [len(lines(tmp_path / name)) for name in ("a.jsonl", "b.jsonl")] == [1, 1]


def test_a_router_that_was_pickled_goes_on_writing(tmp_path: Path) -> None:
    through = Router({**POLICY, "telemetry": {"file": str(tmp_path / "spans.jsonl")}})
    call(pickle.loads(pickle.dumps(through)))
    assert len(lines(tmp_path / "spans.jsonl")) == 1


def test_a_process_that_changes_its_directory_goes_on_with_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    through = router("spans.jsonl")
    call(through)
    monkeypatch.chdir(tmp_path / "other")
    call(through)
    assert len(lines(tmp_path / "spans.jsonl")) == 2


def test_a_file_that_cannot_be_written_costs_one_warning_and_no_call(tmp_path: Path) -> None:
    # Root may write anywhere, but not into a directory.
    through = router(tmp_path)
    with pytest.warns(RuntimeWarning, match=r"spans could not be written to .* \(IsADirectoryError: .*\); calls go on without") as told:
        twice(through)
    assert len(told) == 1


def test_a_full_disk_costs_one_warning_and_no_call() -> None:
    with pytest.warns(RuntimeWarning, match="No space left on device") as told:
        twice(router("/dev/full"))
    assert len(told) == 1


def test_a_pipe_that_nobody_reads_holds_up_no_call(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.warns(RuntimeWarning, match="spans could not be written"):
        call(router(tmp_path / "pipe"))


def test_a_resource_is_told_by_the_standard_variables() -> None:
    assert resource_in({}) == {"service.name": "unknown_service"}
    told = resource_in({"OTEL_RESOURCE_ATTRIBUTES": "service.name=a,team=blue%20sky,broken", "OTEL_SERVICE_NAME": "b"})
    assert told == {"service.name": "b", "team": "blue sky"}


def in_base64(value: Any) -> Any:
    """Return a request as protobuf's own JSON has it, where ids are base64: OTLP/JSON has them in hexadecimal."""
    if isinstance(value, list):
        return [in_base64(each) for each in value]
    if not isinstance(value, dict):
        return value
    ids = {"traceId", "spanId", "parentSpanId"}
    return {key: base64.b64encode(bytes.fromhex(each)).decode() if key in ids else in_base64(each) for key, each in value.items()}


def test_a_line_is_a_request_of_otlp_and_nothing_in_it_is_unknown(tmp_path: Path) -> None:
    call(router(tmp_path / "spans.jsonl"), stage="generate")
    (line,) = lines(tmp_path / "spans.jsonl")
    request = ParseDict(in_base64(line), ExportTraceServiceRequest(), ignore_unknown_fields=False)
    spans = request.resource_spans[0].scope_spans[0].spans
    assert [span.name for span in spans] == ["chat gpt-5-mini", "chat claude-opus-4-5", "route default"]
    assert all(len(span.trace_id) == 16 and len(span.span_id) == 8 for span in spans)


def test_every_kind_of_value_is_written_as_the_specification_has_it() -> None:
    context = SpanContext(1, 2, is_remote=False)
    values: dict[str, Any] = {
        "text": "é\ud800",
        "yes": True,
        "whole": 2**60,
        "beyond": 2**63,
        "part": 0.1,
        "none": float("nan"),
        "endless": float("-inf"),
        "list": ("a", "b"),
        "bytes": b"\x00",
        "map": {"a": 1},
    }
    line = line_of([Ended("s", trace.SpanKind.SERVER, context, None, 1, 2, values)], scope="x", version=None, resource={})
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    (span,) = spans_of(json.loads(line))
    assert span["kind"] == 2
    assert {pair["key"]: pair["value"] for pair in span["attributes"]} == {
        "text": {"stringValue": "é?"},
        "yes": {"boolValue": True},
        "whole": {"intValue": str(2**60)},
        "beyond": {"stringValue": str(2**63)},
        "part": {"doubleValue": 0.1},
        "none": {"doubleValue": "NaN"},
        "endless": {"doubleValue": "-Infinity"},
        "list": {"arrayValue": {"values": [{"stringValue": "a"}, {"stringValue": "b"}]}},
        "bytes": {"bytesValue": "AA=="},
        "map": {"kvlistValue": {"values": [{"key": "a", "value": {"intValue": "1"}}]}},
    }
