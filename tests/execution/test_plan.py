"""The plan, driven by hand: which steps it asks for, and that it always ends."""

from __future__ import annotations

import functools
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskroute import AllModelsFailedError, Call, IncompleteStreamError, NoEligibleModelError, StreamInterruptedError
from taskroute.decision.snapshot import Snapshot, compile_policy
from taskroute.execution.plan import ORIGINAL, Request, plan
from taskroute.policy.parse import load_policy
from taskroute.registry.prices import Prices
from taskroute.steps import (
    Acquire,
    Acquired,
    Attempt,
    Cancelled,
    Classified,
    Classify,
    Deliver,
    Ended,
    Event,
    Failed,
    Opened,
    Release,
    Released,
    Step,
    Validate,
    Validated,
    Wait,
    Waited,
)
from taskroute.types import Classification, Cost, Outcome, Reply, StateView
from tests.decision.test_choose import Unpriced
from tests.decision.test_decide import remote
from tests.policies import policy, snapshot, when


class RateLimitError(Exception):
    pass


class BadRequestError(Exception):
    pass


class ContextOverflowError(Exception):
    pass


class AuthenticationError(Exception):
    pass


class OutputParserException(Exception):
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


# In general

RAISED = [RateLimitError(), TimeoutError(), ConnectionError(), AuthenticationError(), BadRequestError(), ContextOverflowError(), OutputParserException(), IncompleteStreamError("test"), KeyError(), KeyboardInterrupt()]  # fmt: skip
FAULTS = ["refusal", "truncated", "invalid_output", "low_confidence"]
CLASSES = ["rate_limit", "timeout", "connection", "server_error", "auth"]
PRICES = {"small": 2, "large": 1, "third": None, "fourth": 3}
FOUR = {
    name: {"model": f"test:{name}", **({} if price is None else {"price": {"input": price, "output": price}})}
    for name, price in PRICES.items()
}
COST = Cost(Decimal(1), "user")


class Granted(NamedTuple):
    """What somebody who keeps account has granted for one try."""

    model: str
    probe: float


class Player:
    """Answers the steps of a plan as a driver may, by what chance says, and writes down what goes wrong."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any], *, streams: bool, free: bool) -> None:
        self.draw = draw
        self.streams = streams
        self.free = free
        """Whether the next try needs no word from anybody."""
        self.at = 0.0
        self.out: Granted | None = None
        """What was granted last."""
        self.releases = 0
        """How often that, or a try that needed no word, was given back."""
        self.was_free = self.opened = self.failed = False
        """Whether the last try needed no word, has given its first chunk, and has failed."""
        self.held: dict[int, bool] = {}
        """The streams that are open, by their try: whether they have ended."""
        self.came: dict[int, Reply] = {}
        """Every answer that came whole."""
        self.given: list[int] = []
        """The tries whose stream was given out."""
        self.cancelled = False

    def play(self, step: Step) -> Event:
        assert not self.cancelled or isinstance(step, Release)
        self.at += self.draw(st.sampled_from([0.0, 0.25, 2.0]))
        if self.draw(st.integers(0, 9)) == 0:
            self.cancelled = True
            if isinstance(step, Release):
                self.take_back(step)
            return Cancelled(KeyboardInterrupt(), self.at)
        return getattr(self, type(step).__name__.lower())(step)

    def acquire(self, step: Acquire) -> Event:
        assert self.is_given_back()
        assert not self.free
        self.out, self.releases = None, 0
        if self.draw(st.integers(0, 5)) == 0:
            return Acquired(self.at, "circuit open", wait=1.0, failure=self.draw(st.sampled_from(CLASSES)))
        self.out, self.releases = Granted(step.model, self.draw(st.sampled_from([0.0, self.at + 30]))), 0
        return Acquired(self.at, probe=self.out.probe)

    def attempt(self, step: Attempt) -> Event:
        assert self.free or (self.out is not None and self.out.model == step.model)
        assert step.timeout is None or step.timeout > 0
        assert self.releases == 0
        self.was_free, self.free = self.free, False
        self.opened = self.failed = False
        how = self.draw(st.sampled_from(["open", "answer", "fail", "empty"]))
        if how == "fail":
            return self.fails(0)
        if not self.streams:
            return self.ended(step.tries)
        self.held[step.tries] = how != "open"
        if how == "open":
            self.opened = True
            return Opened(1, self.at, 0.0)
        return self.ended(step.tries, held=True, useful=how == "answer")

    def ended(self, tries: int, *, held: bool = False, useful: bool = True) -> Ended:
        reply = Reply(answer=tries, cost=COST, finish_reason=self.draw(st.sampled_from(["stop", "length"])))
        self.came[tries] = reply
        return Ended(reply, self.at, 0.0 if self.streams else None, held=held, useful=useful)

    def fails(self, delivered: int) -> Failed:
        self.failed = True
        reply = self.draw(st.sampled_from([None, Reply(answer=None, cost=COST)]))
        return Failed(self.draw(st.sampled_from(RAISED)), delivered, self.at, reply)

    def validate(self, step: Validate) -> Event:
        assert step.attempt.checks or step.empty
        if step.empty:
            return Validated(self.at, "server_error", "empty")
        failure = self.draw(st.sampled_from([None, *sorted(step.attempt.checks)]))
        score = self.draw(st.sampled_from([0.1, 0.2])) if failure == "low_confidence" else None
        return Validated(self.at, failure, "why" if failure else "", score)

    def deliver(self, step: Deliver) -> Event:
        # What was granted is given back before an answer that is there is handed over; a probe that has begun to answer has said so.
        ended = self.held.pop(step.tries)
        assert self.is_given_back() or (not ended and self.out is not None and not self.out.probe)
        self.given.append(step.tries)
        if ended:
            return Ended(self.came[step.tries], self.at, held=True)
        if self.draw(st.booleans()):
            return self.fails(self.draw(st.integers(1, 3)))
        return self.ended(step.tries)

    def wait(self, step: Wait) -> Event:
        assert self.is_given_back()
        self.at += step.seconds
        return Waited(self.at)

    def release(self, step: Release) -> Event:
        self.take_back(step)
        return Released(self.at, self.draw(st.booleans()))

    def is_given_back(self) -> bool:
        return self.out is None or self.releases > 0

    def take_back(self, step: Release) -> None:
        self.releases += 1
        out = self.out
        if out is None:
            # Of a try that nobody granted only a failure is told, and that its stream came to nothing.
            assert self.was_free
            assert (self.releases, step.probe) == (1, 0)
            assert step.verdict == "failed" or (step.verdict == "answered" and self.failed)
        elif self.releases == 1:
            assert (step.model, step.probe) == (out.model, out.probe)
            assert step.failure is not None or step.verdict != "failed"
        else:
            # A probe that gave its first chunk and broke after that.
            assert out.probe
            assert self.opened
            assert self.failed
            assert (step.model, step.verdict, step.probe, self.releases) == (out.model, "failed", 0, 2)


@functools.cache
def compiled_for(extra: int, limit: int | None, on: frozenset[str]) -> Snapshot:
    timeout = {} if limit is None else {"timeout": {"call": f"{limit}s"}}
    data = policy(models=FOUR, default=list(FOUR), retry={"extra": extra}, fallback={"on": sorted(on)}, **timeout)
    return compile_policy(load_policy(data), rates=Prices(library=Unpriced()).rates)


@settings(max_examples=600)
@given(
    st.data(),
    st.integers(0, 2),
    st.sampled_from([None, 1, 4, 20]),
    st.floats(0, 1),
    st.booleans(),
    st.booleans(),
    st.frozensets(st.sampled_from(FAULTS)),
    st.sampled_from([CLASSES, CLASSES[:4], CLASSES[:2]]),
)
def test_every_plan_ends_gives_back_what_it_was_granted_and_gives_one_answer_at_most(
    data: st.DataObject, extra: int, limit: int | None, chance: float, streams: bool, free: bool, faults: frozenset[str], classes: list[str]
) -> None:
    compiled = compiled_for(extra, limit, faults | {*classes})
    running = plan(Request(compiled, Call("q"), 0.0, chance=lambda: chance, guarded=True, state=StateView(settled=free)))
    player, steps = Player(data.draw, streams=streams, free=free), [next(running)]
    with pytest.raises(StopIteration) as done:
        while True:
            steps.append(running.send(player.play(steps[-1])))
    outcome: Outcome = done.value.value
    assert player.is_given_back()
    sent = [step for step in steps if isinstance(step, Attempt)]
    assert len(sent) == len(outcome.tries) <= 4 * (1 + extra)
    assert [step.tries for step in sent] == list(range(1, len(sent) + 1))
    assert (outcome.status == "answered") == (outcome.error is None)
    assert not player.cancelled or outcome.status == "cancelled"
    assert not player.came or outcome.status != "failed" or isinstance(outcome.error, StreamInterruptedError)
    assert len(player.given) <= 1
    # What nobody was told of is of the first try, and is an answer.
    assert all(t.untold is None for t in outcome.tries[not steps or isinstance(steps[0], Attempt) :])
    assert outcome.cost is None or outcome.cost.amount == sum(t.cost == COST for t in outcome.tries)
    if outcome.status == "answered":
        assert outcome.reply is not None
        assert outcome.reply is player.came[outcome.reply.answer]
        assert outcome.model == sent[outcome.reply.answer - 1].model
        assert player.given == ([outcome.reply.answer] if streams else [])
