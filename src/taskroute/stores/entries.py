"""The entries of a store on disk: how each operation reads and writes their rows, and which of them go when there is no room."""

from __future__ import annotations

import math
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from taskroute.ports import Clock
from taskroute.stores.checks import number_in
from taskroute.stores.database import Database
from taskroute.stores.envelope import Damaged, Kept, seal, unseal
from taskroute.stores.layout import BytesDisk, Refused
from taskroute.stores.room import MOST, Holes, drop_expired, fits, floor, keep_within, used
from taskroute.warn import warn_once

_HITS_AT_ONCE: Final = 256
PAGE: Final = 500

_READ: Final = "SELECT rowid, mode, filename, value FROM Cache WHERE key = ? AND raw = 1"
_WRITE: Final = """
    INSERT INTO Cache(rowid, key, raw, store_time, expire_time, access_time, access_count, tag, size, mode, filename, value)
    VALUES (:place, :key, :raw, :now, :until, :now, 1, :floor + 1, :size, :mode, :filename, :value)
    ON CONFLICT(key, raw) DO UPDATE SET
        store_time = :now, expire_time = :until, access_time = :now, access_count = MIN(access_count + 1, :most),
        tag = :floor + MIN(access_count + 1, :most), size = :size, mode = :mode, filename = :filename, value = :value
"""
_USE: Final = """
    UPDATE Cache
    SET access_time = :now, access_count = MIN(access_count + :hits, :most), tag = :floor + MIN(access_count + :hits, :most)
    WHERE key = :key AND raw = 1 AND (tag IS NOT :floor + MIN(access_count + :hits, :most) OR access_time < :now - 60)
"""
"""A row whose rank is as high as it can be is written once a minute: most uses are of the same few."""
_NAMES: Final = "SELECT key, raw, expire_time FROM Cache WHERE raw = 1 AND key {} CAST(? AS TEXT) ORDER BY key LIMIT ?"


class Page(NamedTuple):
    """Some of the names that a scan finds."""

    names: list[str]
    last: str | None
    """Where the next page goes on; None when this was the last."""


class Entries:
    """The rows of one database. Each method is one transaction.

    The row that goes first is the one with the lowest rank, its column `tag`, which comes from how often it was used and how long ago.
    Reads write nothing: uses are noted here and written with the next value, or 256 at a time.
    """

    def __init__(self, database: Database, directory: Path, clock: Clock, size: int | None) -> None:
        self._database = database
        self._directory = directory
        self._clock = clock
        self._size = size
        self._disk = BytesDisk(str(directory))
        self._hits: dict[str, int] = {}
        self._noted = 0
        self._holes = Holes()

    def get(self, key: str) -> bytes | None:
        now = self._clock.time()
        with self._database.reading() as connection:
            row = connection.execute(_READ, (key,)).fetchone()
        if row is None:
            return None
        try:
            kept = self._unwrap(key, row)
        except (Refused, Damaged) as error:
            self._refuse(key, error)
            with self._database.writing() as connection:
                self._present(connection, key, now)
            return None
        if now >= kept.until:
            return None
        self._note(key)
        return kept.value

    def put(self, key: str, value: bytes, ttl: float | None) -> None:
        now = self._clock.time()
        with self._database.writing() as connection:
            self._keep(connection, key, Kept(value, _end(now, ttl)), now)

    def delete(self, key: str) -> None:
        with self._database.writing() as connection:
            self._drop(connection, key)

    def increment(self, key: str, by: int, ttl: float | None) -> int:
        now = self._clock.time()
        with self._database.writing() as connection:
            present = self._present(connection, key, now)
            total = by + (0 if present is None else number_in(key, present.value))
            self._keep(connection, key, Kept(b"%d" % total, _end(now, ttl) if present is None else present.until), now)
        return total

    def compare_and_set(self, key: str, expected: bytes | None, value: bytes, ttl: float | None) -> bool:
        now = self._clock.time()
        with self._database.writing() as connection:
            present = self._present(connection, key, now)
            if (None if present is None else present.value) != expected:
                return False
            self._keep(connection, key, Kept(value, _end(now, ttl)), now)
        return True

    def names(self, prefix: str, after: str | None) -> Page:
        """Return some of the names that begin so, in order, from the first or from the one after `after`; no value is read for it."""
        now = self._clock.time()
        with self._database.reading() as connection:
            # As bytes, since the last name of a page may be one that is no text.
            begin = (after or prefix).encode("utf-8", "surrogateescape")
            rows = connection.execute(_NAMES.format(">=" if after is None else ">"), (begin, PAGE)).fetchall()
        found: list[str] = []
        for key, raw, until in rows:
            if not isinstance(key, str) or not key.startswith(prefix):
                # Bytes come after all text.
                return Page(found, None)
            with suppress(Refused):
                name = self._disk.get(key, raw)
                if until is None or now < until:
                    found.append(name)
        return Page(found, rows[-1][0] if len(rows) == PAGE else None)

    def clear(self) -> None:
        """Remove every entry. Where they cannot be deleted, such as on a full disk, the database goes with them."""
        self.forget_hits()
        try:
            with self._database.writing() as connection:
                connection.execute("DELETE FROM Cache")
            self._database.shrink()
        except sqlite3.Error:
            self._database.remove()
        self._database.remove_broken()

    def count(self) -> int:
        """Return how many entries have time left."""
        with self._database.reading() as connection:
            query = "SELECT COUNT(*) FROM Cache WHERE expire_time IS NULL OR expire_time > ?"
            return int(connection.execute(query, (self._clock.time(),)).fetchone()[0])

    def used(self) -> int:
        """Return how many bytes of the database are in use, indexes and all."""
        with self._database.reading() as connection:
            return used(connection)

    def write_hits(self) -> None:
        """Write down what was used since the last time."""
        if self._hits:
            with self._database.writing() as connection:
                self._count_hits(connection, self._clock.time())

    def forget_hits(self) -> None:
        self._hits = {}
        self._noted = 0

    def _note(self, key: str) -> None:
        if self._size is None:
            return
        self._hits[key] = self._hits.get(key, 0) + 1
        self._noted += 1
        if self._noted >= _HITS_AT_ONCE:
            try:
                self.write_hits()
            except (OSError, sqlite3.Error):
                # They are for choosing what goes, and the value is at hand.
                self.forget_hits()

    def _count_hits(self, connection: sqlite3.Connection, now: float) -> None:
        hits = list(self._hits.items())
        self.forget_hits()
        if hits:
            low = floor(connection)
            connection.executemany(_USE, [{"key": key, "hits": count, "now": now, "most": MOST, "floor": low} for key, count in hits])

    def _drop(self, connection: sqlite3.Connection, key: str) -> None:
        rows = connection.execute("SELECT rowid FROM Cache WHERE key = ? AND raw = 1", (key,)).fetchall()
        connection.executemany("DELETE FROM Cache WHERE rowid = ?", rows)
        self._holes.add(row for (row,) in rows)

    def _present(self, connection: sqlite3.Connection, key: str, now: float) -> Kept | None:
        row = connection.execute(_READ, (key,)).fetchone()
        if row is None:
            return None
        try:
            kept = self._unwrap(key, row)
        except (Refused, Damaged) as error:
            self._refuse(key, error)
            connection.execute("DELETE FROM Cache WHERE rowid = ?", (row[0],))
            return None
        return kept if now < kept.until else None

    def _unwrap(self, key: str, row: tuple[int, object, object, object]) -> Kept:
        _, mode, filename, value = row
        return unseal(key, self._disk.fetch(mode, filename, value, False))

    def _refuse(self, key: str, error: Exception) -> None:
        warn_once(
            "store entry",
            str(self._directory),
            f"the entry {key!r} in {str(self._directory)!r} was dropped: {error}; run `taskroute cache verify` to look for others",
        )

    def _keep(self, connection: sqlite3.Connection, key: str, kept: Kept, now: float) -> None:
        self._count_hits(connection, now)
        db_key, raw = self._disk.put(key)
        size, mode, filename, value = self._disk.store(seal(key, kept), False, key=key)
        self._holes.add(drop_expired(connection, key, now))
        if self._size is not None and not fits(self._size, key, len(value)):
            self._drop(connection, key)
            return
        place = self._holes.take(connection, key)
        until = None if kept.until == math.inf else kept.until
        named = {"key": db_key, "raw": raw, "place": place, "now": now, "until": until, "most": MOST, "floor": floor(connection)}
        named |= {"size": size, "mode": mode, "filename": filename, "value": value}
        try:
            connection.execute(_WRITE, named)
        except sqlite3.IntegrityError:
            # Something that was thrown away just now wrote from where it was collected, and took the place.
            connection.execute(_WRITE, named | {"place": None})
        if self._size is not None:
            self._holes.add(keep_within(connection, self._size, key, now))


def _end(now: float, ttl: float | None) -> float:
    return math.inf if ttl is None else now + ttl
