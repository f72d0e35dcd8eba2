"""What was aimed at, beside what was measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from benchmarks.quality import ours
from benchmarks.quality.contenders import Who
from benchmarks.quality.tables import Figure, Table, number


class Aim(NamedTuple):
    """A figure to reach."""

    setting: str
    who: Who
    figure: str
    wanted: float
    before: float | None = None
    """The best that had been measured by other means, on the whole sets, from which the packs leave a part out."""
    at_most: bool = False


JOINING: Final = Who("table", "given", True)
WORST: Final = "worst seed's AIQ minus the zero router's"

AIMS: Final = (
    Aim("routellm-mmlu, in-domain", ours.WORDS_PREDICTED, "APGR", 0.705, 0.681),
    Aim("routellm-mmlu, in-domain", ours.WORDS_GIVEN, "APGR", 0.72, 0.692),
    Aim("routellm-mmlu, subjects held back", ours.WORDS_PREDICTED, "APGR", 0.64, 0.603),
    Aim("routellm-mmlu, 1,000 labels", ours.WORDS_PREDICTED, "APGR", 0.67, 0.634),
    Aim("routellm-mmlu, no labels", ours.NO_LABELS, "APGR", 0.62, 0.584),
    Aim("routellm-gsm8k, in-domain", ours.WORDS_ALONE, "APGR", 0.66, 0.614),
    Aim("llmrouter, in-domain", ours.WORDS_PREDICTED, "cost at par", 0.175, 0.198, at_most=True),
    Aim("llmrouter, in-domain", ours.WORDS_PREDICTED, "best quality", 1.075, 1.062),
    Aim("llmrouter, in-domain", ours.WORDS_GIVEN, "cost at par", 0.15, 0.176, at_most=True),
    Aim("llmrouter, in-domain", ours.WORDS_GIVEN, "best quality", 1.085, 1.070),
    Aim("mmlupro, in-domain", ours.WORDS_PREDICTED, "cost at par", 0.08, 0.103, at_most=True),
    Aim("mmlupro, in-domain", ours.WORDS_PREDICTED, "best quality", 1.04, 1.026),
    Aim("llmrouter, tasks held back", ours.TABLE_GIVEN, WORST, -0.005),
    Aim("llmrouter, tasks held back", ours.WORDS_PREDICTED, WORST, -0.005),
    Aim("mmlupro, tasks held back", ours.TABLE_GIVEN, WORST, -0.005),
    Aim("mmlupro, tasks held back", ours.WORDS_PREDICTED, WORST, -0.005),
    Aim("llmrouter, a model joins with 30 labels", JOINING, "least mean change of utility", -0.002),
    Aim("mmlupro, a model joins with 30 labels", JOINING, "least mean change of utility", -0.002),
)


def verdicts(figures: Sequence[Figure], aims: Sequence[Aim] = AIMS) -> Table | None:
    """Return each aim whose setting was measured, and whether it is met; None where no setting was."""
    measured = {(figure.setting, figure.who, figure.name): figure.value for figure in figures}
    settings = {figure.setting for figure in figures}
    rows: list[tuple[str, ...]] = []
    for aim in aims:
        if aim.setting in settings:
            key = (aim.setting, aim.who, aim.figure)
            sign = "at most" if aim.at_most else "at least"
            who = aim.who.name + (f", tag {aim.who.tags}" if aim.who.tags != "none" else "")
            shown = number(measured[key]) if key in measured else "not measured"
            met = _met(aim, measured[key]) if key in measured else "-"
            rows.append((aim.setting, who, aim.figure, number(aim.before), f"{sign} {number(aim.wanted)}", shown, met))
    header = ("setting", "router", "figure", "before", "aim", "measured", "met")
    note = "Before: measured by other means on the whole sets; the packs leave a part of each out."
    return Table("Aims", header, tuple(rows), note) if rows else None


def _met(aim: Aim, value: float | None) -> str:
    if value is None or math.isnan(value):
        return "no"
    return "yes" if (value <= aim.wanted if aim.at_most else value >= aim.wanted) else "no"
