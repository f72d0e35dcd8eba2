"""Which rows of a store on disk go when there is no room, within the transaction that writes another."""

from __future__ import annotations

import sqlite3
from typing import Final

MOST: Final = 64
"""Counts stop here."""

_AT_ONCE: Final = 10

_SPARE: Final = 32_768
"""What indexes and pages that split may need besides."""

_EMPTY: Final = 65_536
"""What the tables take without a row."""

_EXPIRED: Final = "SELECT rowid, length(value) FROM Cache WHERE expire_time <= ? AND key IS NOT ? ORDER BY expire_time LIMIT ?"
_LEAST: Final = "SELECT rowid, length(value) FROM Cache WHERE key IS NOT ? ORDER BY access_count, access_time LIMIT 1"


def fits(size: int, key: str, need: int) -> bool:
    """Return whether a row of `need` bytes fits when it is the only one; its name is also in an index."""
    return need + 2 * len(key.encode("utf-8", "surrogatepass")) + _EMPTY + _SPARE <= size


def wear(connection: sqlite3.Connection, rows: int) -> None:
    """Halve the counts of so many rows, going on where the last call, of whatever process, left off, and from the end to the beginning.

    So what was popular once goes in the end, and no call has to halve them all.
    """
    (hand,) = connection.execute("PRAGMA user_version").fetchone()
    found = connection.execute("SELECT rowid FROM Cache WHERE rowid > ? ORDER BY rowid LIMIT ?", (hand, rows)).fetchall()
    connection.executemany("UPDATE Cache SET access_count = access_count / 2 WHERE rowid = ? AND access_count > 0", found)
    reached = found[-1][0] if len(found) == rows else 0
    connection.execute(f"PRAGMA user_version = {reached if reached < 2**31 else 0}")


def used(connection: sqlite3.Connection) -> int:
    """Return how many bytes the pages in use take."""
    pages, free, size = (
        connection.execute(pragma).fetchone()[0] for pragma in ("PRAGMA page_count", "PRAGMA freelist_count", "PRAGMA page_size")
    )
    return int(pages - free) * int(size)


def drop_expired(connection: sqlite3.Connection, key: str, now: float, limit: int = _AT_ONCE) -> tuple[int, int | None]:
    """Drop some of the rows whose time is over, but not the one of this name; return how many bytes they had and where the last one was."""
    rows = connection.execute(_EXPIRED, (now, key, limit)).fetchall()
    connection.executemany("DELETE FROM Cache WHERE rowid = ?", [(row,) for row, _ in rows])
    return sum(length or 0 for _, length in rows), rows[-1][0] if rows else None


def make_room(connection: sqlite3.Connection, size: int, key: str, need: int, now: float) -> int | None:
    """Drop rows for a new one of `need` bytes when it would not fit; return where the last of them was, for the new one to take its place.

    A new row at the end of the table would leave a hole where the old one was, which is not filled until its neighbours go too.
    """
    if used(connection) + need + _SPARE <= size or connection.execute("SELECT 1 FROM Cache WHERE key = ? AND raw = 1", (key,)).fetchone():
        return None
    freed, place = drop_expired(connection, key, now, 500)
    while freed < need:
        row = _drop_least(connection, key)
        if row is None:
            break
        place = row[0]
        freed += row[1]
    return place


def keep_within(connection: sqlite3.Connection, size: int, key: str, now: float) -> None:
    """Drop what has expired, then the least used, until the rest fits; last of all the row that was just written."""
    while used(connection) > size and drop_expired(connection, key, now, 500)[1] is not None:
        pass
    while used(connection) > size:
        if _drop_least(connection, key) is None:
            connection.execute("DELETE FROM Cache WHERE key = ?", (key,))
            return


def _drop_least(connection: sqlite3.Connection, key: str) -> tuple[int, int] | None:
    row = connection.execute(_LEAST, (key,)).fetchone()
    if row is None:
        return None
    rowid, length = row
    connection.execute("DELETE FROM Cache WHERE rowid = ?", (rowid,))
    return int(rowid), int(length or 0)
