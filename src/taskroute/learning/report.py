"""What training has to say: how many scores there are, what routing by them would have brought, and whether that is to be believed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from taskroute.learning.bootstrap import Interval
from taskroute.learning.rows import Labels
from taskroute.learning.validate import FEWEST_COMPARED, Held, best_model
from taskroute.learning.verdict import Verdict, judged, less, signed

FEWEST_PROMPTS: Final = 300
"""With fewer scored prompts, an interval of two percent is wider than what routing brings."""
_MOST_NAMED: Final = 6


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
    """Whether one of the ways is a gain over the best model alone."""

    def text(self) -> str:
        """Return the report for people to read."""
        return "\n".join(_lines(self))


def report(labels: Labels, held: Sequence[Held], *, min_labels: int, notes: Sequence[str] = ()) -> Report:
    """Return what there is to say; `notes` are findings of others."""
    counts = labels.counts.sum(axis=0)
    by_model = tuple((model, round(float(counts[at])), _mean(labels, at)) for at, model in enumerate(labels.models) if counts[at] > 0)
    best = labels.models[best_model(labels)]
    thin = _thin(labels, min_labels)
    verdicts = [judged(one.name, one.apart) for one in held if one.gain is not None]
    findings = (*_findings(held, verdicts, best, is_cheapest=_is_cheapest(labels, best)), *_doubts(labels, thin, min_labels), *notes)
    return Report(
        prompts=labels.size,
        labels=round(float(counts.sum())),
        by_model=by_model,
        best=best,
        held=tuple(held),
        thin=thin,
        findings=findings,
        gain=any(verdict.gain for verdict in verdicts),
    )


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


def _is_cheapest(labels: Labels, model: str) -> bool:
    """Return whether no model costs less, as far as all costs are known."""
    if np.isnan(labels.costs).all(axis=0).any():
        return False
    means = np.nanmean(labels.costs, axis=0)
    return bool(means[labels.models.index(model)] <= means.min())


def _findings(held: Sequence[Held], verdicts: Sequence[Verdict], best: str, *, is_cheapest: bool) -> Iterator[str]:
    if not held:
        yield f"Nothing could be tried on prompts that were held back: until there is more, {best!r} for all calls is as good a guess."
        return
    if not verdicts:
        yield (
            f"Fewer than {FEWEST_COMPARED} prompts have scores of both the model that would be taken and {best!r}: "
            "no gain can be told. Score more prompts, and several models on each."
        )
        return
    if not any(verdict.gain for verdict in verdicts):
        yield f"No gain over {best!r} for all calls can be told: use that model alone, or score more prompts."
        if is_cheapest:
            yield f"{best!r} is the cheapest model, too: what others are better at costs more."
    yield from (verdict.sentence for verdict in verdicts)


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
        yield f"Held back in cross-validation, against {told.best!r} for all calls:"
    for one in told.held:
        yield f"  {one.name}: {_reached(one.quality, one.apart.gain, one.apart.spare)}"
        if one.par_quality is not None:
            yield f"    aiming at its quality for less cost: {_reached(one.par_quality, one.par_gain, one.saving)}"
        if one.open_gain is not None and one.open_gain.above_zero and one.open_spare is not None and one.open_spare.high < 0:
            yield f"    whatever it costs: {_reached(one.open_quality, one.open_gain, one.open_spare)}"
    yield from told.findings


def _reached(quality: float, gain: Interval | None, saving: Interval | None) -> str:
    cost = "" if saving is None else f"; cost {less(saving)}"
    return f"quality {quality:.3f}, {'difference not told' if gain is None else signed(gain)}{cost}"
