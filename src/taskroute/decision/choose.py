"""Which of several models is cheapest or fastest for a call, as far as is known. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from taskroute.registry.rates import Rate, amount
from taskroute.types import StateView, Usage

if TYPE_CHECKING:
    from taskroute.decision.snapshot import Snapshot
    from taskroute.policy.choosing import Choose
    from taskroute.signals.collect import CallReader

__all__ = ["FEWEST_TRIES", "OUTPUT_TOKENS", "Choice", "faster_than", "order", "weaker"]

OUTPUT_TOKENS: Final = 300
"""How long an answer is taken to be where the call does not limit it."""
FEWEST_TRIES: Final = 5
"""A share of failed tries counts from this many on: one failure of one try says little."""


class Choice(NamedTuple):
    """Models to choose from, the best first, and how they were put in order."""

    models: tuple[str, ...]
    reason: str


def order(choose: Choose, snapshot: Snapshot, reader: CallReader, state: StateView) -> Choice:
    """Return the models of `choose.among`, the best first.

    What is not known of a model is never taken for nothing: such models come after the others. Whatever is equal stays as it is written.
    """
    among = choose.among
    if choose.objective == "cheapest":
        best, unknown = _by_price(among, snapshot, reader)
    else:
        best, unknown = _by_speed(among, snapshot, state), "no latency"
    rest = [name for name in among if name not in best]
    failing = _failing(choose, state)
    notes = [f"{unknown} is known for {', '.join(rest)}"] if rest else []
    notes += [f"{rate:.0%} of the tries of {name} failed" for name, rate in failing.items()]
    told = f" ({'; '.join(notes)})" if notes else ""
    models = sorted((*best, *rest), key=lambda name: name in failing)
    return Choice(tuple(models), f"{choose.objective} of {', '.join(among)}{told}")


def faster_than(model: str, others: Iterable[str], snapshot: Snapshot, state: StateView, took: float = 0.0) -> tuple[str, ...]:
    """Return those of the others that are known to be faster than this model, the fastest first.

    `took` is for how many seconds the model has just been waited for in vain: it is at least as slow as that now.
    """
    known = _seconds(others, snapshot, state)
    own = max(_seconds((model,), snapshot, state).get(model, 0.0), took)
    return tuple(name for name in sorted(known, key=known.__getitem__) if known[name] < own)


def weaker(other: str, model: str, snapshot: Snapshot) -> bool:
    """Return whether `other` is surely the weaker model: the price stands for strength, so both prices must be known."""
    theirs, own = snapshot.rates.get(other), snapshot.rates.get(model)
    if theirs is None or own is None or theirs.currency != own.currency:
        return False
    return _less(theirs.rates.input, own.rates.input) and _less(theirs.rates.output, own.rates.output)


def _by_price(among: tuple[str, ...], snapshot: Snapshot, reader: CallReader) -> tuple[list[str], str]:
    """Return the models with a known price, the cheapest first, and what the others lack."""
    limit = reader.call.max_tokens
    usage = Usage(input=reader.tokens(), output=OUTPUT_TOKENS if limit is None else limit)
    currency: str | None = None
    costs: dict[str, Decimal] = {}
    for name in among:
        priced = snapshot.rates.get(name)
        cost = None if priced is None else amount(priced.rates, usage)
        if priced is None or cost is None:
            continue
        currency = currency or priced.currency
        # No rate of exchange is known either.
        if priced.currency == currency:
            costs[name] = cost
    return sorted(costs, key=costs.__getitem__), "no price" if currency is None else f"no price in {currency}"


def _by_speed(among: tuple[str, ...], snapshot: Snapshot, state: StateView) -> list[str]:
    """Return the models with a known speed, the fastest first; before them those that nobody has tried of late.

    Whoever is never asked is never measured, and would be slow for ever; who was asked in vain is not known to be fast.
    """
    known = _seconds(among, snapshot, state)
    untried = [name for name in among if name not in known and not (name in state.health and state.health[name].tries)]
    return [*untried, *sorted(known, key=known.__getitem__)]


def _seconds(names: Iterable[str], snapshot: Snapshot, state: StateView) -> dict[str, float]:
    """Return how long a whole answer takes, where that is known: as it was measured, else as the policy says."""
    known: dict[str, float] = {}
    for name in names:
        health, spec = state.health.get(name), snapshot.registry.get(name)
        if health is not None and health.latency is not None:
            known[name] = health.latency.p50
        elif spec is not None and spec.latency is not None:
            known[name] = spec.latency
    return known


def _failing(choose: Choose, state: StateView) -> dict[str, float]:
    """Return the models that fail more often than `max_error_rate` lets them, with the share of their tries that failed."""
    most = choose.max_error_rate
    if most is None:
        return {}
    seen = ((name, state.health.get(name)) for name in choose.among)
    rates = {name: health.error_rate or 0.0 for name, health in seen if health is not None and health.tries >= FEWEST_TRIES}
    return {name: rate for name, rate in rates.items() if rate > most}


def _less(one: Rate | None, than: Rate | None) -> bool:
    return one is not None and than is not None and one.base < than.base
