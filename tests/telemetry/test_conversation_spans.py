"""Messages on spans and events, where the policy has them written: when, on which, and what happens when that breaks."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from taskroute.steps import Cancelled, Failed
from taskroute.telemetry.settings import Telling
from taskroute.types import Call, Reply, Sent

from .driven import Asks, Driven, RateLimitError, SeenByTheSampler, answered, decide, said

INPUT = "gen_ai.input.messages"
OUTPUT = "gen_ai.output.messages"
INSTRUCTIONS = "gen_ai.system_instructions"
ASKED = [{"role": "user", "parts": [{"type": "text", "content": "How long is it?"}]}]
SAID = [{"role": "assistant", "parts": [{"type": "text", "content": "three months"}]}]
RULES = [{"type": "text", "content": "Be brief."}]
ON = Telling(content="span")


def answer(**fields: Any) -> Reply:
    return Reply("hi", said=lambda: SAID, **fields)


def asks() -> Asks:
    return Asks(Sent(temperature=0.5), messages=ASKED, instructions=RULES)


def test_messages_are_on_the_inference_span_and_on_no_other() -> None:
    route, attempt = answered(answer(), call=Call("q", asking=asks()), telling=ON).spans()
    attributes = said(attempt)
    assert json.loads(attributes[INPUT]) == ASKED
    assert json.loads(attributes[OUTPUT]) == SAID
    assert json.loads(attributes[INSTRUCTIONS]) == RULES
    assert "months" not in route.to_json()
    assert "How long" not in route.to_json()


def test_samplers_are_not_shown_what_was_asked() -> None:
    sampler = SeenByTheSampler()
    answered(answer(), call=Call("q", asking=asks()), telling=ON, sampler=sampler)
    assert not [name for _, attributes in sampler.seen for name in attributes if "messages" in name or "instructions" in name]


@pytest.mark.parametrize("content", ["none", "event"])
def test_spans_have_no_messages_unless_they_are_to(content: Any) -> None:
    call = answered(answer(), call=Call("q", asking=asks()), telling=Telling(content=content))
    assert not [span for span in call.spans() if "months" in span.to_json() or "How long" in span.to_json()]


def test_nothing_is_read_of_a_conversation_that_is_not_to_be_written() -> None:
    told = asks()
    answered(answer(), call=Call("q", asking=told))
    assert "messages" not in told.asked


def test_every_model_that_was_tried_has_what_was_asked_which_is_read_once() -> None:
    told = asks()
    call = Driven(decide("small", "large"), call=Call("q", asking=told), telling=ON)
    call.watch.decided(call.decision)
    call.attempt("small")
    call.fails("small", RateLimitError(), "rate_limit")
    call.attempt("large", number=2, fell=("small", "rate_limit"))
    call.answers("large", answer())
    call.finish()
    first, second = (said(span) for span in call.attempts())
    assert first[INPUT] == second[INPUT]
    assert (OUTPUT in first, OUTPUT in second) == (False, True)
    assert told.asked.count("messages") == 1


def test_a_stream_that_was_dropped_has_what_had_come_of_it() -> None:
    call = Driven(decide("small"), call=Call("q", asking=asks()), telling=ON)
    call.watch.decided(call.decision)
    call.attempt("small")
    at = call.tick()
    call.watch.event(Cancelled(None, at, answer()), None, at)
    call.finish("cancelled")
    assert json.loads(said(call.attempts()[0])[OUTPUT]) == SAID


def test_what_somebody_else_writes_spans_of_is_not_written_by_us_either() -> None:
    call = answered(answer(), call=Call("q", asking=asks(), traced=True), telling=ON)
    (route,) = call.spans()
    assert "months" not in route.to_json()


class UnreadableMessagesError(Exception):
    pass


class Unreadable(Asks):
    def messages(self) -> Any:
        raise UnreadableMessagesError("hunter2")


def test_messages_that_cannot_be_read_cost_one_warning_and_the_span_goes_on() -> None:
    with pytest.warns(RuntimeWarning, match="UnreadableMessagesError") as caught:
        calls = [answered(answer(), call=Call("q", asking=Unreadable()), telling=ON) for _ in range(2)]
    assert len(caught) == 1
    for call in calls:
        (attempt,) = call.attempts()
        assert INPUT not in said(attempt)
        assert json.loads(said(attempt)[OUTPUT]) == SAID
        assert "hunter2" not in attempt.to_json()


EVENTS = """
from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
exporter, provider = InMemoryLogRecordExporter(), LoggerProvider(shutdown_on_exit=False)
provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
set_logger_provider(provider)

from taskroute.telemetry.settings import Telling
from taskroute.types import Call
from tests.telemetry.driven import answered, said
from tests.telemetry.test_conversation_spans import ASKED, INPUT, OUTPUT, SAID, answer, asks

call = answered(answer(id="r1"), call=Call("q", asking=asks()), telling=Telling(content="event", compat=("openinference",)))
answered(answer(), call=Call("q", asking=asks()), telling=Telling(content="span"))
(record,) = [data.log_record for data in exporter.get_finished_logs()]
(attempt,) = call.attempts()
assert record.event_name == "gen_ai.client.inference.operation.details"
assert (record.trace_id, record.span_id, record.timestamp) == (attempt.context.trace_id, attempt.context.span_id, attempt.end_time)
told = dict(record.attributes)
plain = lambda value: [{**each, "parts": [dict(part) for part in each["parts"]]} for each in value]
assert (plain(told.pop(INPUT)), plain(told.pop(OUTPUT))) == (ASKED, SAID), told
told.pop("gen_ai.system_instructions")
assert told == {name: value for name, value in said(attempt).items() if name in told}
assert told["gen_ai.response.id"] == "r1" and not [name for name in told if name.startswith("openinference")]
print("told")
"""


def test_the_event_says_what_the_span_says_with_the_messages_and_comes_once_where_it_is_asked_for() -> None:
    run = subprocess.run([sys.executable, "-c", EVENTS], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr[-2000:]) == ("told\n", "")


def test_the_hook_is_asked_once_for_each_answer_whoever_writes_it() -> None:
    """Where the model is tried again, what is told at the end is another reply than the one that came, with what both tries took."""
    passed: list[Any] = []

    def once(kind: str, messages: Any) -> Any:
        if kind == "output":
            passed.append(messages)
        return messages

    call = Driven(
        decide("small"), call=Call("q", asking=asks()), telling=Telling("span_and_event", redact=once, compat=("openinference", "langfuse"))
    )
    call.watch.decided(call.decision)
    call.attempt("small")
    part = Reply("thr", said=lambda: [{"role": "assistant", "parts": [{"type": "text", "content": "thr"}]}])
    call.watch.event(Failed(RateLimitError(), 1, call.at, part), "rate_limit", call.tick())
    call.attempt("small", retry=1)
    whole = answer()
    call.answers("small", whole)
    call.finish(reply=whole._replace(cost=None))
    assert passed == [[{"role": "assistant", "parts": [{"type": "text", "content": "thr"}]}], SAID]
