"""What keeps a choice steady, and what may not stand in the way of a better model."""

from __future__ import annotations

from math import inf
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from taskroute.decision.hysteresis import Settled, Standing, holds, settled
from taskroute.decision.objectives import Considered, in_line, rank
from taskroute.policy.choosing import Choose


def at(name: str, told: float, read: float | None = None, tier: int = 0) -> Standing:
    return Standing(name, tier, told, told if read is None else read)


def test_the_best_comes_first_and_ties_stay_as_they_are_written() -> None:
    assert settled([at("b", 0.7), at("a", 0.9), at("c", 0.9)], margin=0.02) == Settled(("a", "c", "b"))
    assert settled([at("b", 0.9), at("a", 0.1), at("c", 1.0, tier=1)], margin=0) == Settled(("b", "a", "c"))


def test_words_change_the_model_only_by_more_than_the_margin() -> None:
    told = at("told", 0.80)
    assert settled([told, at("read", 0.79, 0.815)], margin=0.02) == Settled(("told", "read"), "told", "read")
    assert settled([told, at("read", 0.79, 0.825)], margin=0.02) == Settled(("read", "told"))
    assert settled([told, at("read", 0.79, 0.801)], margin=0) == Settled(("read", "told"))


def test_who_answered_last_answers_again_within_the_margin() -> None:
    models = [at("best", 0.80), at("last", 0.785), at("far", 0.70)]
    assert settled(models, margin=0.02, last="last") == Settled(("last", "best", "far"), "last", "best")
    assert settled(models, margin=0.02, last="far").names[0] == "best"
    assert settled(models, margin=0.02, last="gone").names[0] == "best"
    assert settled(models, margin=0, last="last").names[0] == "best"


def test_who_answered_last_is_not_kept_over_a_model_that_keeps_the_limits() -> None:
    assert settled([at("last", 0.9, tier=2), at("good", 0.1)], margin=1, last="last").names == ("good", "last")


def test_of_costs_the_margin_is_a_share() -> None:
    near, far = [at("cheap", -0.985), at("last", -1.0)], [at("cheap", -0.97), at("last", -1.0)]
    assert settled(near, margin=0.02, last="last", relative=True).names[0] == "last"
    assert settled(far, margin=0.02, last="last", relative=True).names[0] == "cheap"
    assert settled([at("cheap", -1e-7), at("last", -2e-7)], margin=0.02, last="last", relative=True).names[0] == "cheap"


def test_a_limit_that_is_kept_is_let_go_only_by_the_margin_and_the_other_way_round() -> None:
    assert holds(0.0, -0.02, margin=0.02, at_hand=False)
    assert not holds(0.0, -0.021, margin=0.02, at_hand=False)
    assert not holds(-0.001, 0.019, margin=0.02, at_hand=False)
    assert holds(-0.001, 0.02, margin=0.02, at_hand=False)
    assert holds(-0.001, -0.001, margin=0.02, at_hand=True)
    assert not holds(-0.001, -0.001, margin=0, at_hand=True)
    assert holds(-0.001, 0.0, margin=0, at_hand=False)


def test_words_carry_the_best_of_poor_models_over_a_floor_only_by_the_margin() -> None:
    def first(read: float, **limits: float) -> str:
        poor = [Considered("cheap", 0.79, 0.79, cost=0.001), Considered("dear", 0.79, read, cost=0.02)]
        return rank(Choose(among=("cheap", "dear"), objective="cheapest", min_quality=0.8, **limits), poor).settled.names[0]

    for limits in ({}, {"within": 0.5}):
        assert [first(read, **limits) for read in (0.79, 0.805, 0.825)] == ["cheap", "cheap", "dear"]


# Properties

NAMES = ("a", "b", "c", "d")
qualities = st.integers(0, 40).map(lambda n: n / 40)
costs = st.integers(0, 8).map(lambda n: n / 1000)
seconds = st.none() | st.sampled_from([0.5, 1.0, 2.0])
chooses = st.builds(
    lambda objective, floor, within, cost, latency, margin: Choose(
        among=NAMES,
        objective=objective,
        min_quality=floor,
        within=within,
        max_cost=cost,
        max_latency=latency,
        cost_weight=20 if objective == "utility" else None,
        margin=margin,
    ),
    st.sampled_from(["cheapest", "fastest", "best", "utility", "balanced"]),
    st.none() | qualities,
    st.none() | st.sampled_from([0.0, 0.03, 0.2]),
    st.none() | costs,
    st.none() | st.sampled_from(["500ms", "1500ms"]),
    st.sampled_from([0.0, 0.02, 0.1]),
)


@st.composite
def considered(draw: st.DrawFn, *, words: bool = True) -> list[Considered]:
    found: list[Considered] = []
    for name in NAMES:
        told = draw(qualities)
        read = told + draw(st.integers(-8, 8)) / 40 if words else told
        found.append(Considered(name, told, read, cost=draw(st.none() | costs), seconds=draw(seconds), untried=draw(st.booleans())))
    return found


lasts = st.none() | st.sampled_from(NAMES)


@given(chooses, considered(), lasts)
def test_nothing_is_lost_and_the_same_gives_the_same(choose: Choose, models: list[Considered], last: str | None) -> None:
    ranking = rank(choose, models, last=last)
    assert sorted(ranking.settled.names) == sorted(NAMES)
    assert ranking == rank(choose, models, last=last)


@given(chooses, considered(words=False), lasts, st.lists(st.integers(-100, 100), min_size=4, max_size=4))
def test_a_small_word_of_the_prompt_changes_no_model(
    choose: Choose, models: list[Considered], last: str | None, hundredths: list[int]
) -> None:
    by = choose.margin / 2 * 0.99
    nudged = [one._replace(read=one.read + by * n / 100) for one, n in zip(models, hundredths, strict=True)]
    if choose.margin and last is None:
        assert rank(choose, nudged).settled.names[0] == rank(choose, models).settled.names[0]


@given(chooses, considered(), lasts, st.sampled_from(NAMES), st.integers(1, 20))
def test_a_model_that_gets_better_never_comes_later(choose: Choose, models: list[Considered], last: str | None, name: str, by: int) -> None:
    before = rank(choose, models, last=last).settled.names.index(name)
    better = [one._replace(told=one.told + by / 40, read=one.read + by / 40) if one.name == name else one for one in models]
    assert rank(choose, better, last=last).settled.names.index(name) <= before


@given(chooses, considered(), st.sampled_from(NAMES))
def test_a_model_that_gets_cheaper_never_comes_later(choose: Choose, models: list[Considered], name: str) -> None:
    if choose.objective == "balanced":
        # What is dear is measured by the dearest of them.
        return
    models = [one._replace(cost=0.004) if one.cost is None and one.name == name else one for one in models]
    cheaper = [one._replace(cost=(one.cost or 0) / 2) if one.name == name else one for one in models]
    before = rank(choose, models).settled.names.index(name)
    assert rank(choose, cheaper).settled.names.index(name) <= before


@given(st.sampled_from(["cheapest", "fastest"]), considered(words=False), st.sets(st.sampled_from(NAMES)))
def test_models_that_one_number_tells_apart_stand_as_they_would_with_all_the_weighing(
    objective: Literal["cheapest", "fastest"], models: list[Considered], failing: set[str]
) -> None:
    def number(one: Considered) -> float:
        if objective == "cheapest":
            return inf if one.cost is None else one.cost
        return one.seconds if one.seconds is not None else 0.0 if one.untried else inf

    weighed = [one._replace(fails=one.name in failing) for one in models]
    assert in_line(NAMES, {one.name: number(one) for one in models}, failing) == rank(Choose(among=NAMES, objective=objective), weighed)
