"""The key of an answer: equal for requests of the same meaning, in whatever host they are made. Pure."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from taskroute.cache.noise import UNSET, normal_parameters
from taskroute.cache.normal import normal_messages, normal_tool, tool_name
from taskroute.stored import Asked, Terms

KEY_VERSION: Final = 1
"""Another one leaves all earlier answers behind."""

_encode: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"), check_circular=False).encode
_SAME: Final = (str, int)
_LISTS: Final = (list, tuple)
_BODIES: Final = ("extra_body", "generation_config")
_TEMPERATURE: Final = "temperature"
_NO_PARAMETERS: Final = frozenset({"properties", "$defs", "definitions", "metadata", "default_metadata", "logit_bias"})
_DEEP: Final = 8
_IN_ORDER: Final = "properties"
"""The field of a schema whose order counts: models write an answer in the order of its properties."""


def cache_key(asked: Asked, terms: Terms) -> str:
    """Return the key of a request on its terms: 64 hexadecimal digits.

    Raises TypeError for what cannot be told in JSON: bytes, sets, NaN, infinite numbers, keys that are no text, values that hold
    themselves. Such a request is none for the cache.
    """
    names = {name for tool in asked.tools if (name := tool_name(tool)) is not None} if asked.tools else ()
    try:
        text = _encode(
            [
                KEY_VERSION,
                terms.namespace,
                {name: _owner(value) for name, value in terms.scope.items()},
                asked.operation,
                asked.model,
                _plain(normal_messages(asked.messages)),
                [_ordered(normal_tool(tool)) for tool in asked.tools],
                _ordered(asked.schema),
                _ordered(normal_parameters(asked.parameters, names)),
            ]
        )
    except (ValueError, RecursionError) as error:
        raise TypeError(f"the request cannot be told in JSON ({error}), so it has no key") from error
    return hashlib.sha256(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def temperature_of(asked: Asked) -> float | None:
    """Return the temperature that a request asks for; None where it asks for none, infinity where nobody can read it."""
    found = asked.parameters
    if not found:
        return None
    # A provider is sent what stands in `extra_body` in the place of the parameter.
    for place in _BODIES:
        inner = found.get(place)
        heat = _heat(cast("Mapping[str, Any]", inner).get(_TEMPERATURE)) if isinstance(inner, Mapping) else None
        if heat is not None:
            return heat
    heats = [heat for name in (_TEMPERATURE, _TEMPERATURE + UNSET) if (heat := _heat(found.get(name))) is not None]
    for name, value in found.items():
        if isinstance(value, Mapping):
            heats.extend(_heats_in(name, value))
    return max(heats, default=None)


def _heat(value: Any) -> float | None:
    """Return a temperature as a number. A text that is none, such as the name of a variable, may be any."""
    if value is None:
        return None
    try:
        heat = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return math.inf
    return math.inf if math.isnan(heat) else heat


def _heats_in(name: str, value: Any, depth: int = 0) -> Iterator[float]:
    """Yield the temperatures in a mapping of parameters, as some providers have it; the properties of a schema are none."""
    if not isinstance(value, Mapping) or name in _NO_PARAMETERS or depth > _DEEP:
        return
    for key, inner in cast("dict[Any, Any]", value).items():
        if key == _TEMPERATURE and (heat := _heat(inner)) is not None:
            yield heat
        elif isinstance(inner, Mapping):
            yield from _heats_in(str(key), inner, depth + 1)


def _plain(value: Any) -> Any:
    """Return a value of JSON in the one form of it: equal numbers are the same, keys are texts."""
    if value is None or isinstance(value, _SAME):
        return value
    if isinstance(value, _LISTS):
        return [_plain(inner) for inner in cast("list[Any]", value)]
    if isinstance(value, Mapping):
        found: dict[str, Any] = {}
        for key, inner in cast("dict[Any, Any]", value).items():
            found[key if type(key) is str else _text(key)] = inner if type(inner) is str else _plain(inner)
        return found
    return _number(value)


def _owner(value: Any) -> Any:
    """Return a value of the scope so that a text is told from a number or a truth that reads the same."""
    return value if type(value) is str else [type(value).__name__, _plain(value)]


def _ordered(value: Any) -> Any:
    """Return tools, a schema or parameters in the one form of it, with the order of the properties of each schema."""
    if value is None or isinstance(value, _SAME):
        return value
    if isinstance(value, Mapping):
        found: dict[str, Any] = {}
        for key, inner in cast("dict[Any, Any]", value).items():
            name = key if type(key) is str else _text(key)
            found[name] = inner if type(inner) is str else _pairs(inner) if name == _IN_ORDER else _ordered(inner)
        return found
    if isinstance(value, _LISTS):
        return [_ordered(inner) for inner in cast("list[Any]", value)]
    return _number(value)


def _pairs(properties: Any) -> Any:
    if not isinstance(properties, Mapping):
        return _ordered(properties)
    return {"": [[_text(name), _ordered(schema)] for name, schema in cast("dict[Any, Any]", properties).items()]}


def _text(key: Any) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    raise TypeError(f"a key of type {type(key).__name__} cannot be in the key of a cache; keys of mappings are texts")


def _number(value: Any) -> Any:
    """Return a number so that equal ones are the same; leave what the encoder knows, or refuses."""
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return value
