"""What can be called: each model under the user's own name, with what is known of it and who said so."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from taskroute.errors import ConfigurationError
from taskroute.registry.known_models import KnownModel, find, snapshot_name
from taskroute.registry.providers import split_model
from taskroute.registry.user_price import UserPrice
from taskroute.taxonomy import NEEDS
from taskroute.types import NOTHING

__all__ = ["ModelSpec", "Registry", "describe"]


class ModelSpec(NamedTuple):
    """One model that a policy may route to. None means unknown."""

    name: str
    """The user's own name for it."""
    model: str | None = None
    """As the user wrote it: `provider:model` or a bare id; None when the user gives a model object."""
    provider: str | None = None
    """As it was written before the colon; None for a bare id."""
    model_id: str | None = None
    """The id without the provider."""
    context_window: int | None = None
    max_output_tokens: int | None = None
    capabilities: Mapping[str, bool] = NOTHING
    """Names from `NEEDS`; one that is absent is unknown."""
    labels: frozenset[str] = frozenset()
    strengths: tuple[str, ...] = ()
    params: Mapping[str, Any] = NOTHING
    base_url: str | None = None
    api_key_env: str | None = None
    latency: float | None = None
    """Seconds that a whole answer takes, as the user knows it."""
    finish_reason: bool = True
    """Whether its streams say why they end."""
    price: UserPrice | None = None
    """The user's own price; None leaves it to the price table."""
    source: str = "unknown"
    """Where window and capabilities came from: `user`, `known_models@<date>` (the user's own values still win) or `unknown`."""

    @property
    def identity(self) -> str:
        """A name for what is called: two policies that mean the same model by the same name share it, whatever else they say of it."""
        what = "\n".join(part or "" for part in (self.model, self.base_url, self.api_key_env))
        return f"{self.name}/{hashlib.sha256(what.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def describe(
    name: str,
    *,
    model: str | None = None,
    params: Mapping[str, Any] = NOTHING,
    base_url: str | None = None,
    api_key_env: str | None = None,
    context_window: int | None = None,
    max_output_tokens: int | None = None,
    capabilities: Mapping[str, bool] = NOTHING,
    labels: Iterable[str] = (),
    strengths: Iterable[str] = (),
    price: UserPrice | None = None,
    latency: float | None = None,
    finish_reason: bool = True,
) -> ModelSpec:
    """Return what is known of a model: what is given here, and from the shipped snapshot what is not.

    A model that the snapshot does not list is not an error; what is not given stays unknown.
    """
    unknown = sorted(set(capabilities) - set(NEEDS))
    if unknown:
        raise ConfigurationError(f"models.{name}.capabilities: no capability named {unknown[0]!r}; known: {', '.join(NEEDS)}")
    provider, model_id = (None, None) if model is None else split_model(model)
    known = None if model_id is None else find(provider, model_id)
    spec = ModelSpec(
        name=name,
        model=model,
        provider=provider,
        model_id=model_id,
        context_window=context_window,
        max_output_tokens=max_output_tokens,
        capabilities=dict(capabilities),
        labels=frozenset(labels),
        strengths=tuple(strengths),
        params=dict(params),
        base_url=base_url,
        api_key_env=api_key_env,
        price=price,
        latency=latency,
        finish_reason=finish_reason,
    )
    given = context_window is not None or max_output_tokens is not None or bool(capabilities)
    filled = spec if known is None else _fill(spec, known)
    if known is not None and filled != spec:
        return filled._replace(source=snapshot_name())
    return filled._replace(source="user" if given else "unknown")


def _fill(spec: ModelSpec, known: KnownModel) -> ModelSpec:
    return spec._replace(
        context_window=known.context_window if spec.context_window is None else spec.context_window,
        max_output_tokens=known.max_output_tokens if spec.max_output_tokens is None else spec.max_output_tokens,
        capabilities={**known.capabilities, **spec.capabilities},
    )


class Registry(Mapping[str, ModelSpec]):
    """The models of one policy by the user's name, in the order in which they were written. Immutable and picklable."""

    __slots__ = ("_specs",)

    def __init__(self, specs: Iterable[ModelSpec] = ()) -> None:
        found: dict[str, ModelSpec] = {}
        for spec in specs:
            if spec.name in found:
                raise ConfigurationError(f"models.{spec.name}: two models are named {spec.name!r}; give each its own name")
            found[spec.name] = spec
        self._specs = found

    def __getitem__(self, name: str) -> ModelSpec:
        return self._specs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

    def __repr__(self) -> str:
        return f"Registry({', '.join(map(repr, self._specs))})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (tuple(self._specs.values()),)
