"""`taskroute compare`: a policy beside simpler ways of choosing, as table, JSON and picture."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from taskroute.learning.compare import compare
from taskroute.learning.rows import labels

from .running import Cli
from .scores import POLICY, scores, text

WAYS = ["policy", "random", "cheapest", "strongest", "best fixed", "zero router", "prompt length", "tag", "oracle"]


@pytest.fixture
def data(cli: Cli) -> str:
    cli.write("taskroute.yaml", POLICY)
    return cli.write("scores.jsonl", text())


def compared(cli: Cli, *arguments: str, status: int = 0) -> Any:
    ran = cli("compare", *arguments, "--draws", "200", "--json")
    assert ran.status == status, ran.err
    return json.loads(ran.out)


def ways(found: Any) -> dict[str, Any]:
    return {way["name"]: way for way in found["ways"]}


def test_the_policy_gets_the_score_and_the_cost_of_what_it_chooses(cli: Cli, data: str) -> None:
    found = compared(cli, data)
    rows = list(scores())
    chosen = [("small" if row["task"] == "math" else "large") for row in rows]
    policy = found["ways"][0]
    assert policy["quality"]["value"] == pytest.approx(np.mean([row["scores"][model] for row, model in zip(rows, chosen, strict=True)]))
    assert policy["cost"] == pytest.approx(0.0055)
    assert [(model["model"], model["share"]) for model in found["models"]] == [("small", 0.5), ("large", 0.5)]


def test_it_stands_beside_every_simpler_way_with_paired_intervals(cli: Cli, data: str) -> None:
    found = compared(cli, data)
    assert [way["name"] for way in found["ways"]] == WAYS
    by_name = ways(found)
    assert (by_name["cheapest"]["model"], by_name["strongest"]["model"], by_name["best fixed"]["model"]) == ("small", "large", "small")
    for way in found["ways"]:
        assert way["quality"]["low"] <= way["quality"]["value"] <= way["quality"]["high"]
        assert (way["policy_gain"] is None) is (way["name"] == "policy")
        assert (way["aiq"] is None) is (way["curve"] is None)
    assert by_name["zero router"]["policy_gain"]["low"] > 0
    assert by_name["oracle"]["policy_gain"]["high"] < 0
    assert by_name["prompt length"]["aiq"] > by_name["zero router"]["aiq"]


def test_without_tags_the_policy_must_tell_the_task_by_itself(cli: Cli, data: str) -> None:
    cli.write("blind.yaml", POLICY + "classifier: {kind: none}\n")
    shares = {
        tags: [model["share"] for model in compared(cli, data, "--policy", "blind.yaml", *tags)["models"]] for tags in ((), ("--no-tags",))
    }
    assert shares == {(): [0.5, 0.5], ("--no-tags",): [0.0, 1.0]}


def test_another_quality_table_may_take_the_place_of_the_policys(cli: Cli, data: str) -> None:
    cli.write(
        "choosing.yaml",
        "models: {small: 'test:small', large: 'test:large'}\ndefault: small\n"
        "routes: [{name: all, choose: {among: [small, large], objective: best}}]\n",
    )
    train = cli.write("train.jsonl", text(600, seed=1))
    assert cli("train", train, "--no-words", "-o", "quality.json").status == 0
    found = compared(cli, data, "--policy", "choosing.yaml", "--quality", "quality.json")
    assert [(model["model"], model["share"]) for model in found["models"]] == [("small", 0.5), ("large", 0.5)]
    assert "believe this only of scores that it was not trained on" in found["notes"][-1]


def test_a_table_that_no_route_chooses_by_is_said_to_change_nothing(cli: Cli, data: str) -> None:
    assert cli("train", data, "--no-words", "-o", "quality.json").status == 0
    without, with_table = compared(cli, data), compared(cli, data, "--quality", "quality.json")
    assert with_table["ways"] == without["ways"]
    assert with_table["notes"] == [*without["notes"], "the policy's quality table changes nothing: no route has 'choose'"]


def test_a_pin_of_the_environment_is_warned_of(cli: Cli, data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not cli("compare", data, "--draws", "50").err
    monkeypatch.setenv("TASKROUTE_PIN", "large")
    ran = cli("compare", data, "--draws", "50", "--json")
    assert "warning: TASKROUTE_PIN is set: 'policy' is the model 'large', whatever the policy would choose" in ran.err
    assert [model["share"] for model in json.loads(ran.out)["models"]] == [0, 1]


def test_for_a_person_it_is_a_table(cli: Cli, data: str) -> None:
    ran = cli("compare", data, "--draws", "50")
    assert ran.status == 0
    for name in WAYS:
        assert f"\n{name} " in ran.out
    assert "200 prompts, 2 models" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100


def test_of_few_prompts_no_interval_is_given_and_that_is_said(cli: Cli, data: str) -> None:
    for size, is_told in ((29, False), (30, True)):
        cli.write("few.jsonl", text(size))
        found = compared(cli, "few.jsonl", "--plot", f"{size}.svg")
        policy, single = ways(found)["policy"], ways(found)["strongest"]
        assert policy["quality"]["value"] > 0
        assert (policy["quality"]["low"] is not None, single["policy_gain"]["high"] is not None) == (is_told, is_told)
        said = f"{size} prompts are too few to say how much is chance, so no intervals are given; they are from 30 on"
        assert (said in found["notes"]) is not is_told
    cli.write("one.jsonl", text(1))
    ran = cli("compare", "one.jsonl")
    assert "1 prompts are too few" in ran.out
    assert "nan" not in ran.out


def test_what_is_left_out_of_the_data_is_said(cli: Cli, data: str) -> None:
    cli.write("slip.jsonl", text(40).replace('"task"', '"tsk"'))
    assert (
        "column 'tsk' was left out, in 40 rows, the first in slip.jsonl, line 1; did you mean 'task'?"
        in compared(cli, "slip.jsonl")["notes"]
    )


@pytest.mark.parametrize(("name", "begins"), [("curve.svg", b"<?xml"), ("curve.PNG", b"\x89PNG")])
def test_the_picture_is_svg_or_png_by_its_name(cli: Cli, data: str, name: str, begins: bytes) -> None:
    compared(cli, data, "--plot", name)
    assert (cli.directory / name).read_bytes().startswith(begins)
    assert not [file for file in cli.directory.iterdir() if file.name.endswith(".tmp")]


def test_a_picture_that_exists_is_left_alone_without_force(cli: Cli, data: str) -> None:
    cli.write("curve.svg", "mine")
    ran = cli("compare", data, "--plot", "curve.svg")
    assert ran.status == 2
    assert "curve.svg: this file exists already; give another name, or --force" in ran.err
    assert not ran.out
    assert (cli.directory / "curve.svg").read_text(encoding="utf-8") == "mine"
    compared(cli, data, "--plot", "curve.svg", "--force")
    assert (cli.directory / "curve.svg").read_bytes().startswith(b"<?xml")


def test_questions_that_not_every_model_was_scored_on_are_left_out_and_that_is_said(cli: Cli, data: str) -> None:
    cli.write("more.jsonl", '{"prompt": "only one", "model": "small", "score": 1}\n')
    found = compared(cli, data, "more.jsonl")
    assert found["prompts"] == 200
    assert "1 of 201 questions were left out, because a model was not scored on them" in found["notes"]


def test_costs_that_the_data_lacks_come_from_prices_and_tokens(cli: Cli, data: str) -> None:
    rows = [{"prompt": f"q{n}", "task": "math", "input_tokens": 1000, "scores": {"small": 1, "large": 1}, "output_tokens": {"small": 500, "large": 1500}} for n in range(20)]  # fmt: skip
    cli.write("tokens.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    by_model = {model["model"]: model["cost"] for model in compared(cli, "tokens.jsonl")["models"]}
    assert by_model == {"small": pytest.approx(0.0015), "large": pytest.approx(0.025)}


def test_without_tasks_and_prompts_the_ways_that_need_them_are_left_out(cli: Cli, data: str) -> None:
    rows = [{"prompt": f"q{n}", "scores": {"small": 1, "large": 0}, "costs": {"small": 1, "large": 2}} for n in range(20)]
    cli.write("untagged.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    found = compared(cli, "untagged.jsonl")
    assert [way["name"] for way in found["ways"]] == [name for name in WAYS if name != "tag"]
    assert any(note.startswith("tag: left out, because no row has a task or a stage") for note in found["notes"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("missing.jsonl",), "cannot be read: No such file"),
        (("unpriced.jsonl",), "no cost is known of 'small', 'large'; add 'cost', or tokens and a 'price' in the policy"),
        (("unpaired.jsonl",), "no question has a score of every model"),
        (("scores.jsonl", "--plot", "curve.pdf"), "--plot 'curve.pdf' is neither .svg nor .png"),
        (("scores.jsonl", "--plot", "missing/curve.svg"), "missing/curve.svg: cannot be written: there is no folder"),
        (("scores.jsonl", "--quality", "missing.json"), "missing.json: cannot be read: No such file or directory"),
        (("scores.jsonl", "--quality", "unpriced.jsonl"), "unpriced.jsonl: this is not a quality table"),
        (("scores.jsonl", "--seed", "-1"), "--seed -1 is below 0; give 0 or more"),
        (("scores.jsonl", "--draws", "0"), "--draws 0 leaves no interval"),
        (("scores.jsonl", "--policy", "others.yaml"), "no model named 'small' is in the policy"),
        (("scores.jsonl", "--policy", "third.yaml"), "the policy chooses none of the models that were scored"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_ends_with_2_and_the_cure(cli: Cli, data: str, arguments: tuple[str, ...], said: str) -> None:
    cli.write("unpriced.jsonl", '{"prompt": "q", "scores": {"small": 1, "large": 1}}\n')
    cli.write("unpaired.jsonl", '{"prompt": "q", "scores": {"small": 1}}\n{"prompt": "r", "scores": {"large": 1}}\n')
    cli.write("others.yaml", "models: {a: 'test:a'}\ndefault: a\n")
    cli.write("third.yaml", "models: {small: 'test:small', large: 'test:large', third: 'test:third'}\ndefault: third\n")
    ran = cli("compare", *arguments)
    assert ran.status == 2
    assert said in ran.err


def test_the_same_seed_gives_the_same_comparison(cli: Cli, data: str) -> None:
    assert compared(cli, data, "--seed", "3") == compared(cli, data, "--seed", "3")


def test_what_the_words_of_prompts_tell_counts_where_tags_are_hidden(cli: Cli, data: str) -> None:
    cli.write("earlier.jsonl", text(120, seed=5))
    assert cli("train", "earlier.jsonl", "-o", "quality.json").status == 0
    choosing = POLICY[: POLICY.index("routes:")] + "routes: [{name: all, choose: {among: [small, large], objective: best}}]\n"
    cli.write("words.yaml", choosing + "quality: {file: quality.json}\nclassifier: {kind: none}\n")
    cli.write("means.yaml", choosing + "quality: {file: quality.json, prompts: false}\nclassifier: {kind: none}\n")
    words, means = (compared(cli, data, "--policy", name, "--no-tags") for name in ("words.yaml", "means.yaml"))
    assert sorted(model["share"] for model in means["models"]) == [0, 1]
    assert all(0.2 < model["share"] < 0.8 for model in words["models"])
    assert words["ways"][0]["quality"]["value"] > means["ways"][0]["quality"]["value"]
    assert ways(words)["zero router"]["policy_gain"]["low"] > 0


def test_the_figures_are_those_that_one_works_out_by_hand() -> None:
    values = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    table = labels(("small", "large"), values, prompts=("a", "b", "c", "d"), tasks=("s", "s", "l", "l"))
    found = compare(table, np.tile([1.0, 3.0], (4, 1)), np.array([0, 0, 1, 1]), draws=50)
    reached = {each.name: (each.model, each.cost, each.quality.value, each.gain and each.gain.value) for each in found.standings}
    assert reached == {
        "policy": (None, 2, 1, None),
        "random": (None, 2, 0.625, 0.375),
        "cheapest": ("small", 1, 0.5, 0.5),
        "strongest": ("large", 3, 0.75, 0.25),
        "best fixed": ("small", 1, 0.5, 0.5),
        # Half of the calls to each: 2 is half-way between 1 and 3.
        "zero router": (None, 2, 0.625, 0.375),
        "oracle": (None, 2, 1, 0),
        **{name: reached[name] for name in ("prompt length", "tag")},
    }
    # From 0.5 to 0.75 in a line; from 0.5 to 1 half-way, then 1.
    assert {each.name: each.aiq for each in found.standings if each.name in ("zero router", "oracle")} == {
        "zero router": 0.625,
        "oracle": 0.875,
    }
    assert (found.shares, found.singles.costs.tolist(), found.singles.qualities.tolist()) == ((0.5, 0.5), [1, 3], [0.5, 0.75])


def test_a_policy_that_always_takes_one_model_stands_where_that_model_stands() -> None:
    rng = np.random.default_rng(0)
    values = (rng.random((100, 3)) < [0.3, 0.5, 0.8]).astype(float)
    costs = np.tile([1.0, 2.0, 5.0], (100, 1))
    told = labels(("a", "b", "c"), values, tasks=("t",) * 100)
    found = compare(told, costs, np.full(100, 2), draws=100)
    by_name = {each.name: each for each in found.standings}
    assert by_name["policy"].quality == by_name["strongest"].quality == by_name["best fixed"].quality
    assert by_name["strongest"].gain is not None
    assert by_name["strongest"].gain.low == by_name["strongest"].gain.high == 0
    assert by_name["zero router"].quality.value == pytest.approx(by_name["policy"].quality.value)


def test_a_curve_that_ends_before_the_policys_cost_has_its_own() -> None:
    values = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 1.0], [0.0, 1.0]] * 10)
    told = labels(("a", "b"), values, prompts=tuple(f"q{n}" for n in range(40)))
    costs = np.tile([1.0, 3.0], (40, 1))
    dear, cheap = (compare(told, costs, np.full(40, model), draws=50).standings for model in (1, 0))
    reached = {each.name: (each.cost, each.quality.value) for each in dear}
    # All are right for a quarter of the calls to the dear one.
    assert reached["oracle"] == (1.5, 1)
    # The dear one is no better, so that the cheap one is all that there is of a mixture.
    assert (reached["policy"], reached["zero router"]) == ((3, 0.75), (1, 0.75))
    assert {each.name: each.cost for each in cheap}["oracle"] == 1


def test_a_curve_that_costs_more_than_the_policy_everywhere_has_no_quality_there() -> None:
    values, costs = np.array([[1.0, 0.0], [0.0, 1.0]] * 20), np.array([[1.0, 2.0]] * 40)
    told = labels(("a", "b"), values, prompts=tuple(f"q{n}" for n in range(40)))
    found = compare(told, costs, np.array([0, 1] * 20), draws=50)
    cheap = compare(told, costs * [[1.0, 1.0]], np.zeros(40, dtype=int), draws=50)
    assert {each.name: each.quality.value for each in found.standings}["oracle"] == 1
    assert {each.name: each.quality.value for each in cheap.standings}["zero router"] == 0.5
