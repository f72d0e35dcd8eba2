"""The spans of calls of a routed LiteLLM router: one route, one child for each group that was tried, what each cost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from taskroute import Router
from taskroute.telemetry.spans import SpanObserver
from tests.emulator import Emulator, Fault
from tests.emulator import Say as Says
from tests.litellm_host.routers import COMPLETIONS, IDS, MESSAGES, POLICY, STREAMS, WAYS, Routed, Way, call, routed, told
from tests.litellm_host.test_calls import STREAMED_MESSAGES, needs_proxys_packages, record_of

litellm: Any = pytest.importorskip("litellm")

SMALL, LARGE = IDS["small"], IDS["large"]
USAGE = {"stream_options": {"include_usage": True}}
KEY = "sk-a-secret-of-this-test"


class Traced(NamedTuple):
    routed: Routed
    provider: TracerProvider
    exporter: InMemorySpanExporter

    def spans(self) -> list[ReadableSpan]:
        """Return the spans in the order in which they began."""
        return sorted(self.exporter.get_finished_spans(), key=lambda span: span.start_time or 0)

    def route(self) -> ReadableSpan:
        (route,) = [span for span in self.spans() if span.name.startswith("route ")]
        return route

    def attempts(self) -> list[ReadableSpan]:
        return [span for span in self.spans() if not span.name.startswith("route ")]


@contextlib.contextmanager
def traced(emulator: Emulator, policy: dict[str, Any] | None = None, **settings: Any) -> Iterator[Traced]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    registry = Router(policy or POLICY, environ={}).snapshot.registry
    observer = SpanObserver(tracer_provider=provider, models=registry.get)
    with routed(emulator, policy=policy, options={"observers": [observer]}, **settings) as found:
        yield Traced(found, provider, exporter)


def said(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def usage_for(way: Way) -> dict[str, Any]:
    """Return what has a stream say how many tokens it took."""
    return USAGE if way.streams and way.endpoint in ("completion", "text_completion") else {}


def one_trace(found: Traced) -> None:
    """Check that every attempt is a child of the route."""
    route = found.route()
    assert route.context is not None
    for span in found.attempts():
        assert span.parent is not None
        assert span.parent.span_id == route.context.span_id
        assert span.context is not None
        assert span.context.trace_id == route.context.trace_id


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_call_is_a_route_with_one_child_for_each_group_that_was_tried(emulator: Emulator, way: Way) -> None:
    needs_proxys_packages(way)
    if way.endpoint != "embedding":
        emulator.on(LARGE, Fault("rate_limit"))
    stage, name = ("index", "fine vectors") if way.endpoint == "embedding" else ("generate", "answers")
    with traced(emulator) as found:
        call(found.routed, way, **told(found.routed, way, stage=stage))
    one_trace(found)
    route = said(found.route())
    assert found.route().name == f"route {name}"
    assert (route["taskroute.stage"], route["taskroute.stage.source"]) == (stage, "metadata")
    models = [said(span)["taskroute.model"] for span in found.attempts() if "taskroute.model" in said(span)] or found.routed.asked
    if way.endpoint == "embedding":
        assert (route["taskroute.attempts"], route["taskroute.model"], models) == (1, "fine-vectors", ["fine-vectors"])
    else:
        assert (route["taskroute.attempts"], route["taskroute.model"], models) == (2, "small", ["large", "small"])
        failed, answered = map(said, found.attempts())
        assert failed["error.type"] == "429"
        assert (answered["taskroute.fallback.from"], answered["taskroute.fallback.reason"]) == ("large", "rate_limit")


OPERATIONS = {"text_completion": "text_completion", "embedding": "embeddings"}


@pytest.mark.parametrize("way", [way for way in WAYS if way != STREAMED_MESSAGES], ids=str)
def test_the_child_is_named_after_what_was_asked_for(emulator: Emulator, way: Way) -> None:
    stage = "index" if way.endpoint == "embedding" else "generate"
    operation = OPERATIONS.get(way.endpoint, "chat")
    with traced(emulator) as found:
        call(found.routed, way, **usage_for(way), **told(found.routed, way, stage=stage))
    (attempt,) = found.attempts()
    assert said(attempt)["gen_ai.operation.name"] == operation
    assert attempt.name.startswith(f"{operation} ")
    assert said(attempt)["gen_ai.usage.input_tokens"] > 0


@pytest.mark.parametrize("way", [way for way in WAYS if way != STREAMED_MESSAGES], ids=str)
def test_cost_stands_on_each_child_and_in_total_on_the_route(emulator: Emulator, way: Way) -> None:
    stage = "index" if way.endpoint == "embedding" else "generate"
    with traced(emulator) as found:
        answer = call(found.routed, way, **usage_for(way), **told(found.routed, way, stage=stage))
    (attempt,) = map(said, found.attempts())
    route = said(found.route())
    assert route["taskroute.cost.total"] == attempt["taskroute.cost.total"] > 0
    assert route["taskroute.cost.currency"] == "USD"
    assert route["taskroute.cost.source"] == "user"
    if not way.streams:
        assert record_of(answer)["cost"] == pytest.approx(route["taskroute.cost.total"])


@pytest.mark.parametrize("way", [way for way in COMPLETIONS if not way.streams], ids=str)
def test_an_answer_that_was_paid_for_and_not_used_is_in_the_total(emulator: Emulator, way: Way) -> None:
    emulator.on(SMALL, Says("cut sho", finish="length", input=100, output=10))
    policy = {**POLICY, "fallback": {"on": ["truncated"]}}
    with traced(emulator, policy) as found:
        answer = call(found.routed, way)
    wasted, used = (said(span)["taskroute.cost.total"] for span in found.attempts())
    assert wasted == pytest.approx((100 * 1 + 10 * 2) / 1_000_000)
    assert said(found.route())["taskroute.cost.total"] == pytest.approx(wasted + used)
    assert record_of(answer)["fallback_reason"] == "truncated"
    one_trace(found)


@pytest.mark.parametrize("way", STREAMS, ids=str)
def test_a_stream_that_is_dropped_early_has_an_estimate_of_its_cost(emulator: Emulator, way: Way) -> None:
    async def leave(found: Traced) -> None:
        stream = await found.routed.litellm.acompletion("auto", MESSAGES, stream=True, **USAGE)
        async for chunk in stream:
            if chunk.choices[0].delta.content:
                break
        await stream.aclose()

    with traced(emulator) as found:
        if way.is_async:
            asyncio.run(leave(found))
        else:
            stream = found.routed.litellm.completion("auto", MESSAGES, stream=True, **USAGE)
            next(stream)
            next(stream)
            stream.close()
    (attempt,) = map(said, found.attempts())
    route = said(found.route())
    assert route["taskroute.cost.total"] == attempt["taskroute.cost.total"] > 0
    assert route["taskroute.cost.source"] == "user, estimated"
    assert attempt["taskroute.cost.source"] == "user, estimated"
    one_trace(found)


@pytest.mark.parametrize("way", STREAMS, ids=str)
def test_a_stream_without_reported_usage_has_no_invented_tokens(emulator: Emulator, way: Way) -> None:
    emulator.on(SMALL, Says(usage=False))
    with traced(emulator) as found:
        call(found.routed, way)
    (attempt,) = map(said, found.attempts())
    assert "gen_ai.usage.input_tokens" not in attempt
    assert str(attempt.get("taskroute.cost.source", "user, estimated")) == "user, estimated"


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_a_call_belongs_to_the_trace_of_its_caller(emulator: Emulator, way: Way) -> None:
    with traced(emulator) as found, found.provider.get_tracer("app").start_as_current_span("request") as request:
        call(found.routed, way)
    route = next(span for span in found.spans() if span.name.startswith("route "))
    assert route.parent is not None
    assert route.parent.span_id == request.get_span_context().span_id


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
@pytest.mark.parametrize(
    ("settings", "given", "wanted"), [({"num_retries": 2}, {}, 2), ({}, {"num_retries": 1}, 1)], ids=["router", "call"]
)
def test_the_retries_that_litellm_may_make_are_told(emulator: Emulator, way: Way, settings: Any, given: Any, wanted: int) -> None:
    with traced(emulator, **settings) as found:
        call(found.routed, way, **given)
    (attempt,) = map(said, found.attempts())
    assert attempt["taskroute.client.retries"] == wanted


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
def test_a_failure_stands_on_the_route_too(emulator: Emulator, way: Way) -> None:
    for model in (SMALL, LARGE):
        emulator.on(model, Fault("server_error"))
    with traced(emulator) as found, pytest.raises(litellm.InternalServerError):
        call(found.routed, way)
    assert found.route().status.status_code.name == "ERROR"
    assert [span.status.status_code.name for span in found.attempts()] == ["ERROR", "ERROR"]
    one_trace(found)


@pytest.mark.parametrize("way", COMPLETIONS, ids=str)
@pytest.mark.parametrize("fault", [None, "unauthorized", "server_error"])
def test_no_key_and_no_prompt_is_in_a_span(emulator: Emulator, way: Way, fault: Any) -> None:
    if fault:
        for model in (SMALL, LARGE):
            emulator.on(model, Fault(fault))
    with traced(emulator) as found, contextlib.suppress(litellm.AuthenticationError, litellm.InternalServerError):
        call(found.routed, way, api_key=KEY)
    assert found.spans()
    for span in found.spans():
        for secret in (KEY, "sk-emulated", "capital of France"):
            assert secret not in span.to_json()


async def test_calls_at_once_have_a_trace_each(emulator: Emulator) -> None:
    with traced(emulator) as found:
        await asyncio.gather(*[found.routed.litellm.acompletion("auto", MESSAGES) for _ in range(10)])
    spans = {span.context.span_id: span for span in found.spans() if span.context is not None}
    assert len({span.context.trace_id for span in spans.values() if span.context is not None}) == 10
    children = [span for span in spans.values() if span.parent is not None]
    assert len(children) == 10
    assert all(spans[span.parent.span_id].name == "route default" for span in children if span.parent is not None)
