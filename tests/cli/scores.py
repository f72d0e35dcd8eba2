"""Scores that commands learn from: two models, of which each is better at one task."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

POLICY = """\
models:
  small: {model: "test:small", price: {input: 1, output: 1}}
  large: {model: "test:large", price: {input: 10, output: 10}}
default: large
routes:
  - {name: sums, when: {task: math}, use: small}
"""


def scores(n: int = 200, *, seed: int = 0) -> Iterator[dict[str, Any]]:
    """Yield prompts with scores: `small` is better at maths and costs a tenth, `large` is better at writing."""
    rng = random.Random(seed)
    for number in range(n):
        task = "math" if number % 2 else "creative"
        right = {"small": 0.9, "large": 0.6} if task == "math" else {"small": 0.4, "large": 0.8}
        yield {
            "prompt": f"What is {number} times {number}?" if task == "math" else f"Write a poem of {number} lines about the sea",
            "task": task,
            "scores": {model: float(rng.random() < share) for model, share in right.items()},
            "costs": {"small": 0.001, "large": 0.01},
        }


def text(n: int = 200, *, seed: int = 0) -> str:
    """Return the same as JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in scores(n, seed=seed))
