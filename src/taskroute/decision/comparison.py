"""What is known of the models that a route chooses among before there is a call: worked out once, when a policy is made ready. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from taskroute.registry.rates import Priced, Rates
from taskroute.types import EXACT

if TYPE_CHECKING:
    from taskroute.decision.scored import Scored
    from taskroute.policy.choosing import Choose
    from taskroute.registry.models import Registry

__all__ = ["OUTPUT_TOKENS", "Comparison", "Flat", "Offer", "compared", "usual_seconds"]

OUTPUT_TOKENS: Final = 300
"""How long an answer is taken to be where the call does not limit it, and nobody has seen one."""


class Flat(NamedTuple):
    """Prices that are the same for a call of any size."""

    input: Decimal
    """Of one token."""
    output: Decimal
    request: Decimal
    usual_answer: Decimal
    """Of the request and an answer of `OUTPUT_TOKENS`."""


class Offer(NamedTuple):
    """What one model costs."""

    name: str
    currency: str
    rates: Rates
    flat: Flat | None
    """None where a price is unknown, or grows with the call."""
    is_counted: bool
    """Whether the length of its answers is known from scores."""


class Comparison(NamedTuple):
    """What a route compares, and what of that no call changes."""

    among: tuple[str, ...]
    asks_quality: bool
    asks_price: bool
    asks_speed: bool
    is_weighed: bool
    """Whether more than one number tells the models apart: with quality, with limits."""
    margin: float
    offers: tuple[Offer, ...]
    """Those of the models with a price, in the order in which they are written."""
    is_counted: bool
    """Whether the length of any model's answers is known from scores."""
    seconds: Mapping[str, float]
    """How long an answer takes by what the policy says, else by the scores, where that is known."""
    aims: Mapping[str | None, str]
    """What is looked for, in words, by the currency that the models of a call are compared in; None where no price is known."""
    rates: Mapping[str, Priced]
    scored: Scored | None
    """What `offers` and `seconds` come from."""


def compared(choose: Choose, registry: Registry, rates: Mapping[str, Priced], scored: Scored | None) -> Comparison:
    """Return what is known of the models of `choose` before any call."""
    offers = tuple(_offer(name, rates[name], scored) for name in choose.among if name in rates)
    known = {name: usual_seconds(name, registry, scored) for name in choose.among}
    return Comparison(
        among=choose.among,
        asks_quality=choose.asks_quality,
        asks_price=choose.asks_price,
        asks_speed=choose.asks_speed,
        is_weighed=choose.asks_quality or choose.max_cost is not None or (choose.asks_price and choose.asks_speed),
        margin=choose.margin,
        offers=offers,
        is_counted=any(offer.is_counted for offer in offers),
        seconds={name: seconds for name, seconds in known.items() if seconds is not None},
        aims={currency: _aim(choose, currency) for currency in (None, *[offer.currency for offer in offers])},
        rates=rates,
        scored=scored,
    )


def usual_seconds(name: str, registry: Registry, scored: Scored | None) -> float | None:
    """Return how long a whole answer takes where nobody has measured it of late; None where that is not known."""
    spec = registry.get(name)
    if spec is not None and spec.latency is not None:
        return spec.latency
    return None if scored is None else scored.table.latency(name)


def _offer(name: str, priced: Priced, scored: Scored | None) -> Offer:
    return Offer(name, priced.currency, priced.rates, _flat(priced.rates), is_counted=scored is not None and name in scored.counted)


def _flat(rates: Rates) -> Flat | None:
    if rates.input is None or rates.output is None or rates.input.tiers or rates.output.tiers:
        return None
    taken, gave, request = rates.input.base, rates.output.base, rates.request
    if not all(price.is_finite() and price >= 0 for price in (taken, gave, request)):
        return None
    return Flat(taken, gave, request, EXACT.fma(gave, Decimal(OUTPUT_TOKENS), request))


def _aim(choose: Choose, currency: str | None) -> str:
    limits = [] if choose.min_quality is None else [f"quality of at least {choose.min_quality:g}"]
    if choose.within is not None:
        limits.append(f"quality within {100 * choose.within:g}% of the best")
    if choose.max_cost is not None:
        limits.append(f"cost up to {choose.max_cost:g}" + (f" {currency}" if currency else ""))
    if choose.max_latency is not None:
        limits.append(f"an answer in {choose.max_latency:g}s")
    *before, last = limits or [""]
    by = f" by {', '.join(before)}{' and ' if before else ''}{last}" if last else ""
    return f"{choose.objective} of {', '.join(choose.among)}{by}"
