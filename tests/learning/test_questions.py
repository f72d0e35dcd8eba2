"""Which rows are of one question: what one does not tell, another fills in; what cannot be of one is said."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from taskroute.errors import DataError
from taskroute.learning.columns import Row
from taskroute.learning.files import Data, read_files
from taskroute.learning.gather import gather
from taskroute.learning.rows import Labels

SMALL, LARGE = {"model": "small", "score": 1, "cost": 2}, {"model": "large", "score": 0.5, "cost": 4}


def read(folder: Path, *files: Sequence[Mapping[str, Any]]) -> Data:
    paths: list[str] = []
    for number, rows in enumerate(files):
        path = folder / f"{number}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        paths.append(str(path))
    return read_files(paths)


def questions(found: Labels) -> list[tuple[str | None, str | None, str | None]]:
    return list(zip(found.prompts, found.tasks, found.stages, strict=True))


@pytest.mark.parametrize(
    "second", [{"prompt": "hi"}, {"task": "chat"}, {"stage": "plan"}, {}], ids=lambda told: "-".join(told) or "nothing"
)
def test_an_id_alone_joins_whatever_its_rows_tell(second: Mapping[str, str], tmp_path: Path) -> None:
    told = {"prompt": "hi", "task": "chat", "stage": "plan"}
    for first, other in (({**told, **SMALL}, {**second, **LARGE}), ({**second, **SMALL}, {**told, **LARGE})):
        found = read(tmp_path, [{"id": 7, **first}], [{"id": 7, **other}])
        assert questions(found.labels) == [("hi", "chat", "plan")]
        np.testing.assert_array_equal(found.labels.scores, [[1, 0.5]])
        np.testing.assert_array_equal(found.labels.costs, [[2, 4]])
        assert not found.notes


@pytest.mark.parametrize("second", [{}, {"task": "chat"}, {"stage": "plan"}], ids=lambda told: "-".join(told) or "nothing")
def test_without_ids_a_prompt_joins_and_what_is_missing_is_filled_in(second: Mapping[str, str], tmp_path: Path) -> None:
    told = {"prompt": "hi", "task": "chat", "stage": "plan"}
    for first, other in (
        ({**told, **SMALL}, {"prompt": "hi", **second, **LARGE}),
        ({"prompt": "hi", **second, **SMALL}, {**told, **LARGE}),
    ):
        found = read(tmp_path, [first], [other])
        assert questions(found.labels) == [("hi", "chat", "plan")]
        np.testing.assert_array_equal(found.labels.scores, [[1, 0.5]])


def test_scores_that_come_together_are_averaged_and_keep_their_amounts(tmp_path: Path) -> None:
    rows = [{"id": 1, "task": "math", **SMALL, "input_tokens": 10}, {"id": 1, "prompt": "2+2", **SMALL, "score": 0, "input_tokens": 20}]
    found = read(tmp_path, [*rows, {"id": 1, **LARGE}])
    np.testing.assert_array_equal(found.labels.scores, [[0.5, 0.5]])
    np.testing.assert_array_equal(found.labels.counts, [[2, 1]])
    np.testing.assert_array_equal(found.labels.input_tokens, [15])
    assert "1 scores of the same question and model were averaged" in found.notes[0]


def test_an_id_has_one_task(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, [{"id": 7, "task": "math", **SMALL}], [{"id": 8, "task": "chat", **LARGE}, {"id": 7, "task": "chat", **LARGE}])
    first, second = (str(tmp_path / f"{number}.jsonl") for number in (0, 1))
    assert (caught.value.file, caught.value.line) == (second, 2)
    assert f"the id '7' has the task 'chat' here, and 'math' in {first}, line 1; write the same in all rows; where" in str(caught.value)


def test_an_id_has_one_prompt_also_where_only_one_of_its_rows_tells_the_task(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1.jsonl, line 1: the id '7' is that of 'two' here, and of 'one' in .*0.jsonl, line 1; give each"):
        read(tmp_path, [{"id": 7, "task": "math", "prompt": "one", **SMALL}], [{"id": 7, "prompt": "two", **LARGE}])


def test_stages_part_an_id_and_each_has_a_task_of_its_own(tmp_path: Path) -> None:
    rows = [{"id": 7, "stage": stage, "task": task, **each} for stage, task in (("plan", "a"), ("cite", "b")) for each in (SMALL, LARGE)]
    assert questions(read(tmp_path, rows).labels) == [(None, "a", "plan"), (None, "b", "cite")]


def test_a_row_must_say_its_stage_where_its_id_has_several(tmp_path: Path) -> None:
    rows = [{"id": 7, "stage": "plan", **SMALL}, {"id": 7, "task": "a", **LARGE}, {"id": 7, "stage": "cite", **LARGE}]
    for order in itertools.permutations(rows):
        line = [each.get("stage") for each in order].index(None) + 1
        with pytest.raises(DataError, match=rf"line {line}: the id '7' has the stages .* in other rows, and none here; write the stage"):
            read(tmp_path, order)


def test_an_id_of_which_nothing_is_told_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 1: no row of the id '7' has a 'prompt', a 'task' or a 'stage'; name one of them"):
        read(tmp_path, [{"id": 7, **SMALL}, {"id": 7, **LARGE}])


def test_without_ids_tasks_part_a_prompt_and_that_is_said(tmp_path: Path) -> None:
    rows = [{"prompt": "hi", "task": task, **each} for task in ("chat", "math") for each in (SMALL, LARGE)]
    found = read(tmp_path, [*rows, {"prompt": "hi", **SMALL}])
    assert questions(found.labels) == [("hi", "chat", None), ("hi", "math", None), ("hi", None, None)]
    assert found.notes == (
        f"1 prompt without an id has more than one task, such as 'hi' in {tmp_path / '0.jsonl'}, line 1: each task counts as a question of "
        "its own; where they are one, write one task, or an id",
    )


def test_the_order_of_rows_does_not_change_what_is_joined() -> None:
    rows = [
        Row("a", 1, prompt="p", task="t"),
        Row("a", 0, prompt="p", stage="s"),
        Row("b", 1, prompt="p"),
        Row("b", 0, id="1", task="u"),
        Row("a", 1, id="1", prompt="p"),
    ]
    for order in itertools.permutations(rows):
        assert set(questions(gather(order).labels)) == {("p", "t", "s"), ("p", "u", None)}
