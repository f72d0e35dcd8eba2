"""Reads spans out of OTLP/JSON lines, whoever wrote them: taskroute, or the file exporter of a collector."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple, cast

from taskroute.telemetry import attributes as names

Value = str | bool | int | Decimal
"""A fraction is kept by the digits that were written."""
Said = Mapping[str, Value]

_READ: Final = frozenset(
    {
        names.ROUTE,
        names.STAGE,
        names.TASK,
        names.TENANT,
        names.MODEL,
        names.DECISION_ID,
        names.ATTEMPTS,
        names.ATTEMPT,
        names.RETRY_COUNT,
        names.CANCELLED,
        names.FAILURE,
        names.FALLBACK_COUNT,
        names.FALLBACK_FROM,
        names.FALLBACK_REASON,
        names.CACHE_STATUS,
        names.COST_TOTAL,
        names.COST_CURRENCY,
        names.COST_SOURCE,
        names.COST_SAVED,
        names.COST_SAVED_BASIS,
        names.COST_BASELINE,
        names.COST_ASIDE,
        names.VALIDATION_FAILURE,
        names.VALIDATION_SCORE,
        names.OPERATION_NAME,
        names.REQUEST_MODEL,
        names.RESPONSE_MODEL,
        names.USAGE_INPUT_TOKENS,
        names.USAGE_OUTPUT_TOKENS,
        names.ERROR_TYPE,
    }
)
"""All others are left where they are, messages above all."""
_LONGEST: Final = 200
_LARGEST_COUNT: Final = 10**15
_DIGITS: Final = 20
_ERROR: Final = 2


class Happened(NamedTuple):
    """An event of a span."""

    name: str
    said: Said


class Span(NamedTuple):
    """A span, as far as a report needs it. Times are nanoseconds since the epoch, 0 where they are not told."""

    trace: int
    id: int
    parent: int
    """0 where there is none."""
    start: int
    end: int
    failed: bool
    said: Said
    events: tuple[Happened, ...] = ()


class NotSpansError(ValueError):
    """A line is no request of OTLP/JSON."""


def spans_in(line: bytes | str) -> Generator[Span | None]:
    """Yield the spans of a line, None for each that cannot be read. Raises NotSpansError for a line that is something else."""
    for about in _objects(_parsed(line).get("resourceSpans")):
        for within in _objects(about.get("scopeSpans")):
            for span in _objects(within.get("spans")):
                yield _span(span)


def _parsed(line: bytes | str) -> Mapping[str, Any]:
    try:
        found: Any = json.loads(line, parse_float=Decimal)
    except (ValueError, RecursionError, ArithmeticError):
        raise NotSpansError("no JSON") from None
    # A collector may write its metrics and logs to the same file: these are no damage.
    if not isinstance(found, dict) or not found.keys() & {"resourceSpans", "resourceMetrics", "resourceLogs"}:  # pyright: ignore[reportUnknownMemberType]
        raise NotSpansError("no OTLP")
    return cast("Mapping[str, Any]", found)


def _span(raw: Mapping[str, Any]) -> Span | None:
    try:
        status: Any = raw.get("status")
        code: Any = status.get("code") if isinstance(status, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        trace, own = _id(raw.get("traceId"), 32), _id(raw.get("spanId"), 16)
        if not trace or not own:
            return None
        return Span(
            trace=trace,
            id=own,
            parent=_id(raw.get("parentSpanId") or "0" * 16, 16),
            start=_nanoseconds(raw.get("startTimeUnixNano")),
            end=_nanoseconds(raw.get("endTimeUnixNano")),
            failed=code in (_ERROR, "STATUS_CODE_ERROR"),
            said=_said(raw.get("attributes")),
            events=tuple(
                Happened(str(event.get("name"))[:_LONGEST], _said(event.get("attributes"))) for event in _objects(raw.get("events"))
            ),
        )
    except (ValueError, TypeError):
        return None


def _whole(raw: Any) -> int | None:
    """Return a whole number, which may be written as text; None for anything else."""
    if isinstance(raw, bool):
        return None
    # By its size first: the digits of 1e999999999 would take forever to write out.
    if isinstance(raw, int) or (isinstance(raw, Decimal) and raw.is_finite() and raw.adjusted() < _DIGITS):
        return int(raw)
    if not isinstance(raw, str) or len(raw) > _DIGITS:
        return None
    try:
        return int(raw)
    except ValueError:
        return None


def _id(text: Any, digits: int) -> int:
    if not isinstance(text, str) or len(text) != digits:
        raise ValueError("no id")
    return int.from_bytes(bytes.fromhex(text))


def _nanoseconds(value: Any) -> int:
    found = _whole(value)
    return found if found is not None and 0 <= found < 1 << 63 else 0


def _said(raw: Any) -> Said:
    said: dict[str, Value] = {}
    for pair in _objects(raw):
        name = pair.get("key")
        value = _value(pair.get("value")) if name in _READ else None
        if value is not None:
            said[cast("str", name)] = value
    return said


def _value(raw: Any) -> Value | None:
    if not isinstance(raw, dict):
        return None
    value = cast("Mapping[str, Any]", raw)
    if "stringValue" in value:
        # Half a surrogate pair, which JSON can hold, can be neither printed nor written.
        return str(value["stringValue"])[:_LONGEST].encode(errors="replace").decode()
    if "boolValue" in value:
        return value["boolValue"] is True
    if "intValue" in value:
        whole = _whole(value["intValue"])
        return whole if whole is not None and abs(whole) <= _LARGEST_COUNT else None
    return _fraction(value.get("doubleValue"))


def _fraction(raw: Any) -> Decimal | None:
    if isinstance(raw, bool) or not isinstance(raw, Decimal | int | str) or len(str(raw)) > _LONGEST:
        return None
    try:
        # As text, too, which protobuf's JSON allows; one that is no number is refused where an amount is read.
        return Decimal(raw)
    except ArithmeticError:
        return None


def _objects(raw: Any) -> list[Mapping[str, Any]]:
    if not isinstance(raw, list):
        return []
    return [cast("Mapping[str, Any]", each) for each in cast("Sequence[Any]", raw) if isinstance(each, dict)]
