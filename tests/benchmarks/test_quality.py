"""The benchmark of quality, on packs of a few rows that are made here."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import numpy as np
import pytest
from benchmarks.quality import aims, baselines, curve, ours, packs, pairs, pool_tables, pools
from benchmarks.quality.contenders import Who, expected_costs
from benchmarks.quality.pair_tables import Effort
from benchmarks.quality.pairs import Setting
from benchmarks.quality.tables import Figure, Section, Table, as_data, as_markdown, as_text
from benchmarks.quality.text import Likeness

from taskroute.learning.folds import Fold
from taskroute.learning.methods import Remembered
from taskroute.signals.classifiers.keywords import KeywordClassifier

TOPICS = ("algebra", "poetry", "history")
EFFORT = Effort(repeats=1, slow_repeats=1, seeds=1, draws=20)


def written(path: Path, rows: list[dict[str, object]]) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return path


def pair_rows(count: int) -> list[dict[str, object]]:
    """The strong model is needed for algebra alone."""
    rng = random.Random(0)
    topics = [rng.choice(TOPICS) for _ in range(count)]
    return [
        {"p": f"{topic} question {n} {'x' * rng.randrange(40)}", "t": topic, "w": int(topic != "algebra"), "s": 1}
        for n, topic in enumerate(topics)
    ]


def pool_rows(count: int) -> list[dict[str, object]]:
    """Each topic has a cheap model that is right on it."""
    rng = random.Random(1)
    rows: list[dict[str, object]] = []
    for n in range(count):
        at = rng.randrange(3)
        quality = [0.0] * 9
        quality[3] = float(rng.random() < 0.8)
        quality[at + 4] = 1.0
        rows.append({"p": f"{TOPICS[at]} question {n}", "t": TOPICS[at], "q": quality})
    return rows


@pytest.fixture
def pair(tmp_path: Path) -> packs.Pack:
    return packs.routellm("pair", written(tmp_path / "pair.jsonl.gz", pair_rows(150)))


@pytest.fixture
def pool(tmp_path: Path) -> packs.Pack:
    return packs.llmrouter(written(tmp_path / "pool.jsonl.gz", pool_rows(150)))


def test_a_pack_has_the_scores_and_the_costs_that_its_prices_make(pool: packs.Pack) -> None:
    table = pool.labels
    assert table.models[0] == "llama3-chatqa-1.5-8b"
    assert table.costs[0, 3] == pytest.approx(0.9e-6 * (len(table.prompts[0] or "") / 4 + 150))
    assert pool.take(np.array([1, 2])).labels.size == 2


def test_rows_in_which_a_model_has_no_score_are_left_out_and_counted(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"i": 1, "p": "one", "t": "law", "q": "1" * 12, "o": [400] * 12},
        {"i": 2, "p": "two", "t": "law", "q": "1" * 11 + "-", "o": [400] * 12},
    ]
    pack = packs.mmlupro(written(tmp_path / "pro.jsonl.gz", rows))
    assert (pack.labels.size, pack.left_out) == (1, 1)
    assert pack.labels.costs[0, 0] == pytest.approx((3 / 4 + 40) * 5e-6 + 100 * 15e-6)


def test_packs_are_read_from_the_folder_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / "routellm_gsm8k.jsonl.gz", pair_rows(3))
    monkeypatch.setenv(packs.VARIABLE, str(tmp_path))
    assert packs.load("routellm-gsm8k").labels.size == 3
    monkeypatch.setenv(packs.VARIABLE, str(tmp_path / "none"))
    with pytest.raises(packs.NoPacks, match="TASKROUTE_BENCH_DATA"):
        packs.folder()
    with pytest.raises(ValueError, match="no pack named 'other'"):
        packs.load("other", at=tmp_path)


def test_a_cost_is_expected_from_what_was_written_in_the_training_rows_alone(pool: packs.Pack) -> None:
    table = pool.labels
    longer = table.output_tokens.copy()
    longer[100:] = 1e9
    fold = Fold(np.arange(100), np.arange(100, 150))
    changed = pool._replace(labels=table._replace(output_tokens=longer))
    assert np.array_equal(expected_costs(pool, fold), expected_costs(changed, fold))


@pytest.mark.parametrize("at", range(5))
def test_no_baseline_looks_at_the_scores_that_are_held_back(pool: packs.Pack, at: int) -> None:
    fold = Fold(np.arange(100), np.arange(100, 150))
    contender = baselines.learned(Likeness())[at]
    hidden = pool.labels.scores.copy()
    hidden[100:] = 1 - hidden[100:]
    told = contender.predict(pool.labels, fold, seed=0)
    assert np.array_equal(told, contender.predict(pool.labels._replace(scores=hidden), fold, seed=0))


def test_ours_is_not_shown_held_back_scores_nor_a_task_that_is_not_given(pair: packs.Pack) -> None:
    table = ours.contenders(None)[0]
    fold = Fold(np.arange(100), np.arange(100, 150))
    hidden = pair.labels.scores.copy()
    hidden[100:] = 0
    told = table.predict(pair.labels, fold, seed=0)
    assert np.array_equal(told, table.predict(pair.labels._replace(scores=hidden), fold, seed=0))
    untold = ours.Ours(table.method, Who("untold", "predicted", True)).predict(pair.labels, fold, seed=0)  # type: ignore[attr-defined]
    assert len(np.unique(untold, axis=0)) == 1


def test_a_tag_that_tells_all_recovers_nearly_all_that_the_oracle_does(pair: packs.Pack) -> None:
    setting = Setting("pair", repeats=2)
    tag, oracle, coin = (pairs.measure(pair, setting, one) for one in (baselines.Tag(), baselines.Oracle(), baselines.Coin()))
    assert tag.apgr == pytest.approx(oracle.apgr)
    assert tag.apgr > coin.apgr + 0.1
    drawn = pairs.drawn(pair, (tag, coin), draws=50)
    assert pairs.gain(tag, coin, *drawn).above_zero


def test_words_tell_a_task_that_is_written_in_them(pair: packs.Pack) -> None:
    assert pairs.measure(pair, Setting("pair", repeats=1), baselines.TextRidge(Likeness())).apgr > 0.6


def test_fewer_labels_are_drawn_from_the_training_rows_and_without_labels_all_rows_are_told_about(pair: packs.Pack) -> None:
    few = pairs.folds_of(pair, Setting("few", labels=20, repeats=1))[0]
    assert {fold.train.size for fold in few} == {20}
    assert sum(fold.test.size for fold in few) == pair.labels.size
    (none,) = pairs.folds_of(pair, Setting("none", labels=0))[0]
    assert (none.train.size, none.test.size) == (0, pair.labels.size)


def test_the_price_that_is_chosen_inside_the_training_rows_reaches_the_cheap_experts(pool: packs.Pack) -> None:
    found = pools.measure(pool, Setting("pool", repeats=1), baselines.Tag())
    assert found.settled_best is not None
    assert found.settled_best.quality == pytest.approx(found.best_quality, abs=0.02)
    assert found.settled_par is not None
    assert found.settled_par.cost < 0.3
    zero = pools.zero(pool, Who("zero router"))
    assert found.aiq is not None
    assert zero.aiq is not None
    assert found.aiq > zero.aiq


def test_the_tables_of_a_pool_name_every_baseline_and_say_whether_an_aim_is_met(pool: packs.Pack) -> None:
    every = [*baselines.learned(Likeness()), *ours.contenders(None), baselines.Oracle()]
    section = pool_tables.section(pool, Setting("llmrouter, tasks held back", held="tasks"), EFFORT, every)
    names = {row[0] for row in section.tables[0].rows}
    assert {
        "random",
        "cheapest",
        "strongest",
        "zero router",
        "prompt length",
        "tag table",
        "TF-IDF ridge",
        "kNN",
        "oracle",
        "table",
    } <= names
    verdict = aims.verdicts(section.figures)
    assert verdict is not None
    told = {row[1]: row[-2:] for row in verdict.rows}
    assert told["table, tag given"][1] in {"yes", "no"}
    assert told["table and words, tag predicted"] == ("not measured", "-")


def test_no_aim_is_told_of_a_setting_that_was_not_measured() -> None:
    assert aims.verdicts([Figure("another", Who("table"), "APGR", 1.0)]) is None


def test_what_a_joining_model_changes_is_told_for_each_model_and_for_rivals_of_the_best(pool: packs.Pack) -> None:
    (section,) = pool_tables.joined(pool, EFFORT, sizes=(30,))
    names = [row[0] for row in section.tables[0].rows]
    assert names[:9] == list(pool.labels.models)
    assert len(names) == 12


def test_a_rival_is_as_good_as_the_best_on_each_task_and_no_better(pool: packs.Pack) -> None:
    found = pool_tables.with_rival(pool.labels, 0.0)
    tasks = np.array(pool.labels.tasks)
    best = int(pool.labels.scores.mean(axis=0).argmax())
    for task in TOPICS:
        assert found.scores[tasks == task, -1].mean() in pool.labels.scores[tasks == task].mean(axis=0)
    assert pool_tables.with_rival(pool.labels, 0.5).scores[:, -1].mean() < found.scores[:, -1].mean() <= pool.labels.scores[:, best].mean()


def test_a_router_that_knows_nothing_has_half_of_the_gap_where_whole_tasks_are_held_back(pair: packs.Pack) -> None:
    found = pairs.measure(pair, Setting("pair", held="tasks", repeats=1), baselines.ModelMeans())
    assert (found.apgr, found.cpt50, found.cpt80) == (pytest.approx(0.5), pytest.approx(0.5), pytest.approx(0.8))


def test_the_learning_curve_has_a_column_for_each_number_of_labels_that_a_fold_has(pair: packs.Pack, pool: packs.Pack) -> None:
    words = Remembered(lambda _: None)
    of_pair = curve.of_pair(pair, EFFORT, words=words, sizes=(20, 100, 1000)).tables[0]
    assert of_pair.header == ("router", "tag", "20", "100")
    assert {row[0]: row[2:] for row in of_pair.rows}["best fixed"] == ("0.500", "0.500")
    best, par = curve.of_pool(pool, EFFORT, words=words, classifier=KeywordClassifier(), sizes=(100, None)).tables
    assert best.header == ("router", "tag", "100", "all")
    assert {row[0] for row in par.rows} <= {row[0] for row in best.rows}
    cost = {row[:2]: row[3] for row in par.rows}["table", "given"]
    assert float(cost.split(" %")[0]) < 50


def test_a_table_is_printed_as_text_as_markdown_and_as_data() -> None:
    table = Table("Title", ("a", "b"), (("1", "22"),), "Note.")
    assert as_text(table) == "Title\na  b\n1  22\nNote."
    assert as_markdown(table) == "**Title**\n\n| a | b |\n| --- | --- |\n| 1 | 22 |\n\nNote."
    section = Section((table,), (Figure("s", Who("r"), "APGR", None),))
    assert json.loads(json.dumps(as_data(section)))["figures"][0]["value"] is None
