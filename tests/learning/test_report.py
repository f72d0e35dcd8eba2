"""What training reports: a gain is called one only where routing brings what no simpler way does, and every figure stands where it is from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from taskroute.learning.bootstrap import Interval
from taskroute.learning.report import report
from taskroute.learning.rows import Labels
from taskroute.learning.validate import Held

from .two_models import SPLIT, Words, scored, train


class Worse(Words):
    """Tells no task, and of models what is not so."""

    def tasks(self, text: str) -> Mapping[str, float]:
        return {}

    def shifts(self, text: str, tasks: Mapping[str, float]) -> Mapping[str, float]:
        return {"small": -0.02 if len(text) % 2 else 0.02}


def test_a_saving_that_a_coin_would_bring_as_well_is_no_gain() -> None:
    alike = dict.fromkeys("abcd", 0.8)
    better = dict.fromkeys("abcd", 0.85)
    gains = [train(scored(600, small=alike, large=better, seed=seed)).report.gain for seed in range(6)]
    assert sum(gains) == 0


def test_the_cost_of_a_model_that_nobody_knows_is_not_taken_for_that_of_another() -> None:
    data = scored(800, **SPLIT)
    costs = data.costs.copy()
    costs[:, 0] = np.nan
    told = train(data._replace(costs=costs)).report
    assert told.held[0].spare is None
    assert "; cost not known\n" in told.text()
    assert "No cost is known of 'small': what routing costs or saves is not told." in told.findings
    (verdict,) = (finding for finding in told.findings if finding.startswith("table, task told: "))
    assert verdict.endswith(" quality: a gain in quality; what it costs is not told.")


def test_costs_of_which_no_row_has_all_are_called_apart_and_not_unknown() -> None:
    data = scored(800, **SPLIT)
    costs = data.costs.copy()
    costs[::2, 0] = costs[1::2, 1] = np.nan
    told = train(data._replace(costs=costs)).report
    said = "No row with a cost of 'small' or 'large' has one of every model that was scored there: what routing costs or saves is not told"
    assert f"{said}; give each answer its cost." in told.findings
    assert not any("No cost is known" in finding for finding in told.findings)


def test_costs_of_a_few_prompts_are_called_too_few() -> None:
    data = scored(800, **SPLIT)
    costs = data.costs.copy()
    costs[49:] = np.nan
    told = train(data._replace(costs=costs)).report
    said = "Every model that was scored has a cost on 49 of 800 prompts alone, fewer than 50: what routing costs or saves is not told."
    assert said in told.findings
    assert told.held[0].spare is None


def test_models_that_are_all_free_are_known_to_cost_the_same() -> None:
    data = scored(800, **SPLIT)
    told = train(data._replace(costs=np.zeros_like(data.costs))).report
    (verdict,) = (finding for finding in told.findings if finding.startswith("table, task told: "))
    assert verdict.endswith(" quality at about the same cost: a gain.")
    assert "All costs are 0: the models differ in quality alone." in told.findings
    assert "not known" not in told.text()
    assert "In a policy that is choose: {among: [small, large], objective: best}." in told.findings


def test_where_the_best_model_alone_is_free_the_report_says_why_no_cost_is_told() -> None:
    data = scored(800, **SPLIT)
    told = train(data._replace(costs=data.costs * [1, 0])).report
    assert told.best == "large"
    assert "'large' costs nothing, and others do: what they cost more is no part of its cost, and is not told." in told.findings


def test_costs_count_on_prompts_where_every_model_has_one() -> None:
    data = scored(800, **SPLIT)
    costs = data.costs.copy()
    costs[::2, 0] = np.nan
    told = train(data._replace(costs=costs)).report
    whole, half = train(data).report.held[0].spare, told.held[0].spare
    assert "Costs are of the 400 of 800 prompts where every model that was scored has one." in told.findings
    assert whole is not None
    assert half is not None
    assert half.value == pytest.approx(whole.value, abs=0.05)


def selected() -> Labels:
    """Return scores of which the small model's are of easy prompts alone."""
    data = scored(600, small={"easy": 0.9, "hard": 0.0}, large={"easy": 0.99, "hard": 0.6})
    return data._replace(scores=np.where((np.array(data.tasks) == "hard")[:, None] & [True, False], np.nan, data.scores))


def test_the_best_model_is_the_best_on_prompts_that_were_scored_with_both_and_the_report_says_which_were() -> None:
    told = train(selected()).report
    means = {model: mean for model, _, mean in told.by_model}
    assert means["small"] > means["large"]
    assert told.best == "large"
    (said,) = (finding for finding in told.findings if finding.startswith("The means are of different prompts ("))
    assert said.endswith("and do not compare the models: on prompts that they share 'large' is the best.")
    assert not any("use that model alone" in finding for finding in told.findings)


def test_quality_and_its_difference_are_of_the_same_prompts() -> None:
    data = scored(800, **SPLIT)
    both = (np.arange(800) % 3 > 0) | (np.array(data.tasks) == "math")
    told = train(data._replace(scores=np.where(~both[:, None] & [False, True], np.nan, data.scores))).report
    held = told.held[0]
    assert held.gain is not None
    assert (told.best, held.compared) == ("large", both.sum())
    assert held.quality - held.gain.value == pytest.approx(data.scores[both, 1].mean())
    assert f"table, task told, on {held.compared:,} prompts: quality" in told.text()


def test_what_a_policy_says_to_have_the_gain_is_told_or_how_to_find_it() -> None:
    best = "In a policy that is choose: {among: [small, large], objective: best}."
    weighed = "In a policy cost is weighed by choose: {among: [small, large], objective: utility, cost_weight: …}"
    for data in (scored(800, **SPLIT, costs=False), scored(800, **SPLIT)):
        assert best in train(data).report.findings
    saving = scored(1200, small={"math": 0.3, "poems": 0.88}, large={"math": 0.9, "poems": 0.9}, seed=1)
    held = train(saving).report.held[0]
    assert (held.gain, held.spare) != (held.open_gain, held.open_spare)
    assert any(finding.startswith(weighed) for finding in train(saving).report.findings)
    none = train(scored(800, small={"math": 0.3, "poems": 0.3}, large={"math": 0.9, "poems": 0.9})).report
    assert not any(finding.startswith("In a policy") for finding in none.findings)


def test_every_figure_of_a_verdict_stands_in_a_line_above() -> None:
    alike, better = Interval(0.0, -0.01, 0.01), Interval(0.0312, 0.01, 0.05)
    held = Held("table, task told", 0.8, 1.0, alike, 0.8, 1.0, alike, alike, 200, alike, 0.83, better, Interval(-0.012, -0.04, 0.02))
    told = report(scored(200, **SPLIT), [held], written=frozenset({held.name}), min_labels=30)
    assert "table, task told: +0.0312 quality at about the same cost: a gain." in told.findings
    assert "    whatever it costs: quality 0.830, +0.0312 (+0.0100 to +0.0500); cost 1.2% more (4.0% more to 2.0% less)\n" in told.text()


def test_where_all_cost_the_same_no_model_is_called_the_cheapest() -> None:
    data = scored(800, small={"math": 0.3, "poems": 0.3}, large={"math": 0.9, "poems": 0.9})
    told = train(data._replace(costs=np.ones_like(data.costs))).report
    assert not any("cheapest" in finding for finding in told.findings)


def test_why_nothing_could_be_tried_is_said() -> None:
    data = scored(100, **SPLIT)
    same = train(data._replace(prompts=("one and the same",) * data.size)).report
    assert same.findings[0].startswith("Nothing could be tried on prompts that were held back, for all of them are one prompt: ")
    bare = train(data._replace(tasks=(None,) * data.size)).report
    assert bare.findings[0].startswith(
        "Nothing could be tried on prompts that were held back, for no task, stage or word tells them apart: "
    )
    few = train(scored(8, **SPLIT)).report
    assert few.findings[0].startswith(
        "Nothing could be tried on prompts that were held back, for that takes 20 prompts, and the data have 8: "
    )


def test_where_nothing_is_written_that_tells_calls_apart_no_want_of_scores_is_blamed() -> None:
    data = scored(600, **SPLIT)
    told = train(data._replace(tasks=(None,) * data.size), fit_prompts=lambda _: Worse()).report
    assert told.findings[0] == (
        "No gain over 'large' for all calls can be told, for nothing is written that tells calls apart: "
        "use that model alone, or tell tasks or stages of the prompts."
    )
    few = scored(40, **SPLIT)
    for each in (few, few._replace(tasks=(None,) * few.size)):
        found = train(each, fit_prompts=lambda _: Worse()).report.findings[0]
        assert found.startswith("Fewer than 50 prompts have scores of both the model that would be taken and ")


def test_how_the_weight_of_cost_is_found_is_said() -> None:
    saving = train(scored(1200, small={"math": 0.3, "poems": 0.88}, large={"math": 0.9, "poems": 0.9}, seed=1)).report
    (said,) = (finding for finding in saving.findings if finding.startswith("In a policy cost is weighed by"))
    assert said.endswith(
        "to find the number, run 'taskroute compare' on scores that are kept back, with a copy of the policy for each you try."
    )


def test_a_gain_by_words_that_are_left_out_is_none() -> None:
    data = scored(600, small={"math": 0.3, "poems": 0.95}, large={"math": 0.9, "poems": 0.7})
    told = train(data, fit_prompts=lambda _: Worse())
    assert told.prompts is None
    assert any(finding.startswith("table, task told: ") for finding in told.report.findings)
    assert not any(finding.startswith("table and words, task told: ") for finding in told.report.findings)
    assert "  table and words, task told (not written): " in told.report.text()
