"""The files of a store on disk. One process at a time makes them, moves them out of the way, or removes them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from taskroute.stores.directory import make_private, make_private_file
from taskroute.stores.forks import Identity

_NAME: Final = "cache.db"
_BROKEN: Final = "cache.db.broken"
_GLANCE: Final = 0.005


class Files:
    """The database in a directory, SQLite's files beside it, and an earlier one that could not be read."""

    def __init__(self, directory: Path, timeout: float) -> None:
        self.directory = directory
        self.database = directory / _NAME
        self.broken = directory / _BROKEN
        self._path = str(self.database)
        self._timeout = timeout

    def identity(self) -> Identity | None:
        """Return which file the database is; None when there is none."""
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def make(self) -> Identity | None:
        """Make what is missing, for this user alone, and return which file the database is."""
        make_private(self.directory)
        if not self.database.exists():
            with self.alone():
                make_private_file(self.database)
        return self.identity()

    def set_aside(self, identity: Identity | None) -> None:
        """Move the database to `cache.db.broken`, in the place of an earlier one, if it is still this file."""
        with suppress(FileNotFoundError), self.alone():
            # Another thread or process may have done so already, and begun anew.
            if identity is not None and identity == self.identity():
                self.database.replace(self.broken)
                self._remove_logs()

    def remove(self) -> None:
        """Remove the database. Whoever uses it begins anew."""
        with suppress(FileNotFoundError), self.alone():
            self.database.unlink(missing_ok=True)
            self._remove_logs()

    def remove_broken(self) -> None:
        """Remove an earlier database that could not be read."""
        self.broken.unlink(missing_ok=True)

    def _remove_logs(self) -> None:
        # After the database itself: whoever still has it open sees that it is gone, and leaves alone those of the next one.
        for end in ("-wal", "-shm"):
            Path(f"{self.database}{end}").unlink(missing_ok=True)

    @contextmanager
    def alone(self) -> Generator[None]:
        """Hold the directory against all other threads and processes. Raises TimeoutError when another holds it for too long."""
        if sys.platform == "win32":
            yield
            return
        import fcntl

        until = time.monotonic() + self._timeout
        descriptor = os.open(self.directory, os.O_RDONLY)
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= until:
                        raise TimeoutError(
                            f"others make or remove files in {str(self.directory)!r} for longer than {self._timeout:g} s; try again later"
                        ) from None
                    time.sleep(_GLANCE)
            yield
        finally:
            os.close(descriptor)
