"""What a chat model that the user gave is, and which of its parameters change its answers."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, NamedTuple, cast
from weakref import WeakKeyDictionary

from langchain_core.language_models import BaseChatModel
from pydantic import BaseModel, SecretBytes, SecretStr

from taskroute.cache.called import called
from taskroute.cache.noise import is_noise, overlaid
from taskroute.content import schema_of
from taskroute.reading import as_mapping

_OFFICIAL: Final[Mapping[str, tuple[str, str, str]]] = {
    "langchain_openai.ChatOpenAI": ("openai", "model_name", "openai_api_base"),
    "langchain_anthropic.ChatAnthropic": ("anthropic", "model", "anthropic_api_url"),
    "langchain_google_genai.ChatGoogleGenerativeAI": ("google", "model", "base_url"),
    "langchain_mistralai.ChatMistralAI": ("mistral", "model", "endpoint"),
}
"""Classes that are what a policy's entry is built as: the provider, and the fields for the model's id and its address."""
_LEFT_OUT: Final = frozenset({"name", "profile", "root_client", "root_async_client"})
_COUNTED: Final = frozenset({"i", "sleep"})
"""Fields of LangChain's own fakes that say where in their answers they are."""
_FALLBACK_LIMIT: Final = 4096
_UNSET: Final = object()
_SCALARS: Final = frozenset({str, int, float, bool})
_COMPARED: Final = (str, int, float, type)
_CONTAINERS: Final = (list, tuple, dict, BaseModel)


class AskedModel(NamedTuple):
    """What is called, and with what besides the request."""

    called: str
    parameters: Mapping[str, Any]
    is_open: bool
    """Whether there are fields whose objects nobody can compare, so that another model of its class may be another model."""


class _ForeignError(Exception):
    """A value that is none of JSON's, nor made of such."""


class _Known(NamedTuple):
    model: weakref.ref[BaseChatModel]
    values: list[Any]
    asked: AskedModel


_known: Final[dict[int, _Known]] = {}
_defaults: Final[WeakKeyDictionary[type[BaseChatModel], Mapping[str, Any]]] = WeakKeyDictionary()


def model_asked(model: BaseChatModel) -> AskedModel:
    """Return what a chat model is: its class and name, its address, and every field that changes its answers. No secrets.

    What its class fills in by itself is as good as absent. A field that was changed since the last call counts.
    """
    values = _values(model)
    known = _known.get(id(model))
    if known is not None and known.model() is model and _same(known.values, values):
        return known.asked
    asked = _described(model)
    key = id(model)
    with contextlib.suppress(TypeError):
        _known[key] = _Known(weakref.ref(model, lambda _: _known.pop(key, None)), values, asked)
    return asked


def _values(model: BaseChatModel) -> list[Any]:
    """Return what a description stands on."""
    kind, found = type(model), model.__dict__
    values = [found.get(name) for name in _fields_of(kind)]
    if model.__pydantic_extra__:
        values.append(repr(model.__pydantic_extra__))
    texts = _name_of(kind) in _OFFICIAL
    for at, value in enumerate(values):
        if value is not None and type(value) not in _SCALARS:
            values[at] = _stamp(value, texts=texts)
    return values


def _stamp(value: Any, *, texts: bool) -> Any:
    """Return what stands for a value that is more than a text or a number: its own text, for what may change in place.

    Lists that a class of the user's keeps its own notes in stay the same however they grow.
    """
    if isinstance(value, _CONTAINERS):
        return cast("object", repr(cast("object", value)) if texts else value)
    return cast("object", value if isinstance(value, _COMPARED) else type(value))


def _same(old: list[Any], new: list[Any]) -> bool:
    return len(old) == len(new) and all(map(_equal, old, new))


def _equal(old: Any, new: Any) -> bool:
    return old is new or (type(old) is type(new) and type(old) in _SCALARS and bool(old == new))


def _name_of(kind: type[BaseChatModel]) -> str:
    """Return package and name of a class."""
    return f"{kind.__module__.split('.', 1)[0]}.{kind.__name__}"


def _fields_of(kind: type[BaseChatModel]) -> Mapping[str, Any]:
    """Return the fields of a class that may change an answer, with their defaults."""
    found = _defaults.get(kind)
    if found is None:
        out = _LEFT_OUT | _COUNTED if kind.__module__.startswith("langchain_core.") else _LEFT_OUT
        fields = {name: field for name, field in kind.model_fields.items() if name not in out and not is_noise(name)}
        found = _defaults[kind] = {name: _default(field) for name, field in fields.items()}
    return found


def _default(field: Any) -> Any:
    try:
        return field.get_default(call_default_factory=True, validated_data={})
    except Exception:  # noqa: BLE001 - a factory of the user's; then every value counts as set
        return _UNSET


def _described(model: BaseChatModel) -> AskedModel:
    kind = type(model)
    given: dict[str, Any] = {}
    is_open = False
    values = {name: model.__dict__.get(name) for name in _fields_of(kind)}
    for name, value in {**values, **(model.__pydantic_extra__ or {})}.items():
        if value is None or is_noise(name) or not _is_set(model, name, value):
            continue
        try:
            plain = _plain(value)
        except _ForeignError:
            is_open = True
            continue
        if plain not in (None, {}, []):
            given[name] = plain
    given = dict(overlaid(given, as_mapping(given.pop("model_kwargs", None))))
    official = _OFFICIAL.get(_name_of(kind))
    if official is not None:
        return _official(model, given, *official)._replace(is_open=is_open)
    provider, model_id = _named(model)
    besides = f"{kind.__module__}.{kind.__qualname__}"
    return AskedModel(called(provider, model_id, besides=besides), given, is_open)


def _official(model: BaseChatModel, given: Mapping[str, Any], provider: str, model_field: str, address_field: str) -> AskedModel:
    rest = {name: value for name, value in given.items() if name not in (model_field, address_field)}
    if provider == "anthropic" and rest.get("max_tokens") == ((model.profile or {}).get("max_output_tokens") or _FALLBACK_LIMIT):
        # As many as there can be, which the class writes into every model.
        del rest["max_tokens"]
    model_id = str(given.get(model_field) or "").removeprefix("models/")
    return AskedModel(called(provider, model_id, address=given.get(address_field)), rest, False)


def _is_set(model: BaseChatModel, name: str, value: Any) -> bool:
    """Return whether somebody set a field: to something else than its default, or to that."""
    default = _fields_of(type(model)).get(name, _UNSET)
    return name in model.model_fields_set or type(value) is not type(default) or bool(value != default)


def _named(model: BaseChatModel) -> tuple[str | None, str]:
    """Return the provider and the id of a model as it tells them for traces."""
    try:
        said = cast("Mapping[str, Any]", model._get_ls_params())  # pyright: ignore[reportPrivateUsage]
    except Exception:  # noqa: BLE001 - its class and fields tell it from others
        return None, ""
    return said.get("ls_provider") or "", str(said.get("ls_model_name") or "")


def _plain(value: Any) -> Any:
    """Return a value as JSON has it, None for a secret. Raises _ForeignError for an object that cannot be compared."""
    if value is None or isinstance(value, SecretStr | SecretBytes):
        return None
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in cast("list[Any]", value)]
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(inner) for key, inner in cast("dict[Any, Any]", value).items()}
    if isinstance(value, type) and issubclass(value, BaseModel):
        return schema_of(value, lambda _: {})
    if isinstance(value, BaseModel):
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        return {"class": name, **{key: _plain(inner) for key, inner in value.__dict__.items() if not is_noise(key)}}
    raise _ForeignError
