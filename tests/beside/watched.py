"""A routed chat model whose spans, and those of whatever is at work beside it, go to one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import langchain.agents.factory
import langgraph.prebuilt.chat_agent_executor
from langchain.agents.middleware.types import AgentMiddleware
from langchain_community.llms.openai import BaseOpenAI as CommunityOpenAI
from langchain_core.callbacks import BaseCallbackManager
from langchain_core.language_models import BaseChatModel
from langchain_openai.chat_models.base import BaseChatOpenAI
from langchain_openai.llms.base import BaseOpenAI
from langgraph.pregel import Pregel
from langgraph.types import Command
from openinference.instrumentation.langchain import LangChainInstrumentor as OpenInference
from opentelemetry.instrumentation.genai.langchain import LangChainInstrumentor as GenAI
from opentelemetry.instrumentation.langchain import LangchainInstrumentor as OpenLLMetry
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from taskroute import Router
from taskroute.telemetry.metrics import MetricsObserver
from taskroute.telemetry.spans import SpanObserver
from taskroute.testing import FakeClock, ScriptedModel
from taskroute_langchain import RoutedChatModel
from taskroute_langchain.testing import chat_models
from tests.unwrapped import unwrap

Beside = Literal["none", "openinference", "openllmetry", "genai"]
Tree = dict[str, Any]
EVERY: tuple[Beside, ...] = ("none", "openinference", "openllmetry", "genai")
OTHERS: tuple[Beside, ...] = ("openinference", "openllmetry", "genai")
MEASURING: tuple[Beside, ...] = ("openllmetry", "genai")
PRICE = {"input": 1_000_000, "output": 2_000_000}
"""So that a token costs 1, and one of an answer 2."""
QUESTION = "How long is my notice period?"
_INPUT = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt")
_OUTPUT = ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion")
_COST = ("taskroute.cost.total", "gen_ai.usage.cost", "gen_ai.usage.cost.amount", "llm.cost.total")
_OWNERS = (
    *(BaseCallbackManager, BaseChatModel, Pregel, Command, AgentMiddleware, BaseChatOpenAI, BaseOpenAI, CommunityOpenAI),
    *(langchain.agents, langchain.agents.factory, langgraph.prebuilt, langgraph.prebuilt.chat_agent_executor),
)
_INSTRUMENTORS: dict[str, type[Any]] = {"openinference": OpenInference, "openllmetry": OpenLLMetry, "genai": GenAI}


class Watched:
    """A router whose telemetry is kept in memory."""

    def __init__(self, **policy: Any) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reader = InMemoryMetricReader()
        self.meters = MeterProvider(metric_readers=[self.reader], shutdown_on_exit=False)
        priced = {name: {"model": f"openai:{name}", "price": PRICE} for name in ("small", "large")}
        policy = {"models": priced, "default": ["small", "large"], "retry": {"extra": 0}, **policy}
        router: Router

        def looked_up(name: str) -> Any:
            return router.snapshot.registry.get(name)

        observers = [
            SpanObserver(tracer_provider=self.provider, models=looked_up, telling=lambda: router.telling),
            MetricsObserver(meter_provider=self.meters, models=looked_up, telemetry=lambda: router.policy.telemetry),
        ]
        self.router = router = Router(policy, observers=observers, clock=FakeClock())

    def llm(self, **script: Any) -> RoutedChatModel:
        return RoutedChatModel(router=self.router, models=chat_models(ScriptedModel({"small": "", "large": "", **script})))

    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans() if span.name == name]

    def route(self) -> dict[str, Any]:
        """Return what stands on the only route span."""
        (route,) = self.named("route default")
        return dict(route.attributes or {})

    def ours(self) -> list[str]:
        return [span.name for span in self.spans() if whose(span) == "taskroute"]

    def tokens(self) -> tuple[int, int]:
        """Return the tokens of all spans together, as a backend adds them up that knows every convention."""
        return sum(_of(span, _INPUT) for span in self.spans()), sum(_of(span, _OUTPUT) for span in self.spans())

    def tree(self) -> Tree:
        """Return the names of the spans, each with those below it; the key is `scope: name`, so that one sees whose they are."""
        below: dict[int | None, list[ReadableSpan]] = {}
        known = {span.context.span_id for span in self.spans() if span.context is not None}
        for span in self.spans():
            above = None if span.parent is None or span.parent.span_id not in known else span.parent.span_id
            below.setdefault(above, []).append(span)

        def grown(above: int | None) -> Tree:
            return {f"{whose(span)}: {span.name}": grown(span.context.span_id) for span in below.get(above, []) if span.context is not None}

        return grown(None)

    def traces(self) -> int:
        return len({span.context.trace_id for span in self.spans() if span.context is not None})

    def measured(self) -> dict[str, float]:
        """Return the sum of each metric of the GenAI conventions, by name and kind of token."""
        found: dict[str, float] = {}
        data: Any = self.reader.get_metrics_data()
        for scope in (scope for resource in (data.resource_metrics if data else ()) for scope in resource.scope_metrics):
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    if metric.name.startswith("gen_ai."):
                        name = metric.name
                        counts = not name.endswith("token.usage")
                        key = name if counts else f"{name} {point.attributes['gen_ai.token.type']}"
                        found[key] = found.get(key, 0) + (point.count if counts else point.sum)
        return found


def whose(span: ReadableSpan) -> str:
    """Return who writes a span."""
    scope = span.instrumentation_scope.name if span.instrumentation_scope is not None else ""
    for name, start in (("openinference", "openinference"), ("genai", "opentelemetry.instrumentation.genai")):
        if scope.startswith(start):
            return name
    return "openllmetry" if scope.startswith("opentelemetry.instrumentation.") else scope


def _of(span: ReadableSpan, names: tuple[str, ...]) -> int:
    attributes = span.attributes or {}
    return next((int(str(attributes[name])) for name in names if name in attributes), 0)


def costs(found: Watched) -> list[tuple[str, float]]:
    """Return every total that stands somewhere, with the name of the span."""
    pairs = [(span.name, name, (span.attributes or {}).get(name)) for span in found.spans() for name in _COST]
    return [(span, float(str(value))) for span, _, value in pairs if value is not None]


@contextmanager
def watched(beside: Beside, mode: str = "auto", **policy: Any) -> Iterator[Watched]:
    """Give a routed model with one instrumentation beside it; afterwards LangChain is as it was."""
    found = Watched(**{"telemetry": {"spans": mode}, **policy})
    if beside == "none":
        yield found
        return
    with instrumented(_INSTRUMENTORS[beside](), found, *_OWNERS):
        yield found


@contextmanager
def instrumented(instrumentor: Any, found: Watched, *owners: Any) -> Iterator[None]:
    """Have it at work; afterwards the classes and modules that it changes are as before. OpenLLMetry's leaves some of its own behind."""
    before = [dict(vars(owner)) for owner in owners]
    instrumentor.instrument(tracer_provider=found.provider, meter_provider=found.meters)
    try:
        yield
    finally:
        instrumentor.uninstrument()
        for owner, kept in zip(owners, before, strict=True):
            for name in [name for name, value in vars(owner).items() if kept.get(name) is not value]:
                if name in kept:
                    setattr(owner, name, kept[name])
        unwrap()
