"""Numbers as a drawing of bars side by side, in units of the drawing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

HEIGHT = 48  # of the highest bar


@dataclass(frozen=True, slots=True)
class Bar:
    x: int
    y: int
    height: int
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    bars: list[Bar]
    width: int
    bar_width: int
    title: str = ""
    height: int = HEIGHT


def bar_chart(numbers: Iterable[tuple[object, int]], *, bar_width: int, gap: int, title: str = "") -> Chart:
    """A bar for each number, labelled with what it is of."""
    drawn = list(numbers)
    most = max([*(number for _label, number in drawn), 1])
    bars = []
    for place, (label, number) in enumerate(drawn):
        height = round(HEIGHT * number / most)
        bars.append(Bar(place * (bar_width + gap), HEIGHT - height, height, f"{label}: {number}"))
    return Chart(bars, len(drawn) * (bar_width + gap), bar_width, title)
