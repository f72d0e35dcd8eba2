"""What `taskroute train` wrote, read for a policy. What cannot be read costs a warning: calls go on with what was known before."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from taskroute.errors import ArraysError, ConfigurationError
from taskroute.policy.choosing import Quality
from taskroute.ports import PromptQuality
from taskroute.quality.table import QualityTable
from taskroute.quality.text import load
from taskroute.types import NOTHING
from taskroute.variables import from_environment
from taskroute.warn import warn_of_change, warn_once, whole

T = TypeVar("T")

__all__ = [
    "NOTHING_KNOWN",
    "TABLE",
    "KnownQuality",
    "QualityFiles",
    "has_prompts",
    "known_quality",
    "prompts_beside",
    "prompts_in",
    "quality_files",
    "table_in",
    "why_unreadable",
]


class KnownQuality(NamedTuple):
    """What was learned of models. None where nothing was, or where it cannot be read."""

    table: QualityTable | None = None
    prompts: PromptQuality | None = None


NOTHING_KNOWN = KnownQuality()
_STAYS: Final = "what was read of it before stays in use"
_MOST_NAMED: Final = 5
TABLE: Final = "quality"
"""Under this name, what was learned of prompts says the version of the table that it was learned with."""


class QualityFiles:
    """Reads `quality.file` for each policy that a router is given. Where it cannot be read, what was read of it before stays in use."""

    def __init__(self) -> None:
        self._last: dict[str, KnownQuality] = {}
        """By the file as the policy names it."""

    def known(self, quality: Quality, environ: Mapping[str, str], *, models: Collection[str] = ()) -> KnownQuality:
        """Return what `quality.file` holds, and what lies beside it of prompts where these count.

        Never raises: what is broken, or has a score of none of these `models`, costs one warning for each change of the file.
        """
        name = quality.file
        if name is None:
            return NOTHING_KNOWN
        last = self._last.get(name, NOTHING_KNOWN)
        instead = "models are compared without it" if last.table is None else _STAYS
        path = _tried("place", lambda: _place(name, environ), name, instead)
        table = None if path is None else _tried("quality", lambda: table_in(path), str(path), instead)
        if path is None or table is None:
            return last if quality.prompts else last._replace(prompts=None)
        found = KnownQuality(table, _prompts(path, table, last) if quality.prompts else None)
        self._last[name] = found
        _warn_of_others(table, models, str(path))
        return found


def known_quality(quality: Quality, environ: Mapping[str, str]) -> KnownQuality:
    """Return what `quality.file` holds, and what lies beside it of prompts where these count. Never raises."""
    return QualityFiles().known(quality, environ)


def quality_files(quality: Quality, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the files that are read for `quality`, there or not: its table, and what lies beside it of prompts where these count.

    Empty where the place cannot be told, such as for want of a variable.
    """
    if quality.file is None:
        return ()
    try:
        path = _place(quality.file, environ)
        return (path, prompts_beside(path)) if quality.prompts else (path,)
    except (ConfigurationError, ValueError):
        return ()


def _place(name: str, environ: Mapping[str, str]) -> Path:
    return Path(from_environment(name, environ, key="quality.file", instead="the path"))


def _prompts(path: Path, table: QualityTable, last: KnownQuality) -> PromptQuality | None:
    """Return what was learned of prompts with this table; where that is broken or gone, what was known with the same table."""
    beside = prompts_beside(path)
    if not has_prompts(path, table):
        return None
    before = last.prompts if last.table is not None and last.table.version == table.version else None
    instead = "models are compared without it" if before is None else _STAYS
    prompts = _tried("quality", lambda: prompts_in(beside, table.version), str(beside), instead)
    return before if prompts is None else Careful(prompts, str(beside))


def prompts_beside(path: Path) -> Path:
    """Return where what was learned of prompts lies, beside a quality table: `quality.prompts.safetensors` beside `quality.json`."""
    return path.with_suffix(".prompts.safetensors")


def has_prompts(path: Path, table: QualityTable) -> bool:
    """Return whether there is, or should be, a file of prompts beside this table in `path`."""
    return table.words or prompts_beside(path).exists()


def table_in(path: Path) -> QualityTable:
    """Return the quality table in a file. Raises QualityError, and what reading a file raises."""
    return load(path.read_text(encoding="utf-8"), file=str(path))


def prompts_in(path: Path, version: str) -> PromptQuality:
    """Return what was learned of prompts in a file, together with the table of this version.

    Raises ArraysError, also where it was another table or there is no such file, ImportError without NumPy, and what reading a file raises.
    """
    if not path.exists():
        cure = "copy it there together with the table, or train anew with 'taskroute train'"
        raise ArraysError(str(path), "this file is missing, and the table beside it was written with it", cure)
    # It needs NumPy, which is loaded only where there is something for it.
    from taskroute.learned.arrays import read_arrays
    from taskroute.learned.predictor import CURE, Predictor

    source = read_arrays(path, cure=CURE)
    learned_with = source.meta.get(TABLE, version)
    if learned_with != version:
        cure = "put back the file that was written with the table, or write both anew with 'taskroute train'"
        raise ArraysError(str(path), f"was learned with the table {learned_with}, and the table beside it is {version}", cure)
    return Predictor.from_arrays(source, str(path))


def why_unreadable(error: Exception, name: str) -> str:
    """Return what is wrong with a file of this name, and the cure."""
    if isinstance(error, OSError):
        reason = f"{error.strerror or type(error).__name__}, looked for {os.path.abspath(name)!r}"
        return f"{name}: cannot be read: {reason}; write it with 'taskroute train', or write the whole path"
    if isinstance(error, UnicodeError):
        return f"{name}: this is no text in UTF-8; write it anew with 'taskroute train'"
    if isinstance(error, ModuleNotFoundError) and error.name == "numpy":
        return f"{name} needs NumPy: pip install numpy"
    return str(error) if name in str(error) else f"{name}: {error}"


def _tried(what: str, read: Callable[[], T], name: str, instead: str) -> T | None:
    """Return what is read of this kind of thing; None where that cannot be, with a warning that says what happens instead."""
    try:
        found = read()
    except Exception as error:  # noqa: BLE001 - a file may hold anything, and NumPy may be missing
        warn_of_change(what, name, _content(name), f"quality.file: {why_unreadable(error, name)}", instead)
        return None
    whole(what, name)
    return found


def _warn_of_others(table: QualityTable, models: Collection[str], name: str) -> None:
    if not models or not set(models).isdisjoint(table.models):
        whole("scored", name)
        return
    others = ", ".join(map(repr, table.models[:_MOST_NAMED])) + (", …" if len(table.models) > _MOST_NAMED else "")
    text = f"quality.file: {name}: it has no score of any of the policy's models, only of {others or 'nobody'}"
    warn_of_change("scored", name, table.version, text, "models are compared without it")


def _content(name: str) -> str | None:
    """Return what tells the content of a file from another; None where it cannot be read."""
    try:
        with Path(name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
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
