"""Writes down every call of the demonstration, and adds up what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from typing import NamedTuple

from taskroute.cli.price_wording import price_of
from taskroute.router import Router
from taskroute.steps import Event, Step
from taskroute.types import Call, Cost, Decision, Outcome, Usage


class Ledger:
    """An observer that keeps the outcome of every call, oldest first."""

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def begin(self, call: Call, at: float) -> _Entry:
        return _Entry(self.outcomes.append)


class _Entry:
    def __init__(self, note: Callable[[Outcome], None]) -> None:
        self._note = note

    def decided(self, decision: Decision) -> None: ...
    def step(self, step: Step, at: float) -> None: ...
    def event(self, event: Event, failure: str | None, at: float) -> None: ...

    def active(self) -> AbstractContextManager[object]:
        return nullcontext()

    def finished(self, outcome: Outcome, at: float) -> None:
        self._note(outcome)


class Compared(NamedTuple):
    """What calls cost, and what the same tokens cost on the strong model alone. None means unknown."""

    routed: Cost | None
    strong: Cost | None
    model: str | None
    """The strong model: the one whose answers cost most."""
    left_out: int
    """Calls that the strong model may not see, which are in neither sum."""
    sources: tuple[str, ...] = ()
    """Where the prices came from."""


def compare(outcomes: Iterable[Outcome], router: Router) -> Compared:
    """Return what the calls cost against everything on the strong model."""
    strong = dearest(router)
    answered = [outcome for outcome in outcomes if outcome.status == "answered"]
    open_to_all = [outcome for outcome in answered if strong not in outcome.decision.rejected]
    on_strong = [None if strong is None else router.cost(strong, outcome.tries[-1].usage or Usage()) for outcome in open_to_all]
    costs = [outcome.cost for outcome in open_to_all]
    sources = tuple(sorted({cost.source for cost in (*costs, *on_strong) if cost is not None}))
    return Compared(total(costs), total(on_strong), strong, len(answered) - len(open_to_all), sources)


def total(costs: Iterable[Cost | None]) -> Cost | None:
    """Return the sum; None when one is unknown, or when there is none or more than one currency."""
    known = list(costs)
    amounts = [cost for cost in known if cost is not None]
    if len(amounts) < len(known) or len({cost.currency for cost in amounts}) != 1:
        return None
    return amounts[0]._replace(amount=sum((cost.amount for cost in amounts), Decimal(0)))


def dearest(router: Router) -> str | None:
    """Return the model whose answer tokens cost most, or None when no price is known."""
    prices = {name: price.output.amount for name, spec in router.snapshot.registry.items() if (price := price_of(spec)) is not None}
    return max(prices, key=lambda name: prices[name]) if prices else None
