"""What a chat model is asked for beside the messages: by the arguments of the call, and by its own settings where these say nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage

from taskroute.addresses import server_of
from taskroute.reading import as_list, as_mapping, as_text
from taskroute.registry.providers import split_model
from taskroute.types import Sent

_MAX_TOKENS: Final = ("max_completion_tokens", "max_output_tokens", "max_tokens", "max_tokens_to_sample", "max_new_tokens", "num_predict")
_NESTED: Final = ("extra_body", "generation_config", "model_kwargs")
"""Arguments that hold others, and win over those beside them."""
_CLIENTS: Final = ("root_client", "client", "_client")
_ADDRESSES: Final = ("azure_endpoint", "base_url", "openai_api_base", "anthropic_api_url", "api_base", "endpoint_url", "endpoint")
_JSON: Final = "application/json"
_SCHEMAS: Final = ("response_schema", "response_json_schema", "output_format", "format")
"""Arguments that ask for JSON by being there, in the words of Google, Anthropic and Ollama."""
_BY_MODALITY: Final = (("AUDIO", "speech"), ("IMAGE", "image"))
_ANY_HOST: Final = "litellm"
"""What calls any provider, and writes whose model it is before the name."""


class _Given(NamedTuple):
    """Where an argument may be said, that which wins first."""

    sources: tuple[Mapping[str, Any], ...]

    def first(self, *names: str) -> Any:
        """Return what is said first under one of these names; None where nothing is."""
        for source in self.sources:
            for name in names:
                value = source.get(name)
                if value is not None:
                    return value
        return None

    def number(self, *names: str) -> float | None:
        value = self.first(*names)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def whole(self, *names: str) -> int | None:
        value = self.first(*names)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def text(self, *names: str) -> str | None:
        value = self.first(*names)
        return as_text(getattr(value, "value", value))


def sent_by(model: BaseChatModel, kwargs: Mapping[str, Any], messages: Sequence[BaseMessage] = (), *, as_json: bool = False) -> Sent:
    """Return what a chat model is asked for by `kwargs`, and by its own settings. `as_json` says that an answer in a schema is asked for.

    A model of a class that is not known says what it says under the usual names.
    """
    fields = _fields_of(model)
    traced = _traced(model, kwargs)
    given = _Given(tuple(_sources(kwargs, fields, traced)))
    provider, name = _who(traced, given)
    found = _address(fields)
    address, port = (None, None) if found is None else server_of(found)
    return Sent(
        temperature=given.number("temperature"),
        top_p=given.number("top_p"),
        top_k=given.whole("top_k"),
        max_tokens=given.whole(*_MAX_TOKENS),
        frequency_penalty=given.number("frequency_penalty"),
        presence_penalty=given.number("presence_penalty"),
        stop_sequences=_stops(given.first("stop", "stop_sequences")),
        seed=given.whole("seed", "random_seed"),
        choice_count=given.whole("n", "candidate_count"),
        output_type=_output_type(given, as_json=as_json),
        reasoning_level=_level(given),
        previous_response_id=given.text("previous_response_id") or _previous(fields, messages),
        service_tier=given.text("service_tier"),
        provider=provider,
        model=name,
        server_address=address,
        server_port=port,
    )


# Where it is said


def _fields_of(model: BaseChatModel) -> Mapping[str, Any]:
    """Return the fields of a model, without asking its properties, of which any may do anything."""
    extra = model.__pydantic_extra__
    return {**extra, **model.__dict__} if extra else model.__dict__


def _sources(*places: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for place in places:
        for name in _NESTED:
            nested = as_mapping(place.get(name))
            if nested:
                yield nested
        if place:
            yield place


def _traced(model: BaseChatModel, kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a model tells LangChain's traces of itself, under the usual names."""
    named = {"model": kwargs["model"]} if isinstance(kwargs.get("model"), str) else {}
    try:
        said = cast("Mapping[str, Any]", model._get_ls_params(**named))  # pyright: ignore[reportPrivateUsage]
    except Exception:  # noqa: BLE001 - its fields are left
        return {}
    return {name.removeprefix("ls_"): value for name, value in said.items() if value is not None}


# Who is asked


def _who(traced: Mapping[str, Any], given: _Given) -> tuple[str | None, str | None]:
    """Return the provider, and its name of the model."""
    provider, name = as_text(traced.get("provider")), as_text(traced.get("model_name"))
    if provider != _ANY_HOST or name is None:
        return provider, name
    said = given.text("custom_llm_provider")
    if said is not None:
        return said, name.removeprefix(f"{said}/")
    owner, rest = split_model(name)
    return owner or provider, rest


def _address(fields: Mapping[str, Any]) -> str | None:
    """Return the address that a model calls: as its client has it, else as it was said."""
    for name in _CLIENTS:
        found = _address_of(fields.get(name))
        if found is not None:
            return found
    return next((str(fields[name]) for name in _ADDRESSES if isinstance(fields.get(name), str) and fields[name]), None)


def _address_of(client: Any) -> str | None:
    """Return the address that a client has; None where it says none."""
    if client is None:
        return None
    options = getattr(getattr(client, "_api_client", None), "_http_options", None)
    for holder in (client, getattr(client, "_client", None), getattr(client, "meta", None), options):
        for name in ("base_url", "endpoint_url"):
            found = str(getattr(holder, name, None) or "")
            if "://" in found:
                return found
    return None


# What is asked


def _stops(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple([each for each in as_list(value) if isinstance(each, str)])


def _level(given: _Given) -> str | None:
    """Return how much the model is to think, where a word says it; a number of tokens is none."""
    level = given.text("effort", "reasoning_effort", "thinking_level")
    if level is not None:
        return level
    for name, key in (("reasoning", "effort"), ("output_config", "effort"), ("thinking_config", "thinking_level")):
        value = given.first(name)
        found = as_text(as_mapping(value).get(key)) or (as_text(value) if name == "reasoning" else None)
        if found is not None:
            return found
    return None


def _output_type(given: _Given, *, as_json: bool) -> str | None:
    modalities = [str(getattr(each, "value", each)).upper() for each in as_list(given.first("modalities", "response_modalities"))]
    for modality, called in _BY_MODALITY:
        if modality in modalities:
            return called
    wanted = given.first("response_format")
    kind = as_mapping(wanted).get("type")
    if as_json or (wanted is not None and kind != "text"):
        return "json"
    if given.first("response_mime_type") == _JSON or as_mapping(given.first("output_config")).get("format") is not None:
        return "json"
    if any(_is_schema(given.first(name)) for name in _SCHEMAS):
        return "json"
    return "text" if kind == "text" else None


def _is_schema(value: Any) -> bool:
    return value == "json" or isinstance(value, Mapping | type)


def _previous(fields: Mapping[str, Any], messages: Sequence[BaseMessage]) -> str | None:
    """Return the id of the answer that OpenAI's package refers to in the place of the messages up to it."""
    if fields.get("use_previous_response_id") is not True:
        return None
    for message in reversed(messages):
        found = message.response_metadata.get("id") if isinstance(message, AIMessage) else None
        if isinstance(found, str) and found.startswith("resp_"):
            return found
    return None
