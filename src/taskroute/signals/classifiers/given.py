"""What a user gives as a classifier, made one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final, cast

from taskroute.errors import ConfigurationError
from taskroute.ports import Classifier
from taskroute.signals.classifiers.callable import CallableClassifier, takes

Given = Classifier | Callable[..., Any]
"""A classifier, or a function that is one: `fn(text)` or `fn(text, tasks)`."""
_METHODS: Final = ("classify", "aclassify", "name", "local", "labels")


def as_classifier(given: Given, where: str = "classifier=") -> Classifier:
    """Return a classifier as it is, and a function as one. Raises ConfigurationError, which begins with `where`, for what is neither."""
    if any(base.__name__ == "BaseDecisionModel" for base in inspect.getmro(type(given))):
        raise ConfigurationError(f"{where} is a decision model of LangChain's; give DecisionModelClassifier(model) of taskroute_langchain")
    if isinstance(given, type):
        raise ConfigurationError(f"{where} is the class {given.__name__}; give an instance of it")
    if all(hasattr(given, method) for method in _METHODS):
        return _usable(cast("Classifier", given), where)
    if not callable(given):
        lacking = ", ".join(method for method in _METHODS if not hasattr(given, method))
        raise ConfigurationError(
            f"{where} must be a function or a classifier, not of type {type(given).__name__}; as a classifier it lacks {lacking}"
        )
    return CallableClassifier(given, where=where)


def _usable(given: Classifier, where: str) -> Classifier:
    of = f"{where} is of type {type(given).__name__}, and its"
    name: Any = given.name
    if not isinstance(name, str) or not name:
        raise ConfigurationError(f"{of} 'name' is {name!r}; give it a short text, which spans and reasons show")
    for method in ("classify", "aclassify"):
        found = getattr(given, method)
        if not callable(found) or not takes(found, 2):
            raise ConfigurationError(f"{of} {method!r} cannot be called with a text and the tasks; write {method}(self, text, tasks)")
    return given
