"""Classes of service: each has its own price, and one whose price is not known has none."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from taskroute.registry.models import ModelSpec, describe
from taskroute.registry.prices import LibraryPrices, Prices, UserPrice, UserPrices
from taskroute.types import Cost, Usage

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
USUAL = ["default", "standard", "auto", "on_demand", "ON_DEMAND", "on-demand", "", " Default ", None]
OWN = UserPrice.of(
    input=2, output=10, service_tiers={"flex": UserPrice.of(input=1, output=5), "priority": UserPrice.of(input=4, output=20)}
)
MILLION = Usage(input=1_000_000, output=0)


@pytest.fixture(scope="module")
def library() -> LibraryPrices:
    pytest.importorskip("genai_prices", reason="the price table is an extra: prices")
    return LibraryPrices(now=lambda: NOW)


def dollars(cost: Cost | None) -> Decimal | None:
    return None if cost is None else cost.amount.normalize()


@pytest.mark.parametrize("spec", [ModelSpec("m"), ModelSpec("x", price=OWN)], ids=["table", "policy"])
@pytest.mark.parametrize(
    ("tier", "price"), [*((usual, 2) for usual in USUAL), ("flex", 1), ("FLEX", 1), ("priority", 4), ("batch", None), ("scale", None)]
)
def test_the_users_own_price_of_a_class_is_charged_and_that_of_no_other(spec: ModelSpec, tier: str | None, price: int | None) -> None:
    prices = Prices(UserPrices({"m": OWN}))
    assert dollars(prices.cost(spec, MILLION, service_tier=tier)) == price


@pytest.mark.parametrize("tier", [None, "default", "flex", "priority", "scale"])
def test_the_users_only_price_holds_for_every_class(tier: str | None) -> None:
    spec = ModelSpec("x", price=UserPrice.of(input=2, output=2))
    assert dollars(Prices().cost(spec, MILLION, service_tier=tier)) == 2


@pytest.mark.parametrize(
    ("provider", "model", "tier", "price"),
    [
        ("openai", "gpt-5", "default", "1.25"),
        ("openai", "gpt-5", "flex", "0.625"),
        ("openai", "gpt-5", "priority", "2.5"),
        ("openai", "gpt-5", "batch", "0.625"),
        ("anthropic", "claude-sonnet-4-5", "standard", "6"),
        ("anthropic", "claude-sonnet-4-5", "batch", "3"),
        # The library would say the usual price of these.
        ("anthropic", "claude-sonnet-4-5", "priority", None),
        ("openai", "gpt-4o", "flex", None),
        ("openai", "gpt-5", "scale", None),
        ("openai", "gpt-99-nobody-knows", "flex", None),
    ],
)
def test_the_price_table_is_asked_for_the_class_and_never_gives_the_usual_price_for_another(
    library: LibraryPrices, provider: str, model: str, tier: str, price: str | None
) -> None:
    cost = library.cost(provider, model, MILLION, service_tier=tier)
    assert dollars(cost) == (None if price is None else Decimal(price).normalize())


def test_a_class_whose_price_begins_on_a_date_has_none_before(library: LibraryPrices) -> None:
    before = LibraryPrices(now=lambda: datetime(2026, 10, 1, tzinfo=UTC))
    assert before.cost("anthropic", "claude-fable-5", MILLION, service_tier="batch") is None
    assert dollars(library.cost("anthropic", "claude-fable-5", MILLION, service_tier="batch")) == 5


class OnlyUsual:
    """A price source from before classes of service were known."""

    def cost(self, provider: str | None, model: str, usage: Usage) -> Cost | None:
        return Cost(Decimal(1), "mine")


class EveryClass:
    def __init__(self) -> None:
        self.asked: list[str | None] = []

    def cost(self, provider: str | None, model: str, usage: Usage, *, service_tier: str | None = None) -> Cost | None:
        self.asked.append(service_tier)
        return Cost(Decimal(1 if service_tier is None else 2), "mine")


class Anything:
    def cost(self, provider: str | None, model: str, usage: Usage, **options: str | None) -> Cost | None:
        return Cost(Decimal(1 if options["service_tier"] is None else 3), "mine")


SPEC = describe("m", model="any:model")


def test_a_source_that_does_not_know_of_classes_is_asked_for_the_usual_one_alone() -> None:
    prices = Prices(library=OnlyUsual())
    assert dollars(prices.cost(SPEC, MILLION, service_tier="default")) == 1
    assert prices.cost(SPEC, MILLION, service_tier="flex") is None


def test_a_source_that_takes_the_class_is_told_it_in_one_spelling() -> None:
    source = EveryClass()
    prices = Prices(library=source)
    assert [dollars(prices.cost(SPEC, MILLION, service_tier=tier)) for tier in ("auto", " Flex", None)] == [1, 2, 1]
    assert source.asked == [None, "flex", None]
    assert dollars(Prices(library=Anything()).cost(SPEC, MILLION, service_tier="flex")) == 3


# What the provider reports

REPORTED = Cost(Decimal("0.5"), "provider")


def test_what_the_provider_reports_comes_before_the_tables_and_after_the_user() -> None:
    prices = Prices(UserPrices({"mine": OWN}), library=OnlyUsual())
    assert prices.cost(SPEC, MILLION, reported=REPORTED) == REPORTED
    assert prices.cost(None, None, reported=REPORTED) == REPORTED
    assert dollars(prices.cost(ModelSpec("mine"), MILLION, reported=REPORTED)) == 2
    assert dollars(prices.cost(ModelSpec("x", price=OWN), MILLION, reported=REPORTED)) == 2


def test_what_is_reported_counts_without_any_usage_and_whatever_the_class() -> None:
    prices = Prices(library=OnlyUsual())
    assert prices.cost(SPEC, None, reported=REPORTED) == REPORTED
    assert prices.cost(SPEC, Usage(), reported=REPORTED, service_tier="flex") == REPORTED
    assert prices.cost(SPEC, None) is None


def test_a_model_that_the_user_priced_is_priced_by_nobody_else() -> None:
    prices = Prices(UserPrices({"mine": OWN}), library=OnlyUsual())
    assert prices.cost(describe("mine", model="any:model"), None, reported=REPORTED) is None
    assert prices.cost(describe("mine", model="any:model"), MILLION, reported=REPORTED, service_tier="batch") is None


@pytest.mark.parametrize("amount", [Decimal("NaN"), Decimal(-1), Decimal("Infinity"), 0.5])
def test_a_report_that_is_no_amount_is_passed_over(amount: Decimal) -> None:
    assert dollars(Prices(library=OnlyUsual()).cost(SPEC, MILLION, reported=Cost(amount, "provider"))) == 1


class Careless:
    def cost(self, provider: str | None, model: str, usage: Usage) -> Cost | None:
        return Cost(0.5, "mine")  # type: ignore[arg-type]


def test_a_source_that_gives_no_exact_amount_costs_one_warning_that_names_it() -> None:
    with pytest.warns(RuntimeWarning, match="Careless failed"):
        assert Prices(library=Careless()).cost(SPEC, MILLION) is None
