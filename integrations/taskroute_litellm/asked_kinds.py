"""What a LiteLLM request asks of a model beside the messages, in the words of the GenAI conventions. Imports nothing of LiteLLM."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from taskroute.addresses import server_of
from taskroute.cache.called import address_said
from taskroute.reading import as_count, as_list, as_mapping, as_text
from taskroute.registry.providers import split_model
from taskroute.types import NOTHING_SENT, Sent
from taskroute_litellm.conversation import Endpoint, fields_of
from taskroute_litellm.naming import PROVIDER_NAMES

_LIMITS: Final = ("max_completion_tokens", "max_output_tokens", "max_tokens")
_ADDRESSES: Final = ("base_url", "api_base")
"""Where an address stands; LiteLLM takes the first."""
_FORMATS: Final = ("response_format", "text_format", "output_format")
_SHAPING: Final = frozenset({*_FORMATS, "modalities", "text", "output_config"})
_THINKING: Final = frozenset({"reasoning_effort", "reasoning", "output_config"})
_PROMPTS: Final = frozenset({"prompt", "prompt_id"})


def asked_for(arguments: Mapping[str, Any], deployments: Sequence[Mapping[str, Any]], endpoint: Endpoint) -> Sent:
    """Return what is asked for over what each deployment has of its own: of several, only what is the same whichever answers."""
    limited = any(arguments.get(name) is not None for name in _LIMITS)
    ways: list[Sent] = []
    for own in deployments or ({},):
        # One limit is enough: that of the call stands in the place of whatever the deployment calls its own.
        kept = {name: value for name, value in own.items() if name not in _LIMITS} if limited else own
        ways.append(_of_one({**kept, **arguments, "model": own.get("model")}, endpoint))
    first, *others = ways
    if not others:
        return first
    agreed = {name: value for name, value in first._asdict().items() if all(getattr(way, name) == value for way in others)}
    return NOTHING_SENT._replace(**agreed)


def _of_one(given: Mapping[str, Any], endpoint: Endpoint) -> Sent:
    provider, model = model_of(given)
    address, port = _server(given, provider, model)
    found: dict[str, Any] = {"provider": provider, "model": model, "server_address": address, "server_port": port}
    for name, value in given.items():
        if name in _READ and value is not None:
            field, read = _READ[name]
            found[field] = read(value)
    if endpoint != "embedding":
        found["max_tokens"] = next((count for name in _LIMITS if (count := as_count(given.get(name))) is not None), None)
    if not _SHAPING.isdisjoint(given):
        found["output_type"] = _output_type(given)
    if not _THINKING.isdisjoint(given):
        found["reasoning_level"] = _effort(given)
    if not _PROMPTS.isdisjoint(given):
        found["prompt_name"], found["prompt_version"] = _prompt(given)
    return NOTHING_SENT._replace(**found)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _whole(value: Any) -> int | None:
    return value if type(value) is int else None


def _texts(given: Any) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple([each for each in as_list(given) if isinstance(each, str)])


_READ: Final[Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "temperature": ("temperature", _number),
    "top_p": ("top_p", _number),
    "top_k": ("top_k", as_count),
    "frequency_penalty": ("frequency_penalty", _number),
    "presence_penalty": ("presence_penalty", _number),
    "stop": ("stop_sequences", _texts),
    "stop_sequences": ("stop_sequences", _texts),
    "seed": ("seed", _whole),
    "n": ("choice_count", as_count),
    "previous_response_id": ("previous_response_id", as_text),
    "service_tier": ("service_tier", as_text),
    "dimensions": ("dimensions", as_count),
    "encoding_format": ("encoding_formats", _texts),
}
"""What of a request is told as it is: where, and how it is read."""


def _output_type(given: Mapping[str, Any]) -> str | None:
    """Return what kind of answer is asked for; None where the request leaves it to the model."""
    wanted = _texts(given.get("modalities"))
    for modality, kind in (("audio", "speech"), ("image", "image")):
        if modality in wanted:
            return kind
    inner = (as_mapping(given.get(name)).get("format") for name in ("text", "output_config"))
    said = next((each for each in (*map(given.get, _FORMATS), *inner) if each is not None), None)
    if said is None:
        return "text" if wanted == ("text",) else None
    return "text" if not isinstance(said, type) and fields_of(said).get("type") == "text" else "json"


def _effort(given: Mapping[str, Any]) -> str | None:
    """Return how much the model is to think, as the request has it."""
    said = given.get("reasoning_effort")
    places = (said, given.get("reasoning"), given.get("output_config"))
    return as_text(said) or next((text for place in places if (text := as_text(fields_of(place).get("effort")))), None)


def _prompt(given: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return name and version of the prompt that is kept elsewhere: by OpenAI, or by what LiteLLM fetches prompts from."""
    kept = as_mapping(given.get("prompt"))
    name, version = kept.get("id") or given.get("prompt_id"), kept.get("version") or given.get("prompt_version")
    found = as_text(name)
    return found, (str(version) if found and version is not None else None)


# The model


def model_of(params: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the provider of a deployment, where its parameters say so or LiteLLM's own lists do, and the provider's name of the model."""
    name, said = as_text(params.get("model")), as_text(params.get("custom_llm_provider"))
    if name is None:
        return said, None
    if "*" in name:
        return said, None
    provider, model = split_model(name)
    prefix, slash, rest = name.partition("/")
    if provider is None and slash and rest and (prefix in PROVIDER_NAMES or prefix in _known("provider_list")):
        provider, model = prefix, rest
    if provider is None and said is None:
        listed = as_text(as_mapping(as_mapping(_known("model_cost")).get(name)).get("litellm_provider"))
        provider = listed if listed in PROVIDER_NAMES else None
    return said or provider, model


def _known(name: str) -> Any:
    """Return a list of LiteLLM's, which has been imported wherever a call is one of its."""
    return getattr(sys.modules.get("litellm"), name, None) or ()


def _server(given: Mapping[str, Any], provider: str | None, model: str | None) -> tuple[str | None, int | None]:
    """Return host and port of the address that a model is at, without user and password; nothing where it is the provider's own."""
    said = next((text for name in _ADDRESSES if (text := as_text(given.get(name)))), None)
    everywhere = getattr(sys.modules.get("litellm"), "api_base", None)
    address = said or as_text(everywhere) or address_said(provider, model, os.environ)
    return (None, None) if address is None else server_of(address)
