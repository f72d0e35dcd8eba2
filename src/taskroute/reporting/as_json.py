"""A report as data for programs. Amounts are text with all their digits; what is not known is null."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from taskroute.reporting.result import Amounts, Counted, Dear, Grouped, Latencies, Latency, Money, Report, Row

VERSION: Final = 1


def as_json(report: Report) -> dict[str, Any]:
    """Return a report as JSON has it."""
    return {
        "version": VERSION,
        "first": moment(report.first),
        "last": moment(report.last),
        "calls": {("unknown_cost" if name == "unpriced" else name): count for name, count in report.calls._asdict().items()},
        "tokens": report.tokens._asdict(),
        "cache": dict(report.cache),
        "money": {money.currency: _money(money) for money in report.money},
        "by": {name: _grouped(groups) for name, groups in report.groups.items()},
        "over_time": {
            "step_seconds": report.times.width,
            "steps": [{"start": moment(step.start), **_row(step.row, named=False)} for step in report.times.steps],
        },
        "latency": {"routes": _latencies(report.routes), "models": _latencies(report.models)},
        "failures": [{"model": each.model, "failure": each.what, "times": each.times} for each in report.failures],
        "fallbacks": [_fallback(each) for each in report.fallbacks],
        "quality": [
            {"model": each.model, "scored": each.scored, "score": digits(each.score), "cost": _amounts(each.cost)}
            for each in report.quality
        ],
        "dearest": {currency: [_dear(each) for each in dearest] for currency, dearest in report.dearest.items()},
        "other_instrumentations": report.others._asdict(),
        "read": report.read._asdict(),
    }


def moment(seconds: float | None) -> str | None:
    """Return a time as ISO 8601 has it, in UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds" if seconds % 1 else "seconds").replace("+00:00", "Z")


def digits(amount: Decimal) -> str:
    """Return all digits of an amount, and no exponent."""
    plain = format(amount, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _amounts(amounts: Amounts) -> dict[str, str]:
    return {currency: digits(amount) for currency, amount in amounts.items()}


def _money(money: Money) -> dict[str, str]:
    return {
        "spent": digits(money.spent),
        "spent_estimate": digits(money.spent_estimate),
        "aside": digits(money.aside),
        "saved": digits(money.saved),
        "saved_by_cache": digits(money.saved_by_cache),
        "saved_estimate": digits(money.saved_estimate),
        "baseline_estimate": digits(money.baseline),
    }


def _row(row: Row, *, named: bool = True) -> dict[str, Any]:
    said = {
        "calls": row.calls,
        "failed": row.failed,
        "cache_hits": row.hits,
        "unknown_cost": row.unpriced,
        "known_cost": dict(row.priced),
        "spent": _amounts(row.spent),
        "saved": _amounts(row.saved),
    }
    return {"name": row.name, **said} if named else said


def _grouped(groups: Grouped) -> dict[str, Any]:
    return {"rows": [_row(row) for row in groups.rows], "other": None if groups.rest is None else _row(groups.rest, named=False)}


def _latency(latency: Latency) -> dict[str, Any]:
    return {
        "name": latency.name,
        "calls": latency.calls,
        "p50_s": round(latency.p50, 6),
        "p90_s": round(latency.p90, 6),
        "p99_s": round(latency.p99, 6),
    }


def _latencies(latencies: Latencies) -> dict[str, Any]:
    rest: Mapping[str, Any] | None = None if latencies.rest is None else _latency(latencies.rest)
    return {"rows": [_latency(each) for each in latencies.rows], "other": rest}


def _fallback(counted: Counted) -> dict[str, Any]:
    return {"from": counted.model, "reason": counted.what, "calls": counted.times}


def _dear(dear: Dear) -> dict[str, Any]:
    return {
        "decision_id": dear.decision_id,
        "trace_id": dear.trace_id,
        "start": moment(dear.start),
        "route": dear.route,
        "stage": dear.stage,
        "model": dear.model,
        "cost": digits(dear.cost),
        "input_tokens": dear.input,
        "output_tokens": dear.output,
    }
