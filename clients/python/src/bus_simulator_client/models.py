"""The API's bodies, generated from its OpenAPI document by `make clients`. Not to be edited."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A bus on its way to the stop; with 0 stops away it is the bus's next stop, or it stands there.

    `planned_time` is null on a line without a timetable. `certainty` is the probability that the bus comes
    within a minute of `expected_time`. A bus that hasn't `departed` waits at its terminal. `boarding` is
    false where nobody may get in, as where the trip ends.
    """

    line_id: str
    destination: str
    direction: Literal[0, 1]
    bus_id: str
    trip_id: str
    expected_time: datetime
    planned_time: datetime | None
    wait_s: int
    stops_away: int
    distance_m: float
    passenger_count: int
    capacity: int | None
    certainty: float
    departed: bool
    boarding: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrivals:
    """The next buses at a stop, by `expected_time`; `time` is the simulated time of the prediction."""

    stop_id: str
    time: datetime
    arrivals: list[Arrival]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bus:
    """A bus, its line, and the number of people it can carry."""

    bus_id: str
    line_id: str
    capacity: int


@dataclass(frozen=True, kw_only=True, slots=True)
class BusPosition:
    """A bus's position: WGS84, metres along the route to the next stop, km/h, 0 outbound or 1 inbound.

    A parked bus has an empty `trip_id` and no `bearing` (degrees clockwise from north). Both `bearing` and
    `capacity` are null for a bus that the network no longer has.
    """

    bus_id: str
    line_id: str
    time: datetime
    latitude: float
    longitude: float
    passenger_count: int
    next_stop_id: str
    distance_to_next_stop: float
    speed: float
    direction: Literal[0, 1]
    trip_id: str
    capacity: int | None
    bearing: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class BusPositionPage:
    """A page of a range; `next_cursor` asks for the next, null at the end."""

    items: list[BusPosition]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class BusPositionsBody:
    """The position of every bus at a tick, by `bus_id`."""

    time: datetime
    items: list[BusPosition]


@dataclass(frozen=True, kw_only=True, slots=True)
class BusSensors:
    """A bus's sensors: °C, %, ppm, and `open` or `closed`."""

    entity_id: str
    entity_type: str
    time: datetime
    temperature: float
    humidity: float
    co2_level: int
    door_status: Literal["open", "closed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class BusSensorsListBody:
    """The sensors of every bus at a tick, by `entity_id`."""

    time: datetime
    items: list[BusSensors]


@dataclass(frozen=True, kw_only=True, slots=True)
class BusSensorsPage:
    """A page of a range of buses; `next_cursor` asks for the next, null at the end."""

    items: list[BusSensors]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class BusesPage:
    """A page of buses by `bus_id`; `next_cursor` asks for the next, null at the end."""

    items: list[Bus]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """Simulated time, and simulated seconds per wall second (`max`: as fast as possible; 0: paused)."""

    now: datetime
    rate: float | Literal["max"]
    paused: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class DepartureBody:
    """A scheduled departure from the first stop of a pattern."""

    time: datetime
    direction: Literal[0, 1]
    pattern_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorBody:
    """The body of every error; a `hint` says what would work instead.

    A refused intervention has every reason as `errors`, or the `earliest` possible moment.
    """

    error: str
    message: str
    hint: str = ""
    errors: list[str] = field(default_factory=list)
    earliest: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FeederBody:
    """A feeder's last tick, and how many simulated seconds of data are due but not yet written."""

    name: str
    last_tick: datetime
    lag_s: float
    state: Literal["running", "waiting for the store", "stopped"]


@dataclass(frozen=True, kw_only=True, slots=True)
class HeadwayBody:
    """From `start` to `end` a bus departs every `headway_s` seconds."""

    start: datetime
    end: datetime
    headway_s: int


@dataclass(frozen=True, kw_only=True, slots=True)
class InterventionBody:
    """A disruption made while the city ran; `ends` is null for one that goes on.

    `state`: `planned` before it takes effect, `active`, `ended`, or `withdrawn` if it was ended before.
    """

    id: str
    takes_effect: datetime
    ends: datetime | None
    state: Literal["planned", "active", "ended", "withdrawn"]
    disruption: dict[str, dict[str, object]]


@dataclass(frozen=True, kw_only=True, slots=True)
class JournalBody:
    """The interventions of the run in the order in which they were made, at the simulated `time`.

    `digest` is the SHA-256 of all of them, empty for none.
    """

    time: datetime
    digest: str
    items: list[InterventionBody]


@dataclass(frozen=True, kw_only=True, slots=True)
class LineBody:
    """The newest position of each of a line's buses."""

    line_id: str
    buses: list[BusPosition]


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line of the network; a `night` line runs all night.

    `gtfs_id` is the id of its route in the GTFS feed that the network was imported from, if it was.
    """

    line_id: str
    name: str
    night: bool
    stop_count: int
    bus_count: int
    gtfs_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LineStringBody:
    """A polyline: [longitude, latitude] of each vertex."""

    type: Literal["LineString"]
    coordinates: list[list[float]]


@dataclass(frozen=True, kw_only=True, slots=True)
class LinesPage:
    """A page of lines by `line_id`; `next_cursor` asks for the next, null at the end."""

    items: list[Line]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PatternPropertiesBody:
    """A route pattern of a line: 0 outbound, 1 inbound; `is_main` for the usual one of its direction.

    `stop_distances_m` has the metres from the pattern's start to each stop, along the shape.
    """

    line_id: str
    name: str
    pattern_id: str
    direction: Literal[0, 1]
    destination: str
    is_main: bool
    length_m: float
    stop_ids: list[str]
    stop_distances_m: list[float]
    night: bool
    color: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PatternStopBody:
    """A stop on a route: where its buses stop (WGS84), and metres from the route's start."""

    stop_id: str
    name: str
    latitude: float
    longitude: float
    distance: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PeopleCount:
    """People waiting at a stop; `line_ids` are the lines that serve it, as "L1,L2"."""

    stop_id: str
    time: datetime
    count: int
    line_ids: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PeopleCountPage:
    """A page of a range; `next_cursor` asks for the next, null at the end."""

    items: list[PeopleCount]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PeopleCountsBody:
    """The people waiting at every stop at a tick, by `stop_id`."""

    time: datetime
    items: list[PeopleCount]


@dataclass(frozen=True, kw_only=True, slots=True)
class PointBody:
    """A point: [longitude, latitude]."""

    type: Literal["Point"]
    coordinates: list[float]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunBody:
    """The inputs that determine every byte of the data."""

    run_id: str
    seed: int
    network_digest: str
    scenario_digest: str
    model_version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """A stop: WGS84, and the lines that serve it, as "L1,L2".

    `gtfs_id` is its id in the GTFS feed that the network was imported from, if it was.
    """

    stop_id: str
    name: str
    latitude: float
    longitude: float
    line_ids: str
    gtfs_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class StopLineBody:
    """A line at a stop, in one direction: where it goes, and its colour."""

    line_id: str
    name: str
    direction: Literal[0, 1]
    destination: str
    night: bool
    color: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StopPropertiesBody:
    """A stop, and the lines that serve it, as "L1,L2"."""

    stop_id: str
    name: str
    line_ids: str
    gtfs_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class StopSensors:
    """A stop's sensors: °C and %."""

    entity_id: str
    entity_type: str
    time: datetime
    temperature: float
    humidity: float


@dataclass(frozen=True, kw_only=True, slots=True)
class StopSensorsListBody:
    """The sensors of every stop at a tick, by `entity_id`."""

    time: datetime
    items: list[StopSensors]


@dataclass(frozen=True, kw_only=True, slots=True)
class StopSensorsPage:
    """A page of a range of stops; `next_cursor` asks for the next, null at the end."""

    items: list[StopSensors]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StopVisit:
    """A bus's visit to a stop: it left at `time`, with `passenger_count` people aboard.

    A bus that passed without stopping has `doors_open` false and zeros. `sequence` counts the stops of the
    trip from 1. `waiting` are the people who still wait for the line, `left_behind` those of them for whom
    there was no room.
    """

    bus_id: str
    line_id: str
    stop_id: str
    trip_id: str
    direction: Literal[0, 1]
    sequence: int
    arrival_time: datetime
    time: datetime
    doors_open: bool
    boarding: int
    alighting: int
    left_behind: int
    passenger_count: int
    waiting: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StopVisitPage:
    """Visits; `next_cursor` asks for the next page of a range, null at the end and without a range."""

    items: list[StopVisit]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StopsPage:
    """A page of stops by `stop_id`; `next_cursor` asks for the next, null at the end."""

    items: list[Stop]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StretchBody:
    """An interval [start, end) in which a stream is complete."""

    start: datetime
    end: datetime
    run_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Timetable:
    """A line's service on a service day, `date`; times in UTC.

    With a timetable `departures` has every trip. Otherwise buses run by headway between `first_departure` and
    `last_departure` (null on a day without service): by `headways` if the network gives them, else as its
    buses allow.
    """

    line_id: str
    date: str
    day_type: Literal["weekday", "saturday", "sunday"] | None
    timezone: str
    first_departure: datetime | None
    last_departure: datetime | None
    departures: list[DepartureBody]
    headways: list[HeadwayBody]


@dataclass(frozen=True, kw_only=True, slots=True)
class TripStopBody:
    """A stop of a trip: `visit` if the bus has been there, else `expected_time`; null where it won't stop."""

    stop_id: str
    sequence: int
    planned_time: datetime | None = None
    expected_time: datetime | None = None
    visit: StopVisit | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BusDetails:
    """A bus, the name of its line, and its newest position, null if none is stored."""

    bus_id: str
    line_id: str
    capacity: int
    line_name: str
    position: BusPosition | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectionBody:
    """A direction's main route: 0 outbound, 1 inbound; its stops in order."""

    direction: int
    stops: list[PatternStopBody]


@dataclass(frozen=True, kw_only=True, slots=True)
class LineRoute:
    """A line with the stops of its directions and its buses."""

    line_id: str
    name: str
    night: bool
    directions: list[DirectionBody]
    bus_ids: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class PatternFeatureBody:
    """A route pattern with its shape."""

    type: Literal["Feature"]
    geometry: LineStringBody
    properties: PatternPropertiesBody


@dataclass(frozen=True, kw_only=True, slots=True)
class SensorsPage:
    """A page of a range; `next_cursor` asks for the next, null at the end."""

    items: list[BusSensors | StopSensors]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StopDetails:
    """A stop with the lines that serve it."""

    stop_id: str
    name: str
    latitude: float
    longitude: float
    line_ids: str
    lines: list[StopLineBody]
    gtfs_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class StopFeatureBody:
    """A stop with its place."""

    type: Literal["Feature"]
    geometry: PointBody
    properties: StopPropertiesBody


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamBody:
    """The number of rows of a stream in the store, and the intervals in which it is complete."""

    rows: int
    coverage: list[StretchBody]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trip:
    """A trip with its stops. `status` is `waiting` before its departure, `running`, or `ended`.

    `gtfs_trip_id` and `start_date` (`YYYYMMDD`) are its ids in the GTFS feeds, null before it has left its
    first stop and for one that isn't planned there.
    """

    trip_id: str
    gtfs_trip_id: str | None
    start_date: str | None
    line_id: str
    direction: Literal[0, 1]
    service_date: str
    bus_id: str
    status: Literal["waiting", "running", "ended"]
    stops: list[TripStopBody]


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """`healthy`; `degraded` if a feeder lags or has stopped; `unavailable` if the store can't be reached."""

    status: Literal["healthy", "degraded", "unavailable"]
    version: str
    clock: Clock
    run: RunBody
    feeders: list[FeederBody]
    streams: dict[str, StreamBody]


@dataclass(frozen=True, kw_only=True, slots=True)
class LineShapeBody:
    """A GeoJSON FeatureCollection of a line's route patterns."""

    type: Literal["FeatureCollection"]
    features: list[PatternFeatureBody]


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkShapeBody:
    """A GeoJSON FeatureCollection of route patterns and stops."""

    type: Literal["FeatureCollection"]
    features: list[PatternFeatureBody | StopFeatureBody]
