"""Prices as frozen numbers, whoever they come from, in one form that is quick to multiply."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple, TypeGuard

from taskroute.types import EXACT, Cost, CostParts, Usage

_PER_TOKEN: Final = Decimal("0.000001")
ZERO: Final = Decimal(0)


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
    cache_write_1h: Rate | None = None
    """Without its own price, it costs what `cache_write` costs."""
    input_audio: Rate | None = None
    output_audio: Rate | None = None


class Priced(NamedTuple):
    """What a model costs, and who says so."""

    rates: Rates
    source: str
    """`user`, or the price table with its version."""
    currency: str = "USD"


_NO_PARTS: Final = Usage()[2:]
_Share = tuple[Rate | None, int]
"""Tokens that are a part of a whole, and their own price."""


def per_token(per_million: Decimal) -> Decimal:
    """Return the exact price of one token."""
    return EXACT.multiply(per_million, _PER_TOKEN)


def amount(rates: Rates, usage: Usage) -> Decimal | None:
    """Return what the usage costs; None when a count or a price is unknown, or when the counts contradict each other."""
    found = _sides(rates, usage)
    return None if found is None else _total(rates.request, *found)


def cost_of(priced: Priced, usage: Usage) -> Cost | None:
    """Return what the usage costs with all its parts; None as for `amount`."""
    rates = priced.rates
    found = _sides(rates, usage)
    price = None if found is None else _total(rates.request, *found)
    if found is None or price is None:
        return None
    read, write, thought = usage.cache_read, usage.cache_write, usage.reasoning
    size, long = usage.input or 0, usage.cache_write_1h or 0
    parts = CostParts(
        input=found[0],
        output=found[1],
        cache_read=None if read is None else _charged(((rates.cache_read or rates.input, read),), size),
        cache_write=None
        if write is None
        else _charged(_written(rates.cache_write or rates.input, rates.cache_write_1h, write, long), size),
        reasoning=None if thought is None else _charged(((rates.reasoning or rates.output, thought),), size),
        request=rates.request,
    )
    return Cost(price, priced.source, priced.currency, parts)


def is_sound(cost: object) -> TypeGuard[Cost]:
    """Return whether this is a cost that can be added to others: code of the user's own may give anything."""
    price: object = cost.amount if isinstance(cost, Cost) else None
    return isinstance(price, Decimal) and price.is_finite() and price >= 0


def _sides(rates: Rates, usage: Usage) -> tuple[Decimal, Decimal] | None:
    """Return what the input costs, and the output."""
    whole, answer = usage.input, usage.output
    if whole is None or answer is None:
        return None
    if usage[2:] == _NO_PARTS and whole >= 0 and answer >= 0:
        # As decisions ask, for each model that they compare.
        taken, gave = _side(rates.input, whole, (), whole), _side(rates.output, answer, (), whole)
        return None if taken is None or gave is None else (taken, gave)
    read, write, long, heard = usage.cache_read or 0, usage.cache_write or 0, usage.cache_write_1h or 0, usage.input_audio or 0
    thought, spoken = usage.reasoning or 0, usage.output_audio or 0
    if min(whole, answer, read, write, long, heard, thought, spoken) < 0 or long > write:
        return None
    if read + write > whole or heard > whole or thought > answer or spoken > answer:
        return None
    given: tuple[_Share, ...] = (
        (rates.cache_read, read),
        (rates.input_audio, heard),
        *_written(rates.cache_write, rates.cache_write_1h, write, long),
    )
    taken = _side(rates.input, whole, given, whole)
    gave = _side(rates.output, answer, ((rates.reasoning, thought), (rates.output_audio, spoken)), whole)
    return None if taken is None or gave is None else (taken, gave)


def _written(rate: Rate | None, for_long: Rate | None, write: int, long: int) -> tuple[_Share, ...]:
    return (rate, write - long), (for_long or rate, long)


def _side(rate: Rate | None, tokens: int, shares: tuple[_Share, ...], size: int) -> Decimal | None:
    """Return what one side costs: each share at its own price, the rest at that of the whole."""
    total, rest = ZERO, tokens
    for own, part in shares:
        if part and own is not None:
            total = EXACT.fma(own.at(size), Decimal(part), total)
            rest -= part
    # Nobody says how much of what was heard was cached, so shares that overlap cannot be told apart.
    if rest < 0 or (rest and rate is None):
        return None
    if rest and rate is not None:
        total = EXACT.fma(rate.at(size), Decimal(rest), total)
    return total


def _charged(shares: tuple[_Share, ...], size: int) -> Decimal:
    total = ZERO
    for rate, part in shares:
        if part and rate is not None:
            total = EXACT.fma(rate.at(size), Decimal(part), total)
    return total


def _total(request: Decimal, taken: Decimal, gave: Decimal) -> Decimal | None:
    total = EXACT.add(EXACT.add(request, taken), gave)
    return total if total.is_finite() and total >= 0 else None
