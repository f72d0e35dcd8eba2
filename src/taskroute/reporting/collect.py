"""Takes spans one by one, in any order, and makes a report of them. What it keeps does not grow with how many there are."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Final

from taskroute.reporting.bounded import Greatest, Groups, Latest, Remembered, Sketch
from taskroute.reporting.otlp import NotSpansError, Span, spans_in
from taskroute.reporting.result import DIMENSIONS, Calls, Counted, Dear, Others, Read, Report, Step, Times, Tokens
from taskroute.reporting.seen import CallSeen, OtherSeen, TrySeen, call_in, other_in, tries_on, try_in
from taskroute.reporting.tally import Counts, MoneyTally, QualityTally, RowTally, grouped, latencies
from taskroute.reporting.times import OverTime

_MOST_NAMES: Final = 1000
_MOST_SHOWN: Final = 20
_MOST_KINDS: Final = 200
_DEAREST: Final = 10
_WAITING: Final = 2000
_CACHE_WORDS: Final = frozenset({"hit", "miss", "bypass", "stale", "off"})


class _Tokens:
    """Tokens of a call's models; they may be there before it."""

    __slots__ = ("input", "output")

    def __init__(self) -> None:
        self.input: int | None = None
        self.output: int | None = None

    def add(self, seen: TrySeen) -> None:
        if seen.input is not None:
            self.input = (self.input or 0) + seen.input
        if seen.output is not None:
            self.output = (self.output or 0) + seen.output


class Collector:
    """Collects what a report says. `since` and `until` are seconds since the epoch: spans that began outside are left out."""

    def __init__(self, *, since: float | None = None, until: float | None = None) -> None:
        self._since = since
        self._until = until
        self._known = Remembered()
        self._routed = Remembered()
        self._first: float | None = None
        self._last: float | None = None
        self._counts: Counter[str] = Counter()
        self._cache: Counter[str] = Counter()
        self._money = MoneyTally()
        self._groups = {dimension: Groups(RowTally, most=_MOST_NAMES) for dimension in DIMENSIONS}
        self._times = OverTime(RowTally, RowTally.merge)
        self._routes = Groups(Sketch, most=_MOST_NAMES)
        self._models = Groups(Sketch, most=_MOST_NAMES)
        self._quality = Groups(QualityTally, most=_MOST_NAMES)
        self._failures = Counts(most=_MOST_KINDS)
        self._fallbacks = Counts(most=_MOST_KINDS)
        self._dearest: dict[str, Greatest[tuple[CallSeen, _Tokens]]] = {}
        self._dear: dict[int, _Tokens] = {}
        self._waiting: Latest[_Tokens] = Latest(most=_WAITING)
        self._others: Latest[list[OtherSeen]] = Latest(most=_WAITING)

    def take_line(self, line: bytes | str) -> None:
        """Take all spans of a line; one that cannot be read is counted."""
        self._counts["lines"] += 1
        try:
            for span in spans_in(line):
                if span is None:
                    self._counts["broken"] += 1
                else:
                    self.take(span)
        except NotSpansError:
            self._counts["broken"] += 1

    def skip_line(self) -> None:
        """Count a line that could not even be read."""
        self._counts["lines"] += 1
        self._counts["broken"] += 1

    def take(self, span: Span) -> None:
        """Take a span, if it is the first of its id and within the time that was asked for."""
        self._counts["spans"] += 1
        if not self._known.add(_key(span.trace, span.id)):
            self._counts["repeated"] += 1
        elif not self._is_within(span):
            self._counts["outside"] += 1
        elif (call := call_in(span)) is not None:
            self._take_call(call)
            for seen in tries_on(span):
                self._take_try(seen)
        elif (seen_try := try_in(span)) is not None:
            self._routed.add(span.trace)
            self._take_try(seen_try)
        elif (other := other_in(span)) is not None:
            self._take_other(other)

    def report(self) -> Report:
        """Return what there is to say so far."""
        for waiting in self._others.take_all():
            self._settle(waiting)
        counts, money, times = self._counts, self._money.all(), self._times
        return Report(
            first=self._first,
            last=self._last,
            calls=Calls(
                counts["calls"],
                counts["answered"],
                counts["failed"],
                counts["cancelled"],
                counts["fell_back"],
                counts["fallbacks"],
                counts["requests"],
                counts["unpriced"],
            ),
            tokens=Tokens(self._tokens("input"), self._tokens("output")),
            cache=dict(sorted(self._cache.items())),
            money=money,
            groups={name: grouped(groups, most=_MOST_SHOWN, money=money) for name, groups in self._groups.items()},
            times=Times(times.width, tuple(Step(start, tally.row(None)) for start, tally in times.in_order())),
            routes=latencies(self._routes, most=_MOST_SHOWN),
            models=latencies(self._models, most=_MOST_SHOWN),
            failures=tuple(Counted(*what, count) for what, count in self._failures.in_order().items()),
            fallbacks=tuple(Counted(*what, count) for what, count in self._fallbacks.in_order().items()),
            quality=tuple(
                tally.quality(name)
                for name, tally in sorted(self._quality.items(), key=lambda item: (-item[1].scored, item[0] or ""))[:_MOST_SHOWN]
            ),
            dearest={
                each.currency: tuple(_dear(*kept) for kept in self._dearest[each.currency].in_order())
                for each in money
                if each.currency in self._dearest
            },
            others=Others(counts["others"], counts["others_input"], counts["others_output"], counts["others_left_out"]),
            read=Read(counts["lines"], counts["broken"], counts["spans"], counts["repeated"], counts["outside"]),
        )

    def _tokens(self, kind: str) -> int | None:
        return self._counts[kind] if kind in self._counts or not self._counts["requests"] else None

    def _is_within(self, span: Span) -> bool:
        at = span.start / 1e9
        return (self._since is None or at >= self._since) and (self._until is None or at < self._until)

    def _take_call(self, told: CallSeen) -> None:
        call = told if self._money.admits(told.currency) else told._replace(cost=None, saved=None, baseline=None, aside=None)
        self._routed.add(call.trace)
        counts = self._counts
        counts["calls"] += 1
        counts[call.status] += 1
        counts["fell_back"] += call.fallbacks > 0
        counts["fallbacks"] += call.fallbacks
        counts["requests"] += call.attempts or 0
        counts["unpriced"] += call.is_unpriced
        if call.cache is not None:
            self._cache[call.cache if call.cache in _CACHE_WORDS else "other"] += 1
        self._money.add(call)
        for dimension, groups in self._groups.items():
            groups[getattr(call, dimension)].add(call)
        if call.start is not None:
            self._first = call.start if self._first is None else min(self._first, call.start)
            self._last = call.start if self._last is None else max(self._last, call.start)
            self._times.at(call.start).add(call)
        if call.duration is not None:
            self._routes[call.route].add(call.duration)
        if call.fallbacks:
            self._fallbacks.add(call.fallback_from, call.fallback_reason)
        self._rank(call)

    def _rank(self, call: CallSeen) -> None:
        """Keep a call if it is one of the dearest, together with the tokens that are told of it, before or after."""
        key = _key(call.trace, call.id)
        tokens = self._waiting.take(key) or _Tokens()
        if not call.cost:
            return
        dearest = self._dearest.get(call.currency)
        if dearest is None:
            dearest = self._dearest[call.currency] = Greatest(most=_DEAREST)
        self._dear[key] = tokens
        dropped = dearest.offer((call.cost, -(call.start or 0.0), key), (call, tokens))
        if dropped is not None:
            self._dear.pop(_key(dropped[0].trace, dropped[0].id), None)

    def _take_try(self, seen: TrySeen) -> None:
        if seen.input is not None:
            self._counts["input"] += seen.input
        if seen.output is not None:
            self._counts["output"] += seen.output
        for failure in seen.failures:
            self._failures.add(seen.model, failure)
        if seen.invalid is not None:
            self._failures.add(seen.model, seen.invalid)
        if seen.duration is not None:
            self._models[seen.model].add(seen.duration)
        if seen.score is not None:
            self._quality[seen.model].add(seen, seen.score)
        if seen.input is None and seen.output is None:
            return
        key = _key(seen.trace, seen.parent)
        tokens = self._dear.get(key) or self._waiting.get(key)
        if tokens is None:
            tokens = _Tokens()
            self._waiting.put(key, tokens)
        tokens.add(seen)

    def _take_other(self, seen: OtherSeen) -> None:
        """Keep an inference until it is known whether its trace has a routed call: then it may be the same once more."""
        waiting = self._others.get(seen.trace)
        if seen.trace in self._routed or (waiting is not None and len(waiting) >= _MOST_KINDS):
            self._settle([seen])
        elif waiting is not None:
            waiting.append(seen)
        elif (left := self._others.put(seen.trace, [seen])) is not None:
            self._settle(left)

    def _settle(self, waiting: list[OtherSeen]) -> None:
        for seen in waiting:
            if seen.trace in self._routed:
                self._counts["others_left_out"] += 1
                continue
            self._counts["others"] += 1
            self._counts["others_input"] += seen.input or 0
            self._counts["others_output"] += seen.output or 0


def _key(trace: int, span: int) -> int:
    return trace << 64 | span


def _dear(call: CallSeen, tokens: _Tokens) -> Dear:
    return Dear(
        decision_id=call.decision_id,
        trace_id=f"{call.trace:032x}",
        start=call.start,
        route=call.route,
        stage=call.stage,
        model=call.model,
        cost=call.cost or Decimal(0),
        input=tokens.input,
        output=tokens.output,
    )
