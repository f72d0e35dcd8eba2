"""The models of a policy in LiteLLM's words: how it names them, and what it has to be given for a call. Imports nothing of LiteLLM."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from taskroute.errors import ConfigurationError
from taskroute.registry.models import ModelSpec

_PROVIDERS: Final[Mapping[str, str]] = {
    "anthropic_bedrock": "bedrock",
    "azure_openai": "azure",
    "bedrock_converse": "bedrock",
    "fireworks": "fireworks_ai",
    "google": "gemini",
    "google_anthropic_vertex": "vertex_ai",
    "google_genai": "gemini",
    "google_vertexai": "vertex_ai",
    "ibm": "watsonx",
    "mistralai": "mistral",
    "moonshotai": "moonshot",
    "nvidia": "nvidia_nim",
    "ollama": "ollama_chat",
    "together": "together_ai",
    "vertex": "vertex_ai",
}
"""What LiteLLM calls the providers that have another name in a policy; every other keeps its own."""
_SAME: Final = frozenset(
    {
        *("anthropic", "azure", "azure_ai", "baseten", "bedrock", "cerebras", "cohere", "cohere_chat", "databricks", "deepseek", "gemini"),
        *("fireworks_ai", "groq", "huggingface", "mistral", "moonshot", "nvidia_nim", "ollama_chat"),
        *("openai", "openrouter", "perplexity", "together_ai", "vertex_ai", "watsonx", "xai"),
    }
)
_BARE: Final = "litellm"
"""LangChain's name for whatever LiteLLM itself makes of an id."""
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

PROVIDER_NAMES: Final = _SAME | frozenset(_PROVIDERS.values())
"""The names of LiteLLM's providers that are written here."""

Resolves = Callable[[str, str], str]
"""Takes a text with `${VARIABLE}` in it, and where that stands; returns what is to be given to LiteLLM."""


def litellm_model(spec: ModelSpec) -> str:
    """Return what LiteLLM calls a model. An id without a provider stays as it is: LiteLLM finds one.

    Raises ConfigurationError for an entry that does not say what it is.
    """
    if spec.model is None:
        raise ConfigurationError(
            f"the policy does not say what {spec.name!r} is; add 'model: provider:name' under models.{spec.name}, "
            f"or say it where the policy is used: models={{{spec.name!r}: 'provider/name'}}"
        )
    if spec.provider is None or spec.model.startswith(f"{spec.provider}/"):
        return spec.model
    name = spec.provider.strip().lower()
    return f"{spec.model_id}" if name == _BARE else f"{_PROVIDERS.get(name, name)}/{spec.model_id}"


def litellm_params(spec: ModelSpec, resolves: Resolves | None = None) -> dict[str, Any]:
    """Return what LiteLLM is given for a model, in the words of `litellm_params`: its name, the policy's `params`, address and key.

    Variables are read now, unless `resolves` says otherwise. Raises ConfigurationError for one that is not set.
    """
    resolve = resolves or from_environment
    where = f"models.{spec.name}"
    given: dict[str, Any] = {key: _resolved(value, f"{where}.params.{key}", resolve) for key, value in spec.params.items()}
    given["model"] = _resolved(litellm_model(spec), f"{where}.model", resolve)
    if spec.base_url is not None:
        given["api_base"] = _resolved(spec.base_url, f"{where}.base_url", resolve)
    if spec.api_key_env is not None:
        given["api_key"] = resolve(f"${{{spec.api_key_env}}}", f"{where}.api_key_env")
    return given


def from_environment(text: str, where: str) -> str:
    """Return the text with each `${VARIABLE}` replaced by what it holds."""
    return _VARIABLE.sub(lambda found: _variable(found[1], where), text)


def as_reference(text: str, where: str) -> str:
    """Return `os.environ/VARIABLE`, as LiteLLM's configuration has it, for `${VARIABLE}`."""
    whole = _VARIABLE.fullmatch(text)
    if whole is None:
        raise ConfigurationError(
            f"{where}: LiteLLM's configuration can only name a variable that holds the whole value; put all of it into one, and "
            "write '${VARIABLE}' alone"
        )
    return f"os.environ/{whole[1]}"


def variables_of(spec: ModelSpec) -> tuple[str, ...]:
    """Return the environment variables that an entry names, in order."""
    found: list[str] = []

    def note(text: str, where: str) -> str:
        found.extend(_VARIABLE.findall(text))
        return text

    litellm_params(spec, note)
    return tuple(dict.fromkeys(found))


def _resolved(value: Any, where: str, resolve: Resolves) -> Any:
    if isinstance(value, str):
        if "${" not in value:
            return value
        if "${" in _VARIABLE.sub("", value):
            raise ConfigurationError(f"{where}: a '${{' is not closed, or what it names is not a variable; write '${{VARIABLE}}'")
        return resolve(value, where)
    if isinstance(value, Mapping):
        return {key: _resolved(inner, where, resolve) for key, inner in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_resolved(inner, where, resolve) for inner in cast("list[Any]", value)]
    return value


def _variable(name: str, where: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise ConfigurationError(f"{where}: the environment variable {name!r} is not set; set it, or correct its name in the policy")
    return value
