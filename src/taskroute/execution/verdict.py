"""What a try says of its model, and what was granted for it. Pure."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from taskroute.decision.snapshot import JUDGED
from taskroute.errors import IncompleteStreamError
from taskroute.execution.failures import SAYS_NOTHING, TELLS_OF_THE_MODEL, Failure
from taskroute.steps import Attempt, Failed


class Ticket(NamedTuple):
    """What was granted for a try, and must be given back."""

    counts: bool
    """Whether somebody keeps account of the try."""
    asked: bool = False
    """Whether the model was asked for."""
    probe: float = 0.0
    """As `Acquired` says it."""
    settled: bool = False
    """Whether it has been told that the model answers."""


NOBODY: Final = Ticket(counts=False)
FREE: Final = Ticket(counts=True)
"""For a model that nobody speaks against: only its failures are told at once."""


def verdict(attempt: Attempt, event: Failed, failure: Failure, usual: float | None) -> Literal["answered", "failed", "void"]:
    """Return what a failed try says of the model. `usual` is the seconds that a try has in general."""
    if event.delivered and isinstance(event.error, IncompleteStreamError):
        # Its server may end every stream like this.
        return "void"
    if failure.kind in TELLS_OF_THE_MODEL:
        return "void" if failure.kind == "timeout" and _was_cut_short(attempt, usual) else "failed"
    # What no answer goes with may have been raised before anything was sent.
    if failure.kind in SAYS_NOTHING or (failure.kind in JUDGED and event.reply is None):
        return "void"
    return "answered"


def _was_cut_short(attempt: Attempt, usual: float | None) -> bool:
    """Return whether so little time was left that running out of it says nothing of the model."""
    if usual is None or attempt.timeout is None or attempt.timeout >= usual / 2:
        return False
    return attempt.first_chunk is None or attempt.first_chunk > attempt.timeout
