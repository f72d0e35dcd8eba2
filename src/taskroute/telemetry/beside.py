"""What OpenTelemetry's context says to whoever writes spans: that there are to be none, or that a span around has the tokens.

Also the other way: what to put there, so that instrumentation below does not write them again.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from opentelemetry import context as otel_context
from opentelemetry.context import Context

from taskroute.types import NOTHING
from taskroute.warn import warn_once

_SUPPRESSED: Final[tuple[str, ...]] = tuple(
    key for key in (getattr(otel_context, "_SUPPRESS_INSTRUMENTATION_KEY", None), "suppress_instrumentation") if isinstance(key, str)
)
"""The second one is that of older releases, which some still set."""
_OPENLLMETRY: Final = "suppress_language_model_instrumentation"
_GENAI: Final = {
    "chat": ("opentelemetry.genai.client.inference.context", "InferenceData"),
    "text_completion": ("opentelemetry.genai.client.inference.context", "InferenceData"),
    "embeddings": ("opentelemetry.genai.client.embedding.context", "EmbeddingData"),
}
"""Keys of `opentelemetry-util-genai` by operation, and what has to stand there."""
_UTIL_GENAI: Final = "opentelemetry.util.genai.invocation"
_SEMCONV_AI: Final = "opentelemetry.semconv_ai"


def is_suppressed() -> bool:
    """Return whether whoever is in charge wants no spans of what happens now."""
    current = otel_context.get_current()
    return bool(current) and any(current.get(key) for key in _SUPPRESSED)


def is_counted_above(operation: str) -> bool:
    """Return whether a span of another's around the call has its tokens."""
    current = otel_context.get_current()
    key, _ = _GENAI.get(operation, ("", ""))
    return bool(current.get(_OPENLLMETRY)) or current.get(key) is not None


def marks(operation: str) -> Mapping[str, object]:
    """Return what tells instrumentation of a provider's client that the span around it has the tokens already.

    Empty where none is loaded that would heed it.
    """
    found: dict[str, object] = {}
    if _SEMCONV_AI in sys.modules:
        found[_OPENLLMETRY] = True
    util = sys.modules.get(_UTIL_GENAI)
    if util is not None and operation in _GENAI:
        key, data = _GENAI[operation]
        try:
            found[key] = getattr(util, data)()
        except Exception as error:  # noqa: BLE001 - another release may have none, and what would be told twice is no harm to the call
            warn_once("util-genai", type(error).__name__, f"opentelemetry-util-genai cannot be told of spans: {type(error).__name__}")
    return found or NOTHING


def marked(context: Context, marks: Mapping[str, object]) -> Context:
    """Return the context with the marks."""
    return Context({**context, **marks}) if marks else context
