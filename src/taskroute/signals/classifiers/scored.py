"""Scores as a classifier of the user's gave them, made such that a decision can stand on them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from math import isfinite
from typing import Any, Final, cast

from taskroute.errors import ConfigurationError
from taskroute.taxonomy import COMPLEXITIES, TASK_GROUPS
from taskroute.types import Classification
from taskroute.warn import warn_again

_NAME: Final = re.compile(r"[A-Za-z0-9_:./-]{1,40}")
"""What may be quoted as the name of a task."""
_MOST_NAMED: Final = 8
_MOST_KEPT: Final = 64
"""So many names are remembered to have been warned of; one that makes up ever new ones is left alone after that."""
_UNQUOTED: Final = ""
"""Stands for all names that may not be quoted."""


def as_labels(labels: Collection[str] | str) -> frozenset[str]:
    """Return what is said of a place; one label may be given alone, as in a policy. Raises ConfigurationError for what are no labels."""
    given: Collection[Any] = (labels,) if isinstance(labels, str) else labels
    if not isinstance(given, Collection) or not all(isinstance(label, str) for label in given):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"labels of a classifier are {labels!r}; give names as they stand in 'require', such as ['eu']")
    return frozenset(given)


def sound(scores: Mapping[str, float]) -> Mapping[str, float]:
    """Return the scores between 0 and 1: what is no number or less than 0 is left out, what is over 1 is 1."""
    if all(type(score) is float and 0.0 <= score <= 1.0 for score in scores.values()):
        return scores
    found: dict[str, float] = {}
    for task, score in cast("Mapping[str, Any]", scores).items():
        value = number_in(score)
        if value is not None and value >= 0.0:
            found[task] = min(value, 1.0)
    return found


def whole(result: Classification) -> Classification:
    """Return what a classifier gave without what is no score or complexity. Raises TypeError for no `Classification`.

    A cost that is none stays: it says that something was paid, and nobody knows how much.
    """
    given: Any = result
    if not isinstance(given, Classification):
        raise TypeError(f"a classifier returned a {type(given).__name__}; return a Classification")
    scores = sound(result.scores)
    if scores is not result.scores:
        result = result._replace(scores=scores)
    if result.complexity is not None and not _is_graded(result.complexity, result.complexity_confidence):
        result = result._replace(complexity=None, complexity_confidence=None)
    return result


def _is_graded(complexity: Any, confidence: Any) -> bool:
    return complexity in COMPLEXITIES and (confidence is None or (type(confidence) in (float, int) and 0.0 <= confidence <= 1.0))


def number_in(score: Any) -> float | None:
    """Return a score as a number; None for what is none, NaN and infinity among it."""
    if isinstance(score, bool):
        return None
    try:
        value = float(score)
    except (TypeError, ValueError, OverflowError):
        return None
    return value if isfinite(value) else None


class KnownTasks:
    """Leaves out the tasks that there are not, with one warning for each name that this classifier gives."""

    def __init__(self, by: str) -> None:
        """`by` is the name of the classifier."""
        self._by = by
        self._warned: dict[str, object] = {}

    def of(self, result: Classification, tasks: Collection[str]) -> Classification:
        """Return the result with the tasks alone that there are."""
        unknown = sorted(str(task) for task in result.scores if task not in tasks and task not in TASK_GROUPS)
        if unknown:
            self._warn(unknown)
            result = result._replace(scores={task: score for task, score in result.scores.items() if task in tasks or task in TASK_GROUPS})
        return result._replace(scores=sound(result.scores))

    def _warn(self, unknown: list[str]) -> None:
        # One that gives back the text must not have it quoted.
        quoted = [name for name in unknown if _NAME.fullmatch(name)]
        said = [repr(name) for name in quoted if self._is_new(name)]
        others = len(unknown) - len(quoted)
        more = (others if others and self._is_new(_UNQUOTED) else 0) + len(said[_MOST_NAMED:])
        if said or more:
            names = ", ".join([*said[:_MOST_NAMED], f"{more} more"] if more else said)
            warn_again(f"the classifier {self._by!r} names tasks that the policy does not know: {names}; they are left out")

    def _is_new(self, name: str) -> bool:
        if len(self._warned) >= _MOST_KEPT:
            return False
        token = object()
        # setdefault is atomic, so that of many threads one warns.
        return self._warned.setdefault(name, token) is token
