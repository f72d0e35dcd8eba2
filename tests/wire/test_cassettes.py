"""The cassettes as a whole: complete, undamaged, without secrets, as the table says; and what happens with one that is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cassette_files import SUMS, Serializer, digest, faults, recorded_sums, secrets, sums
from tests.recording import CASSETTES, ROOT
from tests.wire.table import Row, rows, with_table

ROWS = list(rows())
ONE = next(row for row in ROWS if row.provider == "openai" and row.kind == "plain, sync")


def path_of(row: Row) -> Path:
    return CASSETTES / row.name


def test_there_is_a_cassette_for_every_cell_and_no_other() -> None:
    there = {path.relative_to(CASSETTES).as_posix() for path in CASSETTES.rglob("*") if path.is_file()}
    assert there == {"README.md", SUMS, *(row.name for row in ROWS)}


def test_table_and_checksums_are_those_of_the_cassettes() -> None:
    readme = (CASSETTES / "README.md").read_text(encoding="utf-8")
    assert readme == with_table(readme, CASSETTES)
    assert (CASSETTES / SUMS).read_text(encoding="utf-8") == sums(CASSETTES)


def test_every_cassette_is_fit_to_be_played() -> None:
    known = recorded_sums(CASSETTES)
    assert [line for row in ROWS for line in faults(path_of(row), provider=row.provider, known=known)] == []


def test_no_cassette_holds_a_secret() -> None:
    assert [(path.name, found) for path in CASSETTES.rglob("*.yaml") if (found := secrets(path.read_text(encoding="utf-8")))] == []


@pytest.mark.parametrize(
    "text",
    [
        "sk-proj-abcdefghijklmnop1234",
        "sk-ant-api03-abcdefghijklmnop",
        "AIzaSyA1234567890abcdefghijklmnop",
        "Authorization: Bearer abc.def",
        "authorization: [x]",
        "x-api-key: [no]",
        "X-Goog-Api-Key: [no]",
        "set-cookie: [__cf_bm=1]",
        "openai-organization: [acme]",
        "uri: https://generativelanguage.googleapis.com/v1beta/models/m:generateContent?key=abc",
        "in organization org-abcdefgh12345678 on tokens per min",
        "joe@example.com",
        "JOE@EXAMPLE.COM",
        '{"api_key": "x"}',
        "proxy said Basic dXNlcjpwYXNz",
        "https://example.com/?access_token=x",
        '\\"authorization\\": \\"x\\"',
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2UifQ.x",
        "gsk_abcdefghijklmnop1234",
        "in project proj-abcdefgh1234",
    ],
)
def test_a_secret_would_be_found(text: str) -> None:
    assert secrets(f"before {text} after")


def copied(folder: Path, change: str = "") -> Path:
    """Copy one cassette with its checksum, and change the copy."""
    target = folder / ONE.name
    target.parent.mkdir(parents=True)
    shutil.copy(path_of(ONE), target)
    (folder / SUMS).write_text(sums(folder), encoding="utf-8")
    text = target.read_text(encoding="utf-8")
    if change == "truncated":
        target.write_text(text[: len(text) // 2], encoding="utf-8")
    if change == "edited":
        target.write_text(text.replace("Paris", "Lyons"), encoding="utf-8")
    return target


@pytest.mark.parametrize("change", ["truncated", "edited"])
def test_a_cassette_that_was_truncated_or_edited_is_refused_with_the_cure(change: str, tmp_path: Path) -> None:
    target = copied(tmp_path, change)
    found = faults(target, provider="openai", known=recorded_sums(tmp_path))
    assert found[0] == f"{ONE.name} was changed since it was recorded: it is not what is in {SUMS}; record it again with `make record`"


def test_a_truncated_cassette_is_found_even_with_a_fitting_checksum(tmp_path: Path) -> None:
    target = copied(tmp_path, "truncated")
    [line] = faults(target, known={ONE.name: digest(target)})
    assert line.startswith(f"{ONE.name}")
    assert "record it again" in line


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is no cassette of version 1"),
        ("interactions: []\nversion: 1\n", "it holds no reply"),
        ("interactions:\n- request: {uri: 'https://api.openai.com/v1/x'}\nversion: 1\n", "reply 1 lacks 'response'"),
        ("interactions: [\n", "is not whole"),
    ],
)
def test_what_is_no_cassette_is_told_so(text: str, why: str, tmp_path: Path) -> None:
    target = tmp_path / "a" / "b.yaml"
    target.parent.mkdir()
    target.write_text(text, encoding="utf-8")
    [line] = faults(target)
    assert why in line


def test_a_cassette_of_another_provider_is_refused(tmp_path: Path) -> None:
    found = faults(copied(tmp_path), provider="anthropic")
    assert found == [f"{ONE.name}: reply 1 is of api.openai.com, and the test asks anthropic; record it again with `make record`"]


def test_a_body_that_says_json_and_is_none_is_told(tmp_path: Path) -> None:
    target = copied(tmp_path)
    cassette = Serializer.deserialize(target.read_text(encoding="utf-8"))
    cassette["interactions"][0]["response"]["body"]["string"] = "<html>"
    target.write_text(Serializer.serialize(cassette), encoding="utf-8")
    assert faults(target) == [f"{ONE.name}: reply 1 says that it is JSON, and it is not; record it again with `make record`"]


def test_a_missing_cassette_is_told_with_the_cure(tmp_path: Path) -> None:
    assert faults(tmp_path / "a" / "b.yaml") == ["there is no cassette a/b.yaml; record it again with `make record`"]


INNER = """
import httpx
import pytest


@pytest.mark.vcr
@pytest.mark.parametrize("calls", [1, 2, 3, 4])
def test_inner(calls, vcr, script):
    for _ in range(min(calls, 3)):
        httpx.post("https://api.openai.com/v1/chat/completions", json={"model": "m"})
"""
RECORDED = """
import httpx
import pytest


@pytest.mark.vcr
def test_inner(vcr, script):
    body = {"model": "m", "messages": []}
    httpx.post("https://api.openai.com/v1/chat/completions", json=body, headers={"authorization": "Bearer x"})
"""
REPLY = {
    "request": {
        "method": "POST",
        "uri": "https://api.openai.com/v1/chat/completions",
        "body": '{"model": "m"}',
        "headers": {"content-type": ["application/json"]},
    },
    "response": {"status": {"code": 200, "message": "OK"}, "headers": {"content-type": ["application/json"]}, "body": {"string": "{}"}},
}


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Tests of their own, in a process of their own, each with a cassette of two replies."""
    pytester.makeini("[pytest]\naddopts = --block-network\n")
    pytester.makeconftest('pytest_plugins = ("tests.recording",)')
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    folder = pytester.mkdir("tapes")
    for calls in (1, 2, 3, 4):
        path = folder / "test_inner" / f"test_inner[{calls}].yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(Serializer.serialize({"interactions": [REPLY, REPLY], "version": 1}), encoding="utf-8")
    (folder / SUMS).write_text(sums(folder), encoding="utf-8")
    return pytester


def test_a_replay_fails_for_a_reply_too_many_one_too_few_and_a_damaged_cassette(inner: pytest.Pytester) -> None:
    damaged = inner.path / "tapes" / "test_inner" / "test_inner[4].yaml"
    damaged.write_text(damaged.read_text(encoding="utf-8")[:-30], encoding="utf-8")
    inner.makepyfile(test_inner=INNER)
    result = inner.runpytest_subprocess("--cassettes=tapes")
    result.assert_outcomes(passed=1, failed=2, errors=1)
    for line in (
        "*recorded reply 2 was left unplayed: POST https://api.openai.com/*make record*",
        "*CannotOverwriteExistingCassetteException*",
        "*test_inner[[]4[]].yaml was changed since it was recorded*make record*",
    ):
        result.stdout.fnmatch_lines_random([line])


def test_recording_asks_where_from(inner: pytest.Pytester) -> None:
    inner.makepyfile(test_inner=INNER)
    result = inner.runpytest_subprocess("--cassettes=tapes", "--record-mode=rewrite")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--record-mode and --record-from go together*"])


def test_what_the_emulator_records_is_marked_as_its_own_and_holds_no_key(inner: pytest.Pytester) -> None:
    inner.makepyfile(test_inner=RECORDED)
    inner.runpytest_subprocess("--cassettes=new", "--record-mode=rewrite", "--record-from=emulator").assert_outcomes(passed=1)
    text = (inner.path / "new" / "test_inner" / "test_inner.yaml").read_text(encoding="utf-8")
    assert "server: [taskroute-provider-emulator]" in text
    assert secrets(text) == []
