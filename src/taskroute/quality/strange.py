"""What to expect of a model on a task that is like none of those that it was scored on.

A mean over some tasks says the less of one more task the more a model's standing among the others changes from task to task, and where a
task is missing, just that model looks best that the missing task would have spoken against. So each model's mean is drawn towards what its
price says, by how much one more task may differ: a model that does alike everywhere keeps its mean, one that is good at this and bad at
that is taken for one of its price. The line through price and quality is that of the models themselves, drawn towards the usual one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from taskroute.quality.prior import PER_TENFOLD_PRICE
from taskroute.quality.shrink import Observed

_TENFOLDS: Final = 2.0
"""What the usual slope counts as: so much squared distance in tenfolds of the price."""
_ABOUT_LINE: Final = 0.0225
"""Variance of models about the line, where few models tell it; `_FEW` models count as much. See `quality.prior`."""
_FEW: Final = 2.0
_LEAST: Final = 1e-3


class _Standing(NamedTuple):
    """How much a model's lead over the others changes from task to task, as a variance, and that of the mean over its tasks."""

    task: float
    mean: float


def drawn(cells: Iterable[Observed], means: Mapping[str, float], costs: Mapping[str, float]) -> dict[str, float]:
    """Return what to expect of each model of `means` on a strange task; nothing where price, or too few tasks, tell no models apart.

    `costs` are mean costs of a call in any unit that is the same for all. Where one is unknown or nothing, it is taken for the middle one.
    """
    logs = {model: math.log10(cost) for model in means if 0 < (cost := costs.get(model, 0.0)) < math.inf}
    standing = _standing(cells, means)
    if len(standing) < 2 or len(set(logs.values())) < 2:
        return {}
    middle = sum(logs.values()) / len(logs)
    line = _line({model: logs.get(model, middle) for model in means}, means)
    own = sum(standing[model].mean for model in standing) / len(standing)
    apart = sum((means[model] - line[model]) ** 2 for model in means) + _FEW * _ABOUT_LINE
    about = max(apart / (len(means) - 1 + _FEW) - own, _LEAST)
    found: dict[str, float] = {}
    for model, mean in means.items():
        if model in standing:
            doubt = standing[model].task + standing[model].mean
            found[model] = mean + doubt / (doubt + about) * (line[model] - mean)
    return found


def _line(logs: Mapping[str, float], means: Mapping[str, float]) -> dict[str, float]:
    """Return what the price of each model says."""
    middle, usual = sum(logs.values()) / len(logs), sum(means.values()) / len(means)
    together = sum((logs[model] - middle) * (means[model] - usual) for model in means)
    alone = sum((log - middle) ** 2 for log in logs.values())
    slope = (together + _TENFOLDS * PER_TENFOLD_PRICE) / (alone + _TENFOLDS)
    return {model: usual + slope * (logs[model] - middle) for model in means}


def _standing(cells: Iterable[Observed], means: Mapping[str, float]) -> dict[str, _Standing]:
    """Return how each model's lead over the others changes from task to task; nothing for one that was scored on a single task."""
    by_model: dict[str, list[Observed]] = {}
    by_place: dict[str | None, list[float]] = {}
    usual: dict[str, float] = {}
    for cell in cells:
        if cell.model in means:
            by_model.setdefault(cell.model, []).append(cell)
    for model, own in by_model.items():
        usual[model] = sum(cell.mean for cell in own) / len(own)
        for cell in own:
            by_place.setdefault(cell.place, []).append(cell.mean - usual[model])
    ease = {place: sum(rests) / len(rests) for place, rests in by_place.items()}
    # Each model is a part of what it is compared with.
    whole = len(by_model) / max(1, len(by_model) - 1)
    found: dict[str, _Standing] = {}
    for model, own in by_model.items():
        if len(own) > 1:
            spread = whole * sum((cell.mean - usual[model] - ease[cell.place]) ** 2 for cell in own) / (len(own) - 1)
            chance = sum(cell.variance / cell.labels for cell in own) / len(own)
            counted = sum(cell.labels for cell in own) ** 2 / sum(cell.labels**2 for cell in own)
            found[model] = _Standing(max(0.0, spread - chance), spread / counted)
    return found
