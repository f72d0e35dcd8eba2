"""Trains the built-in classifier on examples, and finds how sharp its probabilities may be."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from classifier_data.fitting import Rows, find_space, fit, project, scores, table
from classifier_data.prompts import OWN, Example
from taskroute.learned.builtin_model import NOTHING, BuiltinModel
from taskroute.learned.request import Counted, read_prompt
from taskroute.learned.words import MARK
from taskroute.taxonomy import TASKS

LABELS: Final = (*TASKS, NOTHING)
PENALTY: Final = 2e-6
"""This, and what marks, rarity and pieces count in `fitting`, did best on our own phrasings that were kept out."""
OWN_SHARE: Final = 0.6
"""What our own prompts of a task weigh, where packs hold prompts of it as well."""
NOTHING_SHARE: Final = 0.8
"""What `nothing` weighs against a task: a prompt with errors looks like noise."""
PIECES: Final = 60_000
THINNED: Final = 0.8
"""Of our own prompts, the share that is learned from once more with words left out."""
WORDS_GONE: Final = 0.3
MARKS_GONE: Final = 0.5
_LEAST_TO_THIN: Final = 20
_MOST_TO_THIN: Final = 100
"""Characters of a prompt."""
_HELD_OUT: Final = 5
"""One of so many phrasings is kept out to find the temperature."""
RELUCTANCE: Final = {"debugging": 1.0}
"""By what power of e a task has to be likelier than it was learned to be. Taking a broken printer for broken code costs a large model, and
what stands in retrieved passages must not outweigh the question."""
_SAID_AS_IT_IS: Final = ("conversation", NOTHING)
"""What has no phrasings to fill: each prompt of these is alike with nothing else."""
_TEMPERATURES: Final = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.15, 1.3, 1.5, 1.75, 2.0, 2.5)


def train(examples: Sequence[Example], *, penalty: float = PENALTY, rounds: int = 120, temperature: float | None = None) -> BuiltinModel:
    """Return a model of the examples. Its temperature is found on phrasings kept out of a first training, unless it is given."""
    counted = [read_prompt(example.text).counted for example in examples]
    # What a slip makes of a word is not learned by heart: the next slip makes something else of it.
    space = find_space([found for found, example in zip(counted, examples, strict=True) if not example.slipped], most=PIECES)
    thin = _thinned(examples, counted)
    examples = [*examples, *(examples[at] for at, _ in thin)]
    rows = project([*counted, *(left for _, left in thin)], space)
    if temperature is None:
        temperature = _temperature(examples, rows, penalty, rounds, len(counted))
    weights, bias = fit(rows, _targets(examples), _weigh(examples), penalty=penalty, rounds=rounds)
    held_back = np.array([RELUCTANCE.get(label, 0.0) for label in LABELS])
    return BuiltinModel(LABELS, table(space, weights), bias - temperature * held_back, temperature)


def _thinned(examples: Sequence[Example], counted: Sequence[Counted]) -> list[tuple[int, Counted]]:
    """Return places of some of our own prompts, each with a part of what was counted: no one word or beginning is to be needed."""
    rng = random.Random(len(examples))
    own = [at for at, example in enumerate(examples) if _may_be_thinned(example)]
    thin: list[tuple[int, Counted]] = []
    for at in sorted(rng.sample(own, round(THINNED * len(own)))):
        gone = {word for word in counted[at] if isinstance(word, str) and rng.random() < (MARKS_GONE if word[0] == MARK else WORDS_GONE)}
        thin.append((at, {unit: None for unit in counted[at] if unit not in gone and (isinstance(unit, str) or gone.isdisjoint(unit))}))
    return [(at, left) for at, left in thin if left]


def _may_be_thinned(example: Example) -> bool:
    # Without its request, material would be all that is left.
    return (
        example.source == OWN
        and example.task != NOTHING
        and _LEAST_TO_THIN < len(example.text) < _MOST_TO_THIN
        and "\n" not in example.text
    )


def _temperature(examples: Sequence[Example], rows: Rows, penalty: float, rounds: int, whole: int) -> float:
    out = np.array(
        [
            example.source == OWN and example.task not in _SAID_AS_IT_IS and crc32(example.alike.encode()) % _HELD_OUT == 0
            for example in examples
        ]
    )
    kept, held = np.flatnonzero(~out), np.flatnonzero(out[:whole])
    learned = [examples[i] for i in kept.tolist()]
    weights, bias = fit(take(rows, kept), _targets(learned), _weigh(learned), penalty=penalty, rounds=rounds)
    raw = scores(take(rows, held), weights, bias)
    right = np.array([LABELS.index(examples[i].task) for i in held.tolist()])
    best = min(_TEMPERATURES, key=lambda temperature: _surprise(raw / temperature, right))
    share = np.mean(raw.argmax(axis=1) == right)
    print(f"phrasings kept out: {share:.3f} of {len(held)} prompts right, log loss {_surprise(raw / best, right):.3f}", flush=True)
    return best


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
