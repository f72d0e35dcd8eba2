"""The pages on tasks and quality say what there is: the fields of a classifier's answer, and the keys of a cell of the table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from taskroute.quality.table import Cell
from taskroute.types import Classification

DOCS = Path(__file__).parents[2] / "docs"


def rows_after(page: str, head: str) -> list[str]:
    """Return the keys of the table with this head, in order."""
    table = (DOCS / page).read_text(encoding="utf-8").partition(f"\n{head}\n")[2].partition("\n\n")[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


@pytest.mark.parametrize(
    ("page", "head", "fields"),
    [
        ("classifying.md", "| field | default | |", Classification._fields),
        ("quality.md", "| key of a cell | type | meaning |", Cell._fields),
    ],
)
def test_the_table_has_every_field_and_no_other(page: str, head: str, fields: tuple[str, ...]) -> None:
    assert sorted(rows_after(page, head)) == sorted(fields)
