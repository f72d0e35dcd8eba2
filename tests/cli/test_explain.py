"""`taskroute explain`: the model, the reason, and what became of every route."""

from __future__ import annotations

import json
from typing import Any

import pytest

from taskroute.quality.table import Cell, QualityTable
from taskroute.quality.text import dump

from .running import Cli

POLICY = """\
models:
  small: {model: openai:gpt-5-mini, context_window: 300}
  large: anthropic:claude-opus-5-5
  own: {model: "ollama:mine", context_window: 9000, labels: [private], capabilities: {tools: false}}
default: [small, large]
require:
  - {when: {sensitive: true}, labels: private}
routes:
  - {name: rewriting, when: {stage: query_rewrite}, use: small}
  - {name: paying, when: {stage: generate, metadata: {seats: {over: 4}, trial: false}}, use: large}
  - {name: personal, when: {tags: home}, use: own}
  - {name: coding, when: {task: code}, use: [large, small]}
"""


@pytest.fixture
def policy(cli: Cli) -> str:
    return cli.write("taskroute.yaml", POLICY)


def explained(cli: Cli, *arguments: str, status: int = 0) -> Any:
    ran = cli("explain", *arguments, "--json")
    assert ran.status == status, ran.err
    return json.loads(ran.out)


def test_the_keys_of_the_json_stay_as_they_are(cli: Cli, policy: str) -> None:
    found = explained(cli, "hello", "--stage", "generate")
    assert list(found) == [
        *("policy", "model", "candidates", "route", "reason", "pinned", "mode", "rejected", "required_labels", "signals", "routes")
    ]
    assert list(found["policy"]) == ["file", "shipped", "version"]
    assert found["signals"]["stage"] == {"value": "generate", "source": "explicit", "confidence": 1.0, "detail": ""}
    assert found["signals"]["language"]["source"] == "not_asked"
    assert list(found["routes"][0]) == ["name", "status", "failed", "models"]


def test_each_route_is_matched_not_matched_or_not_reached(cli: Cli, policy: str) -> None:
    found = explained(cli, "hello", "--stage", "generate", "--metadata", "seats=5", "--metadata", "trial=false")
    assert (found["model"], found["route"], found["candidates"]) == ("large", "paying", ["large", "small"])
    seen = [(route["name"], route["status"], route["failed"]) for route in found["routes"]]
    assert seen == [
        ("rewriting", "not_matched", ["stage"]),
        ("paying", "matched", []),
        ("personal", "not_reached", []),
        ("coding", "not_reached", []),
    ]


def test_a_route_that_did_not_match_tells_every_key_that_failed(cli: Cli, policy: str) -> None:
    found = explained(cli, "hello", "--metadata", "seats=4")
    assert found["route"] is None
    assert [route["failed"] for route in found["routes"]] == [["stage"], ["stage", "metadata"], ["tags"], ["task"]]


def test_a_rule_shows_the_labels_it_requires_and_the_models_it_rejects(cli: Cli, policy: str) -> None:
    found = explained(cli, "write to ann@example.com", "--tag", "home")
    assert (found["candidates"], found["required_labels"]) == (["own"], ["private"])
    assert found["rejected"] == {"small": "lacks the required label private", "large": "lacks the required label private"}
    assert found["signals"]["sensitive"]["detail"] == "email"


def test_no_eligible_model_is_explained_and_the_status_is_1(cli: Cli, policy: str) -> None:
    found = explained(cli, "write to ann@example.com", status=1)
    assert found["model"] is None
    assert set(found["rejected"]) == {"small", "large"}
    ran = cli("explain", "write to ann@example.com")
    assert ran.status == 1
    assert "no model may answer" in ran.out


def test_tools_and_size_reject_models(cli: Cli, policy: str) -> None:
    found = explained(cli, "word " * 1000, "--tag", "home", "--tools", "search,read")
    assert found["candidates"] == ["large"]
    assert found["rejected"]["own"] == "cannot do tools"
    assert found["rejected"]["small"].startswith("context window 300 <")


def test_a_pin_reaches_no_route(cli: Cli, policy: str) -> None:
    found = explained(cli, "hello", "--pin", "own", "--stage", "query_rewrite")
    assert (found["pinned"], found["candidates"]) == (True, ["own"])
    assert {route["status"] for route in found["routes"]} == {"not_reached"}


def test_the_table_fits_100_columns_and_names_model_route_reason_and_sources(cli: Cli, policy: str) -> None:
    ran = cli("explain", "Fix this bug: def f(x): return x", "--urgency", "batch")
    assert ran.status == 0
    assert max(map(len, ran.out.splitlines())) <= 100
    assert "\nlarge\n" in ran.out
    assert "route 'coding' matched: task" in ran.out
    assert "not matched (stage)" in ran.out
    assert "keywords" in ran.out
    assert "\x1b" not in ran.out


def test_the_prompt_can_come_from_a_file_or_standard_input(cli: Cli, policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    cli.write("prompt.txt", "write to ann@example.com")
    assert explained(cli, "--file", "prompt.txt", "--tag", "home")["required_labels"] == ["private"]
    monkeypatch.setattr("sys.stdin", io.StringIO("write to bob@example.com"))
    assert explained(cli, "--file", "-", "--tag", "home")["required_labels"] == ["private"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["hello", "--file", "x"], "give one"),
        (["--file", "missing.txt"], "'missing.txt' cannot be read"),
        (["hello", "--metadata", "plan"], "'plan' is not K=V"),
        (["hello", "--policy", "missing.yaml"], "missing.yaml"),
    ],
)
def test_what_cannot_be_read_is_2(cli: Cli, policy: str, arguments: list[str], said: str) -> None:
    ran = cli("explain", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


def test_a_policy_that_is_wrong_is_2_with_its_line(cli: Cli) -> None:
    cli.write("taskroute.yaml", "models: {a: openai:gpt-5-mini}\ndefault: b\n")
    ran = cli("explain", "hello")
    assert ran.status == 2
    assert "taskroute.yaml:2: default[0]" in ran.err


def test_a_choice_shows_its_order_and_how_it_was_made(cli: Cli) -> None:
    models = "models:\n  a: {model: x, price: {input: 9, output: 9}}\n  b: {model: y, price: {input: 1, output: 1}}\n"
    cli.write("taskroute.yaml", models + "default: a\nroutes:\n  - {name: q, choose: {among: [a, b], objective: cheapest}}\n")
    found = explained(cli, "hello")
    assert found["candidates"] == ["b", "a"]
    assert found["reason"] == "route 'q' matches every call; cheapest of a, b"
    ran = cli("explain", "hello")
    assert "matched      q          cheapest of a, b" in ran.out
    assert "fallbacks  a" in ran.out


def test_what_was_expected_of_each_model_is_shown(cli: Cli) -> None:
    models = "models:\n  a: {model: x, price: {input: 9, output: 9}, latency: 2s}\n  b: {model: y, strengths: math}\n"
    cli.write("taskroute.yaml", models + "default: a\nroutes:\n  - {name: q, choose: {among: [a, b], objective: best}}\n")
    found = explained(cli, "1 + 1", "--task", "math")["expected"]
    assert sorted(found) == ["a", "b"]
    assert found["a"]["cost"] > 0
    assert (found["a"]["latency"], found["b"]["cost"], found["b"]["latency"]) == (2.0, None, None)
    assert 0 < found["a"]["low"] < found["a"]["quality"] < found["b"]["quality"] < 1
    assert {one["source"] for one in found.values()} == {"prior"}
    assert all(one["counted"] == one["quality"] for one in found.values())
    out = cli("explain", "1 + 1", "--task", "math").out
    assert "Expected, of one call" in out
    [row] = [line for line in out.splitlines() if line.startswith("b ") and "prior" in line]
    assert row.split()[-3:] == ["prior", "unknown", "unknown"]


def test_what_a_thinly_tried_model_is_counted_as_is_shown_beside_what_is_expected_of_it(cli: Cli) -> None:
    cells = [Cell("a", "math", None, 400, 0.9, 0.09), Cell("b", "math", None, 7, 1.0, 0.0)]
    cli.write("quality.json", dump(QualityTable(cells)))
    models = "models: {a: {model: 'test:a'}, b: {model: 'test:b'}}\ndefault: a\nquality: {file: quality.json}\n"
    cli.write("taskroute.yaml", models + "routes:\n  - {name: q, choose: {among: [a, b], objective: best}}\n")
    found = explained(cli, "1 + 1", "--task", "math")
    thin = found["expected"]["b"]
    assert found["model"] == "a"
    assert thin["quality"] > found["expected"]["a"]["quality"] > thin["counted"]
    assert f"b has {thin['quality']:.2f}, counted as {thin['counted']:.2f}: 7 scores" in found["reason"]
    out = cli("explain", "1 + 1", "--task", "math").out
    [row] = [line for line in out.splitlines() if line.startswith("b ") and "scores" in line]
    assert f"  {thin['counted']:.3f}  " in row
    assert "counted as" in out


def test_observing_is_said(cli: Cli) -> None:
    cli.write("taskroute.yaml", f"mode: observe\n{POLICY}")
    ran = cli("explain", "hello", "--stage", "query_rewrite")
    assert "the model that was there before answers" in ran.out
    assert explained(cli, "hello")["mode"] == "observe"


def test_without_a_policy_here_the_shipped_one_answers_and_says_so(cli: Cli) -> None:
    ran = cli("explain", "hello")
    assert ran.status == 0
    assert "the demo policy that comes with taskroute" in " ".join(ran.out.split())
    assert explained(cli, "hello")["policy"]["shipped"] is True


def test_a_pin_in_the_environment_that_names_no_model_is_2(cli: Cli, policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKROUTE_PIN", "larg")
    ran = cli("explain", "hello")
    assert ran.status == 2
    assert "did you mean 'large'?" in ran.err
