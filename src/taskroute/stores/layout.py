"""The layout of the database on disk, which is diskcache's, without its pickle.

diskcache unpickles whatever a row's columns say is a pickle, of keys as well as of values (CVE-2025-69872), and takes its settings, file
names and pragmas from the database. So diskcache lays the tables out, with settings of which none is taken from the database, and its rows
are read and written through the disk below and by nothing of diskcache's own.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn

import diskcache  # pyright: ignore[reportMissingTypeStubs]

from taskroute.stores.checks import check_key, check_value

_MODE_RAW: Final = 1
"""A value that is in its row, as it is."""

_SETTINGS: Final[dict[str, int | str]] = {
    "statistics": 0,
    "tag_index": 0,
    # Rows are dropped here, exactly and by this store's clock; another program that opens the directory drops none.
    "eviction_policy": "none",
    "cull_limit": 0,
    "size_limit": 2**62,
    "sqlite_auto_vacuum": 1,
    "sqlite_cache_size": 2**10,
    "sqlite_journal_mode": "wal",
    # A file that is cut short while it is mapped kills the process.
    "sqlite_mmap_size": 0,
    "sqlite_synchronous": 1,
    # All values are in the database, so that a crash leaves no file behind and nothing follows a file name.
    "disk_min_file_size": 2**31,
    "disk_pickle_protocol": 0,
}
_COUNTS: Final = ("count", "size", "hits", "misses")

_USE_INDEX: Final = "Cache_tag_access_time"
"""Our own index, made last: where it is, the layout is complete."""


class Refused(ValueError):
    """A row that no store of ours has written."""


class BytesDisk(diskcache.Disk):  # type: ignore[misc]
    """Writes names as text and values as bytes, and reads nothing else. It touches no file but the database and never unpickles."""

    def put(self, key: str) -> tuple[Any, Any]:
        """Return the columns key and raw."""
        check_key(key)
        return key, True

    def get(self, key: object, raw: object) -> str:
        """Return a name. Raises Refused when it is not plain text, such as a pickle."""
        if raw != 1 or not isinstance(key, str) or not _is_utf8(key):
            raise Refused("its name is not text")
        return key

    def store(self, value: bytes, read: bool, key: object = None) -> tuple[Any, Any, Any, Any]:
        """Return the columns size, mode, filename and value."""
        del key
        if read:
            raise Refused("a value is bytes, not a file")
        check_value("value", value)
        return 0, _MODE_RAW, None, value

    def fetch(self, mode: object, filename: object, value: object, read: bool) -> bytes:
        """Return a value. Raises Refused when it is not bytes within the row, such as a pickle or a file."""
        if read or mode != _MODE_RAW or filename is not None or not isinstance(value, bytes):
            raise Refused(f"its value is not plain bytes (mode {mode!r})")
        return value

    def filename(self, key: object = None, value: object = None) -> NoReturn:
        raise Refused("no value is written to a file of its own")

    def remove(self, file_path: object) -> None:
        """Do nothing: a file name in a row was not written by us, and may lead anywhere."""


def lay_out(directory: Path, connection: sqlite3.Connection) -> None:
    """Make the tables where they are missing or not as they should be. Raises sqlite3.DatabaseError when the file is no database."""
    if is_laid_out(connection):
        return
    _set_pages(connection)
    _set_settings(connection)
    options: dict[str, Any] = {**_SETTINGS}
    diskcache.Cache(str(directory), timeout=60, disk=BytesDisk, **options).close()
    _drop_triggers(connection)
    connection.execute(f"CREATE INDEX IF NOT EXISTS {_USE_INDEX} ON Cache(tag, access_time)")


def _set_pages(connection: sqlite3.Connection) -> None:
    """Choose the size of pages, which holds from the first write on."""
    if connection.execute("PRAGMA page_count").fetchone()[0]:
        return
    # What does not fit into a small page goes on in pages of its own, which are full. In large ones rows that come and go leave holes:
    # with 4 kB a quarter of the room, and half of it where each row takes a little more than half a page.
    connection.execute("PRAGMA page_size = 1024")
    connection.execute("PRAGMA auto_vacuum = 1")
    # When another process is at it too, one of the two makes the file.
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode = wal")


def _set_settings(connection: sqlite3.Connection) -> None:
    """Replace the settings in the database, of each of which diskcache would make an attribute or a pragma."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'Settings'").fetchone():
        return
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(f"DELETE FROM Settings WHERE key NOT IN ({', '.join('?' * len(_COUNTS))})", _COUNTS)  # noqa: S608
    connection.executemany("INSERT INTO Settings VALUES (?, ?)", list(_SETTINGS.items()))
    connection.execute("COMMIT")


def _drop_triggers(connection: sqlite3.Connection) -> None:
    """Drop what would be done beside each write: diskcache's, by which it counts entries, writes a page more, and another's was planted."""
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        quoted = str(name).replace('"', '""')
        connection.execute(f'DROP TRIGGER IF EXISTS "{quoted}"')


def is_laid_out(connection: sqlite3.Connection) -> bool:
    """Return whether the tables are as they should be. Raises sqlite3.DatabaseError when the file is no database."""
    found = {(kind, name) for kind, name in connection.execute("SELECT type, name FROM sqlite_master")}
    if not {("index", _USE_INDEX), ("table", "Cache"), ("table", "Settings")} <= found or any(kind == "trigger" for kind, _ in found):
        return False
    settings = dict(connection.execute("SELECT key, value FROM Settings"))
    return {key: value for key, value in settings.items() if key not in _COUNTS} == _SETTINGS


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
