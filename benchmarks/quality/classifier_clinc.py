"""How well tasks are told from the user's own examples, on CLINC150: trained on its `train`, told on its `val`.

`python -m benchmarks.quality.classifier_clinc` prints two tables: all of `train`, and a few examples of a few intents, where every other
intent is a text of no task. Texts of the pack that are out of scope are used to measure only.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from benchmarks.quality.packs import folder, lines
from taskroute.learned.fit import Example, examples_of, fit
from taskroute.learned.linear import LinearClassifier
from taskroute.learning.fit_large import fit_large

THRESHOLD: Final = 0.6
"""`min_confidence` of a policy that does not say otherwise."""
FEW: Final = ((2, 5), (5, 1), (5, 3), (5, 10), (5, 50), (20, 5), (20, 30))
"""Tasks, and examples of each."""


class Text(NamedTuple):
    text: str
    intent: str
    domain: str


class Told(NamedTuple):
    """What was told of texts of the classes, and of others."""

    accuracy: float
    confidence: float
    """Mean score of the best class."""
    share: float
    """Texts of the classes whose best score reaches the threshold."""
    right: float
    """Of these, how many are right."""
    outside: float
    """Texts of no class whose best score reaches the threshold."""
    auroc: float
    """How often a text of the classes has a higher best score than one of none."""


def texts(*splits: str) -> list[Text]:
    """Return the texts of these splits: `train`, `val`, `oos_train`, `oos_val`."""
    rows = lines(folder() / "clinc150_train_val.jsonl.gz")
    return [Text(row["p"], row["intent"], row["domain"]) for row in rows if row["split"] in splits]


def told(classifier: LinearClassifier, inside: Sequence[tuple[str, str]], outside: Sequence[str]) -> Told:
    """Return how well the classifier tells texts with their classes, and how seldom it takes others for one of them."""
    right, scores = [], []
    for text, label in inside:
        best, score = _best(classifier, text)
        right.append(best == label)
        scores.append(score)
    others = np.array([_best(classifier, text)[1] for text in outside])
    own, is_right = np.array(scores), np.array(right)
    sure = own >= THRESHOLD
    return Told(
        accuracy=float(is_right.mean()),
        confidence=float(own.mean()),
        share=float(sure.mean()),
        right=float(is_right[sure].mean()) if sure.any() else float("nan"),
        outside=float((others >= THRESHOLD).mean()),
        auroc=float((own[:, None] > others).mean() + 0.5 * (own[:, None] == others).mean()),
    )


def _best(classifier: LinearClassifier, text: str) -> tuple[str, float]:
    verdict = classifier.classify(text)
    label = max(verdict.probabilities, key=lambda name: verdict.probabilities[name])
    return label, verdict.probabilities[label] * verdict.inside


def from_all(kind: str) -> tuple[Told, float]:
    """Return what a classifier of all `intent`s or `domain`s tells, and the seconds of processor time that training took."""
    start = time.process_time()
    classifier = fit_large([Example(row.text, getattr(row, kind)) for row in texts("train")])
    seconds = time.process_time() - start
    inside = [(row.text, getattr(row, kind)) for row in texts("val")]
    return told(classifier, inside, [row.text for row in texts("oos_train", "oos_val")]), seconds


def from_few(tasks: int, examples: int, *, seeds: int = 8) -> Told:
    """Return the mean over `seeds` choices of `tasks` intents and `examples` of each."""
    learned, asked = _by_intent(texts("train")), _by_intent(texts("val"))
    rows: list[Told] = []
    for seed in range(seeds):
        chance = random.Random(seed)
        names = sorted(learned)
        chance.shuffle(names)
        own = names[:tasks]
        chosen = [example for name in own for example in examples_of(name, chance.sample(learned[name], examples))]
        inside = [(text, name) for name in own for text in asked[name]]
        rows.append(told(fit(chosen), inside, [text for name in names[tasks:] for text in chance.sample(asked[name], 2)]))
    return Told(*map(float, np.nanmean(np.array(rows), axis=0)))


def _by_intent(rows: Sequence[Text]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        found[row.intent].append(row.text)
    return found


def _line(name: str, row: Told, note: str = "") -> str:
    return f"| {name} | " + " | ".join(f"{value:.3f}" for value in row) + f" | {note} |"


def main() -> None:
    """Print both tables."""
    print(f"| trained on | accuracy | mean score | told at {THRESHOLD} | right of these | outside told | AUROC outside | |")
    print("|---|---|---|---|---|---|---|---|")
    for tasks, examples in FEW:
        print(_line(f"{tasks} intents, {examples} of each", from_few(tasks, examples)), flush=True)
    for kind in ("domain", "intent"):
        row, seconds = from_all(kind)
        print(_line(f"all, {kind}s", row, f"{seconds:.0f} s of processor time to train"), flush=True)


if __name__ == "__main__":
    main()
