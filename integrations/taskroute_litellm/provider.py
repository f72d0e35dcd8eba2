"""A policy behind plain `litellm.completion`: the models `taskroute/auto` and `taskroute/<model of the policy>`.

Imports LiteLLM when used.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

from taskroute.errors import ConfigurationError
from taskroute.registry.models import ModelSpec
from taskroute.router import Router
from taskroute_litellm.model_host import Given, params_of
from taskroute_litellm.naming import litellm_model
from taskroute_litellm.versions import installed

AUTO: Final = "auto"
"""The model that stands for the policy's choice."""


def register(router: Router, *, provider: str = "taskroute", models: Given | None = None) -> None:
    """Have `litellm.completion(model="taskroute/auto", …)` carry out the whole policy; `taskroute/<model of the policy>` is a pin.

    So do acompletion, embedding and aembedding, and streams. The models are LiteLLM's: `openai:gpt-5-mini` of the policy is its
    `openai/gpt-5-mini`, unless `models` says otherwise: `{"small": "azure/my-deployment"}`, or all of its `litellm_params`.

    Other custom providers stay. The same name again puts the new router in the place of the old one, for calls that begin from then
    on. Raises ConfigurationError for a name that is another's, and for a model that LiteLLM could not be called with.
    """
    installed()
    litellm: Any = import_module("litellm")
    from taskroute_litellm.handler import Handler

    _refuse_name(provider)
    refuse_models(router.snapshot.registry, models or {})
    handler = Handler(router, provider, dict(models or {}))
    entries: list[dict[str, Any]] = litellm.custom_provider_map
    others = [entry for entry in entries if entry["provider"] != provider]
    if any(entry["provider"] == provider and not isinstance(entry["custom_handler"], Handler) for entry in entries):
        raise ConfigurationError(
            f"litellm.custom_provider_map has another provider named {provider!r}; give the policy another name: "
            "register(router, provider='…')"
        )
    # One assignment, so that no call finds the name missing.
    litellm.custom_provider_map = [*others, {"provider": provider, "custom_handler": handler}]
    litellm.utils.custom_llm_setup()


def unregister(provider: str = "taskroute") -> None:
    """Take a policy back; calls in flight end as they would. Does nothing where none is registered under this name."""
    litellm: Any = import_module("litellm")
    from taskroute_litellm.handler import Handler

    entries: list[dict[str, Any]] = litellm.custom_provider_map
    kept = [entry for entry in entries if entry["provider"] != provider or not isinstance(entry["custom_handler"], Handler)]
    litellm.custom_provider_map = kept


def _refuse_name(provider: str) -> None:
    own: Any = import_module("litellm.types.utils").LlmProviders
    if not provider or "/" in provider or provider != provider.strip():
        raise ConfigurationError(f"provider={provider!r} cannot begin the name of a model; write one word, such as provider='taskroute'")
    if provider in {each.value for each in own}:
        raise ConfigurationError(
            f"provider={provider!r} is one of LiteLLM's own; give the policy another name, such as provider='taskroute'"
        )


def refuse_models(registry: Mapping[str, ModelSpec], models: Given) -> None:
    """Raise ConfigurationError for a model that LiteLLM could not be called with."""
    if AUTO in registry:
        raise ConfigurationError(f"a model of the policy is named {AUTO!r}, which stands for the policy's choice; give it another name")
    unknown = [name for name in models if name not in registry]
    if unknown:
        raise ConfigurationError(f"models={{{unknown[0]!r}: …}} is no model of the policy; it has {', '.join(registry)}")
    for spec in registry.values():
        if spec.name in models:
            params_of(spec._replace(params={}), models)
        else:
            litellm_model(spec)
