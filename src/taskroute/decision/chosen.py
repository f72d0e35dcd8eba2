"""How a model was chosen, in words: who won, by what, and what was not known. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from taskroute.decision.expected import Costs
from taskroute.decision.objectives import Ranking
from taskroute.types import Expected

if TYPE_CHECKING:
    from taskroute.policy.choosing import Choose

__all__ = ["sentence"]


def sentence(
    choose: Choose,
    ranking: Ranking,
    expected: Mapping[str, Expected],
    costs: Costs,
    *,
    untried: Collection[str],
    failing: Mapping[str, float],
    by_prior: bool,
) -> str:
    """Return how the models were put in order, such as `cheapest of large, small`, with notes in brackets."""
    notes = [*_steady(choose, ranking, by_prior=by_prior), *_unknown(choose, expected, costs, untried)]
    notes += [f"{rate:.0%} of the tries of {name} failed" for name, rate in failing.items()]
    told = f" ({'; '.join(notes)})" if notes else ""
    first = ranking.settled.names[0]
    won = f": {first} with {_worth(expected[first], costs.currency)}" if choose.asks_quality else ""
    return f"{choose.objective} of {', '.join(choose.among)}{_limits(choose, costs.currency)}{won}{told}"


def _limits(choose: Choose, currency: str | None) -> str:
    limits = [] if choose.min_quality is None else [f"quality of at least {choose.min_quality:g}"]
    if choose.within is not None:
        limits.append(f"quality within {choose.within:.4g} of the best".replace(f"{choose.within:.4g}", f"{100 * choose.within:g}%"))
    if choose.max_cost is not None:
        limits.append(f"cost up to {choose.max_cost:g}" + (f" {currency}" if currency else ""))
    if choose.max_latency is not None:
        limits.append(f"an answer in {choose.max_latency:g}s")
    return f" by {' and '.join(limits)}" if limits else ""


def _worth(expected: Expected, currency: str | None) -> str:
    parts = [] if expected.quality is None else [f"quality {expected.quality:.2f}"]
    if expected.cost is not None:
        parts.append(f"cost {float(expected.cost):.2g} {currency}")
    return ", ".join(parts)


def _steady(choose: Choose, ranking: Ranking, *, by_prior: bool) -> Iterator[str]:
    if ranking.unmet:
        yield "none keeps to that, so the nearest comes first"
    held, first, over = ranking.settled.held, ranking.settled.names[0], ranking.settled.over
    if held:
        why = "answered last, and" if held == "last" else "stays, for"
        yield f"{first} {why} {over} is not better by {choose.margin:g}"
    if by_prior:
        yield "nobody has scored them: by price and strengths"


def _unknown(choose: Choose, expected: Mapping[str, Expected], costs: Costs, untried: Collection[str]) -> Iterator[str]:
    if choose.asks_price:
        rest = [name for name, one in expected.items() if one.cost is None]
        if rest:
            yield f"no price{'' if costs.currency is None else f' in {costs.currency}'} is known for {', '.join(rest)}"
    if choose.asks_speed:
        rest = [name for name, one in expected.items() if one.latency is None and name not in untried]
        if rest:
            yield f"no latency is known for {', '.join(rest)}"
