"""Scores summed up by model, task and stage: what the quality table is made of."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from taskroute.learning.rows import Floats, Labels
from taskroute.quality.table import Cell


def cells(labels: Labels) -> Iterator[Cell]:
    """Yield a cell for each model, task and stage with a score. What stands in a row without a score is passed over."""
    places = list(dict.fromkeys(zip(labels.tasks, labels.stages, strict=True)))
    number = {place: at for at, place in enumerate(places)}
    at = np.array([number[place] for place in zip(labels.tasks, labels.stages, strict=True)], dtype=np.intp)
    for column, model in enumerate(labels.models):
        scores = labels.scores[:, column]
        scored = np.flatnonzero(~np.isnan(scores) & (labels.counts[:, column] > 0))
        rows, weights = at[scored], labels.counts[scored, column]
        counts = np.bincount(rows, weights, len(places))
        mean = _means(rows, scores[scored], weights, len(places))
        variance = _means(rows, (scores[scored] - mean[rows]) ** 2, weights, len(places))
        quantities = (labels.costs[:, column], labels.input_tokens, labels.output_tokens[:, column], labels.latency[:, column])
        measured = [_means(rows, values[scored], weights, len(places)) for values in quantities]
        for place in np.flatnonzero(counts):
            cost, read, written, seconds = (_known(values[place]) for values in measured)
            task, stage = places[place]
            yield Cell(
                model=model,
                task=task,
                stage=stage,
                labels=max(1, round(float(counts[place]))),
                mean=min(1.0, float(mean[place])),
                variance=min(0.25, float(variance[place])),
                cost=cost,
                input_tokens=read,
                output_tokens=written,
                latency=seconds,
            )


def _means(rows: NDArray[np.intp], values: Floats, weights: Floats, size: int) -> Floats:
    """Return the weighted mean of each place; NaN where nothing is known."""
    known = ~np.isnan(values)
    rows, values, weights = rows[known], values[known], weights[known]
    sums, counts = np.bincount(rows, weights * values, size), np.bincount(rows, weights, size)
    found = np.full(size, np.nan)
    np.divide(sums, counts, out=found, where=counts > 0)
    return found


def _known(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)
