"""What the user says that a model costs, by the size of the input and by the provider's class of service."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, NamedTuple

from taskroute.policy.service_tiers import named
from taskroute.registry.rates import ZERO, Priced, Rate, Rates, per_token

if TYPE_CHECKING:
    from taskroute.policy.pricing import PriceEntry, Tariff

Amount = Decimal | int | float | str

_WHOLE: Final[Mapping[str, str]] = {
    "cache_read": "input",
    "cache_write": "input",
    "cache_write_1h": "cache_write",
    "input_audio": "input",
    "reasoning": "output",
    "output_audio": "output",
}
_TOKENS: Final = ("input", "output", *_WHOLE)


class SizeTier(NamedTuple):
    """Prices from a size of the input on, in currency per million tokens. What is None costs what it costs below that size."""

    over: int
    """Every token of a call costs these prices once its input is larger than this."""
    input: Decimal | None = None
    output: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    reasoning: Decimal | None = None
    cache_write_1h: Decimal | None = None
    input_audio: Decimal | None = None
    output_audio: Decimal | None = None


class UserPrice(NamedTuple):
    """What the user says a model costs, in currency per million tokens.

    Cached tokens and heard ones without a price of their own are charged at the input price, reasoning and spoken ones at the output price.
    """

    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    reasoning: Decimal | None = None
    currency: str = "USD"
    cache_write_1h: Decimal | None = None
    input_audio: Decimal | None = None
    output_audio: Decimal | None = None
    request: Decimal = ZERO
    """Charged once a call, in currency."""
    tiers: tuple[SizeTier, ...] = ()
    service_tiers: tuple[tuple[str, UserPrice], ...] = ()
    """The provider's classes of service, such as `flex`, each with a price of its own; nothing is taken over from this one but the
    currency."""

    @classmethod
    def of(
        cls,
        *,
        input: Amount,
        output: Amount,
        cache_read: Amount | None = None,
        cache_write: Amount | None = None,
        reasoning: Amount | None = None,
        currency: str = "USD",
        cache_write_1h: Amount | None = None,
        input_audio: Amount | None = None,
        output_audio: Amount | None = None,
        request: Amount = 0,
        tiers: Iterable[SizeTier] = (),
        service_tiers: Mapping[str, UserPrice] | None = None,
    ) -> UserPrice:
        """Return the price as it was written: 0.1 means one tenth, not the nearest binary fraction. Raises ValueError."""
        return cls(
            input=_written("input", input),
            output=_written("output", output),
            cache_read=None if cache_read is None else _written("cache_read", cache_read),
            cache_write=None if cache_write is None else _written("cache_write", cache_write),
            reasoning=None if reasoning is None else _written("reasoning", reasoning),
            currency=currency,
            cache_write_1h=None if cache_write_1h is None else _written("cache_write_1h", cache_write_1h),
            input_audio=None if input_audio is None else _written("input_audio", input_audio),
            output_audio=None if output_audio is None else _written("output_audio", output_audio),
            request=_written("request", request),
            tiers=tuple(tiers),
            service_tiers=tuple((service_tiers or {}).items()),
        )

    def rates(self) -> Rates:
        """Return the same prices for one token."""
        levels = _levels(self)
        found = {part: _rate(part, levels) for part in _TOKENS}
        return Rates(**found, request=self.request)

    def priced(self) -> Priced:
        """Return the same as what a price table would say."""
        return Priced(self.rates(), "user", self.currency)

    def by_service_tier(self) -> ByTier:
        """Return the price of each class of service that has one; None stands for the usual one."""
        others = {named(name): Priced(price.rates(), "user", self.currency) for name, price in self.service_tiers}
        return {**others, None: self.priced()}


ByTier = Mapping[str | None, Priced]


def of_tier(prices: ByTier, service_tier: str | None) -> Priced | None:
    """Return the price of a class of service: the only one there is holds for all, and where several are told apart, each for its own."""
    return prices.get(None) if len(prices) == 1 else prices.get(service_tier)


def user_price(entry: PriceEntry) -> UserPrice:
    """Return the price that stands in a policy."""
    others = tuple((name, _of(tariff, entry.currency)) for name, tariff in entry.service_tiers.items())
    return _of(entry, entry.currency)._replace(service_tiers=others)


def _of(tariff: Tariff, currency: str) -> UserPrice:
    own = {part: getattr(tariff, part) for part in _TOKENS}
    tiers = tuple(SizeTier(over=tier.over, **{part: getattr(tier, part) for part in _TOKENS}) for tier in tariff.tiers)
    return UserPrice(**own, currency=currency, request=tariff.request, tiers=tiers)


_Level = tuple[int, Mapping[str, Decimal]]


def _levels(price: UserPrice) -> list[_Level]:
    """Return what is written for each size of the input, with what still holds from the sizes below."""
    held = _told(price)
    levels: list[_Level] = [(0, held)]
    for tier in sorted(price.tiers, key=lambda tier: tier.over):
        held = {**held, **_told(tier)}
        levels.append((tier.over, held))
    return levels


def _told(written: UserPrice | SizeTier) -> dict[str, Decimal]:
    return {part: per_token(price) for part in _TOKENS if (price := getattr(written, part)) is not None}


def _rate(part: str, levels: list[_Level]) -> Rate | None:
    if not any(part in level for _, level in levels):
        return None
    prices = [(over, _at(part, level)) for over, level in levels]
    return Rate(prices[0][1], tuple(prices[1:]))


def _at(part: str, level: Mapping[str, Decimal]) -> Decimal:
    return level[part] if part in level else _at(_WHOLE[part], level)


def _written(field: str, value: Amount) -> Decimal:
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or price < 0:
        raise ValueError(f"price.{field}: {value!r} is not a price; write an amount per million tokens, 0 or more")
    return price
