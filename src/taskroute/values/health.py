"""How models are doing, and what else changes between calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from taskroute.values.nothing import NOTHING


class Percentiles(NamedTuple):
    """How long answers took, in seconds."""

    p50: float
    p90: float
    p99: float


class LastError(NamedTuple):
    """A failure, without its message: a provider may quote the prompt in it."""

    failure: str
    """The failure class."""
    type: str
    """The class of the exception; '' where there was none."""
    at: float
    """Seconds since the epoch."""


class ModelHealth(NamedTuple):
    """How a model has been doing, as this router has seen it."""

    state: Literal["closed", "open", "half_open"] = "closed"
    """Of its circuit: `closed` lets calls through, `open` does not, `half_open` lets one through to see."""
    tries: int = 0
    """Tries that ended within the breaker's window."""
    error_rate: float | None = None
    """Share of these that failed in a way that tells of the model, not of the call; None without any."""
    latency: Percentiles | None = None
    """Of recent whole answers, streams included; None without any."""
    first_chunk: Percentiles | None = None
    """Of recent streams: until there was something to give out."""
    last_error: LastError | None = None
    opened_by: str = ""
    """What opened the circuit last, as one sentence; '' when it never was."""
    retry_after: float | None = None
    """Seconds until an open circuit lets a call through."""


class StateView(NamedTuple):
    """A look at what changes between calls, taken before a decision; the same for the whole of it."""

    unavailable: Mapping[str, str] = NOTHING
    """Model name to the reason it must not be called now."""
    health: Mapping[str, ModelHealth] = NOTHING
    """Every model that was ever tried."""
    opened_by: Mapping[str, str] = NOTHING
    """Of each unavailable model, the class of the failure that opened its circuit."""
    settled: bool = False
    """Whether every circuit is closed and nobody else may have opened one, so that the first model need not be asked for."""
    last: str | None = None
    """The model that answered last in the conversation of the call; None where that is not known."""
    warm: Mapping[str, int] = NOTHING
    """Tokens of that conversation that the provider of each model is known to hold in its cache."""


NO_STATE: Final = StateView()
