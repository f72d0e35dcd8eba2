"""What packages of providers always say beside an answer, as a served answer says it: counts of nothing, and fields that are blank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata

from taskroute.types import NOTHING

_AS_OPENAI: Final = frozenset({"openai", "mistralai", "groq", "deepseek", "xai", "fireworks", "together"})
"""Providers whose packages leave OpenAI's counts in the metadata of an answer."""


def nothing_used() -> UsageMetadata:
    """Return the usage of an answer that took no tokens."""
    return UsageMetadata(
        input_tokens=0,
        output_tokens=0,
        total_tokens=0,
        input_token_details=InputTokenDetails(audio=0, cache_creation=0, cache_read=0),
        output_token_details=OutputTokenDetails(audio=0, reasoning=0),
    )


def counts_of_nothing(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the provider's own counts, all 0, by the name under which its package puts them into the metadata `about`."""
    provider = about.get("model_provider")
    if provider in _AS_OPENAI and about.get("object") != "response":
        return {
            "token_usage": {
                "completion_tokens": 0,
                "prompt_tokens": 0,
                "total_tokens": 0,
                "completion_tokens_details": {"audio_tokens": 0, "reasoning_tokens": 0},
                "prompt_tokens_details": {"audio_tokens": 0, "cached_tokens": 0},
            }
        }
    if provider == "anthropic":
        return {"usage": {"input_tokens": 0, "output_tokens": 0, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}}
    return {}


def blank_metadata(provider: str | None, model: str | None) -> Mapping[str, Any]:
    """Return fields that a provider's package leaves in the metadata of a plain answer, and that say nothing of it."""
    if provider == "openai":
        return {"logprobs": None}
    if provider == "anthropic":
        return {"container": None, "stop_details": None, "stop_sequence": None, **({} if model is None else {"model": model})}
    return {"safety_ratings": []} if provider == "google_genai" else NOTHING


def blank_extras(provider: str | None) -> dict[str, Any]:
    """Return fields beside a provider's message that are there and blank for a plain answer."""
    return {"refusal": None} if provider == "openai" else {}
