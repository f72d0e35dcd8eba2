"""A policy is followed together with what it stands on: its quality table, and what lies beside that of prompts."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path
from typing import Any, Final

import pytest

from taskroute import Call
from taskroute.known_quality import TABLE as FINGERPRINT
from taskroute.known_quality import prompts_beside
from taskroute.learned.arrays import dump_arrays
from taskroute.learning.text_model import fit_prompt_model
from taskroute.quality.table import QualityTable
from taskroute.quality.text import dump
from taskroute.testing import FakeClock
from tests.emulator import Emulator
from tests.learning.test_text_model import QUICK, scored
from tests.litellm_host.provided import MESSAGES, asked, policy
from tests.router.test_known_quality import OTHER, TABLE, routing

litellm: Any = pytest.importorskip("litellm")

from taskroute_litellm.handler import Handler  # noqa: E402
from taskroute_litellm.policy_file import PolicyFile  # noqa: E402

LARGE: Final = dump(TABLE)
"""By this table, only `large` is good enough."""
SMALL: Final = dump(OTHER)
"""By this one `small` is, too, and it is the cheaper one."""


def put(path: Path, content: str | bytes) -> None:
    """Replace a file at once, as `taskroute train` and deployments do."""
    fresh = path.with_suffix(".fresh")
    fresh.write_bytes(content.encode() if isinstance(content, str) else content)
    fresh.replace(path)


class Watched:
    """A policy file that names a quality table, with a clock that a test turns."""

    def __init__(self, folder: Path, *, table: str | None = LARGE, words: bytes | None = None, name: str | None = None) -> None:
        self.path, self.table = folder / "policy.yaml", folder / "quality.json"
        self.words = prompts_beside(self.table)
        self.name = name or str(self.table)
        if table is not None:
            put(self.table, table)
        if words is not None:
            put(self.words, words)
        self.write(self.name)
        self.clock = FakeClock()
        self.file = PolicyFile(self.path, clock=self.clock, environ={"SCORES": str(folder)})

    def write(self, table: str, **changes: Any) -> None:
        put(self.path, json.dumps(routing(table, **changes)))

    async def look(self, seconds: float = 2.0) -> list[str]:
        """Look after a while, with the filters that a program has of itself; return what is warned of."""
        self.clock.advance(seconds)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            await self.file.look()
        return [str(one.message) for one in caught]

    def chosen(self) -> str:
        return self.file.router.decide(Call("1 + 1", task="math")).model


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


@pytest.fixture(scope="module")
def words() -> dict[str, bytes]:
    """Return what was learned of prompts together with each of the two tables."""
    predictor = fit_prompt_model(scored(100, told=False), effort=QUICK).predictor
    assert predictor is not None
    arrays, meta = predictor.arrays()
    return {text: dump_arrays(arrays, {**meta, FINGERPRINT: table.version}) for text, table in ((LARGE, TABLE), (SMALL, OTHER))}


@pytest.fixture(autouse=True)
def _said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "taskroute")


def reloads(caplog: pytest.LogCaptureFixture) -> int:
    return len([message for message in caplog.messages if "has changed" in message])


def troubles(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_table_that_changes_alone_counts_after_a_second(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    before = watched.file.router.policy
    put(watched.table, SMALL)
    await watched.look(0.5)
    assert watched.chosen() == "large"
    await watched.look(0.5)
    assert watched.chosen() == "small"
    assert watched.file.router.policy is before
    assert [await watched.look() for _ in range(3)] == [[], [], []]
    assert reloads(caplog) == 1


async def test_what_stays_is_not_read_again(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    before = watched.file.router.snapshot
    for _ in range(3):
        await watched.look()
    assert watched.file.router.snapshot is before
    assert reloads(caplog) == 0


@pytest.mark.parametrize("broken", ["half a ta", "", None])
async def test_a_table_that_breaks_is_said_once_and_the_last_good_one_stays(
    broken: str | None, watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    if broken is None:
        watched.table.unlink()
    else:
        put(watched.table, broken)
    (said,) = await watched.look()
    assert said.startswith(f"quality.file: {watched.table}")
    assert said.endswith("what was read of it before stays in use")
    assert [await watched.look() for _ in range(3)] == [[], [], []]
    assert watched.chosen() == "large"
    put(watched.table, SMALL)
    assert await watched.look() == []
    assert watched.chosen() == "small"
    assert reloads(caplog) == 2
    assert troubles(caplog) == []


async def test_a_table_that_comes_later_counts_from_then_on(tmp_path: Path) -> None:
    with pytest.warns(RuntimeWarning, match="models are compared without it"):
        watched = Watched(tmp_path, table=None)
    put(watched.table, LARGE)
    assert await watched.look() == []
    assert watched.file.router.decide(Call("1 + 1", task="math")).expected["large"].labels == 400


async def test_a_policy_and_its_table_that_change_together_are_one_reload(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    watched.write(watched.name, mode="observe")
    put(watched.table, SMALL)
    await watched.look()
    assert watched.file.router.policy.mode == "observe"
    assert watched.chosen() == "small"
    await watched.look()
    assert reloads(caplog) == 1


async def test_after_a_policy_that_names_another_table_only_that_one_is_followed(
    watched: Watched, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = tmp_path / "other.json"
    put(other, SMALL)
    watched.write("${SCORES}/other.json")
    await watched.look()
    assert watched.chosen() == "small"
    put(watched.table, SMALL)
    await watched.look()
    assert reloads(caplog) == 1
    put(other, LARGE)
    await watched.look()
    assert (watched.chosen(), reloads(caplog)) == ("large", 2)


async def test_a_policy_that_is_put_in_force_by_hand_has_its_table_followed(watched: Watched, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    put(other, SMALL)
    watched.file.router.reload(routing(str(other)))
    await watched.look()
    assert watched.chosen() == "small"
    put(other, LARGE)
    await watched.look()
    assert watched.chosen() == "large"


async def test_beside_a_broken_policy_the_table_of_the_one_in_force_is_followed(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    put(watched.path, "models: [")
    await watched.look()
    put(watched.table, SMALL)
    await watched.look()
    assert watched.chosen() == "small"
    assert len(troubles(caplog)) == 1
    watched.write(watched.name)
    await watched.look()
    assert "can be used again" in troubles(caplog)[-1]


async def test_a_table_in_a_place_that_no_variable_tells_is_no_trouble_to_look_at(tmp_path: Path) -> None:
    with pytest.warns(RuntimeWarning, match="NOWHERE"):
        watched = Watched(tmp_path, name="${NOWHERE}/quality.json")
    assert await watched.look() == []
    watched.write(watched.name.replace("NOWHERE", "SCORES"))
    assert await watched.look() == []
    put(watched.table, SMALL)
    await watched.look()
    assert watched.chosen() == "small"


async def test_a_training_writes_table_and_words_and_that_is_one_reload(
    tmp_path: Path, words: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(tmp_path, words=words[LARGE])
    put(watched.table, SMALL)
    put(watched.words, words[SMALL])
    assert await watched.look() == []
    assert watched.chosen() == "small"
    assert watched.file.router.snapshot.prompts is not None
    assert await watched.look() == []
    assert reloads(caplog) == 1


async def test_a_look_between_table_and_words_waits_for_the_words(
    tmp_path: Path, words: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(tmp_path, words=words[LARGE])
    put(watched.table, SMALL)
    assert await watched.look() == []
    assert watched.chosen() == "large"
    put(watched.words, words[SMALL])
    assert await watched.look() == []
    assert watched.chosen() == "small"
    assert reloads(caplog) == 1


async def test_where_only_one_of_the_two_changes_it_counts_with_the_next_look(
    tmp_path: Path, words: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(tmp_path, words=words[LARGE])
    put(watched.words, b"broken")
    assert await watched.look() == []
    (said,) = await watched.look()
    assert said.endswith("what was read of it before stays in use")
    assert await watched.look() == []
    assert watched.file.router.snapshot.prompts is not None
    put(watched.words, words[LARGE])
    assert [await watched.look() for _ in range(3)] == [[], [], []]
    assert reloads(caplog) == 2


async def test_words_that_the_policy_leaves_alone_are_not_looked_at(
    tmp_path: Path, words: dict[str, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(tmp_path, words=words[LARGE])
    watched.write(watched.name, quality={"file": watched.name, "prompts": False})
    await watched.look()
    put(watched.words, b"broken")
    assert [await watched.look() for _ in range(2)] == [[], []]
    put(watched.table, SMALL)
    await watched.look()
    assert (watched.chosen(), reloads(caplog)) == ("small", 2)


async def test_a_table_that_is_gone_with_its_words_is_two_things_said_once(tmp_path: Path, words: dict[str, bytes]) -> None:
    watched = Watched(tmp_path, table=dump(QualityTable(TABLE.cells, words=True)), words=words[LARGE])
    watched.words.unlink()
    assert await watched.look() == []
    (said,) = await watched.look()
    assert "prompts.safetensors: this file is missing" in said
    watched.table.unlink()
    (said,) = await watched.look()
    assert "quality.json: cannot be read" in said
    assert await watched.look() == []
    assert watched.chosen() == "large"


async def test_calls_through_litellm_go_by_the_new_table(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "sk-emulated")
    path, table, clock = tmp_path / "taskroute.yaml", tmp_path / "quality.json", FakeClock()
    route = {"name": "all", "choose": {"among": ["small", "large"], "objective": "best"}}
    put(path, json.dumps(policy(emulator, routes=[route], quality={"file": str(table)})))
    put(table, LARGE)
    file = PolicyFile(path, clock=clock, environ={})
    handler = Handler(file.router, "taskroute", {}, file=file)
    monkeypatch.setattr(litellm, "custom_provider_map", [{"provider": "taskroute", "custom_handler": handler}])

    async def ask() -> None:
        await litellm.acompletion("taskroute/auto", MESSAGES, metadata={"task": "math"})

    await ask()
    put(table, LARGE.replace('"large"', '"x"').replace('"small"', '"large"').replace('"x"', '"small"'))
    clock.advance(2)
    await ask()
    assert asked(emulator) == ["gpt-4o", "gpt-4o-mini"]
