"""Makes scores fit for a comparison: prompts that every model was scored on, and a cost of every answer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from taskroute.errors import DataError
from taskroute.learning.rows import Floats, Labels
from taskroute.learning.token_prices import Price, with_prices


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
    priced = with_prices(kept, price).costs
    lacking = np.isnan(priced)
    unknown = [kept.models[place] for place in np.flatnonzero(lacking.sum(axis=0) == kept.size).tolist()]
    if unknown:
        cure = "add 'cost', or tokens and a 'price' in the policy"
        raise DataError(where, f"no cost is known of {', '.join(map(repr, unknown))}; {cure}")
    if lacking.any():
        notes.append(f"{int(lacking.sum())} costs are not known, and taken to be the mean of their model")
    means = np.nanmean(priced, axis=0)
    return Comparable(kept, np.where(lacking, means[None, :], priced), tuple(notes))
