"""What is called, in one form for every host. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from taskroute.registry.providers import known_provider

_BY_PREFIX: Final[Mapping[str, str]] = {
    "gpt-": "openai",
    "chatgpt": "openai",
    "o1": "openai",
    "o3": "openai",
    "o4": "openai",
    "claude": "anthropic",
}
"""Whose a bare id is, where every host takes it for the same."""
_USUAL: Final[Mapping[str, frozenset[str]]] = {
    "openai": frozenset({"https://api.openai.com/v1"}),
    "anthropic": frozenset({"https://api.anthropic.com"}),
    "mistral": frozenset({"https://api.mistral.ai/v1"}),
    "google": frozenset({"https://generativelanguage.googleapis.com"}),
}
"""The addresses at which a provider's models are when nobody gives one."""
_SAID_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "openai": ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    "anthropic": ("ANTHROPIC_API_URL", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_BASE"),
    "mistral": ("MISTRAL_BASE_URL", "MISTRAL_API_BASE"),
    "google": ("GOOGLE_GEMINI_BASE_URL", "GEMINI_API_BASE"),
    "azure": ("AZURE_OPENAI_ENDPOINT", "AZURE_API_BASE"),
}
"""The variables in which the packages of a provider look for an address that nobody gives."""


def owner_of(provider: str | None, model_id: str | None) -> str | None:
    """Return whose a model is, under the name used here; None where nobody can tell."""
    if provider is None:
        name = model_id or ""
        return next((owner for prefix, owner in _BY_PREFIX.items() if name.startswith(prefix)), None)
    return known_provider(provider) or provider


def address_said(provider: str | None, model_id: str | None, variables: Mapping[str, str]) -> str | None:
    """Return the address that the environment gives a provider's models, several where its packages may take either; None without one."""
    whose = owner_of(provider, model_id)
    if whose is None:
        return None
    names = _SAID_BY.get(whose) or (f"{whose.upper()}_API_BASE", f"{whose.upper()}_BASE_URL")
    said = {text.rstrip("/") for name in names if (text := variables.get(name))}
    return " or ".join(sorted(said)) or None


def called(provider: str | None, model_id: str | None, *, address: str | None = None, besides: str = "") -> str:
    """Return what is called: provider and model, its address where that is not the usual one, and what else tells it from others."""
    name = model_id or ""
    whose = owner_of(provider, name)
    text = name if whose is None else f"{whose}:{name}"
    at = address.rstrip("/") if address else ""
    if at and at not in _USUAL.get(whose or "", ()):
        text = f"{text} at {at}"
    return f"{text} as {besides}" if besides else text
