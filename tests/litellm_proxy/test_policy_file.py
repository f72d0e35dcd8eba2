"""A policy file that changes under a router."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from taskroute import Call, PolicyError
from taskroute.errors import ConfigurationError
from taskroute.policy.schema import Policy
from taskroute.testing import FakeClock
from taskroute_litellm.policy_file import PolicyFile

SMALL = "models: {small: {}, large: {}}\ndefault: [small]\n"
LARGE = "models: {small: {}, large: {}}\ndefault: [large]\n"


class Watched:
    """A policy file with a clock that a test turns."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "policy.yaml"
        self.clock = FakeClock()
        self.path.write_text(SMALL)
        self.file = PolicyFile(self.path, clock=self.clock, environ={})

    async def after(self, seconds: float) -> str:
        """Return who answers after a look at the file."""
        self.clock.advance(seconds)
        await self.file.look()
        return self.file.router.decide(Call("hi")).model


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_change_is_in_force_after_a_second(watched: Watched) -> None:
    watched.path.write_text(LARGE)

    assert await watched.after(0.5) == "small"
    assert await watched.after(0.5) == "large"


async def test_a_file_that_stays_is_not_read_again(watched: Watched) -> None:
    before = watched.file.router.policy

    await watched.after(5)

    assert watched.file.router.policy is before


async def test_a_broken_file_is_said_once_and_the_old_policy_stays(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    watched.path.write_text("models: {small: {}}\ndefault: [nobody]\n")

    assert [await watched.after(2) for _ in range(3)] == ["small"] * 3

    [said] = warned(caplog)
    assert str(watched.path) in said
    assert "nobody" in said


async def test_another_fault_is_said_as_well(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    for text in ("models: [", "models: {small: {}}\ndefault: [nobody]\n"):
        watched.path.write_text(text)
        await watched.after(2)

    assert len(warned(caplog)) == 2


async def test_a_mended_file_is_said_and_in_force(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    watched.path.write_text("models: [")
    await watched.after(2)
    watched.path.write_text(LARGE)

    assert await watched.after(2) == "large"
    assert "can be used again" in warned(caplog)[-1]


async def test_a_file_that_is_gone_is_said_once_and_may_come_back(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    away = watched.path.rename(watched.path.with_suffix(".away"))

    assert [await watched.after(2), await watched.after(2)] == ["small", "small"]
    assert len(warned(caplog)) == 1

    away.rename(watched.path)

    assert await watched.after(2) == "small"
    assert len(warned(caplog)) == 2


async def test_a_policy_that_cannot_be_used_here_leaves_the_old_one(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    def refuse(policy: Policy) -> None:
        raise ConfigurationError("not in this house")

    watched.file.refuse = refuse
    watched.path.write_text(LARGE)

    assert await watched.after(2) == "small"
    assert "not in this house" in warned(caplog)[0]


def test_a_file_that_is_wrong_from_the_beginning_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no such file"):
        PolicyFile(tmp_path / "policy.yaml")
