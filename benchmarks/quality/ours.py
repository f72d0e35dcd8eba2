"""taskroute's own ways to route, as `taskroute train` learns them."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from benchmarks.quality.contenders import Contender, Floats, Who, untold
from taskroute.learning.folds import Fold
from taskroute.learning.methods import Remembered, Settings, by_read, by_told, by_words
from taskroute.learning.rows import Labels
from taskroute.learning.validate import Method
from taskroute.ports import Classifier

TABLE_GIVEN: Final = Who("table", "given", True)
WORDS_GIVEN: Final = Who("table and words", "given", True)
TABLE_PREDICTED: Final = Who("table", "predicted", True)
WORDS_PREDICTED: Final = Who("table and words", "predicted", True)
WORDS_ALONE: Final = Who("words alone", "none", True)
NO_LABELS: Final = Who("built-in classifier's complexity", "none", True)
_LEVELS: Final = {"low": -1.0, "medium": 0.0, "high": 1.0}


class Ours(NamedTuple):
    """A method of the library. Held-back rows are handed over without scores, costs and, unless it is given, without their task."""

    method: Method
    who: Who
    slow: bool = False

    def predict(self, labels: Labels, fold: Fold, *, seed: int) -> Floats:
        known, asked = labels.take(fold.train), _blank(labels.take(fold.test))
        if self.who.tags != "given":
            asked = untold(asked)
        if self.who.tags == "none":
            known = untold(known)
        return np.asarray(self.method.fit(known)(asked).quality, dtype=np.float64)


class Hardness(NamedTuple):
    """Ours with two models and no label: the complexity that a classifier tells, and how sure it is."""

    classifier: Classifier
    who: Who = NO_LABELS
    slow: bool = False

    def predict(self, labels: Labels, fold: Fold, *, seed: int) -> Floats:
        told = [self.classifier.classify(labels.prompts[row] or "", ()) for row in fold.test]
        hard = [_LEVELS.get(each.complexity or "", 0.0) * (each.complexity_confidence or 0.0) for each in told]
        return np.column_stack([np.zeros(len(hard)), np.array(hard)])


def contenders(words: Remembered | None, *, tagged: bool = True) -> tuple[Contender, ...]:
    """Return ours, simplest first. Without `words` no words are read; without tags, only the words are."""
    settings = Settings()
    found: list[Contender] = [Ours(by_told(settings), TABLE_GIVEN)] if tagged else []
    if words is None:
        return tuple(found)
    if tagged:
        found += [
            Ours(by_words(settings, words, read=False), WORDS_GIVEN, slow=True),
            Ours(by_read(settings, words), TABLE_PREDICTED, slow=True),
            Ours(by_words(settings, words, read=True), WORDS_PREDICTED, slow=True),
        ]
    return (*found, Ours(by_words(settings, words, read=True), WORDS_ALONE, slow=True))


def _blank(labels: Labels) -> Labels:
    nothing = np.full_like(labels.scores, np.nan)
    return labels._replace(scores=nothing, costs=nothing, output_tokens=nothing, latency=nothing, counts=np.zeros_like(nothing))
