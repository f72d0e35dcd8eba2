"""The ways to route that training compares: by the table with the task as it was told, or read from the prompt, and by its words on top."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from taskroute.learning.cells import cells
from taskroute.learning.rows import Floats, Labels
from taskroute.learning.validate import Expected, Method, Predict
from taskroute.ports import PromptQuality
from taskroute.quality.admission import usable
from taskroute.quality.prior import Prior
from taskroute.quality.table import QualityTable
from taskroute.types import NOTHING

FitPrompts = Callable[[Labels], PromptQuality | None]
"""Learns from scored prompts what their words tell; None where they tell nothing."""


class Remembered:
    """Learns from the same prompts once, however many ways to route ask for it."""

    def __init__(self, fit: FitPrompts) -> None:
        self._fit = fit
        self._found: dict[tuple[str | None, ...], PromptQuality | None] = {}

    def __call__(self, labels: Labels) -> PromptQuality | None:
        """Return what was learned from these prompts."""
        if labels.prompts not in self._found:
            self._found[labels.prompts] = self._fit(labels)
        return self._found[labels.prompts]


class Settings(NamedTuple):
    """What a policy says beside the scores."""

    groups: Mapping[str, str] = NOTHING
    """The user's own tasks, each with its group."""
    priors: Mapping[str, Prior] = NOTHING
    min_labels: int = 30


def table_of(labels: Labels, settings: Settings, *, trained_at: str | None = None) -> QualityTable:
    """Return the quality table of these scores."""
    return QualityTable(cells(labels), groups=settings.groups, priors=settings.priors, trained_at=trained_at)


def by_told(settings: Settings) -> Method:
    """Return the table with the task and stage that the data tell."""

    def fit(known: Labels) -> Predict:
        return lambda asked: told_by(table_of(known, settings), asked, _told(asked), settings.min_labels)

    return Method("table, task told", fit)


def by_read(settings: Settings, fit_prompts: FitPrompts) -> Method:
    """Return the table with the tasks that are read from the prompt alone; the stage counts as it was told."""

    def fit(known: Labels) -> Predict:
        table, prompts = table_of(known, settings), fit_prompts(known)

        def predict(asked: Labels) -> Expected:
            return told_by(table, asked, _read(asked, prompts), settings.min_labels)

        return predict

    return Method("table, task read from the prompt", fit, inner=1)


def by_words(settings: Settings, fit_prompts: FitPrompts, *, read: bool) -> Method:
    """Return the table with what the words of the prompt add; `read` says whether the task is read from them, too."""

    def fit(known: Labels) -> Predict:
        table, prompts = table_of(known, settings), fit_prompts(known)

        def predict(asked: Labels) -> Expected:
            tasks = _read(asked, prompts) if read else _told(asked)
            expected = told_by(table, asked, tasks, settings.min_labels)
            return expected if prompts is None else expected._replace(quality=expected.quality + _shifts(asked, tasks, prompts))

        return predict

    return Method("table and words, task read from the prompt" if read else "table and words, task told", fit, inner=1)


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


def _read(asked: Labels, prompts: PromptQuality | None) -> list[Mapping[str, float]]:
    return [{} if prompts is None or text is None else prompts.tasks(text) for text in asked.prompts]


def _shifts(asked: Labels, tasks: list[Mapping[str, float]], prompts: PromptQuality) -> Floats:
    found = np.zeros(asked.scores.shape)
    column = {model: at for at, model in enumerate(asked.models)}
    for at, (text, shares) in enumerate(zip(asked.prompts, tasks, strict=True)):
        for model, shift in () if text is None else prompts.shifts(text, shares).items():
            if model in column:
                found[at, column[model]] = shift
    return found
