"""Learns where prompts lie: the directions of their words, and how what they look like is spread."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np

from taskroute.learned.counted import counted, weighted
from taskroute.learned.prompt_space import FARTHEST, Hints, PromptSpace, Scale, Weights
from taskroute.learned.surface import Floats, surface
from taskroute.learned.word_table import WordTable, least_length
from taskroute.learned.words import Reading
from taskroute.learning.sparse import Sparse
from taskroute.learning.task_scores import TaskScores

_READING: Final = Reading(longest=0, pairs=False, share=0.0)
"""Words alone. Pairs and pieces of words were measured, too, and told no more; most pairs of a prompt are new to any cache."""
_MOST_PIECES: Final = 30_000
_KNOTS: Final = 17
_NORMAL: Final = NormalDist()
_FAMILIAR: Final = 0.1
"""The share of texts with fewer known words than is usual."""
_FEWEST_TEXTS: Final = 2
"""Texts that a word must stand in to count."""


class Texts(NamedTuple):
    """Prompts as numbers, one a row, before they are weighed against each other."""

    table: WordTable
    """Its columns are the directions of `meaning`."""
    scale: Scale
    looks: Floats
    meaning: Floats
    usual: float
    """The known share of a text's words from which it counts as familiar."""

    def space(self, hints: TaskScores, weights: Weights, *, directions: int) -> PromptSpace:
        """Return a space in which so many of the directions count, and the hints at tasks."""
        axes = np.column_stack((self.table.weights[:, :directions], self.table.weights @ hints.by_meaning)).astype(np.float32)
        table = WordTable(self.table.reading, self.table.ids, self.table.rarity, axes, unseen=self.table.unseen)
        return PromptSpace(table, self.scale, Hints(hints.by_looks, hints.start), weights, usual=self.usual)


def read_texts(texts: Sequence[str], *, directions: int = 300, seed: int = 0) -> Texts:
    """Return the texts as numbers, with what turns others into numbers alike. There must be at least one."""
    looks = np.array([surface(text) for text in texts])
    scale = _scale(looks)
    table, meaning, usual = _words(texts, directions, seed)
    return Texts(table, scale, np.array([scale(row) for row in looks], dtype=np.float32), meaning, usual)


def _scale(looks: Floats) -> Scale:
    """Return knots at even shares of the texts, each worth the normal score of the middle of its ties."""
    size, width = looks.shape
    ordered = np.sort(looks, axis=0)
    knots = ordered[(np.arange(_KNOTS) * (size - 1) + (_KNOTS - 1) // 2) // (_KNOTS - 1)].T
    values = np.empty_like(knots)
    for at in range(width):
        column = ordered[:, at, None]
        middles = ((column < knots[at]).sum(axis=0) + (column <= knots[at]).sum(axis=0) + 1) / (2 * size + 2)
        values[at] = [_NORMAL.inv_cdf(float(middle)) for middle in middles]
        seen = np.interp(ordered[:, at], *_rising(knots[at], values[at]))
        spread = seen.std()
        values[at] = np.clip((values[at] - seen.mean()) / spread, -FARTHEST, FARTHEST) if spread > 1e-6 else 0.0
    return Scale(np.ascontiguousarray(knots), values)


def _rising(knots: Floats, values: Floats) -> tuple[Floats, Floats]:
    distinct, first = np.unique(knots, return_index=True)
    return distinct, values[first]


def _words(texts: Sequence[str], directions: int, seed: int) -> tuple[WordTable, Floats, float]:
    found = counted(texts, _READING)
    often = found.found_in()
    kept = np.flatnonzero(often >= _FEWEST_TEXTS)
    if len(kept) > _MOST_PIECES:
        kept = np.sort(kept[np.argsort(-often[kept], kind="stable")[:_MOST_PIECES]])
    rarity = (np.log((1 + found.size) / (1 + often)) + 1).astype(np.float32)
    unseen = float(rarity.max(initial=1.0))
    rows = weighted(found, rarity, least=least_length(_READING, unseen))
    matrix = Sparse(rows.rows, rows.columns, rows.values, size=rows.size, width=rows.width).columns(kept)
    axes = _directions(matrix, min(directions, max(1, len(texts) // 4)), seed)
    table = WordTable(_READING, found.ids[kept], rarity[kept], axes, unseen=unseen)
    # A text's own words are known because it was counted: what counts is those that would be known without it.
    without_it = np.zeros(len(often), dtype=np.bool_)
    without_it[kept] = often[kept] > _FEWEST_TEXTS
    known = np.bincount(rows.rows, weights=without_it[rows.columns] * rows.values**2, minlength=rows.size)
    return table, matrix.times(axes), float(np.quantile(known, _FAMILIAR))


def _directions(matrix: Sparse, count: int, seed: int) -> Floats:
    """Return the main directions of the rows, one a column: a randomised singular value decomposition."""
    if matrix.width <= count:
        return np.eye(matrix.width, count, dtype=np.float32)
    drawn = np.random.default_rng(seed).standard_normal((matrix.width, min(count + 20, matrix.width, matrix.size))).astype(np.float32)
    basis = np.linalg.qr(matrix.times(drawn))[0]
    for _ in range(2):
        basis = np.linalg.qr(matrix.times(matrix.turned_times(basis)))[0]
    seen = matrix.turned_times(basis)
    values, vectors = np.linalg.eigh((seen.T @ seen).astype(np.float64))
    largest = np.argsort(-values)[:count]
    axes = seen @ (vectors[:, largest] / np.sqrt(np.maximum(values[largest], 1e-9))).astype(np.float32)
    return np.ascontiguousarray(axes, dtype=np.float32)
