"""What was learned from examples, kept in a folder under a name made of them, and read again instead of learned."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from taskroute.errors import ArraysError
from taskroute.learned.arrays import Arrays, read_arrays, write_arrays
from taskroute.warn import warn_once

_Learned = TypeVar("_Learned")


def place_of(folder: str | os.PathLike[str], *content: object) -> Path:
    """Return the file for what is learned from this content, which JSON can say: other content has another."""
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    return Path(folder) / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.safetensors"


def read_kept(path: Path, read: Callable[[Arrays, str], _Learned]) -> _Learned | None:
    """Return what is kept there; None where nothing is, or where it is broken, which costs one warning."""
    if not path.exists():
        return None
    try:
        return read(read_arrays(path), str(path))
    except ArraysError as error:
        warn_once("learned examples", str(path), f"what was learned from examples is learned again: {error}")
        return None


def keep(path: Path, learned: Arrays) -> None:
    """Keep what was learned; a folder that cannot be written costs one warning."""
    try:
        write_arrays(path, *learned)
    except OSError as error:
        said = f"what was learned from examples cannot be kept in {path.parent} ({type(error).__name__}: {error})"
        warn_once("learned examples", str(path), said)
