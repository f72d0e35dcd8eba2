"""What a report adds up, whatever the order in which spans come."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from taskroute.reporting.as_json import as_json
from taskroute.reporting.collect import Collector
from taskroute.reporting.result import Report

from .written import BEGIN, attempt, line, route, span


def reported(*lines: str, **options: Any) -> Report:
    return report_on(lines, **options)


def report_on(lines: Iterable[str], **options: Any) -> Report:
    collector = Collector(**options)
    for each in lines:
        collector.take_line(each)
    return collector.report()


def test_known_calls_give_known_numbers() -> None:
    known = [
        line(
            attempt(1, 1, tokens_in=100, tokens_out=20, took=0.5),
            route(1, route="retrieval", stage="rerank", task="code", tenant="acme", model="small", cost__total=0.1, at=0, took=0.6),
        ),
        line(
            attempt(2, 2, model="gpt-5-mini", failed=True, error__type="429"),
            attempt(3, 2, model="claude", tokens_in=50, tokens_out=5, took=2.0),
            route(
                2,
                stage="generate",
                tenant="acme",
                model="large",
                cost__total=0.2,
                attempts=2,
                fallback__count=1,
                fallback__from="small",
                fallback__reason="rate_limit",
                at=3600,
                took=4.0,
            ),
        ),
        line(route(3, stage="generate", model="large", cost__total=0.0, cost__saved=0.7, cache__status="hit", attempts=0)),
        line(route(4, stage="generate", failed=True, attempts=3)),
        line(route(5, stage="generate", cancelled=True, attempts=0)),
    ]
    report = report_on(known)
    assert report.calls._asdict() == {
        "total": 5,
        "answered": 3,
        "failed": 1,
        "cancelled": 1,
        "fell_back": 1,
        "fallbacks": 1,
        "requests": 6,
        "unpriced": 1,
    }
    assert report.tokens == (150, 25)
    (money,) = report.money
    assert (money.currency, money.spent, money.saved_by_cache, money.saved_estimate) == ("USD", Decimal("0.3"), Decimal("0.7"), 0)
    by_stage = {row.name: (row.calls, dict(row.spent), row.unpriced) for row in report.groups["stage"].rows}
    assert by_stage == {"rerank": (1, {"USD": Decimal("0.1")}, 0), "generate": (4, {"USD": Decimal("0.2")}, 1)}
    assert [(each.decision_id, each.cost, each.input, each.output) for each in report.dearest["USD"]] == [
        ("d2", Decimal("0.2"), 50, 5),
        ("d1", Decimal("0.1"), 100, 20),
    ]
    assert [tuple(each) for each in report.failures] == [("gpt-5-mini", "429", 1)]
    assert [tuple(each) for each in report.fallbacks] == [("small", "rate_limit", 1)]
    assert report.cache == {"hit": 1}
    assert (report.first, report.last) == (BEGIN, BEGIN + 3600)


def test_amounts_are_added_by_the_digits_in_the_file() -> None:
    (money,) = report_on(line(route(number, cost__total=0.1)) for number in range(1, 11)).money
    assert money.spent == Decimal("1.0")
    assert sum([0.1] * 10) != 1.0


def test_an_unknown_cost_is_counted_and_is_in_no_sum() -> None:
    report = reported(line(route(1, stage="a")), line(route(2, stage="a", cost__total=1.5)))
    assert report.calls.unpriced == 1
    assert report.money[0].spent == Decimal("1.5")
    assert report.groups["stage"].rows[0].unpriced == 1


def test_a_call_that_asked_no_model_has_no_unknown_cost() -> None:
    assert reported(line(route(1, attempts=0))).calls.unpriced == 0


def test_currencies_are_never_mixed() -> None:
    report = reported(
        line(route(1, stage="a", cost__total=1.0)),
        line(route(2, stage="a", cost__total=5.0, cost__currency="EUR")),
        line(route(3, stage="a", cost__total=2.0)),
    )
    assert {money.currency: money.spent for money in report.money} == {"USD": 3, "EUR": 5}
    assert dict(report.groups["stage"].rows[0].spent) == {"EUR": 5, "USD": 3}
    assert [each.decision_id for each in report.dearest["EUR"]] == ["d2"]
    assert dict(report.times.steps[0].row.spent) == {"EUR": 5, "USD": 3}


def test_what_is_saved_against_a_baseline_is_told_as_an_estimate() -> None:
    report = reported(
        line(route(1, cost__total=1.0, cost__saved=4.0, cost__saved__basis="estimate", cost__baseline=5.0)),
        line(route(2, cost__total=0.0, cost__saved=2.0, cost__saved__basis="cache", cache__status="hit", attempts=0)),
    )
    (money,) = report.money
    assert (money.saved_estimate, money.saved_by_cache, money.saved, money.baseline) == (4, 2, 6, 5)


def test_what_dropped_streams_cost_is_told_as_an_estimate() -> None:
    report = reported(
        line(route(1, cost__total=1.0, cost__source="user")),
        line(route(2, cost__total=0.5, cost__source="user, estimated", cancelled=True)),
    )
    (money,) = report.money
    assert (money.spent, money.spent_estimate) == (Decimal("1.5"), Decimal("0.5"))
    assert as_json(report)["money"]["USD"]["spent_estimate"] == "0.5"


def test_a_baseline_counts_only_beside_a_cost_that_is_known() -> None:
    report = reported(
        line(route(1, cost__total=1.0, cost__saved=4.0, cost__saved__basis="estimate", cost__baseline=5.0)),
        line(route(2, cost__baseline=100.0, cost__currency="USD")),
    )
    assert report.money[0].baseline == 5


def test_what_was_paid_aside_counts_only_as_a_part_of_a_cost_that_is_known() -> None:
    (money,) = reported(line(route(1, cost__total=1.0, cost__aside=0.25)), line(route(2, cost__aside=8.0, cost__currency="USD"))).money
    assert (money.spent, money.aside) == (1, Decimal("0.25"))


def test_a_model_that_cost_more_than_the_baseline_saved_less_than_nothing() -> None:
    (money,) = reported(line(route(1, cost__total=9.0, cost__saved=-4.0, cost__saved__basis="estimate", cost__baseline=5.0))).money
    assert money.saved == -4


def test_a_span_that_comes_twice_is_counted_once() -> None:
    once = line(attempt(1, 1, tokens_in=7), route(1, cost__total=1.0))
    report = reported(once, once)
    assert (report.calls.total, report.money[0].spent, report.tokens.input) == (1, 1, 7)
    assert report.read.repeated == 2


def test_tokens_of_a_dear_call_are_found_before_and_after_it() -> None:
    early = attempt(1, 1, tokens_in=10, tokens_out=1)
    late = attempt(2, 1, tokens_in=5, tokens_out=2)
    (dear,) = reported(line(early), line(route(1, cost__total=1.0)), line(late)).dearest["USD"]
    assert (dear.input, dear.output) == (15, 3)


def test_broken_lines_are_skipped_and_counted() -> None:
    good = line(route(1))
    broken = [
        "{",
        "[]",
        "null",
        '{"a": 1}',
        "\udcff",
        "[" * 100_000,
        '{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "x"}]}]}]}',
    ]
    report = reported(*broken[:3], good, *broken[3:])
    assert report.calls.total == 1
    assert (report.read.lines, report.read.broken) == (8, 7)


def test_metrics_and_logs_in_the_same_file_are_no_damage() -> None:
    assert reported('{"resourceMetrics": []}', '{"resourceLogs": []}').read.broken == 0


def test_strange_values_are_unknown_and_harm_nothing() -> None:
    for amount in ("1e999999999", "-1", '"NaN"', "1e20", "null", "true", "[]"):
        text = line(route(1, cost__total=0.125)).replace("0.125", amount)
        report = reported(text)
        assert (report.calls.total, report.calls.unpriced, report.money) == (1, 1, ()), amount
        assert as_json(report)["calls"]["unknown_cost"] == 1


def test_a_number_too_large_to_be_written_out_holds_nothing_up() -> None:
    text = line(route(1, stage="a"))
    start = f'"{BEGIN * 10**9}"'
    for number in ("1e999999999", "Infinity", "NaN", "true", "null", '"x"', '"' + "9" * 5000 + '"'):
        assert reported(text.replace(f'"startTimeUnixNano": {start}', f'"startTimeUnixNano": {number}')).first is None, number
        assert reported(text.replace('"intValue": "1"', f'"intValue": {number}')).calls.requests == 0, number


def test_numbers_may_be_written_as_text_and_as_numbers() -> None:
    text = line(route(1, cost__total=0.125))
    report = reported(text.replace("0.125", '"0.125"').replace('"intValue": "1"', '"intValue": 1'))
    assert (report.money[0].spent, report.calls.requests) == (Decimal("0.125"), 1)


def test_half_a_character_can_be_printed_and_written() -> None:
    (row,) = reported(line(route(1, stage="a\ud800b"))).groups["stage"].rows
    assert row.name == "a?b"


def test_inferences_of_others_count_unless_their_trace_has_a_routed_call() -> None:
    def chat(trace: int, id_: int) -> dict[str, Any]:
        said = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 5}
        return span("chat m", said, trace=trace, id_=id_)

    report = reported(line(chat(1, 21)), line(route(1)), line(chat(1, 22)), line(chat(2, 23)))
    assert report.others == (1, 5, 0, 2)
    assert report.tokens.input is None


def test_attempts_that_are_events_of_the_route_span_tell_of_failures_and_scores() -> None:
    told = route(1, cost__total=1.0)
    told["events"] = span(
        "x",
        {},
        trace=1,
        id_=1,
        events=[
            ("attempt", {"taskroute.model": "small", "error.type": "429", "taskroute.failure": "rate_limit"}),
            ("attempt", {"taskroute.model": "large", "taskroute.validation.score": 0.5}),
        ],
    )["events"]
    report = reported(line(told))
    assert [tuple(each) for each in report.failures] == [("small", "rate_limit", 1)]
    assert [(each.model, each.scored, each.score) for each in report.quality] == [("large", 1, Decimal("0.5"))]


def test_scores_stand_beside_what_the_answers_cost() -> None:
    cost = {"taskroute__cost__total": 0.25, "taskroute__cost__currency": "USD"}
    report = reported(
        line(attempt(1, 1, taskroute__validation__score=0.9, **cost)),
        line(attempt(2, 2, taskroute__validation__score=0.5, **cost)),
    )
    (quality,) = report.quality
    assert (quality.score, dict(quality.cost)) == (Decimal("0.7"), {"USD": Decimal("0.25")})


def test_only_what_began_in_the_time_that_was_asked_for_counts() -> None:
    lines = [line(route(number, at=float(number))) for number in range(1, 6)]
    report = report_on(lines, since=BEGIN + 2.0, until=BEGIN + 4.0)
    assert (report.calls.total, report.read.outside) == (2, 3)


def test_percentiles_are_right_to_one_part_in_a_hundred() -> None:
    report = report_on(line(route(number, route="r", took=number / 100)) for number in range(1, 1001))
    (row,) = report.routes.rows
    for found, exact in ((row.p50, 5.0), (row.p90, 9.0), (row.p99, 9.9)):
        assert abs(found - exact) <= 0.0101 * exact


def test_steps_of_time_grow_with_the_time_there_is() -> None:
    assert reported(line(route(1)), line(route(2, at=10))).times.width == 1
    year = report_on(line(route(day + 1, at=day * 86_400.0, cost__total=1.0)) for day in range(365))
    assert year.times.width == 8 * 86_400
    assert sum(step.row.calls for step in year.times.steps) == 365
    assert len(year.times.steps) <= 60


def test_more_names_than_there_is_room_for_are_one_row_and_lose_nothing() -> None:
    report = report_on(line(route(number, tenant=f"t{number}", cost__total=0.5)) for number in range(1, 1501))
    tenants = report.groups["tenant"]
    assert len(tenants.rows) == 20
    assert tenants.rest is not None
    assert tenants.rest.calls == 1480
    assert sum(row.spent["USD"] for row in (*tenants.rows, tenants.rest)) == report.money[0].spent == 750


def exact(amounts: Iterable[Decimal | None]) -> Fraction:
    return sum((Fraction(amount) for amount in amounts if amount is not None), Fraction(0))


_NAMES = st.one_of(st.none(), st.sampled_from(["a", "b", "other", "</script>"]))
_AMOUNTS = st.floats(min_value=0, max_value=1e6, allow_nan=False)


@st.composite
def _calls(draw: st.DrawFn) -> list[str]:
    lines: list[str] = []
    for number in range(1, draw(st.integers(1, 25)) + 1):
        said: dict[str, Any] = {name: draw(_NAMES) for name in ("stage", "task", "tenant", "model", "route")}
        cost: dict[str, Any] = (
            {"cost__total": draw(_AMOUNTS), "cost__currency": draw(st.sampled_from(["USD", "EUR"]))} if draw(st.booleans()) else {}
        )
        saved: dict[str, Any] = {"cost__saved": draw(_AMOUNTS)} if cost and draw(st.booleans()) else {}
        lines.append(line(route(number, at=draw(st.floats(0, 1e8)), took=draw(st.floats(0, 100)), **said, **cost, **saved)))
        if draw(st.booleans()):
            lines.append(line(attempt(number, number, tokens_in=draw(st.integers(0, 9)), tokens_out=1)))
    return lines


@settings(deadline=None, max_examples=60)
@given(_calls(), st.randoms(use_true_random=False))
def test_totals_are_the_sum_of_their_parts_in_any_order(lines: list[str], random: Any) -> None:
    report = report_on(lines)
    shuffled = [*lines, *random.sample(lines, len(lines) // 2)]
    random.shuffle(shuffled)
    again = report_on(shuffled)
    assert as_json(again._replace(read=report.read)) == as_json(report)
    for money in report.money:
        for groups in report.groups.values():
            rows = [*groups.rows, *([groups.rest] if groups.rest else [])]
            assert sum(row.calls for row in rows) == report.calls.total
            assert exact(row.spent.get(money.currency) for row in rows) == money.spent
            assert exact(row.saved.get(money.currency) for row in rows) == money.saved
        assert exact(step.row.spent.get(money.currency) for step in report.times.steps) == money.spent
    assert report.calls.total == report.calls.answered + report.calls.failed + report.calls.cancelled


def _many(calls: int) -> list[str]:
    return [
        line(
            attempt(number, number, model=f"m{number}", tokens_in=5, tokens_out=1),
            route(number, at=number * 60.0, tenant=f"t{number}", stage=f"s{number % 7}", cost__total=0.001 * (number % 97)),
            span("chat x", {"gen_ai.operation.name": "chat"}, trace=number << 70, id_=number),
        )
        for number in range(1, calls + 1)
    ]


def _peak(lines: list[str]) -> int:
    tracemalloc.start()
    try:
        report_on(lines)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_number_of_calls() -> None:
    # At the first size everything that is kept has reached its bound.
    lines = _many(5000)
    _peak(lines[:100])
    assert _peak(lines) - _peak(lines[:2500]) < 2500 * 20
