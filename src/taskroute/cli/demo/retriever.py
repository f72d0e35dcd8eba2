"""Finds the texts about taskroute that fit a question, by BM25."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from importlib import resources
from typing import Any, Final

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import PrivateAttr

from taskroute.cli.demo.words import terms

# The constants of the BM25 formula that search systems use when nothing is tuned.
_SATURATION: Final = 1.5
_LENGTH: Final = 0.75


def shipped_documents() -> list[Document]:
    """Return the texts about taskroute that come with it, one document a file."""
    folder = resources.files("taskroute.cli.demo") / "docs"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".md")), key=lambda file: file.name)
    return [Document(file.read_text(encoding="utf-8"), metadata={"source": file.name.removesuffix(".md")}) for file in files]


class BM25(BaseRetriever):
    """Returns the `k` documents that fit a question best; those that share no word with it are left out."""

    documents: Sequence[Document]
    k: int = 4

    _counts: list[Counter[str]] = PrivateAttr()
    _weights: dict[str, float] = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        super().model_post_init(context)
        self._counts = [Counter(terms(document.page_content)) for document in self.documents]
        seen = Counter(term for counts in self._counts for term in counts)
        total = len(self._counts)
        self._weights = {term: math.log(1 + (total - count + 0.5) / (count + 0.5)) for term, count in seen.items()}

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        asked = set(terms(query))
        mean = sum(counts.total() for counts in self._counts) / max(1, len(self._counts))
        scored = [(self._score(asked, counts, mean), index) for index, counts in enumerate(self._counts)]
        best = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: (-pair[0], pair[1]))
        return [self.documents[index] for _, index in best[: self.k]]

    def _score(self, asked: set[str], counts: Counter[str], mean: float) -> float:
        long = 1 - _LENGTH + _LENGTH * counts.total() / mean
        return sum(
            self._weights[term] * counts[term] * (_SATURATION + 1) / (counts[term] + _SATURATION * long) for term in asked if counts[term]
        )
