"""How the questions of a classifier reach a model: guarded, limited in time, watched and priced like every other use of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from taskroute.decision.snapshot import Snapshot
from taskroute.execution.failures import TELLS_OF_THE_MODEL, Failure, classify
from taskroute.execution.rest import Rest, Rests
from taskroute.execution.run import Guard, Run
from taskroute.execution.threads import within_thread
from taskroute.execution.watching import Watches
from taskroute.ports import Asker, Classifier, Clock, Question
from taskroute.signals.classifiers.hybrid import AsksThrough
from taskroute.steps import Acquired, Ask, AskEnded, Release
from taskroute.types import Cost, Reply

_UNWATCHED: Final[AbstractContextManager[object]] = contextlib.nullcontext()


def classifier_for(run: Run, classifier: Classifier, host: object) -> Classifier:
    """Return the classifier of a call, with its host to put its questions to a model where it has any."""
    asks = run.asks
    return classifier if asks is None else asks.given_to(classifier, host if isinstance(host, Asker) else None, run.watches)


class ModelAsks:
    """How the questions of a policy's classifier reach its model."""

    def __init__(
        self, snapshot: Snapshot, guard: Guard | None, clock: Clock, price: Callable[[str, Reply], Cost | None], rests: Rests
    ) -> None:
        timeout = snapshot.settings.timeout
        self.guard = guard
        self.clock = clock
        self.price = price
        self.usual = snapshot.settings.client_timeout
        """Seconds that a try has in general."""
        self.threads = timeout.threads
        self._registry = snapshot.registry
        self._rests = rests
        self.usually: Asker | None = None
        """Who asks where the host of a call cannot, or there is none."""

    def rest(self, model: str) -> Rest:
        """Return the rest of a model of the policy, which is that of the same model by any name."""
        return self._rests.of(self._registry[model].identity)

    def given_to(self, classifier: Classifier, asker: Asker | None, watches: Watches | None = None) -> Classifier:
        """Return the classifier with somebody to ask for it, where there is one."""
        asker = asker or self.usually
        if asker is None or not isinstance(classifier, AsksThrough):
            return classifier
        return classifier.through(GuardedAsker(asker, self, watches))


class GuardedAsker:
    """Puts questions to a model whose circuit is closed, and tells how that went: to its account and to observers."""

    def __init__(self, asker: Asker, asks: ModelAsks, watches: Watches | None) -> None:
        self.asker = asker
        """Who puts them to the model: the host of a call, where it can."""
        self._asks = asks
        self._watches = watches

    def ask(self, question: Question) -> Reply | None:
        guard = self._asks.guard
        granted = None if guard is None else guard.acquire(question.model)
        if not self._may(question, granted):
            return None
        try:
            self._tell_begin(question)
            with self._active():
                reply = self._in_time(question)
        except BaseException as error:
            release = self._failed(question, granted, error)
            if guard is not None:
                guard.release(release)
            raise
        if guard is not None:
            guard.release(self._answered(question, granted, reply))
        return self._told(question, reply)

    async def aask(self, question: Question) -> Reply | None:
        guard = self._asks.guard
        granted = None if guard is None else await guard.aacquire(question.model)
        if not self._may(question, granted):
            return None
        try:
            self._tell_begin(question)
            with self._active():
                async with asyncio.timeout(question.timeout):
                    reply = await self.asker.aask(question)
        except BaseException as error:
            release = self._failed(question, granted, error)
            if guard is not None:
                await guard.arelease(release)
            raise
        if guard is not None:
            await guard.arelease(self._answered(question, granted, reply))
        return self._told(question, reply)

    def _in_time(self, question: Question) -> Reply | None:
        if self._asks.threads and question.timeout is not None:
            late = f"{question.model!r} did not answer within {question.timeout:g}s"
            return within_thread(lambda: self.asker.ask(question), question.timeout, late)
        return self.asker.ask(question)

    def _may(self, question: Question, granted: Acquired | None) -> bool:
        if granted is not None and granted.refused is not None:
            return False
        # What lets a half-open circuit through is not given away to a rest.
        return bool(granted is not None and granted.probe) or not self._asks.rest(question.model).is_on(self._asks.clock.now())

    def _tell_begin(self, question: Question) -> None:
        if self._watches is not None:
            self._watches.step(Ask(question.model, question.timeout), self._asks.clock.now())

    def _active(self) -> AbstractContextManager[object]:
        return _UNWATCHED if self._watches is None else self._watches.active()

    def _told(self, question: Question, reply: Reply | None) -> Reply | None:
        now = self._asks.clock.now()
        if reply is not None and reply.cost is None:
            reply = reply._replace(cost=self._asks.price(question.model, reply))
        self._asks.rest(question.model).note(now, failed=False)
        if self._watches is not None:
            self._watches.event(AskEnded(now, reply), now)
        return reply

    def _answered(self, question: Question, granted: Acquired | None, reply: Reply | None) -> Release:
        says_nothing = reply is None or reply.from_cache
        probe = 0.0 if granted is None else granted.probe
        # Not how long it took: a label is shorter than an answer.
        return Release(question.model, "void" if says_nothing else "answered", None, probe)

    def _failed(self, question: Question, granted: Acquired | None, error: BaseException) -> Release:
        now = self._asks.clock.now()
        failure = classify(error)
        if failure.kind != "control":
            self._asks.rest(question.model).note(now, failed=True)
        if self._watches is not None:
            self._watches.event(AskEnded(now, error=error), now)
        probe = 0.0 if granted is None else granted.probe
        counts = failure.kind in TELLS_OF_THE_MODEL and not self._was_hurried(question, failure)
        return Release(question.model, "failed" if counts else "void", None, probe, failure.kind, error, failure.retry_after)

    def _was_hurried(self, question: Question, failure: Failure) -> bool:
        """Return whether so little time was given that running out of it says nothing of the model."""
        usual = self._asks.usual
        return failure.kind == "timeout" and question.timeout is not None and usual is not None and question.timeout < usual / 2
