"""What one call is expected to cost and to take on each model. What is not known is never taken for nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from taskroute.registry.rates import amount
from taskroute.types import NOTHING, StateView, Usage

if TYPE_CHECKING:
    from taskroute.decision.scored import Place
    from taskroute.decision.snapshot import Snapshot
    from taskroute.signals.collect import CallReader

__all__ = ["NO_COSTS", "OUTPUT_TOKENS", "Costs", "costs_of", "seconds_of", "untried"]

OUTPUT_TOKENS: Final = 300
"""How long an answer is taken to be where the call does not limit it, and nobody has seen one."""


class Costs(NamedTuple):
    """What a call costs on each model of a known price, in one currency: models that are priced in another are left out."""

    amounts: Mapping[str, Decimal]
    currency: str | None
    """That of the first model with a price; None where there is none."""


NO_COSTS: Final = Costs(NOTHING, None)


def costs_of(names: Iterable[str], snapshot: Snapshot, reader: CallReader, state: StateView, place: Place) -> Costs:
    """Return what the call costs on each of these models: its input as it is, its answer as they have been, else as the call limits it.

    What the provider still holds of the conversation is read at the price of its cache.
    """
    limit, currency, found, size = reader.call.max_tokens, None, dict[str, Decimal](), -1
    for name in names:
        priced = snapshot.rates.get(name)
        if priced is None:
            continue
        if size < 0:
            # Not before there is something to price: it goes through all texts of the call.
            size = reader.tokens()
        warm = state.warm.get(name) if state.warm is not NOTHING else None
        usage = Usage(size, _output(name, snapshot, place, limit), None if warm is None else min(warm, size))
        cost = amount(priced.rates, usage)
        if cost is None:
            continue
        currency = currency or priced.currency
        # No rate of exchange is known either.
        if priced.currency == currency:
            found[name] = cost
    return Costs(found, currency)


def _output(name: str, snapshot: Snapshot, place: Place, limit: int | None) -> int:
    scored = snapshot.scored
    learned = None if scored is None else scored.table.tokens(name, tasks=place.tasks, stage=place.stage).output
    if learned is None:
        return OUTPUT_TOKENS if limit is None else limit
    return round(learned) if limit is None else min(round(learned), limit)


def seconds_of(names: Iterable[str], snapshot: Snapshot, state: StateView) -> dict[str, float]:
    """Return how long a whole answer takes, where that is known: as it was measured, else as the policy says, else as the scores tell."""
    scored, healths, known = snapshot.scored, state.health, dict[str, float]()
    for name in names:
        health, spec = healths.get(name), snapshot.registry.get(name)
        if health is not None and health.latency is not None:
            known[name] = health.latency.p50
        elif spec is not None and spec.latency is not None:
            known[name] = spec.latency
        elif scored is not None and (learned := scored.table.latency(name)) is not None:
            known[name] = learned
    return known


def untried(name: str, state: StateView) -> bool:
    """Return whether nobody has tried a model of late. Whoever is never asked is never measured, and would be slow for ever."""
    return not (name in state.health and state.health[name].tries)
