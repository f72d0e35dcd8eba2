"""What a LiteLLM request asks for, in the form that the key of its answer is made of. Imports nothing of LiteLLM."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from taskroute.cache.called import called
from taskroute.cache.noise import normal_parameters, overlaid
from taskroute.content import schema_of
from taskroute.reading import as_list
from taskroute.registry.models import ModelSpec
from taskroute.registry.providers import split_model
from taskroute.stored import Asked
from taskroute_litellm.conversation import Endpoint, fields_of
from taskroute_litellm.naming import PROVIDER_NAMES, litellm_model, litellm_params

Params = Mapping[str, Any] | Sequence[Mapping[str, Any]]

_OPERATIONS: Final[Mapping[Endpoint, str]] = {
    "completion": "chat",
    "text_completion": "text_completion",
    "responses": "responses",
    "messages": "messages",
}
_CONVERSATION: Final[Mapping[Endpoint, frozenset[str]]] = {
    "completion": frozenset({"messages"}),
    "text_completion": frozenset({"prompt"}),
    "responses": frozenset({"input", "instructions"}),
    "messages": frozenset({"messages", "system"}),
}
_FORMATS: Final[Mapping[Endpoint, tuple[str, ...]]] = {
    "completion": ("response_format",),
    "responses": ("text_format",),
    "messages": ("output_format",),
}
_ADDRESSES: Final = ("api_base", "base_url")
_APART: Final = frozenset({"model", "tools", "custom_llm_provider", *_ADDRESSES})
_STATE: Final = ("previous_response_id", "conversation", "background")
"""Parameters that make an answer depend on what the provider keeps, or leave it with the provider."""
_OF_ONE_DEPLOYMENT: Final = frozenset({*_ADDRESSES, "api_version", "region_name", "custom_llm_provider", "model"})
"""What deployments of a group may differ in: by its operator's word they are one model."""


def asked_of(endpoint: Endpoint, arguments: Mapping[str, Any], *, spec: ModelSpec | None, params: Params | None = None) -> Asked | None:
    """Return what a request asks for; None of one whose answer depends on more than the request, or is none to keep.

    `params` are the `litellm_params` that the model is called with, several where it is a group of deployments; None where `spec` says
    them. The arguments of the call win over them.

    Raises ConfigurationError for a variable of the policy that is not set.
    """
    operation = _OPERATIONS.get(endpoint)
    if operation is None or any(arguments.get(name) for name in _STATE):
        return None
    messages = _messages(endpoint, arguments)
    if messages is None or (spec is None and not params):
        return None
    name, own = _of_group(params) if isinstance(params, Sequence) and params else _of_model(spec, params or None, arguments)
    formats = _FORMATS.get(endpoint, ())
    apart = _APART | _CONVERSATION[endpoint] | set(formats)
    parameters = overlaid(own, {key: value for key, value in arguments.items() if key not in apart})
    if any(parameters.get(key) for key in _STATE):
        return None
    tools = arguments["tools"] if arguments.get("tools") is not None else parameters.get("tools")
    wanted = next((arguments[key] for key in formats if arguments.get(key) is not None), None)
    wanted = next((parameters[key] for key in formats if parameters.get(key) is not None), None) if wanted is None else wanted
    rest = {key: _jsonable(value) for key, value in parameters.items() if key != "tools" and key not in formats}
    return Asked(messages, [*map(fields_of, as_list(tools))], _format(wanted), rest, name, operation)


# The model


def _of_model(spec: ModelSpec | None, params: Params | None, arguments: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return what is called, and its own parameters."""
    own: Mapping[str, Any] = cast("Mapping[str, Any]", params) if params is not None else litellm_params(cast("ModelSpec", spec))
    said = (arguments, own)
    provider = next((given["custom_llm_provider"] for given in said if given.get("custom_llm_provider")), None)
    if provider is None and spec is not None and spec.model_id is not None and own.get("model") == _written(spec):
        provider, model_id = spec.provider, spec.model_id
    else:
        split, model_id = _split(str(own.get("model") or ""))
        provider = provider or split
    address = next((given[name] for given in said for name in _ADDRESSES if given.get(name)), None)
    return called(provider, model_id, address=address), {key: value for key, value in own.items() if key not in _APART or key == "tools"}


def _written(spec: ModelSpec) -> str | None:
    """Return what LiteLLM calls a model of the policy, where nothing in that has to be looked up."""
    return None if spec.model is None or spec.provider in (None, "litellm") else litellm_model(spec)


def _split(model: str) -> tuple[str | None, str]:
    """Return provider and id of a model as LiteLLM writes it."""
    provider, model_id = split_model(model)
    if provider is None:
        prefix, slash, rest = model.partition("/")
        if slash and rest and prefix in PROVIDER_NAMES:
            return prefix, rest
    return provider, model_id


def _of_group(deployments: Sequence[Mapping[str, Any]]) -> tuple[str, Mapping[str, Any]]:
    """Return what the deployments of a group are together, in whichever order, and their parameters.

    Where these differ, they are told as a whole: nobody knows before the call which of them answers.
    """
    names: set[str] = set()
    kinds: dict[str, Mapping[str, Any]] = {}
    for deployment in deployments:
        provider, model_id = _split(str(deployment.get("model") or ""))
        names.add(called(deployment.get("custom_llm_provider") or provider, model_id))
        rest = {key: _jsonable(value) for key, value in deployment.items() if key not in _OF_ONE_DEPLOYMENT}
        kinds.setdefault(json.dumps(normal_parameters(rest), sort_keys=True, default=str), rest)
    name = " | ".join(sorted(names))
    if len(kinds) == 1:
        return name, next(iter(kinds.values()))
    warmest = max((heat for rest in kinds.values() if isinstance(heat := rest.get("temperature"), int | float)), default=None)
    return name, {"deployments": sorted(kinds), "temperature": warmest}


# Messages


def _messages(endpoint: Endpoint, arguments: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """Return the conversation; None where there is none that can be told."""
    match endpoint:
        case "completion":
            return _each(arguments.get("messages"))
        case "messages":
            return _below(arguments.get("system"), _each(arguments.get("messages")))
        case "responses":
            given = arguments.get("input")
            return _below(arguments.get("instructions"), [_user(given)] if isinstance(given, str) else _each(given))
        case _:
            prompt = arguments.get("prompt")
            return [_user(prompt)] if isinstance(prompt, str) else None


def _each(given: Any) -> list[Mapping[str, Any]] | None:
    if not isinstance(given, list | tuple) or not given:
        return None
    messages = [_message(message) for message in cast("list[Any]", given)]
    return messages if all(messages) else None


def _message(given: Any) -> Mapping[str, Any]:
    """Return a message as a mapping, with the calls of tools that are objects of LiteLLM's as mappings, too."""
    fields = fields_of(given)
    calls = as_list(fields.get("tool_calls"))
    return fields if all(isinstance(call, Mapping) for call in calls) else {**fields, "tool_calls": [*map(fields_of, calls)]}


def _below(system: Any, messages: list[Mapping[str, Any]] | None) -> list[Mapping[str, Any]] | None:
    if not system or messages is None:
        return messages
    return [{"role": "system", "content": system if isinstance(system, str) else list(_parts(system))}, *messages]


def _parts(given: Any) -> Iterator[Any]:
    for part in as_list(given):
        yield part if isinstance(part, str) else fields_of(part)


def _user(text: str) -> Mapping[str, Any]:
    return {"role": "user", "content": text}


# Schemas


def _format(given: Any) -> Any:
    """Return a format of answers; None for one that asks for text."""
    return None if given is None or given == {"type": "text"} else _jsonable(given)


def _jsonable(value: Any) -> Any:
    """Return a value with the JSON schema of a class, and the fields of an object, in their place."""
    if value is None or isinstance(value, str | int | float | dict | list | tuple):
        return cast("Any", value)
    return schema_of(cast("type[Any]", value), lambda _: {}) if isinstance(value, type) else (fields_of(value) or value)
