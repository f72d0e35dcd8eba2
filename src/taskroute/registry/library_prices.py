"""Prices from the genai-prices package, imported on the first priced call and kept as frozen rates."""

from __future__ import annotations

import decimal
import importlib
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from taskroute.policy.service_tiers import named
from taskroute.registry.providers import price_table_name
from taskroute.registry.rates import ZERO, Priced, Rate, Rates, cost_of, per_token
from taskroute.registry.warn import warn_once
from taskroute.types import EXACT, Cost, Usage

_MOST_MODELS: Final = 4096
_PER_REQUEST: Final = Decimal("0.001")
_NOT_ASKED: Final = "not asked"
_ASKED_AS: Final = {"batch": "processing"}
"""Classes of service that the library keeps under another name than `service_tier`."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class _Changing(NamedTuple):
    """Prices that depend on the date or the hour: the library says which hold now."""

    at: Callable[[datetime], Any]
    source: str


_Known = Priced | _Changing | None
_Name = tuple[str | None, str, str | None]
"""Provider, model and class of service."""


class LibraryPrices:
    """Prices every model that genai-prices lists; without that package no price is known.

    The prices of a model are read from the library once and then kept for the life of this object. Only tokens and the fee per request are
    priced: searches, audio hours and storage are not in a `Usage`. Safe to share between threads, and picklable.
    """

    __slots__ = ("_known", "_library", "_now")

    def __init__(self, *, now: Callable[[], datetime] = _utc_now) -> None:
        self._now = now
        self._known: dict[_Name, _Known] = {}
        self._library: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self._now,)

    def cost(self, provider: str | None, model: str, usage: Usage, *, service_tier: str | None = None) -> Cost | None:
        """Return what the usage costs, or None when the model, the class of service or a count is unknown. Never raises."""
        try:
            found = self._find(provider, model, named(service_tier))
            return None if found is None else cost_of(found, usage)
        except Exception as error:  # noqa: BLE001 - a price table that breaks costs the price, never the call
            warn_once(type(self), error)
            return None

    def rates(self, provider: str | None, model: str) -> Priced | None:
        """Return what each token costs now, or None when the model is unknown. Never raises."""
        try:
            return self._find(provider, model, None)
        except Exception as error:  # noqa: BLE001 - a price table that breaks costs the price, never the router
            warn_once(type(self), error)
            return None

    def preload(self) -> bool:
        """Import the price table now, so that the first call need not wait for it; False when it is not there."""
        try:
            return self._load() is not None
        except Exception as error:  # noqa: BLE001 - a price table that breaks costs the price, never the call
            warn_once(type(self), error)
            return False

    def _find(self, provider: str | None, model: str, service_tier: str | None) -> Priced | None:
        key = (provider, model, service_tier)
        found = self._known.get(key, _NOT_ASKED)
        if isinstance(found, str):
            found = self._learn(key)
        return Priced(_rates(found.at(self._now())), found.source) if isinstance(found, _Changing) else found

    def _load(self) -> Any:
        if self._library is None:
            try:
                self._library = importlib.import_module("genai_prices")
            except ModuleNotFoundError as error:
                if error.name != "genai_prices":
                    raise
                self._library = False
        return self._library or None

    def _learn(self, key: _Name) -> _Known:
        # Replies name the model, so the names may be without end.
        if len(self._known) >= _MOST_MODELS:
            self._known = {}
        found: _Known = None
        # Kept even when it fails, so that a broken library is not asked again at every call.
        try:
            library = self._load()
            # The library computes in the context of the application, whose traps may be set.
            with decimal.localcontext(EXACT):
                found = None if library is None else _look_up(library, *key, now=self._now())
        finally:
            self._known[key] = found
        return found


def _rebuild(now: Callable[[], datetime]) -> LibraryPrices:
    return LibraryPrices(now=now)


def _look_up(library: Any, provider: str | None, model: str, service_tier: str | None, *, now: datetime) -> _Known:
    listed = None if provider is None else price_table_name(provider)
    name = model.removeprefix("models/")
    try:
        priced = library.calc_price(library.Usage(input_tokens=0, output_tokens=0), name, provider_id=listed, genai_request_timestamp=now)
    except LookupError:
        return None
    # The library also takes a provider whose name merely contains another's; the price would be that of another seller.
    if listed is not None and priced.provider.id != listed:
        return None
    source = f"genai-prices@{library.__version__}"
    if priced.auto_update_timestamp is not None:
        source += f"+{priced.auto_update_timestamp:%Y-%m-%d}"
    if service_tier is not None:
        return _of_class(priced.model, service_tier, source, now)
    if not _is_settled(priced.model.prices, now):
        return _Changing(priced.model.get_prices, source)
    return Priced(_rates(priced.model_price), source)


def _of_class(model: Any, service_tier: str, source: str, now: datetime) -> _Known:
    """Return the prices of a class of service; None where the library lists none, because it would say the usual ones."""
    context = {_ASKED_AS.get(service_tier, "service_tier"): service_tier}
    variants = [
        variant
        for variant in getattr(model, "price_variants", None) or ()
        if all(context.get(key) == value for key, value in variant.when.items())
    ]
    if not any(variant.constraint is None or variant.constraint.active(now) for variant in variants):
        return None
    if all(variant.constraint is None for variant in variants) and _is_settled(model.prices, now):
        return Priced(_rates(model.get_prices(now, context)), source)

    def at(moment: datetime) -> Any:
        return model.get_prices(moment, context)

    return _Changing(at, source)


def _is_settled(prices: Any, now: datetime) -> bool:
    """Return whether the prices that hold now hold for ever: the last in the list wins, and a start date once passed stays passed."""
    if not hasattr(prices, "__getitem__"):
        return True
    last = prices[-1].constraint
    return last is None or (hasattr(last, "start_date") and bool(last.active(now)))


def _rates(price: Any) -> Rates:
    fee = price.requests_kcount
    return Rates(
        input=_rate(price.input_mtok),
        output=_rate(price.output_mtok),
        cache_read=_rate(price.cache_read_mtok),
        cache_write=_rate(price.cache_write_mtok),
        reasoning=_rate(price.output_reasoning_mtok),
        request=ZERO if fee is None else EXACT.multiply(fee, _PER_REQUEST),
        cache_write_1h=_rate(getattr(price, "cache_write_1h_mtok", None)),
        input_audio=_rate(getattr(price, "input_audio_mtok", None)),
        output_audio=_rate(getattr(price, "output_audio_mtok", None)),
    )


def _rate(price: Any) -> Rate | None:
    if price is None:
        return None
    if isinstance(price, Decimal):
        return Rate(per_token(price))
    return Rate(per_token(price.base), tuple((tier.start, per_token(tier.price)) for tier in price.tiers))
