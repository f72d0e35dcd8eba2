"""The file of `quality.file`: read once for a policy, and never in the way of a call."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from taskroute import Call, Router
from taskroute.known_quality import TABLE as FINGERPRINT
from taskroute.known_quality import Careful, QualityFiles, known_quality, prompts_beside, why_unreadable
from taskroute.learned.arrays import write_arrays
from taskroute.learning.text_model import fit_prompt_model
from taskroute.policy.choosing import Quality
from taskroute.quality.table import Cell, QualityTable
from taskroute.quality.text import dump
from tests.learning.test_text_model import QUICK, scored

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
    assert "with 'taskroute train'" in str(caught[0].message)
    decision = router.decide(Call("1 + 1", task="math"))
    assert "nobody has scored them: by price and strengths" in decision.reason
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        router.reload(routing(str(path)))


OTHER = QualityTable([Cell("large", "math", None, 400, 0.9, 0.09), Cell("small", "math", None, 400, 0.8, 0.16)])


def warned(reload: Callable[[], object]) -> list[str]:
    """Return what is warned of with the filters that a program has of itself."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        reload()
    return [str(one.message) for one in caught]


@pytest.mark.parametrize("source", ["file", "mapping"])
def test_a_reload_with_a_broken_file_keeps_the_last_good_table_and_a_mended_one_is_taken(tmp_path: Path, source: str) -> None:
    path = tmp_path / "quality.json"
    path.write_text(dump(TABLE))
    policy_file = tmp_path / "taskroute.yaml"
    policy_file.write_text(json.dumps(routing(str(path))))
    router = Router.from_file(policy_file, environ={})

    def reload() -> None:
        router.reload(None if source == "file" else routing(str(path)))

    def chosen() -> str | None:
        return router.decide(Call("1 + 1", task="math")).model

    assert chosen() == "large"
    path.write_text("half a ta")
    [said] = warned(reload)
    assert said.startswith(f"quality.file: {path}")
    assert said.endswith("what was read of it before stays in use")
    assert (chosen(), warned(reload)) == ("large", [])
    path.write_text("half a table")
    assert len(warned(reload)) == 1
    assert router.decide(Call("1 + 1", task="math")).expected["small"].labels == 400
    path.write_text(dump(OTHER))
    assert warned(reload) == []
    assert chosen() == "small"
    # The same words as before, of a file that was whole in between.
    path.write_text("half a table")
    assert len(warned(reload)) == 1
    path.unlink()
    assert "cannot be read" in warned(reload)[0]
    assert chosen() == "small"


def test_a_file_that_was_never_whole_has_nothing_to_keep_and_another_file_lends_it_nothing(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole.json", tmp_path / "broken.json"
    whole.write_text(dump(TABLE))
    broken.write_text("{}")
    router = Router(routing(str(whole)), environ={})
    [said] = warned(lambda: router.reload(routing(str(broken))))
    assert said.endswith("models are compared without it")
    assert "nobody has scored them" in router.decide(Call("1 + 1", task="math")).reason
    assert warned(lambda: router.reload(routing(str(whole)))) == []
    assert router.decide(Call("1 + 1", task="math")).model == "large"


def test_many_routers_of_one_broken_file_warn_once(tmp_path: Path) -> None:
    path = tmp_path / "quality.json"
    path.write_text("half a table")
    assert len(warned(lambda: [Router(routing(str(path)), environ={}) for _ in range(3)])) == 1


def test_what_prompts_teach_stays_with_the_table_that_it_was_learned_with(tmp_path: Path) -> None:
    path = tmp_path / "quality.json"
    path.write_text(dump(TABLE))
    beside = prompts_beside(path)
    predictor = fit_prompt_model(scored(100, told=False), effort=QUICK).predictor
    assert predictor is not None
    arrays, meta = predictor.arrays()
    write_arrays(beside, arrays, {**meta, FINGERPRINT: TABLE.version})
    files, quality = QualityFiles(), Quality(file=str(path))
    assert files.known(quality, {}).prompts is not None
    beside.write_bytes(b"broken")
    with pytest.warns(RuntimeWarning, match=r"prompts\.safetensors.*what was read of it before stays in use"):
        assert files.known(quality, {}).prompts is not None
    path.write_text("broken")
    with pytest.warns(RuntimeWarning, match=r"quality\.json.*what was read of it before stays in use"):
        known = files.known(quality, {})
    assert (known.table is not None, known.prompts is not None) == (True, True)
    assert files.known(Quality(file=str(path), prompts=False), {}).prompts is None
    path.write_text(dump(OTHER))
    with pytest.warns(RuntimeWarning, match=r"prompts\.safetensors.*models are compared without it"):
        known = files.known(quality, {})
    assert known.table is not None
    assert (known.table.version, known.prompts) == (OTHER.version, None)


def test_a_file_of_prompts_that_is_gone_costs_one_warning_and_what_was_read_of_it_stays(tmp_path: Path) -> None:
    path = tmp_path / "quality.json"
    path.write_text(dump(QualityTable(TABLE.cells, words=True)))
    beside, files, quality = prompts_beside(path), QualityFiles(), Quality(file=str(path))
    with pytest.warns(RuntimeWarning, match=r"prompts\.safetensors: this file is missing.*models are compared without it"):
        assert files.known(quality, {}).prompts is None
    assert warned(lambda: files.known(quality, {})) == []
    assert warned(lambda: files.known(Quality(file=str(path), prompts=False), {})) == []
    predictor = fit_prompt_model(scored(100, told=False), effort=QUICK).predictor
    assert predictor is not None
    arrays, meta = predictor.arrays()
    write_arrays(beside, arrays, {**meta, FINGERPRINT: TABLE.version})
    assert files.known(quality, {}).prompts is not None
    beside.unlink()
    with pytest.warns(RuntimeWarning, match=r"prompts\.safetensors: this file is missing.*what was read of it before stays in use"):
        assert files.known(quality, {}).prompts is not None
    path.write_text(dump(TABLE))
    assert warned(lambda: files.known(quality, {})) == []


@pytest.mark.parametrize(("cells", "of"), [([], "nobody"), ([Cell("Small", "math", None, 400, 0.9, 0.09)], "'Small'")])
def test_a_table_that_has_a_score_of_none_of_the_models_costs_one_warning(tmp_path: Path, cells: list[Cell], of: str) -> None:
    path = tmp_path / "quality.json"
    path.write_text(dump(TABLE))
    router = Router(routing(str(path)), environ={})
    path.write_text(dump(QualityTable(cells)))
    [said] = warned(lambda: router.reload(routing(str(path))))
    assert said == f"quality.file: {path}: it has no score of any of the policy's models, only of {of}; models are compared without it"
    assert warned(lambda: router.reload(routing(str(path)))) == []
    path.write_text(dump(OTHER))
    assert warned(lambda: router.reload(routing(str(path)))) == []
    assert router.decide(Call("1 + 1", task="math")).model == "small"


def test_a_router_says_which_files_it_stands_on_there_or_not(tmp_path: Path) -> None:
    policy_file, table = tmp_path / "taskroute.yaml", tmp_path / "quality.json"
    table.write_text(dump(TABLE))
    policy_file.write_text(json.dumps(routing("${HOME_OF_SCORES}/quality.json")))
    router = Router.from_file(policy_file, environ={"HOME_OF_SCORES": str(tmp_path)})
    assert router.files == (policy_file, table, prompts_beside(table))
    router.reload(routing("", quality={"file": str(table), "prompts": False}))
    assert router.files == (policy_file, table)
    router.reload({"models": MODELS, "default": "large"})
    assert router.files == (policy_file,)
    assert Router(routing(str(table)), environ={}).files == (table, prompts_beside(table))


@pytest.mark.parametrize("name", ["${NO_SUCH_FOLDER}/quality.json", "."])
def test_a_table_in_no_place_is_none_of_the_files(name: str) -> None:
    with pytest.warns(RuntimeWarning, match=r"quality\.file"):
        router = Router(routing(name), environ={})
    assert router.files == ()


def test_a_variable_that_is_not_set_costs_one_warning() -> None:
    with pytest.warns(RuntimeWarning, match="NO_SUCH_PLACE"):
        assert known_quality(Quality(file="${NO_SUCH_PLACE}/quality.json"), {}) == (None, None)


def test_what_prompts_teach_lies_beside_the_table_and_a_broken_one_costs_one_warning(tmp_path: Path) -> None:
    path = tmp_path / "quality.json"
    path.write_text(dump(TABLE))
    assert prompts_beside(path) == tmp_path / "quality.prompts.safetensors"
    prompts_beside(path).write_bytes(b"not arrays")
    with pytest.warns(RuntimeWarning, match=r"quality\.prompts\.safetensors.* write it anew with 'taskroute train', or put back a copy"):
        known = known_quality(Quality(file=str(path)), {})
    assert known.table is not None
    assert known.prompts is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert known_quality(Quality(file=str(path), prompts=False), {}).table is not None


def test_without_numpy_the_cure_is_said() -> None:
    missing = ModuleNotFoundError("No module named 'numpy'", name="numpy")
    assert why_unreadable(missing, "quality.prompts.safetensors") == "quality.prompts.safetensors needs NumPy: pip install numpy"


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
