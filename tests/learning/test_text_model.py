"""What is learned from prompts, as a caller sees it: tasks, shifts, a file, and None where nothing holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from taskroute.errors import ArraysError
from taskroute.learned.predictor import Predictor
from taskroute.learning.rows import Labels, labels
from taskroute.learning.text_model import Effort, PromptModel, fit_prompt_model, fit_prompts

QUICK = Effort(landmarks=200)
SUMS = "calculate the sum of {} and {} please"
TALES = "tell a short story about a {} and its friend {}"


def scored(size: int, *, told: bool, signal: bool = True) -> Labels:
    """Half are sums, which `large` alone answers; the other half both answer alike."""
    rng = np.random.default_rng(7)
    names = np.array(["owl", "fox", "cat", "dog", "hen", "cow", "bee", "ant", "elk", "yak"])
    is_sum = rng.permutation(np.arange(size) % 2 == 0)
    prompts = tuple(
        SUMS.format(*rng.integers(10, 99_999, 2)) if is_one else TALES.format(*rng.choice(names, 2)) + f" and {number}"
        for number, is_one in enumerate(is_sum)
    )
    small = np.where(is_sum, 0.1, 0.9) if signal else np.full(size, 0.5)
    large = np.full(size, 0.9 if signal else 0.5)
    scores = (rng.random((size, 2)) < np.column_stack((small, large))).astype(float)
    tasks = tuple("sums" if is_one else "tales" for is_one in is_sum) if told else None
    return labels(("small", "large"), scores, prompts=prompts, tasks=tasks)


@pytest.fixture(scope="module")
def told() -> PromptModel:
    return fit_prompt_model(scored(300, told=True), effort=QUICK)


@pytest.fixture(scope="module")
def untold() -> PromptModel:
    return fit_prompt_model(scored(300, told=False), effort=QUICK)


def predictor(model: PromptModel) -> Predictor:
    assert model.predictor is not None
    return model.predictor


def test_the_task_is_read_from_a_prompt_that_was_never_seen(told: PromptModel) -> None:
    tasks = predictor(told).tasks(SUMS.format(271, 828))
    assert max(tasks, key=tasks.__getitem__) == "sums"
    assert 0 < sum(tasks.values()) <= 1.0001


def test_where_no_task_was_told_the_words_alone_tell_the_models_apart(untold: PromptModel) -> None:
    found = predictor(untold)
    assert found.tasks(SUMS.format(1, 2)) == {}
    sums, tales = (found.shifts(text, {}) for text in (SUMS.format(12, 345), TALES.format("fox", "hen")))
    assert sums["large"] - sums["small"] > 0.15 + tales["large"] - tales["small"]


def test_what_it_brings_is_told_with_its_error(untold: PromptModel) -> None:
    assert untold.read is not None
    assert untold.read.share > 0.9
    assert untold.read.mean > 2 * untold.read.error > 0


def test_a_prompt_that_is_like_none_shifts_less(untold: PromptModel) -> None:
    found = predictor(untold)

    def widest(text: str) -> float:
        return max((abs(shift) for shift in found.shifts(text, {}).values()), default=0.0)

    assert widest("Ω≈ç√∫" * 300) < widest(SUMS.format(12, 345))


def test_scores_that_no_word_explains_teach_next_to_nothing() -> None:
    found = fit_prompt_model(scored(300, told=False, signal=False), effort=QUICK).predictor
    texts = (SUMS.format(12, 345), TALES.format("fox", "hen"))
    shifts = [0.0] if found is None else [shift for text in texts for shift in found.shifts(text, {}).values()]
    assert max(map(abs, shifts)) < 0.03


def test_few_scores_with_a_signal_teach_a_part_of_it() -> None:
    found = predictor(fit_prompt_model(scored(100, told=False), effort=QUICK))
    sums, tales = (found.shifts(text, {}) for text in (SUMS.format(12_345, 54_321), TALES.format("fox", "hen") + " and 7"))
    assert sums["large"] - sums["small"] > tales["large"] - tales["small"]


def test_where_the_task_is_told_the_prompt_still_counts_within_it() -> None:
    known = scored(400, told=False)
    found = predictor(fit_prompt_model(known._replace(tasks=("one",) * 200 + ("other",) * 200), effort=QUICK))
    sums, tales = (found.shifts(text, {"one": 1.0}) for text in (SUMS.format(12_345, 54_321), TALES.format("fox", "hen")))
    assert sums["large"] - sums["small"] > 0.15 + tales["large"] - tales["small"]


@pytest.mark.parametrize("size", [0, 1, 59])
def test_too_few_prompts_teach_nothing(size: int) -> None:
    assert fit_prompt_model(scored(size, told=True)) == PromptModel(None, None, None)


def test_prompts_that_are_absent_and_models_without_scores_do_not_count() -> None:
    known = scored(300, told=True)
    prompts = (None, *known.prompts[1:])
    scores = np.column_stack((known.scores, np.full(300, np.nan)))
    scores[::3, 0] = np.nan
    found = fit_prompt_model(labels(("small", "large", "new"), scores, prompts=prompts, tasks=known.tasks), effort=QUICK)
    assert predictor(found).known.models == ("small", "large")


def test_the_same_scores_teach_the_same(untold: PromptModel) -> None:
    again = fit_prompt_model(scored(300, told=False), effort=QUICK)
    assert predictor(again).version == predictor(untold).version


def test_a_file_gives_back_what_was_written(untold: PromptModel, tmp_path: Path) -> None:
    path = tmp_path / "quality.prompts.safetensors"
    predictor(untold).write(path)
    back = Predictor.read(path)
    text = SUMS.format(5, 6)
    assert back.shifts(text, {}) == pytest.approx(predictor(untold).shifts(text, {}), abs=0.01)


def test_a_file_that_is_cut_short_says_so(untold: PromptModel, tmp_path: Path) -> None:
    path = tmp_path / "quality.prompts.safetensors"
    predictor(untold).write(path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(ArraysError, match="quality.prompts"):
        Predictor.read(path)


def test_what_is_not_kept_is_not_told(told: PromptModel, untold: PromptModel) -> None:
    sums = SUMS.format(271, 828)
    by_task, by_words = predictor(told), predictor(untold)
    assert by_task.only(tasks=True, read=True, told=True).tasks(sums) == by_task.tasks(sums)
    assert by_task.only(tasks=False, read=True, told=True).tasks(sums) == {}
    assert by_words.only(tasks=True, read=True, told=False).shifts(sums, {}) == by_words.shifts(sums, {})
    assert by_words.only(tasks=True, read=False, told=True).shifts(sums, {}) == {}
    assert by_task.only(tasks=True, read=True, told=False).shifts(sums, {"sums": 1.0}) == {}
    assert by_task.only(tasks=True, read=False, told=True).version != by_task.version


def test_arrays_of_another_kind_are_refused(untold: PromptModel) -> None:
    source = predictor(untold).arrays()
    with pytest.raises(ArraysError, match="format"):
        Predictor.from_arrays(source._replace(meta={**source.meta, "format": "other/1"}))
    with pytest.raises(ArraysError, match="prompts teach"):
        Predictor.from_arrays(source._replace(arrays={**source.arrays, "means": np.zeros(7)}))


@pytest.mark.parametrize("text", ["", " ", "\x00\xff" * 50, "🦊" * 100, "x" * 1_000_000, "\ud800", "A. a\nB. b"])
def test_whatever_the_text_is_the_numbers_are_finite(untold: PromptModel, text: str) -> None:
    assert all(np.isfinite(shift) for shift in predictor(untold).shifts(text, {"unknown": 1.0}).values())


def test_prompts_may_be_all_alike_or_empty() -> None:
    scores = np.random.default_rng(0).integers(0, 2, (80, 2)).astype(float)
    assert fit_prompts(labels(("small", "large"), scores, prompts=("",) * 80)) is None
