"""Fits the weights of the built-in classifier: a softmax regression over pieces of words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from taskroute.learned.request import Counted
from taskroute.learned.word_table import WordTable
from taskroute.learned.words import MARK, Reading, all_pieces

Floats = NDArray[np.float64]

READING: Final = Reading(shortest=3, longest=4, pairs=True, share=4.0)
_MARK_COUNTS: Final = 0.4
"""What a mark counts against a word that is as rare. Beginnings are few, and what is learned of them by heart does not carry over."""
_RARITY_CAP: Final = 8.0


class Space(NamedTuple):
    """The pieces that count, and the rows of prompts over them."""

    ids: NDArray[np.uint32]
    rarity: Floats
    unseen: float


class Rows(NamedTuple):
    """Prompts as a sparse matrix of units, and units as one of pieces."""

    units: Any
    pieces: Any
    whole: Floats
    """The length of each prompt."""


def index(counted: Sequence[Counted]) -> tuple[Any, list[str | tuple[str, str]]]:
    """Return prompts × units as ones, and the units."""
    names: dict[str | tuple[str, str], int] = {}
    columns: list[int] = []
    ends = [0]
    for found in counted:
        columns.extend(names.setdefault(unit, len(names)) for unit in found)
        ends.append(len(columns))
    matrix = sparse.csr_matrix(
        (np.ones(len(columns), dtype=np.float32), np.array(columns), np.array(ends)), shape=(len(counted), len(names))
    )
    return matrix, list(names)


def find_space(counted: Sequence[Counted], *, least: int = 3, most: int = 60_000, weights: NDArray[Any] | None = None) -> Space:
    """Return the pieces that at least `least` prompts hold, at most `most` of them, and how rare each is."""
    matrix, names = index(counted)
    found = all_pieces(names, READING)
    ids, at = np.unique(found.ids, return_inverse=True)
    owner = np.repeat(np.arange(len(names)), np.diff([*found.starts, len(found.ids)]))
    link = sparse.csr_matrix((np.ones(len(at), dtype=np.float32), (owner, at)), shape=(len(names), len(ids)))
    holds = (matrix @ link).tocsc()
    frequency = np.diff(holds.indptr)
    marks = np.zeros(len(ids), dtype=bool)
    starts = found.starts
    for number, name in enumerate(names):
        if isinstance(name, str) and name[0] == MARK:
            marks[at[starts[number]]] = True
    rarity = np.minimum(np.log((1 + matrix.shape[0]) / (1 + frequency)) + 1.0, _RARITY_CAP)
    rarity[marks] *= _MARK_COUNTS
    kept = np.flatnonzero(frequency >= least)
    if len(kept) > most:
        kept = np.sort(kept[np.argsort(-frequency[kept], kind="stable")[:most]])
    return Space(ids[kept].astype(np.uint32), rarity[kept], _RARITY_CAP * 0.5)


def project(counted: Sequence[Counted], space: Space) -> Rows:
    """Return prompts as rows over the pieces of a space, with the lengths that a `WordTable` gives them."""
    matrix, names = index(counted)
    found = all_pieces(names, READING)
    places = np.searchsorted(space.ids, found.ids)
    places[places == len(space.ids)] = 0
    known = space.ids[places] == found.ids
    lengths = np.where(known, found.values * space.rarity[places], found.values * space.unseen)
    owner = np.repeat(np.arange(len(names)), np.diff([*found.starts, len(found.ids)]))
    whole = np.bincount(owner, weights=lengths**2, minlength=len(names))
    link = sparse.csr_matrix((lengths[known].astype(np.float32), (owner[known], places[known])), shape=(len(names), len(space.ids)))
    return Rows(matrix, link, np.asarray(matrix @ whole))


def scores(rows: Rows, weights: Floats, bias: Floats) -> Floats:
    """Return the raw scores of each prompt."""
    return (rows.units @ (rows.pieces @ weights)) / np.sqrt(rows.whole)[:, None] + bias


def fit(rows: Rows, targets: Floats, sample: Floats, *, penalty: float, rounds: int = 150) -> tuple[Floats, Floats]:
    """Return weights and bias of a softmax regression on `targets`, a distribution a row; `sample` weighs the rows."""
    count, classes = rows.pieces.shape[1], targets.shape[1]
    sample = sample / sample.sum()
    scale = 1.0 / np.sqrt(rows.whole)[:, None]
    back_units, back_pieces = rows.units.T.tocsr(), rows.pieces.T.tocsr()

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights, bias = flat[: count * classes].reshape(count, classes), flat[count * classes :]
        raw = (rows.units @ (rows.pieces @ weights)) * scale + bias
        raw -= raw.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(raw).sum(axis=1, keepdims=True))
        log_p = raw - log_sum
        value = -float((sample[:, None] * targets * log_p).sum()) + 0.5 * penalty * float((weights**2).sum())
        error = (np.exp(log_p) - targets) * sample[:, None]
        gradient = back_pieces @ (back_units @ (error * scale)) + penalty * weights
        return value, np.concatenate((gradient.ravel(), error.sum(axis=0)))

    found = minimize(loss, np.zeros((count + 1) * classes), jac=True, method="L-BFGS-B", options={"maxiter": rounds, "maxcor": 8})
    flat = np.asarray(found.x)
    return flat[: count * classes].reshape(count, classes), flat[count * classes :]


def table(space: Space, weights: Floats) -> WordTable:
    """Return what reads a text as `scores` does."""
    return WordTable(READING, space.ids, space.rarity.astype(np.float16), weights.astype(np.float16), unseen=space.unseen)
