"""Who hangs below whom: the work of a model below its span, all other work of a call below the route, in each of the ways to make one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from taskroute import Call, Router
from taskroute.execution.streams import adrive_stream, drive_stream
from taskroute.ports import Clock
from taskroute.stores.memory import MemoryStore
from taskroute.telemetry.spans import SpanObserver
from taskroute.testing import FakeClock
from taskroute.types import Classification, Reply
from tests.cache.keeping import WAYS, KeepingHost, Way
from tests.policies import policy

from .driven import RateLimitError

ways = pytest.mark.parametrize("way", WAYS)
CALL = Call("How long is the notice period?")
SCORED: dict[str, Any] = {"fallback": {"on": ["rate_limit", "low_confidence"], "min_score": 0.8}}


class Spans:
    """What is written in a test, and a tracer for those who do some work in it."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer = self.provider.get_tracer("application")
        self.observer = SpanObserver(tracer_provider=self.provider, models=lambda name: None)

    def work(self, name: str) -> None:
        with self.tracer.start_as_current_span(name):
            pass

    def named(self, word: str) -> list[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if span.name.startswith(word)]

    def above(self, word: str) -> list[str]:
        """Return the names of the spans above those whose name begins so, each once."""
        names = {span.context.span_id: span.name for span in self.exporter.get_finished_spans() if span.context is not None}
        return sorted({names[span.parent.span_id] if span.parent else "" for span in self.named(word)})

    def traces(self) -> int:
        return len({span.context.trace_id for span in self.exporter.get_finished_spans() if span.context is not None})


class WorkingStore(MemoryStore):
    """A store whose client writes spans."""

    def __init__(self, clock: Clock, spans: Spans) -> None:
        super().__init__(clock)
        self.spans = spans

    def get(self, key: str) -> bytes | None:
        self.spans.work("store get")
        return super().get(key)

    def put(self, key: str, value: bytes, ttl: float | None = None) -> None:
        self.spans.work("store put")
        super().put(key, value, ttl)

    def compare_and_set(self, key: str, expected: bytes | None, value: bytes, ttl: float | None = None) -> bool:
        self.spans.work("store compare")
        return super().compare_and_set(key, expected, value, ttl)


class WorkingClassifier:
    """A classifier that asks somebody, whose client writes spans."""

    name, local, labels = "asked", False, ()

    def __init__(self, spans: Spans) -> None:
        self.spans = spans

    def classify(self, text: str, tasks: Collection[str]) -> Classification:
        self.spans.work("classifier")
        return Classification({"math": 0.9})

    async def aclassify(self, text: str, tasks: Collection[str]) -> Classification:
        await asyncio.sleep(0)
        return self.classify(text, tasks)


def router(spans: Spans, **options: Any) -> Router:
    given = {name: options.pop(name) for name in ("classifier", "check", "store", "cache_store") if name in options}
    cache = given.pop("cache_store", None)
    return Router(
        policy(**{"retry": {"extra": 0}, **options}), clock=FakeClock(), environ={}, observers=[spans.observer], cache=cache, **given
    )


@ways
def test_the_tree_is_the_same_in_each_way(way: Way) -> None:
    spans = Spans()
    host = KeepingHost({"small": [RateLimitError()], "large": ["hi"]})
    with spans.tracer.start_as_current_span("request") as request:
        assert way(router(spans), host, CALL) == "hi"
        assert trace.get_current_span() is request
    assert spans.above("route") == ["request"]
    assert spans.above("chat small") == spans.above("chat large") == ["route default"]
    assert spans.traces() == 1


@ways
def test_a_classifiers_work_hangs_below_the_route(way: Way) -> None:
    spans = Spans()
    routes = [{"name": "sums", "when": {"task": "math"}, "use": "large"}]
    routed = router(spans, classifier=WorkingClassifier(spans), routes=routes)
    assert way(routed, KeepingHost({"large": ["hi"]}), CALL) == "hi"
    assert spans.above("classifier") == ["route sums"]


@ways
def test_a_checks_work_hangs_below_the_route_and_not_below_the_model_whose_answer_it_looks_at(way: Way) -> None:
    spans = Spans()
    scores = iter((0.1, 1.0))

    def check(answer: Any) -> float:
        spans.work("check")
        return next(scores)

    routed = router(spans, check=check, **SCORED)
    assert way(routed, KeepingHost({"small": ["no"], "large": ["hi"]}), CALL) == "hi"
    assert spans.above("check") == ["route default"]
    assert len(spans.named("check")) == 2


@ways
def test_the_work_of_a_cache_hangs_below_the_route_also_after_a_model_has_failed(way: Way) -> None:
    spans = Spans()
    clock = FakeClock()
    routed = router(spans, cache={}, cache_store=WorkingStore(clock, spans))
    assert way(routed, KeepingHost({"small": [RateLimitError()], "large": ["hi"]}), CALL) == "hi"
    assert spans.above("store get") == spans.above("store put") == ["route default"]


@ways
def test_the_work_of_the_store_of_circuits_hangs_below_the_route(way: Way) -> None:
    spans = Spans()
    routed = router(spans, store=WorkingStore(FakeClock(), spans), breaker={"failures": 1})
    assert way(routed, KeepingHost({"small": [RateLimitError()], "large": ["hi"]}), CALL) == "hi"
    assert spans.above("store compare") == ["route default"]


class Slow:
    """Streams two chunks, and works before each."""

    def __init__(self, spans: Spans) -> None:
        self.spans = spans

    def take(self, chunk: Any) -> bool:
        return bool(chunk)

    def reply(self) -> Reply:
        return Reply("three months", text="three months")

    def chunks(self) -> Iterator[str]:
        for chunk in ("three ", "months"):
            self.spans.work("client")
            yield chunk

    async def achunks(self) -> AsyncIterator[str]:
        for chunk in self.chunks():
            await asyncio.sleep(0)
            yield chunk

    def open(self, attempt: Any) -> Any:
        return self.chunks(), self

    def aopen(self, attempt: Any) -> Any:
        return self.achunks(), self

    def expects(self, attempt: Any, reply: Reply) -> Any:
        raise AssertionError("nothing is examined here")


def whole_trees(spans: Spans) -> None:
    assert spans.above("client") == ["chat small"]
    assert spans.above("chat") == ["route default"]
    assert spans.above("route") == ["request"]


def test_a_stream_that_is_dropped_early_leaves_the_same_tree_and_no_context(caplog: pytest.LogCaptureFixture) -> None:
    spans = Spans()
    host: Any = Slow(spans)
    with spans.tracer.start_as_current_span("request") as request:
        chunks = drive_stream(router(spans).run(CALL), host)
        assert next(chunks) == "three "
        assert trace.get_current_span() is request
        chunks.close()
        assert trace.get_current_span() is request
    whole_trees(spans)
    assert caplog.records == []


def test_a_stream_read_in_another_thread_than_it_was_dropped_in_leaves_the_same_tree(caplog: pytest.LogCaptureFixture) -> None:
    spans = Spans()
    host: Any = Slow(spans)
    with spans.tracer.start_as_current_span("request"):
        chunks = drive_stream(router(spans).run(CALL), host)
        first: list[str] = []
        in_a_thread(lambda: first.append(next(chunks)))
    in_a_thread(chunks.close)
    assert first == ["three "]
    # Nothing has begun before the first chunk is asked for, but the call was made where its reader stood.
    whole_trees(spans)
    assert caplog.records == []


def in_a_thread(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(20)


def test_an_async_stream_that_is_left_to_the_collector_leaves_the_same_tree(caplog: pytest.LogCaptureFixture) -> None:
    spans = Spans()
    host: Any = Slow(spans)

    async def main() -> None:
        async for chunk in adrive_stream(router(spans).run(CALL, is_async=True), host):
            assert chunk == "three "
            break
        await asyncio.sleep(0)

    with spans.tracer.start_as_current_span("request"):
        asyncio.run(main())
    whole_trees(spans)
    assert caplog.records == []


def test_a_batch_is_one_tree_for_each_of_its_calls() -> None:
    from taskroute.testing import ScriptedModel
    from taskroute_langchain import RoutedChatModel
    from taskroute_langchain.testing import chat_models

    spans = Spans()
    llm = RoutedChatModel(router=router(spans), models=chat_models(ScriptedModel({"small": "hi", "large": "hi"})))
    with spans.tracer.start_as_current_span("request"):
        assert [answer.content for answer in llm.batch(["one", "two", "three"])] == ["hi"] * 3
    assert [len(spans.named(word)) for word in ("route", "chat")] == [3, 3]
    assert (spans.above("route"), spans.above("chat"), spans.traces()) == (["request"], ["route default"], 1)
