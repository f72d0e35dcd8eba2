"""Shows a person how far a long command is; a pipe or a file is shown nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec

Told = Callable[[int, int], None]
"""Is told how much is done, and of how much."""


@contextmanager
def progress(what: str) -> Generator[Told]:
    """Give what to tell of the progress. Without a terminal or without tqdm nothing is shown."""
    if not sys.stderr.isatty() or find_spec("tqdm") is None:
        yield _nothing
        return
    bar = import_module("tqdm").tqdm(desc=what, file=sys.stderr, leave=False, unit="", unit_scale=True)

    def told(done: int, total: int) -> None:
        if bar.total != total:
            bar.reset(total)
        bar.update(done - bar.n)

    try:
        yield told
    finally:
        bar.close()


def _nothing(done: int, total: int) -> None:
    pass
