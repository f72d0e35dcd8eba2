"""The baselines, each fitted on the same rows as ours."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from sklearn.kernel_ridge import KernelRidge

from benchmarks.quality.contenders import Contender, Floats, Who, gaps_filled
from benchmarks.quality.text import Alike, Likeness
from taskroute.learning.folds import Fold, Rows, part
from taskroute.learning.rows import Labels

_ALPHAS: Final = (3.0, 10.0, 30.0, 100.0)
_NEIGHBOURS: Final = 100
_BINS: Final = 10
_TRIED_ON: Final = 1500
"""Rows of the training fold that the strength of the ridge is chosen on."""


class ModelMeans(NamedTuple):
    """Each model's mean, whatever the prompt. With a price of cost, it is the zero router with the order of models learned."""

    who: Who = Who("model means")
    slow: bool = False

    def predict(self, labels: Labels, fold: Fold, *, seed: int) -> Floats:
        return np.tile(np.nanmean(labels.scores[fold.train], axis=0), (fold.test.size, 1))


class Length(NamedTuple):
    """Each model's mean among prompts of about this length, in ten bins. With two models and no labels: the longer, the harder."""

    who: Who = Who("prompt length")
    slow: bool = False

    def predict(self, labels: Labels, fold: Fold, *, seed: int) -> Floats:
        lengths = lengths_of(labels)
        if not fold.train.size:
            return np.column_stack([np.zeros(fold.test.size), lengths[fold.test]])
        edges = np.quantile(lengths[fold.train], np.linspace(0, 1, _BINS + 1)[1:-1])
        bins = np.searchsorted(edges, lengths, side="right")
        return _means_by(bins, labels.scores, fold)


class Tag(NamedTuple):
    """Each model's mean on this task, unshrunk; on a task that was never seen, its mean."""

    who: Who = Who("tag table", "given")
    slow: bool = False

    def predict(self, labels: Labels, fold: Fold, *, seed: int) -> Floats:
        _, tasks = np.unique([str(task) for task in labels.tasks], return_inverse=True)
        return _means_by(tasks, labels.scores, fold)


class TextRidge(NamedTuple):
    """Ridge regression of each model's score on TF-IDF; how strong it is, is chosen on a fifth of the rows that it learns from."""

    likeness: Likeness
    who: Who = Who("TF-IDF ridge")
    slow: bool = True

    def predict(self, labels: Labels, fold: Fold, *, seed: int) -> Floats:
        alike, scores = self.likeness.of(labels.prompts), gaps_filled(labels.scores)
        targets = scores[:, 1:] - scores[:, :1] if len(labels.models) == 2 else scores
        alpha = _strength(alike, targets, part(fold.train, size=_TRIED_ON, seed=seed), seed)
        found = _ridge(alike, targets, fold, alpha)
        return np.column_stack([np.zeros(len(found)), found]) if found.shape[1] == 1 else found


class TextNeighbours(NamedTuple):
    """The mean score of the 100 prompts that are nearest by TF-IDF."""

    likeness: Likeness
    who: Who = Who("kNN")
    slow: bool = True

    def predict(self, labels: Labels, fold: Fold, *, seed: int) -> Floats:
        alike, scores = self.likeness.of(labels.prompts), gaps_filled(labels.scores[fold.train])
        near = min(_NEIGHBOURS, fold.train.size)
        nearest = np.argpartition(-alike[np.ix_(fold.test, fold.train)], near - 1, axis=1)[:, :near]
        return scores[nearest].mean(axis=1)


class Oracle(NamedTuple):
    """Knows each score beforehand: what cannot be passed."""

    who: Who = Who("oracle")
    slow: bool = False

    def predict(self, labels: Labels, fold: Fold, *, seed: int) -> Floats:
        return labels.scores[fold.test]


class Coin(NamedTuple):
    """Chooses at random."""

    who: Who = Who("random")
    slow: bool = False

    def predict(self, labels: Labels, fold: Fold, *, seed: int) -> Floats:
        return np.random.default_rng(seed).random((fold.test.size, len(labels.models)))


def lengths_of(labels: Labels) -> Floats:
    """Return how many characters each prompt has."""
    return np.array([len(prompt or "") for prompt in labels.prompts], dtype=np.float64)


def learned(likeness: Likeness) -> tuple[Contender, ...]:
    """Return the baselines that learn from labels, simplest first."""
    return (ModelMeans(), Length(), Tag(), TextNeighbours(likeness), TextRidge(likeness))


def _strength(alike: Alike, targets: Floats, rows: Rows, seed: int) -> float:
    """Return the strength with the least error on a fifth of these rows, learned from the others."""
    mixed = np.random.default_rng(seed).permutation(rows)
    inner = Fold(mixed[len(mixed) // 5 :], mixed[: len(mixed) // 5])
    errors = [np.mean((_ridge(alike, targets, inner, alpha) - targets[inner.test]) ** 2) for alpha in _ALPHAS]
    return _ALPHAS[int(np.argmin(errors))]


def _ridge(alike: Alike, targets: Floats, fold: Fold, alpha: float) -> Floats:
    """Return what ridge regression expects on the held-back rows."""
    level = targets[fold.train].mean(axis=0)
    model = KernelRidge(alpha=alpha, kernel="precomputed")
    model.fit(alike[np.ix_(fold.train, fold.train)], (targets[fold.train] - level).astype(np.float32))
    return np.asarray(model.predict(alike[np.ix_(fold.test, fold.train)]), dtype=np.float64) + level


def _means_by(groups: Rows, scores: Floats, fold: Fold) -> Floats:
    """Return each model's mean in the group of each held-back row, from the rows of `fold.train`; its mean of all where it has none."""
    train, size = groups[fold.train], int(groups.max()) + 1
    given = scores[fold.train]
    known = ~np.isnan(given)
    totals = np.zeros((size, scores.shape[1]))
    counts = np.zeros((size, scores.shape[1]))
    np.add.at(totals, train, np.where(known, given, 0.0))
    np.add.at(counts, train, known.astype(np.float64))
    overall = np.broadcast_to(np.nanmean(given, axis=0), totals.shape)
    return np.divide(totals, counts, out=overall.copy(), where=counts > 0)[groups[fold.test]]
