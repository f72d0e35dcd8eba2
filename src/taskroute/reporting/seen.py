"""What a span says of a call, or of one model's work in it, in the words of taskroute."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, Literal, NamedTuple

from taskroute.reporting.otlp import Happened, Said, Span
from taskroute.telemetry import attributes as names
from taskroute.types import ESTIMATED, EXACT

Status = Literal["answered", "failed", "cancelled"]
UNSPECIFIED: Final = "unspecified"
"""The currency of an amount that names none."""

_INFERENCES: Final = frozenset({"chat", "generate_content", "text_completion", "embeddings"})
# What is higher is no amount of money, and sums of it would not be exact.
_HIGHEST: Final = 15
_LAST_PLACE: Final = Decimal("1e-40")


class Saved(NamedTuple):
    """An amount that a call cost less, and what that was worked out from."""

    amount: Decimal
    is_estimate: bool


class CallSeen(NamedTuple):
    """A routed call. What is not known is None."""

    trace: int
    id: int
    start: float | None
    """Seconds since the epoch."""
    duration: float | None
    """In seconds."""
    status: Status
    decision_id: str | None
    route: str | None
    stage: str | None
    task: str | None
    tenant: str | None
    model: str | None
    attempts: int | None
    fallbacks: int
    fallback_from: str | None
    fallback_reason: str | None
    cache: str | None
    currency: str
    cost: Decimal | None
    is_estimate: bool
    """Whether the cost is one of tokens that no provider has counted, as of a stream that was dropped."""
    saved: Saved | None
    baseline: Decimal | None
    aside: Decimal | None

    @property
    def is_unpriced(self) -> bool:
        """Whether it cost something that is not known: models were asked, and there is no cost."""
        return self.cost is None and self.attempts != 0


class TrySeen(NamedTuple):
    """One model's work in a call."""

    trace: int
    parent: int
    model: str | None
    """The name in the policy, else the provider's."""
    duration: float | None
    failures: tuple[str, ...]
    """What went wrong, once for each request that failed."""
    invalid: str | None
    """What was wrong with the answer."""
    input: int | None
    output: int | None
    currency: str
    cost: Decimal | None
    score: Decimal | None


class OtherSeen(NamedTuple):
    """An inference of which another instrumentation tells."""

    trace: int
    model: str | None
    input: int | None
    output: int | None


def call_in(span: Span) -> CallSeen | None:
    """Return the call that a route span is about; None for any other span."""
    said = span.said
    if names.DECISION_ID not in said or names.ATTEMPT in said or names.OPERATION_NAME in said:
        return None
    saved = _amount(said, names.COST_SAVED)
    cost = _amount(said, names.COST_TOTAL)
    return CallSeen(
        trace=span.trace,
        id=span.id,
        start=span.start / 1e9 if span.start else None,
        duration=_duration(span),
        status="failed" if span.failed else "cancelled" if said.get(names.CANCELLED) is True else "answered",
        decision_id=_text(said, names.DECISION_ID),
        route=_text(said, names.ROUTE),
        stage=_text(said, names.STAGE),
        task=_text(said, names.TASK),
        tenant=_text(said, names.TENANT),
        model=_text(said, names.MODEL),
        attempts=_count(said, names.ATTEMPTS),
        fallbacks=_count(said, names.FALLBACK_COUNT) or 0,
        fallback_from=_text(said, names.FALLBACK_FROM),
        fallback_reason=_text(said, names.FALLBACK_REASON),
        cache=_text(said, names.CACHE_STATUS),
        currency=_text(said, names.COST_CURRENCY) or UNSPECIFIED,
        cost=None if cost is None or cost < 0 else cost,
        is_estimate=(_text(said, names.COST_SOURCE) or "").endswith(ESTIMATED),
        saved=None if saved is None else Saved(saved, said.get(names.COST_SAVED_BASIS) == "estimate"),
        baseline=_amount(said, names.COST_BASELINE),
        aside=_amount(said, names.COST_ASIDE),
    )


def try_in(span: Span) -> TrySeen | None:
    """Return the model's work that a span of taskroute is about; None for any other span."""
    said = span.said
    if names.ATTEMPT not in said:
        return None
    last = (_failure(said, span.events),) if span.failed else ()
    cost = _amount(said, names.COST_TOTAL)
    return TrySeen(
        trace=span.trace,
        parent=span.parent,
        model=_text(said, names.MODEL) or _text(said, names.REQUEST_MODEL),
        duration=None if span.failed or said.get(names.CANCELLED) is True else _duration(span),
        failures=(*(_failure(event.said) for event in span.events if event.name == names.RETRY_EVENT), *last),
        invalid=_text(said, names.VALIDATION_FAILURE),
        input=_count(said, names.USAGE_INPUT_TOKENS),
        output=_count(said, names.USAGE_OUTPUT_TOKENS),
        currency=_text(said, names.COST_CURRENCY) or UNSPECIFIED,
        cost=None if cost is None or cost < 0 else cost,
        score=_amount(said, names.VALIDATION_SCORE),
    )


def tries_on(span: Span) -> tuple[TrySeen, ...]:
    """Return the models' work that a route span tells of itself, because other spans of it are somebody else's."""
    return tuple(
        TrySeen(
            trace=span.trace,
            parent=span.id,
            model=_text(event.said, names.MODEL),
            duration=None,
            failures=(_failure(event.said),) if names.ERROR_TYPE in event.said else (),
            invalid=_text(event.said, names.VALIDATION_FAILURE),
            input=None,
            output=None,
            currency=UNSPECIFIED,
            cost=None,
            score=_amount(event.said, names.VALIDATION_SCORE),
        )
        for event in span.events
        if event.name == names.ATTEMPT_EVENT
    )


def other_in(span: Span) -> OtherSeen | None:
    """Return the inference that a span of another instrumentation is about; None for any other span."""
    said = span.said
    if said.get(names.OPERATION_NAME) not in _INFERENCES or names.ATTEMPT in said:
        return None
    model = _text(said, names.REQUEST_MODEL) or _text(said, names.RESPONSE_MODEL)
    return OtherSeen(span.trace, model, _count(said, names.USAGE_INPUT_TOKENS), _count(said, names.USAGE_OUTPUT_TOKENS))


def _failure(said: Said, events: tuple[Happened, ...] = ()) -> str:
    """Return the class of a failure, or else the type of the error."""
    told = (_text(event.said, names.FAILURE) for event in events if event.name == names.EXCEPTION_EVENT)
    return _text(said, names.FAILURE) or next(filter(None, told), None) or _text(said, names.ERROR_TYPE) or names.OTHER_ERROR


def _duration(span: Span) -> float | None:
    return (span.end - span.start) / 1e9 if 0 < span.start <= span.end else None


def _text(said: Said, name: str) -> str | None:
    value = said.get(name)
    return value if isinstance(value, str) and value else None


def _count(said: Said, name: str) -> int | None:
    value = said.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _amount(said: Said, name: str) -> Decimal | None:
    value = said.get(name)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    amount = Decimal(value)
    if not amount.is_finite() or amount.adjusted() > _HIGHEST:
        return None
    # Digits beyond the last place are none that anybody counted, and sums of them would not be exact.
    return EXACT.quantize(amount, _LAST_PLACE).normalize(EXACT) if amount else Decimal(0)
