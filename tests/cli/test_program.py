"""The command line as a whole: exit statuses, the schema, and what it does not load."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import jsonschema
import pytest

import taskroute.cli.demo
from taskroute.cli.output import Style
from taskroute.policy.load import read_file

from .running import Cli, in_own_process

SCHEMA = Path(__file__).parents[2] / "docs" / "policy.schema.json"


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["explain", "--nonsense"], ["check"]])
def test_a_usage_error_ends_with_2_and_says_how_to_use_it(cli: Cli, arguments: list[str]) -> None:
    ran = cli(*arguments)
    assert ran.status == 2
    assert "usage: taskroute" in ran.err
    assert not ran.out


def test_help_lists_every_command(cli: Cli) -> None:
    ran = cli("--help")
    assert ran.status == 0
    for command in ("check", "explain", "schema", "try", "demo"):
        assert f"\n    {command} " in ran.out


def test_the_published_schema_is_what_the_command_prints(cli: Cli) -> None:
    ran = cli("schema")
    assert ran.status == 0
    assert json.loads(ran.out) == json.loads(SCHEMA.read_text(encoding="utf-8"))


def test_the_published_schema_accepts_the_shipped_policy_and_refuses_an_unknown_key() -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    policy = read_file(Path(taskroute.cli.demo.__file__).parent / "taskroute.yaml").data
    jsonschema.validate(policy, schema)
    with pytest.raises(jsonschema.ValidationError, match="'nonsense' was unexpected"):
        jsonschema.validate({**policy, "nonsense": 1}, schema)


def test_check_explain_and_schema_run_without_langchain(tmp_path: Path) -> None:
    code = (
        "import sys; from taskroute.cli import main\n"
        "assert main(['explain', 'hello', '--stage', 'judge']) == 0 and main(['schema']) == 0\n"
        "heavy = {'langchain_core', 'langchain', 'litellm', 'opentelemetry.sdk', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    ran = in_own_process(code=code, cwd=tmp_path)
    assert ran.status == 0, ran.err


def test_python_m_runs_the_same_program(tmp_path: Path) -> None:
    ran = in_own_process("explain", "hello", "--stage", "judge", "--json", cwd=tmp_path)
    assert ran.status == 0, ran.err
    assert json.loads(ran.out)["model"] == "small"


def test_text_that_the_terminal_cannot_show_does_not_end_the_command(tmp_path: Path) -> None:
    (tmp_path / "taskroute.yaml").write_text("models: {größe: openai:gpt-5-mini}\ndefault: größe\n", encoding="utf-8")
    ran = in_own_process("explain", "hello", cwd=tmp_path, environ={"PYTHONIOENCODING": "ascii"})
    assert ran.status == 0, ran.err
    assert "gr??e" in ran.out


@pytest.mark.parametrize(
    ("missing", "arguments", "extra"),
    [
        ("langchain_core", ["demo"], "taskroute[langchain]"),
        ("langchain_core", ["try", "hi", "--models", "small"], "taskroute[langchain]"),
        ("opentelemetry.exporter.otlp.proto.http.trace_exporter", ["demo", "--otlp", "http://127.0.0.1:9"], "taskroute[otlp]"),
    ],
)
def test_a_missing_extra_is_named_with_its_cure(tmp_path: Path, missing: str, arguments: list[str], extra: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None\nfrom taskroute.cli import main\nsys.exit(main(sys.argv[1:]))"
    ran = in_own_process(*arguments, code=code, cwd=tmp_path)
    assert (ran.status, ran.out) == (2, "")
    assert f"pip install '{extra}'" in ran.err
    assert "Traceback" not in ran.err


def test_without_a_price_table_check_says_how_to_get_one(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("models: {a: openai:gpt-5-mini}\ndefault: a\n", encoding="utf-8")
    code = "import sys; sys.modules['genai_prices'] = None\nfrom taskroute.cli import main\nsys.exit(main(['check', 'p.yaml']))"
    ran = in_own_process(code=code, cwd=tmp_path)
    assert ran.status == 0, ran.err
    assert "pip install 'taskroute[prices]'" in ran.out
    assert "no price is known for 'a'" in ran.out


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_warning_is_shown_without_the_place_in_our_code_that_gives_it(tmp_path: Path) -> None:
    choose = "{among: [a, b], objective: best}"
    policy = f"models: {{a: 'x:a', b: 'x:b'}}\ndefault: a\nroutes: [{{name: r, choose: {choose}}}]\nquality: {{file: gone.json}}\n"
    (tmp_path / "taskroute.yaml").write_text(policy)
    ran = in_own_process("explain", "hi", cwd=tmp_path)
    assert ran.status == 0
    looked = f"No such file or directory, looked for '{tmp_path / 'gone.json'}'"
    why = f"gone.json: cannot be read: {looked}; write it with 'taskroute train', or write the whole path; models are compared without it"
    assert ran.err == f"warning: quality.file: {why}\n"


def test_colour_is_for_terminals_only_and_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert Style(Terminal())("ok", "green") == "\x1b[32mok\x1b[0m"
    assert Style(io.StringIO())("ok", "green") == "ok"
    monkeypatch.setenv("NO_COLOR", "1")
    assert Style(Terminal())("ok", "green") == "ok"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell pipe")
def test_a_reader_that_goes_away_is_not_an_error_to_report(tmp_path: Path) -> None:
    code = (
        "import os, sys; from taskroute.cli import main\n"
        "read, write = os.pipe(); os.close(read); os.dup2(write, 1)\n"
        "sys.exit(main(['schema']))"
    )
    ran = in_own_process(code=code, cwd=tmp_path)
    assert ran.status == 1
    assert ran.err == ""
