"""Charts as SVG: a space-time diagram of a line's buses, and two runs side by side, hour by hour.

Small (`MOST_BYTES`), the same bytes each time, light or dark as the reader's screen is, described for those
who can't see them. Instants are ms since the epoch and shown as Madrid's clocks do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from services.reports.svg import COLOURS, escaped, page, polyline, rect, round_step, rule, shortened, text
from simulator.analysis.space_time import TripLine
from simulator.service_day import MADRID
from simulator.types import MINUTE_MS, to_datetime

MOST_BYTES = 200_000
TOLERANCE_PX = 0.3
WIDTH, LEFT, RIGHT, TOP, BOTTOM = 960, 204, 24, 64, 36
BARS_HEIGHT, BARS_LEFT, LEGEND_PX = 260, 56, 320
MOST_TICKS, LEAST_BAR = 5, 0.01
STOP_PX, LEAST_PX, MOST_PX = 24, 200, 620
NAME_PX = 13
LEAST_MARK_PX = 8
LONGEST_NAME = 28
CLOCK_STEPS_MIN = (5, 10, 15, 30, 60, 120, 180, 360)
MOST_CLOCKS = 12

Scale: TypeAlias = Callable[[float], float]
"""An instant or metres as pixels."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that was so from `start` to `end`, between two places (metres)."""

    start: int
    end: int
    from_m: float
    to_m: float
    label: str


@dataclass(frozen=True, slots=True)
class SpaceTime:
    """A direction's buses from `start` to `end`; `stops` are (metres, name), ascending.

    `before` are the trips to compare with, drawn pale.
    """

    title: str
    description: str
    start: int
    end: int
    stops: Sequence[tuple[float, str]]
    trips: Sequence[TripLine]
    marks: Sequence[Mark] = ()
    before: Sequence[TripLine] = ()


@dataclass(frozen=True, slots=True)
class Bars:
    """A measure of some runs, side by side for each label; None where there is nothing to measure.

    `across` is what the labels are.
    """

    title: str
    unit: str
    names: Sequence[str]
    labels: Sequence[str]
    values: Sequence[Sequence[float | None]]
    across: str = "hour"


def space_time_svg(chart: SpaceTime) -> str:
    """The diagram: clock to the right, metres downwards, a colour for each bus.

    ValueError for a chart without two stops, or that ends before it begins.
    """
    if len(chart.stops) < 2 or chart.start >= chart.end:
        raise ValueError("a space-time diagram needs two stops and a stretch of time")
    tolerance = TOLERANCE_PX
    while len((drawn := _space_time(chart, tolerance)).encode()) > MOST_BYTES and tolerance < WIDTH:
        tolerance *= 2
    return drawn


def _space_time(chart: SpaceTime, tolerance: float) -> str:
    deep = min(max(STOP_PX * (len(chart.stops) - 1), LEAST_PX), MOST_PX)
    first, last = chart.stops[0][0], chart.stops[-1][0]

    def x(ms: float) -> float:
        return LEFT + (ms - chart.start) / (chart.end - chart.start) * (WIDTH - LEFT - RIGHT)

    def y(metres: float) -> float:
        return TOP + (metres - first) / (last - first) * deep

    boxes, labels = _marks(chart, x, y)
    content = [
        text(16, 26, chart.title, kind="title"),
        text(16, 46, shortened(chart.description, 140), kind="soft"),
        *_stop_rules(chart.stops, y),
        *_clock_rules(chart, x, TOP + deep),
        *boxes,
        '<g class="way" transform="scale(.1)">',
        *_ways(chart, x, y, tolerance),
        "</g>",
        *labels,
    ]
    return page(WIDTH, TOP + deep + BOTTOM, chart.title, chart.description, content)


def _stop_rules(stops: Sequence[tuple[float, str]], y: Scale) -> Iterator[str]:
    """A rule for each stop, with its name where there is room for it; both ends have theirs."""
    free, last = -float(NAME_PX), y(stops[-1][0])
    for index, (metres, name) in enumerate(stops):
        place = y(metres)
        yield rule(LEFT, place, WIDTH - RIGHT, place)
        is_last = index == len(stops) - 1
        if is_last or (place - free >= NAME_PX and last - place >= NAME_PX):
            yield text(LEFT - 8, place + 4, shortened(name, LONGEST_NAME), kind="soft", anchor="end")
            free = place


def _clock_rules(chart: SpaceTime, x: Scale, bottom: float) -> Iterator[str]:
    """Rules at round times, with Madrid's clock below them."""
    minutes = (chart.end - chart.start) / MINUTE_MS
    step = next((s for s in CLOCK_STEPS_MIN if minutes / s <= MOST_CLOCKS), CLOCK_STEPS_MIN[-1]) * MINUTE_MS
    shift = to_datetime(chart.start).astimezone(MADRID).utcoffset()
    offset = 0 if shift is None else round(shift.total_seconds()) * 1000
    for ms in range(-(-(chart.start + offset) // step) * step - offset, chart.end + 1, step):
        yield rule(x(ms), TOP, x(ms), bottom)
        yield text(x(ms), bottom + 20, clock(ms), kind="soft", anchor="middle")


def _marks(chart: SpaceTime, x: Scale, y: Scale) -> tuple[list[str], list[str]]:
    """Shaded rectangles, high enough to be seen, and their labels, which lie above the trips."""
    boxes: list[str] = []
    labels: list[str] = []
    for mark in chart.marks:
        start, end = max(mark.start, chart.start), min(mark.end, chart.end)
        if start < end:
            low, high = sorted((y(mark.from_m), y(mark.to_m)))
            middle, tall = (low + high) / 2, max(high - low, LEAST_MARK_PX)
            said = f"{mark.label}, {clock(mark.start)} to {clock(mark.end)}"
            corner = (x(start), middle - tall / 2)
            boxes.append(rect(*corner, x(end) - x(start), tall, kind="mark", title=said))
            labels.append(text(corner[0] + 5, corner[1] - 4, shortened(mark.label, 60), kind="marked"))
    return boxes, labels


def _ways(chart: SpaceTime, x: Scale, y: Scale, tolerance: float) -> Iterator[str]:
    """The trips, those of a bus together; of `before` first, so that they lie below."""

    def path(trip: TripLine) -> str:
        xs = np.array([x(ms) for ms in trip.ms.tolist()])
        return polyline(xs, np.array([y(metres) for metres in trip.metres.tolist()]), tolerance)

    if chart.before:
        yield f'<path class="before" d="{"".join(map(path, chart.before))}"/>'
    buses = sorted({trip.bus_id for trip in chart.trips})
    for number, bus_id in enumerate(buses):
        drawn = "".join(path(trip) for trip in chart.trips if trip.bus_id == bus_id)
        title = f"<title>{escaped(bus_id)}</title>"
        yield f'<path class="c{number % COLOURS}" d="{drawn}">{title}</path>'


def bars_svg(bars: Bars) -> str:
    """A bar for each run and label, from zero.

    ValueError where numbers don't match the labels or the names, or there are none.
    """
    if not bars.labels or [len(values) for values in bars.values] != [len(bars.labels)] * len(bars.names):
        raise ValueError("bars need labels, and a value of each run for each")
    known = [value for values in bars.values for value in values if value is not None]
    greatest = max([*known, LEAST_BAR])
    step = round_step(greatest, MOST_TICKS)
    ticks = [index * step for index in range(math.ceil(greatest / step) + 1)]
    top, bottom = TOP + 8, BARS_HEIGHT - BOTTOM
    wide = (WIDTH - BARS_LEFT - RIGHT) / len(bars.labels)

    def y(value: float) -> float:
        return bottom - value / ticks[-1] * (bottom - top)

    content = [text(16, 26, f"{bars.title} ({bars.unit})" if bars.unit else bars.title, kind="title")]
    content += _legend(bars.names)
    for tick in ticks:
        content.append(rule(BARS_LEFT, y(tick), WIDTH - RIGHT, y(tick)))
        content.append(text(BARS_LEFT - 8, y(tick) + 4, f"{tick:.6g}", kind="soft", anchor="end"))
    for place, label in enumerate(bars.labels):
        left = BARS_LEFT + place * wide
        content.append(text(left + wide / 2, bottom + 20, label, kind="soft", anchor="middle"))
        content += _group(bars, place, (left, wide), y)
    described = f"{bars.title} by {bars.across}: {' beside '.join(bars.names)}."
    return page(WIDTH, BARS_HEIGHT, bars.title, described, content)


def _group(bars: Bars, place: int, span: tuple[float, float], y: Scale) -> Iterator[str]:
    """The bars of a label, which has `span` pixels: from, and how many."""
    (left, wide), each = span, 0.74 / len(bars.names)
    for run, name in enumerate(bars.names):
        value = bars.values[run][place]
        if value is not None:
            said = f"{name}, {bars.across} {bars.labels[place]}: {value:.4g} {bars.unit}".rstrip()
            corner = left + wide * (0.14 + each * run), y(value)
            yield rect(*corner, wide * (each - 0.02), y(0) - y(value), kind=f"c{run % COLOURS}", title=said)


def _legend(names: Sequence[str]) -> Iterator[str]:
    for run, name in enumerate(names):
        x = BARS_LEFT + run * LEGEND_PX
        yield rect(x, 38, 12, 12, kind=f"c{run % COLOURS}", title=name)
        yield text(x + 18, 49, shortened(name, 44), kind="soft")


def clock(ms: int) -> str:
    """An instant as Madrid's clocks show it."""
    return f"{to_datetime(ms).astimezone(MADRID):%H:%M}"
