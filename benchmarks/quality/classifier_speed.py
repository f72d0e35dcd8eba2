"""What telling a task from examples costs a call, by the length of the text; and what loading takes.

`python -m benchmarks.quality.classifier_speed` prints microseconds of processor time. Texts are sentences of CLINC150's `val` one after
another, so that few words are long and most are told apart by `train`.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from benchmarks.quality.classifier_clinc import texts
from taskroute.learned.examples import ExamplesClassifier
from taskroute.policy.schema import Task

LENGTHS: Final = (50, 500, 4_000, 40_000, 400_000)
TASKS: Final = 10
EXAMPLES: Final = 20


def tasks() -> dict[str, Task]:
    """Return the tasks that are told apart."""
    found: dict[str, list[str]] = {}
    for row in texts("train"):
        found.setdefault(row.intent, []).append(row.text)
    return {name: Task(examples=tuple(dict.fromkeys(found[name][:EXAMPLES]))) for name in sorted(found)[:TASKS]}


def long_text(chance: random.Random, sentences: Sequence[str], length: int) -> str:
    """Return a text of that many characters."""
    parts: list[str] = []
    size = 0
    while size < length:
        parts.append(chance.choice(sentences))
        size += len(parts[-1]) + 2
    return ". ".join(parts)[:length]


def timed(call: Callable[[str], object], given: Sequence[str]) -> tuple[float, float]:
    """Return the median and the 99th percentile of the microseconds of processor time that one call takes."""
    taken: list[float] = []
    for text in given:
        start = time.thread_time_ns()
        call(text)
        taken.append((time.thread_time_ns() - start) / 1e3)
    return float(np.percentile(taken, 50)), float(np.percentile(taken, 99))


def main() -> None:
    """Print the table."""
    chance = random.Random(0)
    sentences = [row.text for row in texts("val")]
    own = tasks()
    taken: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(6):
            start = time.thread_time_ns()
            classifier = ExamplesClassifier(own, folder=folder, complexity=False)
            taken.append((time.thread_time_ns() - start) / 1e6)
    both = ExamplesClassifier(own)
    print(f"{TASKS} tasks, {EXAMPLES} examples each: trained in {taken[0]:.0f} ms, loaded in {np.median(taken[1:]):.1f} ms")
    print("| characters | task alone, first time: p50 | p99 | again: p50 | p99 | with complexity: p50 | p99 |")
    print("|---|---|---|---|---|---|---|")
    for length in LENGTHS:
        given = [long_text(chance, sentences, length) for _ in range(200)]
        rows = (
            timed(lambda text: classifier.classify(text, ()), given),
            timed(lambda text: classifier.classify(text, ()), given * 3),
            timed(lambda text: both.classify(text, ()), given),
        )
        print(f"| {length:,} | " + " | ".join(f"{value:.0f} µs" for row in rows for value in row) + " |", flush=True)


if __name__ == "__main__":
    main()
