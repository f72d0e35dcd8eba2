"""What OpenTelemetry's context says to taskroute: that no spans are wanted, or that a span around the call has the tokens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from openinference.instrumentation import suppress_tracing
from opentelemetry import context as otel_context
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.util.genai.handler import TelemetryHandler

from taskroute.telemetry import beside

from .watched import QUESTION, Watched, watched

ANSWER = "three whole months"


@contextmanager
def said(key: str, value: object) -> Iterator[None]:
    token = otel_context.attach(otel_context.set_value(key, value))
    try:
        yield
    finally:
        otel_context.detach(token)


@pytest.mark.parametrize("suppressed", [suppress_instrumentation, suppress_tracing, lambda: said("suppress_instrumentation", True)])
@pytest.mark.parametrize("mode", ["auto", "full", "route_only"])
def test_no_span_is_written_where_none_is_wanted(suppressed: Any, mode: str) -> None:
    with watched("none", mode) as found:
        llm = found.llm(small=[ANSWER, ANSWER])
        with suppressed():
            llm.invoke(QUESTION)
        assert found.spans() == []
        llm.invoke(QUESTION)
    assert "route default" in found.ours()


def test_the_spend_is_counted_all_the_same() -> None:
    with watched("none") as found, suppress_instrumentation():
        found.llm(small=ANSWER).invoke(QUESTION)
    assert found.measured()["gen_ai.client.token.usage input"] == 6


def test_openinference_and_taskroute_are_silent_together() -> None:
    with watched("openinference") as found, suppress_tracing():
        found.llm(small=ANSWER).invoke(QUESTION)
    assert found.spans() == []


def handler(found: Watched) -> TelemetryHandler:
    return TelemetryHandler(
        tracer_provider=found.provider, meter_provider=MeterProvider(metric_readers=[InMemoryMetricReader()], shutdown_on_exit=False)
    )


def test_inside_an_inference_of_another_the_tokens_are_left_to_that() -> None:
    with watched("none") as found, handler(found).inference("openai", request_model="small"):
        found.llm(small=ANSWER).invoke(QUESTION)
    assert found.ours() == ["route default"]
    assert found.route()["taskroute.spans"] == "route_only"


def test_inside_a_workflow_they_are_not() -> None:
    with watched("none") as found, handler(found).workflow("app"):
        found.llm(small=ANSWER).invoke(QUESTION)
    assert found.ours() == ["chat small", "route default"]


def test_inside_a_model_that_openllmetry_follows_they_are_left_to_that() -> None:
    with watched("none") as found, said("suppress_language_model_instrumentation", True):
        found.llm(small=ANSWER).invoke(QUESTION)
    assert found.ours() == ["route default"]


def test_full_spans_are_written_inside_an_inference_too() -> None:
    with watched("none", "full") as found, handler(found).inference("openai", request_model="small"):
        found.llm(small=ANSWER).invoke(QUESTION)
    assert found.ours() == ["chat small", "route default"]


@pytest.mark.parametrize("operation", ["chat", "text_completion", "embeddings"])
def test_what_is_put_into_the_context_is_what_is_found_there(operation: str) -> None:
    context = beside.marked(otel_context.get_current(), beside.marks(operation))
    assert not beside.is_counted_above(operation)
    token = otel_context.attach(context)
    try:
        assert beside.is_counted_above(operation)
    finally:
        otel_context.detach(token)


def test_nothing_is_put_there_where_nobody_would_heed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for module in ("opentelemetry.semconv_ai", "opentelemetry.util.genai.invocation"):
        monkeypatch.delitem(sys.modules, module)
    assert dict(beside.marks("chat")) == {}
    current = otel_context.get_current()
    assert beside.marked(current, beside.marks("chat")) is current
