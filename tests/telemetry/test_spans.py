"""What the spans say of a call that goes well: the tree, the decision, the request and the answer."""

from __future__ import annotations

from decimal import Decimal

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from taskroute.steps import Classified, Classify
from taskroute.types import Classification, Cost, Decision, NeedSignal, Reply, Signal, Signals, Usage

from .driven import PROMPT, SPECS, Driven, SeenByTheSampler, Spec, answered, decide, said


def test_a_call_is_an_internal_route_span_with_a_client_span_for_the_model() -> None:
    call = answered(Reply("hi"))
    route, attempt = call.spans()
    assert (route.name, route.kind, route.parent) == ("route answers", SpanKind.INTERNAL, None)
    assert (attempt.name, attempt.kind) == ("chat gpt-6-luna", SpanKind.CLIENT)
    assert attempt.parent is not None
    assert route.context is not None
    assert attempt.parent.span_id == route.context.span_id
    assert route.status.status_code is attempt.status.status_code is StatusCode.UNSET


def test_a_call_without_a_route_is_named_default() -> None:
    call = Driven(decide("small", route=None))
    call.watch.decided(call.decision)
    call.finish("cancelled")
    assert call.route().name == "route default"
    assert "taskroute.route" not in said(call.route())


def test_the_route_span_takes_its_name_from_the_outcome_when_no_decision_was_told() -> None:
    call = Driven(decide("small"))
    call.finish("cancelled")
    assert call.route().name == "route answers"


def test_times_are_those_of_the_driver_laid_over_the_wall_clock() -> None:
    call = answered(Reply("hi"))
    second = 1_000_000_000
    route, attempt = call.spans()
    assert (route.start_time, route.end_time) == (5 * second, 8 * second)
    assert (attempt.start_time, attempt.end_time) == (6 * second, 7 * second)


def test_the_route_span_explains_the_decision() -> None:
    signals = Signals(
        stage=Signal("generate", "metadata"),
        task=Signal("code_generation", "keywords", 0.0),
        complexity=Signal("high", "keywords", 0.9),
        language=Signal("en", "detected"),
    )
    rejected = {"onprem": "context window 8192 < 10412 tokens"}
    call = Driven(decide("small", "large", signals=signals, rejected=rejected, policy_version="p7", mode="observe"))
    call.watch.decided(call.decision)
    call.attempt("small")
    call.answers("small", Reply("hi"))
    call.finish()
    assert said(call.route()) == {
        "taskroute.operation": "chat",
        "taskroute.route": "answers",
        "taskroute.reason": "stage is generate",
        "taskroute.stage": "generate",
        "taskroute.stage.source": "metadata",
        "taskroute.task": "code_generation",
        "taskroute.task.source": "keywords",
        "taskroute.task.confidence": 0.0,
        "taskroute.complexity": "high",
        "taskroute.classifier.kind": "keywords",
        "taskroute.candidates": ("small", "large"),
        "taskroute.rejected": ("onprem: context window 8192 < 10412 tokens",),
        "taskroute.policy.version": "p7",
        "taskroute.decision.id": "d1",
        "taskroute.mode": "observe",
        "taskroute.model": "small",
        "taskroute.attempts": 1,
        "taskroute.fallback.count": 0,
    }


def test_what_is_not_known_is_absent() -> None:
    signals = Signals(stage=Signal(None, "none"), task=Signal(None, "keywords", 0.2))
    call = Driven(Decision(candidates=("small",), route=None, reason="default", signals=signals))
    call.watch.decided(call.decision)
    call.attempt("small")
    call.answers("small", Reply("hi", usage=Usage(input=3)))
    call.finish()
    always = {"operation", "reason", "candidates", "mode", "model", "attempts", "fallback.count"}
    assert set(said(call.route())) == {f"taskroute.{name}" for name in always}
    assert [name for name in said(call.attempts()[0]) if name.startswith("gen_ai.usage")] == ["gen_ai.usage.input_tokens"]


@pytest.mark.parametrize("source", ["explicit", "metadata", "tag", "header"])
def test_a_task_that_the_caller_named_has_no_classifier(source: str) -> None:
    call = Driven(decide("small", signals=Signals(task=Signal("math", source))))
    call.watch.decided(call.decision)
    call.finish("cancelled")
    assert said(call.route())["taskroute.task.source"] == source
    assert "taskroute.classifier.kind" not in said(call.route())


def test_the_time_of_a_classifier_that_was_asked_is_told() -> None:
    call = Driven(decide("small"))
    call.watch.step(Classify(NeedSignal("task", PROMPT)), 100.25)
    call.watch.event(Classified(Classification(), 100.5), None, 100.5)
    call.watch.decided(call.decision)
    call.finish("cancelled")
    assert said(call.route())["taskroute.classifier.duration_ms"] == 250.0


def test_samplers_see_the_request_when_the_span_is_created() -> None:
    sampler = SeenByTheSampler()
    call = Driven(decide("small"), sampler=sampler)
    call.watch.decided(call.decision)
    call.attempt("onprem", number=2, fell=("small", "timeout"))
    call.finish("cancelled")
    assert sampler.seen == [
        ("route", {"taskroute.operation": "chat"}),
        (
            "chat llama3.3",
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "ollama",
                "gen_ai.request.model": "llama3.3",
                "server.address": "10.0.0.7",
                "server.port": 11434,
                "taskroute.model": "onprem",
                "taskroute.attempt": 2,
                "taskroute.fallback.from": "small",
                "taskroute.fallback.reason": "timeout",
                "taskroute.timeout.enforced": "client",
            },
        ),
    ]


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        ("openai", "openai"),
        ("google_genai", "gcp.gemini"),
        ("google_vertexai", "gcp.vertex_ai"),
        ("bedrock_converse", "aws.bedrock"),
        ("azure_openai", "azure.ai.openai"),
        ("azure", "azure.ai.openai"),
        ("mistralai", "mistral_ai"),
        ("XAI", "x_ai"),
        ("bedrock-converse", "aws.bedrock"),
        ("my-own", "my-own"),
    ],
)
def test_providers_are_named_as_the_conventions_name_them(provider: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SPECS, "given", Spec(provider, "m"))
    assert said(answered(Reply("hi"), model="given").attempts()[0])["gen_ai.provider.name"] == name


@pytest.mark.parametrize(
    ("base_url", "address", "port"),
    [
        ("https://api.example.com/v1", "api.example.com", 443),
        ("http://example.com", "example.com", 80),
        ("localhost:11434", "localhost", 11434),
        ("http://[::1]:8080/v1", "::1", 8080),
        ("https://example.com:99999", None, None),
        ("", None, None),
        ("unix:///run/model.sock", None, None),
    ],
)
def test_the_server_comes_from_the_base_url(base_url: str, address: str | None, port: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SPECS, "given", Spec("openai", "m", base_url))
    attributes = said(answered(Reply("hi"), model="given").attempts()[0])
    assert (attributes.get("server.address"), attributes.get("server.port")) == (address, port)


@pytest.mark.parametrize("model", ["bare", "stranger"])
def test_a_model_of_which_nothing_is_known_goes_by_its_name_in_the_policy(model: str) -> None:
    attempt = answered(Reply("hi", provider="mistralai"), model=model).attempts()[0]
    assert attempt.name == f"chat {model}"
    assert said(attempt)["gen_ai.request.model"] == model
    assert said(attempt)["gen_ai.provider.name"] == "mistral_ai"
    assert "server.address" not in said(attempt)


def test_the_answer_leaves_its_model_usage_and_cost() -> None:
    cost = Cost(amount=Decimal("0.0042"), source="user")
    usage = Usage(input=3600, output=200, cache_read=1000, cache_write=50, reasoning=0)
    reply = Reply("hi", usage, "stop", "gpt-6-luna-2026-10-01", "openai", "resp_1", text="secret answer", cost=cost)
    call = answered(reply)
    attributes = said(call.attempts()[0])
    paid = {"taskroute.cost.total": 0.0042, "taskroute.cost.currency": "USD", "taskroute.cost.source": "user"}
    assert attributes == paid | {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-6-luna",
        "server.address": "api.openai.com",
        "server.port": 443,
        "gen_ai.response.model": "gpt-6-luna-2026-10-01",
        "gen_ai.response.id": "resp_1",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 3600,
        "gen_ai.usage.output_tokens": 200,
        "gen_ai.usage.cache_read.input_tokens": 1000,
        "gen_ai.usage.cache_write.input_tokens": 50,
        "gen_ai.usage.cache_creation.input_tokens": 50,
        "gen_ai.usage.reasoning.output_tokens": 0,
        "taskroute.model": "small",
        "taskroute.attempt": 1,
        "taskroute.retry.count": 0,
    }
    assert paid.items() <= said(call.route()).items()


def test_a_price_of_zero_is_told_and_an_unknown_price_is_not() -> None:
    free = answered(Reply("hi", cost=Cost(amount=Decimal(0), source="user")))
    assert said(free.route())["taskroute.cost.total"] == 0.0
    unknown = answered(Reply("hi"))
    assert not [name for span in unknown.spans() for name in said(span) if "cost" in name]
