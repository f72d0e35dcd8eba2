"""What a routed call leaves in its answer: which model, why, and what it cost. The same in every host."""

from __future__ import annotations

from typing import Any

from taskroute.steps import Attempt
from taskroute.types import Cost, total_cost


def record(attempt: Attempt, cost: Cost | None) -> dict[str, Any]:
    """Return the record of an answered call: JSON values only, so that messages stay serialisable. An unknown cost is None.

    The cost is that of the call: answers that were not good enough are in it.
    """
    decision = attempt.decision
    if attempt.given_up:
        cost = total_cost([*attempt.given_up, cost])
    return {
        "model": attempt.model,
        "route": decision.route,
        "stage": decision.signals.stage.value,
        "task": decision.signals.task.value,
        "reason": decision.reason,
        "decision_id": decision.id,
        "policy_version": decision.policy_version,
        "mode": decision.mode,
        "attempts": attempt.tries,
        "fallback_from": attempt.fallback_from,
        "fallback_reason": attempt.fallback_reason,
        "cost": None if cost is None else float(cost.amount),
        "currency": None if cost is None else cost.currency,
        "cost_source": None if cost is None else cost.source,
    }
