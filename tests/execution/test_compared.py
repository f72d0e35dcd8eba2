"""What a call would have cost on the baseline model, and what was saved: an estimate, and absent where it would be a guess."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from taskroute import Call, Router
from taskroute.execution.compared import Compared
from taskroute.execution.drivers import drive
from taskroute.steps import Attempt
from taskroute.types import CacheNote, Cost, Decision, Outcome, Reply, Signals, Try, Usage
from tests.execution.test_drivers import Witness

USAGE = Usage(1000, 100)
DECIDED = Decision(candidates=("small", "large"), route=None, reason="default")


def cost(amount: int | str, source: str = "user", currency: str = "USD") -> Cost:
    return Cost(Decimal(amount), source, currency)


PAID = cost(3)


def price(usage: Usage) -> Cost | None:
    """Ten a token, where all are known."""
    return None if usage.input is None or usage.output is None else cost((usage.input + usage.output) * 10)


def answered(*, by: str = "small", usage: Usage | None = USAGE, paid: Cost | None = PAID, **changes: Any) -> Outcome:
    tries = (Try(by, 0, 1.0, usage=usage, cost=paid),)
    return Outcome(DECIDED, tries, "answered", Reply("hi", usage=usage, cost=paid))._replace(**changes)


def baseline(outcome: Outcome, *, call: Call | None = None, model: str = "large", able: bool = True) -> Outcome:
    def could_answer(known: Signals) -> bool:
        return able

    return outcome._replace(baseline=Compared(model, call or Call("q"), price, could_answer).baseline(outcome))


def test_the_tokens_of_the_answer_are_priced_as_the_baselines_and_that_is_called_an_estimate() -> None:
    found = baseline(answered())
    assert found.baseline == cost(11_000, "user, estimated")
    assert found.saved == cost(10_997, "user, estimated")


def test_what_the_baseline_answered_itself_would_have_cost_what_it_did() -> None:
    found = baseline(answered(by="large", paid=cost(4, "provider")))
    assert (found.baseline, found.saved) == (cost(4, "provider"), cost(0, "provider"))


def test_an_answer_that_was_not_good_enough_makes_the_saving_less_than_nothing() -> None:
    outcome = answered(by="large", paid=cost(4))
    both = baseline(outcome._replace(tries=(Try("small", 0, 1.0, "truncated", usage=USAGE, cost=PAID), *outcome.tries)))
    assert both.saved == cost(-3)


def test_a_stored_answer_saves_what_its_tokens_would_have_cost() -> None:
    note = CacheNote("hit", age=1.0, saved=PAID, usage=USAGE)
    served = answered(tries=(), answered_by="small", cache=note, reply=Reply("hi"))
    found = baseline(served)
    assert (found.baseline, found.cost) == (cost(11_000, "user, estimated"), cost(0, "cache"))
    assert found.saved == cost(11_000, "user, estimated")
    assert baseline(served._replace(answered_by="large")).saved == PAID


@pytest.mark.parametrize(
    "outcome",
    [
        answered(status="failed"),
        answered(status="cancelled"),
        answered(usage=None),
        answered(usage=Usage(10)),
        answered(reply=None),
        answered(decision=DECIDED._replace(candidates=("small",), rejected={"large": "context window 8192 < 10412 tokens"})),
        answered(tries=(), answered_by="small", cache=CacheNote("hit", saved=PAID)),
    ],
    ids=["failed", "cancelled", "no usage", "half a usage", "no reply", "rejected", "a stored answer without its tokens"],
)
def test_where_it_would_be_a_guess_there_is_none(outcome: Outcome) -> None:
    found = baseline(outcome)
    assert (found.baseline, found.saved) == (None, None if not outcome.is_cached else PAID)


def test_nothing_is_saved_where_the_cost_is_unknown_or_in_another_currency() -> None:
    assert baseline(answered(paid=None)).saved is None
    euro = baseline(answered(paid=cost(3, currency="EUR")))
    assert (euro.baseline, euro.saved) == (cost(11_000, "user, estimated"), None)


def test_vectors_are_compared_with_those_of_a_model_that_makes_some() -> None:
    vectors, call = answered(usage=Usage(1000)), Call("q", operation="embeddings")
    assert baseline(vectors, call=call).baseline == cost(10_000, "user, estimated")
    chat = vectors._replace(decision=DECIDED._replace(candidates=("small",)))
    assert baseline(chat, call=call).baseline is None


def test_a_model_that_the_decision_did_not_look_at_is_compared_where_it_could_have_answered() -> None:
    elsewhere = answered(decision=DECIDED._replace(candidates=("small",)))
    assert baseline(elsewhere).baseline == cost(11_000, "user, estimated")
    assert baseline(elsewhere, able=False).baseline is None
    # What the decision found stands.
    assert baseline(answered(), able=False).baseline is not None


LOCAL = {"price": {"input": 1, "output": 1}, "labels": ["private"]}
SECRET = "Write to joe.bloggs@example.com, please."


@pytest.mark.parametrize(
    ("large", "call", "is_compared"),
    [
        ({}, Call("hi"), True),
        ({}, Call(SECRET), False),
        ({"labels": ["private"]}, Call(SECRET), True),
        ({"context_window": 20}, Call("word " * 40), False),
        ({"capabilities": {"tools": False}}, Call("hi", tools=("search",)), False),
    ],
    ids=["nothing against it", "may not see it", "may see it", "too long", "cannot do it"],
)
def test_a_route_without_the_baseline_saves_nothing_on_calls_that_it_may_not_take(large: Any, call: Call, is_compared: bool) -> None:
    given = {
        "models": {"local": LOCAL, "large": {"price": {"input": 5, "output": 25}, **large}},
        "require": [{"when": {"sensitive": True}, "labels": ["private"]}],
        "routes": [{"name": "local", "when": {"stage": "generate"}, "use": "local", "fallback": "none"}],
        "default": "large",
        "telemetry": {"baseline": "large"},
    }
    witness = Witness()
    router = Router(given, observers=[witness], environ={})
    host: Any = Answering()
    drive(router.run(call._replace(stage="generate")), host)
    [outcome] = witness.outcomes
    assert (outcome.decision.candidates, outcome.decision.rejected) == (("local",), {})
    assert (outcome.baseline is not None) is is_compared


class Answering:
    """Every model answers."""

    def answer(self, attempt: Attempt) -> Reply:
        return Reply("hi", usage=USAGE, cost=PAID)
