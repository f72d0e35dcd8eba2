"""`taskroute phoenix-prices`, against a server on loopback that keeps models as Phoenix does; tests/backends has the real one."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.ports import free_port

from .running import Cli

POLICY = """\
models:
  small: {model: "openai:gpt-5-mini", price: {input: 0.25, output: 2, cache_read: 0.025, input_audio: 10, output_audio: 20}}
  private: {model: "ollama:llama3.3", price: {input: 1, output: 3, reasoning: 4}}
  unknown: {model: "made-up:model"}
  euros: {model: "mistralai:mistral-large", price: {input: 2, output: 6, currency: EUR}}
default: [small]
"""
BUILT_IN = {
    "id": "b1",
    "name": "gpt-5-mini",
    "namePattern": "gpt-5-mini",
    "provider": "openai",
    "kind": "BUILT_IN",
    "startTime": None,
    "tokenPrices": [],
}


class FakePhoenix:
    """Keeps models, gives them out one a page, and notes what it is asked."""

    def __init__(self, *, status: int = 200, answer: Any = None, headers: dict[str, str] | None = None) -> None:
        self.models: list[dict[str, Any]] = [BUILT_IN]
        self.asked: list[str] = []
        self.keys: list[str | None] = []
        self.status, self.answer, self.headers = status, answer, headers or {}
        self.url = ""

    def reply(self, query: str, variables: dict[str, Any]) -> Any:
        if self.answer is not None:
            return self.answer
        given = variables.get("input")
        if given is None:
            place = int(variables["after"] or 0)
            more = place + 1 < len(self.models)
            page = {"pageInfo": {"hasNextPage": more, "endCursor": str(place + 1)}, "edges": [{"node": self.models[place]}]}
            return {"data": {"generativeModels": page}}
        prices = given.pop("costs")
        # As Phoenix does, which keeps the price of one token.
        kept = [{**price, "costPerMillionTokens": price["costPerMillionTokens"] / 1e6 * 1e6} for price in prices]
        model = {"id": f"m{len(self.models)}", "provider": None, "startTime": None, "kind": "CUSTOM", **given, "tokenPrices": kept}
        self.models = [each for each in self.models if each["id"] != model["id"]] + [model]
        return {"data": {"updateModel" if "updateModel" in query else "createModel": {"model": {"id": model["id"]}}}}

    def of(self, name: str) -> dict[tuple[str, str], float]:
        (model,) = (model for model in self.models if model["name"] == name and model["kind"] == "CUSTOM")
        return {(price["kind"], price["tokenType"]): round(price["costPerMillionTokens"], 9) for price in model["tokenPrices"]}


@contextmanager
def serving(phoenix: FakePhoenix) -> Iterator[FakePhoenix]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            phoenix.asked.append(self.path)
            phoenix.keys.append(self.headers["authorization"])
            said = json.dumps(phoenix.reply(body["query"], body["variables"])).encode()
            self.send_response(phoenix.status)
            for name, value in {"content-length": str(len(said)), **phoenix.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    phoenix.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield phoenix
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def phoenix(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePhoenix]:
    monkeypatch.delenv("PHOENIX_API_KEY", raising=False)
    with serving(FakePhoenix()) as running:
        yield running


@pytest.fixture
def policy(cli: Cli) -> str:
    return cli.write("taskroute.yaml", POLICY)


def test_every_price_in_dollars_is_entered_and_the_others_are_named(cli: Cli, policy: str, phoenix: FakePhoenix) -> None:
    ran = cli("phoenix-prices", "--url", phoenix.url)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.count("entered") == 2
    assert "left out: unknown: no price is known" in ran.out
    assert "left out: euros: its price is in EUR, and Phoenix counts in US dollars" in ran.out
    assert phoenix.of("gpt-5-mini") == {
        ("PROMPT", "input"): 0.25,
        ("PROMPT", "cache_read"): 0.025,
        ("PROMPT", "audio"): 10,
        ("COMPLETION", "output"): 2,
        ("COMPLETION", "audio"): 20,
    }
    assert phoenix.of("llama3.3") == {("PROMPT", "input"): 1, ("COMPLETION", "output"): 3, ("COMPLETION", "reasoning"): 4}
    assert set(phoenix.asked) == {"/graphql"}


def test_doing_it_twice_changes_nothing_and_a_new_price_updates_the_entry(cli: Cli, policy: str, phoenix: FakePhoenix) -> None:
    assert cli("phoenix-prices", "--url", phoenix.url).status == 0
    before = [*phoenix.models]
    assert cli("phoenix-prices", "--url", phoenix.url).out.count("unchanged") == 2
    assert phoenix.models == before
    cli.write("taskroute.yaml", POLICY.replace("output: 3", "output: 5"))
    said = json.loads(cli("phoenix-prices", "--url", f"{phoenix.url}/", "--json").out)
    assert {entry["model"]: entry["done"] for entry in said["entered"]} == {"gpt-5-mini": "unchanged", "llama3.3": "updated"}
    assert phoenix.of("llama3.3")["COMPLETION", "output"] == 5
    assert len(phoenix.models) == 3


def test_what_somebody_entered_by_hand_under_the_name_is_brought_up_to_date(cli: Cli, policy: str, phoenix: FakePhoenix) -> None:
    hand = {
        "id": "h1",
        "name": "llama3.3",
        "namePattern": "llama",
        "provider": "ollama",
        "kind": "CUSTOM",
        "startTime": None,
        "tokenPrices": [],
    }
    phoenix.models.append(hand)
    assert "updated" in cli("phoenix-prices", "--url", phoenix.url).out
    (model,) = (model for model in phoenix.models if model["name"] == "llama3.3")
    assert (model["id"], model["provider"]) == ("h1", "ollama")


@pytest.mark.parametrize(
    ("name", "matches"),
    [
        ("gpt-5-mini", True),
        ("gpt-5-mini-2025-08-07", True),
        ("gpt-5-mini@20250807", True),
        ("gpt-5-mini-high", False),
        ("gpt-5-minimal", False),
        ("my-gpt-5-mini", False),
    ],
)
def test_a_pattern_takes_the_name_with_a_date_and_no_other_model(cli: Cli, policy: str, name: str, matches: bool) -> None:
    said = json.loads(cli("phoenix-prices", "--dry-run", "--json").out)
    (pattern,) = (entry["pattern"] for entry in said["entered"] if entry["model"] == "gpt-5-mini")
    assert bool(re.search(pattern, name)) is matches


def test_a_dry_run_asks_nobody(cli: Cli, policy: str, phoenix: FakePhoenix) -> None:
    ran = cli("phoenix-prices", "--url", phoenix.url, "--dry-run")
    assert ran.status == 0
    assert ran.out.count("would be entered") == 2
    assert phoenix.asked == []


def test_what_phoenix_has_no_place_for_is_said(cli: Cli) -> None:
    price = "{input: 1, output: 2, request: 0.01, cache_write: 2, cache_write_1h: 4, tiers: [{over: 1000, input: 3}], service_tiers: {flex: {input: 0.5, output: 1}}}"
    cli.write("taskroute.yaml", f"models:\n  only: {{model: 'openai:gpt-5-mini', price: {price}}}\ndefault: only\n")
    (entry,) = json.loads(cli("phoenix-prices", "--dry-run", "--json").out)["entered"]
    assert entry["notes"] == [
        "large inputs cost there what others do",
        "cache entries kept for an hour cost there what others do",
        "the fee for each call is left out",
        "other classes of service cost there what the usual one does",
    ]


def test_of_one_model_at_two_prices_the_first_is_entered(cli: Cli) -> None:
    lines = [
        f"  {name}: {{model: 'openai:gpt-5-mini', price: {{input: {price}, output: 2}}}}\n"
        for name, price in (("a", 1), ("b", 3), ("c", 1))
    ]
    cli.write("taskroute.yaml", f"models:\n{''.join(lines)}default: a\n")
    said = json.loads(cli("phoenix-prices", "--dry-run", "--json").out)
    assert [entry["model"] for entry in said["entered"]] == ["gpt-5-mini"]
    assert [left["name"] for left in said["left_out"]] == ["b"]


def test_without_a_price_the_answer_is_no(cli: Cli, phoenix: FakePhoenix) -> None:
    cli.write("taskroute.yaml", "models: {only: 'made-up:model'}\ndefault: only\n")
    ran = cli("phoenix-prices", "--url", phoenix.url)
    assert ran.status == 1
    assert "no model of the policy has a price" in ran.err
    assert phoenix.asked == []


def test_the_key_goes_to_the_server_and_nowhere_else(cli: Cli, policy: str, phoenix: FakePhoenix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOENIX_API_KEY", "secret-key")
    ran = cli("phoenix-prices", "--url", phoenix.url, "--json")
    assert set(phoenix.keys) == {"Bearer secret-key"}
    assert "secret-key" not in ran.out + ran.err
    with serving(FakePhoenix(status=307, headers={"location": f"{phoenix.url}/elsewhere"})) as sends_away:
        asked = len(phoenix.asked)
        ran = cli("phoenix-prices", "--url", sends_away.url)
    assert (ran.status, len(phoenix.asked)) == (2, asked)
    assert "answers 307" in ran.err


@pytest.mark.parametrize(
    ("fake", "said"),
    [
        (FakePhoenix(status=401), "answers 401; put its API key into PHOENIX_API_KEY"),
        (FakePhoenix(status=500), "answers 500"),
        (FakePhoenix(answer={"data": None, "errors": [{"message": "You are not allowed"}]}), "refuses: You are not allowed"),
        (FakePhoenix(answer=[1]), "refuses: it gives no reason"),
        (FakePhoenix(answer={"data": {"generativeModels": [1]}}), "lists models in another way"),
    ],
)
def test_a_server_that_refuses_ends_it_with_its_reason(cli: Cli, policy: str, fake: FakePhoenix, said: str) -> None:
    with serving(fake):
        ran = cli("phoenix-prices", "--url", fake.url)
    assert ran.status == 2
    assert said in ran.err


@pytest.mark.parametrize("url", ["phoenix:6006", "ftp://phoenix", "http://"])
def test_an_address_that_is_none_is_refused(cli: Cli, policy: str, url: str) -> None:
    ran = cli("phoenix-prices", "--url", url)
    assert ran.status == 2
    assert "is not an HTTP address" in ran.err


def test_a_server_that_is_not_there_is_an_error(cli: Cli, policy: str) -> None:
    ran = cli("phoenix-prices", "--url", f"http://127.0.0.1:{free_port()}")
    assert ran.status == 2
    assert "cannot be reached" in ran.err


def test_a_password_in_the_address_is_refused_and_not_repeated(cli: Cli, policy: str) -> None:
    ran = cli("phoenix-prices", "--url", "http://user:hunter2@127.0.0.1:6006")
    assert ran.status == 2
    assert "PHOENIX_API_KEY" in ran.err
    assert "hunter2" not in ran.err
