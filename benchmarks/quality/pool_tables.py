"""The tables of many models: LLMRouter-9 and MMLU-Pro-12, and what happens when a model joins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from benchmarks.quality import aims, baselines, pools
from benchmarks.quality.contenders import Contender, Floats, Who
from benchmarks.quality.ours import contenders
from benchmarks.quality.packs import Pack
from benchmarks.quality.pair_tables import Effort
from benchmarks.quality.pairs import Setting
from benchmarks.quality.pools import Reached, Settled
from benchmarks.quality.tables import Figure, Section, Table, leads, number, percent
from benchmarks.quality.text import Likeness
from taskroute.learning.bootstrap import interval
from taskroute.learning.methods import Remembered
from taskroute.learning.new_model import COST_WEIGHT, joining
from taskroute.learning.rows import Labels

_ZERO: Final = Who("zero router")
_SIZES: Final = (10, 30, 100)
RIVAL: Final = "a rival of the best"
_RIVALS: Final = (0.0, 0.02, 0.04)
_JOINED: Final = (
    "Utility: quality, less 0.1 times the cost in parts of the best model's. The others have all labels of 70 % of the rows. A rival is "
    "made up: it has the scores of the model of the most utility, dealt anew among the prompts of each task."
)
_HEADER: Final = (
    "router",
    "tag",
    "AIQ",
    "best quality",
    "cost at par",
    "quality at 24.18 % cost",
    "chosen inside: best (quality @ cost)",
    "chosen inside: par (quality @ cost)",
)
_NOTE: Final = (
    "Qualities and costs in parts of the strongest single model's. AIQ, best quality, cost at par and quality at a cost are read from the "
    "hull of the held-back rows, as RouterBench does, which flatters every router a little; the last two columns are not: there, what a "
    "unit of cost is worth was chosen in folds inside the training rows, for the best quality, or for the strongest model's quality at "
    "the least cost."
)


def sections(pack: Pack, effort: Effort, *, likeness: Likeness, words: Remembered | None) -> Iterator[Section]:
    """Yield the sections of a pack: prompts held back, whole tasks held back, and a model that joins."""
    pack = effort.of(pack)
    every = [*baselines.learned(likeness), *contenders(words), baselines.Oracle()]
    yield section(pack, Setting(f"{pack.name}, in-domain"), effort, every)
    yield section(pack, Setting(f"{pack.name}, tasks held back", held="tasks"), effort, every)
    yield from joined(pack, effort)


def section(pack: Pack, setting: Setting, effort: Effort, every: Sequence[Contender]) -> Section:
    """Return what these contenders reach in a setting, and how far ours are ahead of the others."""
    settle = setting.held == "prompts"
    learned = [pools.measure(pack, effort.setting(setting, one), one, settle=settle) for one in every]
    found = [*_single(pack, setting), *learned]
    zero = next(one for one in found if one.who == _ZERO)
    rows = tuple(_row(one) for one in found)
    tables = [Table(f"{setting.name} ({pack.labels.size} prompts, {len(pack.labels.models)} models)", _HEADER, rows, _NOTE)]
    figures = [Figure(setting.name, one.who, name, value) for one in found for name, value in _figures(one, zero)]
    if setting.held == "tasks":
        tables.append(_seeds(setting, [one for one in learned if one.who.name != "oracle"], zero.aiq or 0.0))
    return Section((*tables, *_leads(pack, setting, found, effort.draws)), tuple(figures))


def joined(pack: Pack, effort: Effort, *, sizes: Sequence[int] = _SIZES) -> Iterator[Section]:
    """Yield, for each number of labels, what each model changes when it joins the others with so many, and what rivals of the best do."""
    told = [joining(pack.labels, model, sizes=sizes, seeds=effort.seeds) for model in pack.labels.models]
    for worse in _RIVALS:
        told.append(joining(with_rival(pack.labels, worse), RIVAL, sizes=sizes, seeds=effort.seeds))
    names = [*pack.labels.models, *(f"{RIVAL}, wrong where it would be right in {worse:.0%}" for worse in _RIVALS)]
    for at, size in enumerate(sizes):
        setting = f"{pack.name}, a model joins with {size} labels"
        found = [one[at] for one in told]
        rows = tuple(
            (name, number(one.without, digits=4), f"{one.mean:+.4f}", f"{one.worst:+.4f}") for name, one in zip(names, found, strict=True)
        )
        yield Section(
            (Table(f"{setting} ({effort.seeds} seeds)", ("model", "utility without it", "mean change", "worst seed"), rows, _JOINED),),
            (
                Figure(setting, aims.JOINING, "least mean change of utility", min(one.mean for one in found)),
                Figure(setting, aims.JOINING, "worst seed's change of utility", min(one.worst for one in found)),
                Figure(setting, aims.JOINING, "most mean change of utility", max(one.mean for one in found)),
            ),
        )


def with_rival(labels: Labels, worse: float, *, seed: int = 0) -> Labels:
    """Return the scores with those of one more model: as good on each task as the one of the most utility, but on other prompts, at its
    cost, and wrong on this part of them."""
    chance = np.random.default_rng(seed)
    costs, scores = labels.costs.mean(axis=0), labels.scores.mean(axis=0)
    best = int(np.argmax(scores - COST_WEIGHT * costs / costs[scores.argmax()]))
    tasks, own = np.array([str(task) for task in labels.tasks]), np.empty(labels.size)
    for task in np.unique(tasks):
        rows = np.flatnonzero(tasks == task)
        own[rows] = chance.permutation(labels.scores[rows, best])
    own[chance.random(labels.size) < worse] = 0.0

    def twice(values: Floats) -> Floats:
        return np.column_stack([values, values[:, best]])

    return labels._replace(
        models=(*labels.models, RIVAL),
        scores=np.column_stack([labels.scores, own]),
        costs=twice(labels.costs),
        output_tokens=twice(labels.output_tokens),
        latency=twice(labels.latency),
        counts=twice(labels.counts),
    )


def _single(pack: Pack, setting: Setting) -> tuple[Reached, ...]:
    """Return the zero router, and what takes no account of the prompt."""
    costs, scores = pack.labels.costs.mean(axis=0), pack.labels.scores.mean(axis=0)
    one_each = np.eye(costs.size)
    return (
        pools.zero(pack, _ZERO),
        pools.fixed(pack, Who("random"), np.full(costs.size, 1 / costs.size)),
        pools.fixed(pack, Who("cheapest"), one_each[int(costs.argmin())]),
        pools.fixed(pack, Who("strongest"), one_each[int(scores.argmax())]),
        pools.best_fixed(pack, setting, Who("best fixed, by the training rows")),
    )


def _row(one: Reached) -> tuple[str, ...]:
    return (
        one.who.name,
        one.who.tags,
        number(one.aiq, digits=4),
        percent(one.best_quality),
        percent(one.cost_at_par),
        percent(one.quality_at_quarter),
        _there(one.settled_best),
        _there(one.settled_par),
    )


def _there(settled: Settled | None) -> str:
    return "-" if settled is None else f"{percent(settled.quality)} @ {percent(settled.cost)}"


def _figures(one: Reached, zero: Reached) -> tuple[tuple[str, float | None], ...]:
    best, par = one.settled_best, one.settled_par
    return (
        ("AIQ", one.aiq),
        ("best quality", one.best_quality),
        ("cost at par", one.cost_at_par),
        ("quality at 24.18 % cost", one.quality_at_quarter),
        ("chosen inside: best quality", best and best.quality),
        ("chosen inside: cost of the best", best and best.cost),
        ("chosen inside: quality at par", par and par.quality),
        ("chosen inside: cost at par", par and par.cost),
        (aims.WORST, min(one.by_repeat) - (zero.aiq or 0.0)),
    )


def _seeds(setting: Setting, found: Sequence[Reached], zero: float) -> Table:
    """Return how far the AIQ of each seed is from the zero router's."""
    rows = tuple(
        (
            one.who.name,
            one.who.tags,
            str(len(one.by_repeat)),
            f"{np.mean(one.by_repeat) - zero:+.4f}",
            f"{min(one.by_repeat) - zero:+.4f}",
            f"{max(one.by_repeat) - zero:+.4f}",
        )
        for one in found
    )
    note = "The zero router knows the true means of the held-back rows; no router that learns does."
    return Table(f"{setting.name}: AIQ minus the zero router's", ("router", "tag", "seeds", "mean", "worst", "best"), rows, note)


def _leads(pack: Pack, setting: Setting, found: Sequence[Reached], draws: int) -> tuple[Table, ...]:
    """Return the gains over each baseline: in AIQ, and over routers of one setting in quality at their cost."""
    own, rest = [one for one in found if one.who.ours], [one for one in found if not one.who.ours and one.who.name != "oracle"]
    curved, points = [one for one in rest if one.aiq is not None], [one for one in rest if one.aiq is None]
    if not own:
        return ()
    drawn = dict(zip([one.who for one in (*own, *curved)], pools.drawn(pack, (*own, *curved), draws=draws), strict=True))
    gaps = [[interval((a.aiq or 0.0) - (b.aiq or 0.0), drawn[a.who] - drawn[b.who]) for a in own] for b in curved]
    fixed = [[pools.over_fixed(pack, a, b, draws=draws) for a in own] for b in points]
    whose = [one.who for one in own]
    return (
        leads(f"{setting.name}: AIQ", whose, [one.who for one in curved], gaps),
        leads(f"{setting.name}: quality at the baseline's cost, in parts of the strongest's", whose, [one.who for one in points], fixed),
    )
