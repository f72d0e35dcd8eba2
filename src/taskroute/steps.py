"""What the plan asks its driver to do (steps), and what the driver reports back (events)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from taskroute.types import Classification, Decision, NeedSignal, Reply

if TYPE_CHECKING:
    from taskroute.decision.snapshot import Snapshot


class Classify(NamedTuple):
    """Ask the classifier, which needs I/O; answer with `Classified`."""

    need: NeedSignal
    timeout: float | None = None
    """Seconds that it may take, where the host can hold it to that."""


class Attempt(NamedTuple):
    """Send the request to a model; answer with `Opened` (streams), `Ended`, `Failed` or `Cancelled`."""

    model: str
    number: int
    """1 for the first model, 2 for its first fallback, …"""
    retry: int
    timeout: float | None
    """Seconds that this try may take; None for no limit."""
    decision: Decision
    tries: int = 1
    """How many tries the call has come to, this one included."""
    fallback_from: str | None = None
    fallback_reason: str | None = None
    timeout_enforced: str | None = None
    """How the timeout is held: `client` (set on the client), `async` (the task is cancelled) or `none`; None without a timeout."""
    snapshot: Snapshot | None = None
    """The policy that the call began under; the router may have another by now."""


class Wait(NamedTuple):
    """Sleep, then answer with `Waited`."""

    seconds: float
    model: str
    failure: str


class Deliver(NamedTuple):
    """Give the stream to the caller; answer with `Ended`, `Failed` or `Cancelled`."""

    model: str


Step = Classify | Attempt | Wait | Deliver


class Classified(NamedTuple):
    """The classifier answered; None when it failed or timed out."""

    result: Classification | None
    at: float


class Opened(NamedTuple):
    """A stream has something to give."""

    first: Any
    at: float


class Ended(NamedTuple):
    """The model answered in full."""

    reply: Reply
    at: float


class Failed(NamedTuple):
    """The try failed after `delivered` chunks had been given out."""

    error: BaseException
    delivered: int
    at: float


class Waited(NamedTuple):
    """The wait is over."""

    at: float


class Cancelled(NamedTuple):
    """The caller gave up."""

    error: BaseException | None
    at: float


Event = Classified | Opened | Ended | Failed | Waited | Cancelled
