"""What LangChain lets any chat model be given, and a routed one cannot honour: it is refused, not ignored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from langchain_core.caches import BaseCache
from langchain_core.globals import get_llm_cache
from langchain_core.language_models import BaseChatModel

from taskroute.errors import ConfigurationError
from taskroute.warn import warn_once

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


def warn_of_two_caches(models: Iterable[BaseChatModel], *, builds_some: bool) -> None:
    """Warn once where LangChain's own cache answers for models whose policy has a cache.

    `builds_some` says that there are models beside `models`, which the policy builds.
    """
    if get_llm_cache() is None or not (builds_some or any(model.cache is not False for model in models)):
        return
    text = (
        "the policy has a cache, and LangChain's own is set, too: it serves sensitive calls, other tenants and those that asked for a new "
        "answer; write set_llm_cache(None)"
    )
    warn_once("langchain cache", "two caches", text)
