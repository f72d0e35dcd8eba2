"""The page of the policy file says what the policy has: the keys of its sections, and what each is where it is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from taskroute.policy.choosing import Choose, Feedback, Quality
from taskroute.policy.schema import ClassifierEntry
from taskroute.policy.telling import Telemetry

PAGE = (Path(__file__).parents[2] / "docs" / "policy.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n### telemetry\n")[2].partition("\n## ")[0]
ROWS = dict(re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", SECTION, re.MULTILINE))


def test_the_table_has_every_key_of_telemetry_and_no_other() -> None:
    assert sorted(ROWS) == sorted(Telemetry.model_fields)


@pytest.mark.parametrize("key", sorted(Telemetry.model_fields))
def test_the_table_tells_the_default_of_a_key(key: str) -> None:
    said = ROWS[key].strip("`")
    if key == "content":
        assert said.startswith("by the environment")
    elif getattr(Telemetry(), key) in (None, ()):
        assert said == "none"
    else:
        # As the policy takes it, since a size has its unit.
        value = int(said) if said.isdigit() else said
        assert Telemetry.model_validate({key: value}) == Telemetry()


SECTIONS = (
    ("#### choose", Choose),
    ("### classifier", ClassifierEntry),
    ("### quality", Quality),
    ("### feedback", Feedback),
)


def test_the_tables_of_these_sections_have_every_key_and_no_other() -> None:
    for heading, section in SECTIONS:
        text = PAGE.partition(f"\n{heading}\n")[2].partition("\n#")[0]
        assert sorted(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == sorted(section.model_fields)
