"""What every model behind a routed one can do: the pessimistic intersection of their profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_core.language_models import BaseChatModel

from taskroute.registry.models import ModelSpec, Registry

_FROM_REGISTRY: Final[Mapping[str, str]] = {
    "tools": "tool_calling",
    "json_schema": "structured_output",
    "vision": "image_inputs",
    "audio": "audio_inputs",
    "video": "video_inputs",
}


def shared_profile(registry: Registry, given: Mapping[str, BaseChatModel]) -> dict[str, Any] | None:
    """Return what holds for all models: a capability that all have, the least of each limit; what one does not know is left out."""
    profiles = [_profile(registry[name], given.get(name)) for name in registry]
    shared = set(profiles[0]).intersection(*profiles[1:])
    merged = {key: _merged([profile[key] for profile in profiles]) for key in sorted(shared)}
    return {key: value for key, value in merged.items() if value is not None} or None


def _profile(spec: ModelSpec, model: BaseChatModel | None) -> Mapping[str, Any]:
    profile = getattr(model, "profile", None)
    if profile:
        return dict(profile)
    known: dict[str, Any] = {_FROM_REGISTRY[key]: able for key, able in spec.capabilities.items() if key in _FROM_REGISTRY}
    if spec.context_window is not None:
        known["max_input_tokens"] = spec.context_window
    if spec.max_output_tokens is not None:
        known["max_output_tokens"] = spec.max_output_tokens
    return known


def _merged(values: list[Any]) -> Any:
    if all(isinstance(value, bool) for value in values):
        return all(values)
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return min(values)
    return None
