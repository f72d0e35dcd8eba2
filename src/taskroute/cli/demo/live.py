"""What the real models of a policy need before they can be called."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Final

from taskroute.cli.policies import CommandError
from taskroute.policy.schema import Policy
from taskroute.registry.providers import split_model

_KEYS: Final[Mapping[str, str]] = {
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "google_genai": "GOOGLE_API_KEY",
    "mistralai": "MISTRAL_API_KEY",
    "groq": "GROQ_API_KEY",
    "deepseek": "DEEPSEEK_API_KEY",
    "xai": "XAI_API_KEY",
    "cohere": "COHERE_API_KEY",
    "together": "TOGETHER_API_KEY",
    "fireworks": "FIREWORKS_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
}
"""Where LangChain's class for a provider looks for its key."""


def without_ollama(policy: Policy) -> Policy:
    """Return the policy without its Ollama models when the package for them is not installed."""
    if importlib.util.find_spec("langchain_ollama") is not None:
        return policy
    models = {name: entry for name, entry in policy.models.items() if not (entry.model or "").startswith("ollama:")}
    return policy.model_copy(update={"models": models, "default": tuple(name for name in policy.default if name in models)})


def require_keys(policy: Policy, environ: Mapping[str, str]) -> None:
    """Raise CommandError that lists every key which the policy's models need and the environment lacks."""
    missing: dict[str, list[str]] = {}
    for name, entry in policy.models.items():
        provider = split_model(entry.model)[0] if entry.model else None
        variable = entry.api_key_env or _KEYS.get(provider or "")
        if variable is not None and not environ.get(variable):
            missing.setdefault(variable, []).append(name)
    if missing:
        told = ", ".join(f"{variable} (for {', '.join(map(repr, names))})" for variable, names in missing.items())
        raise CommandError(f"--live needs these environment variables: {told}; set them, or leave --live out to see stand-ins answer")
