"""What the spans say of retries, fallbacks, failures, broken streams and cancelled calls, and what they never say."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.trace import StatusCode

from taskroute.errors import AllModelsFailedError, NoEligibleModelError, StreamInterruptedError
from taskroute.steps import Cancelled, Classified, Classify, Deliver, Failed, Opened, Wait
from taskroute.types import NeedSignal, Reply, Usage

from .driven import PROMPT, Driven, RateLimitError, answered, decide, rate_limited, said


def test_a_retry_stays_in_the_span_of_its_model() -> None:
    call = rate_limited(then="retry")
    (attempt,) = call.attempts()
    assert attempt.status.status_code is StatusCode.UNSET
    assert said(attempt)["taskroute.retry.count"] == 1
    assert [(event.name, dict(event.attributes or {})) for event in attempt.events] == [
        ("retry", {"taskroute.failure": "rate_limit", "error.type": "429"})
    ]
    assert said(call.route())["taskroute.attempts"] == 2
    assert said(call.route())["taskroute.fallback.count"] == 0


def test_a_fallback_is_a_second_span() -> None:
    call = rate_limited(then="fallback")
    first, second = call.attempts()
    assert (first.name, second.name) == ("chat gpt-6-luna", "chat claude-opus-5-5")
    assert first.status.status_code is StatusCode.ERROR
    assert said(first)["error.type"] == "429"
    assert said(first)["taskroute.attempt"] == 1
    assert "taskroute.fallback.from" not in said(first)
    assert second.status.status_code is StatusCode.UNSET
    told = {"taskroute.fallback.from": "small", "taskroute.fallback.reason": "rate_limit"}
    assert (told | {"taskroute.attempt": 2}).items() <= said(second).items()
    counts = {"taskroute.fallback.count": 1, "taskroute.attempts": 2, "taskroute.model": "large"}
    assert (told | counts).items() <= said(call.route()).items()
    assert call.route().status.status_code is StatusCode.UNSET


def test_a_failed_attempt_ends_when_it_failed_however_long_the_call_went_on() -> None:
    call = rate_limited(then="fallback")
    assert call.attempts()[0].end_time == 7_000_000_000
    assert call.attempts()[1].start_time == 8_000_000_000


def test_after_two_fallbacks_the_route_names_the_first_model_that_was_given_up() -> None:
    call = Driven(decide("small", "large", "vertex"))
    call.watch.decided(call.decision)
    call.attempt("small")
    call.fails("small", RateLimitError(), "rate_limit")
    call.attempt("large", number=2, fell=("small", "rate_limit"))
    call.fails("large", TimeoutError(), "timeout")
    call.attempt("vertex", number=3, fell=("large", "timeout"))
    call.answers("vertex", Reply("hi"))
    call.finish()
    route = said(call.route())
    wanted = {"taskroute.fallback.count": 2, "taskroute.fallback.from": "small", "taskroute.fallback.reason": "rate_limit"}
    assert wanted.items() <= route.items()
    assert [said(span).get("taskroute.fallback.from") for span in call.attempts()] == [None, "small", "large"]


def test_a_finished_answer_that_is_asked_for_again_is_a_span_of_its_own() -> None:
    call = Driven(decide("small"))
    call.watch.decided(call.decision)
    call.attempt("small")
    call.answers("small", Reply("not json", usage=Usage(input=1)))
    call.attempt("small", retry=1)
    call.answers("small", Reply("json", usage=Usage(input=2)))
    call.finish()
    assert [said(span)["gen_ai.usage.input_tokens"] for span in call.attempts()] == [1, 2]


def test_a_fallback_that_is_asked_again_for_its_answer_counts_once() -> None:
    call = Driven(decide("small", "large"))
    call.watch.decided(call.decision)
    call.attempt("small")
    call.fails("small", RateLimitError(), "rate_limit")
    for retry in (0, 1):
        call.attempt("large", number=2, retry=retry, fell=("small", "rate_limit"))
        call.answers("large", Reply("hi"))
    call.finish()
    assert said(call.route())["taskroute.fallback.count"] == 1
    assert len(call.attempts()) == 3


class Response:
    status_code = 503


class StatusOnTheResponseError(Exception):
    response = Response()


class NoStatusError(Exception):
    code = "rate_limit_exceeded"
    status_code = 7


class UnreadableError(Exception):
    @property
    def response(self) -> Any:
        raise ValueError("read before it was there")


class AnsweredError(Exception):
    status_code = 200


@pytest.mark.parametrize(
    ("error", "error_type", "exception_type"),
    [
        (RateLimitError(PROMPT), "429", f"{RateLimitError.__module__}.RateLimitError"),
        (StatusOnTheResponseError(PROMPT), "503", f"{__name__}.StatusOnTheResponseError"),
        (NoStatusError(PROMPT), f"{__name__}.NoStatusError", f"{__name__}.NoStatusError"),
        (UnreadableError(PROMPT), f"{__name__}.UnreadableError", f"{__name__}.UnreadableError"),
        (AnsweredError(PROMPT), f"{__name__}.AnsweredError", f"{__name__}.AnsweredError"),
        (TimeoutError(PROMPT), "TimeoutError", "TimeoutError"),
    ],
)
def test_a_failure_leaves_its_type_and_class_and_nothing_that_it_says(error: Exception, error_type: str, exception_type: str) -> None:
    call = Driven(decide("small"))
    call.watch.decided(call.decision)
    call.attempt("small")
    call.fails("small", error, "server_error")
    call.finish("failed", error)
    for span in call.spans():
        assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "server_error")
        assert said(span)["error.type"] == error_type
        assert [(event.name, dict(event.attributes or {})) for event in span.events] == [
            ("exception", {"exception.type": exception_type, "taskroute.failure": "server_error"})
        ]


def test_when_all_models_failed_the_route_is_an_error_and_names_no_model() -> None:
    call = Driven(decide("small"))
    call.watch.decided(call.decision)
    call.attempt("small")
    call.fails("small", RateLimitError(PROMPT), "rate_limit")
    call.finish("failed", AllModelsFailedError(call.tries))
    assert said(call.route())["error.type"] == "taskroute.errors.AllModelsFailedError"
    assert "taskroute.model" not in said(call.route())


def test_a_call_that_no_model_may_answer_has_one_span_with_the_reasons() -> None:
    call = Driven(decide(rejected={"small": "lacks label 'private'"}))
    call.watch.decided(call.decision)
    call.finish("failed", NoEligibleModelError("no model", rejected=call.decision.rejected))
    (route,) = call.spans()
    assert route.status.status_code is StatusCode.ERROR
    assert said(route)["taskroute.rejected"] == ("small: lacks label 'private'",)
    assert said(route)["taskroute.attempts"] == 0
    assert "taskroute.candidates" not in said(route)


def test_a_failure_without_an_exception_still_has_an_error_type() -> None:
    call = Driven(decide("small"))
    call.watch.decided(call.decision)
    call.finish("failed")
    assert said(call.route())["error.type"] == "_OTHER"


def test_a_control_flow_exception_ends_the_open_attempt_as_failed() -> None:
    call = Driven(decide("small"))
    call.watch.decided(call.decision)
    call.attempt("small")
    call.finish("failed", KeyboardInterrupt())
    assert [said(span)["error.type"] for span in call.spans()] == ["KeyboardInterrupt", "KeyboardInterrupt"]


def test_a_stream_tells_that_it_streamed_and_when_it_began() -> None:
    call = Driven(decide("small"))
    call.watch.decided(call.decision)
    call.attempt("small")
    call.watch.event(Opened("h", call.at + 0.25), None, call.at + 0.25)
    call.watch.step(Deliver("small"), call.tick())
    call.answers("small", Reply("hi"))
    call.finish()
    attributes = said(call.attempts()[0])
    assert attributes["gen_ai.request.stream"] is True
    assert attributes["gen_ai.response.time_to_first_chunk"] == 0.25


def test_the_time_to_the_first_chunk_is_that_of_the_try_that_gave_it() -> None:
    call = Driven(decide("small"))
    call.watch.decided(call.decision)
    call.attempt("small")
    call.fails("small", RateLimitError(), "rate_limit")
    call.attempt("small", retry=1)
    call.watch.event(Opened("h", call.at + 0.25), None, call.at + 0.25)
    call.finish("cancelled")
    assert said(call.attempts()[0])["gen_ai.response.time_to_first_chunk"] == 0.25


def test_a_stream_that_broke_after_delivery_is_an_error_on_both_spans() -> None:
    call = Driven(decide("small"))
    call.watch.decided(call.decision)
    call.attempt("small")
    call.watch.event(Opened(PROMPT, call.tick()), None, call.at)
    call.watch.step(Deliver("small"), call.tick())
    broken = ConnectionError(PROMPT)
    call.fails("small", broken, "connection", delivered=3)
    call.finish("failed", StreamInterruptedError("small", 3, broken))
    route, attempt = call.spans()
    assert route.status.status_code is attempt.status.status_code is StatusCode.ERROR
    assert said(attempt)["gen_ai.response.finish_reasons"] == ("error",)


def test_a_stream_that_its_reader_drops_has_the_finish_reason_of_one_that_broke_off_and_is_no_error() -> None:
    call = Driven(decide("small"))
    call.watch.decided(call.decision)
    call.attempt("small")
    call.watch.event(Opened("h", call.tick()), None, call.at)
    call.watch.event(Cancelled(None, call.tick(), Reply("h", model="gpt-6-luna-1")), None, call.at)
    call.finish("cancelled")
    (attempt,) = call.attempts()
    assert said(attempt)["gen_ai.response.finish_reasons"] == ("error",)
    assert said(attempt)["gen_ai.response.model"] == "gpt-6-luna-1"
    assert attempt.status.status_code is StatusCode.UNSET


def test_a_call_that_is_cancelled_before_anything_came_has_no_finish_reason() -> None:
    call = Driven(decide("small"))
    call.watch.decided(call.decision)
    call.attempt("small")
    call.watch.event(Cancelled(None, call.tick()), None, call.at)
    call.finish("cancelled")
    assert "gen_ai.response.finish_reasons" not in said(call.attempts()[0])


def test_an_answer_that_came_whole_and_could_not_be_used_keeps_its_finish_reason() -> None:
    call = Driven(decide("small"))
    call.watch.decided(call.decision)
    call.attempt("small")
    at = call.tick()
    call.watch.event(Failed(ValueError(), 0, at, Reply("hi", finish_reason="stop", usage=Usage(output=3))), "invalid_output", at)
    call.finish("failed", ValueError())
    attributes = said(call.attempts()[0])
    assert (attributes["gen_ai.response.finish_reasons"], attributes["gen_ai.usage.output_tokens"]) == (("stop",), 3)


def test_the_time_to_the_first_chunk_is_the_time_that_was_waited_for_it_where_that_is_known() -> None:
    call = Driven(decide("small"))
    call.watch.decided(call.decision)
    call.attempt("small")
    call.watch.event(Opened("h", call.tick(), 0.125), None, call.at)
    call.finish("cancelled")
    assert said(call.attempts()[0])["gen_ai.response.time_to_first_chunk"] == 0.125


@pytest.mark.parametrize("told", ["to the attempt too", "only at the end"])
def test_a_cancelled_call_is_no_error(told: str) -> None:
    call = Driven(decide("small"))
    call.watch.decided(call.decision)
    call.attempt("small")
    if told == "to the attempt too":
        call.watch.event(Cancelled(None, call.tick()), None, call.at)
    call.finish("cancelled")
    for span in call.spans():
        assert span.status.status_code is StatusCode.UNSET
        assert said(span)["taskroute.cancelled"] is True
        assert "error.type" not in said(span)


def test_a_call_cancelled_while_it_waits_for_a_retry_keeps_the_failure_that_it_had() -> None:
    call = Driven(decide("small"))
    call.watch.decided(call.decision)
    call.attempt("small")
    call.fails("small", RateLimitError(PROMPT), "rate_limit")
    call.watch.step(Wait(0.5, "small", "rate_limit"), call.tick())
    call.watch.event(Cancelled(None, call.tick()), None, call.at)
    call.finish("cancelled")
    (attempt,) = call.attempts()
    assert attempt.status.status_code is StatusCode.UNSET
    assert [dict(event.attributes or {})["taskroute.failure"] for event in attempt.events] == ["rate_limit"]


def test_what_comes_after_the_end_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    call = answered(Reply("hi"))
    call.attempt("small")
    call.answers("small", Reply("again"))
    call.finish()
    assert len(call.spans()) == 2
    assert caplog.text == ""


def test_neither_prompt_nor_answer_appears_anywhere() -> None:
    failing = Driven(decide("small", "large"))
    failing.watch.step(Classify(NeedSignal("task", PROMPT)), failing.tick())
    failing.watch.event(Classified(None, failing.tick()), None, failing.at)
    failing.watch.decided(failing.decision)
    failing.attempt("small")
    failing.fails("small", RateLimitError(f"bad request: {PROMPT!r}"), "rate_limit")
    failing.attempt("small", retry=1)
    failing.fails("small", ValueError(PROMPT), "bad_request")
    failing.finish("failed", AllModelsFailedError(failing.tries))
    spans = failing.spans() + answered(Reply(PROMPT, text=PROMPT, tool_calls=(PROMPT,))).spans()
    spans += rate_limited(then="retry").spans() + rate_limited(then="fallback").spans()
    for span in spans:
        assert "hunter2" not in span.to_json()
        assert "secret" not in span.to_json()
    assert len(spans) == 9
