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


def called(provider: str | None, model_id: str | None, *, address: str | None = None, besides: str = "") -> str:
    """Return what is called: provider and model, its address where that is not the usual one, and what else tells it from others."""
    name = model_id or ""
    if provider is None:
        provider = next((owner for prefix, owner in _BY_PREFIX.items() if name.startswith(prefix)), None)
    whose = known_provider(provider) or provider
    text = name if whose is None else f"{whose}:{name}"
    at = address.rstrip("/") if address else ""
    if at and at not in _USUAL.get(whose or "", ()):
        text = f"{text} at {at}"
    return f"{text} as {besides}" if besides else text
