"""Calls of a LangChain chat model with telemetry of each kind: ours, and OpenInference's instrumentation of the model alone."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from opentelemetry import context as otel_context

from benchmarks.material import rag_prompt
from benchmarks.measure import each
from benchmarks.telemetry_processes import Build, Contender
from benchmarks.telemetry_sinks import Sinks
from taskroute import Router
from taskroute_langchain import RoutedChatModel

BARE: Final = "the model itself"
PEER: Final = "OpenInference"
PEER_HIDDEN: Final = "OpenInference, messages hidden"
UNTOLD: Final = "RoutedChatModel, nothing told"
NO_SDK: Final = "no SDK"
SPANS: Final = "SDK"
CONTENT: Final = "SDK, content"
COMPAT: Final = "SDK, compat: openinference"
ALIKE: Final = "SDK, content, compat: openinference"
ALL_COMPAT: Final = "SDK, all of compat"
METRICS: Final = "SDK, metrics"
LOG: Final = "no SDK, log"
FILE: Final = "no SDK, file"
ALL: Final = "all of it"

BASES: Final[Mapping[str, str]] = {
    PEER: BARE,
    PEER_HIDDEN: BARE,
    **dict.fromkeys((NO_SDK, SPANS, CONTENT, COMPAT, ALIKE, ALL_COMPAT, METRICS, LOG, FILE, ALL), UNTOLD),
}
"""What each is compared with, to tell what it adds."""
INVOKE: Final = "invoke, prompt of 1 kB"
INVOKE_LONG: Final = "invoke, prompt of 100 kB"
STREAM: Final = "stream, prompt of 1 kB"
CASES: Final = (INVOKE, INVOKE_LONG, STREAM)

_TEXT: Final = "The shipment is returned to the sender after thirty days."
_USAGE: Final = UsageMetadata(input_tokens=210, output_tokens=12, total_tokens=222)
_ABOUT: Final = {"model_name": "gpt-5-mini-2025-08-07", "model_provider": "openai", "finish_reason": "stop"}
_EVERY_CONVENTION: Final = ("otel-443", "openinference", "mlflow", "langfuse", "logfire", "openlit")


class AnsweringModel(BaseChatModel):
    """A chat model that answers at once, and says what providers say of an answer."""

    @property
    def _llm_type(self) -> str:
        return "bench"

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        message = AIMessage(_TEXT, id="answer-1", usage_metadata=_USAGE, response_metadata=dict(_ABOUT))
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        words = _TEXT.split(" ")
        for number, word in enumerate(words):
            last: dict[str, Any] = {"usage_metadata": _USAGE, "response_metadata": dict(_ABOUT)} if number == len(words) - 1 else {}
            chunk = ChatGenerationChunk(message=AIMessageChunk(f"{word} ", id="answer-1", **last))
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


def builds() -> dict[str, Build]:
    """Return how each process is set up; without OpenInference where that is not installed."""
    found: dict[str, Build] = {BARE: _bare}
    if find_spec("openinference.instrumentation.langchain") if find_spec("openinference") else None:
        found |= {PEER: partial(_instrumented, hidden=False), PEER_HIDDEN: partial(_instrumented, hidden=True)}
    return found | {
        UNTOLD: _untold,
        NO_SDK: _routed,
        SPANS: partial(_routed, spans=True),
        CONTENT: partial(_routed, spans=True, content="span"),
        COMPAT: partial(_routed, spans=True, compat=("openinference",)),
        ALIKE: partial(_routed, spans=True, content="span", compat=("openinference",)),
        ALL_COMPAT: partial(_routed, spans=True, compat=_EVERY_CONVENTION),
        METRICS: partial(_routed, spans=True, metrics=True),
        LOG: partial(_routed, log=True),
        FILE: partial(_routed, file=True),
        ALL: partial(_routed, spans=True, content="span", compat=_EVERY_CONVENTION, metrics=True, log=True, file=True),
    }


def policy(**telemetry: Any) -> Router:
    """Return a router by stage, with prices, that tells what it is asked to."""
    price = {"input": 0.25, "output": 2}
    return Router(
        {
            "models": {"small": {"model": "openai:gpt-5-mini", "price": price}, "large": {"model": "openai:gpt-5", "price": price}},
            "default": ["small", "large"],
            "routes": [{"name": "answers", "when": {"stage": "generate"}, "use": ["small", "large"]}],
            "telemetry": telemetry,
        },
        environ={},
    )


def _calls(model: BaseChatModel) -> dict[str, Callable[[int], object]]:
    short, long = rag_prompt(1_000), rag_prompt(100_000)
    return {
        INVOKE: each(lambda: model.invoke(short)),
        INVOKE_LONG: each(lambda: model.invoke(long)),
        STREAM: each(lambda: list(model.stream(short))),
    }


def _bare(stack: ExitStack) -> Contender:
    sinks = Sinks(stack)
    return Contender(_calls(AnsweringModel()), sinks.settle, sinks.left)


def _instrumented(stack: ExitStack, *, hidden: bool) -> Contender:
    from openinference.instrumentation import TraceConfig
    from openinference.instrumentation.langchain import LangChainInstrumentor

    sinks = Sinks(stack)
    config = TraceConfig(hide_inputs=True, hide_outputs=True) if hidden else TraceConfig()
    LangChainInstrumentor().instrument(tracer_provider=sinks.spans(), config=config)
    return Contender(_calls(AnsweringModel()), sinks.settle, sinks.left)


def _untold(stack: ExitStack) -> Contender:
    """Have OpenTelemetry's context say that nothing is to be told: what is left is routing."""
    otel_context.attach(otel_context.set_value("suppress_instrumentation", True))
    return _routed(stack)


def _routed(
    stack: ExitStack,
    *,
    spans: bool = False,
    content: str = "none",
    compat: tuple[str, ...] = (),
    metrics: bool = False,
    log: bool = False,
    file: bool = False,
) -> Contender:
    sinks = Sinks(stack)
    telemetry: dict[str, Any] = {"content": content, "compat": list(compat), "metrics": "client" if metrics else "none"}
    lines = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "spans.jsonl"
    if spans:
        sinks.spans()
    if metrics:
        sinks.metrics()
    if log:
        sinks.log()
        telemetry["log"] = "info"
    if file:
        telemetry["file"] = str(lines)
    models = {"small": AnsweringModel(), "large": AnsweringModel()}
    model = RoutedChatModel(router=policy(**telemetry), models=models).for_stage("generate")
    return Contender(_calls(model), sinks.settle, lambda: {**sinks.left(), **_written(lines)})


def _written(file: Path) -> dict[str, int]:
    return {"lines in the file": len(file.read_bytes().splitlines())} if file.exists() else {}
