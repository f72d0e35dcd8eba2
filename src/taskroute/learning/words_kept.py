"""What of the words of prompts is kept: only what routing was surely better for, on prompts that were held back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from taskroute.learned.predictor import Predictor
from taskroute.learning.bootstrap import Interval
from taskroute.learning.methods import TABLE_READ, TABLE_TOLD, TABLE_UNKNOWN, WORDS_READ, WORDS_TOLD
from taskroute.learning.validate import Apart, Held
from taskroute.learning.verdict import LEAST_SAVED, LOST, less, signed
from taskroute.ports import PromptQuality


class Kept(NamedTuple):
    """What is kept of the words, and why."""

    tasks: bool
    """Whether tasks are read from them, where none is told."""
    read: bool
    """Whether they count beside a task that was read."""
    told: bool
    """Whether they count beside a task that was told."""
    findings: tuple[str, ...]
    """A sentence for each, with the figures that decided."""

    @property
    def any(self) -> bool:
        """Whether that is anything."""
        return self.tasks or self.read or self.told

    @property
    def ways(self) -> frozenset[str]:
        """Names of the ways to route that what is written gives."""
        found = {WORDS_TOLD} if self.told else {TABLE_TOLD}
        if self.tasks or self.read:
            found.add(WORDS_READ if self.read else TABLE_READ)
        return frozenset(found)

    def of(self, learned: PromptQuality) -> PromptQuality:
        """Return so much of what was learned, where it can be told apart."""
        return learned.only(tasks=self.tasks, read=self.read, told=self.told) if isinstance(learned, Predictor) else learned


def kept_of(held: Sequence[Held]) -> Kept:
    """Return what of the words is to be kept, by what routing with them has over the table without."""
    over = {(one.name, other): apart for one in held for other, apart in one.over}
    told = over.get((WORDS_TOLD, TABLE_TOLD))
    by_tasks = over.get((TABLE_READ, TABLE_UNKNOWN))
    tasks = _helps(by_tasks)
    # Where the tasks that are read help already, words must add to that.
    words = over.get((WORDS_READ, TABLE_READ if tasks else TABLE_UNKNOWN))
    read = _helps(words)
    if by_tasks is None:
        what = "Words of the prompts"
    else:
        what = "Words beside a task that is read" if tasks else "Tasks that are read from the words, with the words beside them"
    figures = (
        ("Words beside a task that is told", told, "the table alone"),
        ("Tasks that are read from the words", None if read and not tasks else by_tasks, "no task"),
        (what, words, "these tasks alone" if tasks else "no task"),
    )
    findings = tuple(_said(what, apart, other) for what, apart, other in figures if apart is not None and _differs(apart))
    return Kept(tasks or read, read, _helps(told), findings)


def _differs(apart: Apart) -> bool:
    """Return whether anything was chosen otherwise, as far as that is told."""
    nothing = (0.0, 0.0, 0.0)
    return any(part is not None and part != nothing for part in apart) or apart.gain is None


def _helps(apart: Apart | None) -> bool:
    """Return whether something is surely gained."""
    return apart is not None and bool(_brought(apart))


def _brought(apart: Apart) -> str:
    """Return what is surely gained, with its figures: quality at no more than the best model's cost or at any, or cost without a loss."""
    if apart.gain is not None and apart.gain.low > 0:
        return _quality(apart.gain)
    if apart.open_gain is not None and apart.open_gain.low > 0:
        return f"{_quality(apart.open_gain)} whatever it costs"
    if apart.saving is None or apart.par_gain is None:
        return ""
    saves = apart.saving.low > LEAST_SAVED and apart.par_gain.value >= 0 and apart.par_gain.low > -LOST
    return _saved(apart.saving, apart.par_gain) if saves else ""


def _said(what: str, apart: Apart, other: str) -> str:
    brought = _brought(apart)
    if brought:
        return f"{what}: kept; over {other}, {brought}."
    if apart.gain is None:
        return f"{what}: left out; too few prompts were scored to tell what they bring."
    figures = [_quality(apart.gain)]
    if apart.saving is not None and apart.par_gain is not None:
        figures.append(_saved(apart.saving, apart.par_gain))
    if apart.open_gain is not None and apart.open_gain != apart.gain:
        figures.append(f"{_quality(apart.open_gain)} whatever it costs")
    return f"{what}: left out; over {other}, {', or '.join(figures)}."


def _quality(gain: Interval) -> str:
    return f"{signed(gain)} quality"


def _saved(saving: Interval, gain: Interval) -> str:
    return f"cost {less(saving)} for {_quality(gain)}"
