"""A feed's routes as patterns and the trips on them, on the dates that represent the day types.

Trips of a direction that serve the same stops are one pattern, on the shape that most of them have. A stop
less than a metre from the one before it is left out, and so are trips that then have fewer than two stops. If
a feed doesn't give directions, a pattern from near the main pattern's end to near its start is inbound.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from simulator.files.csv_table import UNKNOWN
from simulator.geometry import distance_m
from simulator.gtfs.feed import Feed, FeedRoute
from simulator.network_files.checks import MAX_HOP_M, MIN_HOP_M
from simulator.network_files.route_shape import LatLon
from simulator.types import INBOUND, OUTBOUND, DayType

BUS_TYPES = frozenset({3, 11, *range(200, 210), *range(700, 717), 800})
"""GTFS's bus and trolleybus, and the extended types for coaches, buses and trolleybuses."""


@dataclass(frozen=True, slots=True)
class ScheduledTrip:
    """A trip on a day: departure (second of the service day), duration, its pattern's index."""

    departs_s: int
    takes_s: int
    pattern: int


@dataclass(frozen=True, slots=True)
class RoutePattern:
    """A sequence of stops (indexes of the feed's), and its shape (an index, UNKNOWN for none)."""

    direction: int
    stops: tuple[int, ...]
    shape: int


@dataclass(frozen=True, slots=True)
class RouteService:
    """The service of a route: its patterns, and each day type's trips (`runs`) by time.

    Patterns are ordered by direction, then the most used first. `short` counts trips left out for having
    fewer than two stops; `far_m` is the longest hop if it is too long for a bus line, else 0.
    """

    route: FeedRoute
    patterns: Sequence[RoutePattern]
    runs: Mapping[DayType, Sequence[ScheduledTrip]]
    short: int = 0
    far_m: float = 0.0

    def of_direction(self, direction: int) -> list[int]:
        """The indexes of a direction's patterns."""
        return [i for i, pattern in enumerate(self.patterns) if pattern.direction == direction]


@dataclass(slots=True)
class _RouteTrips:
    """A route's trips while they are collected: shapes used by (direction, stops), trips by day type."""

    shapes: dict[tuple[int, tuple[int, ...]], Counter[int]] = field(default_factory=dict)
    runs: dict[DayType, list[tuple[int, int, tuple[int, tuple[int, ...]]]]] = field(default_factory=dict)
    short: int = 0


def route_services(feed: Feed, days: Mapping[DayType, date], routes: Collection[int]) -> list[RouteService]:
    """The service of each of `routes` (indexes) with trips on any of `days`, in the feed's order."""
    sorting = {index: _RouteTrips() for index in sorted(routes)}
    running = {kind: feed.calendar.services[day] for kind, day in days.items()}
    stops_of = _Stops(feed)
    trips = feed.trips
    for trip, (route, direction, shape) in enumerate(
        zip(trips.route.tolist(), trips.direction.tolist(), trips.shape.tolist(), strict=True)
    ):
        kinds = [kind for kind, services in running.items() if trips.service[trip] in services]
        if route not in sorting or not kinds:
            continue
        into, stops = sorting[route], stops_of(trip)
        if len(stops) < 2:
            into.short += 1
            continue
        key = (direction, stops)
        departures = _departures(feed, trip)
        into.shapes.setdefault(key, Counter())[shape] += len(departures)
        first, end = trips.first[trip], trips.first[trip + 1]
        takes_s = int(trips.arrival_s[end - 1] - trips.departure_s[first])
        for kind in kinds:
            into.runs.setdefault(kind, []).extend((at, takes_s, key) for at in departures)
    made = (_service(feed, feed.routes[index], into) for index, into in sorting.items())
    return [service for service in made if service.runs]


class _Stops:
    """The stops of a trip, without stops at the same place as the one before; each sequence computed once."""

    def __init__(self, feed: Feed):
        self._feed = feed
        self._known: dict[bytes, tuple[int, ...]] = {}

    def __call__(self, trip: int) -> tuple[int, ...]:
        trips = self._feed.trips
        stops = trips.stop[trips.first[trip] : trips.first[trip + 1]]
        key = stops.tobytes()
        if key not in self._known:
            kept: list[int] = []
            for stop in stops.tolist():
                if not kept or hop_m(self._feed, kept[-1], stop) >= MIN_HOP_M:
                    kept.append(stop)
            self._known[key] = tuple(kept)
        return self._known[key]


def place_of(feed: Feed, stop: int) -> LatLon:
    """The coordinates of a stop with trips. ValueError for a stop without any, which `read_feed` refuses."""
    place = feed.stops[stop].place
    if place is None:
        raise ValueError(f"stop {feed.stops[stop].stop_id} has no place")
    return place


def hop_m(feed: Feed, one: int, other: int) -> float:
    """Metres between two stops as the crow flies."""
    return distance_m(*place_of(feed, one), *place_of(feed, other))


def _departures(feed: Feed, trip: int) -> list[int]:
    """The departures of a trip: one, or those of its frequencies."""
    repeated = feed.frequencies.get(trip)
    if repeated is None:
        return [int(feed.trips.departure_s[feed.trips.first[trip]])]
    return [at for each in repeated for at in range(each.start_s, each.end_s, each.headway_s)]


def _service(feed: Feed, route: FeedRoute, into: _RouteTrips) -> RouteService:
    counts: Counter[tuple[int, tuple[int, ...]]] = Counter()
    for runs in into.runs.values():
        counts.update(key for _, _, key in runs)
    keys = sorted(counts, key=lambda key: (-counts[key], key))
    directions = _directions(feed, keys)
    order = sorted(range(len(keys)), key=lambda i: directions[i])
    patterns = [
        RoutePattern(directions[i], keys[i][1], into.shapes[keys[i]].most_common(1)[0][0]) for i in order
    ]
    index = {keys[i]: place for place, i in enumerate(order)}
    services = {
        kind: sorted((ScheduledTrip(at, takes_s, index[key]) for at, takes_s, key in runs), key=_by_time)
        for kind, runs in into.runs.items()
    }
    far_m = max((hop_m(feed, a, b) for _, stops in keys for a, b in itertools.pairwise(stops)), default=0)
    return RouteService(route, patterns, services, into.short, far_m if far_m > MAX_HOP_M else 0.0)


def _by_time(run: ScheduledTrip) -> tuple[int, int, int]:
    return run.departs_s, run.pattern, run.takes_s


def _directions(feed: Feed, keys: Sequence[tuple[int, tuple[int, ...]]]) -> list[int]:
    """The direction of each pattern: as given, else by its ends; a line's only direction is outbound."""
    given = [direction for direction, _ in keys]
    if UNKNOWN in given:
        given = [_leads_back(feed, keys[0][1], stops) for _, stops in keys]
    return [OUTBOUND] * len(given) if set(given) == {INBOUND} else given


def _leads_back(feed: Feed, main: tuple[int, ...], stops: tuple[int, ...]) -> int:
    there_m = hop_m(feed, stops[0], main[0]) + hop_m(feed, stops[-1], main[-1])
    back_m = hop_m(feed, stops[0], main[-1]) + hop_m(feed, stops[-1], main[0])
    return INBOUND if back_m < there_m else OUTBOUND
