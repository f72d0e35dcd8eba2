"""What a circuit counts, how long it rests, and where calls go meanwhile: through the drivers, over hours."""

from __future__ import annotations

from typing import Any

import pytest

from taskroute import AllModelsFailedError, Call, IncompleteStreamError, NoEligibleModelError, Router, StreamInterruptedError
from taskroute.execution.drivers import drive
from taskroute.steps import Attempt
from taskroute.stores.memory import MemoryStore
from taskroute.testing import FakeClock
from taskroute.types import Reply
from tests.execution.test_drivers import Host, Way, Witness, ask, make, read, streams, ways
from tests.execution.test_guarded import BECAUSE, ONE, fail, refused, shared, stores
from tests.policies import policy


class OutputParserException(Exception):
    pass


class RateLimitError(Exception):
    """A rate limit that says how long to wait."""

    def __init__(self, wait: str = "") -> None:
        super().__init__()
        self.response = type("R", (), {"headers": {"retry-after": wait}})()


# What counts


def answer(router: Router, clock: FakeClock, times: int, *, every: float) -> None:
    for _ in range(times):
        assert ask(router, Host({"small": ["hi"]})) == "hi"
        clock.advance(every)


@stores
def test_hours_of_success_do_not_keep_the_circuit_of_a_model_closed_that_only_fails(store: bool) -> None:
    clock = FakeClock()
    router = shared(MemoryStore(clock) if store else None, clock, **ONE)
    answer(router, clock, 1500, every=10)
    clock.advance(60)
    fail(ask, router, 5)
    assert refused(ask, router).rejected == {"small": BECAUSE}


@stores
def test_what_went_well_within_the_window_counts(store: bool) -> None:
    clock = FakeClock()
    router = shared(MemoryStore(clock) if store else None, clock, **ONE)
    answer(router, clock, 1500, every=10)
    answer(router, clock, 8, every=0)
    # Five in the minute before, and eight now: half of all is reached at as many failures.
    fail(ask, router, 12)
    assert router.health()["small"].state == "closed"
    fail(ask, router)
    assert router.health()["small"].opened_by.startswith("13 of 26 tries failed within 60s")


def test_a_history_of_two_models_is_kept_apart() -> None:
    router, _ = make(retry={"extra": 0})
    for _ in range(5):
        assert ask(router, Host({"small": [ConnectionError()], "large": ["hi"]})) == "hi"
    health = router.health()
    assert [(health[name].state, health[name].tries, health[name].error_rate) for name in ("small", "large")] == [
        ("open", 5, 1.0),
        ("closed", 5, 0.0),
    ]


@ways
def test_an_answer_of_a_model_that_is_well_is_accounted_for_when_the_call_is_over(way: Way) -> None:
    witness = Witness()
    router, _ = make(witness)
    assert way(router, Host({"small": ["hi"]})) == "hi"
    assert not {"Acquire", "Release"} & {*witness.told}
    small = router.health()["small"]
    assert (small.tries, small.error_rate, small.latency is not None) == (1, 0.0, True)


@pytest.mark.parametrize(("usual", "hurried", "tries"), [("10s", "1s", 0), ("10s", "5s", 5), ("1s", "10s", 5), (None, "1s", 5)])
def test_a_route_in_more_of_a_hurry_than_the_policy_says_nothing_of_the_model(usual: str | None, hurried: str, tries: int) -> None:
    routes = [{"name": "quick", "when": {"stage": "quick"}, "use": ["small"], "fallback": "none", "timeout": {"attempt": hurried}}]
    limits: dict[str, Any] = {} if usual is None else {"timeout": {"attempt": usual}}
    router, _ = make(routes=routes, retry={"extra": 0}, **limits)
    for _ in range(5):
        with pytest.raises(TimeoutError):
            drive(router.run(Call("q", stage="quick")), Host({"small": [TimeoutError()]}))
    assert router.health()["small"].tries == tries
    assert router.health()["small"].state == ("open" if tries else "closed")


@streams
def test_a_server_that_ends_every_stream_without_saying_why_is_not_shut_out(way: Way) -> None:
    router, _ = make(**ONE)
    for _ in range(6):
        with pytest.raises(StreamInterruptedError):
            way(router, Host({"small": [["a", IncompleteStreamError("test")]]}))
    assert router.health()["small"].tries == 0
    fail(way, router, 5, IncompleteStreamError)
    refused(way, router)


@ways
def test_an_exception_about_an_answer_that_did_not_come_says_nothing_of_the_model(way: Way) -> None:
    router, _ = make(**ONE)
    fail(way, router, 6, OutputParserException)
    assert router.health()["small"].tries == 0


# How long it rests


@pytest.mark.parametrize(("wait", "rest"), [("5", 5.0), ("120", 120.0), ("86400", 3600.0), ("0", 30.0), ("", 30.0)])
@ways
def test_a_wait_that_the_provider_asks_for_is_the_rest(way: Way, wait: str, rest: float) -> None:
    router, clock = make(**ONE, breaker={"failures": 1})
    with pytest.raises(RateLimitError):
        way(router, Host({"small": [RateLimitError(wait)]}))
    assert refused(way, router).retry_after == rest
    clock.advance(rest)
    assert way(router, Host({"small": ["hi"]})) == "hi"


# Where calls go meanwhile


def opened(**changes: Any) -> Router:
    """Return a router whose model `small` could not be reached five times."""
    router, _ = make(retry={"extra": 0}, **changes)
    for _ in range(5):
        with pytest.raises(ConnectionError):
            drive(router.run(Call("q", pin="small")), Host({"small": [ConnectionError()]}))
    return router


@ways
def test_an_open_circuit_moves_a_call_to_another_model_and_the_decision_says_so(way: Way) -> None:
    router = opened()
    host = Host({"large": ["hi"]})
    assert way(router, host) == "hi"
    decision = host.attempts[0].decision
    assert (decision.candidates, decision.rejected) == (("large",), {"small": BECAUSE})
    assert decision.reason == "no routes: default; 'small' is left alone, its circuit is open"


@ways
def test_a_failure_that_must_not_go_to_another_model_does_not_do_so_by_an_open_circuit_either(way: Way) -> None:
    router = opened(fallback={"on": ["timeout", "rate_limit"]})
    error = refused(way, router)
    assert error.rejected == {"small": BECAUSE, "large": "not asked in the place of 'small': 'fallback.on' leaves connection out"}
    assert (error.retry_after, error.reason) == (30.0, "no routes: default; every model was rejected")
    with pytest.raises(NoEligibleModelError) as caught:
        router.decide(Call("q"))
    assert (caught.value.rejected, caught.value.retry_after) == (error.rejected, 30.0)


def test_what_may_go_to_another_model_is_the_routes_own() -> None:
    routes = [{"name": "strict", "when": {"stage": "strict"}, "use": ["small", "large"], "fallback": {"on": ["timeout"]}}]
    router = opened(routes=routes)
    assert router.decide(Call("q")).candidates == ("large",)
    with pytest.raises(NoEligibleModelError, match="'fallback.on' leaves connection out"):
        router.decide(Call("q", stage="strict"))


def test_a_model_that_comes_later_may_rest_without_a_word() -> None:
    routes = [{"name": "strict", "use": ["large", "small"], "fallback": {"on": ["timeout"]}}]
    decision = opened(routes=routes).decide(Call("q"))
    assert (decision.candidates, decision.rejected) == (("large",), {"small": BECAUSE})
    assert "left alone" not in decision.reason


@ways
def test_a_pin_of_a_call_is_held_back_and_says_why(way: Way) -> None:
    with pytest.raises(NoEligibleModelError) as caught:
        opened().decide(Call("q", pin="small"))
    assert caught.value.reason == f"the call pins 'small', which may not answer: {BECAUSE}"
    assert caught.value.retry_after == 30.0


@ways
def test_a_pin_of_the_environment_is_never_held_back_and_not_accounted_for(way: Way) -> None:
    clock = FakeClock()
    store = MemoryStore(clock)
    fail(way, shared(store, clock, **ONE), 5)
    witness = Witness()
    pinned = Router(policy(**ONE), clock=clock, store=store, environ={"TASKROUTE_PIN": "small"}, observers=[witness])
    fail(way, pinned, 7)
    assert way(pinned, Host({"small": ["hi"]})) == "hi"
    assert not {"Acquire", "Release"} & {*witness.told}
    assert pinned.health()["small"].tries == 0
    assert pinned.decide(Call("q", pin="large")).candidates == ("small",)


@ways
def test_while_observing_the_first_of_default_is_never_held_back_and_not_accounted_for(way: Way) -> None:
    clock = FakeClock()
    store = MemoryStore(clock)
    fail(way, shared(store, clock, **ONE), 5)
    witness = Witness()
    observing = Router(policy(mode="observe", **ONE), clock=clock, store=store, environ={}, observers=[witness])
    fail(way, observing, 7)
    assert way(observing, Host({"small": ["hi"]})) == "hi"
    assert not {"Acquire", "Release"} & {*witness.told}
    assert observing.health()["small"].tries == 0
    with pytest.raises(NoEligibleModelError, match="circuit open"):
        drive(observing.run(Call("q", pin="small")), Host({}))


# A slow classifier, check or store


def test_what_came_before_the_first_try_does_not_leave_it_without_time() -> None:
    clock = FakeClock()

    class Slow(MemoryStore):
        def get(self, key: str) -> bytes | None:
            clock.advance(9.5)
            return super().get(key)

    router = Router(policy(timeout={"call": "10s"}), clock=clock, store=Slow(clock), environ={})
    host = Host({"small": ["hi"]})
    assert ask(router, host) == "hi"
    assert [attempt.timeout for attempt in host.attempts] == [1.0]


def test_a_timeout_of_what_little_was_left_is_not_held_against_the_model() -> None:
    clock = FakeClock()

    class Late(Host):
        def answer(self, attempt: Attempt) -> Reply:
            clock.advance(9.5)
            return super().answer(attempt)

    router = Router(policy(timeout={"call": "10s"}, retry={"extra": 0}), clock=clock, environ={})
    host = Late({"small": [ConnectionError()], "large": [TimeoutError()]})
    with pytest.raises(AllModelsFailedError):
        ask(router, host)
    assert [attempt.timeout for attempt in host.attempts] == [10.0, 1.0]
    assert {name: health.tries for name, health in router.health().items()} == {"small": 1, "large": 0}


def test_a_stream_of_a_model_that_is_well_counts_once() -> None:
    router, _ = make()
    assert read(router, Host({"small": [["a", "b"]]})) == "ab"
    assert router.health()["small"].tries == 1
