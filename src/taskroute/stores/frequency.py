"""Which name was used least, in constant time."""

from __future__ import annotations

from typing import Final

_MOST: Final = 64
"""Counts stop here, so that finding the least takes no more than so many looks."""

_USES_PER_NAME: Final = 10
_FEWEST_USES: Final = 200


class Frequencies:
    """Counts how often each name is used, and knows the one that was used least; of equals, the one used longest ago.

    So that what was popular once does not stay for ever, all counts are halved whenever there have been ten uses for each name (at least
    200); those that become equal by it keep their order. Counts end at 64. Not safe to share between threads.
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._names: dict[int, dict[str, None]] = {}
        """The names of each count, the one used longest ago first. None of them is empty."""
        self._uses = 0

    def use(self, name: str) -> None:
        """Count a use. A new name begins at 1."""
        count = self._counts.get(name, 0)
        if name in self._counts:
            self._leave(name, count)
        self._enter(name, min(count + 1, _MOST))
        self._uses += 1
        if self._uses >= max(_USES_PER_NAME * len(self._counts), _FEWEST_USES):
            self._halve()

    def forget(self, name: str) -> None:
        """Drop a name and its count. One that is not known is no fault."""
        count = self._counts.pop(name, None)
        if count is not None:
            self._leave(name, count)

    def least(self, *, other_than: str) -> str | None:
        """Return the name that was used least and is not this one, or None when there is no other."""
        for count in range(_MOST + 1):
            for name in self._names.get(count, ()):
                if name != other_than:
                    return name
        return None

    def clear(self) -> None:
        self._counts.clear()
        self._names.clear()
        self._uses = 0

    def _enter(self, name: str, count: int) -> None:
        self._counts[name] = count
        self._names.setdefault(count, {})[name] = None

    def _leave(self, name: str, count: int) -> None:
        names = self._names[count]
        del names[name]
        if not names:
            del self._names[count]

    def _halve(self) -> None:
        self._uses = 0
        before, self._names = self._names, {}
        for count in sorted(before):
            for name in before[count]:
                self._enter(name, count // 2)
