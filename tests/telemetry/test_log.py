"""One line a call through `logging`: what became of it, in names and numbers, never in words of a prompt, an answer or an error."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import context, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import format_span_id, format_trace_id

from taskroute import Call, Decision, Router
from taskroute.errors import AllModelsFailedError
from taskroute.telemetry.log import LOGGER, LogObserver
from taskroute.telemetry.log_line import Sending, fields, line
from taskroute.telemetry.route_context import opened, taken
from taskroute.telemetry.spans import SpanObserver
from taskroute.testing import FakeClock, ScriptedModel
from taskroute.types import CacheNote, Cost, Outcome, Reply, Signal, Signals, Try, Usage
from taskroute_langchain import RoutedChatModel
from taskroute_langchain.testing import chat_models

PROMPT = "my password is hunter2"
POLICY: dict[str, Any] = {
    "models": {
        "small": {"model": "openai:gpt-6-luna", "price": {"input": 1, "output": 2}},
        "large": {"model": "openai:gpt-6", "price": {"input": 1, "output": 2}},
    },
    "default": ["small"],
    "routes": [{"name": "answers", "when": {"stage": "generate"}, "use": ["small", "large"]}],
    "retry": {"extra": 0},
}


class RateLimitError(Exception):
    status_code = 429


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.INFO, logger=LOGGER):
        yield caplog


def model(script: Mapping[str, Any], *, log: str = "info", **telemetry: Any) -> Any:
    router = Router({**POLICY, "telemetry": {"log": log, **telemetry}}, clock=FakeClock())
    return RoutedChatModel(router=router, models=chat_models(ScriptedModel({"large": "not asked", **script}))).for_stage("generate")


def only(caplog: pytest.LogCaptureFixture) -> Any:
    (record,) = [record for record in caplog.records if record.name == LOGGER]
    return record


def test_nothing_is_logged_by_default(logged: pytest.LogCaptureFixture) -> None:
    model({"small": "hi"}, log="none").invoke(PROMPT)
    assert not [record for record in logged.records if record.name == LOGGER]


def test_a_call_is_one_line_and_the_same_as_a_mapping(logged: pytest.LogCaptureFixture) -> None:
    model({"small": "hi"}).invoke(PROMPT)
    record = only(logged)
    assert record.levelno == logging.INFO
    said = record.taskroute
    assert said["route"] == "answers"
    assert said["model"] == "small"
    assert said["status"] == "answered"
    assert said["stage"] == "generate"
    assert said["attempts"] == 1
    assert said["fallbacks"] == 0
    assert said["currency"] == "USD"
    assert said["input_tokens"] > 0
    assert said["cost"] == pytest.approx((said["input_tokens"] + 2 * said["output_tokens"]) / 1e6)
    assert record.getMessage() == f"call {line(said)}"
    assert record.getMessage().startswith("call route=answers model=small status=answered stage=generate ")
    assert record.msg == "call %s"


def test_a_fallback_is_told(logged: pytest.LogCaptureFixture) -> None:
    model({"small": RateLimitError(PROMPT), "large": "hi"}).invoke(PROMPT)
    record = only(logged)
    assert record.levelno == logging.INFO
    told = {name: record.taskroute[name] for name in ("model", "attempts", "fallbacks", "fallback_from", "fallback_reason")}
    assert told == {"model": "large", "attempts": 2, "fallbacks": 1, "fallback_from": "small", "fallback_reason": "rate_limit"}
    assert "error_type" not in record.taskroute


def test_a_failed_call_is_a_warning_without_the_words_of_the_error(logged: pytest.LogCaptureFixture) -> None:
    with pytest.raises(AllModelsFailedError):
        model({"small": RateLimitError(PROMPT), "large": RateLimitError(PROMPT)}).invoke(PROMPT)
    record = only(logged)
    assert record.levelno == logging.WARNING
    assert (record.taskroute["status"], record.taskroute["error_type"], record.taskroute["failure"]) == (
        "failed",
        "taskroute.errors.AllModelsFailedError",
        "rate_limit",
    )
    assert "model" not in record.taskroute
    assert "cost" not in record.taskroute
    assert record.exc_info is None


def test_a_call_that_ends_with_the_error_of_its_only_model_says_the_status(logged: pytest.LogCaptureFixture) -> None:
    router = Router({**POLICY, "fallback": {"on": []}, "telemetry": {"log": "info"}}, clock=FakeClock())
    chat = RoutedChatModel(router=router, models=chat_models(ScriptedModel({"small": RateLimitError(PROMPT), "large": "not asked"})))
    with pytest.raises(RateLimitError):
        chat.invoke(PROMPT)
    assert only(logged).taskroute["error_type"] == "429"


@pytest.mark.parametrize("content", ["none", "span_and_event"])
def test_no_word_of_prompt_or_answer_is_logged(logged: pytest.LogCaptureFixture, content: str) -> None:
    chat = model({"small": ["the answer is 42", RateLimitError(PROMPT)], "large": RateLimitError(PROMPT)}, content=content)
    chat.invoke(PROMPT)
    with pytest.raises(AllModelsFailedError):
        chat.invoke(PROMPT)
    ours = [record for record in logged.records if record.name == LOGGER]
    assert len(ours) == 2
    for record in ours:
        everything = f"{record.__dict__} {record.getMessage()}"
        assert "hunter2" not in everything
        assert "answer is" not in everything


def test_debug_lines_are_not_made_where_the_logger_wants_info(logged: pytest.LogCaptureFixture) -> None:
    chat = model({"small": ["hi", RateLimitError("no")], "large": RateLimitError("no")}, log="debug")
    chat.invoke(PROMPT)
    assert not logged.records
    with pytest.raises(AllModelsFailedError):
        chat.invoke(PROMPT)
    assert only(logged).levelno == logging.WARNING


def test_a_line_at_debug_has_its_level(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger=LOGGER):
        model({"small": "hi"}, log="debug").invoke(PROMPT)
    assert only(caplog).levelno == logging.DEBUG


def test_a_logger_that_wants_nothing_costs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    observer = LogObserver(lambda: Router({**POLICY, "telemetry": {"log": "info"}}).policy.telemetry)
    with caplog.at_level(logging.CRITICAL, logger=LOGGER):
        assert observer.begin(Call("hi"), 0.0) is None


async def test_async_calls_and_streams_are_logged_once_each(logged: pytest.LogCaptureFixture) -> None:
    chat = model({"small": ["hi", ("h", "i"), ("h", "i")]})
    await chat.ainvoke(PROMPT)
    assert [chunk.text async for chunk in chat.astream(PROMPT)]
    assert [chunk.text for chunk in chat.stream(PROMPT)]
    assert [line.count("status=answered") for line in logged.messages] == [1, 1, 1]


def test_a_stream_that_is_dropped_is_logged_as_cancelled(logged: pytest.LogCaptureFixture) -> None:
    stream = model({"small": ("one ", "two ", "three")}).stream(PROMPT)
    next(stream)
    stream.close()
    record = only(logged)
    assert (record.taskroute["status"], record.levelno) == ("cancelled", logging.INFO)


def test_a_handler_that_raises_costs_one_warning_and_no_call() -> None:
    class BrokenHandler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise LookupError(PROMPT)

    logger, handler = logging.getLogger(LOGGER), BrokenHandler()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        with pytest.warns(RuntimeWarning, match="LookupError") as said:
            assert model({"small": "hi"}).invoke(PROMPT).text == "hi"
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    assert "hunter2" not in str(said[0].message)


def test_a_change_of_the_policy_turns_lines_on_and_off(logged: pytest.LogCaptureFixture) -> None:
    router = Router({**POLICY, "telemetry": {"log": "none"}}, clock=FakeClock())
    chat = RoutedChatModel(router=router, models=chat_models(ScriptedModel({"small": ["a", "b", "c"], "large": "not asked"})))
    chat.invoke(PROMPT)
    router.reload({**POLICY, "telemetry": {"log": "info"}})
    chat.invoke(PROMPT)
    router.reload({**POLICY, "telemetry": {"log": "none"}})
    chat.invoke(PROMPT)
    assert only(logged).taskroute["model"] == "small"


# Ids


def test_without_an_sdk_the_ids_are_those_of_the_span_around_the_call(logged: pytest.LogCaptureFixture) -> None:
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("host")
    with tracer.start_as_current_span("request") as around:
        model({"small": "hi"}).invoke(PROMPT)
    ids = around.get_span_context()
    told = only(logged).taskroute
    assert (told["trace_id"], told["span_id"]) == (format_trace_id(ids.trace_id), format_span_id(ids.span_id))


def test_without_any_span_there_are_no_ids(logged: pytest.LogCaptureFixture) -> None:
    model({"small": "hi"}).invoke(PROMPT)
    assert not {"trace_id", "span_id"} & only(logged).taskroute.keys()


def test_the_ids_are_those_of_the_route_span_where_it_is_recorded(logged: pytest.LogCaptureFixture) -> None:
    spans = SpanObserver(tracer_provider=TracerProvider(shutdown_on_exit=False), models=lambda name: None)
    log = LogObserver(lambda: Router({**POLICY, "telemetry": {"log": "info"}}).policy.telemetry)
    watch, logging_watch = spans.begin(Call(PROMPT), 0.0), log.begin(Call(PROMPT), 0.0)
    assert watch is not None
    assert logging_watch is not None
    with watch.active():
        ids = trace.get_current_span().get_span_context()
    logging_watch.finished(Outcome(Decision(("small",), "answers", "a test"), (), "answered"), 1.0)
    told = only(logged).taskroute
    assert (told["trace_id"], told["span_id"]) == (format_trace_id(ids.trace_id), format_span_id(ids.span_id))


def test_the_ids_are_those_of_the_file_where_only_that_has_spans(logged: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    file = tmp_path / "spans.jsonl"
    model({"small": "hi"}, file=str(file)).invoke(PROMPT)
    text = file.read_text(encoding="utf-8")
    told = only(logged).taskroute
    assert told["trace_id"] in text
    assert told["span_id"] in text


def test_a_call_whose_spans_are_suppressed_has_no_ids_of_the_one_before(logged: pytest.LogCaptureFixture) -> None:
    spans = SpanObserver(tracer_provider=TracerProvider(shutdown_on_exit=False), models=lambda name: None)
    log = LogObserver(lambda: Router({**POLICY, "telemetry": {"log": "info"}}).policy.telemetry)
    # Of a router that logs nothing, so that nobody takes the ids.
    assert spans.begin(Call(PROMPT), 0.0) is not None
    token = context.attach(context.set_value("suppress_instrumentation", True))
    try:
        assert spans.begin(Call(PROMPT), 0.0) is None
        watch = log.begin(Call(PROMPT), 0.0)
    finally:
        context.detach(token)
    assert watch is not None
    watch.finished(Outcome(Decision(("small",), "answers", "a test"), (), "answered"), 1.0)
    assert not {"trace_id", "span_id"} & only(logged).taskroute.keys()


def test_ids_are_handed_over_once() -> None:
    ids = TracerProvider(shutdown_on_exit=False).get_tracer("t").start_span("route").get_span_context()
    opened(ids)
    assert taken() is ids
    assert taken() is None


def test_a_call_leaves_the_context_of_its_caller_as_it_was(logged: pytest.LogCaptureFixture) -> None:
    before = context.get_current()
    model({"small": "hi"}).invoke(PROMPT)
    assert context.get_current() is before


# The line


def outcome(**changes: Any) -> Outcome:
    return Outcome(Decision(("small",), "answers", "a test", id="d1"), (Try("small", 0, 1.0),), "answered")._replace(**changes)


def said(ended: Outcome, call: Call | None = None, **sending: Any) -> Mapping[str, Any]:
    return fields(call or Call("hi"), ended, seconds=1.5, sending=Sending(**sending), span=None)


def test_what_is_not_known_is_absent() -> None:
    assert said(outcome(), attempts=1) == {
        "route": "answers",
        "model": "small",
        "status": "answered",
        "duration": 1.5,
        "attempts": 1,
        "fallbacks": 0,
        "decision_id": "d1",
    }


def test_tokens_and_cost_are_those_of_all_answers() -> None:
    cost = Cost(Decimal("0.0000055"), "user")
    tries = (
        Try("small", 0, 1.0, "refusal", usage=Usage(10, 2), cost=cost),
        Try("small", 0, 1.0, "rate_limit", RateLimitError()),
        Try("large", 0, 1.0, usage=Usage(10, 3), cost=cost),
    )
    told = said(outcome(tries=tries, reply=Reply("hi", Usage(10, 3))))
    assert (told["input_tokens"], told["output_tokens"], told["cost"]) == (20, 5, 0.000011)
    assert "cost=0.000011 currency=USD" in line(told)
    unknown = said(outcome(tries=(*tries, Try("large", 0, 1.0, usage=Usage(10, None)))))
    assert unknown["input_tokens"] == 30
    assert "output_tokens" not in unknown
    assert "cost" not in unknown


def test_an_answer_from_the_cache_is_told() -> None:
    note = CacheNote("hit", age=5.0, saved=Cost(Decimal("0.25"), "user"))
    told = said(outcome(tries=(), answered_by="small", cache=note))
    assert (told["cache"], told["cost"], told["saved"], told["attempts"]) == ("hit", 0.0, 0.25, 0)
    assert "input_tokens" not in told


def test_signals_and_tenant_are_told() -> None:
    signals = Signals(stage=Signal("generate", "tag"), task=Signal("code", "keywords", 0.8))
    decided = Decision(("small",), None, "default", signals)
    told = said(outcome(decision=decided), Call("hi", tenant="acme", user="u1", session="s1"))
    assert (told["stage"], told["task"], told["tenant"]) == ("generate", "code", "acme")
    assert "route" not in told
    assert not {"user", "session"} & told.keys()


def test_a_key_in_a_name_is_masked() -> None:
    assert said(outcome(), Call("hi", tenant="sk-abcdefghij1234567890"))["tenant"] == "[key]"


@given(st.text())
def test_whatever_a_tenant_is_called_the_line_stays_one_line(tenant: str) -> None:
    written = line({"tenant": tenant, "attempts": 1})
    assert len(written.splitlines()) == 1
    assert written.isascii()
    name, value = written.removesuffix(" attempts=1").split("=", 1)
    assert name == "tenant"
    assert (json.loads(value) if value.startswith('"') else value) == tenant
