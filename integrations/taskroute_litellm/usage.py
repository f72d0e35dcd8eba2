"""The tokens in LiteLLM's answers, as far as the provider reported them. What LiteLLM counted, or filled in with 0, is None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from taskroute.reading import as_count, as_list, held_against_total, total, with_cache_beside
from taskroute.types import Usage

_OWN: Final = ("message", "compaction")
"""What Anthropic's model itself did in the steps of an answer. An adviser is another model, at another price."""
_SHORT: Final = "ephemeral_5m_input_tokens"
_LONG: Final = "ephemeral_1h_input_tokens"
"""What was written to a cache that keeps it for an hour."""


def field(value: Any, name: str) -> Any:
    """Return a field of an object or of a mapping; None where there is none."""
    if type(value) is dict or isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value).get(name)
    return getattr(value, name, None)


def count(value: Any, *names: str) -> int | None:
    """Return the first of these fields that is a whole number."""
    for name in names:
        found = as_count(field(value, name))
        if found is not None:
            return found
    return None


def completion_usage(usage: Any, *, provider: str | None = None, thinks: bool = False) -> Usage | None:
    """Return the tokens of a completion. `thinks` says whether the answer shows what was thought.

    LiteLLM writes 0 for a count that it was not given, and nothing tells that from a true 0, such as the output of an answer that was
    filtered. Unknown is the safe reading: it makes no cost too low.
    """
    asked, answered, whole = (count(usage, name) or None for name in ("prompt_tokens", "completion_tokens", "total_tokens"))
    if asked is None and answered is None:
        return None
    details: Any = field(usage, "prompt_tokens_details")
    by_google = count(details, "tool_use_tokens") or 0
    if by_google and asked and answered and whole == asked + answered + by_google:
        # What Google's own tools put into the prompt. LiteLLM leaves out what is not billed; the model read it all the same.
        asked += by_google
    read, cached = count(details, "cached_tokens"), count(usage, "num_cached_tokens")
    reported = Usage(
        input=asked,
        output=answered,
        cache_read=cached if read is None else read,
        cache_write=count(details, "cache_write_tokens", "cache_creation_tokens"),
        reasoning=count(field(usage, "completion_tokens_details"), "reasoning_tokens"),
        cache_write_1h=written_for_long(usage),
        input_audio=count(details, "audio_tokens"),
        output_audio=count(field(usage, "completion_tokens_details"), "audio_tokens"),
    )
    known = held_against_total(reported, whole)
    if provider == "anthropic" or hasattr(usage, "iterations") or count(usage, "cache_creation_input_tokens") is not None:
        return _as_for_anthropic(known, usage, details, thinks=thinks)
    if thinks and (provider or "").startswith("bedrock"):
        # LiteLLM counts the words of what was thought.
        known = known._replace(reasoning=None)
    return known


def streamed_usage(usages: Sequence[Any], *, provider: str | None = None, thinks: bool = False) -> Usage | None:
    """Return the last counts of a stream, which are of the whole of it, with what only the earlier ones say."""
    if not usages:
        return None
    usage = completion_usage(usages[-1], provider=provider, thinks=thinks)
    if usage is None or usage.cache_write is None or usage.cache_write_1h is not None:
        return usage
    earlier = (written_for_long(counted) for counted in reversed(usages))
    return usage._replace(cache_write_1h=next((written for written in earlier if written is not None), None))


def written_for_long(usage: Any) -> int | None:
    """Return the tokens that were written to a cache that keeps them for an hour."""
    return count(field(field(usage, "prompt_tokens_details"), "cache_creation_token_details"), _LONG)


def _written(details: Any) -> int:
    parts = field(details, "cache_creation_token_details")
    return (count(parts, _SHORT) or 0) + (count(parts, _LONG) or 0)


def _as_for_anthropic(known: Usage, usage: Any, details: Any, *, thinks: bool) -> Usage:
    """Correct what LiteLLM adds up for Anthropic's models, wherever they run."""
    if field(details, "cache_creation_token_details") is None:
        # Without them the provider may not have said, and LiteLLM writes 0.
        known = known._replace(cache_read=known.cache_read or None, cache_write=known.cache_write or None)
    elif (written := _written(details)) > (known.cache_write or 0):
        # Older releases keep of the beginning of a stream this alone, and write 0 for the rest.
        known = known._replace(cache_read=known.cache_read or None, cache_write=written)
    # LiteLLM writes 0 where nothing was said of thinking, and counts the words of what it can see.
    known = known._replace(reasoning=None if thinks else known.reasoning or None)
    steps = as_list(field(usage, "iterations"))
    own = [_as_anthropic_counts(step) for step in steps if field(step, "type") in _OWN]
    if len(own) < len(steps):
        # LiteLLM adds up what model and adviser used.
        return total(own)._replace(reasoning=known.reasoning)
    if known.input == (known.cache_read or 0) + (known.cache_write or 0):
        # Without the count of what was new this is the sum of what was cached alone; nothing tells it from a prompt that came from the
        # cache whole.
        known = known._replace(input=None)
    return known


def _as_anthropic_counts(counted: Any) -> Usage:
    """Return the tokens of a part of an answer in Anthropic's own words. A 0 may be filled in, as everywhere in LiteLLM."""
    return with_cache_beside(
        count(counted, "input_tokens") or None,
        count(counted, "output_tokens") or None,
        count(counted, "cache_read_input_tokens"),
        count(counted, "cache_creation_input_tokens"),
        cache_write_1h=count(field(counted, "cache_creation"), _LONG),
    )


def response_usage(usage: Any) -> Usage | None:
    """Return the tokens of an answer in the format of OpenAI's responses."""
    asked, answered = count(usage, "input_tokens") or None, count(usage, "output_tokens") or None
    if asked is None and answered is None:
        return None
    return Usage(
        input=asked,
        output=answered,
        cache_read=count(field(usage, "input_tokens_details"), "cached_tokens"),
        cache_write=count(field(usage, "input_tokens_details"), "cache_write_tokens"),
        reasoning=count(field(usage, "output_tokens_details"), "reasoning_tokens"),
        input_audio=count(field(usage, "input_tokens_details"), "audio_tokens"),
        output_audio=count(field(usage, "output_tokens_details"), "audio_tokens"),
    )


def message_usage(usage: Any) -> Usage | None:
    """Return the tokens of an answer in Anthropic's own format, whose totals leave out the summaries of a long conversation."""
    summaries = [step for step in as_list(field(usage, "iterations")) if field(step, "type") == "compaction"]
    known = total([_as_anthropic_counts(part) for part in (usage, *summaries)])
    if known.input is None and known.output is None:
        return None
    return known._replace(reasoning=count(field(usage, "output_tokens_details"), "thinking_tokens"))
