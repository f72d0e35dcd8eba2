"""Calls of every kind that end in every way, sent to trace backends, with what each must be found to have been."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from taskroute import Call, Router
from taskroute.execution.drivers import drive
from taskroute.execution.validate import Expected
from taskroute.steps import Attempt
from taskroute.telemetry.spans import SpanObserver
from taskroute.testing import ScriptedModel
from taskroute.types import Reply, Usage
from taskroute_langchain import RoutedChatModel
from taskroute_langchain.testing import chat_models

CONVENTIONS: Final = ("otel-443", "openinference", "mlflow", "langfuse", "logfire", "openlit")
SESSION: Final = "talk-1"
SECRET: Final = "the notice period of Ann"
ANSWER: Final = "Three months."


def policy(*, compat: Sequence[str], content: str) -> dict[str, Any]:
    """Return the policy of the calls. No model's price is one that a backend would come to by itself."""
    return {
        "models": {
            "small": {"model": "openai:gpt-5-mini", "price": {"input": 0.5, "output": 3}},
            "large": {"model": "anthropic:claude-opus-5-5", "price": {"input": 8, "output": 30, "cache_read": 0.7, "cache_write": 9}},
            "private": {"model": "ollama:our-own-13b", "price": {"input": 1, "output": 3, "reasoning": 4}},
            "unlisted": {"model": "ollama:nobody-prices-this"},
            "vectors": {"model": "openai:text-embedding-3-small", "price": {"input": 0.03, "output": 0}},
        },
        "default": ["small"],
        "routes": [
            {"name": "answers", "when": {"stage": "generate"}, "use": ["large", "small"]},
            {"name": "alone", "when": {"stage": "judge"}, "use": "large", "fallback": "none"},
            {"name": "at home", "when": {"stage": "extract"}, "use": "private"},
            {"name": "unknown price", "when": {"stage": "cite"}, "use": "unlisted"},
            {"name": "vectors", "when": {"stage": "retrieve"}, "use": "vectors"},
        ],
        "retry": {"extra": 1, "backoff": "1ms", "max_wait": "2ms"},
        "breaker": "none",
        "cache": {"store": "memory"},
        "telemetry": {"compat": [*compat], "content": content},
    }


class RateLimited(Exception):
    """A provider says 429."""

    status_code = 429


class Inference(NamedTuple):
    """What a model was asked and what it cost; None is unknown."""

    model: str
    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    cost: float | None = None
    error: str | None = None
    operation: str = "chat"


class Made(NamedTuple):
    """A call, and the inferences that it must be found to have had."""

    trace_id: str
    route: str
    """Id of the route span. All ids are in hexadecimal."""
    sent: tuple[str, ...]
    """Ids of the models' spans, in order."""
    inferences: tuple[Inference, ...]


class Sent(NamedTuple):
    """The calls that both servers were sent, by name."""

    told: dict[str, Made]
    """With every further convention, and with content."""
    plain: dict[str, Made]
    """With neither."""


EXPECTED: Final[Mapping[str, tuple[Inference, ...]]] = {
    "answered": (Inference("claude-opus-5-5", 1000, 300, 600, 200, 100, 0.01282),),
    "fallback": (Inference("claude-opus-5-5", error="429"), Inference("gpt-5-mini", 400, 50, cost=0.00035)),
    "retry": (Inference("gpt-5-mini", 100, 10, cost=0.00008),),
    "stream": (Inference("gpt-5-mini", 120, 30, cost=0.00015),),
    "failed": (Inference("claude-opus-5-5", error="429"),),
    "tools": (Inference("gpt-5-mini", 200, 20, cost=0.00016),),
    "private": (Inference("our-own-13b", 1000, 100, reasoning=40, cost=0.00134),),
    "unpriced": (Inference("nobody-prices-this", 10, 5),),
    "cached": (),
    "embedding": (Inference("text-embedding-3-small", 50, cost=0.0000015, operation="embeddings"),),
}


def _message(model: str, read: int, written: int, *, text: str = ANSWER, **details: Any) -> AIMessage:
    usage = {"input_tokens": read, "output_tokens": written, "total_tokens": read + written, **details.pop("usage", {})}
    return AIMessage(text, usage_metadata=usage, response_metadata={"model_name": model, "finish_reason": "stop"}, **details)  # type: ignore[arg-type]


def _lines() -> dict[str, list[Any]]:
    cached = {"input_token_details": {"cache_read": 600, "cache_creation": 200}, "output_token_details": {"reasoning": 100}}
    called = [{"name": "look_up", "args": {"name": "Ann"}, "id": "c1"}]
    return {
        "large": [_message("claude-opus-5-5", 1000, 300, usage=cached), *[RateLimited("slow down")] * 4],
        "small": [
            _message("gpt-5-mini", 400, 50),
            ConnectionError("reset"),
            _message("gpt-5-mini", 100, 10),
            _message("gpt-5-mini", 120, 30),
            _message("gpt-5-mini", 200, 20, text="", tool_calls=called),
        ],
        "private": [_message("our-own-13b", 1000, 100, usage={"output_token_details": {"reasoning": 40}})],
        "unlisted": [_message("nobody-prices-this", 10, 5)],
    }


@tool
def look_up(name: str) -> str:
    """Look a person up."""
    return name


class _Vectors:
    """Answers with vectors, as a host would tell of them."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def answer(self, attempt: Attempt) -> Reply:
        usage = Usage(50, 0)
        return Reply([[0.1]], usage, None, "text-embedding-3-small", "openai", cost=self._router.cost(attempt.model, usage))

    def expects(self, attempt: Attempt, reply: Reply) -> Expected:
        return Expected()


def make_calls(targets: Sequence[tuple[str, Mapping[str, str]]], *, project: str, compat: Sequence[str], content: str) -> dict[str, Made]:
    """Make the calls, export what they leave to the OTLP addresses, each with its headers, and return them by name."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(
        resource=Resource({"service.name": "taskroute-tests", "openinference.project.name": project}), shutdown_on_exit=False
    )
    provider.add_span_processor(SimpleSpanProcessor(kept))
    for url, headers in targets:
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{url}/v1/traces", headers=dict(headers), timeout=60)))
    made: dict[str, Made] = {}
    try:
        for name, call in _calls(_router(provider, compat=compat, content=content)):
            kept.clear()
            with contextlib.suppress(RateLimited):
                call()
            made[name] = _made(kept.get_finished_spans(), EXPECTED[name])
    finally:
        provider.shutdown()
    return made


def _router(provider: TracerProvider, *, compat: Sequence[str], content: str) -> Router:
    written = policy(compat=compat, content=content)
    plain = Router(written, environ={})
    spans = SpanObserver(tracer_provider=provider, models=plain.snapshot.registry.get, telling=lambda: plain.telling)
    return Router(written, observers=[spans], environ={})


def _calls(router: Router) -> list[tuple[str, Callable[[], object]]]:
    llm = RoutedChatModel(router=router, models=chat_models(ScriptedModel({**_lines(), "vectors": ""})))

    def ask(stage: str | None, question: str) -> Callable[[], object]:
        model = llm if stage is None else llm.for_stage(stage)
        return lambda: model.invoke([("system", "Be brief."), ("user", question)], config={"metadata": {"session_id": SESSION}})

    first = f"How long is {SECRET}?"
    return [
        ("answered", ask("generate", first)),
        ("cached", ask("generate", first)),
        ("fallback", ask("generate", f"And {SECRET}'s fee?")),
        ("retry", ask(None, f"Rewrite: {SECRET}")),
        ("stream", lambda: list(llm.stream(f"Tell of {SECRET}"))),
        ("failed", ask("judge", f"Is {SECRET} right?")),
        ("tools", lambda: llm.bind_tools([look_up]).invoke(f"Look up {SECRET}")),
        ("private", ask("extract", f"Take out {SECRET}")),
        ("unpriced", ask("cite", f"Cite {SECRET}")),
        ("embedding", lambda: drive(router.run(Call(SECRET, stage="retrieve", operation="embeddings")), _Vectors(router))),  # type: ignore[arg-type]
    ]


def _made(spans: Sequence[ReadableSpan], inferences: tuple[Inference, ...]) -> Made:
    (route,) = (span for span in spans if span.parent is None)
    attempts = sorted((span for span in spans if span.parent is not None), key=lambda span: span.start_time or 0)
    context = route.get_span_context()
    assert context is not None
    return Made(f"{context.trace_id:032x}", _id(route), tuple(map(_id, attempts)), inferences)


def _id(span: ReadableSpan) -> str:
    context = span.get_span_context()
    assert context is not None
    return f"{context.span_id:016x}"
