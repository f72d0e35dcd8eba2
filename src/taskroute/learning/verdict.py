"""What to make of a way to route: whether it is a gain over the one best model, in a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from taskroute.learning.bootstrap import Interval
from taskroute.learning.validate import Apart

LOST: Final = 0.02
"""A saving counts where no more quality than this is lost, as far as the interval tells; it is the `margin` of a policy, too."""
ALIKE: Final = 0.05
"""What costs no more than by this share costs about the same, however sure the difference is."""

Quality = Literal["better", "kept", "doubtful", "worse"]
Cost = Literal["less", "alike", "more", "unknown"]

_NOTHING: Final = Interval(0.0, 0.0, 0.0)
_NO_GAIN: Final = "no gain, unless that is worth it to you"
_NOT_USED: Final = "do not use it"
_SAID: Final[Mapping[tuple[Quality, Cost], str]] = {
    ("better", "less"): "{gain} quality for {cost}",
    ("better", "alike"): "{gain} quality at about the same cost",
    ("better", "more"): f"{{gain}} quality, but {{cost}}: {_NO_GAIN}",
    ("better", "unknown"): "{gain} quality, at a cost that is not known",
    ("kept", "less"): "{cost} for {gain} quality",
    ("kept", "alike"): "neither quality nor cost is surely better",
    ("kept", "more"): f"{{cost}}, and quality is not surely better: {_NOT_USED}",
    ("kept", "unknown"): "quality is not surely better, and no cost is known",
    ("doubtful", "less"): "{cost}, but it may lose more than {lost} quality: score more prompts before you use it",
    ("doubtful", "alike"): "neither quality nor cost is surely better",
    ("doubtful", "more"): f"{{cost}}, and quality is not surely better: {_NOT_USED}",
    ("doubtful", "unknown"): "quality is not surely better, and no cost is known",
    ("worse", "less"): f"{{cost}}, but {{gain}} quality: {_NO_GAIN}",
    ("worse", "alike"): f"{{gain}} quality, and cost is not surely less: {_NOT_USED}",
    ("worse", "more"): f"{{gain}} quality, and {{cost}}: {_NOT_USED}",
    ("worse", "unknown"): f"{{gain}} quality, and no cost is known: {_NOT_USED}",
}


class Verdict(NamedTuple):
    """What was found of one way to route."""

    gain: bool
    """Whether it is surely better for no more, or surely cheaper and, as far as the interval tells, no more than `LOST` worse."""
    sentence: str
    """What it brings over the one model, and what to make of it."""


def judged(name: str, apart: Apart) -> Verdict:
    """Return what to make of a way to route, by what it has over the best model for all calls; `apart.gain` must not be None."""
    most = _Aim(apart.gain, apart.spare)
    least = _Aim(apart.par_gain, apart.saving)
    whatever = _Aim(apart.open_gain, apart.open_spare)
    if any(aim.is_gain for aim in (most, least, whatever)):
        said = [most.said()] if most.is_gain else []
        if least.is_gain and (not said or least.surely_saves_more_than(most)):
            said.append(least.said())
        said = said or [whatever.said()]
        return Verdict(gain=True, sentence=f"{name}: {', or '.join(said)}: a gain.")
    trade = next((aim for aim in (least, most, whatever) if aim.is_trade), most)
    return Verdict(gain=False, sentence=f"{name}: {trade.said()}.")


class _Aim(NamedTuple):
    """What a way to route has over the one model where it aims at one thing."""

    gain: Interval | None
    saving: Interval | None

    @property
    def quality(self) -> Quality:
        if self.gain is None:
            return "doubtful"
        if self.gain.low > 0:
            return "better"
        if self.gain.low > -LOST:
            return "kept"
        return "worse" if self.gain.high < 0 else "doubtful"

    @property
    def cost(self) -> Cost:
        if self.saving is None:
            return "unknown"
        if self.saving.low > 0:
            return "less"
        return "more" if self.saving.value < -ALIKE else "alike"

    @property
    def is_gain(self) -> bool:
        return (self.quality == "better" and self.cost != "more") or (self.quality == "kept" and self.cost == "less")

    @property
    def is_trade(self) -> bool:
        """Whether it surely brings one thing, and surely or maybe costs the other."""
        return (self.quality == "better") != (self.cost == "less")

    def surely_saves_more_than(self, other: _Aim) -> bool:
        """Return whether it costs less, and by more than the other."""
        if self.saving is None or other.saving is None:
            return False
        return self.saving.low > max(other.saving.high, 0)

    def said(self) -> str:
        """Return what to make of it. Of the figures, which stand above with their intervals, it repeats the middle."""
        if self.gain == _NOTHING and self.saving in (_NOTHING, None):
            return "it takes that one model for all calls"
        gain = "" if self.gain is None else f"{self.gain.value:+.4f}"
        cost = "" if self.saving is None else f"{_one(self.saving.value)} cost"
        return _SAID[self.quality, self.cost].format(gain=gain, cost=cost, lost=f"{LOST:g}")


def signed(interval: Interval | None) -> str:
    """Return a difference of quality with its interval, such as `+0.0120 (+0.0010 to +0.0230)`."""
    return "not told" if interval is None else f"{interval.value:+.4f} ({interval.low:+.4f} to {interval.high:+.4f})"


def less(saving: Interval | None) -> str:
    """Return a saving with its interval, such as `12.0% less (8.0% to 16.0%)`; what is none is said to cost more."""
    if saving is None:
        return "not told"
    if saving.low >= 0:
        return f"{saving.value:.1%} less ({saving.low:.1%} to {saving.high:.1%})"
    if saving.high <= 0:
        return f"{-saving.value:.1%} more ({-saving.high:.1%} to {-saving.low:.1%})"
    return f"{_one(saving.value)} ({_one(saving.low)} to {_one(saving.high)})"


def _one(saving: float) -> str:
    return f"{saving:.1%} less" if saving >= 0 else f"{-saving:.1%} more"
