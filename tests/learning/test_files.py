"""Files of scores: every form and format that is read, and what is said of those that cannot be used."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskroute.errors import DataError
from taskroute.learning.columns import Row
from taskroute.learning.files import read_files
from taskroute.learning.gather import gather
from taskroute.learning.rows import Labels

LONG = [
    {"prompt": "2 + 2?", "task": "math", "model": "small", "score": 1, "cost": 0.01, "output_tokens": 5, "input_tokens": 9, "latency": 0.5},
    {"prompt": "2 + 2?", "task": "math", "model": "large", "score": 0.5, "cost": 0.2, "output_tokens": 7, "input_tokens": 9, "latency": 2},
    {"prompt": "Say hi", "task": "chat", "model": "large", "score": 0.25, "cost": 0.1, "output_tokens": 3, "input_tokens": 4, "latency": 1},
]


def lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def file_of(path: Path, content: str | bytes) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def read(path: Path, content: str | bytes, **options: Any) -> Labels:
    return read_files([file_of(path, content)], **options).labels


def as_csv(rows: Sequence[Mapping[str, Any]], delimiter: str = ",") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_parquet(rows: Sequence[Mapping[str, Any]]) -> bytes:
    written = io.BytesIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    pq.write_table(pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows]), written)
    return written.getvalue()


FORMATS: dict[str, str | bytes] = {
    "scores.jsonl": lines(LONG),
    "scores.jsonl.gz": gzip.compress(lines(LONG).encode()),
    "bom.jsonl": b"\xef\xbb\xbf" + lines(LONG).encode(),
    "blank-lines.jsonl": "\n" + lines(LONG).replace("\n", "\n\n"),
    "crlf.jsonl": lines(LONG).replace("\n", "\r\n"),
    "scores.csv": as_csv(LONG),
    "semicolons.csv": as_csv(LONG, ";"),
    "tabs.tsv": as_csv(LONG, "\t"),
    "bom.csv": b"\xef\xbb\xbf" + as_csv(LONG).encode(),
    "scores.csv.gz": gzip.compress(as_csv(LONG).encode()),
    "scores.parquet": as_parquet(LONG),
    "scores.parquet.gz": gzip.compress(as_parquet(LONG)),
    "no-suffix": lines(LONG),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_table(name: str, tmp_path: Path) -> None:
    found = read(tmp_path / name, FORMATS[name])
    assert found.models == ("small", "large")
    assert found.prompts == ("2 + 2?", "Say hi")
    assert found.tasks == ("math", "chat")
    assert found.stages == (None, None)
    np.testing.assert_array_equal(found.scores, [[1, 0.5], [np.nan, 0.25]])
    np.testing.assert_array_equal(found.costs, [[0.01, 0.2], [np.nan, 0.1]])
    np.testing.assert_array_equal(found.output_tokens, [[5, 7], [np.nan, 3]])
    np.testing.assert_array_equal(found.latency, [[0.5, 2], [np.nan, 1]])
    np.testing.assert_array_equal(found.input_tokens, [9, 4])
    np.testing.assert_array_equal(found.counts, [[1, 1], [0, 1]])


def test_the_wide_form_holds_every_model_in_one_line(tmp_path: Path) -> None:
    rows = [
        {"prompt": "2 + 2?", "scores": {"small": 1, "large": 0.5}, "costs": {"small": 0.01, "large": 0.2}, "latencies": {"large": 2}},
        {"prompt": "Say hi", "scores": {"small": None, "large": True}, "output_tokens": {"large": 3}, "input_tokens": 4},
    ]
    for name, content in (("wide.jsonl", lines(rows)), ("wide.parquet", as_parquet(rows))):
        found = read(tmp_path / name, content)
        assert found.models == ("small", "large")
        np.testing.assert_array_equal(found.scores, [[1, 0.5], [np.nan, 1]])
        np.testing.assert_array_equal(found.costs, [[0.01, 0.2], [np.nan, np.nan]])
        np.testing.assert_array_equal(found.latency, [[np.nan, 2], [np.nan, np.nan]])
        np.testing.assert_array_equal(found.output_tokens, [[np.nan, np.nan], [np.nan, 3]])
        np.testing.assert_array_equal(found.input_tokens, [np.nan, 4])


def test_a_table_may_be_wide_too(tmp_path: Path) -> None:
    text = "question,scores.small,scores.gpt-5.1,costs.small\nhi,1,0.5,0.01\nho,,0,\n"
    found = read(tmp_path / "wide.csv", text)
    assert found.models == ("small", "gpt-5.1")
    np.testing.assert_array_equal(found.scores, [[1, 0.5], [np.nan, 0]])
    np.testing.assert_array_equal(found.costs, [[0.01, np.nan], [np.nan, np.nan]])


def test_columns_may_have_other_usual_names(tmp_path: Path) -> None:
    rows = [{"question": "hi", "category": "chat", "llm_stage": "judge", "model_name": name, "correct": ok, "total_cost": "0.5", "completion_tokens": "7"} for name, ok in (("a", "true"), ("b", "False"))]  # fmt: skip
    found = read(tmp_path / "other.jsonl", lines(rows))
    assert (found.prompts, found.tasks, found.stages) == (("hi",), ("chat",), ("judge",))
    np.testing.assert_array_equal(found.scores, [[1, 0]])
    np.testing.assert_array_equal(found.costs, [[0.5, 0.5]])
    np.testing.assert_array_equal(found.output_tokens, [[7, 7]])


def test_scores_of_the_same_question_and_model_are_averaged_and_that_is_said(tmp_path: Path) -> None:
    rows = [
        {"prompt": "hi", "model": "a", "score": 1, "cost": 1},
        {"prompt": "hi", "model": "a", "score": 0},
        {"prompt": "hi", "model": "b", "score": 1},
    ]
    data = read_files([file_of(tmp_path / "twice.jsonl", lines(rows))])
    np.testing.assert_array_equal(data.labels.scores, [[0.5, 1]])
    np.testing.assert_array_equal(data.labels.costs, [[1, np.nan]])
    np.testing.assert_array_equal(data.labels.counts, [[2, 1]])
    assert data.scores == 3
    assert data.notes == (
        "1 scores of the same question and model were averaged with others; where these were different questions, give each an id of its own",
    )


def test_without_prompts_every_score_stands_for_a_question_of_its_own(tmp_path: Path) -> None:
    rows = [{"task": "math", "model": model, "score": score} for model, score in (("a", 1), ("a", 0), ("b", 1), ("a", 1), ("b", 0))]
    data = read_files([file_of(tmp_path / "tasks.jsonl", lines(rows))])
    np.testing.assert_array_equal(data.labels.scores, [[1, 1], [0, 0], [1, np.nan]])
    assert data.labels.tasks == ("math",) * 3
    assert not data.notes


def test_an_id_tells_which_scores_belong_together(tmp_path: Path) -> None:
    rows = [{"question_id": n, "task": "math", "model": model, "score": n} for model, n in (("a", 0), ("a", 1), ("b", 1), ("b", 0))]
    np.testing.assert_array_equal(read(tmp_path / "ids.jsonl", lines(rows)).scores, [[0, 0], [1, 1]])


def test_an_id_is_of_one_prompt_in_all_files(tmp_path: Path) -> None:
    first = file_of(tmp_path / "a.jsonl", lines([{"id": n, "prompt": f"first {n}", "scores": {"a": 1, "b": 0}} for n in range(2)]))
    second = file_of(
        tmp_path / "b.jsonl", lines([{"id": 2 - n, "prompt": f"second {n} " + "x" * 99, "scores": {"a": 0}} for n in range(2)])
    )
    with pytest.raises(DataError) as caught:
        read_files([first, second])
    assert f"{second}, line 2: the id '1' is that of 'second 1 {'x' * 30}…' here, and of 'first 1' in {first}, line 2; give each" in str(
        caught.value
    )
    with pytest.raises(DataError, match=r"line 2: the id '7' is that of 'two' here, and of 'one' in .*data, line 1"):
        read(tmp_path / "data", lines([{"id": 7, "prompt": prompt, "scores": {"a": 1, "b": 0}} for prompt in ("one", "two")]))


def test_an_id_is_of_one_question_where_its_prompts_agree_or_are_not_told(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": 1, "stage": "plan", "model": "a", "score": 1},
        {"id": 1, "stage": "plan", "prompt": "one", "model": "b", "score": 0},
        {"id": 1, "stage": "plan", "prompt": " one\n", "model": "b", "score": 1},
        {"id": 1, "stage": "answer", "prompt": "another", "model": "b", "score": 1},
    ]
    found = read(tmp_path / "steps.jsonl", lines(rows))
    assert found.prompts == ("one", "another")
    np.testing.assert_array_equal(found.scores, [[1, 0.5], [np.nan, 1]])


def test_numbers_may_be_written_as_tables_of_people_and_databases_have_them(tmp_path: Path) -> None:
    shares = lines([{"task": "t", "model": model, "score": score} for model, score in (("a", "87 %"), ("b", "12.5%"))])
    assert read(tmp_path / "shares.jsonl", shares).scores.tolist() == [[pytest.approx(0.87), pytest.approx(0.125)]]
    exact = as_parquet([{"task": "t", "model": model, "score": Decimal("0.50"), "cost": Decimal("0.25")} for model in "ab"])
    assert read(tmp_path / "exact.parquet", exact).costs.tolist() == [[0.25, 0.25]]


def test_costs_and_tokens_of_each_model_are_taken_wherever_they_stand(tmp_path: Path) -> None:
    row = {"task": "t", "scores": {"a": 1, "b": 0}, "cost": {"a": 0.25, "b": 0.5}, "input_tokens": {"a": 10, "b": 20}}
    found = read(tmp_path / "wide.jsonl", lines([row]))
    assert found.costs.tolist() == [[0.25, 0.5]]
    assert found.input_tokens.tolist() == [15]


def test_a_prompt_that_was_cut_within_a_character_still_counts(tmp_path: Path) -> None:
    found = read(tmp_path / "cut.jsonl", lines([{"prompt": "so nice \ud83d", "scores": {"a": 1, "b": 0}}]))
    assert found.prompts == ("so nice \ufffd",)


def test_several_files_make_one_table(tmp_path: Path) -> None:
    first, second = file_of(tmp_path / "a.jsonl", lines(LONG[:1])), file_of(tmp_path / "b.csv", as_csv(LONG[1:]))
    found = read_files([first, second]).labels
    np.testing.assert_array_equal(found.scores, [[1, 0.5], [np.nan, 0.25]])


def test_progress_is_told_up_to_the_end_of_each_file(tmp_path: Path) -> None:
    many = lines([{"prompt": f"question {n}", "model": model, "score": 1} for n in range(2000) for model in "ab"])
    for name, content in (("many.jsonl", many), ("many.gz", gzip.compress(many.encode()))):
        told: list[tuple[int, int]] = []
        size = len(content)
        read(tmp_path / name, content, progress=lambda done, total, told=told: told.append((done, total)))
        assert len(told) >= 4
        assert told[-1] == (size, size)
        assert [done for done, _ in told] == sorted(done for done, _ in told)


def one(**changes: Any) -> str:
    """Return a line that is right, and one that is not."""
    row = {"prompt": "hi", "model": "small", "score": 1, **changes}
    return lines([{"prompt": "hi", "model": "large", "score": 1}, {key: value for key, value in row.items() if value is not ...}])


def test_columns_that_nobody_reads_are_named_once(tmp_path: Path) -> None:
    row = {"prompt": "a", "scores": {"a": 1, "b": 0}, "costz": {"a": 1}, "dataset": "d", "answer": "x", "": 1}
    path = file_of(tmp_path / "data.jsonl", lines([LONG[0], row, row, {**row, "Scroe": 1}]))
    assert read_files([path]).notes == (
        "4 scores of the same question and model were averaged with others; where these were different questions, give each an id of its own",
        f"column 'Scroe' was left out, in 1 row, the first in {path}, line 4; did you mean 'score'?",
        f"column 'costz' was left out, in 3 rows, the first in {path}, line 2; did you mean 'cost'?",
        "columns that are not read: 'answer', 'dataset'",
    )
    many = file_of(tmp_path / "many.jsonl", lines([{**row, **{f"{n}cost": 1 for n in range(9)}, **{f"x{n}": 1 for n in range(9)}}]))
    *named, more, others = read_files([many]).notes
    assert (len(named), more) == (5, "5 more columns or values were left out")
    assert others == "columns that are not read: 'answer', 'dataset', 'x0', 'x1', 'x2', 6 more"


def test_values_of_a_model_without_a_score_are_named_once(tmp_path: Path) -> None:
    rows = [
        {"prompt": f"{n}", "scores": {"small": 1, "large": None}, "costs": {"smal": 5, "large": 1}, "latencies": {"other": None}}
        for n in range(3)
    ]
    path = file_of(tmp_path / "data.jsonl", lines([*rows, {"prompt": "x", "model": "large", "score": 1, "cost": 1}]))
    said = f"'cost' of 'smal' was left out, in 3 rows, the first in {path}, line 1, because no score of that model stands there"
    assert read_files([path]).notes == (said,)
    table = "prompt,scores.small,scores.large,costs.smal,costs.large\nhi,1,,,2\nho,1,0,3,\n"
    assert [note[:25] for note in read_files([file_of(tmp_path / "wide.csv", table)]).notes] == ["'cost' of 'smal' was left"]


WRONG: dict[str, tuple[str | bytes, str]] = {
    "nan": (one().replace('"score": 1}\n', '"score": NaN}\n'), "line 1: the score of 'large' is nan; leave the row out"),
    "infinite": (one(score=math.inf), "line 2: the score of 'small' is inf; scores go from 0 to 1: divide by the best"),
    "negative": (one(score=-0.5), "line 2: the score of 'small' is -0.5; scores go from 0 to 1"),
    "a scale of ten": (one(score=7), "line 2: the score of 'small' is 7; scores go from 0 to 1"),
    "a huge number": (one(score=10**400), "line 2: the score of 'small' is inf"),
    "a word": (one(score="good"), "line 2: the score of 'small' is 'good', which is no number"),
    "a list": (one(score=[1]), "line 2: the score of 'small' is of type list, not a number"),
    "no score": (one(score=...), "line 2: there is no 'score' of 'small'; it has 'prompt', 'model'; give a number from 0 to 1"),
    "an empty score": ("prompt,model,score\nhi,small,\n", "line 2: there is no 'score' of 'small'"),
    "no model": (one(model=...), "line 2: there is no 'model'; it has 'prompt', 'score'; add it, or write 'scores' as a mapping"),
    "no question": (one(prompt=...), "line 2: there is neither a 'prompt', nor a 'task', nor a 'stage'; it has 'model', 'score'"),
    "a list of messages": (one(prompt=[{"role": "user"}]), "line 2: 'prompt' is of type list, not text"),
    "a negative cost": (one(cost=-1), "line 2: 'cost' is -1, and cannot be below 0; leave it out"),
    "a cost that is nan": (one(cost=math.nan), "line 2: 'cost' is nan; leave it out where it is not known"),
    "scores without names": (lines([{"prompt": "hi", "scores": [1, 0]}]), "line 1: 'scores' is a list, so that nobody can tell whose they are"),
    "a decimal comma": ("prompt;model;score\nhi;small;0,5\n", "line 2: the score of 'small' is '0,5', which is no number; write one, such as 0.5"),
    "more than all": (one(score="101%"), "line 2: the score of 'small' is 1.01; scores go from 0 to 1"),
    "a task that is nan": (one(task=math.nan), "line 2: 'task' is nan, not text; leave it out where it is not known"),
    "half a character": (one(task="a\ud83d"), "line 2: 'task' is 'a\\ud83d', which has half a character in it"),
    "half a character in a model": (lines([{"task": "a", "scores": {"b\ud83d": 1}}]), "line 1: 'score' is 'b\\ud83d', which has half a"),
    "both forms": (one(scores={"small": 0, "large": 1}), "line 2: there is a 'score' of 'small' beside the 'scores' of several models; write"),
    "a model without a name": (lines([{"task": "a", "scores": {" ": 1, "b": 0}}]), "line 1: a score is of a model without a name; name it"),
    "a column twice": ("task,model,score,score\na,small,1,0\n", "line 1: two columns are named 'score'; leave one of them out"),
    "no json": (one() + "{oops}\n", "line 3: this is no JSON (Expecting property name enclosed in double quotes); write one object a line"),
    "a deep line": ('{"a":' + "[" * 200_000, "line 1: this is no JSON"),
    "a number": (one() + "7\n", "line 3: this is a int, not an object"),
    "a list of objects": (json.dumps(LONG), "line 1: this is a JSON list; write one object a line (JSON lines)"),
    "too many cells": ("prompt,model,score\nhi, there,small,1\n", "line 2: there are 4 cells under 3 names; quote cells that hold commas"),
    "no quote": ('prompt,model,score\n"hi,small,1\n', "this is no CSV"),
    "nothing": ("", "there are no scores in it"),
    "blank lines": ("\n \n", "there are no scores in it"),
    "only names": ("prompt,model,score\n", "there are no scores in it"),
    "bytes": (bytes(range(256)) * 8, "this is no text; give JSON lines, CSV with a line of names, or Parquet"),
    "latin 1": ("prompt,model,score\né,small,1\n".encode("latin-1"), "line 2: this is not UTF-8"),
    "a broken gzip": (gzip.compress(one().encode())[:-9], "the gzip file is broken or cut off"),
    "a broken parquet": (as_parquet(LONG)[:-40], "this Parquet file cannot be read"),
    "one model": (lines(LONG[:1]), "there are scores of 'small' alone, so there is nothing to choose from"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_used_is_said_with_file_line_and_cure(name: str, tmp_path: Path) -> None:
    content, said = WRONG[name]
    with pytest.raises(DataError) as caught:
        read(tmp_path / "data", content)
    assert caught.value.file == str(tmp_path / "data")
    assert said in str(caught.value)


def test_a_model_that_the_policy_does_not_have_is_said_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 2: no model named 'larg' is in the policy; did you mean 'large'\? known: large, small"):
        read(tmp_path / "data", lines([LONG[0], {**LONG[1], "model": "larg"}]), models=["small", "large"])


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file or directory, looked for '/.*missing.jsonl'; check"):
        read_files([os.path.relpath(tmp_path / "missing.jsonl")])
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        read_files([str(tmp_path)])
    with pytest.raises(DataError, match="cannot be read"):
        read_files(["with\0nul"])


def test_a_prompt_of_ten_megabytes_is_read_and_capped(tmp_path: Path) -> None:
    long, limit = "word " * 2_000_000, csv.field_size_limit()
    rows = [{"prompt": long, "model": model, "score": 1} for model in "ab"]
    for name, content in (("long.jsonl", lines(rows)), ("long.csv", as_csv(rows))):
        (prompt,) = read(tmp_path / name, content).prompts
        assert prompt is not None
        assert len(prompt) == 100_000
    assert csv.field_size_limit() == limit


def test_a_line_without_an_end_does_not_fill_the_memory(tmp_path: Path) -> None:
    content = gzip.compress(b'{"prompt": "' + b"a" * (65 * 2**20), 1)
    with pytest.raises(DataError, match="line 1: the line is longer than 64 MB; shorten its prompt"):
        read(tmp_path / "bomb.gz", content)


def test_without_pyarrow_the_cure_is_said(tmp_path: Path) -> None:
    file = file_of(tmp_path / "scores.parquet", as_parquet(LONG))
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from taskroute.learning.files import read_files\n"
        "from taskroute import ConfigurationError\n"
        "try: read_files([sys.argv[1]])\nexcept ConfigurationError as error: print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", code, file], check=True, capture_output=True, text=True)
    assert "pip install 'taskroute[parquet]'" in ran.stdout


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80) | st.text(max_size=80).map(lambda text: b'{"prompt": "a"' + text.encode("utf-8", "replace")))
def test_whatever_bytes_are_given_either_a_table_comes_back_or_a_data_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes"
    with pytest.raises(DataError):
        read(path, content)


scored = st.builds(
    Row,
    model=st.sampled_from("abc"),
    score=st.floats(0, 1),
    id=st.none(),
    prompt=st.sampled_from(["p", "q", None]),
    task=st.sampled_from(["t", "u"]),
    cost=st.none() | st.floats(0, 10),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(scored, max_size=30))
def test_no_score_is_lost_and_means_stay_between_the_least_and_the_most(rows: list[Row]) -> None:
    found = gather(rows)
    assert found.labels.counts.sum() == found.scores == len(rows)
    given_scores = ~np.isnan(found.labels.scores)
    assert ((found.labels.counts > 0) == given_scores).all()
    if rows:
        means = found.labels.scores[given_scores]
        assert means.min() >= min(row.score for row in rows) - 1e-9
        assert means.max() <= max(row.score for row in rows) + 1e-9
        total = np.nansum(found.labels.scores * found.labels.counts)
        assert total == pytest.approx(sum(row.score for row in rows))
