"""Values over time, in at most so many steps of one length, which grows with what there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MOST_STEPS: Final = 60
_WIDTHS: Final = (1, 5, 15, 60, 300, 900, 3600, 10_800, 43_200, 86_400)
"""In seconds. Each is a multiple of the one before, so that steps can be joined."""


def wider(width: int) -> int:
    """Return the next length of a step."""
    return next((each for each in _WIDTHS if each > width), 2 * width)


class OverTime(Generic[T]):
    """A value for each step of time in which there is something."""

    def __init__(self, make: Callable[[], T], merge: Callable[[T, T], None]) -> None:
        self._make = make
        self._merge = merge
        self._steps: dict[int, T] = {}
        self._first = 0
        self._last = 0
        self.width = _WIDTHS[0]
        """Length of a step in seconds."""

    def at(self, seconds: float) -> T:
        """Return the value of the step that a time lies in."""
        step = int(seconds // self.width)
        if not self._steps:
            self._first = self._last = step
        self._first, self._last = min(self._first, step), max(self._last, step)
        while self._last - self._first >= MOST_STEPS:
            self._widen()
        step = int(seconds // self.width)
        found = self._steps.get(step)
        return self._steps.setdefault(step, self._make()) if found is None else found

    def in_order(self) -> list[tuple[int, T]]:
        """Return each step that there is something in, by its beginning in seconds since the epoch."""
        return [(step * self.width, value) for step, value in sorted(self._steps.items())]

    def _widen(self) -> None:
        width = wider(self.width)
        times, steps = width // self.width, self._steps
        self._steps, self.width = {}, width
        self._first, self._last = self._first // times, self._last // times
        for step, value in steps.items():
            joined = self._steps.setdefault(step // times, self._make())
            self._merge(joined, value)
