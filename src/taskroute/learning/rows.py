"""Scores of models on prompts, as one table: a row a prompt, a column a model."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Labels(NamedTuple):
    """Scores of `m` models on `n` prompts. What nobody scored is NaN.

    `scores`, `costs`, `output_tokens` and `latency` have the shape (n, m); `input_tokens` has (n,). Scores are from 0 to 1, costs are in
    one currency, latencies in seconds.
    """

    models: tuple[str, ...]
    prompts: tuple[str | None, ...]
    """The text of each; None where only its task is known."""
    tasks: tuple[str | None, ...]
    stages: tuple[str | None, ...]
    scores: Floats
    costs: Floats
    input_tokens: Floats
    output_tokens: Floats
    latency: Floats
    counts: Floats
    """How many scores each of `scores` is the mean of; 0 where there is none. Shape (n, m)."""

    @property
    def size(self) -> int:
        """How many prompts there are."""
        return len(self.prompts)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Labels:
        """Return these rows, by their numbers or by a mask, as a table of their own."""
        chosen = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        return Labels(
            models=self.models,
            prompts=tuple(self.prompts[i] for i in chosen),
            tasks=tuple(self.tasks[i] for i in chosen),
            stages=tuple(self.stages[i] for i in chosen),
            scores=self.scores[chosen],
            costs=self.costs[chosen],
            input_tokens=self.input_tokens[chosen],
            output_tokens=self.output_tokens[chosen],
            latency=self.latency[chosen],
            counts=self.counts[chosen],
        )


def labels(
    models: tuple[str, ...],
    scores: Floats,
    *,
    prompts: tuple[str | None, ...] | None = None,
    tasks: tuple[str | None, ...] | None = None,
    stages: tuple[str | None, ...] | None = None,
    costs: Floats | None = None,
    input_tokens: Floats | None = None,
    output_tokens: Floats | None = None,
    latency: Floats | None = None,
    counts: Floats | None = None,
) -> Labels:
    """Return a table of these scores, of shape (n, m); what is left out is unknown."""
    n, m = scores.shape
    nothing = np.full((n, m), np.nan)
    return Labels(
        models=models,
        prompts=prompts or (None,) * n,
        tasks=tasks or (None,) * n,
        stages=stages or (None,) * n,
        scores=scores,
        costs=nothing if costs is None else costs,
        input_tokens=np.full(n, np.nan) if input_tokens is None else input_tokens,
        output_tokens=nothing if output_tokens is None else output_tokens,
        latency=nothing if latency is None else latency,
        counts=(~np.isnan(scores)).astype(np.float64) if counts is None else counts,
    )
