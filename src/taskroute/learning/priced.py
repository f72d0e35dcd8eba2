"""Costs that models can be compared by, and what a unit of cost may be worth."""

from __future__ import annotations

import numpy as np

from taskroute.learning import curves
from taskroute.learning.best import column_means
from taskroute.learning.rows import Floats, Labels


def priced(labels: Labels) -> Floats:
    """Return the costs of those prompts on which each model that was scored has one; all NaN where some model never has."""
    scored, known = ~np.isnan(labels.scores), ~np.isnan(labels.costs)
    if (scored.any(axis=0) & ~(scored & known).any(axis=0)).any():
        return np.full(labels.costs.shape, np.nan)
    return np.where((scored & ~known).any(axis=1, keepdims=True), np.nan, labels.costs)


def prices(known: Labels, fixed: int) -> Floats:
    """Return what a unit of cost may be worth; 0 alone where the costs are not known of every model."""
    means = column_means(known.costs)
    scale = means[fixed]
    if np.isnan(means[~np.isnan(column_means(known.scores))]).any() or not scale > 0:
        return np.zeros(1)
    return curves.price_grid(float(scale))


def filled(costs: Floats) -> Floats:
    """Return the costs with the dearest of a row where one is unknown, so that it never wins by being unknown."""
    filled = np.nan_to_num(costs, nan=-np.inf).max(axis=1, keepdims=True)
    return np.where(np.isnan(costs), np.where(np.isfinite(filled), filled, 0.0), costs)
