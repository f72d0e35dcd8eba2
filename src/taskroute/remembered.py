"""Decisions by their ids, and the latest ones by the context that they were taken in."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
from collections.abc import Generator
from contextvars import ContextVar
from typing import Final

from taskroute.types import Decision

_last: Final[ContextVar[Decision | None]] = ContextVar("taskroute_last_decision", default=None)
_captured: Final[ContextVar[list[Decision] | None]] = ContextVar("taskroute_captured_decisions", default=None)

_numbers: Final = itertools.count(1)
_process = secrets.token_hex(5)


def _after_fork() -> None:
    """A child of a fork must not repeat its parent's decision ids."""
    global _process  # noqa: PLW0603
    _process = secrets.token_hex(5)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def new_id() -> str:
    """Return an id for a decision, unlike any other of this or another process."""
    return f"{_process}-{next(_numbers):x}"


def remember(decision: Decision) -> None:
    """Keep a decision for `last_decision`, and for whoever captures decisions."""
    _last.set(decision)
    captured = _captured.get()
    if captured is not None:
        captured.append(decision)


def last_decision() -> Decision | None:
    """Return the decision that was remembered last in this context, or None."""
    captured = _captured.get()
    return captured[-1] if captured else _last.get()


@contextlib.contextmanager
def capture_decisions() -> Generator[list[Decision]]:
    """Collect every decision that is remembered inside the `with` block, oldest first."""
    decisions: list[Decision] = []
    token = _captured.set(decisions)
    try:
        yield decisions
    finally:
        _captured.reset(token)
