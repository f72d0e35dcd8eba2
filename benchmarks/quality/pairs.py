"""Two models: how well a router tells which prompts need the strong one. RouteLLM's figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from benchmarks.quality.contenders import Contender, Floats, Who
from benchmarks.quality.packs import Pack
from taskroute.learning import curves
from taskroute.learning.bootstrap import Interval, draws_of, interval
from taskroute.learning.folds import Fold, Rows, by_prompt, by_task, part, repeated

Held = Literal["prompts", "tasks"]


class Setting(NamedTuple):
    """What is learned from and what is held back."""

    name: str
    held: Held = "prompts"
    labels: int | None = None
    """How many labels each fold learns from; None: all of its training rows; 0: none at all, and all rows are told about at once."""
    repeats: int = 3
    folds: int = 5


class Ranking(NamedTuple):
    """Which rows need the strong model most."""

    lead: Floats
    """How much better the strong model is expected to do on each row."""
    fold: Rows
    """The fold in which each was held back: only rows of one fold were ranked by the same router."""


class Measured(NamedTuple):
    """What one contender reached, over the repeats."""

    who: Who
    apgr: float
    spread: float
    """Standard deviation of the APGR over the repeats."""
    cpt50: float
    cpt80: float
    at95: float
    """Share of calls to the strong model that gives 95 % of its quality."""
    rankings: tuple[Ranking, ...]
    """One for each repeat."""


def folds_of(pack: Pack, setting: Setting, *, seed: int = 0) -> tuple[tuple[Fold, ...], ...]:
    """Return the folds of each repeat."""
    everything = np.arange(pack.labels.size)
    if setting.labels == 0:
        return ((Fold(everything[:0], everything),),)
    groups = by_prompt(pack.labels.prompts) if setting.held == "prompts" else by_task(pack.labels.tasks)
    dealt = repeated(groups, folds=setting.folds, repeats=setting.repeats, seed=seed)
    if setting.labels is None:
        return dealt
    wanted = setting.labels
    return tuple(
        tuple(Fold(part(fold.train, size=wanted, seed=100 * repeat + at), fold.test) for at, fold in enumerate(folds))
        for repeat, folds in enumerate(dealt)
    )


def measure(pack: Pack, setting: Setting, contender: Contender, *, seed: int = 0) -> Measured:
    """Return what a contender reaches in a setting."""
    rankings: list[Ranking] = []
    for repeat, folds in enumerate(folds_of(pack, setting, seed=seed)):
        ranking = Ranking(np.empty(pack.labels.size), np.empty(pack.labels.size, dtype=np.intp))
        for at, fold in enumerate(folds):
            expected = contender.predict(pack.labels, fold, seed=seed + repeat)
            ranking.lead[fold.test], ranking.fold[fold.test] = expected[:, 1] - expected[:, 0], at
        rankings.append(ranking)
    weak, strong = pack.labels.scores.T
    reached = [curves.apgr(one.lead, weak, strong, parts=one.fold) for one in rankings]
    return Measured(
        who=contender.who,
        apgr=float(np.mean(reached)),
        spread=float(np.std(reached)),
        cpt50=_mean([curves.cpt(one.lead, weak, strong, 0.5, parts=one.fold) for one in rankings]),
        cpt80=_mean([curves.cpt(one.lead, weak, strong, 0.8, parts=one.fold) for one in rankings]),
        at95=_mean([curves.share_for(one.lead, weak, strong, 0.95, parts=one.fold) for one in rankings]),
        rankings=tuple(rankings),
    )


def drawn(pack: Pack, found: Sequence[Measured], *, draws: int, seed: int = 0) -> tuple[Floats, ...]:
    """Return the APGR of each contender in each draw of the prompts, the same draws for all; a mean over the repeats."""
    weak, strong = pack.labels.scores.T
    parts: list[list[Floats]] = [[] for _ in found]
    for weights in draws_of(pack.labels.size, draws=draws, seed=seed):
        for at, one in enumerate(found):
            every = [curves.apgr_draws(ranking.lead, weak, strong, weights, parts=ranking.fold) for ranking in one.rankings]
            parts[at].append(np.mean(every, axis=0))
    return tuple(np.concatenate(some) for some in parts)


def gain(ours: Measured, theirs: Measured, ours_drawn: Floats, theirs_drawn: Floats) -> Interval:
    """Return by how much the APGR of ours is higher, with the 95 % interval over the same draws of prompts."""
    return interval(ours.apgr - theirs.apgr, ours_drawn - theirs_drawn)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
