"""The event of an inference: what its span says, with the messages as structured values, for backends that keep content in logs."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace
from opentelemetry.trace import Span

from taskroute.telemetry import attributes as names
from taskroute.telemetry.content import Written
from taskroute.warn import warn_once

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider

EVENT_NAME: Final = "gen_ai.client.inference.operation.details"
_TOO_OLD: Final = (
    "messages are not written as events, because this opentelemetry-api cannot emit any; "
    "pip install 'opentelemetry-api>=1.38', or write them on spans (telemetry: {content: span})"
)


def emit(
    *,
    span: Span,
    attributes: Mapping[str, Any],
    asked: Written | None,
    answered: Written | None,
    at: int,
    provider: LoggerProvider | None = None,
) -> None:
    """Write one event, at a time in nanoseconds, in the context of a span whose attributes it repeats. Never raises.

    Without `provider` the global one of OpenTelemetry's logs is used; where there is none, nothing happens.
    """
    try:
        if not _has_events():
            warn_once("content", "event", _TOO_OLD)
            return
        from opentelemetry._logs import get_logger

        said = {**attributes, **(asked.structured if asked else {}), **(answered.structured if answered else {})}
        logger = get_logger(names.SCOPE, logger_provider=provider)
        logger.emit(timestamp=at, context=trace.set_span_in_context(span), attributes=said, event_name=EVENT_NAME)
    except Exception as error:  # noqa: BLE001 - a processor of logs may raise anything, and the call goes on
        name = type(error).__name__
        warn_once("content", f"event {name}", f"the event with messages could not be written ({name}); the call went on")


@cache
def _has_events() -> bool:
    """Return whether the logs of this OpenTelemetry have events: older ones take records that only an SDK can make."""
    from opentelemetry._logs import Logger

    return "event_name" in inspect.signature(Logger.emit).parameters
