"""What the log says of a call: names and numbers, never a word of what was asked, answered or said by an error."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from opentelemetry.trace import SpanContext, format_span_id, format_trace_id

from taskroute.telemetry import describe
from taskroute.telemetry.masking import named
from taskroute.types import Call, Outcome, Try

Field = str | int | float

_BARE: Final = re.compile(r"[\w.:/@+-]+", re.ASCII)


class Sending(NamedTuple):
    """How often a call was sent, and which models were given up on the way."""

    attempts: int = 0
    fell: tuple[tuple[str, str | None], ...] = ()
    """Each model that was given up, and the class of its failure."""


def fields(call: Call, outcome: Outcome, *, seconds: float, sending: Sending, span: SpanContext | None) -> dict[str, Field]:
    """Return what is known of a call that ended, in the order of the line. What is not known is absent."""
    signals, cost, saved = outcome.decision.signals, outcome.cost, outcome.saved
    fell_from, why = sending.fell[0] if sending.fell else (None, None)
    known: dict[str, Field | None] = {
        "route": outcome.decision.route,
        "model": outcome.model,
        "status": outcome.status,
        **_failure(outcome),
        "stage": signals.stage.value or call.stage,
        "task": signals.task.value or call.task,
        "tenant": call.tenant,
        "input_tokens": _tokens(outcome.tries, "input"),
        "output_tokens": _tokens(outcome.tries, "output"),
        "cost": None if cost is None else float(cost.amount),
        "currency": None if cost is None else cost.currency,
        "saved": None if saved is None else float(saved.amount),
        "duration": round(seconds, 6),
        "attempts": sending.attempts,
        "fallbacks": len(sending.fell),
        "fallback_from": fell_from,
        "fallback_reason": why,
        "cache": None if outcome.cache is None else outcome.cache.status,
        "decision_id": outcome.decision.id,
        **_ids(span),
    }
    return {name: _capped(value) for name, value in known.items() if value is not None and value != ""}


def line(said: Mapping[str, Field]) -> str:
    """Return the fields as `name=value`, in one line whatever is in them."""
    return " ".join(f"{name}={_text(value)}" for name, value in said.items())


def _failure(outcome: Outcome) -> dict[str, Field | None]:
    if outcome.status != "failed":
        return {}
    failure = outcome.tries[-1].failure if outcome.tries else None
    return {"error_type": describe.error_type(outcome.error) or failure, "failure": failure}


def _tokens(tries: Sequence[Try], name: str) -> int | None:
    """Return the sum over all answers, as the cost has them; None where there is none, or one of them is unknown."""
    counts: Iterable[int | None] = (None if t.usage is None else getattr(t.usage, name) for t in tries if t.paid)
    total = None
    for count in counts:
        if count is None:
            return None
        total = (total or 0) + count
    return total


def _ids(span: SpanContext | None) -> dict[str, Field | None]:
    if span is None or not span.is_valid:
        return {}
    return {"trace_id": format_trace_id(span.trace_id), "span_id": format_span_id(span.span_id)}


def _capped(value: Field) -> Field:
    return named(value) if isinstance(value, str) else value


def _text(value: Field) -> str:
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    text = str(value)
    return text if _BARE.fullmatch(text) else json.dumps(text)
