"""Learns from scored prompts what the words and looks of a prompt tell, and keeps of it what holds on prompts that were held back."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.learned.familiar import Familiar
from taskroute.learned.predictor import Known, Predictor, Told
from taskroute.learned.prompt_space import PromptSpace, Weights, hints_of, joined
from taskroute.learning.familiarity import Seen, fit_familiar, seen_by
from taskroute.learning.folds import Fold, Rows, by_prompt, by_task, grouped
from taskroute.learning.landmarks import drawn, left_out, unrotated
from taskroute.learning.residual import Gain, HeldBack, Verdict, judge, misfit
from taskroute.learning.residual import joined as joined_parts
from taskroute.learning.rows import Floats, Labels
from taskroute.learning.sharpness import sharpness_of
from taskroute.learning.task_scores import cross_fitted, fit_task_scores, without
from taskroute.learning.taught import OTHER, Bases, bases, held_back, numbers_of, shares_of, tasks_of, teach
from taskroute.learning.text_features import Texts, read_texts

FEWEST_PROMPTS: Final = 60
"""Fewer prompts than this teach nothing that can be told from chance."""
_FOLDS: Final = 4
_TRIED_ON: Final = 800
"""Prompts that the weights of looks and words are chosen on."""
_LAYOUTS: Final = (0.7, 1.4)
"""What looks and words weigh."""
_HINTS: Final = 1.0
"""What hints at tasks weigh where they help."""
_NOISES: Final = (3.0, 6.0, 12.0, 25.0)


class PromptModel(NamedTuple):
    """What was learned from prompts."""

    predictor: Predictor | None
    """None where nothing that was foretold held on prompts that were held back."""
    read: Gain | None
    """What task and prompt, read from the words alone, bring over each model's mean; None where there were too few prompts."""
    told: Gain | None
    """What the prompt brings where the task is told."""


class Effort(NamedTuple):
    """How much is learned: more is slower, and a little better."""

    landmarks: int | None = None
    """Prompts that stand for all; None for a fifth of them, from 1,000 to 2,000."""
    directions: int = 100
    """What words are boiled down to where prompts are compared."""
    reading: int = 300
    """What they are boiled down to where they hint at a task."""

    def standing(self, prompts: int) -> int:
        """Return how many prompts stand for that many."""
        return min(max(prompts // 5, 1000), 2000) if self.landmarks is None else self.landmarks


USUAL: Final = Effort()


class Choice(NamedTuple):
    """How points are laid out, and how noisy scores are taken to be."""

    weights: Weights
    noise: float


class _Scored(NamedTuple):
    """Scored prompts as numbers."""

    labels: Labels
    tasks: tuple[str, ...]
    texts: Texts
    of_task: NDArray[np.float32]
    """1 for the task of each row, else 0."""
    hinted: NDArray[np.float32]
    """Linear scores of the tasks for each row, by what the other folds taught."""
    folds: tuple[Fold, ...]
    landmarks: Rows
    strange: tuple[Seen, ...]
    """With whole tasks held back; none where there are too few."""
    familiar: Familiar
    likeness: Floats
    """Of each row to those of the other folds."""
    effort: Effort
    seed: int

    def points(self, weights: Weights, rows: NDArray[Any] | slice = slice(None)) -> Any:
        """Return the points of these rows."""
        return joined(self.texts.looks[rows], self.texts.meaning[rows, : self.effort.directions], hints_of(self.hinted[rows]), weights)


def fit_prompts(labels: Labels) -> Predictor | None:
    """Return what tells from prompts, or None where that does not help."""
    return fit_prompt_model(labels).predictor


def fit_prompt_model(labels: Labels, *, effort: Effort = USUAL, seed: int = 0) -> PromptModel:
    """Return what these scores teach of prompts, with its gain in cross-validation. Rows without a prompt or a score do not count."""
    kept = labels.take(np.array([prompt is not None for prompt in labels.prompts], dtype=np.bool_) & (~np.isnan(labels.scores)).any(axis=1))
    scored = (~np.isnan(kept.scores)).any(axis=0)
    if len(set(by_prompt(kept.prompts).tolist())) < FEWEST_PROMPTS or scored.sum() < 2:
        return PromptModel(None, None, None)
    known = _scored(kept._replace(models=tuple(np.array(kept.models)[scored].tolist()), scores=kept.scores[:, scored]), effort, seed)
    plain = _chosen(known)
    choices = [plain, plain._replace(weights=plain.weights._replace(tasks=_HINTS))] if len(known.tasks) > 1 else [plain]
    tried = min((_tried(known, choice) for choice in choices), key=lambda tried: misfit(tried.usual))
    strange = [_without_tasks(known, seen, tried) for seen in known.strange]
    verdict = judge(tried.usual, joined_parts(strange) if strange else None)
    if not (verdict.read.share or verdict.told.share):
        return PromptModel(None, verdict.read, verdict.told)
    return PromptModel(_predictor(tried, known, verdict), verdict.read, verdict.told)


def _scored(labels: Labels, effort: Effort, seed: int) -> _Scored:
    tasks, prompts, directions = tasks_of(labels), [prompt or "" for prompt in labels.prompts], max(effort.directions, effort.reading)
    texts = read_texts(prompts, directions=directions, seed=seed)
    of_task = (numbers_of(labels, tasks)[:, None] == np.arange(len(tasks))).astype(np.float32)
    folds = grouped(by_prompt(labels.prompts), folds=_FOLDS, seed=seed)
    landmarks = drawn(labels.size, landmarks=effort.standing(labels.size), seed=seed)

    def apart(folds: tuple[Fold, ...]) -> tuple[Seen, ...]:
        return tuple(seen_by(prompts, fold, of_task, directions=directions, seed=seed) for fold in folds)

    def traits(held: tuple[Seen, ...]) -> Floats:
        return np.concatenate([seen.traits(landmarks, directions=effort.directions) for seen in held])

    strange = apart(grouped(by_task(labels.tasks), folds=_FOLDS, seed=seed)) if len(tasks) > 2 else ()
    usual = traits(apart(folds))
    familiar = fit_familiar(usual, traits(strange) if strange else None)
    likeness = np.empty(labels.size)
    likeness[np.concatenate([fold.test for fold in folds])] = familiar(usual)
    hinted = cross_fitted(texts.looks, texts.meaning, of_task, folds)
    return _Scored(labels, tasks, texts, of_task, hinted, folds, landmarks, strange, familiar, likeness, effort, seed)


def _predictor(tried: _Tried, known: _Scored, verdict: Verdict) -> Predictor:
    labels, tasks, choice, found = known.labels, known.tasks, tried.choice, tried.found
    taught = teach(found, np.arange(labels.size), labels, tasks, noise=choice.noise)
    told = taught.told if found.told is None else unrotated(found.told, taught.told)
    space = _space(known, choice.weights)
    prompts = Known(
        models=labels.models,
        tasks=tasks,
        places=found.read.places.astype(np.float32),
        weights=unrotated(found.read, taught.read).astype(np.float32),
        told=Told(numbers_of(labels, tasks)[found.read.chosen].astype(np.int32), told.astype(np.float32), OTHER),
        means=taught.means.astype(np.float32),
        table=taught.table.astype(np.float32),
        familiar=known.familiar,
        trust=verdict.trust,
        sharpness=tried.sharpness,
    )
    return Predictor(space, prompts)


def _space(known: _Scored, weights: Weights) -> PromptSpace:
    scores = fit_task_scores(known.texts.looks, known.texts.meaning, known.of_task)
    return known.texts.space(scores, weights, directions=known.effort.directions)


def _chosen(known: _Scored) -> Choice:
    """Return the layout that foretells scores best, each from the others; of prompts that are the same, one counts."""
    first = np.unique(by_prompt(known.labels.prompts), return_index=True)[1]
    rows = np.sort(np.random.default_rng(known.seed).permutation(first)[:_TRIED_ON])
    scores = known.labels.scores[rows]
    between = scores - np.nanmean(known.labels.scores, axis=0)
    between = np.nan_to_num(between - np.nanmean(between, axis=1, keepdims=True))
    errors: dict[Choice, float] = {}
    for each in _LAYOUTS:
        weights = Weights(looks=each, words=each, tasks=0.0)
        points = known.points(weights, rows).astype(np.float64)
        for noise, error in zip(_NOISES, left_out(points, between, _NOISES), strict=True):
            errors[Choice(weights, noise)] = float(error)
    return min(errors, key=errors.__getitem__)


class _Tried(NamedTuple):
    """What came of a choice."""

    choice: Choice
    found: Bases
    sharpness: float
    """Of the shares of tasks."""
    usual: HeldBack


def _tried(known: _Scored, choice: Choice) -> _Tried:
    """Return what is foretold of each prompt by those of the other folds."""
    labels, tasks = known.labels, known.tasks
    found = bases(known.points(choice.weights), known.landmarks, labels, tasks)
    taught = [teach(found, fold.train, labels, tasks, noise=choice.noise) for fold in known.folds]
    shares, numbers = np.empty(known.of_task.shape), numbers_of(labels, tasks)
    for by, fold in zip(taught, known.folds, strict=True):
        shares[fold.test] = shares_of(found, by, fold.test, tasks)
    sharpness = sharpness_of(shares, numbers)
    parts = [
        held_back(found, by, fold.test, labels, tasks, likeness=known.likeness[fold.test], sharpness=sharpness)
        for by, fold in zip(taught, known.folds, strict=True)
    ]
    return _Tried(choice, found, sharpness, joined_parts(parts))


def _without_tasks(known: _Scored, seen: Seen, tried: _Tried) -> HeldBack:
    """Return what is foretold of the tasks that are held back, of which nothing is known but by the others."""
    labels, effort, choice, (train, test) = known.labels, known.effort, tried.choice, seen.fold
    hinted = without(known.hinted, np.flatnonzero(known.of_task[test].any(axis=0)))
    hinted[test] = seen.hinted
    points = joined(seen.looks, seen.meaning[:, : effort.directions], hints_of(hinted), choice.weights)
    tasks = tasks_of(labels.take(train))
    chosen = train[drawn(len(train), landmarks=effort.standing(len(train)), seed=known.seed)]
    found = bases(points, chosen, labels, tasks)
    taught = teach(found, train, labels, tasks, noise=choice.noise)
    likeness = known.familiar(seen.traits(known.landmarks, directions=effort.directions))
    return held_back(found, taught, test, labels, tasks, likeness=likeness, sharpness=tried.sharpness)
