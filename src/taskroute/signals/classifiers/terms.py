"""Turns term lists into one table, and finds their terms in a text in time linear in its length."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

# Scripts written without spaces: each character is a token, so that a term may stand anywhere in a run of them.
UNSPACED: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff"
_TOKEN: Final = re.compile(rf"[{UNSPACED}]|[^\W{UNSPACED}]+|[.!?:\n]")
_ASCII_TOKEN: Final = re.compile(r"[a-z0-9_]+|[.!?:\n]")
_STOPS: Final = frozenset(".!?:\n")
_BEYOND_ASCII: Final = re.compile(r"[^\x00-\x7f]+")
_SHORT_RUN: Final = 3
"""Characters beyond ASCII in a row, such as an accented letter, that are remembered."""
_SHORTEST_FUZZY: Final = 5
_LONGEST_FUZZY: Final = 16
_EDGE: Final = 40
"""How many tokens at each end of a text may be misspelt: requests stand there, material in between."""


class Tokens(NamedTuple):
    """The words of a text and where its sentences begin."""

    words: tuple[str, ...]
    starts: frozenset[int]
    """Positions of the first word of each sentence or line."""


class Term(NamedTuple):
    """A word or phrase, and what it stands for."""

    words: tuple[str, ...]
    mark: str
    weight: float


class Hit(NamedTuple):
    """A term that was found."""

    position: int
    term: Term
    exact: bool


def fold(text: str) -> str:
    """Return the text in lower case without accents."""
    if text.isascii():
        return text.lower()
    # Nothing reaches over an ASCII character: what is left of a mark behind one is nothing.
    return _BEYOND_ASCII.sub(_plain_run, text.casefold())


def _plain_run(found: re.Match[str]) -> str:
    run = found[0]
    return _plain_letters(run) if len(run) <= _SHORT_RUN else _plain(run)


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", "".join(c for c in plain if not unicodedata.combining(c)))


_plain_letters = lru_cache(maxsize=1024)(_plain)


def tokenize(text: str) -> Tokens:
    """Return the words of a text, folded."""
    words: list[str] = []
    starts: set[int] = {0}
    plain = fold(text)
    for token in (_ASCII_TOKEN if plain.isascii() else _TOKEN).findall(plain):
        if token in _STOPS:
            starts.add(len(words))
        else:
            words.append(token)
    return Tokens(words=tuple(words), starts=frozenset(starts))


def terms(listed: str | Iterable[str], mark: str, weight: float = 1.0) -> Iterator[Term]:
    """Yield the terms of a list; a string is split at commas."""
    for entry in listed.split(",") if isinstance(listed, str) else listed:
        words = tokenize(entry).words
        if words:
            yield Term(words=words, mark=mark, weight=weight)


def _shortened(word: str) -> list[str]:
    return [word[:i] + word[i + 1 :] for i in range(1, len(word))]


def _alike(typed: str, meant: str) -> bool:
    """Whether one slip of the finger turns one word into the other."""
    if typed[0] != meant[0]:
        return False
    if len(typed) != len(meant):
        return abs(len(typed) - len(meant)) == 1
    wrong = [i for i, (a, b) in enumerate(zip(typed, meant, strict=True)) if a != b]
    if len(wrong) == 1:
        # In short words a wrong letter is often another word: store, story.
        return len(typed) > _SHORTEST_FUZZY
    swapped = len(wrong) == 2 and wrong[1] == wrong[0] + 1
    return swapped and typed[wrong[0]] == meant[wrong[1]] and typed[wrong[1]] == meant[wrong[0]]


class TermTable:
    """Finds terms by their first word, forgiving one typing error at either end of the text."""

    def __init__(self, entries: Iterable[Term]) -> None:
        first: dict[str, list[Term]] = {}
        vocabulary: set[str] = set()
        for term in entries:
            first.setdefault(term.words[0], []).append(term)
            vocabulary.update(term.words)
        self._first: Mapping[str, tuple[Term, ...]] = {word: tuple(found) for word, found in first.items()}
        self._vocabulary = frozenset(vocabulary)
        self._near: dict[str, list[str]] = {}
        for word in sorted(vocabulary):
            if _SHORTEST_FUZZY <= len(word) <= _LONGEST_FUZZY:
                for key in (word, *_shortened(word)):
                    self._near.setdefault(key, []).append(word)
        fuzzy = [word for word in vocabulary if _SHORTEST_FUZZY <= len(word) <= _LONGEST_FUZZY]
        self._shapes = frozenset((word[0], size) for word in fuzzy for size in range(len(word) - 1, min(len(word) + 1, _LONGEST_FUZZY) + 1))
        """First letters and lengths that a misspelt word may have: most words have others, and are passed over soon."""

    def find(self, tokens: Tokens) -> list[Hit]:
        """Return the terms in the text, in order."""
        words = tokens.words
        count = len(words)
        meant = list(words)
        for i in (*range(min(_EDGE, count)), *range(max(_EDGE, count - _EDGE), count)):
            word = words[i]
            if word not in self._vocabulary and (word[0], len(word)) in self._shapes:
                meant[i] = self._correct(word)
        hits: list[Hit] = []
        for i in [i for i, word in enumerate(meant) if word in self._first]:
            word = meant[i]
            for term in self._first[word]:
                size = len(term.words)
                if size == 1:
                    hits.append(Hit(i, term, word == words[i]))
                elif i + size <= count and meant[i + 1] == term.words[1] and tuple(meant[i : i + size]) == term.words:
                    hits.append(Hit(i, term, term.words == words[i : i + size]))
        return hits

    def _correct(self, word: str) -> str:
        if not word.isalpha():
            return word
        for key in filter(self._near.__contains__, (word, *_shortened(word))):
            for meant in self._near[key]:
                if _alike(word, meant):
                    return meant
        return word


def edge(position: int, count: int, width: int = _EDGE) -> bool:
    """Whether a word is one of the first or last `width` of a text of `count` words."""
    return position < width or position >= count - width
