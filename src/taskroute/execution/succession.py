"""Who is next: after a failure the same model again or others, after an answer that was not good enough those who may do better. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from taskroute.decision.choose import faster_than, weaker
from taskroute.decision.snapshot import JUDGED, CallSettings, Snapshot
from taskroute.execution.failures import RETRIED, Failure
from taskroute.execution.request import ORIGINAL, Request
from taskroute.steps import Attempt


class Next(NamedTuple):
    """What follows a failed try."""

    action: Literal["retry", "fall_back", "stop"]
    queue: list[str]
    """The models that are left, in order; after a retry, those that come behind it."""
    wait: float = 0.0
    """Seconds before the retry."""


def after_failure(
    attempt: Attempt,
    failure: Failure,
    queue: list[str],
    request: Request,
    settings: CallSettings,
    *,
    took: float,
    left: float | None,
    is_open: bool,
) -> Next:
    """Return what follows a failed try, with `queue` left behind it.

    `took` is the seconds that the try took, `left` those that are left of the call's time, None without a limit. A model whose circuit
    `is_open` is not tried again.
    """
    if left is not None and left <= 0:
        return Next("stop", [])
    wait = None if is_open or attempt.model == ORIGINAL else _wait(attempt.retry, failure, queue, request, settings)
    if wait is not None and (left is None or wait < left):
        return Next("retry", queue, wait)
    others = _others(failure.kind, attempt.model, queue, request, took) if failure.kind in settings.fallback_on else []
    return Next("fall_back" if others else "stop", others)


def _wait(retry: int, failure: Failure, queue: Sequence[str], request: Request, settings: CallSettings) -> float | None:
    """Return the wait before the same model is tried again, or None when it should not be."""
    policy = settings.retry
    if not request.retries or not failure.passes or failure.kind not in RETRIED or retry >= policy.extra:
        return None
    # Another model answers sooner than the one that has just used up its time.
    if failure.kind == "timeout" and queue:
        return None
    wait = failure.retry_after
    if wait is None:
        wait = policy.backoff * 2**retry * (0.5 + request.chance() / 2)
    return wait if wait <= policy.max_wait else None


def _others(kind: str, model: str, queue: Sequence[str], request: Request, took: float) -> list[str]:
    """Return who is next after a failure: for a context that was too small the larger ones, for a timeout the faster ones first.

    What is no fault of the provider's goes to stronger models first.
    """
    snapshot = request.snapshot
    if kind in JUDGED:
        better = stronger(kind, model, queue, snapshot)
        return [*better, *(other for other in queue if other not in better)]
    if kind == "context_overflow":
        return [other for other in queue if _is_larger(other, model, snapshot)]
    if kind == "timeout":
        faster = faster_than(model, queue, snapshot, request.state, took)
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
