"""Turns a text into the words that a learned model counts, and words into numbered pieces.

A text is read once, its middle left out where it is long. What a word brings does not depend on its neighbours, so that it can be
worked out once and kept: see `linear`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.signals.classifiers.terms import UNSPACED, fold

Ids = NDArray[np.uint32]

_WORD: Final = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+")
_BLANKS: Final = {code: " " for code in range(128) if not chr(code).isalnum()}
_PART: Final = zlib.crc32(b"\n")
"""Begins the number of a part of a word."""
_LONGEST_WORD: Final = 40
"""Characters of a word that count: what is longer is no word but material."""
MARK: Final = "\t"
"""Begins what is counted like a word and is none, such as a fact about the text's form. No word holds it."""


class Reading(NamedTuple):
    """How a text is read."""

    head: int = 2000
    """Characters from its beginning that count."""
    tail: int = 2000
    """Characters from its end that count."""
    shortest: int = 3
    """Characters of the shortest piece of a word; a word's edges count as one each."""
    longest: int = 5
    """Characters of the longest piece; less than `shortest` for none."""
    pairs: bool = True
    """Whether two words in a row count as well."""
    share: float = 2.0
    """What all pieces of a word count together, where the word itself counts 1: in squares, so that it is a share of the length."""
    pair_share: float = 0.5
    """What a pair counts, alike."""

    def dump(self) -> str:
        """Return it as a text that `load` reads."""
        return " ".join(str(int(value) if isinstance(value, bool) else value) for value in self)

    @classmethod
    def load(cls, text: str) -> Reading:
        """Read what `dump` gave; raises ValueError for anything else."""
        head, tail, shortest, longest, pairs, share, pair_share = text.split(" ")
        found = cls(int(head), int(tail), int(shortest), int(longest), pairs == "1", float(share), float(pair_share))
        if not (0 <= found.head <= 100_000 and 0 <= found.tail <= 100_000 and 1 <= found.shortest <= 10 and found.longest <= 10):
            raise ValueError(f"{text!r} is no way to read a text")
        return found


def capped(text: str, reading: Reading) -> str:
    """Return the text, or its head and tail where it is longer than both."""
    if len(text) <= reading.head + reading.tail:
        return text
    return f"{text[: reading.head]}\n{text[len(text) - reading.tail :]}"


def words(text: str, reading: Reading) -> list[str]:
    """Return the words of a text in order: lower case, without accents; numbers by their length only."""
    plain = fold(capped(text, reading))
    # The same words as by the expression, in a third of the time.
    return plain.translate(_BLANKS).split() if plain.isascii() else _WORD.findall(plain)


def units(found: Sequence[str], reading: Reading) -> dict[str | tuple[str, str], None]:
    """Return what is counted of these words, each once, in order: the words, and pairs of neighbours."""
    counted: dict[str | tuple[str, str], None] = dict.fromkeys(found)
    if reading.pairs:
        counted.update(dict.fromkeys(pairwise(found)))
    return counted


def pieces(unit: str | tuple[str, str], reading: Reading) -> list[int]:
    """Return the numbers of what a word or a pair is made of, the whole first; numbers are CRC-32 sums, alike on every machine."""
    if isinstance(unit, tuple):
        first, second = unit
        return [_number(f"{_whole(first)} {_whole(second)}")]
    word = _whole(unit)
    found = [_number(word)]
    if word[0] == MARK or word[0] == "0":
        return found
    edged = f" {word} "
    whole = len(edged)
    # Of most words, bytes can be cut in the place of characters: then no part has to be encoded.
    raw = edged.encode("ascii") if edged.isascii() else None
    for size in range(reading.shortest, min(reading.longest, whole - 1) + 1):
        if raw is None:
            found += [_number(edged[i : i + size], _PART) for i in range(whole - size + 1)]
        else:
            found += [zlib.crc32(raw[i : i + size], _PART) for i in range(whole - size + 1)]
    return found


def _whole(word: str) -> str:
    if word.isdigit():
        return "0" * min(len(word), 5)
    return word[:_LONGEST_WORD]


def _number(text: str, before: int = 0) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass"), before)


class Pieces(NamedTuple):
    """The pieces of several words, one after the other."""

    ids: Ids
    values: NDArray[np.float32]
    """What each counts, before it is weighed by how rare it is."""
    starts: NDArray[np.intp]
    """Where those of each word begin."""


def all_pieces(found: Iterable[str | tuple[str, str]], reading: Reading) -> Pieces:
    """Return the pieces of each of these words and pairs; each has at least one."""
    ids: list[int] = []
    values: list[float] = []
    starts: list[int] = []
    pair = reading.pair_share**0.5
    for unit in found:
        of_it = pieces(unit, reading)
        starts.append(len(ids))
        ids += of_it
        values.append(pair if isinstance(unit, tuple) else 1.0)
        parts = len(of_it) - 1
        if parts:
            values += [(reading.share / parts) ** 0.5] * parts
    return Pieces(np.array(ids, dtype=np.uint32), np.array(values, dtype=np.float32), np.array(starts, dtype=np.intp))
