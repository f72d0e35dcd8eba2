"""A policy made ready for deciding: conditions compiled, models looked up, candidates laid out. Immutable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from taskroute.policy.conditions import Condition, compile_when
from taskroute.policy.regex import compile_linear
from taskroute.policy.schema import Fallback, ModelEntry, Policy, PriceEntry, Retry, Route, Timeout
from taskroute.ports import Classifier, SensitiveDetector
from taskroute.registry.models import ModelSpec, Registry, describe
from taskroute.registry.prices import UserPrice
from taskroute.signals.classifiers.guarded import GuardedClassifier
from taskroute.signals.classifiers.keywords import KeywordClassifier
from taskroute.signals.collect import Sources
from taskroute.taxonomy import TASKS


class CallSettings(NamedTuple):
    """How a call on a route is carried out."""

    retry: Retry
    timeout: Timeout
    fallback_on: frozenset[str]

    @property
    def client_timeout(self) -> float | None:
        """Seconds to set on a client: no try may take longer than the whole call."""
        limits = [limit for limit in (self.timeout.attempt, self.timeout.call) if limit is not None]
        return min(limits, default=None)


class CompiledRoute(NamedTuple):
    """A route ready to be matched."""

    name: str
    condition: Condition
    models: tuple[str, ...]
    """The route's own models, then `default` unless the route has `fallback: none`."""
    settings: CallSettings
    stages: frozenset[str] | None = None
    """The only stages it can match, where that is known without testing it: most routes are passed over by this alone."""


class CompiledRule(NamedTuple):
    """A `require` rule ready to be matched."""

    condition: Condition
    labels: frozenset[str]


class Snapshot(NamedTuple):
    """Everything that a decision stands on, apart from the call and the state."""

    policy: Policy
    version: str
    registry: Registry
    rules: tuple[CompiledRule, ...]
    routes: tuple[CompiledRoute, ...]
    default: tuple[str, ...]
    settings: CallSettings
    by_route: Mapping[str, CallSettings]
    sources: Sources
    pin: str | None = None
    """A model that every call is pinned to."""
    disabled: bool = False

    def settings_for(self, route: str | None) -> CallSettings:
        """Return how a call on this route is carried out."""
        return self.settings if route is None else self.by_route.get(route, self.settings)


def compile_policy(
    policy: Policy,
    *,
    classifier: Classifier | None = None,
    detectors: tuple[SensitiveDetector, ...] = (),
    pin: str | None = None,
    disabled: bool = False,
) -> Snapshot:
    """Return the policy made ready. `classifier` and `detectors` come from the user's code and add to what the policy names."""
    settings = CallSettings(policy.retry, policy.timeout, frozenset(policy.fallback.on))
    routes = tuple(_compile_route(route, policy, settings) for route in policy.routes)
    return Snapshot(
        policy=policy,
        version=policy.fingerprint,
        registry=Registry(_describe(name, entry) for name, entry in policy.models.items()),
        rules=tuple(CompiledRule(compile_when(rule.when), frozenset(rule.labels)) for rule in policy.require),
        routes=routes,
        default=policy.default,
        settings=settings,
        by_route={route.name: route.settings for route in routes},
        sources=_sources(policy, classifier, detectors),
        pin=pin,
        disabled=disabled,
    )


def _compile_route(route: Route, policy: Policy, settings: CallSettings) -> CompiledRoute:
    models = route.use
    if route.fallback != "none":
        models = tuple(dict.fromkeys((*route.use, *policy.default)))
    on = frozenset(route.fallback.on) if isinstance(route.fallback, Fallback) else settings.fallback_on
    limits = settings.timeout
    if route.timeout is not None:
        # Without validation: it reads durations as they are written, and these are seconds already.
        limits = Timeout.model_construct(attempt=route.timeout.attempt or limits.attempt, call=route.timeout.call or limits.call)
    stages = route.when.stage
    exact = None if stages is None or any(stage.endswith(":*") for stage in stages) else frozenset(stages)
    return CompiledRoute(route.name, compile_when(route.when), models, CallSettings(route.retry or settings.retry, limits, on), exact)


def _describe(name: str, entry: ModelEntry) -> ModelSpec:
    return describe(
        name,
        model=entry.model,
        params=entry.params,
        base_url=entry.base_url,
        api_key_env=entry.api_key_env,
        context_window=entry.context_window,
        max_output_tokens=entry.max_output_tokens,
        capabilities={key: value for key, value in entry.capabilities.model_dump().items() if value is not None},
        labels=entry.labels or (),
        strengths=entry.strengths or (),
        price=_price(entry.price),
    )


def _price(entry: PriceEntry | None) -> UserPrice | None:
    if entry is None:
        return None
    return UserPrice(
        input=entry.input,
        output=entry.output,
        cache_read=entry.cache_read,
        cache_write=entry.cache_write,
        reasoning=entry.reasoning,
        currency=entry.currency,
    )


def _sources(policy: Policy, classifier: Classifier | None, detectors: tuple[SensitiveDetector, ...]) -> Sources:
    if classifier is None and policy.classifier.kind == "keywords":
        classifier = KeywordClassifier({name: task.keywords or () for name, task in policy.tasks.items()})
    return Sources(
        nodes=policy.stages.nodes,
        ancestors=policy.stages.ancestors,
        classifier=None if classifier is None else GuardedClassifier(classifier),
        tasks=(*TASKS, *policy.tasks),
        min_confidence=policy.classifier.min_confidence,
        sensitive_kinds=policy.sensitive.kinds,
        sensitive_patterns={name: compile_linear(pattern) for name, pattern in policy.sensitive.patterns.items()},
        detectors=detectors,
    )
