"""What calls cost, from the policy to the outcome: the user's price, what the provider reports, the baseline, and streams that break off."""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any

import pytest

from taskroute import Call, Router
from taskroute.execution.drivers import drive
from taskroute.execution.partly import Partly
from taskroute.execution.run import Source
from taskroute.execution.validate import Expected
from taskroute.registry.prices import Prices
from taskroute.steps import Attempt
from taskroute.stores.memory import MemoryStore
from taskroute.types import Cost, Decision, Outcome, Reply, Usage
from tests.cache.keeping import KeepingHost
from tests.execution.test_drivers import Witness

PRICES = {"small": {"input": 1, "output": 2}, "large": {"input": 10, "output": 20, "service_tiers": {"flex": {"input": 5, "output": 10}}}}
MODELS = {name: {"model": f"test:{name}", "price": price} for name, price in PRICES.items()}
USAGE = Usage(1000, 100)
REPORTED = Cost(Decimal("0.5"), "provider")


def data(**changes: Any) -> dict[str, Any]:
    return {"models": MODELS, "default": ["small", "large"], "telemetry": {"baseline": "large"}, **changes}


class Unlisted:
    def cost(self, provider: str | None, model: str, usage: Usage) -> Cost | None:
        return None


class Host:
    """Answers at the router's price."""

    def __init__(self, router: Router, reply: Reply) -> None:
        self.router, self.reply = router, reply

    def answer(self, attempt: Attempt) -> Reply:
        reply = self.reply
        cost = self.router.cost(
            attempt.model, reply.usage, snapshot=attempt.snapshot, service_tier=reply.service_tier, reported=reply.reported
        )
        return reply._replace(cost=cost)

    async def aanswer(self, attempt: Attempt) -> Reply:
        return self.answer(attempt)

    def open(self, attempt: Attempt) -> tuple[Any, Source]:
        raise NotImplementedError

    aopen = open

    def expects(self, attempt: Attempt, reply: Reply) -> Expected:
        return Expected(reply.answer)


def ask(reply: Reply, *, call: Call | None = None, **changes: Any) -> Outcome:
    witness = Witness()
    router = Router(data(**changes), prices=Prices(library=Unlisted()), observers=[witness], environ={})
    returned = drive(router.run(call or Call("q")), Host(router, reply))
    (outcome,) = witness.outcomes
    assert returned == outcome
    return outcome


def test_a_call_knows_its_cost_the_baselines_and_the_difference() -> None:
    outcome = ask(Reply("hi", usage=USAGE))
    assert outcome.cost is not None
    assert outcome.baseline is not None
    assert outcome.saved is not None
    assert (outcome.cost.amount, outcome.baseline.amount, outcome.saved.amount) == (Decimal("0.0012"), Decimal("0.012"), Decimal("0.0108"))
    assert outcome.saved.source == "user, estimated"
    assert outcome.baseline.parts is not None


def test_without_a_baseline_nothing_is_compared() -> None:
    outcome = ask(Reply("hi", usage=USAGE), telemetry={})
    assert (outcome.baseline, outcome.saved) == (None, None)


def test_the_baseline_is_priced_in_the_usual_class_and_its_own_answer_in_the_class_that_answered() -> None:
    flex = Reply("hi", usage=USAGE, service_tier="flex")
    outcome = ask(flex, call=Call("q", pin="large"))
    assert outcome.cost == outcome.baseline
    assert outcome.cost is not None
    assert outcome.cost.amount == Decimal("0.006")
    other = ask(flex._replace(reported=REPORTED), models={**MODELS, "small": "test:small"})
    assert other.cost == REPORTED
    assert other.baseline is not None
    assert other.baseline.amount == Decimal("0.012")


def test_a_baseline_that_could_not_have_answered_saves_nothing() -> None:
    small, large = ({**MODELS[name], "context_window": window} for name, window in (("small", 100_000), ("large", 10)))
    outcome = ask(Reply("hi", usage=USAGE), models={"small": small, "large": large}, call=Call("q", tokens=5000))
    assert "large" in outcome.decision.rejected
    assert (outcome.baseline, outcome.saved) == (None, None)


def test_an_answer_without_usage_costs_what_is_reported() -> None:
    outcome = ask(Reply("hi", reported=REPORTED), models={**MODELS, "small": "test:small"})
    assert (outcome.cost, outcome.baseline) == (REPORTED, None)


def test_a_stored_answer_saves_its_tokens_on_the_baseline() -> None:
    witness = Witness()
    models = {**MODELS, "small": {"model": "test:small", "price": PRICES["small"]}}
    router = Router(data(models=models, cache={"store": "memory"}), cache=MemoryStore(), observers=[witness], environ={})
    host = KeepingHost({"small": ["hi"]})
    for _ in range(2):
        drive(router.run(Call("q")), host)
    made, served = witness.outcomes
    assert served.is_cached
    assert served.cache is not None
    assert made.reply is not None
    assert served.cache.usage == made.reply.usage
    assert served.baseline == made.baseline
    assert served.saved is not None
    assert served.baseline is not None
    assert served.saved.amount == served.baseline.amount > 0


def attempt() -> Attempt:
    return Attempt("small", 1, 0, None, Decision(("small",), None, "default"))


def test_a_stream_that_broke_off_is_an_estimate_and_what_was_reported_by_then_is_not() -> None:
    router = Router(data(), environ={})
    partly = router.run(Call("q")).partly
    assert partly is not None
    broken = partly.priced(attempt(), Reply(None, text="some words of an answer"))
    assert broken.cost is not None
    assert (broken.cost.source, broken.usage) == ("user, estimated", None)
    unpriced = Partly(Call("q"), lambda attempt, reply: reply.reported)
    assert unpriced.priced(attempt(), Reply(None, reported=REPORTED)).cost == REPORTED


def test_a_context_of_the_application_with_every_trap_set_fails_nothing() -> None:
    plain = ask(Reply("hi", usage=Usage(123_457, 98_765)))
    with decimal.localcontext(decimal.Context(prec=3, traps=list(decimal.Context().flags))):
        strict = ask(Reply("hi", usage=Usage(123_457, 98_765)))
        saved = strict.saved
    assert (strict.cost, strict.baseline, saved) == (plain.cost, plain.baseline, plain.saved)


@pytest.mark.parametrize("model", ["gpt-5", "gemini-2.5-pro"])
def test_the_price_table_is_read_alike_in_any_context(model: str) -> None:
    pytest.importorskip("genai_prices", reason="the price table is an extra: prices")
    provider = {"gpt-5": "openai", "gemini-2.5-pro": "google_genai"}[model]
    policy = {"models": {"m": f"{provider}:{model}"}, "default": "m"}
    plain = Router(policy, environ={}).cost("m", Usage(300_007, 1003, cache_read=17))
    with decimal.localcontext(decimal.Context(prec=3, traps=list(decimal.Context().flags))):
        strict = Router(policy, environ={}).cost("m", Usage(300_007, 1003, cache_read=17))
    assert strict == plain is not None
