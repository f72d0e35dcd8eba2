"""Learns from scored prompts what the words and looks of a prompt tell, and keeps of it what holds on prompts that were held back."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.learned.predictor import Known, Predictor, seen
from taskroute.learned.prompt_space import PromptSpace
from taskroute.learning.folds import Fold, by_prompt, by_task, grouped
from taskroute.learning.landmarks import Basis, basis, left_out, solve, unrotated
from taskroute.learning.residual import Gain, HeldBack, Verdict, joined, judge
from taskroute.learning.rows import Floats, Labels
from taskroute.learning.text_features import Texts, read_texts

FEWEST_PROMPTS: Final = 60
"""Fewer prompts than this teach nothing that can be told from chance."""
_FOLDS: Final = 4
_TRIED_ON: Final = 800
"""Prompts that the weights of looks and words are chosen on."""
_LAYOUTS: Final = ((0.7, 0.7), (1.4, 1.4))
"""What looks and words weigh."""
_NOISES: Final = (3.0, 6.0, 12.0, 25.0)
_DRAWN: Final = 10.0
"""A task's mean score is drawn towards the model's as if by so many scores."""


class PromptModel(NamedTuple):
    """What was learned from prompts."""

    predictor: Predictor | None
    """None where nothing that was foretold held on prompts that were held back."""
    read: Gain | None
    """What task and prompt, read from the words alone, bring over each model's mean; None where there were too few prompts."""
    told: Gain | None
    """What the prompt brings where the task is told."""


class Choice(NamedTuple):
    """How points are laid out, and how noisy scores are taken to be."""

    looks: float
    words: float
    noise: float


def fit_prompts(labels: Labels) -> Predictor | None:
    """Return what tells from prompts, or None where that does not help."""
    return fit_prompt_model(labels).predictor


def fit_prompt_model(labels: Labels, *, landmarks: int = 1200, directions: int = 100, seed: int = 0) -> PromptModel:
    """Return what these scores teach of prompts, with its gain in cross-validation. Rows without a prompt or a score do not count.

    `landmarks` prompts stand for all; `directions` is what the words are boiled down to. More of either is slower and a little better.
    """
    kept = labels.take(np.array([prompt is not None for prompt in labels.prompts], dtype=np.bool_) & (~np.isnan(labels.scores)).any(axis=1))
    scored = (~np.isnan(kept.scores)).any(axis=0)
    if len(set(by_prompt(kept.prompts).tolist())) < FEWEST_PROMPTS or scored.sum() < 2:
        return PromptModel(None, None, None)
    kept = kept._replace(models=tuple(np.array(kept.models)[scored].tolist()), scores=kept.scores[:, scored])
    texts = read_texts([prompt or "" for prompt in kept.prompts], directions=directions, seed=seed)
    choice = _chosen(texts, kept, seed)
    space, points = texts.points(looks=choice.looks, words=choice.words)
    found = basis(points, landmarks=landmarks, seed=seed)
    verdict = _judged(found, kept, choice, seed)
    if not (verdict.read.is_sure or verdict.told.is_sure):
        return PromptModel(None, verdict.read, verdict.told)
    return PromptModel(_predictor(space, found, kept, choice, verdict), verdict.read, verdict.told)


class Taught(NamedTuple):
    """What some rows teach: weights in a basis, the mean of each model, and the table of tasks."""

    weights: Floats
    means: Floats
    table: Floats
    """Shape (k, m)."""


def _taught(rows: NDArray[np.float32], labels: Labels, tasks: tuple[str, ...], noise: float) -> Taught:
    scores = labels.scores
    known = ~np.isnan(scores)
    filled = np.where(known, scores, 0.0)
    count = known.sum(axis=0)
    overall = filled.sum() / max(int(count.sum()), 1)
    means = (filled.sum(axis=0) + overall) / (count + 1)
    of_task = np.array([[task == name for name in tasks] for task in labels.tasks], dtype=np.float64).reshape(len(scores), len(tasks))
    table = (of_task.T @ filled + _DRAWN * means) / (of_task.T @ known + _DRAWN)
    untold = np.array([task is None for task in labels.tasks])
    of_task[untold] = np.nan
    targets = np.column_stack((np.ones(len(scores)), of_task, scores - means))
    return Taught(solve(rows, targets, noise=noise), means, table)


def _predictor(space: PromptSpace, found: Basis, labels: Labels, choice: Choice, verdict: Verdict) -> Predictor:
    tasks = _tasks(labels)
    taught = _taught(found.rows, labels, tasks, choice.noise)
    known = Known(
        models=labels.models,
        tasks=tasks,
        places=found.places.astype(np.float32),
        weights=unrotated(found, taught.weights).astype(np.float32),
        means=taught.means.astype(np.float32),
        table=taught.table.astype(np.float32),
        trust=verdict.trust,
    )
    return Predictor(space, known)


def _tasks(labels: Labels) -> tuple[str, ...]:
    return tuple(sorted({task for task in labels.tasks if task is not None}))


def _chosen(texts: Texts, labels: Labels, seed: int) -> Choice:
    """Return the layout that foretells scores best, each from the others; of prompts that are the same, one counts."""
    first = np.unique(by_prompt(labels.prompts), return_index=True)[1]
    rows = np.sort(np.random.default_rng(seed).permutation(first)[:_TRIED_ON])
    scores = labels.scores[rows]
    between = scores - np.nanmean(labels.scores, axis=0)
    between = np.nan_to_num(between - np.nanmean(between, axis=1, keepdims=True))
    errors: dict[Choice, float] = {}
    for looks, words in _LAYOUTS:
        points = texts.points(looks=looks, words=words)[1][rows].astype(np.float64)
        for noise, error in zip(_NOISES, left_out(points, between, _NOISES), strict=True):
            errors[Choice(looks, words, noise)] = float(error)
    return min(errors, key=errors.__getitem__)


def _judged(found: Basis, labels: Labels, choice: Choice, seed: int) -> Verdict:
    usual = [_held_back(found, labels, fold, choice) for fold in grouped(by_prompt(labels.prompts), folds=_FOLDS, seed=seed)]
    strange: list[HeldBack] = []
    if len(_tasks(labels)) > 2:
        strange = [_held_back(found, labels, fold, choice) for fold in grouped(by_task(labels.tasks), folds=_FOLDS, seed=seed)]
    return judge(joined(usual), joined(strange) if strange else None)


def _held_back(found: Basis, labels: Labels, fold: Fold, choice: Choice) -> HeldBack:
    known, asked = labels.take(fold.train), labels.take(fold.test)
    tasks = _tasks(known)
    taught = _taught(found.rows[fold.train], known, tasks, choice.noise)
    sight = seen(_sums(found.rows[fold.test], taught.weights), taught.means, len(tasks))
    place = {task: at for at, task in enumerate(tasks)}
    told = np.array([taught.means if task not in place else taught.table[place[task]] for task in asked.tasks])
    return HeldBack(
        likeness=sight.likeness,
        scores=asked.scores,
        means=np.broadcast_to(taught.means, asked.scores.shape),
        read=taught.means + sight.tasks @ (taught.table - taught.means),
        told=told,
        foretold=sight.scores,
        is_told=np.array([task is not None for task in asked.tasks]),
    )


def _sums(rows: NDArray[Any], weights: Floats) -> Floats:
    return np.asarray(rows @ weights)
