"""`quality.json`: written and read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskroute.errors import QualityError
from taskroute.quality.table import Cell, QualityTable
from taskroute.quality.text import dump, load

CELL = Cell("small", "math", "generate", 3, 2 / 3, 2 / 9, cost=0.0012345678, output_tokens=120.5)


def raw(**changes: Any) -> str:
    return json.dumps({**json.loads(dump(QualityTable([CELL]))), **changes})


def with_cell(**changes: Any) -> str:
    content = json.loads(dump(QualityTable([CELL])))
    return json.dumps({**content, "cells": [{**content["cells"][0], **changes}]})


def test_what_was_written_is_read_as_it_was() -> None:
    table = QualityTable([CELL, CELL._replace(model="large", task=None)], trained_at="2026-01-02", words=True)
    again = load(dump(table))
    assert (again.cells, again.version, again.trained_at, again.words) == (table.cells, table.version, "2026-01-02", True)
    assert again.given(priors={}).words
    assert not load(dump(QualityTable([CELL]))).words


def test_each_cell_is_one_line_in_a_fixed_order() -> None:
    cells = [CELL._replace(model=model, task=task) for model in ("b", "a") for task in ("y", "x")]
    text = dump(QualityTable(cells))
    assert text == dump(QualityTable(cells[::-1]))
    lines = [line for line in text.splitlines() if '"model"' in line]
    assert [(json.loads(line.rstrip(","))["task"], json.loads(line.rstrip(","))["model"]) for line in lines] == [
        ("x", "a"),
        ("x", "b"),
        ("y", "a"),
        ("y", "b"),
    ]


def test_one_more_score_changes_one_line() -> None:
    cells = [CELL._replace(model=model) for model in ("a", "b", "c")]
    before, after = (dump(QualityTable(some)).splitlines() for some in (cells, [cells[0], cells[1]._replace(labels=4), cells[2]]))
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1


def test_what_is_unknown_is_left_out() -> None:
    assert "latency" not in dump(QualityTable([CELL]))
    assert load(dump(QualityTable([CELL]))).latency("small") is None


def test_a_table_without_scores_can_be_written_and_read() -> None:
    assert load(dump(QualityTable(()))).cells == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("\x00\x01", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a quality table"),
        ("{}", "not a quality table"),
        (raw(format="other"), "not a quality table"),
        (raw(version=2), "version 2 is not known"),
        (raw(version=True), "version True is not known"),
        (raw(extra=1), "no key named 'extra'"),
        (raw(trained_at=3), "trained_at"),
        (raw(words="yes"), "words: 'yes' is neither true nor false"),
        (raw(cells=3), "not a list"),
        (raw(cells=[3]), r"cells\[0\]: 3 is not a cell"),
        (with_cell(labels=0), r"cells\[0\].labels: 0"),
        (with_cell(labels=2.5), r"cells\[0\].labels: 2.5"),
        (with_cell(labels=True), r"cells\[0\].labels: True"),
        (with_cell(mean=float("nan")), "NaN is not a number"),
        (with_cell(mean=float("inf")), "Infinity is not a number"),
        (with_cell(mean=1.5), r"mean: 1.5 is not from 0 to 1"),
        (with_cell(mean=None), r"mean: None is not a number"),
        (with_cell(mean="0.5"), r"mean: '0.5' is not a number"),
        (with_cell(variance=0.3), r"variance: 0.3"),
        (with_cell(cost=-1), r"cost: -1.0 is not 0 or more"),
        (with_cell(latency=10**400), r"latency: inf is not 0 or more"),
        (with_cell(model=""), r"model: '' is not a name"),
        (with_cell(task=3), r"task: 3 is not a name"),
        (with_cell(colour="red"), "no key named 'colour'"),
    ],
)
def test_whatever_else_is_refused_with_the_file_and_the_cure(text: str, said: str) -> None:
    with pytest.raises(QualityError, match=rf"^here\.json: .*{said}|^here\.json: {said}") as caught:
        load(text, file="here.json")
    assert "taskroute train" in str(caught.value)


def test_a_second_cell_of_the_same_kind_is_refused() -> None:
    content = json.loads(dump(QualityTable([CELL])))
    with pytest.raises(QualityError, match="a second cell of model 'small', task 'math', stage 'generate'"):
        load(json.dumps({**content, "cells": content["cells"] * 2}))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(QualityError):
        load(text)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.builds(
            Cell,
            model=st.text(min_size=1, max_size=8),
            task=st.none() | st.text(min_size=1, max_size=8),
            stage=st.none() | st.text(min_size=1, max_size=8),
            labels=st.integers(1, 10**6),
            mean=st.floats(0, 1),
            variance=st.floats(0, 0.25),
            cost=st.none() | st.floats(0, 1e6),
            input_tokens=st.none(),
            output_tokens=st.none() | st.floats(0, 1e6),
            latency=st.none() | st.floats(0, 1e6),
        ),
        unique_by=lambda cell: (cell.model, cell.task, cell.stage),
        max_size=6,
    )
)
def test_any_table_is_the_same_after_writing_and_reading(cells: list[Cell]) -> None:
    table = QualityTable(cells)
    assert load(dump(table)).cells == table.cells
