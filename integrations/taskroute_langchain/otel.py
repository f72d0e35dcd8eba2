"""Instrumentations of LangChain beside taskroute's spans: whether one is at work, and which of its spans a call belongs below.

None is imported to find out: what was never imported is not at work.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Generator
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple
from uuid import UUID

from langchain_core.callbacks import BaseCallbackManager
from langchain_core.runnables import RunnableConfig
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import Span

from taskroute.warn import warn_once


class _Known(NamedTuple):
    module: str
    instrumentor: str
    has_metrics: bool
    """Whether it records the GenAI metrics of each model's work."""


_KNOWN: Final = (
    _Known("openinference.instrumentation.langchain", "LangChainInstrumentor", has_metrics=False),
    _Known("opentelemetry.instrumentation.langchain", "LangchainInstrumentor", has_metrics=True),
    _Known("opentelemetry.instrumentation.genai.langchain", "LangChainInstrumentor", has_metrics=True),
)
"""OpenInference, OpenLLMetry, and OpenTelemetry's own. Each puts a handler into every callback manager while it is at work."""
_NOTHING_TO_HOLD: Final[AbstractContextManager[object]] = contextlib.nullcontext()


def writes_spans() -> bool:
    """Return whether something writes a span with the tokens of each run of a chat model."""
    return any(_at_work(known) is not None for known in _KNOWN)


def records_metrics() -> bool:
    """Return whether something records the GenAI metrics of each run of a chat model."""
    return any(known.has_metrics and _at_work(known) is not None for known in _KNOWN)


def enclosing_run(config: RunnableConfig | None) -> AbstractContextManager[object]:
    """Return a context in which the span that OpenInference writes of the enclosing run is the current one, if no other is.

    OpenInference makes none of its spans the current one, so a call inside a chain would begin a trace of its own.
    """
    instrumentor = _at_work(_KNOWN[0])
    if instrumentor is None or trace.get_current_span().get_span_context().is_valid:
        return _NOTHING_TO_HOLD
    manager = (config or {}).get("callbacks")
    run_id = manager.parent_run_id if isinstance(manager, BaseCallbackManager) else None
    span = None if run_id is None else _span_of(instrumentor, run_id)
    return _NOTHING_TO_HOLD if span is None else _current(span)


def _at_work(known: _Known) -> Any:
    """Return the instrumentor, of which there is one for each class, while it is at work."""
    # To call the class would do the same, and OpenLLMetry would take that for new settings.
    found = getattr(getattr(sys.modules.get(known.module), known.instrumentor, None), "_instance", None)
    return found if getattr(found, "is_instrumented_by_opentelemetry", False) is True else None


def _span_of(instrumentor: Any, run_id: UUID) -> Span | None:
    try:
        span = instrumentor.get_span(run_id)
    except Exception as error:  # noqa: BLE001 - another release may have another way; where the span hangs is not worth a call
        name = type(error).__name__
        warn_once("openinference", name, f"the span of an enclosing run could not be had from OpenInference: {name}")
        return None
    return span if isinstance(span, Span) else None


@contextlib.contextmanager
def _current(span: Span) -> Generator[None]:
    token = otel_context.attach(trace.set_span_in_context(span))
    try:
        yield
    finally:
        otel_context.detach(token)
