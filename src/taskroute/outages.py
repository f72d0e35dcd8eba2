"""What is said of a classifier that fails: a warning for each time that it begins to, and in the log where it did."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable
from typing import Final

from taskroute.errors import ConfigurationError
from taskroute.warn import warn_again

LOGGER: Final = "taskroute"
_logger: Final = logging.getLogger(LOGGER)
_APART: Final = 60.0
"""Seconds between two warnings: one that fails now and then is not warned of all the time."""
_MOST_MISTAKES: Final = 8
"""So many different mistakes in how it is set up are told."""


class Outages:
    """Warns of a classifier that fails: once until it told something again, and at most once a minute by `now`.

    The log has each traceback at DEBUG, without what the error says: that may quote the prompt, or a key. A ConfigurationError is no
    outage: it says what to do, and each is told once.
    """

    def __init__(self, name: str, now: Callable[[], float] = time.monotonic) -> None:
        self.is_on = False
        """Whether it failed, and has told nothing since."""
        self._name = name
        self._now = now
        self._told: dict[str, object] = {}
        """The warning of this outage, if it was given."""
        self._last: float | None = None
        self._mistakes: dict[str, object] = {}

    def failed(self, error: Exception) -> None:
        """Say that it failed with this. Never raises."""
        if _logger.isEnabledFor(logging.DEBUG):
            where = "".join(traceback.format_tb(error.__traceback__))
            _logger.debug("the classifier %r failed with %s:\n%s", self._name, type(error).__name__, where)
        if isinstance(error, ConfigurationError):
            self._mistaken(str(error))
            return
        self.is_on = True
        now = self._now()
        if self._told or (self._last is not None and now - self._last < _APART) or not _first(self._told, type(error).__name__):
            return
        self._last = now
        said = f"the classifier {self._name!r} failed with {type(error).__name__} and abstains"
        warn_again(f"{said}; the logger {LOGGER!r} has at DEBUG where that was")

    def over(self) -> None:
        """Say that it told something again."""
        self.is_on = False
        self._told = {}

    def _mistaken(self, text: str) -> None:
        if len(self._mistakes) < _MOST_MISTAKES and _first(self._mistakes, text):
            warn_again(f"{text}; it abstains")


def _first(said: dict[str, object], text: str) -> bool:
    token = object()
    # setdefault is atomic, so that of many threads one warns.
    return said.setdefault(text, token) is token
