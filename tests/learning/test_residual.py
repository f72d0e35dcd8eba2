"""How far what prompts teach is trusted: by what held, and not beyond."""

from __future__ import annotations

import numpy as np

from taskroute.learning.residual import Gain, HeldBack, joined, judge

SIZE = 400


def held(*, share: float, likeness: float, told: bool = False, seed: int = 0) -> HeldBack:
    """Prompts of which `share` of what was foretold comes true, with noise."""
    rng = np.random.default_rng(seed)
    foretold = rng.normal(0, 0.2, (SIZE, 2))
    return HeldBack(
        likeness=rng.normal(likeness, 0.01, SIZE),
        scores=0.5 + share * foretold + rng.normal(0, 0.05, (SIZE, 2)),
        means=np.full((SIZE, 2), 0.5),
        read=np.full((SIZE, 2), 0.5),
        told=np.full((SIZE, 2), 0.5),
        foretold=0.5 + foretold,
        beside=0.5 + foretold,
        is_told=np.full(SIZE, told),
        of=np.arange(SIZE) % 8,
    )


def test_what_holds_is_trusted_as_far_as_it_holds() -> None:
    found = judge(held(share=0.6, likeness=1.0), None)
    assert found.read.share > 0.99
    assert 0.5 < found.trust.read[-1, 1] < 0.7


def test_what_does_not_hold_is_not_trusted() -> None:
    found = judge(held(share=0.0, likeness=1.0, told=True), None)
    assert found.read.share < 0.3
    assert found.told.share < 0.3
    assert (found.trust.read[:, 1] < 0.02).all()
    assert (found.trust.told[:, 1] < 0.02).all()


def test_nothing_is_trusted_where_no_prompt_is_alike() -> None:
    trust = judge(held(share=1.0, likeness=1.0), None).trust
    assert trust.likeness[0] == 0
    assert trust.tasks[0] == 0
    assert tuple(trust.read[0]) == (1, 0)


def test_what_fails_on_strange_tasks_is_not_trusted_there() -> None:
    usual, strange = held(share=0.8, likeness=1.0), held(share=-0.5, likeness=0.02, seed=1)
    trust = judge(usual, strange).trust
    assert trust.read[-1, 1] > 0.7
    assert np.interp(0.02, trust.likeness, trust.read[:, 1]) < 0.1


def test_the_gain_where_a_task_is_told_is_that_of_prompts_with_one() -> None:
    both = joined([held(share=0.8, likeness=1.0, told=True), held(share=0.8, likeness=1.0, seed=1)])
    assert judge(both, None).told.share > 0.99
    assert judge(held(share=0.8, likeness=1.0), None).told.share == 0


def test_a_level_that_all_models_share_is_no_gain() -> None:
    usual = held(share=0.0, likeness=1.0)
    level = np.random.default_rng(3).normal(0, 0.2, (SIZE, 1))
    shared = usual._replace(scores=usual.scores + level, foretold=usual.means + level)
    assert judge(shared, None).read.share < 0.3


def test_what_is_believed_falls_with_chance_and_never_all_at_once() -> None:
    shares = [Gain(mean, 1.0).share for mean in (-1.0, 0.0, 0.7, 0.8, 1.0, 1.64, 3.0)]
    assert shares[:3] == [0.0, 0.0, 0.0]
    assert shares == sorted(shares)
    assert 0 < shares[3] < shares[4] < 0.6
    assert shares[6] > 0.9
