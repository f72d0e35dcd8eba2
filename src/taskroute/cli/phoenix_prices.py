"""`taskroute phoenix-prices`: enters in Phoenix what the models of a policy cost, since it works out costs by a list of its own."""

from __future__ import annotations

import argparse
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from taskroute.cli.output import print_json, print_table, say_error
from taskroute.cli.phoenix_api import Listed, Phoenix, Price
from taskroute.cli.policies import find_policy
from taskroute.decision.snapshot import compile_policy
from taskroute.registry.models import ModelSpec
from taskroute.registry.prices import Prices
from taskroute.registry.rates import Priced, Rates
from taskroute.types import EXACT

_MILLION: Final = Decimal(1_000_000)
_DATE: Final = r"(?:[-@]\d{4}-?\d{2}-?\d{2})?"
"""Answers name a model with the date of its making, where the policy may do without."""
_PARTS: Final = (
    ("input", "PROMPT", "input"),
    ("cache_read", "PROMPT", "cache_read"),
    ("cache_write", "PROMPT", "cache_write"),
    ("input_audio", "PROMPT", "audio"),
    ("output", "COMPLETION", "output"),
    ("reasoning", "COMPLETION", "reasoning"),
    ("output_audio", "COMPLETION", "audio"),
)
"""Part of a price, and its kind and type of tokens in Phoenix. One that is missing costs there, too, what its whole costs."""


class Entry(NamedTuple):
    """A model as it is entered in Phoenix."""

    name: str
    """The provider's own name of it."""
    pattern: str
    """What the names in spans are held against."""
    prices: frozenset[Price]
    source: str
    notes: tuple[str, ...]
    """What its price has that Phoenix has no place for."""


class LeftOut(NamedTuple):
    """A model of the policy that is not entered, and why."""

    name: str
    why: str


def add(commands: Any) -> None:
    """Add the command to the parser."""
    command: argparse.ArgumentParser = commands.add_parser(
        "phoenix-prices",
        help="enter the prices of a policy's models in Phoenix",
        description="Enter in Phoenix what the models of a policy cost. Phoenix takes no cost from a span: it multiplies tokens by a list "
        "of its own, which knows no private models. Spans that come afterwards are priced so. Exit status: 0 done, 1 no model has a price "
        "that can be entered, 2 Phoenix cannot be reached, or refuses. An API key is read from PHOENIX_API_KEY.",
    )
    command.add_argument("--policy", metavar="P", help="the policy; otherwise taskroute.yaml here, or the one that comes with taskroute")
    command.add_argument("--url", metavar="URL", default="http://127.0.0.1:6006", help="where Phoenix is; %(default)s")
    command.add_argument("--dry-run", action="store_true", help="show what would be entered, and ask nobody")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Enter the prices, or show them."""
    registry = compile_policy(find_policy(arguments.policy).policy).registry
    entries, left_out = entries_of(registry)
    done = {entry.name: "would be entered" for entry in entries}
    if entries and not arguments.dry_run:
        phoenix = Phoenix(arguments.url, api_key=os.environ.get("PHOENIX_API_KEY"))
        listed = phoenix.models()
        done = {entry.name: _enter(phoenix, entry, listed) for entry in entries}
    if arguments.json:
        print_json(
            {
                "entered": [_as_json(entry, done[entry.name]) for entry in entries],
                "left_out": [each._asdict() for each in left_out],
            }
        )
    else:
        _print(entries, left_out, done)
    return 0 if entries else 1


def entries_of(registry: Mapping[str, ModelSpec]) -> tuple[list[Entry], list[LeftOut]]:
    """Return what is entered of a policy's models, once for each name that spans may have, and what is not."""
    prices = Prices()
    found: dict[str, Entry] = {}
    left_out: list[LeftOut] = []
    for name, spec in registry.items():
        priced = prices.rates(spec)
        why = _why_not(spec, priced)
        if why is not None or priced is None or spec.model_id is None:
            left_out.append(LeftOut(name, why or "no price is known"))
            continue
        entry = _entry(spec.model_id, priced, spec)
        before = found.setdefault(entry.name, entry)
        if before.prices != entry.prices:
            left_out.append(LeftOut(name, f"another model here is {entry.name!r}, too, at another price; Phoenix knows names alone"))
    return list(found.values()), left_out


def _why_not(spec: ModelSpec, priced: Priced | None) -> str | None:
    if spec.model_id is None:
        return "the policy does not say which model it is"
    if priced is None or priced.rates.input is None or priced.rates.output is None:
        return "no price is known"
    if priced.currency != "USD":
        return f"its price is in {priced.currency}, and Phoenix counts in US dollars"
    return None


def _entry(model: str, priced: Priced, spec: ModelSpec) -> Entry:
    prices = frozenset(_prices(priced.rates))
    return Entry(model, f"^{re.escape(model)}{_DATE}$", prices, priced.source, tuple(_notes(priced.rates, spec)))


def _prices(rates: Rates) -> Iterator[Price]:
    for part, kind, token_type in _PARTS:
        rate = getattr(rates, part)
        if rate is not None:
            yield Price(kind, token_type, float(EXACT.multiply(rate.base, _MILLION)))


def _notes(rates: Rates, spec: ModelSpec) -> Iterator[str]:
    if any(rate.tiers for rate in (rates.input, rates.output) if rate is not None):
        yield "large inputs cost there what others do"
    if rates.cache_write_1h is not None and rates.cache_write_1h != rates.cache_write:
        yield "cache entries kept for an hour cost there what others do"
    if rates.request:
        yield "the fee for each call is left out"
    if spec.price is not None and spec.price.service_tiers:
        yield "other classes of service cost there what the usual one does"


def _enter(phoenix: Phoenix, entry: Entry, listed: Sequence[Listed]) -> str:
    """Enter a model, or bring one that was entered up to date; return what was done."""
    ours = [model for model in listed if model.pattern == entry.pattern] or [model for model in listed if model.name == entry.name]
    if not ours:
        phoenix.create(entry.name, entry.pattern, entry.prices)
        return "entered"
    (known, *_) = ours
    if (known.name, known.pattern) == (entry.name, entry.pattern) and _same(known.prices, entry.prices):
        return "unchanged"
    phoenix.update(known, entry.name, entry.pattern, entry.prices)
    return "updated"


def _same(some: frozenset[Price], others: frozenset[Price]) -> bool:
    """Return whether prices are the same; Phoenix keeps them by the token, which costs their last digit."""
    if len(some) != len(others):
        return False
    return all(
        one[:2] == other[:2] and math.isclose(one.cost, other.cost, rel_tol=1e-9)
        for one, other in zip(sorted(some), sorted(others), strict=True)
    )


def _as_json(entry: Entry, done: str) -> dict[str, Any]:
    prices = [price._asdict() for price in sorted(entry.prices)]
    return {"model": entry.name, "done": done, "pattern": entry.pattern, "source": entry.source, "prices": prices, "notes": entry.notes}


def _print(entries: Sequence[Entry], left_out: Sequence[LeftOut], done: Mapping[str, str]) -> None:
    if entries:
        print_table(
            ("model", "", "USD per million tokens", "from", "but"),
            [(entry.name, done[entry.name], _in_words(entry.prices), entry.source, "; ".join(entry.notes)) for entry in entries],
        )
    else:
        say_error("no model of the policy has a price that can be entered in Phoenix")
    for each in left_out:
        print(f"left out: {each.name}: {each.why}")


def _in_words(prices: frozenset[Price]) -> str:
    order = {(kind, token_type): place for place, (_, kind, token_type) in enumerate(_PARTS)}
    told = sorted(prices, key=lambda price: order[price[:2]])
    return ", ".join(f"{price.token_type}{' out' if price[:2] == ('COMPLETION', 'audio') else ''} {price.cost:g}" for price in told)
