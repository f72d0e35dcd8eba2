"""Ridge regression with a Gaussian kernel on some prompts that stand for all: exact where all of them do, quick where they are many."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.learning.rows import Floats

Rows = NDArray[np.intp]

_JITTER: Final = 1e-4
_BLOCK: Final = 2048


class Basis(NamedTuple):
    """Prompts by their likeness to the landmarks, rotated so that the penalty is the same in each direction."""

    chosen: Rows
    """The rows of the landmarks."""
    places: NDArray[Any]
    """Their points."""
    rotation: Floats
    """Turns rows of `kernel` with the landmarks into `rows`."""
    rows: NDArray[np.float32]
    """Shape (n, landmarks)."""


def kernel(left: NDArray[Any], right: NDArray[Any]) -> Floats:
    """Return exp(-d²/2) for the distance of each row from each."""
    squares = (left * left).sum(axis=1)[:, None] / 2 + (right * right).sum(axis=1) / 2
    return np.asarray(np.exp(np.minimum(left @ right.T - squares, 0)), dtype=np.float64)


def drawn(size: int, *, landmarks: int, seed: int) -> Rows:
    """Return so many of the rows, drawn at random; all of them where there are no more."""
    return np.arange(size) if size <= landmarks else np.sort(np.random.default_rng(seed).choice(size, landmarks, replace=False))


def basis(points: NDArray[Any], chosen: Rows, *, groups: Rows | None = None, other: float = 1.0) -> Basis:
    """Return the points in the basis of the chosen ones.

    Where each row belongs to a group, the likeness of rows of two groups is multiplied by `other`; -1 stands for a group of its own.
    """
    places = points[chosen]
    among = _within(kernel(places, places), groups, chosen, chosen, other)
    among[np.diag_indices_from(among)] = 1.0 + _JITTER
    rotation = _inverse(np.linalg.cholesky(among)).T
    turn = rotation.astype(np.float32)
    rows = np.empty((len(points), len(chosen)), dtype=np.float32)
    for start in range(0, len(points), _BLOCK):
        block = np.arange(start, min(start + _BLOCK, len(points)))
        rows[block] = _within(kernel(points[block], places), groups, block, chosen, other).astype(np.float32) @ turn
    return Basis(chosen, places, rotation, rows)


def _inverse(lower: NDArray[Any]) -> Floats:
    """Return the inverse of a lower triangle."""
    lapack: Any = import_module("scipy.linalg.lapack")
    found = lapack.dtrtri(lower, lower=1)
    return np.asarray(found[0], dtype=np.float64)


def _solved(matrix: NDArray[Any], wanted: NDArray[Any]) -> Floats:
    """Return the solution for a matrix that is positive definite."""
    linalg: Any = import_module("scipy.linalg")
    found = linalg.solve(matrix, wanted, assume_a="pos", overwrite_a=True, check_finite=False)
    return np.asarray(found, dtype=np.float64)


def _within(near: Floats, groups: Rows | None, left: Rows, right: Rows, other: float) -> Floats:
    if groups is None:
        return near
    same = groups[left][:, None] == groups[right]
    same &= groups[left][:, None] >= 0
    return np.where(same, near, near * other)


def solve(rows: NDArray[np.float32], targets: Floats, *, noise: float) -> Floats:
    """Return the weights of the basis for each column of targets; a target that is NaN does not count for its column.

    `noise` is the variance of a score in units of the signal's.
    """
    known = ~np.isnan(targets)
    weights = np.empty((rows.shape[1], targets.shape[1]))
    patterns, which = np.unique(known, axis=1, return_inverse=True)
    everything = rows.T @ rows if bool(known.all(axis=1).any()) else None
    for at in range(patterns.shape[1]):
        columns = np.flatnonzero(which.ravel() == at)
        wanted = np.where(patterns[:, at, None], targets[:, columns], 0.0)
        gram = _gram(rows, patterns[:, at], everything).astype(np.float64)
        gram[np.diag_indices_from(gram)] += noise
        weights[:, columns] = _solved(gram, rows.T @ wanted)
    return weights


def unrotated(found: Basis, weights: Floats) -> Floats:
    """Return the weights of the landmarks themselves, as `kernel` rows are multiplied by them."""
    return np.asarray(found.rotation @ weights)


def _gram(rows: NDArray[np.float32], known: NDArray[np.bool_], everything: NDArray[np.float32] | None) -> NDArray[np.float32]:
    if everything is None:
        part = rows[known]
        return np.asarray(part.T @ part)
    missing = rows[~known]
    return everything if not len(missing) else np.asarray(everything - missing.T @ missing, dtype=np.float32)


def left_out(points: NDArray[Any], targets: Floats, noises: tuple[float, ...]) -> Floats:
    """Return for each noise the mean squared error of all targets, each foretold from the other rows."""
    values, vectors = np.linalg.eigh(kernel(points, points))
    turned = vectors.T @ targets
    errors = np.empty(len(noises))
    for at, noise in enumerate(noises):
        inverse = 1 / (np.maximum(values, 0) + noise)
        diagonal = (vectors * vectors) @ inverse
        errors[at] = float((((vectors * inverse) @ turned / diagonal[:, None]) ** 2).mean())
    return errors
