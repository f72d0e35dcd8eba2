"""Answers that came and could not be read, and streams with nothing in them: who is asked next, and what it says of the model."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from taskroute import NoEligibleModelError, Router
from taskroute.execution.run import UnusableAnswerError
from taskroute.steps import Attempt
from taskroute.testing import FakeClock
from taskroute.types import Cost, Reply
from tests.execution.test_drivers import Witness
from tests.execution.test_escalation import ASKING, COST, FINE, Host, Way, ask, says, streams, ways
from tests.policies import policy

pytestmark = pytest.mark.usefixtures("no_task_is_left")

# Answers that came and could not be read


class OutputParserException(Exception):
    pass


class Unread(Host):
    """Each model's reply is paid for, and `small` gives one that could not be parsed."""

    def _reply(self, attempt: Attempt) -> Reply:
        reply = super()._reply(attempt)
        if attempt.model == "small":
            raise UnusableAnswerError(OutputParserException("no JSON"), reply)
        return reply

    def _parts(self, line: list[Any], seconds: float) -> Iterator[Any]:
        yield from super()._parts(line, seconds) if line != ["sm", "all"] else ["", ""]
        if line == ["sm", "all"]:
            raise UnusableAnswerError(OutputParserException("no JSON"), FINE._replace(cost=COST))


@ways
def test_an_answer_that_could_not_be_read_is_paid_for_and_goes_to_the_next_model(way: Way) -> None:
    host = Unread(small=FINE._replace(cost=COST), large=FINE._replace(cost=COST))
    given, outcome = ask(way, host)
    assert (given, outcome.model) == (says("large", way), "large")
    assert [(t.failure, type(t.error).__name__, t.cost) for t in outcome.tries] == [
        ("invalid_output", "OutputParserException", COST),
        (None, "NoneType", COST),
    ]
    assert outcome.cost == Cost(Decimal(2), "user")


@ways
def test_the_exception_of_an_answer_that_could_not_be_read_is_the_callers_where_nobody_else_is_asked(way: Way) -> None:
    given, outcome = ask(way, Unread(small=FINE._replace(cost=COST)), fallback={"on": ["rate_limit"]})
    assert type(given) is OutputParserException
    assert outcome.cost == COST


# An empty stream


@streams
def test_observers_hear_that_a_stream_had_nothing_in_it(way: Way) -> None:
    witness = Witness()
    router = Router(policy(fallback={"on": ["server_error"]}), clock=FakeClock(), environ={}, observers=[witness])
    assert way(router, Host(small=FINE._replace(empty=True), large=FINE), ASKING) == says("large", way)
    assert witness.found == [("server_error", "the stream ended without an answer")]
    small = router.health()["small"]
    assert (small.tries, small.error_rate, small.latency) == (1, 1.0, None)
    assert small.last_error is not None
    assert (small.last_error.failure, small.last_error.type) == ("server_error", "")


@streams
def test_a_model_that_gives_only_empty_streams_is_left_alone_in_the_end(way: Way) -> None:
    router = Router(policy(default=["small"]), clock=FakeClock(), environ={})
    for _ in range(5):
        assert way(router, Host(small=FINE._replace(empty=True)), ASKING) == []
    with pytest.raises(NoEligibleModelError, match="5 of 5 tries failed within 60s, the last with server_error"):
        way(router, Host(), ASKING)
