"""Any function as a classifier."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, cast

from taskroute.errors import ConfigurationError
from taskroute.signals.classifiers.only_async import OnlyAsyncError
from taskroute.signals.classifiers.scored import KnownTasks, as_labels
from taskroute.types import Classification

_INSIDE: Final = ".<locals>."
"""Stands between the names of a function and of what is defined in it."""


class CallableClassifier:
    """Asks a function which task a text is of: `fn(text)` or `fn(text, tasks)`, sync or async.

    It returns the name of a task, a score for each of several, a `Classification`, or None where it cannot tell. A sync one runs inside
    the decision, so it must be quick; what asks a service is to be async, and is asked by async calls alone. `labels` says what may be
    said of the place where it sends the text, for `require`.
    """

    def __init__(
        self, function: Callable[..., Any], *, name: str | None = None, labels: Collection[str] | str = (), where: str = "classifier="
    ) -> None:
        """Raises ConfigurationError, which begins with `where`, for what is no function, and for one that cannot be called with a text."""
        if not callable(function):
            raise ConfigurationError(f"{where} must be a function or a classifier, not of type {type(function).__name__}")
        self._function = function
        self._takes_tasks = _takes_tasks(function, where)
        self._is_async = _is_async(function)
        self.name = name or _name_of(function)
        self.local = not self._is_async
        self.labels = as_labels(labels)
        self._known = KnownTasks(self.name)

    def classify(self, text: str, tasks: Collection[str]) -> Classification:
        if self._is_async:
            raise OnlyAsyncError(f"the classifier {self.name!r} is async, and a sync call cannot wait for it: use an async call")
        return self._read(self._call(text, tasks), tasks)

    async def aclassify(self, text: str, tasks: Collection[str]) -> Classification:
        said = self._call(text, tasks)
        # One that was not taken for async may give something to wait for all the same, such as a partial function.
        return self._read(await said if inspect.isawaitable(said) else said, tasks)

    def _call(self, text: str, tasks: Collection[str]) -> Any:
        return self._function(text, tasks) if self._takes_tasks else self._function(text)

    def _read(self, said: Any, tasks: Collection[str]) -> Classification:
        if said is None or said == "":
            return Classification()
        if isinstance(said, Classification):
            return self._known.of(said, tasks)
        if isinstance(said, str):
            return self._known.of(Classification({said: 1.0}), tasks)
        if isinstance(said, Mapping):
            return self._known.of(Classification(cast("Mapping[str, float]", said)), tasks)
        returned = f"the classifier {self.name!r} returned a {type(said).__name__}"
        raise ConfigurationError(f"{returned}; return the name of a task, a score for each of several, or None")


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def _name_of(function: Callable[..., Any]) -> str:
    """Return the name of a function, after that of its class; a lambda is named after where it stands."""
    for one in (function, getattr(function, "func", None)):
        name: Any = getattr(one, "__qualname__", None) or getattr(one, "__name__", None)
        if isinstance(name, str):
            around, _, last = name.rpartition(_INSIDE)
            where = around.rpartition(_INSIDE)[2] or getattr(one, "__module__", None)
            return last if last != "<lambda>" else f"{where}.<lambda>"
    return type(function).__name__


def takes(function: Callable[..., Any], count: int) -> bool:
    """Whether a function can be called with so many positional arguments, as far as that is known."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*range(count))
    except TypeError:
        return False
    return True


def _takes_tasks(function: Callable[..., Any], where: str) -> bool:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False
    if not takes(function, 1) and not takes(function, 2):
        given = f"{_name_of(function)}{inspect.signature(function)}"
        raise ConfigurationError(f"{where} is {given}; a function takes the text, or the text and the tasks")
    positional = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    needed = [one for one in positional if one.default is one.empty]
    return (
        len(needed) > 1 or any(one.name == "tasks" for one in positional[1:]) or any(one.kind is one.VAR_POSITIONAL for one in parameters)
    )
