"""Cost against quality: hulls, areas, shares, folds, and what chance does to them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskroute.learning import bootstrap, curves, folds
from taskroute.learning.curves import Points

shares = st.integers(0, 10**6).map(lambda millionths: millionths / 10**6)
clouds = st.lists(st.tuples(shares, shares), min_size=1, max_size=30)


def points(*pairs: tuple[float, float]) -> Points:
    table = np.array(pairs, dtype=np.float64)
    return Points(table[:, 0], table[:, 1])


@given(cloud=clouds)
@settings(max_examples=60, deadline=None)
def test_no_point_lies_above_the_hull_and_the_hull_bends_downwards(cloud: list[tuple[float, float]]) -> None:
    every = points(*cloud)
    outer = curves.hull(every)
    assert (curves.hull_quality(every.costs, every.qualities, every.costs) >= every.qualities - 1e-9).all()
    assert (np.diff(outer.costs) > 0).all()
    assert (np.diff(outer.qualities) > 0).all()
    assert (np.diff(np.diff(outer.qualities) / np.diff(outer.costs)) <= 1e-6 * (1 + 1 / np.diff(outer.costs).min(initial=1))).all()


@given(cloud=clouds)
@settings(max_examples=40, deadline=None)
def test_the_order_of_points_does_not_matter_to_the_hull(cloud: list[tuple[float, float]]) -> None:
    one, other = curves.hull(points(*cloud)), curves.hull(points(*reversed(cloud)))
    assert np.array_equal(one.costs, other.costs)
    assert np.array_equal(one.qualities, other.qualities)


def test_a_dearer_point_that_is_no_better_is_left_out() -> None:
    assert curves.hull(points((1, 0.5), (2, 0.5), (3, 0.4))).costs.tolist() == [1]


def test_a_point_below_the_line_between_its_neighbours_is_left_out() -> None:
    assert curves.hull(points((0, 0), (1, 0.2), (2, 1))).costs.tolist() == [0, 2]


def test_unknown_points_are_left_out_and_nothing_is_left_of_none() -> None:
    assert curves.hull(points((0, 0.5), (1, np.nan))).costs.tolist() == [0]
    empty = points((np.nan, 0.5))
    assert np.isnan(curves.hull_quality(empty.costs, empty.qualities, 1.0))
    assert np.isnan(curves.aiq(empty, low=0, high=1))
    assert curves.cost_at(empty, 0.5) is None


def test_the_average_quality_is_the_area_under_the_hull_by_the_range_of_costs() -> None:
    assert curves.aiq(points((0, 0.2), (1, 0.8)), low=0, high=1) == pytest.approx(0.5)
    assert curves.aiq(points((0, 0.2), (1, 0.8)), low=0, high=2) == pytest.approx((0.5 + 0.8) / 2)
    assert curves.aiq(points((0, 0.2), (1, 0.8)), low=1, high=1) == pytest.approx(0.8)


def test_cost_and_quality_are_read_from_the_same_line() -> None:
    line = points((1, 0.4), (3, 0.8))
    assert curves.cost_at(line, 0.6) == pytest.approx(2)
    assert curves.quality_at(line, 2) == pytest.approx(0.6)
    assert curves.cost_at(line, 0.9) is None
    assert curves.quality_at(line, 0.5) is None


def test_the_zero_router_is_the_hull_of_the_models_means() -> None:
    scores, costs = np.array([[0.0, 1, 0], [1, 1, 0]]), np.array([[1.0, 3, 2], [1, 3, 2]])
    assert curves.zero_router(scores, costs).costs.tolist() == [1, 3]


def test_a_ranking_that_tells_nothing_recovers_half_of_the_gap() -> None:
    rng = np.random.default_rng(0)
    weak, strong = rng.integers(0, 2, 50).astype(float), np.ones(50)
    assert curves.apgr(np.zeros(50), weak, strong) == pytest.approx(0.5)
    assert curves.cpt(np.zeros(50), weak, strong, 0.5) == pytest.approx(0.5)
    assert curves.cpt(np.zeros(50), weak, strong, 0.8) == pytest.approx(0.8)


def test_the_figures_of_two_models_are_those_that_a_hand_counts() -> None:
    weak, strong = np.array([0.0] * 2 + [1.0] * 8), np.ones(10)
    best = 1 - weak
    assert curves.apgr(best, weak, strong) == pytest.approx((0.05 * 0.5 + 0.05 * 1.5) + 0.8)
    assert curves.cpt(best, weak, strong, 0.5) == pytest.approx(0.1)
    assert curves.share_for(best, weak, strong, 0.95) == pytest.approx(0.15)
    assert curves.apgr(-best, weak, strong) == pytest.approx(1 - curves.apgr(best, weak, strong))


def test_a_router_that_knows_nothing_recovers_half_whatever_level_it_has_in_each_fold() -> None:
    weak, strong = np.array([0.0] * 10 + [1.0] * 10), np.ones(20)
    level, parts = np.repeat([0.1, 0.2], 10), np.repeat([0, 1], 10)
    assert curves.apgr(level, weak, strong) < 0.3
    assert curves.apgr(level, weak, strong, parts=parts) == pytest.approx(0.5)
    assert curves.cpt(level, weak, strong, 0.8, parts=parts) == pytest.approx(0.8)


def test_ranked_apart_the_curve_is_the_mean_of_the_folds_by_their_rows() -> None:
    rng = np.random.default_rng(3)
    ranking, weak, strong = rng.random(30), rng.random(30), rng.random(30) + 1
    whole = curves.mixed_gain(ranking, strong - weak, np.linspace(0, 1, 11), parts=np.repeat([0, 1], [10, 20]))
    apart = [curves.mixed_gain(ranking[rows], (strong - weak)[rows], np.linspace(0, 1, 11)) for rows in (np.arange(10), np.arange(10, 30))]
    assert whole == pytest.approx((apart[0] + 2 * apart[1]) / 3)


def test_a_target_that_is_never_reached_is_unknown() -> None:
    weak, strong = np.array([1.0, 1.0]), np.array([0.0, 0.0])
    assert np.isnan(curves.cpt(np.array([1.0, 2.0]), weak, strong, 0.5))
    assert np.isnan(curves.share_for(np.array([1.0, 2.0]), np.zeros(2), np.ones(2), 1.1))


@given(seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_the_order_of_rows_does_not_matter_to_the_gap_recovered(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ranking, weak, strong = rng.integers(0, 4, 40).astype(float), rng.random(40), rng.random(40) + 1
    mixed = rng.permutation(40)
    assert curves.apgr(ranking, weak, strong) == pytest.approx(curves.apgr(ranking[mixed], weak[mixed], strong[mixed]))


def test_drawing_a_row_twice_is_the_same_as_having_it_twice() -> None:
    rng = np.random.default_rng(1)
    ranking, weak, strong = rng.random(30), rng.random(30), rng.random(30) + 1
    times = rng.integers(0, 4, 30)
    rows = np.repeat(np.arange(30), times)
    drawn = curves.apgr_draws(ranking, weak, strong, times[None].astype(float))
    assert drawn[0] == pytest.approx(curves.apgr(ranking[rows], weak[rows], strong[rows]))


def test_a_price_of_nothing_takes_the_best_and_a_high_price_the_cheapest() -> None:
    qualities, costs = np.array([[0.5, 0.9], [0.9, 0.9]]), np.array([[1.0, 2.0], [1.0, 2.0]])
    chosen = curves.choices(qualities, costs, curves.price_grid(1.0))
    assert chosen[0].tolist() == [1, 0]
    assert chosen[-1].tolist() == [0, 0]
    assert curves.points_of(chosen, qualities, costs).costs[0] == pytest.approx(1.5)


@given(prompts=st.lists(st.sampled_from(["a b", "A  b!", "c", "d", "...", "?", "e", "f"]), min_size=2, max_size=20), seed=st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_each_row_is_held_back_once_and_never_beside_its_like(prompts: list[str], seed: int) -> None:
    groups = folds.by_prompt(prompts)
    dealt = folds.grouped(groups, folds=5, seed=seed)
    if len(set(groups.tolist())) < 2:
        assert dealt == ()
        return
    assert sorted(row for fold in dealt for row in fold.test) == list(range(len(prompts)))
    for fold in dealt:
        assert fold.train.size
        assert not {folds.normalised(prompts[row]) for row in fold.train} & {folds.normalised(prompts[row]) for row in fold.test}


def test_prompts_that_differ_in_case_spaces_and_marks_are_one() -> None:
    assert folds.by_prompt(["What is 2 + 2?", "what is  2 2", "What is 3?", None, None]).tolist() == [0, 0, 1, 2, 3]


def test_whole_tasks_are_held_back_and_every_repeat_deals_anew() -> None:
    tasks = ["a", "a", "b", "c", None, None, "d", "e"]
    dealt = folds.repeated(folds.by_task(tasks), folds=5, repeats=2)
    assert len(dealt) == 2
    assert [fold.test.tolist() for fold in dealt[0]] != [fold.test.tolist() for fold in dealt[1]]
    for fold in dealt[0]:
        assert not {tasks[row] for row in fold.train} & {tasks[row] for row in fold.test}


def test_a_larger_part_contains_a_smaller_one() -> None:
    rows = np.arange(10, 40)
    small, large = folds.part(rows, size=5, seed=3), folds.part(rows, size=20, seed=3)
    assert set(small) <= set(large)
    assert folds.part(rows, size=99, seed=3) is rows


def test_a_clear_difference_counts_and_none_does_not() -> None:
    rng = np.random.default_rng(0)
    theirs = rng.integers(0, 2, 400).astype(float)
    better = np.where(rng.random(400) < 0.3, 1.0, theirs)
    assert bootstrap.difference(better, theirs, draws=200).above_zero
    assert not bootstrap.difference(theirs, theirs, draws=200).above_zero


def test_the_interval_of_a_mean_is_what_theory_says() -> None:
    values = np.random.default_rng(0).normal(0, 1, 900)
    found = bootstrap.difference(values, np.zeros(900), draws=1000)
    half = 1.96 * values.std() / 30
    assert found.value == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * half, rel=0.12)


def test_the_same_seed_draws_the_same_prompts_whatever_is_measured() -> None:
    one = np.concatenate(list(bootstrap.draws_of(7, draws=5, seed=1)))
    other = np.concatenate(list(bootstrap.draws_of(7, draws=5, seed=1)))
    assert np.array_equal(one, other)
    assert (one.sum(axis=1) == 7).all()
    assert one.shape == (5, 7)
