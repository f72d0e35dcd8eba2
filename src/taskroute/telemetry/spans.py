"""OpenTelemetry spans of a routed call: one `route …` span, and under it one span for each model that was tried, such as `chat …`.

Where something else writes the latter, each is an event on the route span.

Nothing that a prompt or an answer says is written: exceptions leave their type and failure class, never their message.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Tracer, TracerProvider
from opentelemetry.util.types import AttributeValue

from taskroute.steps import (
    Acquire,
    Acquired,
    Attempt,
    Cancelled,
    Classified,
    Classify,
    Ended,
    Event,
    Failed,
    Opened,
    Released,
    Step,
    Validate,
    Validated,
)
from taskroute.telemetry import attributes as names
from taskroute.telemetry import describe
from taskroute.telemetry.attempt_event import AttemptEvent
from taskroute.telemetry.attempt_span import AttemptSpan, Written, mark_failed
from taskroute.telemetry.describe import KnownModel
from taskroute.telemetry.settings import SILENT, Telling
from taskroute.types import Call, Decision, Outcome

__all__ = ["CallSpans", "KnownModel", "SpanObserver"]

_HELD: Final[ContextVar[object]] = ContextVar("taskroute_held_span")


class SpanObserver:
    """Writes spans for every call that the tracer provider records; costs a few microseconds when there is none.

    Without `tracer_provider` the global one is used, also when it is set later. `models` looks a model up by its name in the policy.
    """

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        models: Callable[[str], KnownModel | None],
        telling: Callable[[], Telling] = lambda: SILENT,
        wall_clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._telling = telling
        # The global provider's tracer is a proxy until a provider is set, and the real one from then on.
        self._tracer = trace.get_tracer(names.SCOPE, _own_version(), tracer_provider)
        self._models = models
        self._wall_clock = wall_clock

    def begin(self, call: Call, at: float) -> CallSpans | None:
        """Open the route span and return what follows the call, or None when the span is not recorded."""
        start = self._wall_clock()
        route = self._tracer.start_span(names.ROUTE_SPAN, start_time=start, record_exception=False, set_status_on_exception=False)
        if not route.is_recording():
            return None
        return CallSpans(route, tracer=self._tracer, models=self._models, call=call, zero=start - int(at * 1e9))


class CallSpans:
    """The spans of one call. Times are the driver's, laid over the wall clock once at the beginning."""

    __slots__ = (
        "_answered",
        "_asked_at",
        "_asked_for",
        "_attempt",
        "_children",
        "_decided",
        "_fell",
        "_finished",
        "_models",
        "_operation",
        "_probe",
        "_route",
        "_sent",
        "_served",
        "_traced",
        "_tracer",
        "_zero",
    )

    def __init__(self, route: Span, *, tracer: Tracer, models: Callable[[str], KnownModel | None], call: Call, zero: int) -> None:
        self._route = route
        self._tracer = tracer
        self._models = models
        self._operation = call.operation
        self._traced = call.traced
        self._zero = zero
        # Kept from the beginning: a stream may be read in a thread or a task that knows nothing of the caller's trace.
        self._children = trace.set_span_in_context(route, otel_context.get_current())
        self._attempt: AttemptSpan | None = None
        self._answered: AttemptSpan | None = None
        """One whose answer is there, and may be examined."""
        self._asked_for = ""
        self._probe = False
        self._sent = 0
        self._fell: list[tuple[str, str | None]] = []
        self._served: list[tuple[str, str | None]] = []
        """What a stored answer came in the place of."""
        self._asked_at: float | None = None
        self._decided = False
        self._finished = False

    def decided(self, decision: Decision) -> None:
        """Name the route span and write the decision on it."""
        self._decided = True
        self._route.update_name(f"{names.ROUTE_SPAN} {decision.route or names.UNNAMED_ROUTE}")
        self._route.set_attributes(describe.of_decision(decision))

    def step(self, step: Step, at: float) -> None:
        """Open a span for a model that was not tried yet; count a retry in the span that is open."""
        if self._answered is not None and not isinstance(step, Validate):
            self._examined(None)
        if isinstance(step, Attempt) and not self._finished:
            if step.cached is None:
                self._try(step, self._ns(at))
            else:
                self._serve(step, self._ns(at))
        elif isinstance(step, Acquire):
            self._asked_for = step.model
        elif isinstance(step, Classify):
            self._asked_at = at

    def event(self, event: Event, failure: str | None, at: float) -> None:
        """Write what became of the step."""
        attempt = self._attempt
        if isinstance(event, Acquired):
            self._acquired(event, at)
        elif isinstance(event, Classified):
            self._classified(at)
        elif isinstance(event, Validated):
            self._examined(event)
        elif attempt is None:
            return
        elif isinstance(event, Failed | Cancelled) and event.reply is not None:
            attempt.paid_for(event.reply)
        if attempt is None:
            return
        if isinstance(event, Released):
            if event.is_open:
                attempt.span.set_attribute(names.CIRCUIT_OPEN, True)
        elif isinstance(event, Opened):
            attempt.opened(self._ns(at))
        elif isinstance(event, Failed):
            attempt.failed(event, failure, self._ns(at))
        elif isinstance(event, Ended):
            # Closed at once: a finished answer that is asked for again is another inference, with its own tokens and cost.
            self._attempt = None
            self._answered = attempt
            attempt.answered(event, self._ns(at))
        elif isinstance(event, Cancelled):
            self._attempt = None
            attempt.cancelled(self._ns(at))

    def active(self) -> AbstractContextManager[object]:
        """Return a context in which the open attempt is the current span; the route span when there is none of an attempt."""
        return _Active(self._attempt.current if self._attempt is not None else self._route)

    def finished(self, outcome: Outcome, at: float) -> None:
        """End every span that is open, with what became of the call on the route span."""
        if self._finished:
            return
        self._finished = True
        end = self._ns(at)
        try:
            self._examined(None)
            self._end_open_attempt(outcome, end)
            if not self._decided:
                self.decided(outcome.decision)
            self._route.set_attributes(self._of_outcome(outcome))
            if outcome.status == "failed":
                failure = outcome.tries[-1].failure if outcome.tries else None
                mark_failed(self._route, outcome.error, failure, end)
        finally:
            self._route.end(end)

    def _acquired(self, event: Acquired, at: float) -> None:
        self._probe = bool(event.probe)
        if event.refused is not None:
            why = {names.MODEL: self._asked_for, names.REASON: event.refused}
            self._route.add_event(names.SKIPPED_EVENT, why, self._ns(at))

    def _examined(self, found: Validated | None) -> None:
        attempt, self._answered = self._answered, None
        if attempt is not None:
            attempt.examined(found)

    def _classified(self, at: float) -> None:
        asked_at, self._asked_at = self._asked_at, None
        if asked_at is not None:
            self._route.set_attribute(names.CLASSIFIER_DURATION_MS, (at - asked_at) * 1000)

    def _ns(self, at: float) -> int:
        return self._zero + int(at * 1e9)

    def _try(self, step: Attempt, start: int) -> None:
        self._sent += 1
        last = self._attempt
        if last is not None and last.retries_with(step):
            last.retry(start)
            return
        if last is not None:
            self._attempt = None
            last.end(start)
        if step.fallback_from is not None and step.retry == 0:
            self._fell.append((step.fallback_from, step.fallback_reason))
        known = self._models(step.model)
        span, current = self._written(step, known, start)
        if self._probe:
            span.set_attribute(names.PROBE, True)
        named = known is not None and known.provider is not None
        self._attempt = AttemptSpan(span, current=current, model=step.model, start=start, named_provider=named)

    def _serve(self, step: Attempt, at: int) -> None:
        """End the span of the model that failed before: what is served now is no answer of it."""
        last, self._attempt = self._attempt, None
        if last is not None:
            last.end(at)
        self._served = [] if step.fallback_from is None else [(step.fallback_from, step.fallback_reason)]

    def _written(self, step: Attempt, known: KnownModel | None, start: int) -> tuple[Written, Span]:
        """Return what the attempt is written to, and the span that others hang below."""
        real = (known.model_id if known is not None else None) or step.model
        described = describe.of_request(step, known, real=real, operation=self._operation)
        mode = "auto" if step.snapshot is None else step.snapshot.policy.telemetry.spans
        if mode == "route_only" or (mode == "auto" and self._traced):
            return AttemptEvent(self._route, model=step.model, attributes=described), self._route
        span = self._tracer.start_span(
            f"{self._operation} {real}",
            context=self._children,
            kind=SpanKind.CLIENT,
            attributes=described,
            start_time=start,
            record_exception=False,
            set_status_on_exception=False,
        )
        return span, span

    def _end_open_attempt(self, outcome: Outcome, end: int) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is None:
            return
        if outcome.status == "cancelled":
            attempt.cancelled(end)
        elif outcome.status == "failed" and outcome.error is not None:
            attempt.end(end, error=outcome.error)
        else:
            attempt.end(end)

    def _of_outcome(self, outcome: Outcome) -> dict[str, AttributeValue]:
        fell = [*self._fell, *(self._served if outcome.is_cached else ())]
        fell_from, why = fell[0] if fell else (None, None)
        return describe.present(
            {
                names.MODEL: outcome.model,
                names.ATTEMPTS: self._sent,
                names.FALLBACK_COUNT: len(fell),
                names.FALLBACK_FROM: fell_from,
                names.FALLBACK_REASON: why,
                names.CANCELLED: True if outcome.status == "cancelled" else None,
                **describe.of_cache(outcome.cache),
                **describe.of_cost(outcome.cost),
            }
        )


class _Active:
    """Holds a span as the current one between enter and exit."""

    __slots__ = ("_attached", "_held", "_span")

    def __init__(self, span: Span) -> None:
        self._span = span

    def __enter__(self) -> Span:
        self._held: Token[object] = _HELD.set(self)
        self._attached = otel_context.attach(trace.set_span_in_context(self._span))
        return self._span

    def __exit__(self, *_: object) -> None:
        try:
            _HELD.reset(self._held)
        except ValueError:
            # A coroutine that is thrown away is unwound in whichever context is current then. What was attached is gone with
            # the task; detaching here would only log an error.
            return
        otel_context.detach(self._attached)


def _own_version() -> str | None:
    try:
        return version("taskroute")
    except PackageNotFoundError:
        return None
