"""Which one model is the best for all calls."""

from __future__ import annotations

from typing import Final

import numpy as np

from taskroute.learning.rows import Floats, Labels

_ALIKE: Final = 1e-9


def best_model(labels: Labels) -> int:
    """Return the column of the model with the best mean score, over the prompts that it shares with others.

    Where models were scored on different prompts, each prompt is given its own level, by least squares of a linear model of prompts and
    models: none is better for having been asked what is easy. Where the prompts do not connect all models, the plain means count.
    """
    levels = _levels(labels.scores) if is_connected(labels) else column_means(labels.scores)
    levels = np.nan_to_num(levels, nan=-np.inf)
    return int(np.argmax(levels >= levels.max() - _ALIKE))


def is_connected(labels: Labels) -> bool:
    """Return whether any two models can be compared: by prompts on which both were scored, or by way of other models."""
    scored = ~np.isnan(labels.scores)
    shared = (scored.T.astype(np.intp) @ scored.astype(np.intp)) > 0
    wanted = scored.any(axis=0)
    reached = np.zeros_like(wanted)
    reached[np.argmax(wanted)] = True
    for _ in range(wanted.size):
        reached = reached | (shared & reached[:, None]).any(axis=0)
    return bool((reached | ~wanted).all())


def column_means(values: Floats) -> Floats:
    """Return the mean of what is known of each column; NaN where nothing is."""
    known = ~np.isnan(values)
    counts = known.sum(axis=0)
    found = np.full(counts.shape, np.nan)
    np.divide(np.where(known, values, 0.0).sum(axis=0), counts, out=found, where=counts > 0)
    return found


def _levels(scores: Floats) -> Floats:
    """Return how good each model is beside the others on the same prompts; NaN for one without scores."""
    scored = ~np.isnan(scores)
    shared = scored[scored.sum(axis=1) > 0]
    values = np.where(shared, scores[scored.sum(axis=1) > 0], 0.0)
    each = shared.sum(axis=1, keepdims=True)
    weights = shared / each
    normal = np.diag(shared.sum(axis=0).astype(np.float64)) - shared.T @ weights
    wanted = np.where(shared, values - values.sum(axis=1, keepdims=True) / each, 0.0).sum(axis=0)
    levels: Floats = np.asarray(np.linalg.pinv(normal) @ wanted, dtype=np.float64)
    return np.where(scored.any(axis=0), levels, np.nan)
