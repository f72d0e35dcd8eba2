"""`taskroute check`: what is wrong is told with its line, what is right is shown."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

import taskroute
from taskroute import ConfigurationError, Router
from taskroute.quality.table import Cell, QualityTable
from taskroute.quality.text import dump

from .running import Cli, in_own_process

GOOD = """\
models:
  small: openai:gpt-5-mini
  own: {model: "ollama:mine", context_window: 8000, price: {input: 0.1, output: 0.25, currency: EUR}, labels: [private]}
default: [small, own]
require:
  - {when: {sensitive: true}, labels: private}
routes:
  - {name: rewriting, when: {stage: [query_rewrite, grade], metadata: {plan: [pro, team]}}, use: small}
  - {name: long, when: {any: [{tokens: {over: 5000}}, {not: {tags: quick}}]}, use: own, fallback: none}
"""

DOUBTFUL = """\
models:
  small: openai:gpt-5-mini
  odd: made-up:model
default: small
routes:
  - {name: all, use: small}
  - name: late
    when:
      stage: generation
    use: odd
"""


def test_a_good_policy_is_ok_and_its_models_and_routes_are_shown(cli: Cli) -> None:
    ran = cli("check", cli.write("p.yaml", GOOD))
    assert ran.status == 0
    assert ran.out.startswith("OK  p.yaml, version ")
    assert "0.10 / 0.25 EUR" in ran.out.replace("0.100", "0.10").replace("0.250", "0.25")
    assert "272,000" in ran.out
    assert "stage query_rewrite|grade" in ran.out
    assert "Warnings" not in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100
    assert "\x1b" not in ran.out


def test_the_json_of_a_good_policy_has_what_is_known_and_from_where(cli: Cli) -> None:
    ran = cli("check", "--json", cli.write("p.yaml", GOOD))
    found = json.loads(ran.out)
    assert (ran.status, found["ok"], found["errors"], found["warnings"]) == (0, True, [], [])
    small, own = found["models"]
    assert small["price_per_million"]["source"].startswith("genai-prices@")
    assert small["known_from"].startswith("known_models@")
    assert own["price_per_million"] == {"input": 0.1, "output": 0.25, "currency": "EUR", "source": "user"}
    assert (own["context_window"], own["labels"], own["known_from"]) == (8000, ["private"], "user")
    assert found["routes"] == [
        {"name": "rewriting", "when": "stage query_rewrite|grade; metadata.plan pro|team", "models": ["small", "own"]},
        {"name": "long", "when": "any of (tokens over 5000 | not (tags quick))", "models": ["own"]},
    ]
    assert found["rules"] == [{"when": "sensitive true", "labels": ["private"]}]


def test_every_error_is_told_with_its_line_and_the_status_is_1(cli: Cli) -> None:
    name = cli.write("p.yaml", "models: {a: openai:gpt-5-mini}\ndefault: b\nroutes:\n  - {name: x, use: a, when: {task: cod}}\n")
    ran = cli("check", name)
    assert (ran.status, ran.out) == (1, "")
    first, second = ran.err.splitlines()
    assert first.startswith("error: p.yaml:2: default[0]: no model named 'b'")
    assert second.startswith("error: p.yaml:4: routes[0].when.task[0]: no task named 'cod'; did you mean 'code'?")


def test_errors_can_be_had_as_json(cli: Cli) -> None:
    ran = cli("check", "--json", cli.write("p.yaml", "models: {a: openai:gpt-5-mini}\ndefault: a\nroute: []\n"))
    found = json.loads(ran.out)
    assert (ran.status, found["ok"], found["file"]) == (1, False, "p.yaml")
    [error] = found["errors"]
    assert error["line"] == 3
    assert "did you mean 'routes'?" in error["text"]


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_a_file_that_cannot_be_read_is_2(cli: Cli, name: str) -> None:
    ran = cli("check", name)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("error: ")
    assert name in ran.err


def test_warnings_are_told_with_their_lines_in_the_order_of_the_file(cli: Cli) -> None:
    ran = cli("check", cli.write("p.yaml", DOUBTFUL))
    assert ran.status == 0
    warnings = [line.removeprefix("warning: ") for line in ran.out.splitlines() if line.startswith("warning: ")]
    assert [warning.split(": ")[:2] for warning in warnings] == [
        ["p.yaml:3", "models.odd"],
        ["p.yaml:3", "models.odd"],
        ["p.yaml:7", "routes[1]"],
        ["p.yaml:9", "routes[1].when.stage[0]"],
    ]
    assert "nothing is known of 'made-up:model'" in ran.out
    assert "no price is known for 'odd'" in ran.out


CHOOSING = """\
models:
  small: openai:gpt-5-mini
  euro: {model: "mistral:mistral-small-latest", price: {input: 1, output: 2, currency: EUR}}
  odd: {model: "made-up:model", context_window: 8000}
default: [small]
routes:
  - name: quick
    when: {stage: judge}
    choose: {among: [odd, small], objective: fastest}
  - name: questions
    choose:
      among: [odd, small, euro]
      objective: cheapest
    fallback: none
"""


def test_a_model_whose_price_cannot_be_compared_is_pointed_out_where_the_cheapest_is_chosen(cli: Cli) -> None:
    ran = cli("check", cli.write("p.yaml", CHOOSING))
    warned = [line.removeprefix("warning: p.yaml:") for line in ran.out.splitlines() if "'cheapest' puts" in line]
    assert warned == [
        "12: routes[1].choose.among[0]: 'cheapest' puts 'odd' last, because no price is known for it; give its 'price' under 'models'",
        "12: routes[1].choose.among[2]: 'cheapest' puts 'euro' last, because its price is in EUR and the first known one in USD; "
        "give its 'price' in USD",
    ]


def test_a_route_that_chooses_shows_how(cli: Cli) -> None:
    ran = cli("check", cli.write("p.yaml", CHOOSING.replace("default: [small]", "default: [euro, small]")))
    assert "fastest of odd, small; then euro" in ran.out
    assert "cheapest of odd, small, euro " in ran.out


def test_strict_turns_warnings_into_a_no(cli: Cli) -> None:
    name = cli.write("p.yaml", DOUBTFUL)
    assert cli("check", name, "--strict").status == 1
    found = cli("check", name, "--strict", "--json")
    assert found.status == 1
    assert [warning["line"] for warning in json.loads(found.out)["warnings"]] == [3, 3, 7, 9]
    assert cli("check", cli.write("good.yaml", GOOD), "--strict").status == 0


def test_a_toml_policy_is_checked_too(cli: Cli) -> None:
    ran = cli("check", cli.write("p.toml", 'default = "a"\n[models]\na = "openai:gpt-5-mini"\n'))
    assert ran.status == 0
    assert "gpt-5-mini" in ran.out


@pytest.mark.parametrize(
    ("hook", "why"),
    [
        ("no_such_package.at_all:redact", "cannot be loaded: No module named 'no_such_package'"),
        ("json:no_such_function", "cannot be loaded: module 'json' has no attribute 'no_such_function'"),
        ("json:__name__", "is a str, not a function"),
    ],
)
def test_a_redaction_hook_that_cannot_be_loaded_is_told_with_its_line(cli: Cli, hook: str, why: str) -> None:
    ran = cli("check", "--strict", cli.write("p.yaml", f"{GOOD}telemetry:\n  content: span\n  redact: {hook}\n"))
    assert ran.status == 1
    assert f"p.yaml:{len(GOOD.splitlines()) + 3}: telemetry.redact: {hook!r} {why}" in ran.out


def test_a_redaction_hook_that_lies_beside_the_application_is_found(cli: Cli) -> None:
    cli.write("hooks_of_the_application.py", "def redact(kind, messages):\n    return messages\n")
    before = list(sys.path)
    ran = cli("check", "--strict", cli.write("p.yaml", f"{GOOD}telemetry: {{redact: 'hooks_of_the_application:redact'}}\n"))
    assert ran.status == 0
    assert sys.path == before


def test_a_redaction_hook_that_loads_is_not_told(cli: Cli) -> None:
    ran = cli("check", "--strict", cli.write("p.yaml", f"{GOOD}telemetry: {{redact: 'json:loads'}}\n"))
    assert ran.status == 0


def test_a_redaction_hook_whose_module_breaks_is_told_by_the_class_of_its_error(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_hook_module.py").write_text("raise LookupError('hunter2')\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    ran = cli("check", cli.write("p.yaml", f"{GOOD}telemetry: {{redact: 'broken_hook_module:redact'}}\n"))
    assert "its module failed with LookupError" in ran.out
    assert "hunter2" not in ran.out


def test_large_inputs_classes_of_service_and_fees_are_shown_in_one_line_where_they_are_given(cli: Cli) -> None:
    price = "{input: 1, output: 2, request: 0.01, tiers: [{over: 200000, input: 2}], service_tiers: {flex: {input: 0.5, output: 1}}}"
    name = cli.write(
        "p.yaml",
        f"models:\n  own: {{model: 'test:own', price: {price}}}\n  plain: {{price: {{input: 1, output: 2}}}}\ndefault: [own, plain]\n",
    )
    shown = cli("check", name).out
    assert "own  0.0100 USD a call; over 200,000 tokens 2.00 / 2.00 USD; flex 0.500 / 1.00 USD\n" in shown
    assert "\nplain  0" not in shown
    own, plain = json.loads(cli("check", name, "--json").out)["models"]
    assert own["price_per_million"] == {
        "input": 1, "output": 2, "currency": "USD", "source": "user", "request": 0.01,
        "tiers": [{"over": 200000, "input": 2, "output": 2}], "service_tiers": {"flex": {"input": 0.5, "output": 1}},
    }  # fmt: skip
    assert plain["price_per_million"] == {"input": 1, "output": 2, "currency": "USD", "source": "user"}


BY_QUALITY = """\
models: {small: openai:gpt-5-mini, large: anthropic:claude-opus-5-5}
default: [small, large]
routes:
  - {name: all, choose: {among: [small, large], objective: cheapest, within: 3%%}}
quality: {file: "%s"}
"""
TABLE = QualityTable([Cell(model, "math", None, 400, 0.9, 0.09) for model in ("large", "small")])


def _warnings(cli: Cli, file: str) -> list[str]:
    ran = cli("check", "--json", cli.write("p.yaml", BY_QUALITY % file))
    assert ran.status == 0
    return [warning["text"] for warning in json.loads(ran.out)["warnings"]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "quality.json: cannot be read: No such file or directory, looked for '/"),
        (None, "/quality.json'; write it with 'taskroute train', or write the whole path"),
        (b"", "quality.json: this is not JSON"),
        (b"{}", "quality.json: this is not a quality table"),
        (b"\xff\xfe", "quality.json: this is no text in UTF-8; write it anew with 'taskroute train'"),
    ],
)
def test_a_quality_table_that_cannot_be_read_is_a_warning(cli: Cli, content: bytes | None, said: str) -> None:
    if content is not None:
        (cli.directory / "quality.json").write_bytes(content)
    [warning] = _warnings(cli, "quality.json")
    assert said in warning
    assert warning.endswith("until then what is expected of each model is a guess from price and 'strengths'")


def test_a_quality_table_without_scores_of_a_model_that_is_compared_is_a_warning(cli: Cli) -> None:
    cli.write("quality.json", dump(TABLE))
    assert _warnings(cli, "quality.json") == []
    cli.write("quality.json", dump(QualityTable([Cell("Small", "math", None, 400, 0.9, 0.09)])))
    [warning] = _warnings(cli, "quality.json")
    assert "it has no score of 'small', 'large', only of 'Small'" in warning


def test_what_was_learned_of_prompts_is_read_too(cli: Cli) -> None:
    cli.write("quality.json", dump(TABLE))
    cli.write("quality.prompts.safetensors", "not arrays")
    [warning] = _warnings(cli, "quality.json")
    assert "quality.prompts.safetensors" in warning
    assert "write it anew with 'taskroute train', or put back a copy" in warning
    assert warning.endswith("until then the words of prompts do not count")


def test_a_table_that_was_copied_without_its_file_of_prompts_is_a_warning(cli: Cli) -> None:
    cli.write("quality.json", dump(QualityTable(TABLE.cells, words=True)))
    [warning] = _warnings(cli, "quality.json")
    assert "quality.prompts.safetensors: this file is missing, and the table beside it was written with it; copy it there" in warning
    assert warning.endswith("until then the words of prompts do not count")


def test_a_table_whose_place_is_known_elsewhere_is_not_looked_for(cli: Cli) -> None:
    assert _warnings(cli, "${NO_SUCH_PLACE}/quality.json") == []


UNLEARNABLE = """\
models: {small: "openai:gpt-5-mini"}
default: small
classifier: {kind: examples}
tasks:
"""


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ("  refunds: {examples: [my money back, refund it]}", "all are of 'refunds'; write 'examples' under another task"),
        ("  refunds: {examples: [same]}\n  other: {examples: [same]}", "the example 'same' stands under 'refunds' and under 'other'"),
        ("  refunds: {examples: [money]}\n  other: {examples: ['???']}", "the example '???' of 'other' has no word"),
    ],
)
def test_examples_that_no_router_could_learn_from_are_an_error(cli: Cli, tasks: str, said: str) -> None:
    cli.write("taskroute.yaml", f"{UNLEARNABLE}{tasks}\n")
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        Router.from_file("taskroute.yaml")
    ran = cli("check", "taskroute.yaml")
    assert (ran.status, ran.out) == (1, "")
    assert "taskroute.yaml:3: classifier.kind: no router can be built with it: " in ran.err
    assert said in ran.err
    as_data = json.loads(cli("check", "taskroute.yaml", "--json").out)
    assert (as_data["ok"], [error["line"] for error in as_data["errors"]]) == (False, [3])
    assert said in as_data["errors"][0]["text"]


def test_examples_that_can_be_learned_are_no_warning(cli: Cli) -> None:
    cli.write("taskroute.yaml", f"{UNLEARNABLE}  refunds: {{examples: [money]}}\n  other: {{examples: [ship]}}\n")
    assert cli("check", "taskroute.yaml", "--strict").status == 0


def test_beside_the_built_in_classifier_examples_of_one_task_are_enough(cli: Cli) -> None:
    builtin = UNLEARNABLE.replace("kind: examples", "kind: builtin")
    cli.write("taskroute.yaml", f"{builtin}  refunds: {{examples: [my money back]}}\n")
    assert cli("check", "taskroute.yaml", "--strict").status == 0
    cli.write("taskroute.yaml", f"{builtin}  refunds: {{examples: [same]}}\n  other: {{examples: [same]}}\n")
    ran = cli("check", "taskroute.yaml")
    assert ran.status == 1
    assert "classifier.kind: no router can be built with it: the example 'same' stands under 'refunds' and under 'other'" in ran.err


def test_weights_of_the_built_in_classifier_that_cannot_be_read_are_a_warning(cli: Cli) -> None:
    cli.write("taskroute.yaml", 'models: {small: "openai:gpt-5-mini"}\ndefault: small\nclassifier: {kind: builtin}\n')
    assert cli("check", "taskroute.yaml", "--strict").status == 0
    # A copy of the library, which is found first where it is run from.
    copied = cli.directory / "taskroute"
    shutil.copytree(Path(taskroute.__file__).parent, copied, ignore=shutil.ignore_patterns("__pycache__"))
    (copied / "learned" / "builtin.safetensors").write_bytes(b"no weights")
    ran = in_own_process("check", "taskroute.yaml", "--strict", cwd=cli.directory)
    assert ran.status == 1
    assert "taskroute.yaml:3: classifier.kind: the built-in classifier cannot read its weights, and would always abstain: " in ran.out
