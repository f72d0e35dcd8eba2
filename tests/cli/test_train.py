"""`taskroute train`: what it writes, what it says, and how it ends."""

from __future__ import annotations

import json
from typing import Any

import pytest

from taskroute import Call, Router
from taskroute.known_quality import known_quality
from taskroute.learned.predictor import Predictor
from taskroute.policy.choosing import Quality
from taskroute.quality.text import load

from .running import Cli, in_own_process
from .scores import POLICY, scores, text

BOTH = POLICY[: POLICY.index("routes:")]


def trained(cli: Cli, *arguments: str, status: int = 0, words: bool = False) -> Any:
    ran = cli("train", *arguments, "--json", *(() if words else ("--no-words",)))
    assert ran.status == status, ran.err
    return json.loads(ran.out)


@pytest.fixture
def data(cli: Cli) -> str:
    return cli.write("scores.jsonl", text())


def test_it_writes_a_table_that_routes_by_task(cli: Cli, data: str) -> None:
    found = trained(cli, data, "-o", "quality.json")
    assert found["written"] == ["quality.json"]
    table = load((cli.directory / "quality.json").read_text(encoding="utf-8"))
    assert (table.models, table.tasks, table.version) == (("large", "small"), ("creative", "math"), found["version"])
    choose = {"among": ["small", "large"], "objective": "best"}
    policy = {
        "models": {name: {"model": f"test:{name}"} for name in ("small", "large")},
        "default": "small",
        "routes": [{"name": "all", "when": {}, "choose": choose}],
        "quality": {"file": "quality.json"},
    }
    router = Router(policy, environ={})
    assert [router.decide(Call("q", task=task)).model for task in ("math", "creative")] == ["small", "large"]


def test_the_keys_of_the_json_stay_as_they_are(cli: Cli, data: str) -> None:
    found = trained(cli, data)
    assert list(found) == [
        *("version", "gain", "best", "prompts", "labels", "models", "held", "thin", "findings", "words", "scores", "notes", "written"),
        "removed",
    ]
    assert (found["prompts"], found["labels"], found["scores"], found["written"]) == (200, 400, 400, [])
    assert [model["model"] for model in found["models"]] == ["small", "large"]
    assert set(found["held"][0]["gain"]) == {"value", "low", "high"}


def test_the_same_scores_give_the_same_table_but_for_its_date(cli: Cli, data: str) -> None:
    for name in ("one.json", "two.json"):
        assert cli("train", data, "--no-words", "-o", name).status == 0
    one, two = ((cli.directory / name).read_text(encoding="utf-8").splitlines() for name in ("one.json", "two.json"))
    assert [line for line in one if "trained_at" not in line] == [line for line in two if "trained_at" not in line]


def test_for_a_person_it_says_how_much_there_is_and_what_routing_brings(cli: Cli, data: str) -> None:
    ran = cli("train", data, "--no-words")
    assert ran.status == 0
    assert "400 scores of 2 models on 200 prompts" in ran.out
    assert "nothing is written; give -o quality.json to keep it" in ran.out
    assert not ran.err


def test_too_little_data_is_said_and_is_no_error_unless_a_gain_is_required(cli: Cli) -> None:
    few = cli.write("few.jsonl", text(10))
    ran = cli("train", few, "-o", "quality.json")
    assert ran.status == 0
    assert "Too little data to rely on: 10 prompts" in ran.out
    assert cli("train", few, "--require-gain").status == 1


def test_require_gain_is_of_one_mind_with_the_report(cli: Cli) -> None:
    for name, rows, gain in (("gain.jsonl", text(1200), True), ("none.jsonl", text(1200).replace('"task": "creative", ', ""), None)):
        ran = cli("train", cli.write(name, rows), "--no-words", "--require-gain")
        assert ran.status == (0 if ": a gain." in ran.out else 1)
        assert ("No gain over 'small' for all calls can be told" in ran.out) is (ran.status == 1)
        assert gain is None or ran.status == 0


def test_a_gain_over_the_best_model_satisfies_require_gain(cli: Cli) -> None:
    many = cli.write("many.jsonl", text(1200))
    assert trained(cli, many, "--require-gain")["gain"] is True


def test_feedback_is_folded_in(cli: Cli, data: str) -> None:
    cli.write("taskroute.yaml", POLICY + "feedback: {path: kept}\n")
    with Router.from_file("taskroute.yaml", environ={}) as router:
        for number in range(3):
            router.feedback(router.decide(Call("q", task="math")).id, number / 2)
        router.feedback(router.decide(Call("q", task="creative")).id, 1)
    found = trained(cli, data, "--feedback", "taskroute.yaml", "--policy", "taskroute.yaml")
    assert (found["prompts"], found["labels"]) == (204, 404)
    assert "scores came from scores.jsonl (400), taskroute.yaml (4)" in found["notes"]
    alone = trained(cli, "--feedback", "kept")
    assert [(model["model"], model["labels"]) for model in alone["models"]] == [("small", 3), ("large", 1)]


def test_feedback_that_is_not_there_is_told_with_its_place_and_no_store_is_made(cli: Cli, data: str) -> None:
    cli.write("taskroute.yaml", POLICY + "feedback: {path: kept}\n")
    ran = cli("train", data, "--feedback", "taskroute.yaml", "--no-words")
    place = cli.directory / "kept"
    assert ran.status == 2
    assert f"taskroute.yaml: no scores were kept where 'feedback.path' says, looked for '{place / 'scores'}'; a relative" in ran.err
    assert not place.exists()


def test_what_is_said_of_answers_changes_who_answers(cli: Cli) -> None:
    scores = "".join(json.dumps({"id": n, "task": "math", "scores": {"small": n % 10 > 2, "large": n % 10 > 1}}) + "\n" for n in range(100))
    cli.write("scores.jsonl", scores)
    among = "{among: [small, large], objective: cheapest, within: 15%}"
    cli.write(
        "taskroute.yaml", f"{BOTH}routes: [{{name: all, choose: {among}}}]\nquality: {{file: quality.json}}\nfeedback: {{path: kept}}\n"
    )
    train = ("train", "scores.jsonl", "--feedback", "taskroute.yaml", "--policy", "taskroute.yaml", "-o", "quality.json", "--force")
    assert cli("train", "scores.jsonl", "-o", "quality.json").status == 0
    with Router.from_file("taskroute.yaml", environ={}) as router:
        call = Call("What is 3 times 7?", task="math")
        for _ in range(150):
            decision = router.decide(call)
            assert decision.model == "small"
            router.feedback(decision.id, 0)
        assert cli(*train).status == 0
        assert router.decide(call).model == "small"
        router.reload()
        decision = router.decide(call)
        assert decision.model == "large"
        assert decision.expected["small"].labels == 250


def test_a_file_that_exists_is_left_alone_without_force(cli: Cli, data: str) -> None:
    cli.write("quality.json", "mine")
    ran = cli("train", data, "-o", "quality.json")
    assert ran.status == 2
    assert "this file exists already; give another name, or --force" in ran.err
    assert (cli.directory / "quality.json").read_text() == "mine"
    assert cli("train", data, "--no-words", "-o", "quality.json", "--force").status == 0
    assert load((cli.directory / "quality.json").read_text()).models == ("large", "small")


def test_what_the_words_of_prompts_tell_is_written_beside_the_table_where_it_helps(cli: Cli) -> None:
    found = trained(cli, cli.write("scores.jsonl", text(120)), "-o", "quality.json", words=True)
    assert found["words"] is True
    assert found["written"] == ["quality.json", "quality.prompts.safetensors"]
    assert [each["name"] for each in found["held"]][0] == "table, task told"
    assert set(found["held"][1]["over"]["table, task not known"]) == {"gain", "spare", "par_gain", "saving", "open_gain", "open_spare"}
    assert any(finding.startswith("Tasks that are read from the words: kept; ") for finding in found["findings"])
    predictor = Predictor.read(cli.directory / "quality.prompts.safetensors")
    told = predictor.tasks("What is 3 times 300?")
    assert told["math"] > told.get("creative", 0)
    quality = Quality(file=str(cli.directory / "quality.json"))
    assert known_quality(quality, {}).prompts is not None
    (cli.directory / "quality.prompts.safetensors").unlink()
    with pytest.warns(RuntimeWarning, match="this file is missing, and the table beside it was written with it"):
        assert known_quality(quality, {}).prompts is None


def test_tasks_that_the_policy_does_not_know_are_named_with_what_was_probably_meant(cli: Cli) -> None:
    cli.write("taskroute.yaml", POLICY + "tasks: {refunds: {keywords: [refund]}}\n")
    tasks = ("mth", "math", "refunds", "code", "xyz")
    cli.write("scores.jsonl", "".join(json.dumps({"task": task, "scores": {"small": 1, "large": 0}}) + "\n" for task in tasks))
    said = "tasks that are neither built in nor under 'tasks' of the policy count only for calls that say them"
    notes = trained(cli, "scores.jsonl", "--policy", "taskroute.yaml")["notes"]
    assert notes == [f"{said}: 'mth' (did you mean 'math'?), 'xyz'"]
    assert trained(cli, "scores.jsonl")["notes"] == []


UNTAGGED = "no prompt has a task; with --policy P, prompts are given the tasks that the classifier of that policy tells"


def test_prompts_without_a_task_are_tagged_by_the_policys_classifier(cli: Cli) -> None:
    told = [dict(row) for row in scores(400)]
    rows = [{key: value for key, value in row.items() if key != "task"} for row in told]
    cli.write("untagged.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    for name, more in (
        ("builtin.yaml", "classifier: {kind: builtin}\n"),
        ("none.yaml", "classifier: {kind: none}\n"),
        ("model.yaml", "classifier: {kind: model, model: small}\n"),
    ):
        cli.write(name, BOTH + "routes: [{name: all, choose: {among: [small, large], objective: best}}]\n" + more)
    found = trained(cli, "untagged.jsonl", "--policy", "builtin.yaml", "-o", "quality.json")
    (note,) = found["notes"]
    assert note == (
        "400 prompts without a task have the one that the policy's classifier tells (builtin 400); "
        "the figures count these tasks as told, and a route does with 'margin: 0', where the classifier is sure"
    )
    assert [each["name"] for each in found["held"]] == ["table, task told"]
    table = load((cli.directory / "quality.json").read_text(encoding="utf-8"))
    with Router.from_file("builtin.yaml", environ={}) as router:
        assert set(table.tasks) == {router.decide(Call(row["prompt"])).signals.task.value for row in told}
    assert found["gain"] is True

    untold = trained(cli, "untagged.jsonl")
    assert (untold["notes"], untold["held"], untold["gain"]) == ([UNTAGGED], [], False)
    assert trained(cli, "untagged.jsonl", "--policy", "none.yaml")["notes"] == []
    (asked,) = trained(cli, "untagged.jsonl", "--policy", "model.yaml")["notes"]
    assert asked == "400 prompts have no task, and the policy's classifier, which asks a model, is not asked here: tag them"
    cli.write("strange.jsonl", "".join(json.dumps({**row, "prompt": f"zzz {at}"}) + "\n" for at, row in enumerate(rows)))
    (unsure,) = trained(cli, "strange.jsonl", "--policy", "builtin.yaml")["notes"]
    assert unsure == "400 prompts have no task, and the policy's classifier (builtin) abstains on all of them"


def test_tasks_that_the_classifier_tells_are_not_learned_to_be_read_from_words(cli: Cli) -> None:
    cli.write("taskroute.yaml", BOTH + "classifier: {kind: builtin}\n")
    rows = [{key: value for key, value in row.items() if key != "task"} for row in scores(120)]
    for told, are_read in (([], False), ([{"task": "math", "scores": {"small": 1, "large": 1}}], True)):
        cli.write("scores.jsonl", "".join(json.dumps(row) + "\n" for row in (*rows, *told)))
        held = trained(cli, "scores.jsonl", "--policy", "taskroute.yaml", words=True)["held"]
        assert any("read from the prompt" in each["name"] for each in held) is are_read


def test_tasks_that_the_data_tells_are_left_to_it(cli: Cli) -> None:
    cli.write("taskroute.yaml", BOTH + "classifier: {kind: builtin}\n")
    told = text(40).replace('"task": "creative"', '"task": "summarization"')
    cli.write("scores.jsonl", told + json.dumps({"prompt": "Write a poem about rain", "scores": {"small": 1, "large": 1}}) + "\n")
    found = trained(cli, "scores.jsonl", "--policy", "taskroute.yaml", "-o", "quality.json")
    assert set(load((cli.directory / "quality.json").read_text(encoding="utf-8")).tasks) == {"math", "summarization", "creative"}
    assert found["notes"][0].startswith("1 prompts without a task have the one")


def test_tokens_are_priced_by_the_policy_as_compare_does(cli: Cli) -> None:
    cli.write("taskroute.yaml", POLICY)
    rows = [
        {
            "id": n,
            "task": "math",
            "input_tokens": 1000,
            "scores": {"small": n % 2, "large": 1},
            "output_tokens": {"small": 500, "large": 1500},
        }
        for n in range(60)
    ]
    cli.write("tokens.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    found = trained(cli, "tokens.jsonl", "--policy", "taskroute.yaml", "-o", "quality.json")
    assert found["notes"] == ["120 costs that the data does not have are the prices of their tokens by the policy"]
    assert found["held"][0]["cost"] == 1
    table = load((cli.directory / "quality.json").read_text(encoding="utf-8"))
    compared = json.loads(cli("compare", "tokens.jsonl", "--draws", "50", "--json").out)
    assert {model["model"]: model["cost"] for model in compared["models"]} == {
        model: pytest.approx(table.cost(model)) for model in ("small", "large")
    }
    without = trained(cli, "tokens.jsonl")
    assert without["held"][0]["cost"] is None
    assert without["notes"] == ["there are tokens without a cost; with --policy P, they are priced as that policy says"]


def test_what_an_earlier_training_learned_of_prompts_does_not_outlive_its_table(cli: Cli, data: str) -> None:
    cli.write("quality.prompts.safetensors", "old")
    ran = cli("train", data, "--no-words", "-o", "quality.json")
    assert ran.status == 2
    assert "quality.prompts.safetensors: this file exists already" in ran.err
    found = trained(cli, data, "-o", "quality.json", "--force")
    assert (found["written"], found["removed"]) == (["quality.json"], ["quality.prompts.safetensors"])
    assert not (cli.directory / "quality.prompts.safetensors").exists()
    again = ("train", data, "--no-words", "-o", "quality.json", "--force")
    assert "removed" not in cli(*again).out
    cli.write("quality.prompts.safetensors", "old")
    assert cli(*again).out.endswith("removed quality.prompts.safetensors: it was written with an earlier table\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "no scores are given"),
        (("missing.jsonl",), "missing.jsonl: cannot be read: No such file"),
        (("--feedback", "missing"), "missing: there is no such file or folder, looked for '/"),
        (("--feedback", "missing"), "/missing'; give a policy with 'feedback'"),
        (("--feedback", "."), "no scores were kept in this folder"),
        (("--feedback", "taskroute.yaml"), "this policy keeps no scores"),
        (("wrong.jsonl",), "wrong.jsonl, line 1: the score of 'small' is 2; scores go from 0 to 1"),
        (("one.jsonl",), "scores of 'small' alone"),
        (("other.jsonl", "--policy", "taskroute.yaml"), "no model named 'smal' is in the policy; did you mean 'small'?"),
        (("scores.jsonl", "-o", "missing/quality.json"), "missing/quality.json: cannot be written: there is no folder"),
        (("scores.jsonl", "--seed", "-1"), "--seed -1 is below 0; give 0 or more"),
        (("scores.jsonl", "-o", "."), "'.' is a directory, not a file; give the name of a file"),
        (("scores.jsonl", "-o", ""), "'' is a directory, not a file; give the name of a file"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_ends_with_2_and_the_cure(cli: Cli, data: str, arguments: tuple[str, ...], said: str) -> None:
    cli.write("taskroute.yaml", POLICY)
    cli.write("wrong.jsonl", '{"task": "math", "model": "small", "score": 2}\n')
    cli.write("one.jsonl", '{"task": "math", "model": "small", "score": 1}\n')
    cli.write("other.jsonl", '{"task": "math", "model": "smal", "score": 1}\n')
    ran = cli("train", *arguments)
    assert ran.status == 2
    assert said in ran.err
    assert not ran.out


def test_without_numpy_the_cure_is_said(cli: Cli, data: str) -> None:
    for command in ("train", "compare"):
        code = f"import sys; sys.modules['numpy'] = None\nfrom taskroute.cli import main\nsys.exit(main(['{command}', 'scores.jsonl']))"
        ran = in_own_process(code=code, cwd=cli.directory)
        assert ran.status == 2
        assert "pip install 'taskroute[learn]'" in ran.err
