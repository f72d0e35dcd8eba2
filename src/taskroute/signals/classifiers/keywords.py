"""Tells the task and the complexity of a prompt from its words, in microseconds and without a model."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from taskroute.signals.classifiers import keyword_lists as lists
from taskroute.signals.classifiers.complexity import complexity_terms, judge_complexity
from taskroute.signals.classifiers.terms import Hit, Term, TermTable, Tokens, edge, terms, tokenize
from taskroute.signals.language import detect_language
from taskroute.taxonomy import TASK_GROUPS, TASKS
from taskroute.types import Classification

_STRONG_WEIGHT: Final = 3.0
_MEDIUM_WEIGHT: Final = 1.2
_OWN_WEIGHT: Final = 3.0
_REACH: Final = 8
"""An object belongs to a verb at most so many words before it."""
_SHORT: Final = 14
"""Up to so many words a greeting is what the text is about."""
_LONG: Final = 80
_LONG_EDGE: Final = 14
"""A text of more words than `_LONG` is mostly material; the request is its first or last sentence, or so many words at each end."""
_NEAR: Final = 0.5
_LEAST: Final = 0.6
"""Less evidence than this is none."""
_HALF: Final = 0.9
"""So much evidence, undisputed, gives a score of one half."""
_INSIDE: Final = 0.3
"""What a word counts between the edges of a long text, where material stands rather than the request."""
_QUESTION: Final = 0.6
_MISSPELT: Final = 0.8
_OPENING: Final = 1.4
"""What a word counts more where a request begins."""

_FORMULA: Final = re.compile(r"[0-9a-z)]\s{0,2}[+*/^=]\s{0,2}[0-9(-]|[0-9]\s?%\s?of\b|[√∫∑≤≥π²³]|\\frac|\d[a-z]\s{0,2}[+=-]")
_FORMULA_SIGNS: Final = "+*/^=%\\√∫∑≤≥π²³"
_CODE: Final = ("```", "()", "=>", "</", ";\n", "{\n", "\ndef ", " def ")
_LABELS: Final = re.compile(
    r"(?:^|[\n.:])\s{0,4}(?:context|question|kontext|frage|contexte|contexto|contesto|pregunta|domanda|pergunta)\s?:"
)
_FAILURES: Final = ("error", "exception")


def _built_in() -> Iterator[Term]:
    for weight, lexicon in ((_STRONG_WEIGHT, lists.STRONG), (_MEDIUM_WEIGHT, lists.MEDIUM)):
        for task, listed in lexicon.items():
            yield from terms(listed, task, weight)
    for name, listed in lists.VERBS.items():
        yield from terms(listed, f"verb:{name}")
    for name, listed in lists.OBJECTS.items():
        yield from terms(listed, f"object:{name}")
    yield from terms(lists.GREETINGS, "greeting")
    yield from terms(lists.QUESTIONS, "question")
    yield from terms(lists.EXISTING, "existing")
    yield from complexity_terms()


class KeywordClassifier:
    """Scores tasks by the words of a prompt; says nothing about languages that its lists do not cover.

    `tasks` adds tasks of your own, name to keywords; a keyword may be a phrase, in any language. A built-in name gets more keywords.
    With `own_only` these keywords alone speak for a task, and then `complexity=False` leaves that untold, which takes most of the time.
    """

    name = "keywords"
    local = True
    labels: Collection[str] = ()

    def __init__(self, tasks: Mapping[str, Sequence[str]] | None = None, *, own_only: bool = False, complexity: bool = True) -> None:
        own = {task: tuple(keywords) for task, keywords in (tasks or {}).items()}
        added = [term for task, keywords in own.items() for term in terms(keywords, f"own:{task}", _OWN_WEIGHT)]
        self._own = frozenset(own)
        self._own_only = own_only
        self._tells_complexity = complexity or not own_only
        built_in = () if not self._tells_complexity else complexity_terms() if own_only else _built_in()
        self._table = TermTable([*built_in, *added])
        self._polite = frozenset(term.words[0] for term in terms(lists.POLITE, "polite"))

    def classify(self, text: str, tasks: Collection[str]) -> Classification:
        """Return a score for each of `tasks` (names or groups) and your own that the text speaks for; none when nothing was found."""
        tokens = tokenize(text)
        if not tokens.words:
            return Classification()
        hits = self._table.find(tokens)
        covered = self._tells_complexity and _covered(text, tokens)
        layout = _layout(tokens, self._polite)
        evidence = _own_evidence(hits, layout)
        if covered and not self._own_only:
            _add_built_in(evidence, text, tokens, hits, layout)
        wanted = {member for task in tasks for member in TASK_GROUPS.get(task, (task,))} | self._own
        scores = {task: score for task, score in _scores(evidence).items() if task in wanted}
        if not covered:
            return Classification(scores=scores)
        level, confidence = judge_complexity(text, tokens, hits)
        return Classification(scores=scores, complexity=level, complexity_confidence=confidence)

    async def aclassify(self, text: str, tasks: Collection[str]) -> Classification:
        """Return the same as `classify`."""
        return self.classify(text, tasks)


def _covered(text: str, tokens: Tokens) -> bool:
    if not text.isascii():
        latin = sum(1 for word in tokens.words if word[0] <= "\u024f")
        if 2 * latin < len(tokens.words):
            return False
    found = detect_language(text)
    return found is None or found[0] in lists.LANGUAGES


class _Layout(NamedTuple):
    """Where things stand in a text."""

    size: int
    """How many words it has."""
    head: int
    """Where the first sentence ends."""
    tail: int
    """Where the last sentence begins."""
    opening: frozenset[int]
    """Where requests begin: the first word of each sentence that is more than courtesy."""


def _layout(tokens: Tokens, polite: Collection[str]) -> _Layout:
    found: set[int] = set()
    count = len(tokens.words)
    for start in tokens.starts:
        position = start
        while position < min(start + 6, count - 1) and tokens.words[position] in polite:
            position += 1
        found.add(position)
    return _Layout(
        size=count,
        head=min((start for start in tokens.starts if start > 0), default=count),
        tail=max(start for start in tokens.starts if start < count),
        opening=frozenset(found),
    )


def _weigh(hit: Hit, layout: _Layout) -> float:
    weight = hit.term.weight if hit.exact else hit.term.weight * _MISSPELT
    if layout.size > _LONG and layout.head <= hit.position < layout.tail:
        return weight * (_NEAR if edge(hit.position, layout.size, _LONG_EDGE) else _INSIDE)
    return weight * _OPENING if hit.position in layout.opening else weight


def _own_evidence(hits: Iterable[Hit], layout: _Layout) -> dict[str, float]:
    best: dict[tuple[str, tuple[str, ...]], float] = {}
    for hit in hits:
        if hit.term.mark.startswith("own:"):
            key = (hit.term.mark[4:], hit.term.words)
            best[key] = max(best.get(key, 0.0), _weigh(hit, layout))
    return _added_up(best)


def _added_up(best: Mapping[tuple[str, tuple[str, ...]], float]) -> dict[str, float]:
    evidence: dict[str, float] = {}
    for (task, _), weight in best.items():
        evidence[task] = evidence.get(task, 0.0) + weight
    return evidence


def _add_built_in(evidence: dict[str, float], text: str, tokens: Tokens, hits: Sequence[Hit], layout: _Layout) -> None:
    best: dict[tuple[str, tuple[str, ...]], float] = {}
    for hit in hits:
        if hit.term.mark in TASKS:
            key = (hit.term.mark, hit.term.words)
            best[key] = max(best.get(key, 0.0), _weigh(hit, layout))
    for source in (_added_up(best), _pairs(text, hits, layout), _marks(text, tokens, hits, layout)):
        for task, weight in source.items():
            evidence[task] = evidence.get(task, 0.0) + weight
    opened = {hit.term.mark for hit in hits if hit.position in layout.opening or hit.position in tokens.starts}
    if "question" in opened:
        # Any task may be put as a question, so that the form alone says little, and nothing beside other evidence.
        evidence["question_answering"] = evidence.get("question_answering", 0.0) + (_QUESTION / 2 if evidence else _QUESTION)


def _pairs(text: str, hits: Iterable[Hit], layout: _Layout) -> dict[str, float]:
    """Return what verbs together with their objects speak for, each pair once."""
    verbs: dict[str, int] = {}
    found: dict[str, float] = {}
    existing = -_REACH
    shown = any(sign in text for sign in _CODE)
    for hit in hits:
        kind, _, name = hit.term.mark.partition(":")
        if kind == "verb":
            verbs[name] = hit.position
        elif kind == "existing":
            existing = hit.position
        elif kind == "object" and edge(hit.position, layout.size):
            owned = name == "code" and (shown or 0 < hit.position - existing <= 3)
            for verb, position in verbs.items():
                task, weight = lists.PAIRS.get((verb, "own code" if owned else name), ("", 0.0))
                if task and 0 < hit.position - position <= _REACH:
                    found[task] = max(found.get(task, 0.0), weight * (_OPENING if position in layout.opening else 1.0))
    return found


def _marks(text: str, tokens: Tokens, hits: Sequence[Hit], layout: _Layout) -> dict[str, float]:
    """Return what the form of the text speaks for: formulas, code, error names, questions, greetings."""
    found: dict[str, float] = {}
    lowered = text.lower()
    shown = any(sign in text for sign in _CODE)
    if not shown and any(sign in text for sign in _FORMULA_SIGNS) and _FORMULA.search(lowered):
        found["math"] = 1.6
    if shown:
        found["code_editing"] = found["debugging"] = 0.5
    if any(word.endswith(_FAILURES) and len(word) > 9 for word in tokens.words):
        found["debugging"] = found.get("debugging", 0.0) + 2.0
    if len(_LABELS.findall(lowered)) >= 2:
        found["question_answering"] = 4.0
    opened = {hit.term.mark for hit in hits if hit.position in layout.opening or hit.position in tokens.starts}
    if "greeting" in opened:
        found["conversation"] = 3.0 if layout.size <= _SHORT else 0.5
    return found


def _scores(evidence: Mapping[str, float]) -> dict[str, float]:
    """Return a score for each task: how much speaks for it, times its share against the strongest other."""
    scores: dict[str, float] = {}
    for task, weight in evidence.items():
        if weight < _LEAST:
            continue
        rival = max((other for name, other in evidence.items() if name != task), default=0.0)
        scores[task] = round(weight / (weight + _HALF) * weight / (weight + rival), 4)
    return scores
