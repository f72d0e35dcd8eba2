"""What Phoenix holds of calls, read back by its own API."""

from __future__ import annotations

import pytest

from taskroute.cli import main

from .calls import ANSWER, EXPECTED, SECRET, SESSION, Made, Sent
from .reading import Trace, attempts, named, phoenix_trace
from .servers import Server

CHATS = tuple(name for name in EXPECTED if name != "embedding")
EACH = pytest.mark.parametrize("kind", ["told", "plain"])
# Without OpenInference's names Phoenix does not know how much was reasoning, which has a price of its own here: a test further down.
PRICED = [(kind, name) for kind in ("told", "plain") for name in CHATS if (kind, name) != ("plain", "private")]


def held(phoenix: Server, made: Made) -> Trace:
    return phoenix_trace(phoenix.url, made.trace_id, spans=1 + len(made.sent))


@EACH
@pytest.mark.parametrize("name", EXPECTED)
def test_the_tree_is_the_route_with_the_models_below_it(phoenix: Server, sent: Sent, kind: str, name: str) -> None:
    made = named(sent, kind, name)
    trace = held(phoenix, made)
    assert len(trace.spans) == 1 + len(made.inferences)
    assert trace.spans[made.route].parent is None
    assert [read.name for read in attempts(trace, made)] == [f"{want.operation} {want.model}" for want in made.inferences]
    assert {read.parent for read in attempts(trace, made)} <= {made.route}


@EACH
@pytest.mark.parametrize("name", CHATS)
def test_every_count_of_tokens_is_right_and_none_is_counted_twice(phoenix: Server, sent: Sent, kind: str, name: str) -> None:
    made = named(sent, kind, name)
    trace = held(phoenix, made)
    for read, want in zip(attempts(trace, made), made.inferences, strict=True):
        assert (read.input or None, read.output or None) == (want.input, want.output)
        assert (read.cache_read, read.cache_write) == (want.cache_read, want.cache_write)
        assert read.attributes.get("gen_ai.usage.reasoning.output_tokens") == want.reasoning
        # It counts reasoning apart only by OpenInference's name for it.
        assert read.reasoning == (want.reasoning if kind == "told" else None)
    assert trace.tokens == sum((want.input or 0) + (want.output or 0) for want in made.inferences)


@pytest.mark.parametrize(("kind", "name"), PRICED)
def test_once_it_is_told_our_prices_its_costs_are_ours(phoenix: Server, sent: Sent, kind: str, name: str) -> None:
    made = named(sent, kind, name)
    trace = held(phoenix, made)
    for read, want in zip(attempts(trace, made), made.inferences, strict=True):
        assert read.cost == (None if want.cost is None else pytest.approx(want.cost))
    known = [want.cost for want in made.inferences if want.cost is not None]
    assert (trace.cost or None) == (pytest.approx(sum(known)) if known else None)


def test_without_the_names_of_openinference_reasoning_is_priced_as_other_output(phoenix: Server, sent: Sent) -> None:
    made = sent.plain["private"]
    (read,) = attempts(held(phoenix, made), made)
    assert read.cost == pytest.approx((1000 * 1 + 100 * 3) / 1e6)


@EACH
def test_of_an_embedding_it_counts_neither_tokens_nor_cost_and_keeps_ours(phoenix: Server, sent: Sent, kind: str) -> None:
    made = named(sent, kind, "embedding")
    (read,) = attempts(held(phoenix, made), made)
    assert (read.input, read.cost) == (None, None)
    assert (read.attributes["gen_ai.usage.input_tokens"], read.attributes["taskroute.cost.total"]) == (50, 0.0000015)


@EACH
def test_our_own_costs_stand_on_the_spans_as_well(phoenix: Server, sent: Sent, kind: str) -> None:
    for name in EXPECTED:
        made = named(sent, kind, name)
        reads = attempts(held(phoenix, made), made)
        assert [read.attributes.get("taskroute.cost.total") for read in reads] == [want.cost for want in made.inferences]


@EACH
def test_a_fallback_is_seen_with_its_error_and_its_reason(phoenix: Server, sent: Sent, kind: str) -> None:
    made = named(sent, kind, "fallback")
    trace = held(phoenix, made)
    failed, answered = attempts(trace, made)
    route = trace.spans[made.route]
    assert (failed.error, answered.error, route.error) == (True, False, False)
    assert failed.attributes["error.type"] == "429"
    assert (answered.attributes["taskroute.fallback.from"], answered.attributes["taskroute.fallback.reason"]) == ("large", "rate_limit")
    assert route.attributes["taskroute.fallback.count"] == 1
    assert route.attributes["taskroute.model"] == "small"


@EACH
def test_a_call_that_failed_is_an_error_from_the_top(phoenix: Server, sent: Sent, kind: str) -> None:
    made = named(sent, kind, "failed")
    assert all(read.error for read in held(phoenix, made).spans.values())


@EACH
def test_calls_of_one_conversation_are_one_session(phoenix: Server, sent: Sent, kind: str) -> None:
    assert {held(phoenix, named(sent, kind, name)).session for name in ("answered", "fallback", "cached")} == {SESSION}
    assert held(phoenix, named(sent, kind, "tools")).session is None


@EACH
def test_a_served_answer_has_no_tokens_and_says_what_it_saved(phoenix: Server, sent: Sent, kind: str) -> None:
    trace = held(phoenix, named(sent, kind, "cached"))
    (route,) = trace.spans.values()
    assert (trace.tokens, trace.cost) == (0, None)
    assert (route.attributes["taskroute.cache.status"], route.attributes["taskroute.cost.total"]) == ("hit", 0)
    assert route.attributes["taskroute.cost.saved"] == pytest.approx(0.01282)


def test_kinds_are_known_and_the_route_has_one_with_the_names_of_openinference(phoenix: Server, sent: Sent) -> None:
    for kind, of_route in (("told", "chain"), ("plain", "unknown")):
        made = named(sent, kind, "answered")
        trace = held(phoenix, made)
        assert [read.kind for read in attempts(trace, made)] == ["llm"]
        assert trace.spans[made.route].kind == of_route
        made = named(sent, kind, "embedding")
        assert [read.kind for read in attempts(held(phoenix, made), made)] == ["embedding"]


def test_what_was_said_is_there_only_where_the_policy_has_it_written(phoenix: Server, sent: Sent) -> None:
    for name in EXPECTED:
        assert SECRET not in held(phoenix, sent.plain[name]).text
        assert ANSWER not in held(phoenix, sent.plain[name]).text
    said = held(phoenix, sent.told["answered"]).text
    assert SECRET in said
    assert ANSWER in said
    assert "look_up" in held(phoenix, sent.told["tools"]).text


def test_telling_it_the_prices_again_changes_nothing(phoenix: Server, priced: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(priced) == 0
    said = capsys.readouterr().out
    assert said.count("unchanged") == 4
    assert "entered" not in said
    assert "left out: unlisted: no price is known" in said
