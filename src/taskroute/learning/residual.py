"""How much of what prompts teach holds on prompts, and on tasks, that were not learned from."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.learned.predictor import Trust
from taskroute.learning.rows import Floats

_STRANGE: Final = 0.1
"""The share of the usual prompts that are taken for strange."""
_FEWEST: Final = 20
"""Prompts: with fewer, what holds is chance."""
_MOST: Final = 1.5
"""What tasks or prompts may count at most: what is foretold is drawn towards the mean, and may have been drawn too far."""
_PLACES: Final = 3
_NOTHING: Final = np.array([[1.0, 0.0]] * _PLACES)
_NOTHING_TOLD: Final = np.array([[1.0, 0.0, 0.0]] * _PLACES)
_RIDGE: Final = 1e-6
_FITTED: Final = 2.0
"""Numbers that are fitted to what was held back before a gain is measured on it."""


class HeldBack(NamedTuple):
    """What was foretold of prompts that were held back, and their true scores. `n` prompts, `m` models; unknown scores are NaN."""

    likeness: Floats
    scores: Floats
    """True scores, shape (n, m)."""
    means: Floats
    """Mean score of each model among what was learned from, shape (n, m)."""
    read: Floats
    """Scores by the tasks that were read, shape (n, m)."""
    told: Floats
    """Scores by the task that was told; the means where it was not learned from, or none was told."""
    foretold: Floats
    """Scores by the prompt, where its task is not told."""
    beside: Floats
    """Scores by the prompt, where its task is told."""
    is_told: NDArray[np.bool_]
    """Shape (n,)."""


class Gain(NamedTuple):
    """By how much the squared error of the differences between models falls: its mean over the prompts and its standard error."""

    mean: float
    error: float

    @property
    def share(self) -> float:
        """How much of what brought it is to be believed, from 0 to 1.

        What is chance is taken off as James and Stein do it, with no threshold at which all of it would be lost. The gain is that of
        numbers fitted to the same prompts; chance alone would make each of their squares, in standard errors, 1, and `mean / error` is
        half a standard error of such a number.
        """
        if self.mean <= 0:
            return 0.0
        return max(0.0, 1.0 - _FITTED * (self.error / (2 * self.mean)) ** 2)


class Verdict(NamedTuple):
    """What is to be trusted, and what it brings."""

    trust: Trust
    read: Gain
    """What task and prompt, both read from the words, bring over the mean of each model."""
    told: Gain
    """What the prompt brings over the task that was told."""


def joined(parts: list[HeldBack]) -> HeldBack:
    """Return the prompts of all parts as one."""
    return HeldBack(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def judge(usual: HeldBack, strange: HeldBack | None) -> Verdict:
    """Return how far to trust what was foretold. `strange` are prompts of tasks that were not learned from; None where that is unknown.

    Only what is foretold of one model against another counts: a level that all models share decides nothing. The less sure it is that
    something is gained, the less it is trusted.
    """
    both = usual if strange is None else joined([usual, strange])
    places = _places(usual, both)
    tasks = _tasks_alone(both, np.arange(len(both.scores)) < len(usual.scores), places)
    # What is read is told to callers only so far as it holds, and the prompt comes on top of that.
    usual, both = (_as_trusted(held, places, tasks) for held in (usual, both))
    everything = np.ones(len(both.scores), dtype=np.bool_)
    is_usual = np.arange(len(everything)) < len(usual.scores)
    trust = Trust(
        places,
        tasks=tasks,
        read=_shares(both, [both.read, both.foretold], is_usual, places, everything),
        told=_shares(both, [both.told, both.foretold, both.beside], is_usual, places, both.is_told),
    )
    read, told = _gains(usual, trust)
    return Verdict(_believed(trust, read.share, told.share), read, told)


def _believed(trust: Trust, read: float, told: float) -> Trust:
    """Return the trust with only these shares of what the prompt changes."""
    return Trust(
        trust.likeness,
        tasks=read * trust.tasks,
        read=trust.read * [1.0, read],
        told=_NOTHING_TOLD + told * (trust.told - _NOTHING_TOLD),
    )


def misfit(held: HeldBack) -> float:
    """Return the mean squared error that is left where tasks and prompts are read, and count as much as held best."""
    columns = [_between(part - held.means, held.scores).ravel() for part in (held.read, held.foretold)]
    matrix, wanted = np.column_stack(columns), _between(held.scores - held.means, held.scores).ravel()
    return float(((wanted - matrix @ _least_squares(matrix, wanted)) ** 2).mean())


def added(likeness: Floats, trust: Trust, shares: Floats, tasks: Floats, *prompt: Floats) -> Floats:
    """Return what is added to `tasks`, where `shares` says what the tasks and each of `prompt` count. All are scores less their means."""
    columns: list[Floats] = list(shares.T)
    counts: list[Floats] = [np.asarray(np.interp(likeness, trust.likeness, column))[:, None] for column in columns]
    found: Floats = (counts[0] - 1) * tasks
    for count, part in zip(counts[1:], prompt, strict=True):
        found = found + count * part
    return found


def _places(usual: HeldBack, both: HeldBack) -> Floats:
    """Return the places of likeness: none at all, the middle of what is stranger than usual, and where the usual begins."""
    begins = max(float(np.quantile(usual.likeness, _STRANGE)), 1e-3)
    stranger = both.likeness[both.likeness < begins]
    middle = float(np.median(stranger)) if len(stranger) else begins / 2
    return np.array([0.0, min(max(middle, begins / 10), begins * 0.999), begins])


def _tasks_alone(both: HeldBack, is_usual: NDArray[np.bool_], places: Floats) -> Floats:
    """Return what the tasks that were read count at each place, where nothing else is known."""
    nothing = np.array(both.means)
    (within, _), (beyond, error) = (_fitted(both, [nothing, both.read], rows) for rows in (is_usual, both.likeness < places[-1]))
    most = min(within[1], 1.0)
    return np.array([0.0, min(max(beyond[1] - error, 0.0), most), most])


def _as_trusted(held: HeldBack, places: Floats, tasks: Floats) -> HeldBack:
    share = np.interp(held.likeness, places, tasks)[:, None]
    return held._replace(read=held.means + share * (held.read - held.means))


def _shares(both: HeldBack, foretold: list[Floats], is_usual: NDArray[np.bool_], places: Floats, counts: NDArray[np.bool_]) -> Floats:
    """Return for each place what the tasks and the prompt count: among the usual prompts, and, less a standard error, beyond."""
    within, _ = _fitted(both, foretold, counts & is_usual)
    stranger = counts & (both.likeness < places[-1])
    if stranger.sum() < _FEWEST:
        # Too few to tell: it falls with the likeness.
        nearer = float(places[1] / places[-1])
        return np.array(
            [[1.0] + [0.0] * (len(within) - 1), [1 + nearer * (within[0] - 1), *(nearer * share for share in within[1:])], within]
        )
    beyond, error = _fitted(both, foretold, stranger)
    careful = [min(max(share - error, 0.0), most) for share, most in zip(beyond[1:], within[1:], strict=True)]
    tasks = min(beyond[0], 1.0) if any(careful) else 1.0
    return np.array([[1.0] + [0.0] * len(careful), [tasks, *careful], within])


def _fitted(both: HeldBack, foretold: list[Floats], rows: NDArray[np.bool_]) -> tuple[list[float], float]:
    """Return what each of `foretold` counts towards the true scores, 0 or more, and a standard error of what is foretold by prompts."""
    scores = both.scores[rows]
    columns = [_between((part - both.means)[rows], scores).ravel() for part in foretold]
    wanted = _between(scores - both.means[rows], scores).ravel()
    if len(scores) < _FEWEST:
        return [1.0] + [0.0] * (len(columns) - 1), 0.0
    matrix = np.column_stack(columns)
    found = _least_squares(matrix, wanted)
    down = float((matrix[:, 1:] ** 2).sum(axis=0).mean()) if len(columns) > 1 else 0.0
    left = float(((wanted - matrix @ found) ** 2).sum()) ** 0.5
    error = left * (scores.shape[1] / max(len(wanted), 1)) ** 0.5 / max(down, 1e-12) ** 0.5
    return [min(float(share), _MOST) for share in found], error


def _least_squares(matrix: Floats, wanted: Floats) -> Floats:
    """Return the least squares solution with no part below 0; a column of zeros counts for nothing."""
    optimize: Any = import_module("scipy.optimize")
    gram = matrix.T @ matrix
    scale = np.sqrt(np.maximum(np.diag(gram), 1e-12))
    ridged = np.linalg.cholesky(gram / np.outer(scale, scale) + _RIDGE * np.eye(len(scale)))
    found = optimize.nnls(ridged.T, np.linalg.solve(ridged, matrix.T @ wanted / scale))
    return np.asarray(found[0] / scale, dtype=np.float64)


def _gains(held: HeldBack, trust: Trust) -> tuple[Gain, Gain]:
    by_words = held.read + added(held.likeness, trust, trust.read, held.read - held.means, held.foretold - held.means)
    by_both = held.told + added(
        held.likeness, trust, trust.told, held.told - held.means, held.foretold - held.means, held.beside - held.means
    )
    everything = np.ones(len(held.likeness), dtype=np.bool_)
    return _gain(held, held.means, by_words, everything), _gain(held, held.told, by_both, held.is_told)


def _gain(held: HeldBack, before: Floats, after: Floats, rows: NDArray[np.bool_]) -> Gain:
    fell = _errors(held.scores, before)[rows] - _errors(held.scores, after)[rows]
    if len(fell) < _FEWEST:
        return Gain(0.0, float("inf"))
    return Gain(float(fell.mean()), float(fell.std() / len(fell) ** 0.5))


def _errors(scores: Floats, foretold: Floats) -> Floats:
    return np.asarray((_between(scores - foretold, scores) ** 2).sum(axis=1))


def _between(values: Floats, scores: Floats) -> Floats:
    """Return the values less their mean over the models that were scored; 0 where a model was not, and where only one was."""
    scored = ~np.isnan(scores)
    count = np.maximum(scored.sum(axis=1, keepdims=True), 1)
    filled = np.where(scored, values, 0.0)
    return np.where(scored, filled - filled.sum(axis=1, keepdims=True) / count, 0.0)
