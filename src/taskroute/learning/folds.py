"""Which rows are learned from and which are held back: by prompt, or by task. The same seed gives the same folds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_SPACES_AND_MARKS: Final = re.compile(r"[\W_]+")

Rows = NDArray[np.intp]


class Fold(NamedTuple):
    """Numbers of the rows to learn from, and of those to be told about."""

    train: Rows
    test: Rows


def normalised(prompt: str) -> str:
    """Return the prompt without case, and with each run of spaces and marks as one space. A prompt of marks alone stays as it is."""
    return _SPACES_AND_MARKS.sub(" ", prompt.casefold()).strip() or prompt


def by_prompt(prompts: Sequence[str | None]) -> Rows:
    """Return a number for each row that rows with the same normalised prompt share; a row without a prompt has its own."""
    return _numbered([("row", str(row)) if prompt is None else ("prompt", normalised(prompt)) for row, prompt in enumerate(prompts)])


def by_task(tasks: Sequence[str | None]) -> Rows:
    """Return a number for each row that rows of the same task share; rows without a task are one task."""
    return _numbered(tasks)


def grouped(groups: Rows, *, folds: int, seed: int) -> tuple[Fold, ...]:
    """Return folds of about the same number of groups, none of which is split.

    Each row is held back exactly once. There are fewer folds where there are fewer groups, and none for a single group.
    """
    names = np.unique(groups)
    if names.size < 2:
        return ()
    shuffled = np.random.default_rng(seed).permutation(names)
    fold_of = np.empty(int(names.max()) + 1, dtype=np.intp)
    fold_of[shuffled] = np.arange(names.size) % folds
    held = fold_of[groups]
    return tuple(Fold(np.flatnonzero(held != at), np.flatnonzero(held == at)) for at in range(min(folds, names.size)))


def repeated(groups: Rows, *, folds: int, repeats: int, seed: int = 0) -> tuple[tuple[Fold, ...], ...]:
    """Return the folds of each repeat; every repeat deals the groups anew."""
    return tuple(grouped(groups, folds=folds, seed=seed + repeat) for repeat in range(repeats))


def part(rows: Rows, *, size: int, seed: int) -> Rows:
    """Return so many of the rows, drawn at random; all of them where there are no more. Larger draws contain the smaller ones."""
    return rows if rows.size <= size else np.sort(np.random.default_rng(seed).permutation(rows)[:size])


def _numbered(names: Sequence[object]) -> Rows:
    """Return a number for each name, counted from 0 by first use."""
    seen: dict[object, int] = {}
    return np.array([seen.setdefault(name, len(seen)) for name in names], dtype=np.intp)
