"""The learning curve: what routing brings with 100, 300, 1,000 labels and more. A label is a prompt that every model was scored on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from benchmarks.quality import baselines, pairs
from benchmarks.quality.contenders import Contender, Tags, Who, untold
from benchmarks.quality.ours import contenders
from benchmarks.quality.packs import Pack
from benchmarks.quality.pair_tables import Effort
from benchmarks.quality.pairs import Setting, folds_of
from benchmarks.quality.tables import Figure, Section, Table, number, percent
from taskroute.learning.cells import cells
from taskroute.learning.methods import Remembered, Settings, by_told, by_words
from taskroute.learning.rows import Labels
from taskroute.learning.validate import Expected, Held, Method, Predict, validate_on
from taskroute.ports import Classifier
from taskroute.quality.table import QualityTable
from taskroute.taxonomy import TASKS

PAIR_SIZES: Final = (100, 300, 1000, 3000, None)
POOL_SIZES: Final = (100, 300, 1000, 3000)
"""Labels of the training rows of each fold; None is all of them."""
_SLOW_REPEATS: Final = 2
_NOTE_PAIR: Final = "Folds and APGR are those of the tables of the full run. A constant router has 0.5."
_NOTE_POOL: Final = (
    "What a unit of cost is worth is chosen in folds inside the training rows; costs are parts of the best model's, and the best model is "
    "that of the training rows. In brackets, by how much the quality differs from the best model's, with the paired 95 % interval."
)


def of_pair(pack: Pack, effort: Effort, *, words: Remembered, sizes: Sequence[int | None] = PAIR_SIZES) -> Section:
    """Return how well a pair is told apart with so many labels."""
    pack = effort.of(pack)
    every: list[Contender] = [baselines.ModelMeans(Who("best fixed")), baselines.Length(), baselines.Tag(), *contenders(words)]
    found: dict[Who, list[float]] = {one.who: [] for one in every}
    sizes = _possible(pack, sizes)
    for size in sizes:
        for one in every:
            setting = Setting(pack.name, labels=size, repeats=_repeats(effort, size, slow=one.slow))
            found[one.who].append(pairs.measure(pack, setting, one).apgr)
        words.forget()
    title = f"{pack.name}, learning curve: APGR by labels"
    rows = tuple((who.name, who.tags, *map(number, values)) for who, values in found.items())
    figures = [
        Figure(title, who, f"APGR, {_of(size)}", value) for who, values in found.items() for size, value in zip(sizes, values, strict=True)
    ]
    return Section((Table(title, ("router", "tag", *map(_of, sizes)), rows, _NOTE_PAIR),), tuple(figures))


def of_pool(pack: Pack, effort: Effort, *, words: Remembered, classifier: Classifier, sizes: Sequence[int | None] = POOL_SIZES) -> Section:
    """Return what quality many models have together for no more than the best one's cost, and at what cost they have its quality."""
    pack = effort.of(pack)
    every = _methods(words, classifier)
    sizes = _possible(pack, sizes)
    found: dict[Who, list[Held]] = {who: [] for who, _, _ in every}
    fixed: list[float] = []
    for size in sizes:
        for who, method, slow in every:
            dealt = folds_of(pack, Setting(pack.name, labels=size, repeats=_repeats(effort, size, slow=slow)))
            (held,) = validate_on(pack.labels, (method,), dealt, draws=effort.draws)
            found[who].append(held)
        fixed.append(_fixed(found[every[0][0]][-1]))
        words.forget()
    name = f"{pack.name}, learning curve"
    header = ("router", "tag", *map(_of, sizes))
    best = Table(
        f"{name}: quality at no more than the best model's cost, by labels",
        header,
        (("best fixed", "none", *map(percent, fixed)), *((who.name, who.tags, *map(_best, held)) for who, held in found.items())),
        _NOTE_POOL,
    )
    par = Table(
        f"{name}: cost, aiming at the best model's quality, by labels",
        header,
        tuple((who.name, who.tags, *map(_par, held)) for who, held in found.items()),
        "In brackets, by how much the quality that is reached differs from the best model's.",
    )
    figures = [
        Figure(name, who, f"{what}, {_of(size)}", value)
        for who, every_size in found.items()
        for size, held in zip(sizes, every_size, strict=True)
        for what, value in (("quality", held.quality), ("quality at par", held.par_quality), ("cost at par", held.par_cost))
    ]
    return Section((best, par), tuple(figures))


def _methods(words: Remembered, classifier: Classifier) -> tuple[tuple[Who, Method, bool], ...]:
    """Return the ways to route, and whether each takes long."""
    settings = Settings()
    told, alone = by_told(settings), by_words(settings, words, read=True)
    seen: dict[str, str | None] = {}

    def classified(labels: Labels) -> Labels:
        return labels._replace(tasks=tuple(_classified(prompt or "", classifier, seen) for prompt in labels.prompts))

    return (
        (_who("tag table, unshrunk", "given", ours=False), Method("plain", _plain), False),
        (_who("table", "given"), told, False),
        (_who("table and words", "given"), by_words(settings, words, read=False), True),
        (_who("table and words", "predicted"), alone, True),
        (_who("words alone", "none"), Method("alone", _through(untold, alone), inner=1), True),
        (_who("table, built-in classifier's tasks", "none"), Method("built-in", _through(classified, told)), False),
        (_who("model means", "none", ours=False), Method("means", _through(untold, told)), False),
    )


def _who(name: str, tags: Tags, *, ours: bool = True) -> Who:
    return Who(name, tags, ours)


def _through(change: Callable[[Labels], Labels], method: Method) -> Callable[[Labels], Predict]:
    """Return the method with rows changed before it sees them."""

    def fit(known: Labels) -> Predict:
        predict = method.fit(change(known))
        return lambda asked: predict(change(asked))

    return fit


def _plain(known: Labels) -> Predict:
    """Learn each model's mean on each task, as it is; where a task was never seen, its mean of all."""
    tasks = {task: np.array([other == task for other in known.tasks]) for task in set(known.tasks)}
    usual = np.nanmean(known.scores, axis=0)
    means = {task: np.nanmean(known.scores[rows], axis=0) for task, rows in tasks.items()}
    table = QualityTable(cells(known))

    def predict(asked: Labels) -> Expected:
        quality = np.array([means.get(task, usual) for task in asked.tasks])
        costs = {task: [table.cost(model, tasks={task or "": 1.0}) or 0.0 for model in asked.models] for task in set(asked.tasks)}
        return Expected(quality, np.array([costs[task] for task in asked.tasks]))

    return predict


def _classified(prompt: str, classifier: Classifier, seen: dict[str, str | None]) -> str | None:
    if prompt not in seen:
        best = classifier.classify(prompt, tuple(TASKS)).best()
        seen[prompt] = None if best is None else best[0]
    return seen[prompt]


def _possible(pack: Pack, sizes: Sequence[int | None]) -> tuple[int | None, ...]:
    """Return the sizes that the training rows of a fold have."""
    return tuple(size for size in sizes if size is None or size <= pack.labels.size * 4 // 5)


def _repeats(effort: Effort, size: int | None, *, slow: bool) -> int:
    """Return how often the folds are dealt: more often where few labels make for much chance."""
    most = effort.repeats if size is None or size > 1000 else max(effort.repeats, effort.seeds // 2)
    return min(most, 1 if size is None else _SLOW_REPEATS) if slow else most


def _of(size: int | None) -> str:
    return "all" if size is None else f"{size:,}"


def _fixed(held: Held) -> float:
    return held.quality - (held.gain.value if held.gain is not None else 0.0)


def _best(held: Held) -> str:
    gap = "" if held.gain is None else f" ({held.gain.value:+.3f} [{held.gain.low:+.3f}, {held.gain.high:+.3f}])"
    return f"{percent(held.quality)}{gap}"


def _par(held: Held) -> str:
    return f"{percent(held.par_cost)}" + ("" if held.par_gain is None else f" ({held.par_gain.value:+.3f})")
