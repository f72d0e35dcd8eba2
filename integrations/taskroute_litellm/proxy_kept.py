"""What the cache has for a call of the proxy, from the look-up before LiteLLM is let on to what is stored in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from taskroute.cache.terms import terms_of
from taskroute.decision.snapshot import Snapshot
from taskroute.execution.keeping import alook_up, asave, forgo
from taskroute.execution.run import Run
from taskroute.execution.validate import Expected
from taskroute.steps import Attempt, Event, Forgo, Found, Lead, Lookup, Missed, Save, Step
from taskroute.stored import Asked, Terms
from taskroute.types import CacheNote, Decision, Reply
from taskroute_litellm.asking import asked_of
from taskroute_litellm.call import Endpoint
from taskroute_litellm.expected import expects
from taskroute_litellm.replaying import Replayed, UnservableError, replayed


class ProxyRequest:
    """A request as the client sent it: what it asks of a group, and what its answer must be like. LiteLLM asks the models."""

    def __init__(
        self,
        endpoint: Endpoint,
        arguments: Mapping[str, Any],
        *,
        deployments: Callable[[str], Sequence[Mapping[str, Any]]],
        can_serve: Callable[[], bool],
    ) -> None:
        self.endpoint: Endpoint = endpoint
        # LiteLLM goes on writing into what it was given.
        self._arguments = {**arguments}
        self._deployments = deployments
        self.can_serve = can_serve
        """Whether the proxy has what gives out stored answers."""

    def asked(self, model: str, snapshot: Snapshot) -> Asked | None:
        """Return what is asked of a group, for the cache."""
        return asked_of(self.endpoint, self._arguments, spec=snapshot.registry[model], params=self._deployments(model) or None)

    def expects(self, attempt: Attempt, reply: Reply) -> Expected:
        """Return what the answer must be like."""
        return expects(self.endpoint, self._arguments, reply)

    def _refuse(self, attempt: Attempt) -> NoReturn:
        raise TypeError(f"LiteLLM asks {attempt.model!r}, and not this")

    answer = aanswer = open = aopen = _refuse


class KeptCall:
    """The part that the cache has in one call."""

    def __init__(self, run: Run, request: ProxyRequest) -> None:
        self._run = run
        self._request = request
        self._terms: Terms | None = None
        self._snapshot: Snapshot | None = None
        self._model: str | None = None
        """The group that was looked for last."""
        self._stores = False
        """Whether the answer may be stored, whichever group gives it."""
        self._lead: Lead | None = None
        self._note: CacheNote | None = None
        self.replayed: Replayed | None = None
        """The stored answer that is served; None where LiteLLM asks a group."""

    # Before the call

    def noted(self, step: Step, event: Event) -> None:
        """Note what came of a step."""
        if isinstance(step, Forgo):
            self._lead = None
        if not isinstance(step, Lookup):
            return
        self._terms, self._snapshot, self._model = step.terms, step.snapshot, step.model
        if isinstance(event, Missed):
            self._lead, self._stores = event.lead, event.lead is not None
            self._note = CacheNote("bypass", event.why) if event.why else CacheNote("miss")

    def serve(self, attempt: Attempt, found: Found) -> Exception | None:
        """Have a stored answer be served; return why it cannot be."""
        if not self._request.can_serve():
            return UnservableError("the proxy has no router yet that could serve a stored answer")
        try:
            self.replayed = replayed(found, attempt.model)
        except UnservableError as error:
            return error
        self._note = CacheNote("stale" if found.stale else "hit", age=found.age, saved=found.entry.cost)
        return None

    # During the call

    @property
    def stores(self) -> bool:
        """Whether the answer may be stored, so that all of it must be read."""
        return self._stores and self.replayed is None

    @property
    def lead(self) -> Lead | None:
        """What others may be waiting for."""
        return self._lead

    def asks(self, group: str) -> None:
        """Note that a group is asked: those who wait for the answer of another one will not get it."""
        if self.replayed is not None:
            self.replayed, self._note, self._stores = None, CacheNote("miss"), False
        if group != self._model:
            self.let_go(failed=True)

    def let_go(self, *, failed: bool) -> None:
        """Let go of those who wait."""
        lead, self._lead = self._lead, None
        if lead is not None:
            forgo(self._run, Forgo(lead, failed))

    # After the call

    async def keep(self, attempt: Attempt, reply: Reply) -> None:
        """Store an answer under the group that gave it, where it may be."""
        lead, self._lead = self._lead, None
        terms, snapshot = self._terms, self._snapshot
        if not self._stores or terms is None or snapshot is None or attempt.model not in snapshot.registry:
            return
        if attempt.model != self._model:
            # Only its key is wanted, and the right to store.
            found = await alook_up(self._run, self._request, Lookup(attempt.model, terms._replace(refresh=True, wait=0.0), snapshot))
            lead = found.lead if isinstance(found, Missed) else None
        if lead is not None:
            await asave(self._run, self._request, Save(lead, attempt, reply, terms))

    def note(self, snapshot: Snapshot, decision: Decision) -> CacheNote | None:
        """Return what the cache had for the call; None where there is none."""
        if self._note is None and self._run.cache is not None:
            found = terms_of(snapshot, decision, self._run.call)
            self._note = found if isinstance(found, CacheNote) else None
        return self._note

    def served_stale(self, decision: Decision) -> None:
        """Have it counted that an answer was served whose time is over."""
        if self._run.cache is not None and self._note is not None and self._note.status == "stale":
            self._run.cache.stale_served(self._run.namespace, decision.signals.stage.value, self._note.saved)
