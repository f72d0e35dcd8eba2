"""Reads the request in a prompt: its words and signs in order, and how it begins and ends.

Signs count like words, so that formulas, code, options to choose from and labels such as `Question:` are told by the pairs they form.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from taskroute.learned.beside import without_courtesy, without_orders
from taskroute.learned.words import MARK
from taskroute.signals.classifiers.terms import UNSPACED, fold

Counted = dict[str | tuple[str, str], None]

HEAD: Final = 350
TAIL: Final = 350
"""Characters at each end of a long prompt that are read: requests stand there, and material in between."""

_ASCII_TOKEN: Final = re.compile(r"[a-z]+|[0-9]+|\n\n+|[^\sa-z0-9]+")
_TOKEN: Final = re.compile(rf"[{UNSPACED}]|[^\W\d_{UNSPACED}]+|\d+|\n\n+|[^\s\w]+|_+")
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


class Prompt(NamedTuple):
    """What was read of a prompt."""

    text: str
    """Folded, without orders; of a long prompt its two ends."""
    tokens: Sequence[str]
    """Its words and signs in order."""
    size: int
    """Characters of the whole prompt."""

    @property
    def counted(self) -> Counted:
        """What is counted, each once: words and signs, pairs of neighbours, and marks for the beginning, the end and the size."""
        tokens = self.tokens
        counted: Counted = dict.fromkeys(tokens)
        counted.update(dict.fromkeys(pairwise(tokens)))
        for mark in _marks(tokens):
            counted[mark] = None
        counted[f"{MARK}size {sum(self.size >= limit for limit in _SIZES)}"] = None
        return counted


def read_prompt(text: str) -> Prompt:
    """Return what is read of a prompt; its two ends, whatever its length."""
    size = len(text)
    ends = text if size <= HEAD + TAIL else f"{text[:HEAD]}\n{text[size - TAIL :]}"
    plain = without_courtesy(without_orders(fold(ends)).strip())
    return Prompt(plain, (_ASCII_TOKEN if plain.isascii() else _TOKEN).findall(plain), size)


def _marks(tokens: Sequence[str]) -> list[str]:
    """Return how the first and the last sentence begin, courtesies left out, and whether a question ends the prompt."""
    first = [token for token in tokens[:_READ_AT_ENDS] if token not in _COURTESY and token[0] != "\n"][:3]
    if not first:
        return []
    marks = [f"{MARK}first {first[0]}", f"{MARK}first {' '.join(first[:2])}", f"{MARK}first {' '.join(first)}"]
    tail = tokens[-_READ_AT_ENDS:]
    begins = 0
    for i in range(len(tail) - 3, -1, -1):
        if tail[i][0] in _STOPS:
            begins = i + 1
            break
    last = [token for token in tail[begins:] if token not in _COURTESY and token[0] != "\n"][:2]
    if last and (begins or len(tokens) > _READ_AT_ENDS):
        marks += [f"{MARK}last {last[0]}", f"{MARK}last {' '.join(last)}"]
    if tail[-1][-1] == "?":
        marks.append(f"{MARK}asks")
    return marks
