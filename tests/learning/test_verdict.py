"""What is made of a way to route: every combination of quality and cost has a sentence that is true, and says what to do."""

from __future__ import annotations

import pytest

from taskroute.learning.bootstrap import Interval
from taskroute.learning.validate import Apart, Coins
from taskroute.learning.verdict import judged, less

QUALITY = {
    "better": Interval(0.03, 0.01, 0.05),
    "kept": Interval(-0.002, -0.012, 0.008),
    "a little lost": Interval(-0.01, -0.018, -0.002),
    "doubtful": Interval(-0.005, -0.0201, 0.01),
    "worse": Interval(-0.05, -0.07, -0.03),
}
SAVING = {
    "less": Interval(0.4, 0.3, 0.5),
    "a little less": Interval(0.1, 0.08, 0.12),
    "alike": Interval(0.01, -0.05, 0.07),
    "just more": Interval(-0.01, -0.015, -0.005),
    "maybe more": Interval(-0.15, -0.35, 0.05),
    "more": Interval(-1.8, -2.0, -1.6),
    "unknown": None,
}
SURE, UNSURE_COIN = Interval(0.05, 0.03, 0.07), Interval(0.01, -0.01, 0.03)
AHEAD = Coins(SURE, SURE, SURE)
NOTHING_SURE = "neither quality nor cost is surely better"
IF_WORTH_IT = "no gain, unless that is worth it to you"
UNSURE = "quality is not surely better"
SAVED = "40.0% less cost for -0.0020 quality"


@pytest.mark.parametrize(
    ("quality", "cost", "gain", "said"),
    [
        ("better", "less", True, "+0.0300 quality for 40.0% less cost: a gain"),
        ("better", "alike", True, "+0.0300 quality at about the same cost: a gain"),
        ("better", "just more", True, "+0.0300 quality at about the same cost: a gain"),
        ("better", "maybe more", False, f"+0.0300 quality, but 15.0% more cost: {IF_WORTH_IT}"),
        ("better", "more", False, f"+0.0300 quality, but 180.0% more cost: {IF_WORTH_IT}"),
        ("better", "unknown", True, "+0.0300 quality: a gain in quality; what it costs is not told"),
        ("kept", "less", True, f"{SAVED}: a gain"),
        ("kept", "alike", False, NOTHING_SURE),
        ("kept", "more", False, f"180.0% more cost, and {UNSURE}: do not use it"),
        ("kept", "unknown", False, f"{UNSURE}, and what it costs is not told"),
        ("a little lost", "less", True, "40.0% less cost for -0.0100 quality: a gain"),
        ("doubtful", "less", False, "40.0% less cost, but it may lose more than 0.02 quality: score more prompts before you use it"),
        ("doubtful", "alike", False, NOTHING_SURE),
        ("doubtful", "more", False, f"180.0% more cost, and {UNSURE}: do not use it"),
        ("doubtful", "unknown", False, f"{UNSURE}, and what it costs is not told"),
        ("worse", "less", False, f"40.0% less cost, but -0.0500 quality: {IF_WORTH_IT}"),
        ("worse", "alike", False, "-0.0500 quality, and cost is not surely less: do not use it"),
        ("worse", "more", False, "-0.0500 quality, and 180.0% more cost: do not use it"),
        ("worse", "unknown", False, "-0.0500 quality, and what it costs is not told: do not use it"),
    ],
)
def test_what_is_sure_of_quality_and_cost_makes_the_sentence(quality: str, cost: str, gain: bool, said: str) -> None:
    apart = Apart(QUALITY[quality], SAVING[cost], QUALITY[quality], SAVING[cost])
    assert judged("way", apart, AHEAD)[:2] == (gain, f"way: {said}.")


@pytest.mark.parametrize(
    ("most", "least", "said"),
    [
        (("kept", "alike"), ("kept", "less"), f"{SAVED}: a gain"),
        (("doubtful", "less"), ("kept", "less"), f"{SAVED}: a gain"),
        (("better", "alike"), ("kept", "less"), f"+0.0300 quality at about the same cost, or {SAVED}: a gain"),
        (("better", "less"), ("kept", "less"), "+0.0300 quality for 40.0% less cost: a gain"),
        (("better", "a little less"), ("kept", "less"), f"+0.0300 quality for 10.0% less cost, or {SAVED}: a gain"),
        (("better", "alike"), ("better", "alike"), "+0.0300 quality at about the same cost: a gain"),
        (("better", "alike"), ("worse", "more"), "+0.0300 quality at about the same cost: a gain"),
        (("kept", "alike"), ("worse", "less"), f"40.0% less cost, but -0.0500 quality: {IF_WORTH_IT}"),
        (("worse", "alike"), ("kept", "more"), "-0.0500 quality, and cost is not surely less: do not use it"),
    ],
)
def test_of_two_aims_the_one_that_gains_is_told_and_both_where_they_gain_different_things(
    most: tuple[str, str], least: tuple[str, str], said: str
) -> None:
    apart = Apart(QUALITY[most[0]], SAVING[most[1]], QUALITY[least[0]], SAVING[least[1]])
    assert judged("way", apart, AHEAD).sentence == f"way: {said}."


@pytest.mark.parametrize(
    ("cost", "gain", "said"),
    [
        ("more", False, f"+0.0300 quality, but 180.0% more cost: {IF_WORTH_IT}"),
        ("just more", True, "+0.0300 quality at about the same cost: a gain"),
    ],
)
def test_what_more_cost_would_buy_is_told_where_nothing_else_is_gained(cost: str, gain: bool, said: str) -> None:
    kept, alike = QUALITY["kept"], SAVING["alike"]
    apart = Apart(kept, alike, kept, alike, QUALITY["better"], SAVING[cost])
    assert judged("way", apart, AHEAD)[:2] == (gain, f"way: {said}.")
    saving = apart._replace(saving=SAVING["less"])
    assert judged("way", saving, AHEAD)[:2] == (True, f"way: {SAVED}: a gain.")


BY_CHANCE = "choosing between two models at random at that cost may do as well: no gain"


@pytest.mark.parametrize("coin", [UNSURE_COIN, Interval(-0.01, -0.02, -0.005), None])
@pytest.mark.parametrize("quality", ["kept", "a little lost", "doubtful", "worse"])
def test_a_saving_that_a_coin_may_bring_as_well_is_no_gain(quality: str, coin: Interval | None) -> None:
    apart = Apart(QUALITY[quality], SAVING["less"], QUALITY[quality], SAVING["less"])
    told = judged("way", apart, Coins(coin, coin, coin))
    assert (told.gain, told.is_trade) == (False, False)
    assert told.sentence == f"way: 40.0% less cost for {QUALITY[quality].value:+.4f} quality, but {BY_CHANCE}."


def test_a_coin_does_not_count_against_quality_that_is_surely_better() -> None:
    apart = Apart(QUALITY["better"], SAVING["less"], QUALITY["better"], SAVING["less"])
    assert judged("way", apart, Coins()).gain


def test_a_saving_that_is_not_surely_above_two_percent_is_no_gain() -> None:
    apart = Apart(QUALITY["kept"], Interval(0.03, 0.019, 0.04), QUALITY["kept"], Interval(0.03, 0.019, 0.04))
    said = "way: 3.0% less cost for -0.0020 quality, a saving that is not surely above 2%: no gain."
    assert judged("way", apart, AHEAD)[:2] == (False, said)
    enough = apart._replace(saving=Interval(0.03, 0.021, 0.04))
    assert judged("way", enough, AHEAD).gain


@pytest.mark.parametrize(
    ("quality", "cost", "is_trade"),
    [("better", "more", True), ("worse", "less", True), ("kept", "alike", False), ("better", "less", False), ("worse", "more", False)],
)
def test_what_is_a_matter_of_taste_is_told_apart(quality: str, cost: str, is_trade: bool) -> None:
    apart = Apart(QUALITY[quality], SAVING[cost], QUALITY[quality], SAVING[cost])
    assert judged("way", apart, AHEAD).is_trade is is_trade


def test_a_way_that_takes_the_one_model_throughout_is_called_so() -> None:
    nothing = Interval(0.0, 0.0, 0.0)
    for apart in (Apart(nothing, nothing, nothing, nothing), Apart(nothing, None, None, None)):
        assert judged("way", apart, AHEAD)[:2] == (False, "way: it takes that one model for all calls.")


@pytest.mark.parametrize(
    ("saving", "said"),
    [
        (Interval(0.12, 0.08, 0.16), "12.0% less (8.0% to 16.0%)"),
        (Interval(-1.8, -2.0, -1.5), "180.0% more (150.0% to 200.0%)"),
        (Interval(0.01, -0.03, 0.05), "1.0% less (3.0% more to 5.0% less)"),
        (Interval(-0.01, -0.05, 0.03), "1.0% more (5.0% more to 3.0% less)"),
        (Interval(0.0, 0.0, 0.0), "0.0% less (0.0% to 0.0%)"),
        (None, "not told"),
    ],
)
def test_what_costs_more_is_not_called_a_saving(saving: Interval | None, said: str) -> None:
    assert less(saving) == said
