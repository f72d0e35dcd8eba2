"""What LiteLLM keeps beside an answer, and which of the ids that it gives are the provider's."""

from __future__ import annotations

import base64
import re
from typing import Any, Final, NamedTuple

from taskroute.reading import as_text
from taskroute_litellm.usage import field

CACHE: Final = "cached_response"
"""What LiteLLM calls the provider of a stream that it plays from its own cache."""
_MADE_BY_LITELLM: Final = re.compile(r"(chatcmpl-|msg_)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The ids that LiteLLM gives to answers without one. Where a provider makes such ids itself, they are taken for LiteLLM's."""


class About(NamedTuple):
    """What LiteLLM keeps beside an answer."""

    provider: str | None
    model: str | None
    """The model that the provider named."""
    cached: bool
    """Whether the answer came from LiteLLM's own cache, and so was not paid for."""


def about(answer: Any) -> About:
    """Return what is kept beside an answer."""
    return about_of(field(answer, "_hidden_params"))


def about_of(hidden: Any) -> About:
    """Return what `_hidden_params` say."""
    provider = as_text(field(hidden, "custom_llm_provider"))
    if provider is None:
        named, _, rest = str(field(hidden, "litellm_model_name") or "").partition("/")
        provider = named if rest else None
    cached = bool(field(hidden, "cache_hit")) or provider == CACHE
    return About(None if provider == CACHE else provider, as_text(field(hidden, "provider_response_model")), cached)


def own_id(given: Any) -> str | None:
    """Return the provider's id of an answer."""
    known = as_text(given)
    return None if known is None or _MADE_BY_LITELLM.fullmatch(known) else known


def response_id(given: Any) -> str | None:
    """Return the provider's id of a response: LiteLLM wraps it, with the deployment that it belongs to, in one of its own."""
    known = as_text(given)
    if known is None:
        return None
    try:
        wrapped = base64.b64decode(known.removeprefix("resp_"), validate=True).decode()
    except ValueError:
        return known
    return wrapped.partition("response_id:")[2] or known
