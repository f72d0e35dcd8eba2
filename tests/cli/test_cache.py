"""`taskroute cache`: what is kept can be seen, cleared and repaired, and nothing that it says is shown unasked."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from decimal import Decimal
from typing import Any

import pytest

from taskroute.cache import names
from taskroute.cache.entry import digest, dumps
from taskroute.cache.manage import Kept
from taskroute.cli.cached import duration, size
from taskroute.stored import Entry, StoredAnswer, StoredCall
from taskroute.stores.disk import DiskStore
from taskroute.types import Cost, Usage

from .running import Cli, in_own_process

POLICY = """\
models: {small: openai:gpt-5-mini, large: anthropic:claude-opus-5-5}
default: [small, large]
cache: {ttl: 1d, stages: {generate: {ttl: 1h, size: 10MB}}}
"""
SECRET = "the notice period is three months"
HOUR = 3600.0


def entry(*, age: float = 0.0, ttl: float = 24 * HOUR, calls: tuple[StoredCall, ...] = (), **about: str | None) -> Entry:
    now = time.time()
    return Entry(
        StoredAnswer(text=SECRET, calls=calls, finish_reason="stop", model="gpt-5-mini-2025", provider="openai"),
        made=now - age,
        until=now - age + ttl,
        usage=Usage(input=10, output=7),
        cost=Cost(Decimal("0.0025"), "user", "EUR"),
        **{"model": "small", **about},  # type: ignore[arg-type]
    )


@pytest.fixture
def kept(cli: Cli) -> Cli:
    """A directory with a policy and three answers: of the tenant acme, past its time, and with a call of a tool."""
    cli.write("taskroute.yaml", POLICY)
    shared = DiskStore(cli.directory / ".taskroute" / "cache" / "answers")
    shared.put(names.entry("default", "aa11" + "0" * 60), dumps(entry(stage="rerank", tenant=digest("tenant", "acme"), age=2 * HOUR + 60)))
    shared.put(names.entry("default", "bb22" + "0" * 60), dumps(entry(model="large", age=30 * HOUR)))
    shared.put(names.entry("other", "dd44" + "0" * 60), dumps(entry()))
    for what, count in (("hits", 3), ("misses", 1), ("saved/EUR", 7500)):
        shared.increment(names.count("default", what, "rerank"), count)
    own = DiskStore(cli.directory / ".taskroute" / "cache" / "stage-generate")
    calls = (StoredCall("look_up", '{"clause": 4}', "call_1"),)
    own.put(names.entry("default", "aa33" + "0" * 60), dumps(entry(stage="generate", task="extraction", ttl=HOUR, calls=calls)))
    for store in (shared, own):
        store.close()
    return cli


def as_json(cli: Cli, *arguments: str, status: int = 0) -> Any:
    ran = cli("cache", *arguments, "--json")
    assert (ran.status, ran.err) == (status, "")
    return json.loads(ran.out)


def keys(cli: Cli, *filters: str) -> list[str]:
    return [each["key"][:4] for each in as_json(cli, "list", *filters)["answers"]]


def test_stats_show_what_is_kept_and_what_it_saved(kept: Cli) -> None:
    ran = kept("cache", "stats")
    assert ran.status == 0
    for line in ("answers  3, 1 of them past their time", "hits     3 of 4 look-ups (75.0 %)", "saved    0.00750 EUR"):
        assert line in ran.out
    assert "stage generate" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100


def test_stats_in_json_have_every_store_and_stage(kept: Cli) -> None:
    found = as_json(kept, "stats")
    assert (found["policy"], found["cache"], found["namespace"]) == ("taskroute.yaml", "disk, .taskroute/cache", "default")
    assert (found["answers"], found["stale"], found["hit_rate"], found["saved"]) == (3, 1, 0.75, {"EUR": 0.0075})
    assert [(held["for"], held["answers"], held["size"]) for held in found["stores"]] == [
        ("all", 2, 10**9),
        ("stage generate", 1, 10**7),
    ]
    assert all(held["used"] > held["bytes"] > 0 for held in found["stores"])
    [stage] = found["stages"]
    assert (stage["stage"], stage["hits"], stage["misses"]) == ("rerank", 3, 1)


def test_the_newest_answers_are_listed_first_and_so_many_as_asked(kept: Cli) -> None:
    assert keys(kept) == ["aa33", "aa11", "bb22"]
    assert keys(kept, "--limit", "1") == ["aa33"]
    ran = kept("cache", "list", "--limit", "1")
    assert "the newest 1 of 3" in ran.out
    assert SECRET not in kept("cache", "list").out


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (("--stage", "rerank"), ["aa11"]),
        (("--task", "transform"), ["aa33"]),
        (("--model", "large"), ["bb22"]),
        (("--tenant", "acme"), ["aa11"]),
        (("--tenant", "acm"), []),
        (("--older-than", "1h"), ["aa11", "bb22"]),
        (("--older-than", "1d", "--model", "small"), []),
        (("--namespace", "other"), ["dd44"]),
    ],
)
def test_lists_are_filtered(kept: Cli, filters: tuple[str, ...], found: list[str]) -> None:
    assert keys(kept, *filters) == found


def test_every_namespace_can_be_listed_at_once(kept: Cli) -> None:
    assert sorted(keys(kept, "--all-namespaces")) == ["aa11", "aa33", "bb22", "dd44"]


def test_an_empty_list_says_whether_filters_are_why(kept: Cli) -> None:
    assert kept("cache", "list", "--stage", "nothing").out == "no answer fits\n"
    assert kept("cache", "list", "--namespace", "nobody").out == "no answers are kept\n"


def test_an_answer_is_shown_without_what_it_says(kept: Cli) -> None:
    for ran in (kept("cache", "show", "AA3"), kept("cache", "show", "aa3", "--json")):
        assert ran.status == 0
        for secret in (SECRET, "look_up", "clause"):
            assert secret not in ran.out
    shown = kept("cache", "show", "aa3").out
    assert f"answer     {len(SECRET)} characters, sha256 " in shown
    assert "1 tool call (--content shows it)" in shown
    assert "tokens     input 10, output 7" in shown
    assert "0.00250 EUR (user)" in shown


def test_what_an_answer_says_is_shown_when_asked(kept: Cli) -> None:
    ran = kept("cache", "show", "aa3", "--content")
    assert SECRET in ran.out
    assert 'calls look_up {"clause": 4}' in ran.out
    [found] = as_json(kept, "show", "aa3", "--content")["answers"]
    assert found["answer"]["text"] == SECRET
    assert found["answer"]["calls"] == [{"name": "look_up", "arguments": '{"clause": 4}'}]
    assert 0 < found["left_s"] <= HOUR


def test_no_answer_and_no_label_steers_the_terminal(kept: Cli) -> None:
    store = DiskStore(kept.directory / ".taskroute" / "cache" / "answers")
    evil = entry(stage="a\x1b[2Jb")
    store.put(names.entry("default", "ff66"), dumps(evil._replace(answer=StoredAnswer(text="one\ntwo\x1b]0;title\x07"))))
    store.close()
    for ran in (kept("cache", "list"), kept("cache", "show", "ff66", "--content"), kept("cache", "show", "ff66", "--content", "--json")):
        assert ran.status == 0
        assert "\x1b" not in ran.out
        assert "\x07" not in ran.out
    assert "  one\n  two\ufffd]0;title\ufffd" in kept("cache", "show", "ff66", "--content").out


EVIL = "\x1b[31mevil\x9b2J\x7f"


def test_nothing_that_is_planted_in_a_store_steers_the_terminal(kept: Cli) -> None:
    store = DiskStore(kept.directory / ".taskroute" / "cache" / "answers")
    planted = entry(stage=EVIL, task=EVIL, tenant=EVIL, user=EVIL)
    key = f"ff66{EVIL}"
    store.put(names.entry("default", key), dumps(planted._replace(cost=Cost(Decimal(1), EVIL, EVIL), answer=StoredAnswer(EVIL, host=EVIL))))
    store.put(f"{names.PREFIX}{EVIL}/e/ff77", dumps(planted))
    store.put(f"{names.PREFIX}{EVIL}/e/ff88", b"damaged")
    store.put(f"{names.root('default')}c/saved/{EVIL}/{EVIL}", b"1")
    store.put(f"{names.root('default')}c/hits/{EVIL}", b"1" * 5000)
    store.close()
    other = kept.directory / ".taskroute" / "cache" / f"stage-{EVIL}"
    DiskStore(other).put(names.entry("default", "ff99"), dumps(planted))
    (other / "cache.db.broken").write_bytes(b"?")
    every = ("--all-namespaces",)
    for arguments in (
        ("stats", *every),
        ("list", *every),
        ("show", "ff66", "--content", *every),
        ("show", "ff", *every),
        ("show", EVIL),
        ("verify",),
        ("clear", "--all", "--namespace", EVIL),
        ("clear", "--stage", "nothing", "--policy", EVIL),
    ):
        for more in ((), ("--json",)):
            ran = kept("cache", *arguments, *more)
            assert ran.out + ran.err
            assert not [character for character in ran.out + ran.err if character in "\x1b\x9b\x7f"], arguments


def test_a_count_that_cannot_be_is_none(kept: Cli) -> None:
    store = DiskStore(kept.directory / ".taskroute" / "cache" / "answers")
    store.put(names.count("default", "hits", "rerank"), b"9" * 5000)
    store.close()
    assert as_json(kept, "stats")["hits"] == 0
    assert "the count 'hits/rerank'" in kept("cache", "verify").out
    assert kept("cache", "verify", "--repair").status == 0
    assert kept("cache", "verify").status == 0


def test_a_tenant_is_shown_as_a_digest(kept: Cli) -> None:
    ran = kept("cache", "show", "aa11")
    assert f"{digest('tenant', 'acme')} (a digest)" in ran.out
    assert "acme" not in ran.out


def test_a_beginning_that_several_keys_have_is_not_enough(kept: Cli) -> None:
    ran = kept("cache", "show", "aa")
    assert (ran.status, ran.out) == (2, "")
    assert "several keys: aa11" in ran.err
    assert "write more of it" in ran.err


def test_a_key_that_is_not_there_is_a_no(kept: Cli) -> None:
    ran = kept("cache", "show", "ff")
    assert (ran.status, ran.out) == (1, "")
    assert "no answer has a key that begins with 'ff'" in ran.err


@pytest.mark.parametrize("arguments", [[], ["--all", "--stage", "generate"]])
def test_clearing_needs_filters_or_all_and_not_both(kept: Cli, arguments: list[str]) -> None:
    ran = kept("cache", "clear", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert "--all" in ran.err
    assert len(keys(kept)) == 3


@pytest.mark.parametrize("option", ["--stage", "--task", "--model", "--tenant", "--user", "--older-than", "--namespace", "--policy"])
@pytest.mark.parametrize("empty", ["", "  "])
@pytest.mark.parametrize("command", [["clear", "--stage", "generate"], ["clear", "--all"], ["list"]])
def test_a_variable_of_the_shell_that_is_not_set_stands_for_nothing(kept: Cli, command: list[str], option: str, empty: str) -> None:
    ran = kept("cache", *command, option, empty)
    assert (ran.status, ran.out) == (2, "")
    assert f"argument {option}: " in ran.err
    assert len(keys(kept, "--all-namespaces")) == 4


CLEAR = ("cache", "clear", "--older-than", "1ms", "--all-namespaces")


def test_clearing_that_fails_says_how_many_went(kept: Cli) -> None:
    file = kept.directory / ".taskroute" / "cache" / "stage-generate" / "cache.db"
    file.unlink()
    file.mkdir()
    ran = kept(*CLEAR)
    assert (ran.status, ran.out) == (2, "")
    assert re.search(r"cannot be used: .*; 3 answers removed, \d+ B until then\n", ran.err)
    file.rmdir()
    assert keys(kept, "--all-namespaces") == []


def test_clearing_waits_longer_than_a_call_for_a_program_that_writes(kept: Cli) -> None:
    file = kept.directory / ".taskroute" / "cache" / "answers" / "cache.db"
    held = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    held.execute("BEGIN IMMEDIATE")
    later = threading.Timer(0.8, held.close)
    later.start()
    assert kept(*CLEAR).out.startswith("4 answers removed")
    later.join()


def test_clearing_that_is_interrupted_says_how_many_went(kept: Cli) -> None:
    cache = kept.directory / ".taskroute" / "cache"
    shared = DiskStore(cache / "answers")
    held = sqlite3.connect(cache / "stage-generate" / "cache.db", isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    command = [sys.executable, "-c", f"import sys; from taskroute.cli import main; sys.exit(main({[*CLEAR]!r}))"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=kept.directory) as clearing:
        until = time.monotonic() + 30
        while any("/e/" in name for name in shared.scan("")):
            assert time.monotonic() < until
            time.sleep(0.01)
        # It waits for the other store by now.
        clearing.send_signal(signal.SIGINT)
        held.execute("ROLLBACK")
        held.close()
        _, said = clearing.communicate(timeout=30)
    shared.close()
    assert clearing.returncode == 130
    assert re.fullmatch(r"error: interrupted: [2-4] answers removed, .* until then\n", said)


def test_remains_of_an_earlier_database_are_told(kept: Cli) -> None:
    broken = kept.directory / ".taskroute" / "cache" / "answers" / "cache.db.broken"
    broken.write_bytes(b"?")
    ran = kept("cache", "clear", "--tenant", "acme")
    assert ran.status == 0
    assert "note: answers: " in ran.out
    assert "cache.db.broken may hold answers; `taskroute cache verify --repair` removes it" in ran.out
    assert len(as_json(kept, "clear", "--tenant", "acme")["remains"]) == 1
    assert kept("cache", "verify").status == 1
    assert kept("cache", "verify", "--repair").status == 0
    assert not broken.exists()


def test_clearing_says_how_many_went(kept: Cli) -> None:
    before = as_json(kept, "show", "aa11")["answers"][0]["bytes"]
    assert kept("cache", "clear", "--tenant", "acme", "--dry-run").out == f"1 answer would be removed, {before} B\n"
    assert len(keys(kept)) == 3
    assert kept("cache", "clear", "--tenant", "acme").out == f"1 answer removed, {before} B\n"
    assert keys(kept) == ["aa33", "bb22"]
    assert kept("cache", "clear", "--tenant", "acme") == (0, "0 answers removed, 0 B\n", "")


def test_clearing_all_stays_within_the_namespace(kept: Cli) -> None:
    assert as_json(kept, "clear", "--all")["removed"] == 3
    assert keys(kept, "--all-namespaces") == ["dd44"]
    assert as_json(kept, "stats")["hits"] == 3
    assert as_json(kept, "clear", "--all", "--all-namespaces")["removed"] == 1


def test_a_sound_cache_is_verified(kept: Cli) -> None:
    ran = kept("cache", "verify")
    assert (ran.status, ran.out) == (0, "OK  disk, .taskroute/cache: no damage found\n")
    assert as_json(kept, "verify")["ok"] is True


def test_damage_is_a_no_until_it_is_repaired(kept: Cli) -> None:
    store = DiskStore(kept.directory / ".taskroute" / "cache" / "answers")
    store.put(names.entry("default", "ee55"), b"tr1:{}")
    store.close()
    found = as_json(kept, "verify", status=1)
    assert (found["ok"], found["repaired"], len(found["faults"])) == (False, False, 1)
    ran = kept("cache", "verify")
    assert ran.status == 1
    assert "fault: answers: the answer 'ee55'" in ran.out
    assert "--repair removes what is damaged" in ran.out
    ran = kept("cache", "verify", "--repair")
    assert ran.status == 0
    assert "repaired: answers: the answer 'ee55'" in ran.out
    assert kept("cache", "verify").status == 0
    assert len(keys(kept)) == 3


COMMANDS = [["stats"], ["list"], ["show", "aa"], ["clear", "--all"], ["verify"]]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_policy_without_a_cache_is_told_with_the_cure(cli: Cli, command: list[str]) -> None:
    cli.write("taskroute.yaml", "models: {small: openai:gpt-5-mini}\ndefault: small\n")
    ran = cli("cache", *command)
    assert (ran.status, ran.out) == (2, "")
    assert "add cache: {}" in ran.err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_directory_that_is_not_there_is_told_and_not_made(cli: Cli, command: list[str]) -> None:
    cli.write("taskroute.yaml", POLICY)
    ran = cli("cache", *command)
    assert (ran.status, ran.out) == (2, "")
    assert "there is no directory" in ran.err
    assert [path.name for path in cli.directory.iterdir()] == ["taskroute.yaml"]


def test_a_cache_in_memory_is_out_of_reach(cli: Cli) -> None:
    cli.write("taskroute.yaml", "models: {small: openai:gpt-5-mini}\ndefault: small\ncache: {store: memory}\n")
    ran = cli("cache", "stats")
    assert ran.status == 2
    assert "each process has its own" in ran.err


def test_the_policy_that_comes_with_taskroute_keeps_nothing(cli: Cli) -> None:
    ran = cli("cache", "stats")
    assert ran.status == 2
    assert "the demo policy that comes with taskroute" in ran.err


def test_an_address_that_is_not_set_and_a_server_that_is_not_there_are_told(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("redis")
    cli.write("r.yaml", "models: {small: openai:gpt-5-mini}\ndefault: small\ncache: {store: redis, url: '${SOME_REDIS}'}\n")
    monkeypatch.delenv("SOME_REDIS", raising=False)
    ran = cli("cache", "stats", "--policy", "r.yaml")
    assert ran.status == 2
    assert "SOME_REDIS, which is not set" in ran.err
    monkeypatch.setenv("SOME_REDIS", "redis://user:word@127.0.0.1:1/0")
    ran = cli("cache", "stats", "--policy", "r.yaml")
    assert (ran.status, ran.out) == (2, "")
    assert "the cache (redis, ${SOME_REDIS}) cannot be used: ConnectionError" in ran.err
    assert "word" not in ran.err


@pytest.mark.parametrize(
    "arguments", [["list", "--limit", "0"], ["clear", "--older-than", "soon"], ["list", "--namespace", "a", "--all-namespaces"], []]
)
def test_wrong_usage_ends_with_2(kept: Cli, arguments: list[str]) -> None:
    assert kept("cache", *arguments).status == 2


def test_the_commands_load_no_framework(kept: Cli) -> None:
    code = (
        "import sys; from taskroute.cli import main\n"
        "assert main(['cache', 'stats']) == 0\n"
        "heavy = {'langchain_core', 'langchain', 'litellm', 'opentelemetry.sdk', 'redis', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    ran = in_own_process(code=code, cwd=kept.directory)
    assert ran.status == 0, ran.err


def test_times_and_sizes_are_in_words() -> None:
    assert [duration(seconds) for seconds in (0.4, 59, 60, 3661, 90_000, 7 * 86_400 + 5)] == ["0s", "59s", "1m", "1h 1m", "1d 1h", "7d"]
    assert [size(count) for count in (0, 999, 1000, 10**9, 5 * 10**13)] == ["0 B", "999 B", "1.0 kB", "1.0 GB", "50.0 TB"]


def test_an_answer_is_past_its_time_from_the_moment_on() -> None:
    kept = Kept("k", entry()._replace(until=100.0), 1, "", "default")
    assert [kept.is_stale(now) for now in (99.9, 100.0)] == [False, True]


# The section in other commands

SECTION = POLICY.replace("cache: {ttl: 1d,", "cache: {ttl: 1d, scope: tenant, admit_after: 2, stale_if_error: 7d,").replace(
    "10MB}}", "10MB}, cite: none}, tasks: {code: {tool_calls: true, max_temperature: 1}}"
)


def test_check_shows_the_cache_with_its_exceptions(cli: Cli) -> None:
    ran = cli("check", cli.write("p.yaml", SECTION))
    assert ran.status == 0, ran.err
    said = " ".join(ran.out.split())
    assert "all disk, .taskroute/cache; 1.0 GB at most; for 1d; each tenant its own; from sighting 2 within 1d; 7d longer" in said
    assert "stage generate for 1h, 10.0 MB of its own" in said
    assert "stage cite not kept" in said
    assert "task code up to temperature 1, tool calls too" in said
    assert json.loads(cli("check", "p.yaml", "--json").out)["cache"]["stages"]["cite"] == "none"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["hi", "--tenant", "acme"], "looked into; an answer is kept for 1d"),
        (["hi", "--tenant", "acme", "--stage", "generate"], "looked into; an answer is kept for 1h, with a size limit of stage generate"),
        (["hi"], "bypass: the call does not say whose it is: no tenant"),
        (["jo@example.com", "--tenant", "acme"], "bypass: sensitive"),
        (["hi", "--tenant", "acme", "--stage", "cite"], "off: stage cite keeps no answers"),
    ],
)
def test_explain_says_what_part_a_call_has_in_the_cache(cli: Cli, arguments: list[str], said: str) -> None:
    cli.write("taskroute.yaml", SECTION)
    ran = cli("explain", *arguments)
    assert ran.status == 0
    assert f"cache      {said}\n" in ran.out
    assert [path.name for path in cli.directory.iterdir()] == ["taskroute.yaml"]


def test_explain_needs_neither_the_server_of_a_cache_nor_its_address(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_REDIS", raising=False)
    cli.write("taskroute.yaml", "models: {small: openai:gpt-5-mini}\ndefault: small\ncache: {store: redis, url: '${SOME_REDIS}'}\n")
    ran = cli("explain", "hi", "--json")
    assert ran.status == 0, ran.err
    assert json.loads(ran.out)["cache"] == {"status": "on", "ttl_s": 86_400.0, "scope": {}, "admit_after": 1}
