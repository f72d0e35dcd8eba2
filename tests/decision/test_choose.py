"""Choosing by price or speed: the order, what is unknown, what fails too often, and what is said of it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute import Call
from taskroute.decision.choose import FEWEST_TRIES, OUTPUT_TOKENS, Choice, faster_than, order, weaker
from taskroute.decision.decide import decide
from taskroute.decision.snapshot import Snapshot, compile_policy
from taskroute.policy.choosing import Choose
from taskroute.policy.parse import load_policy
from taskroute.registry.prices import Prices
from taskroute.registry.rates import Priced, Rate, Rates
from taskroute.signals.collect import CallReader
from taskroute.types import NO_STATE, Cost, Decision, ModelHealth, Percentiles, StateView, Usage
from tests.policies import policy


def model(name: str, *, price: tuple[float, float] | None = None, latency: str | None = None, currency: str = "USD") -> dict[str, Any]:
    entry: dict[str, Any] = {"model": f"test:{name}"}
    if price is not None:
        entry["price"] = {"input": price[0], "output": price[1], "currency": currency}
    if latency is not None:
        entry["latency"] = latency
    return entry


def compiled(models: dict[str, dict[str, Any]], objective: str = "cheapest", **changes: Any) -> Snapshot:
    """Return a policy with one route for every call, which chooses among all of the models but the last; that one is `default`."""
    *among, last = models
    route = {
        "name": "questions",
        "choose": {"among": among, "objective": objective, **changes.pop("choose", {})},
        **changes.pop("route", {}),
    }
    data = policy(**{"models": models, "default": last, "routes": [route], **changes})
    return compile_policy(load_policy(data), rates=Prices(library=Unpriced()).rates)


class Unpriced:
    """A price table that knows no model."""

    def cost(self, provider: str | None, model: str, usage: Usage) -> Cost | None:
        return None


ANY = Call("q")


def decided(snapshot: Snapshot, call: Call = ANY, state: StateView = NO_STATE) -> Decision:
    decision = decide(snapshot, call, state=state)
    assert isinstance(decision, Decision)
    return decision


def took(seconds: float) -> ModelHealth:
    return ModelHealth(tries=1, error_rate=0.0, latency=Percentiles(seconds, seconds, seconds))


def failed(share: float, tries: int = FEWEST_TRIES) -> ModelHealth:
    return ModelHealth(tries=tries, error_rate=share)


PRICED = {"large": model("large", price=(4, 20)), "small": model("small", price=(0.25, 2)), "last": model("last", price=(0, 0))}


def test_the_cheapest_comes_first_and_default_follows() -> None:
    decision = decided(compiled(PRICED))
    assert decision.candidates == ("small", "large", "last")
    assert decision.reason == "route 'questions' matches every call; cheapest of large, small"


def test_default_follows_without_duplicates_and_not_at_all_with_fallback_none() -> None:
    assert decided(compiled(PRICED, default=["large", "last"])).candidates == ("small", "large", "last")
    assert decided(compiled(PRICED, route={"fallback": "none"})).candidates == ("small", "large")


def test_the_reason_says_how_the_route_matched_and_how_the_model_was_chosen() -> None:
    decision = decided(compiled(PRICED, route={"when": {"task": "question_answering"}}), Call("q", task="question_answering"))
    assert decision.reason == "route 'questions' matched: task 'question_answering' (explicit); cheapest of large, small"


@pytest.mark.parametrize(
    ("call", "first"),
    [
        (Call(tokens=10_000, max_tokens=10), "cheap to read"),
        (Call(tokens=10, max_tokens=10_000), "cheap to write"),
        (Call(tokens=9 * OUTPUT_TOKENS), "cheap to read"),
        (Call(tokens=OUTPUT_TOKENS // 2), "cheap to write"),
        (Call("word " * 10_000), "cheap to read"),
        (Call("word"), "cheap to write"),
    ],
)
def test_a_price_is_that_of_the_whole_call(call: Call, first: str) -> None:
    models = {"cheap to read": model("a", price=(1, 9)), "cheap to write": model("b", price=(5, 5)), "last": model("c")}
    assert decided(compiled(models), call).model == first


def test_the_size_that_a_price_is_estimated_for_is_among_the_signals() -> None:
    assert decided(compiled(PRICED), Call(tokens=7)).signals.tokens.value == 7
    assert decided(compiled(PRICED, "fastest"), Call(tokens=7)).signals.tokens.source == "not_asked"


def test_a_price_that_grows_with_the_call_is_taken_at_its_size() -> None:
    flat = Priced(Rates(Rate(Decimal(2)), Rate(Decimal(2))), "test")
    tiered = Priced(Rates(Rate(Decimal(1), ((1000, Decimal(9)),)), Rate(Decimal(1))), "test")
    known = {"large": flat, "small": tiered}
    snapshot = compiled(PRICED)._replace(rates=known)
    assert [decided(snapshot, Call(tokens=tokens)).model for tokens in (1000, 1001)] == ["small", "large"]


def test_an_unknown_price_comes_last_and_is_never_taken_for_zero() -> None:
    models = {
        "odd": model("odd"),
        "large": model("large", price=(4, 20)),
        "new": model("new"),
        "free": model("free", price=(0, 0)),
        "last": model("last"),
    }
    decision = decided(compiled(models))
    assert decision.candidates == ("free", "large", "odd", "new", "last")
    assert decision.reason.endswith("; cheapest of odd, large, new, free (no price in USD is known for odd, new)")


def test_without_any_price_the_written_order_stands() -> None:
    decision = decided(compiled({"b": model("b"), "a": model("a"), "last": model("last")}))
    assert decision.candidates == ("b", "a", "last")
    assert decision.reason.endswith("; cheapest of b, a (no price is known for b, a)")


def test_a_price_in_another_currency_than_the_first_is_as_good_as_unknown() -> None:
    models = {
        "a": model("a"),
        "b": model("b", price=(5, 5)),
        "c": model("c", price=(1, 1), currency="EUR"),
        "d": model("d", price=(4, 4)),
        "e": {},
    }
    decision = decided(compiled(models))
    assert decision.candidates == ("d", "b", "a", "c", "e")
    assert "no price in USD is known for a, c" in decision.reason


def test_of_the_fastest_those_come_first_that_nobody_has_tried_of_late_and_then_those_that_are_known() -> None:
    models = {"odd": model("odd"), "slow": model("slow", latency="8s"), "quick": model("quick", latency="900ms"), "last": model("last")}
    decision = decided(compiled(models, "fastest"))
    assert decision.candidates == ("odd", "quick", "slow", "last")
    assert decision.reason == "route 'questions' matches every call; fastest of odd, slow, quick"
    forgotten = decided(compiled(models, "fastest"), state=StateView(health={"odd": ModelHealth(tries=0)}))
    assert forgotten.candidates == ("odd", "quick", "slow", "last")


def test_who_was_tried_in_vain_of_late_comes_after_those_that_are_known() -> None:
    models = {"odd": model("odd"), "slow": model("slow", latency="8s"), "quick": model("quick", latency="900ms"), "last": model("last")}
    decision = decided(compiled(models, "fastest"), state=StateView(health={"odd": failed(1.0, tries=1)}))
    assert decision.candidates == ("quick", "slow", "odd", "last")
    assert decision.reason == "route 'questions' matches every call; fastest of odd, slow, quick (no latency is known for odd)"
    # An old measurement counts for as long as it is kept.
    old = decided(compiled(models, "fastest"), state=StateView(health={"odd": took(2.0)._replace(tries=0)}))
    assert old.candidates == ("quick", "odd", "slow", "last")


def test_what_was_measured_counts_for_more_than_what_was_written() -> None:
    models = {"slow": model("slow", latency="8s"), "quick": model("quick", latency="900ms"), "odd": model("odd"), "last": model("last")}
    state = StateView(health={"quick": took(9.0), "odd": took(2.0), "slow": ModelHealth(tries=3, error_rate=1.0)})
    assert decided(compiled(models, "fastest"), state=state).candidates == ("odd", "slow", "quick", "last")


@pytest.mark.parametrize(
    ("health", "first"),
    [
        (failed(0.21), "large"),
        (failed(0.2), "small"),
        (failed(1.0, tries=FEWEST_TRIES - 1), "small"),
        (ModelHealth(tries=9, error_rate=None), "small"),
    ],
)
def test_a_model_that_fails_too_often_comes_after_the_others(health: ModelHealth, first: str) -> None:
    snapshot = compiled(PRICED, choose={"max_error_rate": 0.2})
    assert decided(snapshot, state=StateView(health={"small": health})).model == first
    assert decided(compiled(PRICED), state=StateView(health={"small": health})).model == "small"


def test_failing_often_weighs_more_than_an_unknown_price_and_is_told() -> None:
    models = {"small": model("small", price=(1, 1)), "odd": model("odd"), "last": model("last")}
    decision = decided(compiled(models, choose={"max_error_rate": 0.1}), state=StateView(health={"small": failed(0.4)}))
    assert decision.candidates == ("odd", "small", "last")
    assert decision.reason.endswith("(no price in USD is known for odd; 40% of the tries of small failed)")


def test_where_all_fail_too_often_the_cheapest_still_comes_first() -> None:
    state = StateView(health={"small": failed(0.9), "large": failed(0.5)})
    assert decided(compiled(PRICED, choose={"max_error_rate": 0}), state=state).candidates == ("small", "large", "last")


def test_rules_and_eligibility_hold_for_what_is_chosen() -> None:
    models = {
        "large": PRICED["large"],
        "small": {**PRICED["small"], "context_window": 100},
        "last": {**PRICED["last"], "labels": "private"},
    }
    decision = decided(compiled(models), Call("q", tokens=200))
    assert (decision.candidates, list(decision.rejected)) == (("large", "last"), ["small"])
    private = compiled(models, require=[{"when": {"sensitive": True}, "labels": "private"}])
    assert decided(private, Call("mail joe@example.com")).candidates == ("last",)
    gone = decided(compiled(models), state=StateView(unavailable={"small": "its circuit is open"}))
    assert gone.candidates == ("large", "last")


def test_a_pin_is_not_chosen_among_others() -> None:
    decision = decided(compiled(PRICED), Call("q", pin="large"))
    assert (decision.candidates, decision.reason) == (("large",), "the call pins 'large'")


# After a timeout, and after an answer that was not good enough


def test_the_faster_ones_are_those_known_to_be_faster_the_fastest_first() -> None:
    models = {
        name: model(name, latency=latency)
        for name, latency in [("a", "4s"), ("b", "3s"), ("c", "1s"), ("d", "4s"), ("e", None), ("f", "9s")]
    }
    snapshot = compiled(models, "fastest")
    assert faster_than("a", "bcdef", snapshot, NO_STATE) == ("c", "b")
    assert faster_than("a", "abcdef", snapshot, StateView(health={"f": took(0.5), "c": took(5.0)})) == ("f", "b")
    assert faster_than("e", "abcdf", snapshot, NO_STATE) == ()
    assert faster_than("gone", "abcdf", snapshot, NO_STATE) == ()


def test_a_model_is_weaker_only_when_both_of_its_prices_are_known_and_lower() -> None:
    models = {
        "strong": model("strong", price=(4, 20)), "weak": model("weak", price=(1, 5)), "twin": model("twin", price=(4, 20)),
        "mixed": model("mixed", price=(1, 30)), "euro": model("euro", price=(1, 1), currency="EUR"), "odd": model("odd"), "last": {},
    }  # fmt: skip
    snapshot = compiled(models)
    assert [name for name in models if weaker(name, "strong", snapshot)] == ["weak"]
    assert not any(weaker(name, "odd", snapshot) or weaker("odd", name, snapshot) for name in models)


# Properties

NAMES = tuple("abcdef")
prices = st.none() | st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from(["USD", "USD", "EUR"]))
written = st.none() | st.sampled_from(["1s", "2s", "3s"])
healths = st.builds(
    ModelHealth,
    tries=st.integers(0, 2 * FEWEST_TRIES),
    error_rate=st.none() | st.sampled_from([0.0, 0.3, 0.6, 1.0]),
    latency=st.none() | st.builds(lambda p50: Percentiles(p50, p50, p50), st.sampled_from([1.0, 2.0, 4.0])),
)
states = st.builds(lambda health: StateView(health=health), st.dictionaries(st.sampled_from([*NAMES, "gone"]), healths))
chooses = st.builds(
    lambda among, objective, most: Choose(among=tuple(among), objective=objective, max_error_rate=most),
    st.lists(st.sampled_from(NAMES), min_size=1, unique=True),
    st.sampled_from(["cheapest", "fastest"]),
    st.none() | st.sampled_from([0.0, 0.3, 0.5]),
)
sizes = st.builds(lambda tokens, limit: Call(tokens=tokens, max_tokens=limit), st.integers(0, 10**6), st.none() | st.integers(0, 10**6))


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    models: dict[str, Any] = {}
    for name in NAMES:
        price = draw(prices)
        models[name] = model(name, latency=draw(written), price=price and price[:2], currency=price[2] if price else "USD")
    return compiled({**models, "last": {}})


def chosen(choose: Choose, snapshot: Snapshot, call: Call, state: StateView) -> Choice:
    return order(choose, snapshot, CallReader(call, snapshot.sources), state)


def worth(choose: Choose, snapshot: Snapshot, call: Call, health: Mapping[str, ModelHealth]) -> dict[str, Any]:
    """Say again, apart from the code under test, what is known of each model: its price or its seconds."""
    found: dict[str, Any] = {}
    currency = None
    for name in choose.among:
        spec = snapshot.registry[name]
        if choose.objective == "fastest":
            measured = health[name].latency if name in health else None
            found[name] = spec.latency if measured is None else measured.p50
        elif spec.price is not None:
            currency = currency or spec.price.currency
            output = OUTPUT_TOKENS if call.max_tokens is None else call.max_tokens
            if spec.price.currency == currency:
                found[name] = spec.price.input * (call.tokens or 0) + spec.price.output * output
    return {name: value for name, value in found.items() if value is not None}


@given(snapshots(), chooses, sizes, states)
def test_the_order_is_that_of_what_is_known_and_nothing_is_lost(snapshot: Snapshot, choose: Choose, call: Call, state: StateView) -> None:
    choice = chosen(choose, snapshot, call, state)
    assert choice == chosen(choose, snapshot, call, state)
    assert sorted(choice.models) == sorted(choose.among)

    def over(name: str) -> bool:
        seen = state.health.get(name)
        if seen is None or choose.max_error_rate is None or seen.tries < FEWEST_TRIES:
            return False
        return (seen.error_rate or 0) > choose.max_error_rate

    known = worth(choose, snapshot, call, state.health)

    def unknown(name: str) -> int:
        """Return where a model stands of which nothing is known: before the others while nobody has tried how fast it is."""
        if name in known:
            return 0
        return -1 if choose.objective == "fastest" and not (name in state.health and state.health[name].tries) else 1

    ranks = [(over(name), unknown(name), known.get(name, 0), choose.among.index(name)) for name in choice.models]
    assert ranks == sorted(ranks)


@given(snapshots(), st.sampled_from(NAMES), st.sampled_from(NAMES), states)
def test_weaker_and_faster_have_one_direction(snapshot: Snapshot, one: str, other: str, state: StateView) -> None:
    assert not (weaker(one, other, snapshot) and weaker(other, one, snapshot))
    assert not (faster_than(one, [other], snapshot, state) and faster_than(other, [one], snapshot, state))
    assert faster_than(one, [one], snapshot, state) == ()
