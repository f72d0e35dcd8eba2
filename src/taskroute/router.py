"""The front door: one policy, ready to decide and to carry out calls."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider

from taskroute import remembered
from taskroute.cache.responses import ResponseCache
from taskroute.calls import check_call
from taskroute.classifying import Given
from taskroute.clock import SystemClock
from taskroute.decision.snapshot import Snapshot
from taskroute.errors import ConfigurationError, NoEligibleModelError, RouterClosedError
from taskroute.execution.given import say_what_is_idle
from taskroute.execution.plan import soonest
from taskroute.execution.run import Run
from taskroute.execution.validate import Check
from taskroute.feedback.observer import FeedbackObserver
from taskroute.feedback.scores import Scores
from taskroute.known_quality import quality_files
from taskroute.lasting import Lasting, Parts
from taskroute.live import Decided, Live
from taskroute.policy.parse import load_policy
from taskroute.policy.schema import Policy
from taskroute.ports import Asker, Clock, Observer, SensitiveDetector, Store
from taskroute.pricing import Pricing
from taskroute.registry.models import ModelSpec
from taskroute.registry.prices import Prices
from taskroute.starting import Around, Way, started
from taskroute.telemetry.observers import GLOBAL, About, Providers, observers
from taskroute.telemetry.settings import Redact, Telling
from taskroute.types import Call, Cost, Decision, ModelHealth, Usage


class Router:
    """Decides which model answers a call, and carries calls out for its hosts.

    Safe to share between threads and tasks; picklable, when what it was given is; usable as a context manager, sync or async.

    `classifier` replaces the one that the policy names; it may be a function, `fn(text)` or `fn(text, tasks)`, that returns the name of a
    task or a score for each; `embed`, a function, sync or async, or embeddings of LangChain's, gives a vector for each of several texts,
    for `classifier: {kind: examples}` to learn from; `detectors` find more kinds of sensitive data; `observers` are told of every
    call, beside those of OpenTelemetry, which are always there and do nothing until the application sets up an SDK; `tracer_provider` and
    `meter_provider` take the place of the global ones for them, and stay out of a pickle or copy. `store` shares the
    circuits of the models with other routers and processes; it stays the caller's to close. `cache` keeps answers in the place of the store
    that the policy's `cache` names, and stays the caller's, too. `check` scores an answer from 0 to 1, or says
    whether it is good, for `fallback.on: [low_confidence]`; a mapping gives one for each route by its name.
    `redact` goes over prompts and answers before telemetry writes any, where `telemetry.content` has it write them.
    """

    def __init__(
        self,
        policy: Policy | Mapping[str, Any],
        *,
        classifier: Given | None = None,
        embed: Any = None,
        detectors: Sequence[SensitiveDetector] = (),
        observers: Sequence[Observer] = (),
        prices: Prices | None = None,
        clock: Clock | None = None,
        store: Store | None = None,
        cache: Store | None = None,
        check: Check | Mapping[str, Check] | None = None,
        redact: Redact | None = None,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        chance: Callable[[], float] = random.random,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._clock: Clock = clock or SystemClock()
        self._pricing = Pricing(prices or Prices())
        self._parts = Parts(
            clock=self._clock,
            pricing=self._pricing,
            classifier=classifier,
            embed=embed,
            detectors=tuple(detectors),
            store=store,
            cache=cache,
            check=check,
            redact=redact,
            environ=environ,
        )
        self._lasting = Lasting(self._parts)
        self._providers = Providers(tracer_provider, meter_provider)
        self._asker: Asker | None = None
        self._given_observers = tuple(observers)
        self._chance = chance
        self._path: Path | None = None
        self._closed = False
        self._live = self._lasting.in_force(policy if isinstance(policy, Policy) else load_policy(policy), None)
        say_what_is_idle(self._live.snapshot, self._live.checks, has_cache_store=cache is not None)
        self._observers = self._all_observers()

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], **options: Any) -> Self:
        """Return a router for the policy in a YAML or TOML file. Raises PolicyError. `options` are those of `Router`."""
        router = cls(load_policy(path), **options)
        router._path = Path(path)
        return router

    # Deciding

    def decide(self, call: Call) -> Decision:
        """Return which models may answer, in order, and why. Raises NoEligibleModelError when none may, and TypeError or
        ValueError for what is no call.

        A classifier that needs I/O is not asked: then the task stays unknown, its `detail` says so, and `adecide` is the one to use.
        """
        check_call(call)
        return self._numbered(self._open().decided(call, self._clock), call)

    async def adecide(self, call: Call) -> Decision:
        """Like `decide`, but asks any classifier."""
        check_call(call)
        return self._numbered(await self._open().adecided(call, self._clock), call)

    def _numbered(self, decided: Decided, call: Call) -> Decision:
        numbered = decided.decision.numbered(self.new_id())
        self.record(numbered)
        if not numbered.candidates:
            raise NoEligibleModelError(numbered.reason, rejected=numbered.rejected, retry_after=soonest(numbered, decided.state))
        scores = self._live.scores
        if scores is not None:
            self._remembers.decided(numbered, call, scores)
        return numbered

    # Carrying out: for the hosts

    def run(
        self,
        call: Call,
        *,
        has_original: bool = False,
        held_by: Callable[[str], str] | None = None,
        client_retries: Callable[[str], int | None] | None = None,
        retries: bool = True,
        is_async: bool = False,
    ) -> Run:
        """Return one call on its way, for a driver. A host calls this for each request.

        `held_by` tells how a timeout is held for a model, `client_retries` how often its own client tries again unseen; `retries` says
        whether the policy's are made, `is_async` that the driver is.
        """
        way = Way(has_original, held_by, client_retries, retries, is_async)
        around = Around(self._clock, self._chance, self._pricing, self._observers, self.record)
        return started(call, self._open(), way, around, self.new_id())

    def ask_through(self, asker: Asker) -> None:
        """Have `asker` put the questions of a classifier of the kind `model` wherever the host of a call cannot, as in `adecide`.

        A host of LangChain or LiteLLM does this for the router that it is given. The last one counts; it stays out of a pickle.
        """
        self._asker = asker
        self._live.asks.usually = asker

    def health(self) -> dict[str, ModelHealth]:
        """Return how each model of the policy is doing, by its name: its circuit, error rate, latencies and last error.

        It is what this router has seen; of a circuit in a shared store, what it was when a call last asked.
        """
        return self._live.guard.report()

    def cost(
        self,
        model: str,
        usage: Usage | None,
        *,
        provider: str | None = None,
        answered_by: str | None = None,
        snapshot: Snapshot | None = None,
        service_tier: str | None = None,
        reported: Cost | None = None,
    ) -> Cost | None:
        """Return the price of an answer of one of the policy's models, or None when no price is known.

        `snapshot` is the policy that the call began under; `provider`, `answered_by`, `service_tier` and `reported` are what the reply
        says of itself. Where the user has no price for the model, what is reported counts first.
        """
        under = snapshot or self._live.snapshot
        return self._pricing.cost(
            under, model, usage, provider=provider, answered_by=answered_by, service_tier=service_tier, reported=reported
        )

    def _spec(self, model: str) -> ModelSpec | None:
        return self._live.snapshot.registry.get(model)

    def prepare(self) -> None:
        """Look up the price of every model now: the first look-up loads the price table, which is better not done in the first call."""
        self._pricing.prepare(self._live.snapshot)

    def record(self, decision: Decision) -> None:
        """Remember a decision for `last_decision` and `capture_decisions`."""
        remembered.remember(decision)

    def last_decision(self) -> Decision | None:
        """Return the decision taken last in this context, or None.

        A chain runs its steps in copies of the context, so outside of them nothing is seen; `capture_decisions` sees them all.
        """
        return remembered.last_decision()

    def capture_decisions(self) -> AbstractContextManager[list[Decision]]:
        """Collect every decision taken inside the `with` block, by any step and task started in it, oldest first."""
        return remembered.capture_decisions()

    # What is said of answers

    def feedback(self, decision_id: str, score: float, *, model: str | None = None) -> None:
        """Keep a score, from 0 to 1, of the answer that was given under this decision; a later one takes its place.

        `model` is whose answer it was, where another than the one that answered is scored. `taskroute train --feedback` reads the scores.
        Raises UnknownDecisionError, ConfigurationError where the policy has no `feedback`, ValueError for a score or a model that cannot
        be, and what the store raises.
        """
        self._scores_kept().score(decision_id, score, model, self.policy.models)

    async def afeedback(self, decision_id: str, score: float, *, model: str | None = None) -> None:
        """Like `feedback`, without blocking the event loop."""
        await self._scores_kept().ascore(decision_id, score, model, self.policy.models)

    def _scores_kept(self) -> Scores:
        scores = self._open().scores
        if scores is None:
            raise ConfigurationError("the policy keeps no scores; write 'feedback: {}' for its defaults, which keep them on disk")
        return scores

    # What it stands on

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._live.snapshot.policy

    @property
    def snapshot(self) -> Snapshot:
        """The compiled policy in force. A call in flight keeps the one it began with."""
        return self._live.snapshot

    @property
    def cache(self) -> ResponseCache | None:
        """The cache of answers; None where the policy in force has none."""
        return self._live.cache

    @property
    def telling(self) -> Telling:
        """What is written of calls, by the policy in force and the environment; for observers that an application makes itself."""
        return self._live.telling

    @property
    def clock(self) -> Clock:
        """The clock that every time in this router is read from."""
        return self._clock

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the policy in force stands on, there or not: its own where it has one, a quality table and what lies beside it.

        Who looks whether one of them has changed knows when to `reload`.
        """
        environ = os.environ if self._parts.environ is None else self._parts.environ
        own = () if self._path is None else (self._path,)
        return (*own, *quality_files(self.policy.quality, environ))

    def reload(self, policy: Policy | Mapping[str, Any] | str | os.PathLike[str] | None = None) -> Policy:
        """Put another policy in force and return it; without an argument, the file it came from is read again.

        Raises PolicyError, and then the old one stays. Calls in flight end under the policy they began with.
        """
        source = policy if policy is not None else self._path
        if source is None:
            raise ConfigurationError("this router did not come from a file; pass the policy to reload()")
        fresh = source if isinstance(source, Policy) else load_policy(source)
        self._live = self._lasting.in_force(fresh, self._asker)
        if policy is not None and isinstance(policy, str | os.PathLike):
            self._path = Path(policy)
        return fresh

    def close(self) -> None:
        """Refuse further calls; those in flight end as they would, without the cache, which is closed."""
        self._closed = True
        self._lasting.close()

    async def aclose(self) -> None:
        """Like `close`."""
        self._closed = True
        await self._lasting.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        snapshot = self._live.snapshot
        return f"Router(models={list(snapshot.registry)}, routes={[route.name for route in snapshot.routes]}, policy={snapshot.version!r})"

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        for derived in ("_live", "_lasting", "_observers", "_remembers"):
            del state[derived]
        # They hold threads and connections of this process; the copy has the global ones of its own.
        return {**state, "_policy": self.policy, "_providers": GLOBAL, "_asker": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        policy: Policy = state.pop("_policy")
        self.__dict__.update(state)
        self._lasting = Lasting(self._parts)
        self._live = self._lasting.in_force(policy, self._asker)
        self._observers = self._all_observers()

    def new_id(self) -> str:
        """Return an id for a decision, unlike any other of this or another process."""
        return remembered.new_id()

    def _open(self) -> Live:
        if self._closed:
            raise RouterClosedError("this router was closed; build a new one")
        return self._live

    def _all_observers(self) -> tuple[Observer, ...]:
        about = About(
            models=self._spec,
            telemetry=lambda: self._live.snapshot.policy.telemetry,
            telling=lambda: self._live.telling,
            health=self.health,
        )
        self._remembers = FeedbackObserver(
            lambda: self._live.scores, lambda: self._live.snapshot.sources, lambda: self._live.telling.redact, self._clock
        )
        return (*observers(about, self._providers), self._remembers, *self._given_observers)
