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


def how_hard(prompt: Prompt) -> tuple[str, float]:
    """Return `low`, `medium` or `high` and the confidence, from 0.5 at a boundary to 0.95."""
    words = [token for token in prompt.tokens if token[0].isalnum()]
    return judge_complexity(prompt.text, Tokens(tuple(words), frozenset((0,))), _hits(words))


def _hits(words: list[str]) -> Iterator[Hit]:
    if _FIRST.isdisjoint(words):
        return
    for position, word in enumerate(words):
        for term in _TERMS.get(word, ()):
            if tuple(words[position : position + len(term.words)]) == term.words:
                yield Hit(position, term, True)
