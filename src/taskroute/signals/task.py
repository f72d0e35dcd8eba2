"""The task of a call: what the caller says, or what the classifier is sure enough of."""

from __future__ import annotations

from collections.abc import Mapping

from taskroute.signals.stage import tag_value
from taskroute.taxonomy import TASKS
from taskroute.types import Call, Classification, Signal


def told_task(call: Call) -> Signal[str] | None:
    """Return the task that the caller named, without blanks at its ends, and how; None when a classifier must be asked."""
    named = call.task.strip() if call.task else None
    told = Signal(named, call.told_by, 1.0) if named else None
    if told is not None and call.told_by == "explicit":
        return told
    task = call.metadata.get("llm_task")
    if isinstance(task, str) and (task := task.strip()):
        return Signal(task, "metadata", 1.0)
    tagged = (tag_value(call.tags, "task:") or "").strip()
    return Signal(tagged, "tag", 1.0) if tagged else told


def classified_task(result: Classification | None, *, source: str, min_confidence: float) -> Signal[str]:
    """Return the best task when it reaches the policy's threshold, else a signal that abstains and says how near it was."""
    if result is None:
        return Signal(None, source, detail="the classifier failed")
    best = result.best()
    if best is None:
        return Signal(None, source, detail=result.why or "abstains: no evidence for any task")
    task, confidence = best
    if confidence >= min_confidence:
        return Signal(task, source, confidence, scores=result.scores)
    group, shared = _best_group(result.scores)
    if shared >= min_confidence:
        detail = f"the group is sure; within it, {task!r} at {confidence:.2f} is below {min_confidence:g}"
        return Signal(group, source, shared, detail, result.scores)
    return Signal(None, source, confidence, f"abstains: {_named(result.scores, confidence)} below {min_confidence:g}", result.scores)


def _named(scores: Mapping[str, float], confidence: float) -> str:
    """Return the tasks that have the best score, and how much it is."""
    best = [repr(task) for task, score in scores.items() if score == confidence]
    return f"{best[0]} at {confidence:.2f} is" if len(best) == 1 else f"{' and '.join(best)} at {confidence:.2f} each are"


def _best_group(scores: Mapping[str, float]) -> tuple[str, float]:
    """Return the group whose tasks share most of the evidence: a prompt may be sure to be about code, and unsure what about it."""
    totals: dict[str, float] = {}
    for task, score in scores.items():
        group = TASKS.get(task, task)
        totals[group] = totals.get(group, 0.0) + score
    group, total = max(totals.items(), key=lambda pair: pair[1])
    return group, min(total, 1.0)


def classified_complexity(result: Classification | None, *, source: str) -> Signal[str]:
    """Return the complexity as the classifier judged it."""
    if result is None or result.complexity is None:
        return Signal(None, source)
    return Signal(result.complexity, source, result.complexity_confidence)
