"""How much of what prompts teach holds on prompts, and on tasks, that were not learned from."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.learned.predictor import Trust
from taskroute.learning.folds import Rows
from taskroute.learning.rows import Floats

_UNLIKE: Final = 0.1
"""The share of the usual prompts that are taken for unlike the others."""
_STRANGE: Final = 0.25
"""The share of calls whose task is taken to be strange to what was learned, before the prompt is looked at."""
_GRID: Final = np.array([0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 1.0])
"""Places of likeness, closer where the chance of a usual prompt changes fast."""
_FEWEST: Final = 20
"""Prompts: with fewer, what holds is chance."""
_MOST: Final = 1.5
"""What tasks or prompts may count at most: what is foretold is drawn towards the mean, and may have been drawn too far."""
_RIDGE: Final = 1e-6
_FITTED: Final = 2.0
"""Numbers that are fitted to what was held back before a gain is measured on it."""


class HeldBack(NamedTuple):
    """What was foretold of prompts that were held back, and their true scores. `n` prompts, `m` models; unknown scores are NaN."""

    likeness: Floats
    """From 0 to 1: how like each is to what was learned from."""
    scores: Floats
    """True scores, shape (n, m)."""
    means: Floats
    """Mean score of each model among what was learned from, shape (n, m)."""
    read: Floats
    """Scores by the tasks that were read, shape (n, m)."""
    told: Floats
    """Scores by the task that was told; the means where none was, or one that was not learned from."""
    foretold: Floats
    """Scores by the prompt, where its task is not told."""
    beside: Floats
    """Scores by the prompt, where its task is told."""
    is_told: NDArray[np.bool_]
    """Whether a task was told that was learned from; shape (n,)."""
    of: Rows
    """A number that prompts of the same task share; shape (n,)."""


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
    something is gained, the less it is trusted. Between what holds on usual prompts and what holds on strange ones, the likeness of a
    prompt decides: where it was fitted to both it is the chance that a prompt is a usual one, if half of all were.
    """
    if strange is not None and len(strange.scores) < _FEWEST:
        strange = None
    places = _places(usual) if strange is None else _GRID
    tasks = np.minimum(_counts(usual, strange, lambda held: [np.array(held.means), held.read], places)[:, 1], 1.0)
    # What is read is told to callers only so far as it holds, and the prompt comes on top of that.
    usual, strange = _as_trusted(usual, places, tasks), None if strange is None else _as_trusted(strange, places, tasks)
    read = _counts(usual, strange, lambda held: [held.read, held.foretold], places)
    told = _by_likeness(usual, [usual.told, usual.foretold, usual.beside], usual.is_told, places)
    trust = Trust(places, tasks=tasks, read=read, told=told)
    of_read, of_told = _gains(usual, trust)
    return Verdict(_believed(trust, of_read.share, of_told.share), of_read, of_told)


def _counts(usual: HeldBack, strange: HeldBack | None, parts: Callable[[HeldBack], list[Floats]], places: Floats) -> Floats:
    """Return what each part of what was foretold counts at each place."""
    if strange is None:
        return _by_likeness(usual, parts(usual), _all(usual), places)
    return _mixed(_fitted(usual, parts(usual), _all(usual)), _fitted_apart(strange, parts(strange)), places)


def _all(held: HeldBack) -> NDArray[np.bool_]:
    return np.ones(len(held.scores), dtype=np.bool_)


def _chance_of_usual(places: Floats) -> Floats:
    usual = (1 - _STRANGE) * places
    return np.asarray(usual / (usual + _STRANGE * (1 - places)))


def _believed(trust: Trust, read: float, told: float) -> Trust:
    """Return the trust with only these shares of what the prompt changes."""
    nothing = np.zeros_like(trust.told)
    nothing[:, 0] = 1.0
    return Trust(trust.likeness, tasks=read * trust.tasks, read=trust.read * [1.0, read], told=nothing + told * (trust.told - nothing))


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


def _places(usual: HeldBack) -> Floats:
    """Return the places of likeness: none at all, the middle of what is unlike the others, and where the usual begins."""
    begins = max(float(np.quantile(usual.likeness, _UNLIKE)), 1e-3)
    unlike = usual.likeness[usual.likeness < begins]
    middle = float(np.median(unlike)) if len(unlike) else begins / 2
    return np.array([0.0, min(max(middle, begins / 10), begins * 0.999), begins])


def _as_trusted(held: HeldBack, places: Floats, tasks: Floats) -> HeldBack:
    share = np.interp(held.likeness, places, tasks)[:, None]
    return held._replace(read=held.means + share * (held.read - held.means))


def _mixed(within: _Fitted, beyond: _Fitted, places: Floats) -> Floats:
    """Return what the tasks and the prompt count at each place, by the share of usual prompts there; nothing at the first place."""
    share = _chance_of_usual(places)[:, None]
    found = share * np.array(within.counts) + (1 - share) * np.array(_careful(within, beyond))
    found[0] = _nothing(within)
    return np.asarray(found)


def _by_likeness(held: HeldBack, foretold: list[Floats], rows: NDArray[np.bool_], places: Floats) -> Floats:
    """Return the same where strange prompts are not known: what holds on prompts that are unlike the others, and it falls from there."""
    own = _places(held)
    within = _fitted(held, foretold, rows)
    unlike = rows & (held.likeness < own[-1])
    if unlike.sum() < _FEWEST:
        # Too few to tell: it falls with the likeness.
        nearer, nothing = float(own[1] / own[-1]), np.array(_nothing(within))
        between = nothing + nearer * (np.array(within.counts) - nothing)
    else:
        between = np.array(_careful(within, _fitted(held, foretold, unlike)))
    steps: list[Floats] = list(np.array([_nothing(within), between, within.counts]).T)
    found: list[Floats] = [np.asarray(np.interp(places, own, column)) for column in steps]
    return np.column_stack(found)


def _nothing(within: _Fitted) -> list[float]:
    return [1.0] + [0.0] * (len(within.counts) - 1)


def _careful(within: _Fitted, beyond: _Fitted) -> list[float]:
    """Return what counts where less is known: less a standard error, and no more than elsewhere."""
    careful = [min(max(share - beyond.error, 0.0), most) for share, most in zip(beyond.counts[1:], within.counts[1:], strict=True)]
    return [min(beyond.counts[0], 1.0) if any(careful) else 1.0, *careful]


class _Fitted(NamedTuple):
    """What each part of what was foretold counts towards the true scores, the tasks first, and a standard error of the others."""

    counts: list[float]
    error: float


def _fitted(both: HeldBack, foretold: list[Floats], rows: NDArray[np.bool_]) -> _Fitted:
    """Return what each of `foretold` counts on these rows, 0 or more."""
    scores = both.scores[rows]
    columns = [_between((part - both.means)[rows], scores).ravel() for part in foretold]
    wanted = _between(scores - both.means[rows], scores).ravel()
    if len(scores) < _FEWEST:
        return _Fitted([1.0] + [0.0] * (len(columns) - 1), 0.0)
    matrix = np.column_stack(columns)
    found = _least_squares(matrix, wanted)
    down = float((matrix[:, 1:] ** 2).sum(axis=0).mean()) if len(columns) > 1 else 0.0
    left = float(((wanted - matrix @ found) ** 2).sum()) ** 0.5
    error = left * (scores.shape[1] / max(len(wanted), 1)) ** 0.5 / max(down, 1e-12) ** 0.5
    return _Fitted([min(float(share), _MOST) for share in found], error)


def _fitted_apart(held: HeldBack, foretold: list[Floats]) -> _Fitted:
    """Return the same for all rows, with an error that knows that prompts of one task are alike: by leaving out each task (jackknife)."""
    groups = np.unique(held.of)
    found = _fitted(held, foretold, _all(held))
    left = np.array([_fitted(held, foretold, held.of != group).counts[1:] for group in groups])
    errors = np.sqrt((len(groups) - 1) / len(groups) * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
    return _Fitted(found.counts, max(found.error, float(errors.max(initial=0.0))))


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
