"""What a provider says that an answer cost: to the last digit that it sent, or unknown."""

from __future__ import annotations

import json
from decimal import Decimal, localcontext
from types import SimpleNamespace as Made
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.reported import amount_of, reported_header, reported_in
from taskroute.types import Cost

SENT = st.decimals(min_value=0, max_value=1000, places=12)


def amount(usage: Any) -> Decimal | None:
    found = reported_in(usage)
    return None if found is None else found.amount


def test_the_cost_is_the_providers_and_in_dollars() -> None:
    assert reported_in({"cost": 0.00435825}) == Cost(Decimal("0.00435825"), "provider", "USD")


@given(SENT)
def test_an_amount_has_the_digits_that_were_sent(sent: Decimal) -> None:
    assert amount(json.loads(f'{{"cost": {sent}}}')) == sent


@given(st.integers(min_value=0, max_value=10**18))
def test_ticks_are_exact_whatever_precision_the_application_has_set(ticks: int) -> None:
    with localcontext() as context:
        context.prec = 2
        found = amount({"cost_in_usd_ticks": ticks})
    assert found is not None
    assert int(found.scaleb(10)) == ticks


def test_ticks_come_before_what_a_client_made_of_them() -> None:
    assert amount({"cost_in_usd_ticks": 37756000, "cost": 0.0038}) == Decimal("0.0037756")


@pytest.mark.parametrize(
    "given",
    [
        True,
        False,
        "0.1",
        "",
        -1,
        -0.5,
        float("nan"),
        float("inf"),
        1e15,
        10**400,
        [0.1],
        {},
        {"total": 1},
        {"total_cost": "1"},
        None,
        object(),
    ],
    ids=repr,
)
def test_what_is_no_amount_is_unknown(given: Any) -> None:
    assert reported_in({"cost": given}) is None


@pytest.mark.parametrize("ticks", [True, "5", -1, 1.5, None])
def test_what_are_no_ticks_is_unknown(ticks: Any) -> None:
    assert reported_in({"cost_in_usd_ticks": ticks}) is None


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.lists(st.integers()))
def test_anything_is_an_amount_or_unknown(value: Any) -> None:
    for found in (amount_of(value), amount({"cost": value}), amount(value), amount({"cost": {"total_cost": value}})):
        assert found is None or (found.is_finite() and found >= 0)


def test_nothing_is_known_of_a_usage_without_a_cost() -> None:
    assert [reported_in(usage) for usage in ({}, None, 5, {"prompt_tokens": 5}, Made(prompt_tokens=5))] == [None] * 5


def test_an_answer_that_was_free_cost_nothing() -> None:
    assert amount({"cost": 0}) == 0
    assert amount(Made(cost=0.0)) == 0


def test_a_total_with_its_parts_is_read() -> None:
    assert amount({"cost": {"input_tokens_cost": 0.001, "request_cost": 0.005, "total_cost": 0.006}}) == Decimal("0.006")


# On the caller's own key, OpenRouter charges a fee, and the provider the rest


def test_on_an_own_key_what_the_provider_charges_is_added() -> None:
    usage = {"cost": 0.00001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.0003253}}
    assert amount(usage) == Decimal("0.0003353")
    assert amount({**usage, "cost": 0}) == Decimal("0.0003253")
    assert amount(Made(cost=0, is_byok=True, cost_details=Made(upstream_inference_cost=0.0003253))) == Decimal("0.0003253")


def test_on_an_own_key_the_fee_alone_is_no_cost() -> None:
    assert reported_in({"cost": 0, "is_byok": True, "cost_details": {"upstream_inference_cost": None}}) is None
    assert reported_in({"cost": 0, "is_byok": True}) is None


def test_on_openrouters_key_what_it_charges_is_all() -> None:
    assert amount({"cost": 0.002, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.003}}) == Decimal("0.002")


def test_where_nobody_says_whose_key_it_was_a_dearer_provider_shows_it() -> None:
    assert reported_in({"cost": 0, "cost_details": {"upstream_inference_cost": 0.003}}) is None
    assert amount({"cost": 0.003, "cost_details": {"upstream_inference_cost": 0.003}}) == Decimal("0.003")
    assert amount({"cost": 0.003, "cost_details": {"upstream_inference_cost": None}}) == Decimal("0.003")


# Headers


@pytest.mark.parametrize("text", ["0.00123", "1.95e-06", "2", " 0.5 "])
def test_a_header_is_read_by_its_digits(text: str) -> None:
    assert reported_header(text) == Cost(Decimal(text.strip()), "provider", "USD")


@pytest.mark.parametrize(
    "text", ["0", "0.0", "0e5", "", "None", "nan", "inf", "-1", "1_0", "0x1", "1e999", "1e15", "٣", None, 0.5, True, b"1"], ids=repr
)
def test_a_header_without_an_amount_is_unknown_and_so_is_a_0(text: Any) -> None:
    assert reported_header(text) is None
