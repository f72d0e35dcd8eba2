"""Which models may take over from one that failed, or whose answer was not good enough. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from taskroute.decision.choose import faster_than, weaker
from taskroute.decision.snapshot import JUDGED, Snapshot
from taskroute.types import StateView


def after_failure(kind: str, model: str, queue: Sequence[str], snapshot: Snapshot, *, state: StateView, took: float) -> list[str]:
    """Return who is next after a failure: for a context that was too small the larger ones, for a timeout the faster ones first.

    `took` is the seconds that the failed try took. What is no fault of the provider's goes to stronger models first.
    """
    if kind in JUDGED:
        better = stronger(kind, model, queue, snapshot)
        return [*better, *(other for other in queue if other not in better)]
    if kind == "context_overflow":
        return [other for other in queue if _is_larger(other, model, snapshot)]
    if kind == "timeout":
        faster = faster_than(model, queue, snapshot, state, took)
        return [*faster, *(other for other in queue if other not in faster)]
    return list(queue)


def stronger(kind: str, model: str, queue: Sequence[str], snapshot: Snapshot) -> list[str]:
    """Return who may do better than an answer with this fault, in the given order.

    Where a model refused, any other may not; else a weaker one is passed over.
    """
    return [other for other in queue if kind == "refusal" or not weaker(other, model, snapshot)]


def _is_larger(other: str, model: str, snapshot: Snapshot) -> bool:
    window, than = snapshot.registry[other].context_window, snapshot.registry[model].context_window
    return window is None or than is None or window > than
