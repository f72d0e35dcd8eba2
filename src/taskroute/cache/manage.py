"""Looking after the answers that are kept: which there are, what they were good for, clearing them, and whether they can be read.

Answers are read one at a time, however many there are. A store in trouble raises what it raises.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from taskroute.cache import names
from taskroute.cache.counting import number_of
from taskroute.cache.entry import UnreadableError, loads
from taskroute.cache.places import Place
from taskroute.stored import Entry
from taskroute.taxonomy import TASK_GROUPS

_MANY: Final = 10
_YEAR_10000: Final = 253_402_300_800.0


class Kept(NamedTuple):
    """One answer, and where it is."""

    key: str
    entry: Entry
    size: int
    """Bytes of it in the store."""
    partition: str
    namespace: str

    def is_stale(self, now: float) -> bool:
        """Return whether its time is over at so many seconds since the epoch."""
        return now >= self.entry.until


class Wanted(NamedTuple):
    """Which answers are meant; what is None does not matter."""

    stage: str | None = None
    task: str | None = None
    """A task, or a group of tasks."""
    model: str | None = None
    """By its name in the policy when the answer was stored."""
    tenant: str | None = None
    """As `entry.digest` gives it."""
    user: str | None = None
    """The same."""
    older_than: float | None = None
    """Seconds."""

    def fits(self, entry: Entry, now: float) -> bool:
        """Return whether an answer is meant."""
        tasks = () if self.task is None else TASK_GROUPS.get(self.task, ())
        return (
            self.stage in (None, entry.stage)
            and (self.task in (None, entry.task) or entry.task in tasks)
            and self.model in (None, entry.model)
            and self.tenant in (None, entry.tenant)
            and self.user in (None, entry.user)
            and (self.older_than is None or now - entry.made > self.older_than)
        )


ALL: Final = Wanted()


class Cleared(NamedTuple):
    """How many answers went, and their bytes."""

    answers: int
    bytes: int


class _Named(NamedTuple):
    """A name in a store, and what it says."""

    name: str
    namespace: str
    kind: str
    """`e` for an answer, `l` for a lease, `n` for sightings, `c` for a count."""
    key: str


def listed(places: Iterable[Place], namespace: str | None, wanted: Wanted = ALL, *, now: float, key: str = "") -> Iterator[Kept]:
    """Yield the answers that are meant, of one namespace or (None) of all, whose keys begin so. Those that cannot be read are left out."""
    for place in places:
        for named in _answers(place, namespace, key):
            kept = _read(place, named)
            if isinstance(kept, Kept) and wanted.fits(kept.entry, now):
                yield kept


def shown(places: Iterable[Place], namespace: str | None, key: str, *, now: float) -> list[Kept]:
    """Return the answers whose keys begin so, some at most: more than one key means that this beginning is not enough.

    One key may be there more than once: in another namespace, or under a stage or task with a size of its own.
    """
    found: dict[str, list[Kept]] = {}
    for kept in listed(places, namespace, now=now, key=key):
        found.setdefault(kept.key, []).append(kept)
        if len(found) >= _MANY:
            break
    return [kept for group in found.values() for kept in group]


def clear(places: Iterable[Place], namespace: str | None, wanted: Wanted, *, now: float, dry_run: bool = False) -> Cleared:
    """Remove the answers that are meant; `ALL` also those that cannot be read, and how often requests were seen.

    With `dry_run` nothing is removed. Counts of hits and misses stay. Programs that run go on, and ask the models again.
    """
    sizes = list(clearing(places, namespace, wanted, now=now, dry_run=dry_run))
    return Cleared(len(sizes), sum(sizes))


def clearing(places: Iterable[Place], namespace: str | None, wanted: Wanted, *, now: float, dry_run: bool = False) -> Iterator[int]:
    """Do the same step by step, and yield the bytes of each answer that went.

    A store that can be emptied is, where all of it is meant: that works when its disk is full, and takes the remains of an earlier
    database with it.
    """
    for place in places:
        if wanted == ALL and not dry_run and _is_all(place, namespace):
            yield from _emptied(place)
            continue
        for named in _answers(place, namespace):
            data = place.store.get(named.name)
            if data is None or not (wanted == ALL or _is_meant(data, wanted, now)):
                continue
            if not dry_run:
                place.store.delete(named.name)
            yield len(data)
        if wanted == ALL and not dry_run:
            for named in _of_kind("n", place, namespace):
                place.store.delete(named.name)


def remains(places: Iterable[Place]) -> list[str]:
    """Return a sentence for each database that was moved out of the way when it could not be read any more: answers may be in it."""
    return [
        f"{place.partition or 'answers'}: {place.broken} may hold answers; `taskroute cache verify --repair` removes it"
        for place in places
        if place.broken is not None and place.broken.exists()
    ]


def _is_all(place: Place, namespace: str | None) -> bool:
    """Return whether a store can be emptied, and holds nothing that is to stay."""
    if place.partition == names.MARKS or not hasattr(place.store, "clear"):
        return False
    found = (_named(name) for name in place.store.scan(""))
    return all(named is not None and named.kind != "c" and namespace in (None, named.namespace) for named in found)


def _emptied(place: Place) -> list[int]:
    sizes = [len(data) for named in _answers(place, None) if (data := place.store.get(named.name)) is not None]
    empty: Callable[[], object] = getattr(place.store, "clear")  # noqa: B009 - not every store has it
    empty()
    return sizes


def verify(places: Iterable[Place], *, repair: bool = False) -> Iterator[str]:
    """Yield a sentence for each fault of a store or of an answer in it; with `repair`, remove what is at fault.

    Without `repair` nothing is changed, so the answers of a store that is itself at fault are not read.
    """
    for place in places:
        where = place.partition or "answers"
        check: Callable[..., list[str]] = getattr(place.store, "verify", _sound)
        faults = check(repair=repair)
        yield from (f"{where}: {fault}" for fault in faults)
        if repair or not faults:
            yield from (f"{where}: {fault}" for fault in _unreadable(place, repair=repair))
            yield from (f"{where}: {fault}" for fault in _uncountable(place, repair=repair))


def _sound(**_: Any) -> list[str]:
    """Stand for a store that cannot look for faults of its own."""
    return []


def _unreadable(place: Place, *, repair: bool) -> Iterator[str]:
    for named in _answers(place, None):
        found = _read(place, named)
        if isinstance(found, UnreadableError):
            yield f"the answer {named.key!r} in the namespace {named.namespace!r} is of no use: {found}"
            if repair:
                place.store.delete(named.name)


def _uncountable(place: Place, *, repair: bool) -> Iterator[str]:
    """Yield a sentence for each number that none can be added to."""
    for kind in "nc":
        for named in _of_kind(kind, place, None):
            data = place.store.get(named.name)
            if data is not None and number_of(data) is None:
                yield f"the count {named.key!r} in the namespace {named.namespace!r} is no number"
                if repair:
                    place.store.delete(named.name)


def _is_meant(data: bytes, wanted: Wanted, now: float) -> bool:
    try:
        return wanted.fits(loads(data), now)
    except UnreadableError:
        return False


def _read(place: Place, named: _Named) -> Kept | UnreadableError | None:
    """Return an answer, or why it cannot be read; None when it has gone meanwhile."""
    data = place.store.get(named.name)
    if data is None:
        return None
    try:
        entry = loads(data)
    except UnreadableError as error:
        return error
    if not (0 <= entry.made < _YEAR_10000 and math.isfinite(entry.until)):
        return UnreadableError("an entry whose times cannot be")
    return Kept(named.key, entry, len(data), place.partition, named.namespace)


def _answers(place: Place, namespace: str | None, key: str = "") -> Iterator[_Named]:
    return _of_kind("e", place, namespace, key)


def _of_kind(kind: str, place: Place, namespace: str | None, key: str = "") -> Iterator[_Named]:
    prefix = names.PREFIX if namespace is None else f"{names.root(namespace)}{kind}/{key}"
    for name in place.store.scan(prefix):
        named = _named(name)
        if named is not None and named.kind == kind and named.key.startswith(key):
            yield named


def _named(name: str) -> _Named | None:
    """Return what a name says; None for one that the cache does not give."""
    namespace, kind, key = [*name.removeprefix(names.PREFIX).split("/", 2), "", ""][:3]
    if not name.startswith(names.PREFIX) or kind not in ("e", "l", "n", "c") or ("/" in key and kind != "c"):
        return None
    return _Named(name, names.unquoted(namespace), kind, key)
