"""Makes scores fit for a comparison: prompts that every model was scored on, and a cost of every answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from taskroute.errors import DataError
from taskroute.learning.rows import Floats, Labels

Price = Callable[[str, int | None, int | None], float | None]
"""Gives the price of an answer by model, input and output tokens; None where none is known."""


class Comparable(NamedTuple):
    """Scores without gaps."""

    labels: Labels
    costs: Floats
    notes: tuple[str, ...]
    """What was left out or filled in, a sentence each."""


def comparable(labels: Labels, price: Price, where: str) -> Comparable:
    """Return the prompts that every model was scored on, with the cost of every answer.

    A cost that the data does not have is the price of its tokens, or the model's mean where these are not known either. Raises DataError
    where no prompt has all scores, and for a model of which no cost is known at all.
    """
    kept, notes = labels.take(np.flatnonzero(np.isfinite(labels.scores).all(axis=1))), list[str]()
    if not kept.size:
        fewest = labels.models[int((~np.isnan(labels.scores)).sum(axis=0).argmin())]
        raise DataError(where, f"no question has a score of every model; the fewest are of {fewest!r}: add them, or leave that model out")
    if kept.size < labels.size:
        notes.append(f"{labels.size - kept.size} of {labels.size} questions were left out, because a model was not scored on them")
    priced = _priced(kept, price)
    lacking = np.isnan(priced)
    unknown = [kept.models[place] for place in np.flatnonzero(lacking.sum(axis=0) == kept.size).tolist()]
    if unknown:
        cure = "add 'cost', or tokens and a 'price' in the policy"
        raise DataError(where, f"no cost is known of {', '.join(map(repr, unknown))}; {cure}")
    if lacking.any():
        notes.append(f"{int(lacking.sum())} costs are not known, and taken to be the mean of their model")
    means = np.nanmean(priced, axis=0)
    return Comparable(kept, np.where(lacking, means[None, :], priced), tuple(notes))


def _priced(labels: Labels, price: Price) -> Floats:
    """Return the costs, those that are not known by their tokens."""
    costs = labels.costs.copy()
    for row, place in np.argwhere(np.isnan(costs)).tolist():
        read, written = _count(float(labels.input_tokens[row])), _count(float(labels.output_tokens[row, place]))
        if read is None or written is None:
            continue
        found = price(labels.models[place], read, written)
        if found is not None:
            costs[row, place] = found
    return costs


def _count(value: float) -> int | None:
    return None if np.isnan(value) else round(value)
