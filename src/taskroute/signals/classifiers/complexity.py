"""Tells how hard a request is from its form and its words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from taskroute.signals.classifiers import keyword_lists as lists
from taskroute.signals.classifiers.terms import Hit, Term, Tokens, edge, terms

_LISTS: Final = {"hard": lists.HARD, "harder": lists.HARDER, "constraint": lists.CONSTRAINTS, "step": lists.STEPS}
_WEIGHTS: Final = {"hard": (1.5, 3), "harder": (0.75, 3), "constraint": (0.2, 6), "step": (0.3, 4)}
"""What a distinct term counts, and how many of them count."""
_ITEMS: Final = frozenset({"- ", "* ", *(f"{number}." for number in range(1, 10))})
_MEDIUM_FROM: Final = 0.75
_HIGH_FROM: Final = 2.75
_SURE: Final = 1.0
"""So far from a boundary, a level is as sure as it gets."""


def complexity_terms() -> Iterator[Term]:
    """Yield the terms that `judge_complexity` looks for among the hits."""
    for mark, listed in _LISTS.items():
        yield from terms(listed, mark)


def judge_complexity(text: str, tokens: Tokens, hits: Iterable[Hit]) -> tuple[str, float]:
    """Return `low`, `medium` or `high` and the confidence, 0.5 at a boundary and at most 0.95."""
    count = len(tokens.words)
    return level_of(points(text, count, {hit.term for hit in hits if hit.term.mark in _WEIGHTS and edge(hit.position, count)}))


def level_of(points: float) -> tuple[str, float]:
    """Return the level that points stand for, and the confidence."""
    if points < _MEDIUM_FROM:
        level, distance = "low", _MEDIUM_FROM - points
    elif points < _HIGH_FROM:
        level, distance = "medium", min(points - _MEDIUM_FROM, _HIGH_FROM - points)
    else:
        level, distance = "high", points - _HIGH_FROM
    return level, round(0.5 + 0.45 * min(1.0, distance / _SURE), 4)


def points(text: str, count: int, found: Iterable[Term]) -> float:
    """Return what a folded text of `count` words comes to with the distinct terms that were found at its ends."""
    distinct = dict.fromkeys(_WEIGHTS, 0)
    for term in found:
        distinct[term.mark] += 1
    total = sum(weight * min(most, distinct[mark]) for mark, (weight, most) in _WEIGHTS.items())
    total += 0.4 * min(3, max(0, text.count("?") - 1))
    if "\n" in text:
        total += 0.2 * min(5, _listed(text))
    if "```" in text:
        total += 0.6
    return total + _length(count)


def _listed(text: str) -> int:
    """Return how many lines are items of a list."""
    return sum(1 for line in text.split("\n") if line.lstrip()[:2] in _ITEMS)


def _length(count: int) -> float:
    # A long text is mostly material: beyond some length it says nothing more about the request.
    return 0.5 if count > 120 else 0.25 if count > 30 else 0.0
