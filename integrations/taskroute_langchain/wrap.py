"""Routing for a chain that is already built: a copy of it, with each chat model in it routed."""

from __future__ import annotations

import copy
import dataclasses
import functools
import warnings
from collections.abc import Mapping
from typing import Any, Final, Generic, NamedTuple, TypeVar, cast

from langchain_core.language_models import BaseChatModel, BaseLanguageModel
from langchain_core.runnables import Runnable, RunnableSequence
from langchain_core.runnables.base import RunnableBindingBase
from langchain_core.runnables.configurable import RunnableConfigurableFields
from pydantic import BaseModel

from taskroute.errors import ConfigurationError
from taskroute.router import Router
from taskroute_langchain.bound_tools import NotPortableError, portable
from taskroute_langchain.chat_model import RoutedChatModel
from taskroute_langchain.closures import holds_model

T = TypeVar("T")

_ROOT: Final = "the chain itself"


class WrapResult(NamedTuple, Generic[T]):
    """A wrapped chain, and what became of the models in the one it was made from."""

    chain: T
    replaced: tuple[str, ...]
    """Where a chat model was replaced, such as `steps[1].bound`."""
    opaque: tuple[str, ...]
    """Where a model may go on unrouted, with the reason and the cure."""


def wrap(chain: T, router: Router, *, models: Mapping[str, BaseChatModel] | None = None) -> T:
    """Return a copy of the chain in which the models of the router's policy answer; the given chain is left alone.

    With `mode: observe`, each call goes to the model that was there before. Parts that cannot be looked into keep their models, and
    a warning names them. Raises ConfigurationError when there was no model to replace.
    """
    result = wrap_report(chain, router, models=models)
    if result.opaque:
        warnings.warn("wrap() left parts of the chain as they were:\n  " + "\n  ".join(result.opaque), UserWarning, stacklevel=2)
    return result.chain


def wrap_report(chain: T, router: Router, *, models: Mapping[str, BaseChatModel] | None = None) -> WrapResult[T]:
    """Return the wrapped chain with what was replaced in it, and what could not be looked into. Otherwise like `wrap`."""
    rewriting = _Rewriting(router, models or {})
    wrapped = rewriting.of(chain, "")
    if not rewriting.replaced:
        raise ConfigurationError(_nothing_found(chain, rewriting))
    return WrapResult(wrapped, tuple(rewriting.replaced), tuple(rewriting.opaque))


def _nothing_found(chain: object, rewriting: _Rewriting) -> str:
    if rewriting.already:
        return f"wrap({type(chain).__name__}): nothing to replace, its models are routed already: {', '.join(rewriting.already)}"
    looked = ("; could not be looked into:\n  " + "\n  ".join(rewriting.opaque)) if rewriting.opaque else ""
    return (
        f"wrap({type(chain).__name__}): no chat model found in {rewriting.looked} parts{looked}\n"
        "build the chain with RoutedChatModel(router=router) instead, or an agent with RoutingMiddleware(router)"
    )


class _Rewriting:
    """One pass over a chain. What holds no model stays the same object; what does is copied."""

    def __init__(self, router: Router, models: Mapping[str, BaseChatModel]) -> None:
        self._router = router
        self._models = models
        self._done: dict[int, tuple[Any, Any]] = {}
        self._first: RoutedChatModel | None = None
        self.looked = 0
        self.replaced: list[str] = []
        self.opaque: list[str] = []
        self.already: list[str] = []

    def of(self, thing: Any, path: str) -> Any:
        """Return the thing with each chat model in it routed."""
        if thing is None or isinstance(thing, str | bytes | int | float | type):
            return thing
        done = self._done.get(id(thing))
        if done is not None:
            if isinstance(thing, BaseChatModel) and done[1] is not thing:
                self.replaced.append(path or _ROOT)
            return done[1]
        # What refers back to itself meets itself unchanged; the thing is kept so that its id is not used again.
        self._done[id(thing)] = thing, thing
        self.looked += 1
        fresh = self._rewritten(thing, path)
        self._done[id(thing)] = thing, fresh
        return fresh

    def _rewritten(self, thing: Any, path: str) -> Any:
        if isinstance(thing, RoutedChatModel):
            self.already.append(path or _ROOT)
            return thing
        if isinstance(thing, BaseChatModel):
            self.replaced.append(path or _ROOT)
            return self._routed(thing)
        if _is(thing, BaseLanguageModel):
            return self._left(thing, path, f"{type(thing).__name__} is not a chat model; use its chat model class")
        if _is(thing, RunnableConfigurableFields) and isinstance(thing.default, BaseChatModel):
            return self._left(thing, path, "its model is rebuilt for each call; put its fields under 'params' in the policy")
        if _is(thing, RunnableBindingBase) and isinstance(thing.bound, BaseChatModel) and thing.kwargs:
            return self._binding(thing, path)
        if _is(thing, RunnableSequence):
            return self._sequence(thing, path)
        if _is(thing, BaseModel):
            return self._pydantic(thing, path)
        if isinstance(thing, dict):
            return self._mapping(cast("Any", thing), path)
        if isinstance(thing, list | tuple):
            return self._several(cast("Any", thing), path)
        if dataclasses.is_dataclass(thing) and not isinstance(thing, Runnable):
            return self._dataclass(thing, path)
        return self._closed(thing, path)

    def _routed(self, model: BaseChatModel) -> RoutedChatModel:
        # Copies share the models that were built from the policy.
        if self._first is None:
            self._first = RoutedChatModel(router=self._router, models=self._models, original=model)
        # One that was not to be cached before is not to be cached now.
        return self._first.model_copy(update={"original": model, "cache": False if model.cache is False else None})

    def _left(self, thing: T, path: str, why: str) -> T:
        self.opaque.append(f"{path or _ROOT}: {why}")
        return thing

    def _binding(self, binding: RunnableBindingBase[Any, Any], path: str) -> Any:
        model = cast("BaseChatModel", binding.bound)
        if isinstance(model, RoutedChatModel):
            self.already.append(_join(path, "bound"))
            return binding
        try:
            registry = self._router.snapshot.registry
            kwargs = portable(binding.kwargs, model, same_provider=self._one_provider(model), is_pin=lambda name: name in registry)
        except NotPortableError as error:
            return self._left(binding, path, str(error))
        return _copied(binding, {"bound": self.of(model, _join(path, "bound")), "kwargs": kwargs})

    def _one_provider(self, model: BaseChatModel) -> bool:
        """Return whether every model that may be chosen takes the arguments that this one takes."""
        provider = cast("Any", model)._get_ls_params().get("ls_provider")
        registry = self._router.snapshot.registry
        for name in registry:
            given = self._models.get(name)
            if not (type(given) is type(model) if given is not None else registry[name].provider == provider):
                return False
        return True

    def _sequence(self, sequence: RunnableSequence[Any, Any], path: str) -> Any:
        steps = [self.of(step, _join(path, f"steps[{index}]")) for index, step in enumerate(sequence.steps)]
        if all(new is old for new, old in zip(steps, sequence.steps, strict=True)):
            return sequence
        return _copied(sequence, {"first": steps[0], "middle": steps[1:-1], "last": steps[-1]})

    def _pydantic(self, thing: BaseModel, path: str) -> Any:
        fields = {name: getattr(thing, name) for name in type(thing).model_fields}
        fresh = {name: self.of(value, _join(path, name.rstrip("_"))) for name, value in fields.items()}
        changed = {name: value for name, value in fresh.items() if value is not fields[name]}
        if holds_model(getattr(thing, "__pydantic_private__", None)):
            self._left(thing, path, f"{type(thing).__name__} keeps a model in a private attribute; build it with a RoutedChatModel")
        return _copied(thing, changed) if changed else thing

    def _mapping(self, mapping: dict[Any, Any], path: str) -> dict[Any, Any]:
        items = {key: self.of(value, f"{path}[{key!r}]") for key, value in mapping.items()}
        if all(items[key] is value for key, value in mapping.items()):
            return mapping
        fresh = copy.copy(mapping)
        fresh.update(items)
        return fresh

    def _several(self, several: list[Any] | tuple[Any, ...], path: str) -> Any:
        values = [self.of(value, f"{path}[{index}]") for index, value in enumerate(several)]
        if all(new is old for new, old in zip(values, several, strict=True)):
            return several
        if hasattr(several, "_fields"):
            return cast("Any", type(several))(*values)
        return values if isinstance(several, list) else tuple(values)

    def _dataclass(self, thing: Any, path: str) -> Any:
        names = [field.name for field in dataclasses.fields(thing) if hasattr(thing, field.name)]
        fresh = {name: self.of(getattr(thing, name), _join(path, name)) for name in names}
        changed = {name: value for name, value in fresh.items() if value is not getattr(thing, name)}
        if not changed:
            return thing
        copied = copy.copy(thing)
        for name, value in changed.items():
            object.__setattr__(copied, name, value)
        return copied

    def _closed(self, thing: Any, path: str) -> Any:
        """Leave what no rewriting reaches, and say so when a model is in it, or could be."""
        kind = type(thing).__name__
        if _is_graph(thing):
            return self._left(thing, path, f"{kind} is compiled; build it with a RoutedChatModel, an agent with RoutingMiddleware(router)")
        if holds_model(thing):
            return self._left(thing, path, f"a model inside of {_name(thing)} is out of reach; wrap() what it calls, or route that")
        return thing


def _is(thing: object, kind: type) -> bool:
    """Return whether a thing is of a kind, without narrowing its type to a generic class of unknown parameters."""
    return isinstance(thing, kind)


def _copied(thing: BaseModel, changed: Mapping[str, Any]) -> Any:
    fresh = thing.model_copy(update=changed)
    for name in [name for name in vars(fresh) if _is_cached(type(fresh), name)]:
        delattr(fresh, name)
    return fresh


def _is_cached(owner: type, name: str) -> bool:
    """Return whether an attribute was computed from the fields, and so from the model that is no longer there."""
    return isinstance(getattr(owner, name, None), functools.cached_property)


def _is_graph(thing: object) -> bool:
    # LangGraph is not needed by this package.
    return any(parent.__name__ in ("Pregel", "PregelProtocol") for parent in type(thing).__mro__)


def _name(thing: Any) -> str:
    name = getattr(thing, "name", None) or getattr(thing, "__name__", None)
    return f"{type(thing).__name__} {name!r}" if isinstance(name, str) and name else type(thing).__name__


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
