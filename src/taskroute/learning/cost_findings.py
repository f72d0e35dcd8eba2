"""What a report says of costs: that some are not known, stand apart, or are nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from taskroute.learning.best import column_means
from taskroute.learning.bootstrap import Interval
from taskroute.learning.priced import priced
from taskroute.learning.rows import Floats, Labels
from taskroute.learning.validate import FEWEST_COMPARED, Held

_THE_SAME: Final = Interval(0.0, 0.0, 0.0)
_NEARLY_ALL: Final = 0.9
"""Where costs are known on so large a part of the prompts, they are taken for those of all."""
_UNTOLD: Final = "what routing costs or saves is not told"


def is_free(labels: Labels) -> bool:
    """Return whether costs of every model that was scored are known on enough prompts, and all of them are 0."""
    costs = priced(labels)
    lacking = _has(~np.isnan(labels.scores)) & ~_has(~np.isnan(costs))
    return not lacking.any() and not _too_few(labels, _rows(costs)) and not labels.costs[~np.isnan(labels.costs)].any()


def at_no_cost(held: Held) -> Held:
    """Return what a way to route reached where all models are free: it costs the same as any model alone."""
    spare, open_spare = (None if gain is None else _THE_SAME for gain in (held.gain, held.open_gain))
    return held._replace(spare=spare, open_spare=open_spare)


def cost_findings(labels: Labels, best: str) -> Iterator[str]:
    """Yield why nothing is told of costs, or that there are none to tell of."""
    costs = priced(labels)
    scored, known, counted = (_has(~np.isnan(values)) for values in (labels.scores, labels.costs, costs))
    if not known.any():
        return
    rows = _rows(costs)
    unknown, apart = (_named(labels, scored & ~which) for which in (known, counted))
    if unknown:
        yield f"No cost is known of {', '.join(unknown)}: {_UNTOLD}."
    elif apart:
        where = f"No row with a cost of {' or '.join(apart)} has one of every model that was scored there"
        yield f"{where}: {_UNTOLD}; give each answer its cost."
    elif _too_few(labels, rows):
        yield f"Every model that was scored has a cost on {rows} of {labels.size} prompts alone, fewer than {FEWEST_COMPARED}: {_UNTOLD}."
    elif is_free(labels):
        yield "All costs are 0: the models differ in quality alone."
    elif column_means(costs)[labels.models.index(best)] == 0:
        yield f"{best!r} costs nothing, and others do: what they cost more is no part of its cost, and is not told."
    elif rows < _NEARLY_ALL * labels.size:
        yield f"Costs are of the {rows} of {labels.size} prompts where every model that was scored has one."


def _rows(costs: Floats) -> int:
    """Return on how many prompts costs count."""
    return int((~np.isnan(costs)).any(axis=1).sum())


def _too_few(labels: Labels, rows: int) -> bool:
    return rows < min(labels.size, FEWEST_COMPARED)


def _has(known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which columns have anything that is known."""
    found: NDArray[np.bool_] = np.any(known, axis=0)
    return found


def _named(labels: Labels, which: NDArray[np.bool_]) -> list[str]:
    return [repr(model) for model, is_meant in zip(labels.models, which.tolist(), strict=True) if is_meant]
