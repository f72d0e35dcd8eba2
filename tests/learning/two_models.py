"""Scores of two models on tasks, and training without the words of the prompts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from taskroute.learning.methods import FitPrompts
from taskroute.learning.rows import Labels, labels
from taskroute.learning.train import Trained
from taskroute.learning.train import train as train_with_words

MODELS = ("small", "large")


def scored(n: int, *, small: Mapping[str, float], large: Mapping[str, float], seed: int = 0, costs: bool = True) -> Labels:
    """Return right or wrong answers of two models on tasks where they are right as often as it is said; the large one costs ten times as
    much."""
    rng = np.random.default_rng(seed)
    tasks = tuple(rng.choice(sorted(small), n).tolist())
    right = np.array([[small[task], large[task]] for task in tasks])
    return labels(
        MODELS,
        (rng.random((n, 2)) < right).astype(np.float64),
        prompts=tuple(f"question {row} of {task}" for row, task in enumerate(tasks)),
        tasks=tasks,
        costs=np.tile([0.1, 1.0], (n, 1)) if costs else None,
        output_tokens=np.tile([100.0, 200.0], (n, 1)),
    )


SPLIT: dict[str, Any] = {"small": {"math": 0.3, "poems": 0.95}, "large": {"math": 0.9, "poems": 0.7}}
ALIKE: dict[str, Any] = {"small": {"math": 0.6, "poems": 0.6}, "large": {"math": 0.8, "poems": 0.8}}


def train(data: Labels, *, fit_prompts: FitPrompts | None = None, **options: Any) -> Trained:
    """Train without the words of the prompts, unless a test has some."""
    return train_with_words(data, fit_prompts=fit_prompts, **options)


class Words:
    """Tells the task from the prompt's last word, and that the small model is better than it was thought."""

    version = "1"

    def tasks(self, text: str) -> Mapping[str, float]:
        return {text.rsplit(" ", 1)[-1]: 1.0}

    def shifts(self, text: str, tasks: Mapping[str, float]) -> Mapping[str, float]:
        return {"small": 0.01, "unknown": 1.0}
