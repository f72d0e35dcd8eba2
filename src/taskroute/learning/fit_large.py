"""Trains a classifier of texts on many examples: a support vector machine with squared hinge loss, one class against the rest.

It gives the same kind of classifier as `learned.fit`, and needs SciPy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.errors import ConfigurationError
from taskroute.learned.calibrating import calibrated
from taskroute.learned.counted import counted, weighted
from taskroute.learned.fit import READING, Example
from taskroute.learned.linear import LinearClassifier
from taskroute.learned.word_table import Floats, WordTable, least_length
from taskroute.learned.words import Reading

_sparse: Any = import_module("scipy.sparse")
Rows = Any
"""A sparse matrix of SciPy, a row a text."""

COST: Final = 3.0
"""What a violated margin costs beside the weights."""
_FOLDS: Final = 4
_MANY: Final = 5000
"""Of more texts one fold is enough to calibrate with."""
_STEPS: Final = 20
_INNER_STEPS: Final = 30
ENOUGH: Final = 0.01
"""Training of a class ends where its gradient has come down to this share of the first, times the class's share of the texts."""
_AT_ONCE: Final = 16
_STEP_LEFT: Final = 0.01
"""A step is worked out until so much of the gradient is left."""


class _Texts(NamedTuple):
    rows: Rows
    ids: NDArray[np.uint32]
    rarity: NDArray[np.float32]
    unseen: float


class _Held(NamedTuple):
    scores: NDArray[np.float64]
    truth: NDArray[np.intp]


def fit_large(
    examples: Sequence[Example],
    *,
    reading: Reading = READING,
    marks: Sequence[Iterable[str]] | None = None,
    outside: Sequence[str] = (),
    cost: float = COST,
    rarest: int = 1,
) -> LinearClassifier:
    """Return a classifier for the labels of the examples.

    It is calibrated on examples that were left out in turn. What belongs to no class is told by `outside`, texts of none; without them,
    by classes that were left out in turn. `marks` are counted beside the words of each example. Pieces that stand in fewer than
    `rarest` examples are not learned, so that the file is smaller. Raises ConfigurationError for examples of one class only.
    """
    labels = tuple(sorted({example.label for example in examples}))
    if len(labels) < 2:
        raise ConfigurationError("a classifier needs examples of at least two classes; give some of another")
    place = {label: number for number, label in enumerate(labels)}
    truth = np.array([place[example.label] for example in examples], dtype=np.intp)
    weight = np.array([example.weight for example in examples], dtype=np.float32)
    texts = _texts(examples, reading, marks, rarest)
    found = margins(texts.rows, truth, len(labels), weight=weight, cost=cost)
    table = WordTable(reading, texts.ids, texts.rarity, found[:-1], unseen=texts.unseen)
    held = _held_out(texts.rows, truth, len(labels), weight, cost)
    told = found[-1]
    if outside:
        best = np.array([float((table.read(text).scores + told).max()) for text in outside])
    else:
        best = _classes_held_out(texts.rows, truth, weight, cost)
    return LinearClassifier(labels, table, told, calibrated(held.scores, held.truth, best, usual=0.0))


def margins(
    rows: Rows, truth: NDArray[np.intp], classes: int, *, weight: Floats | None = None, cost: float = COST, enough: float = ENOUGH
) -> Floats:
    """Return weights of shape (columns + 1, classes), the last row the biases, that keep each class apart from the rest.

    Several classes are trained at once, by Newton's method; its steps are worked out by conjugate gradients. See `ENOUGH`.
    """
    wide = _sparse.hstack((rows, np.ones((rows.shape[0], 1), dtype=np.float32)), format="csr", dtype=np.float32)
    turned = wide.T.tocsr()
    scale = np.float32(cost) if weight is None else (cost * weight[:, None]).astype(np.float32)
    found: Floats = np.empty((wide.shape[1], classes), dtype=np.float32)
    for start in range(0, classes, _AT_ONCE):
        some = np.arange(start, min(start + _AT_ONCE, classes))
        sign: Floats = np.where(truth[:, None] == some, 1.0, -1.0).astype(np.float32)
        found[:, some] = _apart(wide, turned, sign, scale, enough)
    return found


def _apart(wide: Rows, turned: Rows, sign: Floats, scale: Floats | np.float32, enough: float) -> Floats:
    found: Floats = np.zeros((wide.shape[1], sign.shape[1]), dtype=np.float32)
    outputs: Floats = np.zeros_like(sign)
    limit: NDArray[Any] | None = None
    rare: NDArray[Any] = np.minimum((sign > 0).mean(axis=0), (sign < 0).mean(axis=0))
    for _ in range(_STEPS):
        short = np.maximum(1.0 - sign * outputs, 0.0)
        slope = found - turned @ (scale * sign * short)
        steep = np.linalg.norm(slope, axis=0)
        limit = enough * rare * steep if limit is None else limit
        if bool(np.all(steep <= limit)):
            break
        step = _newton_step(wide, turned, scale * (short > 0), slope)
        towards = wide @ step
        length = _length(found, step, _Outputs(outputs, towards, sign), scale)
        found += length * step
        outputs += length * towards
    return found


def _newton_step(wide: Rows, turned: Rows, active: Floats, slope: Floats) -> Floats:
    step: Floats = np.zeros_like(slope)
    rest = -slope
    way = rest.copy()
    size = np.sum(rest**2, axis=0)
    enough = size * _STEP_LEFT**2
    for _ in range(_INNER_STEPS):
        bent = way + turned @ (active * (wide @ way))
        along = np.sum(way * bent, axis=0)
        far = np.where(along > 0, size / np.where(along > 0, along, 1.0), 0.0).astype(np.float32)
        step += far * way
        rest -= far * bent
        new = np.sum(rest**2, axis=0)
        if bool(np.all(new <= enough)):
            break
        way = rest + np.where(size > 0, new / np.where(size > 0, size, 1.0), 0.0).astype(np.float32) * way
        size = new
    return step


class _Outputs(NamedTuple):
    now: Floats
    """What the weights give for each text and class."""
    towards: Floats
    """What a whole step adds."""
    sign: Floats
    """What they should be: positive or negative."""


def _length(found: Floats, step: Floats, outputs: _Outputs, scale: Floats | np.float32) -> Floats:
    """Return for each class the longest of a few step lengths that bring its loss down."""

    def loss(length: Floats) -> Floats:
        short = np.maximum(1.0 - outputs.sign * (outputs.now + length * outputs.towards), 0.0)
        total: Floats = 0.5 * np.sum((found + length * step) ** 2, axis=0) + 0.5 * np.sum(scale * short**2, axis=0)
        return total

    length = np.ones(found.shape[1], dtype=np.float32)
    now = loss(np.zeros_like(length))
    for _ in range(6):
        worse = loss(length) > now
        if not bool(worse.any()):
            break
        length = np.where(worse, length / 2, length).astype(np.float32)
    return np.where(loss(length) > now, 0.0, length).astype(np.float32)


def _texts(examples: Sequence[Example], reading: Reading, marks: Sequence[Iterable[str]] | None, rarest: int) -> _Texts:
    found = counted([example.text for example in examples], reading, marks)
    stands_in = found.found_in()
    most = found.size + 1
    rarity = (np.log(most / (stands_in + 1)) + 1.0).astype(np.float32)
    unseen = float(np.log(most) + 1.0)
    whole = weighted(found, rarity, least=least_length(reading, unseen))
    rows = _sparse.csr_matrix((whole.values, (whole.rows, whole.columns)), shape=(whole.size, whole.width))
    kept = stands_in >= rarest
    # What is not learned counts as unseen in a call, so that lengths differ a little from those that were trained with.
    return _Texts(rows[:, kept], found.ids[kept], rarity[kept], unseen)


def _held_out(rows: Rows, truth: NDArray[np.intp], classes: int, weight: Floats, cost: float) -> _Held:
    """Return the scores of texts, and their classes, by classifiers that were trained on other ones."""
    fold = np.empty(len(truth), dtype=np.intp)
    for label in range(classes):
        own = np.flatnonzero(truth == label)
        fold[own] = np.arange(len(own)) % _FOLDS
    scores: list[NDArray[np.float64]] = []
    found_truth: list[NDArray[np.intp]] = []
    for number in range(_rounds(len(truth))):
        inner, outer = fold != number, fold == number
        if not outer.any() or len(np.unique(truth[inner])) < classes:
            continue
        found = margins(rows[inner], truth[inner], classes, weight=weight[inner], cost=cost)
        scores.append((rows[outer] @ found[:-1] + found[-1]).astype(np.float64))
        found_truth.append(truth[outer])
    if not scores:
        return _Held(np.empty((0, classes)), np.empty(0, dtype=np.intp))
    return _Held(np.concatenate(scores), np.concatenate(found_truth))


def _classes_held_out(rows: Rows, truth: NDArray[np.intp], weight: Floats, cost: float) -> NDArray[np.float64]:
    """Return the highest scores of texts by classifiers that were trained without their classes."""
    best: list[NDArray[np.float64]] = [np.empty(0)]
    for number in range(_rounds(len(truth))):
        outer = truth % _FOLDS == number
        rest = np.unique(truth[~outer])
        if len(rest) < 2 or not outer.any():
            continue
        found = margins(rows[~outer], np.searchsorted(rest, truth[~outer]), len(rest), weight=weight[~outer], cost=cost)
        best.append((rows[outer] @ found[:-1] + found[-1]).max(axis=1).astype(np.float64))
    return np.concatenate(best)


def _rounds(size: int) -> int:
    return 1 if size > _MANY else _FOLDS
