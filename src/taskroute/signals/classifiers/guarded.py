"""A classifier that cannot fail a call."""

from __future__ import annotations

import warnings
from collections.abc import Collection

from taskroute.errors import ConfigurationError
from taskroute.ports import Asker, Classifier
from taskroute.signals.classifiers.hybrid import AsksThrough, Hybrid
from taskroute.signals.classifiers.scored import sound
from taskroute.types import Classification


class GuardedClassifier:
    """Passes on to a classifier; when that raises, abstains and warns once. Scores that are none are left out."""

    def __init__(self, inner: Classifier, warned: set[str] | None = None) -> None:
        self.inner = inner
        self.name = inner.name
        self.local = inner.local
        self.labels = frozenset(inner.labels)
        self._warned: set[str] = set() if warned is None else warned

    def through(self, asker: Asker) -> GuardedClassifier:
        """Return the same with somebody to ask a model for it."""
        return GuardedClassifier(self.inner.through(asker), self._warned) if isinstance(self.inner, AsksThrough) else self

    def local_word(self, text: str, tasks: Collection[str]) -> Classification | None:
        """Return what can be told without I/O, where that is sure enough; else None."""
        # Its parts are guarded one by one, so that the next is asked where one fails.
        return self.inner.local_word(text, tasks) if isinstance(self.inner, Hybrid) else None

    def classify(self, text: str, tasks: Collection[str]) -> Classification:
        try:
            return _checked(self.inner.classify(text, tasks))
        except Exception as error:  # noqa: BLE001 - whatever a user's classifier raises, the call goes on without it
            return self._abstain(error)

    async def aclassify(self, text: str, tasks: Collection[str]) -> Classification:
        try:
            return _checked(await self.inner.aclassify(text, tasks))
        except Exception as error:  # noqa: BLE001 - as above
            return self._abstain(error)

    def _abstain(self, error: Exception) -> Classification:
        if not self._warned:
            self._warned.add(self.name)
            # The message of anything else may quote the prompt.
            said = (
                f"{error}; it "
                if isinstance(error, ConfigurationError)
                else f"the classifier {self.name!r} failed with {type(error).__name__} and "
            )
            warnings.warn(f"{said}abstains", RuntimeWarning, stacklevel=3)
        return Classification()


def _checked(result: Classification) -> Classification:
    scores = sound(result.scores)
    return result if scores is result.scores else result._replace(scores=scores)
