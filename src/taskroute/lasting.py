"""What outlasts a reload of the policy: circuits of models, conversations, caches, stores of scores. It puts policies in force."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from taskroute.cache.opening import open_cache
from taskroute.cache.responses import ResponseCache
from taskroute.cache.terms import partitions
from taskroute.classifying import Given, classifier_of
from taskroute.decision.snapshot import Snapshot, compile_policy
from taskroute.execution.circuits import Health
from taskroute.execution.classifying import ModelAsks
from taskroute.execution.given import by_route, refuse_no_store
from taskroute.execution.health import ModelGuard
from taskroute.execution.rest import Rests
from taskroute.execution.validate import Check
from taskroute.execution.warm import Conversations, Turns
from taskroute.feedback.opening import OpenScores
from taskroute.known_quality import NOTHING_KNOWN, QualityFiles
from taskroute.live import Live, switches
from taskroute.policy.schema import Policy
from taskroute.ports import Asker, Clock, SensitiveDetector, Store
from taskroute.pricing import Pricing
from taskroute.signals.classifiers.answers import Answers
from taskroute.telemetry.observers import telling_of
from taskroute.telemetry.settings import Redact


class Parts(NamedTuple):
    """What a router is given beside its policy that a policy is put in force with. See `Router`."""

    clock: Clock
    pricing: Pricing
    classifier: Given | None
    embed: Any
    detectors: tuple[SensitiveDetector, ...]
    store: Store | None
    cache: Store | None
    check: Check | Mapping[str, Check] | None
    redact: Redact | None
    environ: Mapping[str, str] | None


class Lasting:
    """What is shared by all policies that a router has had so far; of one process."""

    def __init__(self, parts: Parts) -> None:
        """Raises ConfigurationError for a store or cache that is none."""
        if parts.store is not None:
            refuse_no_store(parts.store, "store", ("get", "compare_and_set"))
        if parts.cache is not None:
            refuse_no_store(parts.cache, "cache", ("get", "put", "delete", "increment", "lease"))
        self._parts = parts
        self._health = Health(parts.clock, parts.store)
        self._turns = Turns(parts.clock)
        self._answers = Answers()
        self._rests: tuple[object, Rests] = None, Rests("none")
        """What a policy says of its classifier, and the rests under it."""
        self._quality = QualityFiles()
        self._scores = OpenScores(parts.clock)
        self._caches: dict[str, ResponseCache] = {}
        """By what a policy says of it: a reload that leaves it alone keeps it."""

    def in_force(self, policy: Policy, asker: Asker | None) -> Live:
        """Return the policy compiled, with what stands with it. Raises PolicyError or ConfigurationError where that cannot be."""
        parts = self._parts
        environ = os.environ if parts.environ is None else parts.environ
        pin, disabled = switches(policy, environ)
        known = NOTHING_KNOWN if disabled else self._quality.known(policy.quality, environ, models=policy.models)
        rests = self._rests_of(policy)
        snapshot = compile_policy(
            policy,
            classifier=None
            if disabled
            else classifier_of(policy, parts.classifier, environ, embed=parts.embed, clock=parts.clock, rests=rests),
            detectors=parts.detectors,
            pin=pin,
            disabled=disabled,
            rates=parts.pricing.prices.rates,
            quality=known.table,
            prompts=known.prompts,
        )
        if parts.classifier is None:
            self._answers.lend(snapshot.sources.classifier, snapshot.registry)
        guard = ModelGuard(self._health, snapshot)
        asks = ModelAsks(snapshot, guard, parts.clock, partial(parts.pricing.of_reply, snapshot), rests)
        asks.usually = asker
        return Live(
            snapshot,
            guard,
            by_route(parts.check, policy),
            None if disabled else self._cache_of(policy, environ),
            telling_of(policy.telemetry, environ, parts.redact),
            asks,
            scores=self._scores.of(policy.feedback, environ),
            conversations=self._conversations_of(snapshot),
        )

    def close(self) -> None:
        """Close what was opened here."""
        self._scores.close()
        for cache in self._caches.values():
            cache.close()

    async def aclose(self) -> None:
        """Like `close`."""
        await self._scores.aclose()
        for cache in self._caches.values():
            await cache.aclose()

    def _rests_of(self, policy: Policy) -> Rests:
        terms = policy.classifier, policy.breaker
        if terms != self._rests[0]:
            self._rests = terms, Rests(policy.breaker)
        return self._rests[1]

    def _conversations_of(self, snapshot: Snapshot) -> Conversations | None:
        if any(route.choose is not None for route in snapshot.routes):
            return Conversations(self._turns, snapshot.registry)
        # Nobody notes who answers meanwhile, so that what is known would be out of date later.
        self._turns = Turns(self._parts.clock)
        return None

    def _cache_of(self, policy: Policy, environ: Mapping[str, str]) -> ResponseCache | None:
        if policy.cache is None:
            return None
        where = repr((policy.cache.store, policy.cache.path, policy.cache.url, partitions(policy.cache)))
        cache = self._caches.get(where)
        if cache is None:
            cache = open_cache(policy.cache, self._parts.clock, environ, self._parts.cache)
            # What is missing is said now, not with the first call.
            cache.store()
            self._caches[where] = cache
        return cache
