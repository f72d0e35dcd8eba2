"""`taskroute report`: from the file that calls leave to a page, a table and JSON."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path

import pytest

from ..reporting.written import attempt, line, route
from .running import Cli, in_own_process

GOLDEN = [
    line(attempt(1, 1, tokens_in=100, tokens_out=20, took=0.5), route(1, stage="rerank", model="small", cost__total=0.1, took=0.5)),
    line(
        attempt(2, 2, model="claude", tokens_in=50, tokens_out=5),
        route(2, stage="generate", model="large", tenant="acme", cost__total=0.2, at=90.0),
    ),
]


def spans(cli: Cli, *lines: str, name: str = "spans.jsonl") -> str:
    return cli.write(name, "".join(f"{each}\n" for each in (lines or GOLDEN)))


def test_the_demo_leaves_spans_that_a_report_reads(cli: Cli) -> None:
    ran = cli("demo", "--file", "traces/spans.jsonl")
    assert ran.status == 0
    report = cli("report", "traces/spans.jsonl", "--json")
    assert (report.status, report.err) == (0, "")
    said = json.loads(report.out)
    assert said["calls"]["total"] == said["calls"]["answered"] == 14
    assert said["calls"]["fell_back"] == 1
    assert {row["name"] for row in said["by"]["stage"]["rows"]} == {"query_rewrite", "grade", "generate", "judge"}
    assert said["failures"] == [{"model": "small", "failure": "rate_limit", "times": 1}]
    assert said["read"]["broken"] == 0
    assert Decimal(said["money"]["USD"]["saved_estimate"]) > 0


def test_the_table_says_what_is_in_the_file(cli: Cli) -> None:
    ran = cli("report", spans(cli))
    assert (ran.status, ran.err) == (0, "")
    assert "2: 2 answered, 0 failed, 0 cancelled" in ran.out
    assert "0.300 USD" in ran.out
    assert "150 in, 25 out" in ran.out
    for title in ("By stage, USD", "By tenant, USD", "Latency by model", "Dearest calls, USD"):
        assert title in ran.out
    assert "By task" not in ran.out


def test_json_has_amounts_with_all_their_digits(cli: Cli) -> None:
    said = json.loads(cli("report", spans(cli), "--json").out)
    assert said["money"]["USD"] == {
        "spent": "0.3",
        "spent_estimate": "0",
        "aside": "0",
        "saved": "0",
        "saved_by_cache": "0",
        "saved_estimate": "0",
        "baseline_estimate": "0",
    }
    assert said["over_time"]["step_seconds"] == 5
    assert [step["spent"] for step in said["over_time"]["steps"]] == [{"USD": "0.1"}, {"USD": "0.2"}]
    assert [(each["decision_id"], each["cost"], each["input_tokens"]) for each in said["dearest"]["USD"]] == [
        ("d2", "0.2", 50),
        ("d1", "0.1", 100),
    ]


def test_scores_stand_in_the_table_beside_what_answers_cost(cli: Cli) -> None:
    scored = attempt(7, 7, taskroute__validation__score=0.75, taskroute__cost__total=0.5, taskroute__cost__currency="USD")
    ran = cli("report", spans(cli, line(scored, route(7))))
    assert "Cost against quality" in ran.out
    assert any(row.split() == ["gpt-5-mini", "1", "0.750", "0.500", "USD"] for row in ran.out.splitlines())


def test_the_shape_of_the_json_is_kept(cli: Cli) -> None:
    said = json.loads(cli("report", spans(cli), "--json").out)
    assert said["version"] == 1
    assert [*said] == [
        "version",
        "first",
        "last",
        "calls",
        "tokens",
        "cache",
        "money",
        "by",
        "over_time",
        "latency",
        "failures",
        "fallbacks",
        "quality",
        "dearest",
        "other_instrumentations",
        "read",
    ]
    assert [*said["by"]] == ["stage", "task", "model", "tenant", "route"]
    assert [*said["by"]["stage"]["rows"][0]] == ["name", "calls", "failed", "cache_hits", "unknown_cost", "known_cost", "spent", "saved"]


def test_a_page_is_written_and_never_over_another_unasked(cli: Cli, tmp_path: Path) -> None:
    name = spans(cli)
    ran = cli("report", name, "-o", "report.html")
    assert (ran.status, ran.out) == (0, "2 calls, written to report.html\n")
    assert (tmp_path / "report.html").read_text().startswith("<!DOCTYPE html>")
    again = cli("report", name, "-o", "report.html")
    assert again.status == 2
    assert "--force" in again.err
    assert cli("report", name, "-o", "report.html", "--force").status == 0


def test_packed_files_and_several_are_read_as_one(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(gzip.compress(GOLDEN[0].encode()))
    said = json.loads(cli("report", "a", spans(cli, GOLDEN[1]), "--json").out)
    assert said["calls"]["total"] == 2


def test_a_packed_file_that_breaks_off_is_read_until_there(cli: Cli, tmp_path: Path) -> None:
    whole = gzip.compress("\n".join([GOLDEN[0]] + ["{}" + " " * 100] * 2000).encode())
    (tmp_path / "a.gz").write_bytes(whole[:-20])
    ran = cli("report", "a.gz", "--json")
    assert (ran.status, json.loads(ran.out)["calls"]["total"]) == (0, 1)
    assert json.loads(ran.out)["read"]["broken"] > 0


def test_the_standard_input_is_read(tmp_path: Path) -> None:
    (tmp_path / "spans.jsonl").write_text("\n".join(GOLDEN))
    code = (
        "import os, sys; from taskroute.cli import main; os.dup2(os.open('spans.jsonl', os.O_RDONLY), 0); "
        "sys.exit(main(['report', '-', '--json']))"
    )
    ran = in_own_process(code=code, cwd=tmp_path)
    assert json.loads(ran.out)["calls"]["total"] == 2


def test_broken_lines_are_told_at_the_end(cli: Cli) -> None:
    ran = cli("report", spans(cli, "{broken", *GOLDEN))
    assert ran.status == 0
    assert "left out, because they could not be read: 1 line or spans in lines" in ran.err


def test_only_calls_of_the_time_asked_for_are_in_it(cli: Cli) -> None:
    name = spans(cli)
    assert json.loads(cli("report", name, "--json", "--since", "2026-11-18").out)["calls"]["total"] == 2
    assert json.loads(cli("report", name, "--json", "--since", "2026-11-18T11:07:20Z").out)["calls"]["total"] == 1
    assert json.loads(cli("report", name, "--json", "--until", "2026-11-18T11:07:20+00:00").out)["calls"]["total"] == 1


@pytest.mark.parametrize("arguments", [["--since", "soon"], ["--until", "2026-13-01"]])
def test_a_time_that_is_none_is_refused(cli: Cli, arguments: list[str]) -> None:
    ran = cli("report", spans(cli), *arguments)
    assert ran.status == 2
    assert "is no time; write 2026-11-29" in ran.err


def test_no_calls_is_the_answer_no(cli: Cli) -> None:
    ran = cli("report", spans(cli, '{"resourceSpans": []}'), "-o", "report.html")
    assert ran.status == 1
    assert "no routed call is in spans.jsonl" in ran.err
    assert not (cli.directory / "report.html").exists()
    outside = cli("report", spans(cli), "--until", "2020-01-01")
    assert (outside.status, "of the time asked for; outside of it: 4 spans" in outside.err) == (1, True)


def test_a_file_that_is_not_there_is_an_error(cli: Cli) -> None:
    ran = cli("report", "nowhere.jsonl")
    assert ran.status == 2
    assert "nowhere.jsonl: cannot be read: No such file or directory" in ran.err


def test_a_name_cannot_steer_the_terminal(cli: Cli) -> None:
    ran = cli("report", spans(cli, line(route(1, stage="\x1b[2Jx", cost__total=1.0))))
    assert "\x1b" not in ran.out


def test_columns_stand_in_line_beside_wide_characters(cli: Cli) -> None:
    ran = cli(
        "report", spans(cli, *(line(route(index, tenant=name, cost__total=0.5)) for index, name in enumerate(("acme", "株式会社"), 1)))
    )
    table = ran.out.split("By tenant, USD\n")[1].splitlines()
    head, plain, wide = table[:3]
    assert plain.startswith("acme      ")
    # Each of the four takes two columns.
    assert wide.startswith("株式会社  ")
    assert len(head) == len(plain) == len(wide) + 4


def test_more_than_one_currency_is_a_table_each(cli: Cli) -> None:
    ran = cli("report", spans(cli, *GOLDEN, line(route(3, stage="x", cost__total=7.0, cost__currency="EUR"))))
    assert "By stage, USD" in ran.out
    assert "By stage, EUR" in ran.out
    assert "7.30" not in ran.out
