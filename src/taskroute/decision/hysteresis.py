"""What keeps a choice steady: another model must be better than the one at hand by a margin. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

__all__ = ["Held", "Settled", "Standing", "holds", "settled"]

Held = Literal["", "told", "last"]
"""What kept a model in the first place though another is better by less than the margin: what the call is told to be, or that it has
answered last in the conversation."""

_ROUNDING: Final = 1e-9


class Standing(NamedTuple):
    """Where a model stands among others."""

    name: str
    tier: int
    """The lower come first, whatever they are worth."""
    told: float
    """What it is worth by what the call is told to be; more is better."""
    read: float
    """What it is worth with the words of the prompt."""


class Settled(NamedTuple):
    """Models in order, and what kept the first of them there."""

    names: tuple[str, ...]
    held: Held = ""
    over: str | None = None
    """The model that is better by less than the margin, where one was held."""


def holds(told: float, read: float, *, margin: float, at_hand: bool) -> bool:
    """Return whether a model is on the right side of a limit: `told` and `read` are by how much it is over it.

    What the call is told to be decides, until the words of the prompt say otherwise by the margin. A model `at_hand` is let go no sooner.
    """
    if read >= margin:
        return True
    return (told >= 0 or at_hand) and read >= -margin if margin else read >= 0


def settled(standings: Sequence[Standing], *, margin: float, last: str | None = None, relative: bool = False) -> Settled:
    """Return the models in order, the best first; where they are equal, in the order in which they are given.

    First comes the model that answered last, where it is of the first tier and no other is better by `margin`; else, on the same terms, the
    one that is best by what the call is told to be. In tier 0 the margin is a share of what a model is worth where `relative` says so.
    """
    order = sorted(standings, key=_place)
    top = order[0]
    told: Standing | None = None
    at_hand: Standing | None = None
    for one in standings:
        if one.tier == top.tier:
            if told is None or one.told > told.told:
                told = one
            if one.name == last:
                at_hand = one
    is_share = relative and top.tier == 0
    if at_hand is not top:
        if at_hand is not None and not _beats(top, at_hand, margin, is_share=is_share):
            return _held(at_hand, "last", order)
        if told is not None and told is not top and not _beats(top, told, margin, is_share=is_share):
            return _held(told, "told", order)
    return Settled(tuple([one.name for one in order]))


def _place(one: Standing) -> tuple[int, float]:
    return one.tier, -one.read


def _held(first: Standing, why: Held, order: Sequence[Standing]) -> Settled:
    return Settled((first.name, *[one.name for one in order if one is not first]), why, order[0].name)


def _beats(one: Standing, other: Standing, margin: float, *, is_share: bool) -> bool:
    lead = one.read - other.read
    if is_share:
        # What costs 100 is beaten by what costs 97 at 2 %.
        return lead > margin * abs(other.read)
    return lead > margin + _ROUNDING if margin else lead > 0
