"""The calls of a LiteLLM router that can be routed: their methods, and how their answers are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from taskroute_litellm.call import Endpoint


class Method(NamedTuple):
    """One method of a router."""

    endpoint: Endpoint
    is_async: bool
    positional: tuple[str, ...] = ()
    """The names of the arguments that may be given by position."""


METHODS: Final[Mapping[str, Method]] = {
    "completion": Method("completion", False, ("model", "messages")),
    "acompletion": Method("completion", True, ("model", "messages", "stream")),
    "text_completion": Method("text_completion", False, ("model", "prompt")),
    "atext_completion": Method("text_completion", True, ("model", "prompt")),
    "embedding": Method("embedding", False, ("model", "input")),
    "aembedding": Method("embedding", True, ("model", "input")),
    "responses": Method("responses", False),
    "aresponses": Method("responses", True),
    # A coroutine function too, in spite of its name.
    "anthropic_messages": Method("messages", True),
    "aanthropic_messages": Method("messages", True),
}

_STATE: Final[Mapping[str, str]] = {"responses": "litellm_metadata", "messages": "litellm_metadata"}


def metadata_key(endpoint: Endpoint) -> str:
    """Return the argument in which LiteLLM keeps its own metadata: `metadata` is the provider's own where its format has such a field."""
    return _STATE.get(endpoint, "metadata")


def bound(method: Method, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any] | None:
    """Return the arguments by name; None for a call that LiteLLM must refuse itself."""
    names = method.positional
    if len(args) > len(names) or any(name in kwargs for name in names[: len(args)]):
        return None
    return {**dict(zip(names, args, strict=False)), **kwargs} if args else kwargs
