"""The names that hosts give to a provider, each mapped to the one name used here and to the one in the price tables."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_SPELLINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "openai": (),
    "anthropic": (),
    "google": ("google_genai", "gemini", "google-gla", "gcp.gemini"),
    "vertex": ("google_vertexai", "vertex_ai", "vertexai", "google_anthropic_vertex", "google-vertex", "gcp.vertex_ai"),
    "azure": ("azure_openai", "az.ai.openai", "azure.ai.openai"),
    "azure_ai": ("az.ai.inference", "azure.ai.inference"),
    "bedrock": ("bedrock_converse", "amazon_bedrock", "anthropic_bedrock", "aws", "aws.bedrock"),
    "mistral": ("mistralai", "mistral_ai", "codestral"),
    "deepseek": (),
    "xai": ("x-ai", "x_ai"),
    "groq": (),
    "cohere": ("cohere_chat",),
    "perplexity": (),
    "together": ("together_ai",),
    "fireworks": ("fireworks_ai",),
    "ollama": ("ollama_chat",),
    "openrouter": (),
    "huggingface": (),
    "nvidia": ("nvidia_nim",),
    "ibm": ("watsonx",),
    "databricks": (),
    "baseten": (),
    "cerebras": (),
    "moonshotai": ("moonshot",),
    "litellm": (),
    "upstage": (),
}

PROVIDERS: Final[Mapping[str, str]] = MappingProxyType(
    {spelling: name for name, spellings in _SPELLINGS.items() for spelling in (name, *spellings)}
)
"""Every known spelling of a provider to the name used here."""

_PRICE_TABLE_NAMES: Final[Mapping[str, str]] = {"vertex": "google", "azure_ai": "azure", "bedrock": "aws", "xai": "x-ai"}

# A model is written `provider/id` by LiteLLM. Only its own spellings count: `mistralai/Mixtral-8x7B` is a whole id on other hosts.
_SLASH_PREFIXES: Final = frozenset(
    {
        "openai", "anthropic", "gemini", "vertex_ai", "azure", "azure_ai", "bedrock", "mistral", "deepseek", "xai", "groq",
        "cohere", "cohere_chat", "perplexity", "together_ai", "fireworks_ai", "ollama", "ollama_chat", "openrouter",
    }
)  # fmt: skip


def known_provider(spelling: str | None) -> str | None:
    """Return the name used here, or None when the provider is not known."""
    return None if spelling is None else PROVIDERS.get(spelling.strip().lower())


def spellings(spelling: str) -> tuple[str, ...]:
    """Return every name of the provider, the given one first; an unknown one has only its own."""
    given = spelling.strip().lower()
    name = PROVIDERS.get(given)
    return (given,) if name is None else tuple(dict.fromkeys((given, name, *_SPELLINGS[name])))


def price_table_name(spelling: str) -> str:
    """Return the id under which the price tables list the provider; an unknown one keeps its own name."""
    name = PROVIDERS.get(spelling.strip().lower(), spelling.strip().lower())
    return _PRICE_TABLE_NAMES.get(name, name)


def split_model(model: str) -> tuple[str | None, str]:
    """Return the provider as it was written (None for a bare name) and the model id without it."""
    prefix, colon, rest = model.partition(":")
    # `llama3.2:3b` and `anthropic.claude-v2:1` are bare ids with a colon in them.
    if colon and rest and "/" not in prefix and known_provider(prefix) is not None:
        return prefix, rest
    prefix, slash, rest = model.partition("/")
    if slash and rest and prefix in _SLASH_PREFIXES:
        return prefix, rest
    return None, model
