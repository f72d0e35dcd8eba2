"""What the cache has for a call of the proxy, from the look-up before LiteLLM is let on to what is stored in the end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, NoReturn

from taskroute.cache.terms import terms_of
from taskroute.decision.snapshot import Snapshot
from taskroute.execution.failures import TELLS_OF_THE_MODEL
from taskroute.execution.keeping import alook_up, asave, forgo
from taskroute.execution.run import Run
from taskroute.execution.validate import Expected
from taskroute.ports import Question
from taskroute.steps import Attempt, Event, Forgo, Found, Lead, Lookup, Missed, Save, Step
from taskroute.stored import Asked, Terms
from taskroute.types import CacheNote, Decision, Reply
from taskroute.warn import warn_once
from taskroute_litellm.asked import own_metadata
from taskroute_litellm.asking import asked_of
from taskroute_litellm.asks import Asks
from taskroute_litellm.cacheable import is_cacheable
from taskroute_litellm.call import Endpoint
from taskroute_litellm.classifier import LiteLLMAsker, question_metadata
from taskroute_litellm.endpoints import metadata_key
from taskroute_litellm.expected import expects
from taskroute_litellm.group_host import ALONE
from taskroute_litellm.keepable import stored_of
from taskroute_litellm.replaying import Replayed, UnservableError, replayed
from taskroute_litellm.replies import reply_of

_PROXYS: Final = frozenset({"secret_fields", "proxy_server_request"})
"""Where the proxy notes the HTTP request, no two of which are the same."""


class ProxyRequest:
    """A request as the client sent it: what it asks of a group, and what its answer must be like. LiteLLM asks the models."""

    def __init__(
        self,
        endpoint: Endpoint,
        arguments: Mapping[str, Any],
        *,
        deployments: Callable[[str, Mapping[str, Any]], Sequence[Mapping[str, Any]]],
        can_serve: Callable[[], bool],
        running: Callable[[], Any] = lambda: None,
    ) -> None:
        self.endpoint: Endpoint = endpoint
        # LiteLLM goes on writing into what it was given.
        self._arguments = {name: value for name, value in arguments.items() if name not in _PROXYS}
        theirs = "metadata" if metadata_key(endpoint) == "litellm_metadata" else "litellm_metadata"
        if theirs in self._arguments:
            # What the proxy knows of the key stands in the other one.
            self._arguments[theirs] = own_metadata(self._arguments[theirs])
        self._deployments = deployments
        self._running = running
        self.can_serve = can_serve
        """Whether the proxy has what gives out stored answers."""

    def asked(self, model: str, snapshot: Snapshot) -> Asked | None:
        """Return what is asked of a group, for the cache."""
        params = self._deployments(model, self._arguments) or None
        if not is_cacheable(self.endpoint, self._arguments, params):
            return None
        return asked_of(self.endpoint, self._arguments, spec=snapshot.registry[model], params=params)

    def ask(self, question: Question) -> NoReturn:
        """Refuse: a proxy waits for nobody in sync code."""
        raise TypeError(f"the proxy asks {question.model!r} in async code alone")

    async def aask(self, question: Question) -> Reply | None:
        """Put a classifier's question to a group of the proxy, on the account of the key that the request came with."""
        router = self._running()
        if router is None:
            return None
        about = self._arguments.get(metadata_key(self.endpoint))

        def send(model: str, arguments: Mapping[str, Any], is_async: bool) -> Any:
            return router.acompletion(**{**arguments, "model": model, **ALONE, "metadata": question_metadata(model, about)})

        return await LiteLLMAsker(send, router).aask(question)

    def asks(self) -> Asks:
        """Return what tells observers what is asked."""
        return Asks(self.endpoint, self._arguments, lambda model: self._deployments(model, self._arguments) or None)

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
        self._late: tuple[str, Found] | None = None
        """An answer whose time is over, with its group."""
        self._answer: Reply | None = None
        """What a group answered, as it came."""
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
            if event.stale is not None and self._late is None:
                self._late = step.model, event.stale

    @property
    def late(self) -> bool:
        """Whether there is an answer whose time is over, for the case that every group fails."""
        return self._late is not None and self._request.can_serve()

    def serve(self, attempt: Attempt, found: Found) -> Exception | None:
        """Have a stored answer be served; return why it cannot be."""
        if not self._request.can_serve():
            return UnservableError("the proxy has no router yet that could serve a stored answer")
        try:
            self.replayed = replayed(found, attempt.model)
        except UnservableError as error:
            return error
        self._note = CacheNote("stale" if found.stale else "hit", age=found.age, saved=found.entry.cost, usage=found.entry.usage)
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
            say_refused(None)
            self.replayed, self._note, self._stores = None, CacheNote("miss"), False
        if group != self._model:
            self.let_go(failed=True)

    def let_go(self, *, failed: bool) -> None:
        """Let go of those who wait."""
        lead, self._lead = self._lead, None
        if lead is not None:
            forgo(self._run, Forgo(lead, failed))

    def serve_late(self, failures: Collection[str | None]) -> str | None:
        """Have the answer be served whose time is over, and return the group that it is from; None where there is none to serve.

        `failures` says how each try ended: an error that is the call's own is the caller's to see.
        """
        if self._late is None or not TELLS_OF_THE_MODEL.issuperset(failures):
            return None
        group, found = self._late
        try:
            self.replayed = replayed(found, group)
        except UnservableError:
            return None
        self.let_go(failed=True)
        self._note = CacheNote("stale", age=found.age, saved=found.entry.cost, usage=found.entry.usage)
        return group

    # After the call

    def read(self, response: Any, *, is_raw: bool) -> None:
        """Read a whole answer. What is not as the model gave it any more is not stored: it may hold what is one client's."""
        reply = reply_of(response, examined=True)
        self._answer = reply._replace(kept=stored_of(response)) if is_raw else reply

    def given(self, response: Any) -> Reply | None:
        """Return what was read of the answer that the client is given; None where nothing is to be stored."""
        found, self._answer = self._answer, None
        return None if found is None or not self.stores else found._replace(answer=response)

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


def say_refused(error: BaseException | None) -> None:
    """Warn, once, that a stored answer could not be given out. Without it nobody would see why there are no hits."""
    name = "" if error is None else f" ({type(error).__name__})"
    warn_once("proxy", f"refused{name}", f"LiteLLM did not give out a stored answer{name}; a model is asked, where the key may use one")
