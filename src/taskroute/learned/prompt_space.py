"""Where a prompt lies among those that were scored: a point for what it looks like, its words, and the tasks that they hint at."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.learned.surface import Floats, surface
from taskroute.learned.word_table import WordTable

FARTHEST: Final = 3.0
"""Standard deviations: what looks stranger than that counts as if it were that strange."""
_LEAST_SUM: Final = 0.3
"""Hints that come to less than this are not made larger."""


class Scale(NamedTuple):
    """Turns what a text looks like into numbers that are comparable: normal scores, read off between knots.

    Both arrays have a row for each number of `surface` and a column for each knot; the knots of a row rise or stay.
    """

    knots: Floats
    values: Floats

    def __call__(self, looks: Floats) -> Floats:
        """Return the normal scores of one text."""
        below: NDArray[np.intp] = np.asarray(np.add.reduce(self.knots <= looks[:, None], axis=1, dtype=np.intp))
        within: NDArray[np.intp] = np.minimum(np.maximum(below, 1), self.knots.shape[1] - 1)
        at: NDArray[np.intp] = within + np.arange(0, self.knots.size, self.knots.shape[1], dtype=np.intp)
        low, before = self.knots.take(at - 1), self.values.take(at - 1)
        share = (looks - low) / np.maximum(self.knots.take(at) - low, 1e-9)
        share = np.minimum(np.maximum(share, 0.0), 1.0)
        return np.asarray(before + share * (self.values.take(at) - before), dtype=np.float32)


class Hints(NamedTuple):
    """What the looks of a text say of its task, beside its words; `k` tasks."""

    by_looks: Floats
    """Shape (`surface.WIDTH`, k)."""
    start: Floats
    """Shape (k,): what is said of each before the text is looked at."""


class Weights(NamedTuple):
    """What each part of a point weighs: how far apart two prompts are that differ in nothing else."""

    looks: float
    words: float
    tasks: float


class Place(NamedTuple):
    """Where one prompt lies."""

    point: Floats
    hinted: NDArray[Any]
    """Linear scores of the tasks."""
    familiar: float
    """From 0, where none of its words was learned from, to 1, where as many were as is usual."""


class PromptSpace:
    """Maps a text to a point. `table` has a column for each direction of the words, then one for each task of `hints`.

    `usual` is the known share of a text's words, from 0 to 1, from which it counts as wholly familiar.
    """

    def __init__(self, table: WordTable, scale: Scale, hints: Hints, weights: Weights, *, usual: float) -> None:
        tasks, columns = len(hints.start), int(table.weights.shape[1])
        if tasks > columns or hints.by_looks.shape != (len(scale.knots), tasks):
            raise ValueError(f"{columns} columns of words hold no hints at {tasks} tasks, which have the shape {hints.by_looks.shape}")
        self.table = table
        self.scale = scale
        self.hints = hints
        self.weights = weights
        self.usual = usual
        self._directions = columns - tasks

    @property
    def parts(self) -> tuple[int, int]:
        """Where in a point the words begin, and where the hints do."""
        return len(self.scale.knots), len(self.scale.knots) + self._directions

    @property
    def width(self) -> int:
        """How many numbers a point has."""
        return len(self.scale.knots) + int(self.table.weights.shape[1])

    def place(self, text: str) -> Place:
        """Return where a text lies; its words count for nothing where none is known."""
        read = self.table.read(text)
        familiar = min(read.known / self.usual, 1.0) if self.usual > 0 else 1.0
        looks = self.scale(surface(text))
        hinted = read.scores[self._directions :] + looks @ self.hints.by_looks + self.hints.start
        return Place(joined(looks, read.scores[: self._directions], hints_of(hinted), self.weights), hinted, familiar)


def joined(looks: NDArray[Any], meaning: NDArray[Any], hinted: NDArray[Any], weights: Weights) -> Floats:
    """Return the points for normal scores, directions and hints, of one text or of one a row."""
    lengths = np.sqrt(np.add.reduce(meaning * meaning, axis=-1, keepdims=True))
    words = meaning * (np.float32(weights.words) / np.maximum(lengths, 1e-6))
    parts = (looks * np.float32(weights.looks / looks.shape[-1] ** 0.5), words, hinted * np.float32(weights.tasks))
    return np.concatenate(parts, axis=-1, dtype=np.float32)


def hints_of(scores: NDArray[Any]) -> NDArray[Any]:
    """Return shares of the tasks, 0 or more and together 1 at most, for linear scores of one text or of one a row."""
    above = np.maximum(scores, 0.0)
    return np.asarray(above / np.maximum(np.add.reduce(above, axis=-1, keepdims=True), _LEAST_SUM))
