"""Price sources, whether they know of providers' classes of service or not, asked in one way."""

from __future__ import annotations

import inspect
from typing import NamedTuple, cast

from taskroute.ports import PriceSource, TieredPriceSource
from taskroute.registry.rates import is_sound
from taskroute.types import Cost, Usage


class Asked(NamedTuple):
    """A price source, and whether it may be asked for the price of a class of service."""

    source: PriceSource
    takes_tier: bool

    @classmethod
    def of(cls, source: PriceSource) -> Asked:
        """Return the source, looked at once."""
        return cls(source, _takes_tier(source))

    def cost(self, provider: str | None, model: str, usage: Usage, service_tier: str | None) -> Cost | None:
        """Return what the usage costs. A source that knows the usual class alone is asked for no other: its price would be wrong."""
        if self.takes_tier:
            found = cast("TieredPriceSource", self.source).cost(provider, model, usage, service_tier=service_tier)
        else:
            found = None if service_tier is not None else self.source.cost(provider, model, usage)
        if found is None or is_sound(found):
            return found
        raise TypeError(f"cost() gave a {type(found).__name__} that is no Cost with a Decimal of 0 or more")


def _takes_tier(source: PriceSource) -> bool:
    try:
        parameters = inspect.signature(source.cost).parameters
    except (TypeError, ValueError, AttributeError):
        return False
    return "service_tier" in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())
