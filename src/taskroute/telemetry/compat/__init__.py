"""What a span says in the words of further conventions, for backends that read those. Each block is whole, or it is not there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from opentelemetry.util.types import AttributeValue

from taskroute.policy.telling import Convention
from taskroute.telemetry.compat import langfuse, mlflow, openinference, totals
from taskroute.telemetry.compat.written import SpanKind, Written
from taskroute.types import NOTHING, Cost

_BLOCKS: Final[Mapping[Convention, Callable[[Written], dict[str, AttributeValue]]]] = {
    "otel-443": totals.otel_443,
    "openinference": openinference.block,
    "mlflow": mlflow.block,
    "langfuse": langfuse.block,
    "logfire": totals.logfire,
    "openlit": totals.openlit,
}

_MOST: Final = 128
"""Attributes that an SDK keeps of a span, unless it is told otherwise: for any more it drops those that came first."""


def added(
    conventions: Collection[Convention],
    *,
    span: SpanKind,
    attributes: Mapping[str, AttributeValue],
    cost: Cost | None = None,
    said: Mapping[str, Any] = NOTHING,
) -> dict[str, AttributeValue]:
    """Return what conventions add to a span before it ends.

    `attributes` is all that is on the span, `cost` that of an inference. `said` are the messages that may be written, as lists,
    by the names of the attributes that an inference's span has them in.
    """
    written = Written(span, attributes, cost, said, _MOST)
    found: dict[str, AttributeValue] = {}
    # The one that has attributes for each message comes last, and takes what room is left.
    for convention in sorted(conventions, key="openinference".__eq__):
        found.update(_BLOCKS[convention](written._replace(room=_MOST - len(attributes) - len(found))))
    return found
