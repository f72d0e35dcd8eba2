"""What a classifier or a check says that its own calls to models cost. It is code of the user's own, so it may say anything."""

from __future__ import annotations

from taskroute.registry.rates import is_sound
from taskroute.types import Cost
from taskroute.warn import warn_once


def told(cost: object, by: str) -> Cost | None:
    """Return the cost that was told, or None for what is none: then it is not known."""
    if cost is None or is_sound(cost):
        return cost
    name = type(cost).__name__
    warn_once("aside", f"{by} {name}", f"the {by} told a cost that is no Cost with a Decimal of 0 or more ({name}); it stays unknown")
    return None
