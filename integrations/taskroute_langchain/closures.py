"""Does this object hold a chat model somewhere that no rewriting reaches?"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from langchain_core.language_models import BaseLanguageModel
from langchain_core.runnables import Runnable
from pydantic import BaseModel

from taskroute_langchain.routed import Routed

_DEPTH: Final = 8
_MOST: Final = 2000
"""Objects that are looked at; a model that lies deeper is not found."""

_LEAVES: Final = (str, bytes, int, float, bool, type(None), type, types.ModuleType)


def holds_model(thing: object) -> bool:
    """Return whether a language model that is not routed is found in an object, its fields, closures and what they refer to."""
    seen: set[int] = set()
    level: list[Any] = [thing]
    for _ in range(_DEPTH):
        deeper: list[Any] = []
        for one in level:
            if id(one) in seen or isinstance(one, (*_LEAVES, Routed)):
                continue
            if isinstance(one, BaseLanguageModel):
                return True
            seen.add(id(one))
            if len(seen) > _MOST:
                return False
            deeper.extend(_inside(one))
        level = deeper
    return False


def _inside(thing: Any) -> Iterator[Any]:
    if isinstance(thing, Mapping):
        yield from _values(cast("Any", thing))
    elif isinstance(thing, list | tuple | set | frozenset):
        yield from cast("list[Any]", thing)
    elif isinstance(thing, functools.partial):
        yield from (thing.func, *thing.args, *thing.keywords.values())
    elif isinstance(thing, types.MethodType):
        yield from (thing.__self__, thing.__func__)
    elif isinstance(thing, types.FunctionType):
        yield from _of_function(thing)
    elif isinstance(thing, BaseModel):
        yield from (*vars(thing).values(), *(getattr(thing, "__pydantic_private__", None) or {}).values())
    elif isinstance(held := getattr(thing, "__dict__", None), dict):
        yield from cast("dict[str, Any]", held).values()


def _values(mapping: Mapping[Any, Any]) -> Iterator[Any]:
    return iter(mapping.values())


def _of_function(function: types.FunctionType) -> Iterator[Any]:
    try:
        found = inspect.getclosurevars(function)
    except ValueError:
        # A name of the closure that is not assigned yet.
        return
    yield from found.nonlocals.values()
    # A module's other names lead everywhere; a step of a pipeline is what a function would call.
    yield from (value for value in found.globals.values() if isinstance(value, BaseModel | Runnable | types.FunctionType))
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
