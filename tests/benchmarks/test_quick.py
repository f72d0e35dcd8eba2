"""Each benchmark, with few rounds: that it measures what it says, not how fast anything is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from benchmarks import __main__ as program
from benchmarks import imports, invoke, litellm_routing, rooms
from benchmarks.material import rag_prompt
from benchmarks.measure import Spread, compare, each


def results(tmp_path: Path, name: str) -> dict[str, Any]:
    """Run one benchmark as from the command line and return what it wrote."""
    program.main([name, "--quick", "--json", str(tmp_path / "results.json")])
    return json.loads((tmp_path / "results.json").read_text())


def check(table: dict[str, Any]) -> None:
    names = [row["name"] for row in table["rows"]]
    assert table["peer"] in names
    for row in table["rows"]:
        for part in ("cpu", "wall", "ratio"):
            assert 0 <= row[part]["low"] <= row[part]["median"] <= row[part]["high"]
        if row["name"] == table["peer"]:
            assert row["ratio"] == {"median": 1, "low": 1, "high": 1}


def test_deciding_is_measured_by_stage_by_length_and_beside_litellm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("litellm")
    tables = results(tmp_path, "decide")["tables"]
    printed = capsys.readouterr().out
    for table in tables:
        check(table)
        assert table["title"] in printed
    by_stage, by_objective, by_soft_tasks, by_length, short, long = tables
    assert [row["name"] for row in by_stage["rows"]][:2] == ["1 route", "20 routes, the last"]
    assert [row["name"] for row in by_objective["rows"]][:2] == ["use: a fixed order", "choose: cheapest"]
    assert [row["name"] for row in by_soft_tasks["rows"]][-1] == "choose: best"
    assert [row["name"] for row in by_length["rows"]] == ["0.1k characters", "4k characters"]
    for table in (short, long):
        assert [row["name"] for row in table["rows"]] == ["taskroute, Router.decide", "LiteLLM, heuristic", "LiteLLM, its whole hook"]


def test_every_way_of_calling_is_measured_beside_the_model_itself(tmp_path: Path) -> None:
    found = results(tmp_path, "invoke")
    assert [table["title"].split("(")[0] for table in found["tables"]] == [
        "invoke",
        "invoke, with a callback handler",
        "stream",
        "ainvoke",
        "astream",
        "bind_tools",
        "bind_tools",
        "with_structured_output",
    ]
    for table in found["tables"]:
        check(table)
        assert table["peer"] == invoke.BARE
        assert {row["name"] for row in table["rows"]} >= {invoke.BARE, invoke.ROUTED, invoke.TRACED, invoke.FALLBACKS}
    assert found["versions"]["langchain-core"] != "not installed"


def test_choosing_in_front_of_litellm_is_measured_beside_its_own_routers(tmp_path: Path) -> None:
    pytest.importorskip("litellm")
    *deciding, calling = results(tmp_path, "litellm")["tables"]
    assert len(deciding) == 2
    for table in deciding:
        check(table)
        assert table["peer"] == litellm_routing.PLAIN
        assert {row["name"] for row in table["rows"]} > {litellm_routing.BY_STAGE, litellm_routing.BY_TAG, litellm_routing.BY_PROMPT}
    check(calling)


def test_imports_are_measured_in_processes_of_their_own(tmp_path: Path) -> None:
    rows = results(tmp_path, "imports")["imports"]
    modules = {row["name"]: row["modules"] for row in rows}
    assert set(modules) == set(imports.CONTENDERS) - {"litellm"}
    assert 0 < modules["taskroute"] < modules["taskroute_langchain"]
    assert next(row["ratio"] for row in rows if row["name"] == imports.PEER) == 1


def test_rooms_lists_what_a_call_enters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rooms.main(["--quick", "--json", str(tmp_path / "rooms.json")])
    written = json.loads((tmp_path / "rooms.json").read_text())
    printed = capsys.readouterr().out
    deciding, calling, streaming = written["entered"]
    assert "taskroute/decision/decide.py" in deciding["files"]
    assert "taskroute_langchain/host.py" in calling["files"]
    assert "taskroute/execution/streams.py: drive_stream" in dict(streaming["functions"])
    assert streaming["resumptions"] > calling["resumptions"]
    for entered in written["entered"]:
        assert sum(count for _, count in entered["functions"]) == entered["calls"]
        assert entered["functions"] == sorted(entered["functions"])
        assert f"{entered['title']}: {len(entered['files'])} files, {entered['calls']} calls" in printed
    check(written["tables"][0])


def test_what_a_generator_does_after_a_yield_is_not_another_call() -> None:
    from taskroute.types import Call, Message

    call = Call(messages=(Message("user", "a"), Message("user", "b")))
    found = rooms.entered("texts", lambda: list(call.texts()))
    assert dict(found.functions) == {"taskroute/values/call.py: Call.texts": 1}
    assert found.resumptions == 2


def test_contenders_take_turns_and_are_compared_in_the_same_round() -> None:
    order: list[str] = []

    def contender(name: str):
        return each(lambda: order.append(name))

    table = compare("turns", {"a": contender("a"), "b": contender("b")}, peer="a", rounds=2, calls=1)
    assert order[2:] == ["a", "b", "b", "a"]
    assert [row.name for row in table.rows] == ["a", "b"]


def test_a_spread_is_the_median_and_the_quartiles() -> None:
    assert Spread.of([5.0, 1.0, 3.0, 2.0, 4.0]) == Spread(3.0, 2.0, 4.0)
    assert Spread.of([7.0]) == Spread(7.0, 7.0, 7.0)


@pytest.mark.parametrize("chars", [400, 4_000, 40_000])
def test_a_prompt_has_the_length_that_was_asked_for_and_is_the_same_each_time(chars: int) -> None:
    prompt = rag_prompt(chars)
    assert len(prompt) == chars
    assert prompt == rag_prompt(chars)
    assert prompt.endswith("after thirty days?")


def test_a_benchmark_that_there_is_not_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        program.main(["speed"])
    assert "no benchmark named 'speed'; there are decide, litellm, invoke, imports" in capsys.readouterr().err
