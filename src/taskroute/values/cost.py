"""What an answer took, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Final, NamedTuple, cast


class Usage(NamedTuple):
    """Tokens of one answer. None means that the provider did not say.

    `cache_read`, `cache_write` and `input_audio` are parts of `input`; `reasoning` and `output_audio` are parts of `output`;
    `cache_write_1h` is a part of `cache_write`.
    """

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None
    cache_write_1h: int | None = None
    """Written to a cache that keeps it for an hour, which costs more."""
    input_audio: int | None = None
    output_audio: int | None = None


class CostParts(NamedTuple):
    """What an amount is made of. None where that is not known."""

    input: Decimal | None = None
    """For all input, cached or not."""
    output: Decimal | None = None
    """For all output, thought or said."""
    cache_read: Decimal | None = None
    """Of `input`: for what was read from the provider's cache."""
    cache_write: Decimal | None = None
    """Of `input`: for what was written there."""
    reasoning: Decimal | None = None
    """Of `output`: for what was thought."""
    request: Decimal | None = None
    """The fee for each request."""


class Cost(NamedTuple):
    """The price of an answer. `amount` is in `currency`, exact."""

    amount: Decimal
    source: str
    """Where the price came from, with its version: `user`, `provider`, `genai-prices@0.2.3`…"""
    currency: str = "USD"
    parts: CostParts | None = None
    """None where only the whole is known."""


ESTIMATED: Final = ", estimated"
"""Ends the source of a cost that is one."""
UNPAID: Final = Cost(Decimal(0), "cache")
"""Of an answer that a cache of the host's own gave."""


EXACT: Final = Context(prec=80, traps=[])
"""For sums of amounts: an application may lower the precision of the global context, and none of its traps may fail a call."""


def total_cost(costs: Sequence[Cost | None]) -> Cost | None:
    """Return the sum; None when one of them is unknown, when there is none, or when currencies are mixed.

    The parts are those of a single cost; of several, only the sum is known. It is an estimate where one of them is.
    """
    if not costs or any(cost is None for cost in costs):
        return None
    known = cast("Sequence[Cost]", costs)
    if len(known) == 1:
        return known[0]
    if len({cost.currency for cost in known}) > 1:
        return None
    total = Decimal(0)
    for cost in known:
        total = EXACT.add(total, cost.amount)
    source = known[-1].source
    if not source.endswith(ESTIMATED) and any(cost.source.endswith(ESTIMATED) for cost in known):
        source += ESTIMATED
    return Cost(amount=total, source=source, currency=known[-1].currency)
