"""The blocks of a feed's trips: which trips one vehicle runs, within a route.

A block over several routes is cut where the route changes, as lines are simulated one by one, and where a
trip begins before the one before it has ended. Trips that frequencies repeat belong to no block.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date

from simulator.gtfs.feed import Feed
from simulator.gtfs.routes import RouteService, ScheduledTrip
from simulator.types import DayType


@dataclass(frozen=True, slots=True)
class Blocks:
    """The block of each trip on each day type, by a name of ours; and where the feed's blocks were cut."""

    of_trip: Mapping[tuple[DayType, int], str]
    route_changes: int
    overlaps: int

    def assigned(self, service: RouteService) -> RouteService:
        """A route's service with the blocks of its trips."""
        runs = {
            kind: [self._with_block(run, kind) for run in of_day] for kind, of_day in service.runs.items()
        }
        return replace(service, runs=runs)

    def _with_block(self, run: ScheduledTrip, kind: DayType) -> ScheduledTrip:
        block = self.of_trip.get((kind, run.trip), "")
        return run if block == run.block else replace(run, block=block)


def read_blocks(feed: Feed, days: Mapping[DayType, date]) -> Blocks:
    """The blocks of the trips on the dates that represent the day types."""
    of_trip: dict[tuple[DayType, int], str] = {}
    changes: set[tuple[int, int]] = set()
    overlaps: set[tuple[int, int]] = set()
    for kind, day in days.items():
        running = feed.calendar.services.get(day, frozenset())
        for number, trips in enumerate(_trips_of_blocks(feed, running)):
            piece = 0
            of_trip[kind, trips[0]] = f"{number}"
            for one, other in itertools.pairwise(trips):
                if feed.trips.route[one] != feed.trips.route[other]:
                    changes.add((one, other))
                    piece += 1
                elif _departs_s(feed, other) < _arrives_s(feed, one):
                    overlaps.add((one, other))
                    piece += 1
                of_trip[kind, other] = f"{number}-{piece}" if piece else f"{number}"
    return Blocks(of_trip, len(changes), len(overlaps))


def block_chains(trips: Sequence[ScheduledTrip]) -> list[list[ScheduledTrip]]:
    """The trips of a line-day (by time) that one bus runs after the other: those of a block, or one alone."""
    chains: list[list[ScheduledTrip]] = []
    of_block: dict[str, list[ScheduledTrip]] = {}
    for run in trips:
        if run.block in of_block:
            of_block[run.block].append(run)
            continue
        chains.append([run])
        if run.block:
            of_block[run.block] = chains[-1]
    return chains


def _trips_of_blocks(feed: Feed, running: Set[str]) -> list[list[int]]:
    """The trips of each block of a day by departure, blocks in the order of the feed."""
    found: dict[str, list[int]] = defaultdict(list)
    for trip, (block, service) in enumerate(zip(feed.trips.block, feed.trips.service, strict=True)):
        if block and service in running and trip not in feed.frequencies:
            found[block].append(trip)
    return [sorted(trips, key=lambda trip: (_departs_s(feed, trip), trip)) for trips in found.values()]


def _departs_s(feed: Feed, trip: int) -> int:
    return int(feed.trips.departure_s[feed.trips.first[trip]])


def _arrives_s(feed: Feed, trip: int) -> int:
    return int(feed.trips.arrival_s[feed.trips.first[trip + 1] - 1])
