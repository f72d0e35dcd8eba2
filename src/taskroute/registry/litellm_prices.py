"""Prices from LiteLLM's own table, where the application has loaded LiteLLM. It is never imported for them."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, Final

from taskroute.policy.service_tiers import named
from taskroute.reading import as_mapping
from taskroute.registry.providers import known_provider, spellings
from taskroute.registry.rates import ZERO, Priced, Rate, Rates, cost_of
from taskroute.registry.warn import warn_once
from taskroute.types import EXACT, Cost, Usage

_PARTS: Final[Mapping[str, str]] = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "output_cost_per_reasoning_token": "reasoning",
    "input_cost_per_audio_token": "input_audio",
    "output_cost_per_audio_token": "output_audio",
    "input_cost_per_request": "request",
}
_KEY: Final = re.compile(rf"({'|'.join(sorted(_PARTS, key=len, reverse=True))})(?:_above_(\d+)k_tokens)?(?:_([a-z]+))?")
"""The part, the size from which the price holds in thousands of tokens, and the class of service."""
_CLASSES: Final[Mapping[str, str]] = {"batch": "batches"}
"""Classes of service that LiteLLM has another word for."""


class LiteLLMPrices:
    """Prices every model that LiteLLM's table gives a price for each token of, as the application has it; never raises.

    The table is read anew each time, because an application may add prices of its own to it.
    """

    __slots__ = ()

    def cost(self, provider: str | None, model: str, usage: Usage, *, service_tier: str | None = None) -> Cost | None:
        """Return what the usage costs, or None when LiteLLM is not loaded, or the model, the class of service or a count is unknown."""
        try:
            entry = _find(_table(), provider, model)
            rates = None if entry is None else _rates(entry, named(service_tier))
            return None if rates is None else cost_of(Priced(rates, f"litellm@{_version()}"), usage)
        except Exception as error:  # noqa: BLE001 - a price table that breaks costs the price, never the call
            warn_once(type(self), error)
            return None


def _table() -> Mapping[str, Any]:
    # Not an attribute access: that of a module may load what it lacks.
    return vars(sys.modules.get("litellm", object)).get("model_cost") or {}


@cache
def _version() -> str:
    return importlib.metadata.version("litellm")


def _find(table: Mapping[str, Any], provider: str | None, model: str) -> Mapping[str, Any] | None:
    """Return the entry of a model as this provider sells it."""
    wanted = None if provider is None else _seller(provider)
    for key in _keys(provider, model):
        entry = as_mapping(table.get(key))
        if entry and wanted in (None, _seller(entry.get("litellm_provider"))):
            return entry
    return None


def _keys(provider: str | None, model: str) -> Iterator[str]:
    name = model.removeprefix("models/")
    for spelling in () if provider is None else spellings(provider):
        yield f"{spelling}/{name}"
    yield name


def _seller(spelling: Any) -> str | None:
    # Google's are `vertex_ai-language-models` and the like.
    name = str(spelling or "").partition("-")[0] if str(spelling).startswith("vertex_ai-") else str(spelling or "")
    return known_provider(name) or name.lower()


def _rates(entry: Mapping[str, Any], service_tier: str | None) -> Rates | None:
    """Return what each token costs; None where this table does not say."""
    if "tiered_pricing" in entry:
        return None
    suffix = None if service_tier is None else _CLASSES.get(service_tier, service_tier)
    usual, own = _read(entry, None), {} if suffix is None else _read(entry, suffix)
    found = usual
    if suffix is not None:
        for part in ("input", "output"):
            # A class without a price for each of the sizes is priced by half.
            if part in usual and own.get(part, {}).keys() != usual[part].keys():
                return None
        found = {part: usual.get(part, {}) | own.get(part, {}) for part in usual.keys() | own.keys()}
    # A model whose price nobody knows stands there with zeros too.
    if not any(price for part in ("input", "output") for price in found.get(part, {}).values()):
        return None
    prices = {part: _rate(sizes) for part, sizes in found.items() if part != "request" and 0 in sizes}
    whole: dict[str, Rate | None] = {"input": None, "output": None}
    return Rates(**(whole | prices), request=found.get("request", {}).get(0, ZERO))


def _read(entry: Mapping[str, Any], suffix: str | None) -> dict[str, dict[int, Decimal]]:
    """Return the price of each part by the size of the input from which it holds."""
    found: dict[str, dict[int, Decimal]] = {}
    for key, value in entry.items():
        match = _KEY.fullmatch(key)
        if match is None or match[3] != suffix or not isinstance(value, int | float | str) or isinstance(value, bool):
            continue
        price = EXACT.create_decimal(str(value))
        if price.is_finite() and price >= 0:
            found.setdefault(_PARTS[match[1]], {})[int(match[2] or 0) * 1000] = price
    return found


def _rate(sizes: Mapping[int, Decimal]) -> Rate:
    return Rate(sizes[0], tuple(sorted((over, price) for over, price in sizes.items() if over)))
