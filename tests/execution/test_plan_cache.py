"""The plan's steps about the cache, driven by hand: when it looks, what it serves and stores, and that it lets go of what it holds."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.errors import GraphInterrupt

from taskroute import AllModelsFailedError, Call, NoEligibleModelError, StreamInterruptedError
from taskroute.decision.snapshot import Snapshot
from taskroute.execution.plan import ORIGINAL, Request, plan
from taskroute.steps import (
    Acquire,
    Acquired,
    Attempt,
    Cancelled,
    Deliver,
    Ended,
    Event,
    Failed,
    Forgo,
    Found,
    Lookup,
    Missed,
    Opened,
    Release,
    Released,
    Save,
    Saved,
    Step,
    Validate,
    Validated,
    Wait,
    Waited,
)
from taskroute.stored import Entry, StoredAnswer
from taskroute.types import CacheNote, Cost, ModelHealth, Outcome, Reply, StateView
from tests.policies import snapshot

SAVED = Cost(Decimal("0.25"), "user")
ENTRY = Entry(StoredAnswer("stored"), "small", 100.0, 200.0, cost=SAVED)


class ALead:
    """What a driver would hand out."""

    key = "k"

    def away(self) -> None:
        raise AssertionError("a plan performs nothing")

    back = away


class ConnectionRefused(ConnectionError):
    pass


LEAD = ALead()
OK = Ended(Reply(answer="hi"), 2.0)
MISS = Missed(1.0, LEAD)
HIT = Found(1.0, ENTRY, 30.0)
STALE = Found(1.0, ENTRY, 130.0, stale=True)
FAILS = Failed(ConnectionRefused(), 0, 2.0)


def play(
    events: list[Event], *, call: Call | None = None, compiled: Snapshot | None = None, **changes: Any
) -> tuple[list[Step], Outcome | None]:
    """Return the steps that a plan asks for while these events are sent, and how it ended."""
    options = {name: changes.pop(name) for name in ("state", "guarded", "has_original", "scored") if name in changes}
    data: dict[str, Any] = {"cache": {}, "retry": {"extra": 0}, **changes}
    running = plan(Request(compiled or snapshot(**data), call or Call("q"), 0.0, "id", caches=True, **options))
    steps: list[Step] = []
    try:
        steps.append(next(running))
        for event in events:
            steps.append(running.send(event))
    except StopIteration as done:
        return steps, done.value
    return steps, None


def kinds(steps: list[Step]) -> list[str]:
    return [type(step).__name__ for step in steps]


def ended(events: list[Event], **options: Any) -> Outcome:
    _, outcome = play(events, **options)
    assert outcome is not None
    return outcome


# Looking


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ({"cache": None}, None),
        ({"call": Call("q", cache="bypass")}, CacheNote("bypass", "asked for")),
        ({"call": Call("4111 1111 1111 1111")}, CacheNote("bypass", "sensitive")),
        ({"mode": "observe"}, CacheNote("off", "nothing is enforced")),
        ({"mode": "observe", "has_original": True}, CacheNote("off", "nothing is enforced")),
    ],
)
def test_a_call_that_has_no_part_in_the_cache_looks_for_nothing_and_says_why(options: dict[str, Any], note: CacheNote | None) -> None:
    steps, outcome = play([OK], **options)
    assert kinds(steps) == ["Attempt"]
    assert isinstance(steps[0], Attempt)
    assert not steps[0].keeps
    assert outcome is not None
    assert (outcome.cache, outcome.is_cached) == (note, False)


def test_the_model_that_was_there_before_is_never_looked_up() -> None:
    steps, _ = play([], mode="observe", has_original=True)
    assert isinstance(steps[0], Attempt)
    assert steps[0].model == ORIGINAL


def test_it_looks_before_it_asks_for_the_model() -> None:
    steps, outcome = play([MISS, Acquired(1.0), OK, Released(2.0), Saved(3.0)], guarded=True)
    assert kinds(steps) == ["Lookup", "Acquire", "Attempt", "Release", "Save"]
    assert outcome is not None
    assert (outcome.status, outcome.cache) == ("answered", CacheNote("miss"))


def test_a_model_is_looked_up_once_and_not_for_every_retry() -> None:
    steps, outcome = play([MISS, FAILS, Waited(3.0), OK, Saved(4.0)], retry={"extra": 1})
    assert kinds(steps) == ["Lookup", "Attempt", "Wait", "Attempt", "Save"]
    assert all(step.keeps and step.lead is LEAD for step in steps if isinstance(step, Attempt))
    assert outcome is not None


def test_each_model_is_looked_up_under_its_own_name() -> None:
    steps, _ = play([MISS, FAILS, Saved(2.0), MISS, OK, Saved(3.0)])
    assert kinds(steps) == ["Lookup", "Attempt", "Forgo", "Lookup", "Attempt", "Save"]
    assert [step.model for step in steps if isinstance(step, Lookup | Save | Attempt) and not isinstance(step, Save)] == [
        "small",
        "small",
        "large",
        "large",
    ]
    save = steps[-1]
    assert isinstance(save, Save)
    assert (save.attempt.model, save.reply.answer) == ("large", "hi")


@pytest.mark.parametrize(("limit", "wait"), [(None, 10.0), ("4s", 4.0), ("60s", 10.0)])
def test_waiting_takes_no_more_than_the_call_has(limit: str | None, wait: float) -> None:
    changes: dict[str, Any] = {} if limit is None else {"timeout": {"call": limit}}
    steps, _ = play([], **changes)
    assert isinstance(steps[0], Lookup)
    assert steps[0].terms.wait == wait


def test_a_route_says_how_long_its_streams_may_give_nothing_out() -> None:
    steps, _ = play([], timeout={"first_chunk": "2s"})
    assert isinstance(steps[0], Lookup)
    assert steps[0].first_chunk == 2.0
    assert steps[0].terms.wait == 10.0


def test_what_is_left_of_the_call_after_a_failure_bounds_the_next_wait() -> None:
    steps, _ = play([Missed(1.0), Failed(ConnectionRefused(), 0, 9.0)], timeout={"call": "10s"})
    assert isinstance(steps[-1], Lookup)
    assert steps[-1].terms.wait == 1.0


def test_waiting_takes_no_time_of_a_try() -> None:
    steps, outcome = play([Missed(5.0), OK._replace(at=5.5)], timeout={"attempt": "2s"})
    assert isinstance(steps[-1], Attempt)
    assert steps[-1].timeout == 2.0
    assert outcome is not None
    assert [t.seconds for t in outcome.tries] == [0.5]


def test_a_request_without_a_key_is_asked_and_not_stored() -> None:
    steps, outcome = play([Missed(1.0, why="no key"), OK])
    assert kinds(steps) == ["Lookup", "Attempt"]
    assert outcome is not None
    assert outcome.cache == CacheNote("bypass", "no key")


# Serving


def test_what_is_found_is_served_and_no_model_is_asked() -> None:
    steps, outcome = play([HIT, OK], guarded=True)
    assert kinds(steps) == ["Lookup", "Attempt"]
    attempt = steps[1]
    assert isinstance(attempt, Attempt)
    assert attempt.cached is HIT
    assert (attempt.keeps, attempt.lead, attempt.timeout, attempt.checks, attempt.tries) == (False, None, None, frozenset(), 1)
    assert outcome is not None
    assert outcome.cache == CacheNote("hit", age=30.0, saved=SAVED)
    assert (outcome.model, outcome.tries, outcome.is_cached) == ("small", (), True)
    assert outcome.cost == Cost(Decimal(0), "cache", "USD")


def test_a_stored_stream_is_given_out_like_any_other() -> None:
    steps, outcome = play([HIT, Opened("s", 1.0), OK])
    assert kinds(steps) == ["Lookup", "Attempt", "Deliver"]
    assert outcome is not None
    assert outcome.is_cached


def test_an_empty_stored_stream_is_given_out_too() -> None:
    steps, outcome = play([HIT, OK._replace(held=True), OK])
    assert kinds(steps) == ["Lookup", "Attempt", "Deliver"]
    assert outcome is not None
    assert outcome.is_cached


def test_what_cannot_be_served_is_replaced() -> None:
    steps, outcome = play([HIT, Failed(ValueError(), 0, 1.0), MISS, OK, Saved(2.0)])
    assert kinds(steps) == ["Lookup", "Attempt", "Lookup", "Attempt", "Save"]
    again = steps[2]
    assert isinstance(again, Lookup)
    assert again.terms.refresh
    last = steps[3]
    assert isinstance(last, Attempt)
    assert (last.cached, last.keeps, last.number, last.tries) == (None, True, 1, 1)
    assert outcome is not None
    assert (outcome.cache, len(outcome.tries)) == (CacheNote("miss"), 1)


def test_serving_that_breaks_after_part_was_given_out_is_no_reason_to_ask_a_model() -> None:
    outcome = ended([HIT, Opened("s", 1.0), Failed(ValueError(), 1, 2.0)])
    assert isinstance(outcome.error, StreamInterruptedError)
    assert outcome.cache == CacheNote("hit", age=30.0, saved=SAVED)
    assert outcome.cost is None


@pytest.mark.parametrize("events", [[Cancelled(None, 2.0)], [Opened("s", 1.0), Cancelled(None, 2.0)]], ids=len)
def test_a_reader_that_drops_what_is_served_ends_the_call(events: list[Event]) -> None:
    outcome = ended([HIT, *events])
    assert (outcome.status, outcome.tries) == ("cancelled", ())
    assert outcome.cache is not None
    assert outcome.cache.status == "hit"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GraphInterrupt()], ids=lambda error: type(error).__name__)
def test_control_flow_that_is_raised_while_serving_passes(error: BaseException) -> None:
    outcome = ended([HIT, Failed(error, 0, 2.0)])
    assert (outcome.status, outcome.error) == ("cancelled", error)


def test_after_a_failure_what_is_stored_of_the_next_model_is_served() -> None:
    steps, outcome = play([MISS, FAILS, Saved(2.0), HIT, OK])
    assert kinds(steps) == ["Lookup", "Attempt", "Forgo", "Lookup", "Attempt"]
    served = steps[-1]
    assert isinstance(served, Attempt)
    assert (served.fallback_from, served.fallback_reason, served.tries) == ("small", "connection", 2)
    assert outcome is not None
    assert (outcome.model, outcome.is_cached, outcome.cost) == ("large", True, Cost(Decimal(0), "cache"))


def test_an_answer_that_was_not_good_enough_is_paid_for_though_the_next_comes_from_the_cache() -> None:
    poor = Ended(Reply("poor", cost=Cost(Decimal(2), "user")), 2.0)
    events: list[Event] = [MISS, poor, Validated(2.0, "low_confidence", "poor", 0.1), Saved(2.0), HIT, OK]
    steps, outcome = play(events, fallback={"on": ["low_confidence"], "min_score": 0.5})
    assert kinds(steps) == ["Lookup", "Attempt", "Validate", "Forgo", "Lookup", "Attempt"]
    served = steps[-1]
    assert isinstance(served, Attempt)
    assert served.given_up == (Cost(Decimal(2), "user"),)
    assert outcome is not None
    assert outcome.cost == Cost(Decimal(2), "user")


def test_an_answer_with_a_fault_that_stands_because_the_time_is_up_is_not_stored() -> None:
    events: list[Event] = [MISS, OK, Validated(20.0, "truncated", "cut off"), Saved(20.0)]
    steps, outcome = play(events, fallback={"on": ["truncated"]}, timeout={"call": "10s"})
    assert kinds(steps) == ["Lookup", "Attempt", "Validate", "Forgo"]
    assert outcome is not None
    assert (outcome.status, outcome.model) == ("answered", "small")


# Letting go


def test_whoever_waits_is_let_go_when_the_model_has_failed_and_before_the_next_is_looked_up() -> None:
    steps, _ = play([MISS, FAILS])
    assert isinstance(steps[-1], Forgo)
    assert (steps[-1].lead, steps[-1].failed) == (LEAD, True)


def test_and_told_when_the_call_was_given_up() -> None:
    steps, outcome = play([MISS, Cancelled(None, 2.0), Saved(2.0)])
    assert isinstance(steps[-1], Forgo)
    assert steps[-1].failed is False
    assert outcome is not None
    assert outcome.status == "cancelled"


@pytest.mark.parametrize("before", [[], [MISS, FAILS, Saved(2.0)]], ids=len)
def test_a_call_that_is_given_up_while_it_looks_or_waits_holds_nothing(before: list[Event]) -> None:
    steps, outcome = play([*before, Cancelled(KeyboardInterrupt(), 3.0)])
    assert isinstance(steps[-1], Lookup)
    assert outcome is not None
    assert (outcome.status, type(outcome.error)) == ("cancelled", KeyboardInterrupt)


def test_a_call_that_is_given_up_while_its_answer_is_stored_is_cancelled() -> None:
    outcome = ended([MISS, OK, Cancelled(KeyboardInterrupt(), 3.0)])
    assert (outcome.status, type(outcome.error), len(outcome.tries)) == ("cancelled", KeyboardInterrupt, 1)


@pytest.mark.parametrize("event", [OK, Waited(1.0), Saved(1.0)])
def test_an_event_that_fits_no_look_up_is_a_fault_of_the_drivers(event: Event) -> None:
    with pytest.raises(TypeError, match="looked for an answer cannot go on"):
        play([event])


# Whose time is over


def test_when_all_have_failed_the_first_answer_whose_time_is_over_is_served() -> None:
    events: list[Event] = [Missed(1.0, LEAD, STALE), FAILS, Saved(2.0), Missed(2.0, LEAD, STALE), FAILS, Saved(3.0), OK]
    steps, outcome = play(events, cache={"stale_if_error": "1h"})
    assert kinds(steps) == ["Lookup", "Attempt", "Forgo"] * 2 + ["Attempt"]
    served = steps[-1]
    assert isinstance(served, Attempt)
    assert (served.model, served.cached, served.fallback_from) == ("small", STALE, None)
    assert outcome is not None
    assert outcome.cache == CacheNote("stale", age=130.0, saved=SAVED)
    assert (outcome.status, outcome.model, len(outcome.tries)) == ("answered", "small", 2)


def test_one_that_cannot_be_served_gives_way_to_the_next_and_to_the_error() -> None:
    events: list[Event] = [Missed(1.0, None, STALE), FAILS, Missed(2.0, None, STALE), FAILS, FAILS, FAILS]
    steps, outcome = play(events, cache={"stale_if_error": "1h"})
    assert [step.model for step in steps if isinstance(step, Attempt)] == ["small", "large", "small", "large"]
    assert outcome is not None
    assert isinstance(outcome.error, AllModelsFailedError)
    assert outcome.cache == CacheNote("miss")


class BadRequestError(Exception):
    status_code = 400


@pytest.mark.parametrize("error", [BadRequestError(), KeyError("a bug")], ids=repr)
def test_a_fault_of_the_call_is_told(error: Exception) -> None:
    outcome = ended([Missed(1.0, None, STALE), Failed(error, 0, 2.0)], default="small")
    assert (outcome.status, outcome.error) == ("failed", error)


def test_a_kept_answer_comes_before_one_whose_time_is_over() -> None:
    poor = Ended(Reply("poor"), 2.0)
    events: list[Event] = [Missed(1.0, None, STALE), poor, Validated(2.0, "low_confidence", "poor", 0.1), Missed(2.0, None, STALE), FAILS]
    outcome = ended(events, fallback={"on": ["low_confidence", "connection"], "min_score": 0.5})
    assert outcome.reply == poor.reply
    assert not outcome.is_cached


def open_circuits(*models: str) -> StateView:
    return StateView(
        unavailable=dict.fromkeys(models, "its circuit is open"),
        health={model: ModelHealth(state="open", retry_after=5.0) for model in models},
        opened_by=dict.fromkeys(models, "connection"),
    )


@pytest.mark.parametrize("found", [HIT, STALE])
def test_while_every_circuit_is_open_what_is_stored_is_served(found: Found) -> None:
    missed = Missed(1.0, LEAD, found if found.stale else None)
    events: list[Event] = [missed, Saved(1.0), missed, Saved(1.0), OK] if found.stale else [missed, Saved(1.0), found, OK]
    steps, outcome = play(events, state=open_circuits("small", "large"), guarded=True)
    assert kinds(steps)[:4] == ["Lookup", "Forgo", "Lookup", "Forgo" if found.stale else "Attempt"]
    assert outcome is not None
    assert (outcome.status, outcome.is_cached) == ("answered", True)


def test_while_every_circuit_is_open_and_nothing_is_stored_the_error_says_when_to_come_again() -> None:
    outcome = ended([MISS, Saved(1.0), MISS, Saved(1.0)], state=open_circuits("small", "large"), guarded=True)
    assert isinstance(outcome.error, NoEligibleModelError)
    assert outcome.error.retry_after == 5.0
    assert outcome.cache == CacheNote("miss")


def test_a_model_that_may_not_see_the_call_is_not_looked_up_even_then() -> None:
    compiled = snapshot(
        cache={},
        models={"small": {"model": "test:small", "labels": ["private"]}, "large": {"model": "test:large"}},
        require=[{"when": {}, "labels": "private"}],
    )
    steps, outcome = play([MISS, Saved(1.0)], compiled=compiled, state=open_circuits("small", "large"), guarded=True)
    assert [step.model for step in steps if isinstance(step, Lookup)] == ["small"]
    assert outcome is not None
    assert isinstance(outcome.error, NoEligibleModelError)


# Whatever happens


class Player:
    """Answers any step with something that may happen, and keeps account of what was handed out."""

    def __init__(self, draw: Any, *, streams: bool) -> None:
        self.draw = draw
        self.streams = streams
        self.at = 0.0
        self.numbers = itertools.count(1)
        self.held: list[ALead] = []
        self.granted: list[str] = []
        self.delivered = 0
        self.was_cancelled = False

    def pick(self, *events: Event) -> Event:
        event: Event = self.draw(st.sampled_from(events))
        self.was_cancelled |= isinstance(event, Cancelled)
        return event

    def play(self, step: Step) -> Event:
        self.at += self.draw(st.sampled_from([0.0, 0.5, 3.0]))
        at = self.at
        cancelled = Cancelled(None, at)
        if isinstance(step, Lookup):
            stale = STALE._replace(at=at) if step.terms.stale else None
            lead = ALead()
            missed = (Missed(at, lead), Missed(at, lead, stale), Missed(at, None, stale), Missed(at, why="no key"))
            event = self.pick(*missed, cancelled) if step.terms.refresh else self.pick(*missed, HIT._replace(at=at), cancelled)
            if isinstance(event, Missed) and event.lead is lead:
                self.held.append(lead)
            return event
        if isinstance(step, Save | Forgo):
            # Exactly the one that is held, once.
            assert self.held == [step.lead]
            self.held.clear()
            return self.pick(Saved(at), cancelled) if isinstance(step, Save) else Saved(at)
        if isinstance(step, Acquire):
            event = self.pick(Acquired(at), Acquired(at, "open", failure="connection"), cancelled)
            if isinstance(event, Acquired) and event.refused is None:
                self.granted.append(step.model)
            return event
        if isinstance(step, Release):
            return self.pick(Released(at), Released(at, is_open=True))
        if isinstance(step, Wait):
            return self.pick(Waited(at), cancelled)
        if isinstance(step, Validate):
            return self.pick(Validated(at), Validated(at, "truncated", "cut off"), cancelled)
        if isinstance(step, Deliver):
            self.delivered += 1
            return self.pick(Ended(Reply("hi"), at), Failed(ConnectionRefused(), 1, at), cancelled)
        assert isinstance(step, Attempt)
        errors = [Failed(error, 0, at) for error in (ConnectionRefused(), TimeoutError(), BadRequestError(), ValueError())]
        if self.streams:
            return self.pick(Opened("h", at), Ended(Reply("hi"), at, held=True), *errors, cancelled)
        return self.pick(Ended(Reply("hi"), at), *errors, cancelled)


@settings(max_examples=500)
@given(
    st.data(),
    st.booleans(),
    st.integers(0, 1),
    st.sampled_from([None, "4s", "20s"]),
    st.sampled_from([None, "1h"]),
    st.sampled_from([(), ("small",), ("small", "large")]),
    st.booleans(),
)
def test_every_plan_ends_lets_go_of_every_lead_once_and_gives_one_answer_at_most(
    data: st.DataObject, streams: bool, extra: int, limit: str | None, stale: str | None, unavailable: tuple[str, ...], truncated: bool
) -> None:
    changes: dict[str, Any] = {"retry": {"extra": extra}, "cache": {"stale_if_error": stale} if stale else {}}
    if limit is not None:
        changes["timeout"] = {"call": limit}
    if truncated:
        changes["fallback"] = {"on": ["connection", "timeout", "server_error", "truncated"]}
    state = open_circuits(*unavailable) if unavailable else StateView()
    running = plan(Request(_compiled(repr(sorted(changes.items())), changes), Call("q"), 0.0, guarded=True, state=state, caches=True))
    player, steps = Player(data.draw, streams=streams), [next(running)]
    with pytest.raises(StopIteration) as done:
        while True:
            steps.append(running.send(player.play(steps[-1])))
    outcome: Outcome = done.value.value
    assert player.held == []
    assert player.delivered <= 1
    assert not player.was_cancelled or outcome.status == "cancelled"
    assert (outcome.status == "answered") == (outcome.error is None and outcome.status != "cancelled")
    asked = [step for step in steps if isinstance(step, Attempt) and step.cached is None]
    served = [step for step in steps if isinstance(step, Attempt) and step.cached is not None]
    assert len(asked) == len(outcome.tries)
    # Whatever is served is neither asked for, nor examined, nor stored.
    assert not any(step.keeps or step.checks or step.lead for step in served)
    assert not any(isinstance(step, Save) and step.attempt.cached for step in steps)
    assert not outcome.is_cached or (served and steps[-1] in (served[-1],)) or isinstance(steps[-1], Deliver)
    if outcome.is_cached and outcome.status == "answered":
        assert outcome.model == served[-1].model


_kept: dict[str, Snapshot] = {}


def _compiled(name: str, changes: dict[str, Any]) -> Snapshot:
    if name not in _kept:
        _kept[name] = snapshot(**changes)
    return _kept[name]
