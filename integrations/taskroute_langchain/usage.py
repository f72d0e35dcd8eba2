"""The tokens in LangChain's messages, as far as the provider reported them. What is missing, or filled in with 0, is None."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taskroute.reading import as_count, as_list, as_mapping, held_against_total, total, with_cache_beside
from taskroute.types import NOTHING, Usage

_TIERS: Final = frozenset({"flex", "priority"})
"""OpenAI's service tiers under whose name langchain-openai counts what was cached and what was thought."""
_BY_TIER: Final = tuple(f"{tier}_" for tier in _TIERS)
_SHORT: Final = "ephemeral_5m_input_tokens"
_LONG: Final = "ephemeral_1h_input_tokens"
_WHOLE_EACH_TIME: Final = frozenset({"openai"})
"""Providers that define usage as that of the whole request: where a host repeats it, LangChain's sum is wrong."""
_GOOGLE: Final = frozenset({"google_genai", "google_vertexai"})
_CORRECTED: Final = frozenset({*_GOOGLE, "mistralai", "anthropic"})


def usage_of(counts: Any, *, provider: str | None, about: Mapping[str, Any] = NOTHING) -> Usage | None:
    """Return the tokens of LangChain's `usage_metadata`. `about` is the `response_metadata` beside it.

    LangChain writes 0 for a count that the provider did not give, and nothing tells that from a true 0, such as the output of an
    answer that was filtered. Unknown is the safe reading: it makes no cost too low.
    """
    counts = as_mapping(counts)
    if not counts:
        return None
    input_details, output_details = as_mapping(counts.get("input_token_details")), as_mapping(counts.get("output_token_details"))
    if not _TIERS.isdisjoint(input_details):
        input_details, output_details = _without_tier(input_details), _without_tier(output_details)
    usage = Usage(
        input=as_count(counts.get("input_tokens")) or None,
        output=as_count(counts.get("output_tokens")) or None,
        cache_read=as_count(input_details.get("cache_read")),
        cache_write=_cache_write(input_details) if input_details else None,
        reasoning=as_count(output_details.get("reasoning")),
        cache_write_1h=as_count(input_details.get(_LONG)),
        input_audio=as_count(input_details.get("audio")),
        output_audio=as_count(output_details.get("audio")),
    )
    if provider not in _GOOGLE:
        # Google's package gets the total of a stream wrong, and the parts right.
        usage = held_against_total(usage, as_count(counts.get("total_tokens")))
    return _corrected(usage, provider, about) if provider in _CORRECTED else usage


def _without_tier(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Return counts under their usual names: `flex_reasoning` is `reasoning`."""
    return {name.partition("_")[2] if name.startswith(_BY_TIER) else name: count for name, count in counts.items()}


def _cache_write(input_details: Mapping[str, Any]) -> int | None:
    written = as_count(input_details.get("cache_creation"))
    if written:
        return written
    # langchain-anthropic writes 0 in place of the sum once it has the parts.
    return (as_count(input_details.get(_SHORT)) or 0) + (as_count(input_details.get(_LONG)) or 0) or written


def _corrected(usage: Usage, provider: str | None, about: Mapping[str, Any]) -> Usage:
    """Correct what the package of one provider gets wrong, or loses."""
    if provider in _GOOGLE:
        # Google leaves counts of 0 out, and its package writes 0 for what was left out.
        return usage._replace(cache_read=usage.cache_read or None, reasoning=usage.reasoning or None)
    if provider == "mistralai":
        counted = as_mapping(about.get("token_usage"))
        cached = as_count(as_mapping(counted.get("prompt_tokens_details")).get("cached_tokens"))
        return usage._replace(cache_read=as_count(counted.get("num_cached_tokens")) if cached is None else cached)
    if usage.input == (usage.cache_read or 0) + (usage.cache_write or 0):
        # Where Anthropic does not count what was new, the package adds up what was cached alone; nothing tells that from a prompt
        # that came from the cache whole.
        usage = usage._replace(input=None)
    return _with_summaries(usage, as_mapping(about.get("usage")))


def _with_summaries(usage: Usage, counted: Mapping[str, Any]) -> Usage:
    """Add the summaries that Anthropic made of the conversation: the same model made them, and its totals leave them out."""
    parts = [as_mapping(each) for each in as_list(counted.get("iterations"))]
    summaries = [_summary(part) for part in parts if part.get("type") == "compaction"]
    return total([usage, *summaries])._replace(reasoning=usage.reasoning) if summaries else usage


def _summary(counted: Mapping[str, Any]) -> Usage:
    return with_cache_beside(
        as_count(counted.get("input_tokens")),
        as_count(counted.get("output_tokens")),
        as_count(counted.get("cache_read_input_tokens")),
        as_count(counted.get("cache_creation_input_tokens")),
        cache_write_1h=as_count(as_mapping(counted.get("cache_creation")).get(_LONG)),
    )


def tier_in(counts: Any) -> str | None:
    """Return the service tier under whose name OpenAI's package counts; None where it does not."""
    details = as_mapping(as_mapping(counts).get("input_token_details"))
    return next((tier for tier in _TIERS if tier in details), None)


def with_chunk(so_far: Mapping[str, Any] | None, of_chunk: Any, provider: str | None) -> Mapping[str, Any] | None:
    """Return the `usage_metadata` of a stream after one more chunk that has some, as this provider counts: added up, or the last."""
    counts = as_mapping(of_chunk)
    if so_far is None or provider in _WHOLE_EACH_TIME:
        return counts
    return _added(so_far, counts)


def _added(so_far: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sum, count by count. What is no count is left out."""
    added: dict[str, Any] = dict(so_far)
    for name, count in more.items():
        before = added.get(name)
        if isinstance(count, Mapping):
            added[name] = _added(as_mapping(before), as_mapping(count))
        elif isinstance(count, int):
            added[name] = count + (before if isinstance(before, int) else 0)
    return added
