"""Trains a classifier of texts on up to a few thousand examples, in milliseconds to seconds, with NumPy alone.

It is a ridge regression in its dual form, so that what the classifier would have said of an example, or of a whole class, had it not
seen it, follows without training again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from taskroute.errors import ConfigurationError
from taskroute.learned.calibrating import Scores, calibrated
from taskroute.learned.counted import Counted, Weighted, counted, weighted
from taskroute.learned.linear import Calibration, LinearClassifier
from taskroute.learned.word_table import WordTable, least_length
from taskroute.learned.words import Reading, words

MOST_EXAMPLES: Final = 2000
"""More cannot be learned from here: time grows with the cube of their number."""
READING: Final = Reading(head=500, tail=500)
"""Requests stand at the ends: more of a long text is more of its material, which is of no task."""
RIDGE: Final = 0.5
"""How much weights are held back, where a text has length 1 and classes count alike."""
_OTHER_TEXTS: Final = 50
"""Texts of no class that are taken to have been seen, so that words are rare or common even beside few examples."""
_STOP_SHARE: Final = 0.3
"""In so many of them each stop word stands."""


class Example(NamedTuple):
    """A text and its class."""

    text: str
    label: str
    weight: float = 1.0
    """What it counts; one that counts less than 1 is a hint, and how well it is told is not looked at."""


class Rarity(NamedTuple):
    """How much pieces count for being rare."""

    known: NDArray[np.float32]
    unseen: float
    """Of a piece that stands in no text."""


class Learned(NamedTuple):
    """Weights of examples, and what would be said of each without it."""

    weights: Scores
    """Shape (n, classes)."""
    without_it: Scores
    """The scores of each example by a classifier that has not seen it."""
    outside: Scores
    """The highest score of each by a classifier that has not seen its class; or of its stop words alone, by one that has not seen it, where
    that is more."""


class Openings(NamedTuple):
    """What examples come to without their content: how a question begins, and what holds it together."""

    of: NDArray[np.intp]
    """The examples that have both stop words and others."""
    products: Scores
    """Of each of these with every example, whole."""


NO_OPENINGS: Final = Openings(np.empty(0, dtype=np.intp), np.empty((0, 0)))


def fit(examples: Sequence[Example], *, reading: Reading = READING) -> LinearClassifier:
    """Return a classifier for the labels of the examples, calibrated on examples that were left out in turn.

    Raises ConfigurationError where examples are of one class only, the same text stands in two, one has no word, or there are more than
    `MOST_EXAMPLES`.
    """
    labels = checked(examples, reading)
    return _fit(examples, labels, reading)


def _fit(examples: Sequence[Example], labels: tuple[str, ...], reading: Reading) -> LinearClassifier:
    found = counted([example.text for example in examples], reading)
    rarity = rarities(found)
    rows = weighted(found, rarity.known, least=least_length(reading, rarity.unseen))
    truth = np.array([labels.index(example.label) for example in examples], dtype=np.intp)
    given = np.array([example.weight for example in examples])
    learned = solve(rows.products(), truth, given, _openings(rows, found.common, given))
    table = WordTable(reading, found.ids, rarity.known, rows.weights(learned.weights), unseen=rarity.unseen)
    return LinearClassifier(labels, table, np.zeros(len(labels)), calibration(learned, truth, given))


def _openings(rows: Weighted, common: NDArray[np.bool_], given: NDArray[np.float64]) -> Openings:
    is_common = common[rows.columns]
    held = np.bincount(rows.rows, weights=is_common, minlength=rows.size)
    entries = np.bincount(rows.rows, minlength=rows.size)
    of = np.flatnonzero((given >= 1.0) & (held > 0) & (held < entries))
    return Openings(of, rows.only(common).products(rows)[of])


def checked(examples: Sequence[Example], reading: Reading) -> tuple[str, ...]:
    """Return the labels in order; raises ConfigurationError for examples that nothing can be learned from."""
    labels = tuple(dict.fromkeys(example.label for example in examples))
    if len(labels) < 2:
        of = f"all are of {labels[0]!r}" if labels else "there are none"
        cure = "write 'examples' under another task, or write kind: builtin, which needs those of one alone"
        raise ConfigurationError(f"a classifier needs examples of at least two tasks, and {of}; {cure}")
    if len(examples) > MOST_EXAMPLES:
        raise ConfigurationError(f"{len(examples)} examples are more than {MOST_EXAMPLES}; leave out those that are alike")
    seen: dict[tuple[str, ...], Example] = {}
    for example in examples:
        found = tuple(words(example.text, reading))
        if not found:
            raise ConfigurationError(f"the example {example.text[:60]!r} of {example.label!r} has no word; write one with words")
        first = seen.setdefault(found, example)
        if first.label != example.label and first.weight == example.weight == 1.0:
            raise ConfigurationError(
                f"the example {example.text[:60]!r} stands under {first.label!r} and under {example.label!r}; keep it under one of them"
            )
    return labels


def rarities(found: Counted) -> Rarity:
    """Return how much each piece counts: the logarithm of how few texts it stands in, stop words taken for common."""
    others = _OTHER_TEXTS * _STOP_SHARE * found.common
    most = found.size + _OTHER_TEXTS + 1
    return Rarity(np.log(most / (found.found_in() + others + 1)).astype(np.float32), float(np.log(most)))


def solve(products: Scores, truth: NDArray[np.intp], given: NDArray[np.float64], openings: Openings = NO_OPENINGS) -> Learned:
    """Return a ridge regression of the classes on examples with these products; each class counts alike."""
    count = int(truth.max()) + 1
    targets = np.where(truth[:, None] == np.arange(count), 1.0, -1.0 / (count - 1))
    totals = np.bincount(truth, weights=given, minlength=count)
    root = np.sqrt(given * len(truth) / count / totals[truth])
    inverse = np.linalg.inv(products * root[:, None] * root + RIDGE * np.eye(len(truth)))
    duals = inverse @ (targets * root[:, None])
    without_it = targets - duals / np.diag(inverse)[:, None] / root[:, None]
    outside = np.empty(len(truth))
    for label in range(count):
        own = np.flatnonzero(truth == label)
        held = np.linalg.solve(inverse[np.ix_(own, own)], duals[own]) / root[own, None]
        outside[own] = np.delete(targets[own] - held, label, axis=1).max(axis=1)
    weights = (duals * root[:, None]).astype(np.float64)
    if len(openings.of):
        alone = _of_openings(openings, weights, np.asarray(inverse * root, dtype=np.float64))
        outside[openings.of] = np.maximum(outside[openings.of], alone)
    return Learned(weights, without_it, outside)


def _of_openings(openings: Openings, weights: Scores, inverse: Scores) -> Scores:
    of = openings.of
    # What its own example adds to the score of an opening, directly and by what it changes of the others.
    own = np.einsum("ij,ji->i", openings.products, (inverse.T / np.diag(inverse))[:, of])
    return np.asarray((openings.products @ weights - own[:, None] * weights[of]).max(axis=1))


def calibration(learned: Learned, truth: NDArray[np.intp], given: NDArray[np.float64]) -> Calibration:
    """Return how scores become probabilities, by what was left out."""
    whole = given >= 1.0
    # Of a class with a single example nothing is left when that is taken away.
    told = whole & (np.bincount(truth[whole], minlength=int(truth.max()) + 1)[truth] > 1)
    return calibrated(learned.without_it[told], truth[told], learned.outside[whole])


def examples_of(label: str, texts: Iterable[str], *, weight: float = 1.0) -> list[Example]:
    """Return these texts as examples of one class."""
    return [Example(text, label, weight) for text in texts]
