"""Tells how hard a prompt is, by the rules of the keyword classifier, from what was read of it already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from taskroute.learned.request import Prompt
from taskroute.signals.classifiers.complexity import complexity_terms, judge_complexity
from taskroute.signals.classifiers.terms import Hit, Term, Tokens


def _by_first_word() -> dict[str, list[Term]]:
    found: dict[str, list[Term]] = {}
    for term in complexity_terms():
        found.setdefault(term.words[0], []).append(term)
    return found


_TERMS: Final = _by_first_word()
_FIRST: Final = frozenset(_TERMS)
_STARTS: Final = frozenset((0,))


def how_hard(prompt: Prompt) -> tuple[str, float]:
    """Return `low`, `medium` or `high` and the confidence, from 0.5 at a boundary to 0.95."""
    words = tuple(prompt.tokens)
    return judge_complexity(prompt.text, Tokens(words, _STARTS), _hits(words))


def _hits(words: tuple[str, ...]) -> Iterator[Hit]:
    for word in _FIRST.intersection(words):
        position = -1
        for _ in range(words.count(word)):
            position = words.index(word, position + 1)
            for term in _TERMS[word]:
                if words[position : position + len(term.words)] == term.words:
                    yield Hit(position, term, True)
