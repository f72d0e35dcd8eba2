"""What a LiteLLM request asks for, in the form that the key of its answer is made of. Imports nothing of LiteLLM."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from taskroute.cache.called import address_said, called
from taskroute.cache.key import temperature_of
from taskroute.cache.noise import normal_parameters, overlaid
from taskroute.cache.state import depends_on_state
from taskroute.content import schema_of
from taskroute.reading import as_list
from taskroute.registry.models import ModelSpec
from taskroute.registry.providers import split_model
from taskroute.stored import Asked
from taskroute.types import NOTHING
from taskroute_litellm.asked_deployments import chosen_by, own_parameters
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
_ADDRESSES: Final = ("base_url", "api_base")
"""Where an address stands; LiteLLM takes the first, whoever says it."""
_APART: Final = frozenset({"model", "tools", "custom_llm_provider", *_ADDRESSES})


def asked_of(endpoint: Endpoint, arguments: Mapping[str, Any], *, spec: ModelSpec | None, params: Params | None = None) -> Asked | None:
    """Return what a request asks for; None of one whose answer depends on more than the request, or is none to keep.

    `params` are the `litellm_params` that the model is called with, several where it is a group of deployments; None where `spec` says
    them. The arguments of the call win over them.

    Raises TypeError for a class without a JSON schema, ConfigurationError for a variable of the policy that is not set.
    """
    operation = _OPERATIONS.get(endpoint)
    if operation is None or (spec is None and not params):
        return None
    messages = _messages(endpoint, arguments)
    if messages is None:
        return None
    formats = _FORMATS.get(endpoint, ())
    apart = _APART | _CONVERSATION[endpoint] | set(formats)
    kinds, besides = _ways(spec, params, arguments, {key: value for key, value in arguments.items() if key not in apart})
    if besides is None or any(depends_on_state(kind.parameters, _tools(arguments, kind.parameters)) for kind in kinds):
        return None
    name, parameters = _together(kinds, "" if spec is None else spec.name)
    wanted = next((value for key in formats if (value := _said(key, arguments, parameters)) is not None), None)
    rest = {key: _jsonable(value) for key, value in parameters.items() if key != "tools" and key not in formats}
    return Asked(messages, _tools(arguments, parameters), _format(wanted), {**rest, **besides}, name, operation)


def _said(name: str, arguments: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
    """Return what holds of a parameter: what the call says, also where that is None, else what the model has."""
    return arguments[name] if name in arguments else parameters.get(name)


def _tools(arguments: Mapping[str, Any], parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*map(fields_of, as_list(_said("tools", arguments, parameters)))]


# The model


class _Kind(NamedTuple):
    """One way in which a call may be answered."""

    name: str
    parameters: Mapping[str, Any]


def _ways(
    spec: ModelSpec | None, params: Params | None, arguments: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[Sequence[_Kind], Mapping[str, Any] | None]:
    """Return the ways in which a call may be answered, and what else of it says which of them; None where that cannot be told."""
    if isinstance(params, Sequence) and params:
        return _kinds(params, arguments, given), chosen_by(params, arguments)
    return (_of_model(spec, params or None, arguments, given),), NOTHING


def _of_model(spec: ModelSpec | None, params: Params | None, arguments: Mapping[str, Any], given: Mapping[str, Any]) -> _Kind:
    """Return what is called, and with what; the arguments win over what the model has of its own."""
    own: Mapping[str, Any] = cast("Mapping[str, Any]", params) if params is not None else litellm_params(cast("ModelSpec", spec))
    # LiteLLM puts the arguments over what it is told of a model, also those that are None.
    said = {name: _said(name, arguments, own) for name in ("custom_llm_provider", *_ADDRESSES)}
    provider = said["custom_llm_provider"]
    if not provider and spec is not None and spec.model_id is not None and own.get("model") == _written(spec):
        provider, model_id = spec.provider, spec.model_id
    else:
        split, model_id = _split(str(own.get("model") or ""))
        provider = provider or split
    address = next((said[name] for name in _ADDRESSES if said[name]), None) or _address_elsewhere(provider, model_id)
    rest = {key: value for key, value in own.items() if key not in _APART or key == "tools"}
    return _Kind(called(provider, model_id, address=address), overlaid(rest, given))


def _address_elsewhere(provider: str | None, model_id: str) -> str | None:
    """Return the address that LiteLLM or its environment gives every model of a provider."""
    everywhere = getattr(sys.modules.get("litellm"), "api_base", None)
    return str(everywhere) if everywhere else address_said(provider, model_id, os.environ)


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


def _kinds(deployments: Sequence[Mapping[str, Any]], arguments: Mapping[str, Any], given: Mapping[str, Any]) -> list[_Kind]:
    """Return the ways in which the deployments of a group answer a call, each once, in an order of their own."""
    if len(deployments) == 1:
        return [_of_model(None, own_parameters(deployments[0]), arguments, given)]
    found: dict[str, _Kind] = {}
    for deployment in deployments:
        kind = _of_model(None, own_parameters(deployment), arguments, given)
        plain = {key: _jsonable(value) for key, value in kind.parameters.items()}
        text = json.dumps([kind.name, normal_parameters(plain)], sort_keys=True, default=repr)
        found.setdefault(text, kind._replace(parameters=plain))
    return [found[text] for text in sorted(found)]


def _together(kinds: Sequence[_Kind], group: str) -> _Kind:
    """Return the deployments of a group as one: nobody knows before the call which of them answers.

    Where they differ, all of them are told, with the name of the group and the warmest of their temperatures.
    """
    names = sorted({kind.name for kind in kinds})
    if len(kinds) == 1:
        return kinds[0] if "*" not in names[0] else kinds[0]._replace(name=f"{names[0]} in group {group}")
    heats = [heat for kind in kinds if (heat := temperature_of(Asked((), parameters=kind.parameters))) is not None]
    told = [[kind.name, normal_parameters(kind.parameters)] for kind in kinds]
    # Infinity has no place in a key.
    heat = max(heats, default=None)
    return _Kind(f"{' | '.join(names)} in group {group}", {"deployments": told, "temperature": "unknown" if heat == math.inf else heat})


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
    if not isinstance(value, type):
        return fields_of(value) or value
    kind = cast("type[Any]", value)
    found = schema_of(kind, lambda _: {})
    if not found["schema"]:
        raise TypeError(f"the class {kind.__name__} has no JSON schema, by which alone it could be told from others")
    return found
