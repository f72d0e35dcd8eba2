"""Where a prompt lies among those that were scored: a point for its words and for what it looks like."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.learned.surface import Floats, surface
from taskroute.learned.word_table import WordTable

FARTHEST: Final = 3.0
"""Standard deviations: what looks stranger than that counts as if it were that strange."""


class Scale(NamedTuple):
    """Turns what a text looks like into numbers that are comparable: normal scores, read off between knots.

    Both arrays have a row for each number of `surface` and a column for each knot; the knots of a row rise or stay.
    """

    knots: Floats
    values: Floats

    def __call__(self, looks: Floats) -> Floats:
        """Return the normal scores of one text."""
        at = np.clip((self.knots <= looks[:, None]).sum(axis=1), 1, self.knots.shape[1] - 1)
        rows = np.arange(len(looks))
        low, high = self.knots[rows, at - 1], self.knots[rows, at]
        share = np.clip((looks - low) / np.maximum(high - low, 1e-9), 0.0, 1.0)
        before = self.values[rows, at - 1]
        return np.asarray(before + share * (self.values[rows, at] - before), dtype=np.float32)


class Place(NamedTuple):
    """Where one prompt lies."""

    point: Floats
    familiar: float
    """From 0, where none of its words was learned from, to 1, where as many were as is usual."""


class PromptSpace:
    """Maps a text to a point. `table` holds the directions of the words; what a text looks like weighs `looks`, its words `words`.

    `usual` is the known share of a text's words, from 0 to 1, from which it counts as wholly familiar.
    """

    def __init__(self, table: WordTable, scale: Scale, *, looks: float, words: float, usual: float) -> None:
        self.table = table
        self.scale = scale
        self.looks = looks
        self.words = words
        self.usual = usual
        self._looks = np.float32(looks / len(scale.knots) ** 0.5)

    @property
    def width(self) -> int:
        """How many numbers a point has."""
        return len(self.scale.knots) + int(self.table.weights.shape[1])

    def place(self, text: str) -> Place:
        """Return where a text lies; its words count for nothing where none is known."""
        read = self.table.read(text)
        familiar = min(read.known / self.usual, 1.0) if self.usual > 0 else 1.0
        return Place(self.joined(self.scale(surface(text)), read.scores), familiar)

    def joined(self, looks: NDArray[Any], meaning: NDArray[Any]) -> Floats:
        """Return the points for normal scores and directions, of one text or of one a row."""
        lengths = np.sqrt((meaning * meaning).sum(axis=-1, keepdims=True))
        return np.concatenate((looks * self._looks, meaning * (self.words / np.maximum(lengths, 1e-6))), axis=-1, dtype=np.float32)
