"""Our spans against the table of the GenAI conventions: calls of every kind, and a departure of every kind, which must be seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from taskroute import Call, Router
from taskroute.execution.drivers import drive
from taskroute.execution.streams import drive_stream
from taskroute.registry.models import ModelSpec
from taskroute.steps import Attempt
from taskroute.stored import Asked
from taskroute.telemetry import attributes as names
from taskroute.telemetry.settings import SILENT, Telling
from taskroute.telemetry.spans import SpanObserver
from taskroute.testing import FakeClock, ScriptedModel
from taskroute.types import Reply, Sent, Usage
from tests.cache.keeping import KeepingHost

from .conventions import DEPARTURES, EMBEDDINGS, INFERENCE, Kind, departures, table_of
from .driven import Asks, RateLimitError, SeenByTheSampler, said

MODELS: dict[str, Any] = {
    "small": {"model": "openai:gpt-5-mini", "base_url": "https://api.openai.com/v1"},
    "large": "anthropic:claude-opus-4-5",
    "vectors": {"model": "openai:text-embedding-3-small", "base_url": "http://localhost:8080"},
}
SENT = Sent(
    temperature=0,
    top_p=0.9,
    top_k=40,
    max_tokens=1000,
    frequency_penalty=0.5,
    presence_penalty=1,
    stop_sequences=("END",),
    seed=7,
    choice_count=2,
    output_type="json",
    reasoning_level="high",
    previous_response_id="resp_0",
    service_tier="flex",
    prompt_name="notice",
    prompt_version="3",
)
USAGE = Usage(input=3600, output=200, cache_read=1000, cache_write=50, reasoning=20, input_audio=10, output_audio=5)
WHOLE = Reply("hi", USAGE, "stop", "gpt-5-mini-2026-10-01", "openai", "resp_1", text="hi", service_tier="flex")
BARE = Reply("hi", text="hi")

ALWAYS = {"gen_ai.request.model"}
PLACED = {"server.address", "server.port"}
REQUESTED = {
    *("gen_ai.request." + name for name in ("temperature", "top_p", "top_k", "max_tokens", "frequency_penalty", "presence_penalty")),
    *("gen_ai.request." + name for name in ("stop_sequences", "seed", "choice.count", "reasoning.level", "previous_response.id")),
    *("gen_ai.output.type", "gen_ai.prompt.name", "gen_ai.prompt.version", "gen_ai.conversation.id"),
}
ANSWERED = {
    *("gen_ai.response.id", "gen_ai.response.model", "gen_ai.response.finish_reasons"),
    *("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.reasoning.output_tokens"),
    *("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_write.input_tokens"),
    *("gen_ai.usage.audio.input_tokens", "gen_ai.usage.audio.output_tokens"),
}
TIERS = {"openai.request.service_tier", "openai.response.service_tier"}
STREAMED = {"gen_ai.request.stream", "gen_ai.response.time_to_first_chunk"}
FAILED = {"error.type"}
PARTLY = {"gen_ai.response.model", "gen_ai.response.id", "gen_ai.response.finish_reasons"}
"""What a stream that broke has told by then; it never came to its usage."""
OF_METRICS = {"gen_ai.token.type", "gen_ai.token.modality"}


class Kept:
    """A router whose spans are kept, and a host that answers from a script."""

    def __init__(self, script: dict[str, list[Any]], *, telling: Telling = SILENT, **policy: Any) -> None:
        self.exporter, self.sampler = InMemorySpanExporter(), SeenByTheSampler()
        provider = TracerProvider(sampler=self.sampler, shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.router: Router = Router(
            {"models": MODELS, "default": list(script), **policy},
            clock=FakeClock(),
            observers=[SpanObserver(tracer_provider=provider, models=self._known, telling=lambda: telling)],
        )
        self.script = script

    def _known(self, name: str) -> ModelSpec | None:
        return self.router.snapshot.registry.get(name)

    def answer(self, attempt: Attempt) -> Reply:
        line = self.script[attempt.model].pop(0)
        if isinstance(line, BaseException):
            raise line
        return line

    def open(self, attempt: Attempt) -> Any:
        line = self.script[attempt.model].pop(0)
        return _chunks(line), _Source(line)

    def expects(self, attempt: Attempt, reply: Reply) -> Any:
        raise AssertionError("nothing is examined here")

    def inferences(self) -> list[ReadableSpan]:
        spans = [span for span in self.exporter.get_finished_spans() if span.kind is SpanKind.CLIENT]
        return sorted(spans, key=lambda span: said(span)["taskroute.attempt"])


class _Source:
    def __init__(self, line: Any) -> None:
        self._reply = line if isinstance(line, Reply) else WHOLE._replace(finish_reason=None)

    def take(self, chunk: str) -> bool:
        return bool(chunk)

    def reply(self) -> Reply:
        return self._reply


def _chunks(line: Any) -> Iterator[str]:
    yield "three "
    if isinstance(line, BaseException):
        raise line
    yield "months"


class Case(NamedTuple):
    """A call, the answers of the models in order, and what is known of each inference."""

    call: Call
    script: dict[str, list[Any]]
    known: list[set[str]]
    ends: str = "answered"
    policy: dict[str, Any] = {}


def asking(sent: Sent = SENT, *, streams: bool = False, **fields: Any) -> Call:
    return Call("How long?", asking=Asks(sent), conversation="conv_1", streams=streams, **fields)


EVERYTHING = ALWAYS | PLACED | REQUESTED | ANSWERED | TIERS
CASES = {
    "chat": Case(asking(), {"small": [WHOLE]}, [EVERYTHING]),
    "chat of which nothing is known": Case(Call("How long?"), {"large": [BARE]}, [ALWAYS]),
    "one choice and the tier auto": Case(
        asking(SENT._replace(choice_count=1, service_tier="auto")),
        {"small": [WHOLE]},
        [EVERYTHING - {"gen_ai.request.choice.count", "openai.request.service_tier"}],
    ),
    "tiers of another provider": Case(asking(), {"large": [WHOLE]}, [EVERYTHING - PLACED - TIERS]),
    "tools": Case(asking(tools=("search",)), {"small": [WHOLE._replace(finish_reason="tool_calls", tool_calls=("search",))]}, [EVERYTHING]),
    "stream": Case(asking(streams=True), {"small": [WHOLE]}, [EVERYTHING | STREAMED]),
    "stream that breaks": Case(
        asking(streams=True),
        {"small": [ConnectionError()]},
        [ALWAYS | PLACED | REQUESTED | STREAMED | FAILED | TIERS | PARTLY],
        ends="failed",
    ),
    "stream that is dropped": Case(
        asking(streams=True),
        {"small": [WHOLE]},
        [
            ALWAYS
            | PLACED
            | REQUESTED
            | STREAMED
            | TIERS
            | {"gen_ai.response.model", "gen_ai.response.id", "gen_ai.response.finish_reasons"}
        ],
        ends="dropped",
    ),
    "error": Case(
        asking(), {"small": [ValueError()]}, [ALWAYS | PLACED | REQUESTED | FAILED | {"openai.request.service_tier"}], ends="failed"
    ),
    "retry": Case(asking(), {"small": [RateLimitError(), WHOLE]}, [EVERYTHING], policy={"retry": {"extra": 1, "backoff": "1s"}}),
    "fallback": Case(
        asking(),
        {"small": [RateLimitError()], "large": [WHOLE]},
        [ALWAYS | PLACED | REQUESTED | FAILED | {"openai.request.service_tier"}, EVERYTHING - PLACED - TIERS],
        policy={"retry": {"extra": 0}},
    ),
    "text completion": Case(asking(operation="text_completion"), {"small": [WHOLE]}, [EVERYTHING]),
    "embeddings": Case(
        asking(SENT._replace(dimensions=512, encoding_formats=("base64",)), operation="embeddings"),
        {"vectors": [WHOLE]},
        [
            ALWAYS
            | PLACED
            | {"gen_ai.embeddings.dimension.count", "gen_ai.request.encoding_formats", "gen_ai.response.model", "gen_ai.usage.input_tokens"}
        ],
    ),
    "embeddings of which nothing is known": Case(Call("x", operation="embeddings"), {"vectors": [BARE]}, [ALWAYS | PLACED]),
}


def driven(case: Case, **options: Any) -> Kept:
    kept = Kept({model: list(lines) for model, lines in case.script.items()}, **case.policy, **options)
    host: Any = kept
    run = kept.router.run(case.call)
    if not case.call.streams:
        if case.ends == "failed":
            with pytest.raises((ValueError, RateLimitError)):
                drive(run, host)
        else:
            drive(run, host)
        return kept
    chunks = drive_stream(run, host)
    assert next(chunks) == "three "
    if case.ends == "dropped":
        chunks.close()
    elif case.ends == "failed":
        with pytest.raises(Exception, match="small"):
            list(chunks)
    else:
        list(chunks)
    return kept


@pytest.mark.parametrize("name", CASES)
def test_an_inference_span_is_as_the_conventions_want_it(name: str) -> None:
    case = CASES[name]
    spans = driven(case).inferences()
    assert [departures(said(span), known=known) for span, known in zip(spans, case.known, strict=True)] == [[] for _ in case.known]
    for span in spans:
        attributes = said(span)
        assert span.name == f"{attributes['gen_ai.operation.name']} {attributes['gen_ai.request.model']}"
        assert (span.status.status_code is StatusCode.ERROR) is ("error.type" in attributes)


@pytest.mark.parametrize("name", CASES)
def test_samplers_are_shown_whatever_is_known_when_the_span_is_created(name: str) -> None:
    kept = driven(CASES[name])
    shown = [attributes for span, attributes in kept.sampler.seen if not span.startswith("route")]
    for attributes, span in zip(shown, kept.inferences(), strict=True):
        table = table_of(attributes["gen_ai.operation.name"])
        early = {key for key, convention in table.items() if convention.at_creation or ".request." in key}
        late = {"gen_ai.request.stream"} - set(attributes)
        assert {key for key in said(span) if key in early} - late == {key for key in attributes if key in early}


@pytest.mark.parametrize("name", CASES)
def test_the_route_span_is_no_inference(name: str) -> None:
    (route,) = [span for span in driven(CASES[name]).exporter.get_finished_spans() if span.parent is None]
    assert route.kind is SpanKind.INTERNAL
    assert {key for key in said(route) if key.startswith(("gen_ai.", "openai.", "server."))} <= {"gen_ai.conversation.id"}


def test_a_hit_of_the_cache_is_no_inference() -> None:
    kept = Kept({"small": []}, cache={"store": "memory"})
    host = KeepingHost({"small": ["hi"]}, asked=Asked(({"role": "user", "content": "q"},)))
    for _ in range(2):
        drive(kept.router.run(asking()), host)
    assert len(host.attempts) == 2
    assert len(kept.inferences()) == 1


def test_what_is_opt_in_is_there_only_when_content_is_on() -> None:
    text = [{"role": "user", "parts": [{"type": "text", "content": "How long?"}]}]
    call = asking()._replace(asking=Asks(SENT, messages=text))
    answer = WHOLE._replace(said=lambda: [{"role": "assistant", "parts": [{"type": "text", "content": "hi"}]}])
    case = Case(call, {"small": [answer]}, [EVERYTHING])
    (on,) = driven(case, telling=Telling(content="span")).inferences()
    assert departures(said(on), known=EVERYTHING, content=True) == []
    assert {"gen_ai.input.messages", "gen_ai.output.messages"} <= set(said(on))
    (off,) = driven(case).inferences()
    assert departures(said(off), known=EVERYTHING) == []


@pytest.mark.parametrize("way", ["invoke", "stream"])
def test_what_langchain_asks_for_is_told_as_the_conventions_want_it(way: str) -> None:
    from taskroute_langchain import RoutedChatModel
    from taskroute_langchain.testing import chat_models

    kept = Kept({"small": []})
    llm = RoutedChatModel(router=kept.router, models=chat_models(ScriptedModel({"small": "three months", "large": "x", "vectors": "x"})))
    list(llm.stream("How long?", stop=["END"])) if way == "stream" else llm.invoke("How long?", stop=["END"])
    (span,) = kept.inferences()
    assert departures(said(span)) == []
    assert ("gen_ai.request.stream" in said(span)) is (way == "stream")


RIGHT = said(driven(CASES["chat"]).inferences()[0])


@pytest.mark.parametrize("name", [name for name in RIGHT if name in INFERENCE])
def test_an_attribute_that_is_missing_is_seen(name: str) -> None:
    known = EVERYTHING if INFERENCE[name].level != "required" else None
    assert departures({key: value for key, value in RIGHT.items() if key != name}, known=known) != []


@pytest.mark.parametrize("name", [name for name in RIGHT if name in INFERENCE and name != "gen_ai.operation.name"])
def test_an_attribute_by_another_name_is_seen(name: str) -> None:
    renamed = {(f"{key}.renamed" if key == name else key): value for key, value in RIGHT.items()}
    assert f"{name}.renamed is no name of the conventions" in departures(renamed)


WRONG: dict[Kind, Any] = {"string": 1, "int": 1.0, "double": 1, "boolean": "true", "string[]": "stop", "json": ["hi"]}


@pytest.mark.parametrize("name", [name for name in RIGHT if name in INFERENCE or name in DEPARTURES])
def test_an_attribute_of_another_type_is_seen(name: str) -> None:
    kind = INFERENCE[name].kind if name in INFERENCE else DEPARTURES[name]
    assert departures({**RIGHT, name: WRONG[kind]}) == [f"{name} is {WRONG[kind]!r}, which is no {kind}"]


def test_an_attribute_whose_condition_does_not_hold_is_seen() -> None:
    assert departures({**RIGHT, "error.type": "500"}, known=EVERYTHING) != []
    assert departures({**RIGHT, "gen_ai.input.messages": "[]"}, known=EVERYTHING) == ["gen_ai.input.messages is there, and is opt-in"]


def test_every_genai_name_that_we_have_is_one_of_the_conventions() -> None:
    ours = {value for value in vars(names).values() if isinstance(value, str) and value.startswith("gen_ai.")}
    assert ours - set(DEPARTURES) - OF_METRICS <= {*INFERENCE, *EMBEDDINGS}
