"""The tables of many models: LLMRouter-9 and MMLU-Pro-12, and what happens when a model joins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from benchmarks.quality import aims, baselines, pools
from benchmarks.quality.contenders import Contender, Who
from benchmarks.quality.ours import contenders
from benchmarks.quality.packs import Pack
from benchmarks.quality.pair_tables import Effort
from benchmarks.quality.pairs import Setting
from benchmarks.quality.pools import Reached, Settled
from benchmarks.quality.tables import Figure, Section, Table, leads, number, percent
from benchmarks.quality.text import Likeness
from taskroute.learning.bootstrap import interval
from taskroute.learning.methods import Remembered
from taskroute.learning.new_model import joining

_ZERO: Final = Who("zero router")
_SIZES: Final = (10, 30, 100)
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
    for size in _SIZES:
        yield joined(pack, size, effort)


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


def joined(pack: Pack, size: int, effort: Effort) -> Section:
    """Return what each model of a pack changes when it joins the others with so many labels."""
    setting = f"{pack.name}, a model joins with {size} labels"
    told = [joining(pack.labels, model, sizes=(size,), seeds=effort.seeds)[0] for model in pack.labels.models]
    rows = tuple((one.model, number(one.without, digits=4), f"{one.mean:+.4f}", f"{one.worst:+.4f}") for one in told)
    header = ("model", "utility without it", "mean change", "worst seed")
    note = "Utility: quality, less 0.1 times the cost in parts of the best model's. The others have all labels of 70 % of the rows."
    return Section(
        (Table(f"{setting} ({effort.seeds} seeds)", header, rows, note),),
        (
            Figure(setting, aims.JOINING, "least mean change of utility", min(one.mean for one in told)),
            Figure(setting, aims.JOINING, "worst seed's change of utility", min(one.worst for one in told)),
            Figure(setting, aims.JOINING, "most mean change of utility", max(one.mean for one in told)),
        ),
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
