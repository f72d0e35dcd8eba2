"""The names of providers' classes of service, in one spelling. Pure."""

from __future__ import annotations

from typing import Final

USUAL: Final = frozenset({"default", "standard", "auto", "on_demand", "standard_only"})
"""What providers call the class of service that their list prices are for."""


def spelt(name: str) -> str:
    """Return the spelling that is used here."""
    return name.strip().lower().replace("-", "_")


def named(name: str | None) -> str | None:
    """Return the class of service in the spelling that is used here; None for the usual one."""
    if name is None:
        return None
    found = spelt(name)
    return None if not found or found in USUAL else found
