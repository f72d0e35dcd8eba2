"""The page of the policy file says what the policy has: the keys of `telemetry`, and the names that are kept for later."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from taskroute import PolicyError, load_policy
from taskroute.policy.telling import Telemetry

PAGE = (Path(__file__).parents[2] / "docs" / "policy.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n### telemetry\n")[2].partition("\n## ")[0]
ROWS = dict(re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", SECTION, re.MULTILINE))
RESERVED = re.search(r"^(`.*?) are reserved:", PAGE, re.MULTILINE)
POLICY = {"models": {"small": {}}, "default": "small"}


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


def test_names_that_are_called_reserved_are_refused_as_that() -> None:
    assert RESERVED is not None
    names = re.findall(r"`(\w+)`", RESERVED[1])
    assert names
    for name in names:
        with pytest.raises(PolicyError, match=f"'{name}' is reserved"):
            load_policy({**POLICY, name: "x"})
    assert not {*names} & {*Telemetry.model_fields}
