"""`taskroute try`: one prompt on several models, each with its own answer or error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from taskroute.cli import try_models
from taskroute.cli.program import parser
from taskroute.cli.try_models import Build
from taskroute.router import Router
from taskroute.testing import FakeClock, ScriptedModel
from taskroute_langchain import RoutedChatModel
from taskroute_langchain.testing import chat_models

from .running import Cli

POLICY = """\
models:
  a: {model: openai:gpt-5-mini, price: {input: 1, output: 2}}
  b: {model: made-up:thing}
  c: {model: openai:gpt-5-mini, labels: [private]}
default: [a, b, c]
require:
  - {when: {sensitive: true}, labels: private}
routes:
  - {name: all, use: c}
"""


def scripted(script: ScriptedModel) -> Build:
    def build(router: Router) -> Any:
        models = chat_models(script)
        return RoutedChatModel(router=router, models={name: models[name] for name in router.policy.models})

    return build


def tried(cli: Cli, script: ScriptedModel, *arguments: str) -> int:
    cli.write("taskroute.yaml", POLICY)
    return try_models.run(parser().parse_args(["try", *arguments]), build=scripted(script), clock=FakeClock())


def test_each_model_answers_the_same_prompt_and_its_tokens_are_priced(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    script = ScriptedModel({"a": "four", "b": "it is four", "c": "unused"})
    assert tried(cli, script, "what is 2 + 2", "--models", "a,b", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert script.called == ["a", "b"]
    a, b = found["answers"]
    assert (a["answer"], a["input_tokens"], a["output_tokens"], a["error"]) == ("four", 5, 1, None)
    assert (a["cost"], a["currency"]) == (pytest.approx(0.000007), "USD")
    assert (b["answer"], b["cost"], b["currency"]) == ("it is four", None, None)


def test_an_error_stands_beside_the_answers(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    script = ScriptedModel({"a": ValueError("bad key"), "b": "fine"})
    assert tried(cli, script, "hi", "--models", "a, b") == 0
    out = capsys.readouterr().out
    assert "failed: ValueError: bad key" in out
    assert "fine" in out
    assert "unknown" in out
    assert script.called == ["a", "b"]


def test_when_every_model_fails_the_status_is_1(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    script = ScriptedModel({"a": ValueError("no"), "b": ValueError("no")})
    assert tried(cli, script, "hi", "--models", "a,b", "--json") == 1
    assert [answer["error"] for answer in json.loads(capsys.readouterr().out)["answers"]] == ["ValueError: no"] * 2


def test_a_model_that_a_rule_bars_is_not_asked(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    script = ScriptedModel({"a": "never", "c": "kept here"})
    assert tried(cli, script, "mail ann@example.com", "--models", "a,c", "--json") == 0
    a, c = json.loads(capsys.readouterr().out)["answers"]
    assert script.called == ["c"]
    assert a["error"].startswith("NoEligibleModelError")
    assert c["answer"] == "kept here"


def test_a_name_that_the_policy_lacks_is_2(cli: Cli) -> None:
    cli.write("taskroute.yaml", POLICY)
    ran = cli("try", "hi", "--models", "a,d")
    assert ran.status == 2
    assert "no model named 'd'" in ran.err
    assert cli("try", "hi", "--models", ",").status == 2
