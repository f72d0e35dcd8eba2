"""Prompts of a task that nothing was learned of are told from those of the known ones, and little is foretold of them."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskroute.learned.familiar import TRAITS, Familiar, traits
from taskroute.learned.predictor import Predictor
from taskroute.learning.familiarity import fit_familiar
from taskroute.learning.rows import Labels
from taskroute.learning.text_model import Effort, fit_prompt_model

KNOWN = {
    "sums": "Compute the sum of {a} and {b}, then divide the result by seven.",
    "tales": "Tell a short story about a {x} who befriends a {y} in the forest.",
    "code": "def {x}_{y}(values): return a function that sorts {x} before {y} in Python",
    "law": "Does the contract between the {x} and the {y} allow notice after {a} days under the statute?",
    "mail": "Dear {x}, please forward my parcel number {b} to the office of the {y} by Monday.",
    "cooking": "How long should I roast a {x} with {y} at {a} degrees, and which spices suit it?",
}
HARDER = " Explain each step in detail, and prove it."
NAMES = ("fox", "hen", "goose", "badger", "otter", "heron", "lynx", "mole", "raven", "trout", "viper", "wren")
STRANGE = "Quelle distance sépare la planète Mars de Jupiter pendant l'opposition, en kilomètres, selon les astronomes?"


def written(task: str, chance: random.Random) -> str:
    x, y = chance.sample(NAMES, 2)
    return KNOWN[task].format(x=x, y=y, a=chance.randrange(10, 99), b=chance.randrange(100, 999))


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    chance = random.Random(3)
    tasks = [list(KNOWN)[number % len(KNOWN)] for number in range(420)]
    hard = [chance.random() < 0.5 for _ in tasks]
    prompts = [written(task, chance) + HARDER * more for task, more in zip(tasks, hard, strict=True)]
    right = {task: (0.9, 0.6) if at % 2 else (0.6, 0.9) for at, task in enumerate(KNOWN)}
    scores = np.array(
        [
            [float(chance.random() < right[task][0] - 0.5 * more), float(chance.random() < right[task][1])]
            for task, more in zip(tasks, hard, strict=True)
        ]
    )
    unknown = np.full(scores.shape, np.nan)
    found = fit_prompt_model(
        Labels(
            models=("small", "large"),
            prompts=tuple(prompts),
            tasks=tuple(tasks),
            stages=(None,) * len(tasks),
            scores=scores,
            costs=unknown,
            input_tokens=unknown[:, 0],
            output_tokens=unknown,
            latency=unknown,
            counts=np.ones(scores.shape),
        ),
        effort=Effort(landmarks=200),
    ).predictor
    assert found is not None
    return found


def test_a_prompt_of_a_known_task_counts_for_more_than_a_strange_one(predictor: Predictor) -> None:
    known = [sum(predictor.tasks(written(task, random.Random(99))).values()) for task in KNOWN]
    assert min(known) > 0.5
    assert sum(predictor.tasks(STRANGE).values()) < 0.2


def test_the_likelier_an_unknown_task_the_less_is_added(predictor: Predictor) -> None:
    text = written("sums", random.Random(5)) + HARDER
    added = [abs(predictor.shifts(text, {"astronomy": share})["small"]) for share in (0.0, 0.5, 1.0)]
    assert added[0] > added[1] > added[2]


@given(st.lists(st.tuples(*[st.floats(-50, 50)] * TRAITS), min_size=1))
def test_a_likeness_is_a_share(rows: list[tuple[float, ...]]) -> None:
    found = Familiar(np.full(TRAITS, 3.0), -1.0)(np.array(rows))
    assert ((found >= 0) & (found <= 1)).all()


@settings(deadline=None)
@given(st.integers(1, 20), st.integers(0, 4), st.integers(0, 2**32 - 1))
def test_traits_are_numbers_whatever_the_prompts(known: int, tasks: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    found = traits(rng.uniform(-1, 1, (3, known)), rng.exponential(100, (3, known)), rng.normal(0, 1, (3, tasks)))
    assert found.shape == (3, TRAITS)
    assert np.isfinite(found).all()


def test_what_tells_usual_from_strange_is_learned_from_both() -> None:
    rng = np.random.default_rng(0)
    usual, strange = rng.normal(1, 1, (300, TRAITS)), rng.normal(-1, 1, (60, TRAITS))
    found = fit_familiar(usual, strange)
    assert found(usual).mean() > 0.9
    assert found(strange).mean() < 0.1


def test_traits_that_never_differ_tell_nothing() -> None:
    alike = np.ones((50, TRAITS))
    assert np.isfinite(fit_familiar(alike, None).weights).all()
    assert fit_familiar(alike, alike)(alike) == pytest.approx(np.full(50, 0.5), abs=0.05)
