"""The quality to expect of each model for a call: by what the call is told to be, and by what its words say on top. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from taskroute.decision.scored import Place, Scored
from taskroute.quality.estimate import Estimate
from taskroute.quality.table import QualityTable
from taskroute.signals.size import cap
from taskroute.signals.task import told_task
from taskroute.types import NOTHING

if TYPE_CHECKING:
    from taskroute.decision.snapshot import Snapshot
    from taskroute.signals.collect import CallReader

__all__ = ["NO_QUALITIES", "Qualities", "place_told", "qualities"]

_LEAST_SHARE: Final = 0.02
"""A task that is less likely than this is left to what is expected of any task."""
_NOTHING_SCORED: Final = Scored(QualityTable(()), 0)


class Qualities(NamedTuple):
    """What is expected of each model by name."""

    told: Mapping[str, float]
    """The quality to compare by where no word of the prompt counts."""
    read: Mapping[str, float]
    """The same with what its words say."""
    shown: Mapping[str, Estimate]
    """What `read` comes from."""
    written: Mapping[str, float]
    """Tokens of an answer of each, where they were counted."""
    by_prior: bool
    """Whether none of these models was ever scored."""


NO_QUALITIES: Final = Qualities({}, {}, {}, {}, by_prior=False)


def place_told(reader: CallReader) -> Place:
    """Return where a call is told to belong. No classifier is asked, and no word is read."""
    call = reader.call
    task = None if call.kept is None else call.kept.task
    if not task:
        told = told_task(call)
        task = None if told is None else told.value
    return Place(NOTHING if task is None else {task: 1.0}, reader.stage())


def qualities(names: tuple[str, ...], snapshot: Snapshot, reader: CallReader) -> Qualities:
    """Return the quality to expect of each of these models.

    Tasks that nobody told are read from the prompt: by the model that was trained with the table, else by the classifier.
    """
    scored = snapshot.scored or _NOTHING_SCORED
    prompts = snapshot.prompts if snapshot.policy.quality.prompts else None
    told = read = place_told(reader)
    text = cap(reader.call.question()) if prompts is not None or not told.tasks else ""
    if told.tasks:
        # So that it is among the signals of the decision.
        reader.task()
    elif text:
        found: Mapping[str, float] = NOTHING if prompts is None else prompts.tasks(text)
        read = Place(_likely(found or _classified(reader)), told.stage)
    shifts: Mapping[str, float] = NOTHING if prompts is None or not text else prompts.shifts(text, read.tasks)
    without = scored.of(names, told)
    within = without if read is told else scored.of(names, read)
    if not shifts:
        return Qualities(without.values, within.values, within.estimates, within.written, within.by_prior)
    return Qualities(
        told=without.values,
        read={name: value + shifts.get(name, 0.0) for name, value in within.values.items()},
        shown={name: _shifted(one, shifts.get(name, 0.0)) for name, one in within.estimates.items()},
        written=within.written,
        by_prior=within.by_prior,
    )


def _classified(reader: CallReader) -> Mapping[str, float]:
    value = reader.task()
    signal = reader.source_of("task")
    return signal.scores or (NOTHING if value is None else {value: 1.0 if signal.confidence is None else signal.confidence})


def _likely(tasks: Mapping[str, float]) -> Mapping[str, float]:
    return {task: share for task, share in tasks.items() if share >= _LEAST_SHARE}


def _shifted(found: Estimate, by: float) -> Estimate:
    mean, low, high = (min(1.0, max(0.0, value + by)) for value in found[:3])
    return found._replace(mean=mean, low=low, high=high)
