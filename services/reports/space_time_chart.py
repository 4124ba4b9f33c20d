"""Space-time diagrams as SVG: the trips of a line's direction, time to the right, distance downwards.

At most `MOST_BYTES`; equal input gives equal bytes. Times are ms since the epoch, shown in Madrid's time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from services.reports.svg import (
    BOTTOM,
    COLOURS,
    RIGHT,
    TOP,
    WIDTH,
    escaped,
    page,
    polyline,
    rect,
    rule,
    shortened,
    text,
)
from simulator.analysis.space_time import TripLine
from simulator.service_day import MADRID
from simulator.types import MINUTE_MS, to_datetime

MOST_BYTES = 200_000
TOLERANCE_PX = 0.3
LEFT = 204
STOP_PX, LEAST_PX, MOST_PX = 24, 200, 620
NAME_PX = 13
LEAST_MARK_PX = 8
LONGEST_NAME = 28
CLOCK_STEPS_MIN = (5, 10, 15, 30, 60, 120, 180, 360)
MOST_CLOCKS = 12

Scale: TypeAlias = Callable[[float], float]
"""Converts a time in ms, or metres, to pixels."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A labelled event, such as a closed road, from `start` to `end` between two distances."""

    start: int
    end: int
    from_m: float
    to_m: float
    label: str


@dataclass(frozen=True, slots=True)
class SpaceTime:
    """The diagram of one direction from `start` to `end`; `stops` are (metres, name), ascending.

    `before` are trips to compare with, drawn pale.
    """

    title: str
    description: str
    start: int
    end: int
    stops: Sequence[tuple[float, str]]
    trips: Sequence[TripLine]
    marks: Sequence[Mark] = ()
    before: Sequence[TripLine] = ()


class DrawnMarks(NamedTuple):
    """The rectangles of marks, and their labels, which lie above the trips."""

    boxes: list[str]
    labels: list[str]


def space_time_svg(chart: SpaceTime) -> str:
    """Draw the diagram, with a colour for each bus.

    Raises ValueError for a chart with fewer than two stops, or one that ends before it begins.
    """
    if len(chart.stops) < 2 or chart.start >= chart.end:
        raise ValueError("a space-time diagram needs two stops and a period of time")
    tolerance = TOLERANCE_PX
    # Coarser lines need fewer points: coarsen until the file is small enough.
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

    marks = _marks(chart, x, y)
    content = [
        text(16, 26, chart.title, kind="title"),
        text(16, 46, shortened(chart.description, 140), kind="soft"),
        *_stop_rules(chart.stops, y),
        *_clock_rules(chart, x, TOP + deep),
        *marks.boxes,
        '<g class="way" transform="scale(.1)">',
        *_trips(chart, x, y, tolerance),
        "</g>",
        *marks.labels,
    ]
    return page(WIDTH, TOP + deep + BOTTOM, chart.title, chart.description, content)


def _stop_rules(stops: Sequence[tuple[float, str]], y: Scale) -> Iterator[str]:
    """Yield a rule for each stop, with its name if there is room; the first and last always have theirs."""
    free, last = -float(NAME_PX), y(stops[-1][0])
    for index, (metres, name) in enumerate(stops):
        place = y(metres)
        yield rule(LEFT, place, WIDTH - RIGHT, place)
        is_last = index == len(stops) - 1
        if is_last or (place - free >= NAME_PX and last - place >= NAME_PX):
            yield text(LEFT - 8, place + 4, shortened(name, LONGEST_NAME), kind="soft", anchor="end")
            free = place


def _clock_rules(chart: SpaceTime, x: Scale, bottom: float) -> Iterator[str]:
    """Yield rules at round times, with Madrid's time below them."""
    minutes = (chart.end - chart.start) / MINUTE_MS
    step = next((s for s in CLOCK_STEPS_MIN if minutes / s <= MOST_CLOCKS), CLOCK_STEPS_MIN[-1]) * MINUTE_MS
    shift = to_datetime(chart.start).astimezone(MADRID).utcoffset()
    offset = 0 if shift is None else round(shift.total_seconds()) * 1000
    for ms in range(-(-(chart.start + offset) // step) * step - offset, chart.end + 1, step):
        yield rule(x(ms), TOP, x(ms), bottom)
        yield text(x(ms), bottom + 20, clock(ms), kind="soft", anchor="middle")


def _marks(chart: SpaceTime, x: Scale, y: Scale) -> DrawnMarks:
    """Draw the marks as shaded rectangles, at least `LEAST_MARK_PX` high."""
    drawn = DrawnMarks([], [])
    for mark in chart.marks:
        start, end = max(mark.start, chart.start), min(mark.end, chart.end)
        if start < end:
            low, high = sorted((y(mark.from_m), y(mark.to_m)))
            middle, tall = (low + high) / 2, max(high - low, LEAST_MARK_PX)
            said = f"{mark.label}, {clock(mark.start)} to {clock(mark.end)}"
            corner = (x(start), middle - tall / 2)
            drawn.boxes.append(rect(*corner, x(end) - x(start), tall, kind="mark", title=said))
            drawn.labels.append(text(corner[0] + 5, corner[1] - 4, shortened(mark.label, 60), kind="marked"))
    return drawn


def _trips(chart: SpaceTime, x: Scale, y: Scale, tolerance: float) -> Iterator[str]:
    """Yield a path for each bus; the one of `before` comes first, so that it lies below."""

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


def clock(ms: int) -> str:
    """Return a time as hours and minutes in Madrid."""
    return f"{to_datetime(ms).astimezone(MADRID):%H:%M}"
