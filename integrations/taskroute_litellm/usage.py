"""The tokens in LiteLLM's answers, as far as the provider reported them. What LiteLLM counted, or filled in with 0, is None."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from taskroute.types import Usage

_COUNTS: Final = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


def field(value: Any, name: str) -> Any:
    """Return a field of an object or of a mapping; None where there is none."""
    return cast("Mapping[str, Any]", value).get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def count(value: Any, *names: str) -> int | None:
    """Return the first of these fields that is a whole number."""
    for name in names:
        found = field(value, name)
        if isinstance(found, int) and not isinstance(found, bool):
            return found
    return None


def completion_usage(usage: Any, *, provider: str | None = None, thinks: bool = False) -> Usage | None:
    """Return the tokens of a completion. `thinks` says whether the answer shows what was thought.

    LiteLLM writes 0 for a count that it was not given. No prompt and no answer has 0 tokens, so there 0 means unknown.
    """
    asked, answered, total = (count(usage, name) or None for name in ("prompt_tokens", "completion_tokens", "total_tokens"))
    if asked is None and answered is None:
        return None
    given: Any = field(usage, "prompt_tokens_details")
    by_google = count(given, "tool_use_tokens") or 0
    if by_google and asked and answered and total == asked + answered + by_google:
        # What Google's own tools put into the prompt. LiteLLM leaves out what is not billed; the model read it all the same.
        asked += by_google
    if asked and answered and (total or 0) > asked + answered:
        # Some hosts leave what was thought out of the answer's tokens, and have it in the total.
        answered = None
    read, cached = count(given, "cached_tokens"), count(usage, "num_cached_tokens")
    known = Usage(
        input=asked,
        output=answered,
        cache_read=cached if read is None else read,
        cache_write=count(given, "cache_write_tokens", "cache_creation_tokens"),
        reasoning=count(field(usage, "completion_tokens_details"), "reasoning_tokens"),
    )
    if provider == "anthropic" or hasattr(usage, "iterations") or count(usage, "cache_creation_input_tokens") is not None:
        return _as_for_anthropic(known, usage, given, thinks=thinks)
    if thinks and (provider or "").startswith("bedrock"):
        # LiteLLM counts the words of what was thought.
        known = known._replace(reasoning=None)
    return known


def _as_for_anthropic(known: Usage, usage: Any, given: Any, *, thinks: bool) -> Usage:
    """Correct what LiteLLM adds up for Anthropic's models, wherever they run."""
    if field(given, "cache_creation_token_details") is None:
        # Without them the provider may not have said, and LiteLLM writes 0.
        known = known._replace(cache_read=known.cache_read or None, cache_write=known.cache_write or None)
    # LiteLLM writes 0 where nothing was said of thinking, and counts the words of what it can see.
    known = known._replace(reasoning=None if thinks else known.reasoning or None)
    iterations: list[Any] = field(usage, "iterations") or []
    own = [each for each in iterations if field(each, "type") in ("message", "compaction")]
    if len(own) < len(iterations):
        # An adviser is another model, at another price: LiteLLM adds up what both used.
        new, spent, read, written = (sum(count(each, name) or 0 for each in own) for name in _COUNTS)
        return Usage(new + read + written, spent, read, written, known.reasoning)
    if known.input == (known.cache_read or 0) + (known.cache_write or 0):
        # No prompt comes from the cache whole: the count of what did not is missing from this sum.
        known = known._replace(input=None)
    return known


def response_usage(usage: Any) -> Usage | None:
    """Return the tokens of an answer in the format of OpenAI's responses."""
    asked, answered = count(usage, "input_tokens") or None, count(usage, "output_tokens") or None
    if asked is None and answered is None:
        return None
    given, spent = field(usage, "input_tokens_details"), field(usage, "output_tokens_details")
    return Usage(
        input=asked,
        output=answered,
        cache_read=count(given, "cached_tokens"),
        cache_write=count(given, "cache_write_tokens"),
        reasoning=count(spent, "reasoning_tokens"),
    )


def message_usage(usage: Any) -> Usage | None:
    """Return the tokens of an answer in Anthropic's own format, whose totals leave out the summaries of a long conversation."""
    parts = [usage, *(each for each in field(usage, "iterations") or () if field(each, "type") == "compaction")]
    new, spent, read, written = (_sum(count(part, name) for part in parts) for name in _COUNTS)
    if not new and not spent:
        return None
    thought = count(field(usage, "output_tokens_details"), "thinking_tokens")
    return Usage(new + (read or 0) + (written or 0) if new else None, spent or None, read, written, thought)


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [each for each in counts if each is not None]
    return sum(known) if known else None
