"""The results of the tools, as pydantic models that give the JSON Schemas; `tool_bodies` builds them."""

from __future__ import annotations

from typing import Generic, Literal, TypeAlias, TypeVar

from services.queries.bodies import (
    BusPositionBody,
    BusSensorsBody,
    ExactModel,
    PeopleCountBody,
    StopSensorsBody,
)
from services.queries.network_bodies import LineItem, StopItem

Item = TypeVar("Item")


class NearStopItem(StopItem):
    """A stop and its straight-line distance in metres."""

    distance: float


class TowardsItem(ExactModel):
    """A direction of a line (0 outbound, 1 inbound) and its last stop."""

    direction: Literal[0, 1]
    towards: str
    towards_stop_id: str


class LineSummary(LineItem):
    """A line and the last stop of each direction."""

    directions: list[TowardsItem]


class BusStatusItem(ExactModel):
    """A bus on a trip; `load` is passengers aboard / capacity (seats and standing room).

    `headway_s` is the time between the bus ahead and this one at the stop that it left last, null if unknown.
    """

    bus_id: str
    time: str
    passenger_count: int
    capacity: int
    load: float
    next_stop_id: str
    next_stop_name: str
    distance_to_next_stop: float
    speed: float
    headway_s: float | None


class ArrivalItem(ExactModel):
    """A bus on its way to the given stop; with 0 stops away it is the bus's next stop.

    `expected_time` is estimated from the travel time of the bus ahead (`last bus`) or from a mean speed; null
    for a bus that hasn't left its terminal.
    """

    bus_id: str
    stops_away: int
    distance: float
    expected_time: str | None
    expected_by: Literal["last bus", "mean speed"] | None
    passenger_count: int
    capacity: int
    load: float


class RideItem(ExactModel):
    """A bus to board at one stop and leave at another; `load` is passengers aboard / capacity.

    `board_time` and `arrival_time` are expected. `certainty` is the probability that the bus comes to the
    first stop within a minute of `board_time`.
    """

    line_id: str
    name: str
    direction: Literal[0, 1]
    towards: str
    bus_id: str
    trip_id: str
    from_stop_id: str
    to_stop_id: str
    board_time: str
    wait_s: int
    arrival_time: str
    ride_s: int
    stops: int
    passenger_count: int
    capacity: int | None
    load: float | None
    certainty: float


class DirectionStatusItem(ExactModel):
    """One direction of a line now: its buses on trips, the one farthest along first; headways in seconds.

    `load` is the buses' mean; `headway_cv` the headways' coefficient of variation (0: even); both are null
    where too few buses are out. `bunched_bus_ids` follow the bus ahead within a quarter of the mean headway.
    `people_at_stops` counts everyone at its stops, for any line; `left_behind` those whom full buses left
    behind in the last 90 minutes. `arrivals` are the next buses at the given stop: null without one, empty if
    no bus is on its way there.
    """

    line_id: str
    name: str
    direction: Literal[0, 1]
    towards: str
    towards_stop_id: str
    buses_out: int
    passengers: int
    load: float | None
    mean_headway_s: float | None
    headway_cv: float | None
    bunched_bus_ids: list[str]
    people_at_stops: int
    left_behind: int
    buses: list[BusStatusItem]
    arrivals: list[ArrivalItem] | None


class ComparedMeasureItem(ExactModel):
    """A measure of the day as it is and with the scenario; null where nothing was measured."""

    measure: str
    unit: str
    undisturbed: float | None
    with_scenario: float | None
    difference: float | None
    percent: float | None


class LineComparisonItem(ExactModel):
    """A scenario's effect on a line over the service day `date`; `line_id` null: on all changed lines."""

    scenario: str
    date: str
    line_id: str | None
    name: str
    measures: list[ComparedMeasureItem]


class ToolResult(ExactModel, Generic[Item]):
    """The result of every tool: `count` entries of `data` at the simulated time `timestamp`.

    `next_cursor` is present if there is another page, `hint` if the agent should know something more.
    """

    success: Literal[True]
    count: int
    data: list[Item]
    timestamp: str
    next_cursor: str = ""
    hint: str = ""


class FailureBody(ExactModel):
    """The body of an error over plain HTTP."""

    success: Literal[False]
    error: str
    status_code: int
    timestamp: str


SensorsItem: TypeAlias = BusSensorsBody | StopSensorsBody
AnyRecordItem: TypeAlias = PeopleCountBody | BusSensorsBody | StopSensorsBody | BusPositionBody
