"""How a model was chosen, in words: who won, by what, and what was not known. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from taskroute.types import Expected

if TYPE_CHECKING:
    from taskroute.decision.comparison import Comparison
    from taskroute.decision.objectives import Ranking

__all__ = ["sentence"]


def sentence(
    comparison: Comparison,
    ranking: Ranking,
    expected: Mapping[str, Expected],
    currency: str | None,
    *,
    untried: Collection[str],
    failing: Mapping[str, float],
    by_prior: bool,
) -> str:
    """Return how the models were put in order, such as `cheapest of large, small`, with notes in brackets."""
    text = comparison.aims[currency]
    if comparison.asks_quality:
        first = ranking.settled.names[0]
        text = f"{text}: {first} with {_worth(expected[first], currency)}"
    notes: list[str] = []
    if ranking.unmet:
        notes.append("none keeps to that, so the nearest comes first")
    if ranking.settled.held:
        notes.append(_held(comparison, ranking))
    if by_prior:
        notes.append("nobody has scored them: by price and strengths")
    if comparison.asks_price and (rest := [name for name, one in expected.items() if one.cost is None]):
        notes.append(f"no price{'' if currency is None else f' in {currency}'} is known for {', '.join(rest)}")
    if comparison.asks_speed and (rest := [name for name, one in expected.items() if one.latency is None and name not in untried]):
        notes.append(f"no latency is known for {', '.join(rest)}")
    if failing:
        notes += [f"{rate:.0%} of the tries of {name} failed" for name, rate in failing.items()]
    return f"{text} ({'; '.join(notes)})" if notes else text


def _worth(expected: Expected, currency: str | None) -> str:
    quality, cost = expected.quality, expected.cost
    if quality is None:
        return "" if cost is None else f"cost {float(cost):.2g} {currency}"
    return f"quality {quality:.2f}" if cost is None else f"quality {quality:.2f}, cost {float(cost):.2g} {currency}"


def _held(comparison: Comparison, ranking: Ranking) -> str:
    first, over = ranking.settled.names[0], ranking.settled.over
    why = "answered last, and" if ranking.settled.held == "last" else "stays, for"
    return f"{first} {why} {over} is not better by {comparison.margin:g}"
