"""What is remembered of one model's tries: how many failed of late, and how long its answers took."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from taskroute.execution.breaker import CLOSED, Circuit
from taskroute.types import LastError, Percentiles

_KEPT: Final = 256
"""Tries that are remembered."""
_FRESH: Final = 900.0
"""Seconds for which an answer tells how fast a model is; a model that is not asked for so long may have changed."""
_SHARE: Final = 16
"""Percentiles are worked out anew when this share of the tries (one in sixteen) is new: sorting them for each call would be felt."""
_STALE: Final = 1.0
"""Seconds after which they are worked out anew in any case."""


class _Sample(NamedTuple):
    at: float
    failed: bool
    seconds: float | None
    """How long a whole answer took; None when none came."""
    first_chunk: float | None


class Summary(NamedTuple):
    """What the tries come to."""

    tries: int = 0
    error_rate: float | None = None
    latency: Percentiles | None = None
    first_chunk: Percentiles | None = None


class Account:
    """One model's tries. Whoever uses it holds a lock."""

    __slots__ = ("_at", "_new", "_samples", "_summary", "circuit", "last_error", "untold")

    def __init__(self) -> None:
        self.circuit: Circuit = CLOSED
        """As it was last seen."""
        self.last_error: LastError | None = None
        self.untold: dict[int, int] = {}
        """Answers by slot of the window since the circuit was last told of any."""
        self._samples: deque[_Sample] = deque(maxlen=_KEPT)
        self._new = 0
        self._at = float("-inf")
        self._summary = Summary()

    def count_answer(self, slot: int, kept: int) -> None:
        """Count an answer that the circuit will be told of with the next failure; only the last `kept` slots can matter by then."""
        if slot in self.untold:
            self.untold[slot] += 1
            return
        self.untold = {number: count for number, count in self.untold.items() if abs(number - slot) < kept}
        self.untold[slot] = 1

    def note(self, at: float, *, failed: bool, seconds: float | None, first_chunk: float | None) -> None:
        """Remember a try that said something of the model."""
        self._samples.append(_Sample(at, failed, seconds, first_chunk))
        self._new += 1

    def summary(self, now: float, window: float, *, exact: bool = False) -> Summary:
        """Return what the tries of the last `window` seconds come to, and the answers of the last quarter of an hour."""
        due = self._new * _SHARE >= len(self._samples) if self._new else False
        if exact or due or now - self._at >= _STALE:
            self._new, self._at = 0, now
            self._summary = _summed([sample for sample in tuple(self._samples) if now - sample.at < max(window, _FRESH)], now, window)
        return self._summary


def _summed(samples: Sequence[_Sample], now: float, window: float) -> Summary:
    recent = [sample.failed for sample in samples if now - sample.at < window]
    fresh = [sample for sample in samples if now - sample.at < _FRESH]
    return Summary(
        len(recent),
        sum(recent) / len(recent) if recent else None,
        percentiles([sample.seconds for sample in fresh if sample.seconds is not None]),
        percentiles([sample.first_chunk for sample in fresh if sample.first_chunk is not None]),
    )


def percentiles(values: Sequence[float]) -> Percentiles | None:
    """Return the nearest-rank percentiles; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    ranks = (max(0, -(-len(ordered) * percent // 100) - 1) for percent in (50, 90, 99))
    return Percentiles(*(ordered[rank] for rank in ranks))
