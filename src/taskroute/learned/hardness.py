"""Tells how hard a prompt is, from the points that the rules of the keyword classifier give it, and from its length.

It says how much is asked for, as people would say. It hardly says whether a model would get it right: within fourteen benchmarks whose
answers are known, the rank correlation with the share of models that are wrong is between -0.06 and 0.36, under 0.12 in most
(`scripts/fit_complexity.py --models`). Learned from their mistakes on other benchmarks, it was no better on most, so that is not used.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import exp, log
from typing import Final, NamedTuple

from taskroute.learned.request import Prompt
from taskroute.signals.classifiers.complexity import complexity_terms, points
from taskroute.signals.classifiers.terms import Term, edge
from taskroute.taxonomy import COMPLEXITIES


def _by_first_word(terms: Iterable[Term]) -> dict[str, tuple[Term, ...]]:
    found: dict[str, list[Term]] = {}
    for term in terms:
        found.setdefault(term.words[0], []).append(term)
    return {word: tuple(terms) for word, terms in found.items()}


_ALL: Final = tuple(dict.fromkeys(complexity_terms()))
_WORDS: Final = {term.words[0]: term for term in _ALL if len(term.words) == 1}
_PHRASES: Final = _by_first_word(term for term in _ALL if len(term.words) > 1)
_SINGLE: Final = frozenset(_WORDS)
_OPENING: Final = frozenset(_PHRASES)
_NEXT: Final = {word: frozenset(term.words[1] for term in phrases) for word, phrases in _PHRASES.items()}
_IN_PHRASES: Final = _OPENING.union(*_NEXT.values())
_LONGEST: Final = max(len(term.words) for term in _ALL)
_END: Final = 40
"""Words at each end of a prompt among which terms count."""


class Levels(NamedTuple):
    """Where the levels part: an ordinal logistic regression."""

    points: float
    """What a point weighs."""
    length: float
    """What the logarithm of the number of words and signs weighs."""
    medium: float
    """From here on `medium` or more is likelier than not."""
    high: float


LEVELS: Final = Levels(points=1.8, length=1.32, medium=3.47, high=7.25)
"""As `scripts/fit_complexity.py` found them on 74 labelled prompts: 0.81 right with tenths left out, 0.95 of 20 others."""
_MOST_POINTS: Final = 6.0
_MOST_WORDS: Final = 60
"""Words and signs that count: prompts with a known complexity are no longer, and what is longer is mostly material."""


def how_hard(prompt: Prompt) -> tuple[str, float]:
    """Return `low`, `medium` or `high`, and how likely people are to say the same."""
    chances = likely(LEVELS, *measures(prompt))
    top = max(chances)
    return COMPLEXITIES[chances.index(top)], round(top, 4)


def measures(prompt: Prompt) -> tuple[float, float]:
    """Return the points of a prompt, and the logarithm of its length."""
    tokens = prompt.tokens
    count = len(tokens)
    return min(points(prompt.text, count, _found(tokens)), _MOST_POINTS), log(min(max(count, 1), _MOST_WORDS))


def likely(levels: Levels, points: float, length: float) -> tuple[float, float, float]:
    """Return how likely each of `low`, `medium` and `high` is."""
    hard = levels.points * points + levels.length * length
    some, much = 1.0 / (1.0 + exp(levels.medium - hard)), 1.0 / (1.0 + exp(levels.high - hard))
    return 1.0 - some, some - much, much


def _found(tokens: Sequence[str]) -> list[Term]:
    """Return the terms that stand at the ends of a prompt, each once."""
    ends = tokens if len(tokens) <= 2 * _END else [*tokens[:_END], *tokens[-_END:]]
    found = [_WORDS[word] for word in _SINGLE.intersection(ends)]
    # To look for phrases takes long. That none of their second words is there is soon seen.
    there = _IN_PHRASES.intersection(tokens)
    for word in _OPENING & there:
        if not _NEXT[word].isdisjoint(there):
            found += _standing(_PHRASES[word], tokens)
    return found


def _standing(phrases: Sequence[Term], tokens: Sequence[str]) -> list[Term]:
    first = phrases[0].words[0]
    found: list[Term] = []
    position = -1
    for _ in range(tokens.count(first)):
        position = tokens.index(first, position + 1)
        if edge(position, len(tokens), _END):
            following = tuple(tokens[position : position + _LONGEST])
            found += [term for term in phrases if following[: len(term.words)] == term.words and term not in found]
    return found
