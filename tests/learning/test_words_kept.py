"""What of the words of prompts is kept: what routing was surely better for, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from taskroute.learning.bootstrap import Interval
from taskroute.learning.methods import TABLE_READ, TABLE_TOLD, TABLE_UNKNOWN, WORDS_READ, WORDS_TOLD
from taskroute.learning.rows import Labels, labels
from taskroute.learning.train import train
from taskroute.learning.validate import Apart, Held
from taskroute.learning.words_kept import kept_of

HELPS = Apart(Interval(0.02, 0.01, 0.03), None, None, None)
SAVES = Apart(Interval(0.0, -0.01, 0.01), None, Interval(0.001, -0.01, 0.01), Interval(0.1, 0.05, 0.15))
LOSES_A_LITTLE = SAVES._replace(par_gain=Interval(-0.006, -0.015, 0.003))
SAVES_A_LITTLE = SAVES._replace(saving=Interval(0.03, 0.015, 0.045))
MAYBE = SAVES._replace(gain=Interval(0.01, -0.0001, 0.02), saving=Interval(0.1, -0.01, 0.2))
WHATEVER_IT_COSTS = MAYBE._replace(open_gain=Interval(0.05, 0.03, 0.07))
NOTHING = Apart(Interval(0.0, 0.0, 0.0), None, None, None)
NOT_TOLD = Apart(None, None, None, None)


def held(name: str, **over: Apart) -> Held:
    sides = {"unknown": TABLE_UNKNOWN, "told": TABLE_TOLD, "read": TABLE_READ}
    found = tuple((sides[side], apart) for side, apart in over.items())
    return Held(name, 0.8, None, None, None, None, None, None, 100, over=found)


@pytest.mark.parametrize(
    ("told", "is_kept"),
    [
        (HELPS, True),
        (SAVES, True),
        (WHATEVER_IT_COSTS, True),
        (LOSES_A_LITTLE, False),
        (SAVES_A_LITTLE, False),
        (MAYBE, False),
        (NOTHING, False),
        (NOT_TOLD, False),
    ],
)
def test_words_beside_a_told_task_must_surely_gain_quality_or_save_without_a_loss(told: Apart, is_kept: bool) -> None:
    kept = kept_of([held(WORDS_TOLD, told=told)])
    assert (kept.tasks, kept.read, kept.told, kept.any) == (False, False, is_kept, is_kept)


@pytest.mark.parametrize(
    ("tasks", "words", "beside", "found"),
    [
        (HELPS, HELPS, HELPS, (True, True)),
        (HELPS, HELPS, MAYBE, (True, False)),
        (HELPS, MAYBE, MAYBE, (True, False)),
        (HELPS, MAYBE, HELPS, (True, True)),
        (MAYBE, HELPS, MAYBE, (True, True)),
        (MAYBE, MAYBE, HELPS, (False, False)),
    ],
)
def test_words_that_are_read_must_add_to_the_tasks_that_are_read(
    tasks: Apart, words: Apart, beside: Apart, found: tuple[bool, bool]
) -> None:
    kept = kept_of([held(TABLE_READ, unknown=tasks), held(WORDS_READ, unknown=words, read=beside)])
    assert (kept.tasks, kept.read) == found
    said = [finding.partition(";")[0] for finding in kept.findings]
    assert (any(finding.startswith("Tasks") and finding.endswith(": kept") for finding in said)) is kept.tasks
    assert (any("ords beside" in finding and finding.endswith(": kept") for finding in said)) is kept.read


def test_the_figure_that_decided_is_said() -> None:
    assert kept_of([held(WORDS_TOLD, told=HELPS)]).findings == (
        "Words beside a task that is told: kept; over the table alone, +0.0200 (+0.0100 to +0.0300) quality.",
    )
    assert kept_of([held(WORDS_TOLD, told=WHATEVER_IT_COSTS)]).findings == (
        "Words beside a task that is told: kept; over the table alone, +0.0500 (+0.0300 to +0.0700) quality whatever it costs.",
    )
    assert kept_of([held(WORDS_TOLD, told=LOSES_A_LITTLE)]).findings == (
        "Words beside a task that is told: left out; over the table alone, +0.0000 (-0.0100 to +0.0100) quality, "
        "or cost 10.0% less (5.0% to 15.0%) for -0.0060 (-0.0150 to +0.0030) quality.",
    )
    assert kept_of([held(WORDS_READ, unknown=SAVES)]).findings == (
        "Words of the prompts: kept; over no task, cost 10.0% less (5.0% to 15.0%) for +0.0010 (-0.0100 to +0.0100) quality.",
    )
    assert kept_of([held(WORDS_READ, unknown=NOT_TOLD)]).findings == (
        "Words of the prompts: left out; too few prompts were scored to tell what they bring.",
    )
    assert kept_of([held(WORDS_TOLD, told=NOTHING)]).findings == ()


class Shifting:
    """Says that the small model is the worse where the prompt holds a word."""

    version = "1"

    def __init__(self, word: str) -> None:
        self._word = word

    def tasks(self, text: str) -> Mapping[str, float]:
        return {}

    def shifts(self, text: str, tasks: Mapping[str, float]) -> Mapping[str, float]:
        return {"small": -0.4 if self._word in text else 0.4}


def hard_and_easy(n: int = 600) -> Labels:
    """Return one task, of which the small model can do the half that is easy."""
    rng = np.random.default_rng(0)
    hard, colour = rng.random(n) < 0.5, rng.choice(["red", "blue"], n)
    right = np.column_stack([np.where(hard, 0.2, 0.95), np.full(n, 0.9)])
    prompts = tuple(f"{'hard' if one else 'easy'} {shade} question {at}" for at, (one, shade) in enumerate(zip(hard, colour, strict=True)))
    scores = (rng.random((n, 2)) < right).astype(np.float64)
    return labels(("small", "large"), scores, prompts=prompts, tasks=("math",) * n, costs=np.tile([0.1, 1.0], (n, 1)))


def test_words_that_tell_hard_prompts_from_easy_ones_are_kept_and_words_of_chance_are_not() -> None:
    of_use = train(hard_and_easy(), fit_prompts=lambda _: Shifting("hard"))
    assert of_use.prompts is not None
    assert any(finding.startswith("Words beside a task that is told: kept; over the table alone, ") for finding in of_use.report.findings)
    of_chance = train(hard_and_easy(), fit_prompts=lambda _: Shifting("red"))
    assert of_chance.prompts is None
    assert any(finding.startswith("Words beside a task that is told: left out; ") for finding in of_chance.report.findings)
