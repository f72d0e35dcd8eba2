"""What is expected of a model before anybody has scored it: a little from its price, a little from the strengths that the user names.

It is worth `LABELS` scores and no more. Ten times the list price went with 0.13 more mean score among twelve models on MMLU-Pro, and with
0.04 among nine on LLMRouter's mixture; about that line the models spread by 0.11 and 0.18, so that a price says little.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

MEAN: Final = 0.6
"""Expected of a model of which nothing is known at all."""
PER_TENFOLD_PRICE: Final = 0.06
"""What ten times the price of the pool's middle adds."""
MOST_FROM_PRICE: Final = 0.1
STRENGTH: Final = 0.05
"""What a strength adds for the task, or the tasks of the group, or the stage that it names."""
LABELS: Final = 4.0
"""Scores that a prior is worth."""


class Prior(NamedTuple):
    """What is expected of one model without scores, from 0 to 1, and where it is said to be strong."""

    mean: float = MEAN
    strengths: frozenset[str] = frozenset()
    """Tasks, groups of tasks, and stages."""

    def bonus(self, *places: str | None) -> float:
        """Return what its strengths add for a task, with its group, or for a stage."""
        return STRENGTH if any(place in self.strengths for place in places) else 0.0


NO_PRIOR: Final = Prior()


def priors(strengths: Mapping[str, Collection[str]], prices: Mapping[str, float | None]) -> dict[str, Prior]:
    """Return what is expected of each model of `strengths`, before any score.

    `prices` tells the price of a model in any unit that is the same for all; None, or none at all, where it is unknown: such a model is
    taken for one of the pool's middle, and so is one that costs nothing, because self-hosted models of every size do.
    """
    logs = {name: math.log10(price) for name in strengths if (price := prices.get(name)) is not None and 0 < price < math.inf}
    middle = sum(logs.values()) / len(logs) if logs else 0.0
    found: dict[str, Prior] = {}
    for name, strong in strengths.items():
        shift = PER_TENFOLD_PRICE * (logs.get(name, middle) - middle)
        mean = MEAN + min(MOST_FROM_PRICE, max(-MOST_FROM_PRICE, shift))
        found[name] = Prior(mean=mean, strengths=frozenset(strong))
    return found
