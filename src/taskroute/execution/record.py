"""What a routed call leaves in its answer: which model, why, and what it cost. The same in every host."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from taskroute.steps import Attempt, Found
from taskroute.types import Cost, Outcome, total_cost


def record(attempt: Attempt, cost: Cost | None) -> dict[str, Any]:
    """Return the record of an answered call: JSON values only, so that messages stay serialisable. An unknown cost is None.

    The cost is that of the call until now: answers that were not good enough are in it, and what the classifier and earlier checks asked
    of models. What a check of this very answer costs is known afterwards (`restate`).
    """
    decision = attempt.decision
    found = attempt.cached
    if found is not None:
        # A stored answer costs nothing, whatever its usage says.
        cost = Cost(Decimal(0), "cache", "USD" if found.entry.cost is None else found.entry.cost.currency)
    if attempt.given_up or attempt.aside:
        cost = total_cost([*attempt.aside, *attempt.given_up, cost])
    written: dict[str, Any] = {
        "model": attempt.model,
        "route": decision.route,
        "stage": decision.signals.stage.value,
        "task": decision.signals.task.value,
        "reason": decision.reason,
        "decision_id": decision.id,
        "policy_version": decision.policy_version,
        "mode": decision.mode,
        "attempts": attempt.tries if attempt.cached is None else attempt.tries - 1,
        "fallback_from": attempt.fallback_from,
        "fallback_reason": attempt.fallback_reason,
        **_of_cost(cost),
    }
    return written if found is None else {**written, **_of_cache(found)}


def restate(outcome: Outcome) -> None:
    """Put the cost of the whole call into the record of its answer, where that is still to be given out."""
    written = None if outcome.reply is None or outcome.status != "answered" else outcome.reply.record
    if written is not None and (outcome.aside or len(outcome.tries) > 1):
        written.update(_of_cost(outcome.cost))


def _of_cost(cost: Cost | None) -> dict[str, Any]:
    if cost is None:
        return {"cost": None, "currency": None, "cost_source": None}
    return {"cost": float(cost.amount), "currency": cost.currency, "cost_source": cost.source}


def _of_cache(found: Found) -> dict[str, Any]:
    """Return what is said of an answer that was stored."""
    saved = found.entry.cost
    return {
        "cache_hit": True,
        "cache_status": "stale" if found.stale else "hit",
        "cache_age_s": round(found.age, 3),
        "cost_saved": None if saved is None else float(saved.amount),
    }
