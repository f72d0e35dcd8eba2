"""The benchmark of telemetry, with few rounds: that each contender tells what it is measured for, not how fast it is."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from benchmarks import telemetry_langchain as langchain
from benchmarks import telemetry_litellm as litellm
from benchmarks.measure import Spread
from benchmarks.telemetry import Row, Table, against, as_markdown, as_text, less

HAS_PEER = find_spec("openinference") is not None
"""OpenInference is installed for `make bench` alone."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the quick benchmark wrote. In a process of its own, which starts one for each contender."""
    file: Path = tmp_path_factory.mktemp("telemetry") / "results.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "telemetry", "--quick", "--markdown", "--json", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {**json.loads(file.read_text()), "printed": done.stdout}


def tables(written: dict[str, Any], module: Any) -> list[dict[str, Any]]:
    found = [table for table in written["telemetry"] if table["title"] in module.CASES]
    assert [table["title"] for table in found] == list(module.CASES)
    return found


def left(written: dict[str, Any], module: Any) -> dict[str, dict[str, int]]:
    """Return what each contender has left, in all cases."""
    return {row["name"]: row["left"] for row in tables(written, module)[0]["rows"]}


def test_every_kind_of_telemetry_is_compared_with_the_same_call_without(written: dict[str, Any]) -> None:
    for module in (langchain, litellm):
        for table in tables(written, module):
            rows = {row["name"]: row for row in table["rows"]}
            expected = set(module.BASES) if module is litellm or HAS_PEER else set(module.BASES) - {langchain.PEER, langchain.PEER_HIDDEN}
            assert {name for name, row in rows.items() if row["added"] is not None} == expected
            assert {module.BARE, module.UNTOLD} == {name for name, row in rows.items() if row["added"] is None}
            for row in rows.values():
                assert 0 < row["call"]["low"] <= row["call"]["median"] <= row["call"]["high"]
                assert row["base"] is None or row["base"] in rows
            assert table["title"] in written["printed"]


def test_what_tells_nothing_has_left_nothing(written: dict[str, Any]) -> None:
    found = left(written, langchain)
    assert found[langchain.BARE] == found[langchain.UNTOLD] == found[langchain.NO_SDK] == {}
    routed = left(written, litellm)
    assert set(routed[litellm.BARE]) == set(routed[litellm.UNTOLD]) == set(routed[litellm.NO_SDK]) == {"calls"}


def test_every_call_has_left_both_of_its_spans_and_what_was_asked_for(written: dict[str, Any]) -> None:
    found = left(written, langchain)
    calls = found[langchain.LOG]["lines logged"]
    assert calls > 0
    assert found[langchain.FILE] == {"lines in the file": calls}
    quiet = {"spans": 2 * calls, "with messages": 0, "OpenInference": 0}
    for name, more in (
        (langchain.SPANS, quiet),
        (langchain.CONTENT, quiet | {"with messages": calls}),
        (langchain.COMPAT, quiet | {"OpenInference": 2 * calls}),
        (langchain.ALIKE, quiet | {"with messages": 2 * calls, "OpenInference": 2 * calls}),
        (langchain.METRICS, quiet),
        (langchain.ALL, quiet | {"with messages": 2 * calls, "OpenInference": 2 * calls, "lines logged": calls}),
    ):
        assert more.items() <= found[name].items(), name
    assert found[langchain.ALL_COMPAT]["attributes"] > found[langchain.COMPAT]["attributes"] > found[langchain.SPANS]["attributes"]
    assert found[langchain.METRICS]["series"] > 1


def test_the_peers_write_a_span_for_each_call_with_messages_unless_they_are_hidden(written: dict[str, Any]) -> None:
    found = left(written, litellm)
    calls = found[litellm.PEER]["calls"]
    assert found[litellm.PEER]["with messages"] == calls <= found[litellm.PEER]["spans"]
    assert found[litellm.PEER_HIDDEN]["with messages"] == 0 < found[litellm.PEER_HIDDEN]["spans"]
    for name in (litellm.SPANS, litellm.CONTENT):
        assert found[name]["spans"] == 2 * calls
    assert found[litellm.CONTENT]["with messages"] == calls
    if HAS_PEER:
        instrumented = left(written, langchain)
        count = instrumented[langchain.LOG]["lines logged"]
        assert instrumented[langchain.PEER]["spans"] == instrumented[langchain.PEER]["with messages"] == count
        assert (instrumented[langchain.PEER_HIDDEN]["spans"], instrumented[langchain.PEER_HIDDEN]["with messages"]) == (count, 0)


def test_what_is_added_is_the_difference_in_the_same_round() -> None:
    assert less([5.0, 9.0], [3.0, 10.0]) == [2.0, -1.0]


def test_a_ratio_leaves_out_rounds_in_which_the_peer_added_nothing() -> None:
    assert against([4.0, 4.0], [2.0, -1.0]) == [2.0]
    assert [math.isnan(ratio) for ratio in against([4.0], [0.0])] == [True]


def test_a_table_says_what_was_added_to_which_call_and_against_whom() -> None:
    one = Spread(2.0, 1.5, 2.5)
    rows = (
        Row("plain", Spread(10.0, 9.0, 11.0), None, None, None, {}),
        Row("told", Spread(12.0, 11.0, 13.0), "plain", one, one, {"spans": 4}),
    )
    table = Table("a call", "told", rows, rounds=3, calls=1)
    assert as_markdown(table).splitlines() == [
        "| | the call, µs | added, µs | quartiles | × told | quartiles |",
        "|---|---|---|---|---|---|",
        "| plain | 10 |  |  |  |  |",
        "| told | 12 | 2 | 2–2 | 2.00 | 1.50–2.50 |",
    ]
    assert as_text(table).splitlines()[-1] == "  told: 4 spans"
