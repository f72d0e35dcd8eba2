"""The part that the cache has in one call: what is looked up before a model is asked, served in its place, and stored of its answer."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from taskroute.cache.terms import terms_of
from taskroute.execution.failures import classify
from taskroute.execution.ledger import Ledger
from taskroute.execution.request import ORIGINAL, Request
from taskroute.policy.carrying import DEFAULT_FALLBACK_ON
from taskroute.steps import (
    Attempt,
    Cancelled,
    Deliver,
    Ended,
    Event,
    Failed,
    Forgo,
    Found,
    Lead,
    Lookup,
    Missed,
    Opened,
    Save,
    Step,
)
from taskroute.stored import Terms
from taskroute.types import CacheNote, Decision, Outcome, Reply

_STALE_ON: Final = frozenset(DEFAULT_FALLBACK_ON) - {"context_overflow"}
"""Failures in whose place an answer is served whose time is over: those that are the models', not the call's."""


class FromCache:
    """Looks up, serves and stores for one call. Where the cache has no part in it, every method yields nothing."""

    def __init__(self, request: Request, decision: Decision, ledger: Ledger) -> None:
        self._request = request
        self._ledger = ledger
        self._first_chunk = request.snapshot.settings_for(decision.route).timeout.first_chunk
        terms = terms_of(request.snapshot, decision, request.call) if request.caches else None
        self._terms = terms if isinstance(terms, Terms) else None
        self.note = terms if isinstance(terms, CacheNote) else None
        """What the cache had for the call so far."""
        self.lead: Lead | None = None
        """Held as long as an answer may be stored."""
        self._stale: list[tuple[str, Found]] = []
        self.before: tuple[str | None, str | None] = None, None
        """The model that was given up last, and why."""

    def look_up(self, model: str, number: int) -> Generator[Step, Event, Outcome | None]:
        """Serve what is stored of a model. Return how the call ended, or None when the model is to be asked.

        `number` is that of the model among those that were tried.
        """
        if self._terms is None or model == ORIGINAL:
            return None
        left = self._ledger.left()
        terms = self._terms if left is None else self._terms._replace(wait=min(self._terms.wait, max(left, 0.0)))
        event = yield Lookup(model, terms, self._request.snapshot, self._first_chunk)
        if isinstance(event, Found):
            served = yield from self._serve(model, event, number)
            if served is not None:
                return served
            # What cannot be served is replaced.
            event = yield Lookup(model, terms._replace(refresh=True), self._request.snapshot)
        if isinstance(event, Cancelled):
            return self._ledger.outcome("cancelled", error=event.error)
        if not isinstance(event, Missed):
            raise TypeError(f"a plan that has looked for an answer cannot go on from {type(event).__name__}")
        # What waiting took is no time of the model's.
        self._ledger.at = event.at
        self.lead = event.lead
        if event.stale is not None:
            self._stale.append((model, event.stale))
        self.note = CacheNote("bypass", event.why) if event.why else CacheNote("miss")
        return None

    def _serve(self, model: str, found: Found, number: int) -> Generator[Step, Event, Outcome | None]:
        """Give a stored answer to the caller. Return how the call ended, or None where it cannot be served."""
        ledger = self._ledger
        # What is served in the end, because all have failed, is in the place of no one model.
        before, reason = (None, None) if found.stale else self.before
        attempt = Attempt(
            model,
            number + 1,
            0,
            None,
            ledger.decision,
            len(ledger.tries) + 1,
            fallback_from=before,
            fallback_reason=reason,
            snapshot=self._request.snapshot,
            given_up=ledger.paid() if ledger.tries else (),
            cached=found,
            told=self._request.told,
            aside=ledger.aside,
        )
        event = yield attempt
        if isinstance(event, Opened) or (isinstance(event, Ended) and event.held):
            given = yield Deliver(model, attempt.tries)
            event = event if isinstance(event, Ended) and not isinstance(given, Cancelled) else given
        if isinstance(event, Failed) and not event.delivered:
            is_control = classify(event.error).kind == "control"
            return ledger.outcome("cancelled", error=event.error) if is_control else None
        self.note = CacheNote("stale" if found.stale else "hit", age=found.age, saved=found.entry.cost, usage=found.entry.usage)
        if isinstance(event, Ended):
            return ledger.outcome("answered", reply=event.reply, answered_by=model)
        if isinstance(event, Cancelled):
            return ledger.outcome("cancelled", error=event.error)
        if not isinstance(event, Failed):
            raise TypeError(f"a plan that has served an answer cannot go on from {type(event).__name__}")
        return ledger.interrupted(model, event.delivered, event.error)

    def serve_stale(self, number: int) -> Generator[Step, Event, Outcome | None]:
        """Give an answer whose time is over to the caller, where every model has failed."""
        failure = self._ledger.failure()
        if failure is not None and failure not in _STALE_ON:
            return None
        for model, found in self._stale:
            served = yield from self._serve(model, found, number)
            if served is not None:
                return served
        return None

    def instead_of(self, models: tuple[str, ...]) -> Generator[Step, Event, Outcome | None]:
        """Serve what is stored of models that must not be asked now, stale or not. Return None where nothing is."""
        for model in models:
            ended = yield from self.look_up(model, 0)
            yield from self.forgo(cancelled=False)
            if ended is not None:
                return ended
        return (yield from self.serve_stale(0))

    def save(self, attempt: Attempt, reply: Reply) -> Generator[Step, Event, Cancelled | None]:
        """Store an answer where others may have it; return what interrupted that."""
        lead, self.lead = self.lead, None
        if lead is None or self._terms is None:
            return None
        saved = yield Save(lead, attempt, reply, self._terms)
        return saved if isinstance(saved, Cancelled) else None

    def forgo(self, *, cancelled: bool) -> Generator[Step, Event, None]:
        """Let go of the calls that wait for an answer of this one, if they still do."""
        lead, self.lead = self.lead, None
        if lead is not None:
            yield Forgo(lead, failed=not cancelled)

    def noted(self, outcome: Outcome) -> Outcome:
        """Return the end of the call with what the cache had for it."""
        return outcome if self.note is None else outcome._replace(cache=self.note)
