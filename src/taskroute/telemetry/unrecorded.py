"""A call whose route span the sampler dropped: what others write inside of it is dropped with it, by the same decision."""

from __future__ import annotations

from contextlib import AbstractContextManager

from opentelemetry import trace
from opentelemetry.trace import Span

from taskroute.steps import Event, Step
from taskroute.telemetry.current import Active
from taskroute.types import Decision, Outcome


class Unrecorded:
    """Keeps the span current while somebody works, and writes nothing. Without it, spans inside would begin traces of their own."""

    __slots__ = ("_route",)

    def __init__(self, route: Span) -> None:
        self._route = route

    def decided(self, decision: Decision) -> None: ...

    def step(self, step: Step, at: float) -> None: ...

    def event(self, event: Event, failure: str | None, at: float) -> None: ...

    def active(self) -> AbstractContextManager[object]:
        return Active(self._route)

    def finished(self, outcome: Outcome, at: float) -> None: ...


def unrecorded(route: Span) -> Unrecorded | None:
    """Return what follows a call whose span is not recorded; None where there is no span of its own, since nobody has an SDK."""
    own = route.get_span_context()
    # Without an SDK, the API hands out the parent again.
    if not own.is_valid or own.span_id == trace.get_current_span().get_span_context().span_id:
        return None
    return Unrecorded(route)
