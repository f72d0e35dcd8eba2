"""What `taskroute train` wrote, read for a policy. What cannot be read costs one warning: calls go on by price and strengths."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from taskroute.errors import ArraysError
from taskroute.policy.choosing import Quality
from taskroute.ports import PromptQuality
from taskroute.quality.table import QualityTable
from taskroute.quality.text import load
from taskroute.types import NOTHING
from taskroute.variables import from_environment
from taskroute.warn import warn_once

T = TypeVar("T")

__all__ = ["NOTHING_KNOWN", "TABLE", "KnownQuality", "known_quality", "prompts_beside", "prompts_in", "table_in"]


class KnownQuality(NamedTuple):
    """What was learned of models. None where nothing was, or where it cannot be read."""

    table: QualityTable | None = None
    prompts: PromptQuality | None = None


NOTHING_KNOWN = KnownQuality()
TABLE: Final = "quality"
"""Under this name, what was learned of prompts says the version of the table that it was learned with."""


def known_quality(quality: Quality, environ: Mapping[str, str]) -> KnownQuality:
    """Return what `quality.file` holds, and what lies beside it of prompts where these count. Never raises."""
    name = quality.file
    if name is None:
        return NOTHING_KNOWN
    path = _tried(lambda: Path(from_environment(name, environ, key="quality.file", instead="the path")), name)
    table = None if path is None else _tried(lambda: table_in(path), str(path))
    if path is None or table is None or not quality.prompts:
        return KnownQuality(table)
    beside = prompts_beside(path)
    if not beside.exists():
        return KnownQuality(table)
    prompts = _tried(lambda: prompts_in(beside, table.version), str(beside))
    return KnownQuality(table, None if prompts is None else Careful(prompts, str(beside)))


def prompts_beside(path: Path) -> Path:
    """Return where what was learned of prompts lies, beside a quality table: `quality.prompts.safetensors` beside `quality.json`."""
    return path.with_suffix(".prompts.safetensors")


def table_in(path: Path) -> QualityTable:
    """Return the quality table in a file. Raises QualityError, and what reading a file raises."""
    return load(path.read_text(encoding="utf-8"), file=str(path))


def prompts_in(path: Path, version: str) -> PromptQuality:
    """Return what was learned of prompts in a file, together with the table of this version.

    Raises ArraysError, also where it was another table, ImportError without NumPy, and what reading a file raises.
    """
    # It needs NumPy, which is loaded only where there is something for it.
    from taskroute.learned.arrays import read_arrays
    from taskroute.learned.predictor import Predictor

    source = read_arrays(path)
    learned_with = source.meta.get(TABLE, version)
    if learned_with != version:
        cure = "put back the file that was written with the table, or train again"
        raise ArraysError(str(path), f"was learned with the table {learned_with}, and the table beside it is {version}", cure)
    return Predictor.from_arrays(source, str(path))


def _tried(read: Callable[[], T], name: str) -> T | None:
    try:
        return read()
    except Exception as error:  # noqa: BLE001 - a file may hold anything, and NumPy may be missing
        if isinstance(error, OSError):
            why = f"{name}: cannot be read: {error.strerror or type(error).__name__}; write it with 'taskroute train'"
        else:
            why = str(error) if name in str(error) else f"{name}: {error}"
        warn_once("quality", name, f"quality.file: {why}; models are compared without it")
        return None


class Careful:
    """Passes on to what tells from prompts; what breaks there, or is no number, costs one warning and counts for nothing."""

    def __init__(self, inner: PromptQuality, name: str) -> None:
        self._inner = inner
        self._name = name

    @property
    def version(self) -> str:
        """That of what it passes on to."""
        return self._inner.version

    def tasks(self, text: str) -> Mapping[str, float]:
        """Return how likely each task is; empty means that it abstains."""
        return self._numbers(lambda: self._inner.tasks(text))

    def shifts(self, text: str, tasks: Mapping[str, float]) -> Mapping[str, float]:
        """Return for each model what the prompt adds to the quality that is expected of it."""
        return self._numbers(lambda: self._inner.shifts(text, tasks))

    def _numbers(self, tell: Callable[[], Mapping[str, float]]) -> Mapping[str, float]:
        try:
            found = tell()
            return {name: float(value) for name, value in found.items() if math.isfinite(value)} if found else NOTHING
        except Exception as error:  # noqa: BLE001 - the call goes on without it
            # Not the message: it may quote the prompt.
            warn_once("prompts", self._name, f"{self._name} failed with {type(error).__name__}: the words of prompts do not count")
            return NOTHING
