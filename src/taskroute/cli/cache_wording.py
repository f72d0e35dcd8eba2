"""The `cache` section of a policy, and what it means for one call, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from taskroute.cli.cached import duration, size, where
from taskroute.policy.caching import Cache, CacheLimits
from taskroute.stored import Terms
from taskroute.types import CacheNote


def in_one_line(cache: Cache) -> str:
    """Return where answers are kept, for how long, and for whom."""
    who = " and ".join(cache.scope)
    parts = [
        where(cache),
        f"{size(cache.size)} at most",
        f"for {duration(cache.ttl)}",
        f"each {who} its own" if who else "shared by all calls",
    ]
    parts += [f"from sighting {cache.admit_after} within {duration(cache.window)}"] if cache.admit_after > 1 else []
    parts += [f"{duration(cache.stale_if_error)} longer for when every model fails"] if cache.stale_if_error else []
    parts += ["tool calls too"] if cache.tool_calls else []
    return "; ".join(parts)


def exceptions(cache: Cache) -> Iterator[tuple[str, str]]:
    """Yield each stage and task for which something else holds, and what."""
    for kind, sections in (("stage", cache.stages), ("task", cache.tasks)):
        for name, limits in sections.items():
            yield f"{kind} {name}", _limits(limits) if isinstance(limits, CacheLimits) else "not kept"


def _limits(limits: CacheLimits) -> str:
    temperature, calls = limits.max_temperature, limits.tool_calls
    said = [
        "" if limits.ttl is None else f"for {duration(limits.ttl)}",
        "" if limits.size is None else f"{size(limits.size)} of its own",
        "" if limits.admit_after is None else f"from sighting {limits.admit_after}",
        "" if limits.stale_if_error is None else f"{duration(limits.stale_if_error)} longer for when every model fails",
        "" if temperature is None else f"up to temperature {temperature:g}",
        "" if calls is None else "tool calls too" if calls else "no tool calls",
    ]
    return ", ".join(text for text in said if text) or "as all"


def of_call(found: Terms | CacheNote) -> str:
    """Return what part a call has in the cache."""
    if isinstance(found, CacheNote):
        return f"{found.status}: {found.reason}"
    return f"looked into; an answer is kept for {duration(found.ttl)}" + (
        f", with a size limit of {found.partition}" if found.partition else ""
    )


def of_call_json(found: Terms | CacheNote) -> dict[str, Any]:
    """Return the same for programs."""
    if isinstance(found, CacheNote):
        return {"status": found.status, "reason": found.reason}
    return {"status": "on", "ttl_s": found.ttl, "scope": dict(found.scope), "admit_after": found.admit_after}
