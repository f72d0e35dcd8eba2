"""What an answer cost: the user's price first, then the price table, and None when it is not known."""

from __future__ import annotations

import decimal
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.registry.models import ModelSpec, Registry, describe
from taskroute.registry.prices import LibraryPrices, Prices, UserPrice, UserPrices
from taskroute.registry.rates import Priced, amount
from taskroute.types import Cost, Usage

OWN = UserPrice.of(input=2, output=10, cache_read="0.5", cache_write="2.5", reasoning=20)
PLAIN = UserPrice.of(input=2, output=10)

counts = st.integers(min_value=0, max_value=10**9)
maybe = st.none() | st.integers(min_value=-10, max_value=10**30)
money = st.decimals(min_value=0, max_value=1000, places=4)


def user(price: UserPrice) -> Prices:
    return Prices(UserPrices({"m": price}), library=Nothing())


class Nothing:
    """A price table that knows no model."""

    def cost(self, provider: str | None, model: str, usage: Usage) -> Cost | None:
        return None


class Flat:
    """A price table that knows some models, at one dollar an answer."""

    def __init__(self, *known: tuple[str | None, str]) -> None:
        self.known = known

    def cost(self, provider: str | None, model: str, usage: Usage) -> Cost | None:
        return Cost(Decimal(1), "flat") if (provider, model) in self.known else None


def whole(cost: Cost | None) -> Cost | None:
    """Return a cost without what it is made of."""
    return None if cost is None else cost._replace(parts=None)


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


# The user's own prices


def test_each_part_of_a_usage_has_its_own_price() -> None:
    # 1000 in: 600 x 2 + 300 x 0.5 + 100 x 2.5 = 1600; 200 out: 150 x 10 + 50 x 20 = 2500; millionths.
    usage = Usage(input=1000, output=200, cache_read=300, cache_write=100, reasoning=50)
    assert whole(user(OWN).cost(ModelSpec("m"), usage)) == Cost(Decimal("0.0041"), "user")


def test_parts_without_a_price_of_their_own_cost_what_their_whole_costs() -> None:
    usage = Usage(input=1000, output=200, cache_read=300, cache_write=100, reasoning=50)
    assert whole(user(PLAIN).cost(ModelSpec("m"), usage)) == whole(user(PLAIN).cost(ModelSpec("m"), Usage(input=1000, output=200)))
    assert whole(user(PLAIN).cost(ModelSpec("m"), usage)) == Cost(Decimal("0.004"), "user")


def test_a_price_is_in_the_users_currency() -> None:
    euro = UserPrice.of(input=1, output=1, currency="EUR")
    assert whole(user(euro).cost(ModelSpec("m"), Usage(input=1, output=1))) == Cost(Decimal("0.000002"), "user", "EUR")


def test_a_model_that_is_free_costs_zero_and_zero_is_known() -> None:
    free = UserPrice.of(input=0, output=0)
    assert whole(user(free).cost(ModelSpec("m"), Usage(input=5, output=5))) == Cost(Decimal(0), "user")


def test_a_price_is_what_was_written_not_the_nearest_binary_fraction() -> None:
    assert UserPrice.of(input=0.1, output=0.3) == UserPrice.of(input="0.1", output=Decimal("0.3"))


@pytest.mark.parametrize("wrong", [-1, "-0.1", float("nan"), float("inf"), "cheap", ""])
def test_an_amount_that_is_no_price_is_refused(wrong: float | str) -> None:
    with pytest.raises(ValueError, match=r"price\.output: .* is not a price; write an amount per million tokens"):
        UserPrice.of(input=1, output=wrong)


@pytest.mark.parametrize(
    "usage",
    [
        Usage(),
        Usage(input=10),
        Usage(output=10),
        Usage(input=-1, output=1),
        Usage(input=10, output=10, cache_read=11),
        Usage(input=10, output=10, cache_read=6, cache_write=5),
        Usage(input=10, output=10, reasoning=11),
        Usage(input=10, output=10, cache_read=-1),
    ],
)
def test_a_usage_that_is_incomplete_or_contradicts_itself_has_no_cost(usage: Usage) -> None:
    assert user(OWN).cost(ModelSpec("m"), usage) is None


def test_the_applications_decimal_precision_does_not_change_a_cost() -> None:
    usage = Usage(input=123_456_789, output=987_654_321)
    with decimal.localcontext(prec=3):
        rounded = user(OWN).cost(ModelSpec("m"), usage)
    assert whole(rounded) == Cost(Decimal("10123.456788"), "user")


@given(maybe, maybe, maybe, maybe, maybe, money, money, st.none() | money)
def test_a_cost_is_never_negative_and_never_raises(
    whole: int | None,
    answer: int | None,
    read: int | None,
    write: int | None,
    thought: int | None,
    first: Decimal,
    second: Decimal,
    third: Decimal | None,
) -> None:
    price = UserPrice(first, second, cache_read=third, reasoning=third)
    cost = user(price).cost(ModelSpec("m"), Usage(whole, answer, read, write, thought))
    assert cost is None or cost.amount >= 0
    if whole is None or answer is None:
        assert cost is None


@given(counts, counts, counts, counts, money, money)
def test_costs_add_up_and_grow_with_the_tokens(a: int, b: int, c: int, d: int, first: Decimal, second: Decimal) -> None:
    prices = user(UserPrice(first, second))
    one, other, both = (prices.cost(ModelSpec("m"), usage) for usage in (Usage(a, b), Usage(c, d), Usage(a + c, b + d)))
    assert one is not None
    assert other is not None
    assert both is not None
    assert both.amount == one.amount + other.amount
    assert both.amount >= max(one.amount, other.amount)


# Who is asked, and in what order


def test_the_users_table_wins_over_the_library() -> None:
    spec = describe("m", model="openai:gpt-4o")
    library = Flat(("openai", "gpt-4o"))
    usage = Usage(input=1_000_000, output=0)
    assert whole(Prices(UserPrices({"m": PLAIN}), library=library).cost(spec, usage)) == Cost(Decimal(2), "user")
    assert whole(Prices(library=library).cost(spec._replace(price=PLAIN), usage)) == Cost(Decimal(2), "user")
    assert Prices(library=library).cost(spec, usage) == Cost(Decimal(1), "flat")


def test_a_model_that_the_user_priced_is_never_priced_by_the_library() -> None:
    prices = Prices(UserPrices({"m": PLAIN}), library=Flat(("openai", "gpt-4o")))
    assert prices.cost(describe("m", model="openai:gpt-4o"), Usage(input=1)) is None


def test_what_the_reply_says_is_used_when_the_spec_names_no_model() -> None:
    prices = Prices(library=Flat(("openai", "gpt-4o")))
    usage = Usage(input=1, output=1)
    assert prices.cost(None, usage, provider="openai", model="gpt-4o") == Cost(Decimal(1), "flat")
    assert prices.cost(ModelSpec("m"), usage, provider="openai", model="gpt-4o") == Cost(Decimal(1), "flat")
    assert prices.cost(ModelSpec("m"), usage) is None
    assert prices.cost(None, usage) is None


def test_a_deployment_of_the_users_own_naming_is_priced_as_the_model_that_answered() -> None:
    prices = Prices(library=Flat(("azure_openai", "gpt-4o")))
    assert prices.cost(describe("m", model="azure_openai:prod-chat"), Usage(input=1, output=1), model="gpt-4o") == Cost(Decimal(1), "flat")


def test_the_spec_comes_before_what_the_reply_says() -> None:
    spec = describe("m", model="openai:gpt-4o")
    assert Prices(library=Flat(("openai", "gpt-4o"))).cost(spec, Usage(1, 1), provider="openai", model="other") == Cost(Decimal(1), "flat")


def test_a_price_is_known_when_anyone_knows_it() -> None:
    prices = Prices(UserPrices({"mine": PLAIN}), library=Flat(("openai", "gpt-4o")))
    assert prices.price_known(ModelSpec("mine"))
    assert prices.price_known(ModelSpec("other", price=PLAIN))
    assert prices.price_known(describe("listed", model="openai:gpt-4o"))
    assert not prices.price_known(describe("unlisted", model="ollama:llama3.3"))
    assert not prices.price_known(ModelSpec("object"))


def test_rates_come_from_the_user_first_and_are_none_where_nobody_knows_them() -> None:
    euro = UserPrice.of(input=1, output=3, currency="EUR")
    prices = Prices(UserPrices({"mine": PLAIN}), library=Flat(("openai", "gpt-4o")))
    assert prices.rates(describe("mine", model="openai:gpt-4o")) == PLAIN.priced()
    assert prices.rates(ModelSpec("other", price=euro)) == Priced(euro.rates(), "user", "EUR")
    assert prices.rates(describe("unlisted", model="ollama:llama3.3")) is None
    assert prices.rates(ModelSpec("object")) is None


@given(counts, counts, money, money, money)
def test_rates_of_a_source_that_prices_whole_answers_give_its_prices(
    whole: int, answer: int, first: Decimal, second: Decimal, fee: Decimal
) -> None:
    class Tariff:
        def cost(self, provider: str | None, model: str, usage: Usage) -> Cost | None:
            return Cost(fee + first * (usage.input or 0) + second * (usage.output or 0), "tariff", "CHF")

    priced = Prices(library=Tariff()).rates(describe("m", model="any:model"))
    assert priced is not None
    assert (priced.source, priced.currency) == ("tariff", "CHF")
    assert amount(priced.rates, Usage(whole, answer)) == fee + first * whole + second * answer


def test_the_users_prices_are_taken_from_the_registry() -> None:
    registry = Registry([ModelSpec("a", price=PLAIN), ModelSpec("b")])
    assert dict(UserPrices.of(registry)) == {"a": PLAIN}


def test_prices_survive_pickling() -> None:
    prices = Prices(UserPrices({"m": OWN}), library=LibraryPrices())
    usage = Usage(input=1000, output=200, cache_read=300)
    prices.cost(ModelSpec("m"), usage)
    again: Prices = pickle.loads(pickle.dumps(prices))
    assert again.cost(ModelSpec("m"), usage) == prices.cost(ModelSpec("m"), usage) is not None
    spec = describe("listed", model="openai:gpt-4o")
    assert again.cost(spec, usage) == prices.cost(spec, usage)


# The price table of genai-prices

MORNING = datetime(2026, 11, 23, 12, tzinfo=UTC)
NIGHT = datetime(2026, 11, 23, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def library() -> LibraryPrices:
    pytest.importorskip("genai_prices", reason="the price table is an extra: prices")
    return LibraryPrices(now=at(MORNING))


@pytest.mark.parametrize(
    ("provider", "model", "usage", "dollars"),
    [
        # 600 x 2.5 + 400 x 1.25 + 100 x 10 = 3000 millionths; reasoning costs what the answer costs.
        ("openai", "gpt-4o", Usage(input=1000, output=100, cache_read=400, reasoning=60), "0.003"),
        # 500 x 3 + 400 x 0.3 + 100 x 3.75 + 100 x 15 = 3495
        ("anthropic", "claude-sonnet-4-5", Usage(input=1000, output=100, cache_read=400, cache_write=100), "0.003495"),
        # 600 x 1.25 + 400 x 0.125 + 100 x 10 = 1800
        ("google_genai", "gemini-2.5-pro", Usage(input=1000, output=100, cache_read=400, reasoning=60), "0.0018"),
        # Up to 200000 tokens: 200000 x 1.25 + 100 x 10 = 251000
        ("google_genai", "gemini-2.5-pro", Usage(input=200_000, output=100), "0.251"),
        # One token more puts every token in the next tier: 200001 x 2.5 + 100 x 15 = 501502.5
        ("google_genai", "gemini-2.5-pro", Usage(input=200_001, output=100), "0.5015025"),
        # In the next tier too: 200000 x 2.5 + 100000 x 0.25 + 100 x 15 = 526500
        ("google_vertexai", "gemini-2.5-pro", Usage(input=300_000, output=100, cache_read=100_000), "0.5265"),
        # 1000 x 2 + 40 x 8 + 60 x 3 = 2500: reasoning has its own price here.
        ("perplexity", "sonar-deep-research", Usage(input=1000, output=100, reasoning=60), "0.0025"),
        # 1000 x 3 + 100 x 15 + a fee of 14000 a thousand requests = 18500
        ("perplexity", "sonar-pro", Usage(input=1000, output=100), "0.0185"),
    ],
)
def test_listed_models_cost_what_their_price_list_says(
    library: LibraryPrices, provider: str, model: str, usage: Usage, dollars: str
) -> None:
    cost = library.cost(provider, model, usage)
    assert cost is not None
    assert cost.amount == Decimal(dollars)
    assert cost.currency == "USD"
    assert cost.source.startswith("genai-prices@")
    assert library.cost(provider, model, usage) == cost


def test_rates_of_a_listed_model_hold_its_tiers_and_give_its_costs(library: LibraryPrices) -> None:
    priced = Prices(library=library).rates(describe("m", model="google_genai:gemini-2.5-pro"))
    assert priced is not None
    assert priced.source.startswith("genai-prices@")
    for tokens in (200_000, 200_001):
        usage = Usage(input=tokens, output=100)
        cost = library.cost("google_genai", "gemini-2.5-pro", usage)
        assert cost is not None
        assert amount(priced.rates, usage) == cost.amount
    assert library.rates("openai", "gpt-99-nobody-knows") is None


@pytest.mark.usefixtures("library")
def test_rates_that_depend_on_the_hour_are_those_of_that_hour() -> None:
    by_day, by_night = (LibraryPrices(now=at(moment)).rates("deepseek", "deepseek-chat") for moment in (MORNING, NIGHT))
    assert by_day is not None
    assert by_night is not None
    assert by_day.rates != by_night.rates


@pytest.mark.usefixtures("library")
def test_a_price_that_depends_on_the_hour_is_the_price_of_that_hour() -> None:
    usage = Usage(input=1000, output=100)
    by_day = LibraryPrices(now=at(MORNING)).cost("deepseek", "deepseek-chat", usage)
    by_night = LibraryPrices(now=at(NIGHT)).cost("deepseek", "deepseek-chat", usage)
    # 1000 x 0.27 + 100 x 1.1 = 380; off peak 1000 x 0.135 + 100 x 0.55 = 190
    assert by_day is not None
    assert by_night is not None
    assert (by_day.amount, by_night.amount) == (Decimal("0.00038"), Decimal("0.00019"))
    moments = iter((MORNING, MORNING, NIGHT))
    clock = LibraryPrices(now=lambda: next(moments))
    assert clock.cost("deepseek", "deepseek-chat", usage) == by_day
    assert clock.cost("deepseek", "deepseek-chat", usage) == by_night


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "gpt-99-nobody-knows"),
        ("ollama", "llama3.3"),
        ("my-openai-proxy", "gpt-4o"),
        ("openai", "whisper-1"),
        (None, "nobody-knows-this"),
        ("", ""),
    ],
)
def test_a_model_that_the_table_does_not_price_in_tokens_costs_none(library: LibraryPrices, provider: str | None, model: str) -> None:
    assert library.cost(provider, model, Usage(input=1000, output=100)) is None


@pytest.mark.parametrize(
    ("spelling", "name", "model"),
    [
        ("azure_openai", "azure", "gpt-4o"),
        ("bedrock_converse", "aws", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("amazon_bedrock", "aws", "us.amazon.nova-pro-v1:0"),
        ("mistralai", "mistral", "mistral-large-latest"),
        ("xai", "x-ai", "grok-4"),
        ("google_genai", "google", "models/gemini-2.5-pro"),
        ("together_ai", "together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
    ],
)
def test_a_provider_may_be_spelt_as_any_host_spells_it(library: LibraryPrices, spelling: str, name: str, model: str) -> None:
    cost = library.cost(spelling, model, Usage(input=1000, output=100))
    assert cost is not None
    assert cost == library.cost(name, model, Usage(input=1000, output=100))


def test_our_numbers_are_the_librarys_own_for_every_model_it_lists(library: LibraryPrices) -> None:
    genai_prices = pytest.importorskip("genai_prices")
    snapshot = pytest.importorskip("genai_prices.data_snapshot").get_snapshot()
    usage = Usage(input=300_000, output=500, cache_read=75_000, cache_write=37_500, reasoning=100, cache_write_1h=12_500)
    same = genai_prices.Usage(
        input_tokens=300_000,
        output_tokens=500,
        cache_read_tokens=75_000,
        cache_write_tokens=37_500,
        cache_write_1h_tokens=12_500,
        output_reasoning_tokens=100,
    )
    differ: list[str] = []
    compared = 0
    for provider in snapshot.providers:
        for model in provider.models:
            ours = library.cost(provider.id, model.id, usage)
            if ours is not None:
                theirs = genai_prices.calc_price(same, model.id, provider_id=provider.id, genai_request_timestamp=MORNING).total_price
                compared += 1
                if ours.amount != theirs:
                    differ.append(f"{provider.id}:{model.id}: {ours.amount} != {theirs}")
    assert differ == []
    assert compared > 1000


@given(maybe, maybe, maybe, maybe, maybe)
def test_the_library_never_raises_and_never_gives_a_negative_cost(
    library: LibraryPrices, whole: int | None, answer: int | None, read: int | None, write: int | None, thought: int | None
) -> None:
    cost = library.cost("google", "gemini-2.5-pro", Usage(whole, answer, read, write, thought))
    assert cost is None or cost.amount >= 0
