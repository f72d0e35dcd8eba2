"""Conventions that know a cost as one number.

`otel-443` is the proposal open-telemetry/semantic-conventions-genai#443, read in November 2026; it is not merged, and its names may change.
"""

from __future__ import annotations

from typing import Final

from opentelemetry.util.types import AttributeValue

from taskroute.telemetry import attributes as names
from taskroute.telemetry.compat.written import Written

_AMOUNT: Final = "gen_ai.usage.cost.amount"
_CURRENCY: Final = "gen_ai.usage.cost.currency"
_SOURCE: Final = "gen_ai.usage.cost.source"
_OPENLIT_COST: Final = "gen_ai.usage.cost"
_OPENLIT_TOKENS: Final = "gen_ai.usage.total_tokens"
_LOGFIRE_COST: Final = "operation.cost"


def otel_443(written: Written) -> dict[str, AttributeValue]:
    """Return amount, currency and source of an inference's cost; nothing where it is not known."""
    cost = written.cost
    if written.span != "inference" or cost is None:
        return {}
    return {
        _AMOUNT: float(cost.amount),
        _CURRENCY: cost.currency,
        _SOURCE: "provider" if cost.source == "provider" else "local",
    }


def logfire(written: Written) -> dict[str, AttributeValue]:
    """Return the cost of an inference in US dollars, as pydantic-ai writes it."""
    cost = written.dollars
    return {} if written.span != "inference" or cost is None else {_LOGFIRE_COST: float(cost.amount)}


def openlit(written: Written) -> dict[str, AttributeValue]:
    """Return the cost of an inference in US dollars, and the sum of its tokens, as OpenLIT writes them."""
    if written.span != "inference":
        return {}
    cost, asked, answered = written.dollars, written.number(names.USAGE_INPUT_TOKENS), written.number(names.USAGE_OUTPUT_TOKENS)
    found: dict[str, AttributeValue] = {} if cost is None else {_OPENLIT_COST: float(cost.amount)}
    return found if asked is None or answered is None else {**found, _OPENLIT_TOKENS: asked + answered}
