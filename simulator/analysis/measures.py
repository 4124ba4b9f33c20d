"""Measures of simulated line-days as sums, from which `realism` computes the values of its bands.

Sums of lines and days can be added, so no trajectory has to be kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypedDict

import numpy as np

from simulator.analysis.performance import LEAST_HEADWAYS, Performance, performance, total
from simulator.day.cabin_co2 import OUTDOOR_PPM
from simulator.day.fleet import rest_s
from simulator.day.trajectory import Bools, Floats, Ints, Trajectory
from simulator.network import Line, Pattern
from simulator.service_day import origin_ms, service_on
from simulator.streams.sampling import Samples
from simulator.streams.sensor_data import excess_ppm
from simulator.types import HOUR_MS, MINUTE_MS, SECOND_MS, LineId

CLOCK_HOURS = 24
DAY_HOURS = 72
"""No event of a service day is later than this many hours after its origin."""
PEAKS = ((7, 9), (17, 19))
"""Peaks, as hours of the service day."""
QUIET = ((10, 13), (20, 23))
"""Hours of the service day, in service, that are off-peak: between the peaks at 8 and 14 h, and in the
evening."""
TENTHS = 10
NEAR = range(1, 4)
"""Near the origin are the 2nd to the 4th stop; near the end the last three before the terminal."""
LEAST_STOPS = 8
"""On a pattern with fewer stops the two would overlap."""
PPM = 1 << 20
"""More ppm than any cabin has."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A number of headways, and the sum over them of their group's coefficient of variation."""

    headways: int = 0
    variation: float = 0.0

    def __add__(self, other: Spread) -> Spread:
        return Spread(self.headways + other.headways, self.variation + other.variation)

    @property
    def cv(self) -> float | None:
        """The mean coefficient of variation, by the number of headways; None without any."""
        return self.variation / self.headways if self.headways else None


@dataclass(frozen=True, slots=True)
class Slope:
    """Sums for a least-squares line: number of points, Σx, Σy, Σx², Σxy."""

    number: int = 0
    x: float = 0.0
    y: float = 0.0
    xx: float = 0.0
    xy: float = 0.0

    def __add__(self, other: Slope) -> Slope:
        number, x, y = self.number + other.number, self.x + other.x, self.y + other.y
        return Slope(number, x, y, self.xx + other.xx, self.xy + other.xy)

    @property
    def value(self) -> float | None:
        """The slope; None unless two x differ."""
        below = self.number * self.xx - self.x * self.x
        return (self.number * self.xy - self.x * self.y) / below if below else None


@dataclass(frozen=True, slots=True)
class Measures:
    """Sums over any line-days of one kind of day.

    - `hours`: performance by hour of Madrid's clock; hours after midnight of a service day count as
      hours 0, 1, … of the same day. `lines` has each line's whole day.
    - `along`: headways at peak by the tenth of the line that a stop lies in (by its place among the stops),
      `near_origin` and `near_end` at its ends. A group is a line, direction, stop of its main pattern and
      peak with at least four headways. A headway is the time between two buses that leave the stop or go
      past, on any pattern; it counts in the peak in which it ends. Last stops and stops that the pattern has
      twice are left out, and for the two ends patterns of fewer than eight stops.
    - `doors`: seconds with open doors by number of people boarding, at stops between terminals where somebody
      boarded and nobody alighted.
    - `out`: by minute from the service day's origin the buses on a trip, or resting after one as long as
      timetables let them rest (`fleet.rest_s`), at most until they depart again; `moving` those on a trip
      alone. The model's buses stay on their line; real buses that rest longer may serve another.
    - `air`: minutes by load × `PPM` + whole ppm of CO2 in the cabin, of buses in service: on a trip, or
      waiting for their next one at a terminal, half an hour at most. `trip_air` is that of buses on a trip
      alone. `quiet` is of `air` the minutes of `QUIET` and their ppm.
    - `cancelled`: scheduled departures for which no bus came in time.
    """

    hours: tuple[Performance, ...]
    lines: Mapping[LineId, Performance]
    along: tuple[Spread, ...]
    near_origin: Spread
    near_end: Spread
    doors: Slope
    out: Ints
    moving: Ints
    air: Counter[int]
    trip_air: Counter[int]
    quiet: tuple[int, float]
    cancelled: int

    def __add__(self, other: Measures) -> Measures:
        return Measures(
            hours=tuple(total(pair) for pair in zip(self.hours, other.hours, strict=True)),
            lines={
                line_id: total(each.lines[line_id] for each in (self, other) if line_id in each.lines)
                for line_id in {**self.lines, **other.lines}
            },
            along=tuple(one + another for one, another in zip(self.along, other.along, strict=True)),
            near_origin=self.near_origin + other.near_origin,
            near_end=self.near_end + other.near_end,
            doors=self.doors + other.doors,
            air=self.air + other.air,
            trip_air=self.trip_air + other.trip_air,
            quiet=(self.quiet[0] + other.quiet[0], self.quiet[1] + other.quiet[1]),
            out=self.out + other.out,
            moving=self.moving + other.moving,
            cancelled=self.cancelled + other.cancelled,
        )

    @property
    def overall(self) -> Performance:
        """All hours and lines."""
        return total(self.hours)


def measures(trajectory: Trajectory, line: Line, day: date) -> Measures:
    """The measures of the line-day of `line` on `day`."""
    origin = origin_ms(day, line.timezone)
    # Events before the origin, such as doors that open for a departure at 00:00, count in the first hour.
    edges = [origin - HOUR_MS, *(origin + hour * HOUR_MS for hour in range(1, DAY_HOURS + 1))]
    hours = performance(trajectory, edges)
    near_origin, near_end, along = Spread(), Spread(), [Spread()] * TENTHS
    for pattern, place, spread in _spreads(trajectory, line, origin):
        last = len(pattern.stops) - 1
        along[TENTHS * place // last] += spread
        if last >= LEAST_STOPS - 1:
            near_origin += spread if place in NEAR else Spread()
            near_end += spread if last - place in NEAR else Spread()
    out, moving = _buses(trajectory, origin)
    service = service_on(line, day)
    scheduled = len(service.departures) if service is not None else 0
    return Measures(
        hours=tuple(total(hours[hour::CLOCK_HOURS]) for hour in range(CLOCK_HOURS)),
        lines={line.line_id: total(hours)},
        along=tuple(along),
        near_origin=near_origin,
        near_end=near_end,
        doors=_doors(trajectory),
        out=out,
        moving=moving,
        cancelled=scheduled - len(trajectory.trips) if scheduled else 0,
        **_air(trajectory, origin),
    )


def _goes_on(trajectory: Trajectory) -> Bools:
    """For each leg, whether its trip continues after it."""
    trip, bus = trajectory.legs.trip, trajectory.legs.bus
    goes_on = np.zeros(len(trip), np.bool_)
    goes_on[:-1] = (trip[1:] == trip[:-1]) & (bus[1:] == bus[:-1]) & (trip[:-1] >= 0)
    return goes_on


def _spreads(trajectory: Trajectory, line: Line, origin: int) -> Iterator[tuple[Pattern, int, Spread]]:
    """Each group of headways at peak: the main pattern, the stop's position in it, the spread."""
    legs, goes_on = trajectory.legs, _goes_on(trajectory)
    for direction in (0, 1):
        pattern = line.main_pattern(direction)
        if pattern is None:
            continue
        calls = Counter(stop.stop_id for stop in pattern.stops)
        towards = np.flatnonzero(goes_on & (legs.direction == direction))
        for place, stop in enumerate(pattern.stops[:-1]):
            if calls[stop.stop_id] == 1:
                index = trajectory.stops.index(stop.stop_id)
                at = np.sort(legs.leaves[towards[legs.stop[towards] == index]])
                for peak in PEAKS:
                    yield pattern, place, _spread(at, *(origin + hour * HOUR_MS for hour in peak))


def _spread(at: Ints, low: int, high: int) -> Spread:
    """The spread of the headways between instants `at` (ascending) that end in [low, high); empty if few."""
    gaps = np.diff(at)[(at[1:] >= low) & (at[1:] < high)] / SECOND_MS
    if len(gaps) < LEAST_HEADWAYS or not gaps.any():
        return Spread()
    return Spread(len(gaps), len(gaps) * float(gaps.std() / gaps.mean()))


def _doors(trajectory: Trajectory) -> Slope:
    """See `Measures.doors`."""
    legs = trajectory.legs
    chosen = _goes_on(trajectory) & (legs.sequence > 1) & (legs.boarding > 0) & (legs.alighting == 0)
    people = legs.boarding[chosen].astype(np.float64)
    seconds = (legs.leaves[chosen] - legs.opens[chosen]) / SECOND_MS
    sums = (people, seconds, people * people, people * seconds)
    return Slope(len(people), *(float(values.sum()) for values in sums))


def _buses(trajectory: Trajectory, origin: int) -> tuple[Ints, Ints]:
    """See `Measures`: `out` and `moving`."""
    legs, goes_on = trajectory.legs, _goes_on(trajectory)
    came = np.roll(goes_on, 1)
    first, last = np.flatnonzero(goes_on & ~came), np.flatnonzero(came & ~goes_on)
    departs, arrives = legs.leaves[first], legs.stops[last]
    rests = [round(rest_s(took / SECOND_MS) * SECOND_MS) for took in (arrives - departs).tolist()]
    again = np.append(departs[1:], trajectory.ends)
    again[np.append(legs.bus[first][1:] != legs.bus[first][:-1], True)] = trajectory.ends
    until = np.minimum(arrives + np.array(rests, np.int64), again)
    return _by_minute(departs - origin, until - origin), _by_minute(departs - origin, arrives - origin)


def _by_minute(starts: Ints, ends: Ints) -> Ints:
    """For each minute of `DAY_HOURS` the number of intervals [start, end) (ms) in which it lies."""
    size = DAY_HOURS * 60
    begun, over = (np.bincount(-(-at // MINUTE_MS), minlength=size)[:size] for at in (starts, ends))
    result: Ints = np.cumsum(begun - over)
    return result


class _Air(TypedDict):
    air: Counter[int]
    trip_air: Counter[int]
    quiet: tuple[int, float]


def _air(trajectory: Trajectory, origin: int) -> _Air:
    """See `Measures`: `air`, `trip_air` and `quiet`."""
    samples = Samples([trajectory], trajectory.starts, trajectory.ends, MINUTE_MS)
    excess = excess_ppm(samples, [trajectory])
    minute = (samples.at - origin) // MINUTE_MS
    serves = (samples.column("trip") >= 0) & (samples.at >= samples.column("idle_until")) & (minute >= 0)
    ppm = np.rint(OUTDOOR_PPM + excess).astype(np.int64)
    codes = samples.column("load") * PPM + ppm
    hour = minute // 60
    quiet = ppm[serves & np.logical_or.reduce([(hour >= low) & (hour < high) for low, high in QUIET])]
    return {
        "air": _counted(codes[serves]),
        "trip_air": _counted(codes[serves & (samples.column("sequence") > 1)]),
        "quiet": (len(quiet), float(quiet.sum())),
    }


def _counted(codes: Ints) -> Counter[int]:
    values, number = np.unique(codes, return_counts=True)
    return Counter(dict(zip(values.tolist(), number.tolist(), strict=True)))


def rank_correlation(air: Mapping[int, int]) -> float | None:
    """Spearman's rank correlation of load and CO2 over `Measures.air`; None if either is constant.

    Equal values share the mean of their ranks (Kendall, Rank Correlation Methods, ch. 3).
    """
    codes = np.array(sorted(air), np.int64)
    number = np.array([air[code] for code in codes.tolist()], np.float64)
    load, ppm = (_ranks(values, number) for values in (codes // PPM, codes % PPM))
    load, ppm = (ranks - (ranks * number).sum() / max(number.sum(), 1.0) for ranks in (load, ppm))
    below = float((load * load * number).sum()) * float((ppm * ppm * number).sum())
    return float((load * ppm * number).sum()) / float(np.sqrt(below)) if below else None


def _ranks(values: Ints, number: Floats) -> Floats:
    """The mean rank of each value, which occurs `number` times."""
    _, place = np.unique(values, return_inverse=True)
    each = np.bincount(place, number)
    ranks: Floats = (np.cumsum(each) - (each - 1) / 2)[place]
    return ranks
