"""How calls are carried out: the sections of a policy on retries, time limits, fallbacks and circuits."""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Final, Literal, TypeVar, get_args

from pydantic import BeforeValidator, Discriminator, Field, Tag

from taskroute.policy.values import DURATION_SCHEMA, Duration, Many, ShortForm
from taskroute.policy.when import Section

FailureClass = Literal[
    "rate_limit",
    "timeout",
    "server_error",
    "connection",
    "auth",
    "not_found",
    "context_overflow",
    "refusal",
    "invalid_output",
    "truncated",
    "low_confidence",
]
DEFAULT_FALLBACK_ON: Final[tuple[FailureClass, ...]] = (
    "rate_limit",
    "timeout",
    "server_error",
    "connection",
    "auth",
    "not_found",
    "context_overflow",
)


class Timeout(Section):
    """Time limits. Only the time spent waiting for a model counts, not what the caller does between two chunks."""

    attempt: Duration | None = None
    """For one try."""
    call: Duration | None = None
    """For the whole call, with its retries and fallbacks."""
    first_chunk: Duration | None = None
    """Until a stream has something to give out."""
    between_chunks: Duration | None = None
    """Between two chunks after that."""
    threads: bool = False
    """Whether a sync call with a limit runs in a thread, which is left behind when its time is up."""


class Retry(Section):
    """Tries of the same model after the first, for failures that pass by themselves."""

    extra: Annotated[int, Field(ge=0, le=10)] = 1
    backoff: Duration = 0.5
    """The wait before the first retry; it doubles each time, with jitter."""
    max_wait: Duration = 8.0
    """A longer wait, also one that the provider asks for, goes to the next model at once."""


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Fallback(Section):
    """When the next model is asked."""

    on: Annotated[
        Many[FailureClass], BeforeValidator(_one_or_many), ShortForm({"type": "string", "enum": list(get_args(FailureClass))})
    ] = DEFAULT_FALLBACK_ON
    """Failure classes; an empty list says that none goes to another model.

    `invalid_output`, `truncated`, `refusal` and `low_confidence` are about answers that were given: each is examined before the caller
    gets it, as long as a stronger model is left.
    """
    hold: Duration = 10.0
    """How long a stream is held back for that; what takes longer is given out as it comes, unexamined."""
    min_score: Annotated[float, Field(ge=0, le=1)] = 0.5
    """An answer that the user's check gives less is of low confidence."""


class Breaker(Section):
    """When a model that fails is left alone for a while."""

    failures: Annotated[int, Field(ge=1, le=10_000)] = 5
    """So many tries must fail within the window…"""
    rate: Annotated[float, Field(gt=0, le=1)] = 0.5
    """…and be at least this share of all its tries there."""
    window: Duration = 60.0
    cooldown: Duration = 30.0
    """Then it is not called for this long; after that one call is let through to see."""


def as_timeout(value: Any) -> Any:
    return {"attempt": value} if isinstance(value, str | int | float) else value


def as_fallback(value: Any) -> Any:
    if isinstance(value, str) and value != "none":
        if difflib.get_close_matches(value.casefold(), ["none"]):
            raise ValueError(f"{value!r} is not known; did you mean 'none'?")
        raise ValueError(f"{value!r} is not known; write 'none', or a mapping with 'on'")
    if isinstance(value, dict) and value.get("on") in ([], ()):  # pyright: ignore[reportUnknownMemberType]
        raise ValueError("'on' is empty; write 'fallback: none' to stop at this route's own models, or name at least one failure class")
    return value  # pyright: ignore[reportUnknownVariableType]


def as_policy_fallback(value: Any) -> Any:
    if isinstance(value, str):
        raise ValueError(f"this must be a mapping with 'on', not {value!r}; write {{on: []}} to never go to another model")
    return value


RouteFallback = Annotated[
    Annotated[Literal["none"], Tag("none")] | Annotated[Fallback, Tag("mapping")],
    Discriminator(lambda value: "none" if value == "none" else "mapping"),
    BeforeValidator(as_fallback),
]


def _as_breaker(value: Any) -> Any:
    if value != "none" and not isinstance(value, dict):
        raise ValueError(
            f"{value!r} is not known; write 'none' for no breaker, or a mapping with some of: failures, rate, window, cooldown"
        )
    return value  # pyright: ignore[reportUnknownVariableType]


PolicyBreaker = Annotated[
    Annotated[Literal["none"], Tag("none")] | Annotated[Breaker, Tag("mapping")],
    Discriminator(lambda value: "none" if value == "none" else "mapping"),
    BeforeValidator(_as_breaker),
]
TimeoutOrDuration = Annotated[Timeout, BeforeValidator(as_timeout), ShortForm(DURATION_SCHEMA)]


S = TypeVar("S", bound=Section)


def over(general: S, own: S) -> S:
    """Return a section of the policy with what a route writes of it in its place."""
    # Not validated again: that reads durations as they are written, and these are seconds already.
    return general.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})
