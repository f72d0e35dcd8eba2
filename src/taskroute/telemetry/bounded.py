"""Telling only so many values of a metric's attribute apart: every one of them is a series that somebody keeps."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Final

from taskroute.telemetry import attributes as names
from taskroute.telemetry.masking import LONGEST_NAME, masked

OTHER: Final = "other"
"""Stands for every value beyond those that are told apart."""
_CLOSED: Final = frozenset(
    {
        names.STATUS,
        names.CAUSE,
        names.MODE,
        names.FAILURE,
        names.FALLBACK_REASON,
        names.CACHE_STATUS,
        names.VALIDATION_FAILURE,
        names.COST_SAVED_BASIS,
        names.TOKEN_TYPE,
        names.TOKEN_MODALITY,
    }
)
"""Attributes whose values are all known beforehand, and few."""

Value = str | int
_ALLOWED: Final = (str, int)
_NONE: Final[Mapping[Value, None]] = {}


class Bounded:
    """Remembers of each attribute the values that came first. Safe to use from many threads, and after a fork."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: dict[str, dict[Value, None]] = {}

    def attributes(self, most: int, values: Mapping[str, object]) -> dict[str, Value]:
        """Return the values that are known, with `other` for each that is not among the first `most` of its attribute.

        A number has no `other`, and is left out. What is neither text nor a number, as a host may give it, is `other`.
        """
        told: dict[str, Value] = {}
        for name, value in values.items():
            if value is None or value == "":
                continue
            if not isinstance(value, _ALLOWED):
                told[name] = OTHER
            elif value in self._kept.get(name, _NONE) or name in _CLOSED or self._admits(name, value, most):
                told[name] = value
            elif not isinstance(value, int):
                told[name] = OTHER
        return told

    def _admits(self, name: str, value: Value, most: int) -> bool:
        if len(self._kept.get(name, _NONE)) >= most or not _is_name(value):
            return False
        with lock():
            kept = self._kept.setdefault(name, {})
            if value not in kept and len(kept) >= most:
                return False
            kept[value] = None
            return True


def _is_name(value: Value) -> bool:
    """Return whether a value may go out: no key may, and an exporter that cannot encode one loses all that goes with it."""
    if isinstance(value, int):
        return True
    if len(value) > LONGEST_NAME or masked(value) != value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


# Reentrant, since the collector may end a forgotten stream, and with it a call, while this thread holds it.
_lock = threading.RLock()


def lock() -> AbstractContextManager[object]:
    """Return what to hold while something is made that all threads share. Never kept: a child of a fork has another."""
    return _lock


def _after_fork() -> None:
    """A lock that another thread held at a fork would never be let go in the child."""
    global _lock  # noqa: PLW0603
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
