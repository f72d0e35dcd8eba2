"""A classifier that cannot fail a call."""

from __future__ import annotations

from collections.abc import Collection

from taskroute.outages import Outages
from taskroute.ports import Asker, Classifier
from taskroute.signals.classifiers.hybrid import AsksThrough, Hybrid
from taskroute.signals.classifiers.only_async import WHY, OnlyAsyncError
from taskroute.signals.classifiers.scored import KnownTasks, as_labels, whole
from taskroute.taxonomy import TASK_GROUPS
from taskroute.types import Classification


class GuardedClassifier:
    """Passes on to a classifier; when that raises, abstains and warns once until it works again.

    Scores that are none, or of no task, are left out. One that is guarded already keeps its account of what failed.
    """

    _outages: Outages
    _known: KnownTasks

    def __init__(self, inner: Classifier, outages: Outages | None = None, known: KnownTasks | None = None) -> None:
        if isinstance(inner, GuardedClassifier):
            outages, known = outages or inner._outages, known or inner._known
            inner = inner.inner
        self.inner: Classifier = inner
        self.name = inner.name
        self.local = inner.local
        self.labels = as_labels(inner.labels)
        self.reads_context = bool(getattr(inner, "reads_context", False))
        self._remembers = bool(getattr(inner, "remembers", False))
        self._outages = outages or Outages(self.name)
        self._known = known or KnownTasks(self.name)
        self._named: tuple[Collection[str], frozenset[str]] = ((), frozenset(TASK_GROUPS))

    def through(self, asker: Asker) -> GuardedClassifier:
        """Return the same with somebody to ask a model for it."""
        return GuardedClassifier(self.inner.through(asker), self._outages, self._known) if isinstance(self.inner, AsksThrough) else self

    def local_word(self, text: str, tasks: Collection[str]) -> Classification | None:
        """Return what can be told without I/O, where that is sure enough; else None."""
        # Its parts are guarded one by one, so that the next is asked where one fails.
        return self.inner.local_word(text, tasks) if isinstance(self.inner, Hybrid) else None

    def classify(self, text: str, tasks: Collection[str]) -> Classification:
        try:
            return self._checked(self.inner.classify(text, tasks), tasks)
        except Exception as error:  # noqa: BLE001 - whatever a user's classifier raises, the call goes on without it
            return self._abstain(error)

    async def aclassify(self, text: str, tasks: Collection[str]) -> Classification:
        try:
            return self._checked(await self.inner.aclassify(text, tasks), tasks)
        except Exception as error:  # noqa: BLE001 - as above
            return self._abstain(error)

    def _abstain(self, error: Exception) -> Classification:
        self._outages.failed(error)
        return Classification(why=WHY if isinstance(error, OnlyAsyncError) else f"the classifier failed with {type(error).__name__}")

    def _checked(self, result: Classification, tasks: Collection[str]) -> Classification:
        result = whole(result)
        # One that says why it tells nothing, or that remembers what it told before, may be out of order still.
        if self._outages.is_on and not result.why and (result.asked or not self._remembers):
            self._outages.over()
        return result if result.scores.keys() <= self._names(tasks) else self._known.of(result, tasks)

    def _names(self, tasks: Collection[str]) -> frozenset[str]:
        """Return what scores may be of; that of a policy is worked out once."""
        of, names = self._named
        if of is not tasks:
            names = frozenset((*tasks, *TASK_GROUPS))
            self._named = tasks, names
        return names
