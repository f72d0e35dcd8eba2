"""The file of `quality.file`: read once for a policy, and never in the way of a call."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from taskroute import Call, Router
from taskroute.known_quality import TABLE as FINGERPRINT
from taskroute.known_quality import Careful, known_quality, prompts_beside
from taskroute.learned.arrays import write_arrays
from taskroute.policy.choosing import Quality
from taskroute.quality.table import Cell, QualityTable
from taskroute.quality.text import dump

TABLE = QualityTable([Cell("large", "math", None, 400, 0.9, 0.09), Cell("small", "math", None, 400, 0.4, 0.24)])
MODELS = {
    "large": {"model": "test:large", "price": {"input": 4, "output": 20}},
    "small": {"model": "test:small", "price": {"input": 1, "output": 2}},
}


def routing(file: str, **changes: Any) -> dict[str, Any]:
    route = {"name": "all", "choose": {"among": ["small", "large"], "objective": "cheapest", "min_quality": 0.7}}
    return {"models": MODELS, "default": "large", "routes": [route], "quality": {"file": file}, **changes}


def test_the_file_of_the_policy_tells_the_models_apart(tmp_path: Path) -> None:
    (tmp_path / "quality.json").write_text(dump(TABLE))
    router = Router(routing("${HOME_OF_SCORES}/quality.json"), environ={"HOME_OF_SCORES": str(tmp_path)})
    decision = router.decide(Call("1 + 1", task="math"))
    assert decision.model == "large"
    assert decision.expected["small"].labels == 400


@pytest.mark.parametrize("content", [None, b"", b"{}", b"\xff\xfe\x00", b'{"format": "taskroute-quality", "version": 99, "cells": []}'])
def test_a_file_that_cannot_be_read_costs_one_warning_and_no_call(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "quality.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.warns(RuntimeWarning, match="models are compared without it") as caught:
        router = Router(routing(str(path)), environ={})
    assert len(caught) == 1
    assert str(path) in str(caught[0].message)
    decision = router.decide(Call("1 + 1", task="math"))
    assert "nobody has scored them: by price and strengths" in decision.reason
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        router.reload(routing(str(path)))


def test_a_variable_that_is_not_set_costs_one_warning() -> None:
    with pytest.warns(RuntimeWarning, match="NO_SUCH_PLACE"):
        assert known_quality(Quality(file="${NO_SUCH_PLACE}/quality.json"), {}) == (None, None)


def test_what_prompts_teach_lies_beside_the_table_and_a_broken_one_costs_one_warning(tmp_path: Path) -> None:
    path = tmp_path / "quality.json"
    path.write_text(dump(TABLE))
    assert prompts_beside(path) == tmp_path / "quality.prompts.safetensors"
    prompts_beside(path).write_bytes(b"not arrays")
    with pytest.warns(RuntimeWarning, match=r"quality\.prompts\.safetensors"):
        known = known_quality(Quality(file=str(path)), {})
    assert known.table is not None
    assert known.prompts is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert known_quality(Quality(file=str(path), prompts=False), {}).table is not None


def test_what_prompts_teach_of_another_table_costs_one_warning_and_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "quality.json"
    path.write_text(dump(TABLE))
    write_arrays(prompts_beside(path), {}, {FINGERPRINT: "another"})
    with pytest.warns(RuntimeWarning, match=f"was learned with the table another, and the table beside it is {TABLE.version}"):
        known = known_quality(Quality(file=str(path)), {})
    assert (known.table is not None, known.prompts) == (True, None)


class Broken:
    version = "1"

    def tasks(self, text: str) -> dict[str, float]:
        raise RuntimeError(text)

    def shifts(self, text: str, tasks: Any) -> dict[str, float]:
        return {"large": float("nan"), "small": 0.1}


def test_what_breaks_at_a_prompt_counts_for_nothing_and_quotes_nothing() -> None:
    careful = Careful(Broken(), "a broken one")
    with pytest.warns(RuntimeWarning, match="a broken one failed with RuntimeError") as caught:
        assert careful.tasks("my secret") == {}
    assert "secret" not in str(caught[0].message)
    assert careful.tasks("again") == {}
    assert careful.shifts("my secret", {}) == {"small": 0.1}
