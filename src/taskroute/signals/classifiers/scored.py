"""Scores as a classifier of the user's gave them, made such that a decision can stand on them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import isfinite
from typing import Any, cast

from taskroute.taxonomy import TASK_GROUPS
from taskroute.types import Classification
from taskroute.warn import warn_once


def sound(scores: Mapping[str, float]) -> Mapping[str, float]:
    """Return the scores between 0 and 1: what is no number or less than 0 is left out, what is over 1 is 1."""
    if all(type(score) is float and 0.0 <= score <= 1.0 for score in scores.values()):
        return scores
    found: dict[str, float] = {}
    for task, score in cast("Mapping[str, Any]", scores).items():
        value = _number(score)
        if value is not None and value >= 0.0:
            found[task] = min(value, 1.0)
    return found


def _number(score: Any) -> float | None:
    """Return a score as a number; None for what is none, NaN and infinity among it."""
    try:
        value = float(score)
    except (TypeError, ValueError, OverflowError):
        return None
    return value if isfinite(value) else None


def known(result: Classification, tasks: Collection[str], by: str) -> Classification:
    """Return the result with the tasks alone that there are; one warning names the others."""
    unknown = sorted(str(task) for task in result.scores if task not in tasks and task not in TASK_GROUPS)
    if unknown:
        names = ", ".join(map(repr, unknown))
        warn_once("tasks", f"{by} {names}", f"the classifier {by!r} names tasks that the policy does not know: {names}; they are left out")
        result = result._replace(scores={task: score for task, score in result.scores.items() if task in tasks or task in TASK_GROUPS})
    return result._replace(scores=sound(result.scores))
