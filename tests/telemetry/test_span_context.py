"""Which span is current while the host works, in threads, in tasks and when work is thrown away; and what happens without an SDK."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import Any

import pytest
from opentelemetry import baggage, context, trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler, SamplingResult
from opentelemetry.sdk.trace.sampling import Decision as Sampling
from opentelemetry.trace import NonRecordingSpan, NoOpTracerProvider, SpanContext, TraceFlags

from taskroute import Router
from taskroute.execution.drivers import drive
from taskroute.execution.run import Source
from taskroute.execution.streams import drive_stream
from taskroute.ports import Watch
from taskroute.steps import Attempt, Classify, Ended, Failed
from taskroute.telemetry.spans import SpanObserver
from taskroute.types import Call, Decision, NeedSignal, Outcome, Reply
from tests.cache.keeping import KeepingHost
from tests.policies import policy

DECISION = Decision(candidates=("small",), route="answers", reason="a test")


def nothing_known(_: str) -> None:
    return None


class Traced:
    """An observer, the spans that it wrote, and a tracer for the host's own spans."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.host = provider.get_tracer("host")
        self.observer = SpanObserver(tracer_provider=provider, models=nothing_known)

    def begin(self) -> Watch:
        watch = self.observer.begin(Call("hi"), 0.0)
        assert watch is not None
        watch.decided(DECISION)
        return watch

    def span(self, name: str) -> ReadableSpan:
        (found,) = [span for span in self.exporter.get_finished_spans() if span.name == name]
        return found

    def parent_of(self, span: ReadableSpan) -> str | None:
        names = {s.context.span_id: s.name for s in self.exporter.get_finished_spans() if s.context is not None}
        return None if span.parent is None else names[span.parent.span_id]


def attempt(watch: Watch, model: str = "small", number: int = 1) -> None:
    watch.step(Attempt(model, number, 0, None, DECISION), float(number))


def end(watch: Watch) -> None:
    watch.event(Ended(Reply("hi"), 8.0), None, 8.0)
    watch.finished(Outcome(DECISION, (), "answered"), 9.0)


@pytest.fixture
def traced() -> Traced:
    return Traced()


@pytest.fixture(autouse=True)
def nothing_leaks(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Every test here must leave the context as it was, and log nothing."""
    before = context.get_current()
    yield
    assert context.get_current() == before
    assert caplog.get_records("call") == []


def test_the_hosts_own_spans_hang_under_the_attempt(traced: Traced) -> None:
    watch = traced.begin()
    attempt(watch)
    with watch.active(), traced.host.start_as_current_span("http"):
        pass
    end(watch)
    assert traced.parent_of(traced.span("http")) == "chat small"


def test_work_before_the_first_attempt_hangs_under_the_route(traced: Traced) -> None:
    watch = traced.begin()
    watch.step(Classify(NeedSignal("task", "hi")), 0.5)
    with watch.active(), traced.host.start_as_current_span("classify"):
        pass
    attempt(watch)
    end(watch)
    assert traced.parent_of(traced.span("classify")) == "route answers"


def test_the_work_of_a_fallback_hangs_under_its_own_attempt(traced: Traced) -> None:
    watch = traced.begin()
    attempt(watch)
    watch.event(Failed(TimeoutError(), 0, 2.0), "timeout", 2.0)
    attempt(watch, "large", 2)
    with watch.active(), traced.host.start_as_current_span("http"):
        pass
    end(watch)
    assert traced.parent_of(traced.span("http")) == "chat large"


def test_the_route_hangs_under_the_callers_span_and_the_callers_baggage_stays(traced: Traced) -> None:
    token = context.attach(baggage.set_baggage("tenant", "t1"))
    try:
        with traced.host.start_as_current_span("request"):
            watch = traced.begin()
        attempt(watch)
        with watch.active():
            assert baggage.get_baggage("tenant") == "t1"
        end(watch)
    finally:
        context.detach(token)
    assert traced.parent_of(traced.span("route answers")) == "request"


def test_the_context_is_as_before_after_active_also_when_the_host_raises(traced: Traced) -> None:
    watch = traced.begin()
    attempt(watch)
    with traced.host.start_as_current_span("request") as outer:
        with pytest.raises(ConnectionError), watch.active():
            assert trace.get_current_span() is not outer
            raise ConnectionError
        assert trace.get_current_span() is outer
    end(watch)
    assert traced.span("chat small").events == ()
    assert traced.span("chat small").status.is_unset


def test_holding_the_attempt_does_not_end_it(traced: Traced) -> None:
    watch = traced.begin()
    attempt(watch)
    with watch.active():
        pass
    assert traced.exporter.get_finished_spans() == ()
    end(watch)


def test_attempts_opened_in_a_thread_that_knows_no_trace_stay_in_the_tree(traced: Traced) -> None:
    with traced.host.start_as_current_span("request"):
        watch = traced.begin()

    def work() -> None:
        attempt(watch)
        with watch.active(), traced.host.start_as_current_span("http"):
            pass
        end(watch)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert traced.parent_of(traced.span("http")) == "chat small"
    assert traced.parent_of(traced.span("chat small")) == "route answers"
    assert traced.parent_of(traced.span("route answers")) == "request"


def trees(traced: Traced) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for span in traced.exporter.get_finished_spans():
        assert span.context is not None
        found.setdefault(span.context.trace_id, []).append(span.name)
    return found


def check_trees(traced: Traced, count: int) -> None:
    wanted = sorted(sorted([f"http {n}", f"chat m{n}", "route answers"]) for n in range(count))
    assert sorted(sorted(names) for names in trees(traced).values()) == wanted
    for n in range(count):
        assert traced.parent_of(traced.span(f"http {n}")) == f"chat m{n}"


def test_calls_in_many_threads_do_not_mix(traced: Traced) -> None:
    together = threading.Barrier(8)

    def call(n: int) -> None:
        watch = traced.begin()
        attempt(watch, f"m{n}")
        with watch.active():
            together.wait(timeout=10)
            with traced.host.start_as_current_span(f"http {n}"):
                pass
        end(watch)

    threads = [threading.Thread(target=call, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check_trees(traced, 8)


def test_calls_in_many_tasks_do_not_mix(traced: Traced) -> None:
    async def call(n: int) -> None:
        watch = traced.begin()
        attempt(watch, f"m{n}")
        with watch.active():
            await asyncio.sleep(0)
            with traced.host.start_as_current_span(f"http {n}"):
                await asyncio.sleep(0)
        end(watch)

    async def main() -> None:
        await asyncio.gather(*(call(n) for n in range(8)))

    asyncio.run(main())
    check_trees(traced, 8)


async def chunks() -> AsyncIterator[str]:
    for chunk in "hello":
        await asyncio.sleep(0)
        yield chunk


def routed_stream(watch: Watch) -> AsyncIterator[str]:
    async def stream() -> AsyncIterator[str]:
        attempt(watch)
        source = chunks()
        while True:
            with watch.active():
                chunk = await anext(source, None)
            if chunk is None:
                break
            yield chunk
        end(watch)

    return stream()


def test_a_stream_read_by_a_new_task_for_each_chunk_keeps_every_context_clean(traced: Traced) -> None:
    async def main() -> list[str]:
        stream = routed_stream(traced.begin())

        async def one() -> str | None:
            chunk = await anext(stream, None)
            assert not trace.get_current_span().get_span_context().is_valid
            return chunk

        read: list[str] = []
        while (chunk := await asyncio.create_task(one())) is not None:
            read.append(chunk)
        return read

    assert asyncio.run(main()) == list("hello")
    assert traced.parent_of(traced.span("chat small")) == "route answers"


def test_a_stream_left_after_its_first_chunk_leaves_no_context_behind(traced: Traced) -> None:
    async def main() -> None:
        stream = routed_stream(traced.begin())
        async for _ in stream:
            break
        assert not trace.get_current_span().get_span_context().is_valid

    asyncio.run(main())


def test_a_task_cancelled_while_the_host_works_leaves_no_context_behind(traced: Traced) -> None:
    async def main() -> None:
        watch = traced.begin()
        attempt(watch)

        async def work() -> None:
            with pytest.raises(asyncio.CancelledError), watch.active():
                await asyncio.Event().wait()
            assert not trace.get_current_span().get_span_context().is_valid

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        await task
        end(watch)

    asyncio.run(main())


def in_a_copy(work: Callable[[], object]) -> None:
    contextvars.copy_context().run(work)


@pytest.mark.parametrize("elsewhere", [contextvars.Context().run, in_a_copy])
def test_work_thrown_away_in_another_context_neither_logs_nor_touches_it(
    traced: Traced, elsewhere: Callable[[Callable[[], object]], object]
) -> None:
    watch = traced.begin()
    attempt(watch)

    def work() -> Generator[None, None, None]:
        with watch.active():
            yield

    abandoned = work()
    contextvars.copy_context().run(next, abandoned)

    def throw_away() -> None:
        with traced.host.start_as_current_span("other") as other:
            abandoned.close()
            assert trace.get_current_span() is other

    elsewhere(throw_away)
    end(watch)


def test_without_an_sdk_no_call_is_followed() -> None:
    observer = SpanObserver(tracer_provider=NoOpTracerProvider(), models=nothing_known)
    assert observer.begin(Call("hi"), 0.0) is None


@pytest.mark.parametrize("is_inside", [False, True])
def test_without_an_sdk_a_trace_that_comes_from_elsewhere_is_not_followed_either(is_inside: bool) -> None:
    far = NonRecordingSpan(SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)))
    observer = SpanObserver(tracer_provider=NoOpTracerProvider(), models=nothing_known)
    with trace.use_span(far if is_inside else trace.INVALID_SPAN):
        assert observer.begin(Call("hi"), 0.0) is None


class DropsRoutes(Sampler):
    def should_sample(self, parent_context: Any, trace_id: int, name: str, *rest: Any, **options: Any) -> SamplingResult:
        if name == "route":
            return SamplingResult(Sampling.DROP)
        return ALWAYS_ON.should_sample(parent_context, trace_id, name, *rest, **options)

    def get_description(self) -> str:
        return "drops calls"


@pytest.mark.parametrize("way", ["answer", "stream"])
def test_what_the_host_writes_in_a_call_that_the_sampler_drops_is_dropped_with_it(way: str) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=ParentBased(DropsRoutes()), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    client = provider.get_tracer("client")

    class Client(KeepingHost):
        def answer(self, attempt: Attempt) -> Reply:
            with client.start_as_current_span("POST"):
                return super().answer(attempt)

        def open(self, attempt: Attempt) -> tuple[Iterator[Any], Source]:
            with client.start_as_current_span("POST"):
                return super().open(attempt)

    router = Router(policy(), environ={}, observers=[SpanObserver(tracer_provider=provider, models=nothing_known)])
    host: Any = Client({"small": [TimeoutError("30s")], "large": ["hi"]})
    if way == "answer":
        drive(router.run(Call("hi")), host)
    else:
        list(drive_stream(router.run(Call("hi")), host))
    with client.start_as_current_span("after"):
        pass
    assert [(span.name, span.parent) for span in exporter.get_finished_spans()] == [("after", None)]


LATE = """
import sys
from taskroute.telemetry.spans import SpanObserver
from taskroute.types import Call
observer = SpanObserver(models=lambda name: None)
assert observer.begin(Call("hi"), 0.0) is None
assert not [name for name in [*sys.modules] if name.startswith("opentelemetry.sdk")], "the SDK was imported"
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
trace.set_tracer_provider(TracerProvider(shutdown_on_exit=False))
assert observer.begin(Call("hi"), 0.0) is not None
print("followed")
"""


def test_a_provider_that_is_set_after_the_observer_was_built_is_used_and_the_sdk_is_never_imported() -> None:
    run = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("followed\n", "")
