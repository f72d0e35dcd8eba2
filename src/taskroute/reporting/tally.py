"""Adds calls up. What it keeps does not grow with how many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Final

from taskroute.reporting.bounded import Groups, Sketch
from taskroute.reporting.result import Amounts, Grouped, Latencies, Latency, Money, Quality, Row
from taskroute.reporting.seen import CallSeen, TrySeen
from taskroute.types import EXACT, NOTHING

MOST_CURRENCIES: Final = 8
_MEAN: Final = Context(prec=12, traps=[])
"""Sums are exact; a mean of them need not be."""


class Sums:
    """Amounts by currency, added without a rounding."""

    __slots__ = ("_sums",)

    def __init__(self) -> None:
        self._sums: dict[str, Decimal] = {}

    def add(self, currency: str, amount: Decimal) -> None:
        self._sums[currency] = EXACT.add(self._sums.get(currency, Decimal(0)), amount)

    def merge(self, other: Sums) -> None:
        for currency, amount in other._sums.items():
            self.add(currency, amount)

    def of(self, currency: str) -> Decimal:
        return self._sums.get(currency, Decimal(0))

    def all(self) -> Amounts:
        return dict(sorted(self._sums.items()))


class RowTally:
    """Calls that have something in common, added up."""

    __slots__ = ("calls", "failed", "hits", "priced", "saved", "spent", "unpriced")

    def __init__(self) -> None:
        self.calls = self.failed = self.hits = self.unpriced = 0
        self.priced: Counter[str] = Counter()
        self.spent, self.saved = Sums(), Sums()

    def add(self, call: CallSeen) -> None:
        self.calls += 1
        self.failed += call.status == "failed"
        self.hits += call.cache == "hit"
        self.unpriced += call.is_unpriced
        if call.cost is not None:
            self.priced[call.currency] += 1
            self.spent.add(call.currency, call.cost)
        if call.saved is not None:
            self.saved.add(call.currency, call.saved.amount)

    def merge(self, other: RowTally) -> None:
        self.calls += other.calls
        self.failed += other.failed
        self.hits += other.hits
        self.unpriced += other.unpriced
        self.priced.update(other.priced)
        self.spent.merge(other.spent)
        self.saved.merge(other.saved)

    def row(self, name: str | None) -> Row:
        priced = dict(sorted(self.priced.items()))
        return Row(name, self.calls, self.failed, self.hits, self.unpriced, priced, self.spent.all(), self.saved.all())


class MoneyTally:
    """What all calls came to, by currency."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._spent, self._uncounted, self._aside, self._baseline = Sums(), Sums(), Sums(), Sums()
        self._cached, self._estimated = Sums(), Sums()

    def admits(self, currency: str) -> bool:
        """Return whether a currency is one of those that are told apart."""
        return currency in self.calls or len(self.calls) < MOST_CURRENCIES

    def add(self, call: CallSeen) -> None:
        is_estimate = call.saved is not None and call.saved.is_estimate
        saved = None if call.saved is None else call.saved.amount
        amounts = [
            (self._spent, call.cost),
            (self._uncounted, call.cost if call.is_estimate else None),
            # A part of what was spent, which is not known without the whole.
            (self._aside, None if call.cost is None else call.aside),
            # Where the cost itself is not known, the baseline is the measure of nothing.
            (self._baseline, call.baseline if is_estimate else None),
            (self._estimated if is_estimate else self._cached, saved),
        ]
        known = [(sums, amount) for sums, amount in amounts if amount is not None]
        for sums, amount in known:
            sums.add(call.currency, amount)
        self.calls[call.currency] += bool(known)

    def all(self) -> tuple[Money, ...]:
        """Return the money of each currency, the most used first."""
        used = sorted((currency for currency, calls in self.calls.items() if calls), key=lambda currency: (-self.calls[currency], currency))
        return tuple(
            Money(
                each,
                self._spent.of(each),
                self._uncounted.of(each),
                self._aside.of(each),
                self._cached.of(each),
                self._estimated.of(each),
                self._baseline.of(each),
            )
            for each in used
        )


class QualityTally:
    """Scores of a model's answers, and what these cost."""

    def __init__(self) -> None:
        self.scored = 0
        self._scores = Decimal(0)
        self._costs, self._priced = Sums(), Counter[str]()

    def add(self, seen: TrySeen, score: Decimal) -> None:
        self.scored += 1
        self._scores = EXACT.add(self._scores, score)
        if seen.cost is not None:
            self._costs.add(seen.currency, seen.cost)
            self._priced[seen.currency] += 1

    def quality(self, model: str | None) -> Quality:
        means = {currency: _MEAN.divide(amount, Decimal(self._priced[currency])) for currency, amount in self._costs.all().items()}
        return Quality(model, self.scored, _MEAN.divide(self._scores, Decimal(self.scored)), means or NOTHING)


def grouped(groups: Groups[RowTally], *, most: int, money: tuple[Money, ...]) -> Grouped:
    """Return the rows that cost most in the most used currency, and all others as one."""
    main = money[0].currency if money else ""
    found = sorted(groups.items(), key=lambda item: (-item[1].spent.of(main), -item[1].calls, item[0] or ""))
    left = [tally for _, tally in found[most:]]
    if groups.rest is not None:
        left.append(groups.rest)
    rest = RowTally()
    for tally in left:
        rest.merge(tally)
    return Grouped(tuple(tally.row(name) for name, tally in found[:most]), rest.row("other") if left else None)


def latencies(groups: Groups[Sketch], *, most: int) -> Latencies:
    """Return the latencies of the names with most calls, and those of all others as one."""
    found = sorted(groups.items(), key=lambda item: (-item[1].count, item[0] or ""))
    left = [sketch for _, sketch in found[most:]]
    if groups.rest is not None:
        left.append(groups.rest)
    rest = Sketch()
    for sketch in left:
        rest.merge(sketch)
    shown = tuple(latency for name, sketch in found[:most] if (latency := _latency(name, sketch)) is not None)
    return Latencies(shown, _latency("other", rest))


def _latency(name: str | None, sketch: Sketch) -> Latency | None:
    p50, p90, p99 = sketch.percentile(0.5), sketch.percentile(0.9), sketch.percentile(0.99)
    if p50 is None or p90 is None or p99 is None:
        return None
    return Latency(name, sketch.count, p50, p90, p99)


class Counts:
    """How often what happened to which model; of further ones only how often all did."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._counts: Counter[tuple[str | None, str | None]] = Counter()

    def add(self, model: str | None, what: str | None) -> None:
        key = (model, what)
        self._counts[key if key in self._counts or len(self._counts) < self._most else ("other", "other")] += 1

    def in_order(self) -> Mapping[tuple[str | None, str | None], int]:
        return dict(sorted(self._counts.items(), key=lambda item: (-item[1], item[0][0] or "", item[0][1] or "")))
