"""Connections to the database of a store on disk, and its transactions."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final

from taskroute.stores.files import Files
from taskroute.stores.forks import GATE, Identity, Pool
from taskroute.warn import warn_once

_PRAGMAS: Final = (
    "PRAGMA synchronous = NORMAL",
    "PRAGMA cache_size = -8192",
    "PRAGMA mmap_size = 0",
    # Pages of 1 kB after which the log is written back: it is room that nobody else can use, and on a full disk cannot be given up.
    "PRAGMA wal_autocheckpoint = 2048",
    "PRAGMA journal_size_limit = 2097152",
    "PRAGMA trusted_schema = OFF",
)


_Loan = tuple[sqlite3.Connection, Identity | None]
"""A connection, and the file that it leads to."""


class Broken(sqlite3.DatabaseError):
    """The file is no database, or a damaged one."""

    def __init__(self, error: sqlite3.Error, identity: Identity | None) -> None:
        super().__init__(str(error))
        self.identity = identity
        """Which file it was."""


class Database:
    """Hands out connections to the threads of this process, as many as work at once, and one transaction that writes at a time.

    Nothing is made on disk before the first use. A database that was moved, or deleted with its directory, is made again.
    """

    def __init__(self, directory: Path, timeout: float) -> None:
        self._files = Files(directory, timeout)
        self._timeout = timeout
        self._opened: Identity | None = None
        """The file that was last seen to be as it should be."""
        self._pool = Pool()
        # Reentrant, since the collector may close a forgotten stream, and with it a call, while this thread writes.
        self._turn = threading.RLock()
        self._writer: sqlite3.Connection | None = None
        weakref.finalize(self, self._pool.retire)

    def reading(self) -> _Reading:
        """Lend a connection. Raises Broken when the file is no database, OSError when there can be none."""
        return _Reading(self)

    @contextmanager
    def writing(self) -> Generator[sqlite3.Connection]:
        """Lend a connection within a transaction, alone among all threads and processes.

        Raises TimeoutError when others write for too long.
        """
        with GATE.passing(self._timeout):
            # In the child of a fork it is another one by the end.
            turn = self._turn
            if not turn.acquire(timeout=self._timeout):
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
                turn.release()

    def mend(self, error: sqlite3.DatabaseError) -> bool:
        """Return whether it is worth another try: with another database, its tables made anew, or the room of its log."""
        code: int | None = getattr(error, "sqlite_errorcode", None)
        if isinstance(error, Broken):
            self.set_aside(error.identity)
            where = str(self._files.directory)
            warn_once(
                "store on disk",
                where,
                f"the database in {where!r} could not be read ({error}); it was moved to cache.db.broken, and the store begins empty;"
                f" `taskroute cache verify --repair` removes it",
            )
        elif code == sqlite3.SQLITE_FULL:
            try:
                self.shrink()
            except sqlite3.Error:
                return False
        elif code == sqlite3.SQLITE_ERROR and str(error).startswith("no such table"):
            self.reopen()
        else:
            return False
        return True

    def set_aside(self, identity: Identity | None) -> None:
        """Move a file that is no database, or no longer one, to `cache.db.broken`, unless another is in its place by now."""
        with GATE.passing(self._timeout):
            if self._opened == identity:
                self.reopen()
            self._files.set_aside(identity)

    def remove(self) -> None:
        """Remove the database with all that is in it, whether or not it can be written to."""
        with GATE.passing(self._timeout):
            self.reopen()
            self._files.remove()

    @property
    def broken(self) -> Path:
        """Where a database is moved that cannot be read."""
        return self._files.broken

    def remove_broken(self) -> None:
        """Remove a database that was moved since it could not be read."""
        self._files.remove_broken()

    def shrink(self) -> None:
        """Write the log back into the database and give up the room that it took."""
        with self.reading() as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def reopen(self) -> None:
        """Close the idle connections, and look at the tables again before the next use. Those that are lent out close when given back."""
        self._opened = None
        self._pool.close()

    def close(self) -> None:
        """Close the connections. Those that are lent out close when they are given back."""
        with GATE.passing(self._timeout):
            self.reopen()

    def after_fork(self) -> None:
        """Take a new lock. Only for the child of a fork, in which no other thread runs."""
        self._writer = None
        self._turn = threading.RLock()

    def borrow(self) -> _Loan:
        """Hold off forks and lend a connection, until `give_back`. Better ask `reading`, which cannot forget to."""
        GATE.enter(self._timeout)
        try:
            identity = self._files.identity()
            if identity is None or identity != self._opened:
                identity = self._open()
            return self._pool.take(identity) or self._connect(identity), identity
        except BaseException:
            GATE.leave()
            raise

    def give_back(self, loan: _Loan, error: BaseException | None) -> None:
        """Take back a connection, and close it after an error. Raises Broken when that says that the file is no database."""
        connection, identity = loan
        try:
            self._pool.take_back(connection, identity, keep=error is None and identity == self._opened)
            if error is not None:
                _tell_broken(error, identity)
        finally:
            GATE.leave()

    def _open(self) -> Identity | None:
        """Make what is missing, and return which file it is."""
        from taskroute.stores.layout import is_laid_out, lay_out

        with self._turn:
            identity = self._files.identity()
            if identity is not None and identity == self._opened:
                return identity
            self.reopen()
            identity = self._files.make()
            try:
                connection = self._connect(identity)
                try:
                    if not is_laid_out(connection):
                        # Many processes that begin at once would keep each other waiting.
                        with self._files.alone():
                            lay_out(self._files.directory, connection)
                finally:
                    self._pool.take_back(connection, identity, keep=False)
            except sqlite3.DatabaseError as error:
                _tell_broken(error, identity)
                raise
            self._opened = identity
            return identity

    def _connect(self, identity: Identity | None) -> sqlite3.Connection:
        # A connection goes from thread to thread, but is lent to one at a time. It makes no file where the database has just vanished.
        connection = sqlite3.connect(
            f"{self._files.database.as_uri()}?mode=rw", uri=True, timeout=self._timeout, isolation_level=None, check_same_thread=False
        )
        self._pool.lend(connection)
        connection.text_factory = _text
        try:
            for pragma in _PRAGMAS:
                connection.execute(pragma)
        except BaseException as error:
            self._pool.take_back(connection, identity, keep=False)
            _tell_broken(error, identity)
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
            f"others wrote to {str(self._files.directory)!r} for longer than {self._timeout:g} s; give the store a longer timeout"
        )


class _Reading:
    """Lends a connection within a `with`. A class, since a generator takes twice as long, in what every hit goes through."""

    __slots__ = ("_database", "_loan")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._loan: _Loan | None = None

    def __enter__(self) -> sqlite3.Connection:
        self._loan = loan = self._database.borrow()
        return loan[0]

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        loan, self._loan = self._loan, None
        if loan is not None:
            self._database.give_back(loan, error)

    def __del__(self) -> None:
        # An interrupt that comes when `__enter__` is nearly over leaves nobody else to give it back.
        self.__exit__(None, None, None)


def _tell_broken(error: BaseException, identity: Identity | None) -> None:
    """Raise Broken for an error that says that the file is no database, or a damaged one."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if isinstance(error, sqlite3.Error) and code is not None and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        raise Broken(error, identity) from error


def _text(text: bytes) -> str:
    """Text that is not UTF-8 was not written by us, and is refused where it is looked at, not where it is read."""
    return text.decode("utf-8", "surrogateescape")
