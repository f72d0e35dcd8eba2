"""What is told of calls, and to whom: the `telemetry` section of a policy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from taskroute.policy.values import Many, Name, one_or_many
from taskroute.policy.when import Section

CONTENT_VARIABLE: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""The standard variable that says whether prompts and answers may leave the process, and on what."""

Content = Literal["none", "span", "event", "span_and_event"]
Convention = Literal["otel-443", "openinference", "mlflow", "langfuse", "logfire", "openlit"]

_BY_VARIABLE: Final[Mapping[str, Content]] = {
    "no_content": "none",
    "false": "none",
    "": "none",
    "span_only": "span",
    "event_only": "event",
    "span_and_event": "span_and_event",
    # As instrumentations before the variable had four values read it.
    "true": "span_and_event",
}
CONTENT_VALUES: Final = tuple(value.upper() if "_" in value else value for value in _BY_VARIABLE if value)
"""What the variable may say, as its convention writes it; in any case of letters."""
_BYTES: Final[Mapping[str, int]] = {"B": 1, "kB": 1000, "KB": 1000, "KiB": 1024, "MB": 1000**2, "MiB": 1024**2}
_LENGTH: Final = re.compile(r"(\d{1,9})\s?(B|kB|KB|KiB|MB|MiB)")
_FUNCTION: Final = r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$"
_LEAST: Final = 200
_MOST: Final = 16 * 1000**2


def is_content(environ: Mapping[str, str]) -> bool:
    """Return whether the variable is left out, or has a value that is known."""
    return _said(environ) in _BY_VARIABLE


def _said(environ: Mapping[str, str]) -> str:
    return environ.get(CONTENT_VARIABLE, "").strip().lower()


def _length(value: Any) -> int:
    match = _LENGTH.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        hint = f"{value}B" if isinstance(value, int) and not isinstance(value, bool) and value > 0 else "32kB"
        raise ValueError(f"{value!r} is not a size; write a number with its unit (B, kB, KiB, MB, MiB), such as {hint!r}")
    size = int(match[1]) * _BYTES[match[2]]
    if not _LEAST <= size <= _MOST:
        raise ValueError(f"{value!r} is out of range; write 200B to 16MB")
    return size


def _function(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(_FUNCTION, value) is None:
        raise ValueError(f"{value!r} names no function; write 'package.module:function'")
    return value


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Telemetry(Section):
    """What leaves the process in spans, metrics and logs."""

    content: Content | None = None
    """Whether messages are written: on spans, on events, on both or not at all. Left out, the environment variable
    `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` says it, and without that nothing is."""
    max_content: Annotated[
        int,
        BeforeValidator(_length),
        PlainSerializer(lambda size: f"{size}B", return_type=str),
        WithJsonSchema({"type": "string", "pattern": r"^\d+\s?(B|[kK]B|KiB|MB|MiB)$", "examples": ["32kB"]}),
    ] = 32_000
    """Room in bytes for the messages of a call in each direction; what is longer is cut, and says so."""
    redact: Annotated[str, BeforeValidator(_function), WithJsonSchema({"type": "string", "pattern": _FUNCTION})] | None = None
    """`package.module:function`: is given what would be written, and returns what may be."""
    spans: Literal["auto", "full", "route_only"] = "auto"
    """`full` for a span of the call and one of each model that was tried; `route_only` for the first alone, where something else writes
    the others; `auto` for `full`, but for calls of which it is known that something else does."""
    compat: Annotated[
        Many[Convention],
        BeforeValidator(_one_or_many),
        WithJsonSchema(one_or_many({"type": "string", "enum": ["otel-443", "openinference", "mlflow", "langfuse", "logfire", "openlit"]})),
    ] = ()
    """Further conventions in whose words spans say the same."""
    metrics: Literal["client", "inference", "both", "none"] = "client"
    """The GenAI metrics by the names that libraries use today (`gen_ai.client.operation.duration`…), by those of the newest conventions
    (`gen_ai.client.inference.duration`…), by both, or none at all, ours included."""
    most_values: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Values of a metric's attribute that are told apart; what comes after them is `other`."""
    baseline: Name | None = None
    """A model of the policy: what each call saves is worked out against everything having gone there."""
    log: Literal["none", "debug", "info"] = "none"
    """The level of one line a call through `logging`."""
    file: Annotated[str, Field(min_length=1)] | None = None
    """Where spans are written as OTLP JSON lines, beside wherever the application sends them. May hold `${VARIABLE}`."""

    def content_in(self, environ: Mapping[str, str]) -> Content:
        """Return where messages are written, by this section or else by the environment. A value that is not known means nowhere."""
        if self.content is not None:
            return self.content
        return _BY_VARIABLE.get(_said(environ), "none")
