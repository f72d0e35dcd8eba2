"""What an answer cost: the user's own price first, then what the provider reports, then the price tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from taskroute.policy.service_tiers import named
from taskroute.ports import PriceSource
from taskroute.registry.library_prices import LibraryPrices
from taskroute.registry.litellm_prices import LiteLLMPrices
from taskroute.registry.models import ModelSpec
from taskroute.registry.rates import Priced, Rate, Rates, cost_of, is_sound
from taskroute.registry.sources import Asked
from taskroute.registry.user_price import ByTier, SizeTier, UserPrice, of_tier
from taskroute.registry.warn import warn_once
from taskroute.types import EXACT, Cost, Usage

__all__ = ["LibraryPrices", "LiteLLMPrices", "Prices", "SizeTier", "UserPrice", "UserPrices"]

_ONE_TOKEN: Final = Usage(input=1, output=1)
_MOST_OWN: Final = 4096


class UserPrices(Mapping[str, UserPrice]):
    """The prices that the user wrote, by the user's own name for a model. Immutable and picklable."""

    __slots__ = ("_priced", "_prices")

    def __init__(self, prices: Mapping[str, UserPrice] | None = None) -> None:
        self._prices = dict(prices or {})
        self._priced = {name: price.by_service_tier() for name, price in self._prices.items()}

    @classmethod
    def of(cls, specs: Mapping[str, ModelSpec]) -> UserPrices:
        """Return the prices that a registry's models carry."""
        return cls({name: spec.price for name, spec in specs.items() if spec.price is not None})

    def cost(self, name: str, usage: Usage, *, service_tier: str | None = None) -> Cost | None:
        """Return what the usage costs; None when this model has no price here for this class of service, or a count is unknown."""
        known = of_tier(self._priced.get(name, {}), named(service_tier))
        return None if known is None else cost_of(known, usage)

    def rates(self, name: str) -> Priced | None:
        """Return the price of this model for each token; None when it has none here."""
        return self._priced.get(name, {}).get(None)

    def __getitem__(self, name: str) -> UserPrice:
        return self._prices[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._prices)

    def __len__(self) -> int:
        return len(self._prices)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._prices,)


class Prices:
    """Prices an answer from the user's table, else by what the provider reports, else from the price tables. Never raises; a price that is
    not known is None.

    A model that the user priced is never priced by anyone else, even when its usage is incomplete: the two would not agree. The tables are
    genai-prices, and LiteLLM's own where the application has loaded it; `library` takes the place of both.
    """

    __slots__ = ("_given", "_library", "_own", "_tables", "_user")

    def __init__(self, user: UserPrices | None = None, *, library: PriceSource | None = None) -> None:
        self._user = UserPrices() if user is None else user
        self._given = library
        self._library: PriceSource = LibraryPrices() if library is None else library
        """The one that decisions are taken by: they must not depend on what else is loaded."""
        tables = (self._library, LiteLLMPrices()) if library is None else (library,)
        self._tables = tuple(Asked.of(table) for table in tables)
        self._own: dict[int, tuple[UserPrice, ByTier]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self._user, self._given)

    def cost(
        self,
        spec: ModelSpec | None,
        usage: Usage | None,
        *,
        provider: str | None = None,
        model: str | None = None,
        service_tier: str | None = None,
        reported: Cost | None = None,
    ) -> Cost | None:
        """Return what the usage costs.

        `provider` and `model` are what the reply says answered. They count when the spec names no model, or one that the tables do not
        list (a deployment of the user's own naming). `service_tier` is the class of service that answered: one whose price is not known
        has none. `reported` is what the provider says that the answer cost.
        """
        tier = named(service_tier)
        try:
            found = self._by_user(spec, usage or Usage(), tier)
            if not isinstance(found, bool):
                return found
        except Exception as error:  # noqa: BLE001 - a price that cannot be read costs the price, never the call
            warn_once(type(self), error)
            return None
        if reported is not None and is_sound(reported):
            return reported
        return None if usage is None else self._listed(_names(spec, provider, model), usage, tier)

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

    def _by_user(self, spec: ModelSpec | None, usage: Usage, service_tier: str | None) -> Cost | bool | None:
        """Return what the usage costs at the user's own price; False where there is none for the model."""
        if spec is None:
            return False
        if spec.name in self._user:
            return self._user.cost(spec.name, usage, service_tier=service_tier)
        if spec.price is None:
            return False
        known = of_tier(self._priced(spec.price), service_tier)
        return None if known is None else cost_of(known, usage)

    def _listed(self, names: list[tuple[str | None, str]], usage: Usage, service_tier: str | None) -> Cost | None:
        for table in self._tables:
            try:
                for provider, model in names:
                    found = table.cost(provider, model, usage, service_tier)
                    if found is not None:
                        return found
            except Exception as error:  # noqa: BLE001 - a price table that breaks costs the price, never the call
                warn_once(type(table.source), error)
        return None

    def _rates(self, spec: ModelSpec) -> Priced | None:
        if spec.name in self._user:
            return self._user.rates(spec.name)
        if spec.price is not None:
            return self._priced(spec.price)[None]
        if spec.model_id is None:
            return None
        if isinstance(self._library, LibraryPrices):
            return self._library.rates(spec.provider, spec.model_id)
        return _measured(self._library, spec.provider, spec.model_id)

    def _priced(self, price: UserPrice) -> ByTier:
        """Return a price ready to be multiplied. It is kept by the object, which is kept with it: equal ones may be written differently."""
        known = self._own.get(id(price))
        if known is None:
            if len(self._own) >= _MOST_OWN:
                self._own = {}
            known = self._own[id(price)] = price, price.by_service_tier()
        return known[1]


def _names(spec: ModelSpec | None, provider: str | None, model: str | None) -> list[tuple[str | None, str]]:
    """Return under which names a price is looked for, in order."""
    names: list[tuple[str | None, str]] = []
    if spec is not None and spec.model_id is not None:
        names.append((spec.provider, spec.model_id))
    if model is not None:
        names.append((provider or (None if spec is None else spec.provider), model))
    return names


def _measured(source: PriceSource, provider: str | None, model: str) -> Priced | None:
    """Return the rates of a source that only prices whole answers: what one token more adds, and what is charged without any."""
    first, more, answer = (source.cost(provider, model, usage) for usage in (Usage(1, 0), Usage(2, 0), Usage(1, 1)))
    if first is None or more is None or answer is None:
        return None
    read, written = EXACT.subtract(more.amount, first.amount), EXACT.subtract(answer.amount, first.amount)
    return Priced(Rates(Rate(read), Rate(written), request=EXACT.subtract(first.amount, read)), first.source, first.currency)


def _rebuild(user: UserPrices, library: PriceSource | None) -> Prices:
    return Prices(user, library=library)
