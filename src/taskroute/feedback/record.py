"""What is remembered of an answer, and what was said of it, as values and as bytes. Never pickle. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeVar, cast

from taskroute.signals.collect import Sources
from taskroute.signals.stage import find_stage
from taskroute.signals.task import told_task
from taskroute.types import Call, Cost, Decision, Outcome, Usage

T = TypeVar("T")

_VERSION: Final = 1
_COSTLIEST: Final = Decimal(10) ** 9


class Answered(NamedTuple):
    """An answer that may be scored. None is unknown."""

    decision_id: str
    at: float
    """Seconds since the epoch."""
    model: str | None
    """The one that answered; None where none did."""
    route: str | None = None
    stage: str | None = None
    task: str | None = None
    cost: Decimal | None = None
    """What this answer cost, without retries and fallbacks before it."""
    currency: str = "USD"
    input_tokens: int | None = None
    output_tokens: int | None = None
    latency: float | None = None
    """Seconds."""
    prompt: str | None = None
    """The text of the question, where the policy has it kept."""


class Scored(NamedTuple):
    """What somebody said of an answer."""

    answer: Answered
    model: str
    """Whose answer it was; where it is not `answer.model`, the costs, tokens and times there are not its own."""
    score: float
    """From 0 to 1."""
    at: float
    """When it was scored, in seconds since the epoch."""


class UnreadableError(ValueError):
    """These bytes are no record of this version."""


def of_outcome(outcome: Outcome, call: Call, sources: Sources, at: float, prompt: str | None) -> Answered:
    """Return what is remembered of a call that ended."""
    cached = outcome.cache if outcome.is_cached else None
    last = outcome.tries[-1] if outcome.tries and cached is None else None
    usage = cached.usage if cached is not None else None if last is None else last.usage
    cost = cached.saved if cached is not None else None if last is None else last.cost
    answered = of_decision(outcome.decision, call, sources, at, prompt)._replace(model=outcome.model)
    return _with(answered, usage, cost)._replace(latency=None if last is None or outcome.model is None else last.seconds)


def of_decision(decision: Decision, call: Call, sources: Sources, at: float, prompt: str | None) -> Answered:
    """Return what is remembered of a decision that the application carries out by itself: the first model is taken to answer."""
    stage, task = decision.signals.stage, decision.signals.task
    told = told_task(call) if task.source == "not_asked" else task
    if stage.source == "not_asked":
        stage = find_stage(call, nodes=sources.nodes, ancestors=sources.ancestors)
    return Answered(
        decision.id,
        at,
        decision.candidates[0] if decision.candidates else None,
        decision.route,
        stage.value,
        None if told is None else told.value,
        prompt=prompt,
    )


def _with(answered: Answered, usage: Usage | None, cost: Cost | None) -> Answered:
    if usage is not None:
        answered = answered._replace(input_tokens=usage.input, output_tokens=usage.output)
    return answered if cost is None else answered._replace(cost=cost.amount, currency=cost.currency)


def dumps(record: Answered | Scored) -> bytes:
    """Return a record as bytes."""
    value = _plain(record) if isinstance(record, Answered) else {**record._asdict(), "answer": _plain(record.answer)}
    text = json.dumps({"version": _VERSION, **value}, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _plain(answered: Answered) -> dict[str, Any]:
    known = {name: value for name, value in answered._asdict().items() if value is not None}
    return {**known, **({"cost": str(answered.cost)} if answered.cost is not None else {})}


def load_answered(data: bytes) -> Answered:
    """Return the answer that bytes stand for. Raises UnreadableError."""
    return _load(data, _answered)


def load_scored(data: bytes) -> Scored:
    """Return the score that bytes stand for. Raises UnreadableError."""
    return _load(data, _scored)


def _load(data: bytes, read: Callable[[Mapping[str, Any]], T]) -> T:
    try:
        value: object = json.loads(data.decode("utf-8", "surrogatepass"))
        if not isinstance(value, dict) or cast("Mapping[str, Any]", value).get("version") != _VERSION:
            raise UnreadableError("a record of another version, or none")
        return read(cast("Mapping[str, Any]", value))
    except UnreadableError:
        raise
    except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError) as error:
        raise UnreadableError(f"a record cannot be read ({type(error).__name__})") from None


def _scored(value: Mapping[str, Any]) -> Scored:
    model, score = value["model"], _amount(value["score"])
    if not isinstance(model, str) or score is None or score > 1:
        raise UnreadableError("a score that is none")
    return Scored(_answered(value["answer"]), model, score, _amount(value["at"]) or 0.0)


def _answered(value: Mapping[str, Any]) -> Answered:
    texts = {name: _text(value.get(name)) for name in ("model", "route", "stage", "task", "prompt")}
    return Answered(
        str(value["decision_id"]),
        _amount(value["at"]) or 0.0,
        **texts,
        cost=_cost(value.get("cost")),
        currency=str(value["currency"]),
        input_tokens=_count(value.get("input_tokens")),
        output_tokens=_count(value.get("output_tokens")),
        latency=_amount(value.get("latency")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _amount(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value) or value < 0:
        return None
    return float(value)


def _cost(value: object) -> Decimal | None:
    if not isinstance(value, str) or len(value) > 60:
        return None
    amount = Decimal(value)
    return amount if amount.is_finite() and 0 <= amount <= _COSTLIEST else None
