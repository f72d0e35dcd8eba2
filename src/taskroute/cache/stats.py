"""What a cache holds, and what it was good for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from taskroute.cache import names
from taskroute.cache.counting import number_of
from taskroute.cache.manage import listed
from taskroute.cache.places import Place
from taskroute.cache.tally import MICRO
from taskroute.types import NOTHING

_SAVED: Final = "saved/"


class Held(NamedTuple):
    """What one store holds."""

    partition: str
    room: int | None
    """Bytes that it may take; None where the policy does not say."""
    answers: int = 0
    stale: int = 0
    """How many of them are past their time, and kept for the case that every model fails."""
    bytes: int = 0
    """Of the answers alone."""
    used: int | None = None
    """Bytes that all of it takes, names, indexes and counts included, of every namespace; None where the store does not say."""


class Counts(NamedTuple):
    """What came of looking for answers, since they are counted."""

    hits: int = 0
    misses: int = 0
    stale: int = 0
    """Answers past their time that were served; each was a miss first."""
    stored: int = 0
    saved: Mapping[str, Decimal] = NOTHING
    """What the answers that were served had cost when they were made, by currency; without those whose price is not known."""

    @property
    def hit_rate(self) -> float | None:
        """The share of look-ups that found an answer; None when there was none."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else None


class Stats(NamedTuple):
    """What a cache holds, and what came of it, in all and by stage; '' stands for calls without one."""

    held: tuple[Held, ...]
    total: Counts
    stages: Mapping[str, Counts]


def stats(places: Iterable[Place], namespace: str | None, *, now: float) -> Stats:
    """Return what the stores hold of one namespace or (None) of all. Every answer is read; `now` is in seconds since the epoch."""
    known = tuple(places)
    counted: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for place in known:
        for stage, what, count in _counted(place, namespace):
            counted[stage][what] += count
    total: dict[str, int] = defaultdict(int)
    for counts in counted.values():
        for what, count in counts.items():
            total[what] += count
    return Stats(
        tuple(_held(place, namespace, now) for place in known if place.partition != names.MARKS),
        _counts(total),
        {stage: _counts(counts) for stage, counts in counted.items()},
    )


def _held(place: Place, namespace: str | None, now: float) -> Held:
    answers, stale, size = 0, 0, 0
    for kept in listed([place], namespace, now=now):
        answers, stale, size = answers + 1, stale + kept.is_stale(now), size + kept.size
    used: Callable[[], int] | None = getattr(place.store, "bytes", None)
    return Held(place.partition, place.room, answers, stale, size, None if used is None else used())


def _counts(counts: Mapping[str, int]) -> Counts:
    saved = {what.removeprefix(_SAVED): Decimal(count) / MICRO for what, count in counts.items() if what.startswith(_SAVED)}
    named = {name: counts[name] for name in ("hits", "misses", "stale", "stored") if name in counts}
    return Counts(**named, saved=saved)


def _counted(place: Place, namespace: str | None) -> Iterator[tuple[str, str, int]]:
    """Yield stage, what is counted, and how much it came to."""
    for name in place.store.scan(names.PREFIX if namespace is None else f"{names.root(namespace)}c/"):
        of, kind, *_ = [*name.removeprefix(names.PREFIX).split("/"), ""]
        data = place.store.get(name) if kind == "c" else None
        count = None if data is None else number_of(data)
        if count is not None:
            what, stage = names.counted(names.unquoted(of), name)
            yield stage, what, count
