"""Where the answers of a policy are kept, for whoever looks after them from outside the programs that use them."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from taskroute.cache.names import MARKS
from taskroute.cache.opening import open_cache, partition_of
from taskroute.cache.terms import partitions
from taskroute.errors import ConfigurationError
from taskroute.policy.caching import Cache
from taskroute.ports import Clock, Store

_DATABASE: Final = "cache.db"
_PATIENCE: Final = 10.0
"""Seconds that a store is waited for: no call stands behind this."""


class Place(NamedTuple):
    """One store of a cache."""

    partition: str
    """Such as `stage generate`; '' for all answers without a size limit of their own; `names.MARKS` for what is no answer."""
    store: Store
    room: int | None = None
    """Bytes that it may take; None where the policy does not say, or no longer."""
    broken: Path | None = None
    """Where a store on disk puts a database that cannot be read any more."""


@contextmanager
def places_of(cache: Cache, clock: Clock, environ: Mapping[str, str]) -> Generator[tuple[Place, ...]]:
    """Lend the stores of a cache that are there; nothing is made that is not.

    On disk they include those of sections that the policy no longer has. Raises ConfigurationError for a store in memory, a directory
    that does not exist, and whatever keeps the stores from being opened.
    """
    if cache.store == "memory":
        raise ConfigurationError(
            "this policy keeps its answers in memory (cache.store: memory): each process has its own, no other can look at them, and they"
            " are gone when it ends; write store: disk, or store: redis, to have them outlast it"
        )
    if cache.store == "disk":
        with _on_disk(cache, clock) as found:
            yield found
        return
    responses = open_cache(cache, clock, environ, timeout=_PATIENCE)
    try:
        rooms: dict[str, int | None] = {**partitions(cache), MARKS: None}
        yield tuple(Place(name, store, room) for name, room in rooms.items() if (store := responses.store(name)) is not None)
    finally:
        responses.close()


def directory_of(cache: Cache) -> Path:
    """Return the directory of a cache on disk, from the working directory of this process."""
    return Path(cache.path).expanduser().absolute()


@contextmanager
def _on_disk(cache: Cache, clock: Clock) -> Generator[tuple[Place, ...]]:
    from taskroute.stores.disk import DiskStore

    directory = directory_of(cache)
    if not directory.is_dir():
        raise ConfigurationError(
            f"there is no directory {str(directory)!r}, where this policy keeps its answers; it is made with the first answer. A relative"
            " 'cache.path' begins at the directory that a program is started in: go there, or write the whole path"
        )
    rooms = partitions(cache)
    folders = sorted(found.parent for found in directory.glob(f"*/{_DATABASE}"))
    # Without a size, looking at an answer does not count as a use of it.
    places = tuple(
        Place(name, DiskStore(folder, clock=clock, timeout=_PATIENCE), rooms.get(name), folder / f"{_DATABASE}.broken")
        for folder in folders
        for name in [partition_of(folder.name)]
    )
    try:
        yield places
    finally:
        for place in places:
            place.store.close()
