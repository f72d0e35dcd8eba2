"""What a router knows of its models, and what of a call counts for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from taskroute import Call, Router
from taskroute.execution.drivers import drive
from taskroute.execution.streams import adrive_stream, drive_stream
from taskroute.steps import Attempt
from taskroute.testing import FakeClock
from taskroute.types import Classification, LastError, ModelHealth, Percentiles, Reply
from tests.decision.test_decide import Remote
from tests.execution.test_drivers import Host, Way, ask, make, ways
from tests.policies import policy, when


class BadRequestError(Exception):
    pass


class Takes(Host):
    """Each part of a line takes as long as it says: a number lets time pass."""

    def __init__(self, clock: FakeClock, lines: dict[str, list[Any]]) -> None:
        super().__init__(lines)
        self.clock = clock

    def _parts(self, line: list[Any]) -> Iterator[str]:
        for part in line:
            if isinstance(part, BaseException):
                raise part
            if isinstance(part, str):
                yield part
            else:
                self.clock.advance(part)

    async def _aparts(self, line: list[Any]) -> Any:
        for part in self._parts(line):
            yield part


def all_the_same(seconds: float) -> Percentiles:
    return Percentiles(seconds, seconds, seconds)


def test_a_model_that_was_never_tried_is_well_and_nothing_is_known_of_it() -> None:
    router, _ = make()
    assert router.health() == {"small": ModelHealth(), "large": ModelHealth()}


@ways
def test_answers_failures_and_the_last_error_are_told(way: Way) -> None:
    router, clock = make(retry={"extra": 0})
    way(router, Takes(clock, {"small": [[2, "hi"]]}))
    way(router, Takes(clock, {"small": [[5, ConnectionError("at 10.0.0.7")]], "large": [[1, "hi"]]}))
    failed_at = clock.time() - 1
    health = router.health()
    assert health["small"]._replace(first_chunk=None) == ModelHealth(
        "closed", 2, 0.5, all_the_same(2), None, LastError("connection", "ConnectionError", failed_at)
    )
    assert health["large"]._replace(first_chunk=None) == ModelHealth("closed", 1, 0.0, all_the_same(1))


def test_a_bad_request_shows_that_a_model_answers_and_an_unknown_error_shows_nothing() -> None:
    router, _ = make()
    for error in (BadRequestError(), KeyError()):
        with pytest.raises(type(error)):
            ask(router, Host({"small": [error]}))
    small = router.health()["small"]
    assert (small.tries, small.error_rate, small.latency) == (1, 0.0, None)
    assert small.last_error is not None
    assert (small.last_error.failure, small.last_error.type) == ("bad_request", "BadRequestError")


def test_of_a_stream_only_the_time_that_the_model_took_counts() -> None:
    router, clock = make()
    for _ in drive_stream(router.run(Call("q")), Takes(clock, {"small": [[1, "", 1, "a", 2, "b", 3]]})):
        clock.advance(9)

    async def read() -> None:
        async for _ in adrive_stream(router.run(Call("q")), Takes(clock, {"small": [[1, "", 1, "a", 2, "b", 3]]})):
            clock.advance(9)

    asyncio.run(read())
    small = router.health()["small"]
    assert (small.tries, small.latency, small.first_chunk) == (2, all_the_same(7), all_the_same(2))


def test_the_time_of_a_classifier_is_none_of_a_models() -> None:
    clock = FakeClock()

    class Thinks(Remote):
        def classify(self, text: str, tasks: Any) -> Classification:
            clock.advance(5)
            return Classification()

    router = Router(policy(routes=when(task="code")), classifier=Thinks(), clock=clock, environ={})
    outcome = drive(router.run(Call("fix it")), Takes(clock, {"small": [[2, "hi"]]}))
    assert outcome.tries[0].seconds == 2
    assert router.health()["small"].latency == all_the_same(2)


def test_the_time_of_a_check_is_none_of_the_next_models_and_is_some_of_the_calls() -> None:
    clock = FakeClock()

    def check(answer: str) -> float:
        clock.advance(3)
        return 0.0

    limits = {"fallback": {"on": ["low_confidence"]}, "timeout": {"call": "10s"}}
    router = Router(policy(**limits), clock=clock, environ={}, check=check)
    host = Takes(clock, {"small": [[2, "hm"]], "large": [[4, "hi"]]})
    outcome = drive(router.run(Call("q")), host)
    assert [t.seconds for t in outcome.tries] == [2, 4]
    assert router.health()["large"].latency == all_the_same(4)
    assert [attempt.timeout for attempt in host.attempts] == [10, 5]


def test_the_state_of_a_circuit_is_told_with_what_opened_it() -> None:
    router, clock = make(default=["small"], retry={"extra": 0}, breaker={"failures": 1, "cooldown": "10s"})
    with pytest.raises(ConnectionError):
        ask(router, Host({"small": [ConnectionError()]}))
    because = "1 of 1 try failed within 60s, the last with connection (ConnectionError)"
    seen: list[Any] = []
    for _ in range(3):
        small = router.health()["small"]
        seen.append((small.state, small.retry_after, small.opened_by))
        clock.advance(6)
    assert seen == [("open", 10, because), ("open", 4, because), ("half_open", 0, because)]
    ask(router, Host({"small": ["hi"]}))
    small = router.health()["small"]
    assert (small.state, small.retry_after, small.opened_by) == ("closed", None, because)


def test_without_a_breaker_health_is_told_all_the_same() -> None:
    router, _ = make(default=["small"], retry={"extra": 0}, breaker="none")
    for _ in range(6):
        with pytest.raises(ConnectionError):
            ask(router, Host({"small": [ConnectionError()]}))
    small = router.health()["small"]
    assert (small.state, small.tries, small.error_rate, small.opened_by) == ("closed", 6, 1.0, "")


def test_choosing_knows_how_the_models_are_doing() -> None:
    routes = [{"name": "quick", "choose": {"among": ["small", "large"], "objective": "fastest"}}]
    router, clock = make(routes=routes)
    asked: list[str] = []
    for _ in range(3):
        host = Takes(clock, {"small": [[4, "hi"]], "large": [[1, "hi"]]})
        assert ask(router, host) == "hi"
        asked.append(host.attempts[0].model)
        clock.advance(1)
    # Each is tried once to see.
    assert asked == ["small", "large", "large"]
    for model, seconds in (("small", 1), ("small", 1), ("large", 9), ("large", 9)):
        drive(router.run(Call("q", pin=model)), Takes(clock, {model: [[seconds, "hi"]]}))
    clock.advance(1)
    assert router.decide(Call("q")).model == "small"


def test_a_model_that_was_tried_in_vain_of_late_is_not_tried_again_to_see() -> None:
    routes = [{"name": "quick", "choose": {"among": ["small", "large"], "objective": "fastest"}}]
    router, clock = make(routes=routes, retry={"extra": 0})
    host = Takes(clock, {"small": [[ConnectionError()]], "large": [[1, "hi"]]})
    assert ask(router, host) == "hi"
    clock.advance(1)
    assert router.decide(Call("q")).candidates == ("large", "small")
    clock.advance(60)
    assert router.decide(Call("q")).candidates == ("small", "large")


def test_a_host_that_cannot_make_sense_of_its_stream_fails_the_try_and_frees_its_place() -> None:
    class Unread(Host):
        def open(self, attempt: Attempt) -> Any:
            chunks, source = super().open(attempt)
            return chunks, Confused(source, attempt.model == "small")

        def aopen(self, attempt: Attempt) -> Any:
            chunks, source = super().aopen(attempt)
            return chunks, Confused(source, attempt.model == "small")

    class Confused:
        def __init__(self, source: Any, confused: bool) -> None:
            self.source, self.confused = source, confused

        def take(self, chunk: Any) -> bool:
            if self.confused:
                raise ConnectionError("malformed")
            return self.source.take(chunk)

        def reply(self) -> Reply:
            return self.source.reply()

    async def read() -> list[Any]:
        return [chunk async for chunk in adrive_stream(router.run(Call("q")), Unread({"small": [["a"]], "large": [["hi"]]}))]

    router, _ = make(retry={"extra": 0})
    assert list(drive_stream(router.run(Call("q")), Unread({"small": [["a"]], "large": [["hi"]]}))) == ["hi"]
    assert asyncio.run(read()) == ["hi"]
    assert router.health()["small"].error_rate == 1.0
