"""The planned trips of a line-day by their ids in the GTFS feed: a trip id and the date it starts on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache

from services.gtfs_trips.calendar import ServiceKind, Span, extra_buses, feed_calendar
from services.gtfs_trips.ids import FeedIds, feed_ids, trip_id
from simulator.network import Line, Network
from simulator.planned_service import PlannedCall, PlannedTrip, planned_calls, planned_trips
from simulator.scenario.scenario import Scenario
from simulator.service_day import origin_ms, owner, service_type
from simulator.types import DayType, LineId, to_datetime

HOUR_S = 3600
DAYS_KEPT = 2048
"""Line-days that are kept: some days of a whole city."""


@dataclass(frozen=True, slots=True)
class FeedTrip:
    """A trip of the feed on a date. `departs` is its planned departure, `kind` the day type of the date."""

    trip_id: str
    start_date: date
    departs: datetime
    plan: PlannedTrip
    kind: DayType

    @property
    def departs_s(self) -> int:
        """Its planned departure in seconds since the epoch."""
        return int(self.departs.timestamp())

    @property
    def pattern(self) -> int:
        """The index of its pattern in the line."""
        return self.plan.pattern

    @property
    def headway(self) -> timedelta | None:
        """The time until the next planned departure on a line that runs by headway."""
        return None if self.plan.headway_s is None else timedelta(seconds=self.plan.headway_s)


class PlannedDays:
    """The planned trips of a network, whose extra buses are the `scenario`'s, by line and date.

    Threads may share it.
    """

    def __init__(self, network: Network, scenario: Scenario | None = None) -> None:
        self.network, self._scenario = network, scenario
        self.of_line_day = lru_cache(DAYS_KEPT)(self._of_line_day)
        self._of_kind = lru_cache(DAYS_KEPT)(self._planned)
        self._calls = lru_cache(None)(self._calls_of)

    @cached_property
    def ids(self) -> FeedIds:
        """The feed's ids of stops and routes."""
        return feed_ids(self.network)

    @cached_property
    def _service_ids(self) -> Mapping[LineId, Mapping[ServiceKind, str]]:
        return feed_calendar(self.network, self._scenario).of_line

    @cached_property
    def _span(self) -> Span:
        return Span()

    def _of_line_day(self, line_id: str, day: date) -> Sequence[FeedTrip]:
        """The planned trips that run in a line-day, by departure.

        Those of a date outside of its line-day run in the neighbouring one.
        """
        line = self.network.line[line_id]
        dates = [day]
        if line.overnight:
            dates = [day - timedelta(days=1), day, day + timedelta(days=1)]
        found = [trip for each in dates for trip in self.of_date(line, each)]
        if line.overnight:
            found = [trip for trip in found if owner(line, round(trip.departs.timestamp() * 1000)) == day]
        return sorted(found, key=lambda trip: (trip.departs, trip.pattern, trip.trip_id))

    def of_date(self, line: Line, day: date) -> Iterator[FeedTrip]:
        """A line's trips that start on a date."""
        kind = service_type(line, day)
        if kind is None or not self._span.first <= day <= self._span.last:
            return
        service_kind = ServiceKind(kind, self._has_extra_buses(line, day))
        service_id = self._service_ids[line.line_id][service_kind]
        origin = to_datetime(origin_ms(day, line.timezone))
        for plan in self._of_kind(line.line_id, service_kind):
            name = trip_id(line.line_id, service_id, plan.direction, plan.number)
            yield FeedTrip(name, day, origin + timedelta(seconds=plan.departs_s), plan, kind)

    def _planned(self, line_id: str, kind: ServiceKind) -> Sequence[PlannedTrip]:
        line = self.network.line[line_id]
        extra = 0 if kind.extra_buses else extra_buses(line, self._scenario)
        return planned_trips(line, kind.day_type, len(line.buses) - extra)

    def _has_extra_buses(self, line: Line, day: date) -> bool:
        scenario = self._scenario
        return scenario is not None and scenario.touches(day) and extra_buses(line, scenario) > 0

    def calls(self, line: Line, trip: FeedTrip) -> Sequence[PlannedCall]:
        """When a trip calls at the stops of its pattern, as stop_times.txt has it."""
        plan = trip.plan
        # Trips at the line's speed take as long as others of their hour, those with a timing always.
        hour = plan.departs_s // HOUR_S if plan.timing is None else 0
        return self._calls(line.line_id, trip.kind, plan.pattern, plan.timing, hour)

    def _calls_of(
        self, line_id: str, kind: DayType, pattern: int, timing: int | None, hour: int
    ) -> Sequence[PlannedCall]:
        plan = PlannedTrip(0, 0, hour * HOUR_S, pattern, timing)
        return planned_calls(self.network.line[line_id], kind, plan)
