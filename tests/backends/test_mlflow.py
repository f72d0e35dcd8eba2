"""What MLflow holds of calls, read back by its own API."""

from __future__ import annotations

import pytest

from .calls import ANSWER, EXPECTED, SECRET, SESSION, Made, Sent
from .reading import Trace, attempts, mlflow_trace, named
from .servers import Server, post

EACH = pytest.mark.parametrize("kind", ["told", "plain"])


def held(mlflow: Server, made: Made) -> Trace:
    return mlflow_trace(mlflow.url, made.trace_id, spans=1 + len(made.sent))


@EACH
@pytest.mark.parametrize("name", EXPECTED)
def test_the_tree_is_the_route_with_the_models_below_it(mlflow: Server, sent: Sent, kind: str, name: str) -> None:
    made = named(sent, kind, name)
    trace = held(mlflow, made)
    assert len(trace.spans) == 1 + len(made.inferences)
    assert trace.spans[made.route].parent is None
    assert [read.name for read in attempts(trace, made)] == [f"{want.operation} {want.model}" for want in made.inferences]
    assert {read.parent for read in attempts(trace, made)} <= {made.route}


@EACH
@pytest.mark.parametrize("name", EXPECTED)
def test_every_count_of_tokens_is_right_and_none_is_counted_twice(mlflow: Server, sent: Sent, kind: str, name: str) -> None:
    made = named(sent, kind, name)
    trace = held(mlflow, made)
    for read, want in zip(attempts(trace, made), made.inferences, strict=True):
        if want.operation == "chat":
            assert (read.input, read.output) == (want.input, want.output)
        assert (read.cache_read, read.cache_write) == (want.cache_read, want.cache_write)
        assert read.attributes.get("gen_ai.usage.input_tokens") == want.input
        assert read.attributes.get("gen_ai.usage.reasoning.output_tokens") == want.reasoning
    if name != "embedding":
        assert (trace.tokens or 0) == sum((want.input or 0) + (want.output or 0) for want in made.inferences)


@pytest.mark.parametrize("name", EXPECTED)
def test_its_costs_are_ours_where_it_is_told_them(mlflow: Server, sent: Sent, name: str) -> None:
    made = sent.told[name]
    trace = held(mlflow, made)
    assert [read.cost for read in attempts(trace, made)] == [
        None if want.cost is None else pytest.approx(want.cost) for want in made.inferences
    ]
    known = [want.cost for want in made.inferences if want.cost is not None]
    assert trace.cost == (pytest.approx(sum(known)) if known else None)


def test_untold_it_prices_what_it_knows_by_a_list_of_its_own(mlflow: Server, sent: Sent) -> None:
    made = sent.plain["retry"]
    (read,) = attempts(held(mlflow, made), made)
    assert read.attributes["taskroute.cost.total"] == pytest.approx(0.00008)
    assert read.cost not in (None, pytest.approx(0.00008))
    made = sent.plain["private"]
    (read,) = attempts(held(mlflow, made), made)
    assert (read.cost, read.attributes["taskroute.cost.total"]) == (None, pytest.approx(0.00134))


@EACH
def test_a_fallback_is_seen_with_its_error_and_its_reason(mlflow: Server, sent: Sent, kind: str) -> None:
    made = named(sent, kind, "fallback")
    trace = held(mlflow, made)
    failed, answered = attempts(trace, made)
    route = trace.spans[made.route]
    assert (failed.error, answered.error, route.error) == (True, False, False)
    assert failed.attributes["error.type"] == "429"
    assert (answered.attributes["taskroute.fallback.from"], answered.attributes["taskroute.fallback.reason"]) == ("large", "rate_limit")
    assert route.attributes["taskroute.fallback.count"] == 1


@EACH
def test_a_call_that_failed_is_an_error_from_the_top(mlflow: Server, sent: Sent, kind: str) -> None:
    trace = held(mlflow, named(sent, kind, "failed"))
    assert all(read.error for read in trace.spans.values())
    assert '"state": "ERROR"' in trace.text


@EACH
def test_calls_of_one_conversation_are_one_session(mlflow: Server, sent: Sent, kind: str) -> None:
    assert {held(mlflow, named(sent, kind, name)).session for name in ("answered", "fallback", "cached")} == {SESSION}
    assert held(mlflow, named(sent, kind, "tools")).session is None


@EACH
def test_a_served_answer_has_no_tokens_and_says_what_it_saved(mlflow: Server, sent: Sent, kind: str) -> None:
    trace = held(mlflow, named(sent, kind, "cached"))
    (route,) = trace.spans.values()
    assert (trace.tokens, trace.cost) == (None, None)
    assert (route.attributes["taskroute.cache.status"], route.attributes["taskroute.cost.total"]) == ("hit", 0)
    assert route.attributes["taskroute.cost.saved"] == pytest.approx(0.01282)


def test_what_was_said_is_there_only_where_the_policy_has_it_written(mlflow: Server, sent: Sent) -> None:
    for name in EXPECTED:
        assert SECRET not in held(mlflow, sent.plain[name]).text
        assert ANSWER not in held(mlflow, sent.plain[name]).text
    said = held(mlflow, sent.told["answered"]).text
    assert SECRET in said
    assert ANSWER in said
    assert "look_up" in held(mlflow, sent.told["tools"]).text


@EACH
def test_a_search_finds_every_call(mlflow: Server, sent: Sent, experiments: dict[str, str], kind: str) -> None:
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiments[kind]}}
    found = post(f"{mlflow.url}/api/3.0/mlflow/traces/search", {"locations": [place], "max_results": 100})["traces"]
    assert {trace["trace_id"] for trace in found} == {f"tr-{made.trace_id}" for made in getattr(sent, kind).values()}
