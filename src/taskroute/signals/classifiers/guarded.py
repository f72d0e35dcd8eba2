"""A classifier that cannot fail a call."""

from __future__ import annotations

import warnings
from collections.abc import Collection

from taskroute.ports import Classifier
from taskroute.types import Classification


class GuardedClassifier:
    """Passes on to a classifier; when that raises, abstains and warns once."""

    def __init__(self, inner: Classifier) -> None:
        self.inner = inner
        self.name = inner.name
        self.local = inner.local
        self.labels = frozenset(inner.labels)
        self._warned = False

    def classify(self, text: str, tasks: Collection[str]) -> Classification:
        try:
            return self.inner.classify(text, tasks)
        except Exception as error:  # noqa: BLE001 - whatever a user's classifier raises, the call goes on without it
            return self._abstain(error)

    async def aclassify(self, text: str, tasks: Collection[str]) -> Classification:
        try:
            return await self.inner.aclassify(text, tasks)
        except Exception as error:  # noqa: BLE001 - as above
            return self._abstain(error)

    def _abstain(self, error: Exception) -> Classification:
        if not self._warned:
            self._warned = True
            warnings.warn(f"the classifier {self.name!r} failed with {type(error).__name__} and abstains", RuntimeWarning, stacklevel=3)
        return Classification()
