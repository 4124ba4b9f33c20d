"""Bar charts as SVG: a measure of several runs, side by side for each hour or other label.

Equal input gives equal bytes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from services.reports.svg import (
    BOTTOM,
    COLOURS,
    RIGHT,
    TOP,
    WIDTH,
    page,
    rect,
    round_step,
    rule,
    shortened,
    text,
)

HEIGHT, LEFT, LEGEND_PX = 260, 56, 320
MOST_TICKS, LEAST_BAR = 5, 0.01

Scale: TypeAlias = Callable[[float], float]
"""Converts a value to pixels."""


@dataclass(frozen=True, slots=True)
class Bars:
    """The values of a measure: for each of `names` one per label, None where there is none.

    `across` says what the labels are.
    """

    title: str
    unit: str
    names: Sequence[str]
    labels: Sequence[str]
    values: Sequence[Sequence[float | None]]
    across: str = "hour"


def bars_svg(bars: Bars) -> str:
    """Draw a bar for each name and label, from zero.

    Raises ValueError if there are no labels, or the values don't match labels and names in number.
    """
    if not bars.labels or [len(values) for values in bars.values] != [len(bars.labels)] * len(bars.names):
        raise ValueError("bars need labels, and a value of each run for each")
    known = [value for values in bars.values for value in values if value is not None]
    greatest = max([*known, LEAST_BAR])
    step = round_step(greatest, MOST_TICKS)
    ticks = [index * step for index in range(math.ceil(greatest / step) + 1)]
    top, bottom = TOP + 8, HEIGHT - BOTTOM
    wide = (WIDTH - LEFT - RIGHT) / len(bars.labels)

    def y(value: float) -> float:
        return bottom - value / ticks[-1] * (bottom - top)

    content = [text(16, 26, f"{bars.title} ({bars.unit})" if bars.unit else bars.title, kind="title")]
    content += _legend(bars.names)
    for tick in ticks:
        content.append(rule(LEFT, y(tick), WIDTH - RIGHT, y(tick)))
        content.append(text(LEFT - 8, y(tick) + 4, f"{tick:.6g}", kind="soft", anchor="end"))
    for place, label in enumerate(bars.labels):
        left = LEFT + place * wide
        content.append(text(left + wide / 2, bottom + 20, label, kind="soft", anchor="middle"))
        content += _group(bars, place, (left, wide), y)
    described = f"{bars.title} by {bars.across}: {' beside '.join(bars.names)}."
    return page(WIDTH, HEIGHT, bars.title, described, content)


def _group(bars: Bars, place: int, span: tuple[float, float], y: Scale) -> Iterator[str]:
    """Yield the bars of a label within `span`: its left edge and width in pixels."""
    (left, wide), each = span, 0.74 / len(bars.names)
    for run, name in enumerate(bars.names):
        value = bars.values[run][place]
        if value is not None:
            said = f"{name}, {bars.across} {bars.labels[place]}: {value:.4g} {bars.unit}".rstrip()
            corner = left + wide * (0.14 + each * run), y(value)
            yield rect(*corner, wide * (each - 0.02), y(0) - y(value), kind=f"c{run % COLOURS}", title=said)


def _legend(names: Sequence[str]) -> Iterator[str]:
    for run, name in enumerate(names):
        x = LEFT + run * LEGEND_PX
        yield rect(x, 38, 12, 12, kind=f"c{run % COLOURS}", title=name)
        yield text(x + 18, 49, shortened(name, 44), kind="soft")
