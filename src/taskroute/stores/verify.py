"""Looks for what is wrong with the database of a store on disk."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple

from taskroute.stores.database import Broken, Database
from taskroute.stores.envelope import Damaged, unseal
from taskroute.stores.layout import BytesDisk, Refused


class _Fault(NamedTuple):
    row: int
    sentence: str


def verify(database: Database, *, repair: bool) -> list[str]:
    """Return one sentence for each fault, and with `repair` remove it: an entry alone, or the database when it cannot be read."""
    sentences = _left_behind(database)
    try:
        access: AbstractContextManager[sqlite3.Connection] = database.writing() if repair else database.reading()
        with access as connection:
            sentences += _look(connection, repair=repair)
    except Broken as error:
        if repair:
            database.set_aside(error.identity)
        sentences.append(f"the database cannot be read: {error}")
    if repair:
        database.remove_broken()
    return sentences


def _left_behind(database: Database) -> list[str]:
    if not database.broken.exists():
        return []
    return [f"a database that could not be read any more was moved to {str(database.broken)!r}, with answers that may still be read in it"]


def _look(connection: sqlite3.Connection, *, repair: bool) -> list[str]:
    messages = [str(message) for (message,) in connection.execute("PRAGMA integrity_check(100)")]
    if messages != ["ok"] and repair:
        connection.execute("REINDEX")
        if [message for (message,) in connection.execute("PRAGMA integrity_check(1)")] != ["ok"]:
            error = sqlite3.DatabaseError(messages[0])
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
    sentences = [f"the database is damaged: {message}" for message in messages if message != "ok"]
    faults = list(_faults(connection))
    if repair:
        connection.executemany("DELETE FROM Cache WHERE rowid = ?", [(fault.row,) for fault in faults])
    return [*sentences, *(fault.sentence for fault in faults)]


def _faults(connection: sqlite3.Connection) -> Iterator[_Fault]:
    disk = BytesDisk("")
    last = -(2**63)
    while rows := connection.execute("SELECT rowid FROM Cache WHERE rowid > ? ORDER BY rowid LIMIT 500", (last,)).fetchall():
        for (row,) in rows:
            # One value at a time: each may be of megabytes.
            query = "SELECT key, raw, expire_time, mode, filename, value FROM Cache WHERE rowid = ?"
            for columns in connection.execute(query, (row,)).fetchall():
                sentence = _fault(disk, row, columns)
                if sentence is not None:
                    yield _Fault(row, sentence)
        last = rows[-1][0]


def _fault(disk: BytesDisk, row: int, columns: tuple[object, object, float | None, object, object, object]) -> str | None:
    key, raw, until, mode, filename, value = columns
    named = f"the entry {key!r}" if isinstance(key, str) else f"row {row}"
    try:
        name = disk.get(key, raw)
        kept = unseal(name, disk.fetch(mode, filename, value, False))
    except (Refused, Damaged) as error:
        return f"{named} is not usable: {error}"
    if kept.until != (math.inf if until is None else until):
        return f"{named} is not usable: it says that it holds until {kept.until}, and its row {until}"
    return None
