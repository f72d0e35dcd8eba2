"""May this model answer this call? One reason for each model that may not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from taskroute.registry.models import ModelSpec
from taskroute.signals.collect import CallReader, needs_of
from taskroute.signals.size import MARGIN, estimate_tokens, token_ceiling
from taskroute.types import NOTHING, Call, Signals, StateView

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
    # Most calls ask for nothing that a model could lack, and then there is nothing to look up.
    unbound = not needs and not labels and state.unavailable is NOTHING
    eligible: list[str] = []
    rejected: dict[str, str] = {}
    doubtful: list[str] = []
    first: ModelSpec | None = None
    for name in names:
        spec = snapshot.registry[name]
        reason = None if unbound else _barred(spec, needs=needs, labels=labels)
        if reason is None and call.operation == "embeddings":
            # The first that may, even when it cannot now: an index must not depend on how a model was doing.
            first = first or spec
            reason = _other_vectors(spec, first)
        if reason is None and not unbound:
            reason = state.unavailable.get(name)
        if reason is None and spec.context_window is not None:
            reason, certain = _overflows(spec.context_window, call)
            if reason is not None and not certain:
                doubtful.append(name)
        if reason is None:
            eligible.append(name)
        else:
            rejected[name] = reason
    if not eligible and doubtful:
        # An estimate may be wrong, and a provider that counts exactly says so itself: better asked than refused.
        eligible = doubtful
        rejected = {name: reason for name, reason in rejected.items() if name not in doubtful}
    return tuple(eligible), rejected


def could_answer(name: str, snapshot: Snapshot, call: Call, known: Signals) -> bool:
    """Return whether a model could have answered a call that was decided without looking at it, whose signals are `known`.

    One that the call probably does not fit could not.
    """
    spec = snapshot.registry[name]
    labels = required_labels(snapshot, CallReader(call, snapshot.sources, known)) if snapshot.rules else frozenset[str]()
    if _barred(spec, needs=needs_of(call), labels=labels) is not None:
        return False
    return spec.context_window is None or _overflows(spec.context_window, call)[0] is None


def _barred(spec: ModelSpec, *, needs: tuple[str, ...], labels: frozenset[str]) -> str | None:
    if labels and not labels <= spec.labels:
        lacking = ", ".join(sorted(labels - spec.labels))
        return f"lacks the required label {lacking}"
    for need in needs:
        if spec.capabilities.get(need) is False:
            return f"cannot do {need}"
    return None


def _other_vectors(spec: ModelSpec, first: ModelSpec) -> str | None:
    """Return why a model may not embed in the place of another: vectors can be compared with those of the same model only."""
    if (spec.model_id or spec.name) == (first.model_id or first.name):
        return None
    return f"its vectors cannot stand beside those of {first.name!r}"


_APART: Final = frozenset({"embeddings", "text_completion"})
"""Operations whose texts are no conversation."""


def _overflows(window: int, call: Call) -> tuple[str | None, bool]:
    """Return why a call does not fit a window, and whether that is certain.

    A cheap upper bound is compared first: for most calls it spares the estimate. Of texts to embed or to go on with each is read by
    itself, so that the longest counts.
    """
    if call.operation in _APART and len(call.messages) > 1:
        call = call._replace(messages=(max(call.messages, key=lambda message: len(message.text)),), tokens=None)
    asked = call.max_tokens or 0
    counted = call.tokens is not None
    margin = 1 if counted else 1 + MARGIN
    if token_ceiling(call) * margin + asked <= window:
        return None, True
    estimated = estimate_tokens(call)
    needed = int(estimated * margin) + asked
    if needed <= window:
        return None, True
    how = "" if counted else f" (estimated, with a margin of {MARGIN:.0%})"
    return f"context window {window} < {needed} tokens{how}", counted or estimated > window * _SURELY


_SURELY: Final = 2.0
"""An estimate this many times the window is past doubt; see `size.estimate_tokens` for what it was measured on."""
