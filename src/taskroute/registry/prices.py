"""What an answer cost: the user's own price first, then the price table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from taskroute.ports import PriceSource
from taskroute.registry.library_prices import LibraryPrices
from taskroute.registry.models import ModelSpec
from taskroute.registry.rates import Rates, UserPrice, amount
from taskroute.registry.warn import warn_once
from taskroute.types import Cost, Usage

__all__ = ["LibraryPrices", "Prices", "UserPrice", "UserPrices"]

_ONE_TOKEN = Usage(input=1, output=1)


class UserPrices(Mapping[str, UserPrice]):
    """The prices that the user wrote, by the user's own name for a model. Immutable and picklable."""

    __slots__ = ("_prices", "_rates")

    def __init__(self, prices: Mapping[str, UserPrice] | None = None) -> None:
        self._prices = dict(prices or {})
        self._rates: dict[str, tuple[UserPrice, Rates]] = {name: (price, price.rates()) for name, price in self._prices.items()}

    @classmethod
    def of(cls, specs: Mapping[str, ModelSpec]) -> UserPrices:
        """Return the prices that a registry's models carry."""
        return cls({name: spec.price for name, spec in specs.items() if spec.price is not None})

    def cost(self, name: str, usage: Usage) -> Cost | None:
        """Return what the usage costs; None when this model has no price here or a count is unknown."""
        known = self._rates.get(name)
        if known is None:
            return None
        price = amount(known[1], usage)
        return None if price is None else Cost(price, "user", known[0].currency)

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

    def _cost(self, spec: ModelSpec | None, usage: Usage, provider: str | None, model: str | None) -> Cost | None:
        if spec is not None:
            if spec.name in self._user:
                return self._user.cost(spec.name, usage)
            if spec.price is not None:
                price = amount(spec.price.rates(), usage)
                return None if price is None else Cost(price, "user", spec.price.currency)
            known = None if spec.model_id is None else self._library.cost(spec.provider, spec.model_id, usage)
            if known is not None:
                return known
            provider = provider or spec.provider
        return None if model is None else self._library.cost(provider, model, usage)


def _rebuild(user: UserPrices, library: PriceSource) -> Prices:
    return Prices(user, library=library)
