"""What the caller of LiteLLM says of the use of stored answers: in LiteLLM's own words, in metadata, in a header."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from taskroute.reading import as_mapping, as_text
from taskroute.warn import warn_once

CacheUse = Literal["use", "refresh", "bypass"]

KEY: Final = "taskroute_cache"
"""The key in metadata."""
_STRICTEST: Final[tuple[CacheUse, ...]] = ("bypass", "refresh")
_AGES: Final = ("ttl", "s-maxage", "s-max-age")
"""LiteLLM's words for how long an answer is kept, and how old one may be that is served: in seconds."""
_KNOWN: Final = frozenset({"no-cache", "no-store", "use-cache", "namespace", *_AGES})


NOT_LITELLMS: Final[Mapping[str, bool]] = {"no-cache": True, "no-store": True}
"""What LiteLLM's own cache is told, so that it has no part in a call."""


class Wishes(NamedTuple):
    """What a call wishes of the cache."""

    use: CacheUse = "use"
    namespace: str | None = None
    """Where its answers are kept apart from all others."""
    max_age: float | None = None
    """Seconds that an answer is good for; None for what the policy says."""


_NONE: Final = Wishes()
_BYPASS: Final = Wishes("bypass")


def wishes_of(arguments: Mapping[str, Any], metadata: Mapping[str, Any], header: str | None) -> Wishes:
    """Return how a call may use the cache: as the strictest of what was said.

    LiteLLM's `no-store` would allow to serve what is stored. Here it stands for `bypass`: such a call leaves no trace of itself. So does a
    wish that is not understood, which costs a warning.
    """
    own = arguments.get("cache")
    found = _NONE if own is None else _wished(own)
    if found.use == "bypass" or arguments.get("caching") is False:
        return _BYPASS
    said = {found.use, _named(metadata.get(KEY), f"metadata {KEY!r}"), _named(header, "a header")}
    for use in _STRICTEST:
        if use in said:
            return found._replace(use=use)
    return found


def _wished(own: Any) -> Wishes:
    """Return what the argument `cache` says."""
    wishes = as_mapping(own)
    ages = [wishes[name] for name in _AGES if wishes.get(name) is not None]
    namespace = wishes.get("namespace")
    unread = [name for name, value in wishes.items() if name not in _KNOWN and value is not None]
    if unread or not (isinstance(own, Mapping) and all(_is_seconds(age) for age in ages)) or not isinstance(namespace, str | None):
        warn_once(
            "cache",
            "cache=",
            "cache= of a call wishes what the cache of the policy does not know, so that the call has no part in it; write 'no-cache', "
            "'no-store', 'namespace' (a text), 'ttl' and 's-maxage' (seconds)",
        )
        return _BYPASS
    if wishes.get("no-store") is True or any(age <= 0 for age in ages):
        return _BYPASS
    max_age = min([float(age) for age in ages], default=None)
    return Wishes("refresh" if wishes.get("no-cache") is True else "use", as_text(namespace), max_age)


def _is_seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def _named(given: Any, where: str) -> CacheUse:
    name = given.strip().lower() if isinstance(given, str) else given
    for use in _STRICTEST:
        if name == use:
            return use
    if name not in (None, "", "use"):
        warn_once("cache", f"use {where}", f"{where} says how to use the cache in an unknown word; write 'refresh' or 'bypass'")
    return "use"


def alone(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the argument that keeps LiteLLM's own cache out of a call that ours has a part in; none where LiteLLM has no cache.

    LiteLLM's knows no scope, and says of no answer how old it is.
    """
    if getattr(sys.modules.get("litellm"), "cache", None) is None:
        return {}
    return {"cache": {**as_mapping(arguments.get("cache")), **NOT_LITELLMS}}
