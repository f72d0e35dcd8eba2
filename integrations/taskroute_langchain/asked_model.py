"""What a chat model that the user gave is, and which of its parameters change its answers."""

from __future__ import annotations

import contextlib
import sys
import weakref
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, cast

from langchain_core.language_models import BaseChatModel

from taskroute.cache.called import called
from taskroute.cache.noise import overlaid
from taskroute.reading import as_list, as_mapping
from taskroute_langchain.asked_class import UNSET, Shape, shape_of
from taskroute_langchain.asked_values import Values, class_name

_FALLBACK_LIMIT: Final = 4096
_SCALARS: Final = frozenset({str, int, float, bool})
_FIELDS: Final = "fields of the class"
"""Under which name the fields stand that a user's class declares: there, no word is known to be noise."""


class AskedModel(NamedTuple):
    """What is called, and with what besides the request."""

    called: str
    parameters: Mapping[str, Any]
    is_open: bool
    """Whether there may be more to it than its class and its fields say, so that another model of its class may be another model."""


class _Known(NamedTuple):
    model: weakref.ref[BaseChatModel]
    reader: Values
    values: list[Any]
    asked: AskedModel


_known: Final[dict[int, _Known]] = {}


def model_asked(model: BaseChatModel) -> AskedModel:
    """Return what a chat model is: its class and name, its address, and every field that changes its answers. No secrets.

    What a provider's official class fills in by itself is as good as absent. Whatever was changed since the last call counts.
    """
    key, shape = id(model), shape_of(type(model))
    known = _known.get(key)
    ours = known is not None and known.model() is model
    reader = known.reader if known is not None and ours else Values(_inner)
    values = [reader.stamp(value) for value in _watched(model, shape, reader)]
    if known is not None and ours and _same(known.values, values):
        return known.asked
    asked = _described(model, shape, reader)
    with contextlib.suppress(TypeError):
        _known[key] = _Known(weakref.ref(model, lambda gone: _forget(key, gone)), reader, values, asked)
    return asked


def _forget(key: int, gone: object) -> None:
    known = _known.get(key)
    if known is not None and known.model is gone:
        del _known[key]


def _inner(value: Any) -> Any:
    """Return what a chat model inside another one is; None of anything else."""
    return list(model_asked(value)) if isinstance(value, BaseChatModel) else None


def _watched(model: BaseChatModel, shape: Shape, reader: Values) -> list[Any]:
    """Return what a description stands on."""
    found = model.__dict__
    values = [found.get(name) for name in shape.fields]
    if shape.has_client:
        values.append(_address_of(found.get("root_client")))
    if model.__pydantic_extra__:
        values.append(model.__pydantic_extra__)
    if shape.is_own:
        values.extend(value for _, value in _own(model, shape, reader))
    return values


def _same(old: list[Any], new: list[Any]) -> bool:
    return len(old) == len(new) and all(map(_equal, old, new))


def _equal(old: Any, new: Any) -> bool:
    return old is new or (type(old) is type(new) and type(old) in _SCALARS and bool(old == new))


def _own(model: BaseChatModel, shape: Shape, reader: Values) -> Iterator[tuple[str, Any]]:
    """Yield what is in a model of a user's class by that class: fields, private attributes, what was put there past both."""
    found = model.__dict__
    for name in shape.own:
        yield name, reader.without_notes(name, found.get(name))
    private = model.__pydantic_private__
    if private:
        for name in shape.private:
            if name in private:
                yield name, reader.without_notes(name, private[name])
    if len(found) > shape.size:
        yield from [(name, value) for name, value in found.items() if name not in shape.known]


def _described(model: BaseChatModel, shape: Shape, reader: Values) -> AskedModel:
    given: dict[str, Any] = {}
    fields = {name: model.__dict__.get(name) for name in shape.fields}
    extra = model.__pydantic_extra__ or {}
    for name, value in (fields if shape.is_own else {**fields, **extra}).items():
        if value is not None and (shape.official is None or _is_set(model, shape, name, value)):
            plain = reader.read(value)
            if plain not in (None, {}, []):
                given[name] = plain
    given = dict(overlaid(given, as_mapping(given.pop("model_kwargs", None))))
    address = _address_of(model.__dict__.get("root_client")) if shape.has_client else None
    if shape.official is not None:
        return _official(model, given, shape.official, address)
    if address is not None:
        given["root_client"] = address
    if shape.is_own:
        given[_FIELDS] = {name: reader.read(value) for name, value in [*_own(model, shape, reader), *extra.items()]}
    return AskedModel(called(*_named(model), besides=_class_of(type(model), reader)), given, True)


def _class_of(kind: type[BaseChatModel], reader: Values) -> str:
    name = class_name(kind, reader)
    if kind.__module__ != "__main__":
        return name
    # Every script has classes of this module.
    place = getattr(sys.modules.get("__main__"), "__file__", None)
    return f"{name} in {place or reader.token(kind)['object']}"


def _official(model: BaseChatModel, given: Mapping[str, Any], official: tuple[str, str, str], address: str | None) -> AskedModel:
    provider, model_field, address_field = official
    rest = {name: value for name, value in given.items() if name not in (model_field, address_field)}
    if provider == "anthropic" and rest.get("max_tokens") == ((model.profile or {}).get("max_output_tokens") or _FALLBACK_LIMIT):
        # As many as there can be, which the class writes into every model.
        del rest["max_tokens"]
    held = model.__dict__
    model_id = str(given.get(model_field) or held.get(model_field) or "").removeprefix("models/")
    where = address or held.get(address_field)
    return AskedModel(called(provider, model_id, address=None if where is None else str(where)), rest, _is_foreign(rest))


def _is_foreign(value: Any) -> bool:
    """Return whether there is an object in a value that nobody can read."""
    if isinstance(value, Mapping):
        fields = cast("dict[str, Any]", value)
        return [*fields] == ["object"] or any(map(_is_foreign, fields.values()))
    return any(map(_is_foreign, as_list(value)))


def _address_of(client: Any) -> str | None:
    """Return the address that a client of OpenAI's calls, whoever said it: a field, or a variable when it was made."""
    found = getattr(client, "base_url", None)
    return None if found is None else str(found)


def _is_set(model: BaseChatModel, shape: Shape, name: str, value: Any) -> bool:
    """Return whether somebody set a field: to something else than its default, or to that."""
    default = shape.fields.get(name, UNSET)
    return name in model.model_fields_set or type(value) is not type(default) or bool(value != default)


def _named(model: BaseChatModel) -> tuple[str | None, str]:
    """Return the provider and the id of a model as it tells them for traces."""
    try:
        said = cast("Mapping[str, Any]", model._get_ls_params())  # pyright: ignore[reportPrivateUsage]
    except Exception:  # noqa: BLE001 - its class and fields tell it from others
        return None, ""
    return said.get("ls_provider") or "", str(said.get("ls_model_name") or "")
