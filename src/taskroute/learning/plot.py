"""The picture of a comparison: cost against quality."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from io import BytesIO
from typing import Any, Final

import numpy as np

from taskroute.errors import ConfigurationError
from taskroute.learning.compare import Comparison, Standing

FORMATS: Final = ("png", "svg")
_SIZE: Final = (8.0, 5.0)
_COLOURS: Final = {"zero router": "0.6", "prompt length": "tab:orange", "tag": "tab:blue", "oracle": "tab:green"}


def drawn(comparison: Comparison, kind: str) -> bytes:
    """Return the picture as a file of a kind, `png` or `svg`. Raises ConfigurationError without matplotlib, and ValueError for others."""
    if kind not in FORMATS:
        raise ValueError(f"{kind!r} is neither svg nor png")
    try:
        figure = import_module("matplotlib.figure").Figure(figsize=_SIZE, layout="constrained")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        raise ConfigurationError("a picture needs the matplotlib package: pip install 'taskroute[plot]'") from None
    axes = figure.subplots()
    _fill(axes, comparison)
    picture = BytesIO()
    # Without a date, the same comparison gives the same picture.
    figure.savefig(picture, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None)
    return picture.getvalue()


def _fill(axes: Any, comparison: Comparison) -> None:
    singles = comparison.singles
    axes.scatter(singles.costs, singles.qualities, color="0.35", s=18, zorder=3)
    middle = float(singles.costs.mean())
    for cost, quality, model in zip(singles.costs.tolist(), singles.qualities.tolist(), comparison.models, strict=True):
        side, shift = ("right", -5) if cost > middle else ("left", 5)
        axes.annotate(
            model, (cost, quality), textcoords="offset points", xytext=(shift, 4), ha=side, fontsize=7, color="0.35", parse_math=False
        )
    for standing in _drawn(comparison):
        curve = standing.curve
        if curve is not None:
            axes.plot(curve.costs, curve.qualities, label=standing.name, color=_COLOURS.get(standing.name), linewidth=1.5)
    policy = comparison.standings[0]
    low, high = policy.quality.value - policy.quality.low, policy.quality.high - policy.quality.value
    axes.errorbar(
        [policy.cost],
        [policy.quality.value],
        yerr=np.maximum([[low], [high]], 0.0),
        fmt="*",
        color="tab:red",
        markersize=13,
        capsize=3,
        label="policy",
        zorder=4,
    )
    if (singles.costs > 0).all() and singles.costs.max() > 20 * singles.costs.min():
        axes.set_xscale("log")
    axes.set_xlabel("mean cost of a call")
    axes.set_ylabel("mean score")
    axes.set_title(f"{comparison.prompts:,} prompts, {len(comparison.models)} models", fontsize=10)
    axes.grid(alpha=0.25)
    axes.figure.legend(loc="outside lower center", ncols=5, fontsize=8, frameon=False)


def _drawn(comparison: Comparison) -> Iterator[Standing]:
    return (standing for standing in comparison.standings if standing.curve is not None)
