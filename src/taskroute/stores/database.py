"""Connections to the database of a store on disk, and its transactions."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from taskroute.stores.directory import make_private, make_private_file

_NAME: Final = "cache.db"
_BROKEN: Final = "cache.db.broken"
_MOST_IDLE: Final = 8

_PRAGMAS: Final = (
    "PRAGMA synchronous = NORMAL",
    "PRAGMA cache_size = 1024",
    "PRAGMA mmap_size = 0",
    "PRAGMA journal_size_limit = 8388608",
    "PRAGMA trusted_schema = OFF",
)

# Closing a connection of the parent's in the child may touch what the parent is about to write, so they are never closed.
_inherited: Final[list[sqlite3.Connection]] = []


class Database:
    """Hands out connections to the threads of this process, as many as work at once, and one transaction that writes at a time.

    Nothing is made on disk before the first use. A database that was moved, or deleted with its directory, is made again.
    """

    def __init__(self, directory: Path, timeout: float) -> None:
        self._directory = directory
        self._file = directory / _NAME
        self._timeout = timeout
        self._opened: tuple[int, int] | None = None
        """Device and inode of the file that the idle connections lead to."""
        self._tried: tuple[int, int] | None = None
        self._idle: list[sqlite3.Connection] = []
        # Reentrant, since the collector may close a forgotten stream, and with it a call, while this thread writes.
        self._turn = threading.RLock()
        self._writer: sqlite3.Connection | None = None
        weakref.finalize(self, _close_all, self._idle)

    @contextmanager
    def reading(self) -> Generator[sqlite3.Connection, None, None]:
        """Lend a connection. Raises sqlite3.DatabaseError when the file is no database, OSError when there can be none."""
        identity = self._identity()
        if identity is None or identity != self._opened:
            identity = self._open()
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        if identity == self._opened and len(self._idle) < _MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection, None, None]:
        """Lend a connection within a transaction, alone among all threads and processes.

        Raises TimeoutError when others write for too long.
        """
        if not self._turn.acquire(timeout=self._timeout):
            raise self._too_long()
        try:
            if self._writer is not None:
                yield self._writer
                return
            with self.reading() as connection:
                self._begin(connection)
                self._writer = connection
                try:
                    yield connection
                    connection.execute("COMMIT")
                finally:
                    self._writer = None
        finally:
            self._turn.release()

    def set_aside(self) -> None:
        """Move a file that is no database, or no longer one, to `cache.db.broken`, in the place of an earlier one."""
        with self._turn:
            used = self._opened or self._tried
            self._forget()
            # Another process may have done so already, and begun anew.
            if used == self._identity():
                # These first: after the move they may be another process's, of a new database.
                for end in ("-wal", "-shm"):
                    Path(f"{self._file}{end}").unlink(missing_ok=True)
                with suppress(FileNotFoundError):
                    self._file.replace(self._directory / _BROKEN)

    def close(self) -> None:
        """Close the connections. Those that are lent out close when they are given back."""
        self._forget()

    def after_fork(self) -> None:
        """Leave the connections to the parent. Only for the child of a fork, in which no other thread runs."""
        _inherited.extend(self._idle)
        if self._writer is not None:
            _inherited.append(self._writer)
        self._writer = None
        self._idle.clear()
        self._opened = None
        self._turn = threading.RLock()

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._file)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _open(self) -> tuple[int, int] | None:
        """Make what is missing, and return which file it is."""
        from taskroute.stores.layout import lay_out

        with self._turn:
            identity = self._identity()
            if identity is not None and identity == self._opened:
                return identity
            self._forget()
            make_private(self._directory)
            make_private_file(self._file)
            # If it turns out to be no database, this is the one to be set aside.
            self._tried = self._identity()
            connection = self._connect()
            try:
                lay_out(self._directory, connection)
                self._opened = self._tried
            finally:
                connection.close()
            return self._opened

    def _forget(self) -> None:
        self._opened = None
        _close_all(self._idle)

    def _connect(self) -> sqlite3.Connection:
        # A connection goes from thread to thread, but is lent to one at a time.
        connection = sqlite3.connect(self._file, timeout=self._timeout, isolation_level=None, check_same_thread=False)
        connection.text_factory = _text
        try:
            for pragma in _PRAGMAS:
                connection.execute(pragma)
        except BaseException:
            connection.close()
            raise
        return connection

    def _begin(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                raise self._too_long() from error
            raise

    def _too_long(self) -> TimeoutError:
        return TimeoutError(
            f"others wrote to {str(self._directory)!r} for longer than {self._timeout:g} s; give the store a longer timeout"
        )


def is_broken(error: sqlite3.Error) -> bool:
    """Return whether an error says that the file is no database, or a damaged one."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def _close_all(connections: list[sqlite3.Connection]) -> None:
    while connections:
        with suppress(IndexError):
            connections.pop().close()


def _text(text: bytes) -> str:
    """Text that is not UTF-8 was not written by us, and is refused where it is looked at, not where it is read."""
    return text.decode("utf-8", "surrogateescape")
