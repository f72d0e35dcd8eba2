"""Training: from scores to a table and a report that says what to believe."""

from __future__ import annotations

import numpy as np
import pytest

from taskroute.errors import QualityError
from taskroute.learning.cells import cells
from taskroute.learning.rows import Floats, Labels, labels
from taskroute.learning.train import check
from taskroute.learning.train import train as train_with_words
from taskroute.quality.prior import Prior
from taskroute.quality.text import dump, load

from .two_models import ALIKE, MODELS, SPLIT, Words, scored, train


def test_models_that_are_good_at_different_tasks_give_a_gain() -> None:
    told = train(scored(800, **SPLIT)).report
    assert told.gain
    assert told.best == "large"
    gain = told.held[0].gain
    assert gain is not None
    assert gain.low > 0
    assert "table, task told: +" in told.text()


def test_the_table_knows_what_the_scores_say() -> None:
    table = train(scored(800, **SPLIT)).table
    small, large = (table.estimate(model, tasks={"math": 1.0}) for model in MODELS)
    assert small is not None
    assert large is not None
    assert small.mean == pytest.approx(0.3, abs=0.07)
    assert large.mean == pytest.approx(0.9, abs=0.07)
    assert table.tokens("large", tasks={"math": 1.0}).output == pytest.approx(200)
    assert table.cost("small") == pytest.approx(0.1)


def test_a_model_that_is_better_at_everything_gives_no_gain_and_the_report_says_so() -> None:
    told = train(scored(800, small={"math": 0.3, "poems": 0.3}, large={"math": 0.9, "poems": 0.9})).report
    assert not told.gain
    assert told.findings[0].startswith("No gain over 'large' for all calls")
    assert told.findings[1] == "table, task told: it takes that one model for all calls."


def test_where_the_best_model_is_the_cheapest_the_report_says_so() -> None:
    told = train(scored(800, small={"math": 0.9, "poems": 0.8}, large={"math": 0.6, "poems": 0.95})).report
    assert (told.gain, told.best) == (False, "small")
    assert told.findings[0].endswith(": use that model alone, unless what follows is worth it to you.")
    assert told.findings[1] == "'small' is the cheapest model, too: what others are better at costs more."
    assert "    whatever it costs: quality 0." in told.text()
    assert "quality, but " in told.findings[2]
    assert told.findings[2].endswith("% more cost: no gain, unless that is worth it to you.")


def test_a_saving_that_may_lose_too_much_is_no_gain_and_the_report_says_what_to_do() -> None:
    told = train(scored(400, small={"math": 0.3, "poems": 0.88}, large={"math": 0.9, "poems": 0.9}, seed=1)).report
    assert not told.gain
    assert any(
        "less cost, but it may lose more than 0.02 quality: score more prompts before you use it." in finding for finding in told.findings
    )


def test_models_that_are_alike_are_held_against_the_one_that_is_named() -> None:
    same = {"math": 0.8, "poems": 0.8}
    told = train(scored(800, small=same, large=same, seed=3)).report
    at = {model: mean for model, _, mean in told.by_model}
    assert told.best == "small"
    assert at["small"] - at["large"] < 0.02
    assert told.held[0].saving == (0.0, 0.0, 0.0)


def test_too_little_data_is_called_too_little() -> None:
    text = train(scored(60, **SPLIT)).report.text()
    assert "Too little data to rely on: 60 prompts" in text
    assert "Fewer than 30 scores of some model" in train(scored(50, **SPLIT)).report.text()


def test_a_handful_of_scores_makes_a_table_without_a_cross_validation() -> None:
    trained = train(scored(8, **SPLIT))
    assert trained.report.held == ()
    assert trained.report.findings[0].startswith("Nothing could be tried")
    assert set(trained.table.models) == set(MODELS)


def test_the_same_seed_gives_the_same_report() -> None:
    data = scored(300, **SPLIT)
    assert train(data, seed=3).report == train(data, seed=3).report


def test_without_costs_only_quality_is_compared() -> None:
    held = train(scored(600, **SPLIT, costs=False)).report.held[0]
    assert (held.cost, held.par_cost, held.saving) == (None, None, None)
    assert held.gain is not None
    assert held.gain.above_zero


def test_costs_of_0_are_no_reason_to_fail() -> None:
    data = scored(100, **SPLIT)
    assert train(data._replace(costs=np.zeros_like(data.costs))).report.held[0].cost is None


def test_without_tasks_the_table_holds_one_mean_for_each_model_and_says_so() -> None:
    data = scored(100, **ALIKE)
    told = train(data._replace(tasks=(None,) * data.size))
    assert told.report.held == ()
    assert any("No row tells its task or stage" in finding for finding in told.report.findings)
    found = told.table.estimate("large")
    assert found is not None
    assert found.labels == 100


def test_without_prompts_the_table_is_still_told_by_task() -> None:
    data = scored(600, **SPLIT)
    assert train(data._replace(prompts=(None,) * data.size)).report.gain


def test_stages_count_like_tasks() -> None:
    data = scored(600, **SPLIT)
    trained = train(data._replace(stages=data.tasks, tasks=(None,) * data.size))
    assert trained.report.gain
    assert trained.table.stages == ("math", "poems")
    assert trained.report.held[0].name == "table, stage told"


def test_scores_that_are_all_the_same_tell_no_models_apart() -> None:
    data = scored(100, **ALIKE)
    told = train(data._replace(scores=np.full((100, 2), 0.5))).report
    assert not told.gain or told.held[0].gain is not None
    assert any("All scores are the same (0.5)" in finding for finding in told.findings)


def test_prompts_that_one_model_alone_was_scored_on_are_of_use_but_tell_no_gain() -> None:
    data = scored(200, **ALIKE)
    one_each = data.scores.copy()
    one_each[::2, 0] = np.nan
    one_each[1::2, 1] = np.nan
    told = train(data._replace(scores=one_each, counts=(~np.isnan(one_each)).astype(np.float64)))
    assert told.report.labels == 200
    assert set(told.table.models) == set(MODELS)


def test_a_model_without_any_score_is_left_out() -> None:
    data = scored(100, **ALIKE)
    wide = labels(("small", "large", "new"), np.hstack([data.scores, np.full((100, 1), np.nan)]), prompts=data.prompts, tasks=data.tasks)
    trained = train(wide, priors={"new": Prior()})
    assert trained.table.models == ("large", "small")
    assert [model for model, _, _ in trained.report.by_model] == ["small", "large"]


def test_a_score_that_stands_for_several_counts_as_often() -> None:
    data = labels(MODELS, np.array([[1.0, 0.0], [0.0, 0.0]]), tasks=("math", "math"), counts=np.array([[9.0, 1.0], [1.0, 1.0]]))
    (cell,) = (cell for cell in cells(data) if cell.model == "small")
    assert (cell.labels, cell.mean) == (10, pytest.approx(0.9))


def test_progress_ends_with_all_steps_done() -> None:
    steps: list[tuple[int, int]] = []
    train(scored(100, **ALIKE), progress=lambda done, of: steps.append((done, of)))
    assert steps[-1][0] == steps[-1][1]
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)


def test_what_was_trained_is_the_same_after_writing_and_reading() -> None:
    table = train(scored(100, **ALIKE), trained_at="2026-01-02").table
    again = load(dump(table))
    assert again.cells == table.cells
    assert again.estimate("small", tasks={"math": 1.0}) == table.estimate("small", tasks={"math": 1.0})


def broken(column: str, value: float) -> Labels:
    data = scored(10, **ALIKE)
    values: Floats = getattr(data, column).copy()
    values[3] = value
    return data._replace(**{column: values})


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (broken("scores", 1.5), "row 3: the score of 'small' is"),
        (broken("scores", -0.1), "must be from 0 to 1"),
        (broken("scores", float("inf")), "row 3: the score"),
        (broken("costs", -1.0), "row 3: the cost of 'small' is"),
        (broken("latency", float("inf")), "row 3: the latency"),
        (broken("input_tokens", -5.0), "row 3: the input_tokens is"),
        (labels(MODELS, np.full((3, 2), np.nan)), "no score to learn from"),
        (labels(MODELS, np.empty((0, 2))), "no score to learn from"),
        (labels(("small",), np.ones((3, 1))), "all scores are of the model 'small'"),
        (labels(MODELS, np.array([[1.0, np.nan]] * 3)), "all scores are of the model 'small'"),
        (labels(("small", "small"), np.ones((3, 2))), "two columns hold scores of 'small'"),
    ],
)
def test_scores_that_nothing_can_be_learned_from_are_refused_with_the_reason(data: Labels, said: str) -> None:
    with pytest.raises(QualityError, match=said):
        check(data)
    with pytest.raises(QualityError, match=said):
        train(data)


def test_the_task_may_be_read_from_the_prompt() -> None:
    told = train(scored(600, **SPLIT), fit_prompts=lambda _: Words())
    assert isinstance(told.prompts, Words)
    by_name = {held.name: held for held in told.report.held}
    read = by_name["table, task read from the prompt"].gain
    assert read is not None
    assert read.above_zero
    assert len(by_name) == 4


def test_tasks_that_a_classifier_told_need_not_be_read_from_the_prompt() -> None:
    told = train(scored(600, **SPLIT), fit_prompts=lambda _: Words(), read_tasks=False).report
    assert [held.name for held in told.held] == ["table, task told", "table and words, task told"]


def test_words_that_tell_nothing_are_left_out_and_the_report_says_so() -> None:
    told = train(scored(200, **SPLIT), fit_prompts=lambda _: None)
    assert told.prompts is None
    assert "The words of the prompts tell nothing more: they are left out." in told.report.findings


def test_each_prompt_is_learned_from_once_for_all_ways_to_route() -> None:
    seen: list[tuple[str | None, ...]] = []

    def fit(data: Labels) -> Words:
        seen.append(data.prompts)
        return Words()

    train(scored(100, **SPLIT), fit_prompts=fit)
    # Five folds, each with one inner fold, and the whole.
    assert len(seen) == len(set(seen)) == 11


def test_the_words_of_a_few_prompts_teach_nothing() -> None:
    assert train_with_words(scored(40, **SPLIT)).prompts is None
