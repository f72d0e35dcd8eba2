"""A small variant of `make stress`, and that its judgement would show it if something went wrong."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmarks import stress_evidence
from benchmarks.stress_worker import answer, answers, belongs, response_key, value

from taskroute.cache import names
from taskroute.cache.entry import dumps
from taskroute.stored import Entry, StoredAnswer
from taskroute.stores.disk import DiskStore
from taskroute.stores.memory import MemoryStore

pytest.importorskip("diskcache")

SEED = 1


def test_processes_that_are_killed_leave_no_wrong_answer_and_no_damage_behind() -> None:
    # In a process of its own, which may start others.
    options = ("--only", "disk", "--processes", "6", "--operations", "40", "--seed", str(SEED))
    done = subprocess.run([sys.executable, "-m", "benchmarks.stress_cache", *options], capture_output=True, text=True, check=False)
    counts = {name: int(count) for count, name in re.findall(r"^ +(\d+) (.+)$", done.stdout, re.MULTILINE)}
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing to repair" in done.stdout
    assert "FAULT" not in done.stdout
    assert counts["killed"] > 0
    assert counts["operations begun"] == 6 * 40
    assert counts["calls of the model"] > counts["of those after waiting in vain, or with a store too slow"]


def test_every_call_is_answered_while_redis_is_killed_and_started_again() -> None:
    pytest.importorskip("redis")
    pytest.importorskip("langchain_core")
    from benchmarks.stress_redis import redis

    verdict = redis(threads=4, calls=400, kills=2, seed=SEED)
    if verdict is None:
        pytest.skip("no redis-server or valkey-server on the PATH; Debian: apt-get install redis-server")
    assert verdict.faults == []
    assert verdict.counts["times that the server was killed"] == 2
    # One more hit is what ends it: the cache is back.
    assert verdict.counts["hits"] + verdict.counts["answered by the model"] == 400


# What the judgement goes by

Note = Callable[..., None]


@pytest.fixture
def note(tmp_path: Path) -> Note:
    def note(what: str, at: float, who: str = "1.0", **facts: Any) -> None:
        with (tmp_path / f"{who.partition('.')[0]}.jsonl").open("a") as file:
            file.write(json.dumps({"what": what, "who": who, "at": at, **facts}) + "\n")

    return note


def held(note: Note, who: str, asked: float, at: float, *, released: float | None = None, gone: float | None = None) -> None:
    note("held", at, who, name="lease/1", asked=asked, ttl=10.0)
    if released is not None:
        note("released", released, who, name="lease/1", asked=asked)
        note("gone", released + 0.1 if gone is None else gone, who, name="lease/1", asked=asked, ttl=10.0)


def faults(directory: Path) -> list[str]:
    return stress_evidence.seen(stress_evidence.lines(directory)).faults


def test_two_that_hold_one_lease_are_found(note: Note, tmp_path: Path) -> None:
    held(note, "1.0", 1.0, 1.1)
    held(note, "2.0", 2.0, 2.1, released=3.0)
    (fault,) = faults(tmp_path)
    assert "'lease/1' was held twice" in fault


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param({"released": 1.5}, (1.0, 1.6), id="given back before"),
        pytest.param({}, (10.9, 11.1), id="its time was over"),
        pytest.param({"released": 9.0, "gone": 12.0}, (2.0, 2.1), id="given back too late to know"),
    ],
)
def test_one_after_the_other_may_hold_a_lease(note: Note, tmp_path: Path, first: dict[str, float], second: tuple[float, float]) -> None:
    held(note, "1.0", 1.0, 1.1, **first)
    held(note, "2.0", *second)
    assert faults(tmp_path) == []


def test_two_models_asked_at_once_are_found_unless_one_had_waited_in_vain(note: Note, tmp_path: Path) -> None:
    common = {"name": "/3", "ttl": 3.0}
    note("called", 1.0, "1.0", asked=0.9, alone=True, **common)
    note("called", 1.1, "2.0", asked=0.8, alone=False, **common)
    assert faults(tmp_path) == []
    note("called", 1.2, "3.0", asked=0.9, alone=True, **common)
    assert len(faults(tmp_path)) == 1


def test_a_wrong_answer_and_an_error_are_faults(note: Note, tmp_path: Path) -> None:
    note("wrong", 1.0, where="get", name="value/1", found="b'other'")
    note("error", 2.0, error="KeyError: 1")
    assert faults(tmp_path) == ["wrong answer in get of value/1: b'other'", "an operation raised KeyError: 1"]


def test_half_a_line_of_a_killed_process_is_left_out(note: Note, tmp_path: Path) -> None:
    note("began", 1.0, number=0)
    with (tmp_path / "1.jsonl").open("a") as file:
        file.write('{"what": "beg')
    assert [line["number"] for line in stress_evidence.lines(tmp_path)] == [0]


@pytest.fixture(params=["memory", "disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    store: Any = MemoryStore() if request.param == "memory" else DiskStore(tmp_path / "store")
    yield store
    store.close()


def put_answer(store: Any, number: int, stored: StoredAnswer) -> None:
    store.put(names.entry("stress", response_key("", number)), dumps(Entry(stored, "small", 1.0, 2.0)))


def test_what_is_left_is_held_against_the_names_and_the_steps_that_were_taken(store: Any, note: Note, tmp_path: Path) -> None:
    dice = random.Random(SEED)
    store.put("value/1", value("value/1", dice))
    store.put("counter/1", b"2")
    put_answer(store, 4, answer(4, dice))
    for who in ("1.0", "2.0", "3.0"):
        note("increments", 1.0, who, name="counter/1")
    note("incremented", 1.1, "1.0", name="counter/1", to=1)
    noted = stress_evidence.lines(tmp_path)
    # The two others were killed before they could say whether they had counted; one of them had.
    assert stress_evidence.left(store, noted) == []
    store.put("value/2", value("value/1", dice))
    store.put("counter/1", b"4")
    put_answer(store, 5, answer(6, dice))
    wrong_value, wrong_counter, wrong_answer = stress_evidence.left(store, noted)
    assert wrong_value.startswith("'value/2' holds")
    assert wrong_counter == "counter 'counter/1' came to 4; 1 steps were taken for sure, 3 at most"
    assert wrong_answer.endswith("holds the answer to another request")


def test_two_that_are_told_the_same_number_are_found(store: Any, note: Note, tmp_path: Path) -> None:
    store.put("chain/1", b"2")
    for who in ("1.0", "2.0"):
        note("links", 1.0, who, name="chain/1", to=1)
        note("linked", 1.1, who, name="chain/1", to=1)
    assert stress_evidence.left(store, stress_evidence.lines(tmp_path)) == ["chain 'chain/1' told two processes the same number"]


def test_a_value_says_whose_it_is_and_whether_it_is_whole() -> None:
    dice = random.Random(SEED)
    whole = value("value/1", dice)
    assert belongs("value/1", whole)
    assert not belongs("value/11", whole)
    assert not belongs("value/1", whole[:-1])
    assert answers(1, answer(1, dice))
    assert not answers(11, answer(1, dice))
