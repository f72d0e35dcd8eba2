"""What a test tells the emulator to answer, the same for every provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

Kind = Literal[
    "bad_request",
    "context_overflow",
    "unauthorized",
    "not_found",
    "too_large",
    "rate_limit",
    "quota",
    "content_filter",
    "server_error",
    "unavailable",
    "overloaded",
]


class ToolCall(NamedTuple):
    """A function that the answer calls."""

    name: str
    arguments: Mapping[str, Any]


class Say(NamedTuple):
    """A successful answer. What is left out follows from the request: a tool call where there are tools, JSON where there is a schema."""

    text: str | None = None
    tools: tuple[ToolCall, ...] | None = None
    reasoning: str = ""
    """Text of the reasoning, where the provider gives it out."""
    finish: str | None = None
    """`stop`, `length`, `tool_calls` or `content_filter`, in the provider's own word; anything else is sent as it is."""
    refusal: str | None = None
    """The model refuses in the provider's own way, with these words where it has words."""
    input: int | None = None
    """Input tokens, cached ones included; None counts the request."""
    output: int | None = None
    """Output tokens, reasoning included; None counts the answer."""
    cached: int = 0
    cache_write: int = 0
    reasoned: int = 0
    """Reasoning tokens."""
    usage: bool = True
    """False: no usage at all."""
    short_delta: bool = False
    """Anthropic streams only: the older shape of usage, in which the last event has the output tokens alone."""
    extra: Mapping[str, Any] = {}
    """Fields that no client has heard of, added at the top of every object."""
    cost: float | Mapping[str, Any] | None = None
    """OpenAI's formats only: what hosts like OpenRouter add to the usage, as a number or with its parts."""
    tier: str | None = None
    """The class of service that answers; None for the provider's usual one."""
    cache_write_1h: int = 0
    """Anthropic only: how much of `cache_write` is kept for an hour."""
    error_after: int | None = None
    """Streams only: after so many pieces of text the provider sends an error event and ends."""


class Fault(NamedTuple):
    """An error as the provider words it."""

    kind: Kind
    retry_after: float | None = None
    """Seconds, said in the provider's own way."""


class Raw(NamedTuple):
    """These very bytes."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"


class Cut(NamedTuple):
    """The connection is cut, after so many events of a stream, or before the end of a plain body."""

    after: int = 0
    clean: bool = False
    """True: what was sent ends as a whole body does, so that nothing on the wire says that more was to come."""
    say: Say = Say()
    """What would have been answered."""


class Garbled(NamedTuple):
    """A stream of which, after so many events, only these bytes come, and then its proper end; a plain body is these bytes alone."""

    data: bytes
    after: int = 1


class Hang(NamedTuple):
    """No byte is sent for so many seconds; then the connection is cut."""

    seconds: float = 30.0


class Stall(NamedTuple):
    """A stream stops after so many events for so many seconds; then the connection is cut."""

    after: int = 1
    seconds: float = 30.0


Reply = Say | Fault | Raw | Cut | Garbled | Hang | Stall


class Asked(NamedTuple):
    """What the emulator reads of a request."""

    model: str
    prompt: str
    """Text of the latest message, if it is the user's; '' after a tool's result."""
    tools: Mapping[str, Mapping[str, Any]]
    """Name and JSON schema of the arguments of each tool."""
    schema: Mapping[str, Any] | None
    """JSON schema of the answer."""
    stream: bool
    include_usage: bool
    tokens: int
    """Input tokens, one for four characters of what was sent."""
    key: str
    """Tells this request from others; every id in the answer comes from it."""


class Answer(NamedTuple):
    """An answer with nothing left open."""

    asked: Asked
    text: str
    tools: tuple[ToolCall, ...]
    finish: str
    input: int
    output: int
    say: Say

    @property
    def blocked(self) -> bool:
        """Whether the model refused or a filter stopped it."""
        return self.say.refusal is not None


Rule = Callable[[Asked], Reply]
"""Makes a reply of what was asked, for as many requests as come."""
