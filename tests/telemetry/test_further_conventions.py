"""What `compat` adds to the spans of a call, from all that stands on them, and that it costs nothing where it is off or breaks."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from typing import Any, cast

import pytest

from taskroute.telemetry.settings import Telling
from taskroute.types import Call, Cost, Reply, Usage

from .driven import Driven, RateLimitError, answered, decide, rate_limited, said
from .test_conversation_spans import answer, asks

PRICED = Reply("hi", Usage(10, 5), "stop", "gpt-6-luna-1", "openai", "r1", cost=Cost(Decimal("0.25"), "user"))


def telling(*compat: str, **fields: Any) -> Telling:
    return Telling(compat=cast("Any", compat), **fields)


def test_the_block_of_a_convention_is_on_the_inference_span_with_its_exact_cost() -> None:
    call = answered(PRICED, telling=telling("otel-443"))
    attributes = said(call.attempts()[0])
    assert (attributes["gen_ai.usage.cost.amount"], attributes["gen_ai.usage.cost.currency"]) == (0.25, "USD")
    assert not [name for name in said(call.route()) if name.startswith("gen_ai.usage")]


def test_a_span_is_as_it_was_but_for_what_is_added() -> None:
    plain, further = (
        answered(PRICED),
        answered(PRICED, telling=telling("otel-443", "openinference", "mlflow", "langfuse", "logfire", "openlit")),
    )
    for before, after in zip(plain.spans(), further.spans(), strict=True):
        assert said(before).items() <= said(after).items()
        assert (before.start_time, before.end_time, before.name) == (after.start_time, after.end_time, after.name)


def test_both_spans_have_their_kind_in_the_words_of_openinference() -> None:
    route, attempt = answered(PRICED, telling=telling("openinference")).spans()
    assert (said(route)["openinference.span.kind"], said(attempt)["openinference.span.kind"]) == ("CHAIN", "LLM")
    assert said(attempt)["llm.token_count.prompt"] == 10
    assert "llm.token_count.prompt" not in said(route)


def test_a_model_that_failed_has_no_cost_in_any_words() -> None:
    call = Driven(decide("small", "large"), telling=telling("otel-443", "mlflow"))
    call.watch.decided(call.decision)
    call.attempt("small")
    call.fails("small", RateLimitError(), "rate_limit")
    call.attempt("large", number=2, fell=("small", "rate_limit"))
    call.answers("large", PRICED)
    call.finish()
    assert ["mlflow.llm.cost" in said(span) for span in call.attempts()] == [False, True]


def test_the_route_span_has_the_words_of_the_call_only_where_content_is_on_spans() -> None:
    for content, there in (("span", True), ("event", False), ("none", False)):
        reply = answer(usage=Usage(1, 1))
        call = Driven(decide("small"), call=Call("q", asking=asks()), telling=telling("openinference", content=cast("Any", content)))
        call.watch.decided(call.decision)
        call.attempt("small")
        call.answers("small", reply)
        call.finish(reply=reply)
        route = call.route()
        assert ("How long" in route.to_json(), "months" in route.to_json()) == (there, there)


def test_an_attempt_whose_span_is_somebody_elses_has_none_of_it() -> None:
    call = answered(PRICED, call=Call("q", traced=True), telling=telling("otel-443", "openinference", "mlflow"))
    (route,) = call.spans()
    (event,) = route.events
    assert not [name for name in (event.attributes or {}) if name.startswith(("gen_ai.", "llm.", "mlflow.", "openinference."))]


def test_a_convention_that_breaks_costs_one_warning_and_neither_the_span_nor_the_call() -> None:
    with pytest.warns(RuntimeWarning, match="KeyError") as caught:
        call = answered(PRICED, telling=telling("of-another-version"))
    assert len(caught) == 1
    assert said(call.attempts()[0])["taskroute.cost.total"] == 0.25
    assert said(call.route())["taskroute.model"] == "small"


QUIET = """
import sys
from tests.telemetry.driven import rate_limited
rate_limited(then="fallback")
loaded = ("taskroute.telemetry.compat", "taskroute.telemetry.content")
print([name for name in sys.modules if name.startswith(loaded)])
"""


def test_what_is_off_is_not_even_loaded() -> None:
    run = subprocess.run([sys.executable, "-c", QUIET], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("[]\n", "")


def test_without_it_no_further_word_is_written() -> None:
    spans = rate_limited(then="retry").spans()
    ours = ("taskroute.", "gen_ai.", "server.", "error.type")
    assert [name for span in spans for name in said(span) if not name.startswith(ours)] == []
