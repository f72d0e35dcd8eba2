"""One call is one tree of spans, whichever way it is made and however it ends; and whether LiteLLM records metrics of it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider

from taskroute import Router
from taskroute_litellm import register, unregister
from taskroute_litellm.otel import records_metrics
from tests.emulator import Emulator, Fault, Say
from tests.litellm_host.hearing import Hears
from tests.litellm_host.routers import LONG, MESSAGES, WAYS, Way, call, routed, told
from tests.litellm_host.test_calls import needs_proxys_packages
from tests.litellm_host.test_sdk_spans import Traced, one_trace, traced
from tests.litellm_host.traced import LISTS, Heard

litellm: Any = pytest.importorskip("litellm")
STREAMS = [way for way in WAYS if way.streams]
CHUNKS = [way for way in STREAMS if way.endpoint == "completion"]


@contextlib.contextmanager
def request(found: Traced) -> Iterator[ReadableSpan]:
    """Have everything inside belong to a request of the application's."""
    with found.provider.get_tracer("app").start_as_current_span("request") as span:
        yield span  # type: ignore[misc]


def tree(found: Traced) -> list[tuple[str, str | None]]:
    """Return each span with the name of its parent, in the order in which they began."""
    names = {span.context.span_id: span.name for span in found.spans() if span.context is not None}
    assert len({span.context.trace_id for span in found.spans() if span.context is not None}) == 1
    return [(span.name, None if span.parent is None else names[span.parent.span_id]) for span in found.spans()]


def operation(way: Way) -> str:
    return {"text_completion": "text_completion", "embedding": "embeddings"}.get(way.endpoint, "chat")


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_request_route_and_inference_are_one_tree(emulator: Emulator, way: Way) -> None:
    needs_proxys_packages(way)
    is_vectors = way.endpoint == "embedding"
    with traced(emulator) as found, request(found):
        call(found.routed, way, **told(found.routed, way, stage="embed" if is_vectors else "generate"))
    model, route = ("text-embedding-3-small", "vectors") if is_vectors else ("gpt-5", "answers")
    inference = f"{operation(way)} {model}"
    assert tree(found) == [("request", None), (f"route {route}", "request"), (inference, f"route {route}")]
    [span] = [span for span in found.spans() if span.name == inference]
    attributes = dict(span.attributes or {})
    assert attributes["gen_ai.provider.name"] == "openai"
    assert attributes["server.address"] == "127.0.0.1"
    assert ("gen_ai.request.stream" in attributes) is way.streams


@pytest.mark.parametrize("way", [way for way in WAYS if way.endpoint != "embedding"], ids=str)
def test_a_fallback_is_one_more_branch(emulator: Emulator, way: Way) -> None:
    needs_proxys_packages(way)
    emulator.on("gpt-5", Fault("server_error"))
    with traced(emulator) as found, request(found):
        call(found.routed, way, **told(found.routed, way, stage="generate"))
    first, second = found.attempts()[1:]
    assert tree(found)[2:] == [(f"{operation(way)} gpt-5", "route answers"), (f"{operation(way)} gpt-5-mini", "route answers")]
    assert (first.attributes or {})["error.type"] == "500"
    assert "error.type" not in (second.attributes or {})


@pytest.mark.parametrize("way", CHUNKS, ids=str)
def test_a_stream_that_is_dropped_early_is_the_same_tree(emulator: Emulator, way: Way) -> None:
    emulator.on("gpt-5", Say("one two three four five six"))
    given: dict[str, Any] = {"model": "auto", "messages": MESSAGES, "stream": True, "metadata": {"stage": "generate"}}

    async def dropped(method: Callable[..., Any]) -> None:
        stream = await method(**given)
        await anext(aiter(stream))
        await stream.aclose()

    with traced(emulator) as found, request(found):
        if way.is_async:
            asyncio.run(dropped(found.routed.litellm.acompletion))
        else:
            stream = found.routed.litellm.completion(**given)
            next(iter(stream))
            stream.close()
    assert tree(found) == [("request", None), ("route answers", "request"), ("chat gpt-5", "route answers")]
    assert all((span.attributes or {})["taskroute.cancelled"] for span in found.spans()[1:])


@pytest.mark.parametrize("way", CHUNKS, ids=str)
def test_a_stream_that_breaks_is_the_same_tree(emulator: Emulator, way: Way) -> None:
    emulator.on("gpt-5", LONG)
    with traced(emulator) as found, request(found), pytest.raises(Exception):  # noqa: B017 - whatever LiteLLM makes of it
        call(found.routed, way, metadata={"stage": "generate"})
    assert tree(found) == [("request", None), ("route answers", "request"), ("chat gpt-5", "route answers")]


def test_a_stream_that_another_thread_reads_is_the_same_tree(emulator: Emulator) -> None:
    with traced(emulator) as found, request(found):
        stream = found.routed.litellm.completion("auto", MESSAGES, stream=True, metadata={"stage": "generate"})
        reader = threading.Thread(target=lambda: list(stream))
        reader.start()
        reader.join()
    assert tree(found) == [("request", None), ("route answers", "request"), ("chat gpt-5", "route answers")]


def test_a_retry_within_a_group_stays_in_one_span(emulator: Emulator) -> None:
    emulator.on("gpt-5", Fault("server_error"))
    with traced(emulator, num_retries=1) as found:
        call(found.routed, Way("completion"), metadata={"stage": "generate"})
    one_trace(found)
    assert [span.name for span in found.attempts()] == ["chat gpt-5"]


async def test_calls_at_the_same_time_each_have_their_own_tree(emulator: Emulator) -> None:
    with traced(emulator) as found:
        made = [found.routed.litellm.acompletion("auto", MESSAGES, metadata={"stage": "generate"}) for _ in range(5)]
        await asyncio.gather(*made)
    routes = {span.context.span_id for span in found.spans() if span.name == "route answers" and span.context is not None}
    parents = {span.parent.span_id for span in found.attempts() if span.parent is not None}
    assert len(routes) == 5
    assert parents == routes


def test_nothing_is_left_current_after_a_call(emulator: Emulator) -> None:
    with traced(emulator) as found:
        call(found.routed, Way("completion", streams=True), metadata={"stage": "generate"})
    assert not trace.get_current_span().get_span_context().is_valid


# Metrics of LiteLLM's


@pytest.fixture
def reader() -> InMemoryMetricReader:
    return InMemoryMetricReader()


@pytest.fixture
def beside(reader: InMemoryMetricReader, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Puts a callback of LiteLLM's beside, with metrics or without; afterwards the process has the callbacks that it had."""
    import warnings

    before = {name: list(getattr(litellm, name)) for name in LISTS if hasattr(litellm, name)}
    providers: list[MeterProvider] = []

    def put(generation: str, *, metrics: bool = True) -> Heard:
        monkeypatch.setenv("LITELLM_OTEL_INTEGRATION_ENABLE_METRICS", "true" if metrics else "false")
        meters, spans, heard = MeterProvider([reader], shutdown_on_exit=False), TracerProvider(shutdown_on_exit=False), Heard()
        providers.append(meters)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if generation == "first":
                kind: Any = importlib.import_module("litellm.integrations.opentelemetry").OpenTelemetry
            else:
                kind = pytest.importorskip("litellm.integrations.otel.logger", exc_type=ImportError).OpenTelemetryV2
            litellm.callbacks = [kind(tracer_provider=spans, meter_provider=meters), heard]
        return heard

    yield put
    for name, kept in before.items():
        setattr(litellm, name, kept)
    for provider in providers:
        provider.shutdown()


def recorded(reader: InMemoryMetricReader) -> list[str]:
    data = reader.get_metrics_data()
    found = (
        [] if data is None else [metric.name for each in data.resource_metrics for scope in each.scope_metrics for metric in scope.metrics]
    )
    return sorted(found)


async def until(heard: Heard, *, is_async: bool) -> None:
    async with asyncio.timeout(30):
        while not (heard.alone if is_async else heard.sync):
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("metrics", [False, True])
@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("generation", ["first", "second"])
async def test_it_is_known_whether_litellm_records_the_metrics(
    emulator: Emulator, beside: Any, reader: InMemoryMetricReader, generation: str, is_async: bool, metrics: bool
) -> None:
    heard, hears = beside(generation, metrics=metrics), Hears()
    with routed(emulator, options={"observers": [hears]}) as found:
        if is_async:
            await found.litellm.acompletion("auto", MESSAGES)
        else:
            await asyncio.to_thread(found.litellm.completion, "auto", MESSAGES)
        await until(heard, is_async=is_async)
    assert hears.calls[0].measured is ("gen_ai.client.operation.duration" in recorded(reader))


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("generation", ["first", "second"])
async def test_it_is_known_of_the_provider_too(
    emulator: Emulator, beside: Any, reader: InMemoryMetricReader, monkeypatch: pytest.MonkeyPatch, generation: str, is_async: bool
) -> None:
    monkeypatch.setenv("KEY", "sk-emulated")
    heard, hears = beside(generation), Hears()
    models = {"small": {"model": "openai:gpt-4o-mini", "base_url": f"{emulator.url}/v1", "api_key_env": "KEY"}}
    register(Router({"models": models, "default": "small"}, observers=[hears]))
    try:
        if is_async:
            await litellm.acompletion("taskroute/auto", MESSAGES)
        else:
            await asyncio.to_thread(litellm.completion, "taskroute/auto", MESSAGES)
        await until(heard, is_async=is_async)
    finally:
        unregister()
    assert hears.calls[0].measured is ("gen_ai.client.operation.duration" in recorded(reader))


@pytest.mark.parametrize(("said", "found"), [("true", True), ("false", False)])
def test_a_callback_that_is_only_named_will_do_as_the_environment_says(
    beside: Any, monkeypatch: pytest.MonkeyPatch, said: str, found: bool
) -> None:
    beside("first", metrics=False)
    litellm.callbacks = ["otel"]
    monkeypatch.setenv("LITELLM_OTEL_INTEGRATION_ENABLE_METRICS", said)
    assert records_metrics(is_async=True) is found


def test_without_a_callback_nobody_else_records_metrics() -> None:
    assert not records_metrics(is_async=True)
    assert not records_metrics(is_async=False)
