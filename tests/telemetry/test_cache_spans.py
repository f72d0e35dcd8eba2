"""What the route span says of the cache, and that an answer which no model gave leaves no span of one."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from taskroute import Call, NoEligibleModelError
from taskroute.execution.streams import drive_stream
from taskroute.stored import Asked
from taskroute.telemetry.spans import SpanObserver
from tests.cache.keeping import WAYS, KeepingHost, Kept, Way, ask, read

from .driven import said

ways = pytest.mark.parametrize("way", WAYS)
SECRET = "the answer that nobody may read in a span"
QUESTION = "the question that nobody may read in a span"


class Spans(Kept):
    """A router with a cache whose spans are kept."""

    def __init__(self, **changes: Any) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        super().__init__(observers=(SpanObserver(tracer_provider=provider, models=lambda name: None),), **changes)

    def taken(self) -> tuple[dict[str, Any], list[ReadableSpan]]:
        """Return what the route span of the last call says, and the spans of its attempts, in order."""
        spans = self.exporter.get_finished_spans()
        self.exporter.clear()
        (route,) = [span for span in spans if span.parent is None]
        others = [span for span in spans if span is not route]
        return said(route), sorted(others, key=lambda span: span.start_time or 0)


def cache_of(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of the cache and of costs."""
    names = ("taskroute.cache.", "taskroute.cost.")
    return {name.removeprefix("taskroute."): value for name, value in attributes.items() if name.startswith(names)}


@ways
def test_a_miss_and_a_hit_say_so_and_a_hit_has_no_span_of_a_model(way: Way) -> None:
    spans = Spans()
    host = KeepingHost({"small": ["hi"]})
    way(spans.router, host)
    route, attempts = spans.taken()
    assert cache_of(route) == {"cache.status": "miss", "cost.total": 0.25, "cost.currency": "USD", "cost.source": "user"}
    assert len(attempts) == 1
    spans.clock.advance(30)
    way(spans.router, host)
    route, attempts = spans.taken()
    assert cache_of(route) == {
        "cache.status": "hit",
        "cache.age_s": 30.0,
        "cost.saved": 0.25,
        "cost.saved.basis": "cache",
        "cost.total": 0.0,
        "cost.currency": "USD",
        "cost.source": "cache",
    }
    assert attempts == []
    assert (route["taskroute.model"], route["taskroute.attempts"], route["taskroute.fallback.count"]) == ("small", 0, 0)


def test_an_unknown_price_is_absent_and_what_is_saved_with_it() -> None:
    spans = Spans()
    host = KeepingHost({"small": ["hi"]}, cost=None)
    ask(spans.router, host)
    spans.taken()
    ask(spans.router, host)
    route, _ = spans.taken()
    assert cache_of(route)["cache.status"] == "hit"
    assert "cost.saved" not in cache_of(route)


@pytest.mark.parametrize(
    ("options", "call", "status", "reason"),
    [
        ({}, Call("q", cache="bypass"), "bypass", "asked for"),
        ({}, Call("my card is 4111 1111 1111 1111"), "bypass", "sensitive"),
        ({"cache": {"scope": "tenant"}}, Call("q"), "bypass", "the call does not say whose it is: no tenant"),
        ({"mode": "observe"}, Call("q"), "off", "nothing is enforced"),
        ({"cache": {"stages": {"rerank": "none"}}}, Call("q", stage="rerank"), "off", "stage rerank keeps no answers"),
    ],
    ids=str,
)
def test_a_call_that_has_no_part_in_it_says_why(options: dict[str, Any], call: Call, status: str, reason: str) -> None:
    spans = Spans(**options)
    ask(spans.router, KeepingHost({"small": ["hi"]}), call)
    route, _ = spans.taken()
    assert (route["taskroute.cache.status"], route["taskroute.cache.reason"]) == (status, reason)
    assert "taskroute.cache.age_s" not in route


def test_a_temperature_above_the_limit_is_a_bypass() -> None:
    spans = Spans()
    asked = Asked(({"role": "user", "content": "q"},), parameters={"temperature": 1.5})
    ask(spans.router, KeepingHost({"small": ["hi"]}, asked=asked))
    route, _ = spans.taken()
    assert route["taskroute.cache.status"] == "bypass"
    assert route["taskroute.cache.reason"].startswith("the temperature 1.5 is above 0.5")


def test_where_there_is_no_cache_nothing_is_said_of_one() -> None:
    with pytest.warns(UserWarning, match="the policy has no 'cache'"):
        spans = Spans(cache=None)
    ask(spans.router, KeepingHost({"small": ["hi"]}))
    route, _ = spans.taken()
    assert not [name for name in route if "cache" in name]


@ways
def test_an_answer_whose_time_is_over_says_so_beside_the_models_that_failed(way: Way) -> None:
    spans = Spans(cache={"ttl": "1m", "stale_if_error": "1h"})
    host = KeepingHost({"small": ["old", ConnectionError()], "large": [ConnectionError()]})
    way(spans.router, host)
    spans.taken()
    spans.clock.advance(90)
    way(spans.router, host)
    route, attempts = spans.taken()
    assert (route["taskroute.cache.status"], route["taskroute.cache.age_s"], route["taskroute.cost.saved"]) == ("stale", 90.0, 0.25)
    assert (route["taskroute.model"], route["taskroute.attempts"], route["taskroute.fallback.count"]) == ("small", 2, 1)
    # What was served is no answer of theirs.
    assert [span.status.status_code for span in attempts] == [StatusCode.ERROR, StatusCode.ERROR]
    assert not [name for span in attempts for name in said(span) if name.startswith(("gen_ai.usage", "gen_ai.response", "taskroute.cost"))]


@ways
def test_a_hit_after_a_failure_is_a_fallback_and_no_answer_of_the_model_that_failed(way: Way) -> None:
    spans = Spans()
    host = KeepingHost({"small": [ConnectionError(), ConnectionError()], "large": ["hi"]})
    way(spans.router, host)
    spans.taken()
    way(spans.router, host)
    route, attempts = spans.taken()
    assert (route["taskroute.cache.status"], route["taskroute.model"]) == ("hit", "large")
    assert (route["taskroute.attempts"], route["taskroute.fallback.count"], route["taskroute.fallback.from"]) == (1, 1, "small")
    (failed,) = attempts
    assert failed.status.status_code is StatusCode.ERROR
    assert not [name for name in said(failed) if name.startswith(("gen_ai.usage", "gen_ai.response"))]


def test_an_entry_that_cannot_be_served_is_a_miss_with_one_attempt() -> None:
    spans = Spans()
    host = KeepingHost({"small": ["old", "new"]})
    ask(spans.router, host)
    spans.taken()
    host.unservable = ValueError(SECRET)
    ask(spans.router, host)
    route, attempts = spans.taken()
    assert (route["taskroute.cache.status"], route["taskroute.attempts"], len(attempts)) == ("miss", 1, 1)
    assert attempts[0].status.status_code is StatusCode.UNSET


def test_a_call_that_nobody_could_answer_was_a_miss() -> None:
    spans = Spans(breaker={"failures": 1, "window": "60s", "cooldown": "300s"}, default="small")
    host = KeepingHost({"small": [ConnectionError()]})
    for error in (ConnectionError, NoEligibleModelError):
        with pytest.raises(error):
            ask(spans.router, host)
        route, _ = spans.taken()
        assert route["taskroute.cache.status"] == "miss"


def test_a_reader_that_drops_what_is_served_leaves_a_hit_that_was_cancelled() -> None:
    spans = Spans()
    host = KeepingHost({"small": ["hi there"]})
    read(spans.router, host)
    spans.taken()
    chunks = drive_stream(spans.router.run(Call("q")), host)
    next(chunks)
    chunks.close()
    route, attempts = spans.taken()
    assert (route["taskroute.cache.status"], route["taskroute.cancelled"]) == ("hit", True)
    assert attempts == []


def test_nothing_of_what_was_asked_or_answered_is_said() -> None:
    spans = Spans(cache={"ttl": "1m", "stale_if_error": "1h", "scope": ["user", "session"]})
    fails = [ConnectionError(SECRET)]
    host = KeepingHost({"small": [SECRET, *fails], "large": fails}, asked=Asked(({"role": "user", "content": QUESTION},)))
    for seconds in (0, 1, 90):
        spans.clock.advance(seconds)
        assert ask(spans.router, host, Call(QUESTION, user="acme corp", session="acme corp")) == SECRET
    assert spans.ends.statuses == ["miss", "hit", "stale"]
    everything = "".join(span.to_json() for span in spans.exporter.get_finished_spans())
    assert "taskroute.cache.status" in everything
    assert all(words not in everything for words in (SECRET, QUESTION, "acme corp"))
