"""What a LangChain request asks for, in the form that the key of its answer is made of."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, cast
from weakref import WeakKeyDictionary

from langchain_core.language_models import BaseChatModel

from taskroute import content
from taskroute.cache.called import address_said, called
from taskroute.cache.noise import overlaid
from taskroute.cache.state import depends_on_state
from taskroute.reading import as_mapping
from taskroute.registry.models import ModelSpec
from taskroute.stored import Asked
from taskroute_langchain.asked_messages import messages_asked
from taskroute_langchain.asked_model import AskedModel, model_asked
from taskroute_langchain.binding import LateTools, ToolView
from taskroute_langchain.building import expand, provider_of
from taskroute_langchain.expected import schema_of

_ADDRESSES: Final = ("base_url", "api_base", "openai_api_base", "anthropic_api_url", "endpoint")
_APART: Final = frozenset({"tools", "response_format", "ls_structured_output_format"})
_AS_GOOD_AS_ABSENT: Final = frozenset({"stop", "tool_choice"})
"""Arguments that LangChain hands over as None where nobody gives them: then the model's own hold."""

_schemas: Final[WeakKeyDictionary[type[Any], Any]] = WeakKeyDictionary()


class _Tools(NamedTuple):
    tools: Sequence[Mapping[str, Any]] = ()
    options: Mapping[str, Any] = {}


_bound: Final[dict[int, tuple[weakref.ref[LateTools], _Tools]]] = {}


def asked_of(
    model_input: Any, kwargs: Mapping[str, Any], *, spec: ModelSpec | None, model: BaseChatModel | None, schema: Any = None
) -> Asked | None:
    """Return what a request asks for; None of one whose answer depends on more than the request.

    `model` is the object that the user gave for the chosen name, None where `spec` says what is built. `schema` is what
    `with_structured_output` was given, alone or in a list with its options. What of `kwargs` the model has, too, wins over the model's.

    Raises ValueError for what is no input of a chat model, TypeError for a class without a JSON schema, ConfigurationError for a variable
    that is not set.
    """
    if spec is None and model is None:
        return None
    known = _built(cast("ModelSpec", spec)) if model is None else model_asked(model)
    name = f"{known.called} named {spec.name}" if known.is_open and spec is not None else known.called
    if not kwargs:
        tools, parameters, wanted = _Tools(), known.parameters, None
    else:
        tools = _tools(kwargs.get("tools"))
        given = {**tools.options, **{key: kwargs[key] for key in kwargs if kwargs[key] is not None or key not in _AS_GOOD_AS_ABSENT}}
        wanted = _format(given.get("response_format"))
        parameters = overlaid(known.parameters, {key: value for key, value in given.items() if key not in _APART})
    if depends_on_state(parameters, tools.tools):
        return None
    if schema is not None:
        wanted = {"structured": _schema(schema), "format": wanted}
    return Asked(messages_asked(model_input), tools.tools, wanted, _without_classes(parameters), name)


def _built(spec: ModelSpec) -> AskedModel:
    """Return what a model is that is built from its entry in the policy."""
    where = f"models.{spec.name}"
    given: Mapping[str, Any] = spec.params
    if given:
        given = {key: expand(value, f"{where}.params.{key}") for key, value in given.items()}
    address = spec.base_url or next((given[key] for key in _ADDRESSES if given.get(key)), None)
    rest = {key: value for key, value in given.items() if key not in _ADDRESSES and key != "model_kwargs"}
    provider = provider_of(spec) or given.get("model_provider")
    model_id = _expanded(spec.model_id, f"{where}.model")
    address = _expanded(address, f"{where}.base_url") or address_said(provider, model_id, os.environ)
    name = called(provider, model_id, address=address)
    return AskedModel(name, overlaid(rest, given.get("model_kwargs") or {}), False)


def _expanded(text: Any, where: str) -> Any:
    return expand(text, where) if text and "$" in text else text


# Tools


def _tools(given: Any) -> _Tools:
    if not given:
        return _Tools()
    if not isinstance(given, LateTools):
        views = [ToolView(tool) for tool in cast("Sequence[Any]", given)]
        return _Tools(_described(views))
    found = _bound.get(id(given))
    if found is None or found[0]() is not given:
        key = id(given)
        made = _Tools(_described(given), given.options)
        found = _bound[key] = weakref.ref(given, lambda _: _bound.pop(key, None)), made
    return found[1]


def _described(views: Sequence[ToolView]) -> list[Mapping[str, Any]]:
    """Return the tools in OpenAI's format, and what that leaves out of what a provider may be sent of them."""
    said = {view.texts[0] for view in views} | {title for view in views for title in _titles(view)}
    more = sorted({text for view in views for text in view.texts if text not in said})
    tools = [_with_extras(view) for view in views]
    if not more:
        return tools
    # Which of them says what, and in which order, is only in the schemas.
    kinds = [getattr(view.raw, "args_schema", None) for view in views]
    return [*tools, {"besides": more, "schemas": [_schema(kind) for kind in kinds if isinstance(kind, type | Mapping)]}]


def _with_extras(view: ToolView) -> Mapping[str, Any]:
    """Return a tool with what only some providers are sent of it, without marks for a provider's cache."""
    extras = as_mapping(getattr(view.raw, "extras", None))
    kept = {key: value for key, value in extras.items() if key != "cache_control"}
    return {**view, "extras": kept} if kept else dict(view)


def _titles(view: ToolView) -> Iterator[str]:
    """Yield the titles that are made of the names in a tool, and a word of the format: they say nothing of their own."""
    yield "schema"
    kind = getattr(view.raw, "args_schema", None)
    if isinstance(kind, type):
        yield kind.__name__
    for name in _property_names(dict(view)):
        yield name.replace("_", " ").title()


def _property_names(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in cast("Mapping[str, Any]", value).items():
            if key == "properties" and isinstance(inner, Mapping):
                yield from cast("Mapping[str, Any]", inner)
            yield from _property_names(inner)
    elif isinstance(value, list | tuple):
        for inner in cast("list[Any]", value):
            yield from _property_names(inner)


# Schemas


def _format(given: Any) -> Any:
    """Return a `response_format`; None for one that asks for text."""
    return None if given is None or given == {"type": "text"} else _schema(given)


def _schema(value: Any) -> Any:
    """Return a value with the JSON schema of each class in it."""
    if isinstance(value, type):
        kind = cast("type[Any]", value)
        found = _schemas.get(kind)
        if found is None:
            found = content.schema_of(kind, schema_of)
            if not found["schema"]:
                raise TypeError(f"the class {kind.__name__} has no JSON schema, by which alone it could be told from others")
            _schemas[kind] = found
        return found
    if isinstance(value, Mapping):
        return {key: _schema(inner) for key, inner in cast("dict[Any, Any]", value).items()}
    return [_schema(inner) for inner in cast("list[Any]", value)] if isinstance(value, list | tuple) else value


def _without_classes(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return parameters with the JSON schema of each class among them."""
    if not any(isinstance(value, type) for value in parameters.values()):
        return parameters
    return {key: _schema(value) if isinstance(value, type) else value for key, value in parameters.items()}
