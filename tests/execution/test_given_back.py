"""The plan, driven by hand: whom it asks for, what it says of each try to whoever keeps account, and when."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from taskroute import Call, IncompleteStreamError, NoEligibleModelError
from taskroute.steps import (
    Acquired,
    Attempt,
    Cancelled,
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
from taskroute.types import Cost, ModelHealth, Reply, StateView, Usage
from tests.execution.test_plan import (
    OK,
    AuthenticationError,
    BadRequestError,
    ContextOverflowError,
    OutputParserException,
    RateLimitError,
    failed,
    models,
    play,
)

RESTS = Acquired(1.0, "circuit open: it failed", wait=7.0)
GRANTED = Acquired(0.5)
BACK = Released(1.0)
SHORT = Ended(Reply(answer="h", finish_reason="length"), 1.0)
CUT = Validated(1.5, "truncated", "cut off")
PAID = Reply(answer=None, usage=Usage(1, 2), cost=Cost(Decimal(3), "user"))
OPT_IN = {"fallback": {"on": ["rate_limit", "server_error", "truncated"]}}


SETTLED, UNSETTLED = StateView(settled=True), StateView()
HELD = Ended(Reply(answer="hi"), 1.0, 0.5, held=True, first_chunk=0.125)


def names(steps: list[Step]) -> list[str]:
    return [type(step).__name__ for step in steps]


def released(steps: list[Step]) -> list[tuple[str, str]]:
    return [(step.model, step.verdict) for step in steps if isinstance(step, Release)]


@pytest.mark.parametrize(
    ("event", "verdict", "failure"),
    [
        (OK, "answered", None),
        (failed(RateLimitError()), "failed", "rate_limit"),
        (failed(TimeoutError()), "failed", "timeout"),
        (failed(AuthenticationError()), "failed", "auth"),
        (failed(BadRequestError()), "answered", "bad_request"),
        (failed(ContextOverflowError()), "answered", "context_overflow"),
        (failed(OutputParserException()), "void", "invalid_output"),
        (failed(OutputParserException())._replace(reply=PAID), "answered", "invalid_output"),
        (failed(KeyError()), "void", "unknown"),
        (failed(KeyboardInterrupt()), "void", "control"),
        (Cancelled(None, 1.0), "void", None),
    ],
)
def test_a_try_is_given_back_with_what_it_says_of_the_model(event: Event, verdict: str, failure: str | None) -> None:
    steps, _ = play([Acquired(0.25, probe=9.0), event, BACK], guarded=True)
    release = steps[2]
    assert isinstance(release, Release)
    assert (release.model, release.verdict, release.failure, release.probe) == ("small", verdict, failure, 9.0)
    # Only an answer tells how long one takes.
    assert release.seconds == (0.75 if event is OK else None)


def test_a_model_that_is_refused_is_passed_over_and_the_decision_says_why() -> None:
    steps, outcome = play([RESTS, GRANTED, OK, BACK], guarded=True)
    assert [type(step).__name__ for step in steps] == ["Acquire", "Acquire", "Attempt", "Release"]
    assert outcome is not None
    assert (outcome.decision.candidates, outcome.decision.rejected) == (("large",), {"small": "circuit open: it failed"})


def test_where_every_model_is_refused_the_error_says_when_to_come_back() -> None:
    _, outcome = play([RESTS, RESTS._replace(wait=3.0)], guarded=True)
    assert outcome is not None
    assert isinstance(outcome.error, NoEligibleModelError)
    assert (outcome.tries, outcome.error.retry_after, list(outcome.error.rejected)) == ((), 3.0, ["small", "large"])


def test_only_a_circuit_can_be_waited_for() -> None:
    health = {"small": ModelHealth("open", retry_after=5.0), "large": ModelHealth("open", retry_after=9.0)}
    state = StateView({"small": "circuit open", "large": "circuit open"}, health)
    models = {"small": {"model": "test:small"}, "large": {"model": "test:large", "labels": ["private"]}}
    rules = [{"when": {"stage": "secret"}, "labels": "private"}]
    for stage, wait in ((None, 5.0), ("secret", 9.0)):
        _, outcome = play([], state=state, policy={"models": models, "require": rules}, call=Call("q", stage=stage))
        assert outcome is not None
        assert isinstance(outcome.error, NoEligibleModelError)
        assert outcome.error.retry_after == wait


def test_an_open_circuit_ends_the_retries() -> None:
    steps, _ = play(
        [GRANTED, failed(RateLimitError()), Released(1.0, is_open=True), GRANTED, OK, BACK], guarded=True, policy={"retry": {"extra": 5}}
    )
    assert models(steps) == ["small", "large"]
    assert not any(isinstance(step, Wait) for step in steps)


def test_an_answer_that_was_not_good_enough_is_given_back_before_the_next_model_is_asked() -> None:
    steps, outcome = play([GRANTED, SHORT, CUT, BACK, GRANTED, OK, Validated(2.0), BACK], guarded=True, policy=OPT_IN)
    assert names(steps) == ["Acquire", "Attempt", "Validate", "Release"] + ["Acquire", "Attempt", "Validate", "Release"]
    assert released(steps) == [("small", "answered"), ("large", "answered")]
    assert outcome is not None
    assert (outcome.model, outcome.reply) == ("large", OK.reply)


@pytest.mark.parametrize("after", range(7))
def test_cancelling_at_any_step_gives_back_what_was_granted_and_ends_the_call(after: int) -> None:
    gone = KeyboardInterrupt()
    events: list[Event] = [GRANTED, SHORT, CUT, BACK, GRANTED, failed(RateLimitError()), BACK]
    steps, outcome = play([*events[:after], Cancelled(gone, 2.0), BACK], guarded=True, policy=OPT_IN)
    assert outcome is not None
    assert (outcome.status, outcome.error) == ("cancelled", gone)
    assert len(released(steps)) == len(models(steps))


def test_a_stream_that_was_held_back_is_given_back_and_then_given_out() -> None:
    steps, outcome = play([GRANTED, HELD, Validated(1.0), BACK, Ended(Reply(answer="hi"), 9.0)], guarded=True, policy=OPT_IN)
    assert names(steps) == ["Acquire", "Attempt", "Validate", "Release", "Deliver"]
    release = steps[3]
    assert isinstance(release, Release)
    assert (release.verdict, release.seconds, release.first_chunk) == ("answered", 0.5, 0.125)
    assert outcome is not None
    assert (outcome.model, outcome.tries[0].seconds) == ("small", 0.5)


@pytest.mark.parametrize("state", [UNSETTLED, SETTLED])
@pytest.mark.parametrize("kept", [False, True])
def test_a_held_answer_whose_reader_stops_is_paid_for_and_its_model_has_answered(kept: bool, state: StateView) -> None:
    gone = GeneratorExit()
    found = [CUT] if kept else [Validated(1.0)]
    granted, back = ([], []) if state.settled else ([GRANTED], [BACK])
    nothing_better = [GRANTED, failed(RateLimitError(), at=2.0), BACK] if kept else []
    events = [*granted, HELD._replace(reply=PAID), *found, *back, *nothing_better, Cancelled(gone, 5.0)]
    steps, outcome = play(events, guarded=True, state=state, policy={**OPT_IN, "retry": {"extra": 0}})
    assert isinstance(steps[-1], Deliver)
    assert outcome is not None
    assert (outcome.status, outcome.error, outcome.cost) == ("cancelled", gone, PAID.cost)
    first = outcome.tries[0]
    assert (first.failure, first.usage, first.cost) == ("truncated" if kept else "control", PAID.usage, PAID.cost)
    assert first.untold == 0.5 if state.settled else released(steps)[0] == ("small", "answered")


# Where nothing speaks against any model


def test_while_every_circuit_is_closed_the_first_model_is_not_asked_for_and_its_answer_is_told_at_the_end() -> None:
    steps, outcome = play([OK], guarded=True, state=SETTLED)
    assert names(steps) == ["Attempt"]
    assert outcome is not None
    assert (outcome.tries[0].untold, outcome.tries[0].first_chunk) == (1.0, None)


def test_of_a_stream_the_waiting_alone_is_told_at_the_end() -> None:
    events: list[Event] = [Opened("a", 0.5, 0.25), Ended(Reply(answer="hi"), 9.0, 0.75, first_chunk=0.25)]
    steps, outcome = play(events, guarded=True, state=SETTLED)
    assert names(steps) == ["Attempt", "Deliver"]
    assert outcome is not None
    assert (outcome.tries[0].seconds, outcome.tries[0].untold, outcome.tries[0].first_chunk) == (9.0, 0.75, 0.25)


@pytest.mark.parametrize("state", [UNSETTLED, SETTLED])
@pytest.mark.parametrize("guarded", [False, True])
def test_an_answer_is_told_once(state: StateView, guarded: bool) -> None:
    events: list[Event] = [OK] if not guarded or state.settled else [GRANTED, OK, BACK]
    steps, outcome = play(events, guarded=guarded, state=state)
    assert outcome is not None
    told = (outcome.tries[0].untold is not None) + len(released(steps))
    assert told == guarded


@pytest.mark.parametrize(
    ("event", "verdicts"),
    [
        (failed(RateLimitError()), [("small", "failed")]),
        (failed(BadRequestError()), [("small", "answered")]),
        (failed(OutputParserException())._replace(reply=PAID), [("small", "answered")]),
        (failed(KeyError()), []),
        (Cancelled(None, 1.0), []),
    ],
)
def test_a_failure_of_a_try_that_was_not_asked_for_is_told_when_it_says_something(event: Event, verdicts: list[tuple[str, str]]) -> None:
    steps, _ = play(
        [event, *([BACK] if verdicts else [])], guarded=True, state=SETTLED, policy={"default": ["small"], "retry": {"extra": 0}}
    )
    assert released(steps) == verdicts
    assert all(step.probe == 0 for step in steps if isinstance(step, Release))


@pytest.mark.parametrize("extra", [0, 1])
def test_after_a_failure_every_model_is_asked_for_since_its_circuit_may_have_opened(extra: int) -> None:
    waits: list[Event] = [Waited(1.5)] if extra else []
    events = [failed(RateLimitError()), BACK, *waits, GRANTED, OK, BACK]
    steps, outcome = play(events, guarded=True, state=SETTLED, policy={"retry": {"extra": extra}})
    assert names(steps) == ["Attempt", "Release", *(["Wait"] if extra else []), "Acquire", "Attempt", "Release"]
    assert outcome is not None
    assert [t.untold for t in outcome.tries] == [None, None]


def test_an_answer_that_was_not_good_enough_is_told_at_the_end_too() -> None:
    steps, outcome = play([SHORT, CUT, GRANTED, OK, Validated(2.0), BACK], guarded=True, state=SETTLED, policy=OPT_IN)
    assert names(steps) == ["Attempt", "Validate", "Acquire", "Attempt", "Validate", "Release"]
    assert outcome is not None
    assert [(t.failure, t.untold) for t in outcome.tries] == [("truncated", 1.0), (None, None)]


@pytest.mark.parametrize("state", [UNSETTLED, SETTLED])
def test_an_answer_whose_examination_is_cancelled_was_given_all_the_same(state: StateView) -> None:
    granted: list[Event] = [] if state.settled else [GRANTED]
    back: list[Event] = [] if state.settled else [BACK]
    events = [*granted, SHORT._replace(reply=PAID), Cancelled(None, 2.0), *back]
    steps, outcome = play(events, guarded=True, state=state, policy=OPT_IN)
    assert outcome is not None
    assert (outcome.status, outcome.tries[0].failure, outcome.cost) == ("cancelled", "control", PAID.cost)
    assert released(steps) == [("small", "answered")] or outcome.tries[0].untold == 1.0


# A stream that shows whether a model is well again

PROBE = Acquired(0.25, probe=9.0)


@pytest.mark.parametrize(
    ("end", "error", "more"),
    [
        (Ended(Reply(answer="hi"), 9.0, 8.0), None, []),
        (Cancelled(GeneratorExit(), 9.0), GeneratorExit, []),
        (Failed(ConnectionError(), 2, 9.0), Exception, [("small", "failed", 0.0)]),
        (Failed(BadRequestError(), 2, 9.0), Exception, []),
        (Failed(IncompleteStreamError("test"), 2, 9.0), Exception, []),
    ],
)
def test_a_probe_has_answered_with_its_first_chunk_and_only_a_break_is_told_after_that(
    end: Event, error: type[BaseException] | None, more: list[Any]
) -> None:
    steps, outcome = play([PROBE, Opened("a", 1.0, 0.5), BACK, end, *([BACK] if more else [])], guarded=True)
    assert names(steps)[:4] == ["Acquire", "Attempt", "Release", "Deliver"]
    first = steps[2]
    assert isinstance(first, Release)
    assert (first.verdict, first.seconds, first.first_chunk, first.probe) == ("answered", None, 0.5, 9.0)
    assert [(step.model, step.verdict, step.probe) for step in steps[3:] if isinstance(step, Release)] == more
    assert outcome is not None
    assert isinstance(outcome.error, error or type(None))
    assert outcome.tries[0].untold is None


@pytest.mark.parametrize("after", range(5))
def test_a_probe_that_is_cancelled_at_any_step_ends_the_call_and_is_given_back_once(after: int) -> None:
    gone = KeyboardInterrupt()
    events: list[Event] = [PROBE, Opened("a", 1.0, 0.5), BACK, Failed(ConnectionError(), 2, 9.0), BACK]
    steps, outcome = play([*events[:after], Cancelled(gone, 2.0), BACK], guarded=True)
    assert outcome is not None
    assert (outcome.status, outcome.error) == ("cancelled", gone)
    assert [verdict for _, verdict in released(steps)] == [[], ["void"], ["answered"], ["answered"], ["answered", "failed"]][after]
    assert len(models(steps)) == len(outcome.tries)
    # Nothing is given out once the caller is gone.
    assert sum(isinstance(step, Deliver) for step in steps) == (after > 2)


def test_a_stream_of_a_healthy_model_is_given_back_when_it_ends() -> None:
    steps, _ = play([GRANTED, Opened("a", 1.0, 0.5), Ended(Reply(answer="hi"), 9.0, 8.0, first_chunk=0.5), BACK], guarded=True)
    assert names(steps) == ["Acquire", "Attempt", "Deliver", "Release"]
    assert isinstance(steps[-1], Release)
    assert (steps[-1].seconds, steps[-1].first_chunk) == (8.0, 0.5)


def test_a_stream_that_ended_without_saying_why_is_told_only_when_nothing_was_given_out() -> None:
    cut = IncompleteStreamError("test")
    for given_out, verdict in ((0, "failed"), (2, "void")):
        events: list[Event] = [GRANTED, *([Opened("a", 1.0)] if given_out else []), Failed(cut, given_out, 2.0), BACK]
        assert released(play(events, guarded=True)[0]) == [("small", verdict)]


# A stream with nothing in it

EMPTY = Ended(Reply(answer=""), 1.0, 0.5, held=True, useful=False)
NOTHING_CAME = Validated(1.0, "server_error", "the stream ended without an answer")


@pytest.mark.parametrize("state", [UNSETTLED, SETTLED])
def test_an_empty_stream_is_a_failure_of_its_model_and_observers_hear_of_it(state: StateView) -> None:
    granted: list[Event] = [] if state.settled else [GRANTED]
    steps, outcome = play([*granted, EMPTY, NOTHING_CAME, BACK, GRANTED, OK, BACK], guarded=True, state=state)
    assert names(steps)[len(granted) :] == ["Attempt", "Validate", "Release", "Acquire", "Attempt", "Release"]
    examined, release = (step for step in steps if isinstance(step, Validate | Release) and step is not steps[-1])
    assert isinstance(examined, Validate)
    assert examined.empty
    assert isinstance(release, Release)
    assert (release.verdict, release.failure, release.seconds, release.first_chunk) == ("failed", "server_error", None, None)
    assert outcome is not None
    assert [(t.model, t.failure, t.untold) for t in outcome.tries] == [("small", "server_error", None), ("large", None, None)]


@pytest.mark.parametrize("changes", [{"default": ["small"]}, {"fallback": {"on": ["rate_limit"]}}])
def test_an_empty_stream_that_may_go_nowhere_is_the_callers_and_counts_against_its_model(changes: dict[str, Any]) -> None:
    steps, outcome = play([GRANTED, EMPTY, BACK, EMPTY], guarded=True, policy=changes)
    assert names(steps) == ["Acquire", "Attempt", "Release", "Deliver"]
    assert released(steps) == [("small", "failed")]
    assert outcome is not None
    assert (outcome.status, outcome.tries[0].failure) == ("answered", None)


def test_where_refusals_are_looked_for_an_empty_stream_is_examined_as_one() -> None:
    refusal = {"fallback": {"on": ["refusal", "server_error"]}}
    steps, _ = play(
        [GRANTED, EMPTY, Validated(1.0, "refusal", "empty"), BACK, GRANTED, OK, Validated(1.0), BACK], guarded=True, policy=refusal
    )
    examined = steps[2]
    assert isinstance(examined, Validate)
    # Whatever its host says of it: nothing in it was of use.
    assert (examined.empty, examined.reply.empty) == (False, True)
    assert released(steps) == [("small", "failed"), ("large", "answered")]


@pytest.mark.parametrize("reason", ["length", "content_filter", "MALFORMED_FUNCTION_CALL"])
def test_an_empty_stream_that_says_why_is_no_failure_of_its_model(reason: str) -> None:
    said = EMPTY._replace(reply=Reply(answer="", finish_reason=reason))
    assert released(play([GRANTED, said, BACK, said], guarded=True)[0]) == [("small", "answered")]


# What must not go to another model


@pytest.mark.parametrize(("failure", "asked"), [("rate_limit", ["large"]), ("auth", []), (None, ["large"])])
def test_a_model_that_is_found_open_on_the_way_is_passed_over_only_where_its_failure_may_go_on(
    failure: str | None, asked: list[str]
) -> None:
    steps, outcome = play([RESTS._replace(failure=failure), GRANTED, OK, BACK], guarded=True, policy=OPT_IN)
    assert models(steps) == asked
    assert outcome is not None
    assert outcome.decision.rejected == {"small": "circuit open: it failed"}
    if not asked:
        assert isinstance(outcome.error, NoEligibleModelError)
        assert outcome.error.retry_after == 7.0


@pytest.mark.parametrize("mode", ["observe", "enforce"])
@pytest.mark.parametrize("pin", [None, "small"])
def test_while_observing_nobody_is_asked_but_for_a_pin_of_the_call(mode: str, pin: str | None) -> None:
    asks = mode == "enforce" or pin is not None
    events: list[Event] = [GRANTED, OK, BACK] if asks else [OK]
    steps, outcome = play(events, guarded=True, policy={"mode": mode}, call=Call("q", pin=pin))
    assert isinstance(steps[0], Attempt) is not asks
    assert outcome is not None
    assert outcome.tries[0].untold is None
