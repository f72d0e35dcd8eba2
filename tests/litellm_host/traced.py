"""A routed LiteLLM router in front of the emulator, whose spans and LiteLLM's go to one place."""

from __future__ import annotations

import asyncio
import contextlib
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from litellm.integrations.custom_logger import CustomLogger
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from taskroute import Router
from taskroute.telemetry.spans import SpanObserver
from taskroute_litellm import install
from tests.emulator import Emulator

MESSAGES: list[Any] = [{"role": "user", "content": "How long is the notice period?"}]
LISTS = (
    *("callbacks", "input_callback", "success_callback", "failure_callback", "service_callback"),
    *("_async_success_callback", "_async_failure_callback", "_async_input_callback"),
)
litellm: Any = pytest.importorskip("litellm")
TOKENS = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")


class Heard(CustomLogger):
    """Counts the calls that LiteLLM has logged, and keeps what it was told of them. Registered last, it hears of each last."""

    def __init__(self) -> None:
        super().__init__()
        self.sync: list[dict[str, Any]] = []
        self.alone: list[dict[str, Any]] = []

    def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self.sync.append(kwargs)

    log_failure_event = log_success_event

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self.alone.append(kwargs)

    async_log_failure_event = async_log_success_event


class Traced:
    """A routed router, and every span that was written while it worked."""

    def __init__(self, emulator: Emulator, exporter: InMemorySpanExporter, provider: TracerProvider, policy: dict[str, Any]) -> None:
        self.exporter = exporter
        self.provider = provider
        self.heard = Heard()
        self.router = Router(policy)
        observer = SpanObserver(tracer_provider=provider, models=self.router.snapshot.registry.get)
        self.router = Router(policy, observers=[observer])
        self.emulator = emulator
        # The last one is no model of the policy.
        served = {"small": "gpt-5-mini", "large": "gpt-5", "vectors": "text-embedding-3-small", "beside": "gpt-5-nano"}
        groups = [self._group(name, model) for name, model in served.items()]
        self.litellm = litellm.Router(model_list=groups, model_group_alias={"auto": "small", "embed": "vectors"}, num_retries=0)

    def _group(self, name: str, model: str) -> dict[str, Any]:
        params = {"model": f"openai/{model}", "api_base": f"{self.emulator.url}/v1", "api_key": "sk-emulated", "max_retries": 0}
        return {"model_name": name, "litellm_params": params}

    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans() if span.name == name]

    def with_tokens(self) -> list[ReadableSpan]:
        """Return the spans on which tokens stand."""
        return [span for span in self.spans() if any((span.attributes or {}).get(key) for key in TOKENS)]

    def parents(self) -> dict[str, str | None]:
        names = {span.context.span_id: span.name for span in self.spans() if span.context is not None}
        return {span.name: None if span.parent is None else names.get(span.parent.span_id, "?") for span in self.spans()}

    def traces(self) -> set[int]:
        return {span.context.trace_id for span in self.spans() if span.context is not None}

    def wait(self, calls: int = 1) -> None:
        """Wait until LiteLLM has logged so many sync calls, which it does in threads of its own."""
        until = time.monotonic() + 30
        while len(self.heard.sync) < calls and time.monotonic() < until:
            time.sleep(0.005)
        assert len(self.heard.sync) >= calls

    async def await_(self, calls: int = 1) -> None:
        """The same for async calls, which it does in a task of its own."""
        async with asyncio.timeout(30):
            while len(self.heard.alone) < calls:
                await asyncio.sleep(0.005)


def first_generation(provider: TracerProvider) -> Any:
    """Return LiteLLM's usual OpenTelemetry callback."""
    with warnings.catch_warnings():
        # Where the proxy's extras are installed, this imports all of the proxy, which warns of a lot that is not ours.
        warnings.simplefilter("ignore")
        from litellm.integrations.opentelemetry import OpenTelemetry

        return OpenTelemetry(tracer_provider=provider)


def second_generation(provider: TracerProvider) -> Any:
    """Return the one of `LITELLM_OTEL_V2`; skip the test where it does not work with this release of OpenTelemetry."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("litellm.integrations.otel.logger", exc_type=ImportError).OpenTelemetryV2(tracer_provider=provider)


@contextlib.contextmanager
def traced(emulator: Emulator, *beside: Callable[[TracerProvider], Any], policy: dict[str, Any]) -> Iterator[Traced]:
    """Give a routed router with these callbacks of LiteLLM's; afterwards the process has the callbacks that it had."""
    # Before the callbacks are made: with the proxy's extras, they register themselves.
    before = {name: list(getattr(litellm, name)) for name in LISTS if hasattr(litellm, name)}
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    try:
        made = Traced(emulator, exporter, provider, policy)
        litellm.callbacks = [*(make(provider) for make in beside), made.heard]
        with install(made.litellm, made.router, virtual=("auto", "embed")):
            yield made
    finally:
        for name, kept in before.items():
            setattr(litellm, name, kept)
