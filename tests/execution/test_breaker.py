"""A model's circuit: when it opens, whom it lets through to see, and that it never shuts a model out for longer than it should."""

from __future__ import annotations

import json
import math
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from taskroute.execution import breaker
from taskroute.execution.breaker import CLOSED, Admission, Circuit, admit, dumps, loads, retry_after, shows
from taskroute.policy.carrying import Breaker

NOON = 1_800_000_000.0
SETTINGS = Breaker()
"""5 failures within 60 s that are half of all tries; then 30 s of rest."""


def failing(circuit: Circuit = CLOSED, now: float = NOON, *, times: int = 1, settings: Breaker = SETTINGS, **told: Any) -> Circuit:
    for _ in range(times):
        circuit = breaker.failed(circuit, settings, now, **{"probe": False, "kind": "server_error", **told})
    return circuit


def opened(now: float = NOON, **told: Any) -> Circuit:
    circuit = failing(now=now, times=5, **told)
    assert circuit.state == "open"
    return circuit


def probing(now: float = NOON + 30) -> Circuit:
    admission = admit(opened(), SETTINGS, now)
    assert admission.probe
    return admission.circuit


def fail_probe(circuit: Circuit, now: float, **told: Any) -> Circuit:
    return breaker.failed(circuit, SETTINGS, now, **{"probe": True, "kind": "timeout", **told})


# Opening


def test_a_closed_circuit_lets_every_call_through() -> None:
    assert admit(CLOSED, SETTINGS, NOON) == Admission(CLOSED, None, False)
    assert retry_after(CLOSED, SETTINGS, NOON) is None
    assert shows(CLOSED, SETTINGS, NOON) == "closed"


def test_it_opens_at_the_fifth_failure() -> None:
    four = failing(times=4)
    assert four.state == "closed"
    five = failing(four, NOON + 1, kind="rate_limit", error_type="RateLimitError")
    assert five.state == "open"
    assert five.cause == "5 of 5 tries failed within 60s, the last with rate_limit (RateLimitError)"
    assert admit(five, SETTINGS, NOON + 19.2) == Admission(five, f"circuit open: {five.cause}; next try in 12s", False)


def test_the_cause_without_an_exception_names_the_failure_class() -> None:
    assert opened(kind="timeout").cause == "5 of 5 tries failed within 60s, the last with timeout"
    one = failing(settings=Breaker.model_validate({"failures": 1, "window": "500ms"}))
    assert one.cause == "1 of 1 try failed within 0.5s, the last with server_error"


def test_a_long_class_name_is_cut() -> None:
    assert len(opened(error_type="E" * 10_000).cause) < 200


NOW = breaker.slot(SETTINGS, NOON)
"""The present slot: one is six seconds."""


def test_answers_that_came_in_between_count_for_it() -> None:
    circuit = failing(times=4, answered={NOW: 2})
    assert failing(circuit).state == "closed"
    assert failing(failing(circuit), times=2).state == "closed"
    assert failing(circuit, times=4).cause == "8 of 16 tries failed within 60s, the last with server_error"


def test_failures_longer_ago_than_the_window_are_forgotten() -> None:
    circuit = failing(times=4)
    later = failing(circuit, NOON + 60)
    assert (later.state, later.slots) == ("closed", ((int(NOON) // 6 + 10, 0, 1),))
    assert failing(circuit, NOON + 53).state == "open"


def test_answers_count_for_the_moment_when_they_came() -> None:
    told = {NOW - 10: 1000, NOW - 9: 1, NOW: 2, NOW + 9: 3, NOW + 10: 1000}
    circuit = failing(answered=told)
    assert circuit.slots == ((NOW - 9, 1, 0), (NOW, 2, 1), (NOW + 9, 3, 0))
    assert failing(circuit, NOON + 6).slots == ((NOW, 2, 1), (NOW + 1, 0, 1), (NOW + 9, 3, 0))


def test_what_went_well_before_the_window_does_not_keep_it_closed() -> None:
    hours = {NOW - ago: 600 for ago in range(10, 3000)}
    assert failing(times=4, answered=hours).state == "closed"
    assert failing(times=5, answered=hours).cause == "5 of 5 tries failed within 60s, the last with server_error"


def test_a_slot_is_a_tenth_of_the_window() -> None:
    assert [breaker.slot(SETTINGS, NOON + seconds) - NOW for seconds in (-0.5, 0, 5.9, 6, 59, 60)] == [-1, 0, 0, 1, 9, 10]


def test_a_count_stays_within_bounds() -> None:
    assert failing(answered={NOW: -3}).slots == ((300000000, 0, 1),)
    assert failing(answered={NOW: 10**30}).slots == ((300000000, 10**9, 1),)
    assert failing(Circuit(slots=((300000000, 10**9, 10**9),)), answered={NOW: 1}).slots == ((300000000, 10**9, 10**9),)


def test_an_answer_changes_nothing_in_a_closed_circuit() -> None:
    circuit = failing(times=3)
    assert breaker.answered(circuit, SETTINGS, NOON, probe=False) is circuit
    assert breaker.answered(circuit, SETTINGS, NOON, probe=True) is circuit
    assert breaker.void(circuit, SETTINGS, NOON, probe=True) is circuit


def test_a_wait_that_the_provider_asks_for_is_the_rest_shorter_or_longer_up_to_an_hour() -> None:
    assert [opened(wait=wait).cooldown for wait in (None, 0.25, 5.0, 90.0, 86400.0)] == [30, 0.25, 5, 90, 3600]
    assert [opened(wait=wait).cooldown for wait in (0.0, -1.0, math.nan, math.inf)] == [30, 30, 30, 3600]
    assert admit(opened(wait=5.0), SETTINGS, NOON + 5).probe
    assert retry_after(fail_probe(probing(), NOON + 35, wait=5.0), SETTINGS, NOON + 35) == 5


def test_a_policy_may_rest_for_longer_than_an_hour() -> None:
    two_hours = Breaker.model_validate({"failures": 1, "cooldown": "2h"})
    assert retry_after(failing(settings=two_hours), two_hours, NOON) == 7200
    assert retry_after(failing(settings=two_hours, wait=86400.0), two_hours, NOON) == 3600


def test_it_keeps_the_class_of_the_failure_that_opened_it() -> None:
    four = failing(times=4, kind="rate_limit")
    assert four.kind == ""
    circuit = failing(four, kind="auth")
    assert circuit.kind == "auth"
    assert failing(circuit, kind="timeout").kind == "auth"
    half_open = admit(circuit, SETTINGS, NOON + 30).circuit
    assert half_open.kind == "auth"
    assert fail_probe(half_open, NOON + 31).kind == "timeout"
    assert breaker.answered(half_open, SETTINGS, NOON + 31, probe=True).kind == ""


# The probe


def test_after_the_rest_one_call_goes_through_to_see() -> None:
    circuit = opened()
    assert (admit(circuit, SETTINGS, NOON + 29.9).probe, shows(circuit, SETTINGS, NOON + 29.9)) == (False, "open")
    assert (admit(circuit, SETTINGS, NOON + 30).probe, shows(circuit, SETTINGS, NOON + 30)) == (True, "half_open")


def test_while_it_is_under_way_no_other_goes_through() -> None:
    circuit = probing(NOON + 30)
    assert (circuit.state, circuit.probe_until) == ("half_open", NOON + 60)
    refused = admit(circuit, SETTINGS, NOON + 40)
    assert refused.refused == "circuit half open: a try is under way; the next one in 20s unless that is answered"
    assert refused.circuit is circuit


def test_its_answer_closes_the_circuit_and_forgets_the_failures() -> None:
    closed = breaker.answered(probing(), SETTINGS, NOON + 31, probe=True)
    assert closed == Circuit(cause="5 of 5 tries failed within 60s, the last with server_error")
    assert failing(closed, NOON + 32, times=4).state == "closed"


def test_its_failure_opens_it_again_for_a_whole_cooldown() -> None:
    circuit = fail_probe(probing(), NOON + 35, error_type="APITimeoutError")
    assert circuit.cause == "the try after the cooldown failed with timeout (APITimeoutError)"
    assert (circuit.opened_at, circuit.probe_until) == (NOON + 35, 0)
    assert not admit(circuit, SETTINGS, NOON + 64.9).probe
    assert admit(circuit, SETTINGS, NOON + 65).probe
    assert retry_after(fail_probe(probing(), NOON + 35, wait=90.0), SETTINGS, NOON + 35) == 90


def test_a_probe_that_says_nothing_makes_room_for_the_next_at_once() -> None:
    circuit = breaker.void(probing(), SETTINGS, NOON + 31, probe=True)
    assert retry_after(circuit, SETTINGS, NOON + 31) == 0
    assert admit(circuit, SETTINGS, NOON + 31).probe


def test_a_probe_that_is_never_heard_of_counts_as_lost_after_the_cooldown() -> None:
    circuit = probing(NOON + 30)
    assert not admit(circuit, SETTINGS, NOON + 59.9).probe
    assert admit(circuit, SETTINGS, NOON + 60).probe


def test_with_a_short_cooldown_it_has_a_second() -> None:
    short = Breaker.model_validate({"failures": 1, "cooldown": "10ms"})
    circuit = admit(failing(settings=short), short, NOON + 1).circuit
    assert circuit.probe_until == NOON + 2


def test_a_lost_probe_is_waited_for_no_longer_because_a_provider_had_asked_for_a_wait() -> None:
    circuit = admit(opened(wait=3000.0), SETTINGS, NOON + 3000).circuit
    assert retry_after(circuit, SETTINGS, NOON + 3000) == 30


def test_a_probe_that_counts_as_lost_still_closes_it_by_its_late_answer() -> None:
    second = admit(probing(NOON + 30), SETTINGS, NOON + 60).circuit
    assert breaker.answered(second, SETTINGS, NOON + 61, probe=True).state == "closed"
    reopened = fail_probe(second, NOON + 61)
    assert breaker.answered(reopened, SETTINGS, NOON + 62, probe=True).state == "closed"


@pytest.mark.parametrize("circuit", [opened(), probing()])
def test_calls_that_began_before_it_opened_change_no_state(circuit: Circuit) -> None:
    late = failing(circuit, NOON + 31, times=9, answered={NOW: 9})
    assert late._replace(slots=circuit.slots) == circuit
    assert breaker.answered(circuit, SETTINGS, NOON + 31, probe=False) is circuit
    assert breaker.void(circuit, SETTINGS, NOON + 31, probe=False) is circuit


# Clocks that differ


def test_one_opened_by_a_clock_that_is_ahead_rests_no_longer_than_its_cooldown() -> None:
    circuit = opened(NOON + 500)
    assert retry_after(circuit, SETTINGS, NOON) == 30
    refused = admit(circuit, SETTINGS, NOON)
    assert refused.refused is not None
    assert refused.refused.endswith("next try in 30s")
    assert admit(refused.circuit, SETTINGS, NOON + 30).probe


def test_one_probed_by_a_clock_that_is_ahead_waits_no_longer_than_for_a_probe() -> None:
    refused = admit(probing(NOON + 500), SETTINGS, NOON)
    assert not refused.probe
    assert admit(refused.circuit, SETTINGS, NOON + 30).probe


def test_failures_counted_by_a_clock_that_is_a_little_ahead_count() -> None:
    assert failing(failing(now=NOON + 20, times=3), NOON, times=2).state == "open"


def test_a_cooldown_that_no_policy_of_today_asked_for_is_cut() -> None:
    strange = opened()._replace(cooldown=1e20)
    assert retry_after(strange, SETTINGS, NOON) == 3600


# In a store


def test_it_is_kept_as_plain_json() -> None:
    assert json.loads(dumps(probing())) == {
        "state": "half_open",
        "slots": [[300000000, 0, 5]],
        "opened_at": NOON,
        "cooldown": 30.0,
        "cause": "5 of 5 tries failed within 60s, the last with server_error",
        "probe_until": NOON + 60,
        "kind": "server_error",
    }
    assert loads(dumps(probing())) == probing()


def test_what_is_not_there_is_closed() -> None:
    assert loads(None) is CLOSED


def test_a_newer_release_may_keep_more_with_it() -> None:
    assert loads(json.dumps({**opened()._asdict(), "more": 1}).encode()) == opened()


@pytest.mark.parametrize(
    "change",
    [
        {"state": "ajar"},
        {"state": ["open"]},
        {"state": None},
        {"slots": None},
        {"slots": 7},
        {"slots": "abc"},
        {"slots": [[1, 2]]},
        {"slots": [[1, 2, 3, 4]]},
        {"slots": [[1, 2, "3"]]},
        {"slots": [[1, 2, -3]]},
        {"slots": [[1, True, 3]]},
        {"slots": [[1.5, 2, 3]]},
        {"slots": [[1, 2, 10**12]]},
        {"slots": [[10**400, 2, 3]]},
        {"slots": {"abc": 1}},
        {"opened_at": math.nan},
        {"opened_at": "1"},
        {"opened_at": 10**400},
        {"cooldown": math.inf},
        {"cooldown": -1},
        {"cooldown": None},
        {"cause": None},
        {"cause": 7},
        {"kind": None},
        {"kind": ["auth"]},
        {"probe_until": -math.inf},
        {"probe_until": True},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_closed(change: dict[str, Any]) -> None:
    assert loads(json.dumps({**opened()._asdict(), **change}).encode()) is CLOSED


@pytest.mark.parametrize("missing", Circuit._fields)
def test_what_lacks_a_field_is_closed(missing: str) -> None:
    assert loads(json.dumps({name: value for name, value in opened()._asdict().items() if name != missing}).encode()) is CLOSED


@pytest.mark.parametrize(
    "data", [b"", b"{", b"\xff", b"null", b"[]", b"7", b'"open"', b"[" * 100_000, b"9" * 10_000, b'{"opened_at":1e999}']
)
def test_what_cannot_be_read_is_closed(data: bytes) -> None:
    assert loads(data) is CLOSED


finite = st.floats(-1e29, 1e29)
circuits = st.builds(
    Circuit,
    state=st.sampled_from(["closed", "open", "half_open"]),
    slots=st.lists(st.tuples(st.integers(-(2**70), 2**70), st.integers(0, 10**9), st.integers(0, 10**9)), max_size=12).map(tuple),
    opened_at=finite,
    cooldown=st.floats(0, 1e29),
    cause=st.text(),
    probe_until=finite,
    kind=st.text(),
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@given(circuits)
def test_every_circuit_comes_back_as_it_was(circuit: Circuit) -> None:
    assert loads(dumps(circuit)) == circuit


@given(st.binary() | anything.map(lambda value: json.dumps(value).encode()))
def test_junk_is_closed(data: bytes) -> None:
    assert loads(data) is CLOSED


@given(circuits, st.dictionaries(st.sampled_from(Circuit._fields), anything, max_size=3), st.floats(0, 1e10))
def test_whatever_was_read_can_be_used(circuit: Circuit, changed: dict[str, Any], now: float) -> None:
    read = loads(json.dumps({**circuit._asdict(), **changed}).encode())
    for next_one in (
        admit(read, SETTINGS, now).circuit,
        failing(read, now),
        fail_probe(read, now),
        breaker.answered(read, SETTINGS, now, probe=True),
    ):
        assert loads(dumps(next_one)) == next_one
        assert 0 <= (retry_after(next_one, SETTINGS, now) or 0) <= 3600


# In general

policies = st.builds(
    lambda failures, rate, cooldown: Breaker.model_validate(
        {"failures": failures, "rate": rate, "window": "10s", "cooldown": f"{cooldown}s"}
    ),
    failures=st.integers(1, 6),
    rate=st.sampled_from([0.01, 0.25, 1 / 3, 0.5, 0.75, 1.0]),
    cooldown=st.sampled_from([1, 3, 30]),
)
"""A window of ten seconds has slots of one."""


answers = st.dictionaries(st.integers(0, 15), st.integers(0, 3), max_size=4)
"""How many there were so many seconds ago."""


@given(policies, st.lists(st.tuples(st.integers(0, 4), answers), min_size=1, max_size=40))
def test_it_opens_exactly_when_enough_tries_failed_and_enough_of_all(policy: Breaker, failures: list[tuple[int, dict[int, int]]]) -> None:
    circuit, now = CLOSED, int(NOON)
    failed: list[int] = []
    answered: list[tuple[int, int]] = []
    for pause, before in failures:
        now += pause
        failed.append(now)
        # Nobody is told before the next failure of answers that came meanwhile, and of none that came before the last one.
        answered += [(now - ago, count) for ago, count in before.items()]
        circuit = failing(circuit, now, settings=policy, answered={now - ago: count for ago, count in before.items()})
        ill = sum(at > now - 10 for at in failed)
        well = sum(count for at, count in answered if at > now - 10)
        assert (circuit.state == "open") == (ill >= policy.failures and ill / (ill + well) >= policy.rate)
        assert len(circuit.slots) <= 10
        if circuit.state == "open":
            return


@given(policies, st.floats(0, 1e10))
def test_a_model_that_only_fails_is_left_alone_after_so_many_failures(policy: Breaker, now: float) -> None:
    assert failing(now=now, settings=policy, times=policy.failures - 1).state == "closed"
    assert failing(now=now, settings=policy, times=policy.failures).state == "open"


@given(policies, st.floats(1e6, 1e10), st.none() | st.floats(0, 1e6), st.floats(0, 1e5))
def test_what_retry_after_says_is_when_a_call_goes_through(policy: Breaker, now: float, wait: float | None, later: float) -> None:
    circuit = failing(now=now, settings=policy, times=policy.failures, wait=wait)
    for _ in range(2):
        left = retry_after(circuit, policy, now + later)
        assert left is not None
        assert (left == 0) == admit(circuit, policy, now + later).probe
        assert admit(circuit, policy, now + later + left).probe
        if left > 0.001:
            assert not admit(circuit, policy, now + later + left - 0.001).probe
        circuit, now = admit(circuit, policy, now + later + left).circuit, now + later + left


happenings = st.lists(
    st.tuples(
        st.sampled_from(["failed", "answered", "void", "admit"]),
        st.booleans(),
        st.floats(-1e10, 1e10) | st.floats(NOON - 100, NOON + 100),
        st.dictionaries(st.integers(-20, 20) | st.integers(-(2**70), 2**70), st.integers(-5, 5) | st.integers(0, 2**70), max_size=30),
    ),
    max_size=30,
)


@given(policies, happenings, st.floats(0, 1e10) | st.floats(NOON - 100, NOON + 100))
def test_a_clock_that_jumps_breaks_nothing_and_shuts_no_model_out(
    policy: Breaker, happened: list[tuple[str, bool, float, dict[int, int]]], now: float
) -> None:
    circuit = CLOSED
    for what, probe, at, before in happened:
        if what == "failed":
            told = {breaker.slot(policy, at) + number: count for number, count in before.items()}
            circuit = breaker.failed(circuit, policy, at, probe=probe, kind="timeout", answered=told)
        elif what == "admit":
            circuit = admit(circuit, policy, at).circuit
        else:
            circuit = getattr(breaker, what)(circuit, policy, at, probe=probe)
        assert len(circuit.slots) <= 19
        assert all(a <= 10**9 and f <= 10**9 for _, a, f in circuit.slots)
        assert loads(dumps(circuit)) == circuit
    first = admit(circuit, policy, now)
    if first.refused is not None:
        assert 0 < (retry_after(circuit, policy, now) or 0) <= policy.cooldown + 0.001
        assert admit(first.circuit, policy, now + policy.cooldown + 0.001).probe


class CallsOfManyProcesses(RuleBasedStateMachine):
    """Calls that begin and end in any order, beside a model of the circuit that knows only whole seconds and a list of tries."""

    def __init__(self) -> None:
        super().__init__()
        self.policy = Breaker.model_validate({"failures": 3, "rate": 0.5, "window": "10s", "cooldown": "4s"})
        self.circuit = CLOSED
        self.now = int(NOON)
        self.untold: dict[int, int] = {}
        """Answers by second."""
        self.calls: list[tuple[bool, float]] = []
        """Calls under way: whether they are probes, and until when these count."""
        self.state: Literal["closed", "resting", "probed"] = "closed"
        self.tries: list[tuple[int, bool]] = []
        self.free_at = 0

    @rule(seconds=st.integers(1, 6))
    def pass_time(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def call(self) -> None:
        admission = admit(self.circuit, self.policy, self.now)
        self.circuit = admission.circuit
        free = self.state == "closed" or self.now >= self.free_at
        assert (admission.refused is None) is free
        assert admission.probe is (free and self.state != "closed")
        if admission.probe:
            self.state, self.free_at = "probed", self.now + 4
        if free:
            self.calls.append((admission.probe, admission.circuit.probe_until))

    def end(self, data: st.DataObject) -> tuple[bool, float]:
        return self.calls.pop(data.draw(st.integers(0, len(self.calls) - 1)))

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        probe, _ = self.end(data)
        before = self.circuit
        self.circuit = breaker.answered(self.circuit, self.policy, self.now, probe=probe)
        if probe and self.state != "closed":
            self.state, self.tries, self.untold = "closed", [], {}
        else:
            assert self.circuit is before
            self.untold[self.now] = self.untold.get(self.now, 0) + 1

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        probe, _ = self.end(data)
        self.circuit = breaker.failed(self.circuit, self.policy, self.now, probe=probe, kind="timeout", answered=self.untold)
        self.tries += [(at, True) for at, count in self.untold.items() for _ in range(count)] + [(self.now, False)]
        self.untold = {}
        recent = [well for at, well in self.tries if at > self.now - 10]
        ill = recent.count(False)
        if probe if self.state != "closed" else (ill >= 3 and ill / len(recent) >= 0.5):
            self.state, self.free_at = "resting", self.now + 4

    @precondition(lambda self: self.calls)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        probe, until = self.end(data)
        still_the_probe = probe and self.circuit.probe_until == until
        self.circuit = breaker.void(self.circuit, self.policy, self.now, probe=still_the_probe)
        if still_the_probe and self.state == "probed":
            self.free_at = self.now

    @invariant()
    def at_most_one_probe_is_under_way(self) -> None:
        assert sum(probe and self.now < until for probe, until in self.calls) <= 1

    @invariant()
    def it_is_as_the_model_says(self) -> None:
        left = max(0, self.free_at - self.now)
        assert retry_after(self.circuit, self.policy, self.now) == (None if self.state == "closed" else left)
        shown = {"closed": "closed", "resting": "open" if left else "half_open", "probed": "half_open"}[self.state]
        assert shows(self.circuit, self.policy, self.now) == shown
        assert loads(dumps(self.circuit)) == self.circuit


CallsOfManyProcesses.TestCase.settings = settings(max_examples=200, stateful_step_count=40)
TestCallsOfManyProcesses = CallsOfManyProcesses.TestCase
