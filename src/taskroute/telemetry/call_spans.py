"""The spans of one call, as its steps are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace import Span, SpanContext, SpanKind, Tracer
from opentelemetry.util.types import AttributeValue

from taskroute.steps import (
    Acquire,
    Acquired,
    Ask,
    AskEnded,
    Attempt,
    Cancelled,
    Classified,
    Classify,
    Deliver,
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
from taskroute.telemetry import beside, describe, money, requested
from taskroute.telemetry.ask_span import AskSpan
from taskroute.telemetry.attempt_event import AttemptEvent
from taskroute.telemetry.attempt_span import AttemptSpan, Writing, mark_failed
from taskroute.telemetry.conversation import Conversation
from taskroute.telemetry.current import Active
from taskroute.telemetry.describe import KnownModel
from taskroute.telemetry.guarded import end_span, guarded
from taskroute.telemetry.noted import InferenceSpan, Noted
from taskroute.telemetry.settings import Telling
from taskroute.types import NOTHING, NOTHING_SENT, Call, Decision, Outcome, Sent


class CallSpans:
    """The spans of one call. Times are the driver's, laid over the wall clock once at the beginning."""

    __slots__ = (
        "_answered",
        "_ask",
        "_asked_at",
        "_asked_for",
        "_attempt",
        "_call",
        "_children",
        "_conversation",
        "_decided",
        "_elsewhere",
        "_fell",
        "_finished",
        "_marks",
        "_models",
        "_of_a_model",
        "_probe",
        "_route",
        "_sent",
        "_served",
        "_telling",
        "_tracer",
        "_zero",
    )

    def __init__(
        self,
        route: Span,
        *,
        tracer: Tracer,
        models: Callable[[str], KnownModel | None],
        call: Call,
        telling: Telling,
        zero: int,
        attributes: Mapping[str, AttributeValue],
    ) -> None:
        """`attributes` are those that the route span was created with."""
        self._route = Noted(route, attributes)
        self._tracer = tracer
        self._models = models
        self._call = call
        self._telling = telling
        self._conversation = None if telling.content == "none" else Conversation(call.asking, telling)
        self._zero = zero
        # Kept from the beginning: a stream may be read in a thread or a task that knows nothing of the caller's trace.
        self._children = trace.set_span_in_context(route, otel_context.get_current())
        self._elsewhere = call.traced or beside.is_counted_above(call.operation)
        """Whether the tokens of the model's work stand on a span of another's."""
        self._marks: Mapping[str, object] = NOTHING
        self._attempt: AttemptSpan | None = None
        self._answered: AttemptSpan | None = None
        """One whose answer is there, and may be examined."""
        self._of_a_model = False
        """Whether what is done now is the work of the model that is tried."""
        self._asked_for = ""
        self._probe = False
        self._sent = 0
        self._fell: list[tuple[str, str | None]] = []
        self._served: list[tuple[str, str | None]] = []
        """What a stored answer came in the place of."""
        self._asked_at: float | None = None
        self._ask: AskSpan | None = None
        """Of the model that the classifier asks."""
        self._decided = False
        self._finished = False

    @property
    def context(self) -> SpanContext:
        """Where the route span stands, for others who tell of the call."""
        return self._route.span.get_span_context()

    def decided(self, decision: Decision) -> None:
        """Name the route span and write the decision on it."""
        self._decided = True
        self._route.span.update_name(f"{names.ROUTE_SPAN} {decision.route or names.UNNAMED_ROUTE}")
        self._route.set_attributes(describe.of_decision(decision))

    def step(self, step: Step, at: float) -> None:
        """Open a span for a model that was not tried yet; count a retry in the span that is open."""
        self._of_a_model = isinstance(step, Attempt | Deliver)
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
        elif isinstance(step, Ask):
            self._ask = self._asking(step, self._ns(at))

    def event(self, event: Event, failure: str | None, at: float) -> None:
        """Write what became of the step."""
        if isinstance(event, Acquired):
            self._acquired(event, at)
        elif isinstance(event, Classified):
            self._classified(at)
        elif isinstance(event, AskEnded):
            ask, self._ask = self._ask, None
            if ask is not None:
                ask.ended(event, failure, self._ns(at))
        elif isinstance(event, Validated):
            self._examined(event)
        elif self._attempt is not None:
            self._of_attempt(self._attempt, event, failure, self._ns(at))

    def active(self) -> AbstractContextManager[object]:
        """Return a context in which the model's span is the current one while it works, and the route span at any other time."""
        if self._ask is not None:
            return Active(self._ask.current, self._ask.marks)
        at_work = self._attempt if self._of_a_model else None
        return Active(self._route.span) if at_work is None else Active(at_work.current, self._marks)

    def finished(self, outcome: Outcome, at: float) -> None:
        """End every span that is open, with what became of the call on the route span."""
        if self._finished:
            return
        self._finished = True
        end = self._ns(at)
        try:
            self._examined(None)
            if self._ask is not None:
                self._ask.cancelled(end)
            self._end_open_attempt(outcome, end)
            if not self._decided:
                self.decided(outcome.decision)
            self._route.set_attributes(self._of_outcome(outcome))
            if outcome.status == "failed":
                failure = outcome.tries[-1].failure if outcome.tries else None
                mark_failed(self._route, outcome.error, failure, end)
            self._add_conventions(outcome)
        finally:
            end_span(self._route.span, end)

    def _of_attempt(self, attempt: AttemptSpan, event: Event, failure: str | None, at: int) -> None:
        if isinstance(event, Released):
            if event.is_open:
                attempt.span.set_attribute(names.CIRCUIT_OPEN, True)
        elif isinstance(event, Opened):
            attempt.opened(event, at)
        elif isinstance(event, Failed):
            attempt.failed(event, failure, at)
        elif isinstance(event, Ended):
            # Closed at once: a finished answer that is asked for again is another inference, with its own tokens and cost.
            self._attempt = None
            self._answered = attempt
            attempt.answered(event, at)
        elif isinstance(event, Cancelled):
            self._attempt = None
            attempt.cancelled(at, event)

    def _acquired(self, event: Acquired, at: float) -> None:
        self._probe = bool(event.probe)
        if event.refused is not None:
            why = {names.MODEL: self._asked_for, names.REASON: event.refused}
            self._route.add_event(names.SKIPPED_EVENT, why, self._ns(at))

    def _examined(self, found: object) -> None:
        attempt, self._answered = self._answered, None
        if attempt is not None:
            attempt.examined(found if isinstance(found, Validated) else None)

    def _classified(self, at: float) -> None:
        asked_at, self._asked_at = self._asked_at, None
        if asked_at is not None:
            self._route.set_attribute(names.CLASSIFIER_DURATION_MS, (at - asked_at) * 1000)

    def _asking(self, step: Ask, start: int) -> AskSpan | None:
        """Return the span of the model that the classifier asks; None where another's will tell of it."""
        mode = self._telling.spans
        if mode == "route_only" or (mode == "auto" and self._elsewhere):
            return None
        marks = beside.marks("chat") if mode == "auto" else NOTHING
        return AskSpan(
            step,
            tracer=self._tracer,
            below=self._children,
            known=self._models(step.model),
            compat=self._telling.compat,
            marks=marks,
            start=start,
        )

    def _ns(self, at: float) -> int:
        return self._zero + int(at * 1e9)

    # The models that are tried

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
        writing, current = self._writing(step, start)
        if self._probe:
            writing.set_attribute(names.PROBE, True)
        self._attempt = AttemptSpan(writing, current=current, model=step.model, start=start)

    def _serve(self, step: Attempt, at: int) -> None:
        """End the span of the model that failed before: what is served now is no answer of it."""
        last, self._attempt = self._attempt, None
        if last is not None:
            last.end(at)
        self._served = [] if step.fallback_from is None else [(step.fallback_from, step.fallback_reason)]

    def _writing(self, step: Attempt, start: int) -> tuple[Writing, Span]:
        """Return what the attempt is written to, and the span that others hang below."""
        call, known, sent = self._call, self._models(step.model), self._sent_to(step.model)
        described = requested.of_request(step, known, call, sent)
        mode = self._telling.spans if step.snapshot is None else step.snapshot.policy.telemetry.spans
        if mode == "route_only" or (mode == "auto" and self._elsewhere):
            self._route.set_attribute(names.SPANS, "route_only")
            return AttemptEvent(self._route.span, model=step.model, attributes=described), self._route.span
        if mode == "auto":
            self._marks = beside.marks(call.operation)
        span = self._tracer.start_span(
            f"{call.operation} {described[names.REQUEST_MODEL]!s}",
            context=self._children,
            kind=SpanKind.CLIENT,
            attributes=described,
            start_time=start,
            record_exception=False,
            set_status_on_exception=False,
        )
        inference = InferenceSpan(
            span,
            described,
            provider=requested.provider_of(known, sent),
            embeds=call.operation == "embeddings",
            compat=self._telling.compat,
            conversation=self._conversation,
        )
        return inference, span

    def _sent_to(self, model: str) -> Sent:
        asking = self._call.asking
        if asking is None:
            return NOTHING_SENT
        return guarded("what was asked for", lambda: asking.sent(model)) or NOTHING_SENT

    # The end

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
                **money.of_call(outcome, self._telling.baseline),
            }
        )

    def _add_conventions(self, outcome: Outcome) -> None:
        compat, conversation = self._telling.compat, self._conversation
        if compat:
            said = None if conversation is None else guarded("what was said", lambda: conversation.whole(outcome.reply))
            self._route.add_conventions(compat, span="route", cost=outcome.cost, said=said or {})
