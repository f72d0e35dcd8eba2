"""What training has to say: how many scores there are, what routing by them would have brought, and whether that is to be believed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from taskroute.learning.best import best_model, is_connected
from taskroute.learning.bootstrap import Interval
from taskroute.learning.cost_findings import at_no_cost, cost_findings, is_free
from taskroute.learning.folds import by_prompt
from taskroute.learning.methods import TABLE_STAGE, TABLE_TOLD, WORDS_READ, WORDS_TOLD
from taskroute.learning.rows import Labels
from taskroute.learning.validate import FEWEST_COMPARED, Held
from taskroute.learning.verdict import Aims, Verdict, judged, less, signed

FEWEST_PROMPTS: Final = 300
"""With fewer scored prompts, an interval of two percent is wider than what routing brings."""
_MOST_NAMED: Final = 6
_SAME_PROMPTS: Final = 0.9
"""Models that were each scored on this part of the prompts are compared by their means."""
FEWEST_HELD: Final = 20
"""Prompts to cross-validate with; with fewer, the folds hold next to nothing."""


class Report(NamedTuple):
    """The findings of one training."""

    prompts: int
    labels: int
    """Scores, of all models together."""
    by_model: tuple[tuple[str, int, float], ...]
    """Model, its scores and their mean; in the order of the data."""
    best: str
    """The model with the best mean, over the prompts that it shares with others."""
    held: tuple[Held, ...]
    """What each way to route reached in cross-validation; empty where it could not be tried."""
    thin: tuple[tuple[str, int], ...]
    """Tasks and stages on which some model has fewer scores than the policy asks for, with the least that one has."""
    written: frozenset[str]
    """Names of those ways that what is written gives."""
    findings: tuple[str, ...]
    """Plain sentences, the weightiest first."""
    gain: bool
    """Whether one of the ways that are written is a gain over the best model alone."""

    def text(self) -> str:
        """Return the report for people to read."""
        return "\n".join(_lines(self))


def report(labels: Labels, held: Sequence[Held], *, written: frozenset[str], min_labels: int, notes: Sequence[str] = ()) -> Report:
    """Return what there is to say; `written` names the ways to route that count, `notes` are findings of others."""
    counts = labels.counts.sum(axis=0)
    by_model = tuple((model, round(float(counts[at])), _mean(labels, at)) for at, model in enumerate(labels.models) if counts[at] > 0)
    best = labels.models[best_model(labels)]
    thin = _thin(labels, min_labels)
    if is_free(labels):
        held = [at_no_cost(one) for one in held]
    verdicts = [judged(_shown(one.name, labels), one.apart, one.coins) for one in held if one.gain is not None and one.name in written]
    findings = (
        *_findings(labels, held, verdicts, best, written),
        *_unlike(labels, best),
        *cost_findings(labels, best),
        *_doubts(labels, thin, min_labels),
        *notes,
    )
    return Report(
        prompts=labels.size,
        labels=round(float(counts.sum())),
        by_model=by_model,
        best=best,
        held=tuple(one._replace(name=_shown(one.name, labels)) for one in held),
        written=frozenset(_shown(name, labels) for name in written),
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
    """Return whether all others cost more, as far as all costs are known."""
    if np.isnan(labels.costs).all(axis=0).any():
        return False
    means = np.nanmean(labels.costs, axis=0)
    return bool((np.delete(means, labels.models.index(model)) > means[labels.models.index(model)]).all())


def _shown(name: str, labels: Labels) -> str:
    """Return the name of a way to route; where stages are told and no tasks, it says so."""
    return TABLE_STAGE if name == TABLE_TOLD and all(task is None for task in labels.tasks) else name


def _findings(labels: Labels, held: Sequence[Held], verdicts: Sequence[Verdict], best: str, written: frozenset[str]) -> Iterator[str]:
    if not held:
        yield f"Nothing could be tried on prompts that were held back{_why_not(labels)}: until there is more, {_guess(labels, best)}."
        return
    if not verdicts:
        yield _no_verdict(labels, held, best, written)
        return
    if not any(verdict.gain for verdict in verdicts):
        unless = ", unless what follows is worth it to you" if any(verdict.is_trade for verdict in verdicts) else ", or score more prompts"
        what = f"use that model alone{unless}" if _is_alike(labels) else "score all models on the same prompts"
        yield f"No gain over {best!r} for all calls can be told: {what}."
        if _is_cheapest(labels, best):
            yield f"{best!r} is the cheapest model, too: what others are better at costs more."
    by_name = {_shown(one.name, labels): one for one in held}
    for verdict in verdicts:
        yield verdict.sentence
        if verdict.gain:
            yield _in_a_policy(labels, by_name[verdict.name], verdict.aims)


def _no_verdict(labels: Labels, held: Sequence[Held], best: str, written: frozenset[str]) -> str:
    """Return why nothing is said of a way that is written: too few scores of it, or there is none."""
    counted = [one for one in held if one.name in written] or held
    if all(one.gain is None for one in counted):
        return (
            f"Fewer than {FEWEST_COMPARED} prompts have scores of both the model that would be taken and {best!r}: "
            "no gain can be told. Score more prompts, and several models on each."
        )
    what = "use that model alone, or tell tasks or stages of the prompts" if _is_alike(labels) else "score all models on the same prompts"
    return f"No gain over {best!r} for all calls can be told, for nothing is written that tells calls apart: {what}."


def _in_a_policy(labels: Labels, held: Held, aims: Sequence[Aims]) -> str:
    """Return the `choose` that does what was found, or how to find it. Words of prompts count in full only without a margin."""
    among = ", ".join(model for at, model in enumerate(labels.models) if labels.counts[:, at].any())
    if "open" in aims or ("par" not in aims and (held.gain, held.spare) == (held.open_gain, held.open_spare)):
        margin = ", margin: 0" if held.name in (WORDS_TOLD, WORDS_READ) else ""
        return f"In a policy that is choose: {{among: [{among}], objective: best{margin}}}."
    return (
        f"In a policy cost is weighed by choose: {{among: [{among}], objective: utility, cost_weight: …}}, or objective: cheapest with "
        "within: …; to find the number, run 'taskroute compare' on scores that are kept back, with a copy of the policy for each you try."
    )


def _why_not(labels: Labels) -> str:
    distinct = np.unique(by_prompt(labels.prompts)).size
    if labels.size < FEWEST_HELD:
        return f", for that takes {FEWEST_HELD} prompts, and the data have {labels.size}"
    return ", for all of them are one prompt" if distinct < 2 else ", for no task, stage or word tells them apart"


def _guess(labels: Labels, best: str) -> str:
    return f"{best!r} for all calls is as good a guess" if _is_alike(labels) else "score all models on the same prompts"


def _is_alike(labels: Labels) -> bool:
    """Return whether about the same prompts were scored with every model."""
    counts = (~np.isnan(labels.scores)).sum(axis=0)
    return bool((counts[counts > 0] >= _SAME_PROMPTS * labels.size).all())


def _unlike(labels: Labels, best: str) -> Iterator[str]:
    """Yield that models were scored on different prompts."""
    counts = (~np.isnan(labels.scores)).sum(axis=0)
    if not _is_alike(labels):
        named = ", ".join(f"{model!r} on {count / labels.size:.0%}" for model, count in zip(labels.models, counts, strict=True) if count)
        how = (
            f"on prompts that they share {best!r} is the best"
            if is_connected(labels)
            else "no prompts connect them, so which is the best is not known"
        )
        yield f"The means are of different prompts ({named}), and do not compare the models: {how}."


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
        on = "" if one.compared == told.prompts or one.gain is None else f", on {one.compared:,} prompts"
        left_out = "" if one.name in told.written else " (not written)"
        yield f"  {one.name}{on}{left_out}: {_reached(one.quality, one.gain, one.spare, one.coin)}"
        if one.par_quality is not None:
            yield f"    aiming at its quality for less cost: {_reached(one.par_quality, one.par_gain, one.saving, one.par_coin)}"
        if one.open_gain is not None and (one.open_gain, one.open_spare) != (one.gain, one.spare):
            yield f"    whatever it costs: {_reached(one.open_quality, one.open_gain, one.open_spare, one.open_coin)}"
    yield from told.findings


def _reached(quality: float, gain: Interval | None, saving: Interval | None, coin: Interval | None) -> str:
    if gain is None:
        return f"quality {quality:.3f}, difference not told"
    cost = "cost not known" if saving is None else f"cost {less(saving)}"
    saves = saving is not None and saving.low > 0 and coin is not None
    return f"quality {quality:.3f}, {signed(gain)}; {cost}" + (f"; {signed(coin)} over choosing at random at that cost" if saves else "")
