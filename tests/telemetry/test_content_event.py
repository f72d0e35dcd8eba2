"""The event of an inference: the span's attributes and the messages, in the span's trace, and only where somebody keeps logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider

from taskroute.telemetry import attributes as names
from taskroute.telemetry.content import answered_content, asked_content
from taskroute.telemetry.content_event import EVENT_NAME, emit
from taskroute.types import NOTHING, Reply

from .content_driven import ON, Host, message, text, tool


class Logs:
    """A provider of logs that keeps what it is given."""

    def __init__(self) -> None:
        self.exporter = InMemoryLogRecordExporter()
        self.provider = LoggerProvider(shutdown_on_exit=False)
        self.provider.add_log_record_processor(SimpleLogRecordProcessor(self.exporter))

    def emit(
        self, host: Host | None = None, said: Sequence[Mapping[str, Any]] | None = None, attributes: Mapping[str, Any] = NOTHING
    ) -> Any:
        span = TracerProvider(shutdown_on_exit=False).get_tracer("t").start_span("chat small")
        asked = asked_content(host, ON) if host else None
        answered = answered_content(Reply("hi", said=lambda: said), ON) if said is not None else None
        emit(span=span, attributes=attributes, asked=asked, answered=answered, at=5_000, provider=self.provider)
        span.end()
        self.span = span.get_span_context()
        return self.exporter.get_finished_logs()[-1].log_record


def test_an_event_has_the_attributes_of_the_span_and_the_messages_as_values() -> None:
    record = Logs().emit(Host([message("Hello")], [text("Be brief.")]), [message("Hi", role="assistant")], {names.OPERATION_NAME: "chat"})
    assert record.event_name == EVENT_NAME == "gen_ai.client.inference.operation.details"
    assert record.timestamp == 5_000
    attributes = record.attributes
    assert attributes[names.OPERATION_NAME] == "chat"
    [asked] = attributes[names.INPUT_MESSAGES]
    assert asked["role"] == "user"
    assert asked["parts"][0]["content"] == "Hello"
    assert attributes[names.SYSTEM_INSTRUCTIONS][0]["content"] == "Be brief."
    assert attributes[names.OUTPUT_MESSAGES][0]["parts"][0]["content"] == "Hi"


def test_values_take_the_place_of_the_texts_that_the_span_has() -> None:
    host = Host([message("Hello")])
    record = Logs().emit(host, None, asked_content(host, ON).attributes)
    assert not isinstance(record.attributes[names.INPUT_MESSAGES], str)


def test_an_event_is_in_the_trace_of_its_span() -> None:
    logs = Logs()
    record = logs.emit(Host([message("Hello")]))
    assert (record.trace_id, record.span_id) == (logs.span.trace_id, logs.span.span_id)


def test_an_event_says_that_messages_were_cut_or_withheld() -> None:
    record = Logs().emit(Host([message("x" * 50_000)], lambda: [text("hi")], [tool("t")]))
    assert record.attributes[names.CONTENT_CUT] is True


def test_the_deepest_message_can_be_sent_and_read_again() -> None:
    deep: Any = "bottom"
    for _ in range(60):
        deep = {"in": deep}
    logs = Logs()
    logs.emit(Host([message({"type": "tool_call", "arguments": {"deep": deep, "odd": [None, 2**63, float("nan"), {}, []]}})]))
    sent = encode_logs(logs.exporter.get_finished_logs())
    assert type(sent).FromString(sent.SerializeToString()) == sent


def test_a_processor_that_raises_costs_one_warning() -> None:
    class BrokenProcessor(LogRecordProcessor):
        def on_emit(self, log_record: Any) -> None:
            raise LookupError("hunter2")

        def shutdown(self) -> None: ...
        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            return True

    provider = LoggerProvider(shutdown_on_exit=False)
    provider.add_log_record_processor(BrokenProcessor())
    span = TracerProvider(shutdown_on_exit=False).get_tracer("t").start_span("chat small")
    with pytest.warns(RuntimeWarning, match="LookupError") as said:
        emit(span=span, attributes={}, asked=None, answered=None, at=1, provider=provider)
    emit(span=span, attributes={}, asked=None, answered=None, at=2, provider=provider)
    assert len(said) == 1
    assert "hunter2" not in str(said[0].message)
