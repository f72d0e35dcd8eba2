"""What the caller of LiteLLM says of the use of stored answers: in LiteLLM's own words, in metadata, in a header."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from taskroute.reading import as_mapping
from taskroute.warn import warn_once

CacheUse = Literal["use", "refresh", "bypass"]

KEY: Final = "taskroute_cache"
"""The key in metadata."""
_STRICTEST: Final[tuple[CacheUse, ...]] = ("bypass", "refresh")


def cache_use(arguments: Mapping[str, Any], metadata: Mapping[str, Any], header: str | None) -> CacheUse:
    """Return how a call may use the cache: as the strictest of what was said.

    LiteLLM's `no-store` would allow to serve what is stored. Here it stands for `bypass`: such a call leaves no trace of itself.
    """
    said = {_named(metadata.get(KEY), f"metadata {KEY!r}"), _named(header, "a header")}
    own = arguments.get("cache")
    if own is not None:
        wishes = as_mapping(own)
        if wishes.get("no-store") is True:
            return "bypass"
        if wishes.get("no-cache") is True:
            said.add("refresh")
    if arguments.get("caching") is False:
        return "bypass"
    for use in _STRICTEST:
        if use in said:
            return use
    return "use"


def _named(given: Any, where: str) -> CacheUse:
    name = given.strip().lower() if isinstance(given, str) else given
    for use in _STRICTEST:
        if name == use:
            return use
    if name not in (None, "", "use"):
        warn_once("cache", f"use {where}", f"{where} says how to use the cache in an unknown word; write 'refresh' or 'bypass'")
    return "use"
