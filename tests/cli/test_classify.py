"""`taskroute classify`: the task of a prompt, with every score and the threshold."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .running import Cli

POLICY = """\
models: {small: "test:small", large: "test:large"}
default: small
tasks:
  refunds: {keywords: [refund, money back]}
"""


@pytest.fixture
def policy(cli: Cli) -> str:
    return cli.write("taskroute.yaml", POLICY)


def classified(cli: Cli, *arguments: str, status: int = 0) -> Any:
    ran = cli("classify", *arguments, "--json")
    assert ran.status == status, ran.err
    return json.loads(ran.out)


def test_the_keys_of_the_json_stay_as_they_are(cli: Cli, policy: str) -> None:
    found = classified(cli, "Write a Python function that adds two numbers")
    assert list(found) == ["policy", "classifier", "task", "source", "confidence", "detail", "complexity", "scores"]
    assert found["classifier"] == {"kind": "keywords", "name": "keywords", "min_confidence": 0.6}
    assert found["task"] == "code_generation"
    assert set(found["complexity"]) == {"value", "confidence"}


def test_scores_come_best_first_and_the_task_is_the_best_above_the_threshold(cli: Cli, policy: str) -> None:
    found = classified(cli, "I want a refund, so give me my money back and explain this function")
    values = list(found["scores"].values())
    assert values == sorted(values, reverse=True)
    assert found["task"] == next(iter(found["scores"])) == "refunds"
    assert found["confidence"] == values[0] >= 0.6


def test_for_a_person_it_shows_which_scores_are_enough(cli: Cli, policy: str) -> None:
    ran = cli("classify", "Translate this sentence into French: good morning")
    assert ran.status == 0
    assert "classifier  keywords; a task needs 0.60" in ran.out
    assert "\ntranslation\n" in ran.out
    assert "enough" in ran.out


@pytest.mark.parametrize("prompt", ["", "🙂🙂🙂", "hm"])
def test_abstaining_ends_with_1(cli: Cli, policy: str, prompt: str) -> None:
    found = classified(cli, prompt, status=1)
    assert found["task"] is None
    ran = cli("classify", prompt)
    assert ran.status == 1
    assert "no task" in ran.out


def test_a_threshold_that_no_score_reaches_is_said(cli: Cli) -> None:
    cli.write("taskroute.yaml", POLICY + "classifier: {min_confidence: 1}\n")
    found = classified(cli, "Write a Python function that adds two numbers", status=1)
    assert found["scores"]
    assert "below 1" in found["detail"]


def test_without_a_classifier_nothing_is_told(cli: Cli) -> None:
    cli.write("taskroute.yaml", POLICY + "classifier: {kind: none}\n")
    found = classified(cli, "Write a Python function", status=1)
    assert (found["classifier"]["name"], found["scores"]) == ("none", {})


def test_a_chat_model_is_not_asked_but_keywords_tell_before_it(cli: Cli) -> None:
    cli.write("taskroute.yaml", POLICY + "classifier: {kind: model, model: small}\n")
    unasked = classified(cli, "Write a Python function", status=1)
    assert unasked["detail"] == "abstains: the words do not tell, and a chat model is not asked here"
    assert classified(cli, "I want a refund")["task"] == "refunds"


def test_a_prompt_of_ten_megabytes_is_read_from_a_file(cli: Cli, policy: str) -> None:
    file = cli.write("long.txt", "Summarise this text: " + "words " * 1_700_000)
    assert classified(cli, "--file", file)["task"] == "summarization"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no prompt is given; give one, or --file F"),
        (("text", "--file", "f"), "both PROMPT and --file are given"),
        (("--file", "binary"), "--file 'binary' cannot be read"),
        (("text", "--policy", "missing.yaml"), "missing.yaml"),
    ],
)
def test_what_cannot_be_read_ends_with_2(cli: Cli, policy: str, arguments: tuple[str, ...], said: str) -> None:
    (cli.directory / "binary").write_bytes(bytes(range(256)))
    ran = cli("classify", *arguments)
    assert ran.status == 2
    assert said in ran.err
