"""Trips of REST and their ids in the static GTFS feed, by the rule of `gtfs_trips.trip_matching`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from services.errors import NoData, UnknownEntity, clipped
from services.transit.line_visits import visits_between
from services.transit.timetable import parse_trip_id
from simulator.network import Line, Network, Pattern
from simulator.scenario.scenario import Scenario
from simulator.service_day import handover_ms
from simulator.types import to_datetime
from storage.schema import StopVisit
from storage.store import Reader

if TYPE_CHECKING:
    from services.gtfs_trips.planned_days import FeedTrip, PlannedDays
    from services.gtfs_trips.trip_matching import RunTrip

DAY = timedelta(days=1)


@dataclass(frozen=True)
class TripLinks:
    """Links the trips of a network, whose extra buses are the `scenario`'s."""

    network: Network
    scenario: Scenario | None

    @cached_property
    def _days(self) -> PlannedDays:
        # Imported when somebody asks: it needs NumPy, which functions on AWS don't have.
        from services.gtfs_trips.planned_days import PlannedDays

        return PlannedDays(self.network, self.scenario)

    def planned(self, store: Reader, trip_id: str, now: datetime) -> FeedTrip | None:
        """The planned trip that a trip is; None for one that is none, or hasn't left its first stop."""
        name = parse_trip_id(trip_id)
        line = None if name is None else self.network.line.get(name.line_id)
        return (
            None if name is None or line is None else self._matched(store, line, name.day, now).get(trip_id)
        )

    def trip_id(self, store: Reader, feed_id: str, start_date: date, now: datetime) -> str:
        """The id in REST of a planned trip of a date.

        Raises `UnknownEntity` for an id that the feed doesn't have on the date, `NoData` for a trip that
        hasn't left its first stop.
        """
        line = self._line_of(feed_id, start_date)
        around = (start_date - DAY, start_date, start_date + DAY) if line.overnight else (start_date,)
        for day in around:
            for trip_id, planned in self._matched(store, line, day, now).items():
                if (planned.trip_id, planned.start_date) == (feed_id, start_date):
                    return trip_id
        raise NoData(f"No data found for trip {feed_id} on {start_date}")

    def _line_of(self, feed_id: str, day: date) -> Line:
        for line in self.network.lines:
            may_have = feed_id.startswith(f"{line.line_id}-")
            if may_have and any(planned.trip_id == feed_id for planned in self._days.of_date(line, day)):
                return line
        raise UnknownEntity(f"Trip {clipped(feed_id)} not found on {day}")

    def _matched(self, store: Reader, line: Line, day: date, now: datetime) -> Mapping[str, FeedTrip]:
        from services.gtfs_trips.trip_matching import match_trips

        start = to_datetime(handover_ms(line, day))
        end = min(to_datetime(handover_ms(line, day + DAY)), now + timedelta(milliseconds=1))
        visits = (
            visits_between(store, [line.line_id], start, end).get(line.line_id, ()) if start < end else ()
        )
        planned = self._days.of_line_day(line.line_id, day)
        return match_trips(line, planned, runs_of(line, day, visits))


def runs_of(line: Line, day: date, visits: Sequence[StopVisit]) -> Iterator[RunTrip]:
    """What the matching needs of the trips of a line-day, from its visits by time."""
    from services.gtfs_trips.trip_matching import RunTrip

    of_trip: dict[str, list[StopVisit]] = {}
    for visit in visits:
        of_trip.setdefault(visit.trip_id, []).append(visit)
    ended: dict[str, datetime] = {}
    for trip_id, own in of_trip.items():
        first, name = own[0], parse_trip_id(trip_id)
        if name is not None and name.day == day:
            patterns = tuple(
                index
                for index, pattern in enumerate(line.patterns)
                if first.sequence == 1 and _serves(pattern, first, own[-1])
            )
            yield RunTrip(
                trip_id,
                name.direction,
                name.number,
                first.bus_id,
                ended.get(first.bus_id),
                first.time,
                patterns,
            )
            ended[first.bus_id] = own[-1].time


def _serves(pattern: Pattern, *visits: StopVisit) -> bool:
    stops = pattern.stops
    return all(
        visit.direction == pattern.direction
        and visit.sequence <= len(stops)
        and stops[visit.sequence - 1].stop_id == visit.stop_id
        for visit in visits
    )
