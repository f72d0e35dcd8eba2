"""Prices as frozen numbers: what the user wrote, and what a price table says, in one form that is quick to multiply."""

from __future__ import annotations

from decimal import Context, Decimal, InvalidOperation
from typing import Final, NamedTuple

from taskroute.types import Usage

# A context of our own: an application may lower the precision of the global one, and none of its traps may fail a call.
_EXACT: Final = Context(prec=80, traps=[])
_PER_TOKEN: Final = Decimal("0.000001")
ZERO: Final = Decimal(0)

Amount = Decimal | int | float | str


class Rate(NamedTuple):
    """The price of one token. In a tier, every token costs the tier's price once the input is larger than its start."""

    base: Decimal
    tiers: tuple[tuple[int, Decimal], ...] = ()
    """Start and price of each tier, ascending."""

    def at(self, input_tokens: int) -> Decimal:
        """Return the price of one token in a call of this size."""
        price = self.base
        for start, tier in self.tiers:
            if input_tokens <= start:
                break
            price = tier
        return price


class Rates(NamedTuple):
    """The prices of one model. A part without its own price costs what its whole costs; None for a whole means unknown."""

    input: Rate | None
    output: Rate | None
    cache_read: Rate | None = None
    cache_write: Rate | None = None
    reasoning: Rate | None = None
    request: Decimal = ZERO
    """Charged once a call."""


class Priced(NamedTuple):
    """What a model costs, and who says so."""

    rates: Rates
    source: str
    """`user`, or the price table with its version."""
    currency: str = "USD"


class UserPrice(NamedTuple):
    """What the user says a model costs, in currency per million tokens.

    Cached tokens without a price of their own are charged at the input price, reasoning tokens at the output price.
    """

    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    reasoning: Decimal | None = None
    currency: str = "USD"

    @classmethod
    def of(
        cls,
        *,
        input: Amount,
        output: Amount,
        cache_read: Amount | None = None,
        cache_write: Amount | None = None,
        reasoning: Amount | None = None,
        currency: str = "USD",
    ) -> UserPrice:
        """Return the price as it was written: 0.1 means one tenth, not the nearest binary fraction. Raises ValueError."""
        return cls(
            input=_written("input", input),
            output=_written("output", output),
            cache_read=None if cache_read is None else _written("cache_read", cache_read),
            cache_write=None if cache_write is None else _written("cache_write", cache_write),
            reasoning=None if reasoning is None else _written("reasoning", reasoning),
            currency=currency,
        )

    def rates(self) -> Rates:
        """Return the same prices for one token."""
        return Rates(
            input=Rate(per_token(self.input)),
            output=Rate(per_token(self.output)),
            cache_read=None if self.cache_read is None else Rate(per_token(self.cache_read)),
            cache_write=None if self.cache_write is None else Rate(per_token(self.cache_write)),
            reasoning=None if self.reasoning is None else Rate(per_token(self.reasoning)),
        )

    def priced(self) -> Priced:
        """Return the same as what a price table would say."""
        return Priced(self.rates(), "user", self.currency)


def _written(field: str, value: Amount) -> Decimal:
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or price < 0:
        raise ValueError(f"price.{field}: {value!r} is not a price; write an amount per million tokens, 0 or more")
    return price


def per_token(per_million: Decimal) -> Decimal:
    """Return the exact price of one token."""
    return _EXACT.multiply(per_million, _PER_TOKEN)


def amount(rates: Rates, usage: Usage) -> Decimal | None:
    """Return what the usage costs; None when a count or a price is unknown, or when the counts contradict each other."""
    whole, answer = usage.input, usage.output
    if whole is None or answer is None or whole < 0 or answer < 0:
        return None
    read, write, thought = usage.cache_read or 0, usage.cache_write or 0, usage.reasoning or 0
    if read < 0 or write < 0 or thought < 0 or read + write > whole or thought > answer:
        return None
    total = rates.request
    for rate, tokens, parts in (
        (rates.input, whole, ((rates.cache_read, read), (rates.cache_write, write))),
        (rates.output, answer, ((rates.reasoning, thought),)),
    ):
        rest = tokens
        for own, part in parts:
            if part and own is not None:
                total = _EXACT.fma(own.at(whole), Decimal(part), total)
                rest -= part
        if rest:
            if rate is None:
                return None
            total = _EXACT.fma(rate.at(whole), Decimal(rest), total)
    return total if total.is_finite() and total >= 0 else None
