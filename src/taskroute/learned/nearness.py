"""How near a vector is to those of examples: what was learned from vectors, and how it is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from taskroute.errors import ArraysError, ConfigurationError
from taskroute.learned.arrays import Arrays
from taskroute.learned.embedding import Vectors
from taskroute.learned.fit import Example, calibration, solve
from taskroute.learned.linear import Calibration, Gate, Verdict, judged

Rows = NDArray[np.float64]

_FORMAT: Final = "vectors-1"
_CURE: Final = "delete it and let it be made again"


class Nearness(NamedTuple):
    """Tells classes by vectors."""

    labels: tuple[str, ...]
    middle: Rows
    """What the vectors of all classes have in common."""
    weights: Rows
    """Shape (length of a vector, classes)."""
    calibration: Calibration
    probe: Rows
    """The vector of the first example, of length 1."""

    @classmethod
    def of(cls, examples: Sequence[Example], labels: tuple[str, ...], vectors: Vectors) -> Nearness:
        """Return what the vectors of the examples teach. Raises ConfigurationError for what are no vectors."""
        rows = rows_of(vectors, len(examples))
        truth = np.array([labels.index(example.label) for example in examples], dtype=np.intp)
        given = np.array([example.weight for example in examples])
        # What all texts have in common tells no task from another.
        middle = np.mean([rows[truth == label].mean(axis=0) for label in range(len(labels))], axis=0)
        near = _long_as_one(rows - middle)
        found = solve(near @ near.T, truth, given)
        return cls(labels, middle, near.T @ found.weights, calibration(found, truth, given), rows[0])

    def judge(self, vectors: Vectors) -> Verdict:
        """Return what the vector of one text tells. Raises ConfigurationError for what is none, or is of another length."""
        row = rows_of(vectors, 1, len(self.middle))
        scores = (_long_as_one(row - self.middle) @ self.weights)[0].astype(np.float32)
        return judged(self.labels, scores, 1.0, self.calibration)

    def arrays(self) -> Arrays:
        """Return what `from_arrays` reads."""
        meta = {
            "format": _FORMAT,
            "labels": json.dumps(self.labels),
            "calibration": json.dumps([self.calibration.temperature, *self.calibration.gate]),
        }
        return Arrays({"middle": self.middle, "weights": self.weights, "probe": self.probe}, meta)

    @classmethod
    def from_arrays(cls, source: Arrays, where: str) -> Nearness:
        """Build one of what `arrays` gave; raises ArraysError, with `where` as the file, for anything else."""
        try:
            arrays, meta = source
            labels = tuple(json.loads(meta["labels"]))
            temperature, base, slope = map(float, json.loads(meta["calibration"]))
            middle, weights, probe = (cast("Rows", arrays[name]) for name in ("middle", "weights", "probe"))
            numbers = np.array([temperature, base, slope])
            if meta["format"] != _FORMAT or not all(isinstance(label, str) for label in labels):
                raise ValueError("it is of another format")
            if weights.shape != (len(middle), len(labels)) or middle.shape != probe.shape or middle.ndim != 1:
                raise ValueError("its shapes do not fit")
            if not all(bool(np.isfinite(array).all()) for array in (numbers, middle, weights, probe)) or temperature <= 0:
                raise ValueError("a number is out of its range")
        except (KeyError, ValueError, TypeError, RecursionError) as error:
            raise ArraysError(where, f"does not hold what was learned from vectors ({error})", _CURE) from error
        return cls(labels, middle, weights, Calibration(temperature, Gate(base, slope)), probe)


def rows_of(vectors: Vectors, count: int, length: int | None = None) -> Rows:
    """Return vectors as rows of length 1. Raises ConfigurationError where they are not so many, or of several lengths."""
    wanted = f"{count} vectors of one length" if length is None else f"{count} vectors of {length} numbers"
    try:
        rows: NDArray[Any] = np.asarray(vectors, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ConfigurationError(f"embed gave something else than vectors for {count} texts; return {wanted}") from None
    if rows.ndim != 2 or len(rows) != count or rows.shape[1] == 0 or (length is not None and rows.shape[1] != length):
        raise ConfigurationError(f"embed gave an array of the shape {rows.shape} for {count} texts; return {wanted}")
    if not bool(np.isfinite(rows).all()):
        raise ConfigurationError("embed gave a vector with a number that is not finite; return finite numbers")
    return _long_as_one(rows)


def _long_as_one(rows: Rows) -> Rows:
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not bool(np.isfinite(lengths).all()):
        # The squares of such numbers are beyond any float.
        return _long_as_one(rows / np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1.0))
    return rows / np.where(lengths > 0, lengths, 1.0)
