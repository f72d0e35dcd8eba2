"""Reads the request in a prompt: its words and signs in order, and how it begins and ends.

Signs count like words, so that formulas, code, options to choose from and labels such as `Question:` are told by the pairs they form.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from taskroute.learned.beside import may_order, without_courtesy, without_orders
from taskroute.learned.words import MARK
from taskroute.signals.classifiers.terms import UNSPACED, fold

Counted = dict[str | tuple[str, str], None]

HEAD: Final = 350
TAIL: Final = 350
"""Characters at each end of a long prompt that are read: requests stand there, and material in between."""

_ASCII_TOKEN: Final = re.compile(r" *([a-z]+|[0-9]+|\n\n+|[^\sa-z0-9]+)")
# Most words are ASCII in any text that is read: to test for that first takes half the time.
_TOKEN: Final = re.compile(rf" *([a-z]+[^\W\d_{UNSPACED}]*|[{UNSPACED}]|[^\W\d_{UNSPACED}]+|\d+|\n\n+|[^\s\w]+|_+)")
_COURTESIES: Final = """
please pls plz kindly can could would will you u i we me us need want like d to a an the so now just help let s your task is go ahead and
then next also as expert in this have be try was wondering if , ' ! . : ? - bitte kannst konntest du mir mich peux tu pouvez vous puedes
por favor puoi per favore pode voce kun je alsjeblieft
"""
_COURTESY: Final = frozenset(_COURTESIES.split())
"""Words that may come before what is asked for."""
_READ_AT_ENDS: Final = 16
"""Tokens at the beginning, and at the end, among which the first and the last sentence are looked for."""
_STOPS: Final = frozenset(".!?:\n")
_SIZES: Final = (15, 60, 250, 1000)
_SIZE_MARKS: Final = tuple(f"{MARK}size {passed}" for passed in range(len(_SIZES) + 1))


class Prompt(NamedTuple):
    """What was read of a prompt."""

    text: str
    """Folded, without orders; of a long prompt its two ends."""
    tokens: Sequence[str]
    """Its words and signs in order."""
    size: int
    """Characters of the whole prompt, orders left out."""

    def marks(self) -> list[str]:
        """Return what is counted beside words and pairs: how the prompt begins and ends, and its size."""
        marks = _marks(self.tokens)
        marks.append(_SIZE_MARKS[bisect_right(_SIZES, self.size)])
        return marks

    @property
    def counted(self) -> Counted:
        """What is counted, each once: words and signs, pairs of neighbours, and marks."""
        return {**dict.fromkeys(self.tokens), **dict.fromkeys(pairwise(self.tokens)), **dict.fromkeys(self.marks())}


def read_prompt(text: str) -> Prompt:
    """Return what is read of a prompt; its two ends, whatever its length."""
    size = len(text)
    folded = fold(text if size <= HEAD + TAIL else f"{text[:HEAD]}\n{text[size - TAIL :]}").strip()
    plain = without_courtesy(folded)
    tokens = _tokens(plain)
    if may_order(tokens):
        kept = without_courtesy(without_orders(folded).strip())
        if kept != plain:
            return Prompt(kept, _tokens(kept), size - (len(folded) - len(kept)))
    return Prompt(plain, tokens, size)


def _tokens(plain: str) -> list[str]:
    return (_ASCII_TOKEN if plain.isascii() else _TOKEN).findall(plain)


def _marks(tokens: Sequence[str]) -> list[str]:
    """Return how the first and the last sentence begin, courtesies left out, and whether a question ends the prompt."""
    first = _asked(tokens[:_READ_AT_ENDS], 3)
    if not first:
        return []
    marks = [f"{MARK}first {first[0]}", f"{MARK}first {' '.join(first[:2])}", f"{MARK}first {' '.join(first)}"]
    tail = tokens[-_READ_AT_ENDS:]
    begins = 0
    for i in range(len(tail) - 3, -1, -1):
        if tail[i][0] in _STOPS:
            begins = i + 1
            break
    if begins or len(tokens) > _READ_AT_ENDS:
        last = _asked(tail[begins:], 2)
        if last:
            marks += [f"{MARK}last {last[0]}", f"{MARK}last {' '.join(last)}"]
    if tail[-1][-1] == "?":
        marks.append(f"{MARK}asks")
    return marks


def _asked(tokens: Sequence[str], most: int) -> list[str]:
    """Return the first tokens that are no courtesy, at most `most`."""
    found: list[str] = []
    for token in tokens:
        if token not in _COURTESY and token[0] != "\n":
            found.append(token)
            if len(found) == most:
                break
    return found
