"""A routed model whose policy keeps answers, and what its tests ask of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.langchain.ways import Stage


def caching(
    script: Mapping[str, Any], *, given: Mapping[str, Any] | None = None, cache: Mapping[str, Any] | None = None, **policy: Any
) -> Stage:
    """Return a stage over a script whose answers are kept in memory."""
    return Stage(script, given=given, cache={"store": "memory", **(cache or {})}, **policy)


def record_of(answer: Any) -> dict[str, Any]:
    """Return what a routed call left in its answer."""
    record: dict[str, Any] = answer.response_metadata["taskroute"]
    return record


def bypass(word: str = "bypass") -> Any:
    """Return the config of a call that says what it wants of the cache."""
    return {"configurable": {"taskroute_cache": word}}
