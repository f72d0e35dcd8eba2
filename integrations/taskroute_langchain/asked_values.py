"""The values that a chat model holds, in JSON's terms: by what they say, or, where nobody can read them, by which object it is."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import uuid
import weakref
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import Any, Final, cast

from langchain_core.messages import BaseMessage
from pydantic import BaseModel, SecretBytes, SecretStr

from taskroute.cache.noise import TIMES, is_secret
from taskroute.content import schema_of
from taskroute.reading import as_list, as_mapping
from taskroute.types import NOTHING

_SCALARS: Final = frozenset({str, int, float, bool})
_TEXTS: Final = (PurePath, Decimal, Fraction, uuid.UUID, datetime.date, datetime.time, datetime.timedelta, complex, range)
"""Classes of values whose text says all that they are; those of addresses are known by their names."""
_ADDRESSES: Final = frozenset({"URL", "MultiHostUrl", "IPv4Address", "IPv6Address"})
_CALLBACKS: Final = frozenset({"callbacks", "callback_manager"})

_tokens: Final[dict[int, tuple[weakref.ref[Any], str]]] = {}


def is_left_out(name: str) -> bool:
    """Return whether a field of a user's class changes no answer by its name: a secret, a limit of time, callbacks."""
    return name in TIMES or name in _CALLBACKS or (name != "token" and is_secret(name))


class Values:
    """Reads the values of one model. `model` says what a chat model inside it is.

    An object that nobody can read has a token of this process's: it is told from every other object, and from those of other processes.
    """

    __slots__ = ("_first", "_held", "_model")

    def __init__(self, model: Callable[[Any], Any]) -> None:
        self._model = model
        self._held: dict[int, tuple[Any, str]] = {}
        """Objects that cannot be watched for their end; held, so that no other can come to stand in their place."""
        self._first: dict[str, Sequence[Any] | None] = {}
        """The lists that were empty when they were first seen, by their names; None for what was something else."""

    def without_notes(self, name: str, value: Any) -> Any:
        """Return the value of a field; an empty list for one that has been filled since it was first seen, in which a class keeps notes."""
        if type(value) is not list:
            self._first[name] = None
            return cast("object", value)
        given = as_list(value)
        first = self._first.setdefault(name, None if given else given)
        return [] if first is given else given

    def stamp(self, value: Any) -> Any:
        """Return what another value of the field is told by from this one, also where it was changed in place."""
        if value is None or type(value) in _SCALARS or isinstance(value, type):
            return cast("object", value)
        if type(value) in (list, dict, tuple) and not value:
            return cast("object", type(value))
        return repr(self.read(value))

    def read(self, value: Any) -> Any:
        """Return a value as `plain` has it; one that holds itself as an object that nobody can read."""
        try:
            return self.plain(value)
        except RecursionError:
            return self.token(value)

    def plain(self, value: Any) -> Any:
        """Return a value as JSON has it, None for a secret."""
        if value is None or isinstance(value, SecretStr | SecretBytes):
            return None
        if type(value) in _SCALARS:
            return cast("object", value)
        if isinstance(value, Enum):
            return self._member(value)
        if isinstance(value, str | int | float):
            return cast("object", value)
        if isinstance(value, list | tuple):
            return [self.plain(inner) for inner in cast("list[Any]", value)]
        if isinstance(value, Mapping):
            return self._mapping(cast("dict[Any, Any]", value))
        return self._object(value)

    def token(self, value: object) -> Mapping[str, str]:
        """Return what stands for an object that nobody can read."""
        key = id(value)
        known = _tokens.get(key)
        if known is not None and known[0]() is value:
            return {"object": known[1]}
        held = self._held.get(key)
        if held is None:
            made = uuid.uuid4().hex
            with contextlib.suppress(TypeError):
                _tokens[key] = weakref.ref(value, lambda gone: _forget(key, gone)), made
                return {"object": made}
            held = self._held[key] = value, made
        return {"object": held[1]}

    def _member(self, value: Enum) -> Any:
        inner = value.value
        return inner if type(inner) in _SCALARS else {"class": _name_of(type(value)), "name": value.name}

    def _mapping(self, value: Mapping[Any, Any]) -> Any:
        """Return a mapping; as a list of pairs where a key could be taken for another one."""
        kinds: set[type[Any]] = {type(key) for key in value}
        if kinds <= {str} or kinds == {int}:
            return {str(key): self.plain(inner) for key, inner in value.items()}
        return {"pairs": [[self.plain(key), self.plain(inner)] for key, inner in value.items()]}

    def _object(self, value: Any) -> Any:
        kind = _class_of(value)
        if isinstance(value, _TEXTS) or kind.__name__ in _ADDRESSES or kind.__module__ == "pydantic.networks":
            return {"class": _name_of(kind), "text": str(value)}
        if isinstance(value, bytes | bytearray):
            return {"class": kind.__name__, "text": value.hex()}
        if isinstance(value, set | frozenset):
            return {"set": sorted([self.plain(inner) for inner in cast("set[Any]", value)], key=json.dumps)}
        if isinstance(value, type):
            named = cast("type[Any]", value)
            described = as_mapping(schema_of(named, lambda _: {})) if issubclass(named, BaseModel) else NOTHING
            return described if described.get("schema") else self.token(named)
        found = self._model(value)
        if found is not None:
            return cast("object", found)
        if isinstance(value, BaseModel):
            fields = {**value.__dict__, **(value.__pydantic_extra__ or {}), **(value.__pydantic_private__ or {})}
            if isinstance(value, BaseMessage):
                # LangChain writes the id of each run into the messages of a fake.
                del fields["id"]
            return self._fields(kind, fields)
        if dataclasses.is_dataclass(value):
            held = {field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)}
            return self._fields(kind, {**held, **getattr(value, "__dict__", {})})
        return self.token(value)

    def _fields(self, kind: type[Any], fields: Mapping[str, Any]) -> Mapping[str, Any]:
        found = {name: self.plain(inner) for name, inner in fields.items() if not is_left_out(name)}
        return {"class": class_name(kind, self), **found}


def class_name(kind: type[Any], values: Values) -> str:
    """Return the name of a class; one that other classes may have too, such as that of a class made in a function, with its token."""
    local = [parent for parent in kind.__mro__ if "<locals>" in parent.__qualname__]
    tokens = [values.token(parent)["object"] for parent in local]
    return " ".join([_name_of(kind), *tokens])


def _class_of(value: object) -> type[Any]:
    return type(value)


def _name_of(kind: type[Any]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _forget(key: int, gone: object) -> None:
    known = _tokens.get(key)
    if known is not None and known[0] is gone:
        del _tokens[key]
