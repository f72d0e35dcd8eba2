"""What an answer of a model takes: tokens, cost and seconds, by task and by stage, drawn towards the model's mean where few are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

Quantity = Literal["cost", "input_tokens", "output_tokens", "latency"]
QUANTITIES: Final[tuple[Quantity, ...]] = ("cost", "input_tokens", "output_tokens", "latency")

_HALF: Final = 10.0
"""With so many calls, a task's own mean counts half, and the model's the other half."""


class Measured(NamedTuple):
    """The mean of a quantity over `calls` calls."""

    what: Quantity
    model: str
    task: str | None
    stage: str | None
    calls: float
    mean: float


class _Sum(NamedTuple):
    calls: float = 0.0
    total: float = 0.0

    def plus(self, calls: float, mean: float) -> _Sum:
        return _Sum(self.calls + calls, self.total + calls * mean)


_NONE: Final = _Sum()


class Usual:
    """Means of what was measured. Immutable."""

    __slots__ = ("_models", "_stages", "_tasks")

    def __init__(self, measured: Iterable[Measured]) -> None:
        self._models: dict[tuple[Quantity, str], _Sum] = {}
        self._tasks: dict[tuple[Quantity, str, str], _Sum] = {}
        self._stages: dict[tuple[Quantity, str, str], _Sum] = {}
        for what, model, task, stage, calls, mean in measured:
            self._models[what, model] = self._models.get((what, model), _NONE).plus(calls, mean)
            if task is not None:
                self._tasks[what, model, task] = self._tasks.get((what, model, task), _NONE).plus(calls, mean)
            if stage is not None:
                self._stages[what, model, stage] = self._stages.get((what, model, stage), _NONE).plus(calls, mean)

    def of(self, what: Quantity, model: str, tasks: Mapping[str, float], stage: str | None) -> float | None:
        """Return what to expect of one call; None where nobody measured this model.

        Where something was measured in the stage, it counts for what the tasks leave open.
        """
        whole = self._models.get((what, model))
        if whole is None:
            return None
        usual = whole.total / whole.calls
        if stage is not None:
            usual = _drawn(self._stages.get((what, model, stage), _NONE), usual)
        told = sum(tasks.values())
        if told <= 0:
            return usual
        scale = 1 / max(1.0, told)
        found = sum(share * scale * _drawn(self._tasks.get((what, model, task), _NONE), usual) for task, share in tasks.items())
        return found + max(0.0, 1 - told) * usual


def _drawn(own: _Sum, usual: float) -> float:
    return (own.total + _HALF * usual) / (own.calls + _HALF)
