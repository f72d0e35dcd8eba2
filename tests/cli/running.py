"""Runs the command line in this process and in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from taskroute.cli import main


class Ran(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


class Cli:
    """Runs commands in a directory of their own, where tests put their files."""

    def __init__(self, capsys: pytest.CaptureFixture[str], directory: Path) -> None:
        self._capsys = capsys
        self.directory = directory

    def __call__(self, *arguments: str) -> Ran:
        status = main(list(arguments))
        caught = self._capsys.readouterr()
        assert "Traceback" not in caught.err
        return Ran(status, caught.out, caught.err)

    def write(self, name: str, text: str) -> str:
        """Write a file and return its name."""
        (self.directory / name).write_text(text, encoding="utf-8")
        return name


def in_own_process(*arguments: str, environ: Mapping[str, str] | None = None, cwd: Path | None = None, code: str | None = None) -> Ran:
    """Run a command, or a piece of Python, in a process of its own."""
    command = [sys.executable, *(["-c", code] if code is not None else ["-m", "taskroute.cli"]), *arguments]
    found = os.pathsep.join(str(Path(path).resolve()) for path in sys.path if path)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "TASKROUTE_", "LANGSMITH_", "LANGCHAIN_"))}
    env = {**inherited, "PYTHONPATH": found, **(environ or {})}
    done: Any = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=env, cwd=cwd, timeout=60, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)
