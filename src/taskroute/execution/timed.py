"""A classifier of the user's that does I/O, held to the policy's limits."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from taskroute.execution.rest import Rest
from taskroute.execution.threads import within_thread
from taskroute.policy.schema import Policy
from taskroute.ports import Asker, Classifier, Clock
from taskroute.signals.classifiers.hybrid import AsksThrough
from taskroute.signals.classifiers.only_async import OnlyAsyncError
from taskroute.signals.classifiers.scored import as_labels
from taskroute.types import Classification


class TimedClassifier:
    """Waits for a classifier as long as `classifier.timeout` says, and leaves it alone for a while after it failed several times in a row.

    A sync call is held to the time only with `timeout.threads`. Raises TimeoutError, and what the classifier raises.
    """

    local = False

    def __init__(self, inner: Classifier, policy: Policy, clock: Clock, rest: Rest) -> None:
        self.inner = inner
        self.name = inner.name
        self.labels = as_labels(inner.labels)
        self.reads_context = bool(getattr(inner, "reads_context", False))
        self._policy = policy
        self._seconds = policy.classifier.timeout
        self._clock = clock
        self._rest = rest

    def through(self, asker: Asker) -> TimedClassifier:
        """Return the same with somebody to ask for it."""
        inner = self.inner
        return TimedClassifier(inner.through(asker), self._policy, self._clock, self._rest) if isinstance(inner, AsksThrough) else self

    def classify(self, text: str, tasks: Collection[str]) -> Classification:
        if self._rest.is_on(self._clock.now()):
            return _LEFT_ALONE
        try:
            found = self._in_time(text, tasks)
        except OnlyAsyncError:
            # Async calls can ask it all the same.
            raise
        except Exception:
            self._rest.note(self._clock.now(), failed=True)
            raise
        self._rest.note(self._clock.now(), failed=False)
        return found

    async def aclassify(self, text: str, tasks: Collection[str]) -> Classification:
        if self._rest.is_on(self._clock.now()):
            return _LEFT_ALONE
        try:
            async with asyncio.timeout(self._seconds):
                found = await self.inner.aclassify(text, tasks)
        except Exception:
            self._rest.note(self._clock.now(), failed=True)
            raise
        self._rest.note(self._clock.now(), failed=False)
        return found

    def _in_time(self, text: str, tasks: Collection[str]) -> Classification:
        if not self._policy.timeout.threads:
            return self.inner.classify(text, tasks)
        late = f"the classifier {self.name!r} did not answer within {self._seconds:g}s"
        return within_thread(lambda: self.inner.classify(text, tasks), self._seconds, late)


_LEFT_ALONE = Classification(why="not asked: it failed several times in a row, and is left alone for a while")
