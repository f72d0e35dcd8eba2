"""What a policy would decide for scored prompts."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.errors import NoEligibleModelError
from taskroute.learning.rows import Labels
from taskroute.router import Router
from taskroute.types import Call

_TOLD_EVERY = 100


class Choices(NamedTuple):
    """The model of each prompt, by its place in `labels.models`."""

    chosen: NDArray[np.intp]
    """-1 where no model may answer, or none of the candidates was scored."""
    notes: tuple[str, ...]
    """What one may want to know of them, a sentence each."""


def policy_choices(router: Router, labels: Labels, *, tags: bool = True, progress: Callable[[int, int], object] | None = None) -> Choices:
    """Return what the policy decides for each prompt; `tags` says whether it is told the tasks and stages of the data.

    Of the candidates, the first that was scored counts. Nothing is carried out.
    """
    column = {model: place for place, model in enumerate(labels.models)}
    chosen = np.full(labels.size, -1, dtype=np.intp)
    barred = passed_over = 0
    for row, prompt in enumerate(labels.prompts):
        told = Call(prompt or "", stage=labels.stages[row], task=labels.tasks[row]) if tags else Call(prompt or "")
        candidates = _candidates(router, told)
        scored = [model for model in candidates if model in column]
        if scored:
            chosen[row] = column[scored[0]]
            passed_over += candidates[0] != scored[0]
        else:
            barred += 1
        if progress is not None and row % _TOLD_EVERY == 0:
            progress(row, labels.size)
    notes: list[str] = []
    if barred:
        notes.append(f"{barred} questions were left out: the policy has no model for them that was scored")
    if passed_over:
        notes.append(f"for {passed_over} questions the policy's first choice was not scored; its next candidate counts")
    return Choices(chosen, tuple(notes))


def _candidates(router: Router, call: Call) -> tuple[str, ...]:
    try:
        return router.decide(call).candidates
    except NoEligibleModelError:
        return ()
