"""The pieces of many texts as numbers to learn from: the same counting that `word_table` does for one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.learned.word_table import Floats, Unit
from taskroute.learned.words import Ids, Reading, all_pieces, units, words
from taskroute.signals.language_profiles import STOP_WORDS

_BLOCK: Final = 2048

Places = NDArray[np.intp]


class Counted(NamedTuple):
    """Which pieces stand in which texts: one entry for each word or pair of a text and each of its pieces."""

    size: int
    """How many texts."""
    ids: Ids
    """Numbers of the pieces, rising."""
    rows: Places
    """The text of each entry, rising."""
    columns: Places
    """The place of its piece in `ids`."""
    values: Floats
    """What it counts, before rarity."""
    common: NDArray[np.bool_]
    """Of each piece, whether it is one of a number or of a stop word, or stands for two of them."""

    def found_in(self) -> NDArray[np.int64]:
        """Return in how many texts each piece stands."""
        distinct = np.unique(self.rows * len(self.ids) + self.columns)
        return np.bincount(distinct % len(self.ids), minlength=len(self.ids))


class Weighted(NamedTuple):
    """Texts as rows of length 1 over the pieces; entries of the same row and column add up."""

    size: int
    width: int
    rows: Places
    columns: Places
    values: Floats

    def only(self, wanted: NDArray[np.bool_]) -> Weighted:
        """Return the same rows with nothing but these pieces, as long as they were before or shorter."""
        is_wanted = wanted[self.columns]
        return self._replace(rows=self.rows[is_wanted], columns=self.columns[is_wanted], values=self.values[is_wanted])

    def blocks(self) -> Iterator[tuple[slice, Floats]]:
        """Yield the columns as dense blocks, one after the other."""
        order = np.argsort(self.columns, kind="stable")
        rows, columns, values = self.rows[order], self.columns[order], self.values[order]
        for start in range(0, self.width, _BLOCK):
            end = min(start + _BLOCK, self.width)
            low, high = np.searchsorted(columns, (start, end))
            flat = rows[low:high] * (end - start) + columns[low:high] - start
            block = np.bincount(flat, weights=values[low:high], minlength=self.size * (end - start))
            yield slice(start, end), block.reshape(self.size, end - start).astype(np.float32)

    def products(self, others: Weighted | None = None) -> NDArray[np.float64]:
        """Return the product of each row with each, or with each of others over the same pieces."""
        total = np.zeros((self.size, self.size if others is None else others.size), dtype=np.float64)
        if others is None:
            for _, block in self.blocks():
                total += block @ block.T
            return total
        for (_, block), (_, other) in zip(self.blocks(), others.blocks(), strict=True):
            total += block @ other.T
        return total

    def weights(self, of_rows: NDArray[np.float64]) -> Floats:
        """Return the weights of the pieces that stand for these weights of the rows, of shape (size, k)."""
        found = np.empty((self.width, of_rows.shape[1]), dtype=np.float32)
        narrow = of_rows.astype(np.float32)
        for columns, block in self.blocks():
            found[columns] = block.T @ narrow
        return found


def counted(texts: Sequence[str], reading: Reading, marks: Sequence[Iterable[str]] | None = None) -> Counted:
    """Return what stands in these texts; `marks` are counted beside the words of each."""
    known: dict[Unit, int] = {}
    of_texts: list[int] = []
    sizes: list[int] = []
    for number, text in enumerate(texts):
        found = units(words(text, reading), reading)
        if marks is not None:
            found.update(dict.fromkeys(marks[number]))
        of_texts.extend(known.setdefault(unit, len(known)) for unit in found)
        sizes.append(len(found))
    if not known:
        empty = np.empty(0, dtype=np.intp)
        nothing = np.empty(0, dtype=np.float32)
        return Counted(len(texts), np.empty(0, dtype=np.uint32), empty, empty, nothing, np.empty(0, dtype=np.bool_))
    found_pieces = all_pieces(known, reading)
    ids, columns = np.unique(found_pieces.ids, return_inverse=True)
    counts = np.diff(np.append(found_pieces.starts, len(found_pieces.ids)))
    unit_of = np.array(of_texts, dtype=np.intp)
    each = counts[unit_of]
    first = np.repeat(found_pieces.starts[unit_of] - np.append(0, np.cumsum(each)[:-1]), each)
    entries = first + np.arange(len(first))
    rows = np.repeat(np.repeat(np.arange(len(texts), dtype=np.intp), sizes), each)
    common = np.zeros(len(ids), dtype=np.bool_)
    common[columns[np.repeat([_is_common(unit) for unit in known], counts)]] = True
    return Counted(len(texts), ids, rows, columns[entries].astype(np.intp), found_pieces.values[entries], common)


@cache
def _stop_words() -> frozenset[str]:
    return frozenset(word for listed in STOP_WORDS.values() for entry in listed for word in words(entry, Reading()))


def are_common(found: Iterable[str]) -> bool:
    """Return whether these words are all stop words and numbers, which say nothing of a subject."""
    stops = _stop_words()
    return all(word in stops or word.isdigit() for word in found)


def _is_common(unit: Unit) -> bool:
    return are_common(unit if isinstance(unit, tuple) else (unit,))


def weighted(source: Counted, rarity: NDArray[np.floating[Any]], *, least: float = 0.0) -> Weighted:
    """Return the texts as rows, each piece weighed by how rare it is; a text without words is a row of zeros.

    A text whose length in squares is less than `least` is taken to have that.
    """
    values = source.values * rarity[source.columns]
    lengths = np.maximum(np.bincount(source.rows, weights=values**2, minlength=source.size), least) ** 0.5
    lengths[lengths == 0] = 1.0
    scaled = (values / lengths[source.rows]).astype(np.float32)
    return Weighted(source.size, len(source.ids), source.rows, source.columns, scaled)
