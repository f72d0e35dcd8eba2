"""The plan, driven by hand: which steps it asks for, and that it always ends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute import AllModelsFailedError, Call, NoEligibleModelError, StreamInterruptedError
from taskroute.execution.plan import ORIGINAL, Request, plan
from taskroute.steps import Attempt, Cancelled, Classified, Classify, Deliver, Ended, Event, Failed, Opened, Step, Wait, Waited
from taskroute.types import Classification, Outcome, Reply
from tests.decision.test_decide import remote
from tests.policies import snapshot, when


class RateLimitError(Exception):
    pass


class BadRequestError(Exception):
    pass


class ContextOverflowError(Exception):
    pass


class AuthenticationError(Exception):
    pass


OK = Ended(Reply(answer="hi"), 1.0)


def play(events: list[Event], **options: Any) -> tuple[list[Step], Outcome | None]:
    """Return the steps that a plan asks for while these events are sent, and how it ended."""
    compiled = options.pop("compiled", None) or snapshot(**options.pop("policy", {}))
    steps: list[Step] = []
    running = plan(Request(compiled, options.pop("call", Call("q")), 0.0, "id", **options))
    try:
        steps.append(next(running))
        for event in events:
            steps.append(running.send(event))
    except StopIteration as done:
        return steps, done.value
    return steps, None


def models(steps: list[Step]) -> list[str]:
    return [step.model for step in steps if isinstance(step, Attempt)]


def failed(error: BaseException, delivered: int = 0, at: float = 1.0) -> Failed:
    return Failed(error, delivered, at)


def test_one_attempt_and_its_answer() -> None:
    steps, outcome = play([OK])
    assert [type(step) for step in steps] == [Attempt]
    assert outcome is not None
    assert (outcome.status, outcome.model, outcome.decision.id) == ("answered", "small", "id")


def test_retries_the_same_model_after_a_wait_then_falls_back() -> None:
    steps, outcome = play([failed(RateLimitError("1")), Waited(1.5), failed(RateLimitError("2")), OK], policy={"retry": {"extra": 1}})
    assert [type(step).__name__ for step in steps] == ["Attempt", "Wait", "Attempt", "Attempt"]
    assert models(steps) == ["small", "small", "large"]
    assert isinstance(steps[1], Wait)
    assert steps[1].seconds == 0.375
    last = steps[-1]
    assert isinstance(last, Attempt)
    assert (last.number, last.retry, last.tries, last.fallback_from, last.fallback_reason) == (2, 0, 3, "small", "rate_limit")
    assert outcome is not None
    assert [t.failure for t in outcome.tries] == ["rate_limit", "rate_limit", None]


def test_back_off_doubles_and_jitters_up_to_the_whole() -> None:
    events: list[Event] = [failed(RateLimitError()), Waited(1.0), failed(RateLimitError()), Waited(1.0), failed(RateLimitError())]
    steps, _ = play(events, policy={"retry": {"extra": 3, "backoff": "1s"}}, chance=lambda: 1.0)
    assert [step.seconds for step in steps if isinstance(step, Wait)] == [1.0, 2.0, 4.0]


def test_a_wait_longer_than_the_policy_allows_goes_to_the_next_model() -> None:
    steps, _ = play([failed(RateLimitError())], policy={"retry": {"extra": 3, "backoff": "20s", "max_wait": "5s"}})
    assert models(steps) == ["small", "large"]


def test_a_timeout_goes_to_another_model_and_is_retried_only_by_the_last() -> None:
    steps, _ = play([failed(TimeoutError()), failed(TimeoutError()), Waited(2.0)], policy={"retry": {"extra": 1}})
    assert models(steps) == ["small", "large", "large"]


@pytest.mark.parametrize(
    ("error", "asked"), [(BadRequestError("no"), ["small"]), (KeyError("x"), ["small"]), (AuthenticationError("no"), ["small", "large"])]
)
def test_only_failures_that_another_model_may_survive_fall_back(error: Exception, asked: list[str]) -> None:
    steps, _ = play([failed(error)])
    assert models(steps) == asked


def test_one_try_keeps_its_own_exception_with_a_note() -> None:
    error = BadRequestError("no such parameter")
    _, outcome = play([failed(error)])
    assert outcome is not None
    assert outcome.error is error
    assert error.__notes__ == ["taskroute: no routes: default; tried:\n  1. small: bad_request: BadRequestError: no such parameter"]


def test_several_tries_become_one_error_that_lists_them() -> None:
    last = AuthenticationError("two")
    _, outcome = play([failed(AuthenticationError("one")), failed(last)])
    assert outcome is not None
    assert isinstance(outcome.error, AllModelsFailedError)
    assert outcome.error.__cause__ is last
    assert str(outcome.error) == (
        "all models failed after 2 tries:\n  1. small: auth: AuthenticationError: one\n  2. large: auth: AuthenticationError: two"
    )


def test_a_bad_request_after_a_fallback_is_raised_as_it_is() -> None:
    error = BadRequestError("no")
    _, outcome = play([failed(AuthenticationError("one")), failed(error)])
    assert outcome is not None
    assert outcome.error is error


def test_context_overflow_goes_only_to_larger_windows() -> None:
    sizes = {"a": 8000, "b": 4000, "c": 8000, "d": 90_000, "e": None}
    entries = {name: {"model": f"test:{name}", **({} if window is None else {"context_window": window})} for name, window in sizes.items()}
    changes = {"models": entries, "default": list(sizes)}
    steps, outcome = play([failed(ContextOverflowError()), failed(ContextOverflowError()), failed(ContextOverflowError())], policy=changes)
    assert models(steps) == ["a", "d", "e"]
    assert outcome is not None
    assert isinstance(outcome.error, AllModelsFailedError)


def test_fallback_classes_are_the_routes_own() -> None:
    routes = [{"name": "strict", "use": ["small"], "fallback": {"on": ["timeout"]}}]
    assert models(play([failed(AuthenticationError())], policy={"routes": routes})[0]) == ["small"]
    assert models(play([failed(TimeoutError())], policy={"routes": routes})[0]) == ["small", "large"]


def test_the_calls_limit_bounds_tries_waits_and_attempts() -> None:
    changes = {"timeout": {"attempt": "8s", "call": "10s"}, "retry": {"extra": 5, "backoff": "1s"}}
    steps, outcome = play([failed(RateLimitError(), at=7.0), Waited(7.75), failed(RateLimitError(), at=10.0)], policy=changes)
    assert [step.timeout for step in steps if isinstance(step, Attempt)] == [8.0, 2.25]
    assert outcome is not None
    assert outcome.error is not None
    assert "tried in 10s, the limit of the call:" in outcome.error.__notes__[0]


def test_a_wait_that_would_outlast_the_call_is_not_begun() -> None:
    changes = {"timeout": {"call": "2s"}, "retry": {"extra": 5, "backoff": "4s"}}
    assert models(play([failed(RateLimitError(), at=1.0)], policy=changes)[0]) == ["small", "large"]


def test_a_stream_falls_back_before_its_first_chunk_and_never_after() -> None:
    steps, _ = play([failed(ConnectionError("cut")), Opened("chunk", 1.0)], policy={"retry": {"extra": 0}})
    assert [type(step) for step in steps] == [Attempt, Attempt, Deliver]
    _, outcome = play([Opened("chunk", 1.0), failed(ConnectionError("cut"), delivered=3)])
    assert outcome is not None
    assert isinstance(outcome.error, StreamInterruptedError)
    assert "after 3 chunks were given out (ConnectionError: cut)" in str(outcome.error)


def test_cancelling_ends_the_call_at_any_step() -> None:
    gone = KeyboardInterrupt()
    for events in ([Cancelled(gone, 1.0)], [Opened("x", 1.0), Cancelled(gone, 1.0)], [failed(RateLimitError()), Cancelled(gone, 1.0)]):
        _, outcome = play(list(events))
        assert outcome is not None
        assert (outcome.status, outcome.error) == ("cancelled", gone)


def test_no_eligible_model_makes_no_attempt() -> None:
    rules = [{"when": {}, "labels": "private"}]
    steps, outcome = play([], policy={"require": rules})
    assert steps == []
    assert outcome is not None
    assert isinstance(outcome.error, NoEligibleModelError)


def test_observing_calls_the_model_that_was_there_and_nothing_else() -> None:
    steps, outcome = play([failed(RateLimitError())], policy={"mode": "observe", "routes": when()}, has_original=True)
    assert models(steps) == [ORIGINAL]
    assert outcome is not None
    assert isinstance(outcome.error, RateLimitError)
    assert outcome.decision.route == "hit"


@pytest.mark.parametrize("changes", [{}, {"fallback": "none"}])
def test_observing_without_an_original_calls_the_first_of_default(changes: dict[str, Any]) -> None:
    steps, _ = play([OK], policy={"mode": "observe", "routes": [{**when()[0], **changes}]})
    assert models(steps) == ["small"]


def test_one_model_that_was_tried_again_keeps_its_own_exception() -> None:
    last = RateLimitError("two")
    _, outcome = play([failed(RateLimitError("one")), Waited(2.0), failed(last)], policy={"default": ["small"]})
    assert outcome is not None
    assert outcome.error is last
    assert "1. small: rate_limit: RateLimitError: one\n  2. small (retry 1): rate_limit: RateLimitError: two" in last.__notes__[0]


def test_a_classifier_that_needs_io_is_asked_once_and_then_the_call_is_decided() -> None:
    steps, outcome = play([Classified(Classification({"debugging": 0.9}), 0.5), OK], compiled=remote(), call=Call("fix it"))
    assert isinstance(steps[0], Classify)
    assert models(steps) == ["large"]
    assert outcome is not None
    assert outcome.decision.signals.task.source == "remote"


def test_cancelling_the_classifier_cancels_the_call() -> None:
    _, outcome = play([Cancelled(None, 0.5)], compiled=remote(), call=Call("fix it"))
    assert outcome is not None
    assert (outcome.status, outcome.tries) == ("cancelled", ())


errors = st.sampled_from([RateLimitError(), TimeoutError(), ConnectionError(), AuthenticationError(), BadRequestError(), ContextOverflowError(), KeyError(), KeyboardInterrupt()])  # fmt: skip
ends = st.sampled_from(["answer", "open", "fail", "cancel"])


@given(st.lists(st.tuples(ends, errors, st.floats(0, 3), st.integers(0, 2)), min_size=60, max_size=60), st.integers(0, 3), st.one_of(st.none(), st.integers(1, 20)), st.floats(0, 1))  # fmt: skip
def test_every_plan_ends_and_sends_no_more_than_it_may(script: list[Any], extra: int, limit: int | None, chance: float) -> None:
    timeout = {} if limit is None else {"timeout": {"call": f"{limit}s"}}
    running = plan(Request(snapshot(retry={"extra": extra}, **timeout), Call("q"), 0.0, chance=lambda: chance))
    at, steps, opened = 0.0, [next(running)], False
    with pytest.raises(StopIteration) as done:
        for end, error, seconds, delivered in script:
            at += seconds
            step = steps[-1]
            event: Event
            if isinstance(step, Wait):
                at += step.seconds
                event = Waited(at)
            elif end == "answer":
                event = Ended(Reply(answer=1), at)
            elif end == "open" and not opened:
                event = Opened(1, at)
            elif end == "cancel":
                event = Cancelled(error, at)
            else:
                event = Failed(error, delivered if opened else 0, at)
            opened = isinstance(event, Opened)
            steps.append(running.send(event))
    outcome: Outcome = done.value.value
    sent = [step for step in steps if isinstance(step, Attempt)]
    assert len(sent) == len(outcome.tries) <= 2 * (1 + extra)
    assert [step.tries for step in sent] == list(range(1, len(sent) + 1))
    assert (outcome.status == "answered") == (outcome.error is None)
    assert limit is None or all(step.timeout is not None and 0 < step.timeout <= limit for step in sent)
