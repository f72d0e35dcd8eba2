"""How like a prompt is to those that were scored: by its words, its looks, and how clearly they hint at one of the known tasks."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]

TRAITS: Final = 5
_WORDS: Final = 15.0
_LOOKS: Final = 8.0
"""How fast what known prompts count falls: with the cosine of the words, and with the squared distance of the looks."""
_LEAST: Final = 1e-9
_MOST: Final = 30.0


class Familiar(NamedTuple):
    """Weighs the traits of a prompt."""

    weights: Numbers
    """Shape (TRAITS,)."""
    start: float

    def __call__(self, traits: Numbers) -> Numbers:
        """Return for each row of traits how like it is: 0 for nothing that was scored, 1 for what was."""
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(traits @ self.weights + self.start, -_MOST, _MOST))))


def traits(cosines: Numbers, squares: Numbers, hinted: Numbers) -> Numbers:
    """Return the traits of prompts, of shape (n, TRAITS).

    `cosines` of their words and squared distances of their looks are to known prompts, of shape (n, known); `hinted` are linear scores of
    the known tasks, of shape (n, k).
    """
    found = np.zeros((len(cosines), TRAITS))
    if hinted.shape[1]:
        ordered = np.sort(hinted, axis=1)
        found[:, 0] = ordered[:, -1]
        found[:, 1] = ordered[:, -1] - (ordered[:, -2] if ordered.shape[1] > 1 else 0.0)
        found[:, 2] = np.maximum(hinted, 0).sum(axis=1)
    found[:, 3] = np.log(np.exp(_WORDS * (cosines - 1)).mean(axis=1) + _LEAST)
    found[:, 4] = np.log(np.exp(-_LOOKS * squares).mean(axis=1) + _LEAST)
    return found
