"""What a plan needs to know before it starts."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Final, NamedTuple

from taskroute.decision.snapshot import Snapshot
from taskroute.steps import Event, Step
from taskroute.types import NO_STATE, Call, Decision, Outcome, StateView

ORIGINAL: Final = "(original)"
"""Stands for the model that was there before taskroute, where only observing is asked for."""

Plan = Generator[Step, Event, Outcome]


class Request(NamedTuple):
    """One call, and what may be asked of its surroundings."""

    snapshot: Snapshot
    call: Call
    started: float
    """The clock's reading when the call came in."""
    decision_id: str = ""
    state: StateView = NO_STATE
    has_original: bool = False
    held_by: Callable[[str], str] = lambda model: "none"
    """How a timeout is held for a model: `client`, `async` or `none`."""
    chance: Callable[[], float] = lambda: 0.5
    """A number from 0 to 1, for jitter."""
    guarded: bool = False
    """Whether somebody keeps account of the models, so that each try is asked for and given back."""
    client_retries: Callable[[str], int | None] = lambda model: None
    """How often a model's own client tries again unseen."""
    scored: Callable[[str | None], bool] = lambda route: True
    """Whether the user has a check for the answers of a route."""
    retries: bool = True
    """Whether the policy's retries are made; False where the host tries again by itself."""
    is_async: bool = False
    """Whether the driver may cancel an attempt whose time is up, whoever else holds its limits."""
    caches: bool = False
    """Whether there is a cache to look into."""
    told: bool = False
    """Whether observers want to hear what is said."""


def soonest(decision: Decision, state: StateView) -> float | None:
    """Return the seconds until the first of the rejected models may be called again; None when no wait would help."""
    waits = [
        health.retry_after
        for model, reason in decision.rejected.items()
        if reason == state.unavailable.get(model) and (health := state.health.get(model)) is not None
    ]
    return min((wait for wait in waits if wait is not None), default=None)
