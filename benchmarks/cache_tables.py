"""Everything that is measured of the cache: what hits cost, how that grows, how many there are, and how many processes get on together."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import cache_growth, cache_hits, cache_processes, cache_replay, cache_stores
from benchmarks.cache_figures import Figures
from benchmarks.measure import Table


def compared(*, quick: bool = False) -> Iterator[Table]:
    """Yield the tables of contenders that take turns, each as soon as it is measured."""
    yield from cache_hits.tables(quick=quick)
    yield from cache_stores.tables(quick=quick)


def counted(*, quick: bool = False) -> Iterator[Figures]:
    """Yield the other tables."""
    yield cache_growth.figures(quick=quick)
    yield cache_processes.figures(quick=quick)
    yield from cache_replay.figures(quick=quick)
