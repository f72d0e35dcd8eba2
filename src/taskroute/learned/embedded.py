"""The same classifier on vectors that a function of the user's gives."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.errors import ConfigurationError
from taskroute.learned.examples import examples_in, keywords_of, with_keywords
from taskroute.learned.fit import READING, calibration, checked, solve
from taskroute.learned.linear import Calibration, Verdict, judged
from taskroute.policy.schema import Task
from taskroute.types import Classification

Vectors = Sequence[Sequence[float]]
Embed = Callable[[Sequence[str]], Vectors]
AsyncEmbed = Callable[[Sequence[str]], Awaitable[Vectors]]

_Rows = NDArray[np.float64]


class _Learned(NamedTuple):
    middle: _Rows
    weights: _Rows
    calibration: Calibration


class EmbeddedClassifier:
    """Scores the user's own tasks by their keywords, and where these are silent by how near a text's vector is to those of the examples.

    `embed` gives a vector for each of several texts, all of one length; `aembed` is its async twin. With `embed` alone it is taken to
    be quick and to need no I/O, and is asked inside a decision; say `local=False` where it is not so. With `aembed` it is not local. The
    examples are embedded when the first text is classified, in one request; what `embed` raises is raised then. `labels` says what may
    be said of the place that texts are sent to.
    """

    name = "embedded"

    def __init__(
        self,
        tasks: Mapping[str, Task],
        embed: Embed | None = None,
        *,
        aembed: AsyncEmbed | None = None,
        local: bool | None = None,
        labels: Collection[str] = (),
    ) -> None:
        if embed is None and aembed is None:
            raise ConfigurationError("an EmbeddedClassifier has nothing to embed with; give 'embed', 'aembed' or both")
        self.local = aembed is None if local is None else local
        self.labels = labels
        self._embed, self._aembed = embed, aembed
        self._keywords = keywords_of(tasks)
        self._examples = examples_in(tasks)
        self._tasks = checked(self._examples, READING)
        self._learned: _Learned | None = None
        self._lock = threading.Lock()

    def classify(self, text: str, tasks: Collection[str]) -> Classification:
        """Return a score for each task of the user's own. Raises ConfigurationError without `embed`, and what `embed` raises."""
        if self._embed is None:
            raise ConfigurationError("this classifier has no 'embed' for sync calls, only 'aembed'; give both")
        with self._lock:
            learned = self._learned
            if learned is None:
                learned = self._learned = self._learn(self._embed([example.text for example in self._examples]))
        return self._told(text, tasks, learned, self._embed([text]))

    async def aclassify(self, text: str, tasks: Collection[str]) -> Classification:
        """Return the same as `classify`; asks `aembed` where there is one."""
        if self._aembed is None:
            return self.classify(text, tasks)
        learned = self._learned
        if learned is None:
            # Two calls may both learn at first: they learn the same.
            learned = self._learned = self._learn(await self._aembed([example.text for example in self._examples]))
        return self._told(text, tasks, learned, await self._aembed([text]))

    def _learn(self, vectors: Vectors) -> _Learned:
        rows = _rows(vectors, len(self._examples))
        truth = np.array([self._tasks.index(example.label) for example in self._examples], dtype=np.intp)
        given = np.array([example.weight for example in self._examples])
        # What all texts have in common tells no task from another.
        middle = np.mean([rows[truth == label].mean(axis=0) for label in range(len(self._tasks))], axis=0)
        near = _long_as_one(rows - middle)
        found = solve(near @ near.T, truth, given)
        return _Learned(middle, near.T @ found.weights, calibration(found, truth, given))

    def _told(self, text: str, tasks: Collection[str], learned: _Learned, vectors: Vectors) -> Classification:
        row = _rows(vectors, 1, len(learned.middle))
        scores = (_long_as_one(row - learned.middle) @ learned.weights)[0].astype(np.float32)
        verdict: Verdict = judged(self._tasks, scores, 1.0, learned.calibration)
        return with_keywords(self._keywords.classify(text, tasks), verdict)


def _rows(vectors: Vectors, count: int, length: int | None = None) -> _Rows:
    rows: NDArray[Any] = np.asarray(vectors, dtype=np.float64)
    if rows.ndim != 2 or len(rows) != count or rows.shape[1] == 0 or (length is not None and rows.shape[1] != length):
        wanted = f"{count} vectors of one length" if length is None else f"{count} vectors of {length} numbers"
        raise ConfigurationError(f"embed gave an array of the shape {rows.shape} for {count} texts; return {wanted}")
    if not bool(np.isfinite(rows).all()):
        raise ConfigurationError("embed gave a vector with a number that is not finite; return finite numbers")
    return _long_as_one(rows)


def _long_as_one(rows: _Rows) -> _Rows:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1.0)
