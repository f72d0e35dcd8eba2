"""The chat models behind the policy's names: given by the user, or built from the policy."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from typing import Any, Final

from langchain_core.language_models import BaseChatModel

from taskroute.errors import ConfigurationError
from taskroute.registry.models import ModelSpec
from taskroute.router import Router

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

_HOLDS_LIMITS: Final = frozenset(
    {
        "openai",
        "azure_openai",
        "anthropic",
        "google_genai",
        "google_vertexai",
        "mistralai",
        "groq",
        "deepseek",
        "xai",
        "together",
        "fireworks",
        "perplexity",
        "openrouter",
    }
)
"""Providers whose LangChain class takes `timeout` and `max_retries`."""


class ModelPool:
    """Gives the chat model behind a name, building each one once for each timeout."""

    def __init__(self, router: Router, given: Mapping[str, BaseChatModel]) -> None:
        self._router = router
        self._given = dict(given)
        self._built: dict[tuple[str, float | None], tuple[ModelSpec, BaseChatModel]] = {}
        self._lock = threading.Lock()
        self._check()

    def _check(self) -> None:
        names = set(self._router.policy.models)
        foreign = sorted(set(self._given) - names)
        if foreign:
            raise ConfigurationError(
                f"models={{...}} gives {foreign}, which the policy does not name; it names: {', '.join(sorted(names))}. "
                "Use the policy's names, or add them to the policy."
            )
        for name, model in self._given.items():
            if not isinstance(model, BaseChatModel):
                raise ConfigurationError(
                    f"models[{name!r}] is a {type(model).__name__}, not a chat model; pass the chat model itself, "
                    "and put bound arguments under 'params' in the policy"
                )
        without = sorted(name for name in names - set(self._given) if self._router.policy.models[name].model is None)
        if without:
            raise ConfigurationError(f"the policy does not say what {without} are; add 'model: provider:name', or pass models={{...}}")

    def prepare(self) -> None:
        """Build every model that was not given, so that a missing key or package shows when the pipeline is built."""
        snapshot = self._router.snapshot
        for name in snapshot.registry:
            if name not in self._given:
                self.get(name, snapshot.registry[name], snapshot.settings.timeout.attempt)

    def is_given(self, name: str) -> bool:
        """Return whether the user gave this model, so that its timeouts are the user's own."""
        return name in self._given

    def holds_timeout(self, name: str) -> bool:
        """Return whether the timeouts of this model are set on its client."""
        spec = self._router.snapshot.registry.get(name)
        return name not in self._given and spec is not None and _holds_limits(spec)

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
            with self._lock:
                built = self._built.get(key)
                if built is None or built[0] != spec:
                    built = self._built[key] = spec, build(spec, timeout)
        return built[1]


def _holds_limits(spec: ModelSpec) -> bool:
    return (spec.provider or "") in _HOLDS_LIMITS


def build(spec: ModelSpec, timeout: float | None) -> BaseChatModel:
    """Return the chat model that a policy entry describes. Raises ConfigurationError that names the entry and the cure.

    The client's own retries are off: the policy's `retry` is the only one, so that tries do not multiply.
    """
    options = {key: expand(value, f"models.{spec.name}.params.{key}") for key, value in spec.params.items()}
    if spec.base_url is not None:
        options["base_url"] = expand(spec.base_url, f"models.{spec.name}.base_url")
    if spec.api_key_env is not None:
        options["api_key"] = _variable(spec.api_key_env, f"models.{spec.name}.api_key_env")
    if _holds_limits(spec):
        options.setdefault("max_retries", 0)
        if timeout is not None:
            options.setdefault("timeout", timeout)
    try:
        from langchain.chat_models import init_chat_model  # noqa: PLC0415 - 1.3 s, and only policies that build models need it
    except ImportError as error:
        raise ConfigurationError(
            f"models.{spec.name}: building a model from the policy needs langchain; pip install 'taskroute[langchain]', or pass models={{...}}"
        ) from error
    try:
        return init_chat_model(spec.model, **options)
    except Exception as error:
        raise ConfigurationError(f"models.{spec.name}: {spec.model!r} cannot be built: {type(error).__name__}: {error}") from error


def expand(value: Any, where: str) -> Any:
    """Return the value with each `${VARIABLE}` replaced. Raises ConfigurationError for one that is not set."""
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: _variable(match[1], where), value)
    if isinstance(value, Mapping):
        return {key: expand(inner, where) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [expand(inner, where) for inner in value]
    return value


def _variable(name: str, where: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise ConfigurationError(f"{where}: the environment variable {name!r} is not set; set it, or correct its name in the policy")
    return value
