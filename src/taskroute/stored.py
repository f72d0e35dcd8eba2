"""Frozen values of the cache: what a request asks for as its answer depends on it, what is kept of an answer, and on which terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from taskroute.types import NOTHING, Cost, Usage


class Asked(NamedTuple):
    """A request as far as its answer depends on it, in one form for every host: JSON values only."""

    messages: Sequence[Mapping[str, Any]]
    """The conversation in OpenAI's chat format, as the host has it; the key leaves out ids and other noise."""
    tools: Sequence[Mapping[str, Any]] = ()
    """What the model may call, in OpenAI's format; a provider's own tools as they are."""
    schema: Any = None
    """What the answer must fit, and how it is asked for; None where nothing is asked for."""
    parameters: Mapping[str, Any] = NOTHING
    """Every other parameter of the call, those of the model included where the call does not override them. The key leaves noise out."""
    model: str = ""
    """What is called, such as `openai:gpt-5-mini`; with whatever else tells one model from another: class, address."""
    operation: str = "chat"
    """`chat`, or whose answers have another form: `text_completion`, `responses`, `messages`."""


class StoredCall(NamedTuple):
    """A call of a tool in a stored answer."""

    name: str
    arguments: str
    """JSON text."""
    id: str = ""


class StoredAnswer(NamedTuple):
    """An answer that may be served again, as JSON values."""

    text: str = ""
    calls: tuple[StoredCall, ...] = ()
    finish_reason: str | None = None
    model: str | None = None
    """The model that the provider says answered."""
    provider: str | None = None
    host: str | None = None
    """The only host that can serve it, because `native` says more than the rest; None where any can."""
    native: Mapping[str, Any] | None = None
    """The whole answer in that host's own form."""


class Entry(NamedTuple):
    """What a store keeps: an answer, where it belongs, and what it took. Nothing of the request."""

    answer: StoredAnswer
    model: str
    """The model's name in the policy when it was stored."""
    made: float
    """Seconds since the epoch."""
    until: float
    """When it is no longer fresh, in seconds since the epoch."""
    stage: str | None = None
    task: str | None = None
    tenant: str | None = None
    """A digest: `clear` can look for a tenant, and nobody can read one."""
    user: str | None = None
    usage: Usage | None = None
    cost: Cost | None = None
    """What the answer cost when it was made; None when no price is known."""


class Terms(NamedTuple):
    """On which terms one call may use the cache, by its policy."""

    namespace: str
    scope: Mapping[str, str] = NOTHING
    """Such as `tenant` to its value: answers are served only to calls of the same."""
    partition: str = ""
    """Where entries are kept that have a size limit of their own, such as `stage generate`; '' for all others."""
    ttl: float = 86_400.0
    """Seconds that an answer is fresh."""
    admit_after: int = 1
    """An answer is stored at its n-th sighting within `window` seconds."""
    window: float = 86_400.0
    stale: float = 0.0
    """Seconds that an expired answer is kept for the case that every model fails."""
    max_temperature: float = 2.0
    """Answers to calls above it are not stored."""
    tool_calls: bool = False
    """Whether answers that call tools are stored."""
    wait: float = 0.0
    """Seconds that an equal call waits for one that is under way; 0 for not at all."""
    refresh: bool = False
    """Whether a stored answer is passed over, and replaced."""
    stage: str | None = None
    task: str | None = None
