"""Learns to tell prompts of known tasks from those of tasks that nothing was learned of, from tasks that are held back."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.learned.calibrating import logistic
from taskroute.learned.familiar import TRAITS, Familiar, traits
from taskroute.learned.surface import surface
from taskroute.learning.folds import Fold, Rows
from taskroute.learning.rows import Floats
from taskroute.learning.task_scores import fit_task_scores, scored
from taskroute.learning.text_features import read_texts

_BLOCK: Final = 512
_DRAWN: Final = 3.0
"""Weights are drawn towards none, by so much a weight squared, for traits of variance 1."""
_LEAST_SPREAD: Final = 0.05
_USUAL: Final = 2.0
"""Where no task could be held back: the score of a prompt in the midst of the others."""


class Seen(NamedTuple):
    """All prompts as those see them that a fold learns from: their words, looks and tasks, and no others, lay out the space."""

    fold: Fold
    looks: NDArray[np.float32]
    meaning: NDArray[np.float32]
    hinted: NDArray[np.float32]
    """Linear scores of the tasks; a line for each row that is held back."""

    def traits(self, landmarks: Rows, *, directions: int) -> Floats:
        """Return the traits of what is held back, beside those landmarks that were learned from."""
        known = np.intersect1d(landmarks, self.fold.train)
        of_words, of_looks = _long_as_one(self.meaning[:, :directions]), self.looks / self.looks.shape[1] ** 0.5
        squares = (of_looks * of_looks).sum(axis=1)
        found = np.empty((len(self.fold.test), TRAITS))
        for start in range(0, len(found), _BLOCK):
            rows = self.fold.test[start : start + _BLOCK]
            apart = squares[rows][:, None] + squares[known] - 2 * of_looks[rows] @ of_looks[known].T
            cosines = of_words[rows] @ of_words[known].T
            found[start : start + _BLOCK] = traits(cosines, np.maximum(apart, 0), self.hinted[start : start + _BLOCK])
        return found


def seen_by(prompts: list[str], fold: Fold, of_task: NDArray[np.float32], *, directions: int, seed: int) -> Seen:
    """Return the prompts as those of `fold.train` see them."""
    train: list[int] = fold.train.tolist()
    test: list[int] = fold.test.tolist()
    texts = read_texts([prompts[row] for row in train], directions=directions, seed=seed)
    looks = np.empty((len(prompts), texts.looks.shape[1]), dtype=np.float32)
    meaning = np.empty((len(prompts), texts.meaning.shape[1]), dtype=np.float32)
    looks[fold.train], meaning[fold.train] = texts.looks, texts.meaning
    for row in test:
        looks[row], meaning[row] = texts.scale(surface(prompts[row])), texts.table.read(prompts[row]).scores
    scores = fit_task_scores(texts.looks, texts.meaning, of_task[fold.train])
    return Seen(fold, looks, meaning, scored(scores, looks[fold.test], meaning[fold.test]))


def _long_as_one(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    return np.asarray(rows / np.maximum(lengths, 1e-6), dtype=np.float32)


def fit_familiar(usual: Floats, strange: Floats | None) -> Familiar:
    """Return what tells the usual prompts from strange ones, each kind counting alike; with no strange ones, what is near the others."""
    both = usual if strange is None else np.concatenate((usual, strange))
    middle, spread = both.mean(axis=0), np.maximum(both.std(axis=0), _LEAST_SPREAD)
    if strange is None:
        weights = np.array([0.0, 0.0, 0.0, 1.0, 1.0]) / np.maximum(spread, 1.0)
        return Familiar(weights, _USUAL - float(middle @ weights))
    is_usual = np.repeat((1.0, 0.0), (len(usual), len(strange)))
    counts = np.repeat((0.5 / len(usual), 0.5 / len(strange)), (len(usual), len(strange))) * len(both)
    start, *slopes = logistic((both - middle) / spread, is_usual, counts, drawn=_DRAWN)
    weights = np.array(slopes) / spread
    return Familiar(weights, float(start - middle @ weights))
