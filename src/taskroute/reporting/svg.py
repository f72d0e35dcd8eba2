"""Small pictures of numbers, as SVG. Each stands beside a table that says the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from taskroute.reporting.html import Html, tag

WIDTH: Final = 720
HEIGHT: Final = 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 12, 28
_LOG_STEPS: Final = 10


class Bar(NamedTuple):
    """What stands at one place of a picture over time: parts from the bottom up, each with its class."""

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


def columns(bars: Sequence[Bar], *, width: float, highest: float, across: Sequence[Tick], up: Sequence[Tick], label: str) -> Html:
    """Return columns over time; `width` is that of one, from 0 to 1, and `highest` is what reaches the top."""
    inner_width, inner_height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    drawn: list[Html] = []
    for each in bars:
        rects: list[Html] = []
        top: float = _TOP + inner_height
        for kind, value in each.parts:
            tall = inner_height * value / highest if highest else 0
            top -= tall
            rects.append(
                tag("rect", class_=kind, x=_LEFT + each.place * inner_width, y=top, width=max(1.0, width * inner_width - 1), height=tall)
            )
        drawn.append(tag("g", tag("title", each.title), *rects))
    return _picture(drawn, across, up, label)


def scatter(dots: Sequence[Dot], *, across: Sequence[Tick], up: Sequence[Tick], label: str) -> Html:
    """Return points with their names."""
    inner_width, inner_height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    drawn: list[Html] = []
    for dot in dots:
        x, y = _LEFT + dot.x * inner_width, _TOP + (1 - dot.y) * inner_height
        is_far = dot.x > 0.7
        name = tag("text", dot.label, x=x + (-8 if is_far else 8), y=y + 4, text_anchor="end" if is_far else "start")
        drawn.append(tag("g", tag("title", dot.title), tag("circle", class_="dot", cx=x, cy=y, r=5), name))
    return _picture(drawn, across, up, label)


def ticks_to(highest: float) -> list[float]:
    """Return round numbers from 0 up to the first that is not below `highest`."""
    if highest <= 0:
        return [0.0]
    power = 10.0 ** math.floor(math.log10(highest))
    step = next(power * size for size in (0.25, 0.5, 1, 2.5) if highest <= power * size * 4)
    return [step * index for index in range(math.ceil(highest / step - 1e-9) + 1)]


def _picture(drawn: Sequence[Html], across: Sequence[Tick], up: Sequence[Tick], label: str) -> Html:
    inner_width, inner_height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    axes: list[Html] = []
    for tick in up:
        y = _TOP + (1 - tick.place) * inner_height
        axes.append(tag("line", class_="grid", x1=_LEFT, x2=WIDTH - _RIGHT, y1=y, y2=y))
        axes.append(tag("text", tick.label, x=_LEFT - 6, y=y + 4, text_anchor="end"))
    for tick in across:
        anchor = "end" if tick.place > 0.9 else "start" if tick.place < 0.1 else "middle"
        axes.append(tag("text", tick.label, x=_LEFT + tick.place * inner_width, y=HEIGHT - 8, text_anchor=anchor))
    return tag("svg", tag("title", label), *axes, *drawn, class_="picture", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=label)
