"""Which classifier a policy names, made ready. What has learned is imported only where it is used."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final, cast

from taskroute.clock import SystemClock
from taskroute.errors import ConfigurationError
from taskroute.execution.timed import TimedClassifier
from taskroute.policy.schema import Policy
from taskroute.policy.when import When
from taskroute.ports import Classifier, Clock
from taskroute.signals.classifiers.callable import CallableClassifier
from taskroute.signals.classifiers.guarded import GuardedClassifier
from taskroute.signals.classifiers.hybrid import Hybrid
from taskroute.signals.classifiers.keywords import KeywordClassifier
from taskroute.signals.classifiers.prompted import AskedTask, ModelClassifier
from taskroute.variables import from_environment

Given = Classifier | Callable[..., Any]
"""A classifier, or a function that is one: `fn(text)` or `fn(text, tasks)`."""
_METHODS: Final = ("classify", "aclassify", "name", "local", "labels")


def classifier_of(
    policy: Policy,
    given: Given | None = None,
    environ: Mapping[str, str] = os.environ,
    *,
    embed: Any = None,
    clock: Clock | None = None,
    complexity: bool | None = None,
) -> Classifier | None:
    """Return what tells the task of a call: `given`, else what the policy names; None where nothing does.

    The keywords of the policy's tasks come before what has learned and before a model. `embed` gives the vectors that a classifier of the
    kind `examples` learns from. `complexity` says whether that must be told; left out, it is where a condition of the policy asks for it.
    Raises ConfigurationError for what is no classifier, and for one that lacks what it needs.
    """
    kind = policy.classifier.kind
    if embed is not None and (given is not None or kind != "examples"):
        instead = "classifier= is given, too; give one of them" if given is not None else f"classifier.kind is {kind!r}; make it 'examples'"
        raise ConfigurationError(f"embed= is given, and {instead}")
    clock = clock or SystemClock()
    if given is not None:
        return _at(as_classifier(given), policy, clock)
    if kind == "none":
        return None
    if kind == "keywords":
        return KeywordClassifier(_keywords(policy))
    wants = _asks_complexity(policy) if complexity is None else complexity
    if kind == "examples":
        # The keywords are a part of what it goes by.
        then = _examples(policy, environ, embed, complexity=wants)
        if then.local:
            return then
    else:
        then = _model(policy) if kind == "model" else cast("Classifier", import_module("taskroute.learned.builtin").BuiltinClassifier())
    own = _keywords(policy)
    if not any(own.values()):
        return _at(then, policy, clock)
    return _at(Hybrid((KeywordClassifier(own, own_only=True, complexity=wants), then)), policy, clock)


def as_classifier(given: Given) -> Classifier:
    """Return a classifier as it is, and a function as one. Raises ConfigurationError for what is neither."""
    if all(hasattr(given, method) for method in _METHODS):
        return cast("Classifier", given)
    if any(base.__name__ == "BaseDecisionModel" for base in inspect.getmro(type(given))):
        raise ConfigurationError(
            "classifier= is a decision model of LangChain's; give DecisionModelClassifier(model) of taskroute_langchain"
        )
    if isinstance(given, type):
        raise ConfigurationError(f"classifier= is the class {given.__name__}; give an instance of it")
    if not callable(given):
        lacking = ", ".join(method for method in _METHODS if not hasattr(given, method))
        raise ConfigurationError(
            f"classifier= must be a function or a classifier, not of type {type(given).__name__}; as a classifier it lacks {lacking}"
        )
    return CallableClassifier(given)


def _at(classifier: Classifier, policy: Policy, clock: Clock) -> Classifier:
    """Return the classifier with the policy's threshold and limits, and each part guarded, so that the next is asked where one fails."""
    if not isinstance(classifier, Hybrid):
        # The question to a model is held to its time where it is asked.
        is_held = classifier.local or isinstance(classifier, ModelClassifier | GuardedClassifier | TimedClassifier)
        return classifier if is_held else TimedClassifier(classifier, policy, clock)
    return Hybrid(tuple(GuardedClassifier(_at(part, policy, clock)) for part in classifier.parts), policy.classifier.min_confidence)


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


def _examples(policy: Policy, environ: Mapping[str, str], embed: Any, *, complexity: bool) -> Classifier:
    cache = policy.classifier.cache
    folder = None if cache is None else Path(from_environment(cache, environ, key="classifier.cache", instead="a folder"))
    options = {"folder": folder, "complexity": complexity}
    if embed is None:
        return cast("Classifier", import_module("taskroute.learned.examples").ExamplesClassifier(policy.tasks, **options))
    embedding = import_module("taskroute.learned.embedding").embedding_of(embed)
    return cast("Classifier", import_module("taskroute.learned.embedded").EmbeddedClassifier.by(embedding, policy.tasks, **options))
