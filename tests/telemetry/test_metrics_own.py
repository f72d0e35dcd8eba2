"""taskroute's own metrics: decisions, calls, tries, fallbacks, the cache, money, and the time that routing takes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.steps import (
    Acquire,
    Acquired,
    Attempt,
    Classified,
    Classify,
    Deliver,
    Ended,
    Failed,
    Found,
    Lookup,
    Missed,
    Opened,
    Release,
    Released,
    Validate,
    Validated,
)
from taskroute.stored import Entry, StoredAnswer, Terms
from taskroute.types import CacheNote, Call, Classification, Cost, NeedSignal, Reply, Signal, Signals, Usage

from .driven import RateLimitError, decide
from .measured import Measured

SIGNALS = Signals(stage=Signal("generate", "metadata"), task=Signal("math", "keywords", 0.9))


def cost(amount: str, currency: str = "USD") -> Cost:
    return Cost(Decimal(amount), "user", currency)


def paid(amount: str | None = "0.25") -> Reply:
    return Reply("hi", usage=Usage(input=10, output=5), cost=None if amount is None else cost(amount))


def answered(reply: Reply | None = None, *, call: Call | None = None, finish: dict[str, Any] | None = None, **telemetry: Any) -> Measured:
    measured = Measured(call, decide("small", "large", signals=SIGNALS), **telemetry)
    measured.attempt()
    measured.answers(reply or paid())
    measured.finish(**(finish or {}))
    return measured


# Decisions and calls


def test_a_decision_counts_by_route_stage_task_and_what_told_them() -> None:
    assert answered().one("taskroute.decisions") == (
        {
            "taskroute.route": "answers",
            "taskroute.stage": "generate",
            "taskroute.stage.source": "metadata",
            "taskroute.task": "math",
            "taskroute.task.source": "keywords",
            "taskroute.model": "small",
            "taskroute.cause": "route",
            "taskroute.mode": "enforce",
        },
        1,
    )


@pytest.mark.parametrize(("said", "cause"), [({"route": None}, "default"), ({"pinned": True}, "pinned"), ({}, "route")])
def test_a_decision_says_what_chose_its_models(said: dict[str, Any], cause: str) -> None:
    measured = Measured(decision=decide("small", **said))
    measured.finish("cancelled")
    assert measured.one("taskroute.decisions")[0]["taskroute.cause"] == cause


def test_a_call_that_is_given_up_before_a_decision_is_none() -> None:
    measured = Measured(decision=decide(route=None))
    measured.finish("cancelled", KeyboardInterrupt())
    assert measured.points("taskroute.decisions") == []
    assert measured.one("taskroute.calls") == ({"taskroute.status": "cancelled"}, 1)


def test_stage_and_task_that_the_call_itself_says_are_known_though_no_condition_asked() -> None:
    measured = Measured(Call("hi", stage="rerank", task="billing"))
    measured.finish("cancelled")
    (about, _) = measured.one("taskroute.decisions")
    assert (about["taskroute.stage"], about["taskroute.task"]) == ("rerank", "billing")
    assert "taskroute.stage.source" not in about


def test_calls_count_by_how_they_ended() -> None:
    assert answered().one("taskroute.calls") == (
        {"taskroute.status": "answered", "taskroute.route": "answers", "taskroute.model": "small"},
        1,
    )
    failed = Measured()
    failed.attempt()
    failed.fails(RateLimitError("my password is hunter2"), "rate_limit")
    failed.finish("failed", RateLimitError("my password is hunter2"))
    assert failed.one("taskroute.calls") == ({"taskroute.status": "failed", "taskroute.route": "answers", "error.type": "429"}, 1)
    assert "hunter2" not in str(failed.read())


def test_a_call_is_counted_once_however_often_its_end_is_told() -> None:
    measured = answered()
    measured.finish()
    assert measured.one("taskroute.calls")[1] == 1


# Tries and fallbacks


def test_tries_count_by_model_and_failure_and_retries_by_what_was_before() -> None:
    measured = Measured()
    measured.attempt()
    measured.fails(RateLimitError("x"), "rate_limit")
    measured.waits(0.5)
    measured.attempt(retry=1)
    measured.fails(TimeoutError("x"), "timeout", retry=1)
    measured.attempt("large", fell=("small", "timeout"))
    measured.answers(paid(), model="large")
    measured.finish()
    attempts = {(said["taskroute.model"], said.get("taskroute.failure")): value for said, value in measured.points("taskroute.attempts")}
    assert attempts == {("small", "rate_limit"): 1, ("small", "timeout"): 1, ("large", None): 1}
    assert measured.one("taskroute.retries") == ({"taskroute.model": "small", "taskroute.failure": "rate_limit"}, 1)
    assert measured.one("taskroute.fallbacks") == (
        {"taskroute.fallback.from": "small", "taskroute.model": "large", "taskroute.fallback.reason": "timeout"},
        1,
    )


def test_a_stored_answer_that_is_served_for_a_model_is_a_fallback_only_where_it_is_the_answer() -> None:
    served = Measured()
    served.attempt()
    served.fails(TimeoutError("x"), "timeout")
    served.serves(paid(), model="large", fell=("small", "timeout"))
    served.finish(cache=CacheNote("hit", age=1.0), answered_by="large")
    assert served.one("taskroute.fallbacks")[0]["taskroute.model"] == "large"
    unserved = Measured()
    unserved.serves(paid(), model="large", fell=("small", "timeout"))
    unserved.finish("failed", TimeoutError("x"), cache=CacheNote("miss"))
    assert unserved.points("taskroute.fallbacks") == []


def test_answers_that_are_not_good_enough_count_by_model() -> None:
    measured = Measured()
    measured.attempt()
    measured.answers(paid())
    measured.step(Validate(_attempt(measured), paid(), 0.5))
    measured.event(Validated(measured.tick(), "refusal", "declined"))
    measured.attempt("large", fell=("small", "refusal"))
    measured.answers(paid(), model="large")
    measured.step(Validate(_attempt(measured), paid(), 0.5))
    measured.event(Validated(measured.tick()))
    measured.finish()
    assert measured.one("taskroute.validation.failures") == ({"taskroute.model": "small", "taskroute.validation.failure": "refusal"}, 1)


def _attempt(measured: Measured) -> Any:
    return Attempt("small", 1, 0, None, measured.decision)


@pytest.mark.parametrize("status", ["hit", "miss", "bypass", "stale", "off"])
def test_calls_count_by_what_the_cache_had(status: Any) -> None:
    measured = answered(finish={"cache": CacheNote(status)})
    assert measured.one("taskroute.cache.requests") == ({"taskroute.cache.status": status, "taskroute.stage": "generate"}, 1)


def test_without_a_cache_nothing_is_said_of_it() -> None:
    assert answered().points("taskroute.cache.requests") == []


# Money


def test_spend_counts_by_stage_task_model_tenant_and_currency() -> None:
    assert answered(call=Call("hi", tenant="acme", user="u1")).one("taskroute.cost") == (
        {
            "taskroute.stage": "generate",
            "taskroute.task": "math",
            "taskroute.model": "small",
            "taskroute.tenant": "acme",
            "taskroute.cost.currency": "USD",
        },
        0.25,
    )


def test_users_are_not_in_metrics() -> None:
    measured = answered(call=Call("hi there", user="u-secret", session="s-secret", conversation="c-secret", metadata={"k": "m-secret"}))
    assert "secret" not in str(measured.read())
    assert "hi there" not in str(measured.read())


def test_each_model_is_charged_with_its_own_answers_also_those_that_were_not_good_enough() -> None:
    measured = Measured()
    measured.attempt()
    measured.fails(ValueError("x"), "invalid_output", reply=paid("0.25"))
    measured.attempt("large", fell=("small", "invalid_output"))
    measured.answers(paid("4"), model="large")
    measured.finish()
    assert measured.total("taskroute.cost", taskroute__model="small") == 0.25
    assert measured.total("taskroute.cost", taskroute__model="large") == 4


def test_an_unknown_price_is_counted_and_never_0() -> None:
    measured = answered(paid(None))
    assert measured.points("taskroute.cost") == []
    assert measured.one("taskroute.cost.unknown") == ({"taskroute.model": "small", "taskroute.stage": "generate"}, 1)


def test_what_failed_without_an_answer_has_no_price_to_be_unknown() -> None:
    measured = Measured()
    measured.attempt()
    measured.fails(TimeoutError("x"), "timeout")
    measured.finish("failed", TimeoutError("x"))
    assert measured.points("taskroute.cost.unknown") == []


def test_a_free_model_costs_0_which_is_known() -> None:
    assert answered(paid("0")).one("taskroute.cost")[1] == 0


def test_what_classifier_and_checks_cost_is_in_the_whole_and_shown_apart() -> None:
    measured = answered(finish={"aside": (cost("0.5"), None)})
    assert measured.total("taskroute.cost") == 0.75
    assert measured.total("taskroute.cost.aside") == 0.5
    assert [said for said, _ in measured.points("taskroute.cost.unknown")] == [{"taskroute.stage": "generate"}]


def test_savings_against_a_baseline_say_that_they_are_an_estimate() -> None:
    measured = answered(paid("0.25"), finish={"baseline": cost("1")}, baseline="large")
    (about, saved) = measured.one("taskroute.cost.saved")
    assert (saved, about["taskroute.cost.saved.basis"], about["taskroute.model"]) == (0.75, "estimate", "small")
    (about, baseline) = measured.one("taskroute.cost.baseline")
    assert (baseline, about["taskroute.cost.baseline.model"]) == (1, "large")
    assert measured.points("taskroute.cost.extra") == []


def test_what_is_dearer_than_the_baseline_is_counted_apart_since_counters_cannot_go_down() -> None:
    measured = answered(paid("4"), finish={"baseline": cost("1")}, baseline="small")
    assert measured.points("taskroute.cost.saved") == []
    assert measured.one("taskroute.cost.extra")[1] == 3


def test_a_served_answer_saves_what_it_cost_when_it_was_made() -> None:
    measured = Measured()
    measured.serves(paid())
    measured.finish(cache=CacheNote("hit", age=5.0, saved=cost("0.25")), answered_by="small")
    (about, saved) = measured.one("taskroute.cost.saved")
    assert (saved, about["taskroute.cost.saved.basis"]) == (0.25, "cache")
    assert measured.points("taskroute.cost") == []


def test_amounts_that_cannot_be_added_up_are_left_out() -> None:
    for amount in ("-1", "Infinity", "NaN", "1e999"):
        assert answered(paid(amount)).points("taskroute.cost") == []


@given(st.lists(st.tuples(st.decimals("0.000001", "5", places=6), st.decimals("0.000001", "5", places=6)), max_size=8))
def test_saved_less_extra_is_what_all_calls_saved(pairs: list[tuple[Decimal, Decimal]]) -> None:
    measured = Measured(baseline="large")
    for spent, baseline in pairs:
        measured.watch, measured.tries = measured.begun(Call("hi")), []
        measured.attempt()
        measured.answers(paid(str(spent)))
        measured.finish(baseline=cost(str(baseline)))
    net = measured.total("taskroute.cost.saved") - measured.total("taskroute.cost.extra")
    assert net == pytest.approx(float(sum(baseline - spent for spent, baseline in pairs)))


# Time


def added(measured: Measured) -> float:
    (_, (count, seconds)) = measured.one("taskroute.routing.duration")
    assert count == 1
    return seconds


def test_routing_adds_nothing_to_what_the_model_takes() -> None:
    assert added(answered()) == 0


def test_the_time_of_classifier_check_breaker_and_store_is_added_by_routing() -> None:
    measured = Measured()
    measured.tick(0.01)
    measured.step(Classify(NeedSignal("task", "hi")))
    measured.event(Classified(Classification(), measured.tick(0.2)))
    measured.step(Acquire("small"))
    measured.event(Acquired(measured.tick(0.03)))
    measured.attempt()
    measured.answers(paid())
    measured.step(Validate(_attempt(measured), paid(), 0.5))
    measured.event(Validated(measured.tick(0.5)))
    measured.step(Release("small", "answered", 1.0))
    measured.event(Released(measured.tick(0.04)))
    measured.tick(0.02)
    measured.finish()
    assert added(measured) == pytest.approx(0.8)


def test_waits_between_tries_and_the_callers_own_time_are_not_added_by_routing() -> None:
    measured = Measured()
    measured.attempt()
    measured.fails(RateLimitError("x"), "rate_limit")
    measured.waits(8)
    measured.attempt(retry=1)
    measured.opens(0.5)
    measured.tick(30)
    measured.answers(paid(), retry=1)
    measured.finish()
    assert added(measured) == 0


def test_a_probe_is_given_back_while_its_stream_is_open_and_that_is_routings_time() -> None:
    measured = Measured()
    measured.attempt()
    measured.event(Opened("a", measured.tick(), 1.0))
    measured.step(Release("small", "answered", None, 5.0))
    measured.event(Released(measured.tick(0.25)))
    measured.step(Deliver("small"))
    measured.event(Ended(paid(), measured.tick(9)))
    measured.finish()
    assert added(measured) == 0.25


def test_a_host_that_tries_again_by_itself_waits_on_its_own_account() -> None:
    measured = Measured()
    measured.attempt()
    measured.fails(RateLimitError("x"), "rate_limit")
    measured.tick(6)
    measured.attempt(retry=1)
    measured.answers(paid(), retry=1)
    measured.finish()
    assert added(measured) == 0


def test_a_host_that_does_not_say_when_its_stream_is_given_out_is_believed_to_do_so_until_the_end() -> None:
    measured = Measured()
    measured.attempt()
    measured.event(Opened(None, measured.tick(), 1.0))
    measured.tick(5)
    measured.event(Failed(ConnectionError("x"), 3, measured.at), "connection")
    measured.finish("failed", ConnectionError("x"))
    assert added(measured) == 0


def test_waiting_for_an_equal_call_is_waiting_for_a_model() -> None:
    measured = Measured()
    measured.step(Lookup("small", Terms("n"), snapshot=None))  # type: ignore[arg-type]
    measured.event(Found(measured.tick(10), Entry(StoredAnswer("hi"), "small", 0.0, 0.0), age=0.25))
    measured.serves(paid())
    measured.finish(cache=CacheNote("hit", age=0.25), answered_by="small")
    assert added(measured) == pytest.approx(0.25)


def test_looking_up_what_is_there_is_time_of_routing() -> None:
    for looked in (Found(0.0, Entry(StoredAnswer("hi"), "small", 0.0, 0.0), age=900.0), Missed(0.0)):
        measured = Measured()
        measured.step(Lookup("small", Terms("n"), snapshot=None))  # type: ignore[arg-type]
        measured.event(looked._replace(at=measured.tick(0.5)))
        measured.serves(paid(), seconds=0.25)
        measured.finish()
        assert added(measured) == 0.75


def test_the_time_of_routing_says_what_may_explain_it() -> None:
    (about, _) = answered(finish={"cache": CacheNote("miss")}).one("taskroute.routing.duration")
    assert about == {"taskroute.stage": "generate", "taskroute.classifier.kind": "keywords", "taskroute.cache.status": "miss"}
