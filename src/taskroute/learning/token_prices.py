"""Costs of answers of which the data tells the tokens alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from taskroute.learning.rows import Labels
from taskroute.types import Cost, Usage

Price = Callable[[str, int | None, int | None], float | None]
"""Gives the price of an answer by model, input and output tokens; None where none is known."""


def price_by(cost: Callable[[str, Usage], Cost | None]) -> Price:
    """Return the prices that a router, or whatever else prices usage, would give."""

    def price(model: str, read: int | None, written: int | None) -> float | None:
        found = cost(model, Usage(read, written))
        return None if found is None else float(found.amount)

    return price


def with_prices(labels: Labels, price: Price) -> Labels:
    """Return the same scores; a cost that is not known is the price of its tokens, where that is."""
    costs = labels.costs.copy()
    for row, place in np.argwhere(np.isnan(costs)).tolist():
        read, written = _count(float(labels.input_tokens[row])), _count(float(labels.output_tokens[row, place]))
        if read is None or written is None:
            continue
        found = price(labels.models[place], read, written)
        if found is not None:
            costs[row, place] = found
    return labels._replace(costs=costs)


def _count(value: float) -> int | None:
    return None if np.isnan(value) else round(value)
