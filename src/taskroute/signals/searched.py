"""Searching texts for sensitive data once: what was seen before, such as the start of a conversation, is known by its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

from taskroute.signals.sensitive import KINDS, find_kinds

MOST: Final = 4096
"""Texts that are remembered at least, the latest ones; at most there are twice as many."""


class Searched:
    """Finds kinds of sensitive data like `find_kinds`, with the same rules for every text.

    Keeps digests and the kinds that were found, never a text, and belongs to one compiled policy. Safe to share between threads.
    """

    def __init__(self, kinds: Collection[str] | None = None, extra: Mapping[str, Callable[[str], bool]] | None = None) -> None:
        self._kinds = kinds
        self._extra = extra
        self._all: set[str] = {*(KINDS if kinds is None else kinds), *(extra or {})}
        self._recent: dict[bytes, tuple[str, ...]] = {}
        self._older: dict[bytes, tuple[str, ...]] = {}

    def __call__(self, texts: Iterable[str]) -> set[str]:
        """Return the kinds found in any of the texts."""
        found: set[str] = set()
        for text in texts:
            found.update(self._in(text))
            if len(found) == len(self._all):
                break
        return found

    def __len__(self) -> int:
        """Return how many digests are kept."""
        return len(self._recent) + len(self._older)

    def _in(self, text: str) -> tuple[str, ...]:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()
        recent = self._recent
        kinds = recent.get(digest)
        if kinds is not None:
            return kinds
        kinds = self._older.get(digest)
        if kinds is None:
            kinds = find_kinds((text,), kinds=self._kinds, extra=self._extra)
        recent[digest] = kinds
        if len(recent) >= MOST and recent is self._recent:
            self._older, self._recent = recent, {}
        return kinds
