"""What the spans say of circuits, of answers that were not good enough, and of retries that nobody else sees."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from taskroute import Call, NoEligibleModelError, Router
from taskroute.execution.drivers import drive
from taskroute.execution.streams import drive_stream
from taskroute.stores.memory import MemoryStore
from taskroute.telemetry.spans import SpanObserver
from taskroute.testing import FakeClock
from taskroute.types import Reply
from tests.execution.test_drivers import Host, RateLimitError
from tests.policies import policy

from .driven import said

SECRET = "the answer that nobody may read in a span"
ON: dict[str, Any] = {"fallback": {"on": ["rate_limit", "truncated"]}}
SCORED: dict[str, Any] = {"fallback": {"on": ["rate_limit", "truncated", "low_confidence"], "min_score": 0.8}}


class Replies(Host):
    """A host whose answers are replies as they stand."""

    def answer(self, attempt: Any) -> Reply:
        line = self._next(attempt)[0]
        if isinstance(line, BaseException):
            raise line
        return line if isinstance(line, Reply) else Reply(answer=line)


class Spans:
    """A router whose spans are kept."""

    def __init__(self, *, check: Any = None, store: MemoryStore | None = None, **changes: Any) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.clock = FakeClock()
        observer = SpanObserver(tracer_provider=provider, models=lambda name: None)
        self.router = Router(
            policy(retry={"extra": 0}, **changes), clock=self.clock, observers=[observer], environ={}, check=check, store=store
        )

    def ask(self, host: Host, **options: Any) -> None:
        with contextlib.suppress(NoEligibleModelError, RateLimitError):
            drive(self.router.run(Call("q"), **options), host)

    def taken(self) -> tuple[dict[str, Any], list[dict[str, Any]], ReadableSpan]:
        """Return what is said on the route span and on the attempts of the last call, and the route span."""
        spans = self.exporter.get_finished_spans()
        self.exporter.clear()
        route = next(span for span in spans if span.name.startswith("route"))
        attempts = sorted((span for span in spans if span is not route), key=lambda span: span.start_time or 0)
        return said(route), [said(span) for span in attempts], route


def test_an_answer_that_was_cut_off_says_so_on_its_span_and_the_next_one_says_why_it_was_asked() -> None:
    spans = Spans(**ON)
    spans.ask(Replies({"small": [Reply(SECRET, finish_reason="length", text=SECRET)], "large": [Reply("hi", finish_reason="stop")]}))
    route, (cut, whole), _ = spans.taken()
    assert cut["taskroute.validation.failure"] == "truncated"
    assert "length" in cut["taskroute.validation.detail"]
    assert cut["gen_ai.response.finish_reasons"] == ("length",)
    assert whole["taskroute.fallback.reason"] == route["taskroute.fallback.reason"] == "truncated"
    assert (route["taskroute.model"], route["taskroute.fallback.count"], route["taskroute.fallback.from"]) == ("large", 1, "small")
    assert SECRET not in str((route, cut, whole))


def test_a_score_is_written_whether_the_answer_was_good_enough_or_not() -> None:
    scores = iter([0.3, 0.9, 0.95])
    spans = Spans(**SCORED, check=lambda answer: next(scores))
    for _ in range(2):
        spans.ask(Replies({"small": ["hey"], "large": ["hi"]}))
        _, attempts, _ = spans.taken()
        low = attempts[0]["taskroute.validation.score"] == 0.3
        assert low == ("taskroute.validation.failure" in attempts[0])
        # While one answer is kept, the next is scored too.
        assert [attempt["taskroute.validation.score"] for attempt in attempts] == ([0.3, 0.9] if low else [0.95])


def test_the_span_of_an_answer_ends_when_the_answer_was_there_not_when_it_had_been_examined() -> None:
    def slow_check(answer: Any) -> float:
        spans.clock.advance(5.0)
        return 1.0

    spans = Spans(**SCORED, check=slow_check)
    spans.ask(Replies({"small": ["hey"]}))
    finished = spans.exporter.get_finished_spans()
    attempt, route = (next(span for span in finished if span.name.startswith(word)) for word in ("chat", "route"))
    assert ((route.end_time or 0) - (attempt.end_time or 0)) / 1e9 == pytest.approx(5.0)


def test_the_try_that_opens_a_circuit_and_the_probe_after_it_are_marked() -> None:
    spans = Spans(default=["small"], breaker={"failures": 2, "cooldown": "10s"})
    for opens in (False, True):
        spans.ask(Host({"small": [RateLimitError(SECRET)]}))
        _, (attempt,), _ = spans.taken()
        assert attempt.get("taskroute.breaker.open", False) is opens
    spans.ask(Host({}))
    route, attempts, _ = spans.taken()
    assert attempts == []
    assert "circuit open: 2 of 2 tries failed within 60s, the last with rate_limit (RateLimitError)" in route["taskroute.rejected"][0]
    spans.clock.advance(10)
    spans.ask(Host({"small": ["hi"]}))
    assert spans.taken()[1][0]["taskroute.breaker.probe"] is True


def test_a_model_that_is_found_open_on_the_way_leaves_an_event_on_the_route_span() -> None:
    store = MemoryStore()
    other, spans = (Spans(store=store, breaker={"failures": 1}) for _ in range(2))
    other.ask(Host({"small": [RateLimitError(SECRET)], "large": ["hi"]}))
    spans.ask(Host({"large": ["hi"]}))
    _, (attempt,), span = spans.taken()
    (event,) = span.events
    assert event.name == "skipped"
    assert (event.attributes or {})["taskroute.model"] == "small"
    assert "rate_limit" in str((event.attributes or {})["taskroute.reason"])
    assert "taskroute.fallback.from" not in attempt
    assert SECRET not in str(event.attributes)


@pytest.mark.parametrize(("retries", "written"), [(2, 2), (0, 0), (None, None)])
def test_what_the_models_own_client_may_repeat_is_on_its_span(retries: int | None, written: int | None) -> None:
    spans = Spans()
    spans.ask(Host({"small": ["hi"]}), client_retries=lambda model: retries)
    assert spans.taken()[1][0].get("taskroute.client.retries") == written


def test_a_stream_that_is_held_back_ends_its_span_once() -> None:
    class Cut(Host):
        def open(self, attempt: Any) -> tuple[Iterator[Any], Any]:
            chunks, source = super().open(attempt)
            source.reply = lambda: Reply("x", finish_reason="length" if attempt.model == "small" else "stop", text="x")
            return chunks, source

    spans = Spans(**ON)
    assert list(drive_stream(spans.router.run(Call("q")), Cut({"small": [["a", "b"]], "large": [["c"]]}))) == ["c"]
    route, attempts, _ = spans.taken()
    assert [attempt.get("taskroute.validation.failure") for attempt in attempts] == ["truncated", None]
    assert route["taskroute.attempts"] == 2


def test_a_stream_with_nothing_in_it_says_so_on_its_span() -> None:
    spans = Spans()
    assert list(drive_stream(spans.router.run(Call("q")), Host({"small": [["", ""]], "large": [["hi"]]}))) == ["hi"]
    route, (empty, whole), _ = spans.taken()
    assert empty["taskroute.validation.failure"] == "server_error"
    assert empty["taskroute.validation.detail"] == "the stream ended without an answer"
    assert "taskroute.validation.failure" not in whole
    assert (route["taskroute.model"], route["taskroute.fallback.reason"]) == ("large", "server_error")


def test_a_stream_that_is_held_back_says_when_it_had_something_to_give() -> None:
    class Takes(Host):
        def open(self, attempt: Any) -> tuple[Iterator[Any], Any]:
            chunks, source = super().open(attempt)
            return self.slowly(chunks), source

        def slowly(self, chunks: Iterator[Any]) -> Iterator[Any]:
            for chunk in chunks:
                spans.clock.advance(0.5)
                yield chunk

    for changes in (ON, {}):
        spans = Spans(**changes)
        for _ in drive_stream(spans.router.run(Call("q")), Takes({"small": [["", "a", "b"]], "large": [["c"]]})):
            spans.clock.advance(7)
        _, (attempt,), _ = spans.taken()
        assert (attempt["gen_ai.response.time_to_first_chunk"], attempt["gen_ai.request.stream"]) == (1.0, True)


def test_a_stream_that_is_closed_while_it_is_given_out_after_it_was_held_back_is_cancelled_with_its_answer_on_its_span() -> None:
    spans = Spans(**ON)
    chunks = drive_stream(spans.router.run(Call("q")), Host({"small": [["a", "b"]]}))
    assert next(chunks) == "a"
    chunks.close()
    route, (attempt,), _ = spans.taken()
    assert route["taskroute.cancelled"] is True
    assert "taskroute.cancelled" not in attempt


def test_a_probe_that_streams_is_one_span() -> None:
    spans = Spans(default=["small"], breaker={"failures": 1, "cooldown": "10s"})
    spans.ask(Host({"small": [RateLimitError(SECRET)]}))
    spans.taken()
    spans.clock.advance(10)
    assert list(drive_stream(spans.router.run(Call("q")), Host({"small": [["a", "b"]]}))) == ["a", "b"]
    route, (attempt,), _ = spans.taken()
    assert attempt["taskroute.breaker.probe"] is True
    assert (route["taskroute.model"], route["taskroute.attempts"]) == ("small", 1)
