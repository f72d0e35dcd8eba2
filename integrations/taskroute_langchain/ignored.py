"""What LangChain lets any chat model be given, and a routed one cannot honour: it is refused, not ignored."""

from __future__ import annotations

from typing import Final

from langchain_core.caches import BaseCache
from langchain_core.language_models import BaseChatModel

from taskroute.errors import ConfigurationError

_OF_ONE_MODEL: Final = ("custom_get_token_ids", "disable_streaming", "rate_limiter")
"""What only the models behind a routed one can honour."""


def refuse_ignored(model: BaseChatModel) -> None:
    """Raise ConfigurationError for the first option that would have no effect on the calls of a routed model."""
    if isinstance(model.cache, BaseCache):
        raise ConfigurationError(
            f"RoutedChatModel(cache={type(model.cache).__name__}(…)) would have no effect: write 'cache:' into the policy, "
            "or use set_llm_cache(TaskrouteCache(…)) for LangChain's own cache; cache=False keeps this model out of the policy's"
        )
    fields = type(model).model_fields
    for name in _OF_ONE_MODEL:
        given = getattr(model, name)
        if given and given != fields[name].get_default(call_default_factory=True):
            raise ConfigurationError(f"RoutedChatModel({name}=…) would have no effect: set it on the models that are given as models={{…}}")
