"""Which rows of a store on disk go when there is no room, within the transaction that writes another.

The least frequently used go first, with dynamic ageing (LFU-DA; Arlitt, Cherkasova, Dilley, Friedrich and Jin, Evaluating Content
Management Techniques for Web Proxy Caches, 1999). A row's rank is how often it was used, on top of the floor at its last use; the floor is
the rank of the row that went last. So what was popular once is overtaken by what is used now, though nobody goes through all rows to lower
their counts.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterable
from typing import Final

MOST: Final = 16
"""Counts stop here, so that no row is further than this above the floor."""

_AT_ONCE: Final = 10
_MOST_HOLES: Final = 64

_SPARE: Final = 8_192
"""What indexes that split may need when uses are written down."""

_PAGES: Final = 1.015
"""What a byte of a large value takes, with the links from page to page."""

_EMPTY: Final = 65_536
"""What the tables take without a row."""

_EXPIRED: Final = "SELECT rowid FROM Cache WHERE expire_time <= ? AND key IS NOT ? ORDER BY expire_time LIMIT ?"
_LEAST: Final = "SELECT rowid, tag FROM Cache WHERE key IS NOT ? ORDER BY tag, access_time LIMIT 1"
_HIGHEST: Final = 2**31 - 1
"""What the database has room for. Ranks rise by one while all rows that are not used make room for others, and never come so far."""


class Holes:
    """Where rows were that went, for new ones to take their places.

    At the end of the table each new row would take room of its own, while pages with holes stay as they are until they are nearly empty.
    """

    def __init__(self) -> None:
        self._rows: deque[int] = deque(maxlen=_MOST_HOLES)

    def add(self, rows: Iterable[int]) -> None:
        self._rows.extend(rows)

    def take(self, connection: sqlite3.Connection, key: str) -> int | None:
        """Return the place for a row of this name; None when it has one, or when no hole is known."""
        if not self._rows or connection.execute("SELECT 1 FROM Cache WHERE key = ? AND raw = 1", (key,)).fetchone():
            return None
        while self._rows:
            row = self._rows.popleft()
            # Another process may have taken it, and a transaction that failed left it as it was.
            if connection.execute("SELECT 1 FROM Cache WHERE rowid = ?", (row,)).fetchone() is None:
                return row
        return None


def fits(size: int, key: str, need: int) -> bool:
    """Return whether a row of `need` bytes fits when it is the only one; its name is also in an index."""
    in_pages = (need + 2 * len(key.encode("utf-8", "surrogatepass"))) * _PAGES
    return in_pages + _EMPTY + _SPARE <= size


def floor(connection: sqlite3.Connection) -> int:
    """Return the rank of the row that went last for want of room; 0 when none did."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def used(connection: sqlite3.Connection) -> int:
    """Return how many bytes the pages in use take."""
    pages, free, size = (
        connection.execute(pragma).fetchone()[0] for pragma in ("PRAGMA page_count", "PRAGMA freelist_count", "PRAGMA page_size")
    )
    return int(pages - free) * int(size)


def drop_expired(connection: sqlite3.Connection, key: str, now: float, limit: int = _AT_ONCE) -> list[int]:
    """Drop some of the rows whose time is over, but not the one of this name; return which."""
    rows = connection.execute(_EXPIRED, (now, key, limit)).fetchall()
    connection.executemany("DELETE FROM Cache WHERE rowid = ?", rows)
    return [row for (row,) in rows]


def keep_within(connection: sqlite3.Connection, size: int, key: str, now: float) -> list[int]:
    """Drop what has expired, then the least used, until the rest fits; last of all the row that was just written. Return which went."""
    limit = size - _SPARE
    gone: list[int] = []
    while used(connection) > limit and (expired := drop_expired(connection, key, now, 500)):
        gone += expired
    while used(connection) > limit:
        row = _drop_least(connection, key)
        if row is None:
            connection.execute("DELETE FROM Cache WHERE key = ?", (key,))
            break
        gone.append(row)
    return gone


def _drop_least(connection: sqlite3.Connection, key: str) -> int | None:
    found = connection.execute(_LEAST, (key,)).fetchone()
    if found is None:
        return None
    row, rank = found
    connection.execute("DELETE FROM Cache WHERE rowid = ?", (row,))
    # Of a row that this store did not write it may be anything.
    if isinstance(rank, int) and floor(connection) < rank <= _HIGHEST:
        connection.execute(f"PRAGMA user_version = {rank}")
    return int(row)
