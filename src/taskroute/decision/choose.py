"""Which of several models a route chooses for a call, as far as is known. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from math import inf
from typing import TYPE_CHECKING, Final, NamedTuple

from taskroute.decision.chosen import WORTH_A_WORD, doubt, sentence
from taskroute.decision.comparison import OUTPUT_TOKENS, Comparison, compared
from taskroute.decision.eligible import sift
from taskroute.decision.expected import NO_COSTS, Costs, costs_of, seconds_among, seconds_of, untried
from taskroute.decision.objectives import Considered, Ranking, in_line, rank
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
_NOTHING_KNOWN: Final[Mapping[str, float]] = {}


class Choice(NamedTuple):
    """Models to choose from, the best first, and how they were put in order."""

    models: tuple[str, ...]
    reason: str
    expected: Mapping[str, Expected] = NOTHING
    """What was expected of each that was compared."""


def order(
    choose: Choose,
    snapshot: Snapshot,
    reader: CallReader,
    state: StateView,
    *,
    labels: frozenset[str] = frozenset(),
    comparison: Comparison | None = None,
) -> Choice:
    """Return the models of `choose.among`, the best first.

    What is not known of a model is never taken for nothing: such models come after the others. Whatever is equal stays as it is written.
    Where quality counts, only those are held against each other that could answer the call with these `labels`. `comparison` is what is
    known of them before any call, where that was worked out.
    """
    if comparison is None or comparison.rates is not snapshot.rates or comparison.scored is not snapshot.scored:
        comparison = compared(choose, snapshot.registry, snapshot.rates, snapshot.scored)
    if comparison.is_weighed or state.last is not None:
        return _weighed(choose, comparison, snapshot, reader, state=state, labels=labels)
    return _in_line(choose, comparison, reader, state)


def _in_line(choose: Choose, comparison: Comparison, reader: CallReader, state: StateView) -> Choice:
    """Return the cheapest or the fastest first, where nothing else counts."""
    among, failing = comparison.among, _failing(choose, state)
    expected, numbers = dict[str, Expected](), dict[str, float]()
    new, currency = list[str](), None
    if comparison.asks_price:
        amounts, currency = _costs(among, comparison, _NOTHING_KNOWN, reader, state)
        for name in among:
            cost = amounts.get(name)
            numbers[name] = inf if cost is None else float(cost)
            expected[name] = Expected(None, None, 0, "", cost)
    else:
        seconds = seconds_among(among, comparison, state)
        for name in among:
            latency = seconds.get(name)
            if latency is None and untried(name, state):
                new.append(name)
            numbers[name] = latency if latency is not None else 0.0 if name in new else inf
            expected[name] = Expected(None, None, 0, "", None, latency)
    ranking = in_line(among, numbers, failing)
    reason = sentence(comparison, ranking, expected, currency, untried=new, failing=failing, by_prior=False)
    return Choice(ranking.settled.names, reason, expected)


def _weighed(
    choose: Choose, comparison: Comparison, snapshot: Snapshot, reader: CallReader, *, state: StateView, labels: frozenset[str]
) -> Choice:
    """Return the models by all that counts: quality, cost and time, with limits, and by who answered last."""
    among, found = comparison.among, NO_QUALITIES
    if comparison.asks_quality:
        # How a model is doing now does not matter for that: one whose circuit is open keeps its place.
        among = sift(among, snapshot, reader.call, labels=labels, state=NO_STATE)[0] or among
        found = qualities(among, snapshot, reader)
    amounts, currency = _costs(among, comparison, found.written, reader, state)
    seconds = seconds_among(among, comparison, state) if comparison.asks_quality or comparison.asks_speed else _NOTHING_KNOWN
    new = [name for name in among if name not in seconds and untried(name, state)] if comparison.asks_speed else ()
    failing = _failing(choose, state)
    considered, expected = list[Considered](), dict[str, Expected]()
    told, read, shown = found.told, found.read, found.shown
    for name in among:
        cost, latency = amounts.get(name), seconds.get(name)
        price = None if cost is None else float(cost)
        considered.append(Considered(name, told.get(name, 0.0), read.get(name, 0.0), price, latency, name in new, name in failing))
        expected[name] = _expected(shown.get(name), read.get(name, 0.0), cost, latency)
    ranking = rank(choose, considered, last=state.last)
    passed = _passed_over(choose, considered, expected, ranking, last=state.last) if comparison.asks_quality else None
    reason = sentence(comparison, ranking, expected, currency, untried=new, failing=failing, by_prior=found.by_prior, passed=passed)
    names = ranking.settled.names
    if len(names) < len(comparison.among):
        names += tuple([name for name in comparison.among if name not in names])
    return Choice(names, reason, expected)


def _costs(among: tuple[str, ...], comparison: Comparison, written: Mapping[str, float], reader: CallReader, state: StateView) -> Costs:
    if not (comparison.asks_quality or comparison.asks_price):
        return NO_COSTS
    offers = comparison.offers
    if among is not comparison.among:
        offers = tuple([offer for offer in offers if offer.name in among])
    if comparison.is_counted and comparison.scored is not None and not comparison.asks_quality:
        # No quality was asked for, but how long answers are is known by the task, too.
        written = comparison.scored.of(among, place_told(reader)).written
    return costs_of(offers, reader, state, written)


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


def _expected(quality: Estimate | None, counted: float, cost: Decimal | None, latency: float | None) -> Expected:
    if quality is None:
        return Expected(cost=cost, latency=latency)
    return Expected(quality.mean, quality.low, quality.labels, quality.source, cost, latency, min(1.0, max(0.0, counted)))


def _passed_over(
    choose: Choose, considered: list[Considered], expected: Mapping[str, Expected], ranking: Ranking, *, last: str | None
) -> str | None:
    """Return the model that would be first by what is expected of each, where it stands on too few scores for that to count."""
    more = {name: doubt(one) for name, one in expected.items()}
    if not any(by >= WORTH_A_WORD for by in more.values()):
        return None
    by_mean = [one._replace(told=one.told + more[one.name], read=one.read + more[one.name]) for one in considered]
    first = rank(choose, by_mean, last=last).settled.names[0]
    return first if first != ranking.settled.names[0] and more[first] >= WORTH_A_WORD else None


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
