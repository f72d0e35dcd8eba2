"""What an answer cost: the user's own price first, then the price table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from taskroute.ports import PriceSource
from taskroute.registry.library_prices import LibraryPrices
from taskroute.registry.models import ModelSpec
from taskroute.registry.rates import Priced, Rate, Rates, UserPrice, amount
from taskroute.registry.warn import warn_once
from taskroute.types import Cost, Usage

__all__ = ["LibraryPrices", "Prices", "UserPrice", "UserPrices"]

_ONE_TOKEN = Usage(input=1, output=1)


class UserPrices(Mapping[str, UserPrice]):
    """The prices that the user wrote, by the user's own name for a model. Immutable and picklable."""

    __slots__ = ("_priced", "_prices")

    def __init__(self, prices: Mapping[str, UserPrice] | None = None) -> None:
        self._prices = dict(prices or {})
        self._priced = {name: price.priced() for name, price in self._prices.items()}

    @classmethod
    def of(cls, specs: Mapping[str, ModelSpec]) -> UserPrices:
        """Return the prices that a registry's models carry."""
        return cls({name: spec.price for name, spec in specs.items() if spec.price is not None})

    def cost(self, name: str, usage: Usage) -> Cost | None:
        """Return what the usage costs; None when this model has no price here or a count is unknown."""
        known = self._priced.get(name)
        return None if known is None else _cost(known, usage)

    def rates(self, name: str) -> Priced | None:
        """Return the price of this model for each token; None when it has none here."""
        return self._priced.get(name)

    def __getitem__(self, name: str) -> UserPrice:
        return self._prices[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._prices)

    def __len__(self) -> int:
        return len(self._prices)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._prices,)


class Prices:
    """Prices an answer from the user's table, else from the library. Never raises; a price that is not known is None.

    A model that the user priced is never priced by the library, even when its usage is incomplete: the two would not agree.
    """

    __slots__ = ("_library", "_user")

    def __init__(self, user: UserPrices | None = None, *, library: PriceSource | None = None) -> None:
        self._user = UserPrices() if user is None else user
        self._library: PriceSource = LibraryPrices() if library is None else library

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self._user, self._library)

    def cost(
        self,
        spec: ModelSpec | None,
        usage: Usage,
        *,
        provider: str | None = None,
        model: str | None = None,
    ) -> Cost | None:
        """Return what the usage costs.

        `provider` and `model` are what the reply says answered. They count when the spec names no model, or one that the library does not
        list (a deployment of the user's own naming).
        """
        try:
            return self._cost(spec, usage, provider, model)
        except Exception as error:  # noqa: BLE001 - a price table that breaks costs the price, never the call
            warn_once(type(self._library), error)
            return None

    def price_known(self, spec: ModelSpec) -> bool:
        """Return whether a full answer of this model would have a price."""
        return self.cost(spec, _ONE_TOKEN) is not None

    def rates(self, spec: ModelSpec) -> Priced | None:
        """Return what each token of this model costs now, or None when no price is known."""
        try:
            return self._rates(spec)
        except Exception as error:  # noqa: BLE001 - a price table that breaks costs the price, never the router
            warn_once(type(self._library), error)
            return None

    def _rates(self, spec: ModelSpec) -> Priced | None:
        if spec.name in self._user:
            return self._user.rates(spec.name)
        if spec.price is not None:
            return spec.price.priced()
        if spec.model_id is None:
            return None
        if isinstance(self._library, LibraryPrices):
            return self._library.rates(spec.provider, spec.model_id)
        return _measured(self._library, spec.provider, spec.model_id)

    def _cost(self, spec: ModelSpec | None, usage: Usage, provider: str | None, model: str | None) -> Cost | None:
        if spec is not None:
            if spec.name in self._user:
                return self._user.cost(spec.name, usage)
            if spec.price is not None:
                return _cost(spec.price.priced(), usage)
            known = None if spec.model_id is None else self._library.cost(spec.provider, spec.model_id, usage)
            if known is not None:
                return known
            provider = provider or spec.provider
        return None if model is None else self._library.cost(provider, model, usage)


def _cost(priced: Priced, usage: Usage) -> Cost | None:
    price = amount(priced.rates, usage)
    return None if price is None else Cost(price, priced.source, priced.currency)


def _measured(source: PriceSource, provider: str | None, model: str) -> Priced | None:
    """Return the rates of a source that only prices whole answers: what one token more adds, and what is charged without any."""
    first, more, answer = (source.cost(provider, model, usage) for usage in (Usage(1, 0), Usage(2, 0), Usage(1, 1)))
    if first is None or more is None or answer is None:
        return None
    read, written = more.amount - first.amount, answer.amount - first.amount
    return Priced(Rates(Rate(read), Rate(written), request=first.amount - read), first.source, first.currency)


def _rebuild(user: UserPrices, library: PriceSource) -> Prices:
    return Prices(user, library=library)
