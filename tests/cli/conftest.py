"""A command line in an empty directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from .running import Cli


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("TASKROUTE_PIN", "TASKROUTE_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    return Cli(capsys, tmp_path)
