"""Trains the built-in classifier on examples, and finds how sharp its probabilities may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from classifier_data.fitting import Rows, find_space, fit, project, scores, table
from classifier_data.prompts import OWN, Example
from taskroute.learned.builtin_model import NOTHING, BuiltinModel
from taskroute.learned.request import read_prompt
from taskroute.taxonomy import TASKS

LABELS: Final = (*TASKS, NOTHING)
PENALTY: Final = 2e-6
"""This, and what marks, rarity and pieces count in `fitting`, did best on our own phrasings that were kept out."""
OWN_SHARE: Final = 0.6
"""What our own prompts of a task weigh, where packs hold prompts of it as well."""
NOTHING_SHARE: Final = 0.4
"""What `nothing` weighs against a task: a prompt with errors looks like noise."""
PIECES: Final = 60_000
_HELD_OUT: Final = 5
"""One of so many phrasings is kept out to find the temperature."""
_SAID_AS_IT_IS: Final = ("conversation", NOTHING)
"""What has no phrasings to fill: each prompt of these is alike with nothing else."""
_TEMPERATURES: Final = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.3, 1.5, 1.75, 2.0, 2.5)


def train(examples: Sequence[Example], *, penalty: float = PENALTY, rounds: int = 120, temperature: float | None = None) -> BuiltinModel:
    """Return a model of the examples. Its temperature is found on phrasings kept out of a first training, unless it is given."""
    counted = [read_prompt(example.text).counted for example in examples]
    space = find_space(counted, most=PIECES)
    rows = project(counted, space)
    if temperature is None:
        temperature = _temperature(examples, rows, penalty, rounds)
    weights, bias = fit(rows, _targets(examples), _weigh(examples), penalty=penalty, rounds=rounds)
    return BuiltinModel(LABELS, table(space, weights), bias, temperature)


def _temperature(examples: Sequence[Example], rows: Rows, penalty: float, rounds: int) -> float:
    out = np.array(
        [
            example.source == OWN and example.task not in _SAID_AS_IT_IS and crc32(example.alike.encode()) % _HELD_OUT == 0
            for example in examples
        ]
    )
    kept, held = np.flatnonzero(~out), np.flatnonzero(out)
    weights, bias = fit(
        take(rows, kept), _targets([examples[i] for i in kept]), _weigh([examples[i] for i in kept]), penalty=penalty, rounds=rounds
    )
    raw = scores(take(rows, held), weights, bias)
    right = np.array([LABELS.index(examples[i].task) for i in held])
    print(f"phrasings kept out: {np.mean(raw.argmax(axis=1) == right):.3f} of {len(held)} prompts right", flush=True)
    return min(_TEMPERATURES, key=lambda temperature: _surprise(raw / temperature, right))


def _surprise(raw: NDArray[np.float64], right: NDArray[np.intp]) -> float:
    raw = raw - raw.max(axis=1, keepdims=True)
    return float(np.mean(np.log(np.exp(raw).sum(axis=1)) - raw[np.arange(len(right)), right]))


def take(rows: Rows, chosen: NDArray[np.intp]) -> Rows:
    """Return these prompts."""
    return Rows(rows.units[chosen], rows.pieces, rows.whole[chosen])


def _targets(examples: Sequence[Example]) -> NDArray[np.float64]:
    targets = np.zeros((len(examples), len(LABELS)))
    targets[np.arange(len(examples)), [LABELS.index(example.task) for example in examples]] = 1.0
    return targets


def _weigh(examples: Sequence[Example]) -> NDArray[np.float64]:
    """Return the weight of each example: every task counts the same, and within it our own prompts `OWN_SHARE`."""
    keys = [(example.task, example.source.partition(":")[0]) for example in examples]
    counts = Counter(keys)
    sources = Counter(task for task, _ in counts)
    weights: list[float] = []
    for task, source in keys:
        share = 1.0 if sources[task] == 1 else OWN_SHARE if source == OWN else (1 - OWN_SHARE) / (sources[task] - 1)
        weights.append((NOTHING_SHARE if task == NOTHING else 1.0) * share / counts[task, source])
    return np.array(weights)
