"""What training has to say: how many scores there are, what routing by them would have brought, and whether that is to be believed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from taskroute.learning.bootstrap import Interval
from taskroute.learning.rows import Labels
from taskroute.learning.validate import FEWEST_COMPARED, Held, best_model

FEWEST_PROMPTS: Final = 300
"""With fewer scored prompts, an interval of two percent is wider than what routing brings."""
_MOST_NAMED: Final = 6
LOST: Final = 0.02
"""A saving counts where no more quality than this is lost, as far as the interval tells; it is the `margin` of a policy, too."""


class Report(NamedTuple):
    """The findings of one training."""

    prompts: int
    labels: int
    """Scores, of all models together."""
    by_model: tuple[tuple[str, int, float], ...]
    """Model, its scores and their mean; in the order of the data."""
    best: str
    """The model with the best mean."""
    held: tuple[Held, ...]
    """What each way to route reached in cross-validation; empty where it could not be tried."""
    thin: tuple[tuple[str, int], ...]
    """Tasks and stages on which some model has fewer scores than the policy asks for, with the least that one has."""
    findings: tuple[str, ...]
    """Plain sentences, the weightiest first."""
    gain: bool
    """Whether one of the ways is better than the best model alone, with its whole interval."""

    def text(self) -> str:
        """Return the report for people to read."""
        return "\n".join(_lines(self))


def report(labels: Labels, held: Sequence[Held], *, min_labels: int, notes: Sequence[str] = ()) -> Report:
    """Return what there is to say; `notes` are findings of others."""
    counts = labels.counts.sum(axis=0)
    by_model = tuple((model, round(float(counts[at])), _mean(labels, at)) for at, model in enumerate(labels.models) if counts[at] > 0)
    best = labels.models[best_model(labels)]
    thin = _thin(labels, min_labels)
    gains = tuple(one for one in held if counts_as_gain(one))
    findings = (*_verdict(held, gains, best), *_doubts(labels, thin, min_labels), *notes)
    return Report(
        prompts=labels.size,
        labels=round(float(counts.sum())),
        by_model=by_model,
        best=best,
        held=tuple(held),
        thin=thin,
        findings=findings,
        gain=bool(gains),
    )


def counts_as_gain(held: Held) -> bool:
    """Return whether a way to route is better at no more cost, or costs less and loses at most `LOST`, as far as the intervals tell."""
    if held.gain is not None and held.gain.above_zero:
        return True
    saves = held.saving is not None and held.saving.above_zero
    return saves and held.par_gain is not None and held.par_gain.low > -LOST


def _mean(labels: Labels, column: int) -> float:
    return float(np.nanmean(labels.scores[:, column]))


def _thin(labels: Labels, min_labels: int) -> tuple[tuple[str, int], ...]:
    """Return the tasks, or the stages where no task is told, on which a model has few scores."""
    places = [task if task is not None else stage for task, stage in zip(labels.tasks, labels.stages, strict=True)]
    found: dict[str, int] = {}
    for place in dict.fromkeys(places):
        if place is not None:
            rows = np.array([other == place for other in places])
            least = round(float(labels.counts[rows].sum(axis=0).min()))
            if least < min_labels:
                found[place] = least
    return tuple(sorted(found.items(), key=lambda one: one[1]))


def _verdict(held: Sequence[Held], gains: Sequence[Held], best: str) -> Iterator[str]:
    if not held:
        yield f"Nothing could be tried on prompts that were held back: until there is more, {best!r} for all calls is as good a guess."
        return
    if not any(one.gain is not None for one in held):
        yield (
            f"Fewer than {FEWEST_COMPARED} prompts have scores of both the model that would be taken and {best!r}: "
            "no gain can be told. Score several models on the same prompts."
        )
        return
    if not gains:
        yield f"No gain over {best!r} for all calls can be told: neither quality nor cost is surely better."
    for one in gains:
        if one.gain is not None and one.gain.above_zero:
            yield f"{one.name}: {_signed(one.gain)} quality at no more than the cost of {best!r}."
        else:
            yield f"{one.name}: costs {_less(one.saving)} less than {best!r} for {_signed(one.par_gain)} quality."


def _doubts(labels: Labels, thin: Sequence[tuple[str, int]], min_labels: int) -> Iterator[str]:
    if labels.size < FEWEST_PROMPTS:
        yield f"Too little data to rely on: {labels.size} prompts; below {FEWEST_PROMPTS} most differences between models are chance."
    known = labels.scores[~np.isnan(labels.scores)]
    if known.size and np.ptp(known) == 0:
        yield f"All scores are the same ({known[0]:g}): they tell no models apart."
    if all(task is None and stage is None for task, stage in zip(labels.tasks, labels.stages, strict=True)):
        yield "No row tells its task or stage: the table holds one mean for each model."
    if thin:
        named = ", ".join(f"{place} ({least})" for place, least in thin[:_MOST_NAMED])
        more = f" and {len(thin) - _MOST_NAMED} more" if len(thin) > _MOST_NAMED else ""
        yield f"Fewer than {min_labels} scores of some model for {named}{more}: there the lower end of its interval counts."


def _lines(told: Report) -> Iterator[str]:
    yield f"{told.labels:,} scores of {len(told.by_model)} models on {told.prompts:,} prompts"
    for model, count, mean in told.by_model:
        yield f"  {model}: mean {mean:.3f} of {count:,}" + (" (the best)" if model == told.best else "")
    if told.held:
        yield f"Held back in cross-validation, against {told.best!r} or whichever was best, for all calls:"
    for one in told.held:
        cost = "" if one.cost is None else f" at {one.cost:.1%} of its cost"
        yield f"  {one.name}: quality {one.quality:.3f}{cost}; difference {_signed(one.gain)}"
        if one.par_quality is not None and one.par_cost is not None:
            yield f"    aiming at its quality for less: {one.par_quality:.3f} at {one.par_cost:.1%}; saving {_less(one.saving)}"
    yield from told.findings


def _signed(interval: Interval | None) -> str:
    return "not told" if interval is None else f"{interval.value:+.4f} ({interval.low:+.4f} to {interval.high:+.4f})"


def _less(interval: Interval | None) -> str:
    return "not told" if interval is None else f"{interval.value:.1%} ({interval.low:.1%} to {interval.high:.1%})"
