"""Which of several models a route chooses for a call, as far as is known. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from taskroute.decision.chosen import sentence
from taskroute.decision.eligible import sift
from taskroute.decision.expected import NO_COSTS, OUTPUT_TOKENS, costs_of, seconds_of, untried
from taskroute.decision.objectives import Considered, rank
from taskroute.decision.qualities import NO_QUALITIES, place_told, qualities
from taskroute.quality.estimate import Estimate
from taskroute.registry.rates import Rate
from taskroute.types import NO_STATE, NOTHING, Expected, StateView

if TYPE_CHECKING:
    from taskroute.decision.snapshot import Snapshot
    from taskroute.policy.choosing import Choose
    from taskroute.signals.collect import CallReader

__all__ = ["FEWEST_TRIES", "OUTPUT_TOKENS", "Choice", "faster_than", "order", "weaker"]

FEWEST_TRIES: Final = 5
"""A share of failed tries counts from this many on: one failure of one try says little."""


class Choice(NamedTuple):
    """Models to choose from, the best first, and how they were put in order."""

    models: tuple[str, ...]
    reason: str
    expected: Mapping[str, Expected] = NOTHING
    """What was expected of each that was compared."""


def order(choose: Choose, snapshot: Snapshot, reader: CallReader, state: StateView, *, labels: frozenset[str] = frozenset()) -> Choice:
    """Return the models of `choose.among`, the best first.

    What is not known of a model is never taken for nothing: such models come after the others. Whatever is equal stays as it is written.
    Where quality counts, only those are held against each other that could answer the call with these `labels`.
    """
    among, found, costs, seconds = choose.among, NO_QUALITIES, NO_COSTS, dict[str, float]()
    by_quality, by_speed = choose.asks_quality, choose.asks_speed
    if by_quality:
        # How a model is doing now does not matter for that: one whose circuit is open keeps its place.
        among = sift(among, snapshot, reader.call, labels=labels, state=NO_STATE)[0] or among
        found = qualities(among, snapshot, reader)
    if by_quality or choose.asks_price:
        place = found.place if by_quality or snapshot.scored is None else place_told(reader)
        costs = costs_of(among, snapshot, reader, state, place)
    if by_quality or by_speed:
        seconds = seconds_of(among, snapshot, state)
    failing = _failing(choose, state)
    new = {name for name in among if name not in seconds and untried(name, state)} if by_speed else frozenset[str]()
    told, read, amounts = found.told, found.read, costs.amounts
    considered = [
        Considered(
            name,
            told.get(name, 0.0),
            read.get(name, 0.0),
            None if (cost := amounts.get(name)) is None else float(cost),
            seconds.get(name),
            untried=name in new,
            fails=name in failing,
        )
        for name in among
    ]
    ranking = rank(choose, considered, last=state.last)
    expected = {name: _expected(found.shown.get(name), amounts.get(name), seconds.get(name)) for name in among}
    reason = sentence(choose, ranking, expected, costs, untried=new, failing=failing, by_prior=found.by_prior)
    names = ranking.settled.names
    if len(names) < len(choose.among):
        names += tuple([name for name in choose.among if name not in names])
    return Choice(names, reason, expected)


def faster_than(model: str, others: Iterable[str], snapshot: Snapshot, state: StateView, took: float = 0.0) -> tuple[str, ...]:
    """Return those of the others that are known to be faster than this model, the fastest first.

    `took` is for how many seconds the model has just been waited for in vain: it is at least as slow as that now.
    """
    known = seconds_of(others, snapshot, state)
    own = max(seconds_of((model,), snapshot, state).get(model, 0.0), took)
    return tuple(name for name in sorted(known, key=known.__getitem__) if known[name] < own)


def weaker(other: str, model: str, snapshot: Snapshot) -> bool:
    """Return whether `other` is surely the weaker model: the price stands for strength, so both prices must be known."""
    theirs, own = snapshot.rates.get(other), snapshot.rates.get(model)
    if theirs is None or own is None or theirs.currency != own.currency:
        return False
    return _less(theirs.rates.input, own.rates.input) and _less(theirs.rates.output, own.rates.output)


def _expected(quality: Estimate | None, cost: Decimal | None, latency: float | None) -> Expected:
    if quality is None:
        return Expected(cost=cost, latency=latency)
    return Expected(quality.mean, quality.low, quality.labels, quality.source, cost, latency)


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
