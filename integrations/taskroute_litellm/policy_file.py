"""A policy that is read anew when its file changes, and never at the cost of a call."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from taskroute.policy.parse import load_policy
from taskroute.policy.schema import Policy
from taskroute.router import Router

_log: Final = logging.getLogger("taskroute")

_PATIENCE: Final = 1.0
"""Seconds between two looks at the file."""


class _Seen(NamedTuple):
    """What tells one state of a file from another without reading it."""

    changed: int
    size: int
    number: int


class PolicyFile:
    """A router for the policy in a file, which is put in force again whenever the file changes. Raises PolicyError when built.

    Later on, a file that is gone, or whose policy cannot be used, leaves the old policy in force and is logged once for each such state.
    """

    def __init__(self, path: str | os.PathLike[str], **options: Any) -> None:
        self._path = Path(path)
        # Before the file is read: one that changes meanwhile is read once too often, not once too seldom.
        self._seen = self._state()
        self.router = Router.from_file(self._path, **options)
        self._at = self.router.clock.now()
        self._broken = False
        self.refuse: Callable[[Policy], None] | None = None
        """Raises an error for a policy that is right in itself and cannot be used here."""

    async def look(self) -> None:
        """Look at the file, unless that was done a moment ago, and put a new policy in force. Never raises an error of the file's."""
        now = self.router.clock.now()
        if now - self._at < _PATIENCE:
            return
        # Set before anything is awaited, so that of many calls one looks.
        self._at = now
        await asyncio.to_thread(self._follow)

    def _follow(self) -> None:
        try:
            seen = self._state()
            if seen == self._seen:
                return
            self._seen = seen
            policy = load_policy(self._path)
            if self.refuse is not None:
                self.refuse(policy)
            self.router.reload(policy)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a new policy, the old one is good
            self._broken = True
            _log.warning("the policy in %s cannot be used, so the one before stays in force: %s", self._path, error)
            return
        version = self.router.snapshot.version
        if self._broken:
            self._broken = False
            _log.warning("the policy in %s can be used again: version %s is in force", self._path, version)
        else:
            _log.info("the policy in %s has changed: version %s is in force", self._path, version)

    def _state(self) -> _Seen | None:
        """Return the state of the file, None when there is none."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return _Seen(found.st_mtime_ns, found.st_size, found.st_ino)
