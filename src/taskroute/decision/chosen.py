"""How a model was chosen, in words: who won, by what, and what was not known. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Final

from taskroute.types import Expected

if TYPE_CHECKING:
    from taskroute.decision.comparison import Comparison
    from taskroute.decision.objectives import Ranking

__all__ = ["WORTH_A_WORD", "doubt", "sentence"]

WORTH_A_WORD: Final = 0.02
"""How much less than what is expected of a model must count before the reason says so."""


def doubt(expected: Expected) -> float:
    """Return how much less than the expected quality counts, for want of scores."""
    return 0.0 if expected.quality is None or expected.counted is None else expected.quality - expected.counted


def sentence(
    comparison: Comparison,
    ranking: Ranking,
    expected: Mapping[str, Expected],
    currency: str | None,
    *,
    untried: Collection[str],
    failing: Mapping[str, float],
    by_prior: bool,
    passed: str | None = None,
) -> str:
    """Return how the models were put in order, such as `cheapest of large, small`, with notes in brackets.

    `passed` is the model that would be first, did it stand on more scores.
    """
    text, first = comparison.aims[currency], ranking.settled.names[0]
    if comparison.asks_quality:
        text = f"{text}: {first} with {_worth(expected[first], currency)}"
    notes: list[str] = []
    if comparison.asks_quality and doubt(expected[first]) >= WORTH_A_WORD:
        notes.append(_counted(expected[first]))
    if passed is not None:
        notes.append(f"{passed} has {expected[passed].quality:.2f}, {_counted(expected[passed])}")
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


def _counted(expected: Expected) -> str:
    """Return what a quality is counted as, and why, such as `counted as 0.81: 7 scores`."""
    scores = {0: "no scores there", 1: "1 score"}.get(expected.labels, f"{expected.labels:,} scores")
    return f"counted as {expected.counted:.2f}: {scores}"


def _held(comparison: Comparison, ranking: Ranking) -> str:
    first, over = ranking.settled.names[0], ranking.settled.over
    why = "answered last, and" if ranking.settled.held == "last" else "stays, for"
    return f"{first} {why} {over} is not better by {comparison.margin:g}"
