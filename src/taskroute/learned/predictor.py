"""Tells from a prompt's words and looks how well each model will answer it: what similar prompts taught, and how far to trust that."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.errors import ArraysError
from taskroute.learned.arrays import Arrays, dump_arrays, read_arrays, write_arrays
from taskroute.learned.familiar import TRAITS, Familiar, traits
from taskroute.learned.prompt_space import Hints, PromptSpace, Scale, Weights
from taskroute.learned.word_table import WordTable
from taskroute.learned.words import Reading
from taskroute.types import NOTHING

Numbers = NDArray[Any]

_FORMAT: Final = "taskroute.prompts/4"
CURE: Final = "write it anew with 'taskroute train', or put back a copy"
_LEAST: Final = 0.01
"""A task that is less likely than this is not told."""
_SURE: Final = 0.999
"""The share from which a task counts as told by the caller, not read from the prompt."""


class Trust(NamedTuple):
    """How much of a difference from the means holds on prompts that were not learned from, by how much they are like those that were.

    Each of `read` and `told` has a row for each place of `likeness`, which rises: what the tasks count, what the prompt counts, and, in
    `told`, what it counts beside its task.
    """

    likeness: Numbers
    tasks: Numbers
    """What the tasks that are read count before the prompt is looked at, at each place; at most 1."""
    read: Numbers
    """Where the task is read from the prompt."""
    told: Numbers
    """Where the task is told."""


class Told(NamedTuple):
    """What the same prompts teach where the task is told: those of another task are then less like a prompt."""

    tasks: Numbers
    """The place of each prompt's task among the tasks, of shape (n,); -1 for none."""
    weights: Numbers
    """Shape (n, m): towards the scores less their means."""
    other: float
    """What the likeness of a prompt of another task is multiplied by, from 0 to 1."""


class Known(NamedTuple):
    """Prompts that stand for all that were scored, and what they teach. `n` prompts, `k` tasks, `m` models."""

    models: tuple[str, ...]
    tasks: tuple[str, ...]
    places: Numbers
    """Their points, of shape (n, width of the space)."""
    weights: Numbers
    """Shape (n, k + m): towards the tasks, and the scores less their means."""
    told: Told
    means: Numbers
    """Mean score of each model."""
    table: Numbers
    """Score of each task and model, shrunk towards the model's mean; shape (k, m)."""
    familiar: Familiar
    trust: Trust
    sharpness: float
    """The power that shares of tasks are raised to: likeness alone tells them with too little or too much certainty."""


class Sight(NamedTuple):
    """What is seen in prompts, a row for each."""

    tasks: Numbers
    scores: Numbers


class _Seen(NamedTuple):
    """What is seen in one prompt."""

    likeness: float
    """From 0 to 1: how like it is to what was scored."""
    tasks: Numbers
    scores: Numbers
    near: Numbers
    """How near each of the known prompts is."""


class Predictor:
    """Implements `PromptQuality` from what `taskroute train` learned. Threads may share it; it keeps no more than the last prompt."""

    def __init__(self, space: PromptSpace, known: Known) -> None:
        width = len(known.tasks) + len(known.models)
        shapes = (known.places.shape[1:], known.weights.shape[1:], known.means.shape, known.table.shape)
        if shapes != ((space.width,), (width,), (len(known.models),), (len(known.tasks), len(known.models))):
            raise ValueError(f"the arrays of {len(known.models)} models and {len(known.tasks)} tasks have the shapes {shapes}")
        told = known.told
        if told.tasks.shape != known.places.shape[:1] or told.weights.shape != (len(known.places), len(known.models)):
            raise ValueError(f"what is told has the shapes {told.tasks.shape} and {told.weights.shape}")
        if len(known.places) != len(known.weights) or len({len(part) for part in known.trust}) != 1:
            raise ValueError("there are not as many weights as places")
        if known.familiar.weights.shape != (TRAITS,) or len(space.hints.start) != len(known.tasks):
            raise ValueError("what tells known prompts from others is for other tasks or traits")
        if not 0 < known.sharpness < float("inf"):
            raise ValueError(f"shares cannot be raised to {known.sharpness}")
        if not (space.weights.looks and space.weights.words):
            raise ValueError("looks or words weigh nothing")
        self.space = space
        self.known = known
        words, hints = space.parts
        # Each part alone is read as one block.
        self._parts = [np.ascontiguousarray(part) for part in np.split(known.places, (words, hints), axis=1)]
        self._squares = (self._parts[0] ** 2).sum(axis=1)
        self._half = (known.places**2).sum(axis=1) / 2
        self._last: tuple[str, _Seen] | None = None
        self._version: str | None = None

    @property
    def version(self) -> str:
        """Twelve hex digits: two of the same numbers have the same."""
        if self._version is None:
            self._version = hashlib.sha256(dump_arrays(*self.arrays())).hexdigest()[:12]
        return self._version

    def tasks(self, text: str) -> Mapping[str, float]:
        """Return how likely each task is. What is missing to 1 is a task that nothing is known of; empty where the prompt is like none."""
        found = self._seen(text)
        trusted = found.tasks * np.interp(found.likeness, self.known.trust.likeness, self.known.trust.tasks)
        return {task: share for task, share in zip(self.known.tasks, trusted.tolist(), strict=True) if share >= _LEAST}

    def shifts(self, text: str, tasks: Mapping[str, float]) -> Mapping[str, float]:
        """Return for each model what the prompt adds to the quality that is expected of it for these tasks; empty for nothing.

        The likelier a task that none of the known prompts is of, the less like them is the prompt taken to be.
        """
        known, found, trust = self.known, self._seen(text), self.known.trust
        shares = np.array([tasks.get(task, 0.0) for task in known.tasks])
        strange = max(sum(tasks.values()) - float(shares.sum()), 0.0) if known.tasks else 0.0
        likeness = found.likeness - min(strange, 1.0) * max(found.likeness - float(trust.likeness[1]), 0.0)
        task = int(shares.argmax()) if len(shares) and float(shares.max()) > _SURE else None
        columns: list[NDArray[Any]] = list((trust.read if task is None else trust.told).T)
        counts = [float(np.interp(likeness, trust.likeness, column)) for column in columns]
        if counts[0] == 1 and not any(counts[1:]):
            return NOTHING
        added = (counts[0] - 1) * (shares @ (known.table - known.means)) + counts[1] * (found.scores - known.means)
        if task is not None and counts[2]:
            added = added + counts[2] * told_at(found.near, known.told, task)
        return dict(zip(known.models, added.tolist(), strict=True))

    def only(self, *, tasks: bool, read: bool, told: bool) -> Predictor:
        """Return one that tells no more than this: tasks, and what the prompt adds where its task is read, and where it is told."""
        trust = self.known.trust
        kept = Trust(
            trust.likeness,
            tasks=trust.tasks if tasks else np.zeros_like(trust.tasks),
            read=trust.read if read else _alone(trust.read),
            told=trust.told if told else _alone(trust.told),
        )
        return Predictor(self.space, self.known._replace(trust=kept))

    def arrays(self) -> Arrays:
        """Return what `from_arrays` reads."""
        table, scale, known = self.space.table, self.space.scale, self.known
        meta = {
            "format": _FORMAT,
            "models": json.dumps(known.models),
            "tasks": json.dumps(known.tasks),
            "reading": table.reading.dump(),
            "space": json.dumps([*self.space.weights, self.space.usual, table.unseen, known.told.other, known.sharpness]),
        }
        arrays: dict[str, Numbers] = {
            "ids": table.ids,
            "rarity": table.rarity.astype(np.float16),
            "axes": table.weights.astype(np.float16),
            "knots": scale.knots,
            "values": scale.values,
            "places": known.places.astype(np.float32),
            "weights": known.weights.astype(np.float32),
            "told_tasks": known.told.tasks.astype(np.int32),
            "told_weights": known.told.weights.astype(np.float32),
            "hints": self.space.hints.by_looks.astype(np.float32),
            "start": self.space.hints.start.astype(np.float32),
            "means": known.means.astype(np.float32),
            "table": known.table.astype(np.float32),
            "familiar": np.append(known.familiar.weights, known.familiar.start).astype(np.float32),
            "trust": np.column_stack(known.trust).astype(np.float32),
        }
        return Arrays(arrays, meta)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write it as a file that `read` reads; raises OSError where that fails."""
        write_arrays(path, *self.arrays())

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Predictor:
        """Read a file; raises ArraysError where it cannot be read or holds something else."""
        return cls.from_arrays(read_arrays(path, cure=CURE), str(path))

    @classmethod
    def from_arrays(cls, source: Arrays, where: str = "these arrays") -> Predictor:
        """Build one of what `arrays` gave; raises ArraysError, with `where` as the file, for anything else."""
        arrays, meta = source
        try:
            if meta["format"] != _FORMAT:
                raise ArraysError(where, f"is of the format {meta['format']!r}, not {_FORMAT!r}", CURE)
            if not all(bool(np.isfinite(array).all()) for array in arrays.values()):
                raise ValueError("a number is none")
            looks, words, hinted, usual, unseen, other, sharpness = map(float, json.loads(meta["space"]))
            ids = arrays["ids"]
            if ids.dtype != np.uint32 or not bool(np.all(ids[1:] > ids[:-1])):
                raise ValueError("the words are not in order")
            table = WordTable(Reading.load(meta["reading"]), ids, arrays["rarity"], arrays["axes"], unseen=unseen)
            scale, hints = Scale(arrays["knots"], arrays["values"]), Hints(arrays["hints"], arrays["start"])
            space = PromptSpace(table, scale, hints, Weights(looks, words, hinted), usual=usual)
            models, tasks = (tuple(str(name) for name in json.loads(meta[key])) for key in ("models", "tasks"))
            likeness, alone, *counts = arrays["trust"].T
            trust = Trust(likeness, alone, np.column_stack(counts[:2]), np.column_stack(counts[2:5]))
            told = Told(arrays["told_tasks"], arrays["told_weights"], other)
            if not bool(np.all((told.tasks >= -1) & (told.tasks < len(tasks)))):
                raise ValueError("a prompt has a task that is none of them")
            places, weights, means, of_tasks = (arrays[name] for name in ("places", "weights", "means", "table"))
            *of_traits, start = arrays["familiar"].tolist()
            familiar = Familiar(np.array(of_traits), start)
            return cls(space, Known(models, tasks, places, weights, told, means, of_tasks, familiar, trust, sharpness))
        except ArraysError:
            raise
        except (KeyError, ValueError, TypeError, IndexError, RecursionError) as error:
            raise ArraysError(where, f"does not hold what prompts teach ({error})", CURE) from error

    def _seen(self, text: str) -> _Seen:
        last = self._last
        if last is not None and last[0] == text:
            return last[1]
        known, place = self.known, self.space.place(text)
        own = np.split(place.point, self.space.parts)
        looks, words, hints = (part @ of_it for part, of_it in zip(self._parts, own, strict=True))
        near = np.exp(np.minimum(looks + words + hints - self._half - place.point @ place.point / 2, 0))
        weights = self.space.weights
        apart = np.maximum(self._squares + own[0] @ own[0] - 2 * looks, 0) / weights.looks**2
        likeness = float(known.familiar(traits(words[None] / weights.words**2, apart[None], place.hinted[None]))[0])
        found = seen((near @ known.weights)[None, :], known.means, len(known.tasks), known.sharpness)
        result = _Seen(likeness * place.familiar, found.tasks[0], found.scores[0], near)
        self._last = text, result
        return result


def _alone(counts: Numbers) -> Numbers:
    """Return what counts where the tasks alone do."""
    alone = np.zeros_like(counts)
    alone[:, 0] = 1
    return alone


def told_at(near: Numbers, told: Told, task: int) -> Numbers:
    """Return the scores less their means of one prompt of that task, by how near the known ones are to it."""
    return np.asarray((near * np.where(told.tasks == task, np.float32(1.0), np.float32(told.other))) @ told.weights)


def seen(sums: Numbers, means: Numbers, tasks: int, sharpness: float = 1.0) -> Sight:
    """Return what weighted sums mean: shares of the tasks that come to 1 at most, and scores about the means."""
    shares = np.maximum(sums[:, :tasks], 0)
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), 1)
    return Sight(tasks=sharpened(shares, sharpness), scores=means + sums[:, tasks:])


def sharpened(shares: Numbers, power: float) -> Numbers:
    """Return the shares of each row to this power, made to come to as much together as before."""
    if power == 1:
        return shares
    risen = shares**power
    return np.asarray(risen * (shares.sum(axis=1, keepdims=True) / np.maximum(risen.sum(axis=1, keepdims=True), 1e-30)))
