"""A route of a feed as a line: ids, patterns and their shapes, timetable, fleet, speed and demand.

Values that a feed doesn't have are assumed here:

- **people**: `PEOPLE_PER_TRIP` board a weekday trip (35 to 50 in Madrid: EMT, Informe de gestión 2017), fewer
  on night lines, scaled by the trip's number of stops ÷ the network's mean. They are spread evenly over all
  stops of a pattern except the last. Saturdays and holidays have the model's ratios (`simulator.day.demand`).
- **buses**: the fewest that run the busiest day type on time (`simulator.day.fleet`), all of one capacity.
- **speed** of empty runs: such that trips at the line's speed would take as long as a weekday's timetable
  says. Trips have timings of their own (`simulator.gtfs.timings`).
- **night**: a line with most of its departures between 23:00 and 06:00.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from simulator.day import travel
from simulator.day.demand import DAY_TYPE_FACTOR, EARLY_S, NIGHT_TYPE_FACTOR
from simulator.day.fleet import Duty, buses, buses_needed, rest_s
from simulator.files.csv_table import UNKNOWN
from simulator.geometry import distance_m
from simulator.gtfs.blocks import block_chains
from simulator.gtfs.feed import Feed
from simulator.gtfs.routes import (
    BoardingRules,
    RoutePattern,
    RouteService,
    ScheduledTrip,
    StopSequences,
    place_of,
)
from simulator.gtfs.service_days import possible_days, usual_day
from simulator.gtfs.timings import PlannedTimes, RouteTimings, route_timings
from simulator.network import Bus, Departure, Timing
from simulator.network_files.line_builder import MAX_OFF_SHAPE_M
from simulator.network_files.route_shape import RouteShape, straight, through
from simulator.network_files.timetable import HOUR_S
from simulator.types import DayType

PEOPLE_PER_TRIP = 42.0
NIGHT_SHARE = 12 / 42
"""A night trip carries some 12 where a day trip carries 42."""
LEAST_SHARE, MOST_SHARE = 0.4, 1.6
"""Bounds of the factor by which a trip's number of stops changes its people."""
CAPACITY = 90
"""People in a bus of 12 m, standing ones included."""
MAX_RATE = 60.0
SPEEDS_KMH = (5.0, 80.0)


@dataclass(frozen=True, slots=True)
class Names:
    """A line's id and name, and stops' ids by their index in the feed, as the network file has them.

    `gtfs_id` is the route's id in the feed.
    """

    line_id: str
    name: str
    stop_ids: Mapping[int, str]
    gtfs_id: str


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What to assume; `mean_stops` is the mean number of stops of the import's trips."""

    capacity: int = CAPACITY
    people_per_trip: float = PEOPLE_PER_TRIP
    mean_stops: float = 26.0


class PatternDraft(NamedTuple):
    """A pattern: `times` are those of its trips, as planned and as in the feed."""

    direction: int
    stops: Sequence[str]
    rules: BoardingRules
    timings: Sequence[Timing]
    times: PlannedTimes


@dataclass(frozen=True, slots=True)
class LineDraft:
    """A line as a network file has it, with its tables.

    `roads` are the patterns' shapes that `shapes.csv` has, `off_road` the patterns whose shape doesn't fit.
    """

    line_id: str
    gtfs_id: str
    name: str
    night: bool
    speed_kmh: float
    one_way: bool
    rates: Mapping[str, float]
    terminals: frozenset[str]
    patterns: Mapping[str, PatternDraft]
    fleet: Sequence[Bus]
    timetable: Mapping[DayType, Sequence[Departure]]
    roads: Mapping[str, RouteShape]
    off_road: Sequence[str]
    timezone: str
    dates: Mapping[str, DayType | None] = field(default_factory=dict)
    """See `network.Line.dates`."""


def is_night(runs: Mapping[DayType, Sequence[ScheduledTrip]]) -> bool:
    """Whether most departures are between 23:00 and 06:00."""
    hours = [run.departs_s // HOUR_S % 24 for day in runs.values() for run in day]
    return 2 * sum(hour >= 23 or hour < 6 for hour in hours) > len(hours)


def line_draft(
    sequences: StopSequences, service: RouteService, names: Names, night: bool, assumed: Assumptions
) -> LineDraft:
    """The line of a route's service."""
    feed = sequences.feed
    roads = [_known_road(sequences, pattern) for pattern in service.patterns]
    pattern_ids = _pattern_ids(names.line_id, service.patterns)
    stops = [[names.stop_ids[stop] for stop in pattern.stops] for pattern in service.patterns]
    speed_kmh = _speed_kmh(service, [road for road, _ in roads])
    timings = route_timings(sequences, service, [_metres(road) for road, _ in roads])
    return LineDraft(
        line_id=names.line_id,
        gtfs_id=names.gtfs_id,
        name=names.name,
        night=night,
        speed_kmh=speed_kmh,
        one_way=not service.of_direction(1),
        rates=_rates(service, stops, night, assumed),
        terminals=frozenset(ids[end] for ids in stops for end in (0, -1)),
        patterns={
            name: PatternDraft(
                pattern.direction, ids, pattern.rules, timings.of_pattern[i], timings.planned(service, i)
            )
            for i, (name, pattern, ids) in enumerate(zip(pattern_ids, service.patterns, stops, strict=True))
        },
        fleet=_fleet(feed, service, names, assumed.capacity, _Driving(night, speed_kmh)),
        timetable=_timetable(service, pattern_ids, timings),
        roads={
            name: road
            for name, (road, away_m), pattern in zip(pattern_ids, roads, service.patterns, strict=True)
            if away_m <= MAX_OFF_SHAPE_M and pattern.shape != UNKNOWN
        },
        off_road=[
            name for name, (_, away_m) in zip(pattern_ids, roads, strict=True) if away_m > MAX_OFF_SHAPE_M
        ],
        timezone=feed.timezone,
    )


def _timetable(
    service: RouteService, pattern_ids: Sequence[str], timings: RouteTimings
) -> dict[DayType, list[Departure]]:
    """The departures of each day type, by time and pattern."""
    return {
        day: sorted(
            (
                Departure(run.departs_s, pattern_ids[run.pattern], timings.timing_of(run), run.block)
                for run in service.runs[day]
            ),
            key=attrgetter("time_s", "pattern_id"),
        )
        for day in sorted(service.runs)
    }


def _pattern_ids(line_id: str, patterns: Sequence[RoutePattern]) -> list[str]:
    """`27-0` for the main pattern outbound, `27-0-2` for the next."""
    seen: Counter[int] = Counter()
    names = []
    for pattern in patterns:
        seen[pattern.direction] += 1
        number = seen[pattern.direction]
        names.append(f"{line_id}-{pattern.direction}" + (f"-{number}" if number > 1 else ""))
    return names


def _known_road(sequences: StopSequences, pattern: RoutePattern) -> tuple[RouteShape, float]:
    """A pattern's `_road`, made once."""
    key = (pattern.shape, pattern.stops)
    if key not in sequences.roads:
        sequences.roads[key] = _road(sequences.feed, pattern)
    return sequences.roads[key]


def _road(feed: Feed, pattern: RoutePattern) -> tuple[RouteShape, float]:
    """A pattern's shape, and the largest distance of a stop from the feed's shape, in metres.

    Straight from stop to stop if there is no shape, or none that passes the stops.
    """
    stops = [place_of(feed, stop) for stop in pattern.stops]
    shape = feed.road(pattern.shape) if pattern.shape != UNKNOWN else ()
    if len(shape) < 2:
        return straight(stops), 0.0 if pattern.shape == UNKNOWN else float("inf")
    try:
        road, away_m = through(stops, shape)
    except ValueError:
        return straight(stops), float("inf")
    return (road, max(away_m)) if max(away_m) <= MAX_OFF_SHAPE_M else (straight(stops), max(away_m))


def _main_day(service: RouteService) -> DayType:
    """The day type from which demand and speed are taken: weekday if it has service, else the busiest."""
    if DayType.WEEKDAY in service.runs:
        return DayType.WEEKDAY
    return max(service.runs, key=lambda day: (len(service.runs[day]), day))


def _rates(
    service: RouteService, stops: Sequence[Sequence[str]], night: bool, assumed: Assumptions
) -> dict[str, float]:
    """People a minute by stop id, mean over the service hours of the main day type, scaled to a weekday."""
    day = _main_day(service)
    runs = usual_day(service, day, night)
    people = assumed.people_per_trip * (NIGHT_SHARE if night else 1.0) / _factor(day, night)
    # People come from `EARLY_S` before the first departure until the last.
    minutes = (runs[-1].departs_s - runs[0].departs_s + EARLY_S) / 60
    rates = dict.fromkeys((stop for ids in stops for stop in ids), 0.0)
    for pattern, count in Counter(run.pattern for run in runs).items():
        ids = stops[pattern]
        share = min(max(len(ids) / assumed.mean_stops, LEAST_SHARE), MOST_SHARE)
        for stop in ids[:-1]:
            rates[stop] += count * people * share / (len(ids) - 1) / minutes
    return {stop: min(round(rate, 4), MAX_RATE) for stop, rate in rates.items()}


def _factor(day: DayType, night: bool) -> float:
    if day is DayType.WEEKDAY:
        return 1.0
    return NIGHT_TYPE_FACTOR[day] if night else DAY_TYPE_FACTOR[day]


def _speed_kmh(service: RouteService, roads: Sequence[RouteShape]) -> float:
    """The quiet-hour speed between stops with which planned trips take as long as scheduled, by bisection."""
    day = _main_day(service)
    factors = travel.speed_by_hour(day)
    runs = service.runs[day]
    wanted_s = sum(run.takes_s for run in runs)
    counts = Counter(run.pattern for run in runs)
    # Running time is proportional to 1 / the hour's factor. The mean over a pattern's trips stands for them
    # all, so that a step of the bisection costs one planned trip a pattern, not one a trip.
    slowness = dict.fromkeys(counts, 0.0)
    for run in runs:
        slowness[run.pattern] += 1 / factors[run.departs_s // HOUR_S]
    lengths_m = {pattern: np.diff(_metres(roads[pattern])) for pattern in counts}
    low, high = SPEEDS_KMH
    while high - low > 0.05:
        middle = (low + high) / 2
        planned_s = sum(
            count * travel.planned_trip_of(lengths_m[pattern], middle / 3600, count / slowness[pattern])
            for pattern, count in counts.items()
        )
        low, high = (middle, high) if planned_s > wanted_s else (low, middle)
    return round((low + high) / 2, 1)


def _metres(road: RouteShape) -> list[float]:
    """The distance of each stop from the first."""
    return [road.points[i].distance_m for i in road.stop_indexes]


class _Driving(NamedTuple):
    """Whether a line runs at night, and its speed."""

    night: bool
    speed_kmh: float


def _fleet(feed: Feed, service: RouteService, names: Names, capacity: int, driving: _Driving) -> list[Bus]:
    """The line's buses, `B27-01`, `B27-02`, …: as many as its busiest line-day needs."""
    empty_m_per_s = driving.speed_kmh * 1.25 / 3.6
    two_ways = bool(service.of_direction(1))
    homes = (0, 0)

    @cache
    def empty_run_s(pattern: int, ends_at: int) -> float:
        next_start = service.patterns[service.of_direction(ends_at)[0]].stops[0]
        ends = place_of(feed, service.patterns[pattern].stops[-1])
        return distance_m(*ends, *place_of(feed, next_start)) / empty_m_per_s

    for runs in possible_days(service, driving.night):
        duties = []
        for chain in block_chains(runs):
            run, terminal = chain[-1], service.patterns[chain[0].pattern].direction
            direction = service.patterns[run.pattern].direction
            ends_at = 1 - direction if two_ways else direction
            # A bus is ready after its rest, or after the empty run to where its next trip begins.
            pause_s = max(rest_s(run.takes_s), empty_run_s(run.pattern, ends_at))
            ready_s = run.departs_s + run.takes_s + pause_s
            duties.append(Duty(chain[0].departs_s, terminal, ready_s, ends_at))
        homes = max(homes, buses_needed(duties), key=sum)
    width = max(2, len(str(sum(homes))))
    ids = [f"B{names.line_id}-{number:0{width}}" for number in range(1, sum(homes) + 1)]
    return buses(ids, homes, capacity)
