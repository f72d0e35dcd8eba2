"""The plan, driven by hand: which of several answers the caller gets, who is asked for a better one, and what they cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from taskroute.steps import Attempt, Deliver, Ended, Event, Validated
from taskroute.types import Cost, Outcome, Reply
from tests.execution.test_given_back import CUT, EMPTY, HELD, NOTHING_CAME, OPT_IN, PAID, SHORT
from tests.execution.test_plan import OK, OutputParserException, RateLimitError, failed, models, play
from tests.policies import router

ALL = {
    "fallback": {"on": ["rate_limit", "server_error", "truncated", "refusal", "invalid_output", "low_confidence"]},
    "retry": {"extra": 0},
}
THREE = {"models": {name: {"model": f"test:{name}"} for name in ("a", "b", "c")}, "default": ["a", "b", "c"]}


def given(*findings: tuple[str, float | None] | str, **changes: Any) -> Outcome:
    """Return how a call ends of whose answers this is found, one model after the other; 'fails' is no answer."""
    events: list[Event] = []
    for number, finding in enumerate(findings):
        if finding == "fails":
            events.append(failed(RateLimitError()))
            continue
        kind, score = (finding, None) if isinstance(finding, str) else finding
        reply = Reply(answer=number, empty=kind == "empty")
        events += [Ended(reply, 1.0), Validated(1.0, "refusal" if kind == "empty" else kind or None, "why", score)]
    _, outcome = play(events, policy={**ALL, **THREE, **changes})
    assert outcome is not None
    assert outcome.reply is not None
    return outcome


@pytest.mark.parametrize(
    ("findings", "best"),
    [
        (["truncated", "truncated", "truncated"], 2),
        (["low_confidence", "truncated", "invalid_output"], 0),
        (["truncated", "invalid_output", "refusal"], 0),
        (["refusal", "invalid_output", "refusal"], 1),
        (["refusal", "truncated", "fails"], 1),
        (["refusal", "empty", "fails"], 0),
        (["empty", "refusal", "empty"], 1),
        (["empty", "fails", "fails"], 0),
        ([("low_confidence", 0.4), ("low_confidence", 0.3), "truncated"], 0),
        ([("low_confidence", 0.3), ("low_confidence", 0.4), ("low_confidence", 0.4)], 2),
        ([("low_confidence", 0.0), "fails", "truncated"], 0),
        (["truncated", "fails", ""], 2),
    ],
)
def test_of_answers_that_are_not_good_enough_the_best_is_given_and_of_two_alike_the_later(findings: list[Any], best: int) -> None:
    outcome = given(*findings)
    assert outcome.reply is not None
    assert (outcome.reply.answer, outcome.model, outcome.status) == (best, "abc"[best], "answered")
    assert len(outcome.tries) == 3


def test_the_last_models_answer_is_examined_only_where_another_is_kept() -> None:
    steps, _ = play([SHORT, CUT], policy=OPT_IN)
    assert [step.checks for step in steps if isinstance(step, Attempt)] == [{"truncated"}, {"truncated"}]
    steps, _ = play([failed(RateLimitError())], policy={**OPT_IN, "retry": {"extra": 0}})
    assert [step.checks for step in steps if isinstance(step, Attempt)] == [{"truncated"}, frozenset()]


def test_a_kept_answer_is_given_and_not_a_worse_one_that_came_when_the_time_was_up() -> None:
    limited = {**OPT_IN, "timeout": {"call": "10s"}}
    late = EMPTY._replace(at=11.0)
    steps, outcome = play([HELD, CUT, late, NOTHING_CAME._replace(at=11.0), HELD], policy=limited)
    assert isinstance(steps[-1], Deliver)
    assert steps[-1].tries == 1
    assert outcome is not None
    assert (outcome.model, [t.failure for t in outcome.tries]) == ("small", ["truncated", "server_error"])


def test_an_answer_that_is_found_bad_when_the_time_is_up_stands_where_there_is_no_other() -> None:
    _, outcome = play([SHORT, CUT._replace(at=11.0)], policy={**OPT_IN, "timeout": {"call": "10s"}})
    assert outcome is not None
    assert (outcome.reply, outcome.tries[0].failure) == (SHORT.reply, None)


# An answer that was paid for and could not be read


def test_an_answer_that_could_not_be_read_is_paid_for_and_another_model_is_asked() -> None:
    unread = failed(OutputParserException())._replace(reply=PAID)
    paid = OK._replace(reply=PAID)
    steps, outcome = play([unread, paid], policy={"fallback": {"on": ["invalid_output"]}})
    assert outcome is not None
    assert [(t.failure, t.usage, t.cost, t.paid) for t in outcome.tries] == [
        ("invalid_output", PAID.usage, PAID.cost, True),
        (None, PAID.usage, PAID.cost, True),
    ]
    assert outcome.cost == Cost(Decimal(6), "user")
    assert [step.given_up for step in steps if isinstance(step, Attempt)] == [(), (PAID.cost,)]


def test_an_exception_without_an_answer_costs_nothing() -> None:
    _, outcome = play([failed(OutputParserException()), OK._replace(reply=PAID)], policy={"fallback": {"on": ["invalid_output"]}})
    assert outcome is not None
    assert (outcome.tries[0].paid, outcome.cost) == (False, PAID.cost)


@pytest.mark.parametrize(
    ("error", "asked"), [(OutputParserException(), ["b", "c", "d", "a"]), (RateLimitError(), ["b", "a", "c", "d"])], ids=["judged", "not"]
)
def test_what_is_no_fault_of_the_providers_goes_to_stronger_models_first_and_then_to_weaker(error: Exception, asked: list[str]) -> None:
    prices = {"b": 2, "a": 1, "c": 3, "d": None}
    entries = {n: {"model": f"test:{n}", **({} if p is None else {"price": {"input": p, "output": p}})} for n, p in prices.items()}
    compiled = router(models=entries, default=list(prices), retry={"extra": 0}, fallback={"on": ["rate_limit", "invalid_output"]}).snapshot
    steps, _ = play([failed(error)] * 4, compiled=compiled)
    assert models(steps) == asked
