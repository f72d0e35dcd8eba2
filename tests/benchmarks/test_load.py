"""The benchmark of many calls at once: that every call is accounted for, and that the account would show it if one were not."""

from __future__ import annotations

import pytest
from benchmarks import load, traffic
from benchmarks.faults import LARGE, SMALL
from benchmarks.traffic import Account, Ended, account, answer

from taskroute import StreamInterruptedError


@pytest.fixture(scope="module")
def tables() -> list[load.Table]:
    return list(load.tables(quick=True))


def test_each_call_of_each_load_ends_in_its_own_answer_or_one_clear_error(tables: list[load.Table]) -> None:
    assert len(tables) == 3
    for table in tables:
        assert [row.name for row in table.rows] == [load.BARE, load.ROUTED, load.FAULTY]
        for row in table.rows:
            assert row.accounted, row
            assert row.account.own + row.account.fallen_back + row.account.interrupted == table.calls
        faulty = table.rows[-1]
        assert faulty.account.fallen_back == faulty.requests[LARGE] > 0
        assert faulty.requests[SMALL] == table.calls


def test_the_tables_say_how_the_calls_ended(tables: list[load.Table]) -> None:
    text = load.as_text(tables[1])
    assert "100 at once on one event loop" in text
    assert "fallen back 19, interrupted 1; requests: large-model 19, small-model 100" in text
    assert "NOT AS IT MUST BE" not in text
    assert load.as_markdown(tables).count("\n") == 1 + 3 * 3
    assert load.as_data(tables[0])["rows"][0]["spent"]["p50"] > 0


def ended(number: int, text: str = "", error: Exception | None = None) -> Ended:
    return Ended(number, 0.1, text, error)


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (ended(3, answer(SMALL, 3)), Account(own=1)),
        (ended(3, answer(LARGE, 3)), Account(fallen_back=1)),
        (ended(3, answer(SMALL, 4)), Account(wrong=1)),
        (ended(3, answer(SMALL, 3) * 2), Account(wrong=1)),
        (ended(3, answer(SMALL, 3)[:9]), Account(wrong=1)),
        (ended(3, "", TimeoutError()), Account(failed=1)),
        (ended(3, answer(SMALL, 3)[:9], StreamInterruptedError("small", 2, OSError())), Account(interrupted=1)),
        (ended(3, answer(SMALL, 4)[:40], StreamInterruptedError("small", 2, OSError())), Account(wrong=1)),
    ],
)
def test_an_end_is_told_from_what_the_caller_got(one: Ended, found: Account) -> None:
    assert account([one], 0) == found


def test_a_call_that_did_not_end_or_ended_twice_is_lost() -> None:
    first, second = ended(0, answer(SMALL, 0)), ended(1, answer(SMALL, 1))
    assert account([first], 2).lost == 1
    assert account([first, second, second], 2).lost == 1


def test_a_fifth_of_the_calls_meets_each_fault_in_turn() -> None:
    met = [traffic.fault(number) for number in range(700)]
    assert sum(fault is not None for fault in met) == 140
    plain, streamed = met[0::2], met[1::2]
    assert len({repr(fault) for fault in plain} - {"None"}) == 7
    assert len({repr(fault) for fault in streamed} - {"None"}) == 7
