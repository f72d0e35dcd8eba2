"""Instrumentations of a provider's client below taskroute's spans: what heeds the span above writes nothing, and the rest counts twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI, OpenAI
from openai.resources.chat.completions import AsyncCompletions, Completions
from openai.resources.embeddings import AsyncEmbeddings, Embeddings
from openinference.instrumentation.openai import OpenAIInstrumentor as OpenInference
from opentelemetry import context as otel_context
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor as GenAI
from opentelemetry.instrumentation.openai import OpenAIInstrumentor as OpenLLMetry

from taskroute import Router
from taskroute_langchain import RoutedChatModel
from tests.emulator import Emulator

from .watched import QUESTION, Watched, costs, instrumented, whose

# Of OpenLLMetry's own, on import.
pytestmark = pytest.mark.filterwarnings("ignore:Support for class-based `config` is deprecated")
HEEDING: dict[str, Any] = {"genai": GenAI, "openllmetry": OpenLLMetry}
ALL: dict[str, Any] = {**HEEDING, "openinference": OpenInference}
_OWNERS = (Completions, AsyncCompletions, Embeddings, AsyncEmbeddings, OpenAI, AsyncOpenAI)
Way = Callable[[RoutedChatModel], Any]


async def _astream(llm: RoutedChatModel) -> Any:
    return [chunk async for chunk in llm.astream(QUESTION)]


WAYS: dict[str, Way] = {
    "invoke": lambda llm: llm.invoke(QUESTION),
    "stream": lambda llm: list(llm.stream(QUESTION)),
    "ainvoke": lambda llm: asyncio.run(llm.ainvoke(QUESTION)),
    "astream": lambda llm: asyncio.run(_astream(llm)),
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator().running() as running:
        yield running


def routed(found: Watched, emulator: Emulator) -> RoutedChatModel:
    """Return a routed model in front of real clients, which are made while the instrumentation is at work."""
    common: Any = {"base_url": f"{emulator.url}/v1", "api_key": "sk-emulated", "max_retries": 0, "stream_usage": True}
    models = {"small": ChatOpenAI(model="small", **common), "large": ChatOpenAI(model="large", **common)}
    return RoutedChatModel(router=found.router, models=models)


def tokens_of_a_call(emulator: Emulator, way: Way) -> tuple[int, int]:
    """Return what the provider counts, with nothing beside."""
    found = Watched()
    way(routed(found, emulator))
    return found.tokens()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("beside", HEEDING)
def test_it_leaves_tokens_and_metrics_to_the_span_above(emulator: Emulator, beside: str, way: str) -> None:
    expected = tokens_of_a_call(emulator, WAYS[way])
    found = Watched()
    with instrumented(HEEDING[beside](), found, *_OWNERS):
        WAYS[way](routed(found, emulator))
    assert min(expected) > 0
    assert found.tokens() == expected
    assert [span for span, _ in costs(found)] == ["chat small", "route default"]
    assert [span.name for span in found.spans()] == ["chat small", "route default"]
    measured = found.measured()
    assert measured["gen_ai.client.operation.duration"] == 1
    assert (measured["gen_ai.client.token.usage input"], measured["gen_ai.client.token.usage output"]) == expected


@pytest.mark.parametrize("beside", ALL)
def test_with_route_only_it_writes_the_span(emulator: Emulator, beside: str) -> None:
    expected = tokens_of_a_call(emulator, WAYS["invoke"])
    found = Watched(telemetry={"spans": "route_only"})
    with instrumented(ALL[beside](), found, *_OWNERS):
        routed(found, emulator).invoke(QUESTION)
    assert found.tokens() == expected
    assert [span for span, _ in costs(found)] == ["route default"]
    (theirs,) = [span for span in found.spans() if span.name != "route default"]
    (route,) = found.named("route default")
    assert theirs.parent is not None
    assert route.context is not None
    assert theirs.parent.span_id == route.context.span_id


@pytest.mark.parametrize("beside", ALL)
def test_with_full_spans_both_write_theirs(emulator: Emulator, beside: str) -> None:
    sent, got = tokens_of_a_call(emulator, WAYS["invoke"])
    found = Watched(telemetry={"spans": "full"})
    with instrumented(ALL[beside](), found, *_OWNERS):
        routed(found, emulator).invoke(QUESTION)
    assert found.tokens() == (2 * sent, 2 * got)


def test_what_heeds_nothing_counts_twice_with_auto(emulator: Emulator) -> None:
    sent, got = tokens_of_a_call(emulator, WAYS["invoke"])
    found = Watched()
    with instrumented(OpenInference(), found, *_OWNERS):
        routed(found, emulator).invoke(QUESTION)
    assert found.tokens() == (2 * sent, 2 * got)


def test_where_nothing_of_ours_is_recorded_it_writes_what_it_always_writes(emulator: Emulator) -> None:
    found = Watched()
    with instrumented(GenAI(), found, *_OWNERS):
        models = {"small": routed(found, emulator).models["small"]}
        RoutedChatModel(router=Router({"models": {"small": {"model": "openai:small"}}, "default": "small"}), models=models).invoke(QUESTION)
    assert [(whose(span), span.name) for span in found.spans()] == [("genai", "chat small")]


@pytest.mark.parametrize("beside", HEEDING)
def test_a_call_beside_the_routed_one_is_not_silenced(emulator: Emulator, beside: str) -> None:
    found = Watched()
    before = dict(otel_context.get_current())
    with instrumented(HEEDING[beside](), found, *_OWNERS):
        llm = routed(found, emulator)
        stream: Any = llm.stream(QUESTION)
        next(stream)
        # While a stream is open: what is told to the client is told only while that works.
        llm.models["large"].invoke(QUESTION)
        stream.close()
        assert dict(otel_context.get_current()) == before
    assert [span.name for span in found.spans() if whose(span) == beside] == ["chat large" if beside == "genai" else "openai.chat"]
