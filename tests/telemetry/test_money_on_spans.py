"""What the spans say of money: parts, what was paid aside, the baseline, what was saved; and nothing that is not known."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from taskroute.steps import Failed
from taskroute.telemetry import attributes as names
from taskroute.telemetry.settings import Telling
from taskroute.types import CacheNote, Cost, CostParts, Reply, Usage

from .driven import Driven, answered, decide, said

PARTS = CostParts(
    input=Decimal("0.0030"),
    output=Decimal("0.0010"),
    cache_read=Decimal("0.0005"),
    cache_write=Decimal(0),
    reasoning=Decimal("0.0002"),
    request=Decimal("0.0002"),
)
COST = Cost(Decimal("0.0042"), "user", parts=PARTS)


def money(attributes: dict[str, Any]) -> dict[str, Any]:
    prefix = "taskroute.cost."
    return {name.removeprefix(prefix): value for name, value in attributes.items() if name.startswith(prefix)}


def ended(*, replies: dict[str, Reply], baseline_model: str | None = None, **outcome: Any) -> Driven:
    call = Driven(decide(*replies), telling=Telling(baseline=baseline_model))
    call.watch.decided(call.decision)
    for number, (model, reply) in enumerate(replies.items(), start=1):
        call.attempt(model, number=number)
        call.answers(model, reply)
    call.finish(**outcome)
    return call


def test_the_parts_of_a_cost_are_on_both_spans() -> None:
    call = answered(Reply("hi", Usage(1, 1), cost=COST))
    paid = {"total": 0.0042, "currency": "USD", "source": "user"}
    parts = {"input": 0.003, "output": 0.001, "cache_read": 0.0005, "cache_write": 0.0, "reasoning": 0.0002, "request": 0.0002}
    assert money(said(call.attempts()[0])) == paid | parts
    assert money(said(call.route())) == paid | parts


def test_a_part_that_is_not_known_is_absent() -> None:
    call = answered(Reply("hi", Usage(1, 1), cost=COST._replace(parts=CostParts(input=Decimal(1)))))
    assert set(money(said(call.attempts()[0]))) == {"total", "currency", "source", "input"}


def test_every_attempt_that_was_paid_for_has_its_cost_and_the_route_has_the_sum() -> None:
    replies = {"small": Reply("no", Usage(1, 1), cost=Cost(Decimal("0.1"), "user")), "large": Reply("hi", Usage(1, 1), cost=COST)}
    call = ended(replies=replies)
    assert [money(said(span))["total"] for span in call.attempts()] == [0.1, 0.0042]
    assert money(said(call.route())) == {"total": 0.1042, "currency": "USD", "source": "user"}


def test_what_was_paid_aside_is_told_and_is_in_the_total() -> None:
    aside = (Cost(Decimal("0.001"), "user"), Cost(Decimal("0.002"), "user"))
    route = money(said(ended(replies={"small": Reply("hi", Usage(1, 1), cost=COST)}, aside=aside).route()))
    assert (route["aside"], route["total"]) == (0.003, 0.0072)


def test_what_was_paid_aside_and_is_not_known_leaves_no_total() -> None:
    route = money(said(ended(replies={"small": Reply("hi", Usage(1, 1), cost=COST)}, aside=(None,)).route()))
    assert route == {}


def test_the_baseline_gives_what_was_saved_as_an_estimate() -> None:
    call = ended(
        replies={"small": Reply("hi", Usage(1, 1), cost=COST)},
        baseline_model="large",
        baseline=Cost(Decimal("0.01"), "user"),
    )
    route = money(said(call.route()))
    assert {name: route[name] for name in ("baseline", "baseline.model", "saved", "saved.basis")} == {
        "baseline": 0.01,
        "baseline.model": "large",
        "saved": 0.0058,
        "saved.basis": "estimate",
    }
    assert not {"baseline", "saved"} & set(money(said(call.attempts()[0])))


def test_a_call_that_was_dearer_than_the_baseline_says_so() -> None:
    replies = {"large": Reply("hi", Usage(1, 1), cost=COST)}
    assert money(said(ended(replies=replies, baseline=Cost(Decimal("0.001"), "user")).route()))["saved"] == -0.0032


def test_a_served_answer_saves_what_it_cost_when_it_was_made() -> None:
    call = Driven(decide("small"))
    call.watch.decided(call.decision)
    call.finish(cache=CacheNote("hit", age=3.0, saved=COST), answered_by="small")
    wanted = {"total": 0.0, "currency": "USD", "source": "cache", "saved": 0.0042, "saved.basis": "cache"}
    assert money(said(call.route())) == wanted


@pytest.mark.parametrize(
    "outcome",
    [{}, {"baseline": None, "aside": ()}, {"cache": CacheNote("miss")}],
)
def test_nothing_is_zero_that_is_not_known(outcome: dict[str, Any]) -> None:
    assert money(said(ended(replies={"small": Reply("hi", Usage(1, 1))}, **outcome).route())) == {}


def test_a_baseline_whose_answer_has_no_price_is_told_without_a_saving() -> None:
    route = money(said(ended(replies={"small": Reply("hi", Usage(1, 1))}, baseline=Cost(Decimal("0.01"), "user")).route()))
    assert route == {"baseline": 0.01, "currency": "USD"}


def test_amounts_in_another_currency_are_left_out() -> None:
    replies = {"small": Reply("hi", Usage(1, 1), cost=COST._replace(currency="EUR", parts=None))}
    route = money(said(ended(replies=replies, baseline=Cost(Decimal("0.01"), "user")).route()))
    assert route == {"total": 0.0042, "currency": "EUR", "source": "user"}


def retried(first: Reply, again: Reply, *, model: str = "small") -> Driven:
    """Return a call whose first answer could not be used, so that its model was asked once more."""
    call = Driven(decide(model), telling=Telling(compat=("logfire",)))
    call.watch.decided(call.decision)
    call.attempt(model)
    at = call.tick()
    call.watch.event(Failed(ConnectionError(), 0, at, first), "connection", at)
    call.attempt(model, retry=1)
    call.answers(model, again)
    call.finish()
    return call


def test_an_answer_that_was_retried_is_paid_for_on_the_same_span() -> None:
    call = retried(Reply("h", Usage(10, 1), cost=COST), Reply("hi", Usage(10, 2, reasoning=1), cost=COST))
    (span,) = call.attempts()
    assert money(said(span)) == {"total": 0.0084, "currency": "USD", "source": "user"}
    assert said(span)["operation.cost"] == 0.0084
    assert (said(span)[names.USAGE_INPUT_TOKENS], said(span)[names.USAGE_OUTPUT_TOKENS]) == (20, 3)
    # Of one of them nobody said how much was thought.
    assert names.USAGE_REASONING_OUTPUT_TOKENS not in said(span)


@pytest.mark.parametrize("unknown", [Reply("hi", cost=COST._replace(currency="EUR")), Reply("hi")], ids=["another currency", "no price"])
@pytest.mark.parametrize("is_first", [True, False])
def test_what_tries_took_together_is_absent_where_it_is_not_known_of_one(is_first: bool, unknown: Reply) -> None:
    known = Reply("h", Usage(10, 1), cost=COST)
    (span,) = (retried(unknown, known) if is_first else retried(known, unknown)).attempts()
    assert money(said(span)) == {}
    assert names.USAGE_INPUT_TOKENS not in said(span)
