"""Tasks for scored prompts that have none, as the classifier of a policy tells them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from taskroute.learning.rows import Labels
from taskroute.signals.collect import CallReader, Sources
from taskroute.types import Call, Signal

_TOLD_EVERY: Final = 100


class Tagged(NamedTuple):
    """Scores with the tasks that were told."""

    labels: Labels
    by: Mapping[str, int]
    """How many prompts got their task, by what told it."""
    left: int
    """How many prompts have none: the classifier abstains."""


def untagged(labels: Labels) -> int:
    """Return how many prompts have no task."""
    return sum(prompt is not None and task is None for prompt, task in zip(labels.prompts, labels.tasks, strict=True))


def tagged(labels: Labels, sources: Sources, progress: Callable[[int, int], object] | None = None) -> Tagged:
    """Return the same scores; a prompt without a task has the one that a decision would go by, by the same threshold.

    The classifier of `sources` must be local, or none: nobody else is asked here.
    """
    tasks = list(labels.tasks)
    by: Counter[str] = Counter()
    left = 0
    for row, (prompt, task) in enumerate(zip(labels.prompts, labels.tasks, strict=True)):
        if prompt is not None and task is None:
            signal = _told(prompt, sources)
            if signal.value is None:
                left += 1
            else:
                tasks[row] = signal.value
                by[signal.source] += 1
        if progress is not None and row % _TOLD_EVERY == 0:
            progress(row, labels.size)
    return Tagged(labels._replace(tasks=tuple(tasks)), by, left)


def _told(prompt: str, sources: Sources) -> Signal[str]:
    reader = CallReader(Call(prompt), sources)
    reader.task()
    return reader.source_of("task")
