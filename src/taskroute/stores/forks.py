"""Keeps connections to SQLite from being open while the process forks.

SQLite counts the locks of a process by file. A child inherits the count without the locks, and would then write as if it had them, even
through connections of its own, and delete the write-ahead log that others use. So before a fork whoever uses a connection ends, nobody
else begins, and all connections are closed; both sides open new ones. Where that takes too long, the child refuses to use any.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final

_PATIENCE: Final = 1.0
"""Seconds that a fork waits for those who use a connection."""
_GLANCE: Final = 0.001
_MOST_IDLE: Final = 8

Identity = tuple[int, int]
"""Device and inode of a file."""


class Pool:
    """The open connections of one database, lent out or idle, each with the file that it leads to."""

    def __init__(self) -> None:
        self._idle: list[tuple[Identity | None, sqlite3.Connection]] = []
        self._lent: dict[sqlite3.Connection, int] = {}
        GATE.add(self)

    @property
    def is_empty(self) -> bool:
        return not self._idle and not self._lent

    def take(self, identity: Identity | None) -> sqlite3.Connection | None:
        """Lend an idle connection to this file; close those that lead to another."""
        with suppress(IndexError):
            while True:
                found, connection = self._idle.pop()
                if found == identity:
                    self.lend(connection)
                    return connection
                connection.close()
        return None

    def lend(self, connection: sqlite3.Connection) -> None:
        """Note that this thread has a new connection."""
        self._lent[connection] = threading.get_ident()

    def take_back(self, connection: sqlite3.Connection, identity: Identity | None, *, keep: bool) -> None:
        """Keep a connection that was lent for the next one to use, or close it."""
        if self._lent.pop(connection, None) is None:
            # It is the parent's now.
            return
        if keep and len(self._idle) < _MOST_IDLE:
            self._idle.append((identity, connection))
        else:
            connection.close()

    def close(self) -> None:
        """Close the idle connections."""
        with suppress(IndexError):
            while True:
                self._idle.pop()[1].close()

    def retire(self) -> None:
        """Close the idle connections for good. May be called by the collector, in the middle of anything."""
        # Where it may not pass, the thread that forks closes them.
        with suppress(OSError), GATE.passing(_PATIENCE):
            self.close()
            GATE.remove(self)

    def leave_to_parent(self) -> None:
        """Never use nor close these connections. Only for the child of a fork."""
        for connection, thread in self._lent.items():
            if thread == threading.get_ident():
                # The thread that forked is in the middle of using it, and must not go on.
                connection.set_authorizer(_refuse)
        for connection in (*self._lent, *(connection for _, connection in self._idle)):
            _immortal(connection)
        self._lent, self._idle = {}, []


class Gate:
    """Lets threads use connections, except while one of them forks."""

    def __init__(self) -> None:
        # Reentrant, since the collector may retire a pool while this thread holds it.
        self._lock = threading.RLock()
        self._inside: dict[int, int] = {}
        self._forking: list[int] = []
        self._pools: set[Pool] = set()
        self._is_spoiled = False

    @contextmanager
    def passing(self, patience: float) -> Generator[None]:
        """Hold off forks meanwhile."""
        self.enter(patience)
        try:
            yield
        finally:
            self.leave()

    def enter(self, patience: float) -> None:
        """Hold off forks from now on, until `leave`.

        Raises TimeoutError when a fork takes more than `patience` seconds, besides those that it may wait; OSError where none may pass.
        """
        me = threading.get_ident()
        with self._lock:
            if not self._is_spoiled and not self._forking:
                self._inside[me] = self._inside.get(me, 0) + 1
                return
        if not self._admits(me):
            self._wait(me, time.monotonic() + _PATIENCE + patience)

    def leave(self) -> None:
        me = threading.get_ident()
        with self._lock:
            left = self._inside.get(me, 0) - 1
            if left > 0:
                self._inside[me] = left
            else:
                self._inside.pop(me, None)

    def add(self, pool: Pool) -> None:
        with self._lock:
            self._pools.add(pool)

    def remove(self, pool: Pool) -> None:
        with self._lock:
            self._pools.discard(pool)

    def before_fork(self) -> None:
        """Let nobody pass any more, wait for those inside, and close all connections."""
        me = threading.get_ident()
        with self._lock:
            self._forking.append(me)
        until = time.monotonic() + _PATIENCE
        # Who forks while inside would wait for himself.
        while self._inside and me not in self._inside and time.monotonic() < until:
            time.sleep(_GLANCE)
        # Held until all are closed, so that no other thread forks in the middle of it.
        with self._lock:
            for pool in [*self._pools]:
                with suppress(sqlite3.Error):
                    pool.close()

    def after_fork_in_parent(self) -> None:
        with self._lock:
            self._forking.remove(threading.get_ident())

    def after_fork_in_child(self) -> None:
        """Begin anew, without the threads that were inside; with any connection left open, let nobody pass any more."""
        self._lock = threading.RLock()
        left = [pool for pool in self._pools if not pool.is_empty]
        self._is_spoiled = self._is_spoiled or bool(self._inside or left)
        self._inside, self._forking = {}, []
        for pool in left:
            pool.leave_to_parent()

    def _admits(self, me: int) -> bool:
        with self._lock:
            if self._is_spoiled:
                raise OSError(
                    "this process was forked while a store on disk was in use, and cannot share its locks; start processes by spawn or"
                    " forkserver, or fork before the first call"
                )
            if self._forking and me not in self._inside:
                return False
            self._inside[me] = self._inside.get(me, 0) + 1
            return True

    def _wait(self, me: int, until: float) -> None:
        while True:
            if me in self._forking:
                raise OSError("a store on disk cannot be used by the thread that forks, until it has; call it after the fork")
            if time.monotonic() >= until:
                raise TimeoutError("a store on disk waited in vain for a fork of this process to end; call it again")
            time.sleep(_GLANCE)
            if self._admits(me):
                return


def _refuse(*_: object) -> int:
    return sqlite3.SQLITE_DENY


def _immortal(connection: sqlite3.Connection) -> None:
    """Keep a connection from being closed even when the interpreter ends: that might write to, and delete, what others use."""
    import ctypes

    ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))


GATE: Final = Gate()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=GATE.before_fork, after_in_parent=GATE.after_fork_in_parent, after_in_child=GATE.after_fork_in_child)
