"""What spans say of money: amounts, their parts, and what a call saved. What is not known is absent, never 0."""

from __future__ import annotations

from opentelemetry.util.types import AttributeValue

from taskroute.telemetry import attributes as names
from taskroute.types import Cost, Outcome, total_cost

Values = dict[str, AttributeValue | None]


def of_cost(cost: Cost | None) -> Values:
    """Return the cost and what is known of its parts; nothing when no price is known."""
    if cost is None:
        return {}
    values: Values = {names.COST_TOTAL: float(cost.amount), names.COST_CURRENCY: cost.currency, names.COST_SOURCE: cost.source}
    parts = cost.parts
    if parts is not None:
        for name, amount in (
            (names.COST_INPUT, parts.input),
            (names.COST_OUTPUT, parts.output),
            (names.COST_CACHE_READ, parts.cache_read),
            (names.COST_CACHE_WRITE, parts.cache_write),
            (names.COST_REASONING, parts.reasoning),
            (names.COST_REQUEST, parts.request),
        ):
            values[name] = None if amount is None else float(amount)
    return values


def of_call(outcome: Outcome, baseline_model: str | None) -> Values:
    """Return what a call cost, of that what was paid aside, and what it would have cost otherwise.

    All amounts are in one currency; one that is in another is left out.
    """
    cost, saved, baseline, aside = outcome.cost, outcome.saved, outcome.baseline, total_cost(outcome.aside)
    currency = next((known.currency for known in (cost, saved, baseline, aside) if known is not None), None)
    values = of_cost(cost)
    values[names.COST_CURRENCY] = currency
    if aside is not None and aside.currency == currency:
        values[names.COST_ASIDE] = float(aside.amount)
    if baseline is not None and baseline.currency == currency:
        values[names.COST_BASELINE] = float(baseline.amount)
        values[names.COST_BASELINE_MODEL] = baseline_model
    if saved is not None and saved.currency == currency:
        values[names.COST_SAVED] = float(saved.amount)
        values[names.COST_SAVED_BASIS] = "cache" if baseline is None else "estimate"
    return values
