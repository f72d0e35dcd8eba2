"""Which classifier a policy names, made ready. What has learned is imported only where it is used."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from taskroute.clock import SystemClock
from taskroute.errors import ConfigurationError
from taskroute.execution.rest import Rests
from taskroute.execution.timed import TimedClassifier
from taskroute.outages import Outages
from taskroute.policy.names import suggestion
from taskroute.policy.schema import Policy
from taskroute.policy.when import When
from taskroute.ports import Classifier, Clock
from taskroute.signals.classifiers.given import Given, as_classifier
from taskroute.signals.classifiers.guarded import GuardedClassifier
from taskroute.signals.classifiers.hybrid import Hybrid
from taskroute.signals.classifiers.keywords import KeywordClassifier
from taskroute.signals.classifiers.prompted import AskedTask, ModelClassifier
from taskroute.variables import from_environment

__all__ = ["Given", "as_classifier", "classifier_of"]


def classifier_of(
    policy: Policy,
    given: Given | None = None,
    environ: Mapping[str, str] = os.environ,
    *,
    embed: Any = None,
    clock: Clock | None = None,
    rests: Rests | None = None,
    complexity: bool | None = None,
) -> Classifier | None:
    """Return what tells the task of a call: `given`, else what the policy names; None where nothing does.

    The keywords of the policy's tasks come before what has learned and before a model, and their examples before what is built in. `embed`
    gives the vectors that examples are learned from, `rests` what failed lately and is left alone. `complexity` says whether that must be
    told; left out, it is where a condition of the policy asks for it.
    Raises ConfigurationError for what is no classifier, and for one that lacks what it needs.
    """
    kind = policy.classifier.kind
    if embed is not None:
        _refuse_idle_embed(policy, given)
    clock, rests = clock or SystemClock(), rests or Rests(policy.breaker)
    if given is not None:
        return _at(as_classifier(given), policy, clock, rests)
    if kind == "none":
        return None
    if kind == "keywords":
        return KeywordClassifier(_keywords(policy))
    wants = _asks_complexity(policy) if complexity is None else complexity
    own = _keywords(policy)
    parts: list[Classifier] = [KeywordClassifier(own, own_only=True, complexity=wants)] if any(own.values()) else []
    if kind == "model":
        parts.append(_model(policy))
    elif kind == "examples":
        learned = _examples(policy, environ, embed, complexity=wants)
        if learned.local:
            # The keywords are a part of what it goes by.
            return _guarded(learned, clock)
        parts.append(learned)
    else:
        if has_examples(policy):
            parts.append(_examples(policy, environ, embed, complexity=wants and not parts, beside_builtin=True))
        parts.append(cast("Classifier", import_module("taskroute.learned.builtin").BuiltinClassifier()))
    return _at(parts[0] if len(parts) == 1 else Hybrid(tuple(parts)), policy, clock, rests)


def has_examples(policy: Policy) -> bool:
    """Whether any task of a policy has examples."""
    return any(task.examples for task in policy.tasks.values())


def _refuse_idle_embed(policy: Policy, given: Given | None) -> None:
    """Raises ConfigurationError where nothing would learn from vectors."""
    kind = policy.classifier.kind
    if given is not None:
        raise ConfigurationError("embed= is given, and classifier= is given, too; give one of them")
    if kind not in ("examples", "builtin"):
        raise ConfigurationError(f"embed= is given, and classifier.kind is {kind!r}; make it 'examples' or 'builtin'")
    if not has_examples(policy):
        raise ConfigurationError("embed= is given, and no task has examples to embed; give your tasks 'examples' under 'tasks'")


def _at(classifier: Classifier, policy: Policy, clock: Clock, rests: Rests, part: int = 0) -> Classifier:
    """Return the classifier with the policy's threshold and limits, and each part guarded, so that the next is asked where one fails."""
    if isinstance(classifier, ModelClassifier) and classifier.model not in policy.models:
        known = suggestion(classifier.model, policy.models)
        raise ConfigurationError(f"classifier= asks the model {classifier.model!r}, which is none of 'models'; {known}")
    if not isinstance(classifier, Hybrid):
        # The question to a model is held to its time where it is asked.
        is_held = classifier.local or isinstance(classifier, ModelClassifier | GuardedClassifier | TimedClassifier)
        return _guarded(classifier if is_held else TimedClassifier(classifier, policy, clock, rests.of(f"part {part}")), clock)
    parts = (_at(one, policy, clock, rests, part) for part, one in enumerate(classifier.parts))
    return Hybrid(tuple(parts), policy.classifier.min_confidence)


def _guarded(classifier: Classifier, clock: Clock) -> GuardedClassifier:
    return GuardedClassifier(classifier, Outages(classifier.name, clock.now))


def _asks_complexity(policy: Policy) -> bool:
    conditions = [route.when for route in policy.routes] + [rule.when for rule in policy.require]
    return any(map(_asks, conditions))


def _asks(when: When) -> bool:
    inner = (*(when.any or ()), *(when.all or ()), *(() if when.not_ is None else (when.not_,)))
    return when.complexity is not None or any(map(_asks, inner))


def _keywords(policy: Policy) -> dict[str, tuple[str, ...]]:
    return {name: task.keywords or () for name, task in policy.tasks.items()}


def _model(policy: Policy) -> ModelClassifier:
    entry = policy.classifier
    if entry.model is None or entry.model not in policy.models:
        # A policy that was read is refused for it; this is for one that was put together without being checked.
        raise ConfigurationError(f"classifier.model: {entry.model!r} is none of 'models'; name the one that is to be asked")
    return ModelClassifier(
        entry.model,
        own=[AskedTask(name, task.description or "", task.examples or ()) for name, task in policy.tasks.items()],
        labels=policy.models[entry.model].labels or (),
        timeout=entry.timeout,
    )


def _examples(policy: Policy, environ: Mapping[str, str], embed: Any, *, complexity: bool, beside_builtin: bool = False) -> Classifier:
    cache = policy.classifier.cache
    folder = None if cache is None else Path(from_environment(cache, environ, key="classifier.cache", instead="a folder"))
    options = {"folder": folder, "complexity": complexity, "beside_builtin": beside_builtin}
    if embed is None:
        return cast("Classifier", import_module("taskroute.learned.examples").ExamplesClassifier(policy.tasks, **options))
    embedding = import_module("taskroute.learned.embedding").embedding_of(embed)
    return cast("Classifier", import_module("taskroute.learned.embedded").EmbeddedClassifier.by(embedding, policy.tasks, **options))
