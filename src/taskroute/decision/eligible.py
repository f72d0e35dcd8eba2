"""May this model answer this call? One reason for each model that may not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from taskroute.registry.models import ModelSpec
from taskroute.signals.collect import needs_of
from taskroute.signals.size import MARGIN, estimate_tokens, token_ceiling
from taskroute.types import Call, StateView

if TYPE_CHECKING:
    from taskroute.decision.snapshot import Snapshot
    from taskroute.policy.conditions import Reader


def required_labels(snapshot: Snapshot, reader: Reader) -> frozenset[str]:
    """Return the labels that every model which could see the text must have."""
    labels: frozenset[str] = frozenset()
    for rule in snapshot.rules:
        if not rule.labels <= labels and rule.condition.test(reader):
            labels |= rule.labels
    return labels


def sift(
    names: Iterable[str], snapshot: Snapshot, call: Call, *, labels: frozenset[str], state: StateView
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the models that may answer, in the given order, and the reason for each other one."""
    needs = needs_of(call)
    eligible: list[str] = []
    rejected: dict[str, str] = {}
    for name in names:
        reason = _rejection(snapshot.registry[name], call, needs=needs, labels=labels, state=state)
        if reason is None:
            eligible.append(name)
        else:
            rejected[name] = reason
    return tuple(eligible), rejected


def _rejection(spec: ModelSpec, call: Call, *, needs: tuple[str, ...], labels: frozenset[str], state: StateView) -> str | None:
    if labels and not labels <= spec.labels:
        lacking = ", ".join(sorted(labels - spec.labels))
        return f"lacks the required label {lacking}"
    for need in needs:
        if spec.capabilities.get(need) is False:
            return f"cannot do {need}"
    if spec.context_window is not None:
        reason = _window(spec.context_window, call)
        if reason is not None:
            return reason
    return state.unavailable.get(spec.name)


def _window(window: int, call: Call) -> str | None:
    """Compare a cheap upper bound first: for most calls it spares the estimate."""
    asked = call.max_tokens or 0
    counted = call.tokens is not None
    margin = 1.0 if counted else MARGIN
    if token_ceiling(call) * margin + asked <= window:
        return None
    needed = int(estimate_tokens(call) * margin) + asked
    if needed <= window:
        return None
    how = "" if counted else " (estimated, with margin)"
    return f"context window {window} < {needed} tokens{how}"
