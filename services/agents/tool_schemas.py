"""The shapes of the tools: what each takes, what it answers. Models for the JSON Schemas and the checking."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.queries.bodies import BusPositionBody, BusSensorsBody, PeopleCountBody, StopSensorsBody
from services.queries.network_bodies import LineItem, StopItem
from services.queries.parameters import GREATEST_LIMIT

LONGEST_TEXT = 1000
MOST_STOPS, DEFAULT_STOPS = 100, 10
DEFAULT_RECORDS = 100
DATA_TYPES = ("people_count", "sensors", "bus_position")

Item = TypeVar("Item")

Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
StopId = Annotated[Text, Field(description="A stop's id; find_stops finds it by name.", examples=["S001"])]
BusId = Annotated[Text, Field(description="A bus's id, as query_line_buses has it.", examples=["B001"])]
LineId = Annotated[Text, Field(description="A line's id, as list_lines has it.", examples=["L1"])]
EntityId = Annotated[Text, Field(description="A stop's or a bus's id.", examples=["S001", "B001"])]
EntityType = Annotated[
    Literal["bus", "stop"], Field(description="Whose sensors; follows from the id if it isn't given.")
]
Mode = Annotated[
    Literal["latest", "historical"],
    Field(description="latest: the newest, whatever timestamp says; historical: that of timestamp."),
]
Timestamp = Annotated[
    Text,
    Field(
        description="ISO 8601, UTC if it doesn't say: asks for the newest at or before it.",
        examples=["2026-03-02T08:30:00+01:00"],
    ),
]
Cursor = Annotated[Text, Field(description="The next_cursor of the page before, for the same arguments.")]
Limit = Annotated[
    int, Field(ge=1, le=GREATEST_LIMIT, description="How many records a page has at most.", examples=[100])
]
FewLimit = Annotated[
    int, Field(ge=1, le=MOST_STOPS, description="How many a page has at most.", examples=[DEFAULT_STOPS])
]


class Arguments(BaseModel):
    """What a tool takes: of exactly these types, and nothing else."""

    model_config = ConfigDict(extra="forbid", strict=True)


class PeopleCountArguments(Arguments):
    """Of `query_people_count`."""

    stop_id: StopId
    mode: Mode | None = None
    timestamp: Timestamp | None = None


class SensorArguments(Arguments):
    """Of `query_sensor_data`."""

    entity_id: EntityId
    entity_type: EntityType | None = None
    mode: Mode | None = None
    timestamp: Timestamp | None = None


class BusPositionArguments(Arguments):
    """Of `query_bus_position`."""

    bus_id: BusId
    mode: Mode | None = None
    timestamp: Timestamp | None = None


class LineBusesArguments(Arguments):
    """Of `query_line_buses`."""

    line_id: LineId
    mode: Annotated[Literal["latest"], Field(description="latest: there is nothing else.")] | None = None


class TimeRangeArguments(Arguments):
    """Of `query_time_range`. `entity_type` stands in for a missing `data_type`, as older clients send it."""

    data_type: Annotated[
        Literal["people_count", "sensors", "bus_position"], Field(description="Which records.")
    ]
    entity_id: EntityId
    start_time: Annotated[
        Text, Field(description="From here on, ISO 8601.", examples=["2026-03-02T07:00:00Z"])
    ]
    end_time: Annotated[
        Text, Field(description="Up to here, not included, ISO 8601.", examples=["2026-03-02T07:30:00Z"])
    ]
    entity_type: EntityType | None = None
    limit: Limit = DEFAULT_RECORDS
    cursor: Cursor | None = None

    @model_validator(mode="before")
    @classmethod
    def _entity_type_for_data_type(cls, given: Any) -> Any:
        if isinstance(given, dict) and "data_type" not in given and given.get("entity_type") in DATA_TYPES:
            return {("data_type" if name == "entity_type" else name): each for name, each in given.items()}
        return given


class FindStopsArguments(Arguments):
    """Of `find_stops`."""

    name: Annotated[
        Text,
        Field(
            description="A name or a part of it; case, accents and small typing errors don't matter.",
            examples=["Embajadores"],
        ),
    ]
    limit: FewLimit = DEFAULT_STOPS
    cursor: Cursor | None = None


class NearestStopsArguments(Arguments):
    """Of `nearest_stops`."""

    latitude: Annotated[float, Field(ge=-90, le=90, description="WGS84 degrees.", examples=[40.4168])]
    longitude: Annotated[float, Field(ge=-180, le=180, description="WGS84 degrees.", examples=[-3.7038])]
    limit: FewLimit = DEFAULT_STOPS
    cursor: Cursor | None = None


class ListLinesArguments(Arguments):
    """Of `list_lines`."""

    limit: FewLimit = MOST_STOPS
    cursor: Cursor | None = None


class LineStatusArguments(Arguments):
    """Of `line_status`."""

    line_id: LineId
    stop_id: (
        Annotated[
            Text,
            Field(
                description="A stop of the line: the answer says what comes there next.", examples=["S009"]
            ),
        ]
        | None
    ) = None


class _Exact(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NearStopItem(StopItem):
    """A stop, and how far it is: metres as the crow flies."""

    distance: float


class TowardsItem(_Exact):
    """A direction of a line (0 outbound, 1 inbound) and where it goes."""

    direction: Literal[0, 1]
    towards: str
    towards_stop_id: str


class LineSummary(LineItem):
    """A line, and where its directions go."""

    directions: list[TowardsItem]


class BusStatusItem(_Exact):
    """A bus on a trip: people aboard, seats and standing room, `load` as the part of it that is taken.

    `headway_s` is how many seconds after the bus before it left its last stop, null if that isn't known.
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


class ArrivalItem(_Exact):
    """A bus on its way to the stop that is asked about; 0 stops away: it is the next stop of the bus.

    `expected_time` follows from what the bus before it took (`last bus`), or from a mean speed; null for a
    bus that hasn't left its terminal.
    """

    bus_id: str
    stops_away: int
    distance: float
    expected_time: str | None
    expected_by: Literal["last bus", "mean speed"] | None
    passenger_count: int
    capacity: int
    load: float


class DirectionStatusItem(_Exact):
    """A direction of a line now: its buses on trips, the first ahead; headways in seconds.

    `load` is the mean, `headway_cv` how uneven the headways are (0: even); null where too few buses are out.
    `bunched_bus_ids` follow within a quarter of the mean headway. `people_at_stops` are those at its stops,
    whatever line they wait for; `left_behind` those whom full buses left in the last 90 minutes. `arrivals`
    come next to the stop that is asked about; null if none is, empty if nothing is on its way there.
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


class ToolResult(_Exact, Generic[Item]):
    """What every tool answers: `count` entries of `data`, and simulated now.

    `next_cursor` is there if there is more, `hint` if there is something to say.
    """

    success: Literal[True]
    count: int
    data: list[Item]
    timestamp: str
    next_cursor: str = ""
    hint: str = ""


class FailureBody(_Exact):
    """What a tool's refusal looks like over plain HTTP."""

    success: Literal[False]
    error: str
    status_code: int
    timestamp: str


SensorsItem: TypeAlias = BusSensorsBody | StopSensorsBody
AnyRecordItem: TypeAlias = PeopleCountBody | BusSensorsBody | StopSensorsBody | BusPositionBody


def plain(schema: Any) -> Any:
    """A JSON Schema without pydantic's titles and without null where a value may just be left out."""
    if isinstance(schema, list):
        return [plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: plain(each) for name, each in schema.items() if not _is_title(name, each)}
    if "default" in found and found["default"] in (None, ""):
        del found["default"]
        choices = [each for each in found.get("anyOf", ()) if each != {"type": "null"}]
        if len(choices) == 1:
            del found["anyOf"]
            found = choices[0] | found
    return found


def _is_title(name: str, value: object) -> bool:
    return name == "title" and isinstance(value, str)


@cache
def input_schema(arguments: type[Arguments]) -> dict[str, Any]:
    """The JSON Schema of a tool's arguments."""
    schema: dict[str, Any] = plain(arguments.model_json_schema())
    del schema["description"]
    return schema


@cache
def output_schema(item: Any) -> dict[str, Any]:
    """The JSON Schema of a tool's answer, whose `data` are such items."""
    answer: type[BaseModel] = ToolResult[item]
    schema: dict[str, Any] = plain(answer.model_json_schema())
    return schema
