"""What the plan asks its driver to do (steps), and what the driver reports back (events)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from taskroute.stored import Entry, Terms
from taskroute.types import Classification, Cost, Decision, NeedSignal, Reply

if TYPE_CHECKING:
    from taskroute.decision.snapshot import Snapshot


class Classify(NamedTuple):
    """Ask the classifier, which needs I/O; answer with `Classified`."""

    need: NeedSignal
    timeout: float | None = None
    """Seconds that it may take, where the host can hold it to that."""


class Ask(NamedTuple):
    """The classifier asks a model, as a part of `Classify`; `AskEnded` follows. Told to observers alone."""

    model: str
    timeout: float | None = None


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
    """How the timeout is held: `client` (set on the client), `async` (the task is cancelled), `thread` (which is left behind) or `none`."""
    snapshot: Snapshot | None = None
    """The policy that the call began under; the router may have another by now."""
    first_chunk: float | None = None
    """Seconds until a stream must have something to give out."""
    between_chunks: float | None = None
    """Seconds that may pass between two chunks of a stream after that."""
    checks: frozenset[str] = frozenset()
    """The classes of failure that the answer will be examined for."""
    hold: float = 0.0
    """Seconds that a stream is held back for `checks`; what takes longer is given out unexamined."""
    client_retries: int | None = None
    """Retries that the model's own client makes unseen; None where it does not say."""
    given_up: tuple[Cost | None, ...] = ()
    """What each earlier answer of this call cost that was not good enough."""
    keeps: bool = False
    """Whether the answer may be stored, so that the reply must have it in a form for that."""
    lead: Lead | None = None
    """Where others may be waiting for it."""
    cached: Found | None = None
    """The answer to serve in the place of asking the model, which is not asked."""
    told: bool = False
    """Whether observers want to hear what was said, so that the reply must have it in a form for that (`Reply.said`)."""
    aside: tuple[Cost | None, ...] = ()
    """What the classifier's and the checks' own calls have cost until now."""


class Lookup(NamedTuple):
    """Look for a stored answer of a model, or wait for one that is under way; answer with `Found`, `Missed` or `Cancelled`."""

    model: str
    terms: Terms
    snapshot: Snapshot
    first_chunk: float | None = None
    """Seconds until a stream must have something to give out: it waits no longer than that for another call either."""


class Save(NamedTuple):
    """Store an answer, and let go of the calls that wait for it; answer with `Saved`."""

    lead: Lead
    attempt: Attempt
    reply: Reply
    terms: Terms


class Forgo(NamedTuple):
    """Say that no answer to store will come, so that nobody waits any longer; answer with `Saved`."""

    lead: Lead
    failed: bool
    """Whether the model failed, or gave nothing to store; else the call was cancelled, and another may take its place."""


class Acquire(NamedTuple):
    """Ask whether a model may be called now; answer with `Acquired`. What is granted is given back with `Release`."""

    model: str


class Release(NamedTuple):
    """Say how a try ended, and give back what `Acquire` granted; answer with `Released`."""

    model: str
    verdict: Literal["answered", "failed", "void"]
    """What the try says of the model: that it answers, that it does not, or nothing."""
    seconds: float | None
    """How long a whole answer took; None when none came."""
    probe: float = 0.0
    """As `Acquired` said it."""
    failure: str | None = None
    error: BaseException | None = None
    wait: float | None = None
    """Seconds that the provider asked to wait."""
    first_chunk: float | None = None
    """Seconds until a stream had something to give out."""


class Validate(NamedTuple):
    """Examine an answer that is in hand and not given out; answer with `Validated`."""

    attempt: Attempt
    reply: Reply
    min_score: float
    timeout: float | None = None
    """Seconds that an async check may take: when the time of the call is up, the answer is the caller's."""
    empty: bool = False
    """Whether it is a stream that ended without anything in it, so that there is nothing to look at."""


class Wait(NamedTuple):
    """Sleep, then answer with `Waited`."""

    seconds: float
    model: str
    failure: str


class Deliver(NamedTuple):
    """Give the stream to the caller; answer with `Ended`, `Failed` or `Cancelled`."""

    model: str
    tries: int = 0
    """Which try's stream, by its `Attempt.tries`."""


Step = Classify | Ask | Lookup | Acquire | Attempt | Wait | Validate | Deliver | Save | Forgo | Release


class Classified(NamedTuple):
    """The classifier answered; None when it failed or timed out."""

    result: Classification | None
    at: float


class AskEnded(NamedTuple):
    """The model that the classifier asked has answered, or failed."""

    at: float
    reply: Reply | None = None
    error: BaseException | None = None


class Opened(NamedTuple):
    """A stream has something to give."""

    first: Any
    at: float
    first_chunk: float | None = None
    """Seconds of waiting for the model until then."""


class Ended(NamedTuple):
    """The model answered in full."""

    reply: Reply
    at: float
    waited: float | None = None
    """Seconds of a stream that were spent waiting for the model; the rest was the caller's own."""
    held: bool = False
    """Whether this is a stream of which nothing has been given out: `Deliver` does that."""
    useful: bool = True
    """False for a stream without anything that the caller could use."""
    first_chunk: float | None = None
    """Seconds of waiting until a stream had something to give out."""
    chunks: int | None = None
    """Chunks of a stream from then on, that one included, where they are counted."""


class Failed(NamedTuple):
    """The try failed after `delivered` chunks had been given out."""

    error: BaseException
    delivered: int
    at: float
    reply: Reply | None = None
    """The answer that was paid for, where one came and could not be used; of a stream the part that came, its cost an estimate."""


class Waited(NamedTuple):
    """The wait is over."""

    at: float


class Acquired(NamedTuple):
    """Whether the model may be called."""

    at: float
    refused: str | None = None
    """Why it may not."""
    probe: float = 0.0
    """Not 0 for the one call that a half-open circuit lets through: until when it is that."""
    wait: float | None = None
    """Seconds until it may, where it may not."""
    failure: str | None = None
    """The class of the failure that opened its circuit, where it may not."""


class Lead(Protocol):
    """What a call holds that may store an answer. Equal calls may be waiting for it."""

    @property
    def key(self) -> str: ...
    def away(self) -> None:
        """Say that the caller has the latest chunk of a stream, and takes its time: nobody waits for a slow reader."""
        ...

    def back(self) -> None:
        """Say that the next chunk is asked for."""
        ...


class Found(NamedTuple):
    """There is a stored answer."""

    at: float
    entry: Entry
    age: float
    """Seconds since it was made."""
    stale: bool = False
    """Whether its time is over."""


class Missed(NamedTuple):
    """There is no stored answer to serve now."""

    at: float
    lead: Lead | None = None
    """None where the answer will not be stored either."""
    stale: Found | None = None
    """An answer whose time is over, for the case that every model fails."""
    why: str = ""
    """Why the cache had no part in it; '' where it was looked into."""


class Saved(NamedTuple):
    """It is stored, or not; nobody waits."""

    at: float


class Released(NamedTuple):
    """The try is accounted for."""

    at: float
    is_open: bool = False
    """Whether the model's circuit is open now."""


class Validated(NamedTuple):
    """What the examination found."""

    at: float
    failure: str | None = None
    """The class of what is wrong with the answer; None when it is as it should be."""
    detail: str = ""
    """What is wrong, in words that quote nothing of the answer."""
    score: float | None = None
    """What the user's check gave."""
    aside: tuple[Cost | None, ...] = ()
    """What the check's own calls to models cost; nothing where it made none."""


class Cancelled(NamedTuple):
    """The caller gave up."""

    error: BaseException | None
    at: float
    reply: Reply | None = None
    """What had come of a stream by then, its cost an estimate."""


Event = Classified | AskEnded | Found | Missed | Acquired | Opened | Ended | Failed | Waited | Validated | Saved | Released | Cancelled
