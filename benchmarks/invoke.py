"""What a routed call costs over the model itself, beside what people use for the same today."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable, RunnableConfig, RunnableWithFallbacks
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from benchmarks.material import TOOLS, ToolModel, Verdict, fake_model, stage_router
from benchmarks.measure import Batch, Table, compare, each
from taskroute.telemetry.spans import SpanObserver
from taskroute_langchain import RoutedChatModel

BARE = "the model itself"
ROUTED = "RoutedChatModel"
TRACED = "RoutedChatModel, OpenTelemetry SDK"
FALLBACKS = "RunnableWithFallbacks"
OTHER = "langchain-model-router"

TEXT = "What happens to a failed shipment after thirty days?"


def tables(*, quick: bool = False) -> list[Table]:
    """Return what was measured, one table for each way to call a model."""
    with _sdk() as provider:
        answering = _contenders(fake_model(), fake_model(), provider)
        tooled = _contenders(ToolModel(), ToolModel(), provider)
        heard: RunnableConfig = {"callbacks": [BaseCallbackHandler()]}
        return [
            _table("invoke", answering, _invoke, quick=quick),
            _table("invoke, with a callback handler", answering, lambda model: _invoke(model, heard), quick=quick),
            _table("stream", answering, lambda model: each(lambda: list(model.stream(TEXT))), quick=quick),
            *_awaited(answering, quick=quick),
            _table("bind_tools(3 tools).invoke, bound once", _each(tooled, _with_tools), _invoke, quick=quick),
            _table("bind_tools(3 tools).invoke, bound each time", tooled, _bind_and_invoke, quick=quick),
            _table("with_structured_output(…).invoke, made once", _each(tooled, _structured), _invoke, quick=quick),
        ]


def _invoke(model: Runnable[Any, Any], config: RunnableConfig | None = None) -> Batch:
    return each(lambda: model.invoke(TEXT, config))


def _each(models: dict[str, Any], make: Callable[[Any], Any]) -> dict[str, Any]:
    return {name: make(model) for name, model in models.items()}


def _with_tools(model: Any) -> Any:
    return model.bind_tools(list(TOOLS))


def _structured(model: Any) -> Any:
    if isinstance(model, RunnableWithFallbacks):
        # Its own with_structured_output fails on some versions: it cannot resolve the annotations of the model's.
        return _structured(model.runnable).with_fallbacks([_structured(spare) for spare in model.fallbacks])
    return model.with_structured_output(Verdict)


def _bind_and_invoke(model: Any) -> Batch:
    return each(lambda: _with_tools(model).invoke(TEXT))


def _contenders(model: BaseChatModel, spare: BaseChatModel, provider: TracerProvider) -> dict[str, Any]:
    models = {"small": model, "large": spare}
    observer = SpanObserver(tracer_provider=provider, models=lambda name: None)
    found: dict[str, Any] = {
        BARE: model,
        ROUTED: RoutedChatModel(router=stage_router(), models=models).for_stage("s19"),
        TRACED: RoutedChatModel(router=stage_router(observers=[observer]), models=models).for_stage("s19"),
        FALLBACKS: model.with_fallbacks([spare]),
    }
    if find_spec("langchain_model_router") is not None:
        from langchain_model_router import ChatRouter

        found[OTHER] = ChatRouter(routes=models, default_route="large", strategy=lambda request: "small")
    return found


def _table(title: str, models: dict[str, Any], batch: Callable[[Any], Batch], *, quick: bool) -> Table:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compare(
            title, {name: batch(model) for name, model in models.items()}, peer=BARE, rounds=2 if quick else 60, calls=2 if quick else 40
        )


def _awaited(models: dict[str, Any], *, quick: bool) -> Iterator[Table]:
    with asyncio.Runner() as runner:
        yield _table("ainvoke", models, lambda model: _batch(runner, lambda: model.ainvoke(TEXT)), quick=quick)
        yield _table("astream", models, lambda model: _batch(runner, lambda: _read(model.astream(TEXT))), quick=quick)


def _batch(runner: asyncio.Runner, begin: Callable[[], Awaitable[object]]) -> Batch:
    async def repeat(times: int) -> None:
        for _ in range(times):
            await begin()

    return lambda times: runner.run(repeat(times))


async def _read(chunks: AsyncIterator[Any]) -> None:
    async for _ in chunks:
        pass


class _Discard(SpanExporter):
    """Takes spans and drops them: what is measured is making them."""

    def export(self, spans: Any) -> SpanExportResult:
        _: list[ReadableSpan] = list(spans)
        return SpanExportResult.SUCCESS


@contextmanager
def _sdk() -> Iterator[TracerProvider]:
    """Give a provider that records every span and exports in batches; not the global one, so that the others stay without."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(_Discard()))
    try:
        yield provider
    finally:
        provider.shutdown()
