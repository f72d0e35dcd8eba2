"""From scores to what a policy routes by: the table, what the words of a prompt add where that helps, and a report of what it brings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from taskroute.errors import QualityError
from taskroute.learning.best import best_model
from taskroute.learning.folds import part
from taskroute.learning.methods import (
    TABLE_READ,
    TABLE_TOLD,
    TABLE_UNKNOWN,
    FitPrompts,
    Remembered,
    Settings,
    by_read,
    by_told,
    by_unknown,
    by_words,
    table_of,
)
from taskroute.learning.report import FEWEST_HELD, Report, report
from taskroute.learning.rows import Labels
from taskroute.learning.text_model import fit_prompts as fit_words
from taskroute.learning.validate import Held, Method, validate
from taskroute.learning.words_kept import Kept, kept_of
from taskroute.ports import PromptQuality
from taskroute.quality.prior import Prior
from taskroute.quality.table import QualityTable
from taskroute.types import NOTHING

_MOST_READ: Final = 3000
"""Prompts that the words are cross-validated on, drawn at random where there are more: learning from words takes a while."""
_FOLDS: Final = 5
_REPEATS: Final = 2
_NOTHING_MORE: Final = "The words of the prompts tell nothing more: they are left out."

Progress = Callable[[int, int], None]
"""Is told how many steps are done, of how many."""


class Trained(NamedTuple):
    """What was learned."""

    table: QualityTable
    prompts: PromptQuality | None
    """What the words of a prompt add; None where cross-validation does not say that routing is surely better by it."""
    report: Report


def train(
    labels: Labels,
    *,
    groups: Mapping[str, str] = NOTHING,
    priors: Mapping[str, Prior] = NOTHING,
    min_labels: int = 30,
    fit_prompts: FitPrompts | None = fit_words,
    read_tasks: bool = True,
    seed: int = 0,
    trained_at: str | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Return what these scores teach. Raises QualityError for scores from which nothing can be learned.

    Scores from `router.feedback` are rows like others. A prompt without a task, a task without prompts, and prompts that only some models
    were scored on are all of use. The same seed gives the same folds. `fit_prompts` learns from the words of prompts; None leaves them out.
    `read_tasks` says whether reading tasks from them is tried: whoever told all tasks by a classifier, and asks it of calls, too, need not.
    """
    check(labels)
    settings = Settings(groups=groups, priors=priors, min_labels=min_labels)
    words = fit_prompts if any(prompt is not None for prompt in labels.prompts) else None
    steps = _Steps(
        _of_table(labels, settings), () if words is None else _of_words(labels, settings, words, read_tasks=read_tasks), progress
    )
    held = steps.held(labels, seed) if labels.size >= FEWEST_HELD else ()
    kept = kept_of(held)
    prompts, notes = (None, ()) if words is None else _kept(labels, words, kept)
    table = table_of(labels, settings, trained_at=trained_at, words=prompts is not None)
    steps.finished()
    ways = frozenset({TABLE_TOLD}) if prompts is None else kept.ways
    shown = [one for one in held if one.name != TABLE_UNKNOWN]
    return Trained(table=table, prompts=prompts, report=report(labels, shown, written=ways, min_labels=min_labels, notes=notes))


def _kept(labels: Labels, words: FitPrompts, kept: Kept) -> tuple[PromptQuality | None, tuple[str, ...]]:
    """Return what is kept of the words of all prompts, and why."""
    if kept.findings and not kept.any:
        return None, kept.findings
    learned = words(labels) if kept.any else None
    return (None, (_NOTHING_MORE,)) if learned is None else (kept.of(learned), kept.findings)


class _Steps:
    """The cross-validations of one training, with how far they are."""

    def __init__(self, table: Sequence[Method], words: Sequence[Method], progress: Progress | None) -> None:
        self._table, self._words, self._progress = table, words, progress
        self._all = _FOLDS * (_REPEATS * len(table) + len(words)) + 1
        self._done = 0

    def held(self, labels: Labels, seed: int) -> tuple[Held, ...]:
        """Return what each way to route reached."""
        best = best_model(labels)
        found = validate(labels, self._table, folds=_FOLDS, repeats=_REPEATS, seed=seed, fixed=best, progress=self._step)
        read = labels.take(part(np.arange(labels.size), size=_MOST_READ, seed=seed))
        by_words = validate(read, self._words, folds=_FOLDS, repeats=1, seed=seed, fixed=best, progress=self._step)
        return (*found, *(one for one in by_words if one.name != TABLE_TOLD))

    def finished(self) -> None:
        """Tell that all is done."""
        self._done = self._all - 1
        self._step()

    def _step(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._all)


def check(labels: Labels) -> None:
    """Raise QualityError where no table can be learned: no score, one model, or a number that cannot be."""
    scored = ~np.isnan(labels.scores)
    if not scored.any():
        raise QualityError("there is no score to learn from; give rows with a model and a score from 0 to 1")
    models = [model for at, model in enumerate(labels.models) if scored[:, at].any()]
    if len(models) < 2:
        raise QualityError(f"all scores are of the model {models[0]!r}: there is nothing to choose from; score at least one more")
    repeated = sorted({model for model in labels.models if labels.models.count(model) > 1})
    if repeated:
        raise QualityError(f"two columns hold scores of {repeated[0]!r}; give each model one column")
    _within("score", labels.scores, labels, most=1.0)
    for name, values in (("cost", labels.costs), ("output_tokens", labels.output_tokens), ("latency", labels.latency)):
        _within(name, values, labels, most=None)
    _within("input_tokens", labels.input_tokens[:, None], labels, most=None)


def _within(name: str, values: np.typing.NDArray[np.float64], labels: Labels, *, most: float | None) -> None:
    known = ~np.isnan(values)
    wrong = known & ~((values >= 0) & (values <= (np.finfo(np.float64).max if most is None else most)))
    if wrong.any():
        row, column = (int(at[0]) for at in np.nonzero(wrong))
        model = f" of {labels.models[column]!r}" if values.shape[1] == len(labels.models) else ""
        limits = "0 or more" if most is None else f"from 0 to {most:g}"
        raise QualityError(f"row {row}: the {name}{model} is {values[row, column]!r}; it must be {limits}, or absent where it is unknown")


def _of_table(labels: Labels, settings: Settings) -> tuple[Method, ...]:
    places = (*labels.tasks, *labels.stages)
    return (by_told(settings),) if any(place is not None for place in places) else ()


def _of_words(labels: Labels, settings: Settings, fit_prompts: FitPrompts, *, read_tasks: bool) -> tuple[Method, ...]:
    words, unknown = Remembered(fit_prompts), by_unknown(settings)
    if all(task is None for task in labels.tasks):
        return unknown, by_words(settings, words, read=True, over=(TABLE_UNKNOWN,))
    told = by_told(settings)._replace(inner=1), by_words(settings, words, read=False, over=(TABLE_TOLD,))
    if not read_tasks:
        return told
    return unknown, by_read(settings, words), *told, by_words(settings, words, read=True, over=(TABLE_UNKNOWN, TABLE_READ))
