"""How good each model is for a task or in a stage, and what its answers take: learned from scores, shrunk where scores are few."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from statistics import NormalDist
from typing import Final, Literal, NamedTuple

from taskroute.quality.axis import STRANGE, Axis, Belief, both
from taskroute.quality.estimate import NO_TOKENS, Estimate, Source, Tokens
from taskroute.quality.prior import Prior
from taskroute.quality.shrink import Observed
from taskroute.quality.usual import QUANTITIES, Measured, Usual
from taskroute.taxonomy import TASKS
from taskroute.types import NOTHING

CONFIDENCE: Final = 0.9


class Cell(NamedTuple):
    """Scores of one model on one task in one stage. None for a task or stage that was not told, and for what nobody measured."""

    model: str
    task: str | None
    stage: str | None
    labels: int
    """Scores."""
    mean: float
    """From 0 to 1."""
    variance: float
    """Of the scores about their mean."""
    cost: float | None = None
    """Mean cost of a call, in the one currency of the data."""
    input_tokens: float | None = None
    output_tokens: float | None = None
    latency: float | None = None
    """Mean seconds of a whole answer."""


class QualityTable:
    """What scores tell of models, by task and by stage. Immutable.

    A task without scores is taken for one of its group, a group without scores for the model's mean, drawn towards what its price says, a
    model without scores for its prior; the interval is the wider. Of a call with both a task and a stage the two estimates are weighed by
    how sure each is.
    """

    __slots__ = (
        "_groups",
        "_open",
        "_priors",
        "_stages",
        "_tasks",
        "_tells_tasks",
        "_usual",
        "_z",
        "cells",
        "trained_at",
        "version",
        "words",
    )

    def __init__(
        self,
        cells: Iterable[Cell],
        *,
        groups: Mapping[str, str] = NOTHING,
        priors: Mapping[str, Prior] = NOTHING,
        confidence: float = CONFIDENCE,
        trained_at: str | None = None,
        words: bool = False,
    ) -> None:
        """`groups` tells the group of the user's own tasks; `confidence` is that of the intervals; `words`: their file lies beside it."""
        self.cells: Final = tuple(sorted(map(_rounded, cells), key=_order))
        self.trained_at: Final = trained_at
        self.words: Final = words
        self.version: Final = _fingerprint(self.cells)
        self._groups = {**TASKS, **groups}
        self._priors = dict(priors)
        self._z = NormalDist().inv_cdf((1 + confidence) / 2)
        self._usual = Usual(_measured(self.cells))
        costs = {model: cost for model in self.models if (cost := self.cost(model)) is not None}
        self._tasks = Axis("task", _pooled(self.cells, "task"), self._groups, self._priors, costs=costs)
        self._stages = Axis("stage", _pooled(self.cells, "stage"), NOTHING, self._priors, costs=costs)
        # Scores without a task are of whatever kind of prompt that is.
        self._open = None if any(cell.task is None for cell in self.cells) else STRANGE
        self._tells_tasks = not self.cells or any(cell.task is not None for cell in self.cells)

    def given(self, *, priors: Mapping[str, Prior], groups: Mapping[str, str] = NOTHING, confidence: float = CONFIDENCE) -> QualityTable:
        """Return the same scores with what a policy says of models and tasks."""
        return QualityTable(self.cells, groups=groups, priors=priors, confidence=confidence, trained_at=self.trained_at, words=self.words)

    @property
    def models(self) -> tuple[str, ...]:
        """The models that were scored, by name."""
        return tuple(sorted({cell.model for cell in self.cells}))

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that were scored, by name."""
        return tuple(sorted({cell.task for cell in self.cells if cell.task is not None}))

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that were scored, by name."""
        return tuple(sorted({cell.stage for cell in self.cells if cell.stage is not None}))

    def __repr__(self) -> str:
        return f"QualityTable({self.version}: {len(self.models)} models, {len(self.tasks)} tasks, {len(self.stages)} stages)"

    def estimate(self, model: str, *, tasks: Mapping[str, float] = NOTHING, stage: str | None = None) -> Estimate | None:
        """Return the quality to expect of a model; None for a model without scores and without a prior.

        `tasks` tells how likely each task is. What is missing to 1 counts as a task that nothing is known of. Where no score has a task,
        all of them are of whatever task that is.
        """
        if model not in self._tasks.models and model not in self._priors:
            return None
        if not self._tells_tasks:
            tasks = NOTHING
        if stage is None:
            return self._told(self._mixed(model, tasks))
        by_stage = self._stages.belief(model, stage)
        if not tasks:
            return self._told(by_stage)
        by_task = self._mixed(model, tasks)
        if by_task.labels == 0:
            return self._told(by_stage)
        return self._told(by_task if by_stage.labels == 0 else both(by_task, by_stage))

    def tokens(self, model: str, *, tasks: Mapping[str, float] = NOTHING, stage: str | None = None) -> Tokens:
        """Return the tokens to expect of one call; None where nobody counted them."""
        read = self._usual.of("input_tokens", model, tasks, stage)
        written = self._usual.of("output_tokens", model, tasks, stage)
        return NO_TOKENS if read is None and written is None else Tokens(input=read, output=written)

    def cost(self, model: str, *, tasks: Mapping[str, float] = NOTHING, stage: str | None = None) -> float | None:
        """Return the cost to expect of one call, in the currency of the data; None where none was told."""
        return self._usual.of("cost", model, tasks, stage)

    def latency(self, model: str, *, tasks: Mapping[str, float] = NOTHING, stage: str | None = None) -> float | None:
        """Return the seconds to expect of a whole answer; None where nobody measured them."""
        return self._usual.of("latency", model, tasks, stage)

    def _mixed(self, model: str, tasks: Mapping[str, float]) -> Belief:
        if not tasks:
            return self._tasks.belief(model, None)
        total = sum(tasks.values())
        scale = 1 / total if total > 1 else 1.0
        parts: list[tuple[float, str | None]] = [(share * scale, task) for task, share in tasks.items() if share > 0]
        if total < 1 - 1e-9:
            parts.append((1 - total, self._open))
        belief = self._tasks.belief
        mean = sd = labels = heaviest = 0.0
        source: Source = "prior"
        for share, task in parts:
            expected, doubt, count, stands_on = belief(model, task)
            mean += share * expected
            # What is not known of a model's level is the same error in each part.
            sd += share * doubt
            labels += share * count
            if share > heaviest:
                heaviest, source = share, stands_on
        return Belief(mean, sd, int(labels), source)

    def _told(self, belief: Belief) -> Estimate:
        mean, half = belief.mean, self._z * belief.sd
        return Estimate(_clipped(mean), _clipped(mean - half), _clipped(mean + half), belief.labels, belief.source)


def _order(cell: Cell) -> tuple[bool, str, bool, str, str]:
    return cell.task is None, cell.task or "", cell.stage is None, cell.stage or "", cell.model


def _rounded(cell: Cell) -> Cell:
    """Return the cell with six digits of each number, as it is written, so that a table is the same before and after."""
    return cell._replace(
        mean=_digits(cell.mean),
        variance=_digits(cell.variance),
        cost=None if cell.cost is None else _digits(cell.cost),
        input_tokens=None if cell.input_tokens is None else _digits(cell.input_tokens),
        output_tokens=None if cell.output_tokens is None else _digits(cell.output_tokens),
        latency=None if cell.latency is None else _digits(cell.latency),
    )


def _digits(value: float) -> float:
    return float(f"{value:.6g}")


def _fingerprint(cells: Iterable[Cell]) -> str:
    """Twelve hex digits: two tables of the same scores have the same."""
    return hashlib.sha256("\n".join(repr(tuple(cell)) for cell in cells).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _pooled(cells: Iterable[Cell], kind: Literal["task", "stage"]) -> Iterator[Observed]:
    """Yield the scores of each model by task, or by stage."""
    found: dict[tuple[str, str | None], list[Cell]] = {}
    for cell in cells:
        found.setdefault((cell.model, cell.task if kind == "task" else cell.stage), []).append(cell)
    for (model, place), parts in found.items():
        labels = sum(part.labels for part in parts)
        mean = sum(part.labels * part.mean for part in parts) / labels
        variance = sum(part.labels * (part.variance + (part.mean - mean) ** 2) for part in parts) / labels
        yield Observed(model=model, place=place, labels=labels, mean=mean, variance=variance)


def _measured(cells: Iterable[Cell]) -> Iterator[Measured]:
    for cell in cells:
        for what in QUANTITIES:
            value: float | None = getattr(cell, what)
            if value is not None:
                yield Measured(what=what, model=cell.model, task=cell.task, stage=cell.stage, calls=cell.labels, mean=value)


def _clipped(value: float) -> float:
    return value if 0.0 <= value <= 1.0 else 1.0 if value > 1 else 0.0
