"""The weights of the built-in classifier as they are used in a call: what a prompt asks for, and how sure that is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import exp
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.errors import ArraysError
from taskroute.learned.arrays import Arrays, read_arrays
from taskroute.learned.request import Prompt
from taskroute.learned.word_table import Floats, WordTable
from taskroute.learned.words import Reading
from taskroute.taxonomy import TASKS

NOTHING: Final = "nothing"
"""The class of texts that ask for nothing that is known."""
_FORMAT: Final = "builtin-1"
_CURE: Final = "install taskroute again, or run scripts/train_classifier.py"


class Asked(NamedTuple):
    """What a prompt asks for."""

    tasks: Mapping[str, float]
    """The probability of each built-in task; together with that of `nothing` they add up to 1."""
    nothing: float


class BuiltinModel:
    """A softmax over the built-in tasks and `nothing`. Threads may share it."""

    def __init__(self, labels: tuple[str, ...], table: WordTable, bias: NDArray[Any], temperature: float) -> None:
        if not len(labels) == len(bias) == table.weights.shape[1]:
            raise ValueError(f"{len(labels)} classes have {len(bias)} biases and weights of the shape {table.weights.shape}")
        if set(labels) != {*TASKS, NOTHING} or labels[-1] != NOTHING:
            raise ValueError("its classes are not the built-in tasks")
        self.labels = labels
        self.table = table
        self.temperature = temperature
        self._bias: Floats = np.asarray(bias, dtype=np.float32)
        self._sharp_bias: list[float] = (self._bias / temperature).tolist()
        self._tasks = labels[:-1]

    def judge(self, prompt: Prompt) -> Asked:
        """Return what a prompt asks for."""
        return self.judge_all(((1.0, self.total(prompt)),))

    def total(self, prompt: Prompt) -> Floats:
        """Return what a prompt adds up to: most of the work of judging it."""
        return self.table.total(prompt.tokens, prompt.marks())

    def judge_all(self, totals: Sequence[tuple[float, Floats]]) -> Asked:
        """Return what several texts ask for together: what each adds up to, with what it counts."""
        together: Floats | None = None
        for weight, total in totals:
            of_it = total
            if weight != 1.0:
                of_it = total * weight
                of_it[-2:] *= weight
            together = of_it if together is None else together + of_it
        return self._likely([] if together is None else together.tolist())

    def _likely(self, total: list[float]) -> Asked:
        # Over so few numbers, arrays would take longer.
        scale = (max(total[-1], self.table.least) ** 0.5 * self.temperature) if total else 1.0
        raw = [one / scale + bias for one, bias in zip(total, self._sharp_bias, strict=False)] or self._sharp_bias
        top = max(raw)
        likely = [exp(score - top) for score in raw]
        share = 1.0 / sum(likely)
        found = [one * share for one in likely]
        return Asked(dict(zip(self._tasks, found, strict=False)), found[-1])

    def arrays(self) -> Arrays:
        """Return what `load` reads."""
        meta = {"format": _FORMAT, "labels": json.dumps(self.labels), "reading": self.table.reading.dump()}
        meta |= {"unseen": repr(float(self.table.unseen)), "temperature": repr(float(self.temperature))}
        arrays: dict[str, NDArray[Any]] = {
            "ids": self.table.ids,
            "rarity": self.table.rarity.astype(np.float16),
            "weights": self.table.weights.astype(np.float16),
            "bias": self._bias,
        }
        return Arrays(arrays, meta)

    @classmethod
    def load(cls, path: Path) -> BuiltinModel:
        """Read the weights of a file; raises ArraysError for a file that is damaged, and OSError for one that cannot be read."""
        arrays, meta = read_arrays(path, cure=_CURE)
        try:
            if meta["format"] != _FORMAT:
                raise ArraysError(str(path), f"is of the format {meta['format']!r}, not {_FORMAT!r}", _CURE)
            ids, rarity, weights, bias = (arrays[name] for name in ("ids", "rarity", "weights", "bias"))
            unseen, temperature = float(meta["unseen"]), float(meta["temperature"])
            if ids.dtype != np.uint32 or not bool(np.all(ids[1:] > ids[:-1])):
                raise ValueError("the pieces are not in order")
            if not (0 <= unseen < 1000 and 0 < temperature < 1000):
                raise ValueError("a number is out of its range")
            if not all(bool(np.isfinite(array).all()) for array in (rarity, weights, bias)):
                raise ValueError("a weight is no number")
            table = WordTable(Reading.load(meta["reading"]), ids, rarity.astype(np.float32), weights, unseen=unseen)
            return cls(tuple(json.loads(meta["labels"])), table, bias, temperature)
        except ArraysError:
            raise
        except (KeyError, ValueError, TypeError, IndexError, RecursionError) as error:
            raise ArraysError(str(path), f"does not hold the built-in classifier ({error})", _CURE) from error
