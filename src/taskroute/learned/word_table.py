"""What each word of a text adds to the scores of a linear model, worked out once for a word and kept."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from taskroute.learned.words import Ids, Reading, all_pieces, units, words

Floats = NDArray[np.float32]
Unit = str | tuple[str, str]

_KEPT: Final = 32_768
"""Words and pairs that are kept; when there are more, all are forgotten and the count begins anew."""
_FIRST_ROOM: Final = 1024
_LOOK_UP: Final = dict[str, int].get


class Summed(NamedTuple):
    """What the words of a text come to."""

    scores: Floats
    """One number a column of the weights, for a text of length 1; all 0 where no word is known."""
    known: float
    """How much of the text is made of what was seen in training, from 0 to 1."""


class _Kept:
    """Rows that were worked out: the sums of a word, then its known and its whole weight."""

    __slots__ = ("after", "at", "count", "rows")

    def __init__(self, width: int) -> None:
        self.at: dict[str, int] = {}
        """The row of each word and mark."""
        self.after: dict[str, dict[str, int]] = {}
        """For each word, the row of its pair with each word that was seen after it."""
        self.rows: Floats = np.empty((_FIRST_ROOM, width), dtype=np.float32)
        self.count = 0

    def place(self, unit: Unit) -> int | None:
        """Return the row of a word or a pair; None for one that was not worked out."""
        if isinstance(unit, str):
            return self.at.get(unit)
        found = self.after.get(unit[0])
        return None if found is None else found.get(unit[1])

    def places(self, found: Sequence[str], marks: Sequence[str], *, pairs: bool) -> dict[int, None] | None:
        """Return the rows of all that is counted of a text, each once and in order; None if one was not worked out."""
        own = self.at.get
        # No pair is put together to look it up.
        after = map(_LOOK_UP, map(self.after.__getitem__, found[:-1]), found[1:]) if pairs else ()
        try:
            at = dict.fromkeys(chain(map(own, found), after, map(own, marks)))
        except KeyError:
            return None
        return None if None in at else cast("dict[int, None]", at)

    def add(self, new: Sequence[Unit], rows: Floats) -> None:
        """Keep a row for each of these, which have none yet."""
        first, self.count = self.count, self.count + len(new)
        while self.count > len(self.rows):
            self.rows = np.concatenate((self.rows, np.empty_like(self.rows)))
        self.rows[first : self.count] = rows
        # A reader may look at any time: it finds a place only once the row stands there.
        for place, unit in enumerate(new, first):
            if isinstance(unit, str):
                self.at[unit] = place
            else:
                self.after.setdefault(unit[0], {})[unit[1]] = place


class WordTable:
    """Weights of the pieces of words, one row a piece. Threads may share it.

    `ids` are the numbers of the pieces, rising; `rarity` says what each counts; a piece that is not among them counts `unseen` towards
    the length of a text, so that a text of unknown words has small scores. A text is taken to have at least the length of one such word.
    """

    def __init__(self, reading: Reading, ids: Ids, rarity: NDArray[Any], weights: NDArray[Any], *, unseen: float) -> None:
        if not len(ids) == len(rarity) == len(weights) or weights.ndim != 2:
            raise ValueError(f"{len(ids)} pieces have {len(rarity)} rarities and weights of the shape {weights.shape}")
        self.reading = reading
        self.ids = ids
        self.rarity = rarity
        self.weights = weights
        self.unseen = unseen
        self.least = least_length(reading, unseen)
        """The squared length that a text has at least."""
        self._lock = threading.Lock()
        self._kept = _Kept(weights.shape[1] + 2)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.reading, self.ids, self.rarity, self.weights, self.unseen)

    def read(self, text: str, marks: Iterable[str] = ()) -> Summed:
        """Return the sums for a text; `marks` are counted as if they were words of it, and begin with `words.MARK`."""
        return self.sums(words(text, self.reading), tuple(marks))

    def sums(self, found: Sequence[str], marks: Sequence[str] = ()) -> Summed:
        """Return the sums for the words of a text in order, and for marks beside them."""
        return self.summed(self.total(found, marks))

    def total(self, found: Sequence[str], marks: Sequence[str] = ()) -> Floats:
        """Return what words and marks add up to, before length: a number a column, then the known and the whole squared length."""
        kept = self._kept
        at = kept.places(found, marks, pairs=self.reading.pairs)
        if at is None:
            kept = self._with({**units(found, self.reading), **dict.fromkeys(marks)})
            at = cast("dict[int, None]", kept.places(found, marks, pairs=self.reading.pairs))
        rows = kept.rows.take(np.fromiter(at, dtype=np.intp, count=len(at)), axis=0)
        total: Floats = np.add.reduce(rows, axis=0)
        return total

    def summed(self, total: Floats) -> Summed:
        """Return the scores that a total stands for."""
        known, whole = float(total[-2]), max(float(total[-1]), self.least)
        if whole <= 0.0:
            return Summed(np.zeros(self.weights.shape[1], dtype=np.float32), 0.0)
        return Summed(total[:-2] * whole**-0.5, known / whole)

    def _with(self, counted: dict[Unit, None]) -> _Kept:
        """Return what is kept, all of these among it."""
        with self._lock:
            kept = self._kept
            new = [unit for unit in counted if kept.place(unit) is None]
            if kept.count + len(new) > _KEPT:
                kept = _Kept(self.weights.shape[1] + 2)
                new = list(counted)
            if new:
                kept.add(new, self._work_out(new))
            self._kept = kept
            return kept

    def _work_out(self, new: list[Unit]) -> Floats:
        found = all_pieces(new, self.reading)
        rows = np.zeros((len(found.ids), self.weights.shape[1] + 2), dtype=np.float32)
        lengths: Floats = found.values * self.unseen
        if len(self.ids):
            near = np.searchsorted(self.ids, found.ids)
            hits = (self.ids.take(near, mode="clip") == found.ids).nonzero()[0]
            places: NDArray[np.intp] = near[hits]
            lengths[hits] = found.values.take(hits) * self.rarity.take(places)
            known: Floats = lengths[hits]
            rows[hits, :-2] = self.weights.take(places, axis=0) * known[:, None]
            rows[hits, -2] = known**2
        rows[:, -1] = lengths**2
        return np.add.reduceat(rows, found.starts, axis=0)


def least_length(reading: Reading, unseen: float) -> float:
    """Return the squared length of a text of one word that was never seen."""
    return (1.0 + reading.share) * unseen**2


def _rebuild(reading: Reading, ids: Ids, rarity: NDArray[Any], weights: NDArray[Any], unseen: float) -> WordTable:
    return WordTable(reading, ids, rarity, weights, unseen=unseen)
