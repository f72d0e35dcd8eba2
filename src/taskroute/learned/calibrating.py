"""Turns scores of texts that a classifier did not learn from into calibrated probabilities."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from taskroute.learned.linear import Calibration, Gate

Scores = NDArray[np.float64]

# What a handful of examples a class gives, before anything was measured. Fitted numbers are drawn towards it as if by so many texts.
_USUAL_TEMPERATURE: Final = 0.05
_TEMPERATURE_COUNTS: Final = 3.0
_USUAL_INSIDE: Final = (0.08, 0.2)
_USUAL_OUTSIDE: Final = (0.0, 0.04)
_GATE_COUNTS: Final = 1.5
_FLATTEST: Final = 1e-3


def calibrated(scores: Scores, truth: NDArray[np.intp], outside: Scores, *, usual: float = _GATE_COUNTS) -> Calibration:
    """Return how scores become probabilities.

    `scores` and `truth` are those of texts of the classes, scored by a classifier that had not seen them; `outside` are the highest
    scores of texts that belong to no class. Either may be empty: then what is usual counts. `usual` is how many texts that stands for;
    give 0 where scores are of another kind than those of `fit`.
    """
    best = scores.max(axis=1) if len(scores) else np.empty(0)
    return Calibration(temperature(scores, truth), gate(best, outside, usual=usual))


def temperature(scores: Scores, truth: NDArray[np.intp]) -> float:
    """Return the temperature under which the softmax of the scores is most likely to be right."""
    candidates = np.geomspace(0.01, 2.0, 60)
    costs = _TEMPERATURE_COUNTS * np.log(candidates / _USUAL_TEMPERATURE) ** 2
    if len(scores):
        lead = scores - scores[np.arange(len(truth)), truth][:, None]
        costs = costs + [float(np.log(np.exp(np.minimum(lead / t, 600.0)).sum(axis=1)).sum()) for t in candidates]
    return float(candidates[int(np.argmin(costs))])


def gate(inside: Scores, outside: Scores, *, usual: float = _GATE_COUNTS) -> Gate:
    """Return a logistic function of the highest score: how likely a text belongs to one of the classes, where half of all do."""
    x = np.concatenate((inside, outside, _USUAL_INSIDE, _USUAL_OUTSIDE))
    y = np.repeat((1.0, 0.0, 1.0, 0.0), (len(inside), len(outside), len(_USUAL_INSIDE), len(_USUAL_OUTSIDE)))
    share = np.where(y == 1.0, 1.0 / max(len(inside), 1), 1.0 / max(len(outside), 1)) * (len(inside) + len(outside)) / 2
    weight = np.where(np.arange(len(x)) >= len(inside) + len(outside), usual, share)
    base, score = logistic(x[:, None], y, weight, drawn=_FLATTEST)
    return Gate(base=float(base), score=float(score))


def logistic(x: Scores, y: Scores, weight: Scores, *, drawn: float) -> Scores:
    """Return the start and the slopes of a logistic regression: of `y`, 0 or 1, on the columns of `x`, each row with its weight.

    `drawn` times half of each number's square is added to what is least.
    """
    design = np.column_stack((np.ones(len(x)), x))
    found = np.zeros(design.shape[1])
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-np.clip(design @ found, -30, 30)))
        slope = design.T @ (weight * (y - p)) - drawn * found
        bend = (design * (weight * p * (1 - p))[:, None]).T @ design + drawn * np.eye(len(found))
        step = np.linalg.solve(bend, slope)
        found = found + np.clip(step, -20.0, 20.0)
        if float(np.max(np.abs(step))) < 1e-6:
            break
    return found
