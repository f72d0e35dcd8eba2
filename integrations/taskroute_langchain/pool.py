"""The chat models behind the policy's names: given by the user, or built from the policy."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from typing import Any, Final
from weakref import WeakKeyDictionary

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import RunnableConfig

from taskroute.errors import ConfigurationError
from taskroute.registry.models import ModelSpec
from taskroute.router import Router
from taskroute_langchain.building import COUNT_THE_FIRST, build, holds_limits, retries_set
from taskroute_langchain.classifier import ChatAsker

Built = dict[tuple[str, float | None], tuple[ModelSpec, BaseChatModel]]

# Kept by router, because LangChain's configurable fields make a new routed model for each call, and clients are dear to build.
_built: Final[WeakKeyDictionary[Router, Built]] = WeakKeyDictionary()
_lock: Final = threading.Lock()


def refuse_others(models: Mapping[str, object], original: object = None) -> None:
    """Raise ConfigurationError for what is not a chat model, such as one with bound arguments."""
    given = {f"models[{name!r}]": model for name, model in models.items()}
    for place, model in {**given, "original": original}.items():
        if model is not None and not isinstance(model, BaseChatModel):
            raise ConfigurationError(
                f"{place} is a {type(model).__name__}, not a chat model; pass the chat model itself, "
                "and put bound arguments under 'params' in the policy"
            )


_STEP: Final = 1.6
"""What is left of a call's time is rounded down to a power of this, so that a model needs no client for each fraction of a second."""
_CLOSE: Final = 0.95
_SHORTEST: Final = 0.05


def at_most(left: float, limit: float | None) -> float:
    """Return the limit to set on a client when `left` seconds are left: no more, and not much less."""
    if limit is not None and left >= limit * _CLOSE:
        return limit
    return max(_STEP ** math.floor(math.log(max(left, _SHORTEST), _STEP)), _SHORTEST)


def retries_of(model: object) -> int | None:
    """Return how often a chat model's client tries again by itself, None where neither says. OpenAI's class leaves it to its client."""
    first = int(any(parent.__module__.startswith(COUNT_THE_FIRST) for parent in type(model).__mro__))
    for holder in (model, _attribute(model, "root_client")):
        found = _attribute(holder, "max_retries")
        if isinstance(found, int) and not isinstance(found, bool):
            return max(found - first, 0)
    return None


def _attribute(holder: object, name: str) -> Any:
    try:
        return getattr(holder, name, None)
    except Exception:  # noqa: BLE001 - a model may have any property, and this is only reported
        return None


class ModelPool:
    """Gives the chat model behind a name, building each one once for each router and timeout."""

    def __init__(self, router: Router, given: Mapping[str, BaseChatModel]) -> None:
        self._router = router
        self._given = dict(given)
        self._retries = {name: retries_of(model) for name, model in self._given.items()}
        self._in_words: set[str] = set()
        """The models that cannot be held to a schema when a classifier asks them."""
        with _lock:
            self._built = _built.setdefault(router, {})
        self._check()

    def _check(self) -> None:
        names = set(self._router.policy.models)
        foreign = sorted(set(self._given) - names)
        if foreign:
            raise ConfigurationError(
                f"models={{...}} gives {foreign}, which the policy does not name; it names: {', '.join(sorted(names))}. "
                "Use the policy's names, or add them to the policy."
            )
        without = sorted(name for name in names - set(self._given) if self._router.policy.models[name].model is None)
        if without:
            raise ConfigurationError(f"the policy does not say what {without} are; add 'model: provider:name', or pass models={{...}}")

    def prepare(self) -> None:
        """Build every model that was not given, so that a missing key or package shows when the pipeline is built."""
        snapshot = self._router.snapshot
        for name in snapshot.registry:
            if name not in self._given:
                self.get(name, snapshot.registry[name], snapshot.settings.client_timeout)

    def holds_timeout(self, name: str) -> bool:
        """Return whether the timeouts of this model are set on its client."""
        spec = self._router.snapshot.registry.get(name)
        return name not in self._given and spec is not None and holds_limits(spec)

    def retries(self, name: str) -> int | None:
        """Return how often the client of this model tries again by itself; None where it does not say."""
        if name in self._given:
            return self._retries[name]
        spec = self._router.snapshot.registry.get(name)
        return None if spec is None else retries_set(spec)

    def asker(self, config: RunnableConfig | None = None) -> ChatAsker:
        """Return who puts a classifier's questions to these models, below the run of this config."""
        return ChatAsker(self._for_questions, self._in_words, config)

    def _for_questions(self, name: str, limit: float | None) -> BaseChatModel:
        return self.get(name, self._router.snapshot.registry.get(name), limit)

    def given(self) -> Mapping[str, BaseChatModel]:
        """Return the models that the user gave."""
        return self._given

    def get(self, name: str, spec: ModelSpec | None, timeout: float | None) -> BaseChatModel:
        """Return the chat model behind a name. Raises ConfigurationError when it cannot be built."""
        given = self._given.get(name)
        if given is not None:
            return given
        if spec is None:
            raise ConfigurationError(f"no model named {name!r} in the policy")
        key = name, timeout
        built = self._built.get(key)
        if built is None or built[0] != spec:
            with _lock:
                built = self._built.get(key)
                if built is None or built[0] != spec:
                    built = self._built[key] = spec, build(spec, timeout)
        return built[1]
