"""What models cost, in the words of the commands."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from taskroute.cli.output import money
from taskroute.registry.models import ModelSpec
from taskroute.registry.prices import Prices
from taskroute.registry.rates import ZERO, Priced, Rate, Rates
from taskroute.types import EXACT, Cost

_MILLION: Final = Decimal(1_000_000)


class Price(NamedTuple):
    """What a million tokens cost in calls of a usual size, and who says so."""

    input: Cost
    output: Cost
    rates: Rates
    """All of it, for one token."""
    service_tiers: Mapping[str, Priced]
    """The classes of service that the policy gives a price of their own."""


def price_of(spec: ModelSpec) -> Price | None:
    """Return the price of a model, or None when it is not known."""
    priced = Prices().rates(spec)
    if priced is None or priced.rates.input is None or priced.rates.output is None:
        return None
    taken, given = (Cost(_per_million(rate.base), priced.source, priced.currency) for rate in (priced.rates.input, priced.rates.output))
    classes = () if spec.price is None else spec.price.by_service_tier().items()
    return Price(taken, given, priced.rates, {name: found for name, found in classes if name is not None})


def further(price: Price) -> str:
    """Return in one line what else a model costs: a fee for each call, large inputs, other classes of service; '' where that is all."""
    currency = price.input.currency
    said = _fee_and_sizes(price.rates, currency)
    for name, priced in price.service_tiers.items():
        inner = _fee_and_sizes(priced.rates, currency)
        said.append(f"{name} {_pair(priced.rates, 0, currency)}" + (f" ({'; '.join(inner)})" if inner else ""))
    return "; ".join(said)


def as_json(price: Price) -> dict[str, Any]:
    """Return the same for programs, with what a usual call costs."""
    tiers = _tiers(price.rates)
    found: dict[str, Any] = {
        "input": price.input.amount,
        "output": price.output.amount,
        "currency": price.input.currency,
        "source": price.input.source,
    }
    if price.rates.request:
        found["request"] = price.rates.request
    if tiers:
        found["tiers"] = tiers
    if price.service_tiers:
        found["service_tiers"] = {name: _class(priced.rates) for name, priced in price.service_tiers.items()}
    return found


def _class(rates: Rates) -> dict[str, Any]:
    tiers = _tiers(rates)
    found = {"input": _amount(rates.input, 0), "output": _amount(rates.output, 0), **({"request": rates.request} if rates.request else {})}
    return {**found, "tiers": tiers} if tiers else found


def _tiers(rates: Rates) -> list[dict[str, Any]]:
    return [{"over": size, "input": _amount(rates.input, size + 1), "output": _amount(rates.output, size + 1)} for size in _sizes(rates)]


def _fee_and_sizes(rates: Rates, currency: str) -> list[str]:
    said = [f"{money(rates.request, currency)} a call"] if rates.request > ZERO else []
    return [*said, *(f"over {size:,} tokens {_pair(rates, size + 1, currency)}" for size in _sizes(rates))]


def _sizes(rates: Rates) -> list[int]:
    """Return the sizes of the input at which its price or that of the output changes."""
    return sorted({start for rate in (rates.input, rates.output) if rate is not None for start, _ in rate.tiers})


def _pair(rates: Rates, size: int, currency: str) -> str:
    taken, given = _amount(rates.input, size), _amount(rates.output, size)
    return f"{money(taken, currency).split(' ')[0]} / {money(given, currency)}"


def _amount(rate: Rate | None, size: int) -> Decimal | None:
    return None if rate is None else _per_million(rate.at(size))


def _per_million(price: Decimal) -> Decimal:
    return EXACT.multiply(price, _MILLION)
