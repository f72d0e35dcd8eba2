"""The ways to route that training compares: by the table with the task as it was told, or read from the prompt, and by its words on top."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import numpy as np

from taskroute.learning.cells import cells
from taskroute.learning.rows import Floats, Labels
from taskroute.learning.validate import Expected, Method, Predict
from taskroute.ports import PromptQuality
from taskroute.quality.admission import usable
from taskroute.quality.prior import Prior
from taskroute.quality.table import QualityTable
from taskroute.types import NOTHING

TABLE_TOLD: Final = "table, task told"
TABLE_STAGE: Final = "table, stage told"
"""The same where the data tell stages and no tasks."""
TABLE_READ: Final = "table, task read from the prompt"
TABLE_UNKNOWN: Final = "table, task not known"
WORDS_TOLD: Final = "table and words, task told"
WORDS_READ: Final = "table and words, task read from the prompt"

FitPrompts = Callable[[Labels], PromptQuality | None]
"""Learns from scored prompts what their words tell; None where they tell nothing."""


class Foretold(NamedTuple):
    """What the words of prompts tell; an entry or a row for each prompt."""

    tasks: list[Mapping[str, float]]
    """As they are read from the words."""
    read: Floats
    """What the words add to each model's quality where the tasks are read from them, shape (n, m)."""
    told: Floats
    """The same where the task is told."""


class Remembered:
    """Learns from the same rows once, and reads each prompt once, however many ways to route ask for it."""

    def __init__(self, fit: FitPrompts) -> None:
        self._fit = fit
        self._learned: dict[bytes, PromptQuality | None] = {}
        self._foretold: dict[bytes, Foretold] = {}

    def foretold(self, known: Labels, asked: Labels) -> Foretold:
        """Return what is foretold of prompts by what these rows teach."""
        learned = hashlib.blake2b(repr((known.prompts, known.tasks)).encode("utf-8", "surrogatepass") + known.scores.tobytes()).digest()
        key = hashlib.blake2b(learned + repr((asked.prompts, asked.tasks)).encode("utf-8", "surrogatepass")).digest()
        if key not in self._foretold:
            if learned not in self._learned:
                self._learned[learned] = self._fit(known)
            self._foretold[key] = _foretold(asked, self._learned[learned])
        return self._foretold[key]

    def forget(self) -> None:
        """Let go of all that was learned."""
        self._learned.clear()
        self._foretold.clear()


class Settings(NamedTuple):
    """What a policy says beside the scores."""

    groups: Mapping[str, str] = NOTHING
    """The user's own tasks, each with its group."""
    priors: Mapping[str, Prior] = NOTHING
    min_labels: int = 30


def table_of(labels: Labels, settings: Settings, *, trained_at: str | None = None, words: bool = False) -> QualityTable:
    """Return the quality table of these scores; `words` says that what prompts teach goes with it."""
    return QualityTable(cells(labels), groups=settings.groups, priors=settings.priors, trained_at=trained_at, words=words)


def by_told(settings: Settings) -> Method:
    """Return the table with the task and stage that the data tell."""

    def fit(known: Labels) -> Predict:
        return lambda asked: told_by(table_of(known, settings), asked, _told(asked), settings.min_labels)

    return Method(TABLE_TOLD, fit)


def by_unknown(settings: Settings) -> Method:
    """Return the table where no task is told or read; the stage counts as it was told."""

    def fit(known: Labels) -> Predict:
        return lambda asked: told_by(table_of(known, settings), asked, [NOTHING] * asked.size, settings.min_labels)

    return Method(TABLE_UNKNOWN, fit, inner=1)


def by_read(settings: Settings, words: Remembered) -> Method:
    """Return the table with the tasks that are read from the prompt alone; the stage counts as it was told."""

    def fit(known: Labels) -> Predict:
        table = table_of(known, settings)
        return lambda asked: told_by(table, asked, words.foretold(known, asked).tasks, settings.min_labels)

    return Method(TABLE_READ, fit, inner=1, over=(TABLE_UNKNOWN,))


def by_words(settings: Settings, words: Remembered, *, read: bool, over: tuple[str, ...] = ()) -> Method:
    """Return the table with what the words of the prompt add, set beside `over`; `read` says whether the task is read from them, too."""

    def fit(known: Labels) -> Predict:
        table = table_of(known, settings)

        def predict(asked: Labels) -> Expected:
            foretold = words.foretold(known, asked)
            expected = told_by(table, asked, foretold.tasks if read else _told(asked), settings.min_labels)
            return expected._replace(quality=expected.quality + (foretold.read if read else foretold.told))

        return predict

    return Method(WORDS_READ if read else WORDS_TOLD, fit, inner=1, over=over)


def told_by(table: QualityTable, asked: Labels, tasks: list[Mapping[str, float]], min_labels: int) -> Expected:
    """Return what the table expects of each prompt, whose tasks are told with how likely each is."""
    quality, cost = np.empty(asked.scores.shape), np.empty(asked.scores.shape)
    rows: dict[tuple[object, ...], tuple[Floats, Floats]] = {}
    for at, (shares, stage) in enumerate(zip(tasks, asked.stages, strict=True)):
        key = (stage, *shares.items())
        if key not in rows:
            rows[key] = _row(table, asked.models, shares, stage, min_labels)
        quality[at], cost[at] = rows[key]
    return Expected(quality, cost)


def _row(
    table: QualityTable, models: tuple[str, ...], tasks: Mapping[str, float], stage: str | None, min_labels: int
) -> tuple[Floats, Floats]:
    found = [table.estimate(model, tasks=tasks, stage=stage) for model in models]
    thin = any(estimate is not None and estimate.labels > 0 for estimate in found)
    # Where nobody was scored on this task, none is thinly tried beside the others.
    quality = [-np.inf if e is None else usable(e, min_labels=min_labels) if thin else e.mean for e in found]
    costs = [table.cost(model, tasks=tasks, stage=stage) for model in models]
    return np.array(quality), np.array([np.nan if cost is None else cost for cost in costs])


def _told(asked: Labels) -> list[Mapping[str, float]]:
    shares: dict[str | None, Mapping[str, float]] = {task: {} if task is None else {task: 1.0} for task in set(asked.tasks)}
    return [shares[task] for task in asked.tasks]


def _foretold(asked: Labels, prompts: PromptQuality | None) -> Foretold:
    found = Foretold([{}] * asked.size, np.zeros(asked.scores.shape), np.zeros(asked.scores.shape))
    if prompts is None:
        return found
    for at, (text, told) in enumerate(zip(asked.prompts, _told(asked), strict=True)):
        if text is not None:
            found.tasks[at] = prompts.tasks(text)
            found.read[at] = _shifts(prompts, text, found.tasks[at], asked.models)
            found.told[at] = _shifts(prompts, text, told, asked.models)
    return found


def _shifts(prompts: PromptQuality, text: str, tasks: Mapping[str, float], models: tuple[str, ...]) -> list[float]:
    shifts = prompts.shifts(text, tasks)
    return [shifts.get(model, 0.0) for model in models]
