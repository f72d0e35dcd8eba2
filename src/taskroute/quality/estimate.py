"""What is expected of a model's answer, and how sure that is."""

from __future__ import annotations

from typing import Literal, NamedTuple

Source = Literal["task", "stage", "group", "model", "prior"]
"""The narrowest set of scores that an estimate stands on; `prior` where there are none."""


class Estimate(NamedTuple):
    """The quality to expect of a model, from 0 to 1, with an interval."""

    mean: float
    low: float
    """Lower end of the interval, at the confidence that the table was asked with."""
    high: float
    labels: int
    """Scores of this model for this task or stage; 0 where it was never scored on it."""
    source: Source


class Tokens(NamedTuple):
    """Tokens to expect of one call. None where nobody counted them."""

    input: float | None = None
    output: float | None = None


NO_TOKENS = Tokens()
