"""A policy that is read anew when a file that it stands on changes, and never at the cost of a call."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from taskroute.known_quality import quality_files
from taskroute.policy.parse import load_policy
from taskroute.policy.schema import Policy
from taskroute.router import Router

_log: Final = logging.getLogger("taskroute")

_PATIENCE: Final = 1.0
"""Seconds between two looks at the files."""


class _Seen(NamedTuple):
    """What tells one state of a file from another without reading it."""

    changed: int
    size: int
    number: int


_States = Mapping[Path, _Seen | None]


class PolicyFile:
    """A router for the policy in a file, which is put in force again whenever that file changes, or its quality table, or what lies beside
    this of prompts. Raises PolicyError when built.

    Later on, a policy that is gone or cannot be used leaves the old one in force and is logged once for each such state. A table that
    cannot be read leaves what was read of it before in use, and the router warns once for each such state.
    """

    def __init__(self, path: str | os.PathLike[str], *, environ: Mapping[str, str] | None = None, **options: Any) -> None:
        self._path = Path(path)
        self._environ = os.environ if environ is None else environ
        # The policy says what else there is to look at, and that is done before all is read for the router: what changes meanwhile is
        # read once too often, not once too seldom.
        self._seen = self._before(load_policy(self._path))
        self.router = Router.from_file(self._path, environ=environ, **options)
        self._at = self.router.clock.now()
        self._half: _States = {}
        """What was seen when a look waited for the other of two files."""
        self._broken = False
        self.refuse: Callable[[Policy], None] | None = None
        """Raises an error for a policy that is right in itself and cannot be used here."""

    async def look(self) -> None:
        """Look at the files, unless that was done a moment ago, and put what they hold in force. Never raises an error of theirs."""
        now = self.router.clock.now()
        if now - self._at < _PATIENCE:
            return
        # Set before anything is awaited, so that of many calls one looks.
        self._at = now
        await asyncio.to_thread(self._follow)

    def _follow(self) -> None:
        try:
            seen = _states((self._path, *self.router.files))
            if seen == self._seen or self._is_half(seen):
                return
            is_other_policy = seen[self._path] != self._seen[self._path]
            self._seen = seen
            policy = self._read() if is_other_policy else self.router.policy
            seen = self._before(policy)
            self.router.reload(policy)
            self._seen = seen
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a new policy, the old one is good
            self._broken = True
            _log.warning("the policy in %s cannot be used, so the one before stays in force: %s", self._path, error)
            return
        version = self.router.snapshot.version
        if not is_other_policy:
            _log.info("what the policy in %s stands on has changed and was read again: version %s is in force", self._path, version)
        elif self._broken:
            self._broken = False
            _log.warning("the policy in %s can be used again: version %s is in force", self._path, version)
        else:
            _log.info("the policy in %s has changed: version %s is in force", self._path, version)

    def _read(self) -> Policy:
        policy = load_policy(self._path)
        if self.refuse is not None:
            self.refuse(policy)
        return policy

    def _before(self, policy: Policy) -> _States:
        """Return the states of the files that are about to be read for a policy."""
        return _states((self._path, *quality_files(policy.quality, self._environ)))

    def _is_half(self, seen: _States) -> bool:
        """Whether only a table has changed, or what lies beside it, and only since the last look: they are written one after the other."""
        if seen[self._path] != self._seen[self._path] or seen == self._half:
            return False
        self._half = seen
        pair = [file for file, state in seen.items() if file != self._path and (state or self._seen.get(file))]
        changed = [file for file in pair if seen[file] != self._seen.get(file)]
        return 0 < len(changed) < len(pair)


def _states(files: Iterable[Path]) -> _States:
    return {file: _state(file) for file in dict.fromkeys(files)}


def _state(file: Path) -> _Seen | None:
    """Return the state of a file, None when there is none."""
    try:
        found = file.stat()
    except (OSError, ValueError):
        return None
    return _Seen(found.st_mtime_ns, found.st_size, found.st_ino)
