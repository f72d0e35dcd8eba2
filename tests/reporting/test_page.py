"""The page: it stands alone, says what the report says, and takes no name for markup."""

from __future__ import annotations

from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from taskroute.reporting import svg, wording
from taskroute.reporting.collect import Collector
from taskroute.reporting.html import tag
from taskroute.reporting.page import page

from .written import BEGIN, attempt, line, route

HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>&\x00\u202e"
_VOID = {"meta"}


class Read(HTMLParser):
    """Reads a page, and notes what is in it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}


def page_of(*lines: str) -> Read:
    collector = Collector()
    for each in lines:
        collector.take_line(each)
    read = Read(page(collector.report()))
    assert read.open == []
    return read


def some_calls(name: str = "generate") -> list[str]:
    said: dict[str, Any] = {"stage": name, "task": name, "tenant": name, "model": name, "route": name, "decision__id": name}
    scored: dict[str, Any] = {"taskroute__validation__score": 0.5, "taskroute__cost__total": 0.25, "taskroute__cost__currency": "USD"}
    return [
        line(attempt(1, 1, model=name, tokens_in=5, tokens_out=1, **scored), route(1, **said, cost__total=0.25, cache__status="miss")),
        line(attempt(2, 2, model=name, failed=True, error__type=name), route(2, **said, failed=True)),
        line(route(3, fallback__count=1, fallback__from=name, fallback__reason=name, cost__total=1.0, cost__currency="EUR")),
        line(
            route(4, cost__total=0.0, cost__saved=2.0, cost__saved__basis="estimate", cost__baseline=3.0, cache__status="hit", attempts=0)
        ),
    ]


def test_the_page_needs_nothing_from_anywhere() -> None:
    read = page_of(*some_calls())
    assert not read.tags() & {"script", "link", "img", "iframe", "object", "embed", "form", "base", "video", "audio"}
    for tag_, attributes in read.elements:
        assert not {"src", "srcset", "data", "action", "style"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
        assert tag_ != "a" or (attributes["href"] or "").startswith("#")
    css = next(text for text in read.text if ":root" in text)
    assert "url(" not in css
    assert "@import" not in css
    policies = [attributes for _, attributes in read.elements if attributes.get("http-equiv") == "Content-Security-Policy"]
    assert [each["content"] for each in policies] == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_a_hostile_name_is_shown_and_is_no_markup() -> None:
    tame, hostile = page_of(*some_calls()), page_of(*some_calls(HOSTILE))
    assert [tag_ for tag_, _ in hostile.elements] == [tag_ for tag_, _ in tame.elements]
    assert [attributes.keys() for _, attributes in hostile.elements] == [attributes.keys() for _, attributes in tame.elements]
    assert any("</script><script>alert(1)" in text for text in hostile.text)
    assert not any("\x00" in text for text in hostile.text)


def test_a_hostile_currency_is_no_markup() -> None:
    read = page_of(line(route(1, cost__total=1.0, cost__currency="<b>EUR</b>")))
    assert "b" not in read.tags()


def test_every_link_of_the_page_leads_to_a_section() -> None:
    read = page_of(*some_calls())
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = [(attributes["href"] or "")[1:] for tag_, attributes in read.elements if tag_ == "a"]
    assert set(targets) <= set(ids)
    assert {"calls", "spend-0", "spend-1", "models", "latency", "failures", "cache", "read"} == set(targets)


def test_every_picture_has_a_name_or_stands_beside_its_number() -> None:
    for tag_, attributes in page_of(*some_calls()).elements:
        if tag_ == "svg":
            assert attributes.get("aria-label") or attributes.get("aria-hidden") == "true"


def test_an_estimate_is_named_so_and_an_unknown_cost_is_counted() -> None:
    text = " ".join(page_of(*some_calls()).text)
    assert "Saved, estimate" in text
    assert "is an estimate" in text
    assert "Not in any sum of money: 1 call whose cost is not known" in text
    assert "never across" in text


def test_hits_against_a_baseline_are_not_said_to_have_saved_nothing() -> None:
    saved: dict[str, Any] = {"cost__total": 0.0, "cost__saved": 3.0, "cache__status": "hit", "attempts": 0}
    against = " ".join(page_of(line(route(1, cost__saved__basis="estimate", cost__baseline=3.0, **saved))).text)
    assert "Saved by it" not in against
    assert "What hits saved against the baseline is in the estimate of that." in against
    assert "Saved by it, USD" in page_of(line(route(1, cost__saved__basis="cache", **saved))).text


def test_a_page_about_nothing_is_a_page() -> None:
    text = " ".join(page_of().text)
    assert "No cost is known of any call." in text
    assert "NaN" not in text


def test_a_time_stands_once_on_an_axis() -> None:
    read = page_of(line(route(1, cost__total=1.0)))
    ends = [text for text in read.text if text in {wording.at(BEGIN), wording.at(BEGIN + 1)}]
    assert ends.count(wording.at(BEGIN)) == 2  # on the axis and in the table
    assert ends.count(wording.at(BEGIN + 1)) == 1


def test_a_page_about_one_free_call_is_a_page() -> None:
    text = " ".join(page_of(line(route(1, cost__total=0.0, took=0.0))).text)
    assert "Spend in USD" in text


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [(0, [0.0]), (1, [0, 0.25, 0.5, 0.75, 1]), (3, [0, 1, 2, 3]), (7, [0, 2.5, 5, 7.5]), (0.02, [0, 0.005, 0.01, 0.015, 0.02])],
)
def test_an_axis_has_round_numbers(highest: float, ticks: list[float]) -> None:
    assert svg.ticks_to(highest) == pytest.approx(ticks)


def test_an_axis_goes_below_zero_as_far_as_the_numbers_do() -> None:
    assert svg.ticks_to(3, -0.5) == [-1, 0, 1, 2, 3]
    assert svg.ticks_to(0, -2) == [-2, -1.5, -1, -0.5, 0]


def test_what_cost_more_than_the_baseline_hangs_below_zero() -> None:
    read = page_of(line(route(1, cost__total=1.0, cost__saved=-0.5, cost__saved__basis="estimate", cost__baseline=0.5)))
    # The picture over time is the first on the page.
    bars = {attributes["class"]: attributes for tag_, attributes in reversed(read.elements) if tag_ == "rect" and "y" in attributes}
    (zero,) = [attributes["y1"] for _, attributes in read.elements if attributes.get("class") == "zero"]
    assert bars["saved"]["y"] == zero
    assert float(bars["saved"]["height"] or 0) * 2 == pytest.approx(float(bars["spent"]["height"] or 0), rel=1e-4)
    assert "Below zero: it cost more than the baseline would have." in " ".join(read.text)


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0, "0"), (2.5e6, "2.5M"), (1e9, "1B"), (-3e12, "-3T"), (250_000.0, "250,000"), (2.5e-7, "0.00000025")]
)
def test_a_number_beside_an_axis_has_no_exponent(value: float, shown: str) -> None:
    assert wording.tick(value) == shown


def test_names_in_a_picture_do_not_lie_over_one_another() -> None:
    dots = [svg.Dot(0.01 * index, 0.7, "", f"model-{index}") for index in range(6)]
    read = Read(svg.scatter(dots, across=[], up=[], label=""))
    heights = sorted(float(attributes["y"] or 0) for tag_, attributes in read.elements if tag_ == "text")
    assert len(heights) == 6
    assert all(later - earlier >= 16 for earlier, later in pairwise(heights))


def test_scores_are_shown_where_it_is_not_known_what_the_answers_cost() -> None:
    read = page_of(line(attempt(1, 1, taskroute__validation__score=0.5), route(1)))
    assert "0.500" in read.text
    assert "Cost against quality" not in read.text


def test_tokens_that_no_span_tells_are_unknown() -> None:
    assert "unknown" in page_of(line(route(1))).text
    assert "unknown" not in page_of(line(route(1, attempts=0))).text


def test_text_and_attributes_are_escaped() -> None:
    assert tag("a", "<&>", href='"x"', class_="k") == '<a href="&quot;x&quot;" class="k">&lt;&amp;&gt;</a>'


def test_times_are_written_as_exactly_as_steps_need_it() -> None:
    assert [wording.at(0, width) for width in (1, 60, 86_400)] == ["1970-01-01 00:00:00", "1970-01-01 00:00", "1970-01-01"]
    assert [wording.length(width) for width in (1, 15, 60, 300, 3600, 86_400, 172_800)] == [
        "second",
        "15 seconds",
        "minute",
        "5 minutes",
        "hour",
        "day",
        "2 days",
    ]
