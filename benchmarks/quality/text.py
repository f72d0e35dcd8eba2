"""How alike prompts are by TF-IDF, for the baselines: scikit-learn's, of words, pairs of words, and 3-5 letters within a word."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

_FEATURES: Final = 2**20
_ROWS_AT_ONCE: Final = 500

Alike = NDArray[np.float32]


class Likeness:
    """The inner products of all prompts' features; 2 for a prompt with itself, a part each for words and letters.

    How rare a word is, is counted over all prompts of a pack, held-back ones too. No score plays a part in it, and if it helps anyone, it
    helps the baselines. What was computed for the last pack is kept.
    """

    def __init__(self) -> None:
        self._seen: tuple[str | None, ...] = ()
        self._alike: Alike = np.zeros((0, 0), np.float32)

    def of(self, prompts: tuple[str | None, ...]) -> Alike:
        """Return the products, shape (n, n)."""
        if prompts is not self._seen:
            self._alike = _products([prompt or "" for prompt in prompts])
            self._seen = prompts
        return self._alike


def _products(texts: list[str]) -> Alike:
    features = sparse.hstack(
        [
            TfidfTransformer(sublinear_tf=True).fit_transform(_counted(texts, "word", (1, 2))),
            TfidfTransformer(sublinear_tf=True).fit_transform(_counted(texts, "char_wb", (3, 5))),
        ]
    ).tocsr()
    columns = features.T.tocsr()
    found = np.empty((len(texts), len(texts)), np.float32)
    for start in range(0, len(texts), _ROWS_AT_ONCE):
        found[start : start + _ROWS_AT_ONCE] = (features[start : start + _ROWS_AT_ONCE] @ columns).toarray()
    return found


def _counted(texts: list[str], analyzer: str, lengths: tuple[int, int]) -> sparse.csr_matrix:
    return HashingVectorizer(
        analyzer=analyzer, ngram_range=lengths, n_features=_FEATURES, alternate_sign=False, norm=None, dtype=np.float32
    ).transform(texts)
