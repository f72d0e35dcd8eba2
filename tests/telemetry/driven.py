"""A call that a test drives by hand, and the spans that it left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler, SamplingResult
from opentelemetry.sdk.trace.sampling import Decision as Sampling
from opentelemetry.trace import Link, SpanKind
from opentelemetry.trace.span import TraceState
from opentelemetry.util.types import Attributes

from taskroute.ports import Observer, Watch
from taskroute.steps import Attempt, Ended, Failed, Wait, Waited
from taskroute.telemetry.settings import SILENT, Telling
from taskroute.telemetry.spans import SpanObserver
from taskroute.types import NOTHING_SENT, Call, Decision, Outcome, Reply, Sent, Try

PROMPT = "my password is hunter2"
Status = Literal["answered", "failed", "cancelled"]


class Spec(NamedTuple):
    provider: str | None = None
    model_id: str | None = None
    base_url: str | None = None


SPECS = {
    "small": Spec("openai", "gpt-6-luna", "https://api.openai.com/v1"),
    "large": Spec("anthropic", "claude-opus-5-5"),
    "onprem": Spec("ollama", "llama3.3", "http://user:secret@10.0.0.7:11434"),
    "vertex": Spec("google_vertexai", "gemini-4-pro"),
    "bare": Spec(),
}


class RateLimitError(Exception):
    status_code = 429


class Asks:
    """What a host asks for, and how often it was asked what that is."""

    def __init__(self, sent: Sent | Exception = NOTHING_SENT, *, messages: Any = (), instructions: Any = (), tools: Any = ()) -> None:
        self._sent = sent
        self._messages = messages
        self._instructions = instructions
        self._tools = tools
        self.asked: list[str] = []

    def sent(self, model: str) -> Sent:
        self.asked.append(model)
        if isinstance(self._sent, Exception):
            raise self._sent
        return self._sent

    def messages(self) -> Any:
        self.asked.append("messages")
        return self._messages

    def instructions(self) -> Any:
        return self._instructions

    def tools(self) -> Any:
        return self._tools


class SeenByTheSampler(Sampler):
    """Keeps what it is shown of each span before the span exists."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict[str, Any]]] = []

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        self.seen.append((name, dict(attributes or {})))
        return SamplingResult(Sampling.RECORD_AND_SAMPLE, attributes)

    def get_description(self) -> str:
        return "keeps everything"


class Driven:
    """A call whose steps a test sends itself, one second apart unless it says otherwise."""

    def __init__(self, decision: Decision, *, sampler: Sampler = ALWAYS_ON, call: Call | None = None, telling: Telling = SILENT) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        observer: Observer = SpanObserver(
            tracer_provider=provider, models=SPECS.get, telling=lambda: telling, wall_clock=lambda: 5_000_000_000
        )
        self.decision = decision
        self.tries: list[Try] = []
        self.at = 100.0
        begun = observer.begin(call or Call(PROMPT), self.at)
        assert begun is not None
        self.watch: Watch = begun

    def tick(self) -> float:
        self.at += 1.0
        return self.at

    def attempt(self, model: str, *, number: int = 1, retry: int = 0, fell: tuple[str, str] | None = None) -> None:
        from_, why = fell or (None, None)
        enforced = "client" if fell else None
        step = Attempt(
            model=model,
            number=number,
            retry=retry,
            timeout=None,
            decision=self.decision,
            fallback_from=from_,
            fallback_reason=why,
            timeout_enforced=enforced,
        )
        self.watch.step(step, self.tick())

    def fails(self, model: str, error: BaseException, failure: str, *, delivered: int = 0) -> None:
        self.tries.append(Try(model, 0, 1.0, failure, error))
        at = self.tick()
        self.watch.event(Failed(error, delivered, at), failure, at)

    def answers(self, model: str, reply: Reply) -> None:
        self.tries.append(Try(model, 0, 1.0, usage=reply.usage, cost=reply.cost))
        at = self.tick()
        self.watch.event(Ended(reply, at), None, at)

    def finish(self, status: Status = "answered", error: BaseException | None = None, **fields: Any) -> None:
        outcome = Outcome(self.decision, tuple(self.tries), status, error=error)._replace(**fields)
        self.watch.finished(outcome, self.tick())

    def spans(self) -> list[ReadableSpan]:
        """Return the route span, then the attempts in the order in which they were opened."""
        return sorted(self.exporter.get_finished_spans(), key=lambda span: span.start_time or 0)

    def route(self) -> ReadableSpan:
        return self.spans()[0]

    def attempts(self) -> list[ReadableSpan]:
        return self.spans()[1:]


def decide(*candidates: str, **fields: Any) -> Decision:
    return Decision(candidates, "answers", "stage is generate", id="d1")._replace(**fields)


def said(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def answered(reply: Reply, *, model: str = "small", **options: Any) -> Driven:
    call = Driven(decide(model), **options)
    call.watch.decided(call.decision)
    call.attempt(model)
    call.answers(model, reply)
    call.finish()
    return call


def rate_limited(*, then: str) -> Driven:
    call = Driven(decide("small", "large"))
    call.watch.decided(call.decision)
    call.attempt("small")
    call.fails("small", RateLimitError(PROMPT), "rate_limit")
    if then == "retry":
        call.watch.step(Wait(0.5, "small", "rate_limit"), call.tick())
        call.watch.event(Waited(call.tick()), None, call.at)
        call.attempt("small", retry=1)
        call.answers("small", Reply("hi"))
    else:
        call.attempt("large", number=2, fell=("small", "rate_limit"))
        call.answers("large", Reply("hi"))
    call.finish()
    return call
