"""One tree of spans, whichever way a call is made: the application's own, the route below it, the model's work, and what that does."""

from __future__ import annotations

import asyncio
import gc
import operator
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Annotated, Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from langgraph.graph import END, START, StateGraph
from opentelemetry import context, trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer
from pydantic import BaseModel

from taskroute import Router
from taskroute.telemetry.spans import SpanObserver
from taskroute_langchain import RoutedChatModel, RoutingMiddleware, wrap
from tests.langchain.fake_provider import FakeProvider
from tests.langchain.ways import WAYS, ask

Tree = dict[str, Any]
ONE: Tree = {"route default": {"chat a": {"http": {}}}}
FELL: Tree = {"route default": {"chat a": {"http": {}}, "chat b": {"http": {}}}}


class Tracing(FakeProvider):
    """Opens a span of its own for each request, as an instrumented client does."""

    tracer: Any
    fails: bool = False

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        with self.tracer.start_as_current_span("http"):
            if self.fails:
                raise ConnectionError("gone")
            return super()._generate(messages, *args, **kwargs)

    async def _agenerate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        await asyncio.sleep(0)
        return self._generate(messages, *args, **kwargs)

    def _stream(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        with self.tracer.start_as_current_span("http"):
            if self.fails:
                raise ConnectionError("gone")
            chunks = list(super()._stream(messages, *args, **kwargs))
        yield from chunks

    async def _astream(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._stream(messages, *args, **kwargs):
            await asyncio.sleep(0)
            yield chunk


class Word(BaseModel):
    """One word."""

    word: str


@tool
def look_up(what: str) -> str:
    """Look something up."""
    return what


class Traced:
    """An application with a tracer, a router that is observed by it, and the spans of both."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracer: Tracer = provider.get_tracer("application")
        observer = SpanObserver(tracer_provider=provider, models=_nothing_known)
        policy = {"models": {"a": {}, "b": {}}, "default": ["a", "b"], "retry": {"extra": 0}}
        self.router = Router(policy, observers=[observer], environ={})
        self.models = {"a": self.model(), "b": self.model(model_name="b")}

    def model(self, **fields: Any) -> Tracing:
        return Tracing(**{"tracer": self.tracer, "model_name": "a", **fields})

    def llm(self, **models: Any) -> RoutedChatModel:
        return RoutedChatModel(router=self.router, models={**self.models, **models})

    def tree(self) -> Tree:
        """Return the spans that ended, each with those below it. Those of one name below one span must be alike."""
        spans = self.exporter.get_finished_spans()
        return _below(None, spans)

    def count(self, name: str) -> int:
        return sum(span.name == name for span in self.exporter.get_finished_spans())


def _nothing_known(_: str) -> None:
    return None


def _below(parent: int | None, spans: tuple[ReadableSpan, ...]) -> Tree:
    found: Tree = {}
    for span in spans:
        assert span.context is not None
        if (None if span.parent is None else span.parent.span_id) == parent:
            inner = _below(span.context.span_id, spans)
            assert found.setdefault(span.name, inner) == inner
    return found


@pytest.fixture
def traced() -> Traced:
    return Traced()


@pytest.fixture(autouse=True)
def nothing_leaks(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Every test here must leave the context as it was, and log nothing."""
    before = context.get_current()
    yield
    gc.collect()
    assert context.get_current() == before
    assert [record.getMessage() for record in caplog.get_records("call") if record.name.startswith("opentelemetry")] == []


def current() -> str | None:
    """Return the name of the span that is current."""
    return getattr(trace.get_current_span(), "name", None)


def in_request(traced: Traced, work: Callable[[], Any]) -> None:
    """Do the work in a span of the application's, which must be current again after it."""
    with traced.tracer.start_as_current_span("request"):
        work()
        assert current() == "request"


def awaited(make: Callable[[], Any]) -> Callable[[], Any]:
    """Return what awaits something that is made anew in a loop of its own."""

    async def run() -> None:
        await make()
        assert current() == "request"

    return lambda: asyncio.run(run())


# One model


@pytest.mark.parametrize("way", WAYS)
def test_a_call_makes_one_tree(way: str, traced: Traced) -> None:
    in_request(traced, lambda: ask(way, traced.llm()))
    assert traced.tree() == {"request": ONE}


@pytest.mark.parametrize("way", WAYS)
def test_a_fallback_hangs_beside_the_model_that_failed(way: str, traced: Traced) -> None:
    in_request(traced, lambda: ask(way, traced.llm(a=traced.model(fails=True))))
    assert traced.tree() == {"request": FELL}


@pytest.mark.parametrize("way", WAYS)
def test_a_call_outside_of_any_span_begins_a_trace(way: str, traced: Traced) -> None:
    ask(way, traced.llm())
    assert traced.tree() == ONE


async def _older_events(llm: Any) -> None:
    async for _ in llm.astream_events("hi", version="v2"):
        pass


THREAD: list[BaseMessage] = [HumanMessage("hi")]
OTHERS: dict[str, Callable[[RoutedChatModel], Any]] = {
    "generate": lambda llm: llm.generate([THREAD]),
    "agenerate": lambda llm: awaited(lambda: llm.agenerate([THREAD]))(),
    "events of version 2": lambda llm: awaited(lambda: _older_events(llm))(),
    "structured": lambda llm: llm.with_structured_output(Word).invoke("'x'"),
    "structured, async": lambda llm: awaited(lambda: llm.with_structured_output(Word).ainvoke("'x'"))(),
    "structured stream": lambda llm: list(llm.with_structured_output(Word).stream("'x'")),
    "tools": lambda llm: llm.bind_tools([look_up]).invoke("'x'"),
    "a chain": lambda llm: (RunnableLambda(str) | llm).invoke("hi"),
    "a chain's stream": lambda llm: list((RunnableLambda(str) | llm).stream("hi")),
}


@pytest.mark.parametrize("how", OTHERS)
def test_every_other_way_in_makes_the_same_tree(how: str, traced: Traced) -> None:
    in_request(traced, lambda: OTHERS[how](traced.llm()))
    assert traced.tree() == {"request": ONE}


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
def test_a_wrapped_chain_makes_the_same_tree(way: str, traced: Traced) -> None:
    chain: Any = wrap(RunnableLambda(str) | traced.model(), traced.router, models=traced.models)
    in_request(traced, lambda: ask(way, chain))
    assert traced.tree() == {"request": ONE}


# Streams that are dropped


@pytest.mark.parametrize("left", ["closed", "forgotten"])
def test_a_stream_that_is_dropped_early_makes_the_same_tree(left: str, traced: Traced) -> None:
    def work() -> None:
        stream: Any = traced.llm().stream("hi")
        next(stream)
        assert current() == "request"
        if left == "closed":
            stream.close()
        del stream
        gc.collect()

    in_request(traced, work)
    assert traced.tree() == {"request": ONE}


def test_an_async_stream_that_is_dropped_early_makes_the_same_tree(traced: Traced) -> None:
    async def work() -> None:
        stream: Any = traced.llm().astream("hi")
        await anext(stream)
        assert current() == "request"
        await stream.aclose()

    in_request(traced, awaited(work))
    assert traced.tree() == {"request": ONE}


def test_an_async_stream_that_its_loop_closes_makes_the_same_tree(traced: Traced) -> None:
    kept: list[Any] = []

    async def work() -> None:
        kept.append(traced.llm().astream("hi"))
        await anext(kept[0])

    in_request(traced, awaited(work))
    assert traced.tree() == {"request": ONE}


def test_a_stream_that_is_read_in_another_thread_hangs_where_it_was_asked_for(traced: Traced) -> None:
    def work() -> None:
        stream = traced.llm().stream("hi")
        next(stream)
        thread = threading.Thread(target=lambda: list(stream))
        thread.start()
        thread.join()

    in_request(traced, work)
    assert traced.tree() == {"request": ONE}


async def test_an_async_stream_that_is_read_by_a_task_for_each_chunk_leaves_each_as_it_was(traced: Traced) -> None:
    async def one(stream: Any) -> Any:
        chunk = await anext(stream, None)
        assert current() == "request"
        return chunk

    with traced.tracer.start_as_current_span("request"):
        stream = traced.llm().astream("hi")
        while await asyncio.create_task(one(stream)) is not None:
            pass
    assert traced.tree() == {"request": ONE}


async def test_a_task_that_is_cancelled_leaves_a_whole_tree(traced: Traced) -> None:
    class Endless(Tracing):
        async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
            with self.tracer.start_as_current_span("http"):
                reached.set()
                await asyncio.Event().wait()
                raise AssertionError

    reached = asyncio.Event()
    with traced.tracer.start_as_current_span("request"):
        task = asyncio.create_task(traced.llm(a=Endless(tracer=traced.tracer, model_name="a")).ainvoke("hi"))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert current() == "request"
    assert traced.tree() == {"request": ONE}


class Holding(Tracing):
    """Keeps its span current from the first chunk to the last, whoever has them meanwhile."""

    def _stream(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        with self.tracer.start_as_current_span("http"):
            yield from FakeProvider._stream(self, messages, *args, **kwargs)


@pytest.mark.parametrize("way", ["stream", "astream", "events", "aevents"])
def test_a_model_that_keeps_its_span_current_between_chunks_makes_the_same_tree(way: str, traced: Traced) -> None:
    in_request(traced, lambda: ask(way, traced.llm(a=Holding(tracer=traced.tracer, model_name="a"))))
    assert traced.tree() == {"request": ONE}


def test_a_model_that_keeps_its_span_current_leaves_nothing_when_its_stream_is_dropped(traced: Traced) -> None:
    def work() -> None:
        stream: Any = traced.llm(a=Holding(tracer=traced.tracer, model_name="a")).stream("hi")
        next(stream)
        assert current() == "request"
        stream.close()

    in_request(traced, work)
    assert traced.tree() == {"request": ONE}


# Several at once


@pytest.mark.parametrize("how", ["batch", "abatch", "parallel", "aparallel", "gather"])
def test_calls_side_by_side_hang_below_the_same_span_and_do_not_mix(how: str, traced: Traced) -> None:
    llm = traced.llm()
    parallel = RunnableParallel({str(number): llm for number in range(4)})

    async def gathered() -> None:
        await asyncio.gather(*[llm.ainvoke("hi") for _ in range(4)])

    ways: dict[str, Callable[[], Any]] = {
        "batch": lambda: llm.batch(["hi"] * 4),
        "abatch": awaited(lambda: llm.abatch(["hi"] * 4)),
        "parallel": lambda: parallel.invoke("hi"),
        "aparallel": awaited(lambda: parallel.ainvoke("hi")),
        "gather": awaited(gathered),
    }
    in_request(traced, ways[how])
    assert traced.tree() == {"request": ONE}
    assert (traced.count("route default"), traced.count("chat a"), traced.count("http")) == (4, 4, 4)


@pytest.mark.parametrize("carried", [True, False], ids=["with the context", "without it"])
def test_a_thread_knows_the_trace_that_it_was_given(carried: bool, traced: Traced) -> None:
    llm = traced.llm()

    def work() -> None:
        with ThreadPoolExecutor(2) as pool:
            calls = [pool.submit(copy_context().run, llm.invoke, "hi") if carried else pool.submit(llm.invoke, "hi") for _ in range(3)]
            for call in calls:
                call.result()

    in_request(traced, work)
    assert traced.tree() == ({"request": ONE} if carried else {"request": {}, **ONE})


# LangGraph


class State(TypedDict):
    said: Annotated[str, operator.add]


def graph_of(traced: Traced, *, is_async: bool, streams: bool) -> Any:
    """Return a graph of two nodes that run side by side."""
    llm = traced.llm()

    def node(state: State) -> Any:
        with traced.tracer.start_as_current_span("node"):
            answer = "".join(str(chunk.content) for chunk in llm.stream("hi")) if streams else llm.invoke("hi").content
            assert current() == "node"
        return {"said": answer}

    async def anode(state: State) -> Any:
        with traced.tracer.start_as_current_span("node"):
            answer = "".join([str(chunk.content) async for chunk in llm.astream("hi")]) if streams else (await llm.ainvoke("hi")).content
            assert current() == "node"
        return {"said": answer}

    graph: Any = StateGraph(State)
    for name in ("left", "right"):
        graph.add_node(name, anode if is_async else node)
        graph.add_edge(START, name)
        graph.add_edge(name, END)
    return graph.compile()


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("how", ["invoke", "stream"])
def test_nodes_of_a_graph_that_run_side_by_side_keep_their_own_spans(how: str, streams: bool, is_async: bool, traced: Traced) -> None:
    graph, asked = graph_of(traced, is_async=is_async, streams=streams), {"said": ""}

    async def astream() -> None:
        async for _ in graph.astream(asked, stream_mode="messages"):
            assert current() == "request"

    ways: dict[tuple[str, bool], Callable[[], Any]] = {
        ("invoke", False): lambda: graph.invoke(asked),
        ("invoke", True): awaited(lambda: graph.ainvoke(asked)),
        ("stream", False): lambda: list(graph.stream(asked, stream_mode="messages")),
        ("stream", True): awaited(astream),
    }
    in_request(traced, ways[how, is_async])
    assert traced.tree() == {"request": {"node": ONE}}
    assert (traced.count("node"), traced.count("route default")) == (2, 2)


# Agents


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
def test_each_turn_of_an_agent_makes_a_tree_below_the_application_s_span(way: str, traced: Traced) -> None:
    middleware = RoutingMiddleware(traced.router, models=traced.models)
    agent: Any = create_agent(traced.model(), [look_up], middleware=[middleware])
    asked = {"messages": [HumanMessage("what is 'x'?")]}

    async def astream() -> None:
        async for _ in agent.astream(asked, stream_mode="messages"):
            assert current() == "request"

    ways: dict[str, Callable[[], Any]] = {
        "invoke": lambda: agent.invoke(asked),
        "ainvoke": awaited(lambda: agent.ainvoke(asked)),
        "stream": lambda: list(agent.stream(asked, stream_mode="messages")),
        "astream": awaited(astream),
    }
    in_request(traced, ways[way])
    assert traced.tree() == {"request": ONE}
    assert traced.count("route default") == 2
