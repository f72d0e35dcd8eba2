"""A trace of requests, some asked again and again and most of them seldom: how many are served from a cache that has not room for all."""

from __future__ import annotations

import itertools
import random
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

from benchmarks.cache_figures import Figures
from benchmarks.cache_material import an_entry, some_terms
from taskroute.cache import names
from taskroute.cache.entry import dumps
from taskroute.cache.responses import ResponseCache
from taskroute.clock import SystemClock
from taskroute.ports import Store
from taskroute.steps import Found
from taskroute.stored import Entry
from taskroute.stores.disk import DiskStore
from taskroute.stores.memory import MemoryStore

_MANY: Final = 2**31
_LETTERS: Final = "eeeeeetttaaooiinn  srhld"


class Shape(NamedTuple):
    """What a trace is like."""

    requests: int
    prompts: int
    skew: float
    """The s of Zipf's law: the n-th most frequent prompt is asked for in proportion to 1 / n ** s."""
    room: float
    """The share of all answers that there is room for."""


SHAPE: Final = Shape(20_000, 5_000, 1.1, 0.1)
QUICK_SHAPE: Final = Shape(1_500, 400, 1.1, 0.3)


class Trace(NamedTuple):
    """Which prompt comes when, and the answer of each."""

    requests: list[int]
    entries: list[Entry]
    sizes: list[int]
    """Bytes of each answer's entry with its name."""


class Result(NamedTuple):
    """What a cache did with a trace."""

    hits: int
    kept: int
    """Bytes of the answers that are in it at the end."""
    written: int
    """Bytes of all answers that were ever put into it."""
    stores: int
    """How many were put into it."""


class Policy(Protocol):
    """A cache that is played a trace."""

    def ask(self, prompt: int) -> bool:
        """Return whether the answer is there; store it if not."""
        ...

    def result(self) -> tuple[int, int, int]:
        """Return what is kept and was written, in bytes, and how many answers were put."""
        ...


def trace(shape: Shape, *, shifts: bool, seed: int = 5) -> Trace:
    """Return a trace, the same for the same arguments. With `shifts` other prompts become the frequent ones half way."""
    dice = random.Random(seed)
    weights = list(itertools.accumulate(1 / rank**shape.skew for rank in range(1, shape.prompts + 1)))
    order = dice.sample(range(shape.prompts), shape.prompts)
    ranks = dice.choices(range(shape.prompts), cum_weights=weights, k=shape.requests)
    other = dice.sample(order, shape.prompts) if shifts else order
    half = shape.requests // 2
    requests = [order[rank] for rank in ranks[:half]] + [other[rank] for rank in ranks[half:]]
    # Half of the answers are below 1 500 characters, one in six above 4 000; they shrink as much as prose does.
    lengths = [max(50, min(int(dice.lognormvariate(7.3, 1.0)), 50_000)) for _ in range(shape.prompts)]
    entries = [an_entry("".join(dice.choices(_LETTERS, k=length))) for length in lengths]
    return Trace(requests, entries, [len(dumps(entry)) + len(_name(number)) for number, entry in enumerate(entries)])


class LeastRecentlyUsed:
    """The usual cache: what was asked for longest ago goes first."""

    def __init__(self, played: Trace, room: int) -> None:
        self._sizes = played.sizes
        self._room = room
        self._kept: OrderedDict[int, None] = OrderedDict()
        self._bytes = self._written = self._puts = 0

    def ask(self, prompt: int) -> bool:
        if prompt in self._kept:
            self._kept.move_to_end(prompt)
            return True
        size = self._sizes[prompt]
        if size > self._room:
            return False
        self._kept[prompt] = None
        self._bytes, self._written, self._puts = self._bytes + size, self._written + size, self._puts + 1
        while self._bytes > self._room:
            gone, _ = self._kept.popitem(last=False)
            self._bytes -= self._sizes[gone]
        return False

    def result(self) -> tuple[int, int, int]:
        return self._bytes, self._written, self._puts


class LeastRecentlyUsedOnDisk:
    """The same by diskcache, with its limit on what the database takes."""

    def __init__(self, played: Trace, directory: Path, room: int) -> None:
        import diskcache

        self._trace = played
        # Values of more than 32 kB have a file each, so that the limit holds as for ours.
        self.cache: Any = diskcache.Cache(str(directory), size_limit=room, eviction_policy="least-recently-used")
        self._written: list[int] = []

    def ask(self, prompt: int) -> bool:
        if self.cache.get(_name(prompt)) is not None:
            return True
        self.cache.set(_name(prompt), dumps(self._trace.entries[prompt]))
        self._written.append(self._trace.sizes[prompt])
        return False

    def result(self) -> tuple[int, int, int]:
        kept = sum(size for number, size in enumerate(self._trace.sizes) if _name(number) in self.cache)
        return kept, sum(self._written), len(self._written)


class Ours:
    """The response cache over a store with a size limit."""

    def __init__(self, played: Trace, store: Store, admit_after: int) -> None:
        self._trace = played
        self._store = store
        self._terms = some_terms(admit_after=admit_after)
        self.cache = ResponseCache(lambda partition: store, SystemClock(), owns=False)
        self._written: list[int] = []

    def ask(self, prompt: int) -> bool:
        found = self.cache.look_up(_key(prompt), self._terms)
        if isinstance(found, Found):
            if found.entry.answer != self._trace.entries[prompt].answer:
                raise AssertionError("the cache served another answer")
            return True
        lead: Any = found.lead
        self.cache.save(lead, self._trace.entries[prompt])
        if lead.is_admitted:
            self._written.append(self._trace.sizes[prompt])
        return False

    def result(self) -> tuple[int, int, int]:
        kept = sum(size for number, size in enumerate(self._trace.sizes) if self._store.get(_name(number)) is not None)
        return kept, sum(self._written), len(self._written)


def play(policy: Policy, played: Trace) -> Result:
    """Return what a cache does with a trace."""
    hits = sum(policy.ask(prompt) for prompt in played.requests)
    kept, written, stores = policy.result()
    return Result(hits, kept, written, stores)


def figures(*, quick: bool = False) -> list[Figures]:
    """Return one table for a trace of lasting favourites, one for a trace whose favourites change half way."""
    shape = QUICK_SHAPE if quick else SHAPE
    return [_figures(shape, shifts=shifts) for shifts in (False, True)]


def _figures(shape: Shape, *, shifts: bool) -> Figures:
    played = trace(shape, shifts=shifts)
    room = int(sum(played.sizes) * shape.room)
    rows = [(name, _row(results, played, room)) for name, results in _everyone(played, room)]
    asked = len(set(played.requests))
    title = (
        f"Zipf trace, s = {shape.skew}, {shape.requests} requests for {shape.prompts} prompts ({asked} of them come), room for"
        f" {shape.room:.0%} of the answers ({room / 1e3:.0f} kB){'; other favourites from half way on' if shifts else ''}"
    )
    columns = ("hits, %", "of what can be", "kept, kB", "written, kB", "answers written")
    return Figures(title, columns, tuple(rows), "No answer can be served the first time: that is what can be.")


def _row(result: Result, played: Trace, room: int) -> tuple[float | str, ...]:
    possible = len(played.requests) - len(set(played.requests))
    return (100 * result.hits / len(played.requests), result.hits / possible, result.kept / 1e3, result.written / 1e3, result.stores)


def _everyone(played: Trace, room: int) -> Sequence[tuple[str, Result]]:
    found = [("LRU in memory", play(LeastRecentlyUsed(played, room), played))]
    for admit_after in (1, 2):
        with ours(played, lambda: MemoryStore(max_entries=_MANY, size=room), admit_after) as cached:
            found.append((f"memory, admit_after: {admit_after}", play(cached, played)))
    with tempfile.TemporaryDirectory() as directory:
        lru = LeastRecentlyUsedOnDisk(played, Path(directory) / "lru", room)
        found.append(("LRU on disk (diskcache)", play(lru, played)))
        lru.cache.close()
        for admit_after in (1, 2):
            path = Path(directory) / str(admit_after)
            # Its limit is of the whole database, indexes and unused parts of pages included.
            with ours(played, partial(DiskStore, path, size=max(room, 200_000)), admit_after) as cached:
                found.append((f"disk, admit_after: {admit_after}", play(cached, played)))
    return found


@contextmanager
def ours(played: Trace, open_store: Callable[[], Store], admit_after: int) -> Iterator[Ours]:
    """Give the cache over a store that is closed afterwards."""
    store = open_store()
    cached = Ours(played, store, admit_after)
    try:
        yield cached
    finally:
        cached.cache.close()
        store.close()


def _key(prompt: int) -> str:
    return random.Random(prompt).randbytes(32).hex()


def _name(prompt: int) -> str:
    return names.entry("bench", _key(prompt))
