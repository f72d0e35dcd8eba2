"""Building the chat model that a policy entry describes."""

from __future__ import annotations

import importlib.util
import math
import os
import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn, cast

from langchain_core.language_models import BaseChatModel
from pydantic import SecretStr

from taskroute.errors import ConfigurationError
from taskroute.registry.models import ModelSpec

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

_WHOLE_SECONDS: Final = frozenset({"mistralai"})
"""Those whose class refuses a fraction of a second."""

COUNT_THE_FIRST: Final = ("langchain_google_genai", "langchain_google_vertexai", "langchain_mistralai")
"""Packages whose `max_retries` counts the first try too: there, 1 means none."""

_BY_PREFIX: Final[Mapping[str, str]] = {
    "gpt-": "openai",
    "o1": "openai",
    "o3": "openai",
    "o4": "openai",
    "chatgpt": "openai",
    "claude": "anthropic",
    "gemini": "google_vertexai",
    "mistral": "mistralai",
    "mixtral": "mistralai",
    "deepseek": "deepseek",
    "grok": "xai",
    "sonar": "perplexity",
}
"""What `init_chat_model` takes an id without a provider for; told to it, so that both mean the same."""


def provider_of(spec: ModelSpec) -> str | None:
    """Return the provider that a model is built for, or None when LangChain has to find it."""
    if spec.provider is not None or spec.model_id is None:
        return spec.provider
    return next((provider for prefix, provider in _BY_PREFIX.items() if spec.model_id.startswith(prefix)), None)


def holds_limits(spec: ModelSpec) -> bool:
    """Return whether the client of this model takes our time limit and number of retries."""
    return (provider_of(spec) or "") in _HOLDS_LIMITS


def retries_set(spec: ModelSpec) -> int | None:
    """Return how often the client of a model that is built here tries again by itself: never, unless the policy says so."""
    own = spec.params.get("max_retries", 0 if holds_limits(spec) else None)
    first = f"langchain_{provider_of(spec)}" in COUNT_THE_FIRST
    return max(own - first, 0) if isinstance(own, int) else None


def build(spec: ModelSpec, timeout: float | None) -> BaseChatModel:
    """Return the chat model that a policy entry describes. Raises ConfigurationError that names the entry and the cure.

    The client's own retries are off: the policy's `retry` is the only one, so that tries do not multiply.
    """
    if spec.model is None:
        raise ConfigurationError(f"the policy does not say what {spec.name!r} is; add 'model: provider:name', or pass models={{...}}")
    options = _options(spec, timeout)
    try:
        from langchain.chat_models import init_chat_model  # 1.3 s, and only policies that build models need it
    except ImportError as error:
        raise ConfigurationError(
            f"models.{spec.name}: building a model from the policy needs langchain; "
            "pip install 'taskroute[langchain]', or pass models={...}"
        ) from error
    try:
        model = cast("BaseChatModel", init_chat_model(expand(spec.model, f"models.{spec.name}.model"), **options))
    except Exception as error:  # noqa: BLE001 - each provider raises what it likes
        _cannot_be_built(spec, options, error)
    if spec.base_url is None:
        _need_key(spec, model)
    return model


def _options(spec: ModelSpec, timeout: float | None) -> dict[str, Any]:
    options = {key: expand(value, f"models.{spec.name}.params.{key}") for key, value in spec.params.items()}
    if spec.base_url is not None:
        options["base_url"] = expand(spec.base_url, f"models.{spec.name}.base_url")
    if spec.api_key_env is not None:
        options["api_key"] = _variable(spec.api_key_env, f"models.{spec.name}.api_key_env")
    if spec.provider is None and provider_of(spec) is not None:
        options.setdefault("model_provider", provider_of(spec))
    if holds_limits(spec):
        options.setdefault("max_retries", 0)
        if timeout is not None:
            options.setdefault("timeout", math.ceil(timeout) if provider_of(spec) in _WHOLE_SECONDS else timeout)
    return options


def _cannot_be_built(spec: ModelSpec, options: Mapping[str, Any], error: Exception) -> NoReturn:
    """Raise ConfigurationError with the cure, and without the key, which errors of pydantic repeat."""
    package = f"langchain_{provider_of(spec)}"
    cure = "correct 'model', 'params' or the environment"
    if isinstance(error, ImportError | AttributeError) and importlib.util.find_spec(package) is None:
        cure = f"pip install {package.replace('_', '-')}"
    elif "model_provider" in str(error):
        cure = "write 'model' as 'provider:name', with a provider that init_chat_model knows"
    key = options.get("api_key")
    said = str(error).strip().split("\n\n")[0]
    secret = isinstance(key, str) and bool(key) and key in str(error)
    if isinstance(key, str) and secret:
        said = said.replace(key, "***")
    text = f"models.{spec.name}: {spec.model!r} cannot be built: {type(error).__name__}: {said}; {cure}, or pass models={{...}}"
    raise ConfigurationError(text) from (None if secret else error)


def _need_key(spec: ModelSpec, model: BaseChatModel) -> None:
    """Raise ConfigurationError for a client that was built with an empty key, and would only say so when called."""
    for name in type(model).model_fields:
        value = getattr(model, name, None) if name.endswith("api_key") else None
        if isinstance(value, SecretStr) and not value.get_secret_value() and not os.environ.get("ANTHROPIC_AUTH_TOKEN"):
            raise ConfigurationError(
                f"models.{spec.name}: {spec.model!r} has no key: set {name.upper()} in the environment, "
                "or name another variable in 'api_key_env'"
            )


def expand(value: Any, where: str) -> Any:
    """Return the value with each `${VARIABLE}` replaced. Raises ConfigurationError for one that is not set."""
    if isinstance(value, str):
        found = _VARIABLE.sub(lambda match: _variable(match[1], where), value)
        if "${" in _VARIABLE.sub("", value):
            raise ConfigurationError(f"{where}: a '${{' is not closed, or what it names is not a variable; write '${{VARIABLE}}'")
        return found
    if isinstance(value, Mapping):
        return {key: expand(inner, where) for key, inner in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [expand(inner, where) for inner in cast("list[Any]", value)]
    return value


def _variable(name: str, where: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise ConfigurationError(f"{where}: the environment variable {name!r} is not set; set it, or correct its name in the policy")
    return value
