"""The rows of trips, stop times, shapes and frequencies of one line. Arrow joins the stop times' columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from services.feeds.gtfs_static.csv_text import csv_row, degrees, number
from services.gtfs_trips.calendar import FeedCalendar, ServiceKind, extra_buses
from services.gtfs_trips.ids import FeedIds, trip_id
from simulator.network import Line, Network, Pattern
from simulator.planned_service import PlannedCall, PlannedTrip, planned_calls, planned_trips
from simulator.scenario.scenario import Scenario

HOUR_S = 3600

TRIPS = "route_id,service_id,trip_id,trip_headsign,direction_id,block_id,shape_id"
STOP_TIMES = (
    "trip_id,arrival_time,departure_time,stop_id,stop_sequence,pickup_type,drop_off_type,"
    "shape_dist_traveled,timepoint"
)
SHAPES = "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence,shape_dist_traveled"
FREQUENCIES = "trip_id,start_time,end_time,headway_secs,exact_times"


class _Calls(NamedTuple):
    """The calls of trips that take the same time: seconds from the departure, and the rest of each row."""

    arrives_s: NDArray[np.int64]
    leaves_s: NDArray[np.int64]
    tails: Sequence[str]


class ServiceTrips(NamedTuple):
    """The trips of one of a line's services."""

    service_id: str
    kind: ServiceKind
    trips: Sequence[PlannedTrip]


@dataclass(frozen=True)
class LineTrips:
    """A line's trips in the feed of its network; services without trips are left out."""

    network: Network
    line: Line
    ids: FeedIds
    calendar: FeedCalendar
    scenario: Scenario | None = None

    @cached_property
    def services(self) -> Sequence[ServiceTrips]:
        """The trips of each service."""
        extra = extra_buses(self.line, self.scenario)
        found = []
        for kind, service_id in self.calendar.of_line[self.line.line_id].items():
            buses = len(self.line.buses) - (0 if kind.extra_buses else extra)
            trips = planned_trips(self.line, kind.day_type, buses)
            if trips:
                found.append(ServiceTrips(service_id, kind, trips))
        return found

    def trip_rows(self) -> Iterator[str]:
        """The line's rows of trips.txt."""
        route_id = self.ids.route[self.line.line_id]
        for service in self.services:
            for trip, block_id in zip(service.trips, self._block_ids(service), strict=True):
                pattern = self.line.patterns[trip.pattern]
                yield csv_row(
                    route_id,
                    service.service_id,
                    self._trip_id(service, trip),
                    self.network.stop[pattern.stops[-1].stop_id].name,
                    str(trip.direction),
                    block_id,
                    pattern.pattern_id,
                )

    def _block_ids(self, service: ServiceTrips) -> Iterator[str]:
        """The block id of each trip, "" for none.

        No trips of a GTFS block may overlap. A bus of the simulator that isn't back in time departs late; so
        where the plan has it depart before it is back, the next part of the block begins.
        """
        part: Counter[str] = Counter()
        free_s: dict[str, int] = {}
        for trip in service.trips:
            block = trip.block
            if not block:
                yield ""
                continue
            part[block] += trip.departs_s < free_s.get(block, 0)
            free_s[block] = trip.departs_s + int(self._calls(service.kind, trip).leaves_s[-1])
            yield f"{self.line.line_id}-{block}" + (f"-{part[block] + 1}" if part[block] else "")

    def shape_rows(self) -> Iterator[str]:
        """The line's rows of shapes.txt, of the patterns that have trips: metres from the first stop."""
        used = {trip.pattern for service in self.services for trip in service.trips}
        for pattern in (self.line.patterns[index] for index in sorted(used)):
            for sequence, point in enumerate(pattern.shape, 1):
                place = degrees(point.latitude), degrees(point.longitude)
                yield csv_row(pattern.pattern_id, *place, str(sequence), number(point.distance_m))

    def frequency_rows(self) -> Iterator[str]:
        """The line's rows of frequencies.txt: one for each trip of a headway, as long as it lasts."""
        for service in self.services:
            for trip in service.trips:
                if trip.headway_s is not None:
                    until_s = trip.departs_s + trip.headway_s
                    window = (gtfs_time(trip.departs_s), gtfs_time(until_s), str(trip.headway_s))
                    yield csv_row(self._trip_id(service, trip), *window, "1")

    def stop_times(self) -> bytes:
        """The line's rows of stop_times.txt."""
        return b"".join(self._stop_times(service) for service in self.services)

    def _stop_times(self, service: ServiceTrips) -> bytes:
        calls = [self._calls(service.kind, trip) for trip in service.trips]
        lengths = [len(each.tails) for each in calls]
        departs_s = np.repeat([trip.departs_s for trip in service.trips], lengths)
        arrives, leaves = (
            _texts(departs_s + np.concatenate(seconds))
            for seconds in ([each.arrives_s for each in calls], [each.leaves_s for each in calls])
        )
        trip_ids = pa.array([self._trip_id(service, trip) for trip in service.trips], pa.string())
        ids = trip_ids.take(pa.array(np.repeat(np.arange(len(lengths)), lengths)))
        tails = pa.array([tail for each in calls for tail in each.tails], pa.string())
        rows = pc.binary_join_element_wise(ids, arrives, leaves, tails, ",")
        whole = pa.ListArray.from_arrays(pa.array([0, len(rows)], pa.int32()), rows)
        joined: bytes = pc.binary_join(whole, "\n")[0].as_buffer().to_pybytes()
        return joined + b"\n"

    def _trip_id(self, service: ServiceTrips, trip: PlannedTrip) -> str:
        return trip_id(self.line.line_id, service.service_id, trip.direction, trip.number)

    @cached_property
    def _known_calls(self) -> dict[tuple[int, int | None, tuple[ServiceKind, int] | None], _Calls]:
        return {}

    def _calls(self, kind: ServiceKind, trip: PlannedTrip) -> _Calls:
        # Trips at the line's speed take as long as others of their hour, those with a timing always.
        hour = (kind, trip.departs_s // HOUR_S) if trip.timing is None else None
        key = trip.pattern, trip.timing, hour
        if key not in self._known_calls:
            pattern = self.line.patterns[trip.pattern]
            calls = planned_calls(self.line, kind.day_type, trip)
            self._known_calls[key] = _Calls(
                np.array([call.arrives_s for call in calls], np.int64),
                np.array([call.leaves_s for call in calls], np.int64),
                list(self._tails(pattern, trip.timing, calls)),
            )
        return self._known_calls[key]

    def _tails(self, pattern: Pattern, timing: int | None, calls: Sequence[PlannedCall]) -> Iterator[str]:
        """The columns of each stop after the times."""
        held = {0} | (
            {hold.position for hold in pattern.timings[timing].holds} if timing is not None else set()
        )
        for position, stop in enumerate(pattern.stops[: len(calls)]):
            yield csv_row(
                self.ids.stop[stop.stop_id],
                str(position + 1),
                "0" if stop.boarding else "1",
                "0" if stop.alighting else "1",
                number(stop.distance_m),
                "1" if position in held else "0",
            )


def gtfs_time(seconds: int) -> str:
    """Seconds of a service day as GTFS writes them, 25:30:00."""
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}"


def _texts(seconds: NDArray[np.int64]) -> pa.Array:
    """Seconds as texts, below 100 hours."""
    parts = (seconds // 3600, seconds // 60 % 60, seconds % 60)
    return pc.binary_join_element_wise(*(_TWO_DIGITS.take(pa.array(part)) for part in parts), ":")


_TWO_DIGITS = pa.array([f"{number:02}" for number in range(100)], pa.string())
