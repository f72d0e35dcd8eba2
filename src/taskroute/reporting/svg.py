"""Small pictures of numbers, as SVG. Each stands beside a table that says the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from taskroute.reporting.html import Html, tag
from taskroute.reporting.wording import tick

WIDTH: Final = 720
HEIGHT: Final = 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 12, 28
_LONGEST_LABEL: Final = 32
# Room for a letter and a line of it, as large as narrow screens have them.
_LETTER, _LINE = 8.5, 16.0


class Bar(NamedTuple):
    """What stands at one place of a picture over time: parts from zero up, each with its class; those below zero hang from it."""

    place: float
    """From 0 to 1: where it begins."""
    parts: tuple[tuple[str, float], ...]
    title: str


class Tick(NamedTuple):
    """A place on an axis, from 0 to 1, and what is written there."""

    place: float
    label: str


class Dot(NamedTuple):
    """A point of a picture, both ways from 0 to 1."""

    x: float
    y: float
    title: str
    label: str


def bar(share: float, *, kind: str = "spent") -> Html:
    """Return a bar that fills this share of its cell."""
    length = max(0.0, min(1.0, share)) * 100
    inner = tag("rect", class_=kind, x=0, y=0, width=length, height=10, rx=1)
    return tag("svg", inner, class_="bar", viewBox="0 0 100 10", preserveAspectRatio="none", aria_hidden="true")


def spread(low: float, middle: float, high: float) -> Html:
    """Return a line from the first to the last of three places between 0 and 1, with a mark at each."""
    line = tag("line", class_="whisker", x1=low * 100, x2=high * 100, y1=5, y2=5)
    marks = (
        tag("rect", class_=kind, x=place * 98, y=1, width=2, height=8) for kind, place in (("p50", low), ("p90", middle), ("p99", high))
    )
    return tag("svg", line, *marks, class_="bar", viewBox="0 0 100 10", preserveAspectRatio="none", aria_hidden="true")


def stack(parts: Sequence[tuple[str, float, str]]) -> Html:
    """Return one bar of parts side by side: class, share from 0 to 1, and title."""
    drawn: list[Html] = []
    begin = 0.0
    for kind, share, title in parts:
        drawn.append(tag("rect", tag("title", title), class_=kind, x=begin * 100, y=0, width=share * 100, height=10))
        begin += share
    return tag("svg", *drawn, class_="stack", viewBox="0 0 100 10", preserveAspectRatio="none", aria_hidden="true")


def columns(bars: Sequence[Bar], *, width: float, across: Sequence[Tick], up: Sequence[float], label: str) -> Html:
    """Return columns over time; `width` is that of one, from 0 to 1, and `up` are the numbers of the axis, 0 among them."""
    inner_width, inner_height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    low, span = up[0], up[-1] - up[0] or 1.0
    zero = _TOP + inner_height * (1 + low / span)
    drawn: list[Html] = []
    for each in bars:
        rects: list[Html] = []
        above = below = zero
        for kind, value in each.parts:
            tall = inner_height * abs(value) / span
            if value >= 0:
                above -= tall
            y = above if value >= 0 else below
            rects.append(
                tag("rect", class_=kind, x=_LEFT + each.place * inner_width, y=y, width=max(1.0, width * inner_width - 1), height=tall)
            )
            if value < 0:
                below += tall
        drawn.append(tag("g", tag("title", each.title), *rects))
    base = tag("line", class_="zero", x1=_LEFT, x2=WIDTH - _RIGHT, y1=zero, y2=zero)
    return _picture([*drawn, base], across, [Tick((value - low) / span, tick(value)) for value in up], label)


def scatter(dots: Sequence[Dot], *, across: Sequence[Tick], up: Sequence[Tick], label: str) -> Html:
    """Return points with their names."""
    inner_width, inner_height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    drawn: list[Html] = []
    taken: list[tuple[float, float, float]] = []
    for dot in sorted(dots, key=lambda dot: (-dot.y, dot.x)):
        x, y = _LEFT + dot.x * inner_width, _TOP + (1 - dot.y) * inner_height
        said = dot.label if len(dot.label) <= _LONGEST_LABEL else f"{dot.label[: _LONGEST_LABEL - 1]}…"
        long, is_far = len(said) * _LETTER, dot.x > 0.6
        left = x - 8 - long if is_far else x + 8
        place = _free(taken, left, left + long, y + 4)
        taken.append((left, left + long, place))
        name = tag("text", said, x=x + (-8 if is_far else 8), y=place, text_anchor="end" if is_far else "start")
        drawn.append(tag("g", tag("title", dot.title), tag("circle", class_="dot", cx=x, cy=y, r=5), name))
    return _picture(drawn, across, up, label)


def _free(taken: Sequence[tuple[float, float, float]], left: float, right: float, wanted: float) -> float:
    """Return the first height from the one that is wanted downwards, or else upwards, at which a name lies over none of those there."""

    def is_free(height: float) -> bool:
        return not any(left < end and begin < right and abs(height - at) < _LINE for begin, end, at in taken)

    steps = (wanted + way * distance * _LINE / 2 for way in (1, -1) for distance in range(2 * len(taken) + 2))
    return next((height for height in steps if _TOP < height < HEIGHT - _BOTTOM and is_free(height)), wanted)


def ticks_to(highest: float, lowest: float = 0.0) -> list[float]:
    """Return round numbers from 0 up to the first that is not below `highest`, and down to the first not above `lowest`."""
    farthest = max(highest, -lowest)
    if farthest <= 0:
        return [0.0]
    power = 10.0 ** math.floor(math.log10(farthest))
    step = next(power * size for size in (0.25, 0.5, 1, 2.5) if farthest <= power * size * 4)
    first, last = math.floor(lowest / step + 1e-9), math.ceil(highest / step - 1e-9)
    return [step * index for index in range(first, last + 1)]


def _picture(drawn: Sequence[Html], across: Sequence[Tick], up: Sequence[Tick], label: str) -> Html:
    inner_width, inner_height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    axes: list[Html] = []
    for mark in up:
        y = _TOP + (1 - mark.place) * inner_height
        axes.append(tag("line", class_="grid", x1=_LEFT, x2=WIDTH - _RIGHT, y1=y, y2=y))
        axes.append(tag("text", mark.label, x=_LEFT - 6, y=y + 4, text_anchor="end"))
    for mark in across:
        anchor = "end" if mark.place > 0.9 else "start" if mark.place < 0.1 else "middle"
        axes.append(tag("text", mark.label, x=_LEFT + mark.place * inner_width, y=HEIGHT - 8, text_anchor=anchor))
    return tag("svg", tag("title", label), *axes, *drawn, class_="picture", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=label)
