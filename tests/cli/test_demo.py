"""`taskroute demo`: the chain runs offline, and what it prints adds up."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from taskroute.cli.demo.export import endpoint
from taskroute.cli.demo.ledger import Ledger, compare
from taskroute.cli.demo.retriever import BM25, shipped_documents
from taskroute.cli.policies import CommandError, demo_policy
from taskroute.policy.lint import warnings
from taskroute.policy.parse import load_policy
from taskroute.router import Router
from taskroute.testing import ScriptedModel
from taskroute_langchain import RoutedChatModel
from taskroute_langchain.testing import chat_models

from .running import Cli, in_own_process


def test_the_shipped_policy_is_sensible() -> None:
    policy = load_policy(demo_policy())
    assert len(policy.routes) >= 4
    assert not warnings(policy)


def test_the_demo_shows_stages_known_in_four_ways_a_fallback_and_a_private_question(cli: Cli) -> None:
    ran = cli("demo")
    assert (ran.status, ran.err) == (0, "")
    assert "stand-ins answer" in ran.out
    assert "Tokens are estimates" in ran.out
    for teller in ("for_stage", "metadata", "the chain around it", "a tag"):
        assert f"told by {teller}; " in ran.out
    assert "small failed: rate_limit" in ran.out
    assert re.search(r"generate +large +1 call", ran.out)
    assert re.search(r"generate +private +1 call", ran.out)
    assert "What happens when the model is rate limited?" in ran.out
    assert "the next model answers at once. [fallbacks]" in " ".join(ran.out.split())
    assert ran.out.count("3 of 3 sentences stand in the texts") == 2
    assert "7 calls that 'large' may not see are in neither sum" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100


def test_the_demo_prints_the_same_every_time(cli: Cli) -> None:
    assert cli("demo").out == cli("demo").out


def test_the_printed_costs_of_the_steps_add_up_to_the_total(cli: Cli) -> None:
    out = cli("demo").out
    steps = [Decimal(cost) for model, cost in re.findall(r"^  \w+ +(\w+) .* out +([\d.]+) USD$", out, re.MULTILINE) if model != "private"]
    routed = re.search(r"as routed +([\d.]+) USD", out)
    strong = re.search(r"everything on 'large' +([\d.]+) USD", out)
    assert routed is not None
    assert strong is not None
    assert len(steps) == 5
    assert float(sum(steps)) == pytest.approx(float(routed[1]), rel=0.01)
    assert Decimal(strong[1]) > Decimal(routed[1])


def test_another_question_is_answered_from_the_texts(cli: Cli) -> None:
    ran = cli("demo", "--question", "Does this version have a cache of answers?")
    assert ran.status == 0
    assert "This version of taskroute has no cache of answers. [caching]" in " ".join(ran.out.split())


def test_a_policy_of_your_own_routes_it_and_an_unknown_price_stays_unknown(cli: Cli) -> None:
    name = cli.write("mine.yaml", "models: {only: made-up:model}\ndefault: only\n")
    ran = cli("demo", "--policy", name, "--question", "What is a stage?")
    assert ran.status == 0
    assert re.search(r"as routed +unknown", ran.out)
    assert "everything on the strong model: unknown" in ran.out
    assert "failed" not in ran.out


def test_a_question_that_no_model_may_answer_is_told_and_the_status_is_1(cli: Cli) -> None:
    text = "models: {only: openai:gpt-5-mini}\ndefault: only\nrequire:\n  - {when: {sensitive: true}, labels: private}\n"
    ran = cli("demo", "--policy", cli.write("mine.yaml", text), "--question", "I am ann@example.com, what is a stage?")
    assert ran.status == 1
    assert "NoEligibleModelError" in ran.err


def test_live_lists_every_key_that_is_missing(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    ran = cli("demo", "--live")
    assert (ran.status, ran.out) == (2, "")
    assert "OPENAI_API_KEY (for 'small')" in ran.err
    assert "ANTHROPIC_API_KEY (for 'large')" in ran.err


def test_the_comparison_prices_the_same_tokens_on_the_dearest_model() -> None:
    ledger = Ledger()
    price = {"cheap": {"input": 1, "output": 1}, "dear": {"input": 10, "output": 20}}
    models = {name: {"model": f"made-up:{name}", "price": one} for name, one in price.items()}
    router = Router({"models": models, "default": ["cheap", "dear"]}, observers=(ledger,))
    llm = RoutedChatModel(router=router, models=chat_models(ScriptedModel({"cheap": "three short words", "dear": "unused"})))
    llm.invoke("two words")
    found = compare(ledger.outcomes, router)
    assert found.model == "dear"
    assert found.routed is not None
    assert found.strong is not None
    assert found.routed.amount == Decimal("0.000005")
    assert found.strong.amount == Decimal("0.000080")


@pytest.mark.parametrize(
    ("question", "source"),
    [
        ("How do I keep e-mail addresses private?", "privacy"),
        ("What happens when a provider is rate limited?", "fallbacks"),
        ("How is the stage of a call known?", "stages"),
        ("Which tasks are there for debugging and translation?", "tasks"),
        ("Are answers cached?", "caching"),
        ("Which OpenTelemetry spans are there?", "tracing"),
        ("What does a call cost when the price is unknown?", "costs"),
    ],
)
def test_the_retriever_puts_the_text_that_answers_first(question: str, source: str) -> None:
    retriever = BM25(documents=shipped_documents(), k=2)
    assert retriever.invoke(question)[0].metadata["source"] == source


def test_the_retriever_finds_nothing_for_words_that_no_text_has() -> None:
    assert BM25(documents=shipped_documents()).invoke("zebra xylophone") == []


@pytest.mark.parametrize(
    ("url", "sent_to"),
    [
        ("http://localhost:4318", "http://localhost:4318/v1/traces"),
        ("http://localhost:4318/", "http://localhost:4318/v1/traces"),
        ("https://collector/otel/v1/traces", "https://collector/otel/v1/traces"),
    ],
)
def test_spans_go_to_the_path_of_otlp_unless_another_is_given(url: str, sent_to: str) -> None:
    assert endpoint(url) == sent_to


@pytest.mark.parametrize("url", ["localhost:4318", "ftp://x", "nonsense"])
def test_an_address_that_is_not_http_is_refused(url: str) -> None:
    with pytest.raises(CommandError, match="is not an HTTP address"):
        endpoint(url)


class Collector(BaseHTTPRequestHandler):
    bodies: list[tuple[str, bytes]]

    def do_POST(self) -> None:
        self.bodies.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    bodies: list[tuple[str, bytes]] = []
    server = HTTPServer(("127.0.0.1", 0), type("Sink", (Collector,), {"bodies": bodies}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", bodies
    server.shutdown()
    thread.join()
    server.server_close()


def test_spans_of_every_call_reach_a_collector_before_the_command_ends(
    collector: tuple[str, list[tuple[str, bytes]]], tmp_path: Path
) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    url, bodies = collector
    # A process of its own, because a process has one tracer provider for all its life.
    ran = in_own_process("demo", "--otlp", url, cwd=tmp_path)
    assert ran.status == 0, ran.err
    assert {path for path, _ in bodies} == {"/v1/traces"}
    requests = [ExportTraceServiceRequest.FromString(body) for _, body in bodies]
    spans = [span for request in requests for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]
    routes = [span.name for span in spans if not span.parent_span_id]
    assert len(routes) == 14
    assert {"route retrieval work", "route answer", "route check"} <= set(routes)
    assert f"{len(spans)} spans sent to {url}" in ran.out


def test_a_collector_that_is_not_there_is_told_and_the_status_is_1(tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    ran = in_own_process("demo", "--otlp", "http://127.0.0.1:9", "--question", "What is a stage?", cwd=tmp_path)
    assert ran.status == 1
    assert "spans could not be sent to 'http://127.0.0.1:9'" in ran.err
    assert "Traceback" not in ran.err
    assert "What is a stage?" in ran.out
