"""The tables of two models: RouteLLM's pair on MMLU and GSM8K."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from benchmarks.quality import baselines, pairs
from benchmarks.quality.contenders import Contender
from benchmarks.quality.ours import Hardness, contenders
from benchmarks.quality.packs import Pack
from benchmarks.quality.pairs import Measured, Setting
from benchmarks.quality.tables import Figure, Section, Table, leads, number, percent
from benchmarks.quality.text import Likeness
from taskroute.learning.folds import part
from taskroute.learning.methods import Remembered
from taskroute.ports import Classifier

_HEADER: Final = ("router", "tag", "APGR", "SD of repeats", "CPT50", "CPT80", "strong share for 95 %")
_NOTE: Final = (
    "APGR and CPT as RouteLLM defines them. Each fold has a router of its own, which ranks the held-back rows of the fold and no others: "
    "the same share of each fold goes to the strong model, and the curve is the mean over the folds, so that a router that knows nothing "
    "has an APGR of 0.5. No threshold is chosen, so that none can be chosen on held-back rows."
)


class Effort(NamedTuple):
    """How much is measured."""

    repeats: int = 3
    slow_repeats: int = 2
    """Of what takes long."""
    seeds: int = 20
    """Repeats with whole tasks held back, and of the joining of a model."""
    draws: int = 1000
    most: int | None = None
    """Rows of each pack; None for all."""

    def of(self, pack: Pack) -> Pack:
        """Return as much of the pack as is to be measured."""
        return pack if self.most is None else pack.take(part(np.arange(pack.labels.size), size=self.most, seed=0))

    def setting(self, setting: Setting, contender: Contender) -> Setting:
        """Return the setting with as many repeats as the contender gets."""
        if contender.slow:
            return setting._replace(repeats=self.slow_repeats)
        return setting._replace(repeats=self.seeds if setting.held == "tasks" else self.repeats)


QUICK: Final = Effort(repeats=1, slow_repeats=1, seeds=2, draws=200, most=600)


def sections(
    pack: Pack, effort: Effort, *, likeness: Likeness, words: Remembered | None, classifier: Classifier | None
) -> Iterator[Section]:
    """Yield the sections of a pack, one for each setting."""
    pack = effort.of(pack)
    tagged = len(set(pack.labels.tasks)) > 1
    learned = [one for one in baselines.learned(likeness) if tagged or one.who.tags == "none"]
    settings = [Setting(f"{pack.name}, in-domain")]
    if tagged:
        settings += [Setting(f"{pack.name}, subjects held back", held="tasks"), Setting(f"{pack.name}, 1,000 labels", labels=1000)]
    for setting in settings:
        yield section(pack, setting, effort, [baselines.Coin(), *learned, *contenders(words, tagged=tagged), baselines.Oracle()])
    own: list[Contender] = [] if classifier is None else [Hardness(classifier)]
    unlabelled = [baselines.Coin(), baselines.Length(), *own, baselines.Oracle()]
    yield section(pack, Setting(f"{pack.name}, no labels", labels=0), effort, unlabelled)


def section(pack: Pack, setting: Setting, effort: Effort, every: Sequence[Contender]) -> Section:
    """Return what these contenders reach in a setting, and how far ours are ahead of the others."""
    found = [pairs.measure(pack, effort.setting(setting, one), one) for one in every]
    rows = tuple(
        (m.who.name, m.who.tags, number(m.apgr), number(m.spread), percent(m.cpt50), percent(m.cpt80), percent(m.at95)) for m in found
    )
    table = Table(f"{setting.name} ({pack.labels.size} prompts)", _HEADER, rows, _NOTE)
    figures = tuple(Figure(setting.name, m.who, name, value) for m in found for name, value in _figures(m))
    return Section((table, *_leads(pack, setting, found, effort.draws)), figures)


def _figures(found: Measured) -> tuple[tuple[str, float], ...]:
    return ("APGR", found.apgr), ("CPT50", found.cpt50), ("CPT80", found.cpt80), ("strong share for 95 %", found.at95)


def _leads(pack: Pack, setting: Setting, found: Sequence[Measured], draws: int) -> tuple[Table, ...]:
    """Return the gains in APGR over each baseline; none where nothing of ours was measured."""
    own = [at for at, one in enumerate(found) if one.who.ours]
    rest = [at for at, one in enumerate(found) if not one.who.ours and one.who.name != "oracle"]
    if not own:
        return ()
    drawn = pairs.drawn(pack, found, draws=draws)
    gaps = [[pairs.gain(found[mine], found[other], drawn[mine], drawn[other]) for mine in own] for other in rest]
    return (leads(f"{setting.name}: APGR", [found[at].who for at in own], [found[at].who for at in rest], gaps),)
