"""The benchmark of failures: that what it says of a call is so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmarks import failover
from benchmarks.contenders import KINDS, OURS, Heard
from benchmarks.faults import LARGE_TEXT, SMALL_TEXT, TROUBLES

from taskroute import StreamInterruptedError

EXAMINING, PLAIN = OURS
BY_NAME = {trouble.name: trouble for trouble in TROUBLES}
BROKEN = StreamInterruptedError("small", 3, ConnectionError("closed"))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the quick benchmark wrote. In a process of its own: LiteLLM leaves tasks behind that end when they like."""
    file: Path = tmp_path_factory.mktemp("failover") / "results.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "failover", "--quick", "--json", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {**json.loads(file.read_text()), "printed": done.stdout}


def test_nothing_of_ours_is_silent_or_given_twice_or_unclear_or_hangs(written: dict[str, Any]) -> None:
    ours = [cell for cell in written["failover"] if cell["contender"].startswith("taskroute")]
    assert len(ours) == len(failover.QUICK) * len(KINDS) * len(OURS)
    assert [cell for cell in ours if not cell["good"]] == []


def test_everyone_is_measured_in_the_same_cells_and_shown(written: dict[str, Any]) -> None:
    cells = [failover.Cell(**cell) for cell in written["failover"]]
    names = {cell.contender for cell in cells}
    assert names >= {"taskroute", "taskroute, defaults", "with_fallbacks"}
    assert len(cells) == len(failover.QUICK) * len(KINDS) * len(names)
    assert failover.as_text(cells) in written["printed"]
    rows = failover.as_markdown(cells).splitlines()
    assert [row.split(" | ")[0].strip("| ") for row in rows[2:-1]] == [name for name in BY_NAME if name in failover.QUICK]


@pytest.mark.parametrize(
    ("trouble", "kind", "text", "error", "outcome"),
    [
        ("503", "sync", LARGE_TEXT, None, "answered"),
        ("503", "sync", SMALL_TEXT, None, "silent"),
        ("500 burst", "sync", SMALL_TEXT, None, "answered"),
        ("503", "sync", "", RuntimeError("503, try again"), "clear error"),
        ("503", "sync", "", RuntimeError("something"), "unclear error"),
        ("cut after first chunk", "stream", "Paris is", BROKEN, "clear error"),
        ("cut after first chunk", "stream", "Paris is", ConnectionError("closed"), "unclear error"),
        ("cut after first chunk", "stream", "Paris is", None, "silent"),
        ("cut after first chunk", "stream", f"Paris is{LARGE_TEXT}", None, "twice"),
        ("stall", "stream", LARGE_TEXT * 2, None, "twice"),
    ],
)
def test_the_outcome_is_read_from_what_the_caller_got(trouble: str, kind: str, text: str, error: Exception | None, outcome: str) -> None:
    assert failover.judged(BY_NAME[trouble], kind, EXAMINING, Heard(text), error) == outcome


def test_what_nobody_asked_for_is_said_so() -> None:
    refusal = BY_NAME["refusal"]
    assert failover.judged(refusal, "sync", PLAIN, Heard(""), None) == "not asked"
    assert failover.judged(refusal, "sync", EXAMINING, Heard(""), None) == "silent"


def test_a_call_that_does_not_end_is_left_behind() -> None:
    from benchmarks.contenders import Contender, Limits

    class Endless:
        def ask(self, kind: str, heard: Heard, *, schema: bool) -> None:
            import threading

            threading.Event().wait(30)

    endless = Contender("endless", lambda small, large, limits: Endless())
    with failover.bench(Limits(hang=0.2)) as ready:
        cell = ready.cell(BY_NAME["503"], "sync", endless)
    assert (cell.outcome, cell.good, cell.small) == ("hang", False, 0)
