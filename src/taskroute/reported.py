"""What a provider, or a gateway in front of it, says itself that an answer cost. Anything that is no amount is None."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, cast

from taskroute.types import EXACT, Cost

COST_HEADER: Final = "x-litellm-response-cost"
"""Where a gateway of LiteLLM's writes it."""
_SOURCE: Final = "provider"
_TICKS: Final = "cost_in_usd_ticks"
"""xAI's word, of which 10,000,000,000 are a dollar."""
_TICK: Final = -10
_TOO_MUCH: Final = Decimal("1e15")
"""No bill comes to that: it is some other number."""
_DIGITS: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,40})?([eE][-+]?[0-9]{1,2})?")


def reported_in(usage: Any) -> Cost | None:
    """Return the cost that a usage names: OpenRouter's and others' `cost`, Perplexity's `cost.total_cost`, xAI's ticks."""
    ticks = _field(usage, _TICKS)
    if type(ticks) is int and ticks >= 0:
        return _cost(amount_of(EXACT.scaleb(Decimal(ticks), _TICK)))
    given = _field(usage, "cost")
    if given is None:
        return None
    if isinstance(given, Mapping):
        return _cost(amount_of(_field(given, "total_cost")))
    return _cost(_with_own_key(amount_of(given), usage))


def reported_header(value: Any) -> Cost | None:
    """Return the cost in a header of a gateway's. A 0 is None: LiteLLM's gateway says 0 for a model whose price it does not know."""
    if not isinstance(value, str) or not _DIGITS.fullmatch(value.strip()):
        return None
    return _cost(amount_of(Decimal(value.strip())) or None)


def amount_of(value: Any) -> Decimal | None:
    """Return an amount by its shortest digits, which are those that were sent; None for what is none: text, NaN, what is below 0 or beyond
    reason."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    amount = Decimal(value if isinstance(value, int) else str(value))
    return amount if amount.is_finite() and 0 <= amount < _TOO_MUCH else None


def _with_own_key(charged: Decimal | None, usage: Any) -> Decimal | None:
    """Return the whole cost of an answer of OpenRouter's: on the caller's own key at a provider, its `cost` is a fee beside theirs."""
    upstream, own_key = amount_of(_field(_field(usage, "cost_details"), "upstream_inference_cost")), _field(usage, "is_byok")
    if charged is None or own_key is False:
        return charged
    if own_key is True:
        return None if upstream is None else EXACT.add(charged, upstream)
    # Where a client leaves out whose key it was, only a provider that is paid more than OpenRouter shows it.
    return None if upstream is not None and upstream > charged else charged


def _cost(amount: Decimal | None) -> Cost | None:
    return None if amount is None else Cost(amount, _SOURCE)


def _field(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value).get(name)
    return getattr(value, name, None)
