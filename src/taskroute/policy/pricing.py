"""What the user says that a model costs: the `price` of a model in a policy."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from taskroute.policy.service_tiers import USUAL, spelt
from taskroute.policy.values import Many, PlainName, Price
from taskroute.policy.when import Section


class _Parts(Section):
    cache_read: Price | None = None
    """Input that the provider had in its cache; without a price, it costs what other input costs."""
    cache_write: Price | None = None
    """Input that the provider put into its cache."""
    cache_write_1h: Price | None = None
    """The same, to be kept for an hour; without a price, it costs what `cache_write` costs."""
    reasoning: Price | None = None
    """Output that was thought and not said."""
    input_audio: Price | None = None
    output_audio: Price | None = None


class SizeTierEntry(_Parts):
    """What a model costs for calls with a large input. What is left out costs what it costs below that size."""

    over: Annotated[int, Field(gt=0)]
    """Tokens: every token of a call costs these prices once its input is larger than this."""
    input: Price | None = None
    output: Price | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.model_fields_set <= {"over"}:
            raise ValueError("the tier changes no price; write at least one, such as input: 6, or remove it")
        return self


class Tariff(_Parts):
    """A price in units of the currency per million tokens."""

    input: Price
    output: Price
    request: Price = Decimal(0)
    """A fee for each call, in units of the currency."""
    tiers: Many[SizeTierEntry] = ()
    """Prices for large inputs, the smallest first."""

    @field_validator("tiers")
    @classmethod
    def _ascends(cls, tiers: tuple[SizeTierEntry, ...]) -> tuple[SizeTierEntry, ...]:
        for before, tier in pairwise(tiers):
            if tier.over <= before.over:
                raise ValueError(f"'over: {tier.over}' comes after 'over: {before.over}'; write each size once, the smallest first")
        return tiers


class PriceEntry(Tariff):
    """A price, in units of the currency per million tokens. It wins over every price table."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    service_tiers: dict[PlainName, Tariff] = Field(default_factory=dict[str, Tariff])
    """Prices of the provider's other classes of service, such as `flex` and `priority`, by the provider's own name. Each stands alone."""

    @field_validator("service_tiers")
    @classmethod
    def _are_others(cls, tiers: dict[str, Tariff]) -> dict[str, Tariff]:
        seen: dict[str, str] = {}
        for name in tiers:
            spelling = spelt(name)
            if spelling in USUAL:
                raise ValueError(f"{name!r} is the usual class of service, whose prices are 'input' and 'output' of the model; remove it")
            if spelling in seen:
                raise ValueError(f"{name!r} and {seen[spelling]!r} are the same class of service; remove one")
            seen[spelling] = name
        return tiers
