"""A linear classifier of texts as it is used in a call: a probability for each class, and how far the text is one of them at all."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.errors import ArraysError
from taskroute.learned.arrays import Arrays
from taskroute.learned.word_table import Floats, WordTable
from taskroute.learned.words import Reading

_FORMAT: Final = "words-1"
_CURE: Final = "train it again"


class Gate(NamedTuple):
    """How the highest score tells whether a text belongs to any of the classes: a logistic function of it."""

    base: float = 0.0
    score: float = 0.0

    def inside(self, best: float) -> float:
        """Return the probability that a text with this highest score belongs to one of the classes."""
        return 1.0 / (1.0 + math.exp(-min(max(self.base + self.score * best, -30.0), 30.0)))


OPEN: Final = Gate(base=30.0)
"""Everything belongs to one of the classes."""


class Verdict(NamedTuple):
    """What a classifier makes of a text."""

    probabilities: Mapping[str, float]
    """Of each class, taken that the text belongs to one of them; they add up to 1."""
    inside: float
    """The probability that it does."""
    known: float
    """How much of the text is made of what was seen in training, from 0 to 1."""


class Calibration(NamedTuple):
    """How scores become probabilities."""

    temperature: float = 1.0
    gate: Gate = OPEN


class LinearClassifier:
    """Scores a text for each of `labels` by its words. Threads may share it."""

    def __init__(self, labels: tuple[str, ...], table: WordTable, bias: NDArray[Any], calibration: Calibration) -> None:
        if not len(labels) == len(bias) == table.weights.shape[1]:
            raise ValueError(f"{len(labels)} classes have {len(bias)} biases and weights of the shape {table.weights.shape}")
        self.labels = labels
        self.table = table
        self.bias: Floats = np.asarray(bias, dtype=np.float32)
        self.calibration = calibration

    def classify(self, text: str, marks: Iterable[str] = ()) -> Verdict:
        """Return what it makes of a text; `marks` are counted beside its words."""
        return self.judge(*self.scores(text, marks))

    def scores(self, text: str, marks: Iterable[str] = ()) -> tuple[Floats, float]:
        """Return the raw score of each class, and the known share of the text."""
        summed = self.table.read(text, marks)
        return summed.scores + self.bias, summed.known

    def judge(self, scores: Floats, known: float) -> Verdict:
        """Return what raw scores and the known share of a text mean."""
        return judged(self.labels, scores, known, self.calibration)

    def arrays(self) -> Arrays:
        """Return what `from_arrays` reads."""
        table = self.table
        half = np.float16 if float(np.max(np.abs(table.weights), initial=0.0)) < 60_000 else np.float32
        meta = {
            "format": _FORMAT,
            "labels": json.dumps(self.labels),
            "reading": table.reading.dump(),
            "unseen": repr(float(table.unseen)),
            "calibration": json.dumps([self.calibration.temperature, *self.calibration.gate]),
        }
        arrays: dict[str, NDArray[Any]] = {
            "ids": table.ids,
            "rarity": table.rarity.astype(np.float16),
            "weights": table.weights.astype(half),
            "bias": self.bias,
        }
        return Arrays(arrays, meta)

    @classmethod
    def from_arrays(cls, source: Arrays, where: str = "these arrays") -> LinearClassifier:
        """Build one of what `arrays` gave; raises ArraysError, with `where` as the file, for anything else."""
        try:
            arrays, meta = source
            if meta["format"] != _FORMAT:
                raise ArraysError(where, f"is of the format {meta['format']!r}, not {_FORMAT!r}", _CURE)
            labels = tuple(json.loads(meta["labels"]))
            temperature, base, slope = map(float, json.loads(meta["calibration"]))
            ids, rarity, weights, bias = (arrays[name] for name in ("ids", "rarity", "weights", "bias"))
            unseen = float(meta["unseen"])
            numbers = np.array([temperature, base, slope, unseen, 1 / temperature])
            if not all(isinstance(label, str) for label in labels) or not np.isfinite(numbers).all() or temperature <= 0 or unseen < 0:
                raise ValueError("a number or a label is out of its range")
            if ids.dtype != np.uint32 or not bool(np.all(ids[1:] > ids[:-1])):
                raise ValueError("the pieces are not in order")
            if not all(bool(np.isfinite(array).all()) for array in (rarity, weights, bias)):
                raise ValueError("a weight is no number")
            table = WordTable(Reading.load(meta["reading"]), ids, rarity, weights, unseen=unseen)
            return cls(labels, table, bias, Calibration(temperature, Gate(base, slope)))
        except ArraysError:
            raise
        except (KeyError, ValueError, TypeError, IndexError, ZeroDivisionError, RecursionError) as error:
            raise ArraysError(where, f"does not hold a classifier ({error})", _CURE) from error


def judged(labels: tuple[str, ...], scores: Floats, known: float, calibration: Calibration) -> Verdict:
    """Return what raw scores mean: their softmax, and whether the best of them is good enough."""
    best = float(scores.max())
    likely = np.exp((scores - best) / calibration.temperature)
    likely /= likely.sum()
    return Verdict(dict(zip(labels, likely.tolist(), strict=True)), calibration.gate.inside(best), known)
