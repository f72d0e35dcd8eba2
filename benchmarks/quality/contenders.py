"""What is compared: anything that tells, from the rows that it may learn from, how well each model will do on those that are held back."""

from __future__ import annotations

from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.packs import Pack
from taskroute.learning.folds import Fold
from taskroute.learning.rows import Labels

Floats = NDArray[np.float64]
Tags = Literal["given", "predicted", "none"]
"""Whether a held-back prompt comes with its task, the task is told from its text, or no task is known at all."""


class Who(NamedTuple):
    """What a contender is called in the tables."""

    name: str
    tags: Tags = "none"
    ours: bool = False


class Contender(Protocol):
    """A way to route."""

    @property
    def who(self) -> Who: ...
    @property
    def slow(self) -> bool:
        """Whether it takes so long that it gets a few repeats where others get twenty."""
        ...

    def predict(self, labels: Labels, fold: Fold, *, seed: int) -> Floats:
        """Return the quality to expect of each model on each held-back row, shape (held back, models). Only `fold.train` may be learned
        from."""
        ...


def expected_costs(pack: Pack, fold: Fold) -> Floats:
    """Return what each model is expected to cost on each held-back row: its prompt's own tokens, and the tokens that the model wrote on
    average in the rows that were learned from. Where a pack has no prices, the cost is what it says."""
    table = pack.labels
    if np.isnan(pack.input_prices).any():
        return table.costs[fold.test]
    written = np.nanmean(table.output_tokens[fold.train], axis=0)
    return table.input_tokens[fold.test][:, None] * pack.input_prices + written * pack.output_prices


def gaps_filled(scores: Floats) -> Floats:
    """Return the scores with the model's mean where there is none."""
    return np.where(np.isnan(scores), np.nanmean(scores, axis=0), scores)


def untold(labels: Labels) -> Labels:
    """Return the rows without their tasks."""
    return labels._replace(tasks=(None,) * labels.size)
