"""What a cost is made of: its parts add up, whatever the prices and the counts are."""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.registry.rates import Priced, Rate, Rates, amount, cost_of, is_sound
from taskroute.registry.user_price import SizeTier, UserPrice
from taskroute.types import EXACT, Cost, CostParts, Usage

FULL = UserPrice.of(
    input=2, output=10, cache_read="0.5", cache_write="2.5", cache_write_1h=4, reasoning=20, input_audio=30, output_audio=60, request="0.01"
)

money = st.decimals(min_value=0, max_value=1000, places=6)
rates = st.builds(Rate, money, st.lists(st.tuples(st.integers(1, 10**6), money), max_size=3).map(lambda tiers: tuple(sorted(tiers))))
tables = st.builds(
    Rates,
    input=st.none() | rates,
    output=st.none() | rates,
    cache_read=st.none() | rates,
    cache_write=st.none() | rates,
    reasoning=st.none() | rates,
    request=money,
    cache_write_1h=st.none() | rates,
    input_audio=st.none() | rates,
    output_audio=st.none() | rates,
)
some = st.none() | st.integers(-2, 3000)
usages = st.builds(Usage, some, some, some, some, some, some, some, some)
broad = st.none() | st.integers(0, 40)
sound_usages = st.builds(Usage, st.integers(150, 10**7), st.integers(100, 10**7), broad, broad, broad, st.none(), broad, broad)


def cost(price: UserPrice, usage: Usage) -> Cost:
    found = cost_of(price.priced(), usage)
    assert found is not None
    return found


def test_every_kind_of_token_is_charged_at_its_own_price_and_the_fee_once() -> None:
    usage = Usage(input=1000, output=200, cache_read=300, cache_write=100, reasoning=50, cache_write_1h=40, input_audio=10, output_audio=20)
    # In: 300 x 0.5 + 60 x 2.5 + 40 x 4 + 10 x 30 + 590 x 2 = 1940; out: 50 x 20 + 20 x 60 + 130 x 10 = 3500; millionths, and 0.01.
    assert cost(FULL, usage) == Cost(
        Decimal("0.01544"),
        "user",
        parts=CostParts(
            input=Decimal("0.00194"),
            output=Decimal("0.0035"),
            cache_read=Decimal("0.00015"),
            cache_write=Decimal("0.00031"),
            reasoning=Decimal("0.001"),
            request=Decimal("0.01"),
        ),
    )


def test_a_part_that_the_provider_did_not_tell_has_no_cost_of_its_own() -> None:
    parts = cost(FULL, Usage(input=10, output=10)).parts
    assert parts is not None
    assert (parts.cache_read, parts.cache_write, parts.reasoning) == (None, None, None)
    told = cost(FULL, Usage(input=10, output=10, cache_read=0, cache_write=0, reasoning=0)).parts
    assert told is not None
    assert (told.cache_read, told.cache_write, told.reasoning) == (0, 0, 0)


def test_a_part_without_a_price_of_its_own_is_told_at_the_price_of_its_whole() -> None:
    parts = cost(UserPrice.of(input=2, output=10), Usage(1000, 200, cache_read=300, cache_write=100, reasoning=50)).parts
    assert parts is not None
    assert (parts.cache_read, parts.cache_write, parts.reasoning) == (Decimal("0.0006"), Decimal("0.0002"), Decimal("0.0005"))


def test_what_is_kept_for_an_hour_costs_what_is_written_costs_where_it_has_no_price_of_its_own() -> None:
    price = UserPrice.of(input=2, output=10, cache_write=3)
    usage = Usage(1000, 0, cache_write=100)
    assert cost(price, usage._replace(cache_write_1h=40)).amount == cost(price, usage).amount


@pytest.mark.parametrize(
    "usage",
    [
        Usage(10, 10, cache_write=5, cache_write_1h=6),
        Usage(10, 10, input_audio=11),
        Usage(10, 10, output_audio=11),
        Usage(10, 10, input_audio=-1),
        Usage(10, 10, cache_write_1h=1),
    ],
)
def test_counts_that_contradict_each_other_have_no_cost(usage: Usage) -> None:
    assert cost_of(FULL.priced(), usage) is None


def test_what_was_heard_and_cached_at_once_cannot_be_priced_where_both_have_prices_of_their_own() -> None:
    both = Usage(10, 10, cache_read=8, input_audio=8)
    assert cost_of(FULL.priced(), both) is None
    # Where hearing costs what reading costs, it does not matter.
    assert cost(UserPrice.of(input=2, output=10, cache_read=1), both).amount == Decimal("0.000112")


@given(tables, usages | sound_usages)
def test_the_parts_add_up_to_the_whole_exactly(table: Rates, usage: Usage) -> None:
    found = cost_of(Priced(table, "table"), usage)
    assert (None if found is None else found.amount) == amount(table, usage)
    if found is None:
        return
    parts = found.parts
    assert parts is not None
    assert parts.input is not None
    assert parts.output is not None
    assert parts.request is not None
    assert EXACT.add(EXACT.add(parts.input, parts.output), parts.request) == found.amount


@given(tables, sound_usages)
def test_no_part_is_more_than_its_whole(table: Rates, usage: Usage) -> None:
    found = cost_of(Priced(table, "table"), usage)
    if found is None or found.parts is None:
        return
    parts = found.parts
    assert parts.input is not None
    assert parts.output is not None
    assert EXACT.add(parts.cache_read or Decimal(0), parts.cache_write or Decimal(0)) <= parts.input
    assert (parts.reasoning or Decimal(0)) <= parts.output


@given(tables, sound_usages)
def test_no_context_of_the_application_changes_a_cost(table: Rates, usage: Usage) -> None:
    priced = Priced(table, "table")
    plain = cost_of(priced, usage)
    with decimal.localcontext(decimal.Context(prec=3, traps=list(decimal.Context().flags))):
        strict = cost_of(priced, usage)
    assert strict == plain


@pytest.mark.parametrize(
    "cost",
    [
        None,
        1,
        "0.1",
        Decimal(1),
        Cost(Decimal("NaN"), "x"),
        Cost(Decimal("Infinity"), "x"),
        Cost(Decimal(-1), "x"),
        Cost(cast("Decimal", 0.5), "x"),
    ],
)
def test_what_cannot_be_added_up_is_no_cost(cost: object) -> None:
    assert not is_sound(cost)


def test_a_tier_changes_what_it_names_and_leaves_the_rest() -> None:
    price = UserPrice.of(input=2, output=10, cache_read=1, tiers=[SizeTier(200, input=Decimal(4)), SizeTier(500, output=Decimal(20))])
    found = [cost(price, Usage(size, 1, cache_read=100)).amount * 1_000_000 for size in (200, 201, 501)]
    assert found == [100 * 2 + 100 + 10, 101 * 4 + 100 + 10, 401 * 4 + 100 + 20]


def test_a_part_that_only_a_tier_prices_costs_what_its_whole_costs_below() -> None:
    price = UserPrice.of(input=2, output=10, tiers=[SizeTier(200, input=Decimal(4)), SizeTier(500, cache_read=Decimal(1))])
    found = [cost(price, Usage(size, 0, cache_read=100)).amount * 1_000_000 for size in (200, 201, 501)]
    assert found == [200 * 2, 201 * 4, 401 * 4 + 100]


def test_tiers_may_be_given_in_any_order() -> None:
    one, two = SizeTier(200, input=Decimal(4)), SizeTier(500, input=Decimal(8))
    assert UserPrice.of(input=2, output=0, tiers=[two, one]).rates() == UserPrice.of(input=2, output=0, tiers=[one, two]).rates()
