"""A feed's routes as patterns and the trips on them, on the dates that represent the day types.

Trips of a direction that serve the same stops by the same rules are one pattern, on the shape that most of
them have. A stop less than a metre from the one before it is left out, and so are trips that then have fewer
than two stops, or stops too far apart. Departures equal in time, stops and duration are merged. If a feed
doesn't give directions, a pattern from near the main pattern's end to near its start is inbound.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np

from simulator.files.csv_table import UNKNOWN, Rows
from simulator.files.findings import Finding
from simulator.geometry import distance_m
from simulator.gtfs.feed import Feed, FeedRoute
from simulator.gtfs.frequencies import departure_count, departures
from simulator.network_files.checks import MAX_HOP_M, MIN_HOP_M
from simulator.network_files.route_shape import LatLon, RouteShape
from simulator.types import INBOUND, OUTBOUND, DayType

BUS_TYPES = frozenset({3, 11, *range(700, 717), 800})
"""GTFS's bus and trolleybus, and the extended types for buses and trolleybuses."""
FORBIDDEN = 1
"""GTFS's `pickup_type` and `drop_off_type` for stops without boarding or alighting."""
MOST_DEPARTURES = 60_000
"""Of a route, over the three day types: one departure every two seconds or so, both ways."""


@dataclass(frozen=True, slots=True)
class ScheduledTrip:
    """A trip on a day: departure (second of the service day), duration, its pattern's index.

    `trip` is the feed's. One bus runs the trips of a day with the same `block`, "" for none.
    """

    departs_s: int
    takes_s: int
    pattern: int
    trip: int = UNKNOWN
    block: str = ""


class BoardingRules(NamedTuple):
    """The positions in a pattern at which nobody may board, and those at which nobody may alight.

    It goes without saying that nobody boards at the last stop or alights at the first.
    """

    no_boarding: tuple[int, ...] = ()
    no_alighting: tuple[int, ...] = ()


EVERYWHERE = BoardingRules()


@dataclass(frozen=True, slots=True)
class RoutePattern:
    """A sequence of stops (indexes of the feed's), and its shape (an index, UNKNOWN for none).

    `rules` are the positions at which trips let nobody in or out.
    """

    direction: int
    stops: tuple[int, ...]
    shape: int
    rules: BoardingRules

    @property
    def passes(self) -> tuple[bool, ...]:
        """Whether trips pass each stop with closed doors."""
        shut = set(self.rules.no_boarding) & set(self.rules.no_alighting)
        return tuple(position in shut for position in range(len(self.stops)))


@dataclass(frozen=True, slots=True)
class RouteService:
    """The service of a route: its patterns, and each day type's trips (`runs`) by time.

    Patterns are ordered by direction, then the most used first.
    """

    route: FeedRoute
    patterns: Sequence[RoutePattern]
    runs: Mapping[DayType, Sequence[ScheduledTrip]]

    def of_direction(self, direction: int) -> list[int]:
        """The indexes of a direction's patterns."""
        return [i for i, pattern in enumerate(self.patterns) if pattern.direction == direction]


Stops = tuple[int, ...]


LATEST_S = 54 * 3600
"""Trips that depart later can't run: a line's day has those of its date and of the dates beside it."""


class PatternKey(NamedTuple):
    """What trips on one pattern have in common."""

    direction: int
    stops: Stops
    rules: BoardingRules


class _Run(NamedTuple):
    """A departure while a route's trips are collected.

    `pattern` is an index of the route's `patterns`, `trip` one of the feed's trips.
    """

    departs_s: int
    takes_s: int
    pattern: int
    trip: int


@dataclass(slots=True)
class _RouteTrips:
    """A route's trips while they are collected: patterns, shapes used by pattern, departures by day type."""

    patterns: dict[PatternKey, int] = field(default_factory=dict)
    shapes: defaultdict[int, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    runs: dict[DayType, list[_Run]] = field(default_factory=dict)
    short: list[int] = field(default_factory=list)
    far: list[int] = field(default_factory=list)
    late: list[int] = field(default_factory=list)
    count: int = 0


def route_services(
    sequences: StopSequences,
    days: Mapping[DayType, date],
    routes: Collection[int],
    findings: list[Finding],
) -> list[RouteService]:
    """The service of each of `routes` (indexes) with trips on any of `days`, in the feed's order.

    What is left out or merged is added to `findings`.
    """
    feed = sequences.feed
    collected = {index: _RouteTrips() for index in sorted(routes)}
    running = {kind: feed.calendar.services.get(day, frozenset()) for kind, day in days.items()}
    kinds_of = {
        service: [kind for kind, services in running.items() if service in services]
        for service in frozenset[str]().union(*running.values())
    }
    for trip, (route, direction, shape, service, departs_s, takes_s) in enumerate(_trips(feed)):
        into, kinds = collected.get(route), kinds_of.get(service)
        if into is None or not kinds:
            continue
        stops, far = sequences.stops(trip)
        if len(stops) < 2 or far:
            (into.far if far else into.short).append(trip)
            continue
        repeated = trip in feed.frequencies
        into.count += (departure_count(feed, trip) if repeated else 1) * len(kinds)
        if into.count > MOST_DEPARTURES:
            continue
        times = departures(feed, trip) if repeated else [departs_s]
        if times and times[-1] >= LATEST_S:
            into.late.append(trip)
            times = [at for at in times if at < LATEST_S]
            if not times:
                continue
        key = PatternKey(direction, stops, sequences.rules(trip))
        pattern = into.patterns.setdefault(key, len(into.patterns))
        into.shapes[pattern][shape] += len(times)
        for kind in kinds:
            into.runs.setdefault(kind, []).extend([_Run(at, takes_s, pattern, trip) for at in times])
    findings += _left_out(feed, collected)
    kept = {index: into for index, into in collected.items() if into.count <= MOST_DEPARTURES}
    findings += _merged(feed, kept.values())
    made = (_service(feed, feed.routes[index], into) for index, into in kept.items())
    return [service for service in made if service.runs]


def _trips(feed: Feed) -> Iterator[tuple[int, int, int, str, int, int]]:
    """Each trip's route, direction, shape, service, departure and running time, both in seconds."""
    trips = feed.trips
    departs_s = trips.departure_s[trips.first[:-1]]
    takes_s = trips.arrival_s[trips.first[1:] - 1] - departs_s
    columns = (trips.route, trips.direction, trips.shape, departs_s, takes_s)
    route, direction, shape, departs, takes = (column.tolist() for column in columns)
    return zip(route, direction, shape, trips.service, departs, takes, strict=True)


def _left_out(feed: Feed, collected: Mapping[int, _RouteTrips]) -> Iterator[Finding]:
    """Findings for trips of one place, with stops too far apart, or too late, and for endless timetables."""
    for code, trips, said in (
        ("one-place", [trip for into in collected.values() for trip in into.short], "serves only one place"),
        (
            "far-apart",
            [trip for into in collected.values() for trip in into.far],
            f"has stops over {MAX_HOP_M / 1000:.0f} km apart: is latitude or longitude wrong?",
        ),
        (
            "too-late",
            [trip for into in collected.values() for trip in into.late],
            f"departs over {LATEST_S // 3600} hours after its date begins: is its time wrong?",
        ),
    ):
        if trips:
            rows = feed.trips.row[sorted(trips)]
            message = f"trip {feed.trips.trip_id[min(trips)]} {said}; it is left out"
            yield feed.finding(code, "trips.txt", rows, message, trips=len(trips))
    for index, into in collected.items():
        if into.count > MOST_DEPARTURES:
            message = (
                f"route {feed.routes[index].label} has {into.count:,} departures on the days chosen, over "
                f"{MOST_DEPARTURES:,}: the line is left out"
            )
            yield feed.finding(
                "too-many-departures", "routes.txt", np.array([index]), message, trips=into.count
            )


def _merged(feed: Feed, collected: Iterable[_RouteTrips]) -> Iterator[Finding]:
    """Remove departures equal to another of their route and day type: the same time, stops and duration."""
    again: list[int] = []
    for into in collected:
        for kind, runs in into.runs.items():
            once: dict[tuple[int, int, int], _Run] = {}
            again += [run.trip for run in runs if once.setdefault(run[:3], run) is not run]
            into.runs[kind] = list(once.values())
    if again:
        trips = sorted(set(again))
        message = (
            f"{len(again):,} departures are equal to another of their route in time and stops, the first of "
            f"trip {feed.trips.trip_id[trips[0]]}: they are merged"
        )
        yield feed.finding("duplicate-departures", "trips.txt", feed.trips.row[trips], message)


class Calls(NamedTuple):
    """The stop times of trips at each stop of their pattern: the first and the last of those there."""

    first: Rows
    last: Rows


class StopSequences:
    """The stops of trips, without stops at the same place as the one before; each sequence computed once."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.roads: dict[tuple[int, Stops], tuple[RouteShape, float]] = {}
        """Shapes led through stops, by shape and stops: cuts of a service need them again."""
        self._stops, self._first = feed.trips.stop, feed.trips.first
        self._sequences: list[Rows] = []
        self._sequence = self._numbered()
        self._known: dict[int, tuple[Stops, bool]] = {}
        self._offsets: dict[int, Calls] = {}
        self._ruled = bool((feed.trips.pickup == FORBIDDEN).any() or (feed.trips.drop_off == FORBIDDEN).any())

    def _numbered(self) -> list[int]:
        """By trip the number of its sequence of stops, which is added to `_sequences`."""
        numbers: dict[bytes, int] = {}
        result = []
        for first, end in itertools.pairwise(self._first.tolist()):
            stops = self._stops[first:end]
            number = numbers.setdefault(stops.tobytes(), len(numbers))
            if number == len(self._sequences):
                self._sequences.append(stops)
            result.append(number)
        return result

    def stops(self, trip: int) -> tuple[Stops, bool]:
        """The stops, and whether two of them are too far apart for a bus line."""
        number = self._sequence[trip]
        if number not in self._known:
            kept = tuple(self._sequences[number][self._offsets_of(number).first].tolist())
            far = any(hop_m(self.feed, a, b) > MAX_HOP_M for a, b in itertools.pairwise(kept))
            self._known[number] = kept, far
        return self._known[number]

    def calls(self, trips: Sequence[int], stops: int) -> Calls:
        """The stop times (indexes of the feed's) of trips with so many stops: a row each, a column a stop."""
        first, last = (np.empty((len(trips), stops), np.int64) for _ in range(2))
        numbers = np.array([self._sequence[trip] for trip in trips], np.int64)
        for number in np.unique(numbers).tolist():
            first[numbers == number], last[numbers == number] = self._offsets_of(number)
        starts = self._first[np.array(trips, np.int64)][:, None]
        return Calls(first + starts, last + starts)

    def rules(self, trip: int) -> BoardingRules:
        """Where the trip lets nobody in or out: at stops where all its stop times say so."""
        if not self._ruled:
            return EVERYWHERE
        offsets = self._offsets_of(self._sequence[trip])
        first, last = (each + self._first[trip] for each in offsets)
        end = len(first) - 1
        pickup, drop_off = (
            (column[first] == FORBIDDEN) & (column[last] == FORBIDDEN)
            for column in (self.feed.trips.pickup, self.feed.trips.drop_off)
        )
        return BoardingRules(
            tuple(i for i in np.flatnonzero(pickup).tolist() if i != end),
            tuple(i for i in np.flatnonzero(drop_off).tolist() if i != 0),
        )

    def _offsets_of(self, number: int) -> Calls:
        """The stop times of a sequence at each of its stops, counted from a trip's first."""
        if number not in self._offsets:
            stops = self._sequences[number]
            kept: list[int] = []
            for i, stop in enumerate(stops.tolist()):
                if not kept or hop_m(self.feed, int(stops[kept[-1]]), stop) >= MIN_HOP_M:
                    kept.append(i)
            first = np.array(kept, np.int64)
            self._offsets[number] = Calls(first, np.append(first[1:], len(stops)) - 1)
        return self._offsets[number]


def place_of(feed: Feed, stop: int) -> LatLon:
    """The coordinates of a stop with trips. ValueError for a stop without any, which `read_feed` refuses."""
    place = feed.stops[stop].place
    if place is None:
        raise ValueError(f"stop {feed.stops[stop].stop_id} has no place")
    return place


def hop_m(feed: Feed, one: int, other: int) -> float:
    """Metres between two stops as the crow flies."""
    return distance_m(*place_of(feed, one), *place_of(feed, other))


def _service(feed: Feed, route: FeedRoute, into: _RouteTrips) -> RouteService:
    counts: Counter[int] = Counter()
    for runs in into.runs.values():
        counts.update(run.pattern for run in runs)
    found = list(into.patterns)
    numbers = sorted(counts, key=lambda number: (-counts[number], found[number]))
    directions = _directions(feed, [found[number] for number in numbers])
    order = sorted(range(len(numbers)), key=lambda i: directions[i])
    patterns = [
        RoutePattern(
            directions[i],
            found[numbers[i]].stops,
            into.shapes[numbers[i]].most_common(1)[0][0],
            found[numbers[i]].rules,
        )
        for i in order
    ]
    index = {numbers[i]: place for place, i in enumerate(order)}
    services = {
        kind: sorted(
            (ScheduledTrip(run.departs_s, run.takes_s, index[run.pattern], run.trip) for run in runs),
            key=_by_time,
        )
        for kind, runs in into.runs.items()
        if runs
    }
    return RouteService(route, patterns, services)


def _by_time(run: ScheduledTrip) -> tuple[int, int, int]:
    return run.departs_s, run.pattern, run.takes_s


def _directions(feed: Feed, keys: Sequence[PatternKey]) -> list[int]:
    """The direction of each pattern: as given, else by its ends; a line's only direction is outbound."""
    given = [key.direction for key in keys]
    if UNKNOWN in given:
        given = [_leads_back(feed, keys[0].stops, key.stops) for key in keys]
    return [OUTBOUND] * len(given) if set(given) == {INBOUND} else given


def _leads_back(feed: Feed, main: Stops, stops: Stops) -> int:
    there_m = hop_m(feed, stops[0], main[0]) + hop_m(feed, stops[-1], main[-1])
    back_m = hop_m(feed, stops[0], main[-1]) + hop_m(feed, stops[-1], main[0])
    return INBOUND if back_m < there_m else OUTBOUND
