"""A chain with another model inside of it: the parsers, bindings and branches around the model stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import Runnable, RunnableSequence
from pydantic import BaseModel

from taskroute.reading import as_list, as_mapping
from taskroute_langchain.closures import holds_model

Swap = Callable[[BaseChatModel], Any]
"""Makes a thing with the given model in it."""


class NotSwappableError(ValueError):
    """A chain whose model cannot be reached."""


def swap_in(chain: Runnable[Any, Any]) -> Callable[[BaseChatModel], Runnable[Any, Any]]:
    """Return a function that copies the chain with another model in the place of every chat model in it.

    To look into a chain takes longer than to copy it, so it is done once. Raises NotSwappableError where there is no model, or one is out
    of reach.
    """
    swap = _swap(chain)
    if swap is None:
        raise NotSwappableError(f"there is no chat model in a {type(chain).__name__}")
    return swap


def _swap(thing: Any) -> Swap | None:
    """Return how to make the thing with another model; None where it holds none."""
    if isinstance(thing, BaseChatModel):
        return lambda model: model
    if _is(thing, RunnableSequence):
        return _sequence(thing)
    if isinstance(thing, BaseModel):
        return _pydantic(thing)
    if isinstance(thing, dict):
        given = as_mapping(thing)
        swaps = _swaps(given)
        return (lambda model: {**given, **_made(swaps, model)}) if swaps else None
    if isinstance(thing, list | tuple):
        return _several(as_list(thing), tuple if isinstance(thing, tuple) else list)
    if _is(thing, Runnable) and holds_model(thing):
        raise NotSwappableError(f"a chat model inside of a {type(thing).__name__} is out of reach")
    return None


def _sequence(sequence: RunnableSequence[Any, Any]) -> Swap | None:
    # Its steps are one list, of which its fields are parts.
    swap = _several(sequence.steps, list)
    if swap is None:
        return None

    def swapped(model: BaseChatModel) -> Any:
        steps = swap(model)
        return sequence.model_copy(update={"first": steps[0], "middle": steps[1:-1], "last": steps[-1]})

    return swapped


def _pydantic(thing: BaseModel) -> Swap | None:
    swaps = _swaps({name: getattr(thing, name) for name in type(thing).model_fields})
    return (lambda model: thing.model_copy(update=_made(swaps, model))) if swaps else None


def _several(several: Sequence[Any], kind: type[Any]) -> Swap | None:
    swaps = [_swap(each) for each in several]
    if not any(swaps):
        return None
    pairs = [*zip(several, swaps, strict=True)]
    return lambda model: kind([each if swap is None else swap(model) for each, swap in pairs])


def _swaps(fields: Mapping[str, Any]) -> dict[str, Swap]:
    return {name: swap for name, value in fields.items() if (swap := _swap(value)) is not None}


def _made(swaps: Mapping[str, Swap], model: BaseChatModel) -> dict[str, Any]:
    return {name: swap(model) for name, swap in swaps.items()}


def _is(thing: object, kind: type) -> bool:
    """Return whether a thing is of a kind, without narrowing its type to a generic class of unknown parameters."""
    return isinstance(thing, cast("type[Any]", kind))
