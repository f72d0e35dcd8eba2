"""What to make of a way to route: whether it is a gain over the one best model, in a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from taskroute.learning.bootstrap import Interval
from taskroute.learning.validate import Apart, Coins

LOST: Final = 0.02
"""A saving counts where no more quality than this is lost, as far as the interval tells; it is the `margin` of a policy, too."""
LEAST_SAVED: Final = 0.02
"""A saving counts where it is surely a larger part of the cost than this."""
ALIKE: Final = 0.05
"""What costs no more than by this share costs about the same, however sure the difference is."""

Aims = Literal["most", "par", "open"]
Quality = Literal["better", "kept", "doubtful", "worse"]
Cost = Literal["less", "alike", "more", "unknown"]

_NOTHING: Final = Interval(0.0, 0.0, 0.0)
_NO_GAIN: Final = "no gain, unless that is worth it to you"
_NOT_USED: Final = "do not use it"
_AT_RANDOM: Final = "choosing between two models at random at that cost may do as well: no gain"
_TOO_LITTLE: Final = f"a saving that is not surely above {LEAST_SAVED:.0%}: no gain"
_SAID: Final[Mapping[tuple[Quality, Cost], str]] = {
    ("better", "less"): "{gain} quality for {cost}",
    ("better", "alike"): "{gain} quality at about the same cost",
    ("better", "more"): f"{{gain}} quality, but {{cost}}: {_NO_GAIN}",
    ("better", "unknown"): "{gain} quality",
    ("kept", "less"): "{cost} for {gain} quality",
    ("kept", "alike"): "neither quality nor cost is surely better",
    ("kept", "more"): f"{{cost}}, and quality is not surely better: {_NOT_USED}",
    ("kept", "unknown"): "quality is not surely better, and what it costs is not told",
    ("doubtful", "less"): "{cost}, but it may lose more than {lost} quality: score more prompts before you use it",
    ("doubtful", "alike"): "neither quality nor cost is surely better",
    ("doubtful", "more"): f"{{cost}}, and quality is not surely better: {_NOT_USED}",
    ("doubtful", "unknown"): "quality is not surely better, and what it costs is not told",
    ("worse", "less"): f"{{cost}}, but {{gain}} quality: {_NO_GAIN}",
    ("worse", "alike"): f"{{gain}} quality, and cost is not surely less: {_NOT_USED}",
    ("worse", "more"): f"{{gain}} quality, and {{cost}}: {_NOT_USED}",
    ("worse", "unknown"): f"{{gain}} quality, and what it costs is not told: {_NOT_USED}",
}


class Verdict(NamedTuple):
    """What was found of one way to route."""

    gain: bool
    """Whether it is surely better for no more cost, or for one that is not known; or surely saves more than `LEAST_SAVED`, is no more than
    `LOST` worse as far as the interval tells, and surely better than choosing between two models at random for the same cost."""
    sentence: str
    """What it brings over the one model, and what to make of it."""
    name: str = ""
    """Of the way."""
    aims: tuple[Aims, ...] = ()
    """What it gains by aiming at; see `Coins`."""
    is_trade: bool = False
    """Whether it is no gain, but may be worth its price: surely better for more cost, or surely cheaper for less quality."""


def judged(name: str, apart: Apart, coins: Coins) -> Verdict:
    """Return what to make of a way to route, by what it has over the best model for all calls; `apart.gain` must not be None."""
    most = _Aim(apart.gain, apart.spare, coins.most)
    least = _Aim(apart.par_gain, apart.saving, coins.par)
    whatever = _Aim(apart.open_gain, apart.open_spare, coins.open)
    gains: list[Aims] = ["most"] if most.is_gain else []
    if least.is_gain and (not gains or least.surely_saves_more_than(most)):
        gains.append("par")
    if not gains and whatever.is_gain:
        gains.append("open")
    if gains:
        aims = {"most": most, "par": least, "open": whatever}
        said = ", or ".join(aims[aim].said() for aim in gains)
        what = "a gain in quality; what it costs is not told" if aims[gains[0]].cost == "unknown" else "a gain"
        return Verdict(gain=True, sentence=f"{name}: {said}: {what}.", name=name, aims=tuple(gains))
    trade = next((aim for aim in (least, most, whatever) if aim.is_trade), most)
    return Verdict(gain=False, sentence=f"{name}: {trade.said()}.", name=name, is_trade=trade.is_worth_asking)


class _Aim(NamedTuple):
    """What a way to route has over the one model, and over choosing at random, where it aims at one thing."""

    gain: Interval | None
    saving: Interval | None
    coin: Interval | None

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
        if self.quality == "better":
            return self.cost != "more"
        return self.quality == "kept" and self.saves_enough and self.beats_chance

    @property
    def saves_enough(self) -> bool:
        return self.saving is not None and self.saving.low > LEAST_SAVED

    @property
    def beats_chance(self) -> bool:
        return self.coin is not None and self.coin.low > 0

    @property
    def is_trade(self) -> bool:
        """Whether it surely brings one thing, and surely or maybe costs the other."""
        return (self.quality == "better") != (self.cost == "less")

    @property
    def is_worth_asking(self) -> bool:
        """Whether it is a matter of taste."""
        return (self.quality, self.cost) == ("better", "more") or ((self.quality, self.cost) == ("worse", "less") and self.beats_chance)

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
        if self.cost == "less" and self.quality != "better":
            if not self.beats_chance:
                return f"{cost} for {gain} quality, but {_AT_RANDOM}"
            if not self.saves_enough:
                return f"{cost} for {gain} quality, {_TOO_LITTLE}"
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
