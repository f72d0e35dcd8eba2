"""By which number a model is compared with others: one that few scores speak for must not win by luck."""

from __future__ import annotations

from math import sqrt

from taskroute.quality.estimate import Estimate


def usable(estimate: Estimate, *, min_labels: int) -> float:
    """Return the quality to compare a model by, from 0 to 1.

    With at most `min_labels` scores of the task or stage it is the lower end of the interval. With more it nears the mean, without a step:
    n scores take off sqrt(min_labels / n) of what the lower end does. The largest of several noisy means is mostly too large, and this is
    what keeps a new model from being chosen for its luck. With 0 it is the mean.
    """
    if min_labels <= 0:
        return estimate.mean
    doubt = sqrt(min_labels / estimate.labels) if estimate.labels > min_labels else 1.0
    return estimate.mean - doubt * (estimate.mean - estimate.low)
