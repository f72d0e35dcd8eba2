"""What a report says: frozen values, ready to be shown as a page, a table or JSON. Unknown is None."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from taskroute.types import EXACT, NOTHING

DIMENSIONS: Final = ("stage", "task", "model", "tenant", "route")
"""What calls are told apart by."""

Amounts = Mapping[str, Decimal]
"""An amount for each currency; they are never added to one another."""


class Money(NamedTuple):
    """What all calls came to in one currency."""

    currency: str
    spent: Decimal
    spent_estimate: Decimal
    """Of that, calls of which no provider has counted the tokens, such as streams that were dropped."""
    aside: Decimal
    """Of what is spent, what classifiers and checks asked of models."""
    saved_by_cache: Decimal
    saved_estimate: Decimal
    """Against the baseline: what the same tokens would have cost there, so an estimate."""
    baseline: Decimal
    """What the calls of that estimate would have cost."""

    @property
    def saved(self) -> Decimal:
        return EXACT.add(self.saved_by_cache, self.saved_estimate)


class Calls(NamedTuple):
    """How many calls there were, and what became of them."""

    total: int
    answered: int
    failed: int
    cancelled: int
    fell_back: int
    """Calls that went on to another model at least once."""
    fallbacks: int
    """How often that happened."""
    requests: int
    """What was sent to models, retries included."""
    unpriced: int
    """Calls that asked a model and whose cost is not known: they are in no sum."""


class Tokens(NamedTuple):
    """The tokens that taskroute's own spans of models tell of; None where models were asked, and no span tells."""

    input: int | None
    output: int | None


class Row(NamedTuple):
    """The calls that have something in common."""

    name: str | None
    """None for those that do not say."""
    calls: int
    failed: int
    hits: int
    unpriced: int
    priced: Mapping[str, int] = NOTHING
    """Calls of known cost, by its currency."""
    spent: Amounts = NOTHING
    saved: Amounts = NOTHING


class Grouped(NamedTuple):
    """Rows, the dearest first, and what is left of them in one."""

    rows: tuple[Row, ...]
    rest: Row | None = None


class Step(NamedTuple):
    """A piece of time, from its beginning in seconds since the epoch."""

    start: int
    row: Row


class Times(NamedTuple):
    """What happened when. Steps in which nothing did are left out."""

    width: int
    """Length of a step in seconds."""
    steps: tuple[Step, ...]


class Latency(NamedTuple):
    """How long something took, in seconds."""

    name: str | None
    calls: int
    p50: float
    p90: float
    p99: float


class Latencies(NamedTuple):
    """Latencies by name, the most used first, and those of all further names in one."""

    rows: tuple[Latency, ...]
    rest: Latency | None = None


class Counted(NamedTuple):
    """How often something happened to a model."""

    model: str | None
    what: str | None
    times: int


class Quality(NamedTuple):
    """What the user's check gave for a model's answers, and what these cost."""

    model: str | None
    scored: int
    score: Decimal
    """The mean."""
    cost: Amounts
    """The mean of those of known cost."""


class Dear(NamedTuple):
    """A call that cost much. Nothing of what it said."""

    decision_id: str | None
    trace_id: str
    start: float | None
    route: str | None
    stage: str | None
    model: str | None
    cost: Decimal
    input: int | None
    output: int | None


class Others(NamedTuple):
    """Inferences that spans of other instrumentations tell of."""

    inferences: int
    """Those in traces without a routed call."""
    input: int
    output: int
    left_out: int
    """Those in traces with one, where they may be the same once more."""


class Read(NamedTuple):
    """What was read to get there."""

    lines: int
    broken: int
    """Lines, or spans in them, that are none."""
    spans: int
    repeated: int
    outside: int
    """Spans before or after the time that was asked for."""


class Report(NamedTuple):
    """Everything that is said of some calls."""

    first: float | None
    last: float | None
    calls: Calls
    tokens: Tokens
    cache: Mapping[str, int]
    """Calls by what the cache had for them."""
    money: tuple[Money, ...]
    """One for each currency, the most used first."""
    groups: Mapping[str, Grouped]
    """For each of DIMENSIONS."""
    times: Times
    routes: Latencies
    models: Latencies
    failures: tuple[Counted, ...]
    """Requests that failed, and answers that were no good."""
    fallbacks: tuple[Counted, ...]
    """Calls by the first model that they left, and why."""
    quality: tuple[Quality, ...]
    dearest: Mapping[str, tuple[Dear, ...]]
    """By currency."""
    others: Others
    read: Read
