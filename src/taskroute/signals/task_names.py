"""The names of tasks that callers may give: one that nobody knows is told once, since it keeps the classifier from being asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from taskroute.policy.names import meant
from taskroute.warn import warn_again

_MOST_KEPT: Final = 100
"""So many names are remembered to have been warned of; whoever makes up ever new ones is left alone after that."""
_LONGEST: Final = 60
"""Characters of a name that are quoted."""


class TaskNames:
    """The names that mean something: to the policy, to taskroute, or to the table of quality."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = frozenset(known)
        self._warned: dict[str, object] = {}

    def check(self, name: str) -> None:
        """Warn of a name that means nothing, the first time that a call carries it. Never raises."""
        if name not in self._known:
            self._warn(name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…")

    def _warn(self, name: str) -> None:
        if len(self._warned) >= _MOST_KEPT:
            return
        token = object()
        # setdefault is atomic, so that of many threads one warns.
        if self._warned.setdefault(name, token) is not token:
            return
        cure = f"{meant(name.lower(), self._known)}correct it where calls are tagged, or add it under 'tasks'"
        warn_again(f"calls carry the task {name!r}, of which nothing is known, and so no classifier is asked for theirs; {cure}")
