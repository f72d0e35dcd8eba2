"""LiteLLM's own OpenTelemetry callback beside taskroute's spans, and OpenInference's instrumentation of it.

Whether they are there, and where the callback's spans belong. None is imported to find out: what was never imported is not there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from opentelemetry import trace

from taskroute.reading import as_mapping

_FIRST: Final = "litellm.integrations.opentelemetry"
_SECOND: Final = "litellm.integrations.otel.logger"
_LISTS: Final = ("callbacks", "success_callback", "_async_success_callback")
_PLAIN: Final = "otel"
"""Name of the callback that exports where the application does; each of the others has a service of its own."""
_VENDORS: Final = frozenset({"agentops", "arize", "arize_phoenix", "langfuse_otel", "levo", "weave_otel"})
_OPENINFERENCE: Final = "openinference.instrumentation.litellm"
_PARENT: Final = "litellm_parent_otel_span"
_METRICS: Final = "LITELLM_OTEL_INTEGRATION_ENABLE_METRICS"


def writes_spans(*, is_async: bool) -> bool:
    """Return whether LiteLLM writes a span with the tokens of each of its calls, to where the application's spans go.

    Its second generation (`LITELLM_OTEL_V2`) writes none for sync calls. OpenInference writes them for either, around LiteLLM's functions.
    """
    if _openinference_is_at_work():
        return True
    first, second = _class(_FIRST, "OpenTelemetry"), _class(_SECOND, "OpenTelemetryV2")
    for callback in _callbacks():
        if callback == _PLAIN:
            return is_async or not _is_second()
        if first is not None and isinstance(callback, first) and _is_plain(callback):
            return True
        if is_async and second is not None and isinstance(callback, second) and _is_plain(callback):
            return True
    return False


def records_metrics(*, is_async: bool) -> bool:
    """Return whether LiteLLM records the GenAI metrics of each of its calls, which its callback does only when it is told to.

    Its first generation records those of answers only; its second also those of failures, and nothing of sync calls.
    """
    first, second = _class(_FIRST, "OpenTelemetry"), _class(_SECOND, "OpenTelemetryV2")
    for callback in _callbacks():
        if callback == _PLAIN:
            if _metrics_are_on() and (is_async or not _is_second()):
                return True
        elif _is_plain(callback) and getattr(getattr(callback, "config", None), "enable_metrics", None) is True:
            known = (first, second) if is_async else (first,)
            if any(kind is not None and isinstance(callback, kind) for kind in known):
                return True
    return False


def parent() -> dict[str, Any]:
    """Return the metadata that has LiteLLM's spans hang below the current one; nothing where there is none, or nobody to heed it.

    Without it, LiteLLM's first generation writes prompts and answers onto the current span, or loses what it has to say when that has
    ended by then. What it is given here has no more than the ids of the current span.
    """
    context = trace.get_current_span().get_span_context()
    if not context.is_valid or not _would_write_on_ours():
        return {}
    return {_PARENT: trace.NonRecordingSpan(context)}


def hang_below(log: Any) -> None:
    """Have the span that LiteLLM will write of a call hang below the current one, which began after that call did."""
    above = parent()
    params: Any = as_mapping(getattr(log, "model_call_details", None)).get("litellm_params") if above else None
    if isinstance(params, dict):
        # The metadata may be the caller's own.
        params["metadata"] = {**above, **as_mapping(cast("Mapping[str, Any]", params).get("metadata"))}


def _openinference_is_at_work() -> bool:
    # Not by calling the class, of which there is one instance: what is not at work is not made.
    instrumentor = getattr(getattr(sys.modules.get(_OPENINFERENCE), "LiteLLMInstrumentor", None), "_instance", None)
    return getattr(instrumentor, "is_instrumented_by_opentelemetry", False) is True


def _would_write_on_ours() -> bool:
    first = _class(_FIRST, "OpenTelemetry")
    return any(_is_named(callback) or (first is not None and isinstance(callback, first)) for callback in _callbacks())


def _callbacks() -> Iterator[Any]:
    litellm = sys.modules.get("litellm")
    for name in _LISTS:
        yield from tuple(getattr(litellm, name, None) or ())


def _class(module: str, name: str) -> type | None:
    found = getattr(sys.modules.get(module), name, None)
    return found if isinstance(found, type) else None


def _is_named(callback: object) -> bool:
    return isinstance(callback, str) and (callback == _PLAIN or callback in _VENDORS)


def _is_plain(callback: object) -> bool:
    return getattr(callback, "callback_name", None) in (None, _PLAIN)


def _metrics_are_on() -> bool:
    """Return what a callback will be told that is only named so far."""
    return os.environ.get(_METRICS, "").strip().lower() in ("true", "1", "yes", "on")


def _is_second() -> bool:
    """Return which generation a callback stands for that is only named so far."""
    try:
        from litellm.integrations.otel.model.config import is_otel_v2_enabled

        return is_otel_v2_enabled()
    except Exception:  # noqa: BLE001 - a release without it, or without what it needs, has the first generation only
        return False
