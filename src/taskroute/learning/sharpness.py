"""How sharply shares of tasks part the likely from the unlikely, so that a task that is told for 0.8 is the right one in eight of ten."""

from __future__ import annotations

from typing import Final

import numpy as np

from taskroute.learned.predictor import sharpened
from taskroute.learning.folds import Rows
from taskroute.learning.rows import Floats

_POWERS: Final = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0)
_FEWEST: Final = 20
"""Prompts: with fewer, any power is chance."""
_ANY: Final = 0.01
"""What is left to a task that none of the prompts hints at."""


def sharpness_of(shares: Floats, numbers: Rows) -> float:
    """Return the power of the shares with the least log loss on prompts that were held back.

    `shares` have a row for each prompt and a column for each task, `numbers` the place of each prompt's own task, -1 where it is not known.
    """
    known = numbers >= 0
    tasks = shares.shape[1]
    if known.sum() < _FEWEST or tasks < 2:
        return 1.0
    told, right = shares[known], numbers[known]

    def loss(power: float) -> float:
        own = sharpened(told, power)[np.arange(len(right)), right]
        return -float(np.log((1 - _ANY) * own + _ANY / tasks).mean())

    return min(_POWERS, key=loss)
