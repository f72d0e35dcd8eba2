"""What is remembered of a model's tries: shares, percentiles, and for how long."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskroute.execution.account import Account, Summary, percentiles
from taskroute.types import Percentiles


def noted(*tries: tuple[float, bool], seconds: float | None = 1.0) -> Account:
    account = Account()
    for at, failed in tries:
        account.note(at, failed=failed, seconds=None if failed else seconds, first_chunk=None)
    return account


def test_nothing_is_known_of_a_model_that_was_never_tried() -> None:
    assert Account().summary(100.0, 60.0) == Summary(0, None, None, None)
    assert percentiles([]) is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [([7.0], Percentiles(7, 7, 7)), ([2.0, 1.0], Percentiles(1, 2, 2)), ([float(n) for n in range(100, 0, -1)], Percentiles(50, 90, 99))],
)
def test_percentiles_are_of_the_nearest_rank(values: list[float], expected: Percentiles) -> None:
    assert percentiles(values) == expected


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_percentiles_are_values_that_were_seen_and_so_many_are_no_larger(values: list[float]) -> None:
    found = percentiles(values)
    assert found is not None
    for percent, value in zip((50, 90, 99), found, strict=True):
        assert value in values
        assert sum(one <= value for one in values) >= math.ceil(len(values) * percent / 100)
        assert sum(one < value for one in values) < math.ceil(len(values) * percent / 100)


def test_the_share_of_failed_tries_is_of_the_window_and_latency_of_a_quarter_of_an_hour() -> None:
    account = noted((0.0, True), (100.0, False), (130.0, True), (150.0, False))
    assert account.summary(150.0, 60.0, exact=True) == Summary(3, 1 / 3, Percentiles(1, 1, 1), None)
    assert account.summary(500.0, 60.0, exact=True) == Summary(0, None, Percentiles(1, 1, 1), None)
    assert account.summary(1051.0, 60.0, exact=True) == Summary(0, None, None, None)


def test_a_window_longer_than_a_quarter_of_an_hour_is_counted_whole() -> None:
    assert noted((0.0, True), (1000.0, False)).summary(1800.0, 3600.0, exact=True).error_rate == 0.5


def test_only_whole_answers_tell_how_long_they_take_and_only_streams_of_their_first_chunk() -> None:
    account = Account()
    account.note(1.0, failed=False, seconds=None, first_chunk=None)
    account.note(1.0, failed=False, seconds=4.0, first_chunk=0.5)
    account.note(1.0, failed=True, seconds=None, first_chunk=0.25)
    found = account.summary(1.0, 60.0)
    assert (found.tries, found.latency, found.first_chunk) == (3, Percentiles(4, 4, 4), Percentiles(0.25, 0.5, 0.5))


def test_the_oldest_of_many_tries_are_forgotten() -> None:
    account = noted(*((1.0, True) for _ in range(200)), *((2.0, False) for _ in range(256)))
    assert account.summary(2.0, 60.0) == Summary(256, 0.0, Percentiles(1, 1, 1), None)


def test_a_summary_is_worked_out_anew_for_many_new_tries_or_after_a_second() -> None:
    account = noted(*((10.0, False) for _ in range(64)))
    assert account.summary(10.0, 60.0).tries == 64
    account.note(10.1, failed=True, seconds=None, first_chunk=None)
    assert account.summary(10.2, 60.0).tries == 64
    assert account.summary(10.2, 60.0, exact=True).tries == 65
    account.note(10.3, failed=True, seconds=None, first_chunk=None)
    assert account.summary(11.1, 60.0).tries == 65
    assert account.summary(11.2, 60.0).tries == 66
    for _ in range(5):
        account.note(11.2, failed=True, seconds=None, first_chunk=None)
    assert account.summary(11.2, 60.0).tries == 71


# Answers that the circuit is told of with the next failure


def test_answers_are_counted_by_slot_and_those_that_cannot_matter_any_more_are_dropped() -> None:
    account = Account()
    for slot in (5, 5, 6, 14):
        account.count_answer(slot, 10)
    assert account.untold == {5: 2, 6: 1, 14: 1}
    account.count_answer(15, 10)
    assert account.untold == {6: 1, 14: 1, 15: 1}
    account.count_answer(16, 10)
    assert account.untold == {14: 1, 15: 1, 16: 1}
    # A clock that is set back counts into slots of its own.
    account.count_answer(3, 10)
    assert account.untold == {3: 1}


@given(st.lists(st.integers(0, 1000)), st.integers(1, 20))
def test_however_long_nothing_fails_only_so_many_slots_are_kept(slots: list[int], kept: int) -> None:
    account = Account()
    for slot in slots:
        account.count_answer(slot, kept)
        assert account.untold[slot] >= 1
        assert len(account.untold) < 2 * kept
    assert sum(account.untold.values()) <= len(slots)
