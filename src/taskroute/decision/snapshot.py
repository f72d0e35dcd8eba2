"""A policy made ready for deciding: conditions compiled, models looked up, candidates laid out. Immutable."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final, NamedTuple

from taskroute.decision.comparison import Comparison, compared
from taskroute.decision.scored import Scored, known_of
from taskroute.policy.carrying import FailureClass, Fallback, Retry, Timeout, over
from taskroute.policy.choosing import Choose
from taskroute.policy.conditions import Condition, compile_when
from taskroute.policy.regex import compile_linear
from taskroute.policy.schema import ModelEntry, Policy, Route
from taskroute.ports import Classifier, PromptQuality, SensitiveDetector
from taskroute.quality.table import QualityTable
from taskroute.registry.models import ModelSpec, Registry, describe
from taskroute.registry.rates import Priced
from taskroute.registry.user_price import user_price
from taskroute.signals.classifiers.guarded import GuardedClassifier
from taskroute.signals.classifiers.keywords import KeywordClassifier
from taskroute.signals.collect import Sources
from taskroute.signals.searched import Searched
from taskroute.signals.task_names import TaskNames
from taskroute.taxonomy import TASK_GROUPS, TASKS
from taskroute.types import NOTHING


class CallSettings(NamedTuple):
    """How a call on a route is carried out."""

    retry: Retry
    timeout: Timeout
    fallback_on: frozenset[str]
    checks: frozenset[str] = frozenset()
    """Those of `fallback_on` that an answer must be examined for."""
    hold: float = 0.0
    """Seconds that a stream is held back for that."""
    min_score: float = 0.0

    @property
    def client_timeout(self) -> float | None:
        """Seconds to set on a client: no try may take longer than the whole call."""
        return least(self.timeout.attempt, self.timeout.call)

    @property
    def stream_timeout(self) -> float | None:
        """Seconds to set on a client that streams, which holds them for each piece that arrives: the first one may take longest."""
        first, between = self.timeout.first_chunk, self.timeout.between_chunks
        piece = None if first is None or between is None else max(first, between)
        return least(piece, self.client_timeout)


class CompiledRoute(NamedTuple):
    """A route ready to be matched."""

    name: str
    condition: Condition
    models: tuple[str, ...]
    """The route's own models, then `default` unless the route has `fallback: none`."""
    settings: CallSettings
    stages: frozenset[str] | None = None
    """The only stages it can match, where that is known without testing it: most routes are passed over by this alone."""
    choose: Choose | None = None
    """How its own models, the first of `models`, are put in order for each call; None leaves them as they are."""
    comparison: Comparison | None = None
    """With `choose`: what is known of those models before any call."""


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
    rates: Mapping[str, Priced] = NOTHING
    """Prices of the models that are compared by price, as they were when the policy was made ready; one that is unknown is absent."""
    uncached: frozenset[str | None] = frozenset()
    """The routes whose answers are not kept."""
    scored: Scored | None = None
    """What is known of how well the models do; None where no route compares models by it, and nobody has given any."""
    prompts: PromptQuality | None = None
    """What tells from the words of a prompt how well each model will answer it."""

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
    rates: Callable[[ModelSpec], Priced | None] | None = None,
    quality: QualityTable | None = None,
    prompts: PromptQuality | None = None,
) -> Snapshot:
    """Return the policy made ready. `classifier` and `detectors` come from the user's code and add to what the policy names.

    `rates` tells the price of a model. It is asked only for models that the policy compares by price: the first answer loads a table.
    `quality` and `prompts` are what was learned of models.
    """
    settings = _settings(policy.retry, policy.timeout, policy.fallback)
    registry = Registry(_describe(name, entry) for name, entry in policy.models.items())
    known_rates = NOTHING if rates is None else _known_rates(compared_by_price(policy), registry, rates)
    scored = None
    if quality is not None or any(route.choose is not None and route.choose.asks_quality for route in policy.routes):
        scored = Scored(known_of(quality, policy, registry, known_rates), policy.quality.min_labels)
    routes = tuple(
        _compile_route(route, policy, partial(compared, registry=registry, rates=known_rates, scored=scored)) for route in policy.routes
    )
    return Snapshot(
        policy=policy,
        version=policy.fingerprint,
        registry=registry,
        rules=tuple(CompiledRule(compile_when(rule.when), frozenset(rule.labels)) for rule in policy.require),
        routes=routes,
        default=policy.default,
        settings=settings,
        by_route={route.name: route.settings for route in routes},
        sources=_sources(policy, classifier, detectors, () if quality is None else quality.tasks),
        pin=pin,
        disabled=disabled,
        uncached=frozenset(route.name for route in policy.routes if route.cache == "none"),
        rates=known_rates,
        scored=scored,
        prompts=prompts,
    )


JUDGED: Final[frozenset[FailureClass]] = frozenset({"invalid_output", "truncated", "refusal", "low_confidence"})
"""Failures of a finished answer: the next model to ask must be no weaker, and price stands for strength."""


def compared_by_price(policy: Policy) -> tuple[str, ...]:
    """Return the models whose price matters to a decision, or to which model is asked next."""
    fallbacks = [policy.fallback, *(route.fallback for route in policy.routes if isinstance(route.fallback, Fallback))]
    if any(not JUDGED.isdisjoint(fallback.on) for fallback in fallbacks):
        return tuple(policy.models)
    chosen = [route.choose for route in policy.routes if route.choose is not None]
    # What a model costs tells something of its quality where nobody has scored it.
    by_price = [choose.among for choose in chosen if choose.asks_price or choose.asks_quality]
    return tuple(dict.fromkeys(name for among in by_price for name in among))


def _known_rates(names: Iterable[str], registry: Registry, rates: Callable[[ModelSpec], Priced | None]) -> Mapping[str, Priced]:
    return {name: known for name in names if (known := rates(registry[name])) is not None}


def _settings(retry: Retry, timeout: Timeout, fallback: Fallback) -> CallSettings:
    on = frozenset[str](fallback.on)
    return CallSettings(retry, timeout, on, on & JUDGED, fallback.hold, fallback.min_score)


def least(a: float | None, b: float | None) -> float | None:
    """Return the smaller of two limits; None is none."""
    return b if a is None else a if b is None else min(a, b)


def _compile_route(route: Route, policy: Policy, compare: Callable[[Choose], Comparison]) -> CompiledRoute:
    models = route.models
    if route.fallback != "none":
        models = tuple(dict.fromkeys((*route.models, *policy.default)))
    limits = policy.timeout if route.timeout is None else over(policy.timeout, route.timeout)
    fallback = over(policy.fallback, route.fallback) if isinstance(route.fallback, Fallback) else policy.fallback
    stages = route.when.stage
    exact = None if stages is None or any(stage.endswith(":*") for stage in stages) else frozenset(stages)
    how = _settings(route.retry or policy.retry, limits, fallback)
    comparison = None if route.choose is None else compare(route.choose)
    return CompiledRoute(route.name, compile_when(route.when), models, how, exact, route.choose, comparison)


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
        price=None if entry.price is None else user_price(entry.price),
        latency=entry.latency,
        finish_reason=entry.finish_reason,
    )


def _sources(policy: Policy, classifier: Classifier | None, detectors: tuple[SensitiveDetector, ...], scored: tuple[str, ...]) -> Sources:
    """Return where signals come from; `scored` are the tasks of the table of quality."""
    if classifier is None and policy.classifier.kind == "keywords":
        classifier = KeywordClassifier({name: task.keywords or () for name, task in policy.tasks.items()})
    return Sources(
        nodes=policy.stages.nodes,
        ancestors=policy.stages.ancestors,
        classifier=None if classifier is None else GuardedClassifier(classifier),
        tasks=(*TASKS, *policy.tasks),
        min_confidence=policy.classifier.min_confidence,
        sensitive=Searched(policy.sensitive.kinds, {name: compile_linear(pattern) for name, pattern in policy.sensitive.patterns.items()}),
        detectors=detectors,
        names=TaskNames((*TASKS, *TASK_GROUPS, *policy.tasks, *(task.group for task in policy.tasks.values() if task.group), *scored)),
    )
