"""The price of a model in a policy: large inputs, classes of service, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from taskroute import PolicyError, Router
from taskroute.policy.parse import load_policy
from taskroute.types import Usage

FULL = {
    "input": 2, "output": 10, "cache_read": 0.2, "cache_write": 2.5, "cache_write_1h": 4, "reasoning": 20, "input_audio": 30, "output_audio": 60,
    "request": 0.01, "currency": "EUR",
    "tiers": [{"over": 200_000, "input": 4, "output": 15}, {"over": 500_000, "input": 6}],
    "service_tiers": {"flex": {"input": 1, "output": 5, "tiers": [{"over": 200_000, "input": 2}]}, "Priority": {"input": 4, "output": 20}},
}  # fmt: skip


def data(price: Any, **changes: Any) -> dict[str, Any]:
    return {"models": {"m": {"model": "test:m", "price": price}}, "default": "m", **changes}


def problem(price: Any, **changes: Any) -> str:
    with pytest.raises(PolicyError) as refused:
        load_policy(data(price, **changes))
    (said,) = refused.value.problems
    return said


def dollars(usage: Usage, service_tier: str | None = None) -> Decimal:
    cost = Router(data(FULL), environ={}).cost("m", usage, service_tier=service_tier)
    assert cost is not None
    assert (cost.currency, cost.source) == ("EUR", "user")
    return cost.amount


@pytest.mark.parametrize(
    ("usage", "tier", "amount"),
    [
        (Usage(1_000_000, 0), None, "6.01"),
        (Usage(500_000, 1_000_000), None, "17.01"),
        (Usage(200_000, 1_000_000), None, "10.41"),
        (Usage(200_000, 0, cache_read=100_000, cache_write=50_000, cache_write_1h=10_000), None, "0.27"),
        (Usage(1000, 1000, reasoning=500, input_audio=100, output_audio=100), None, "0.0348"),
        (Usage(200_000, 1_000_000), "flex", "5.2"),
        (Usage(1_000_000, 0), "flex", "2"),
        (Usage(1_000_000, 0), "priority", "4"),
        (Usage(1_000_000, 0), "auto", "6.01"),
    ],
)
def test_what_is_written_is_charged(usage: Usage, tier: str | None, amount: str) -> None:
    assert dollars(usage, tier) == Decimal(amount)


def test_a_class_that_is_not_written_has_no_price() -> None:
    assert Router(data(FULL), environ={}).cost("m", Usage(1, 1), service_tier="batch") is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tiers": [{"over": 0, "input": 1}]}, "tiers[0].over: input should be greater than 0"),
        ({"tiers": [{"over": 5}]}, "tiers[0]: the tier changes no price; write at least one, such as input: 6, or remove it"),
        ({"tiers": [{"over": 5, "input": 1}, {"over": 5, "input": 2}]}, "tiers: 'over: 5' comes after 'over: 5'; write each size once, the smallest first"),
        ({"tiers": [{"over": 9, "input": 1}, {"over": 5, "input": 2}]}, "tiers: 'over: 5' comes after 'over: 9'; write each size once, the smallest first"),
        ({"tiers": [{"over": 5, "request": 1}]}, "tiers[0].request: unknown key"),
        ({"service_tiers": {"flex": {"input": 1}}}, "service_tiers.flex: the key 'output' is missing; add it"),
        ({"service_tiers": {"flex": {"input": 1, "output": 1, "currency": "EUR"}}}, "service_tiers.flex.currency: unknown key"),
        ({"service_tiers": {"Standard": {"input": 1, "output": 1}}}, "service_tiers: 'Standard' is the usual class of service, whose prices are 'input' and 'output' of the model; remove it"),
        ({"service_tiers": {"flex": {"input": 1, "output": 1}, "FLEX": {"input": 1, "output": 1}}}, "service_tiers: 'FLEX' and 'flex' are the same class of service; remove one"),
        ({"request": -1}, "request: input should be greater than or equal to 0"),
        ({"cache_write_1h": "cheap"}, "cache_write_1h: 'cheap' is not a price; write a number, in units of the currency per million tokens"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_its_place_and_the_cure(changes: dict[str, Any], said: str) -> None:
    assert f"models.m.price.{said}" in problem({"input": 1, "output": 2, **changes})


def test_the_baseline_must_be_a_model_of_the_policy() -> None:
    said = problem({"input": 1, "output": 1}, telemetry={"baseline": "n"})
    assert said.endswith("telemetry.baseline: no model named 'n'; known: m; add it under 'models' or correct the name")
    assert load_policy(data({"input": 1, "output": 1}, telemetry={"baseline": "m"})).telemetry.baseline == "m"


def test_a_price_that_says_no_more_than_before_leaves_the_version_of_the_policy_alone() -> None:
    plain = load_policy(data({"input": 1, "output": 1}))
    assert load_policy(data({"input": 1, "output": 1, "tiers": [], "service_tiers": {}, "request": 0})).fingerprint == plain.fingerprint
    assert load_policy(data({"input": 1, "output": 1, "request": 1})).fingerprint != plain.fingerprint
