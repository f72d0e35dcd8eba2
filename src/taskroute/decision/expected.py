"""What one call is expected to cost and to take on each model. What is not known is never taken for nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from taskroute.decision.comparison import OUTPUT_TOKENS, Comparison, Offer, usual_seconds
from taskroute.registry.rates import amount
from taskroute.types import EXACT, NOTHING, StateView, Usage

if TYPE_CHECKING:
    from taskroute.decision.snapshot import Snapshot
    from taskroute.signals.collect import CallReader

__all__ = ["NO_COSTS", "Costs", "costs_of", "seconds_among", "seconds_of", "untried"]


class Costs(NamedTuple):
    """What a call costs on each model of a known price, in one currency: models that are priced in another are left out."""

    amounts: Mapping[str, Decimal]
    currency: str | None
    """That of the first model with a price; None where there is none."""


NO_COSTS: Final = Costs(NOTHING, None)
_ZERO: Final = Decimal(0)


def costs_of(offers: Iterable[Offer], reader: CallReader, state: StateView, written: Mapping[str, float]) -> Costs:
    """Return what the call costs on each of these models: its input as it is, its answer as they have been, else as the call limits it.

    What the provider still holds of the conversation is read at the price of its cache. `written` tells how long their answers have been.
    """
    limit, warm, currency, found, size = reader.call.max_tokens, state.warm, None, dict[str, Decimal](), -1
    usual, read = OUTPUT_TOKENS if limit is None else limit, _ZERO
    for name, priced_in, rates, flat, is_counted in offers:
        if size < 0:
            # Not before there is something to price: it goes through all texts of the call.
            size = reader.tokens()
            read = Decimal(size)
        # No rate of exchange is known either.
        if currency is not None and priced_in != currency:
            continue
        length = _length(written.get(name), limit) if is_counted else usual
        if flat is None or size < 1 or length < 1 or warm is not NOTHING:
            held = None if warm is NOTHING else warm.get(name)
            cost = amount(rates, Usage(size, length, None if held is None else min(held, size)))
        elif length == OUTPUT_TOKENS:
            cost = EXACT.fma(flat.input, read, flat.usual_answer)
        else:
            cost = EXACT.fma(flat.input, read, EXACT.fma(flat.output, Decimal(length), flat.request))
        if cost is not None:
            found[name], currency = cost, priced_in
    return Costs(found, currency)


def _length(learned: float | None, limit: int | None) -> int:
    if learned is None:
        return OUTPUT_TOKENS if limit is None else limit
    return round(learned) if limit is None else min(round(learned), limit)


def seconds_among(names: Iterable[str], comparison: Comparison, state: StateView) -> Mapping[str, float]:
    """Return how long a whole answer takes on models of a comparison: as it was measured, else as is known before any call."""
    healths, usual = state.health, comparison.seconds
    if not healths:
        return usual
    known = dict[str, float]()
    for name in names:
        health = healths.get(name)
        seconds = usual.get(name) if health is None or health.latency is None else health.latency.p50
        if seconds is not None:
            known[name] = seconds
    return known


def seconds_of(names: Iterable[str], snapshot: Snapshot, state: StateView) -> dict[str, float]:
    """Return how long a whole answer takes, where that is known: as it was measured, else as the policy says, else as the scores tell."""
    known = dict[str, float]()
    for name in names:
        health = state.health.get(name)
        seconds = (
            usual_seconds(name, snapshot.registry, snapshot.scored) if health is None or health.latency is None else health.latency.p50
        )
        if seconds is not None:
            known[name] = seconds
    return known


def untried(name: str, state: StateView) -> bool:
    """Return whether nobody has tried a model of late. Whoever is never asked is never measured, and would be slow for ever."""
    return not (name in state.health and state.health[name].tries)
