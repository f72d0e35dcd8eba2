"""Which spans a call leaves, by the policy's `telemetry.spans` and by what the host knows of other instrumentation."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from taskroute import Router, load_policy
from taskroute.errors import AllModelsFailedError, PolicyError
from taskroute.execution.drivers import drive
from taskroute.execution.streams import drive_stream
from taskroute.steps import Attempt
from taskroute.telemetry.spans import SpanObserver
from taskroute.testing import FakeClock, ScriptedModel
from taskroute.types import Call, Cost, Reply, Usage

from .driven import RateLimitError, said

Mode = Literal["auto", "full", "route_only"]
MODELS = {"small": "openai:gpt-5-mini", "large": "anthropic:claude-opus-4-5"}
PRICED = {name: {"model": model, "price": {"input": 1, "output": 1}} for name, model in MODELS.items()}
ANSWER = Reply("three months", usage=Usage(input=10, output=3), cost=None, finish_reason="stop", model="gpt-5-mini-2026")


class Client:
    """Answers with what stands next for a model, and opens a span as instrumentation of a client would."""

    def __init__(self, provider: TracerProvider, **script: list[Any]) -> None:
        self.script = script
        self.tracer = provider.get_tracer("client")

    def answer(self, attempt: Attempt) -> Reply:
        said: Reply | BaseException = self.script[attempt.model].pop(0)
        with self.tracer.start_as_current_span(f"client {attempt.model}"):
            if isinstance(said, BaseException):
                raise said
            return said

    def expects(self, attempt: Attempt, reply: Reply) -> Any:
        raise AssertionError("nothing is examined here")


class Traced:
    """A router whose spans are kept, with a policy of this mode."""

    def __init__(self, mode: Mode | None, **policy: Any) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        said = {} if mode is None else {"telemetry": {"spans": mode}}
        self.policy = {"models": PRICED, "default": ["small", "large"], **said, **policy}
        registry = Router(self.policy).snapshot.registry
        observer = SpanObserver(tracer_provider=self.provider, models=registry.get)
        self.router = Router(self.policy, observers=[observer], clock=FakeClock())

    def call(self, *, traced: bool, **script: list[Any]) -> None:
        client: Any = Client(self.provider, **script)
        drive(self.router.run(Call("How long is the notice period?", traced=traced)), client)

    def spans(self) -> dict[str, ReadableSpan]:
        return {span.name: span for span in self.exporter.get_finished_spans()}

    def parent_of(self, name: str) -> str | None:
        ids = {span.context.span_id: span.name for span in self.exporter.get_finished_spans() if span.context is not None}
        parent = self.spans()[name].parent
        return None if parent is None else ids[parent.span_id]


def events(span: ReadableSpan, name: str) -> list[dict[str, Any]]:
    return [dict(event.attributes or {}) for event in span.events if event.name == name]


def with_tokens(spans: dict[str, ReadableSpan]) -> list[str]:
    """Return where tokens stand, on a span or on one of its events."""
    return [
        name
        for name, span in spans.items()
        if any(key.startswith("gen_ai.usage.") for told in (span.attributes, *[e.attributes for e in span.events]) for key in told or {})
    ]


@pytest.mark.parametrize(
    ("mode", "traced", "attempts"),
    [
        (None, False, True),
        (None, True, False),
        ("auto", False, True),
        ("auto", True, False),
        ("full", False, True),
        ("full", True, True),
        ("route_only", False, False),
        ("route_only", True, False),
    ],
)
def test_attempts_have_spans_unless_they_are_somebody_elses(mode: Mode | None, traced: bool, attempts: bool) -> None:
    call = Traced(mode)
    call.call(traced=traced, small=[ANSWER])
    assert ("chat gpt-5-mini" in call.spans()) is attempts
    assert len(events(call.spans()["route default"], "attempt")) == (0 if attempts else 1)
    assert with_tokens(call.spans()) == (["chat gpt-5-mini"] if attempts else [])


def test_what_the_client_writes_hangs_below_the_route_when_the_attempt_has_no_span() -> None:
    call = Traced("route_only")
    call.call(traced=False, small=[ANSWER])
    assert call.parent_of("client small") == "route default"
    assert len({span.context.trace_id for span in call.spans().values() if span.context is not None}) == 1


def test_an_attempt_is_told_as_an_event_with_what_became_of_it() -> None:
    call = Traced("route_only", retry={"extra": 1})
    call.call(traced=False, small=[RateLimitError("secret"), RateLimitError("secret")], large=[ANSWER])
    route = call.spans()["route default"]
    first, second = events(route, "attempt")
    assert first == {
        "taskroute.model": "small",
        "taskroute.attempt": 1,
        "taskroute.retry.count": 1,
        "taskroute.failure": "rate_limit",
        "error.type": "429",
        "exception.type": "tests.telemetry.driven.RateLimitError",
    }
    assert second == {
        "taskroute.model": "large",
        "taskroute.attempt": 2,
        "taskroute.retry.count": 0,
        "taskroute.fallback.from": "small",
        "taskroute.fallback.reason": "rate_limit",
    }
    assert events(route, "retry") == [{"taskroute.model": "small", "taskroute.failure": "rate_limit", "error.type": "429"}]
    assert "secret" not in route.to_json()


def test_a_call_that_got_its_answer_from_a_fallback_is_no_failed_one() -> None:
    call = Traced("route_only", retry={"extra": 0})
    call.call(traced=False, small=[RateLimitError()], large=[ANSWER])
    assert call.spans()["route default"].status.is_unset


def test_a_call_that_failed_is_one_without_spans_of_attempts_too() -> None:
    call = Traced("route_only", retry={"extra": 0})
    with pytest.raises(AllModelsFailedError):
        call.call(traced=False, small=[RateLimitError()], large=[RateLimitError()])
    route = call.spans()["route default"]
    assert not route.status.is_ok
    assert said(route)["error.type"] == "taskroute.errors.AllModelsFailedError"
    assert [event["taskroute.model"] for event in events(route, "attempt")] == ["small", "large"]


def test_the_cost_stands_on_the_route_alone() -> None:
    call = Traced("route_only")
    call.call(traced=False, small=[ANSWER._replace(cost=Cost(Decimal(2), source="user"))])
    route = call.spans()["route default"]
    assert said(route)["taskroute.cost.total"] == 2.0
    assert not any("cost" in key for event in events(route, "attempt") for key in event)


def test_the_events_come_in_the_order_in_which_things_happened() -> None:
    call = Traced("route_only", retry={"extra": 1, "backoff": "1s"})
    call.call(traced=False, small=[RateLimitError(), RateLimitError()], large=[ANSWER])
    route = call.spans()["route default"]
    assert [event.name for event in route.events] == ["retry", "attempt", "attempt"]
    stamps = [event.timestamp for event in route.events]
    assert stamps == sorted(stamps)
    assert (route.start_time or 0) <= stamps[0]
    assert stamps[-1] <= (route.end_time or 0)


def test_a_reload_changes_the_spans_of_the_calls_after_it() -> None:
    call = Traced("full")
    call.call(traced=False, small=[ANSWER])
    assert "chat gpt-5-mini" in call.spans()
    call.exporter.clear()
    call.router.reload({**call.policy, "telemetry": {"spans": "route_only"}})
    call.call(traced=False, small=[ANSWER])
    assert "chat gpt-5-mini" not in call.spans()


def test_an_embedding_is_told_like_a_chat() -> None:
    call = Traced("auto")
    client: Any = Client(call.provider, small=[ANSWER])
    drive(call.router.run(Call("a text", operation="embeddings", traced=True)), client)
    assert list(call.spans()) == ["client small", "route default"]


class Streaming:
    """Streams two chunks of text."""

    class Source:
        def take(self, chunk: str) -> bool:
            return bool(chunk)

        def reply(self) -> Reply:
            return ANSWER._replace(answer=None)

    def open(self, attempt: Attempt) -> Any:
        return iter(["three ", "months"]), self.Source()


@pytest.mark.parametrize("dropped", [False, True])
def test_a_stream_is_told_as_one_event_also_when_it_is_dropped(dropped: bool) -> None:
    call = Traced("route_only")
    client: Any = Streaming()
    stream = drive_stream(call.router.run(Call("How long?")), client)
    assert next(stream) == "three "
    if dropped:
        stream.close()
    else:
        assert list(stream) == ["months"]
    (event,) = events(call.spans()["route default"], "attempt")
    assert event.get("taskroute.cancelled") is (True if dropped else None)
    assert list(call.spans()) == ["route default"]


def test_the_current_span_is_as_before_after_the_call() -> None:
    call = Traced("route_only")
    with call.provider.get_tracer("app").start_as_current_span("request") as request:
        call.call(traced=False, small=[ANSWER])
        assert trace.get_current_span() is request
    assert call.parent_of("route default") == "request"


def test_it_is_the_same_under_langchain() -> None:
    from taskroute_langchain import RoutedChatModel
    from taskroute_langchain.testing import chat_models

    call = Traced("route_only")
    llm = RoutedChatModel(router=call.router, models=chat_models(ScriptedModel({"small": "hi", "large": "hi"})))
    assert llm.invoke("How long?").content == "hi"
    assert list(call.spans()) == ["route default"]


@pytest.mark.parametrize("wrong", ["none", "", None, True, ["full"]])
def test_a_mode_that_is_none_is_refused_where_it_stands(wrong: Any) -> None:
    with pytest.raises(PolicyError, match=r"telemetry\.spans"):
        load_policy({"models": MODELS, "default": "small", "telemetry": {"spans": wrong}})


def test_a_policy_that_says_what_is_the_default_is_the_same_policy() -> None:
    plain = {"models": MODELS, "default": "small"}
    assert load_policy({**plain, "telemetry": {"spans": "auto"}}).fingerprint == load_policy(plain).fingerprint
    assert load_policy({**plain, "telemetry": {"spans": "full"}}).fingerprint != load_policy(plain).fingerprint
